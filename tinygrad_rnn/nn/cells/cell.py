"""The protocol of a cell: `initial_state(batch) -> state` and `step(x, state) -> state`, where `state[0]` is h.

Whatever has these two can be unrolled, stacked, packed, probed and drawn, so a learner's own cell gets everything that those of this
package have. Shapes: x (batch, input_size), h and c (batch, hidden_size).
"""

from __future__ import annotations

from typing import Any, Protocol, TypeAlias, TypeVar

from ...engine.tensor import Tensor

__all__ = ["Cell", "State"]

State: TypeAlias = tuple[Tensor, ...]
S = TypeVar("S")


class Cell(Protocol[S]):
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

    def initial_state(self, batch: int) -> S:
        """The state before the first step, for that many sequences: a tuple of tensors (batch, ...), h first.

        Lists, dicts and named tuples will do too, nested as you like: h is the first tensor, or in a dict what is called h.
        """
        ...

    def step(self, x: Any, state: S) -> S:
        """The state after x (batch, features): a tuple like the one it was given. Name h with `named(h, "h")` for pictures."""
        ...
