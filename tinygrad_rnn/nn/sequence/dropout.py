"""Dropout with one mask for all steps of a sequence."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...engine.tensor import Tensor, named
from ...functional import dropout_mask
from ...shared.checks import check_dropout, check_rng
from ..inputs import each_step
from ..packed import PackedSequence
from .unrolling import SequenceLayer

__all__ = ["Dropout"]


class Dropout(SequenceLayer):
    """Each feature of each sequence is 0 with probability `p` at all of its steps, the others are divided by 1 - p.

    One mask for all steps is variational dropout (Gal and Ghahramani 2016). Active in training only. Masks are drawn from `rng`,
    which the layer keeps. It has no state. Raises `DataError` unless 0 <= p < 1. For one tensor without steps there is
    `functional.dropout`.

    >>> import numpy as np, tinygrad_rnn as tg
    >>> drop = tg.nn.Dropout(0.5, rng=np.random.default_rng(0))
    >>> ys, _ = drop(np.ones((1, 3, 4)))
    >>> [y.data.tolist() for y in ys[:2]]
    [[[2.0, 0.0, 0.0, 0.0]], [[2.0, 0.0, 0.0, 0.0]]]
    >>> drop.eval()(np.ones((1, 3, 4)))[0][0].data
    array([[1., 1., 1., 1.]])
    """

    reads = "it reads sequences (batch, time, features); for one tensor there is functional.dropout(x, p, rng)"

    def __init__(self, p: float, *, rng: np.random.Generator) -> None:
        check_dropout(p)
        check_rng(rng)
        self.p, self.rng = p, rng

    def forward(self, xs: Any, state: Any = None, reverse: bool = False) -> tuple[Any, Any]:
        """x_t times the mask of this run, and the state it was given."""
        if not self.training or not self.p:
            return xs, state
        x = xs[0]
        keep = dropout_mask(x.shape, self.p, self.rng, x.dtype if x.dtype.kind == "f" else None)
        mask = Tensor(keep[list(xs.order)] if isinstance(xs, PackedSequence) else keep, name="mask")

        def dropped(x: Tensor) -> Tensor:
            return named(x * (mask if len(x) == len(mask) else named(mask[: len(x)], "mask")), "x")

        return each_step(dropped, xs), state
