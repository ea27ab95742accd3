"""An array of numbers: what annotations call it, a setting for its dtype, what may index it, and what was given as one."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

__all__ = ["Array", "Dtype", "Index", "array_given"]

Array: TypeAlias = npt.NDArray[Any]
Dtype: TypeAlias = npt.DTypeLike | None
Index: TypeAlias = Any


def array_given(value: Any) -> Array:
    """What was given as an array; one that holds no numbers, and so fits nowhere, where its rows have different lengths."""
    try:
        return np.asarray(value)
    except ValueError:
        return np.asarray(None)
