"""Numbers as characters: heights for a line of them, shades for a matrix, in Unicode or ASCII. And how wide a text is in columns.

Exactly zero, not a number and infinity are signs of their own on every scale, because each means something else than "small".
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = ["HEIGHTS", "PLAIN", "SHADES", "Ramp", "blocks", "cut", "display_width", "line_breaks", "pad_text", "squeeze"]

HEIGHTS, SHADES, PLAIN = "▁▂▃▄▅▆▇█", "░▒▓█", ":-=+*#%@"  # from the smallest to the largest; PLAIN for both in ASCII


@dataclass(frozen=True)
class Ramp:
    """The sign of each number between two ends (exponents of ten if `log`). `dot` is the sign of exactly zero.

    >>> from tinygrad_rnn.shared.glyphs import SHADES, Ramp
    >>> ramp = Ramp.of([1e-8, 1.0], SHADES, log=True)
    >>> "".join(ramp.sign(x) for x in (1e-8, 1e-5, 1e-3, 1.0, 0.0, float("nan"), float("inf"), -1.0))
    '░▒▓█·?!?'
    >>> ramp.key("░·")
    ['░ from 1e-08', '▒ from 1e-06', '▓ from 0.0001', '█ from 0.01 to 1', '· exactly 0']
    """

    signs: str
    low: float
    high: float
    log: bool

    @classmethod
    def of(cls, values: Any, signs: str, log: bool = False) -> Ramp:
        """The ramp from the smallest to the largest of the values that have a place on it."""
        numbers = np.asarray(values, np.float64).ravel()
        numbers = numbers[np.isfinite(numbers) & ((numbers > 0) if log else (numbers != 0))]
        places = np.log10(numbers) if log else numbers
        return cls(signs, float(places.min(initial=math.inf)), float(places.max(initial=-math.inf)), log)

    @property
    def dot(self) -> str:
        """The sign of exactly zero."""
        return "·" if not self.signs.isascii() else "."

    def sign(self, x: float) -> str:
        """One character; "?" for what has no place here: not a number, or below zero on a scale of powers of ten."""
        if x == 0:
            return self.dot
        if math.isnan(x) or (self.log and x < 0):
            return "?"
        if math.isinf(x):
            return "!"
        place = (math.log10(x) if self.log else x) / 2  # halves: the distance of two numbers may be more than a float holds
        low, high = self.low / 2, self.high / 2
        share = (place - low) / (high - low) if high > low else 1.0
        return self.signs[max(0, min(int(share * len(self.signs)), len(self.signs) - 1))]

    def key(self, shown: str) -> list[str]:
        """Which sign starts where; zero, "?" and "!" only if they are among the characters `shown`."""
        named = {self.dot: "exactly 0", "?": "no number", "!": "infinite"}
        special = [f"{sign} {name}" for sign, name in named.items() if sign in shown]
        if self.low >= self.high:
            return [*([f"{self.signs[-1]} {self._number(self.high)}"] if self.low == self.high else []), *special]
        step = self.high / len(self.signs) - self.low / len(self.signs)
        parts = [f"{sign} from {self._number(self.low + step * k)}" for k, sign in enumerate(self.signs)]
        return [*parts[:-1], f"{parts[-1]} to {self._number(self.high)}", *special]

    def _number(self, place: float) -> str:
        if not self.log:
            return f"{place:.2g}"
        return f"{10.0**place:.2g}" if abs(place) < 300 else f"1e{place:.0f}"


def blocks(count: int, most: int) -> list[list[int]]:
    """The indices 0 to count - 1 as at most so many runs of neighbours, as equal as can be.

    >>> from tinygrad_rnn.shared.glyphs import blocks
    >>> blocks(5, 2)
    [[0, 1, 2], [3, 4]]
    """
    return [part.tolist() for part in np.array_split(np.arange(count), max(1, min(count, most))) if part.size]


def squeeze(values: Any, most: int) -> list[float]:
    """At most so many numbers: neighbours become one, which is the largest of them, and no number if one of them is none.

    >>> from tinygrad_rnn.shared.glyphs import squeeze
    >>> squeeze([1, 5, 2, 3, 0, 0], 3)
    [5.0, 3.0, 0.0]
    """
    numbers = np.asarray(values, np.float64).ravel()
    return [float(numbers[block].max()) for block in blocks(len(numbers), most)]


def _width(c: str) -> int:
    if unicodedata.combining(c) or unicodedata.category(c) in ("Mn", "Me", "Cf", "Cc"):
        return 0
    return 2 if unicodedata.east_asian_width(c) in "WF" else 1


def display_width(text: str) -> int:
    """How many columns of a terminal a line of text takes: none for a combining mark, two for a wide character.

    >>> from tinygrad_rnn.shared.glyphs import display_width
    >>> display_width("abc"), display_width("e\\u0301"), display_width("時間")
    (3, 1, 4)
    """
    return len(text) if text.isascii() and text.isprintable() else sum(map(_width, text))


def pad_text(text: str, width: int, left: bool = False) -> str:
    """The text, filled with spaces to a width in columns; `left` puts them in front."""
    fill = " " * max(0, width - display_width(text))
    return fill + text if left else text + fill


def cut(text: str, width: int, mark: str = "~") -> str:
    """The text, or as much of it as fits into the width with a mark behind it.

    >>> from tinygrad_rnn.shared.glyphs import cut
    >>> cut("a long word", 7), cut("時間", 3)
    ('a long~', '時~')
    """
    if display_width(text) <= width:
        return text
    kept, used = "", display_width(mark)
    for c in text:
        used += _width(c)
        if used > width:
            break
        kept += c
    return kept + mark


def line_breaks(cells: Iterable[int], width: int, gap: int) -> list[slice]:
    """Which neighbouring cells share a line, given how wide each is. At least one a line."""
    lines, start, used, k = [], 0, 0, -1
    for k, cell in enumerate(cells):
        if used and used + gap + cell > width:
            lines.append(slice(start, k))
            start, used = k, 0
        used += cell + (gap if used else 0)
    return [*lines, slice(start, k + 1)] if k >= 0 else []
