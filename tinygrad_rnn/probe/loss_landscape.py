"""The surface that training walks on: a function on a grid around a point, along one or two directions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt

from ..engine.dtypes import as_array
from ..engine.scopes import no_grad
from ..engine.tensor import Tensor
from ..errors import DataError, ShapeError
from ..shared.array_type import Array, ShownByShape, array_given
from ..shared.checks import short

__all__ = ["Landscape", "landscape"]


@dataclass(frozen=True, eq=False, repr=False)
class Landscape(ShownByShape):
    """`values[i, j]` = f(origin + axes[0][i] directions[0] + axes[1][j] directions[1]); with one direction `values[i]`."""

    axes: tuple[Array, ...]
    values: Array


def landscape(
    f: Callable[[Array], Any],
    origin: npt.ArrayLike,
    directions: Sequence[npt.ArrayLike],
    extent: float | tuple[float, float] | Sequence[tuple[float, float]] = 1.0,
    points: int | tuple[int, ...] = 51,
) -> Landscape:
    """The values of `f` on a grid through `origin` along one or two `directions`, arrays of origin's shape.

        values[i, j] = f(origin + a_i directions[0] + b_j directions[1])

    `f` takes an array of that shape and returns a number, or a tensor of one; it is called under `no_grad()`. `extent` is how far to
    go, in units of each direction: a number e for -e..e, (low, high), or one such pair a direction; `points`, how many values, of
    each direction or of one after the other. What f returns is kept, NaN and infinity too.
    Raises `DataError` for no direction or more than two, fewer than two points, an empty extent, or an f that is no function;
    `ShapeError` for a direction of another shape, or an f that does not return one number.

    Goodfellow, Vinyals and Saxe 2015, section 2 (one direction); Pascanu, Mikolov and Bengio 2013, figure 6 (two).

    >>> import tinygrad_rnn as tg
    >>> bowl = tg.probe.landscape(lambda w: (w**2).sum(), [0.0, 1.0], [[1.0, 0.0]], extent=(0, 2), points=3)
    >>> bowl.axes[0], bowl.values
    (array([0., 1., 2.]), array([1., 2., 5.]))
    """
    if not callable(f):
        raise DataError(f"landscape of {short(f)}, which is not a function", hint="it is called with an array, such as a weight")
    start = as_array(origin).astype(np.float64)
    try:
        given = list(directions)
    except TypeError:
        raise DataError(f"landscape with directions={short(directions)}", hint="a list of one or two arrays") from None
    ways = [as_array(direction).astype(np.float64) for direction in given]
    if len(ways) not in (1, 2):
        raise DataError(f"landscape along {len(ways)} directions", hint="one gives a curve, two a surface")
    if any(way.shape != start.shape for way in ways):
        shapes = ", ".join(str(way.shape) for way in ways)
        raise ShapeError(f"landscape around a point of shape {start.shape} along directions of shapes {shapes}", hint="all alike")
    axes = _axes(extent, points, len(ways))
    values = np.zeros(tuple(map(len, axes)))
    with no_grad():
        for entry in product(*map(range, values.shape)):
            moves = (axis[k] * way for axis, k, way in zip(axes, entry, ways, strict=True))
            values[entry] = _number(f(sum(moves, start)))
    return Landscape(axes, values)


def _axes(extent: Any, points: Any, count: int) -> tuple[Array, ...]:
    """How far to go along each direction."""
    ends = array_given(
        "landscape with extent", extent, "a number above 0, (low, high), or one (low, high) a direction", DataError
    )
    numbers = array_given("landscape with points", points, "a whole number of at least 2", DataError)
    if ends.ndim == 0 and ends.dtype.kind in "iuf":  # e, for -e..e
        ends = np.array([-1.0, 1.0]) * ends
    if ends.shape == (2,):  # one pair for all directions
        ends = np.broadcast_to(ends, (count, 2))
    if numbers.ndim == 0:
        numbers = np.broadcast_to(numbers, count)
    fits = ends.shape == (count, 2) and ends.dtype.kind in "iuf" and np.isfinite(ends).all()
    if not fits or (ends[:, 0] >= ends[:, 1]).any():
        raise DataError(
            f"landscape with extent={short(extent)}", hint="a number above 0, (low, high), or one (low, high) a direction"
        )
    if numbers.shape != (count,) or numbers.dtype.kind not in "iu" or (numbers < 2).any():
        raise DataError(f"landscape with points={short(points)}", hint="a whole number of at least 2, or one for each direction")
    return tuple(np.linspace(low, high, n) for (low, high), n in zip(ends.tolist(), numbers.tolist(), strict=True))


def _number(value: Any) -> float:
    what = f"landscape of a function that returns {type(value).__name__}"
    array = value.data if isinstance(value, Tensor) else array_given(what, value, "one number", ShapeError)
    if array.size != 1 or array.dtype.kind not in "iuf":
        shape = f" of shape {array.shape}" if array.shape else ""
        raise ShapeError(what + shape, hint="one number")
    return float(array.item())
