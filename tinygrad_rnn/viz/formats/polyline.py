"""Every shape as lines from point to point, which is all that a painter of pixels needs."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from itertools import cycle, pairwise

__all__ = ["Point", "along", "dashed", "outlines"]

Point = tuple[float, float]


def outlines(tag: str, look: Mapping[str, str]) -> list[list[Point]]:
    """The lines around a rectangle or a circle, or along a route."""
    if tag == "path":
        return along(look["d"])
    if tag == "circle":
        x, y, r = (float(look[name]) for name in ("cx", "cy", "r"))
        return [arc((x, y), r, 0, 32)]
    x, y, wide, high, r = (float(look.get(name, 0)) for name in ("x", "y", "width", "height", "rx"))
    r = min(r, wide / 2, high / 2)
    corners = [(x + wide - r, y + high - r, 0), (x + r, y + high - r, 8), (x + r, y + r, 16), (x + wide - r, y + r, 24)]
    line = [point for cx, cy, first in corners for point in (arc((cx, cy), r, first, first + 8) if r else [(cx, cy)])]
    return [[*line, line[0]]]


def arc(centre: Point, radius: float, first: int, last: int) -> list[Point]:
    """Points of a circle, from and to a number of its 32 parts."""
    turns = [math.tau * k / 32 for k in range(first, last + 1)]
    return [(centre[0] + radius * math.cos(turn), centre[1] + radius * math.sin(turn)) for turn in turns]


def along(d: str) -> list[list[Point]]:
    """The lines of a path of M L H V Q C Z.

    >>> from tinygrad_rnn.viz.formats.polyline import along
    >>> along("M0 0H4V3Z")
    [[(0.0, 0.0), (4.0, 0.0), (4.0, 3.0), (0.0, 0.0)]]
    """
    lines: list[list[Point]] = []
    for command, numbers in re.findall(r"([MLHVQCZ])([^MLHVQCZ]*)", d):
        at = [float(n) for n in numbers.split()]
        if command == "M":
            lines.append([(at[0], at[1])])
        elif command == "L":
            lines[-1].append((at[0], at[1]))
        elif command == "H":
            lines[-1].append((at[0], lines[-1][-1][1]))
        elif command == "V":
            lines[-1].append((lines[-1][-1][0], at[0]))
        elif command == "Z":
            lines[-1].append(lines[-1][0])
        else:
            lines[-1] += curve([lines[-1][-1], *zip(at[::2], at[1::2], strict=True)])
    return lines


def curve(points: list[Point]) -> list[Point]:
    """Points on a curve of Bézier, without the first: of degree 2 (Q) or 3 (C). A round corner is short, a C may be long."""
    count, degree = 6 if len(points) == 3 else 40, len(points) - 1
    found = []
    for t in (part / count for part in range(1, count + 1)):
        shares = [math.comb(degree, k) * (1 - t) ** (degree - k) * t**k for k in range(degree + 1)]
        x, y = (sum(share * value for share, value in zip(shares, values, strict=True)) for values in zip(*points, strict=True))
        found.append((x, y))
    return found


def dashed(line: list[Point], lengths: list[float]) -> list[list[Point]]:
    """The pieces of a line that are drawn: the first length is, the second is not, and so on.

    >>> from tinygrad_rnn.viz.formats.polyline import dashed
    >>> dashed([(0.0, 0.0), (7.0, 0.0)], [2.0, 3.0])
    [[(0.0, 0.0), (2.0, 0.0)], [(5.0, 0.0), (7.0, 0.0)]]
    """
    pieces, room, drawn = [[line[0]]], cycle(lengths), True
    left = next(room)
    for (x, y), (x2, y2) in pairwise(line):
        length = math.hypot(x2 - x, y2 - y)
        done = 0.0
        while length - done > left:
            done += left
            point = (x + (x2 - x) * done / length, y + (y2 - y) * done / length)
            if drawn:
                pieces[-1].append(point)
            else:
                pieces.append([point])
            drawn, left = not drawn, next(room)
        left -= length - done
        if drawn:
            pieces[-1].append((x2, y2))
    return [piece for piece in pieces if len(piece) > 1]
