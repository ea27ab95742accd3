"""From a recorded graph to a program over time: nodes that are the same at every step become one timed value.

Nothing is assumed. Every step of a run is compared with the middle one: same operations in the same order, same settings, inputs from
the same distance in time. At the ends a state may come from outside, and is then the `outside` of a `before` or an `after`. Steps that
differ are left out of the run and stand as they were recorded.
"""

from __future__ import annotations

from operator import itemgetter
from typing import Any

import numpy as np

from ..engine.graph import Constant, Node, reachable
from ..engine.ops import STACK
from ..engine.scopes import lane_frames, place_of
from ..engine.tensor import Tensor
from .program import Lane, Program, Slot, Value, needed

__all__ = ["rolled"]

SHORTEST = 3  # steps that are worth a loop

Key = tuple[str, int]  # the lane, and the place of a node in each of its steps


class Roller:
    def __init__(self, loss: Tensor, names: dict[Node, str]) -> None:
        assert loss.node is not None
        self.root, self.names = loss.node, names
        self.nodes, self.leaves = reachable(loss.node)
        self.lanes: dict[str, dict[int, list[Node]]] = {}
        self.where: dict[Node, tuple[str, int, int]] = {}  # lane, step, place in the step
        self.dtypes = {leaf: leaf.value.dtype for leaf in self.leaves}
        for n in self.nodes:
            given = [self.dtypes[p] if p is not None else n.consts[k]._array.dtype for k, p in enumerate(n.parents)]  # type: ignore[index, union-attr]
            self.dtypes[n] = np.result_type(*given)
            t, around, cell = lane_frames(n.frames)
            scope = place_of((*around, *cell))
            if t is None:  # recorded outside the steps, such as a loss that is added up: it belongs to the latest step that it reads
                read = [self.where[p] for p in n.parents if p in self.where]
                inherited, t, _ = max(read, key=itemgetter(1), default=("", None, 0))
                scope = inherited if inherited.startswith("of ") else f"of {inherited}"
            if t is not None:
                step = self.lanes.setdefault(scope, {}).setdefault(t, [])
                self.where[n] = scope, t, len(step)
                step.append(n)
        self.body: dict[str, int] = {}
        self.runs = {scope: self._run(steps) for scope, steps in self.lanes.items()}
        while self._shrink():
            pass
        self.values: list[Value] = []
        self.made: dict[Any, Value] = {}

    # ---- which steps are equal ------------------------------------------------------------------------------------------------

    def _run(self, steps: dict[int, list[Node]]) -> Lane | None:
        numbers = sorted(steps)
        middle = numbers[len(numbers) // 2]
        first = last = middle
        while first - 1 in steps and len(steps[first - 1]) >= len(steps[middle]):
            first -= 1
        while last + 1 in steps and len(steps[last + 1]) >= len(steps[middle]):
            last += 1
        self.body[self.where[steps[middle][0]][0]] = len(steps[middle])  # what a step has besides is in no run
        return Lane(self.where[steps[middle][0]][0], first, last) if last - first + 1 >= SHORTEST else None

    def _shrink(self) -> bool:
        """Leave out what differs from the middle step; whether anything did."""
        for scope, run in self.runs.items():
            if run is None:
                continue
            middle = (run.first + run.last) // 2
            fits = [self._fits(scope, t, middle) for t in range(run.first, run.last + 1)]
            if all(fits):
                continue
            first, last = middle, middle
            while first > run.first and fits[first - 1 - run.first]:
                first -= 1
            while last < run.last and fits[last + 1 - run.first]:
                last += 1
            self.runs[scope] = Lane(scope, first, last) if last - first + 1 >= SHORTEST else None
            return True
        return False

    def _inside(self, node: Node | None) -> bool:
        if node is None or node not in self.where:
            return False
        scope, t, place = self.where[node]
        run = self.runs[scope]
        return run is not None and run.first <= t <= run.last and place < self.body[scope]

    def _fits(self, scope: str, t: int, middle: int) -> bool:
        steps = self.lanes[scope]
        return all(self._equal(n, m) for n, m in zip(steps[t], steps[middle][: self.body[scope]], strict=False))

    def _equal(self, n: Node, m: Node) -> bool:
        assert n.op is not None
        if n.op is not m.op or n.shape != m.shape or len(n.parents) != len(m.parents) or not same_settings(n.args, m.args):
            return False
        t, middle = self.where[n][1], self.where[m][1]
        for p, q in zip(n.parents, m.parents, strict=True):
            if not self._inside(q):
                if p is not q:  # also: a constant in one, a node in the other
                    return False
                continue
            scope, step, place = self.where[q]  # type: ignore[index]
            shift = step - middle
            if self._inside(p):
                if self.where[p] != (scope, t + shift, place):  # type: ignore[index]
                    return False
            else:
                run = self.runs[scope]
                assert run is not None
                if abs(shift) != 1 or run.first <= t + shift <= run.last or self.runs[self.where[n][0]][1:] != run[1:]:  # type: ignore[index]
                    return False
        return True

    # ---- the program ----------------------------------------------------------------------------------------------------------

    def program(self) -> Program:
        for n in self.nodes:
            self._value(n)
        loss = self._one_of(self.root) if self._inside(self.root) else self._value(self.root)
        for n in self.nodes:  # inputs of timed values may stand later in the order of recording: a state is made of itself
            if self._inside(n):
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
        if self._inside(n):
            scope, _, place = self.where[n]
            key = scope, place
            return self.made.get(key) or self._add(key, Value(n.op.name, (), None, n.shape, self.runs[scope], n.name or "", self.dtypes[n]))
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
        if p is None or not self._inside(p):
            return None
        scope, _, place = self.where[p]
        run = self.runs[scope]
        assert run is not None
        if n.parents != tuple(self.lanes[scope][t][place] for t in range(run.first, run.last + 1)):
            return None
        v = self._value(p)
        whole = self._add(("slab", v), Value("slab", (v,), None, (run.steps, *v.shape), None, v.name, v.dtype))
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
        if not self._inside(p):
            return self._value(p)
        return self._one_of(p)

    def _one_of(self, p: Node) -> Value:
        """One step of a timed value, as a whole."""
        scope, t, place = self.where[p]
        run, v = self.runs[scope], self._value(p)
        assert run is not None
        k = -1 if t == run.last else t - run.first
        key = ("at", k, v)
        return self.made.get(key) or self._add(key, Value("at", (v,), k, v.shape, None, v.name, v.dtype))

    def _constant(self, n: Node, slot: int) -> Value:
        constant = n.consts[slot]  # type: ignore[index]
        assert constant is not None
        return self._given(constant._array, constant.name or "")

    def _connect(self, n: Node) -> None:
        scope, t, place = self.where[n]
        run = self.runs[scope]
        assert run is not None
        if t != (run.first + run.last) // 2:
            return
        steps = [self.lanes[scope][k][place] for k in range(run.first, run.last + 1)]
        v = self._value(n)
        inputs = [self._timed_input(steps, slot, v) for slot in range(len(n.parents))]
        arrays = []
        for m in steps:
            arrays.append([])
            args = without_arrays(m.args, len(m.parents), arrays[-1])
        extra = [self._series(list(column), v.lane) for column in zip(*arrays, strict=True)]
        v.inputs, v.args = (*inputs, *extra), args

    def _timed_input(self, steps: list[Node], slot: int, v: Value) -> Value:
        parents = [m.parents[slot] for m in steps]
        middle = parents[(len(parents) - 1) // 2]
        assert v.lane is not None
        if middle is None:
            return self._series([m.consts[slot]._array for m in steps], v.lane, steps[0].consts[slot])  # type: ignore[index, union-attr]
        if not self._inside(middle):
            return self._value(middle)
        shift = self.where[middle][1] - (v.lane.first + v.lane.last) // 2
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
            return self._given(arrays[0], (constant.name if constant else None) or "")
        key = ("series", *map(id, arrays))
        if key in self.made:
            return self.made[key]
        whole = Value("given", (), None, (len(arrays), *arrays[0].shape), dtype=arrays[0].dtype, array=np.stack(arrays))
        self.values.append(whole)
        return self._add(key, Value("row", (whole,), None, arrays[0].shape, lane, dtype=whole.dtype))


def same_settings(a: Any, b: Any) -> bool:
    """Whether settings are equal; arrays in them need have the same shape alone."""
    if isinstance(a, np.ndarray) or isinstance(b, np.ndarray):
        return isinstance(a, np.ndarray) and isinstance(b, np.ndarray) and a.shape == b.shape and a.dtype == b.dtype
    if isinstance(a, tuple) and isinstance(b, tuple):
        return len(a) == len(b) and all(map(same_settings, a, b))
    return bool(a == b)


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
