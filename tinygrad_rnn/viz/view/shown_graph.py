"""What a picture shows of a graph: the boxes at a level of detail, the edges between them, and what is left out.

A view is a quotient of the graph: the members of its boxes, the pills of the panel, the numbers folded into labels and the
records of hidden steps hold every record once. Edges are keyed by (source, target, role), so that h and c stay two edges.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from ...engine.arrays import norm
from ...replay.records import GraphSnapshot, Record
from .boxes import Box, Measure, box_of, leaf_labels, pill_of
from .grouping import Grouping
from .hidden_steps import Series, series_of
from .time_columns import Key, Places, in_cell

__all__ = ["HIDDEN", "Edge", "EdgeUse", "View", "view_of"]

EdgeUse = tuple[int, int]  # (child, slot)
Ends = tuple[int, int, Key, Key, int, int, str, bool]  # an Edge without its strength
HIDDEN = -1  # the end of an edge that lies in a hidden step
CUT = -2  # the start of an edge out of a detached state whose step is not drawn


@dataclass(frozen=True)
class Edge:
    """Values that flow from a box to a box, and the gradient that flows back."""

    source: int  # a box's id, HIDDEN or CUT
    target: int
    source_key: Key
    target_key: Key
    source_column: int
    target_column: int
    role: str  # which of several: the name of the state at cell level, the slot where one op uses a value twice
    strength: float | None
    uses: tuple[EdgeUse, ...]
    cut: bool = False  # the state was detached: values flow, and no gradient comes back
    loop: int = 0  # in a rolled view: leads on to the next step (1) or to the one before (-1)


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
    series: tuple[Series, ...] = field(repr=False)  # the states of the hidden steps
    weights: str = "chips"  # or "edges", "hidden"
    turns: int = 0  # of a rolled view: how many steps are folded into its one column
    opened: frozenset[int] = frozenset()  # columns at "op" level, whatever the others are

    @property
    def steps(self) -> tuple[int, ...]:
        return self.places.steps

    @property
    def after(self) -> int:
        """The column of what stands after the last step."""
        return self.places.after

    @property
    def behind(self) -> int:
        """The column of initial states that come in from the right."""
        return self.places.behind

    @property
    def meetings(self) -> int:
        """How many boxes after the last step read a step before the last: with more than a few, the ways there make a knot."""
        ends = {e.target for e in self.edges if e.target_column == self.after and 0 <= e.source_column < self.after - 1}
        return len(ends)

    def strengths(self) -> dict[Hashable, float | None]:
        """Of everything that gets a colour: a box by its id, a chip by (box, weight), an edge, a bar by (state, where, step)."""
        found: dict[Hashable, float | None] = {box.id: box.strength for box in (*self.boxes, *self.pills)}
        found.update({(box.id, chip.leaf): chip.strength for box in self.boxes for chip in box.chips})
        found.update({edge: edge.strength for edge in self.edges})
        found.update({(line.name, line.where, step): s for line in self.series for step, s in line.bars})
        return found


def view_of(
    graph: GraphSnapshot, level: str, color: str, hide: tuple[int, ...], weights: str, opened: frozenset[int] = frozenset()
) -> View:
    """The view at `level` ("op", "gate" or "cell") without the columns in `hide` (indices); those in `opened` are at "op" level."""
    places = Places.of(graph)
    return Quotient(
        graph, places, Grouping.of(graph, places, level, opened), level, Measure(graph, color), frozenset(hide), weights, opened
    ).view()


@dataclass
class Quotient:
    """Builds a view from a partition."""

    graph: GraphSnapshot
    places: Places
    grouping: Grouping
    level: str
    measure: Measure
    hidden: frozenset[int]
    weights: str
    opened: frozenset[int] = frozenset()
    at: dict[tuple[int, int], list[EdgeUse]] = field(default_factory=lambda: defaultdict(list))  # (box, leaf) -> uses
    between: dict[Ends, dict[int, list[EdgeUse]]] = field(default_factory=dict)  # edge -> parent -> uses

    @cached_property
    def names(self) -> dict[int, str]:
        """What states are called."""
        return self.places.state_names(self.graph)

    @cached_property
    def makers(self) -> dict[tuple[int, Key], int]:
        """The op that makes a state in a column."""
        wanted = {state for state, _ in self.places.cuts.values()}
        keys = self.places.keys
        return {(self.places.column[r.id], keys[r.id]): r.id for r in self.graph if r.id in keys and keys[r.id] in wanted}

    def view(self) -> View:
        graph, places, grouping = self.graph, self.places, self.grouping
        shared = set(places.shared)
        for r in graph:
            for slot, p in enumerate(r.parents):
                if p in shared:
                    self.at[grouping.home[r.id], p].append((r.id, slot))
                elif p not in places.folded and (ends := self.ends(r, slot, p)) is not None:
                    self.between.setdefault(ends, defaultdict(list))[p].append((r.id, slot))
        labels = leaf_labels(graph, places)
        boxes = [self.box(group, labels) for group in grouping.groups if places.column[group[-1]] not in self.hidden]
        pills = [pill_of(places, self.measure, leaf, labels[leaf]) for leaf in places.shared] if self.weights != "hidden" else []
        named = [pill for pill in pills if pill.where]  # the highest layer on top, as in the picture
        blocks = list(dict.fromkeys(pill.block for pill in named))[::-1]
        pills = sorted(named, key=lambda pill: blocks.index(pill.block)) + [pill for pill in pills if not pill.where]
        gone = (*places.cuts, *(id for group in grouping.groups if places.column[group[-1]] in self.hidden for id in group))
        kept = tuple(c for c in range(places.after) if c not in self.hidden)
        hidden, level, color = tuple(sorted(self.hidden)), self.level, self.measure.color
        parts, series = (tuple(boxes), self.edges(), tuple(pills)), series_of(graph, places, self.measure, hidden)
        return View(graph, level, color, places, *parts, kept, hidden, gone, series, self.weights, 0, self.opened)

    def ends(self, r: Record, slot: int, p: int) -> Ends | None:
        """The edge that stands for input `slot` of r, which is p; None inside a box and between hidden steps."""
        places, keys, home = self.places, self.grouping.keys, self.grouping.home
        b, target = places.column[r.id], home[r.id]
        if p in places.cuts:
            state, side = places.cuts[p]
            name = str(state[2] or "") if keys[p] in self.grouping.several else ""
            before = self.makers.get((b - side, state))
            source = CUT if before is None or b - side in self.hidden else home[before]
            return (source, target, keys[p], keys[target], b - side, b, name, True) if b not in self.hidden else None
        if home[p] == target:
            return None
        a, role = places.column[p], ""
        several = self.grouping.several
        name, stepping = self.names.get(p, self.graph[p].name or ""), places.stepping(a, b)
        handed = several.get(keys[home[p]], frozenset())
        # between the same two boxes, different states are two edges; what is no state goes along as one
        if self.level == "cell" and (name in handed or (stepping and (handed or keys[target] in several))):
            role = name
        elif (
            (self.level == "op" or b in self.opened) and a == b and r.parents.count(p) > 1
        ):  # a + a has two arrows: the gradients of both uses add up
            role = f"slot {slot}"
        if b not in self.hidden and a in self.hidden:
            if not places.stepping(a, b):  # edges that come from several hidden steps are one
                a = min(self.hidden) if a < b else max(self.hidden)
            return (HIDDEN, target, keys[home[p]], keys[target], a, b, role, False)
        if b not in self.hidden:
            return (home[p], target, keys[home[p]], keys[target], a, b, role, False)
        return (home[p], HIDDEN, keys[home[p]], (), a, b, role, False) if a not in self.hidden and places.stepping(a, b) else None

    def box(self, group: tuple[int, ...], labels: dict[int, str]) -> Box:
        r = self.graph.records[group[-1]]
        leaves = [leaf for leaf in self.places.shared if self.weights != "hidden" and (r.id, leaf) in self.at]
        uses = [(leaf, labels[leaf], tuple(self.at[r.id, leaf])) for leaf in leaves]
        gate = (
            self.level == "gate"
            and self.places.column[r.id] not in self.opened
            and r.kind == "op"
            and r.t is not None
            and in_cell(r)
        )
        key, held, states = self.grouping.keys[r.id], r.id in self.grouping.held, self.grouping.states[r.id]
        return box_of(self.places, self.measure, group, key, gate, held, states, uses)

    def edges(self) -> tuple[Edge, ...]:
        found = []
        for ends, by_parent in self.between.items():
            parts = [self.measure.uses(self.graph.records[p], uses) for p, uses in by_parent.items()]
            known = [s for s in parts if s is not None]
            whole = norm(np.array(known)) if known else None
            found.append(Edge(*ends[:7], whole, tuple(use for uses in by_parent.values() for use in uses), ends[7]))
        return tuple(found)
