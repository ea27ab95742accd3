"""What `generate` and `beam_search` share: a model that writes, its prompt as ids, and a step of it."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

from ...engine.dtypes import as_array
from ...errors import DataError, DtypeError, GraphError, ShapeError
from ...shared.array_type import Array, array_given
from ...shared.checks import is_whole
from ..states import check_method

__all__ = ["Prompt", "StepModel", "check_writer", "step"]


class StepModel(Protocol):
    """What can write: two methods, in any class. `nn.CharModel` has them, and `nn.Seq2Seq` gives them by `decoding(source)`.

    >>> import numpy as np, tinygrad_rnn as tg
    >>> class Fibonacci:  # the symbol after a and b is (a + b) % 10; the state is a
    ...     def start(self, batch):
    ...         return np.zeros(batch, int)
    ...     def step(self, ids, state):
    ...         return tg.Tensor(np.eye(10)[(state + ids) % 10]), ids
    >>> tg.generate(Fibonacci(), [1], 8, method="greedy")
    [1, 2, 3, 5, 8, 3, 1, 4]
    """

    def start(self, batch: int) -> Any:
        """The state before the first symbol, for that many sequences: None, tensors or arrays, or tuples, lists, dicts of them."""
        ...

    def step(self, ids: Any, state: Any) -> Any:
        """The pair of the logits (batch, symbols) of what follows ids (batch), integers, and the state after them."""
        ...


class Prompt:
    """The prompt and the stop symbol as ids, and the way back."""

    def __init__(self, model: StepModel, prompt: Any, stop: Any, vocabulary: Any) -> None:
        self.is_text = isinstance(prompt, str)
        self.vocabulary: Any = getattr(model, "vocabulary", None) if vocabulary is None else vocabulary
        if (self.is_text or isinstance(stop, str)) and not hasattr(self.vocabulary, "encode"):
            raise DataError(
                "generation from a text needs a vocabulary, and the model has none"
                if self.vocabulary is None
                else f"generation with a vocabulary that is a {type(self.vocabulary).__name__}",
                hint="vocabulary=tg.data.vocab.CharVocabulary.from_text(...), or give the prompt (and stop) as ids",
            )
        self.ids = self._ids_of(prompt)
        self.stop = None if stop is None else self._stop_of(stop)

    def _ids_of(self, prompt: Any) -> Array:
        ids = self.vocabulary.encode(prompt) if self.is_text else prompt
        ids = array_given("a prompt", ids, "a text, or one row of whole numbers")
        if not ids.size:
            raise DataError(
                "generation from an empty prompt", hint="give at least one symbol to start from, such as a line break"
            )
        if ids.ndim != 1 or ids.dtype.kind not in "iu":
            raise DtypeError(f"a prompt of shape {ids.shape} and dtype {ids.dtype}", hint="a text, or one row of whole numbers")
        return ids

    def _stop_of(self, stop: Any) -> int:
        if isinstance(stop, str):
            ids = self.vocabulary.encode(stop)
            if len(ids) != 1:
                raise DataError(f"stop={stop!r} is {len(ids)} symbols", hint="it is one symbol of the vocabulary")
            return int(ids[0])
        if not is_whole(stop, 0):
            raise DataError(f"stop={stop!r}", hint="it is the id of a symbol, or the symbol")
        return int(stop)

    def read(self, model: StepModel) -> tuple[Array, Any]:
        """The logits after the prompt, and the state."""
        state, logits = model.start(1), np.zeros((1, 0))
        for id in self.ids:
            logits, state = step(model, np.array([id]), state)
        return logits, state

    def told(self, ids: list[int]) -> Any:
        """Ids as the caller gave the prompt: as text or as ids."""
        return self.vocabulary.decode(ids) if self.is_text else ids


def check_writer(model: Any, length: Any) -> None:
    """Raise for what cannot write, and for a number of symbols that is none."""
    if not hasattr(model, "start") and hasattr(model, "decoding"):
        raise GraphError(
            f"a {type(model).__name__} writes an answer to a source, which is missing", hint="give model.decoding(source)"
        )
    check_method(model, "start", "batch")
    check_method(model, "step", "ids", "state")
    if not is_whole(length, 0):
        raise DataError(f"generation of {length!r} symbols", hint="length is a whole number, 0 or more")


def step(model: StepModel, ids: Array, state: Any) -> tuple[Array, Any]:
    """The logits (batch, symbols) after ids (batch), as an array, and the state."""
    made = model.step(ids, state)
    if not isinstance(made, tuple) or len(made) != 2:
        raise GraphError(
            f"{type(model).__name__}.step returned a {type(made).__name__}"
            + (f" of {len(made)}" if isinstance(made, tuple) else ""),
            hint="return logits, state",
        )
    logits, state = made
    z = as_array(logits).astype(np.float64)
    if z.ndim != 2 or len(z) != len(ids) or not z.shape[1]:
        raise ShapeError(
            f"{type(model).__name__}.step returned logits of shape {z.shape} for {len(ids)} ids",
            hint="a row of one logit a symbol for every id: (batch, symbols)",
        )
    return z, state
