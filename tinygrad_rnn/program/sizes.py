"""Sizes as names: what the data decides is read from it, so that one text holds for every length and batch.

`T` is the number of steps and `B` of sequences. A size that a weight has too stays a number, and so does 1. Where two sizes are equal
by chance the text may name the other one: it is right for the data it was printed for, and another text.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

import numpy as np

from .values import Lane, Program, Value

__all__ = ["Sizes"]


class Sizes:
    """The names of a program's sizes. `used` holds those that were asked for."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.data = [v for v in program.given if v.op == "given"]
        self.weights = {n for p in program.given if p.op == "param" for n in p.shape}
        self.read: dict[str, tuple[Value, int]] = {}  # {name: the array and the axis that it is read from}
        self.number: dict[str, int] = {}
        self.used: set[str] = set()
        self.steps: dict[int, str] = {}
        for v in program.values:
            if v.lane:
                self._add(v.lane.steps, "T", self.steps, self._axes_of_time(v.lane))
        self.batches: dict[int, str] = {}
        for n, where in self._batches():
            if n > 1 and not self.batches:
                self._add(n, "B", self.batches, iter([where]))
        self.means = self._means()

    def _add(self, n: int, letter: str, names: dict[int, str], where: Iterator[tuple[Value, int]]) -> None:
        place = next(where, None)
        if n not in names and place:
            name = letter if letter not in self.read else f"{letter}{sum(known[0] == letter for known in self.read) + 1}"
            names[n], self.read[name], self.number[name] = name, place, n

    def _axes_of_time(self, lane: Lane) -> Iterator[tuple[Value, int]]:
        """The axes that hold as many steps as a lane has: of what is read row by row first."""
        rows = [v.inputs[0] for v in self.program.values if v.op == "row" and v.lane == lane]
        for v in (*[v for v in rows if v.op == "given"], *sorted(self.data, key=lambda v: v.ndim < 2)):
            for axis in (0, 1):
                if v.ndim > axis and v.shape[axis] == lane.steps:
                    yield v, axis

    def _batches(self) -> Iterator[tuple[int, tuple[Value, int]]]:
        """The axis of sequences: beside the one of time, or the first of a state."""
        times = [(v, axis) for v, axis in self.read.values() if v.ndim > 1]
        for v, axis in times:
            yield v.shape[1 - axis], (v, 1 - axis)
        states = [v.inputs[1] for v in self.program.values if v.op == "before"]
        for v in (*states, *self.data):
            if v.op == "given" and v.ndim:
                yield v.shape[0], (v, 0)

    def _means(self) -> dict[int, str]:
        """How many entries of the data a sum of the program has, in its sizes: what a mean divides by."""
        found = dict(self.steps)
        of_weights: set[int] = set()  # a mean over features, such as that of a layer norm
        for v in self.program.values:
            if v.op == "sum":
                shape = v.inputs[0].shape
                axes = range(len(shape)) if v.args[0] is None else sorted(a % len(shape) for a in v.args[0])
                n, names = prod(shape[a] for a in axes), [self._name(shape[a], a, len(shape)) for a in axes]
                if any(not name.isdigit() for name in names):
                    found.setdefault(n, " * ".join(name for name in names if name != "1"))
                else:
                    of_weights.add(n)
        return {n: text for n, text in found.items() if n not in of_weights}

    # ---- asked by the printer ---------------------------------------------------------------------------------------------------

    def of(self, lane: Lane) -> str:
        """The number of steps of a lane."""
        return self._said(self.steps.get(lane.steps, str(lane.steps)))

    def shape(self, shape: tuple[int, ...], lane: Lane | None = None, more: int = 0) -> str:
        """A shape as a tuple; of an array over time if a lane is given, with so many rows more."""
        parts = [self._said(self._name(n, k, len(shape), lane is not None)) for k, n in enumerate(shape)]
        if lane:
            parts.insert(0, f"{self.of(lane)} + {more}" if more else self.of(lane))
        return f"({', '.join(parts)}{',' if len(parts) == 1 else ''})"

    def of_result(self, shape: tuple[int, ...]) -> str:
        """The shape of what is added up from slices or repetitions: that of a weight, if there is such a one."""
        return repr(shape) if shape in {p.shape for p in self.program.given if p.op == "param"} else self.shape(shape)

    def of_given(self, v: Value) -> str:
        """The shape of an argument: a weight has its own, whatever the data is."""
        if v.op == "param":
            return repr(v.shape)
        features = v.ndim > 1 and v.dtype.kind == "f"  # its last axis
        parts = [self._said(self._name(n, k, v.ndim + (not features))) for k, n in enumerate(v.shape)]
        return f"({', '.join(parts)}{',' if v.ndim == 1 else ''})"

    def fraction(self, v: Value) -> str | None:
        """1 / n as an expression of the sizes, if a number is just that."""
        if not v.args or not np.isfinite(v.args):
            return None
        n = round(1 / abs(v.args)) if abs(v.args) > 1e-12 else 0
        if n < 2 or n not in self.means or (v.dtype or np.dtype(float)).type(1 / n) != abs(v.args):
            return None
        text = self.means[n]
        return self._said(f"{'-' if v.args < 0 else ''}1 / {f'({text})' if '*' in text else text}")

    def whole_number(self, v: Value) -> str | None:
        """The number of steps or sequences, if something is divided by just that."""
        return self._said(self.means[int(v.args)]) if v.args > 1 and v.args == int(v.args) and int(v.args) in self.means else None

    def lines(self, name_of: dict[Value, str]) -> list[str]:
        """Where the sizes are read."""
        read = [(name, v, axis) for name, (v, axis) in self.read.items() if name in self.used]
        return [f"{name} = {f'len({name_of[v]})' if axis == 0 else f'{name_of[v]}.shape[{axis}]'}" for name, v, axis in read]

    def _said(self, text: str) -> str:
        self.used |= {name for name in self.read if name in text.replace("(", " ").replace(")", " ").split()}
        return text

    def _name(self, n: int, axis: int, ndim: int, timed: bool = False) -> str:
        """One size of a shape. The last axis is of features, if a weight has that size; the first of several is of steps or sequences."""
        if n <= 1 or (n in self.weights and axis == ndim - 1):
            return str(n)
        step, batch = self.steps.get(n), self.batches.get(n)
        found = (batch or step) if timed or axis or ndim < 3 else (step or batch)
        if found:
            return found
        for T, name in self.steps.items():
            for B, other in self.batches.items():
                if n == T * B and n not in self.weights:
                    return f"{other} * {name}" if axis else f"{name} * {other}"
        return str(n)
