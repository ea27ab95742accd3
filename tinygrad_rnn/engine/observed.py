"""What a recording may want to know of: random numbers that enter a graph, and numbers that are read of it on the way."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

import numpy as np

from ..shared.array_type import Array

__all__ = ["drawn", "noting", "reading"]

noting: ContextVar[Callable[[np.random.Generator, tuple[int, ...], Array], Array] | None] = ContextVar("noting", default=None)
reading: ContextVar[Callable[[], None] | None] = ContextVar("reading", default=None)


def drawn(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Numbers in [0, 1) of a shape.

    >>> import numpy as np
    >>> from tinygrad_rnn.engine.observed import drawn
    >>> drawn(np.random.default_rng(0), (2,)).round(3)
    array([0.637, 0.27 ])
    """
    values: Any = rng.random(shape)
    note = noting.get()
    return values if note is None else note(rng, shape, values)
