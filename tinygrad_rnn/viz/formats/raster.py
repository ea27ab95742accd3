"""Our own SVG as pixels, painted with Pillow after any event of its sweep.

Only what our pictures hold is understood: rectangles, routes of M L H V Q C Z, circles, lines of text with an index, and the one scale
of colours. Everything is painted four times as large and made smaller, which makes lines smooth, and region by region: what
changes from one event to the next is painted anew, the rest is kept.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING
from xml.etree import ElementTree

from ...errors import DataError
from ...shared.invocation import install
from ..svg.animation import Look
from .polyline import Point, dashed, outlines

if TYPE_CHECKING:
    from PIL import ImageDraw, ImageFont
    from PIL.Image import Image

__all__ = ["Raster", "Region", "pillow"]

FINE = 4  # every pixel is painted as so many times so many
INHERITED = ("text-anchor", "font-style", "font-weight", "stroke-opacity")
SHAPES = ("rect", "path", "circle", "text")
FACES = {  # by (bold, italic): the first that the system has
    (False, False): ("DejaVuSans.ttf", "Verdana.ttf", "verdana.ttf", "Arial.ttf", "arial.ttf"),
    (True, False): ("DejaVuSans-Bold.ttf", "Verdana Bold.ttf", "verdanab.ttf", "Arial Bold.ttf", "arialbd.ttf"),
    (False, True): ("DejaVuSans-Oblique.ttf", "Verdana Italic.ttf", "verdanai.ttf", "Arial Italic.ttf", "ariali.ttf"),
    (True, True): ("DejaVuSans-BoldOblique.ttf", "Verdana Bold Italic.ttf", "verdanaz.ttf", "Arial Bold Italic.ttf", "arialbi.ttf"),
}  # fmt: skip
Region = tuple[int, int, int, int]  # left, top, right, bottom, in pixels


def pillow() -> None:
    """Raises `DataError` if Pillow is not there."""
    try:
        import PIL.Image  # noqa: F401
    except ImportError:
        raise DataError("pixels are painted with Pillow, which is not installed", hint=install("gif")) from None


@dataclass(frozen=True)
class Shape:
    """An element: how it looks, from which event on, and how it looks before."""

    tag: str
    words: tuple[str, str]  # of a text, and its index
    start: float
    after: Mapping[str, str] = field(repr=False)
    before: Mapping[str, str] = field(repr=False)

    def at(self, event: float) -> Mapping[str, str]:
        """Its attributes after that event."""
        return self.after if event >= self.start else self.before


class Raster:
    """An SVG of ours, still or animated. `looks` says how its parts look before their gradient has come."""

    def __init__(self, svg: str, looks: Iterable[Look] = ()) -> None:
        pillow()
        root = ElementTree.fromstring(svg)  # noqa: S314 - our own text
        self.size = round(float(root.get("width", 0))), round(float(root.get("height", 0)))
        self.looks = {(look.kind, look.part): look.before for look in looks}
        self.stops = [stop.get("stop-color", "") for stop in root.iter() if _tag(stop) == "stop"]
        self.faces: dict[tuple[float, bool, bool], ImageFont.FreeTypeFont | ImageFont.ImageFont] = {}
        self.shapes = [(shape, self._region(shape)) for shape in self._shapes(root, {}, "", -math.inf)]

    def _shapes(self, parent: ElementTree.Element, inherited: dict[str, str], kind: str, start: float) -> Iterator[Shape]:
        """The elements in the order of painting. A mark holds for what is inside it, down to the next mark."""
        for e in parent:
            tag, after = _tag(e), inherited | e.attrib
            number = re.fullmatch(r"--event:(\d+)", e.get("style", ""))
            mark = (e.get("class", "").split("-", 1)[-1], float(number[1])) if number else (kind, start)
            if tag == "g":
                yield from self._shapes(e, {name: after[name] for name in INHERITED if name in after}, *mark)
            elif tag in SHAPES:
                parts = [""] if number else [tag, *(f"[{name}]" for name in e.attrib)]
                plain = next((self.looks[mark[0], part] for part in parts if (mark[0], part) in self.looks), None)
                words = (e.text or "", "".join(part.text or "" for part in e))
                yield Shape(tag, words, -math.inf if plain is None else mark[1], after, after | (plain or {}))

    # ---- painting

    @property
    def events(self) -> list[int]:
        """The numbers of the events at which something changes, ascending."""
        return sorted({int(shape.start) for shape, _ in self.shapes if shape.start > -math.inf})

    def paint(self, event: float = math.inf, region: Region | None = None) -> Image:
        """The picture, or a part of it, as it looks after that event; by default when all gradients have come."""
        from PIL import Image

        left, top, right, bottom = region or (0, 0, *self.size)
        if right - left > 1024:  # a wide picture in parts: the large one of all of it would not fit into memory
            whole = Image.new("RGB", (right - left, bottom - top))
            for x in range(left, right, 1024):
                whole.paste(self.paint(event, (x, top, min(x + 1024, right), bottom)), (x - left, 0))
            return whole
        image = Image.new("RGB", ((right - left) * FINE, (bottom - top) * FINE))
        for shape, (a, b, c, d) in self.shapes:
            if a < right and left < c and b < bottom and top < d:
                self._draw(image, shape, shape.at(event), (left, top))
        return image.reduce(FINE)

    def changed(self, after: float, until: float) -> Region | None:
        """The part of the picture that changes between two events."""
        regions = [region for shape, region in self.shapes if after < shape.start <= until]
        if not regions:
            return None
        left, top, right, bottom = zip(*regions, strict=True)
        return max(0, min(left)), max(0, min(top)), min(self.size[0], max(right)), min(self.size[1], max(bottom))

    def _draw(self, image: Image, shape: Shape, look: Mapping[str, str], origin: Point) -> None:
        from PIL import ImageDraw

        brush = ImageDraw.Draw(image)
        if shape.tag == "text":
            self._text(brush, shape, look, origin)
            return
        lines = [[_fine(point, origin) for point in line] for line in outlines(shape.tag, look)]
        fill, stroke = look.get("fill", "none"), look.get("stroke", "none")
        if fill.startswith("url"):
            self._scale(brush, lines[0])
        elif fill != "none":
            brush.polygon(lines[0], fill=fill)
        if stroke != "none":
            self._stroke(image, lines, look)

    def _stroke(self, image: Image, lines: list[list[Point]], look: Mapping[str, str]) -> None:
        from PIL import Image, ImageDraw

        dashes = look.get("stroke-dasharray", "none")
        if dashes != "none":
            lines = [piece for line in lines for piece in dashed(line, [FINE * float(length) for length in dashes.split()])]
        width, opacity = max(1, round(FINE * float(look.get("stroke-width", 1)))), float(look.get("stroke-opacity", 1))
        mask = Image.new("L", image.size) if opacity < 1 else None
        brush, colour = (ImageDraw.Draw(image), look["stroke"]) if mask is None else (ImageDraw.Draw(mask), round(255 * opacity))
        for line in lines:
            # a closed line goes on over its start, so that the corner there is a corner too
            brush.line(line + line[1:2] if line[0] == line[-1] else line, fill=colour, width=width, joint="curve")
        if mask is not None:
            image.paste(look["stroke"], mask=mask)

    def _scale(self, brush: ImageDraw.ImageDraw, corners: list[Point]) -> None:
        from PIL import ImageColor

        (left, top), (right, bottom) = map(min, zip(*corners, strict=True)), map(max, zip(*corners, strict=True))
        colours = [ImageColor.getrgb(stop) for stop in self.stops]
        for x in range(math.floor(left), math.ceil(right)):
            place = min(max((x - left) / (right - left), 0.0), 1.0) * (len(colours) - 1)
            k = min(int(place), len(colours) - 2)
            mixed = tuple(round(a + (b - a) * (place - k)) for a, b in zip(colours[k], colours[k + 1], strict=True))
            brush.line([(x, top), (x, bottom)], fill=mixed)

    # ---- words

    def _text(self, brush: ImageDraw.ImageDraw, shape: Shape, look: Mapping[str, str], origin: Point) -> None:
        size, anchor = float(look["font-size"]), look.get("text-anchor", "start")
        faces = self._face(size, look), self._face(size * 0.76, look)
        widths = [face.getlength(words) for face, words in zip(faces, shape.words, strict=True)]
        x, y = _fine((float(look["x"]), float(look["y"])), origin)
        x -= round({"start": 0.0, "middle": 0.5, "end": 1.0}[anchor] * sum(widths))
        brush.text((x, y), shape.words[0], fill=look["fill"], font=faces[0], anchor="ls")
        if shape.words[1]:
            brush.text(
                (x + round(widths[0]), y + round(size * 0.22 * FINE)),
                shape.words[1],
                fill=look["fill"],
                font=faces[1],
                anchor="ls",
            )

    def _face(self, size: float, look: Mapping[str, str]) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
        from PIL import ImageFont

        bold, italic = look.get("font-weight") == "bold", look.get("font-style") == "italic"
        key = (size, bold, italic)
        if key not in self.faces:
            for name in (*FACES[bold, italic], ""):
                try:
                    self.faces[key] = ImageFont.truetype(name, size * FINE) if name else ImageFont.load_default(size * FINE)
                    break
                except OSError:
                    continue
        return self.faces[key]

    def _region(self, shape: Shape) -> Region:
        """The pixels that an element may touch, before and after."""
        if shape.tag == "text":
            size, x, y = (float(shape.after[name]) for name in ("font-size", "x", "y"))
            wide = sum(self._face(size, shape.after).getlength(words) for words in shape.words) / FINE + size
            points, thick = [(x - wide, y - 1.3 * size), (x + wide, y + 0.7 * size)], 0.0
        else:
            points = [*chain.from_iterable(outlines(shape.tag, shape.after))]
            thick = max(float(look.get("stroke-width", 1)) for look in (shape.before, shape.after))
        xs, ys = zip(*points, strict=True)
        edge = thick / 2 + 1
        return math.floor(min(xs) - edge), math.floor(min(ys) - edge), math.ceil(max(xs) + edge), math.ceil(max(ys) + edge)


def _fine(point: Point, origin: Point) -> Point:
    """A point in the large picture of a region. Whole numbers: Pillow rounds others another way left of its picture than in it."""
    return round(point[0] * FINE) - origin[0] * FINE, round(point[1] * FINE) - origin[1] * FINE


def _tag(e: ElementTree.Element) -> str:
    return e.tag.rsplit("}", 1)[-1]
