"""Which time steps of a recorded graph are equal: runs of steps that do the same, each with what the step before it left.

Nothing is assumed. Every step of a run is compared with its middle one: the same operations in the same order, the same settings,
inputs from the same distance in time. At the ends a state may come from outside the run. Where steps differ, a run ends; a batch
that shrinks gives a few runs, one after the other.
"""

from __future__ import annotations

from operator import itemgetter
from typing import Any

import numpy as np

from ..engine.scopes import lane_frames, place_of
from ..replay.records import GraphSnapshot, Record
from .values import Lane

__all__ = ["Runs", "same_settings"]

SHORTEST = 3  # steps that are worth a loop


class Runs:
    """Where every node stands in time (scope, step, place in the step), and the runs of equal steps."""

    def __init__(self, graph: GraphSnapshot) -> None:
        self.graph = graph
        self.steps: dict[tuple[str, int], list[Record]] = {}
        self.where: dict[Record, tuple[str, int, int]] = {}
        for n in graph:
            if n.kind != "op":
                continue
            scope, t = self._scope(n)
            if t is not None:
                step = self.steps.setdefault((scope, t), [])
                self.where[n] = scope, t, len(step)
                step.append(n)
        self.body: dict[Lane, int] = {}  # how many nodes a step of a run has; what stands behind them is in none
        self.at: dict[tuple[str, int], Lane] = {}
        for run in self._alike():
            self._keep(run)
        while any([self._split(run) for run in list(self.body)]):
            pass

    def _scope(self, n: Record) -> tuple[str, int | None]:
        t, around, cell = lane_frames(n.frames)
        if t is not None:
            return place_of((*around, *cell)), t
        # recorded outside the steps, such as a loss that is added up: it belongs to the latest step that it reads
        read = [self.where[p] for p in self.parents(n) if p in self.where]
        scope, t, _ = max(read, key=itemgetter(1), default=("", None, 0))
        return scope if scope.startswith("of ") else f"of {scope}", t

    def parents(self, n: Record) -> list[Record]:
        """What a node was computed from."""
        return [self.graph[id] for id in n.parents]

    def run_of(self, n: Record) -> Lane | None:
        """The run that a node is in, or None."""
        if n not in self.where:
            return None
        scope, t, place = self.where[n]
        run = self.at.get((scope, t))
        return run if run is not None and place < self.body[run] else None

    def column(self, n: Record) -> list[Record]:
        """The node and its equals in all steps of its run, in their order."""
        scope, _, place = self.where[n]
        run = self.at[self.where[n][:2]]
        return [self.steps[scope, t][place] for t in range(run.first, run.last + 1)]

    # ---- finding them -----------------------------------------------------------------------------------------------------------

    def _alike(self) -> list[Lane]:
        """Steps in a row with the same operations."""
        found: list[Lane] = []
        for scope, t in sorted(self.steps):
            names = [n.op for n in self.steps[scope, t]]
            if found and (found[-1].scope, found[-1].last) == (scope, t - 1):
                body = [n.op for n in self.steps[scope, found[-1].first]]
                if names[: len(body)] == body:
                    found[-1] = found[-1]._replace(last=t)
                    continue
            found.append(Lane(scope, t, t))
        return found

    def _keep(self, run: Lane) -> None:
        if run.steps >= SHORTEST:
            self.body[run] = min(len(self.steps[run.scope, t]) for t in range(run.first, run.last + 1))
            self.at.update({(run.scope, t): run for t in range(run.first, run.last + 1)})

    def _split(self, run: Lane) -> bool:
        """Take a run apart where its steps differ from the middle one; whether they did."""
        middle = (run.first + run.last) // 2
        first = last = middle
        while first > run.first and self._fits(run, first - 1, middle):
            first -= 1
        while last < run.last and self._fits(run, last + 1, middle):
            last += 1
        if (first, last) == run[1:]:
            return False
        del self.body[run]
        for t in range(run.first, run.last + 1):
            del self.at[run.scope, t]
        for a, b in ((run.first, first - 1), (first, last), (last + 1, run.last)):
            self._keep(Lane(run.scope, a, b))
        return True

    def _fits(self, run: Lane, t: int, middle: int) -> bool:
        body = self.steps[run.scope, middle][: self.body[run]]
        return all(self._equal(n, m) for n, m in zip(self.steps[run.scope, t], body, strict=False))

    def _equal(self, n: Record, m: Record) -> bool:
        if n.op != m.op or n.shape != m.shape or len(n.parents) != len(m.parents):
            return False
        t, middle = self.where[n][1], self.where[m][1]
        if not same_settings(n.args, m.args, (t - middle) * self._moves(m)):
            return False
        return all(self._same_source(p, q, n, m) for p, q in zip(self.parents(n), self.parents(m), strict=True))

    def _moves(self, m: Record) -> int:
        """1 for an index into a whole that moves on with the steps, else 0."""
        if m.op != "getitem" or self.run_of(self.parents(m)[0]):
            return 0
        scope, t, place = self.where[m]
        run = self.at[scope, t]
        beside = self.steps[scope, t + 1 if t < run.last else t - 1][place]
        return 0 if same_settings(beside.args, m.args) else 1

    def _same_source(self, p: Record, q: Record, n: Record, m: Record) -> bool:
        """Whether n reads p as m reads q: the same whole, data of the same shape, or a value from the same distance in time."""
        run = self.run_of(q)
        if run is None:
            data = p.kind == q.kind == "constant" and p.shape == q.shape and p.value.dtype == q.value.dtype
            return p is q or data
        scope, step, place = self.where[q]
        t, shift = self.where[n][1], step - self.where[m][1]
        if self.run_of(p) == run:
            return self.where[p] == (scope, t + shift, place)
        own = self.run_of(n)  # at an end of the run the state comes from outside
        return abs(shift) == 1 and not run.first <= t + shift <= run.last and own is not None and own[1:] == run[1:]


def same_settings(a: Any, b: Any, moves: int = 0) -> bool:
    """Whether settings are equal; of arrays the shape alone.

    If something `moves`, a whole number is larger by so many, and a slice stands so many times its length further on.
    """
    if isinstance(a, np.ndarray) or isinstance(b, np.ndarray):
        return isinstance(a, np.ndarray) and isinstance(b, np.ndarray) and a.shape == b.shape and a.dtype == b.dtype
    if isinstance(a, tuple) and isinstance(b, tuple):
        if len(a) != len(b):
            return False
        differ = [(x, y) for x, y in zip(a, b, strict=True) if not same_settings(x, y)]
        return not differ if not moves else len(differ) == 1 and same_settings(*differ[0], moves)
    if type(a) is not type(b):
        return False
    if not moves:
        return bool(a == b)
    if isinstance(a, slice):
        ends = a.start, a.stop, b.start, b.stop
        if not all(type(end) is int for end in ends) or a.step is not None or b.step is not None:
            return False
        size = b.stop - b.start
        return bool(size > 0 and a.start - b.start == moves * size == a.stop - b.stop)
    return type(a) is int and a - b == moves
