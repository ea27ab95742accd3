"""From a recorded graph to a program over time: nodes that are the same at every step of a run become one timed value.

What a step reads of the step before it becomes a `before`, and what the first one has in its place is its `outside`. Nodes that are
in no run stand as they were recorded.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine.graph import Constant, Node, reachable
from ..engine.ops import GETITEM, STACK
from ..engine.tensor import Tensor
from .program import Lane, Program, Slot, Value, needed
from .runs import Runs, same_settings

__all__ = ["rolled"]

class Roller:
    def __init__(self, loss: Tensor, names: dict[Node, str]) -> None:
        assert loss.node is not None
        self.root, self.names = loss.node, names
        self.nodes, self.leaves = reachable(loss.node)
        self.runs = Runs(self.nodes)
        self.dtypes = {leaf: leaf.value.dtype for leaf in self.leaves}
        for n in self.nodes:
            given = [self.dtypes[p] if p is not None else n.consts[k]._array.dtype for k, p in enumerate(n.parents)]  # type: ignore[index, union-attr]
            self.dtypes[n] = np.result_type(*given)
        self.values: list[Value] = []
        self.made: dict[Any, Value] = {}

    # ---- the program ----------------------------------------------------------------------------------------------------------

    def program(self) -> Program:
        for n in self.nodes:
            self._value(n)
        loss = self._one_of(self.root) if self.runs.run_of(self.root) else self._value(self.root)
        for n in self.nodes:  # inputs of timed values may stand later in the order of recording: a state is made of itself
            if self.runs.run_of(n):
                self._connect(n)
        while same := [v for v in self.values if v.lane and v.op != "row" and all(i.lane is None for i in v.inputs)]:
            for v in same:
                v.lane = None  # made of wholes alone, it is the same at every step
        return Program(needed([loss], self.values), {"loss": loss})

    def _add(self, key: Any, v: Value) -> Value:
        self.made[key] = v
        self.values.append(v)
        return v

    def _value(self, n: Node) -> Value:
        """The value of a node: of its whole run, if it is in one."""
        if n.op is None:
            return self.made.get(n) or self._add(n, Value("param", (), None, n.shape, name=self.names.get(n, n.name or "w"), dtype=n.value.dtype, array=n.value))
        if self.runs.run_of(n):
            run = self.runs.run_of(n)
            key = run, self.runs.where[n][2]
            return self.made.get(key) or self._add(key, Value(n.op.name, (), None, n.shape, run, n.name or "", self.dtypes[n]))
        if n in self.made:
            return self.made[n]
        if n.op is STACK and (whole := self._all_steps(n)):
            return whole
        inputs, args = self._separated(n)
        found = [self._input(n, k) for k in range(len(n.parents))]
        return self._add(n, Value(n.op.name, (*found, *inputs), args, n.shape, None, n.name or "", self.dtypes[n]))

    def _all_steps(self, n: Node) -> Value | None:
        """The stack of a timed value of all its steps, in their order."""
        p = n.parents[0]
        if p is None or not self.runs.run_of(p):
            return None
        if n.parents != tuple(self.runs.column(p)):
            return None
        v = self._value(p)
        assert v.lane is not None
        whole = self._add(("slab", v), Value("slab", (v,), None, (v.lane.steps, *v.shape), None, v.name, v.dtype))
        axes = [*range(1, whole.ndim)]
        axes.insert(n.args, 0)
        return whole if n.args == 0 else self._add(n, Value("transpose", (whole,), tuple(axes), n.shape, None, n.name or "", v.dtype))

    def _separated(self, n: Node) -> tuple[list[Value], Any]:
        """Arrays in the settings become inputs, so that a setting is plain."""
        arrays: list[Any] = []
        args = without_arrays(n.args, len(n.parents), arrays)
        return [self._given(a) for a in arrays], args

    def _given(self, array: Any, name: str = "") -> Value:
        key = ("given", id(array))
        return self.made.get(key) or self._add(key, Value("given", (), None, np.shape(array), name=name, dtype=array.dtype, array=array))

    def _input(self, n: Node, slot: int) -> Value:
        """An input of a node that is in no run."""
        p = n.parents[slot]
        if p is None:
            return self._constant(n, slot)
        if not self.runs.run_of(p):
            return self._value(p)
        return self._one_of(p)

    def _one_of(self, p: Node) -> Value:
        """One step of a timed value, as a whole."""
        run, v, t = self.runs.run_of(p), self._value(p), self.runs.where[p][1]
        assert run is not None
        k = -1 if t == run.last else t - run.first
        key = ("at", k, v)
        return self.made.get(key) or self._add(key, Value("at", (v,), k, v.shape, None, v.name, v.dtype))

    def _constant(self, n: Node, slot: int) -> Value:
        constant = n.consts[slot]  # type: ignore[index]
        assert constant is not None
        return self._given(constant._array, constant.name or "")

    def _connect(self, n: Node) -> None:
        steps, v = self.runs.column(n), self._value(n)
        if n is not steps[0]:
            return
        if n.op is GETITEM and not same_settings(steps[0].args, steps[1].args):
            self._read_by_step(v, steps)
            return
        inputs = [self._timed_input(steps, slot, v) for slot in range(len(n.parents))]
        arrays = []
        for m in steps:
            arrays.append([])
            args = without_arrays(m.args, len(m.parents), arrays[-1])
        extra = [self._series(list(column), v.lane) for column in zip(*arrays, strict=True)]
        v.inputs, v.args = (*inputs, *extra), args

    def _read_by_step(self, v: Value, steps: list[Node]) -> None:
        """An index that moves on with the steps, or a slice of rows: the row t of a whole, whose axis of time comes first."""
        first, second = (m.args if isinstance(m.args, tuple) else (m.args,) for m in steps[:2])
        (axis,) = [k for k, (a, b) in enumerate(zip(first, second, strict=True)) if not same_settings(a, b)]
        whole, moving = self._input(steps[0], 0), first[axis]
        if axis:
            order = (axis, *(k for k in range(whole.ndim) if k != axis))
            whole = self._made("transpose", whole, order, tuple(whole.shape[k] for k in order))
        size = moving.stop - moving.start if isinstance(moving, slice) else 1
        start = moving.start if isinstance(moving, slice) else moving
        if len(steps) * size != whole.shape[0]:
            rows = slice(start, start + len(steps) * size)
            whole = self._made("getitem", whole, (rows,), (len(steps) * size, *whole.shape[1:]))
        rest: tuple[Any, ...] = (*first[:axis], *first[axis + 1 :])
        if isinstance(moving, slice):
            shape = (len(steps), size, *whole.shape[1:])
            whole = self._made("reshape", whole, shape, shape)
            if axis:
                raise NotImplementedError("rows of a batch along another axis")
        if all(part == slice(None) for part in rest):
            v.op, v.inputs, v.args = "row", (whole,), None
            return
        row = self._add((v, "row"), Value("row", (whole,), None, whole.shape[1:], v.lane, whole.name, whole.dtype))
        v.inputs, v.args = (row,), (slice(None), *rest) if isinstance(moving, slice) else rest

    def _made(self, op: str, v: Value, args: Any, shape: tuple[int, ...]) -> Value:
        """A whole of another whole, once."""
        key = (op, v, repr(args))
        return self.made.get(key) or self._add(key, Value(op, (v,), args, shape, None, v.name, v.dtype))

    def _timed_input(self, steps: list[Node], slot: int, v: Value) -> Value:
        parents = [m.parents[slot] for m in steps]
        middle = parents[(len(parents) - 1) // 2]
        assert v.lane is not None
        if middle is None:
            return self._series([m.consts[slot]._array for m in steps], v.lane, steps[0].consts[slot])  # type: ignore[index, union-attr]
        if not self.runs.run_of(middle):
            return self._value(middle)
        shift = self.runs.where[middle][1] - (v.lane.first + v.lane.last) // 2
        u = self._value(middle)
        assert u.lane is not None
        if u.lane[1:] != v.lane[1:]:  # of a longer run
            part = v.lane.first + shift - u.lane.first, u.lane.last - v.lane.last - shift
            key = ("part", u, part, v.lane)
            return self.made.get(key) or self._add(key, Value("part", (u,), part, u.shape, v.lane, u.name, u.dtype))
        if shift == 0:
            return u
        outside = parents[0 if shift < 0 else -1]
        whole = self._input(steps[0 if shift < 0 else -1], slot)
        key = ("shift", shift, u, whole)
        op = "before" if shift < 0 else "after"
        return self.made.get(key) or self._add(key, Value(op, (u, whole), None, u.shape, v.lane, dtype=u.dtype))

    def _series(self, arrays: list[Any], lane: Lane | None, constant: Constant | None = None) -> Value:
        """Data that comes step by step: one whole if it is the same object at all steps, else the rows of a whole."""
        if all(a is arrays[0] for a in arrays):
            return self._given(arrays[0], (constant.name if constant is not None else None) or "")
        key = ("series", *map(id, arrays))
        if key in self.made:
            return self.made[key]
        whole = Value("given", (), None, (len(arrays), *arrays[0].shape), dtype=arrays[0].dtype, array=np.stack(arrays))
        self.values.append(whole)
        return self._add(key, Value("row", (whole,), None, arrays[0].shape, lane, dtype=whole.dtype))


def without_arrays(args: Any, inputs: int, arrays: list[Any]) -> Any:
    """The settings with a `Slot` behind the inputs in the place of each array, which is appended to `arrays`."""
    if isinstance(args, np.ndarray):
        arrays.append(args)
        return Slot(inputs + len(arrays) - 1)
    if type(args) is tuple:
        return tuple(without_arrays(part, inputs, arrays) for part in args)
    return args


def rolled(loss: Tensor, names: dict[Node, str]) -> Program:
    """The recorded program of a loss, with a run of equal steps as one."""
    return Roller(loss, names).program()
