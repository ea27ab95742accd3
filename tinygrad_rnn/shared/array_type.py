"""An array of numbers: what annotations call it, a setting for its dtype, what may index it, what was given as one, how it is shown."""

from __future__ import annotations

from dataclasses import fields
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from ..errors import DtypeError, TinygradRnnError
from .checks import short

__all__ = ["NOTED", "Array", "Dtype", "Index", "ShownByShape", "array_given"]

Array: TypeAlias = npt.NDArray[Any]
Dtype: TypeAlias = npt.DTypeLike | None
Index: TypeAlias = Any
FEW = 8  # numbers that are shown one by one


class ShownByShape:
    """The base of a dataclass that holds arrays: printed, one of many numbers is told by its shape.

    >>> import numpy as np
    >>> from dataclasses import dataclass
    >>> from tinygrad_rnn.shared.array_type import ShownByShape
    >>> @dataclass(repr=False)
    ... class Found(ShownByShape):
    ...     steps: np.ndarray
    ...     norm: np.ndarray
    >>> Found(np.arange(3), np.ones((200, 4)))
    Found(steps=array([0, 1, 2]), norm (200, 4))
    """

    def __repr__(self) -> str:
        held = ((field.name, getattr(self, field.name)) for field in fields(self))  # type: ignore[arg-type]
        return f"{type(self).__name__}({', '.join(_shown(name, value) for name, value in held)})"


PLAIN = (np.ndarray, np.memmap)  # other kinds of array mean something else by the same operators
NOTED: set[type] = set()  # arrays that write down how they are computed, and are else plain: they pass as they are


def array_given(
    what: str, value: Any, hint: str = "give numbers, or lists of equal length", error: type[TinygradRnnError] = DtypeError
) -> Array:
    """What somebody gave, as an array in the dtype of its own. It may be the caller's, and need not hold numbers.

    Raises the error for what is none, or none without a loss: rows of different lengths, masked arrays and other kinds with rules of
    their own, tensors that carry a gradient, of this or another library.

    >>> from tinygrad_rnn.shared.array_type import array_given
    >>> array_given("lengths", [3, 1])
    array([3, 1])
    >>> array_given("lengths", [[3], [1, 2]], "one length for every sequence")
    Traceback (most recent call last):
    tinygrad_rnn.errors.DtypeError: lengths [[3], [1, 2]]: rows of different lengths
    <BLANKLINE>
    hint: one length for every sequence
    """
    if type(value) in NOTED:
        return value
    if isinstance(value, np.ndarray) and type(value) not in PLAIN:
        raise error(
            f"{what} an array of type {type(value).__name__}: its own rules would be lost",
            hint="masked.filled(value) gives a plain array, and tg.where(~masked.mask, x, 0.0) leaves entries out"
            if isinstance(value, np.ma.MaskedArray)
            else "np.array(x, subok=False) makes a plain array of it",
        )
    if getattr(value, "requires_grad", False) and not hasattr(value, "node"):
        kind = f"{type(value).__module__.partition('.')[0]} {type(value).__name__}"
        raise error(
            f"{what} a {kind} that carries a gradient: it is not data, and the gradient would be lost",
            hint="x.detach() gives its values alone",
        )
    if isinstance(value, (list, tuple)):
        if any(getattr(item, "node", None) is not None for item in value):
            raise error(
                f"{what} a {type(value).__name__} of tensors that have gradients: it is not data",
                hint="put them together with tg.stack([...]) or tg.concat([...]), which record it",
            )
        if any(isinstance(item, np.ma.MaskedArray) for item in value):
            raise error(f"{what} a list of masked values: they would count", hint="masked.filled(value) gives a plain array")
    try:
        return np.asarray(value)
    except TinygradRnnError:
        raise
    except Exception as failure:  # of a foreign object: anything
        why = "rows of different lengths" if "inhomogeneous" in f"{failure}" else f"{failure}"
        raise error(f"{what} {short(value)}: {why}", hint=hint) from None


def _shown(name: str, value: Any) -> str:
    arrays = value if isinstance(value, tuple) and all(isinstance(item, np.ndarray) for item in value) else [value]
    if any(getattr(array, "size", 0) > FEW for array in arrays):
        return f"{name} {' and '.join(str(array.shape) for array in arrays)}"
    return f"{name}={value!r}"
