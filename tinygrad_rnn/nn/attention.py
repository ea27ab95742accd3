"""Attention: where to look. A query is compared with keys; their values are averaged with the weights α that this gives."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ..engine.primitives import tanh, where
from ..engine.scopes import here, place_of
from ..engine.tensor import Tensor, TensorLike, as_tensor, named
from ..errors import DataError, ShapeError
from ..functional import softmax
from ..shared.array_type import Dtype, array_given
from ..shared.checks import check_flags, check_sizes
from . import init
from .inputs import whole_of
from .module import Module

__all__ = ["AdditiveAttention", "DotAttention"]


class _Attention(Module):
    """α = softmax(e) and context = α values; what makes e, the scores, is the difference between the kinds."""

    def scores(self, query: Tensor, keys: Tensor) -> Tensor:
        """e (batch, queries, time), for query (batch, queries, features) and keys (batch, time, features)."""
        raise NotImplementedError

    def forward(
        self, query: TensorLike, keys: Any, values: Any = None, mask: npt.ArrayLike | None = None
    ) -> tuple[Tensor, Tensor]:
        """The context (batch, features of the values) and the weights α (batch, time), which sum to 1.

        `query` (batch, features); `keys` and `values` (batch, time, features), or lists of one tensor a step; without `values` the
        keys are averaged. `mask` (batch, time) is False where there is padding: its weight is exactly 0.
        A query (batch, queries, features) asks several at once: context and α then have an axis of queries too, and the mask may.
        Raises `ShapeError` where these do not fit, `DataError` for no steps, or a sequence whose steps are all masked.
        """
        query, keys = as_tensor(query), _steps(keys, "keys")
        values = keys if values is None else _steps(values, "values")
        one = query.ndim == 2
        _check(query, keys, values)
        e = named(self.scores(query[:, None] if one else query, keys), "e")
        if mask is not None:
            e = where(_checked_mask(mask, e), e, float(np.finfo(e.dtype).min / 2))
        α = named(softmax(e), "α")
        context = α @ values
        return (named(context[:, 0], "context"), named(α[:, 0], "α")) if one else (named(context, "context"), α)


class AdditiveAttention(_Attention):
    """Attention by a small network (Bahdanau, Cho and Bengio 2015; "additive" in Luong's words).

        e_j     = v · tanh(query Wq + key_j Wk)
        α       = softmax(e)
        context = Σ_j α_j value_j

    Wq (query_size, hidden_size), Wk (key_size, hidden_size), v (hidden_size, 1) start uniform in ±1/sqrt of their number of rows.
    Query and keys may differ in size.

    >>> import numpy as np, tinygrad_rnn as tg
    >>> rng = np.random.default_rng(0)
    >>> attention = tg.nn.AdditiveAttention(3, 4, 5, rng=rng)
    >>> memory = rng.standard_normal((2, 6, 4))
    >>> context, weights = attention(np.ones((2, 3)), memory, memory)
    >>> context.shape, weights.shape, weights.data.sum(axis=1)
    ((2, 4), (2, 6), array([1., 1.]))
    """

    def __init__(
        self, query_size: int, key_size: int, hidden_size: int, *, rng: np.random.Generator, dtype: Dtype = None
    ) -> None:
        check_sizes("AdditiveAttention", query_size=query_size, key_size=key_size, hidden_size=hidden_size)

        def weight(*shape: int) -> Tensor:
            return Tensor(init.uniform(rng, shape, 1 / shape[0] ** 0.5, dtype), requires_grad=True)

        self.Wq, self.Wk, self.v = weight(query_size, hidden_size), weight(key_size, hidden_size), weight(hidden_size, 1)

    def scores(self, query: Tensor, keys: Tensor) -> Tensor:
        """e (batch, queries, time), for query (batch, queries, query_size) and keys (batch, time, key_size)."""
        seen = tanh((query @ self.Wq)[:, :, None] + (keys @ self.Wk)[:, None])
        return (seen @ self.v)[..., 0]


class DotAttention(_Attention):
    """Attention by similarity (Luong, Pham and Manning 2015), scaled (Vaswani et al. 2017, equation 1). No weights.

        e_j     = query · key_j / sqrt(features)          scale=False leaves the root out, as Luong does
        α       = softmax(e)
        context = Σ_j α_j value_j

    Query and keys have the same size. Several queries at once give PyTorch's `scaled_dot_product_attention`.

    >>> import numpy as np, tinygrad_rnn as tg
    >>> rng = np.random.default_rng(0)
    >>> memory = rng.standard_normal((2, 6, 4))
    >>> padding = np.arange(6) < [[6], [2]]  # the second sequence has two steps
    >>> context, weights = tg.nn.DotAttention()(np.ones((2, 4)), memory, memory, mask=padding)
    >>> (weights.data[1] > 0).tolist()
    [True, True, False, False, False, False]
    """

    settings = ("scale",)

    def __init__(self, *, scale: bool = True) -> None:
        check_flags("DotAttention", scale=scale)
        self.scale = scale

    def scores(self, query: Tensor, keys: Tensor) -> Tensor:
        """e (batch, queries, time), for query (batch, queries, features) and keys (batch, time, features)."""
        if query.shape[-1] != keys.shape[-1]:
            raise ShapeError(
                f"DotAttention of a query with {query.shape[-1]} features and keys with {keys.shape[-1]}",
                where=place_of(here.mode.frames),
                hint="they must be of one size; AdditiveAttention compares different ones",
            )
        e = query @ keys.transpose(0, 2, 1)
        return e * (1 / keys.shape[-1] ** 0.5) if self.scale else e


def _steps(steps: Tensor | TensorLike | Sequence[Tensor], what: str) -> Tensor:
    """Keys or values as one tensor (batch, time, features)."""
    whole = whole_of(steps)
    if whole.ndim != 3 or not whole.size:
        kind = ShapeError if whole.ndim != 3 else DataError
        raise kind(
            f"attention over {what} of shape {whole.shape}",
            where=place_of(here.mode.frames),
            hint=f"{what} are (batch, time, features), at least one of each",
        )
    return whole


def _check(query: Tensor, keys: Tensor, values: Tensor) -> None:
    if query.ndim not in (2, 3) or not len(query) == len(keys) == len(values) or not query.size:
        raise ShapeError(
            f"attention of a query of shape {query.shape} over keys of shape {keys.shape} and values of shape {values.shape}",
            where=place_of(here.mode.frames),
            hint="query (batch, features), keys and values (batch, time, features): one batch",
        )
    if keys.shape[1] != values.shape[1]:
        raise ShapeError(
            f"attention over {keys.shape[1]} keys and {values.shape[1]} values",
            where=place_of(here.mode.frames),
            hint="every step has one key and one value",
        )


def _checked_mask(mask: npt.ArrayLike, e: Tensor) -> Any:
    """The mask as truth values that broadcast to the scores (batch, queries, time)."""
    hint = "it is made of True (read) and False (padding), (batch, time): np.arange(time) < lengths[:, None]"
    read = array_given("a mask", mask, hint)
    batch, queries, time = e.shape
    if read.dtype != bool or read.shape not in ((batch, time), e.shape):
        raise ShapeError(
            f"a mask of shape {read.shape} and dtype {read.dtype} for weights of shape {(batch, queries, time)}",
            where=place_of(here.mode.frames),
            hint=hint,
        )
    if not read.any(axis=-1).all():
        raise DataError(
            f"attention over nothing: every step of sequence {int(np.argwhere(~read.any(axis=-1))[0][0])} is masked",
            where=place_of(here.mode.frames),
            hint="leave empty sequences out before you make a batch",
        )
    return read[:, None] if read.ndim == 2 else read
