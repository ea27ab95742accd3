"""How wide texts are, and so how big boxes and chips; and the panel of weights."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

from ..style import clean, number
from ..view.boxes import LABEL, NAME, SMALL, Box, Chip, TextLine

__all__ = ["CHIP_HEIGHT", "Panel", "PlacedBox", "chip_spots", "chips_inside", "corner_chip", "panel_of", "size_of", "text_width"]

CHIP_HEIGHT = 14.0
SINGLE, DOUBLE = 27.0, 36.0  # the height of a box with one line of text, and with two


@dataclass(frozen=True)
class PlacedBox:
    """A box with the place of its centre."""

    box: Box
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Pill:
    """A weight in the panel: its box, and what is written beside it."""

    placed: PlacedBox
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Panel:
    """The weights, at the left, under the name of who uses them."""

    pills: tuple[Pill, ...]
    headings: tuple[tuple[str, float], ...]  # text, y
    width: float
    bottom: float


BOLD = 1.13  # bold text is that much wider
WIDTHS = {
    0.33: "ijlIJ'|,. ·:;/\\",
    0.41: 'ft()[]!r-"ᵀ₀₁₂₃₄₅₆₇₈₉⁰¹²³⁴⁵⁶⁷⁸⁹',
    0.53: "sczLkF*_?‖∂",
    0.71: "ABCDGHKNOQRUVXYZ&",
    0.86: "w#+<=>^~−×÷≤⧺≡⇉M",
    1.0: "mW%@…",
}
WIDTH_OF = {c: width for width, characters in WIDTHS.items() for c in characters}


def text_width(text: str, size: float, bold: bool = False) -> float:
    """How wide a line of text is, in pixels; a little generous, since the font may be another."""
    total = 0.0
    for c in text:
        wide = unicodedata.east_asian_width(c) in "WF"
        total += (
            0.0 if unicodedata.combining(c) or c in "\u2068\u2069" else WIDTH_OF.get(c, 1.05 if wide or ord(c) > 0x2FFF else 0.64)
        )
    return total * size * (BOLD if bold else 1.0)


def line_width(line: TextLine) -> float:
    """How wide a line on a box is, with its index."""
    index = text_width(str(line.subscript), 0.76 * line.size) + 1 if line.subscript is not None else 0.0
    return text_width(line.words, line.size, line.bold) + index


def chip_width(chip: Chip) -> float:
    """How wide a chip is."""
    return max(15.0, text_width(clean(chip.label, 7), SMALL) + 8)


def corner_chip(box: Box) -> bool:
    """A single chip hangs at the lower left corner of an op; several stand in a row inside the box."""
    return len(box.chips) == 1 and box.kind == "op"


def chips_inside(box: Box) -> bool:
    """Whether its chips stand in a row inside it."""
    return bool(box.chips) and not corner_chip(box)


def size_of(box: Box) -> tuple[float, float]:
    """Width and height."""
    lines = box.lines
    inside = sum(chip_width(c) + 3 for c in box.chips) - 3 if chips_inside(box) else 0.0
    smallest = 84.0 if box.kind == "group" else 34.0 if box.kind == "start" else 42.0
    height = (DOUBLE if len(lines) > 1 else SINGLE) + (CHIP_HEIGHT + 3 if inside else 0) + (6 if box.kind == "group" else 0)
    return max(smallest, *(line_width(line) + 13 for line in lines), inside + 14), height


def chip_spots(placed: PlacedBox) -> list[tuple[Chip, float, float, float]]:
    """(chip, x and y of its centre, width)."""
    box = placed.box
    if not box.chips:
        return []
    widths = [chip_width(c) for c in box.chips]
    if corner_chip(box):
        return [(box.chips[0], placed.x - placed.width / 2 + widths[0] / 2 - 8, placed.y + placed.height / 2 + 1, widths[0])]
    x = placed.x - (sum(widths) + 3 * (len(widths) - 1)) / 2
    y = placed.y + placed.height / 2 - CHIP_HEIGHT / 2 - 5
    spots = []
    for chip, width in zip(box.chips, widths, strict=True):
        spots.append((chip, x + width / 2, y, width))
        x += width + 3
    return spots


def panel_of(pills: tuple[Box, ...], top: float, sign: str) -> Panel:
    """Pills below each other, grouped by who uses them first; `sign` stands before the strength."""
    if not pills:
        return Panel((), (), 0.0, 0.0)
    wide = max(52.0, *(text_width(clean(p.label, 12), LABEL) + 20 for p in pills))
    y = top + 4
    placed: list[Pill] = []
    headings = []
    for block in dict.fromkeys(p.block for p in pills):
        headings.append((clean(str(block[0]), 26), y + 8))
        y += 17
        for box in (p for p in pills if p.block == block):
            shape = "×".join(map(str, box.shape)) or "1"
            lines = (shape,) if box.strength is None else (shape, sign + number(box.strength))
            placed.append(Pill(PlacedBox(box, 26 + wide / 2, y + 13, wide, 26), lines))
            y += 34
        y += 8
    beside = max(text_width(line, NAME) for pill in placed for line in pill.lines)
    longest = max(text_width(words, 12, bold=True) for words, _ in headings)
    return Panel(tuple(placed), tuple(headings), max(wide + beside, longest) + 18, y)
