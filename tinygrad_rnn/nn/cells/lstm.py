"""Recurrent cells from primitives, each in the letters of its equations; none has a backward of its own.

A cell is two methods: `initial_state(batch) -> state` and `step(x, state) -> state`, where `state[0]` is h. Whatever has
these two can be unrolled, stacked, packed, probed and drawn, so a learner's own cell gets everything that these have. Shapes: x
(batch, input_size), h and c (batch, hidden_size). Naming a result (`named(f, "f")`) costs nothing and puts its letter into
pictures.
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from ...engine.primitives import relu, sigmoid, split, tanh
from ...engine.tensor import Tensor, TensorLike, named
from ...errors import DataError
from ...shared.checks import check_flags
from .. import init
from ..module import scoped
from .gated import GatedCell, State

__all__ = ["Cell", "GRUCell", "LSTMCell", "RNNCell", "State"]


class Cell(Protocol):
    """What a cell must have to be unrolled: two methods, in any class.

    Two numbers more, `input_size` and `hidden_size` (the features of x and of h), are what `CharModel` reads off a cell, alone or in
    `Stacked`, to make the layers before and behind it; without them it asks for `features=` and `hidden_size=`. `SequenceClassifier`
    and `Stacked` themselves need no more than the two methods.

    >>> import numpy as np, tinygrad_rnn as tg
    >>> class Leaky(tg.nn.Module):  # h' = 0.9 h + 0.1 tanh(x Wx + h Wh)
    ...     def __init__(self, input_size, hidden_size, rng):
    ...         self.input_size, self.hidden_size = input_size, hidden_size
    ...         self.Wx = tg.Tensor(rng.standard_normal((input_size, hidden_size)), requires_grad=True)
    ...         self.Wh = tg.Tensor(rng.standard_normal((hidden_size, hidden_size)), requires_grad=True)
    ...     def initial_state(self, batch):
    ...         return (tg.Tensor(np.zeros((batch, self.hidden_size)), name="h0"),)
    ...     def step(self, x, state):
    ...         (h,) = state
    ...         return (tg.named(0.9 * h + 0.1 * tg.tanh(x @ self.Wx + h @ self.Wh), "h"),)
    >>> hs, _ = tg.nn.unroll(Leaky(3, 4, np.random.default_rng(0)), np.ones((2, 5, 3)))
    >>> hs[-1].place
    't=5 / Leaky'
    >>> model = tg.nn.CharModel(26, Leaky(3, 4, np.random.default_rng(0)), rng=np.random.default_rng(0))
    """

    def initial_state(self, batch: int) -> State:
        """The state before the first step, for that many sequences: a tuple of tensors (batch, ...), h first."""
        ...

    def step(self, x: Any, state: Any) -> Any:
        """The state after x (batch, features): a tuple like the one it was given. Name h with `named(h, "h")` for pictures."""
        ...


class RNNCell(GatedCell):
    """The simple recurrent cell (Elman 1990): one nonlinearity between one step and the next.

        a  = x Wx + h Wh + b
        h' = tanh(a)

    `nonlinearity` is "tanh" or "relu". 5 nodes a step. Weights start uniform in ±1/sqrt(hidden_size), b at 0.

    >>> import numpy as np, tinygrad_rnn as tg
    >>> cell = tg.nn.RNNCell(3, 4, rng=np.random.default_rng(0))
    >>> (h,) = cell.step(np.ones((2, 3)), cell.initial_state(2))
    >>> h.shape
    (2, 4)
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        rng: np.random.Generator,
        nonlinearity: str = "tanh",
        dtype: npt.DTypeLike | None = None,
    ) -> None:
        if nonlinearity not in ("tanh", "relu"):
            raise DataError(f"RNNCell(nonlinearity={nonlinearity!r})", hint="it is 'tanh' or 'relu'")
        super().__init__(input_size, hidden_size, 1, rng, dtype)
        self.nonlinearity = nonlinearity

    @scoped
    def step(self, x: TensorLike, state: State) -> State:
        """The state after x (batch, input_size). Raises `ShapeError` where x or the state does not fit."""
        x, (h,) = self.checked(x, state, "h")
        a = named(self.preactivation(x, h), "a")
        return (named(tanh(a) if self.nonlinearity == "tanh" else relu(a), "h"),)


class LSTMCell(GatedCell):
    """Long short-term memory (Hochreiter and Schmidhuber 1997; forget gate: Gers, Schmidhuber and Cummins 2000).

        a          = x Wx + h Wh + b                  cut into a_i, a_f, a_g, a_o
        i, f, o    = sigmoid(a_i), sigmoid(a_f), sigmoid(a_o)
        g          = tanh(a_g)
        c'         = f c + i g
        h'         = o tanh(c')

    `forget_bias` is added to the forget gate's part of b at the start: it opens the path along c (Jozefowicz et al. 2015).
    17 nodes a step. State (h, c). Gate order i, f, g, o, as in PyTorch.

    >>> import numpy as np, tinygrad_rnn as tg
    >>> cell = tg.nn.LSTMCell(3, 4, rng=np.random.default_rng(0), forget_bias=3.0)
    >>> h, c = cell.step(np.ones((2, 3)), cell.initial_state(2))
    >>> cell.b.data[4:8]
    array([3., 3., 3., 3.])
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        rng: np.random.Generator,
        forget_bias: float = 1.0,
        dtype: npt.DTypeLike | None = None,
    ) -> None:
        super().__init__(input_size, hidden_size, 4, rng, dtype)
        self.forget_bias = forget_bias
        init.forget_gate_(self.b, forget_bias)

    def initial_state(self, batch: int) -> State:
        """All zeros, h and c, for that many sequences."""
        return self.zeros(batch, "h0"), self.zeros(batch, "c0")

    @scoped
    def step(self, x: TensorLike, state: State) -> State:
        """The state after x (batch, input_size). Raises `ShapeError` where x or the state does not fit."""
        x, (h, c) = self.checked(x, state, "hc")
        a = named(self.preactivation(x, h), "a")
        a_i, a_f, a_g, a_o = split(a, 4)
        i, f = named(sigmoid(a_i), "i"), named(sigmoid(a_f), "f")
        g, o = named(tanh(a_g), "g"), named(sigmoid(a_o), "o")
        c = named(f * c + i * g, "c")
        return named(o * tanh(c), "h"), c


class GRUCell(GatedCell):
    """The gated recurrent unit (Cho et al. 2014), in both of its forms.

        r, z = sigmoid(x Wx_r + h Wh_r + b_r), sigmoid(x Wx_z + h Wh_z + b_z)
        n    = tanh(x Wx_n + b_n + r (h Wh_n + bh))   reset_after=True: PyTorch, cuDNN; 21 nodes a step
        n    = tanh(x Wx_n + b_n + (r h) Wh_n)        reset_after=False: the paper; 22 nodes a step
        h'   = (1 - z) n + z h

    Gate order r, z, n, as in PyTorch. `bh` (hidden_size), the recurrent bias of n, exists only with reset_after.

    >>> import numpy as np, tinygrad_rnn as tg
    >>> cell = tg.nn.GRUCell(3, 4, rng=np.random.default_rng(0), reset_after=False)
    >>> (h,) = cell.step(np.ones((2, 3)), cell.initial_state(2))
    >>> h.shape
    (2, 4)
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        rng: np.random.Generator,
        reset_after: bool = True,
        dtype: npt.DTypeLike | None = None,
    ) -> None:
        super().__init__(input_size, hidden_size, 3, rng, dtype)
        check_flags(type(self).__name__, reset_after=reset_after)
        self.reset_after = reset_after
        if reset_after:
            self.bh = Tensor(init.zeros((hidden_size,), dtype), requires_grad=True)

    @scoped
    def step(self, x: TensorLike, state: State) -> State:
        """The state after x (batch, input_size). Raises `ShapeError` where x or the state does not fit."""
        x, (h,) = self.checked(x, state, "h")
        x_r, x_z, x_n = split(self.project(x), 3)
        if self.reset_after:
            h_r, h_z, h_n = split(self.seen(h) @ self.Wh, 3)
            r, z = named(sigmoid(x_r + h_r), "r"), named(sigmoid(x_z + h_z), "z")
            n = named(tanh(x_n + r * (h_n + self.bh)), "n")
        else:
            gates = 2 * self.hidden_size
            h_r, h_z = split(self.seen(h) @ self.Wh[:, :gates], 2)
            r, z = named(sigmoid(x_r + h_r), "r"), named(sigmoid(x_z + h_z), "z")
            n = named(tanh(x_n + (r * self.seen(h)) @ self.Wh[:, gates:]), "n")
        return (named((1.0 - z) * n + z * h, "h"),)
