"""What annotations call an array of numbers, a setting for its dtype, and what may index one."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy.typing as npt

__all__ = ["Array", "Dtype", "Key"]

Array: TypeAlias = npt.NDArray[Any]
Dtype: TypeAlias = npt.DTypeLike | None
Key: TypeAlias = Any
