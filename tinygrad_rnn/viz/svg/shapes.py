"""The few SVG elements that everything is made of, as text."""

from __future__ import annotations

import math
from html import escape

__all__ = ["f", "rounded", "text", "where", "x"]

CORNER = 6.0


def f(number: float) -> str:
    """A coordinate: two decimals, no trailing zeros, no minus zero."""
    digits = f"{number:.2f}".rstrip("0").rstrip(".")
    return "0" if digits == "-0" else digits


def x(words: str) -> str:
    """Words as XML."""
    return escape(words, quote=True)


def where(cx: float, cy: float, width: float, height: float) -> str:
    """A rectangle around a centre."""
    return f'x="{f(cx - width / 2)}" y="{f(cy - height / 2)}" width="{f(width)}" height="{f(height)}"'


def text(cx: float, cy: float, words: str, size: float, fill: str, style: str = "", index: int | str | None = None) -> str:
    """A line of text, with a number as its index."""
    sub = "" if index is None else f'<tspan dy="{f(size * 0.22)}" font-size="{f(size * 0.76)}">{x(str(index))}</tspan>'
    style = f" {style.strip()}" if style else ""
    return f'<text x="{f(cx)}" y="{f(cy)}" font-size="{f(size)}" fill="{fill}"{style}>{x(words)}{sub}</text>'


def rounded(points: list[tuple[float, float]]) -> str:
    """A path through corners that are rounded as far as there is room."""
    parts = [f"M{f(points[0][0])} {f(points[0][1])}"]
    for (ax, ay), (bx, by), (cx, cy) in zip(points, points[1:], points[2:], strict=False):
        first, second = math.hypot(bx - ax, by - ay), math.hypot(cx - bx, cy - by)
        r = min(CORNER, first / 2, second / 2)
        if r < 0.5:
            parts.append(f"L{f(bx)} {f(by)}")
            continue
        before = (bx - (bx - ax) / first * r, by - (by - ay) / first * r)
        behind = (bx + (cx - bx) / second * r, by + (cy - by) / second * r)
        parts.append(f"L{f(before[0])} {f(before[1])}Q{f(bx)} {f(by)} {f(behind[0])} {f(behind[1])}")
    return "".join(parts) + f"L{f(points[-1][0])} {f(points[-1][1])}"
