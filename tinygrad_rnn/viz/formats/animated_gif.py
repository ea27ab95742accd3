"""An animated picture as GIF: the sweep from the plain picture to the coloured one, again and again.

Every picture is the painter's SVG as it looks after an event, turned into pixels by resvg and written by Pillow.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from io import BytesIO
from itertools import pairwise
from math import ceil, floor
from typing import TYPE_CHECKING

import numpy as np

from ...errors import DataError
from ...shared.array_type import Array
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
EXACT = 128  # of 256 colours: the most frequent ones, which are those of boxes and paper; what is left shares the others
WORDS = '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="20"><text y="16">dL/dh</text></svg>'


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
    palette = Palette(*frames(after, (0, math.inf)))
    images = (palette.apply(image) for image in frames(after, stops))
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
    return PIL.Image.open(BytesIO(resvg_py.svg_to_bytes(svg_string=svg)))


class Palette:
    """256 colours for all pictures, from the plain one and the coloured one."""

    def __init__(self, plain: Image, coloured: Image) -> None:
        from PIL import Image

        both = np.concatenate([_codes(plain), _codes(coloured)])
        codes, counts = np.unique(both, return_counts=True)
        exact = codes[np.argsort(-counts, kind="stable")[:EXACT]]
        rest = both[~np.isin(both, exact)]
        found = [exact]
        if rest.size:
            image = Image.fromarray(_colours(rest)[None].astype(np.uint8))
            shared = image.quantize(256 - len(exact), Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE).getpalette()
            found.append(np.array(shared, np.int64).reshape(-1, 3) @ [1, 256, 65536])
        self.colours = _colours(np.concatenate(found))
        self.nearest = np.full(1 << 24, -1, np.int16)  # of every colour there is, as far as it was looked for

    def apply(self, image: Image) -> Image:
        """An image in these colours: every pixel becomes the nearest one."""
        from PIL.Image import fromarray

        codes = _codes(image)
        for code in np.unique(codes[self.nearest[codes] < 0]):
            self.nearest[code] = np.argmin(np.square(self.colours - _colours(code)).sum(axis=1))
        indexed = fromarray(self.nearest[codes].astype(np.uint8).reshape(image.size[::-1]))
        indexed.putpalette(self.colours.astype(np.uint8).tobytes())
        return indexed


def _codes(image: Image) -> Array:
    """Every pixel as one number, red + 256 green + 65536 blue: as it lies in memory."""
    return np.frombuffer(image.convert("RGBX").tobytes(), "<u4") & 0xFFFFFF


def _colours(codes: Array) -> Array:
    return np.stack([codes & 255, codes >> 8 & 255, codes >> 16], axis=-1).astype(np.int64)
