"""The gated recurrent unit, from primitives; it has no backward of its own."""

from __future__ import annotations

import numpy as np

from ...engine.primitives import sigmoid, split, tanh
from ...engine.tensor import Tensor, TensorLike, named
from ...shared.array_type import Dtype
from ...shared.checks import check_flags
from .. import init
from ..module import scoped
from .recurrent_cell import RecurrentCell

__all__ = ["GRUCell"]


class GRUCell(RecurrentCell[tuple[Tensor]]):
    """The gated recurrent unit (Cho et al. 2014), in both of its forms.

        r, z = sigmoid(x Wx_r + h Wh_r + b_r), sigmoid(x Wx_z + h Wh_z + b_z)
        n    = tanh(x Wx_n + b_n + r (h Wh_n + bh))   reset_after=True: PyTorch, cuDNN; 21 nodes a step
        n    = tanh(x Wx_n + b_n + (r h) Wh_n)        reset_after=False: the paper; 22 nodes a step
        h'   = (1 - z) n + z h

    Gate order r, z, n, as in PyTorch. `bh` (hidden_size), the recurrent bias of n, exists only with reset_after.
    `bias=False` leaves both out.

    >>> import numpy as np, tinygrad_rnn as tg
    >>> cell = tg.nn.GRUCell(3, 4, rng=np.random.default_rng(0), reset_after=False)
    >>> (h,) = cell.step(np.ones((2, 3)), cell.initial_state(2))
    >>> h.shape
    (2, 4)
    """

    settings = ("reset_after",)

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        rng: np.random.Generator,
        reset_after: bool = True,
        bias: bool = True,
        dtype: Dtype = None,
    ) -> None:
        check_flags(type(self).__name__, reset_after=reset_after)
        self.reset_after = reset_after
        super().__init__(input_size, hidden_size, 3, rng, bias, dtype)

    def add_weights(self, dtype: Dtype) -> None:
        """`bh`, with reset_after; None without biases."""
        if self.reset_after:
            self.bh = None if self.b is None else Tensor(init.zeros((self.hidden_size,), dtype), requires_grad=True)

    @scoped
    def step(self, x: TensorLike, state: tuple[Tensor]) -> tuple[Tensor]:
        """The state after x (batch, input_size). Raises `ShapeError` where x or the state does not fit."""
        x, (h,) = self.checked(x, state)
        x_r, x_z, x_n = split(self.project(x), 3)
        if self.reset_after:
            h_r, h_z, h_n = split(self.seen(h) @ self.Wh, 3)
            r, z = named(sigmoid(x_r + h_r), "r"), named(sigmoid(x_z + h_z), "z")
            n = named(tanh(x_n + r * (h_n if self.bh is None else h_n + self.bh)), "n")
        else:
            gates = 2 * self.hidden_size
            h_r, h_z = split(self.seen(h) @ self.Wh[:, :gates], 2)
            r, z = named(sigmoid(x_r + h_r), "r"), named(sigmoid(x_z + h_z), "z")
            n = named(tanh(x_n + (r * self.seen(h)) @ self.Wh[:, gates:]), "n")
        return (named((1.0 - z) * n + z * h, "h"),)
