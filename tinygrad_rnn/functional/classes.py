"""Losses and measures of outputs (..., classes) whose targets are class numbers."""

from __future__ import annotations

from numbers import Integral
from typing import Any

import numpy as np

from ..engine.primitives import place
from ..engine.scopes import here, place_of, scope
from ..engine.tensor import Tensor, TensorLike, as_tensor
from ..errors import DataError, DtypeError, ShapeError
from ..shared.array_type import Array, array_given
from ..shared.checks import check_choice, check_number, is_number, short
from .activations import log_softmax
from .reduction import REDUCTIONS, reduced

__all__ = ["accuracy", "cross_entropy", "nll_loss"]


def cross_entropy(
    logits: TensorLike,
    targets: Any,
    *,
    weight: Any = None,
    ignore_index: int = -100,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Tensor:
    """The mean of -log p(target), in nats, with p = softmax(logits).

    `logits` (..., classes); `targets` integers (...), or probabilities of the shape of `logits`. Divide by log(2) for bits.
    Targets that are `ignore_index`, such as those behind the end of a padded sequence, are left out: the mean is that of the others.
    `weight` (classes) multiplies the loss of each class; the mean of losses at integer targets is then the sum divided by the weights
    of the targets. `label_smoothing` s, 0..1, mixes each target with all classes alike: (1 - s) target + s / classes (Szegedy and
    others 2016). `reduction` is "mean", "sum", or "none" for one loss a target, 0 where it is left out.
    Raises `ShapeError` where the shapes do not fit, `DataError` for a class that does not exist, a batch of none, a wrong setting, and
    where every target is left out (PyTorch gives nan there).

    >>> import tinygrad_rnn as tg
    >>> round(tg.functional.cross_entropy([[0.0, 0.0]], [1]).item(), 4)
    0.6931
    >>> round(tg.functional.cross_entropy([[0.0, 0.0], [5.0, 5.0]], [1, -100]).item(), 4)
    0.6931
    >>> tg.functional.cross_entropy([[0.0, 50.0], [50.0, 0.0]], [0, 1], weight=[2.0, 1.0], reduction="none")
    Tensor([100.,  50.])
    """
    check_choice("cross_entropy", "reduction", reduction, REDUCTIONS)
    smoothing = check_number("label_smoothing", label_smoothing, 0, 1)
    with scope("cross_entropy"):
        logits = as_tensor(logits)
        given = _given("cross_entropy", targets)
        if given.dtype.kind != "f" or given.shape != logits.shape or not logits.size:
            return _at_classes("cross_entropy", logits, targets, weight, ignore_index, reduction, smoothing)
        log_p, p = log_softmax(logits), as_tensor(targets)
        if smoothing:
            p = p * (1 - smoothing) + smoothing / logits.shape[-1]
        if weight is not None:
            p = p * _class_weights("cross_entropy", weight, logits)
        return -reduced((log_p * p).sum(-1), reduction)


def nll_loss(
    log_probabilities: TensorLike, targets: Any, *, weight: Any = None, ignore_index: int = -100, reduction: str = "mean"
) -> Tensor:
    """The mean of -log p(target), in nats, of logarithms of probabilities (..., classes), as `log_softmax` gives them.

    `targets` are integers (...). Settings, and what is raised, are those of `cross_entropy`.

    >>> import numpy as np, tinygrad_rnn as tg
    >>> round(tg.functional.nll_loss(np.log([[0.5, 0.5], [0.25, 0.75]]), [0, 0]).item(), 4)
    1.0397
    """
    check_choice("nll_loss", "reduction", reduction, REDUCTIONS)
    return _at_classes("nll_loss", as_tensor(log_probabilities), targets, weight, ignore_index, reduction)


def _at_classes(
    name: str, scores: Tensor, targets: Any, weight: Any, ignore_index: int, reduction: str, smoothing: float = 0.0
) -> Tensor:
    """The loss at integer targets, of logits in `cross_entropy`, else of logarithms of probabilities."""
    classes = scores.shape[-1] if scores.ndim else 0
    shape = scores.shape[:-1]
    wanted = _classes(scores, targets, name, ignore_index).reshape(-1)
    weights = None if weight is None else _class_weights(name, weight, scores)
    rows = scores if scores.ndim == 2 else scores.reshape(-1, classes)
    count, kept = len(wanted), np.flatnonzero(wanted != ignore_index)
    if len(kept) < count:  # before the softmax: whatever stands in the other rows, it has no influence
        rows, wanted = rows[kept], wanted[kept]
    log_p = log_softmax(rows) if name == "cross_entropy" else rows
    chosen = log_p[np.arange(len(wanted)), wanted]
    if weights is not None:
        chosen, log_p = chosen * weights[wanted], log_p * weights if smoothing else log_p
    if smoothing:
        chosen = chosen * (1 - smoothing) + log_p.sum(-1) * (smoothing / classes)
    if reduction == "none":
        losses = -chosen if len(kept) == count else place(-chosen, kept, (count,))
        return losses if len(shape) == 1 else losses.reshape(shape)
    if reduction == "sum" or weights is None:
        return -reduced(chosen, reduction)
    total = weights[wanted].sum()
    if not total:
        raise DataError(
            f"{name}: the weights of all targets are 0", where=place_of(here.mode.frames), hint='take reduction="sum"'
        )
    return -(chosen.sum() / total)


def _class_weights(name: str, weight: Any, scores: Tensor) -> Array:
    """A weight of at least 0 for each class, in the precision of the scores."""
    weights = as_tensor(weight.data if isinstance(weight, Tensor) else weight, scores).data.astype(scores.dtype)
    if weights.shape != scores.shape[-1:]:
        raise ShapeError(
            f"{name}(weight=) of shape {weights.shape} with {scores.shape[-1]} classes",
            where=place_of(here.mode.frames),
            hint="one weight for each class, in a list or an array",
        )
    if not np.isfinite(weights).all() or weights.min() < 0:
        raise DataError(f"{name}(weight={short(weight)})", hint="the weight of a class is a finite number of at least 0")
    return weights


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
    wanted = _given(name, targets)
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


def _given(name: str, targets: Any) -> Array:
    """The targets as an array, in their own dtype."""
    if isinstance(targets, Tensor):
        return targets.data
    return array_given(f"{name} with targets", targets, "give an array of integers")
