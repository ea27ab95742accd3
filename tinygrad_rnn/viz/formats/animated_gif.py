"""An animated picture as GIF: the sweep from the plain picture to the coloured one, again and again.

Every picture is the painter's SVG as it looks after an event, turned into pixels by resvg and written by Pillow.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from io import BytesIO
from itertools import pairwise
from math import ceil, floor
from typing import TYPE_CHECKING, Any

from ...errors import DataError
from ...shared.invocation import install
from ..style import FONT
from ..svg.animation import PAUSE, REST, pace
from ..svg.painter import Picture
from ..svg.shapes import Group, Region, Shape, around, bounds, written

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["frames", "gif", "pixels", "schedule"]

WIDEST = 6000  # pixels
MOST = 118  # pictures of the sweep,
TICK = 0.08  # and seconds for each of them at the least
WORDS = '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="20"><text y="16" fill="#fff">dL/dh</text></svg>'


def gif(after: Callable[[float], Picture], events: Collection[int]) -> bytes:
    """The bytes of a GIF that repeats for ever: the same for the same pictures, fonts, resvg and Pillow.

    `after(k)` is the picture as it looks after event k; something changes at those `events`. Raises `DataError` if the picture
    is wider or higher than 6,000 pixels, if resvg or Pillow is not installed, or if the system has no font.
    """
    whole = after(math.inf)
    if max(whole.width, whole.height) > WIDEST:
        raise DataError(
            f"a GIF of {whole.width} by {whole.height} pixels would be too large for most programs",
            hint="hide steps (elide=True), choose detail='cell', or save an animated .svg",
        )
    if pixels(WORDS).getbbox() is None:
        raise DataError("no font was found for the words of a GIF", hint="install one, DejaVu Sans for example, or save as .svg")
    stops, waits = zip(*schedule(events), strict=True)
    colours = palette(*frames(after, (0, math.inf)))
    images = (_in_colours(image, colours) for image in frames(after, stops))
    file = BytesIO()
    hundredths = [round(100 * wait) * 10 for wait in waits]  # a GIF counts in hundredths, Pillow in thousandths of a second
    next(images).save(file, "GIF", save_all=True, append_images=images, duration=hundredths, loop=0, optimize=False)
    return file.getvalue()


def frames(after: Callable[[float], Picture], stops: Iterable[float]) -> Iterator[Image]:
    """The pictures after those events, ascending. Each is the one before with what has changed painted anew."""
    image, before = None, after(0)
    for stop in stops:
        now = after(stop)
        changed = list(_changed(before.shapes, now.shapes))
        if image is None:
            image = pixels(_part(now, (0, 0, now.width, now.height)))
        elif changed:
            left, top, right, bottom = around(changed)
            region = max(0, floor(left)), max(0, floor(top)), min(now.width, ceil(right)), min(now.height, ceil(bottom))
            image = image.copy()
            image.paste(pixels(_part(now, region)), region[:2])
        before = now
        yield image


def _changed(before: Sequence[Shape], now: Sequence[Shape]) -> Iterator[Region]:
    """Where shapes of two pictures differ; there are the same ones in both."""
    for old, new in zip(before, now, strict=True):
        if isinstance(old, Group) and isinstance(new, Group):
            yield from _changed(old.shapes, new.shapes)
        elif old != new:
            yield from (bounds(old), bounds(new))


def _part(whole: Picture, region: tuple[int, int, int, int]) -> str:
    """A part of a picture as SVG, without the shapes that lie elsewhere."""
    left, top, right, bottom = region

    def inside(shapes: Sequence[Shape]) -> list[Shape]:
        found: list[Shape] = []
        for s in shapes:
            if isinstance(s, Group):
                found.append(s._replace(shapes=inside(s.shapes), title=""))
                continue
            a, b, c, d = bounds(s)
            if a < right and left < c and b < bottom and top < d:
                found.append(s)
        return found

    size = f'width="{right - left}" height="{bottom - top}"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} viewBox="{left} {top} {right - left} {bottom - top}" font-family="{FONT}">'
    paper = f'<rect x="{left}" y="{top}" {size} fill="{whole.paper}"/>'
    return "".join([head, paper, *written(inside(whole.shapes)), "</svg>"])


def schedule(events: Collection[int]) -> list[tuple[int, float]]:
    """The events after which a picture is shown, and for how many seconds: the first before all of them, the last after all."""
    last = max(events, default=1)
    each = pace(last)
    step = ceil(max(TICK / each, last / MOST))  # events from one picture to the next
    stops = [0, *sorted({step * ceil(event / step) for event in events})]
    waits = [(b - a) * each for a, b in pairwise(stops)]
    return list(zip(stops, [PAUSE, *waits[1:], REST][: len(stops)], strict=True))


def pixels(svg: str) -> Image:
    """An SVG as an image. Raises `DataError` if what that takes is not installed."""
    try:
        import PIL.Image
        import resvg_py
    except ImportError as error:
        missing = "Pillow" if error.name == "PIL" or str(error.name).startswith("PIL.") else "resvg-py"
        raise DataError(f"a GIF is made with resvg-py and Pillow, and {missing} is not installed", hint=install("gif")) from None
    return PIL.Image.open(BytesIO(resvg_py.svg_to_bytes(svg_string=svg))).convert("RGB")


def palette(plain: Image, coloured: Image) -> Image:
    """256 colours for all pictures, from the first and the last. The two that fill most of these, paper and columns, are exact."""
    from PIL import Image

    both = Image.new("RGB", (plain.width, 2 * plain.height))
    both.paste(plain, (0, 0))
    both.paste(coloured, (0, plain.height))
    found = both.quantize(256, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    counted: list[Any] = both.getcolors(1 << 24) or []
    colours = [colour for _, colour in sorted(counted)[-2:]]
    row = Image.new("RGB", (len(colours), 1))
    row.putdata(colours)
    values = list(found.getpalette() or [])
    for index, colour in zip(_in_colours(row, found).tobytes(), colours, strict=True):
        values[3 * index : 3 * index + 3] = colour
    found.putpalette(values)
    return found


def _in_colours(image: Image, colours: Image) -> Image:
    """An image in the colours of a palette, each pixel in the nearest one."""
    from PIL import Image

    return image.quantize(palette=colours, dither=Image.Dither.NONE)
