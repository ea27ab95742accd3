"""The plan of a picture: a way for every edge, on lattices without coordinates.

An edge inside a tile is one piece. An edge between tiles leaves its own tile on a corridor (a row that runs through the sides), and
enters the other from there: two pieces, each found once however many steps there are.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from ...errors import GraphError
from ..view.shown_graph import HIDDEN, Edge
from ..view.time_columns import BEFORE, Key
from .lattice import LEFT, RIGHT, Lattice, Port, Vertex
from .recipes import Spot
from .tiles import Tiles

__all__ = ["Plan", "Tile"]

HARDEST = 1_500_000  # places that the search for ways may look at: some seconds
Piece = tuple[str, Key, Key, Port, Port]  # tile, name of the piece, net, from, to


@dataclass
class Tile:
    """Boxes on a lattice; `lattice.line(k)` of column k becomes a coordinate when all edges are found."""

    spots: dict[Key, Spot]
    lattice: Lattice
    pieces: dict[Key, list[Vertex]] = field(default_factory=dict)


class Plan:
    """The tiles with as many tracks between two rows or columns, and a way for every edge."""

    def __init__(self, placed: Tiles, tracks: int) -> None:
        self.placed, self.view, self.tracks = placed, placed.view, tracks
        self.tiles = {kind: self._tile(spots) for kind, (spots, _) in placed.tiles.items()}
        self._wire()

    def _tile(self, spots: dict[Key, Spot]) -> Tile:
        columns = max((column for column, _ in spots.values()), default=-1) + 1
        lattice = Lattice(columns, self.placed.rows, self.tracks)
        for key, (column, row) in spots.items():
            lattice.put(key, column, row - self.placed.low, self.placed.spans.get(key, 1))
        return Tile(spots, lattice)

    def _role(self, key: Key, role: str) -> int | None:
        """Which row of a box of several states."""
        states = self.placed.states.get(key, ())
        return states.index(role) if len(states) > 1 and role in states else None

    def corridor(self, e: Edge) -> int:
        """The row, counted from the lowest, on which an edge runs through the sides of tiles."""
        bus = self.placed.bus(e)
        if bus in self.placed.buses and (self.placed.far(e) or e.source_column == BEFORE):
            return self.placed.buses[bus] - self.placed.low
        kind = self.placed.kind[e.source_column]
        if kind in ("before", "behind"):
            return self.tiles[kind].spots[e.source_key][1] - self.placed.low
        return self.tiles[kind].spots[e.source_key][1] - self.placed.low + (self._role(e.source_key, e.role) or 0)

    def pieces(self, e: Edge) -> list[Piece]:
        """(tile, name of the piece, net, from, to): one for an edge inside a tile, two for others."""
        kind, other = self.placed.kind[e.source_column], self.placed.kind[e.target_column]
        source = Port(e.source_key, self._role(e.source_key, e.role))
        if e.source_column == e.target_column and not e.loop:
            port = Port(e.target_key)
            return [(kind, (e.source_key, e.role, e.target_key), ("from", e.source_key, e.role), source, port)]
        corridor = self.corridor(e)
        side = RIGHT if e.target_column > e.source_column or e.loop > 0 else LEFT
        found: list[Piece] = []
        if e.source >= 0:
            name: Key = ("out", e.source_key, e.role, corridor, side)
            found.append((kind, name, ("from", e.source_key, e.role), source, Port(None, corridor, side)))
        if e.target != HIDDEN:
            in_row = None if kind == "after" or other == "after" else self._role(e.target_key, self._handed(e))
            name = ("in", corridor, side, e.target_key, in_row)
            start = Port(None, corridor, LEFT if side == RIGHT else RIGHT)
            found.append((other, name, ("corridor", corridor, side), start, Port(e.target_key, in_row)))
        return found

    def _handed(self, e: Edge) -> str:
        """The state that an edge brings into a box of several: its own name, or the one that an initial state stands in for."""
        if e.source_key[:1] != ("start",):
            return e.role
        return str(e.source_key[2])

    def _wire(self) -> None:
        """Find a way for every piece: level corridors first, then the straight ones, then the short ones."""
        wanted: dict[tuple[str, Key], tuple[Key, Port, Port]] = {}
        for e in self.view.edges:
            for kind, name, net, start, end in self.pieces(e):
                wanted.setdefault((kind, name), (net, start, end))

        def ease(item: tuple[tuple[str, Key], tuple[Key, Port, Port]]) -> tuple[bool, bool, float]:
            (kind, _), (_, start, end) = item
            lattice = self.tiles[kind].lattice
            (x, y), (x2, y2) = (self._spot(lattice, start), self._spot(lattice, end))
            # out of a box of several corridors, but on none of them: it has to go around them
            around = start.box is not None and start.row is None and end.box is None and len(lattice.spots[start.box]) > 1
            return (
                around or (x != x2 and y != y2),
                y != y2 or (start.box is not None and end.box is not None),
                abs(x - x2) + abs(y - y2),
            )

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
        """How many edges had to share a track with another."""
        return sum(tile.lattice.clashes for tile in self.tiles.values())
