"""A cell of a user's own: the LSTM with peepholes, from nothing but `Module`, primitives and the two methods of a cell."""

from __future__ import annotations

import numpy as np

from ...engine.primitives import sigmoid, split, tanh
from ...engine.tensor import Tensor, TensorLike, as_tensor, named
from ...shared.array_type import Dtype
from .. import init
from ..module import Module

__all__ = ["PeepholeLSTMCell"]


class PeepholeLSTMCell(Module):
    """An LSTM whose gates look at the memory c that they guard (Gers and Schmidhuber 2000).

        a_i, a_f, a_g, a_o = x Wx + h Wh + b
        i, f = sigmoid(a_i + p_i c), sigmoid(a_f + p_f c)     they see c as it was
        g    = tanh(a_g)
        c'   = f c + i g
        o    = sigmoid(a_o + p_o c')                          it sees c as it is now
        h'   = o tanh(c')

    `p` (3, hidden_size) holds p_i, p_f and p_o, which multiply entry by entry; all weights start uniform in
    ±1/sqrt(hidden_size), b at 0 but for `forget_bias`. State (h, c). It is written as a cell of your own would be: there is
    nothing to register and no class to inherit from but `Module`.

    >>> import numpy as np, tinygrad_rnn as tg
    >>> rng = np.random.default_rng(0)
    >>> net = tg.nn.Stacked([tg.nn.PeepholeLSTMCell(3, 4, rng=rng), tg.nn.PeepholeLSTMCell(4, 2, rng=rng)])
    >>> hs, _ = tg.nn.unroll(net, np.ones((1, 5, 3)))
    >>> hs[-1].shape
    (1, 2)
    """

    def __init__(
        self, input_size: int, hidden_size: int, *, rng: np.random.Generator, forget_bias: float = 1.0, dtype: Dtype = None
    ) -> None:
        self.input_size, self.hidden_size = input_size, hidden_size
        bound = 1 / max(hidden_size, 1) ** 0.5
        self.Wx = Tensor(init.uniform(rng, (input_size, 4 * hidden_size), bound, dtype), requires_grad=True)
        self.Wh = Tensor(init.uniform(rng, (hidden_size, 4 * hidden_size), bound, dtype), requires_grad=True)
        self.b = Tensor(init.zeros((4 * hidden_size,), dtype), requires_grad=True)
        self.p = Tensor(init.uniform(rng, (3, hidden_size), bound, dtype), requires_grad=True)
        init.forget_gate_(self.b, forget_bias)

    def initial_state(self, batch: int) -> tuple[Tensor, Tensor]:
        """All zeros, h and c, for that many sequences."""
        zeros = np.zeros((batch, self.hidden_size), self.Wh.dtype)
        return Tensor(zeros, name="h0"), Tensor(zeros, name="c0")

    def step(self, x: TensorLike, state: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
        """The state after x (batch, input_size)."""
        h, c = state
        a_i, a_f, a_g, a_o = split(as_tensor(x, self.Wx) @ self.Wx + h @ self.Wh + self.b, 4)
        i = named(sigmoid(a_i + self.p[0] * c), "i")
        f = named(sigmoid(a_f + self.p[1] * c), "f")
        c = named(f * c + i * named(tanh(a_g), "g"), "c")
        o = named(sigmoid(a_o + self.p[2] * c), "o")
        return named(o * tanh(c), "h"), c
