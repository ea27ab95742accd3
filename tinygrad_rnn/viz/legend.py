"""What stands around the boxes: the legend of the colours, and the tile of the hidden steps."""

from __future__ import annotations

import math
from collections.abc import Iterable
from itertools import pairwise

from .elements import f, text, where
from .layout import Layout
from .size import NAME
from .style import Brush, clean, text_width
from .view import View

__all__ = ["Legend", "hidden_steps"]

LEGEND = 150.0


class Legend:
    """The scale of colours, and the classes besides it that occur in a view."""

    def __init__(self, view: View, brush: Brush, prefix: str) -> None:
        self.view, self.brush, self.prefix = view, brush, prefix
        self.strengths = view.strengths()

    def classes(self) -> list[tuple[str, str]]:
        """The classes besides the scale that occur: (fill, words)."""
        found = []
        if any(s == 0.0 for s in self.strengths):
            found.append((self.brush.theme.zero, "exactly 0"))
        if any(s is not None and not math.isfinite(s) for s in self.strengths):
            found.append((self.brush.theme.broken, "NaN or infinite"))
        return found

    def quantity(self) -> str:
        return {"grad": "‖∂L/∂·‖", "value": "root mean square", "none": ""}[self.view.color]

    def scaled(self) -> bool:
        return self.view.color != "none" and any(s and math.isfinite(s) for s in self.strengths)

    def width(self) -> float:
        wide = LEGEND + 24 + text_width(self.quantity(), 11) if self.scaled() else 0.0
        return wide + sum(text_width(words, 11) + 34 for _, words in self.classes())

    def draw(self, right: float) -> Iterable[str]:
        """The elements, ending left of `right`."""
        t, quantity = self.brush.theme, self.quantity()
        at = right - 26 - self.width() + 12
        yield f'<g id="{self.prefix}-legend">'
        if self.scaled():
            stops = "".join(f'<stop offset="{f(k / 16)}" stop-color="{t.level(k / 16)}"/>' for k in range(17))
            yield f'<defs><linearGradient id="{self.prefix}-scale">{stops}</linearGradient></defs>'
            place = where(at + LEGEND / 2, 27, LEGEND, 10)
            yield f'<rect {place} rx="2" fill="url(#{self.prefix}-scale)" stroke="{t.line}" stroke-width="0.7"/>'
            for part, label in self.brush.scale.ticks():
                yield text(at + LEGEND * part, 43, label, 9, t.soft, 'text-anchor="middle"')
            yield text(at + LEGEND + 9, 31, quantity, 11, t.ink)
            at += LEGEND + 24 + text_width(quantity, 11)
        for fill, words in self.classes():
            dash = ' stroke-dasharray="2 1.5"' if words == "exactly 0" else ""
            yield f'<rect x="{f(at + 2)}" y="21" width="13" height="11" rx="2" fill="{fill}" stroke="{t.zero_line}"{dash}/>'
            yield text(at + 20, 31, words, 11, t.ink)
            at += text_width(words, 11) + 34
        yield "</g>"


def hidden_steps(layout: Layout, brush: Brush, prefix: str) -> Iterable[str]:
    """The tile of hidden steps: the strength of their state as bars, between the lanes."""
    band, t, view = layout.gap, brush.theme, layout.view
    if band is None:
        return
    middle, wide, high = (band.left + band.right) / 2, band.right - band.left, band.bottom - band.top
    place = where(middle, (band.top + band.bottom) / 2, wide, high)
    yield f'<g id="{prefix}-hidden"><rect {place} rx="10" fill="none" stroke="{t.line}" stroke-dasharray="4 3"/>'
    count = len(view.hidden)
    yield text(middle, band.bottom + 18, f"… {count} {'step' if count == 1 else 'steps'} …", 12, t.soft, 'text-anchor="middle"')
    for lane in sorted({*layout.lanes} - {*layout.passing}):
        for k in (-9, 0, 9):
            yield f'<circle cx="{f(middle + k)}" cy="{f(lane)}" r="2" fill="{t.soft}"/>'
    rooms = list(pairwise([band.top + 2, *sorted({*layout.lanes, *layout.passing}), band.bottom - 2]))
    top, bottom = max(rooms, key=lambda room: round(room[1] - room[0]))
    top, bottom = top + 12, bottom - 12
    known = [s for _, s in view.bars if s and math.isfinite(s)]
    if known and bottom - top > 34:
        quantity = f"‖∂L/∂{clean(view.bars_of, 6)}‖" if view.color == "grad" else f"size of {clean(view.bars_of, 6)}"
        top = max(top + 16, bottom - 110)
        yield text(middle, top - 8, f"{quantity} of each, log", NAME, t.soft, 'text-anchor="middle"')
        yield from bars(view, brush, band.left + 14, band.right - 14, top, bottom)
    yield "</g>"


def bars(view: View, brush: Brush, left: float, right: float, top: float, bottom: float) -> Iterable[str]:
    """The bars of the hidden steps."""
    every = math.ceil(len(view.bars) / 180)
    shown = view.bars[::every]
    pitch = min((right - left) / len(shown), 16.0)
    start = (left + right - pitch * len(shown)) / 2
    for k, (step, s) in enumerate(shown):
        if s is not None and s != 0.0:
            high = 3 + (bottom - top - 3) * (brush.scale.fraction(s) if math.isfinite(s) else 1.0)
            yield (
                f'<rect x="{f(start + pitch * k)}" y="{f(bottom - high)}" width="{f(max(pitch - 1, pitch * 0.8))}" height="{f(high)}" '
                f'fill="{brush.fill(s)}"><title>t = {step}: {s:.3g}</title></rect>'
            )
    yield f'<path d="M{f(start)} {f(bottom)}H{f(start + pitch * len(shown))}" stroke="{brush.theme.soft}" stroke-width="0.8"/>'
