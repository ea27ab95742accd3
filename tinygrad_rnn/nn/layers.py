"""Layers around the cells: an affine map and an embedding."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ..primitives import take
from ..tensor import Tensor, TensorLike, as_tensor
from . import init
from .module import Module

__all__ = ["Embedding", "Linear"]


class Linear(Module):
    """y = x W + b, with x (..., input_size) and y (..., output_size).

    `W` (input_size, output_size) and `b` (output_size) start uniform in ±1/sqrt(input_size); `bias=False` leaves b out.

    >>> layer = Linear(3, 2, rng=np.random.default_rng(0))
    >>> layer(np.ones((4, 3))).shape
    (4, 2)
    """

    def __init__(
        self,
        input_size: int,
        output_size: int,
        *,
        rng: np.random.Generator,
        bias: bool = True,
        dtype: npt.DTypeLike | None = None,
    ) -> None:
        bound = 1 / max(input_size, 1) ** 0.5
        self.W = Tensor(init.uniform(rng, (input_size, output_size), bound, dtype), requires_grad=True)
        self.b = Tensor(init.uniform(rng, (output_size,), bound, dtype), requires_grad=True) if bias else None

    def forward(self, x: TensorLike) -> Tensor:
        """x (..., input_size) to y (..., output_size)."""
        y = as_tensor(x) @ self.W
        return y if self.b is None else y + self.b


class Embedding(Module):
    """A table `W` (symbols, features) with one row a symbol, drawn from N(0, 1); ids (...) become rows (..., features).

    Raises `DtypeError` for ids that are not integers, `DataError` for an id without a row.

    >>> table = Embedding(10, 4, rng=np.random.default_rng(0))
    >>> table([[1, 2, 3]]).shape
    (1, 3, 4)
    """

    def __init__(self, symbols: int, features: int, *, rng: np.random.Generator, dtype: npt.DTypeLike | None = None) -> None:
        self.W = Tensor(init.normal(rng, (symbols, features), dtype), requires_grad=True)

    def forward(self, ids: Any) -> Tensor:
        """Ids (...) to rows (..., features)."""
        return take(self.W, ids)
