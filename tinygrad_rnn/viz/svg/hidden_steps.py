"""The tile of the hidden steps: what their states get of the gradient, as bars."""

from __future__ import annotations

import math
from collections.abc import Iterable

from ..layout.placed_parts import Band, Layout
from ..layout.size import NAME
from ..style import Brush, clean, number
from ..view.shown_graph import Series
from .animation import Animation
from .shapes import f, text, where

__all__ = ["hidden_steps"]


def hidden_steps(layout: Layout, brush: Brush, prefix: str, motion: Animation) -> Iterable[str]:
    """The tile of hidden steps: the strength of their state as bars, or dots on the corridors."""
    band, t, view = layout.gap, brush.theme, layout.view
    if band is None:
        return
    middle, wide, high = (band.left + band.right) / 2, band.right - band.left, band.bottom - band.top
    place = where(middle, (band.top + band.bottom) / 2, wide, high)
    yield f'<g id="{prefix}-hidden"><rect {place} rx="10" fill="none" stroke="{t.line}" stroke-dasharray="4 3"/>'
    count = len(view.hidden)
    yield text(middle, band.bottom + 18, f"… {count} {'step' if count == 1 else 'steps'} …", 13, t.soft, 'text-anchor="middle"')
    charts = layout.charts()
    for line, at, room in charts:
        state = clean(line.name, 6)
        words = f"‖∂L/∂{state}‖ at each step" if view.color == "grad" else f"size of {state} at each step"
        words = f"{line.where}: {words}" if line.where else words
        yield text(middle, at, words, NAME, t.soft, 'text-anchor="middle"')
        yield from bars(line, brush, motion, room)
    if not charts:
        for corridor in sorted({*layout.corridors} - {*layout.passing}):
            for k in (-9, 0, 9):
                yield f'<circle cx="{f(middle + k)}" cy="{f(corridor)}" r="2" fill="{t.soft}"/>'
    yield "</g>"


def bars(line: Series, brush: Brush, motion: Animation, room: Band) -> Iterable[str]:
    """The bars of the hidden steps, on the scale of the colours: its ticks at the left, the first and the last step below."""
    t, left, right, top, bottom = brush.theme, room.left, room.right, room.top, room.bottom
    for part, label in brush.scale.ticks():
        y = bottom - (bottom - top) * part
        yield f'<path d="M{f(left)} {f(y)}H{f(right)}" stroke="{t.line}" stroke-width="0.8"/>'
        yield text(left - 4, y + 3.5, label, 10, t.soft, 'text-anchor="end"')
    shown = line.bars[:: math.ceil(len(line.bars) / 180)]
    pitch = (right - left) / len(shown)
    for k, (step, s) in enumerate(shown):
        if s is not None and s != 0.0:
            high = max(2.0, (bottom - top) * (brush.scale.fraction(s) if math.isfinite(s) else 1.0))
            place = where(left + pitch * (k + 0.45), bottom - high / 2, pitch * 0.9, high)
            mark = motion.mark("bar", motion.arrivals.bars.get((line.name, line.where, step)))
            yield f'<rect {place} fill="{brush.fill(s)}"{mark}><title>t = {step}: {number(s)}</title></rect>'
    yield f'<path d="M{f(left)} {f(bottom)}H{f(right)}" stroke="{t.soft}" stroke-width="0.8"/>'
    for (step, s), at, anchor in ((line.bars[0], left, "start"), (line.bars[-1], right, "end")):
        if s is not None and len(line.bars) > (anchor == "end"):
            yield text(at, bottom + 14, f"t={step}: {number(s)}", 10, t.soft, f'text-anchor="{anchor}"')
