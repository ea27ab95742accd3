"""What colours a box and widens an arrow: themes, the scale, the look of a gradient norm; and how a number is written.

Colour is log10 of a norm on magma, reversed on light paper, so that what vanished fades into the paper. Lightness falls (or
rises) steadily, which every kind of colour vision sees.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias, TypeVar

from ..errors import DataError
from ..shared.checks import short

__all__ = [
    "FONT", "THEMES", "Brush", "Look", "Scale", "Theme", "ThemeName", "clean", "contrast", "ink_on", "number", "spelled",
    "subscript", "superscript",
]  # fmt: skip

ThemeName: TypeAlias = Literal["light", "dark"]
Part = TypeVar("Part", bound=Hashable)
FONT = "DejaVu Sans, Verdana, sans-serif"

STOPS = (
    "#000004 #030312 #0a0822 #130d34 #1d1147 #29115a #36106b #440f76 #51127c #5d177f #6a1c81 "
    "#762181 #832681 #902a81 #9c2e7f #aa337d #b73779 #c43c75 #d0416f #dc4869 #e75263 #ef5d5e "
    "#f56b5c #f9795d #fc8961 #fd9869 #fea772 #feb67c #fec488 #fed395 #fde2a3 #fcf0b2 #fcfdbf"
)
MAGMA = STOPS.split()
STEERING = {"RLE", "RLO", "LRE", "LRO", "LRI", "RLI", "FSI", "PDI", "PDF"}  # characters that turn the direction of writing
PALEST = 0.14  # a line is thin: it starts further up the ramp, or where a gradient vanished the graph would vanish too
DECADES = 8  # a scale spans at most this many powers of ten: more would make neighbours look alike


@dataclass(frozen=True)
class Theme:
    """The colours of a picture, and the stretch of magma from a small norm to a large one."""

    paper: str
    band: str
    line: str
    ink: str
    soft: str
    plain: str  # the fill of what has no gradient
    zero: str  # the fill of a gradient that is exactly zero
    zero_line: str
    broken: str  # the fill of NaN and infinity
    faint: float
    strong: float

    def level(self, fraction: float) -> str:
        """The colour of a place between 0 (the smallest norm shown) and 1 (the largest)."""
        place = (self.faint + (self.strong - self.faint) * min(max(fraction, 0.0), 1.0)) * (len(MAGMA) - 1)
        k = min(int(place), len(MAGMA) - 2)
        low, high = _rgb(MAGMA[k]), _rgb(MAGMA[k + 1])
        return "#" + "".join(f"{round(a + (b - a) * (place - k)):02x}" for a, b in zip(low, high, strict=True))


THEMES = {
    "light": Theme(
        paper="#ffffff", band="#f4f5f7", line="#d9dce1", ink="#16181d", soft="#5f6673", plain="#ffffff", zero="#e4e6ea",
        zero_line="#a3a9b3", broken="#00857c", faint=0.93, strong=0.15,
    ),
    "dark": Theme(
        paper="#0f1216", band="#191d23", line="#31373f", ink="#f1f3f5", soft="#a2aab5", plain="#20252c", zero="#2c3138",
        zero_line="#767e89", broken="#25d0c0", faint=0.17, strong=0.95,
    ),
}  # fmt: skip


def _rgb(colour: str) -> tuple[int, ...]:
    colour = colour.lstrip("#")
    return tuple(int(colour[k : k + 2], 16) for k in (0, 2, 4))


def _luminance(colour: str) -> float:
    parts = [v / 255 for v in _rgb(colour)]
    r, g, b = (v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in parts)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def contrast(a: str, b: str) -> float:
    """The contrast ratio of WCAG 2, from 1 to 21.

    >>> from tinygrad_rnn.viz.style import contrast
    >>> contrast("#000000", "#ffffff")
    21.0
    """
    low, high = sorted((_luminance(a), _luminance(b)))
    return (high + 0.05) / (low + 0.05)


def ink_on(fill: str) -> str:
    """Black or white, whichever reads better on a fill: at least 4.58 to 1 on any colour."""
    return max("#000000", "#ffffff", key=lambda ink: contrast(ink, fill))


@dataclass(frozen=True)
class Scale:
    """Powers of ten, from the palest colour to the strongest. What lies below gets the palest, hence the tick "<=".

    >>> from tinygrad_rnn.viz.style import Scale
    >>> Scale.of([0.02, 3.0, 0.0, None]), Scale(-2, 1).fraction(1e-9)
    (Scale(low=-2, high=1), 0.0)
    """

    low: float
    high: float

    @classmethod
    def of(cls, norms: Iterable[float | None]) -> Scale:
        """The scale that holds these norms, cut to eight decades at the lower end."""
        logs = [math.log10(n) for n in norms if n and math.isfinite(n)]
        if not logs:
            return cls(-1, 0)
        high = math.ceil(max(logs) - 1e-9)
        return cls(max(min(math.floor(min(logs) + 1e-9), high - 1), high - DECADES), high)

    @classmethod
    def given(cls, scale: object) -> Scale:
        """The scale in `(low, high)`, or the one of another drawing."""
        pair = getattr(scale, "scale", scale)
        try:
            low, high = (float(v) for v in pair)  # type: ignore[attr-defined]
        except (OverflowError, TypeError, ValueError):
            low = high = math.nan
        if not (abs(low) <= 400 and abs(high) <= 400 and low < high):
            raise DataError(
                f"scale={short(scale)} is not a pair of exponents",
                hint="scale=(-6, 1) colours 1e-6 to 10; scale=other_drawing copies its scale",
            )
        return cls(low, high)

    def fraction(self, norm: float) -> float:
        """Where a norm stands between the ends of the scale, from 0 to 1."""
        return min(max((math.log10(norm) - self.low) / (self.high - self.low), 0.0), 1.0)

    def ticks(self) -> list[tuple[float, str]]:
        """Places from 0 to 1 with their labels: the ends, and as many whole powers between them as fit."""
        span = self.high - self.low
        step = max(1, math.ceil(span / 4))
        inner = [e for e in range(math.ceil(self.low), math.floor(self.high) + 1) if (self.high - e) % step == 0]
        places = sorted({self.low, *inner, self.high})
        if len(places) > 2 and places[1] - places[0] < step * 0.75:
            del places[1]
        return [((e - self.low) / span, ("≤" if e == self.low else "") + "10" + superscript(f"{e:g}")) for e in places]


class Look(NamedTuple):
    """How a part of some strength looks: the fill of a box with the ink on it; the colour and width of an edge, and of a thread."""

    strength: float | None
    fill: str
    ink: str
    stroke: str
    width: float
    thread: float


@dataclass(frozen=True)
class Brush:
    """Turns strengths (a norm, or None for what has none) into colours and widths."""

    scale: Scale
    theme: Theme

    def look(self, strength: float | None) -> Look:
        """How a part of that strength looks."""
        t = self.theme
        if strength is None:
            fill, stroke, width = t.plain, t.soft, 1.3
        elif strength == 0.0:
            fill, stroke, width = t.zero, t.zero_line, 1.2
        elif not math.isfinite(strength):
            fill, stroke, width = t.broken, t.broken, 3.0
        else:
            part = self.scale.fraction(strength)
            fill, stroke, width = t.level(part), t.level(PALEST + (1 - PALEST) * part), 0.7 + 3.6 * part
        return Look(strength, fill, ink_on(fill), stroke, width, 0.4 * width + 0.3)

    def looks(self, strengths: Mapping[Part, float | None]) -> dict[Part, Look]:
        """How every part of a picture looks."""
        return {part: self.look(strength) for part, strength in strengths.items()}

    def fill(self, strength: float | None) -> str:
        """The colour of a box, a chip, a bar or a cell of a map."""
        return self.look(strength).fill


def superscript(text: str) -> str:
    """A number in raised digits."""
    return text.translate(str.maketrans("0123456789-.", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻·"))


def subscript(text: str) -> str:
    """A number in lowered digits."""
    return text.translate(str.maketrans("0123456789-", "₀₁₂₃₄₅₆₇₈₉₋"))


def number(x: float) -> str:
    """A number as a picture writes it: three digits.

    >>> from tinygrad_rnn.viz.style import number
    >>> number(10.62), number(1.94e-07), number(0.0)
    ('10.6', '1.9e-07', '0')
    """
    if x and math.isfinite(x) and not 1e-3 <= abs(x) < 1e4:
        return f"{x:.1e}"
    return f"{x:.3g}"


def spelled(texts: Mapping[Part, Sequence[Sequence[str | float]]], longest: int | None = None) -> dict[Part, str]:
    """Texts whose lines hold numbers, as they are read: empty lines are left out, the others cut (see `clean`).

    >>> from tinygrad_rnn.viz.style import spelled
    >>> spelled({"h": [["norm ", 0.25], [""], ["values ", -1.0, " to ", 1.0]]})
    {'h': 'norm 0.25\\nvalues -1 to 1'}
    """
    found = {}
    for part, lines in texts.items():
        whole = ("".join(piece if isinstance(piece, str) else number(piece) for piece in line) for line in lines)
        found[part] = "\n".join(line if longest is None else clean(line, longest) for line in whole if line)
    return found


def clean(text: str, longest: int = 60) -> str:
    """Text that any file can hold: one line, no control characters, cut; right-to-left text is isolated from its neighbours.

    >>> from tinygrad_rnn.viz.style import clean
    >>> clean("a\\x00b\\nc"), clean("abcdef", longest=4)
    ('a b c', 'abc…')
    """
    if len(text) <= longest and text.isascii() and text.isprintable():
        return text.strip()
    text = "".join(" " if unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") or c in "\ufffe\uffff" else c for c in text).strip()
    if len(text) > longest:
        text = text[: longest - 1] + "…"
    text = "".join(c for c in text if unicodedata.bidirectional(c) not in STEERING)
    return f"\u2068{text}\u2069" if {unicodedata.bidirectional(c) for c in text} & {"R", "AL"} else text
