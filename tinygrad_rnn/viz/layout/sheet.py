"""One layout, or several that are compared, on one sheet of paper: under each other or side by side, under one legend."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from .placed_parts import Band, Layout, Route
from .size import Panel, PlacedBox

__all__ = ["CAPTION", "Sheet", "compared", "single"]

CAPTION = 15.0  # the font size
FOOT = 40.0  # room for the meaning of the shapes
ROOM, BETWEEN = 30.0, 12.0  # for a caption; between two layouts


@dataclass(frozen=True)
class Caption:
    """The title of one of several layouts."""

    words: str
    x: float
    y: float


@dataclass(frozen=True)
class Sheet:
    """Layouts with their places on one sheet."""

    layouts: tuple[Layout, ...]
    captions: tuple[Caption, ...]
    width: float
    height: float


def single(layout: Layout) -> Sheet:
    """A sheet for one layout, which needs no caption besides the title."""
    return Sheet((layout,), (), layout.width, layout.end + FOOT)


def compared(layouts: Sequence[Layout], captions: Sequence[str], across: bool) -> Sheet:
    """Several layouts under each other, or side by side (`across`)."""
    tallest = min((room.bottom - room.top for layout in layouts for _, _, room in layout.charts()), default=math.inf)
    layouts = [replace(layout, tallest=tallest) for layout in layouts]
    placed, words = [], []
    dx, dy = 0.0, ROOM
    first = [min((band.left for band in layout.bands), default=0.0) for layout in layouts]
    for k, (layout, caption) in enumerate(zip(layouts, captions, strict=True)):
        placed.append(_moved(layout, dx if across else max(first) - first[k], dy, dx))
        words.append(Caption(caption, dx + layout.margin, dy + layout.top - ROOM / 2 + 3))
        if across:
            dx += layout.width
        else:
            dy += layout.end - layout.top + ROOM + BETWEEN
    width, height = max(layout.width for layout in placed), max(layout.end for layout in placed)
    return Sheet(tuple(placed), tuple(words), width, height + FOOT)


def _moved(layout: Layout, dx: float, dy: float, panel_dx: float) -> Layout:
    """The same layout further to the right and further down; its panel of weights may move less."""

    def box(n: PlacedBox) -> PlacedBox:
        return replace(n, x=n.x + dx, y=n.y + dy)

    def band(b: Band) -> Band:
        return replace(b, left=b.left + dx, right=b.right + dx, top=b.top + dy, bottom=b.bottom + dy)

    def route(p: Route) -> Route:
        cut = None if p.cut is None else (p.cut[0] + dx, p.cut[1] + dy)
        return replace(p, points=tuple((x + dx, y + dy) for x, y in p.points), cut=cut)

    panel = Panel(
        tuple(replace(p, placed=replace(p.placed, x=p.placed.x + panel_dx, y=p.placed.y + dy)) for p in layout.panel.pills),
        tuple((words, y + dy) for words, y in layout.panel.headings),
        layout.panel.width,
        layout.panel.bottom + dy,
    )
    return replace(
        layout,
        boxes=tuple(map(box, layout.boxes)),
        routes=tuple(map(route, layout.routes)),
        bands=tuple(map(band, layout.bands)),
        gap=None if layout.gap is None else band(layout.gap),
        corridors=tuple(y + dy for y in layout.corridors),
        passing=tuple(y + dy for y in layout.passing),
        panel=panel,
        row_labels=tuple(replace(row, x=row.x + dx, top=row.top + dy, bottom=row.bottom + dy) for row in layout.row_labels),
        loops=None if layout.loops is None else (layout.loops[0] + dx, layout.loops[1] + dy, layout.loops[2]),
        margin=layout.margin + panel_dx,
        top=layout.top + dy,
        width=layout.width + dx,
        end=layout.end + dy,
    )
