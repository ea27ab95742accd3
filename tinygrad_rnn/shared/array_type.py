"""What annotations call an array of numbers, and what may index one."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy.typing as npt

__all__ = ["Array", "Index"]

Array: TypeAlias = npt.NDArray[Any]
Index: TypeAlias = Any
