"""The plan of a picture: which row and column every box stands in, and a way for every edge, on lattices without coordinates.

A picture is a row of tiles: what stands before the first step, the steps, one for the hidden steps, initial states that come in
from the right, what stands after the last step.
An edge inside a tile is one piece. An edge between tiles leaves its own tile on a lane (a row that runs through the sides), and
enters the other from there: two pieces, each found once however many steps there are.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from ..errors import GraphError
from .boxes import Box
from .route import LEFT, RIGHT, Lattice, Port, Vertex
from .steps import BEFORE, Key
from .template import Spot, layered, place_column, wrapped
from .view import HIDDEN, Edge, View

__all__ = ["Piece", "Plan", "Tile"]

HARDEST = 1_500_000  # places that the search for ways may look at: some seconds
Piece = tuple[str, Key, Key, Port, Port]  # tile, name of the piece, net, from, to


@dataclass
class Tile:
    """Boxes on a lattice; `lattice.line(k)` of column k becomes a coordinate when all edges are found."""

    spots: dict[Key, Spot]
    boxes: dict[Key, Box]
    lattice: Lattice
    pieces: dict[Key, list[Vertex]] = field(default_factory=dict)


class Plan:
    """Rows and columns, then ways."""

    def __init__(self, view: View, tracks: int) -> None:
        self.view, self.tracks = view, tracks
        self.after, self.behind = view.after, view.behind
        self.states: dict[Key, tuple[str, ...]] = {}  # of every box; in the last step it may hand on fewer
        for box in view.boxes:
            if len(box.states) >= len(self.states.get(box.key, ())):
                self.states[box.key] = box.states
        self.spans = {box.key: max(1, len(self.states[box.key])) if box.kind == "group" else 1 for box in view.boxes}
        columns: dict[str, dict[Key, Box]] = {"step": {}, "open": {}}  # the boxes of all steps; of those that are opened
        rank: dict[Key, int] = {}
        for column in view.kept:
            for k, box in enumerate(b for b in view.boxes if b.column == column):
                columns[self.kind_of(column)][box.key], rank[box.key] = box, max(k, rank.get(box.key, 0))
        self.same: dict[str, dict[tuple[Key, Key], None]] = defaultdict(dict)  # edges inside a tile, in the order of creation
        for e in view.edges:
            if e.source_column == e.target_column and not e.loop:
                self.same[self.kind_of(e.source_column)][e.source_key, e.target_key] = None
        self.fed: dict[str, set[Key]] = defaultdict(set)  # what edges from other tiles flow into
        for e in view.edges:
            if (e.source_column != e.target_column or e.loop) and e.target != HIDDEN:
                self.fed[self.kind_of(e.target_column)].add(e.target_key)
        self.step_spots: dict[str, dict[Key, Spot]] = {"step": {}, "open": {}}
        for kind, boxes in columns.items():
            inside = sorted(boxes.values(), key=lambda box: rank[box.key])
            if inside:
                around = self.same[kind], self.spans, self.fed[kind], self._lanes(boxes)
                self.step_spots[kind] = place_column(inside, *around)
        self._level()
        placed = [(key, row) for spots in self.step_spots.values() for key, (_, row) in spots.items()]
        top = max((row + self.spans[key] for key, row in placed), default=1)
        bottom = min((row for _, row in placed), default=0)
        self.buses: dict[Key, int] = {}
        self.readers: dict[tuple[Key, str], set[Key]] = defaultdict(set)  # after the last step, of all that have a key
        for e in view.edges:
            if e.target_column == self.after:
                self.readers[e.source_key, e.role].add(e.target_key)
        after = self._after()
        before = self._before(bottom)
        behind = self._behind()
        self.taken = {row for _, row in behind[0].values()}  # what goes from the steps to the end has to pass above these
        top = max([top, *(row + self.spans.get(key, 1) for key, (_, row) in after[0].items())])
        for e in view.edges:
            if self.far(e) and e.source_column != BEFORE:
                self.buses.setdefault(self._bus(e), top + len(self.buses))
        rows = [row for where in (*self.step_spots.values(), after[0], before[0], behind[0]) for _, row in where.values()]
        self.low = min([*rows, *self.buses.values()], default=0)
        self.rows = max([top - 1, *self.buses.values(), *rows]) - self.low + 1
        steps = {kind: (self.step_spots[kind], boxes) for kind, boxes in columns.items()}
        tiles = {**steps, "after": after, "before": before, "behind": behind}
        self.tiles = {kind: self._tile(*tile) for kind, tile in tiles.items()}
        self._wire()

    # ---- rows and columns

    def _lanes(self, step: dict[Key, Box]) -> dict[Key, tuple[int, list[Key]]]:
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
        """Beside steps that are opened the others move up or down, until the lowest lane of h runs straight on."""

        def lowest(spots: dict[Key, Spot]) -> int | None:
            return min((row for key, (_, row) in spots.items() if self.states[key][:1] == ("h",)), default=None)

        here, there = lowest(self.step_spots["step"]), lowest(self.step_spots["open"])
        if here is not None and there is not None:
            moved = {key: (column, row + there - here) for key, (column, row) in self.step_spots["step"].items()}
            self.step_spots["step"] = moved

    def _after(self) -> tuple[dict[Key, Spot], dict[Key, Box]]:
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
            source = self._spot_of(first.source_key, first.source_column)[1]
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

    def _before(self, bottom: int) -> tuple[dict[Key, Spot], dict[Key, Box]]:
        """Initial states stand in line with their lanes, everything else below all steps."""
        boxes = [b for b in self.view.boxes if b.column == BEFORE]
        others = [b for b in boxes if b.kind != "start"]
        placed: dict[Key, Spot] = {}
        if others:
            found = layered(others, self.same["before"], self.spans, across=True)
            high = max(row for _, row in found.values())
            placed = {key: (column, row + bottom - 1 - high) for key, (column, row) in found.items()}
            used: set[int] = set()
            for e in self.view.edges:
                lane = placed.get(e.source_key, (0, 0))[1]
                leaves = e.source_column == BEFORE != e.target_column and e.source_key in placed
                if leaves and ("before", e.source_key) not in self.buses:
                    while lane in used:
                        lane = min(used) - 1
                    used.add(lane)
                    self.buses["before", e.source_key] = lane
        last = max((column for column, _ in placed.values()), default=-1) + 1
        for box in boxes:
            if box.kind == "start":
                placed[box.key] = (last, self._state_row(box.key, 0))
        return placed, {b.key: b for b in boxes}

    def _behind(self) -> tuple[dict[Key, Spot], dict[Key, Box]]:
        """Initial states of what reads from the end stand in line with their lanes too."""
        boxes = [b for b in self.view.boxes if b.column == self.behind]
        placed = {b.key: (0, self._state_row(b.key, self.after - 1)) for b in boxes}
        return placed, {b.key: b for b in boxes}

    def _spot_of(self, key: Key, column: int) -> Spot:
        """Where a box stands in the tile of a column; where no such column is drawn, at the foot."""
        return self.step_spots.get(self.kind_of(column), {}).get(key, (0, 0))

    def _state_row(self, start: Key, column: int) -> int:
        """The row of the lane on which the state leaves that an initial state stands in for."""
        _, key, name = start
        assert isinstance(key, tuple)
        roles = self.states.get(key, ()) if self.spans.get(key, 1) > 1 else ()
        return self._spot_of(key, column)[1] + (roles.index(str(name)) if name in roles else 0)

    def _tile(self, spots: dict[Key, Spot], boxes: dict[Key, Box]) -> Tile:
        columns = max((column for column, _ in spots.values()), default=-1) + 1
        lattice = Lattice(columns, self.rows, self.tracks)
        for key, (column, row) in spots.items():
            lattice.put(key, column, row - self.low, self.spans.get(key, 1))
        return Tile(spots, boxes, lattice)

    # ---- ways

    def kind_of(self, column: int) -> str:
        ends = {BEFORE: "before", self.after: "after", self.behind: "behind"}
        return ends.get(column, "open" if column in self.view.opened else "step")

    def far(self, e: Edge) -> bool:
        """Whether an edge passes through a tile in which its row is not free, and so needs a row of its own."""
        if e.source_column == BEFORE:
            return e.target_column != 0
        if e.source_column == self.behind:
            return e.target_column != self.after - 1
        if e.source == HIDDEN and e.source_key not in self.step_spots["step"]:  # no column that is drawn has such a box
            return True
        if e.target_column == self.after and self._spot_of(e.source_key, e.source_column)[1] in self.taken:
            return True
        return abs(e.source_column - e.target_column) > 1

    def _bus(self, e: Edge) -> Key:
        if e.source_column == BEFORE:
            return ("before", e.source_key)
        if e.target_column == self.after:  # those that meet in one box may come on one track
            alone = len(self.readers[e.source_key, e.role]) > 1
            return ("after", e.source_key, e.role, e.source_column if alone else -1)
        far = e.target_column - e.source_column or e.loop
        return (e.source_key, e.role, far, e.source_column % abs(far))

    def _role(self, key: Key, role: str) -> int | None:
        """Which row of a box of several states."""
        states = self.states.get(key, ())
        return states.index(role) if len(states) > 1 and role in states else None

    def lane(self, e: Edge) -> int:
        bus = self._bus(e)
        if bus in self.buses and (self.far(e) or e.source_column == BEFORE):
            return self.buses[bus] - self.low
        kind = self.kind_of(e.source_column)
        if kind in ("before", "behind"):
            return self.tiles[kind].spots[e.source_key][1] - self.low
        return self.tiles[kind].spots[e.source_key][1] - self.low + (self._role(e.source_key, e.role) or 0)

    def pieces(self, e: Edge) -> list[Piece]:
        """(tile, name of the piece, net, from, to): one for an edge inside a tile, two for others."""
        kind, other = self.kind_of(e.source_column), self.kind_of(e.target_column)
        source = Port(e.source_key, self._role(e.source_key, e.role))
        if e.source_column == e.target_column and not e.loop:
            port = Port(e.target_key)
            return [(kind, (e.source_key, e.role, e.target_key), ("from", e.source_key, e.role), source, port)]
        lane = self.lane(e)
        side = RIGHT if e.target_column > e.source_column or e.loop > 0 else LEFT
        found: list[Piece] = []
        if e.source >= 0:
            name: Key = ("out", e.source_key, e.role, lane, side)
            found.append((kind, name, ("from", e.source_key, e.role), source, Port(None, lane, side)))
        if e.target != HIDDEN:
            in_row = None if kind == "after" or other == "after" else self._role(e.target_key, self._handed(e))
            name = ("in", lane, side, e.target_key, in_row)
            start = Port(None, lane, LEFT if side == RIGHT else RIGHT)
            found.append((other, name, ("lane", lane, side), start, Port(e.target_key, in_row)))
        return found

    def _handed(self, e: Edge) -> str:
        """The state that an edge brings into a box of several: its own name, or the one that an initial state stands in for."""
        if e.source_key[:1] != ("start",):
            return e.role
        return str(e.source_key[2])

    def _wire(self) -> None:
        """Find a way for every piece: level lanes first, then the straight ones, then the short ones."""
        wanted: dict[tuple[str, Key], tuple[Key, Port, Port]] = {}
        for e in self.view.edges:
            for kind, name, net, start, end in self.pieces(e):
                wanted.setdefault((kind, name), (net, start, end))

        def ease(item: tuple[tuple[str, Key], tuple[Key, Port, Port]]) -> tuple[bool, bool, float]:
            (kind, _), (_, start, end) = item
            lattice = self.tiles[kind].lattice
            (x, y), (x2, y2) = (self._spot(lattice, start), self._spot(lattice, end))
            return (x != x2 and y != y2, y != y2 or (start.box is not None and end.box is not None), abs(x - x2) + abs(y - y2))

        for (kind, name), (net, start, end) in sorted(wanted.items(), key=ease):
            self.tiles[kind].pieces[name] = self.tiles[kind].lattice.wire(net, start, end)
            self._refuse_too_entangled()

    @property
    def looked(self) -> int:
        """At how many places the search for ways looked: what the plan cost."""
        return sum(tile.lattice.looked for tile in self.tiles.values())

    def _refuse_too_entangled(self) -> None:
        if self.looked > HARDEST:
            less = "draw it at detail='gate' or 'cell'" + ("" if self.view.turns else ", or hide steps (elide=True)")
            raise GraphError(
                f"this graph of {len(self.view.boxes)} boxes is too entangled for a picture",
                hint=f"{less if self.view.steps else 'record the steps under time_step(t)'}; or let Graphviz place it: to_graphviz(loss)",
            )

    def _spot(self, lattice: Lattice, port: Port) -> Vertex:
        if port.box is not None:
            spots = lattice.spots[port.box]
            return spots[port.row if port.row is not None and port.row < len(spots) else 0]
        assert port.row is not None
        return (0 if port.side == LEFT else lattice.width - 1, lattice.line(port.row))

    def clashes(self) -> int:
        return sum(tile.lattice.clashes for tile in self.tiles.values())
