"""The LSTM with peepholes, from primitives; it has no backward of its own."""

from __future__ import annotations

import numpy as np

from ...engine.primitives import sigmoid, split, tanh
from ...engine.tensor import Tensor, TensorLike, named
from ...shared.array_type import Dtype
from .. import init
from ..module import scoped
from .recurrent_cell import RecurrentCell

__all__ = ["PeepholeLSTMCell"]


class PeepholeLSTMCell(RecurrentCell[tuple[Tensor, Tensor]]):
    """An LSTM whose gates look at the memory c that they guard (Gers and Schmidhuber 2000).

        a_i, a_f, a_g, a_o = x Wx + h Wh + b
        i, f = sigmoid(a_i + p_i c), sigmoid(a_f + p_f c)     they see c as it was
        g    = tanh(a_g)
        c'   = f c + i g
        o    = sigmoid(a_o + p_o c')                          it sees c as it is now
        h'   = o tanh(c')

    `p` (3, hidden_size) holds p_i, p_f and p_o, which multiply entry by entry; all weights start uniform in
    ±1/sqrt(hidden_size), b at 0 but for `forget_bias`; `bias=False` leaves b out. State (h, c).

    >>> import numpy as np, tinygrad_rnn as tg
    >>> rng = np.random.default_rng(0)
    >>> net = tg.nn.Stacked([tg.nn.PeepholeLSTMCell(3, 4, rng=rng), tg.nn.PeepholeLSTMCell(4, 2, rng=rng)])
    >>> hs, _ = tg.nn.unroll(net, np.ones((1, 5, 3)))
    >>> hs[-1].shape
    (1, 2)
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
        self.p = Tensor(init.uniform(rng, (3, hidden_size), hidden_size**-0.5, dtype), requires_grad=True)
        init.forget_gate_(self.b, forget_bias)

    @scoped
    def step(self, x: TensorLike, state: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
        """The state after x (batch, input_size). Raises `ShapeError` where x or the state does not fit."""
        x, (h, c) = self.checked(x, state)
        a_i, a_f, a_g, a_o = split(self.preactivation(x, h), 4)
        i = named(sigmoid(a_i + self.p[0] * c), "i")
        f = named(sigmoid(a_f + self.p[1] * c), "f")
        c = named(f * c + i * named(tanh(a_g), "g"), "c")
        o = named(sigmoid(a_o + self.p[2] * c), "o")
        return named(o * tanh(c), "h"), c
