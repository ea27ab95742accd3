"""Losses between an output and a target of the same shape."""

from __future__ import annotations

from ..engine.scopes import here, place_of
from ..engine.tensor import Tensor, TensorLike, as_tensor
from ..errors import ShapeError

__all__ = ["mse_loss"]


def mse_loss(y: TensorLike, target: TensorLike) -> Tensor:
    """The mean of (y - target)². Raises `ShapeError` unless the shapes are equal: a silent broadcast hides mistakes.

    >>> import tinygrad_rnn as tg
    >>> tg.functional.mse_loss([1.0, 3.0], [1.0, 1.0])
    Tensor(2.)
    """
    y = as_tensor(y)
    target = as_tensor(target, y)
    if y.shape != target.shape:
        raise ShapeError(
            f"mse_loss of shapes {y.shape} and {target.shape}: they must be equal",
            where=place_of(here.mode.frames),
            hint="reshape one of them; broadcasting here would compare every output with every target",
        )
    return ((y - target) ** 2).mean()
