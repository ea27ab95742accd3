"""An animated picture as GIF: the sweep from the plain picture to the coloured one, again and again."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from io import BytesIO
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from ...errors import DataError
from ...shared.array_type import Array
from ..style import Theme
from ..svg.animation import PAUSE, REST, looks, pace
from .raster import Raster

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["frames", "gif", "schedule"]

WIDEST = 6000  # pixels
MOST = 118  # pictures of the sweep,
TICK = 0.08  # and seconds for each of them at the least
EXACT = 128  # of 256 colours: the most frequent ones, which are those of boxes and paper; what is left shares the others


def gif(svg: str, theme: Theme) -> bytes:
    """The bytes of a GIF that repeats for ever, of an animated SVG of ours: the same for the same picture, fonts and Pillow.

    Raises `DataError` if the picture is wider or higher than 6,000 pixels, or Pillow is not installed.

    >>> from tinygrad_rnn.viz.formats.animated_gif import gif
    >>> import tinygrad_rnn as tg
    >>> w = tg.Tensor(2.0, requires_grad=True, name="w")
    >>> gif(tg.draw(w * 3.0).svg(animated=True), THEMES["light"])[:6]  # doctest: +SKIP
    b'GIF89a'
    """
    raster = Raster(svg, looks(theme))
    if max(raster.size) > WIDEST:
        raise DataError(
            f"a GIF of {raster.size[0]} by {raster.size[1]} pixels would be too large for most programs",
            hint="hide steps (elide=True), choose detail='cell', or save an animated .svg",
        )
    palette = Palette(raster)
    events, waits = zip(*schedule(raster), strict=True)
    images = (palette.apply(image) for image in frames(raster, events))
    file = BytesIO()
    hundredths = [round(100 * wait) * 10 for wait in waits]  # a GIF counts in hundredths, Pillow in thousandths of a second
    next(images).save(file, "GIF", save_all=True, append_images=images, duration=hundredths, loop=0, optimize=False)
    return file.getvalue()


def schedule(raster: Raster) -> list[tuple[int, float]]:
    """The events after which a picture is shown, and for how many seconds: the first before all of them, the last after all."""
    each = pace(max(raster.events, default=1))
    step = math.ceil(max(TICK / each, max(raster.events, default=1) / MOST))  # events from one picture to the next
    stops = [0, *sorted({step * math.ceil(event / step) for event in raster.events})]
    waits = [(b - a) * each for a, b in pairwise(stops)]
    return list(zip(stops, [PAUSE, *waits[1:], REST][: len(stops)], strict=True))


def frames(raster: Raster, events: Iterable[int]) -> Iterator[Image]:
    """The pictures after those events, ascending. Each is the one before with what has changed since."""
    image, now = None, 0
    for event in events:
        region = None if image is None else raster.changed(now, event)
        image = raster.paint(event) if image is None else image.copy()
        if region is not None:
            image.paste(raster.paint(event, region), region[:2])
        now = event
        yield image


class Palette:
    """256 colours for all frames: those of the scale, of the plain picture and of the coloured one."""

    def __init__(self, raster: Raster) -> None:
        from PIL import Image

        both = np.concatenate([_codes(raster.paint(0)), _codes(raster.paint())])
        codes, counts = np.unique(both, return_counts=True)
        scale = [int.from_bytes(bytes.fromhex(stop[1:]), "little") for stop in raster.stops]
        exact = np.unique([*codes[np.argsort(-counts, kind="stable")[:EXACT]], *scale])
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
        numbers = self.nearest[codes].astype(np.uint8)
        indexed = fromarray(numbers.reshape(image.size[::-1]))
        indexed.putpalette(self.colours.astype(np.uint8).tobytes())
        return indexed


def _codes(image: Image) -> Array:
    """Every pixel as one number, red + 256 green + 65536 blue: as it lies in memory."""
    return np.frombuffer(image.convert("RGBX").tobytes(), "<u4") & 0xFFFFFF


def _colours(codes: Array) -> Array:
    return np.stack([codes & 255, codes >> 8 & 255, codes >> 16], axis=-1).astype(np.int64)
