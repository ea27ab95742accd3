"""A skip connection around a cell or a layer."""

from __future__ import annotations

from typing import Any

from ...engine.scopes import here, place_of, time_step
from ...engine.tensor import Tensor, named
from ...errors import ShapeError
from .unrolling import SequenceLayer, unroll

__all__ = ["Residual"]


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
