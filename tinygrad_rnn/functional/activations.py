"""Functions from scores to shares, and their logarithms, finite wherever their result is."""

from __future__ import annotations

import numpy as np

from ..engine.primitives import exp, log, where
from ..engine.scopes import here, place_of
from ..engine.tensor import Tensor, TensorLike, as_tensor, named
from ..errors import ShapeError
from ..shared.checks import is_whole, short

__all__ = ["log_sigmoid", "log_softmax", "softmax", "softplus"]


def log_softmax(x: TensorLike, axis: int | tuple[int, ...] = -1) -> Tensor:
    """log(exp(x) / sum(exp(x))) along `axis`, finite for any finite x: the largest entry is taken off first.

    >>> import tinygrad_rnn as tg
    >>> tg.functional.log_softmax([1000.0, 0.0])
    Tensor([    0., -1000.])
    """
    x = as_tensor(x)
    shifted = x - _largest(x, axis)
    return shifted - log(exp(shifted).sum(axis, keepdims=True))


def _largest(x: Tensor, axis: int | tuple[int, ...]) -> Tensor:
    """The largest entry along an axis, or several, as a constant: the result does not depend on what is taken off."""
    axes = axis if isinstance(axis, tuple) else (axis,)
    if not axes or not all(is_whole(k, -x.ndim) and k < x.ndim and x.shape[k] for k in axes):
        raise ShapeError(
            f"softmax along axis {short(axis)} of shape {x.shape}",
            where=place_of(here.mode.frames),
            hint="the axis must exist and hold at least one entry; several stand in a tuple",
        )
    return named(as_tensor(x._array.max(axis=axis, keepdims=True)), "max")


def softmax(x: TensorLike, axis: int | tuple[int, ...] = -1) -> Tensor:
    """exp(x) / sum(exp(x)) along `axis`: positive, summing to 1.

    >>> import tinygrad_rnn as tg
    >>> tg.functional.softmax([0.0, 0.0])
    Tensor([0.5, 0.5])
    """
    x = as_tensor(x)
    powers = exp(x - _largest(x, axis))
    return powers / powers.sum(axis, keepdims=True)


def softplus(x: TensorLike) -> Tensor:
    """log(1 + exp(x)) as m + log(exp(-m) + exp(x - m)) with m = max(x, 0), a constant: no overflow at any x.

    At infinity it is x itself, with gradient 1.

    >>> import tinygrad_rnn as tg
    >>> tg.functional.softplus([-1000.0, 1000.0])
    Tensor([   0., 1000.])
    """
    x = as_tensor(x)
    kind = x.dtype if x.dtype.kind == "f" else np.dtype(np.float64)
    if (endless := np.asarray(x._array == np.inf)).any():
        return where(endless, x, softplus(where(endless, 0.0, x)))
    m = named(as_tensor(np.asarray(np.maximum(x._array, 0), kind)), "max")
    return m + log(named(exp(-m), "exp(-max)") + exp(x - m))


def log_sigmoid(x: TensorLike) -> Tensor:
    """log(1 / (1 + exp(-x))) = -softplus(-x), finite for any finite x.

    >>> import tinygrad_rnn as tg
    >>> tg.functional.log_sigmoid([-1000.0])
    Tensor([-1000.])
    """
    return -softplus(-as_tensor(x))
