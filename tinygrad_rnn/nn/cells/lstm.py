"""Long short-term memory, from primitives; it has no backward of its own. Naming a result puts its letter into pictures."""

from __future__ import annotations

import numpy as np

from ...engine.primitives import sigmoid, split, tanh
from ...engine.tensor import Tensor, TensorLike, named
from ...shared.array_type import Dtype
from .. import init
from ..module import scoped
from .recurrent_cell import RecurrentCell

__all__ = ["LSTMCell"]


class LSTMCell(RecurrentCell[tuple[Tensor, Tensor]]):
    """Long short-term memory (Hochreiter and Schmidhuber 1997; forget gate: Gers, Schmidhuber and Cummins 2000).

        a          = x Wx + h Wh + b                  cut into a_i, a_f, a_g, a_o
        i, f, o    = sigmoid(a_i), sigmoid(a_f), sigmoid(a_o)
        g          = tanh(a_g)
        c'         = f c + i g
        h'         = o tanh(c')

    `forget_bias` is added to the forget gate's part of b at the start: it opens the path along c (Jozefowicz et al. 2015).
    `bias=False` leaves b out, and `forget_bias` with it. 17 nodes a step. State (h, c). Gate order i, f, g, o, as in PyTorch.

    >>> import numpy as np, tinygrad_rnn as tg
    >>> cell = tg.nn.LSTMCell(3, 4, rng=np.random.default_rng(0), forget_bias=3.0)
    >>> h, c = cell.step(np.ones((2, 3)), cell.initial_state(2))
    >>> cell.b.data[4:8]
    array([3., 3., 3., 3.])
    """

    letters = "hc"

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        rng: np.random.Generator,
        forget_bias: float = 1.0,
        bias: bool = True,
        dtype: Dtype = None,
    ) -> None:
        super().__init__(input_size, hidden_size, 4, rng, bias, dtype)
        self.forget_bias = forget_bias
        init.forget_gate_(self.b, forget_bias)

    @scoped
    def step(self, x: TensorLike, state: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
        """The state after x (batch, input_size). Raises `ShapeError` where x or the state does not fit."""
        x, (h, c) = self.checked(x, state)
        a = named(self.preactivation(x, h), "a")
        a_i, a_f, a_g, a_o = split(a, 4)
        i, f = named(sigmoid(a_i), "i"), named(sigmoid(a_f), "f")
        g, o = named(tanh(a_g), "g"), named(sigmoid(a_o), "o")
        c = named(f * c + i * g, "c")
        return named(o * tanh(c), "h"), c
