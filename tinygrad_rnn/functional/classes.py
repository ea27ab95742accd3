"""Losses and measures of outputs (..., classes) whose targets are class numbers."""

from __future__ import annotations

from numbers import Integral
from typing import Any

import numpy as np

from ..engine.scopes import here, place_of, scope
from ..engine.tensor import Tensor, TensorLike, as_tensor
from ..errors import DataError, DtypeError, ShapeError
from ..shared.array_type import Array
from ..shared.checks import is_number
from .activations import log_softmax

__all__ = ["accuracy", "cross_entropy"]


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
