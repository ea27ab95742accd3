"""A program as text: NumPy that a person can read, and that runs without this package."""

from __future__ import annotations

import re
from collections.abc import Callable
from keyword import iskeyword
from typing import Any

from .distribute import Block, distributed
from .values import Program, Slot, Value, slots

__all__ = ["numpy_text"]

HELPERS = {
    "sigmoid": "def sigmoid(x):\n    return 0.5 * np.tanh(0.5 * x) + 0.5\n",
    "rows": "def rows(x):  # all steps, one under the other\n    return x.reshape(-1, x.shape[-1])\n",
    "times": "def times(x, W):  # one product for all steps\n    return (x.reshape(-1, x.shape[-1]) @ W).reshape(*x.shape[:-1], W.shape[-1])\n",
    "placed": "def placed(g, key, shape):\n    whole = np.zeros(shape, g.dtype)\n    np.add.at(whole, key, g)\n    return whole\n",
    "largest": "def largest(x, axes):  # 1 at the largest entries, shared among ties\n    hit = x == x.max(axis=axes, keepdims=True)\n"
    "    return hit / hit.sum(axis=axes, keepdims=True, dtype=x.dtype)\n",
    "summed_to": "def summed_to(g, shape):\n    g = g.sum(axis=tuple(range(g.ndim - len(shape))))\n"
    "    return g.sum(axis=tuple(k for k, n in enumerate(shape) if n == 1 and g.shape[k] != 1), keepdims=True)\n",
}
SIGNS = {"add": "+", "sub": "-", "mul": "*", "div": "/", "matmul": "@", "greater": ">", "greater_equal": ">=", "less": "<", "equal": "==",
         "not_equal": "!=", "logical_and": "&", "logical_or": "|", "F.matmul": "@"}  # fmt: skip
CALLS = {"exp": "np.exp", "log": "np.log", "tanh": "np.tanh", "sin": "np.sin", "cos": "np.cos", "abs": "np.abs", "maximum": "np.maximum",
         "F.log": "np.log", "F.sin": "np.sin", "F.cos": "np.cos", "F.sign": "np.sign", "logical_not": "~", "neg": "-", "sigmoid": "sigmoid"}  # fmt: skip
BROADCASTS = frozenset(SIGNS) - {"matmul", "F.matmul"} | {"maximum", "where", "broadcast_to", "F.spread", "F.where", "F.larger"}


class Printer:
    def __init__(self, program: Program) -> None:
        self.program, self.blocks = program, distributed(program)
        self.names: dict[Value, str] = {}
        self.slabs: dict[Value, str] = {}
        self.taken: set[str] = {"np", "step", "t", "T", *HELPERS}
        self.helpers: set[str] = set()
        self.lines: list[str] = []
        self.loop: set[Value] = set()  # values of the loop that is being printed
        self.of_loop = {v: block for block in self.blocks if block.lane for v in block.values}
        self.users = program.used_by()

    # ---- names ------------------------------------------------------------------------------------------------------------------

    def name(self, v: Value) -> str:
        if v not in self.names:
            base = re.sub(r"\W+", "_", v.name).strip("_") or ("w" if v.lane is None else "v")
            if base[0].isdigit():
                base = "v" + base
            name, k = base, 1
            while name in self.taken or iskeyword(name):
                k += 1
                name = f"{base}_{k}"
            self.taken.add(name)
            self.names[v] = name
        return self.names[v]

    def kept(self, v: Value) -> bool:
        """Whether all steps of a value of a loop are kept in a slab: something outside the loop reads them."""
        block = self.of_loop[v]
        inside = set(block.values)
        return any(u not in inside or (u.op in ("before", "after") and any(w not in inside for w in self.users[u])) for u in self.users[v])

    # ---- expressions --------------------------------------------------------------------------------------------------------------

    def expression(self, v: Value, read: Callable[[Value], str], lifted: bool) -> str:
        given = [self.aligned(i, v, read(i), lifted) for i in v.inputs]
        plain = [g for k, g in enumerate(given) if k not in slots(v.args)]
        axis = 1 if lifted else 0  # the axis of time is before all others
        op = v.op
        if op == "number":
            return repr(v.args)
        if op == "zeros":
            return f"np.zeros({v.args[0]}, np.{v.args[1]})"
        if op in ("matmul", "F.matmul") and lifted and v.inputs[0].lane and not v.inputs[1].lane and v.inputs[1].ndim == 2:
            self.helpers.add("times")
            return f"times({plain[0] if op == 'matmul' else given[0]}, {given[1]})"
        if op in SIGNS:
            return f"{given[0]} {SIGNS[op]} {given[1]}"
        if op in CALLS:
            call = CALLS[op]
            if call in ("-", "~"):
                return f"{call}{given[0]}"
            self.helpers.add(call)
            return f"{call}({', '.join(given)})"
        if op == "F.tanh_slope":
            return f"{given[0]} * (1 - {given[1]} * {given[1]})"
        if op == "F.sigmoid_slope":
            return f"{given[0]} * ({given[1]} * (1 - {given[1]}))"
        if op == "F.larger":
            return f"({given[0]} > {given[1]}) + 0.5 * ({given[0]} == {given[1]})"
        if op == "F.is_max":
            self.helpers.add("largest")
            axes = v.args[1]
            axes = tuple(range(v.ndim)) if axes is None else axes
            return f"largest({given[0]}, {tuple(a % v.ndim + axis for a in axes)})"
        if op == "relu":
            return f"np.maximum({given[0]}, 0)"
        if op in ("pow", "F.power"):
            exponent = v.args if op == "pow" else v.args[1]
            return given[0] if exponent == 1 else f"{given[0]} ** {exponent!r}"
        if op == "F.where":
            condition = self.setting(v.args[0], given)
            return f"np.where({condition}, {self.setting(v.args[1], given)}, 0)"
        if op == "where":
            return f"np.where({self.setting(v.args, given)}, {plain[0]}, {plain[1]})"
        if op in ("sum", "max"):
            axes, keep = v.args
            if axes is None and lifted:
                axes = tuple(range(v.inputs[0].ndim))
            axes = None if axes is None else tuple(a % v.inputs[0].ndim + axis for a in axes)
            return f"{given[0]}.{op}(axis={axes}, keepdims={keep})"
        if op in ("reshape", "F.reshape"):
            shape = v.shape
            return f"{given[0]}.reshape({(self.steps(v), *shape) if lifted else shape})"
        if op in ("transpose", "F.transpose"):
            axes = v.args if op == "transpose" else v.args[1]
            return f"{given[0]}.transpose({(0, *(a + 1 for a in axes)) if lifted else axes})"
        if op in ("broadcast_to", "F.spread"):
            return f"np.broadcast_to({given[0]}, {(self.steps(v), *v.shape) if lifted else v.shape})"
        if op == "F.swap":
            return f"{given[0]}.swapaxes(-1, -2)" if v.ndim > 2 or lifted and v.inputs[0].lane else f"{given[0]}.T"
        if op == "F.product":
            if v.inputs[0].ndim == 2 and not lifted:
                return f"{given[0]}.T @ {given[1]}"
            self.helpers.add("rows")
            if v.args[2] == 2 and not lifted:
                return f"rows({given[0]}).T @ rows({given[1]})"
            return f"{given[0]}.swapaxes(-1, -2) @ {given[1]}"
        if op == "F.unbroadcast":
            self.helpers.add("summed_to")
            shape = v.shape
            if lifted:
                wide = v.inputs[0].shape
                inner = len(wide) - len(shape)
                text = f"{given[0]}.sum(axis={tuple(range(1, 1 + inner))})" if inner else given[0]
                ones = tuple(k + 1 for k, n in enumerate(shape) if n == 1 and wide[inner + k] != 1)
                return f"{text}.sum(axis={ones}, keepdims=True)" if ones else text
            return f"summed_to({given[0]}, {shape})"
        if op == "getitem":
            if lifted and v.inputs[0].lane is None:
                raise NotImplementedError("another part of a whole at each step")
            return f"{plain[0]}[{self.key(v.args, v, given, lifted)}]"
        if op in ("F.place", "place"):
            self.helpers.add("placed")
            key, shape = v.args[1:] if op == "F.place" else v.args
            return f"placed({given[0]}, {self.key_value(key, v, given, lifted)}, {(self.steps(v), *v.shape) if lifted else v.shape})"
        if op == "take":
            if lifted and v.inputs[0].lane:
                raise NotImplementedError("another table at each step")
            return f"{plain[0]}[{self.setting(v.args, given)}]"
        if op == "concat":
            return f"np.concatenate([{', '.join(given)}], axis={v.args[0] + axis})"
        if op == "stack":
            return f"np.stack([{', '.join(given)}], axis={v.args + axis})"
        raise NotImplementedError(op)

    def steps(self, v: Value) -> int:
        assert v.lane is not None
        return v.lane.steps

    def aligned(self, i: Value, v: Value, text: str, lifted: bool) -> str:
        """A timed value with fewer axes than the result: its axis of time stays the first."""
        if lifted and i.lane is not None and v.op in BROADCASTS and i.ndim < v.ndim:
            return f"{text}[:, {', '.join(['None'] * (v.ndim - i.ndim))}]"
        return text

    def setting(self, part: Any, given: list[str]) -> str:
        return given[part] if type(part) is Slot else repr(part)

    def key(self, key: Any, v: Value, given: list[str], lifted: bool) -> str:
        parts = key if isinstance(key, tuple) else (key,)
        texts = [_index(part, given) for part in parts]
        if not lifted:
            return ", ".join(texts) or "()"
        arrays = [v.inputs[part] for part in parts if type(part) is Slot]
        places = [k for k, part in enumerate(parts) if type(part) in (Slot, int)]
        if arrays and places != list(range(places[0], places[0] + len(places))):
            raise NotImplementedError("index arrays apart from each other")
        if not any(i.lane for i in arrays):
            return ", ".join([":", *texts])
        if places[0] or any(i.lane is None or i.dtype.kind == "b" for i in arrays):
            raise NotImplementedError("index arrays behind a slice")
        ndim = max(i.ndim for i in arrays)
        own = ", ".join([":", *["None"] * ndim])
        return ", ".join([f"np.arange({self.steps(v)})[{own}]", *texts])

    def key_value(self, key: Any, v: Value, given: list[str], lifted: bool) -> str:
        return f"np.s_[{self.key(key, v, given, lifted)}]"

    # ---- lines ----------------------------------------------------------------------------------------------------------------------

    def print(self) -> str:
        header = f"def step({', '.join(map(self.name, self.program.given))}):"
        for block in self.blocks:
            if block.lane is None:
                self.at_once(block.values[0])
            else:
                self.in_loop(block)
        results = ", ".join(map(self.whole, (self.program.loss, *self.program.gradients.values())))
        helpers = [HELPERS[name] for name in HELPERS if name in self.helpers]
        body = "\n".join(f"    {line}" for line in [*self.lines, f"return {results}"])
        return "import numpy as np\n\n\n" + "".join(text + "\n\n" for text in helpers) + f"{header}\n{body}\n"

    def whole(self, v: Value) -> str:
        """How all of a value is read: a slab, if it is timed."""
        if v.lane is None:
            return repr(v.args) if v.op == "number" else self.name(v)
        if v in self.of_loop:
            if v.op in ("before", "after"):
                return f"{self.slab(v.inputs[0])}[:-1]" if v.op == "before" else f"{self.slab(v.inputs[0])}[1:]"
            ahead, behind = self.pads(v)
            return f"{self.slab(v)}[1:]" if ahead else f"{self.slab(v)}[:-1]" if behind else self.slab(v)
        return self.name(v)

    def slab(self, v: Value) -> str:
        """The name of all steps: the plural, as `hs` of `h`."""
        if v not in self.slabs:
            name = self.name(v) + "s"
            while name in self.taken or iskeyword(name):
                name += "_"
            self.taken.add(name)
            self.slabs[v] = name
        return self.slabs[v]

    def pads(self, v: Value) -> tuple[bool, bool]:
        """Whether the slab has a row more in front, or at the end: what `before` or `after` takes from outside."""
        inside = set(self.of_loop[v].values)
        return tuple(any(u.op == op and u in inside for u in self.users[v]) for op in ("before", "after"))  # type: ignore[return-value]

    def at_once(self, v: Value) -> None:
        if v.op in ("param", "given", "number"):
            return
        if v.op == "row":
            self.names[v] = self.whole(v.inputs[0])
        elif v.op == "slab":
            self.names[v] = self.whole(v.inputs[0])
        elif v.op == "at":
            self.lines.append(f"{self.name(v)} = {self.whole(v.inputs[0])}[{v.args}]")
        elif v.op == "part":
            a, b = v.args
            self.names[v] = f"{self.whole(v.inputs[0])}[{a or ''}:{-b or ''}]"
        elif v.op == "total":
            self.lines.append(f"{self.name(v)} = {self.total(v.inputs[0])}")
        elif v.op in ("only", "padded"):
            self.lines.append(f"{self.name(v)} = np.zeros({(self.steps(v), *v.shape)}, np.{v.dtype})")
            key = str(v.args) if v.op == "only" else f"{v.args[0] or ''}:{-v.args[1] or ''}"
            self.lines.append(f"{self.name(v)}[{key}] = {self.whole(v.inputs[0])}")
        elif v.op in ("before", "after"):
            u, outside = map(self.whole, v.inputs)
            parts = f"[{outside}[None], {u}[:-1]]" if v.op == "before" else f"[{u}[1:], {outside}[None]]"
            self.lines.append(f"{self.name(v)} = np.concatenate({parts})")
        elif v.lane is not None and self.users[v] and all(u.op == "total" for u in self.users[v]) and self.summed(v):
            return  # the sum over the steps is inside what reads it
        else:
            self.in_one_operation(v)

    def in_one_operation(self, v: Value) -> None:
        try:
            self.lines.append(f"{self.name(v)} = {self.expression(v, self.whole, v.lane is not None)}")
        except NotImplementedError:  # NumPy has none for all steps
            if v.lane is None:
                raise

            def read(i: Value) -> str:
                return f"{self.whole(i)}[t]" if i.lane is not None else self.whole(i)

            self.lines.append(f"{self.name(v)} = np.empty({(self.steps(v), *v.shape)}, np.{v.dtype})")
            self.lines.append(f"for t in range({self.steps(v)}):")
            self.lines.append(f"    {self.name(v)}[t] = {self.expression(v, read, False)}")

    def summed(self, v: Value) -> bool:
        """Whether the sum over the steps is one operation with what is summed."""
        return v.op == "F.unbroadcast" or (v.op == "F.product" and v.args[2] == 2)

    def total(self, v: Value) -> str:
        if v.op == "F.product" and self.summed(v):
            self.helpers.add("rows")
            return f"rows({self.whole(v.inputs[0])}).T @ rows({self.whole(v.inputs[1])})"
        if v.op == "F.unbroadcast":
            self.helpers.add("summed_to")
            return f"summed_to({self.whole(v.inputs[0])}, {v.shape})"
        return f"{self.whole(v)}.sum(axis=0)"

    def in_loop(self, block: Block) -> None:
        assert block.lane is not None
        inside = set(block.values)
        carried = [v for v in block.values if v.op in ("before", "after")]
        T = block.lane.steps
        for v in block.values:
            if v not in carried and self.kept(v):
                ahead, behind = self.pads(v)
                self.lines.append(f"{self.slab(v)} = np.empty({(T + ahead + behind, *v.shape)}, np.{v.dtype})")
        local: dict[Value, str] = {}
        for c in carried:
            u, outside = c.inputs
            if self.kept(u):
                self.lines.append(f"{self.slab(u)}[{0 if c.op == 'before' else -1}] = {self.whole(outside)}")
            local[c] = self.name(c)
            self.lines.append(f"{local[c]} = {self.whole(outside)}")

        def read(i: Value) -> str:
            if i in inside:
                return self.name(i)
            return f"{self.whole(i)}[t]" if i.lane is not None else self.whole(i)

        self.lines.append(f"for t in range({T}):" if block.direction == 1 else f"for t in reversed(range({T})):")
        for v in block.values:
            if v in carried:
                continue
            self.lines.append(f"    {self.name(v)} = {self.expression(v, read, False)}")
            if self.kept(v):
                self.lines.append(f"    {self.slab(v)}[{'t + 1' if self.pads(v)[0] else 't'}] = {self.name(v)}")
        for c in carried:
            self.lines.append(f"    {local[c]} = {self.name(c.inputs[0])}")


def _index(part: Any, given: list[str]) -> str:
    if type(part) is Slot:
        return given[part]
    if isinstance(part, slice):
        ends = ["" if end is None else str(end) for end in (part.start, part.stop, part.step)]
        return ":".join(ends if ends[2] else ends[:2])
    return "..." if part is ... else repr(part)


def numpy_text(program: Program) -> str:
    """The program as a module with one function `step`."""
    return Printer(program).print()
