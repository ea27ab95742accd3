"""Which symbols may come next: the choice that `generate` and `beam_search` leave to a model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...errors import DataError
from ...shared.array_type import Array
from ...shared.checks import short
from .step_model import Prompt

__all__ = ["Allowed"]


class Allowed:
    """What `allowed` of `generate` and `beam_search` says: a choice of symbols, a function that makes one, or None for all.

    >>> from tinygrad_rnn.nn.decode.allowed import Allowed
    >>> from tinygrad_rnn.nn.decode.step_model import Prompt
    >>> growing = Allowed(lambda written: range(written[-1] if written else 0, 4), Prompt(None, [0], None, None))
    >>> growing.mask([[], [1, 2]], 4)
    array([[ True,  True,  True,  True],
           [False, False,  True,  True]])
    """

    def __init__(self, allowed: Any, prompt: Prompt) -> None:
        self.prompt = prompt
        self.asked = allowed if callable(allowed) and not isinstance(allowed, type) else None
        self.ids: list[int] = [] if allowed is None or self.asked else self._ids_of(allowed)

    def mask(self, written: Sequence[list[int]], symbols: int) -> Array:
        """True for every symbol that may follow what each sequence has written, (batch, symbols). Raises `DataError` for no choice."""
        if self.asked is None and not self.ids:
            return np.ones((len(written), symbols), bool)
        mask = np.zeros((len(written), symbols), bool)
        for row, so_far in zip(mask, written, strict=True):
            ids = self.ids if self.asked is None else self._ids_of(self.asked(self.prompt.told(so_far)), so_far)
            if max(ids) >= symbols:
                raise DataError(f"allowed holds {max(ids)}, one of {symbols} symbols", hint=f"ids run from 0 to {symbols - 1}")
            row[ids] = True
        return mask

    def _ids_of(self, allowed: Any, so_far: list[int] | None = None) -> list[int]:
        if isinstance(allowed, str):
            ids = self.prompt.symbols("allowed", allowed).tolist()
        elif isinstance(allowed, (set, frozenset, list, tuple, range)) or (isinstance(allowed, np.ndarray) and allowed.ndim == 1):
            ids = [self.prompt.symbol("allowed", one) for one in allowed]
        else:
            raise DataError(
                f"allowed is {short(allowed)}",
                hint="a set, a list or an array of ids or of symbols, a text, or a function of what was written that returns one",
            )
        if not ids:
            raise DataError(
                "allowed leaves no symbol to choose"
                + ("" if so_far is None else f" after {short(self.prompt.told(so_far))} was written"),
                hint="at least one id or symbol; with a stop symbol among them, a sequence may end",
            )
        return ids
