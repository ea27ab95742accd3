"""What a plot is given, as an array of a shape that it can draw; and numbers as its texts write them."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from ..errors import DataError, GraphError
from ..shared.array_type import Array, array_given

__all__ = ["expect", "finite", "numbers", "steps_to_mark", "two_digits"]

LARGEST = 1e150


def expect(plot: str, given: object, attribute: str, hint: str) -> None:
    """Raise `DataError` for what is not the kind of thing that a plot draws: a loss, say, where a probe's result is.

    >>> from tinygrad_rnn.plots.arguments import expect
    >>> expect("gates", 3.0, "items", "give what probe.gates(loss) returns")
    Traceback (most recent call last):
    tinygrad_rnn.errors.DataError: a plot of gates cannot draw a float
    <BLANKLINE>
    hint: give what probe.gates(loss) returns
    """
    if not hasattr(given, attribute):
        raise DataError(f"a plot of {plot} cannot draw a {type(given).__name__}", hint=hint)


def numbers(what: str, values: npt.ArrayLike, ndims: tuple[int, ...]) -> Array:
    """An array of float64 with one of so many axes, none of them empty. Raises `DataError` for anything else.

    What is too large to be squared (beyond 1e150) counts as infinite: an axis could not hold it.

    >>> from tinygrad_rnn.plots.arguments import numbers
    >>> numbers("a curve", [1, 2], (1,))
    array([1., 2.])
    """
    try:
        array = array_given(what, values, "give what the probe returned", DataError).astype(np.float64)
    except GraphError:
        raise DataError(
            f"{what} is made of tensors, not of numbers", hint="give what the probe returned; of states their values: h.data"
        ) from None
    except DataError:
        raise
    except (TypeError, ValueError, OverflowError):
        raise DataError(f"{what} is not an array of numbers", hint="give what the probe returned") from None
    if array.ndim not in ndims:
        wanted = " or ".join(map(str, ndims))
        raise DataError(f"{what} has shape {array.shape}: it needs {wanted} axes", hint="give what the probe returned")
    if not array.size:
        raise DataError(f"{what} is empty (shape {array.shape})", hint="record at least one step")
    too_large = np.abs(array) > LARGEST
    array[too_large] = np.copysign(np.inf, array[too_large])
    return array


def finite(values: Array) -> Array:
    """The values that are numbers, in one row."""
    return values[np.isfinite(values)]


def two_digits(x: float) -> str:
    """A number in a title: two digits.

    >>> from tinygrad_rnn.plots.arguments import two_digits
    >>> two_digits(0.123), two_digits(1.2e-13), two_digits(0.0), two_digits(float("nan"))
    ('0.12', '1.2e-13', '0', 'no number')
    """
    return f"{x:.2g}" if math.isfinite(x) else "no number" if math.isnan(x) else "infinity"


def steps_to_mark(count: int) -> list[int]:
    """Some of the numbers 1 to count, for the ticks of an axis: the first, and round ones.

    >>> from tinygrad_rnn.plots.arguments import steps_to_mark
    >>> steps_to_mark(4), steps_to_mark(24), steps_to_mark(300)
    ([1, 2, 3, 4], [1, 5, 10, 15, 20], [1, 50, 100, 150, 200, 250, 300])
    """
    step = next(s for s in (1, 2, 5, 10, 20, 50, 100, 200, 500, 10**9) if count <= 6 * s)
    return sorted({1, *range(step, count + 1, step)} - ({2} if step == 2 else set()))
