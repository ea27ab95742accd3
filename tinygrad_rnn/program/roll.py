"""From a recorded graph to a program over time: nodes that are the same at every step of a run become one timed value.

What a step reads of the step before it becomes a `before`, and what the first one has in its place is its `outside`. Nodes that are
in no run stand as they were recorded.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..replay.records import GraphSnapshot, Record
from ..shared.array_type import Array
from .largest import with_largest
from .runs import Runs, same_settings
from .values import Lane, Program, Slot, Value, needed

__all__ = ["rolled"]


def rolled(graph: GraphSnapshot) -> Program:
    """The program of a recorded graph, each run of equal steps rolled into one."""
    return _Roller(graph).program()


class _Roller:
    def __init__(self, graph: GraphSnapshot) -> None:
        self.graph = with_largest(graph)
        self.runs = Runs(self.graph)
        self.values: list[Value] = []
        self.made: dict[Any, Value] = {}

    def program(self) -> Program:
        """All of it. Timed values are made first and connected then: a state is made of itself."""
        ops = [r for r in self.graph if r.kind == "op"]
        for r in ops:
            self._value(r)
        root = self.graph.root
        loss = self._one_of(root) if self.runs.run_of(root) else self._value(root)
        for r in ops:
            if (run := self.runs.run_of(r)) and self.runs.where[r][1] == run.first:
                self._connect(self._value(r), self.runs.column(r))
        while same := [v for v in self.values if v.lane and v.op != "row" and all(i.lane is None for i in v.inputs)]:
            for v in same:
                v.lane = None  # made of wholes alone, it is the same at every step
        return Program(needed([loss], self.values), loss)

    def _add(self, key: Any, v: Value) -> Value:
        self.made[key] = v
        self.values.append(v)
        return v

    def _made(self, op: str, inputs: tuple[Value, ...], args: Any, shape: tuple[int, ...], lane: Lane | None = None) -> Value:
        """The value of an operation, made once."""
        key = (op, inputs, repr(args), lane)
        v = inputs[0]
        name = "" if op in ("before", "after") else v.name
        return self.made.get(key) or self._add(key, Value(op, inputs, args, shape, lane, name, v.dtype))

    # ---- wholes -----------------------------------------------------------------------------------------------------------------

    def _value(self, r: Record) -> Value:
        """The value of a node: of its whole run, if it is in one."""
        run = self.runs.run_of(r)
        key = (run, self.runs.where[r][2]) if run else r.id
        if key in self.made:
            return self.made[key]
        name = r.path or r.name or ""
        if r.kind != "op":
            if (
                r.kind == "constant" and not name and not r.shape and r.value.dtype.kind == "f"
            ):  # of the program, such as the 1/n of a mean
                return self._add(key, Value("number", (), r.value.item(), (), dtype=r.value.dtype))
            op = "param" if r.kind == "parameter" else "given"
            return self._add(key, Value(op, (), None, r.shape, None, name, r.value.dtype, r.value))
        if run:
            return self._add(key, Value(r.op, (), None, r.shape, run, name, r.value.dtype))
        if r.op == "stack" and (whole := self._all_steps(r)):
            return whole
        parents = [self._input(p) for p in self.runs.parents(r)]
        arrays: list[Array] = []
        args = without_arrays(r.args, len(parents), arrays)
        inputs = (*parents, *map(self._given, arrays))
        return self._add(key, Value(r.op, inputs, args, r.shape, None, name, r.value.dtype))

    def _given(self, array: Array) -> Value:
        """An array among the settings, as an input."""
        key = ("given", id(array))
        return self.made.get(key) or self._add(key, Value("given", (), None, array.shape, dtype=array.dtype, array=array))

    def _input(self, r: Record) -> Value:
        """What a node that is in no run reads."""
        return self._one_of(r) if self.runs.run_of(r) else self._value(r)

    def _one_of(self, r: Record) -> Value:
        """One step of a timed value."""
        v, t = self._value(r), self.runs.where[r][1]
        assert v.lane is not None
        return self._made("at", (v,), -1 if t == v.lane.last else t - v.lane.first, v.shape)

    def _all_steps(self, r: Record) -> Value | None:
        """The stack of a timed value of all its steps, in their order."""
        parents = self.runs.parents(r)
        if not self.runs.run_of(parents[0]) or parents != self.runs.column(parents[0]):
            return None
        v = self._value(parents[0])
        assert v.lane is not None
        whole = self._made("slab", (v,), None, (v.lane.steps, *v.shape))
        axes = [*range(1, whole.ndim)]
        axes.insert(r.args, 0)
        return whole if r.args == 0 else self._made("transpose", (whole,), tuple(axes), r.shape)

    # ---- what is timed ----------------------------------------------------------------------------------------------------------

    def _connect(self, v: Value, steps: list[Record]) -> None:
        """Give a timed value its inputs, from the nodes of all its steps."""
        if v.op == "getitem" and not same_settings(steps[0].args, steps[1].args):
            self._read_by_step(v, steps)
            return
        inputs = [self._timed([self.graph[r.parents[slot]] for r in steps], v) for slot in range(len(steps[0].parents))]
        columns: list[list[Array]] = []
        for r in steps:
            columns.append([])
            v.args = without_arrays(r.args, len(inputs), columns[-1])
        series = [self._series([*map(self._given, column)], v.lane) for column in zip(*columns, strict=True)]
        v.inputs = (*inputs, *series)

    def _timed(self, sources: list[Record], v: Value) -> Value:
        """An input of a timed value, from what it was at each step."""
        middle = (len(sources) - 1) // 2
        run, lane = self.runs.run_of(sources[middle]), v.lane
        assert lane is not None
        if run is None:
            return self._series([*map(self._value, sources)], lane)
        u = self._value(sources[middle])
        shift = self.runs.where[sources[middle]][1] - (lane.first + middle)
        if run[1:] != lane[1:]:  # of a longer run
            part = lane.first + shift - run.first, run.last - lane.last - shift
            return self._made("part", (u,), part, u.shape, lane)
        if shift == 0:
            return u
        outside = self._input(sources[0 if shift < 0 else -1])
        return self._made("before" if shift < 0 else "after", (u, outside), None, u.shape, lane)

    def _series(self, given: list[Value], lane: Lane | None) -> Value:
        """One whole if it is the same at all steps, else the rows of a whole."""
        if all(v is given[0] for v in given):
            return given[0]
        key = ("series", *given)
        if key not in self.made:
            arrays = np.stack([np.asarray(v.args, v.dtype) if v.op == "number" else v.array for v in given])
            whole = Value("given", (), None, arrays.shape, None, given[0].name, arrays.dtype, arrays)
            self.values.append(whole)
            self._add(key, Value("row", (whole,), None, given[0].shape, lane, given[0].name, arrays.dtype))
        return self.made[key]

    def _read_by_step(self, v: Value, steps: list[Record]) -> None:
        """An index that moves on with the steps, or a slice of rows: the row t of a whole, whose axis of time comes first."""
        first, second = (r.args if isinstance(r.args, tuple) else (r.args,) for r in steps[:2])
        (axis,) = [k for k, (a, b) in enumerate(zip(first, second, strict=True)) if not same_settings(a, b)]
        whole, moving, T = self._input(self.graph[steps[0].parents[0]]), first[axis], len(steps)
        if axis:
            order = (axis, *(k for k in range(whole.ndim) if k != axis))
            whole = self._made("transpose", (whole,), order, tuple(whole.shape[k] for k in order))
        batch = isinstance(moving, slice)
        start, size = (moving.start, moving.stop - moving.start) if batch else (moving, 1)
        if T * size != whole.shape[0]:
            whole = self._made("getitem", (whole,), (slice(start, start + T * size),), (T * size, *whole.shape[1:]))
        rest: tuple[Any, ...] = (*first[:axis], *first[axis + 1 :])
        if batch:
            shape = (T, size, *whole.shape[1:])
            whole = self._made("reshape", (whole,), shape, shape)
            rest = (slice(None), *rest)
        if all(part == slice(None) for part in rest):
            v.op, v.inputs, v.args = "row", (whole,), None
        else:
            v.inputs, v.args = (self._made("row", (whole,), None, whole.shape[1:], v.lane),), rest


def without_arrays(args: Any, inputs: int, arrays: list[Array]) -> Any:
    """The settings with a `Slot` behind the inputs in the place of each array, which is appended to `arrays`."""
    if isinstance(args, np.ndarray):
        arrays.append(args)
        return Slot(inputs + len(arrays) - 1)
    if type(args) is tuple:
        return tuple(without_arrays(part, inputs, arrays) for part in args)
    return args
