"""The simple recurrent cell, from primitives; it has no backward of its own."""

from __future__ import annotations

from typing import Literal

import numpy as np

from ...engine.primitives import relu, tanh
from ...engine.tensor import Tensor, TensorLike, named
from ...shared.array_type import Dtype
from ...shared.checks import check_choice
from ..module import scoped
from .recurrent_cell import RecurrentCell

__all__ = ["RNNCell"]


class RNNCell(RecurrentCell[tuple[Tensor]]):
    """The simple recurrent cell (Elman 1990): one nonlinearity between one step and the next.

        a  = x Wx + h Wh + b
        h' = tanh(a)

    `nonlinearity` is "tanh" or "relu". 5 nodes a step. Weights start uniform in ±1/sqrt(hidden_size), b at 0; `bias=False`
    leaves b out.

    >>> import numpy as np, tinygrad_rnn as tg
    >>> cell = tg.nn.RNNCell(3, 4, rng=np.random.default_rng(0))
    >>> (h,) = cell.step(np.ones((2, 3)), cell.initial_state(2))
    >>> h.shape
    (2, 4)
    """

    settings = ("nonlinearity",)

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        rng: np.random.Generator,
        nonlinearity: Literal["tanh", "relu"] = "tanh",
        bias: bool = True,
        dtype: Dtype = None,
    ) -> None:
        check_choice("RNNCell", "nonlinearity", nonlinearity, ("tanh", "relu"))
        super().__init__(input_size, hidden_size, 1, rng, bias, dtype)
        self.nonlinearity = nonlinearity

    @scoped
    def step(self, x: TensorLike, state: tuple[Tensor]) -> tuple[Tensor]:
        """The state after x (batch, input_size). Raises `ShapeError` where x or the state does not fit."""
        x, (h,) = self.checked(x, state)
        a = named(self.preactivation(x, h), "a")
        return (named(tanh(a) if self.nonlinearity == "tanh" else relu(a), "h"),)
