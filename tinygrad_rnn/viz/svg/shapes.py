"""The few shapes that everything is made of, as plain data; how they are written as SVG, and how far they reach.

Who paints says what stands where and in which colour; here all of it becomes text in one go. Graphviz is given the same shapes.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from html import escape
from typing import NamedTuple

__all__ = ["ColourRamp", "Dot", "Group", "Line", "Rect", "Region", "Shape", "Words", "around", "bounds", "f", "written", "x"]


class Rect(NamedTuple):
    """A rectangle around its centre."""

    cx: float
    cy: float
    width: float
    height: float
    fill: str
    stroke: str = ""
    thick: float | str = ""
    dash: str = ""
    radius: float | str = ""
    mark: str = ""
    title: str = ""  # what shows where the pointer rests


class Line(NamedTuple):
    """A path of strokes, each a command of SVG with its numbers: `("M", 0, 0), ("H", 9)`."""

    strokes: Sequence[tuple[str | float, ...]]
    stroke: str = ""
    thick: float | str = ""
    dash: str = ""
    fill: str = ""
    mark: str = ""


class Dot(NamedTuple):
    """A small disc."""

    cx: float
    cy: float
    radius: float
    fill: str


class Words(NamedTuple):
    """A line of text, with a number set lower behind it."""

    x: float
    y: float
    words: str
    size: float
    fill: str
    anchor: str = ""  # "middle", "end": what stands at x
    italic: bool = False
    bold: bool = False
    subscript: int | str | None = None
    stroke: str = ""


class ColourRamp(NamedTuple):
    """Colours that a rectangle can be filled with, from left to right."""

    id: str
    colours: Sequence[str]


class Group(NamedTuple):
    """Shapes under one id: all in one line, or (`tall`) a line for each after the first `beside` of them."""

    attributes: str
    shapes: Sequence[Shape]
    title: str = ""
    tall: bool = False
    beside: int = 0


Region = tuple[float, float, float, float]  # left, top, right, bottom
Shape = Rect | Line | Dot | Words | ColourRamp | Group


def f(number: float) -> str:
    """A coordinate: two decimals, no trailing zeros, no minus zero."""
    digits = f"{number:.2f}".rstrip("0").rstrip(".")
    return "0" if digits == "-0" else digits


def x(words: str) -> str:
    """Words as XML."""
    return escape(words, quote=True)


def written(shapes: Iterable[Shape]) -> list[str]:
    """The lines of text of all shapes."""
    lines: list[str] = []
    for shape in shapes:
        if isinstance(shape, Group) and shape.tall:
            k = shape.beside
            head = f"<g{shape.attributes}>{''.join(map(_element, shape.shapes[:k]))}"
            lines += [head, *written(shape.shapes[k:]), "</g>"]
        else:
            lines.append(_element(shape))
    return lines


def _element(s: Shape) -> str:
    if isinstance(s, Group):
        return f"<g{s.attributes}>{_title(s.title)}{''.join(map(_element, s.shapes))}</g>"
    if isinstance(s, Words):
        sub = (
            ""
            if s.subscript is None
            else f'<tspan dy="{f(s.size * 0.22)}" font-size="{f(s.size * 0.76)}">{x(str(s.subscript))}</tspan>'
        )
        style = ' font-style="italic"' * s.italic + ' font-weight="bold"' * s.bold
        style += _given(("text-anchor", s.anchor), ("stroke", s.stroke))
        return f'<text x="{f(s.x)}" y="{f(s.y)}" font-size="{f(s.size)}" fill="{s.fill}"{style}>{x(s.words)}{sub}</text>'
    if isinstance(s, Dot):
        return f'<circle cx="{f(s.cx)}" cy="{f(s.cy)}" r="{f(s.radius)}" fill="{s.fill}"/>'
    if isinstance(s, ColourRamp):
        last = len(s.colours) - 1
        stops = "".join(f'<stop offset="{f(k / last)}" stop-color="{colour}"/>' for k, colour in enumerate(s.colours))
        return f'<defs><linearGradient id="{s.id}">{stops}</linearGradient></defs>'
    colours = _given(("fill", s.fill), ("stroke", s.stroke), ("stroke-width", s.thick), ("stroke-dasharray", s.dash))
    if isinstance(s, Line):
        way = "".join(f"{stroke[0]}{' '.join(f(float(number)) for number in stroke[1:])}" for stroke in s.strokes)
        return f'<path{s.mark} d="{way}"{colours}/>'
    place = _given(
        ("x", s.cx - s.width / 2), ("y", s.cy - s.height / 2), ("width", s.width), ("height", s.height), ("rx", s.radius)
    )
    end = f">{_title(s.title)}</rect>" if s.title else "/>"
    return f"<rect{place}{colours}{s.mark}{end}"


def bounds(s: Shape) -> Region:
    """A rectangle around a shape and its border; words get more room than any font takes."""
    if isinstance(s, Group):
        return around([bounds(inside) for inside in s.shapes])
    if isinstance(s, Words):
        wide = 1.1 * s.size * len(f"{s.words}{s.subscript or ''}")
        return s.x - wide, s.y - 1.2 * s.size, s.x + wide, s.y + 0.5 * s.size
    if isinstance(s, ColourRamp):  # it is seen in what it fills
        return -math.inf, -math.inf, math.inf, math.inf
    if isinstance(s, Line):
        edge = float(s.thick or 0.0) / 2 + 1
        xs = [float(n) for name, *numbers in s.strokes if name != "V" for n in numbers[::2]]
        ys = [float(n) for name, *numbers in s.strokes if name != "H" for n in numbers[name != "V" :: 2]]
        return min(xs) - edge, min(ys) - edge, max(xs) + edge, max(ys) + edge
    wide, high = (s.radius, s.radius) if isinstance(s, Dot) else (s.width / 2 + 2, s.height / 2 + 2)
    return s.cx - wide, s.cy - high, s.cx + wide, s.cy + high


def around(regions: Sequence[Region]) -> Region:
    """The rectangle that holds all of these."""
    left, top, right, bottom = zip(*regions, strict=True)
    return min(left), min(top), max(right), max(bottom)


def _title(words: str) -> str:
    return f"<title>{x(words)}</title>" if words else ""


def _given(*attributes: tuple[str, str | float]) -> str:
    """The attributes that have a value."""
    return "".join(f' {name}="{v if isinstance(v, str) else f(v)}"' for name, v in attributes if v != "")
