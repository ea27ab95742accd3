"""Where a record belongs: in the column of a time step, before the first, after the last, or in the panel of weights.

Columns are counted from 0; step numbers need not be contiguous. Ops recorded outside of `time_step` (readouts, the loss) join the
column of the youngest step that they read if every column has such ops, and else stand right of the last column.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass

from ..records import GraphSnapshot, Record
from ..scopes import Frame

__all__ = ["BEFORE", "Key", "Places", "scope_of"]

BEFORE = -1
MANY = 2  # in a graph without steps a weight with more uses is drawn in the panel: a hub with many edges explains nothing
Key = tuple[object, ...]
Uses = dict[int, list[tuple[int, int]]]  # of a record: (child, slot)


def scope_of(record: Record) -> tuple[Frame, ...]:
    """The scopes that make one box: those around the time step and the first one inside it."""
    steps = [k for k, frame in enumerate(record.frames) if frame.name == "t"]
    if not steps:
        return record.frames[:1]
    inside = steps[-1] + 1
    return tuple(f for f in record.frames[:inside] if f.name != "t") + record.frames[inside : inside + 1]


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
    starts: dict[int, Key]  # initial states, with the key of the state that they stand in for
    varying: frozenset[Key]  # inputs that have another name in another step, and so need no number

    @property
    def after(self) -> int:
        return len(self.steps)

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
        starts = _starts(graph, steps, column, keys, users)
        for id, state in starts.items():
            column[id], keys[id] = BEFORE, ("start", state)
        varying = frozenset(key for key, found in names.items() if len(found) > 1)
        return cls(steps, column, keys, frozenset(folded), tuple(shared), starts, varying)


def _ops(graph: GraphSnapshot, steps: tuple[int, ...]) -> tuple[dict[int, int], dict[int, Key]]:
    index = {t: k for k, t in enumerate(steps)}
    last, after = len(steps) - 1, len(steps)
    column: dict[int, int] = {}
    keys: dict[int, Key] = {}
    seen: Counter[Key] = Counter()
    ops = [r for r in graph if r.kind == "op"]
    for r in ops:
        if not steps:
            column[r.id] = after
        elif r.t is not None:
            column[r.id] = index[r.t]
        else:
            column[r.id] = max((column[p] for p in r.parents if p in column), default=BEFORE)
        key = (scope_of(r), r.op, r.name)
        place = (column[r.id], *key)
        keys[r.id] = (*key, seen[place])
        seen[place] += 1
    repeated = {keys[r.id] for r in ops if r.t is None and 0 <= column[r.id] < last}
    for r in ops:
        late = any(column.get(p) == after for p in r.parents)
        if r.t is None and (late or (column[r.id] == last and keys[r.id] not in repeated)):
            column[r.id] = after
    return column, keys


def _starts(
    graph: GraphSnapshot, steps: tuple[int, ...], column: dict[int, int], keys: dict[int, Key], users: Uses
) -> dict[int, Key]:
    """Constants of the first column that stand where later columns read the state of the step before."""
    in_second = {keys[r.id]: r for r in graph if column.get(r.id) == 1}
    states = {r.name: keys[r.id] for r in graph if r.kind == "op" and r.name and column.get(r.id) == 0}
    starts: dict[int, Key] = {}
    for r in graph:
        if r.kind != "constant" or column.get(r.id) != 0:
            continue
        for child, slot in users[r.id]:
            twin = in_second.get(keys[child])
            parent = twin.parents[slot] if twin is not None and len(twin.parents) > slot else -1
            if twin is not None and twin.op == graph[child].op and column.get(parent) == 0 and graph[parent].kind == "op":
                starts[r.id] = keys[parent]
        if len(steps) == 1 and r.name and r.name.endswith("0") and r.name[:-1] in states:
            starts[r.id] = states[r.name[:-1]]
    return starts
