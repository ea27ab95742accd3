"""What the colours and the shapes mean."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from ..layout.placed_parts import Layout
from ..layout.size import NAME
from ..style import Brush, text_width
from ..view.shown_graph import View
from .shapes import f, text, where

__all__ = ["Legend", "keys", "paint_keys"]

LEGEND = 180.0
PARTS = {"grad": ": its part of the gradient", "value": ": the size of its values"}
KeyShape = tuple[str, float, float, float, str]  # what it stands for, left, width, height, words


class Legend:
    """The scale of colours, and the classes besides it that occur in some views."""

    def __init__(self, views: Sequence[View], brush: Brush, prefix: str) -> None:
        self.color, self.brush, self.prefix = views[0].color, brush, prefix
        self.strengths = [strength for view in views for strength in view.strengths()]

    def classes(self) -> list[tuple[str, str]]:
        """The classes besides the scale that occur: (fill, words)."""
        found = []
        if any(s == 0.0 for s in self.strengths):
            found.append((self.brush.theme.zero, "exactly 0"))
        if any(s is not None and not math.isfinite(s) for s in self.strengths):
            found.append((self.brush.theme.broken, "NaN or infinite"))
        return found

    def quantity(self) -> str:
        """What the colours measure."""
        return {"grad": "gradient ‖∂L/∂·‖", "value": "root mean square of the values", "none": ""}[self.color]

    def scaled(self) -> bool:
        """Whether anything has a colour of the scale."""
        return self.color != "none" and any(s and math.isfinite(s) for s in self.strengths)

    def width(self) -> float:
        """In pixels."""
        wide = LEGEND + 30 + text_width(self.quantity(), 12) if self.scaled() else 0.0
        return wide + sum(text_width(words, 12) + 34 for _, words in self.classes())

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
                yield text(at + LEGEND * part, 44, label, 10.5, t.soft, 'text-anchor="middle"')
            yield text(at + LEGEND + 16, 31, quantity, 12, t.ink)
            at += LEGEND + 30 + text_width(quantity, 12)
        for fill, words in self.classes():
            dash = ' stroke-dasharray="2 1.5"' if words == "exactly 0" else ""
            yield f'<rect x="{f(at + 2)}" y="21" width="13" height="11" rx="2" fill="{fill}" stroke="{t.zero_line}"{dash}/>'
            yield text(at + 20, 31, words, 12, t.ink)
            at += text_width(words, 12) + 34
        yield "</g>"


def keys(layouts: Sequence[Layout]) -> tuple[list[KeyShape], float]:
    """What the shapes mean that occur in unrolled graphs; and where the last of them ends."""
    boxes, at, found = [box for layout in layouts for box in layout.view.boxes], 26.0, []
    boxes += [pill.node.box for layout in layouts for pill in layout.panel.pills]
    inputs = [(layout.view, n.box.id) for layout in layouts for n in layout.boxes if n.box.kind == "input"]
    inputs += [(layout.view, p.node.box.id) for layout in layouts for p in layout.panel.pills if p.node.box.kind == "input"]
    color, steps = layouts[0].view.color, any(layout.view.steps for layout in layouts)
    for occurs, name, wide, high, words in (
        (any(b.kind == "pill" for b in boxes), "weight", 26.0, 14.0, "weight"),
        (any(b.chips for b in boxes), "chip", 18.0, 10.0, "one use of it" + PARTS.get(color, "")),
        (bool(inputs), "input", 20.0, 14.0, "input" if all(view.graph[id].name for view, id in inputs) else "input or constant"),
        (any(b.state for b in boxes), "state", 20.0, 14.0, "state, for the next step"),
    ):
        if occurs and (steps or name in ("weight", "input")):
            found.append((name, at, wide, high, words))
            at += wide + text_width(words, NAME) + 24
    return found, at


def paint_keys(shapes: list[KeyShape], height: float, brush: Brush, prefix: str) -> Iterable[str]:
    """The meaning of the shapes, at the foot."""
    t, y = brush.theme, height - 16
    yield f'<g id="{prefix}-keys">'
    for name, at, wide, high, words in shapes:
        line, thick = (t.ink, 2.2) if name == "state" else (t.zero_line, 1.0)
        place = f'{where(at + wide / 2, y, wide, high)} rx="{2 if name == "input" else 5 if name == "state" else f(high / 2)}"'
        yield f'<rect {place} fill="{t.plain}" stroke="{line}" stroke-width="{thick}"/>'
        yield text(at + wide + 6, y + 4, words, NAME, t.soft)
    yield "</g>"
