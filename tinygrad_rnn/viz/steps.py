"""Where a record belongs: in the column of a time step, before the first, after the last, or in the panel of weights.

Columns are counted from 0; step numbers need not be contiguous. Ops recorded outside of `time_step` (readouts, the loss) join the
column of the youngest step that they read if every column has such ops, and else stand right of the last column. States are handed
to the next step or, where a network reads backwards, to the step before; initial states stand on the side where they come in.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass

from ..records import GraphSnapshot, Record
from ..scopes import Frame

__all__ = ["BEFORE", "Key", "Places", "in_cell", "scope_of", "where_of"]

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


def where_of(scope: tuple[Frame, ...]) -> str:
    """Which of several layers and directions a scope lies in: `layer 2 ←`, `backward ←`, or nothing."""
    layers = ".".join(str(frame.get("layer")) for frame in scope if frame.get("layer") is not None)
    ways = [frame.get("direction") for frame in scope if frame.get("direction") is not None]
    word, arrow = (("forward", "→") if ways[-1] == 1 else ("backward", "←")) if ways else ("", "")
    return f"{f'layer {layers}' if layers else word} {arrow}".strip()


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
    cuts: dict[
        int, tuple[Key, int]
    ]  # detached states, likewise, and from which side they come (1: the left): no gradient goes there
    varying: frozenset[Key]  # inputs that have another name in another step, and so need no number

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

    def handed(self, graph: GraphSnapshot) -> set[Key]:
        """The ops that another step reads."""
        return {
            self.keys[p]
            for r in graph
            if r.id in self.column
            for p in r.parents
            if p in self.column and graph[p].kind == "op" and self.handed_on(p, r.id)
        }

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
        places = cls(steps, column, keys, frozenset(folded), tuple(shared), {}, {}, frozenset())
        places._initial_states(graph, users)
        places.varying = frozenset(key for key, found in names.items() if len(found) > 1)
        return places

    def _initial_states(self, graph: GraphSnapshot, users: Uses) -> None:
        """Constants that stand where other columns read a state: initial ones in the first column, detached ones in the others."""
        handed: dict[tuple[Key, int], tuple[Key, int]] = {}  # (who reads, slot) -> (which state, from which side)
        for r in graph:
            for slot, p in enumerate(r.parents):
                side = self.stepping(self.column.get(p, BEFORE), self.column.get(r.id, BEFORE))
                if side and graph[p].kind == r.kind == "op":
                    handed[self.keys[r.id], slot] = self.keys[p], side
        states = {(r.name, scope_of(r), r.shape): self.keys[r.id] for r in graph if r.kind == "op" and r.name}
        for r in graph:
            c = self.column.get(r.id, BEFORE)
            if r.kind != "constant" or not 0 <= c < self.after or not users[r.id]:
                continue
            found = [handed[key] for child, slot in users[r.id] if (key := (self.keys[child], slot)) in handed]
            scope = scope_of(graph[users[r.id][0][0]])
            state = states.get(((r.name or "").removesuffix("0"), scope, r.shape))
            if not found and state is not None:  # nothing hands it on where there is one step; then its name must do
                found = [(state, -1 if any(frame.get("direction") == -1 for frame in scope) else 1)]
            if not found:
                continue
            state, side = found[0]
            if c == (0 if side > 0 else self.after - 1) or r.name == f"{state[2]}0":
                self.starts[r.id] = state
                self.column[r.id], self.keys[r.id] = BEFORE if side > 0 else self.behind, ("start", state)
            else:
                self.cuts[r.id] = state, side
                del self.column[r.id]


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
    keys = _numbered(ops, column)
    for id, key in keys.items():
        found[key].add(column[id])
    for r in ops:  # what has no fellow in another column is the end, and so is all that follows
        late = any(column.get(p) == after for p in r.parents)
        if r.t is None and column[r.id] >= 0 and (late or len(found[keys[r.id]]) == 1):
            column[r.id] = after
    return column, _numbered(ops, column)


def _numbered(ops: list[Record], column: dict[int, int]) -> dict[int, Key]:
    """Scope, op, name, and which of those in a column that have these in common."""
    seen: Counter[Key] = Counter()
    keys: dict[int, Key] = {}
    for r in ops:
        key = (scope_of(r), r.op, r.name)
        place = (column[r.id], *key)
        keys[r.id] = (*key, seen[place])
        seen[place] += 1
    return keys
