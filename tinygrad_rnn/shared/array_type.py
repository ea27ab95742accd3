"""An array of numbers: what annotations call it, a setting for its dtype, what may index it, what was given as one, how it is shown."""

from __future__ import annotations

from dataclasses import fields
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

__all__ = ["Array", "Dtype", "Index", "ShownByShape", "array_given"]

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


def array_given(value: Any) -> Array:
    """What was given as an array; one that holds no numbers, and so fits nowhere, where its rows have different lengths."""
    try:
        return np.asarray(value)
    except ValueError:
        return np.asarray(None)


def _shown(name: str, value: Any) -> str:
    arrays = value if isinstance(value, tuple) and all(isinstance(item, np.ndarray) for item in value) else [value]
    if any(getattr(array, "size", 0) > FEW for array in arrays):
        return f"{name} {' and '.join(str(array.shape) for array in arrays)}"
    return f"{name}={value!r}"
