"""From a view to coordinates: every box, chip and edge of a picture, in pixels, y downwards.

Rows are as high as their highest box and gaps as wide as the tracks in them need, so nothing is wasted and nothing touches.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from itertools import pairwise

from ..view.boxes import Box
from ..view.shown_graph import HIDDEN, Edge, View
from ..view.time_columns import BEFORE
from .placed_parts import Band, Layout, Route, RowLabel
from .routing import Plan, Tile
from .size import CHIP_HEIGHT, PlacedBox, corner_chip, panel_of, size_of, text_width
from .tiles import Tiles

__all__ = ["arrange"]

TRACK, PRE, POST, STRAIGHT = 7.0, 9.0, 13.0, 17.0  # between tracks; room before the first and after the last; a gap without any
PATIENCE = 60_000  # places a plan with shared tracks may have looked at, if another one shall be made
GUTTER = 8.0  # half of the room between two steps
TOP = 64.0
MARGIN = 26.0
LOOP = 20.0  # between the tracks of corridors that are led back in a rolled view
GAP = 244.0  # the width of the tile of hidden steps


def arrange(view: View) -> Layout:
    """The layout of a view. With more tracks, if some edges had to share one and there is hope."""
    placed = Tiles(view)
    plan = Plan(placed, 3)
    if plan.clashes() and plan.looked < PATIENCE:
        plan = min(plan, Plan(placed, 5), key=Plan.clashes)
    return Coordinates(plan).layout()


class Coordinates:
    """The coordinates of the lines of a plan."""

    def __init__(self, plan: Plan) -> None:
        self.plan, self.placed, self.view, self.tiles = plan, plan.placed, plan.view, plan.tiles
        self.after, self.behind = self.view.after, self.view.behind
        self.size = {box.id: size_of(box) for box in plan.view.boxes}
        self.hanging = {box.id for box in plan.view.boxes if corner_chip(box)}
        self.x: dict[str, dict[int, float]] = {}
        self.wide: dict[str, float] = {}
        for kind, tile in self.tiles.items():
            self.x[kind], self.wide[kind] = self._columns(kind, tile)
        self.loops = self._loops()
        self.y = self._rows()

    def _loops(self) -> dict[tuple[int, int], int]:
        """Of every corridor that is led back around its tile: the number of its track; the highest corridor has the innermost."""
        corridors = {(self.plan.corridor(e), e.loop) for e in self.view.edges if e.loop}
        return {corridor: k for k, corridor in enumerate(sorted(corridors, reverse=True))}

    def layout(self) -> Layout:
        """Everything in its place."""
        view, y = self.view, self.y
        panel = panel_of(view.pills, TOP, "∂ " if view.color == "grad" else "rms ")
        row = view.places.row
        names = {box.block: row(box.block[1:]) for box in view.boxes if box.block[0] == "cell"}  # type: ignore[arg-type]
        beside = (
            MARGIN + panel.width + max((text_width(name, 12, bold=True) + 18 for name in names.values() if name), default=0.0)
        )
        left, gap, right = self._sides(beside)
        boxes = [self._placed(box, left) for box in view.boxes]
        at = {placed.box.id: placed for placed in boxes}
        routes = tuple(self._route(e, left, at, gap) for e in view.edges)
        corridors = {p.points[-1 if p.edge.target == HIDDEN else 0][1] for p in routes if p.dashed}
        passing = {
            y1
            for p in routes
            for (x1, y1), (x2, _) in pairwise(p.points)
            if gap and min(x1, x2) < gap.left and gap.right < max(x1, x2)
        }
        beside_them = boxes if not view.opened else [n for n in boxes if n.box.column == view.kept[0]]
        ends = {name: [n for n in beside_them if n.box.block == block] for block, name in names.items() if name}
        row_labels = tuple(
            RowLabel(name, beside - 6, min(n.y - n.height / 2 for n in own), max(n.y + n.height / 2 for n in own))
            for name, own in ends.items()
            if own  # a cell that runs in other steps than the first has no box there
        )
        end = max(max(y.values()) + (26 if self.after else 10), panel.bottom + 4)
        across = tuple(sorted(corridors)), tuple(sorted(passing))
        bands = self._bands(left, right)
        return Layout(
            view,
            tuple(boxes),
            routes,
            bands,
            gap,
            *across,
            panel,
            row_labels,
            _loops_of(routes),
            MARGIN,
            TOP,
            right + MARGIN - GUTTER,
            end,
        )

    def _sides(self, x: float) -> tuple[dict[int, float], Band | None, float]:
        """The left side of every column that is drawn, the tile of the hidden ones, and where the last one ends."""
        around = PRE + LOOP * len(self.loops) if self.loops else 0.0
        left: dict[int, float] = {}
        gap = None
        if self.tiles["before"].spots:
            left[BEFORE], x = x, x + self.wide["before"]
        for column in range(self.after):
            if column not in self.view.hidden:
                left[column], x = x + around, x + self.wide[self.placed.kind[column]] + 2 * around
            elif gap is None:
                gap, x = Band(HIDDEN, x + GUTTER, x + GAP - GUTTER, min(self.y.values()), max(self.y.values())), x + GAP
        for kind, column in (("behind", self.behind), ("after", self.after)):
            if self.tiles[kind].spots:
                left[column], x = x, x + self.wide[kind]
        return left, gap, x

    def _placed(self, box: Box, left: dict[int, float]) -> PlacedBox:
        kind = self.placed.kind[box.column]
        spots = self.tiles[kind].lattice.spots[box.key]
        ys = [self.y[line] for _, line in spots]
        wide, high = self.size[box.id]
        high = max(high, ys[0] - ys[-1] + 34) if len(ys) > 1 else high
        return PlacedBox(box, left[box.column] + self.x[kind][spots[0][0]], (ys[0] + ys[-1]) / 2, wide, high)

    def _bands(self, left: dict[int, float], right: float) -> tuple[Band, ...]:
        view, after = self.view, self.after
        top, bottom = min(self.y.values()), max(self.y.values())
        bands = []
        for column in view.kept:
            words = f"each step, × {view.turns}" if view.turns else f"t = {view.steps[column]}"
            end = left[column] + self.wide[self.placed.kind[column]]
            bands.append(Band(column, left[column] + GUTTER, end - GUTTER, top, bottom, words))
        if after in left and after:
            used = {p for box in view.boxes if box.column == after for m in box.members for p in view.graph[m].parents}
            readout = any(view.graph[p].kind == "parameter" for p in used)
            band = Band(after, left[after] + GUTTER, right - GUTTER, top, bottom)
            wide = band.right - band.left > 110
            bands.append(replace(band, words="readout and loss" if readout and wide else "loss"))
        return tuple(bands)

    def _used(self, tile: Tile, level: bool) -> set[int]:
        """The tracks along which something runs (level: rows, else columns)."""
        k = 1 if level else 0
        used = set()
        for corners in tile.pieces.values():
            used |= {a[k] for a, b in pairwise(corners) if a[k] == b[k] and a[k] % tile.lattice.pitch}
        return used

    def _rows(self) -> dict[int, float]:
        """The y of every line that is used. Rows are as high as their highest box, gaps as wide as their tracks need."""
        pitch = self.plan.tracks + 1
        used: set[int] = set()
        high: dict[int, float] = defaultdict(lambda: 14.0)
        hangs: set[int] = set()
        for tile in self.tiles.values():
            used |= self._used(tile, level=True)
        for box in self.view.boxes:
            row = self.tiles[self.placed.kind[box.column]].spots[box.key][1] - self.placed.low
            span = self.placed.spans.get(box.key, 1)
            share = self.size[box.id][1] if span == 1 else (self.size[box.id][1] - STRAIGHT) / span
            for k in range(span):
                high[row + k] = max(high[row + k], share)
            if box.id in self.hanging:
                hangs.add(row)
        y: dict[int, float] = {}
        at = 0.0
        for row in range(self.placed.rows + 1):
            tracks = [t for t in range(row * pitch + 1, (row + 1) * pitch) if t in used]
            room = CHIP_HEIGHT / 2 if row in hangs else 0.0
            edge = row in (0, self.placed.rows)
            for k, track in enumerate(tracks):
                y[track] = at + PRE + TRACK * k
            at += PRE + TRACK * (len(tracks) - 1) + POST + room if tracks else (14.0 + room if edge else STRAIGHT + room)
            if row < self.placed.rows:
                y[(row + 1) * pitch] = at + high[row] / 2
                at += high[row]
        y[0], y[(self.placed.rows + 1) * pitch] = 0.0, at
        return {line: TOP + PRE * bool(self.loops) + LOOP * len(self.loops) + at - value for line, value in y.items()}

    def _columns(self, kind: str, tile: Tile) -> tuple[dict[int, float], float]:
        """The x of every line that is used, from the left side of the tile, and the width of the tile."""
        pitch = tile.lattice.pitch
        used = self._used(tile, level=False)
        wide: dict[int, float] = defaultdict(lambda: 10.0)
        hangs: dict[int, float] = defaultdict(float)
        for box in self.view.boxes:
            if self.placed.kind[box.column] == kind:
                column = tile.spots[box.key][0]
                wide[column] = max(wide[column], self.size[box.id][0])
                hangs[column] = max(hangs[column], 8.0 if box.id in self.hanging else 0.0)
        columns = (tile.lattice.width - 1) // pitch - 1
        x: dict[int, float] = {0: 0.0}
        at = 0.0
        for column in range(columns + 1):
            tracks = [t for t in range(column * pitch + 1, (column + 1) * pitch) if t in used]
            ends = column in (0, columns)
            at += GUTTER if column == 0 else 0.0
            for k, track in enumerate(tracks):
                x[track] = at + PRE + TRACK * k
            at += PRE + TRACK * (len(tracks) - 1) + POST if tracks else 10.0 if ends else STRAIGHT
            at += hangs[column] + (GUTTER if column == columns else 0.0)
            if column < columns:
                x[(column + 1) * pitch] = at + wide[column] / 2
                at += wide[column]
        x[tile.lattice.width - 1] = at
        return x, at

    def _route(self, e: Edge, left: dict[int, float], at: dict[int, PlacedBox], gap: Band | None) -> Route:
        y = self.y
        points: list[tuple[float, float]] = []
        for kind, name, _, _, _ in self.plan.pieces(e):
            column = e.source_column if name[0] == "out" or e.source_column == e.target_column else e.target_column
            if e.loop and name[0] == "in":
                points += self._around(left[column], points[-1], e)
            points += [(left[column] + self.x[kind][x], y[line]) for x, line in self.tiles[kind].pieces[name]]
        rightwards = e.source_column < e.target_column
        if gap is not None and e.source == HIDDEN:
            points.insert(0, (gap.right if rightwards else gap.left, points[0][1]))
        if gap is not None and e.target == HIDDEN:
            points[-1] = (gap.left if rightwards else gap.right, points[-1][1])
        points = _corners(points)
        if e.source >= 0:
            points[0] = _border(at[e.source], points[0], points[1])
        if e.target >= 0:
            points[-1] = _border(at[e.target], points[-1], points[-2])
        hands_on = e.loop != 0 or (self.view.places.stepping(e.source_column, e.target_column) != 0 and not self.placed.far(e))
        side = left[e.target_column] + (0.0 if rightwards else self.wide[self.placed.kind[e.target_column]]) if e.cut else 0.0
        cut = (side, points[0][1]) if e.cut and e.source >= 0 else points[0] if e.cut else None
        return Route(e, tuple(points), HIDDEN in (e.source, e.target), hands_on, cut)

    def _around(self, left: float, start: tuple[float, float], e: Edge) -> list[tuple[float, float]]:
        """The way of a corridor from one side of the tile over its top to the other side."""
        out = PRE + LOOP * self.loops[self.plan.corridor(e), e.loop]
        sides = [left - out, left + self.wide["step"] + out]
        top = min(self.y.values()) - out
        first, second = sides[::-1] if e.loop > 0 else sides
        return [(first, start[1]), (first, top), (second, top), (second, start[1])]


def _loops_of(routes: tuple[Route, ...]) -> tuple[float, float, str] | None:
    """The middle of the highest corridor that is led back, and where these corridors lead to."""
    turning = [route for route in routes if route.edge.loop]
    if not turning:
        return None
    (x1, y1), (x2, _) = min((line for route in turning for line in pairwise(route.points)), key=_height)
    ways = {route.edge.loop for route in turning}
    to = {1: "to the next step", -1: "to the step before"}
    return (x1 + x2) / 2, y1, to[ways.pop()] if len(ways) == 1 else f"→ {to[1]}, ← {to[-1]}"


def _height(line: tuple[tuple[float, float], tuple[float, float]]) -> float:
    """How far down the lower end of a line is."""
    return max(y for _, y in line)


def _corners(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """The points without doubles and without those in the middle of a straight line."""
    kept: list[tuple[float, float]] = []
    for p in points:
        if kept and abs(p[0] - kept[-1][0]) + abs(p[1] - kept[-1][1]) < 0.01:
            continue
        if len(kept) > 1 and (kept[-2][0] == kept[-1][0] == p[0] or kept[-2][1] == kept[-1][1] == p[1]):
            kept.pop()
        kept.append(p)
    return kept


def _border(placed: PlacedBox, inside: tuple[float, float], outside: tuple[float, float]) -> tuple[float, float]:
    """Where a line from inside a box to the outside crosses its border."""
    if inside[1] == outside[1]:
        return (placed.x + placed.width / 2 * (1 if outside[0] > inside[0] else -1), inside[1])
    return (inside[0], placed.y + placed.height / 2 * (1 if outside[1] > inside[1] else -1))
