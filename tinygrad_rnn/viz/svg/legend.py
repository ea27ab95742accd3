"""What the colours and the shapes mean."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ..layout.placed_parts import Layout
from ..layout.size import text_width
from ..style import Brush
from ..view.boxes import NAME
from ..view.shown_graph import View
from .shapes import ColourRamp, Group, Rect, Shape, Words

__all__ = ["Legend", "keys"]

LEGEND = 180.0
PARTS = {"grad": ": its part of the gradient", "value": ": the size of its values"}


class Legend:
    """The scale of colours, and the classes besides it that occur in some views."""

    def __init__(self, views: Sequence[View], brush: Brush, prefix: str) -> None:
        self.brush, self.prefix, color, t = brush, prefix, views[0].color, brush.theme
        strengths = [strength for view in views for strength in view.strengths().values() if strength is not None]
        self.scaled = color != "none" and any(s and math.isfinite(s) for s in strengths)
        self.quantity = {"grad": "gradient ‖∂L/∂·‖", "value": "root mean square of the values", "none": ""}[color]
        self.classes = [(t.zero, "exactly 0")] if 0.0 in strengths else []
        self.classes += [] if all(map(math.isfinite, strengths)) else [(t.broken, "NaN or infinite")]
        wide = LEGEND + 30 + text_width(self.quantity, 12) if self.scaled else 0.0
        self.width = wide + sum(text_width(words, 12) + 34 for _, words in self.classes)

    def shapes(self, right: float) -> Group:
        """The shapes, ending left of `right`."""
        t, quantity = self.brush.theme, self.quantity
        at = right - 26 - self.width + 12
        found: list[Shape] = []
        if self.scaled:
            found.append(ColourRamp(f"{self.prefix}-scale", [t.level(k / 16) for k in range(17)]))
            found.append(Rect(at + LEGEND / 2, 27, LEGEND, 10, f"url(#{self.prefix}-scale)", t.line, 0.7, radius=2))
            found += [Words(at + LEGEND * part, 44, label, 10.5, t.soft, "middle") for part, label in self.brush.scale.ticks()]
            found.append(Words(at + LEGEND + 16, 31, quantity, 12, t.ink))
            at += LEGEND + 30 + text_width(quantity, 12)
        for fill, words in self.classes:
            found.append(Rect(at + 8.5, 26.5, 13, 11, fill, t.zero_line, dash="2 1.5" if words == "exactly 0" else "", radius=2))
            found.append(Words(at + 20, 31, words, 12, t.ink))
            at += text_width(words, 12) + 34
        return Group(f' id="{self.prefix}-legend"', found, tall=True)


def keys(layouts: Sequence[Layout], height: float, brush: Brush, prefix: str) -> tuple[Group, float]:
    """At the foot, what the shapes mean that occur in unrolled graphs; and where the last of them ends."""
    boxes, at, t, y = [box for layout in layouts for box in layout.view.boxes], 26.0, brush.theme, height - 16
    boxes += [pill.placed.box for layout in layouts for pill in layout.panel.pills]
    inputs = [(layout.view, p.box.id) for layout in layouts for p in layout.boxes if p.box.kind == "input"]
    inputs += [(layout.view, p.placed.box.id) for layout in layouts for p in layout.panel.pills if p.placed.box.kind == "input"]
    color, steps = layouts[0].view.color, any(layout.view.steps for layout in layouts)
    shapes: list[Shape] = []
    for occurs, name, wide, high, radius, words in (
        (any(b.kind == "pill" for b in boxes), "weight", 26.0, 14.0, 7, "weight"),
        (any(b.chips for b in boxes), "chip", 18.0, 10.0, 5, "one use of it" + PARTS.get(color, "")),
        (
            bool(inputs),
            "input",
            20.0,
            14.0,
            2,
            "input" if all(view.graph[id].name for view, id in inputs) else "input or constant",
        ),
        (any(b.state for b in boxes), "state", 20.0, 14.0, 5, "state, for the next step"),
    ):
        if occurs and (steps or name in ("weight", "input")):
            line, thick = (t.ink, "2.2") if name == "state" else (t.zero_line, "1.0")
            shapes.append(Rect(at + wide / 2, y, wide, high, t.plain, line, thick, radius=radius))
            shapes.append(Words(at + wide + 6, y + 4, words, NAME, t.soft))
            at += wide + text_width(words, NAME) + 24
    return Group(f' id="{prefix}-keys"', shapes, tall=True), at
