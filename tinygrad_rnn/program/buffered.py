"""The executed form of a program: the same operations, whose results inside loops go into arrays that are made before the loop.

Every line is a function of NumPy with `out=`, so a loop asks for no memory. The numbers are those of the readable form, to the bit: the
same operations in the same order. Buffers belong to one call; what a call returns is never one of them.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from .distribute import Block
from .numpy_operations import Text, dtype_of
from .numpy_text import Printer
from .storage import STATES
from .values import Program, Value

__all__ = ["buffered_text"]

TWO = {"add": "np.add", "sub": "np.subtract", "mul": "np.multiply", "div": "np.divide", "maximum": "np.maximum"}
ONE = {
    "exp": "np.exp",
    "log": "np.log",
    "tanh": "np.tanh",
    "abs": "np.abs",
    "neg": "np.negative",
    "sin": "np.sin",
    "cos": "np.cos",
}
PRODUCTS = ("matmul", "F.matmul")
PLAIN = ("add", "sub", "mul", "F.tanh_slope", "F.sigmoid_slope")  # the same to the bit in a part of an array


def buffered_text(program: Program) -> str:
    """The program as a module with one function `step`, which works in buffers: for machines, not for reading."""
    return _Buffered(program).text()


class _Buffered(Printer):
    def step_lines(self, block: Block, read: Callable[[Value], Text]) -> None:
        """The lines of one step, and before the loop the buffers that they fill."""
        start = len(self.lines) - 1
        self.body: list[str] = []
        self.scratch: dict[object, str] = {}
        self.buffers: list[str] = []
        self.places: dict[Value, str] = {}
        self.rows_read: dict[str, str] = {}
        carried = self.carried(block)

        def row(i: Value) -> Text:
            return self.row_of(i, read(i))

        for v in block.values:
            self.beside(v, block, row)
        for s in carried:  # its first value is copied: a buffer is written, what comes from outside is not
            self.lines.insert(start, self._copied(s))
            start += 1
        for v in block.values:
            if v.op not in STATES and v not in self.places:
                self.write(v, self.target(v, row), row)
            elif v in self.places and v.op != "concat":
                self.into(v, self.places[v], row)
            elif v in self.places:
                self.join(v, row)
        for s in carried:
            self.leave(s, row)
        self.lines[start:start] = self.buffers
        rows = [f"{name} = {text}" for text, name in self.rows_read.items()]
        self.lines += [f"    {line}" for line in (*rows, *self.body)]

    def row_of(self, v: Value, text: Text) -> Text:
        """A row of an array over time, which a step looks up once."""
        if not v.ndim or not re.fullmatch(r"\w+(\[1:\]|\[:-1\])?\[t( \+ 1)?\]", text):
            return text
        if text not in self.rows_read:
            self.rows_read[text] = self.free(re.sub(r"\W+", "_", text).strip("_"))
        return Text(self.rows_read[text])

    def free(self, base: str) -> str:
        """A name that nothing has yet."""
        name = next(name for k in range(len(self.taken) + 1) if (name := f"{base}{k or ''}") not in self.taken)
        self.taken.add(name)
        return name

    def beside(self, v: Value, block: Block, read: Callable[[Value], Text]) -> None:
        """Parts that are joined go straight to where they are joined."""
        if v.op != "concat" or not self.fits(v):
            return
        self.places[v] = out = self.target(v, read)
        keys = ", ".join([":"] * (v.ndim - 1))
        for i, start, stop in zip(v.inputs, v.args[1], v.args[1][1:], strict=False):
            if i in block.values and i.op in PLAIN and self.fits(i) and not self.kept(i) and len(self.users[i]) == 1:
                self.places[i] = f"{out}[{keys}, {start}:{stop}]"

    def join(self, v: Value, read: Callable[[Value], Text]) -> None:
        """The other parts."""
        keys = ", ".join([":"] * (v.ndim - 1))
        for i, start, stop in zip(v.inputs, v.args[1], v.args[1][1:], strict=False):
            part = f"{self.places[v]}[{keys}, {start}:{stop}]"
            if self.places.get(i) != part:
                self.body.append(f"{part} = {read(i)}")

    def _copied(self, s: Value) -> str:
        name = self.name(s)
        return f"{name} = np.array(np.broadcast_to({name}, {self.sizes.shape(s.shape)}))"

    def leave(self, s: Value, read: Callable[[Value], Text]) -> None:
        """A state to the next step: its buffer and that of its new value change places, if no other state needs the latter."""
        u = s.inputs[0]
        alone = sum(i.op in STATES for i in self.users[u]) == 1
        if alone and u in self.places and self.places[u] == self.names.get(u):
            self.body.append(f"{self.name(s)}, {self.name(u)} = {self.name(u)}, {self.name(s)}")
        else:
            self.body.append(f"{self.name(s)} = np.array({read(u)})")

    # ---- where a value goes -----------------------------------------------------------------------------------------------------

    def target(self, v: Value, read: Callable[[Value], Text]) -> str:
        """The array that takes a value: its row of what is kept, or a buffer; "" if it is made anew."""
        if not self.fits(v):
            return ""
        if self.kept(v):
            return read(v)
        self.buffers.append(f"{self.name(v)} = np.empty({self.sizes.shape(v.shape)}{dtype_of(v.dtype)})")
        return self.name(v)

    def fits(self, v: Value) -> bool:
        """Whether a function with `out=` makes a value."""
        if not v.ndim or any(i.dtype not in (None, v.dtype) for i in v.inputs):
            return False
        if v.op in PRODUCTS:
            return all(i.ndim == 2 for i in v.inputs)
        return v.op in (*TWO, *ONE, "relu", "sigmoid", "F.tanh_slope", "F.sigmoid_slope") or (
            v.op == "concat" and v.args[0] == v.ndim - 1
        )

    def write(self, v: Value, target: str, read: Callable[[Value], Text]) -> None:
        if target:
            self.places[v] = target
            self.into(v, target, read)
        elif (
            v.op == "getitem"
            and not self.kept(v)
            and self.only_reader(v)
            and self.only_reader(v) in self.loop_of
            and self.is_view(v)
        ):
            self.inlined[v] = self.operations.once(v, read)
        else:
            filled = "[...]" if self.kept(v) and v.ndim else ""
            self.body.append(f"{read(v)}{filled} = {self.operations.once(v, read)}")

    def is_view(self, v: Value) -> bool:
        """A slice, which takes no memory: of something that stays as it is until it is read."""
        parts = v.args if isinstance(v.args, tuple) else (v.args,)
        reader = self.only_reader(v)
        return all(isinstance(part, slice) for part in parts) and reader is not None and reader.op not in STATES

    def into(self, v: Value, out: str, read: Callable[[Value], Text]) -> None:
        """The lines that fill an array with a value."""
        given = [read(i) for i in v.inputs]
        if v.op in TWO:
            self.call(TWO[v.op], *given, out)
        elif v.op in ONE:
            self.call(ONE[v.op], *given, out)
        elif v.op == "relu":
            self.call("np.maximum", *given, "0", out)
        elif v.op in PRODUCTS:
            self.call("np.matmul", *given, out)
        elif v.op == "sigmoid":
            self.call("np.multiply", "0.5", given[0], out)
            self.call("np.tanh", out, out)
            self.call("np.multiply", "0.5", out, out)
            self.call("np.add", out, "0.5", out)
        elif v.op == "F.tanh_slope":
            self.call("np.multiply", given[1], given[1], out)
            self.call("np.subtract", "1", out, out)
            self.call("np.multiply", given[0], out, out)
        elif v.op == "F.sigmoid_slope":
            rest = self.scratch_of(v)
            self.call("np.multiply", given[0], given[1], out)
            self.call("np.subtract", "1", given[1], rest)
            self.call("np.multiply", out, rest, out)

    def call(self, name: str, *given: str) -> None:
        *inputs, out = given
        self.body.append(f"{name}({', '.join(inputs)}, out={out})")

    def scratch_of(self, v: Value) -> str:
        """An array for what is needed within one operation."""
        key = (v.shape, v.dtype)
        if key not in self.scratch:
            self.scratch[key] = name = self.free("scratch")
            self.buffers.append(f"{name} = np.empty({self.sizes.shape(v.shape)}{dtype_of(v.dtype)})")
        return self.scratch[key]
