"""Dropout: entries set to 0 by chance."""

from __future__ import annotations

import numpy as np

from ..engine.dtypes import current_dtype
from ..engine.primitives import where
from ..engine.scopes import drawn
from ..engine.tensor import Tensor, TensorLike, as_tensor
from ..errors import ShapeError
from ..shared.array_type import Array, Dtype
from ..shared.checks import check_dropout, check_rng, is_whole, short

__all__ = ["dropout", "dropout_mask"]


def dropout(x: TensorLike, p: float, rng: np.random.Generator, training: bool = True) -> Tensor:
    """Each entry set to 0 with probability p and the others divided by 1 - p; unchanged unless training.

    >>> import numpy as np, tinygrad_rnn as tg
    >>> tg.functional.dropout(np.ones(4), 0.5, np.random.default_rng(0))
    Tensor([2., 0., 0., 0.])
    """
    x = as_tensor(x)
    check_dropout(p)
    check_rng(rng)
    if not training or p == 0:
        return x
    return where(drawn(rng, x.shape) >= p, x * (1 / (1 - p)), 0.0)


def dropout_mask(shape: tuple[int, ...], p: float, rng: np.random.Generator, dtype: Dtype = None) -> Array:
    """What dropout multiplies by: 0 with probability p, else 1 / (1 - p); one mask for all steps is variational dropout.

    >>> import numpy as np, tinygrad_rnn as tg
    >>> tg.functional.dropout_mask((4,), 0.5, np.random.default_rng(0))
    array([2., 0., 0., 0.])
    """
    check_dropout(p)
    check_rng(rng)
    if not isinstance(shape, tuple) or not all(is_whole(size, 0) for size in shape):
        raise ShapeError(f"dropout_mask of shape {short(shape)}", hint="whole numbers in a tuple: (batch, features)")
    return ((drawn(rng, shape) >= p) / (1 - p)).astype(dtype or current_dtype())
