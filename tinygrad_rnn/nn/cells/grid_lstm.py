"""The block that a Grid LSTM is made of: an LSTM along each of its dimensions (Kalchbrenner, Danihelka and Graves 2016)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...engine.primitives import concat, sigmoid, split, tanh
from ...engine.scopes import here, place_of
from ...engine.tensor import Tensor, named
from ...errors import DataError, ShapeError
from ...shared.array_type import Dtype
from ...shared.checks import check_flags, check_sizes, is_whole, short
from ...shared.nested import mapped
from .. import init
from ..inputs import fitting
from ..module import Module, scoped

__all__ = ["GridLSTMCell", "Pair"]

Pair = tuple[Tensor, Tensor]  # h and m of one dimension


class GridLSTMCell(Module):
    """A block of N dimensions: along each one comes a pair (h_k, m_k), and one goes on.

        H             = [h_1, ..., h_N]
        u, f, g, o    = the four parts of H W_k + b_k, through sigmoid, sigmoid, tanh, sigmoid
        m_k'          = f m_k + u g
        h_k'          = tanh(o m_k')                      for k = 1..N, each with weights of its own

    The tanh is outside, unlike an LSTM's. The dimension `priority` (0..N-1, or None) is computed last, from an H that holds the
    others' h' already. W (N, N hidden_size, 4 hidden_size) starts uniform in ±1/sqrt(N hidden_size); the paper leaves b out: it
    starts at 0, and its part for f at `forget_bias`; `bias=False` does as the paper.
    In pictures the last dimension, which a grid takes for depth, has h↑ and m↑.

    >>> import numpy as np, tinygrad_rnn as tg
    >>> block = tg.nn.GridLSTMCell(2, 4, rng=np.random.default_rng(0), priority=1)
    >>> pairs = block.initial_pairs(batch=3)
    >>> (h_1, m_1), (h_2, m_2) = block.step(pairs)
    >>> h_2.shape
    (3, 4)
    """

    settings = ("priority",)

    def __init__(
        self,
        dimensions: int,
        hidden_size: int,
        *,
        rng: np.random.Generator,
        priority: int | None = None,
        forget_bias: float = 1.0,
        bias: bool = True,
        dtype: Dtype = None,
    ) -> None:
        check_flags("GridLSTMCell", bias=bias)
        check_sizes("GridLSTMCell", dimensions=dimensions, hidden_size=hidden_size)
        if priority is not None and not (is_whole(priority, 0) and priority < dimensions):
            raise DataError(
                f"GridLSTMCell of {dimensions} dimensions with priority={short(priority)}",
                hint=f"it is one of 0..{dimensions - 1}, or None",
            )
        self.dimensions, self.hidden_size, self.priority = dimensions, hidden_size, priority
        inputs = dimensions * hidden_size
        self.W = [
            Tensor(init.uniform(rng, (inputs, 4 * hidden_size), inputs**-0.5, dtype), requires_grad=True, name=f"W{k}")
            for k in range(1, dimensions + 1)
        ]
        self.b = [
            Tensor(init.zeros((4 * hidden_size,), dtype), requires_grad=True, name=f"b{k}") if bias else None
            for k in range(1, dimensions + 1)
        ]
        for b in self.b:
            init.forget_gate_(b, forget_bias)

    def initial_pairs(self, batch: int) -> list[Pair]:
        """All zeros, a pair (h, m) for every dimension: what stands at the borders of the grid."""
        if not is_whole(batch, 1):
            raise DataError(f"an initial state for a batch of {batch!r}", hint="a batch holds at least one sequence")
        zeros = np.zeros((batch, self.hidden_size), self.W[0].dtype)
        marks = [self._mark(k) for k in range(self.dimensions)]
        return [(Tensor(zeros, name=f"h{mark}0"), Tensor(zeros, name=f"m{mark}0")) for mark in marks]

    @scoped
    def step(self, pairs: Sequence[Pair]) -> list[Pair]:
        """The pairs that leave the block, for those that enter; `ShapeError` unless they are N pairs of (batch, hidden_size)."""
        return self.passed(pairs)

    def forward(self, pairs: Sequence[Pair]) -> list[Pair]:
        """The same as `step`."""
        return self.passed(pairs)

    def passed(self, pairs: Sequence[Pair]) -> list[Pair]:
        """What `step` does, in the scope of the caller: a grid says there which of its blocks this is."""
        pairs = self._checked(pairs)
        hs = [h for h, _ in pairs]
        after = list(pairs)
        H = concat(hs, axis=1)
        for k in range(self.dimensions):
            if k != self.priority:
                after[k] = self._lstm(k, H, pairs[k][1])
        if self.priority is not None:
            k = self.priority
            H = concat([hs[j] if j == k else after[j][0] for j in range(self.dimensions)], axis=1)
            after[k] = self._lstm(k, H, pairs[k][1])
        return after

    def _lstm(self, k: int, H: Tensor, m: Tensor) -> Pair:
        a, b = H @ self.W[k], self.b[k]
        a_u, a_f, a_g, a_o = split(a if b is None else a + b, 4)
        u, f, g, o = named(sigmoid(a_u), "u"), named(sigmoid(a_f), "f"), named(tanh(a_g), "g"), named(sigmoid(a_o), "o")
        mark = self._mark(k)
        m = named(f * m + u * g, f"m{mark}")
        return named(tanh(o * m), f"h{mark}"), m

    def _mark(self, k: int) -> str:
        return "↑" if k == self.dimensions - 1 else "" if self.dimensions == 2 else str(k + 1)

    def _checked(self, pairs: Any) -> list[Pair]:
        """The pairs as tensors in the precision of the weights, one for every dimension."""
        listed = isinstance(pairs, (tuple, list)) and all(isinstance(pair, (tuple, list)) and len(pair) == 2 for pair in pairs)
        made = [(fitting(h, self.W[0]), fitting(m, self.W[0])) for h, m in pairs] if listed else []
        wanted = (*made[0][0].shape[:1], self.hidden_size) if made else ()
        if len(made) != self.dimensions or any(part.shape != wanted for pair in made for part in pair):
            raise ShapeError(
                f"GridLSTMCell of {self.dimensions} dimensions was given pairs of shapes "
                f"{mapped(lambda part: getattr(part, 'shape', type(part).__name__), pairs)}",
                where=place_of(here.mode.frames),
                hint=f"one pair (h, m) a dimension, each (batch, {self.hidden_size})",
            )
        return made
