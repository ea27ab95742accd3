"""Layers around the cells: an affine map and an embedding."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine.primitives import take, where
from ..engine.tensor import Tensor, TensorLike, as_tensor
from ..errors import DataError
from ..shared.array_type import Dtype
from ..shared.checks import is_whole
from . import init
from .module import Module

__all__ = ["Embedding", "Linear"]


class Linear(Module):
    """y = x W + b, with x (..., input_size) and y (..., output_size).

    `W` (input_size, output_size) and `b` (output_size) start uniform in ±1/sqrt(input_size); `bias=False` leaves b out.

    >>> import numpy as np, tinygrad_rnn as tg
    >>> layer = tg.nn.Linear(3, 2, rng=np.random.default_rng(0))
    >>> layer(np.ones((4, 3))).shape
    (4, 2)
    """

    def __init__(
        self, input_size: int, output_size: int, *, rng: np.random.Generator, bias: bool = True, dtype: Dtype = None
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

    The row `padding_idx` starts at zero and stays as it is: where an id is `padding_idx` its row is read as a constant (a `where`
    in pictures), so that no gradient reaches it, as in PyTorch.
    Raises `DtypeError` for ids that are not integers, `DataError` for an id without a row.

    >>> import numpy as np, tinygrad_rnn as tg
    >>> table = tg.nn.Embedding(10, 4, rng=np.random.default_rng(0), padding_idx=0)
    >>> rows = table([[1, 2, 0]])
    >>> rows.shape, rows.data[0, 2]
    ((1, 3, 4), array([0., 0., 0., 0.]))
    """

    def __init__(
        self, symbols: int, features: int, *, rng: np.random.Generator, padding_idx: int | None = None, dtype: Dtype = None
    ) -> None:
        self.W = Tensor(init.normal(rng, (symbols, features), dtype), requires_grad=True)
        self.padding_idx = padding_idx
        if padding_idx is None:
            return
        if not is_whole(padding_idx, 0) or padding_idx >= symbols:
            raise DataError(f"Embedding of {symbols} symbols with padding_idx={padding_idx!r}", hint="it is the id of one symbol")
        self.W.data[padding_idx] = 0.0

    def forward(self, ids: Any) -> Tensor:
        """Ids (...) to rows (..., features)."""
        rows = take(self.W, ids)
        if self.padding_idx is None:
            return rows
        padding = np.asarray(ids.data if isinstance(ids, Tensor) else ids) == self.padding_idx
        return where(padding[..., None], Tensor(self.W.data[self.padding_idx], name="padding"), rows)
