"""Where a record belongs: in the column of a time step, before the first, after the last, or in the panel of weights.

Columns are counted from 0; step numbers need not be contiguous. Ops recorded outside of `time_step` (readouts, the loss) join the
column of the youngest step that they read if every column has such ops, and else stand right of the last column. States are handed
to the next step or, where a network reads backwards, to the step before; initial states stand on the side where they come in.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from ...engine.scopes import Frame, lane_frames
from ...replay.records import GraphSnapshot, Record
from ..style import clean
from .fellows import numbers_of

__all__ = ["BEFORE", "Key", "Places", "in_cell", "scope_of"]

BEFORE = -1
MANY = 2  # in a graph without steps a weight with more uses is drawn in the panel: a hub with many edges explains nothing
Key = tuple[object, ...]
Uses = dict[int, list[tuple[int, int]]]  # of a record: (child, slot)


def scope_of(record: Record) -> tuple[Frame, ...]:
    """The scopes that make one box: those around the time step and the cell inside it, as the probes' lanes are found."""
    t, around, cell = lane_frames(record.frames)
    return record.frames[:1] if t is None else around + cell


def owner_of(record: Record) -> tuple[Frame, ...]:
    """The scopes of whose weights a record uses: outside of time steps all of them, as where a cell projects all steps at once."""
    return scope_of(record) if record.t is not None else record.frames


def where_of(scope: tuple[Frame, ...]) -> str:
    """Which of several layers and directions a scope lies in: `layer 2 ←`, `backward ←`, or nothing."""
    layers = ".".join(str(frame.get("layer")) for frame in scope if frame.get("layer") is not None)
    ways = [frame.get("direction") for frame in scope if frame.get("direction") is not None]
    word, arrow = (("forward", "→") if ways[-1] == 1 else ("backward", "←")) if ways else ("", "")
    part = scope[-1].part if scope else ""
    return " ".join(found for found in (f"layer {layers}" if layers else word, arrow, clean(part, 24)) if found)


def whereabouts(scopes: Iterable[tuple[Frame, ...]]) -> dict[tuple[Frame, ...], str]:
    """What `where_of` says of each scope, after the names of those around it that tell it from its like: `decoder layer 2`."""
    known = dict.fromkeys(scope for scope in scopes if scope)
    names = {scope: tuple(clean(frame.name, 24) for frame in scope) for scope in known}
    alike: dict[tuple[str, str], set[tuple[str, ...]]] = defaultdict(set)
    for scope in known:
        alike[scope[-1].name, where_of(scope)].add(names[scope])
    told = {}
    for scope in known:
        twins = alike[scope[-1].name, where_of(scope)]
        apart = [name for name in names[scope][:-1] if any(name not in twin for twin in twins)]
        told[scope] = " ".join([*apart, where_of(scope)]).strip()
    return told


def in_cell(record: Record) -> bool:
    """Whether a scope was open inside the time step, which is what calling a cell does."""
    return bool(record.frames) and record.t is not None and record.frames[-1].name != "t"


@dataclass
class Places:
    """What was found out about a graph before anything is drawn."""

    steps: tuple[int, ...]
    column: dict[int, int]  # of every record that is drawn as a box; len(steps) is "after the last step"
    keys: dict[int, Key]  # the same record in another column has the same key
    folded: frozenset[int]  # numbers that are written into the label of their op
    shared: tuple[int, ...]  # weights and constants with more than one place: drawn once, in the panel
    starts: dict[int, Key]  # states that were given and not computed, with the key of the state that each stands in for
    cuts: dict[
        int, tuple[Key, int]
    ]  # detached states, likewise, and from which side they come (1: the left): no gradient goes there
    varying: frozenset[Key]  # inputs that have another name in another step, and so need no number
    owners: dict[int, tuple[Frame, ...]]  # of every op: the scopes of whose weights it uses
    where: dict[tuple[Frame, ...], str]  # where a scope lies: its layer and direction, or the part of a model

    @property
    def after(self) -> int:
        """The column of what stands after the last step."""
        return len(self.steps)

    @property
    def behind(self) -> int:
        """The column of initial states that come in from the right; it stands between the last step and what comes after it."""
        return len(self.steps) + 1

    def letters(self) -> dict[int, str]:
        """Initial and detached states by the names of the states that they stand in for."""
        states = {**self.starts, **{id: state for id, (state, _) in self.cuts.items()}}
        return {id: str(state[2]) for id, state in states.items() if state[2]}

    def row(self, scope: tuple[Frame, ...]) -> str:
        """What stands beside the rows of a cell: where it lies, and which one of a grid it is, `layer 1, d1 = 2`."""
        numbers = (
            [f"{clean(key, 8)} = {value}" for key, value in scope[-1].numbers if key not in ("layer", "direction")]
            if scope
            else []
        )
        return ", ".join(part for part in (self.where.get(scope, ""), *numbers) if part)

    def handed(self, graph: GraphSnapshot) -> set[Key]:
        """The ops that another step reads."""
        return {
            self.keys[p]
            for r in graph
            if r.id in self.column
            for p in r.parents
            if p in self.column and graph[p].kind == "op" and self.handed_on(p, r.id)
        }

    def state_names(self, graph: GraphSnapshot) -> dict[int, str]:
        """The names of ops; where one step of a scope makes two of a name, as two cells do that open no scope, h and h′."""
        named: dict[Key, dict[Key, list[int]]] = defaultdict(lambda: defaultdict(list))
        for r in graph:
            if r.kind == "op" and r.name and r.t is not None:
                named[scope_of(r), r.name][self.keys[r.id]].append(r.id)
        found = {r.id: r.name or "" for r in graph if r.kind == "op"}
        for alike in named.values():
            columns = [self.column[id] for ids in alike.values() for id in ids]
            for k, ids in enumerate(alike.values() if len(columns) > len({*columns}) else ()):
                found.update((id, found[id] + "′" * k) for id in ids)
        return found

    def handed_on(self, parent: int, child: int) -> bool:
        """Whether two records stand in two different steps."""
        a, b = self.column[parent], self.column[child]
        return a != b and min(a, b) >= 0 and max(a, b) < self.after

    def stepping(self, a: int, b: int) -> int:
        """1 where column b is the step after column a, -1 where it is the step before, else 0."""
        return b - a if abs(a - b) == 1 and min(a, b) >= 0 and max(a, b) < self.after else 0

    @classmethod
    def of(cls, graph: GraphSnapshot) -> Places:
        steps = graph.steps
        users: Uses = defaultdict(list)
        for r in graph:
            for slot, parent in enumerate(r.parents):
                users[parent].append((r.id, slot))
        column, keys = _ops(graph, steps)
        folded, shared, inputs = set(), [], []
        for r in graph:
            if r.kind == "op":
                continue
            where = {column[child] for child, _ in users[r.id]}
            if r.kind == "constant" and r.value.ndim == 0 and r.name is None and users[r.id]:
                folded.add(r.id)
            elif (steps and (r.kind == "parameter" or len(where) > 1)) or (r.kind == "parameter" and len(users[r.id]) > MANY):
                shared.append(r.id)
            else:
                column[r.id] = where.pop() if where else len(steps)
                inputs.append(r)
        names: dict[Key, set[str | None]] = defaultdict(set)
        for r in inputs:  # known by who reads it: its name may be another one in every step, as in a sentence
            child, slot = next(iter(users[r.id]), (-1, r.id))
            keys[r.id] = (r.kind, keys.get(child, ()), slot)
            names[keys[r.id]].add(r.name)
        owners = {r.id: owner_of(r) for r in graph if r.kind == "op"}
        told = whereabouts(owners.values())
        places = cls(steps, column, keys, frozenset(folded), tuple(shared), {}, {}, frozenset(), owners, told)
        places._initial_states(graph, users)
        places.varying = frozenset(key for key, found in names.items() if len(found) > 1)
        return places

    def _initial_states(self, graph: GraphSnapshot, users: Uses) -> None:
        """Constants that stand where other columns read a state: given ones, at the start or later, and detached ones.

        Detached is what has the value of the state that the step before made (or what that step no longer shows).
        """
        handed: dict[tuple[Key, int], tuple[Key, int]] = {}  # (who reads, slot) -> (which state, from which side)
        for r in graph:
            for slot, p in enumerate(r.parents):
                side = self.stepping(self.column.get(p, BEFORE), self.column.get(r.id, BEFORE))
                if side and graph[p].kind == r.kind == "op":
                    handed[self.keys[r.id], slot] = self.keys[p], side
        made = {(self.keys[r.id], self.column[r.id]): r for r in graph if r.kind == "op"}
        states = {(r.name, scope_of(r), r.shape): self.keys[r.id] for r in graph if r.kind == "op" and r.name}
        column = dict(self.column)
        for r in graph:
            c = self.column.get(r.id, BEFORE)
            if r.kind != "constant" or not 0 <= c < self.after or not users[r.id]:
                continue
            found = [handed[key] for child, slot in users[r.id] if (key := (self.keys[child], slot)) in handed]
            scope, name = scope_of(graph[users[r.id][0][0]]), r.name or ""
            own = states.get((name.removesuffix("0"), scope, r.shape))
            if own is not None and (not found or name.endswith("0")):  # h0 says itself whose start it is
                back = any(frame.get("direction") == -1 for frame in scope)
                found = [(own, found[0][1] if found else -1 if back else 1)]
            if not found:
                continue
            state, side = found[0]
            before = made.get((state, c - side))
            same = name != f"{state[2]}0" if before is None else np.array_equal(before.value, r.value)
            if (state, c) in {(other, column[id]) for id, other in self.starts.items()}:
                self.starts[r.id] = state  # beside the start itself (what dropout left of it, say) it stays with its reader
            elif c == (0 if side > 0 else self.after - 1):
                self.starts[r.id] = state
                self.column[r.id], self.keys[r.id] = BEFORE if side > 0 else self.behind, ("start", state)
            elif same:
                self.cuts[r.id] = state, side
                del self.column[r.id]
            else:
                self.starts[r.id], self.keys[r.id] = state, ("start", state)


def _ops(graph: GraphSnapshot, steps: tuple[int, ...]) -> tuple[dict[int, int], dict[int, Key]]:
    """The column of every op, and a key that ops which do the same in other columns have too."""
    index = {t: k for k, t in enumerate(steps)}
    after = len(steps)
    column: dict[int, int] = {}
    ops = [r for r in graph if r.kind == "op"]
    for r in ops:
        if not steps:
            column[r.id] = after
        elif r.t is not None:
            column[r.id] = index[r.t]
        else:
            column[r.id] = max((column[p] for p in r.parents if p in column), default=BEFORE)
    found: dict[Key, set[int]] = defaultdict(set)
    keys = _numbered(graph, column)
    for id, key in keys.items():
        found[key].add(column[id])
    for r in ops:  # what has no fellow in another column is the end, and so is all that follows
        late = any(column.get(p) == after for p in r.parents)
        if r.t is None and column[r.id] >= 0 and (late or len(found[keys[r.id]]) == 1):
            column[r.id] = after
    return column, _numbered(graph, column)


def _numbered(graph: GraphSnapshot, column: dict[int, int]) -> dict[int, Key]:
    """Scope, op, name, and which of those in a column that have these in common."""
    kinds = {r.id: (scope_of(r), r.op, r.name) for r in graph if r.kind == "op"}
    return {id: (*kinds[id], number) for id, number in numbers_of(graph, column, kinds).items()}
