"""A program as text: NumPy that a person can read, and that runs without this package.

Each value that all steps keep is an array over time, and `h[t]` is one step of it. A state has one row more, so that what a step
before left stands at `h[t]` and what this one leaves at `h[t + 1]`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from keyword import iskeyword

import numpy as np

from .distribute import Block
from .numpy_operations import HELPERS, Operations, Text, dtype_of
from .sizes import Sizes
from .storage import STATES, Storage
from .values import Program, Value

__all__ = ["Printer", "numpy_text"]


def numpy_text(program: Program) -> str:
    """The program as a module with one function `step`, which returns the loss and the gradient of every parameter."""
    return Printer(program).text()


class Printer(Storage):
    """The text of a program, line by line; other words for its loops are another printer's (`machine`)."""

    def __init__(self, program: Program) -> None:
        super().__init__(program)
        self.sizes = Sizes(program)
        self.operations = Operations(self.sizes)
        self.names: dict[Value, str] = {}
        self.taken = {"np", "step", "t", "T", "range", "reversed", "len", *HELPERS, *self.sizes.read}
        self.inlined: dict[Value, Text] = {}
        self.lines: list[str] = []

    def text(self) -> str:
        given = self.program.given
        for v in sorted(given, key=lambda v: v.op != "param"):
            self.name(v)
        for block in self.blocks:
            if block.lane:
                self.loop(block)
            else:
                self.at_once(block.values[0])
        mixed = len({v.dtype for v in self.program.values if v.dtype is not None and v.dtype.kind == "f"}) > 1
        returned = [
            f"{self.operations.as_array(g, p, self.whole, mixed)},  # d loss / d {_plain(p.name)}"
            for p, g in self.program.gradients.items()
        ]
        shapes = [f"# {self.name(v)} {self.sizes.of_given(v)}" for v in given]
        sizes = self.sizes.lines(self.names)
        body = [
            *shapes,
            *sizes,
            *self.lines,
            f"return {self.whole(self.program.loss)}, (",
            *(f"    {line}" for line in returned),
            ")",
        ]
        helpers = [text for name, text in HELPERS.items() if name in self.operations.used]
        header = f"def step({', '.join(map(self.name, given))}):"
        return (
            "import numpy as np\n\n\n"
            + "".join(f"{text}\n\n" for text in helpers)
            + "\n".join([header, *(f"    {line}".rstrip() for line in body)])
            + "\n"
        )

    # ---- names ------------------------------------------------------------------------------------------------------------------

    def name(self, v: Value) -> str:
        """What a value is called: as its cell calls it, or after what it is made of."""
        if v not in self.names:
            base = self.base(v)
            name, k = base, 1
            while name in self.taken or iskeyword(name):
                k += 1
                name = f"{base}{k}"
            self.taken.add(name)
            self.names[v] = name
        return self.names[v]

    def base(self, v: Value) -> str:
        if v.op == "param":
            names = [p.name for p in self.program.given if p.op == "param"]
            parts = v.name.split(".")
            ends = [".".join(parts[k:]) for k in reversed(range(len(parts)))]
            return _word(next((end for end in ends if self.alone(end, names)), v.name)) or "w"
        if v.name:
            return _word(v.name) or "v"
        made_of = next((i.name for i in v.inputs if i.name), "")
        return _word(f"{v.op.removeprefix('F.')}_{made_of}") if v.op in ("tanh", "exp", "log") and made_of else "v"

    def alone(self, end: str, names: list[str]) -> bool:
        return sum(name == end or name.endswith(f".{end}") for name in names) == 1

    # ---- how a value is read ----------------------------------------------------------------------------------------------------

    def whole(self, v: Value) -> Text:
        """All of a value: an array over time, if it is timed."""
        if v in self.inlined:
            return self.inlined[v]
        block = self.loop_of.get(v)
        if block and v.op in STATES:
            return Text(self.name(v.inputs[0]) + ("[:-1]" if v.op == "before" else "[1:]"))
        if block:
            before, after = self.rows(v)
            return Text(self.name(v) + ("[1:]" if before else "[:-1]" if after else ""))
        return Text(self.name(v))

    def inside(self, v: Value, block: Block) -> Text:
        """One step of a value, in a loop."""
        if v.lane is None:
            return self.whole(v)
        own = self.loop_of.get(v) is block
        if v in self.inlined:
            return self.inlined[v] if own else Text(f"{_in_brackets(self.inlined[v])}[t]")
        if v in self.loop_of and v.op in STATES:
            u = v.inputs[0]
            return Text(f"{self.name(u)}[{'t' if v.op == 'before' else 't + 1'}]" if self.kept(u) else self.name(v))
        if own and not self.kept(v):
            return Text(self.name(v))
        return Text(self.stored(v) if v in self.loop_of else f"{self.whole(v)}[t]")

    def stored(self, v: Value) -> str:
        return f"{self.name(v)}[{'t + 1' if self.rows(v)[0] else 't'}]"

    # ---- lines ------------------------------------------------------------------------------------------------------------------

    def at_once(self, v: Value) -> None:
        """A value that stands in no loop."""
        if v.op == "number":
            self.inlined[v] = self.number(v)
        elif v.op in ("param", "given"):
            return
        elif v.op in ("row", "slab"):
            self.inlined[v] = self.whole(v.inputs[0])
        elif v.op == "zeros" or (v.op == "F.swap" and not v.lane):
            self.inlined[v] = self.operations.once(v, self.whole)
        elif v.op == "at":
            self.define(v, self.one_step(v.inputs[0], v.args))
        elif v.op == "part":
            self.inlined[v] = Text(f"{_in_brackets(self.whole(v.inputs[0]))}[{v.args[0] or ''}:{-v.args[1] or ''}]")
        elif v.op == "total":
            self.define(v, self.operations.total(v.inputs[0], self.whole))
        elif v.op in ("only", "padded"):
            key = v.args if v.op == "only" else f"{v.args[0] or ''}:{-v.args[1] or ''}"
            self.lines += [
                f"{self.name(v)} = np.zeros({self.sizes.shape(v.shape, v.lane)}{dtype_of(v.dtype)})",
                f"{self.name(v)}[{key}] = {self.whole(v.inputs[0])}",
            ]
        elif v.op in ("before", "after"):
            u, outside = map(self.whole, v.inputs)
            parts = f"[{outside}[None], {u}[:-1]]" if v.op == "before" else f"[{u}[1:], {outside}[None]]"
            self.define(v, Text(f"np.concatenate({parts})"))
        elif not (v.lane and self.users[v] and all(u.op == "total" for u in self.users[v]) and self.operations.summed(v)):
            text = self.operations.for_all_steps(v, self.whole) if v.lane else self.operations.once(v, self.whole)
            if text is None:
                self.step_by_step(v)
            else:
                self.define(v, text)

    def one_step(self, v: Value, k: int) -> Text:
        """The step k of a timed value, counted from 0 or from the last."""
        if v not in self.loop_of or v.op in STATES:
            return Text(f"{_in_brackets(self.whole(v))}[{k}]")
        before, after = self.rows(v)
        return Text(f"{self.name(v)}[{k + before if k >= 0 else k - after}]")

    def number(self, v: Value) -> Text:
        """A number: of the sizes, if it is 1 / n of a mean, or what a sum is divided by."""
        divides = self.users[v] and all(u.op == "div" and u.inputs[1] is v and u.inputs[0] is not v for u in self.users[v])
        text = self.sizes.fraction(v) or (self.sizes.whole_number(v) if divides else None)
        return Text(text, 2 if "*" in text or "/" in text else 9) if text else _number(v)

    def define(self, v: Value, text: Text) -> None:
        """A line, or a part of the line that reads it."""
        reader = self.only_reader(v)
        if reader and reader not in self.loop_of and reader.op != "row" and len(text) < LONG:
            self.inlined[v] = text
        else:
            self.lines.append(f"{self.name(v)} = {text}")

    def step_by_step(self, v: Value) -> None:
        """What NumPy cannot do for all steps at once."""

        def read(i: Value) -> Text:
            return Text(f"{_in_brackets(self.whole(i))}[t]") if i.lane else self.whole(i)

        assert v.lane is not None
        shape = self.sizes.shape(v.shape, v.lane)
        self.lines += [f"{self.name(v)} = np.empty({shape}{dtype_of(v.dtype)})", f"for t in range({self.sizes.of(v.lane)}):"]
        self.lines.append(f"    {self.name(v)}[t] = {self.operations.once(v, read)}")

    def loop(self, block: Block) -> None:
        """A loop over the steps, and the arrays that it fills."""
        assert block.lane is not None
        T, forward = self.sizes.of(block.lane), block.direction == 1
        states = self.states(block)
        self.lines.append("")
        self.lines.append(f"# {_plain(block.lane.scope)}, " + ("forwards" if forward else "from the last step to the first"))
        for v in self.filled(block):
            shape = self.sizes.shape(v.shape, block.lane, sum(self.rows(v)))
            self.lines.append(f"{self.name(v)} = np.empty({shape}{dtype_of(v.dtype)})")
        for s in states:
            u, outside = s.inputs
            target = f"{self.name(u)}[{0 if s.op == 'before' else -1}]" if self.kept(u) else self.name(s)
            self.lines.append(f"{target} = {self.whole(outside)}")

        def read(i: Value) -> Text:
            return self.inside(i, block)

        self.lines.append(f"for t in range({T}):" if forward else f"for t in reversed(range({T})):")
        self.step_lines(block, read)
        self.lines.append("")

    def step_lines(self, block: Block, read: Callable[[Value], Text]) -> None:
        """The lines of one step."""
        early: set[Value] = {*self.states(block)}  # values whose text reads such a state
        for v in block.values:
            if v.op in STATES:
                continue
            text, reader = self.operations.once(v, read), self.only_reader(v)
            if reader and not self.kept(v) and (reader.op not in STATES or not early.intersection(v.inputs)) and len(text) < LONG:
                self.inlined[v] = text
                early.update([v] if early.intersection(v.inputs) else [])
            else:
                self.lines.append(f"    {read(v)} = {text}")
        # after all that read the state of this step
        last = [f"    {self.name(s)} = {read(s.inputs[0])}" for s in self.carried(block)]
        self.lines += last


LONG = 60  # characters of a text that still stands inside another one


def _plain(name: str) -> str:
    """A name in a comment: on its line."""
    return re.sub(r"[^\w .,/=#()-]", "?", name)


def _word(name: str) -> str:
    word = re.sub(r"\W+", "_", name).strip("_")
    return f"v{word}" if word[:1].isdigit() else word


def _in_brackets(text: Text) -> str:
    return text if text.binds == Text("").binds else f"({text})"


def _number(v: Value) -> Text:
    text = f"{v.args:g}" if float(f"{v.args:g}") == v.args else repr(v.args)
    return Text(text if np.isfinite(v.args) else f"np.{text}", 9 if v.args >= 0 else 3)
