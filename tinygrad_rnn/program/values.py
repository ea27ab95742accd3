"""The intermediate form: a program over time, whose values print themselves.

A value is either whole (one array) or timed (one array at each step t = 1..T of its lane). Operations stand within one step; what
reaches over time is an operation of its own:

    before(v, outside)   v of the step before; `outside` at the first step
    after(v, outside)    v of the step after; `outside` at the last step
    row(w)               the row t of a whole
    slab(v)              all steps of v, as a whole with a leading axis of time
    at(v) k              v of one step, as a whole: k counts from 0, or from the last with -1
    only(w) k            w at that step, 0 at the others
    part(v) a, b         v of a longer run, without its first a and its last b steps
    padded(v) a, b       0 at a steps more in front and b behind
    total(v)             the sum of v over all steps, as a whole

So a program is the same text for every length, and what can run for all steps at once is what no cycle through `before` and `after`
holds back (`distribute`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

__all__ = ["Lane", "Program", "Slot", "Value", "filled", "needed", "slots"]


class Slot(int):
    """Stands in a setting for the input of that place: an index, a condition."""

    def __repr__(self) -> str:
        return f"${int(self)}"


def filled(args: Any, inputs: Sequence[Any]) -> Any:
    """The settings with the inputs in the place of their slots."""
    if type(args) is Slot:
        return inputs[args]
    if isinstance(args, tuple):
        return tuple(filled(part, inputs) for part in args) if slots(args) else args
    return args


def slots(args: Any) -> set[int]:
    """Which inputs stand in the settings."""
    if type(args) is Slot:
        return {int(args)}
    return set().union(*map(slots, args)) if isinstance(args, tuple) else set()


class Lane(NamedTuple):
    """The steps on which a timed value exists: from `first` to `last`, of the scope that recorded them."""

    scope: str
    first: int
    last: int

    @property
    def steps(self) -> int:
        return self.last - self.first + 1


@dataclass(eq=False)
class Value:
    """One value: the operation that makes it, of which other values, in which shape (of one step, if it is timed)."""

    op: str
    inputs: tuple[Value, ...]
    args: Any
    shape: tuple[int, ...]
    lane: Lane | None = None
    name: str = ""
    dtype: Any = None
    array: Any = field(default=None, repr=False)  # of what is given: a parameter, data, a number

    @property
    def ndim(self) -> int:
        return len(self.shape)

    def __repr__(self) -> str:
        return self.name or self.op


@dataclass
class Program:
    """Values, each after all it is made of (states apart), the loss among them, and the gradient of each parameter if there is one."""

    values: list[Value]
    loss: Value
    gradients: dict[Value, Value] = field(default_factory=dict)

    def __str__(self) -> str:
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        label = {v: f"%{k}" for k, v in enumerate(self.values)}
        for v in self.values:
            time = "" if v.lane is None else f"[{v.lane.first}..{v.lane.last}]"
            given = ", ".join(label[i] for i in v.inputs)
            settings = "" if v.args is None else f" {v.args}"
            yield f"{label[v]}{time} = {v.op}({given}){settings}  {v.shape} {v.name}".rstrip()
        yield f"loss {label[self.loss]}"
        for param, gradient in self.gradients.items():
            yield f"d loss / d {param.name} {label[gradient]}"

    @property
    def given(self) -> list[Value]:
        """What the program is given: parameters and data, in the order of its arguments."""
        return [v for v in self.values if v.op in ("param", "given")]

    def used_by(self) -> dict[Value, list[Value]]:
        """{value: the values that are made of it}."""
        users: dict[Value, list[Value]] = {v: [] for v in self.values}
        for v in self.values:
            for i in v.inputs:
                users[i].append(v)
        return users


def needed(results: Sequence[Value], values: Sequence[Value]) -> list[Value]:
    """Those of the values that the results are made of, in their order."""
    met: set[Value] = set()
    todo = list(results)
    while todo:
        v = todo.pop()
        if v not in met:
            met.add(v)
            todo.extend(v.inputs)
    return [v for v in values if v in met]
