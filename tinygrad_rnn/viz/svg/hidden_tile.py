"""How the tile of the hidden steps is painted: what their states get of the gradient, as bars."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Mapping

from ..layout.placed_parts import Band, Layout
from ..style import Brush, Look, clean, number
from ..view.boxes import NAME
from ..view.hidden_steps import Series
from .shapes import Dot, Group, Line, Rect, Shape, Words

__all__ = ["hidden_steps"]

Mark = Callable[[str, Hashable], str]


def hidden_steps(layout: Layout, brush: Brush, prefix: str, looks: Mapping[Hashable, Look], mark: Mark) -> list[Shape]:
    """The tile of hidden steps: the strength of their state as bars, or dots where it passes through."""
    tile, t, view = layout.gap, brush.theme, layout.view
    if tile is None:
        return []
    middle, wide, high = (tile.left + tile.right) / 2, tile.right - tile.left, tile.bottom - tile.top
    count = len(view.hidden)
    shapes: list[Shape] = [
        Rect(middle, (tile.top + tile.bottom) / 2, wide, high, "none", t.line, dash="4 3", radius=10),
        Words(middle, tile.bottom + 18, f"… {count} {'step' if count == 1 else 'steps'} …", 13, t.soft, "middle"),
    ]
    charts = layout.charts()
    for line, at, room in charts:
        state = clean(line.name, 6)
        words = f"‖∂L/∂{state}‖ at each step" if view.color == "grad" else f"size of {state} at each step"
        words = f"{line.where}: {words}" if line.where else words
        shapes += [Words(middle, at, words, NAME, t.soft, "middle"), *_bars(line, brush, looks, mark, room)]
    if not charts:
        for corridor in sorted({*layout.corridors} - {*layout.passing}):
            shapes += [Dot(middle + k, corridor, 2, t.soft) for k in (-9, 0, 9)]
    return [Group(f' id="{prefix}-hidden"', shapes, tall=True, beside=1)]


def _bars(line: Series, brush: Brush, looks: Mapping[Hashable, Look], mark: Mark, room: Band) -> list[Shape]:
    """The bars of the hidden steps, on the scale of the colours: its ticks at the left, the first and the last step below."""
    t, left, right, top, bottom = brush.theme, room.left, room.right, room.top, room.bottom
    shapes: list[Shape] = []
    for part, label in brush.scale.ticks():
        y = bottom - (bottom - top) * part
        shapes += [Line([("M", left, y), ("H", right)], t.line, 0.8), Words(left - 4, y + 3.5, label, 10, t.soft, "end")]
    shown = line.bars[:: math.ceil(len(line.bars) / 180)]
    pitch = (right - left) / len(shown)
    for k, (step, s) in enumerate(shown):
        if s is not None and s != 0.0:
            high = max(2.0, (bottom - top) * (brush.scale.fraction(s) if math.isfinite(s) else 1.0))
            look, place = looks[line.name, line.where, step], (left + pitch * (k + 0.45), bottom - high / 2, pitch * 0.9, high)
            fill = t.line if look.strength is None else look.fill  # until its gradient comes
            mine = mark("bar", (line.name, line.where, step))
            shapes.append(Rect(*place, fill, mark=mine, title=f"t = {step}: {number(s)}"))
    shapes.append(Line([("M", left, bottom), ("H", right)], t.soft, 0.8))
    for (step, s), at, anchor in ((line.bars[0], left, "start"), (line.bars[-1], right, "end")):
        if s is not None and len(line.bars) > (anchor == "end"):
            shapes.append(Words(at, bottom + 14, f"t={step}: {number(s)}", 10, t.soft, anchor))
    return shapes
