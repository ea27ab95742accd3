"""Where the boxes of a picture stand: in which tile, row and column, without coordinates.

A picture is a row of tiles: what stands before the first step, the steps, one for the hidden steps, initial states that come in
from the right, what stands after the last step. All steps are one kind of tile, those that are opened another. RowLabel are counted
upwards and go through all tiles; an edge that passes through tiles in which its row is not free gets a row of its own, a bus.
"""

from __future__ import annotations

from collections import defaultdict

from ..view.boxes import Box
from ..view.shown_graph import HIDDEN, Edge, View
from ..view.time_columns import BEFORE, Key
from .recipes import Spot, layered, place_column, wrapped

__all__ = ["Tiles"]

Placed = tuple[dict[Key, Spot], dict[Key, Box]]


class Tiles:
    """`kind` says which kind of tile a column is, and `tiles` holds the spots and boxes of every kind.

    `low` is the lowest row and `rows` how many there are.
    """

    def __init__(self, view: View) -> None:
        self.view, self.after, self.behind = view, view.after, view.behind
        self.kind = {column: "open" if column in view.opened else "step" for column in range(self.after)}
        self.kind |= {BEFORE: "before", self.after: "after", self.behind: "behind"}
        self.states: dict[Key, tuple[str, ...]] = {}  # of every box; in the last step it may hand on fewer
        for box in view.boxes:
            if len(box.states) >= len(self.states.get(box.key, ())):
                self.states[box.key] = box.states
        self.spans = {box.key: max(1, len(self.states[box.key])) if box.kind == "group" else 1 for box in view.boxes}
        self._sort_edges()
        columns = self._place_steps()
        heights = [row for spots in self.step_spots.values() for _, row in spots.values()]
        tops = [row + self.spans[key] for spots in self.step_spots.values() for key, (_, row) in spots.items()]
        self.buses: dict[Key, int] = {}
        after = self._after()
        before = self._before(min(heights, default=0))
        behind = self._behind()
        self.taken = {row for _, row in behind[0].values()}  # what goes from the steps to the end has to pass above these
        top = max([*(tops or [1]), *(row + self.spans.get(key, 1) for key, (_, row) in after[0].items())])
        for e in view.edges:
            if self.far(e) and e.source_column != BEFORE:
                self.buses.setdefault(self.bus(e), top + len(self.buses))
        rows = [*heights, *(row for where in (after, before, behind) for _, row in where[0].values())]
        self.low = min([*rows, *self.buses.values()], default=0)
        self.rows = max([top - 1, *self.buses.values(), *rows]) - self.low + 1
        steps = {kind: (self.step_spots[kind], boxes) for kind, boxes in columns.items()}
        self.tiles: dict[str, Placed] = {**steps, "after": after, "before": before, "behind": behind}

    def _sort_edges(self) -> None:
        """Edges inside a tile, in the order of creation; what edges from other tiles flow into; who reads after the last step."""
        self.same: dict[str, dict[tuple[Key, Key], None]] = defaultdict(dict)
        self.fed: dict[str, set[Key]] = defaultdict(set)
        self.readers: dict[tuple[Key, str], set[Key]] = defaultdict(set)
        for e in self.view.edges:
            if e.source_column == e.target_column and not e.loop:
                self.same[self.kind[e.source_column]][e.source_key, e.target_key] = None
            elif e.target != HIDDEN:
                self.fed[self.kind[e.target_column]].add(e.target_key)
            if e.target_column == self.after:
                self.readers[e.source_key, e.role].add(e.target_key)

    def _place_steps(self) -> dict[str, dict[Key, Box]]:
        """Set `step_spots`: one column for all steps, one for those that are opened. Returns the boxes of both."""
        columns: dict[str, dict[Key, Box]] = {"step": {}, "open": {}}
        rank: dict[Key, int] = {}
        for column in self.view.kept:
            for k, box in enumerate(b for b in self.view.boxes if b.column == column):
                columns[self.kind[column]][box.key], rank[box.key] = box, max(k, rank.get(box.key, 0))
        self.step_spots: dict[str, dict[Key, Spot]] = {"step": {}, "open": {}}
        for kind, boxes in columns.items():
            inside = sorted(boxes.values(), key=lambda box: rank[box.key])
            if inside:
                around = self.same[kind], self.spans, self.fed[kind], self._corridors(boxes)
                self.step_spots[kind] = place_column(inside, *around)
        self._level()
        return columns

    def far(self, e: Edge) -> bool:
        """Whether an edge passes through a tile in which its row is not free, and so needs a row of its own."""
        if e.source_column == BEFORE:
            return e.target_column != 0
        if e.source_column == self.behind:
            return e.target_column != self.after - 1
        if e.source == HIDDEN and e.source_key not in self.step_spots["step"]:  # no column that is drawn has such a box
            return True
        if e.target_column == self.after and self.spot_of(e.source_key, e.source_column)[1] in self.taken:
            return True
        return abs(e.source_column - e.target_column) > 1

    def bus(self, e: Edge) -> Key:
        """Edges with the same name share a row of their own."""
        if e.source_column == BEFORE:
            return ("before", e.source_key)
        if e.target_column == self.after:  # those that meet in one box may come on one track
            alone = len(self.readers[e.source_key, e.role]) > 1
            return ("after", e.source_key, e.role, e.source_column if alone else -1)
        far = e.target_column - e.source_column or e.loop
        return (e.source_key, e.role, far, e.source_column % abs(far))

    def _corridors(self, step: dict[Key, Box]) -> dict[Key, tuple[int, list[Key]]]:
        """Of every box that hands a state to a neighbour: to which side (1: right), and who reads it there."""
        found: dict[Key, tuple[int, list[Key]]] = {}
        for e in self.view.edges:
            side = e.loop or self.view.places.stepping(e.source_column, e.target_column)
            key = e.source_key
            if e.source_column in (BEFORE, self.behind) and key[:1] == ("start",):
                side, key = (1 if e.source_column == BEFORE else -1), key[1]  # type: ignore[assignment]
            if side and key in step and e.target != HIDDEN:
                readers = found.setdefault(key, (side, []))[1]
                if e.target_key not in readers:
                    readers.append(e.target_key)
        return found

    def _level(self) -> None:
        """Beside steps that are opened the others move up or down, until the lowest corridor of h runs straight on."""

        def lowest(spots: dict[Key, Spot]) -> int | None:
            return min((row for key, (_, row) in spots.items() if self.states[key][:1] == ("h",)), default=None)

        here, there = lowest(self.step_spots["step"]), lowest(self.step_spots["open"])
        if here is not None and there is not None:
            moved = {key: (column, row + there - here) for key, (column, row) in self.step_spots["step"].items()}
            self.step_spots["step"] = moved

    def _after(self) -> Placed:
        """What stands after the last step reads from left to right, in line with the state that it reads first."""
        boxes = [b for b in self.view.boxes if b.column == self.after]
        if not boxes:
            return {}, {}
        across = layered(boxes, self.same["after"], self.spans, self.fed["after"], across=True)
        if not self.view.steps:  # from top to bottom, as people read
            across = {key: (column, -row) for key, (column, row) in across.items()}
        placed = wrapped(across, 1)
        read = [e for e in self.view.edges if e.target_column == self.after and 0 <= e.source_column < self.after]
        if read:
            first = min(read, key=lambda e: (-e.source_column, e.target))
            source = self.spot_of(first.source_key, first.source_column)[1]
            heights = [row for spots in self.step_spots.values() for _, row in spots.values()]
            low, high = min(heights), max(heights)

            def beyond(spots: dict[Key, Spot]) -> int:  # how many rows the picture would have to grow by
                rows = [row for _, row in spots.values()]
                return max(0, max(rows) - high) + max(0, low - min(rows))

            ways = []
            for sign, down in ((1, 1), (-1, -1), (1, -1), (-1, 1)):
                lines = wrapped(across, down)
                entry = lines[first.target_key][1]
                ways.append({key: (column, source + sign * (row - entry)) for key, (column, row) in lines.items()})
            placed = min(ways, key=beyond)
        return placed, {b.key: b for b in boxes}

    def _before(self, bottom: int) -> Placed:
        """Initial states stand in line with their corridors, everything else below all steps."""
        boxes = [b for b in self.view.boxes if b.column == BEFORE]
        others = [b for b in boxes if b.kind != "start"]
        placed: dict[Key, Spot] = {}
        if others:
            found = layered(others, self.same["before"], self.spans, across=True)
            high = max(row for _, row in found.values())
            placed = {key: (column, row + bottom - 1 - high) for key, (column, row) in found.items()}
            used: set[int] = set()
            for e in self.view.edges:
                corridor = placed.get(e.source_key, (0, 0))[1]
                leaves = e.source_column == BEFORE != e.target_column and e.source_key in placed
                if leaves and ("before", e.source_key) not in self.buses:
                    while corridor in used:
                        corridor = min(used) - 1
                    used.add(corridor)
                    self.buses["before", e.source_key] = corridor
        last = max((column for column, _ in placed.values()), default=-1) + 1
        for box in boxes:
            if box.kind == "start":
                placed[box.key] = (last, self._state_row(box.key, 0))
        return placed, {b.key: b for b in boxes}

    def _behind(self) -> Placed:
        """Initial states of what reads from the end stand in line with their corridors too."""
        boxes = [b for b in self.view.boxes if b.column == self.behind]
        placed = {b.key: (0, self._state_row(b.key, self.after - 1)) for b in boxes}
        return placed, {b.key: b for b in boxes}

    def spot_of(self, key: Key, column: int) -> Spot:
        """Where a box stands in the tile of a column; where no such column is drawn, at the foot."""
        return self.step_spots.get(self.kind[column], {}).get(key, (0, 0))

    def _state_row(self, start: Key, column: int) -> int:
        """The row of the corridor on which the state leaves that an initial state stands in for."""
        _, key, name = start
        assert isinstance(key, tuple)
        roles = self.states.get(key, ()) if self.spans.get(key, 1) > 1 else ()
        return self.spot_of(key, column)[1] + (roles.index(str(name)) if name in roles else 0)
