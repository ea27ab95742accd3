"""Small layers around others: a skip connection, and dropout with one mask for all steps."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...engine.scopes import here, place_of, time_step
from ...engine.tensor import Tensor, named
from ...errors import DataError, ShapeError
from ...functional import check_dropout, dropout_mask
from ..packed import PackedSequence
from .unrolling import SequenceLayer, unroll

__all__ = ["Dropout", "Residual"]


class Residual(SequenceLayer):
    """A skip connection around a cell or a layer: y_t = x_t + h_t (He et al. 2016; between recurrent layers, Wu et al. 2016).

    The state is that of `layer`. Raises `ShapeError` where the sizes of x and h differ.

    >>> import numpy as np, tinygrad_rnn as tg
    >>> rng = np.random.default_rng(0)
    >>> net = tg.nn.Stacked([tg.nn.GRUCell(3, 4, rng=rng), tg.nn.Residual(tg.nn.GRUCell(4, 4, rng=rng))])
    >>> ys, _ = net(np.ones((1, 5, 3)))
    >>> ys[-1].shape, ys[-1].place
    ((1, 4), 'Stacked / layer=2 / Residual / t=5')
    """

    def __init__(self, layer: Any) -> None:
        self.layer = layer

    def forward(self, xs: Any, state: Any = None, reverse: bool = False) -> tuple[list[Tensor], Any]:
        """x_t + h_t of every step, and the last state of the layer."""
        hs, state = unroll(self.layer, xs, state, reverse)
        outputs = []
        for t, (x, h) in enumerate(zip(xs, hs, strict=True), start=1):
            if x.shape != h.shape:
                raise ShapeError(
                    f"Residual adds x of shape {x.shape} to the {h.shape} that {type(self.layer).__name__} made of it",
                    where=place_of(here.mode.frames),
                    hint="the layer's output must have the size of its input: input_size == hidden_size",
                )
            with time_step(t):
                outputs.append(named(x + h, "y"))
        return outputs, state


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
        if not isinstance(rng, np.random.Generator):
            raise DataError(f"a random number generator is needed, not {rng!r}", hint="rng=np.random.default_rng(seed)")
        self.p, self.rng = p, rng

    def forward(self, xs: Any, state: Any = None, reverse: bool = False) -> tuple[Any, Any]:
        """x_t times the mask of this run, and the state it was given."""
        if not self.training or not self.p:
            return xs, state
        x = xs[0]
        keep = dropout_mask(x.shape, self.p, self.rng, x.dtype if x.dtype.kind == "f" else None)
        mask = Tensor(keep[list(xs.order)] if isinstance(xs, PackedSequence) else keep, name="mask")
        outputs = []
        for t, x in enumerate(xs, start=1):
            with time_step(t):
                rows = mask if len(x) == len(mask) else named(mask[: len(x)], "mask")
                outputs.append(named(x * rows, "x"))
        return outputs, state
