"""The three cells with layer normalisation: what x and what h contribute is brought to one scale before the gates see it.

LN(a; gain) = gain (a - mean of a) / (standard deviation of a), over the entries of one row (Ba, Kiros and Hinton 2016). The biases of
the normalisation are the cells' own: two that are added to each other are one; `bias=False` leaves them all out.
"""

from __future__ import annotations

from ...engine.primitives import concat, sigmoid, split, tanh
from ...engine.tensor import Tensor, TensorLike, named
from ...functional import layer_norm
from ...shared.array_type import Dtype
from .. import init
from ..module import scoped
from .gru import GRUCell
from .lstm import LSTMCell
from .rnn import RNNCell

__all__ = ["LayerNormGRUCell", "LayerNormLSTMCell", "LayerNormRNNCell"]


def _ones(size: int, dtype: Dtype) -> Tensor:
    return Tensor(init.ones((size,), dtype), requires_grad=True)


class LayerNormRNNCell(RNNCell):
    """`RNNCell` with a normalised sum (Ba et al. 2016, equation 4), `gain` (hidden).

        a  = LN(x Wx + h Wh; gain) + b
        h' = tanh(a)

    >>> import numpy as np, tinygrad_rnn as tg
    >>> cell = tg.nn.LayerNormRNNCell(3, 4, rng=np.random.default_rng(0))
    >>> [name for name, _ in cell.named_parameters()]
    ['Wx', 'Wh', 'b', 'gain']
    """

    def add_weights(self, dtype: Dtype) -> None:
        """`gain`."""
        self.gain = _ones(self.hidden_size, dtype)

    def projection(self, x: Tensor) -> Tensor:
        """x Wx; b is added after the normalisation."""
        return x @ self.Wx

    def preactivation(self, x: Tensor, h: Tensor) -> Tensor:
        """LN(x Wx + h Wh; gain) + b."""
        return layer_norm(self.project(x) + self.seen(h) @ self.Wh, self.gain, self.b)


class LayerNormLSTMCell(LSTMCell):
    """`LSTMCell` with three normalisations (Ba et al. 2016, equations 20 to 22).

        a          = LN(x Wx; gain_x) + LN(h Wh; gain_h) + b      cut into a_i, a_f, a_g, a_o
        c'         = f c + i g                                    gates as in `LSTMCell`
        h'         = o tanh(LN(c'; gain_c) + bias_c)

    `gain_x` and `gain_h` (4 hidden), `gain_c` and `bias_c` (hidden).

    >>> import numpy as np, tinygrad_rnn as tg
    >>> cell = tg.nn.LayerNormLSTMCell(3, 4, rng=np.random.default_rng(0))
    >>> [name for name, _ in cell.named_parameters()]
    ['Wx', 'Wh', 'b', 'gain_x', 'gain_h', 'gain_c', 'bias_c']
    """

    def add_weights(self, dtype: Dtype) -> None:
        """The gains, and `bias_c`."""
        self.gain_x, self.gain_h = _ones(4 * self.hidden_size, dtype), _ones(4 * self.hidden_size, dtype)
        self.gain_c = _ones(self.hidden_size, dtype)
        self.bias_c = None if self.b is None else Tensor(init.zeros((self.hidden_size,), dtype), requires_grad=True)

    def projection(self, x: Tensor) -> Tensor:
        """LN(x Wx; gain_x) + b."""
        return layer_norm(x @ self.Wx, self.gain_x, self.b)

    @scoped
    def step(self, x: TensorLike, state: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
        """The state after x (batch, input_size). Raises `ShapeError` where x or the state does not fit."""
        x, (h, c) = self.checked(x, state)
        a = named(self.project(x) + layer_norm(self.seen(h) @ self.Wh, self.gain_h), "a")
        a_i, a_f, a_g, a_o = split(a, 4)
        i, f = named(sigmoid(a_i), "i"), named(sigmoid(a_f), "f")
        g, o = named(tanh(a_g), "g"), named(sigmoid(a_o), "o")
        c = named(f * c + i * g, "c")
        return named(o * tanh(layer_norm(c, self.gain_c, self.bias_c)), "h"), c


class LayerNormGRUCell(GRUCell):
    """`GRUCell` with r and z normalised together and n by itself (Ba et al. 2016, equations 23 to 25), for x and for h.

        r, z = sigmoid(LN(x Wx_rz; gain_x_rz) + b_rz + LN(h Wh_rz; gain_h_rz))
        n    = tanh(LN(x Wx_n; gain_x_n) + b_n + r (LN(h Wh_n; gain_h_n) + bh))   reset_after=True
        n    = tanh(LN(x Wx_n; gain_x_n) + b_n + LN((r h) Wh_n; gain_h_n))        reset_after=False
        h'   = (1 - z) n + z h

    `gain_x` and `gain_h` (3 hidden), in the order r, z, n.

    >>> import numpy as np, tinygrad_rnn as tg
    >>> cell = tg.nn.LayerNormGRUCell(3, 4, rng=np.random.default_rng(0))
    >>> [name for name, _ in cell.named_parameters()]
    ['Wx', 'Wh', 'b', 'bh', 'gain_x', 'gain_h']
    """

    def add_weights(self, dtype: Dtype) -> None:
        """`bh`, with reset_after, and the gains."""
        super().add_weights(dtype)
        self.gain_x, self.gain_h = _ones(3 * self.hidden_size, dtype), _ones(3 * self.hidden_size, dtype)

    def projection(self, x: Tensor) -> Tensor:
        """LN(x Wx; gain_x) + b, r and z together and n by itself."""
        gates, a = 2 * self.hidden_size, x @ self.Wx
        parts = [layer_norm(a[:, :gates], self.gain_x[:gates]), layer_norm(a[:, gates:], self.gain_x[gates:])]
        return concat(parts, axis=1) if self.b is None else concat(parts, axis=1) + self.b

    @scoped
    def step(self, x: TensorLike, state: tuple[Tensor]) -> tuple[Tensor]:
        """The state after x (batch, input_size). Raises `ShapeError` where x or the state does not fit."""
        x, (h,) = self.checked(x, state)
        x_r, x_z, x_n = split(self.project(x), 3)
        gates, kept = 2 * self.hidden_size, self.seen(h)
        h_r, h_z = split(layer_norm(kept @ self.Wh[:, :gates], self.gain_h[:gates]), 2)
        r, z = named(sigmoid(x_r + h_r), "r"), named(sigmoid(x_z + h_z), "z")
        if self.reset_after:
            n = named(tanh(x_n + r * layer_norm(kept @ self.Wh[:, gates:], self.gain_h[gates:], self.bh)), "n")
        else:
            n = named(tanh(x_n + layer_norm((r * kept) @ self.Wh[:, gates:], self.gain_h[gates:])), "n")
        return (named((1.0 - z) * n + z * h, "h"),)
