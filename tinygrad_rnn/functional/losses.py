"""Losses between an output and a target of the same shape, as in `torch.nn.functional`."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine.primitives import abs, exp, log, where
from ..engine.scopes import here, place_of
from ..engine.tensor import Tensor, TensorLike, as_tensor
from ..errors import DataError, ShapeError
from ..shared.checks import check_choice, check_flags, check_number
from .activations import softplus
from .reduction import REDUCTIONS, reduced

__all__ = ["binary_cross_entropy_with_logits", "huber_loss", "kl_div", "l1_loss", "mse_loss"]


def mse_loss(y: TensorLike, target: TensorLike, *, reduction: str = "mean") -> Tensor:
    """The mean of (y - target)². Raises `ShapeError` unless the shapes are equal: a silent broadcast hides mistakes.

    `reduction` is "mean", "sum", or "none" for the loss of each entry, here and in the other losses; else `DataError`.

    >>> import tinygrad_rnn as tg
    >>> tg.functional.mse_loss([1.0, 3.0], [1.0, 1.0])
    Tensor(2.)
    >>> tg.functional.mse_loss([1.0, 3.0], [1.0, 1.0], reduction="none")
    Tensor([0., 4.])
    """
    y, target = _pair("mse_loss", y, target, reduction)
    return reduced((y - target) ** 2, reduction)


def l1_loss(y: TensorLike, target: TensorLike, *, reduction: str = "mean") -> Tensor:
    """The mean of |y - target|, with derivative 0 where the two are equal. Raises as `mse_loss` does.

    >>> import tinygrad_rnn as tg
    >>> tg.functional.l1_loss([1.0, 3.0], [1.0, 1.0])
    Tensor(1.)
    """
    y, target = _pair("l1_loss", y, target, reduction)
    return reduced(abs(y - target), reduction)


def huber_loss(y: TensorLike, target: TensorLike, *, reduction: str = "mean", delta: float = 1.0) -> Tensor:
    """The mean of e² / 2 where |e| < delta and of delta (|e| - delta / 2) elsewhere, with e = y - target (Huber 1964).

    Both are c (|e| - c / 2) with c the smaller of |e| and delta. Raises as `mse_loss` does, and `DataError` unless delta > 0.

    >>> import tinygrad_rnn as tg
    >>> tg.functional.huber_loss([1.0, 4.0], [0.0, 0.0], reduction="none")
    Tensor([0.5, 3.5])
    """
    y, target = _pair("huber_loss", y, target, reduction)
    check_number("delta", delta, 0, above=True)
    size = abs(y - target)
    c = where(size < delta, size, delta)
    return reduced(c * (size - c * 0.5), reduction)


def binary_cross_entropy_with_logits(
    x: TensorLike, targets: TensorLike, *, weight: Any = None, pos_weight: Any = None, reduction: str = "mean"
) -> Tensor:
    """The mean of -y log p - (1 - y) log(1 - p) with p = sigmoid(x), in nats, finite for any finite x.

    `targets` y, of the shape of x, are probabilities in 0..1. `weight` multiplies the loss of each entry, `pos_weight` the first
    term alone; both are constants that fit the shape of x.
    Raises `ShapeError` where shapes do not fit, `DataError` for a target outside of 0..1 and an unknown `reduction`.

    >>> import tinygrad_rnn as tg
    >>> round(tg.functional.binary_cross_entropy_with_logits([0.0, 1000.0], [1.0, 1.0]).item(), 4)
    0.3466
    """
    name = "binary_cross_entropy_with_logits"
    x, y = _pair(name, x, targets, reduction)
    if not ((y._array >= 0) & (y._array <= 1)).all():
        raise DataError(
            f"{name} with targets from {y._array.min()} to {y._array.max()}",
            where=place_of(here.mode.frames),
            hint="targets are probabilities in 0..1, such as 0 for no and 1 for yes",
        )
    # log p = -softplus(-x), and log(1 - p) = log p - x
    positive = None if pos_weight is None else _factor(name, "pos_weight", pos_weight, x)
    share = 1.0 if positive is None else 1.0 + (positive - 1.0) * y
    losses = (1.0 - y) * x + share * softplus(-x)
    return reduced(losses if weight is None else losses * _factor(name, "weight", weight, x), reduction)


def kl_div(input: TensorLike, target: TensorLike, *, reduction: str = "batchmean", log_target: bool = False) -> Tensor:
    """The divergence of q from p, the sum of p (log p - log q), averaged over the rows of a batch (Kullback and Leibler 1951).

    `input` is log q, as `log_softmax` gives it; `target` is p of the same shape, or log p with `log_target`. A p of 0 adds 0, as a
    constant. "batchmean" is the sum divided by the size of the first axis: that is the divergence. "mean", which is PyTorch's default
    and not ours, divides by the number of all entries, so it is smaller than the divergence by the number of classes.
    Raises `ShapeError` unless the shapes are equal, `DataError` for an unknown `reduction`.

    >>> import numpy as np, tinygrad_rnn as tg
    >>> round(tg.functional.kl_div(np.log([[0.5, 0.5]]), [[1.0, 0.0]]).item(), 4)
    0.6931
    >>> round(tg.functional.kl_div(np.log([[0.5, 0.5]]), [[1.0, 0.0]], reduction="mean").item(), 4)
    0.3466
    """
    check_flags("kl_div", log_target=log_target)
    input, target = _pair("kl_div", input, target, reduction, ("batchmean", *REDUCTIONS))
    p, log_p = (exp(target), target) if log_target else (target, log(where(target == 0, 1.0, target)))
    losses = p * (log_p - input)
    if reduction != "batchmean":
        return reduced(losses, reduction)
    return losses.sum() / (len(input._array) if input.ndim else 1)


def _pair(name: str, y: Any, target: Any, reduction: str, known: tuple[str, ...] = REDUCTIONS) -> tuple[Tensor, Tensor]:
    """Output and target as tensors of the same shape that hold at least one entry, and the reduction looked at."""
    check_choice(name, "reduction", reduction, known)
    y = as_tensor(y)
    target = as_tensor(target, y)
    place = place_of(here.mode.frames)
    if y.shape != target.shape:
        raise ShapeError(
            f"{name} of shapes {y.shape} and {target.shape}: they must be equal",
            where=place,
            hint="reshape one of them; broadcasting here would compare every output with every target",
        )
    if not y.size:
        raise DataError(f"the {name} of no entries: shape {y.shape}", where=place, hint="leave empty batches out")
    return y, target


def _factor(name: str, setting: str, given: Any, x: Tensor) -> Tensor:
    """A constant that multiplies the losses of the entries of x."""
    factor = as_tensor(given.data if isinstance(given, Tensor) else given, x)
    try:
        fits = np.broadcast_shapes(factor.shape, x.shape) == x.shape
    except ValueError:
        fits = False
    if not fits:
        raise ShapeError(
            f"{name}({setting}=) of shape {factor.shape} with x of shape {x.shape}",
            where=place_of(here.mode.frames),
            hint="one number for all, one for each entry of the last axis, or the shape of x",
        )
    return factor
