"""What a finished layout holds, in coordinates: placed boxes, routes of edges, columns and what stands beside them, y downwards."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

from ..view.boxes import Chip
from ..view.hidden_steps import Series
from ..view.shown_graph import Edge, View
from .size import Panel, PlacedBox, chip_spots

__all__ = ["Band", "Layout", "Route", "RowLabel", "threads"]


@dataclass(frozen=True)
class Route:
    """An edge with its corners, from border to border."""

    edge: Edge
    points: tuple[tuple[float, float], ...]
    dashed: bool  # one end lies in a hidden step
    hands_on: bool  # hands a state to the next step
    cut: tuple[float, float] | None = None  # where a detached state crosses into the next step


@dataclass(frozen=True)
class Band:
    """The background of a tile, and what stands below it."""

    column: int
    left: float
    right: float
    top: float
    bottom: float
    words: str = ""


@dataclass(frozen=True)
class RowLabel:
    """The rows of one layer or direction: its name stands left of x."""

    words: str
    x: float
    top: float
    bottom: float


@dataclass
class Layout:
    """A picture in coordinates, the same for every back end."""

    view: View = field(repr=False)
    boxes: tuple[PlacedBox, ...]
    routes: tuple[Route, ...]
    bands: tuple[Band, ...]
    gap: Band | None
    corridors: tuple[float, ...]  # where corridors go into the hidden steps and come out of them
    passing: tuple[float, ...]  # where edges pass behind them
    panel: Panel
    row_labels: tuple[RowLabel, ...]
    loops: tuple[float, float, str] | None  # of a rolled view: the middle of the highest corridor that is led back, and where to
    margin: float  # where it begins
    top: float
    width: float  # where it ends, with a margin
    end: float  # what is lowest, the words under the columns included
    tallest: float = math.inf  # a bound on the height of its charts, so that those of several layouts can be compared

    def charts(self) -> list[tuple[Series, float, Band]]:
        """Of every state of the hidden steps that has room for bars: where it begins, and the chart; the first layer is the lowest."""
        band = self.gap
        lines = [line for line in self.view.series if any(s and math.isfinite(s) for _, s in line.bars)]
        if band is None or not lines:
            return []
        top, bottom = max(pairwise([band.top, *self.passing, band.bottom]), key=lambda room: room[1] - room[0])
        share = (bottom - top) / len(lines)
        if share <= (100 if len(lines) == 1 else 64):
            return []
        found = []
        for k, line in enumerate(reversed(lines)):
            over, under = min(34, 10 + share / 6), 24
            spare = max(0.0, share - over - under - self.tallest) / 2
            at, low = top + share * k + spare, top + share * (k + 1) - spare - under
            room = Band(band.column, band.left + 44, band.right - 14, at + over, low)
            found.append((line, at + min(20, 8 + share / 10), room))
        return found


def threads(layout: Layout) -> Iterator[tuple[list[tuple[float, float]], Chip, PlacedBox]]:
    """The lines from the weights to their chips: the four points of a curve."""
    pills = {pill.placed.box.id: pill.placed for pill in layout.panel.pills}
    for placed in layout.boxes:
        for chip, x2, y2, width in chip_spots(placed):
            x1, y1, end = layout.margin + layout.panel.width - 8, pills[chip.leaf].y, x2 - width / 2
            bow = max(40.0, (end - x1) / 3)
            yield [(x1, y1), (x1 + bow, y1), (end - bow, y2), (end, y2)], chip, placed
