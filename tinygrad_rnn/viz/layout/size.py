"""How big boxes and chips are, from the texts they hold; and the panel of weights."""

from __future__ import annotations

from dataclasses import dataclass

from ..style import clean, number, text_width
from ..view.boxes import LONGEST, Box, Chip

__all__ = [
    "CHIP_HEIGHT",
    "NAME",
    "SMALL",
    "Line",
    "Panel",
    "Pill",
    "PlacedBox",
    "chip_spots",
    "chips_inside",
    "corner_chip",
    "lines_of",
    "panel_of",
    "size_of",
]

LABEL, NAME, SMALL = 13.0, 11.0, 9.5  # font sizes
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

    node: PlacedBox
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Panel:
    """The weights, at the left, under the name of who uses them."""

    pills: tuple[Pill, ...]
    headings: tuple[tuple[str, float], ...]  # text, y
    width: float
    bottom: float


@dataclass(frozen=True)
class Line:
    """A line of text on a box, with an index."""

    words: str
    size: float
    italic: bool = False
    bold: bool = False
    index: int | str | None = None

    @property
    def width(self) -> float:
        """In pixels."""
        index = text_width(str(self.index), 0.76 * self.size) + 1 if self.index is not None else 0.0
        return text_width(self.words, self.size, self.bold) + index


def lines_of(box: Box) -> tuple[Line, ...]:
    """What is written on a box, from top to bottom, cut to what fits."""
    label, name = clean(box.label, LONGEST if box.kind == "gate" else 18), clean(box.name, 22)
    if box.kind == "gate":  # the letter, and the word for it
        first, second = Line(label, LABEL, box.step is not None, box.state, box.step), Line(name, SMALL)
    elif box.name:  # the op, and the letter of its result
        own = box.kind == "op"
        first, second = (
            Line(label, LABEL, bold=box.kind == "group"),
            Line(name, NAME, True, own and box.state, box.step if own else None),
        )
    else:
        first, second = Line(label, LABEL, box.kind in ("input", "start"), False, box.step), Line("", NAME)
    return (first, second) if name else (first,)


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
    lines = lines_of(box)
    inside = sum(chip_width(c) + 3 for c in box.chips) - 3 if chips_inside(box) else 0.0
    smallest = 84.0 if box.kind == "group" else 34.0 if box.kind == "start" else 42.0
    height = (DOUBLE if len(lines) > 1 else SINGLE) + (CHIP_HEIGHT + 3 if inside else 0) + (6 if box.kind == "group" else 0)
    return max(smallest, *(line.width + 13 for line in lines), inside + 14), height


def chip_spots(node: PlacedBox) -> list[tuple[Chip, float, float, float]]:
    """(chip, x and y of its centre, width)."""
    box = node.box
    if not box.chips:
        return []
    widths = [chip_width(c) for c in box.chips]
    if corner_chip(box):
        return [(box.chips[0], node.x - node.width / 2 + widths[0] / 2 - 8, node.y + node.height / 2 + 1, widths[0])]
    x = node.x - (sum(widths) + 3 * (len(widths) - 1)) / 2
    y = node.y + node.height / 2 - CHIP_HEIGHT / 2 - 5
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
