"""Compositions of primitives: activations, losses, dropout. Nothing here has a vjp of its own, so every picture is true."""

from __future__ import annotations

from numbers import Integral
from typing import Any

import numpy as np

from .engine.dtypes import current_dtype
from .engine.numpy_protocol import RECORDED
from .engine.primitives import exp, log, where
from .engine.scopes import here, place_of, scope
from .engine.tensor import Tensor, TensorLike, as_tensor, named
from .errors import DataError, DtypeError, ShapeError
from .shared.array_type import Array, Dtype
from .shared.checks import check_dropout, check_rng, is_number

__all__ = [
    "accuracy", "cross_entropy", "dropout", "dropout_mask", "layer_norm", "log_sigmoid", "log_softmax", "mean", "mse_loss",
    "softmax", "softplus",
]  # fmt: skip


def __dir__() -> list[str]:
    return __all__


def mean(x: TensorLike, axis: int | tuple[int, ...] | None = None, keepdims: bool = False) -> Tensor:
    """The sum divided by the number of terms."""
    return as_tensor(x).mean(axis, keepdims)


def log_softmax(x: TensorLike, axis: int = -1) -> Tensor:
    """log(exp(x) / sum(exp(x))) along `axis`, finite for any finite x: the largest entry is taken off first.

    >>> import tinygrad_rnn as tg
    >>> tg.functional.log_softmax([1000.0, 0.0])
    Tensor([    0., -1000.])
    """
    x = as_tensor(x)
    shifted = x - _largest(x, axis)
    return shifted - log(exp(shifted).sum(axis, keepdims=True))


def _largest(x: Tensor, axis: int) -> Tensor:
    """The largest entry along an axis, as a constant: the result does not depend on what is taken off."""
    if not -x.ndim <= axis < x.ndim or not x.shape[axis]:
        raise ShapeError(
            f"softmax along axis {axis} of shape {x.shape}",
            where=place_of(here.mode.frames),
            hint="the axis must exist and hold at least one entry",
        )
    return named(as_tensor(x._array.max(axis=axis, keepdims=True)), "max")


def softmax(x: TensorLike, axis: int = -1) -> Tensor:
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

    >>> import tinygrad_rnn as tg
    >>> tg.functional.softplus([-1000.0, 1000.0])
    Tensor([   0., 1000.])
    """
    x = as_tensor(x)
    kind = x.dtype if x.dtype.kind == "f" else np.dtype(np.float64)
    m = named(as_tensor(np.asarray(np.clip(x._array, 0, np.finfo(kind).max), kind)), "max")
    return m + log(exp(-m) + exp(x - m))


def log_sigmoid(x: TensorLike) -> Tensor:
    """log(1 / (1 + exp(-x))) = -softplus(-x), finite for any finite x.

    >>> import tinygrad_rnn as tg
    >>> tg.functional.log_sigmoid([-1000.0])
    Tensor([-1000.])
    """
    return -softplus(-as_tensor(x))


def cross_entropy(logits: TensorLike, targets: Any, *, ignore_index: int = -100) -> Tensor:
    """The mean of -log p(target), in nats, with p = softmax(logits).

    `logits` (..., classes); `targets` integers (...), or probabilities of the shape of `logits`. Divide by log(2) for bits.
    Targets that are `ignore_index`, such as those behind the end of a padded sequence, are left out: the mean is that of the others.
    Raises `ShapeError` where the two do not fit, `DataError` for a class that does not exist, a batch of none, and where every target
    is left out (PyTorch gives nan there).

    >>> import tinygrad_rnn as tg
    >>> round(tg.functional.cross_entropy([[0.0, 0.0]], [1]).item(), 4)
    0.6931
    >>> round(tg.functional.cross_entropy([[0.0, 0.0], [5.0, 5.0]], [1, -100]).item(), 4)
    0.6931
    """
    with scope("cross_entropy"):
        return _cross_entropy(as_tensor(logits), targets, ignore_index)


def _cross_entropy(logits: Tensor, targets: Any, ignore_index: int) -> Tensor:
    given = targets.data if isinstance(targets, Tensor) else np.asarray(targets)
    if given.dtype.kind == "f" and given.shape == logits.shape and logits.size:
        return -(log_softmax(logits) * as_tensor(targets)).sum() / (logits.size / logits.shape[-1])
    wanted, classes = _classes(logits, targets, "cross_entropy", ignore_index).reshape(-1), logits.shape[-1]
    rows = logits if logits.ndim == 2 else logits.reshape(-1, classes)
    kept = np.flatnonzero(wanted != ignore_index)
    if len(kept) < len(wanted):  # before the softmax: whatever stands in the other rows, it has no influence
        rows, wanted = rows[kept], wanted[kept]
    return -log_softmax(rows)[np.arange(len(wanted)), wanted].mean()


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
    return where(rng.random(x.shape) >= p, x * (1 / (1 - p)), 0.0)


def dropout_mask(shape: tuple[int, ...], p: float, rng: np.random.Generator, dtype: Dtype = None) -> Array:
    """What dropout multiplies by: 0 with probability p, else 1 / (1 - p); one mask for all steps is variational dropout.

    >>> import numpy as np, tinygrad_rnn as tg
    >>> tg.functional.dropout_mask((4,), 0.5, np.random.default_rng(0))
    array([2., 0., 0., 0.])
    """
    check_dropout(p)
    check_rng(rng)
    return np.asarray((rng.random(shape) >= p) / (1 - p), dtype or current_dtype())


def layer_norm(x: TensorLike, gain: TensorLike | None = None, bias: TensorLike | None = None, epsilon: float = 1e-5) -> Tensor:
    """gain (x - mean) / sqrt(variance + epsilon) + bias, each row by its own mean and variance (Ba, Kiros and Hinton 2016).

    x (..., features), with `gain` and `bias` (features), left out where they are None. Before the gain every row has mean 0 and
    variance 1, whatever the size of x.

    >>> import tinygrad_rnn as tg
    >>> tg.functional.layer_norm([[1.0, 3.0], [100.0, 300.0]], epsilon=0.0)
    Tensor([[-1.,  1.],
            [-1.,  1.]])
    """
    x = as_tensor(x)
    if not x.ndim or not x.shape[-1]:
        raise ShapeError(
            f"layer_norm of shape {x.shape}", where=place_of(here.mode.frames), hint="the last axis must hold at least one entry"
        )
    with scope("layer_norm"):
        centred = x - x.mean(-1, keepdims=True)
        y = centred * ((centred * centred).mean(-1, keepdims=True) + epsilon) ** -0.5
        y = y if gain is None else y * gain
        return y if bias is None else y + bias


def accuracy(logits: TensorLike, targets: Any, *, ignore_index: int = -100) -> float:
    """The share of rows whose largest entry is at the target, in 0..1. Leaves out and raises as `cross_entropy` does.

    >>> import tinygrad_rnn as tg
    >>> tg.functional.accuracy([[1.0, 0.0], [1.0, 0.0]], [0, 1])
    0.5
    """
    logits = as_tensor(logits)
    wanted = _classes(logits, targets, "accuracy", ignore_index)
    return float((logits.data.argmax(-1) == wanted)[wanted != ignore_index].mean())


def _classes(logits: Tensor, targets: Any, name: str, ignore_index: int) -> Array:
    """The targets as class numbers (...) that fit logits (..., classes), at least one of them not to be ignored."""
    where = place_of(here.mode.frames)
    wanted = np.asarray(targets.data if isinstance(targets, Tensor) else targets)
    if not logits.ndim or wanted.shape != logits.shape[:-1]:
        raise ShapeError(
            f"{name} of logits {logits.shape} and targets {wanted.shape} does not fit",
            where=where,
            hint="logits (..., classes) go with integer targets (...)"
            + (", or with probabilities of the same shape" if name == "cross_entropy" else ""),
        )
    if not logits.size:
        raise DataError(f"the {name} of no examples: logits of shape {logits.shape}", where=where, hint="leave empty batches out")
    if wanted.dtype.kind not in "iu":
        raise DtypeError(
            f"{name} with targets of dtype {wanted.dtype}", where=where, hint="class numbers are integers: targets.astype(int)"
        )
    if not is_number(ignore_index, Integral):
        raise DtypeError(f"{name}(ignore_index={ignore_index!r})", hint="a whole number that is no class, such as -100")
    kept, classes = wanted[wanted != ignore_index], logits.shape[-1]
    if not kept.size:
        raise DataError(
            f"the {name} of no examples: every target is {ignore_index}, which is left out",
            where=where,
            hint="leave such batches out",
        )
    if kept.min() < 0 or kept.max() >= classes:
        wrong = kept.min() if kept.min() < 0 else kept.max()
        hint = f"classes run from 0 to {classes - 1}; a target to leave out is {ignore_index}"
        raise DataError(f"class {wrong} among {classes} classes", where=where, hint=hint)
    return wanted


RECORDED["mean"] = mean  # np.mean
