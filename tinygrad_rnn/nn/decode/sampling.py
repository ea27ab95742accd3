"""One symbol out of logits: the distribution that a temperature, top-k and a nucleus leave, and a draw from it."""

from __future__ import annotations

from numbers import Real
from typing import Any

import numpy as np

from ...engine.dtypes import as_array
from ...errors import DataError, NumericError, ShapeError
from ...shared.array_type import Array
from ...shared.checks import check_number, is_number, is_whole

__all__ = ["check_shaping", "checked_logits", "draw_symbol", "next_probabilities"]


def next_probabilities(logits: Any, temperature: float = 1.0, top_k: int | None = None, nucleus: float | None = None) -> Array:
    """The distribution that `generate` samples from, for logits (symbols): p = softmax(logits / temperature), then cut, in this order.

    `top_k` keeps the k most probable symbols (Fan, Lewis and Dauphin 2018), all if there are no more.
    `nucleus` keeps the most probable ones up to the first at which their sum reaches that share of what is left (Holtzman et al.
    2020). The rest gets 0 and p is made to sum to 1 again. Of equals, lower ids count as more probable. Temperature 0 leaves the
    most probable symbol alone. Raises `DataError` for a temperature below 0, a top_k below 1, a nucleus outside of (0, 1].

    >>> import numpy as np
    >>> from tinygrad_rnn.nn.decode.sampling import next_probabilities
    >>> next_probabilities(np.log([0.4, 0.3, 0.2, 0.1]), nucleus=0.6).round(3)
    array([0.571, 0.429, 0.   , 0.   ])
    """
    check_shaping(temperature, top_k, nucleus)
    z = checked_logits(logits)
    if z.ndim != 1:
        raise ShapeError(f"next_probabilities of logits of shape {z.shape}", hint="one row of logits: (symbols)")
    if temperature == 0:
        return np.eye(len(z))[z.argmax()]
    with np.errstate(over="ignore"):  # a tiny temperature: exp(-inf) is the 0 that is meant
        p = np.exp((z - z.max()) / float(temperature))
    order = np.argsort(-z, kind="stable")
    if top_k is not None:
        p[order[top_k:]] = 0.0
    p /= p.sum()
    if nucleus is not None and nucleus < 1:
        enough = int(np.searchsorted(np.cumsum(p[order]), nucleus - 1e-12)) + 1  # shares that add up to it but for rounding
        p[order[enough:]] = 0.0
        p /= p.sum()
    return p


def draw_symbol(p: Array, rng: Any) -> int:
    """One symbol out of a distribution, by one uniform number; never one whose probability is 0."""
    reach = np.cumsum(p)
    return int(np.searchsorted(reach, rng.random() * reach[-1], side="right"))  # u <= 1 - 2**-53: u * reach stays below reach


def checked_logits(logits: Any) -> Array:
    """Logits that can be compared: no NaN, no +infinity, and in every row one that is not -infinity."""
    z = as_array(logits).astype(np.float64)
    if not z.size or not np.isfinite(z.max(axis=-1)).all():
        raise NumericError(
            "generation from logits that are NaN or infinite" if z.size else "generation from no logits",
            hint="-inf rules a symbol out, one that is allowed must be left; else look at the weights: has training gone wrong?",
        )
    return z


def check_shaping(temperature: float, top_k: int | None, nucleus: float | None) -> None:
    """Raise `DataError` for a setting out of its range."""
    hint = "a number, at least 0: below 1 is more cautious, above 1 is bolder, 0 is greedy"
    check_number("temperature", temperature, least=0, hint=hint)
    if top_k is not None and not is_whole(top_k, 1):
        raise DataError(f"top_k={top_k!r}", hint="how many symbols are kept: a whole number, at least 1")
    if nucleus is not None and (not is_number(nucleus, Real) or not 0 < nucleus <= 1):
        raise DataError(f"nucleus={nucleus!r}", hint="the share of probability that is kept: 0 < nucleus <= 1")
