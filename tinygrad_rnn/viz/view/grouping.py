"""Which records share a box at a level of detail, what every box is known by, and which states it hands to other steps."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass

from ...replay.records import GraphSnapshot
from .time_columns import BEFORE, Key, Places, in_cell, scope_of

__all__ = ["Grouping"]


COMPUTED = {"max"}  # what `log_softmax` takes off: it is no data and takes no part in the gradient


@dataclass(frozen=True)
class Grouping:
    """A partition of the records that stand in columns; a box is known by its youngest member."""

    groups: tuple[tuple[int, ...], ...]  # in the order of their youngest members, which is a topological order
    home: dict[int, int]  # of every member: its box
    keys: dict[int, Key]  # of every box, and of every detached state the key of the box that it stands in for
    states: dict[int, tuple[str, ...]]  # of every box: the roles in which other steps read it, h first
    several: dict[Key, frozenset[str]]  # of boxes that hand on more than one state in some step: all of them
    held: frozenset[int]  # boxes that hand on more than a running sum

    @classmethod
    def of(cls, graph: GraphSnapshot, places: Places, level: str, opened: frozenset[int] = frozenset()) -> Grouping:
        """The partition at "op", "gate" or "cell" level; in the columns in `opened`, at "op" level."""
        levels = {id: "op" if column in opened else level for id, column in places.column.items()}
        groups = _groups(graph, places, levels)
        home = {member: group[-1] for group in groups for member in group}
        keys = _keys(graph, places, groups, levels)
        states, held = _states(graph, places, home)
        handed: dict[Key, frozenset[str]] = {}
        for id, names in states.items():
            if len(names) > 1:
                handed[keys[id]] = handed.get(keys[id], frozenset()) | {*names}
        return cls(groups, home, keys, states, handed, held)


def _groups(graph: GraphSnapshot, places: Places, levels: dict[int, str]) -> tuple[tuple[int, ...], ...]:
    """At cell level, ops of one scope in one column, recorded one after the other: such runs are stretches of a topological order.

    At gate level, in a cell, an op with a name and what leads to it alone: everything leaves such a box through that op. Either
    way the graph of the boxes has no cycle.
    """
    heads = _heads(graph, places) if "gate" in levels.values() else {}
    gates: dict[int, list[int]] = defaultdict(list)
    groups: list[list[int]] = []
    last: tuple[object, ...] | None = None
    turned = _turned_weights(graph, places)
    for r in graph:
        if r.id not in places.column:
            continue
        if levels[r.id] == "op" and r.id in turned:
            continue
        if r.kind != "op" or levels[r.id] == "op":
            groups.insert(0, [*(p for p in r.parents if p in turned and levels[p] == "op"), r.id])  # the last stays the open run
            last = last if r.kind != "op" else None
            continue
        run = (places.column[r.id], scope_of(r)) if r.id not in heads else None
        if run is None:
            gates[heads[r.id]].append(r.id)
        elif run == last:
            groups[-1].append(r.id)
        else:
            groups.append([r.id])
        last = run
    found = [*groups, *gates.values()]
    if set(levels.values()) != {"op"}:
        found = _with_computed(graph, found)
    return tuple(sorted(map(tuple, found), key=lambda group: group[-1]))


def _turned_weights(graph: GraphSnapshot, places: Places) -> set[int]:
    """Transposes of a weight that one op reads, where it stands: they are drawn with that op, `x W.T` as `x W`."""
    return {
        r.id
        for r in graph
        if r.op == "transpose"
        and not r.name
        and r.parents[0] in places.shared
        and len(readers := graph.reads(r)) == 1
        and places.column.get(readers[0][0]) == places.column.get(r.id)
    }


def _with_computed(graph: GraphSnapshot, groups: list[list[int]]) -> list[list[int]]:
    """Constants that were computed on the way join the box that reads them, which would else seem to have another input."""
    computed = {r.id for r in graph if r.kind == "constant" and r.name in COMPUTED}
    readers = {p: r.id for r in graph for p in r.parents if p in computed}
    home = {member: k for k, group in enumerate(groups) for member in group}
    joined: dict[int, list[int]] = defaultdict(list)
    for id, reader in readers.items():
        if id in home:
            joined[home[reader]].append(id)
    return [sorted([*joined[k], *group]) for k, group in enumerate(groups) if group[-1] not in readers or len(group) > 1]


def _heads(graph: GraphSnapshot, places: Places) -> dict[int, int]:
    """For every op in a cell the op that its gate ends in: itself, if it has a name or is read by more than one gate."""
    readers: dict[int, set[int]] = defaultdict(set)
    heads: dict[int, int] = {}
    for r in reversed(graph.records):
        if r.kind == "op" and r.t is not None and in_cell(r):
            gates = {heads.get(child, child) for child in readers[r.id]}
            head = gates.pop() if len(gates) == 1 and not r.name else r.id
            same = head in heads and (places.column[head], scope_of(graph[head])) == (places.column[r.id], scope_of(r))
            heads[r.id] = head if same else r.id
        for p in r.parents:
            readers[p].add(r.id)
    return heads


def _keys(graph: GraphSnapshot, places: Places, groups: tuple[tuple[int, ...], ...], levels: dict[int, str]) -> dict[int, Key]:
    keys, seen = {}, Counter[Key]()
    for group in groups:
        id = group[-1]
        if len(group) == 1 or levels[id] == "op" or (levels[id] == "gate" and in_cell(graph[id])):
            keys[id] = places.keys[id]
            continue
        key = (places.column[id], scope_of(graph[id]))
        keys[id] = ("group", scope_of(graph[id]), seen[key])
        seen[key] += 1
    # an initial state names the state of which box it is: at cell level that is the whole box; one column may differ from others
    owner = {(places.column[member], places.keys[member]): keys[group[-1]] for group in groups for member in group}
    anywhere = {state: key for (_, state), key in owner.items()}
    first = {BEFORE: 0, places.behind: places.after - 1}
    for id, state in places.starts.items():
        if places.keys[id][0] != "start":  # beside the start itself: known by who reads it
            continue
        column = first.get(places.column[id], places.column[id])
        keys[id] = ("start", owner.get((column, state), anywhere[state]), str(state[2] or ""))
    for id, (state, side) in places.cuts.items():
        reader = graph.reads(graph[id])[0][0]
        keys[id] = owner.get((places.column[reader] - side, state), anywhere[state])
    return keys


def _states(graph: GraphSnapshot, places: Places, home: dict[int, int]) -> tuple[dict[int, tuple[str, ...]], frozenset[int]]:
    found: dict[int, dict[str, None]] = defaultdict(dict)
    read = {*places.starts.values(), *(state for state, _ in places.cuts.values()), *places.handed(graph)}
    made, names = [r for r in graph if r.kind == "op" and places.keys[r.id] in read], places.state_names(graph)
    for r in made:
        found[home[r.id]][names[r.id]] = None
    order = {id: tuple(sorted(names, key=lambda n: (n != "h", n))) for id, names in found.items()}
    return defaultdict(tuple, order), frozenset(home[r.id] for r in made if r.shape)
