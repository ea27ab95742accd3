"""What a picture shows of a graph: the boxes at a level of detail, the edges between them, and what is left out.

A view is a quotient of the graph: the members of its boxes, the pills of the panel, the numbers folded into labels and the
records of hidden steps hold every record once. Edges are keyed by (source, target, role), so that h and c stay two lanes.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field

import numpy as np

from ..records import GraphSnapshot, norm
from .boxes import Box, Chip, Measure, box_of, leaf_labels, pill_of
from .steps import Key, Places, scope_of

__all__ = ["HIDDEN", "Edge", "View", "view_of"]

Bars = tuple[tuple[int, float | None], ...]  # (step, strength of the state) of the hidden columns
HIDDEN = -1  # the end of an edge that lies in a hidden step


@dataclass(frozen=True)
class Edge:
    """Values that flow from a box to a box, and the gradient that flows back."""

    source: int  # a box's id, or HIDDEN
    target: int
    source_key: Key
    target_key: Key
    source_column: int
    target_column: int
    role: str  # which of several: the name of the state at cell level, the slot where one op uses a value twice
    strength: float | None
    uses: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class View:
    """All that the layout needs to know."""

    graph: GraphSnapshot
    level: str
    color: str
    places: Places = field(repr=False)
    boxes: tuple[Box, ...] = field(repr=False)
    edges: tuple[Edge, ...] = field(repr=False)
    pills: tuple[Box, ...]
    kept: tuple[int, ...]  # columns that are drawn
    hidden: tuple[int, ...]  # columns that are not
    hidden_records: tuple[int, ...] = field(repr=False)
    bars: Bars = field(repr=False)
    bars_of: str = ""  # the name of that state

    @property
    def steps(self) -> tuple[int, ...]:
        return self.places.steps

    @property
    def after(self) -> int:
        """The column of what stands after the last step."""
        return self.places.after

    def strengths(self) -> list[float | None]:
        """Everything that gets a colour."""
        boxes = [*self.boxes, *self.pills]
        chips = [chip.strength for box in self.boxes for chip in box.chips]
        return [*(b.strength for b in boxes), *chips, *(e.strength for e in self.edges), *(s for _, s in self.bars)]


def view_of(graph: GraphSnapshot, level: str, color: str, hide: tuple[int, ...], chips: bool) -> View:
    """The view at `level` ("op" or "cell") without the columns in `hide` (indices)."""
    places = Places.of(graph)
    measure = Measure(graph, color)
    hidden = set(hide)
    groups = _groups(graph, places, level)
    home = {member: group[-1] for group in groups for member in group}
    states = _states(graph, places, home)
    keys = _keys(graph, places, groups)
    at: dict[tuple[int, int], list[tuple[int, int]]] = defaultdict(list)  # (box, leaf) -> uses
    between: dict[tuple[int, int, Key, Key, int, int, str], dict[int, list[tuple[int, int]]]] = {}
    shared = set(places.shared)
    for r in graph:
        for slot, p in enumerate(r.parents):
            if p in shared:
                at[home[r.id], p].append((r.id, slot))
                continue
            if p in places.folded or home[p] == home[r.id]:
                continue
            a, b = places.column[p], places.column[r.id]
            ends = [HIDDEN if c in hidden else home[x] for x, c in ((p, a), (r.id, b))]
            # an initial state comes into the first column as the state of a step before it would
            if ends == [HIDDEN, HIDDEN] or (ends[1] == HIDDEN and b - a != 1) or (ends[0] == HIDDEN and a < 0):
                continue
            role = (graph[p].name or "") if level == "cell" and len(states[home[p]]) > 1 else ""
            if level == "op" and a == b and r.parents.count(p) > 1:  # a + a has two arrows: the gradients of both uses add up
                role = f"slot {slot}"
            edge = (*ends, keys[home[p]], keys[home[r.id]] if ends[1] != HIDDEN else (), a, b, role)
            between.setdefault(edge, defaultdict(list))[p].append((r.id, slot))  # type: ignore[arg-type]
    labels = leaf_labels(graph, places)
    boxes = []
    for group in groups:
        r = graph[group[-1]]
        if places.column[r.id] in hidden:
            continue
        leaves = [leaf for leaf in places.shared if chips and (r.id, leaf) in at]
        own = tuple(Chip(leaf, labels[leaf], measure.uses(graph[leaf], at[r.id, leaf]), tuple(at[r.id, leaf])) for leaf in leaves)
        boxes.append(box_of(graph, places, group, keys[r.id], measure.node(r), states[r.id], own))
    edges = []
    for edge, by_parent in between.items():
        parts = [measure.uses(graph[p], uses) for p, uses in by_parent.items()]
        known = [s for s in parts if s is not None]
        whole = norm(np.array(known)) if known else None
        edges.append(Edge(*edge, whole, tuple(use for uses in by_parent.values() for use in uses)))
    pills = tuple(pill_of(graph, leaf, labels[leaf], measure) for leaf in places.shared) if chips else ()
    bars_of, bars = _bars(graph, places, hide, measure)
    gone = tuple(id for group in groups if places.column[group[-1]] in hidden for id in group)
    kept = tuple(c for c in range(places.after) if c not in hidden)
    return View(graph, level, color, places, tuple(boxes), tuple(edges), pills, kept, tuple(hide), gone, bars, bars_of)


def _groups(graph: GraphSnapshot, places: Places, level: str) -> list[list[int]]:
    """The members of every box. At cell level: ops of one scope in one column, recorded one after the other.

    Such runs are stretches of a topological order, so the graph of the boxes has no cycle either.
    """
    groups: list[list[int]] = []
    open_group: list[int] = []
    last: tuple[object, ...] | None = None
    for r in graph:
        if r.id not in places.column:
            continue
        if r.kind != "op":
            groups.append([r.id])
            continue
        scope = scope_of(r)
        run = (places.column[r.id], scope)
        if level == "cell" and run == last:
            open_group.append(r.id)
            continue
        open_group = [r.id]
        groups.append(open_group)
        last = run
    return sorted(groups, key=lambda group: group[-1])


def _keys(graph: GraphSnapshot, places: Places, groups: list[list[int]]) -> dict[int, Key]:
    keys, seen = {}, Counter[Key]()
    for group in groups:
        id = group[-1]
        if len(group) == 1:
            keys[id] = places.keys[id]
            continue
        key = (places.column[id], scope_of(graph[id]))
        keys[id] = ("group", scope_of(graph[id]), seen[key])
        seen[key] += 1
    # an initial state names the state of which box it is: at cell level that is the whole box
    owner = {places.keys[member]: keys[group[-1]] for group in groups for member in group}
    for id in places.starts:
        keys[id] = ("start", owner[places.starts[id]], graph[id].name)
    return keys


def _states(graph: GraphSnapshot, places: Places, home: dict[int, int]) -> dict[int, tuple[str, ...]]:
    """The roles in which each box is read by another column, oldest last: (h, c) of an LSTM's box."""
    found: dict[int, dict[str, None]] = defaultdict(dict)
    by_key: dict[Key, set[str]] = defaultdict(set)
    for r in graph:
        for p in r.parents:
            if p in home and graph[p].kind == "op" and 0 <= places.column[p] < places.column[r.id] < places.after:
                by_key[places.keys[p]].add(graph[p].name or "")
    start_names = set(places.starts.values())
    for r in graph:
        if r.kind == "op" and (places.keys[r.id] in by_key or places.keys[r.id] in start_names):
            found[home[r.id]][r.name or ""] = None
    order = {id: tuple(sorted(names, key=lambda n: (n != "h", n))) for id, names in found.items()}
    return defaultdict(tuple, order)


def _bars(graph: GraphSnapshot, places: Places, hide: tuple[int, ...], measure: Measure) -> tuple[str, Bars]:
    """The strength of the first state (h, if there is one of that name) in every hidden column."""
    if not hide:
        return "", ()
    read: dict[Key, str] = {}
    for r in graph:
        for p in r.parents:
            if graph[p].kind != "op" or p not in places.column:
                continue
            a, b = places.column[p], places.column[r.id]
            if 0 <= a == b - 1 < places.after - 1:
                read[places.keys[p]] = graph[p].name or graph[p].symbol
    if not read:
        return "", ()
    wanted = min(read, key=lambda key: (read[key] != "h", read[key]))
    at = {places.column[r.id]: r for r in graph if places.keys.get(r.id) == wanted}
    return read[wanted], tuple((places.steps[c], measure.node(at[c]) if c in at else None) for c in hide)
