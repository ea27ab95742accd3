"""Pooling: one vector out of the outputs of all steps, of those that are no padding if lengths are given.

`outputs` are values (batch, time, features), or a list of one tensor (batch, features) a step, as `unroll` returns it: what a layer
takes too. `lengths` (batch) counts the valid steps of every sequence, from the first. A wrong length raises `DataError`, a wrong
number of them or another shape of outputs `ShapeError`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from ..engine.primitives import broadcast_to, max, where
from ..engine.scopes import here, place_of
from ..engine.tensor import Tensor, TensorLike, as_tensor, named
from ..errors import DataError
from ..shared.array_type import Array, Dtype
from ..shared.checks import check_sizes
from . import init
from .attention import DotAttention
from .inputs import is_list_of_steps, whole_steps
from .module import Module
from .packed import PackedSequence, mask, valid_steps

__all__ = ["AttentionPooling", "pool_last", "pool_max", "pool_mean"]

Outputs: TypeAlias = TensorLike | Sequence[Tensor]
Lengths: TypeAlias = npt.ArrayLike | None


def pool_last(outputs: Outputs, lengths: Lengths = None) -> Tensor:
    """The output of the last valid step: (batch, features).

    >>> import tinygrad_rnn as tg
    >>> steps = [tg.Tensor([[1.0], [5.0]]), tg.Tensor([[2.0], [6.0]])]
    >>> tg.nn.pool_last(steps, [2, 1]).data.tolist()
    [[2.0], [5.0]]
    """
    if lengths is None and is_list_of_steps(outputs) and outputs:
        return as_tensor(outputs[-1])  # no need to stack them all
    whole, valid = _whole("pool_last", outputs, lengths)
    return named(whole[:, -1] if valid is None else whole[np.arange(len(valid)), valid.sum(axis=1) - 1], "last")


def pool_mean(outputs: Outputs, lengths: Lengths = None) -> Tensor:
    """The mean over the valid steps: (batch, features).

    >>> import tinygrad_rnn as tg
    >>> tg.nn.pool_mean([tg.Tensor([[1.0], [5.0]]), tg.Tensor([[2.0], [6.0]])], [2, 1]).data.tolist()
    [[1.5], [5.0]]
    """
    whole, valid = _whole("pool_mean", outputs, lengths)
    if valid is None:
        return named(whole.mean(axis=1), "mean")
    shares = (1 / valid.sum(axis=1, keepdims=True)).astype(whole.dtype)
    return named(where(valid[:, :, None], whole, 0.0).sum(axis=1) * shares, "mean")


def pool_max(outputs: Outputs, lengths: Lengths = None) -> Tensor:
    """The largest value of every feature over the valid steps: (batch, features).

    >>> import tinygrad_rnn as tg
    >>> tg.nn.pool_max([tg.Tensor([[1.0], [5.0]]), tg.Tensor([[2.0], [6.0]])], [2, 1]).data.tolist()
    [[2.0], [5.0]]
    """
    whole, valid = _whole("pool_max", outputs, lengths)
    if valid is not None:
        whole = where(valid[:, :, None], whole, float(np.finfo(whole.dtype).min))
    return named(max(whole, axis=1), "largest")


class AttentionPooling(Module):
    """A mean whose weights are learned: every step is compared with a vector q (Yang et al. 2016, hierarchical attention).

        α = softmax(h_t · q / sqrt(features))         y = Σ_t α_t h_t

    `q` (1, features) starts uniform in ±1/sqrt(features); with q = 0 this is the mean. At padding α is 0.

    >>> import numpy as np, tinygrad_rnn as tg
    >>> rng = np.random.default_rng(0)
    >>> pool = tg.nn.AttentionPooling(4, rng=rng)
    >>> pool([tg.Tensor(rng.standard_normal((2, 4))) for _ in range(3)], [3, 1]).shape
    (2, 4)
    """

    def __init__(self, features: int, *, rng: np.random.Generator, dtype: Dtype = None) -> None:
        check_sizes("AttentionPooling", features=features)
        self.q = Tensor(init.uniform(rng, (1, features), features**-0.5, dtype), requires_grad=True)
        self.attention = DotAttention()

    def forward(self, outputs: Outputs, lengths: Lengths = None) -> Tensor:
        """Outputs (batch, time, features), or a list of steps, to (batch, features)."""
        whole, valid = _whole("AttentionPooling", outputs, lengths)
        context, _ = self.attention(broadcast_to(self.q, (len(whole), self.q.shape[1])), whole, mask=valid)
        return context


def _whole(caller: str, outputs: Outputs, lengths: Lengths) -> tuple[Tensor, Array | None]:
    """The outputs as one tensor (batch, time, features), and which of them count (batch, time): None for all."""
    if isinstance(outputs, PackedSequence):
        raise DataError(
            f"{caller} of a PackedSequence",
            where=place_of(here.mode.frames),
            hint=f"unpack it first: {caller}(*nn.unpack(packed))",
        )
    if lengths is None:
        return whole_steps(caller, outputs), None
    whole, ends = valid_steps(caller, outputs, lengths)
    return whole, mask(ends, whole.shape[1])
