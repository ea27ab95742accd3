"""What `generate` and `beam_search` share: a model that writes, its prompt as ids, and a step of it."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from ...engine.dtypes import as_array
from ...engine.tensor import Tensor
from ...errors import DataError, DtypeError, GraphError, ShapeError
from ...shared.array_type import Array, array_given
from ...shared.checks import is_whole, short
from ...shared.nested import mapped
from ..states import check_method

__all__ = ["Prompt", "StepModel", "check_writer", "state_rows", "step"]


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
        """The state before the first symbol, for that many sequences: None, or tensors and arrays with a row for each of them,
        (batch, ...), in tuples, lists and dicts, nested as you like.

        A row belongs to one sequence: `beam_search` puts rows in another order, drops some and writes on from some twice. Nothing
        else can be told apart by sequence, so it refuses other kinds: a count of steps is `np.full(batch, count)`, a set of symbols
        is a mask (batch, symbols). What is the same for all sequences is kept by the model, not by the state.
        """
        ...

    def step(self, ids: Any, state: Any) -> Any:
        """The pair of the logits (batch, symbols) of what follows ids (batch), integers, and the state after them."""
        ...


class Prompt:
    """The prompt and the stop symbol as ids, and the way back. `many` says that there is a row for each of several sequences."""

    def __init__(self, model: StepModel, prompt: Any, stop: Any, vocabulary: Any) -> None:
        self.is_text = isinstance(prompt, str)
        self.vocabulary: Any = getattr(model, "vocabulary", None) if vocabulary is None else vocabulary
        rows = self._rows_of(prompt)
        self.many = rows.ndim == 2
        self.ids = rows if self.many else rows[None]  # (batch, time)
        self.stop = None if stop is None else self.symbol("stop", stop)

    def _rows_of(self, prompt: Any) -> Array:
        hint = "a text, one row of whole numbers, or rows of one length, (batch, time); generate writes on from each alone too"
        ids = self._encoded(prompt) if self.is_text else array_given("a prompt", prompt, hint)
        if not ids.size:
            raise DataError(
                "generation from an empty prompt", hint="give at least one symbol to start from, such as a line break"
            )
        if ids.ndim not in (1, 2) or ids.dtype.kind not in "iu":
            raise DtypeError(
                f"a prompt of shape {ids.shape} and dtype {ids.dtype}",
                hint="a text, or whole numbers: one row, or a row for each of several sequences, (batch, time)",
            )
        return ids

    def _encoded(self, text: str) -> Array:
        if not hasattr(self.vocabulary, "encode"):
            raise DataError(
                "generation from a text needs a vocabulary, and the model has none"
                if self.vocabulary is None
                else f"generation with a vocabulary that is a {type(self.vocabulary).__name__}",
                hint="vocabulary=tg.data.vocab.CharVocabulary.from_text(...), or give the prompt, stop and allowed as ids",
            )
        return np.asarray(self.vocabulary.encode(text))

    def symbols(self, name: str, text: str) -> Array:
        """The ids of the symbols of a text, for a setting: all of them known, or the id of the unknown would be meant in silence."""
        ids = self._encoded(text)
        unknown = getattr(self.vocabulary, "unknown_id", None)
        if unknown is not None and (ids == unknown).any():
            raise DataError(f"{name}={short(text)} holds a symbol that the vocabulary does not know", hint="give symbols of it")
        return ids

    def symbol(self, name: str, given: Any) -> int:
        """The id of one symbol, given as itself or as its id."""
        if isinstance(given, str):
            ids = self.symbols(name, given)
            if len(ids) != 1:
                raise DataError(f"{name}={given!r} is {len(ids)} symbols", hint="it is one symbol of the vocabulary")
            return int(ids[0])
        if not is_whole(given, 0):
            raise DataError(f"{name}={short(given)}", hint="it is the id of a symbol, or the symbol")
        return int(given)

    def read(self, model: StepModel) -> tuple[Array, Any]:
        """The logits after the prompt, (batch, symbols), and the state."""
        batch = len(self.ids)
        state, logits = model.start(batch), np.zeros((batch, 0))
        for ids in self.ids.T:
            logits, state = step(model, ids, state)
        if self.stop is not None and self.stop >= logits.shape[1]:
            raise DataError(f"stop={self.stop} of {logits.shape[1]} symbols", hint="it would never come; ids start at 0")
        return logits, state

    def told(self, ids: list[int]) -> Any:
        """Ids as the caller gave the prompt: as text or as ids."""
        return self.vocabulary.decode(ids) if self.is_text else list(ids)


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


def state_rows(state: Any, rows: npt.ArrayLike, batch: int) -> Any:
    """A state of so many sequences with its rows chosen anew: those of the sequences that go on, of some more than once.

    Raises `DataError` for a state that cannot be told apart by sequence, since it would be shared, and `ShapeError` for an array
    without a row for each of them.

    >>> import tinygrad_rnn as tg
    >>> from tinygrad_rnn.nn.decode.step_model import state_rows
    >>> h, c = state_rows((tg.Tensor([[1.0], [2.0]]), tg.Tensor([[3.0], [4.0]])), [1, 1], 2)
    >>> h.data.tolist(), c.data.tolist()
    ([[2.0], [2.0]], [[4.0], [4.0]])
    """
    chosen = np.asarray(rows)

    def of_part(part: Any) -> Any:
        if part is None:
            return None
        values = part.data if isinstance(part, Tensor) else part
        if not isinstance(values, np.ndarray) or values.dtype.kind == "O":
            kind = "an array of objects" if isinstance(values, np.ndarray) else f"{short(part)}, of type {type(part).__name__}"
            raise DataError(
                f"a state that holds {kind}, which all sequences would share",
                hint="carry arrays or tensors with a row for each sequence, (batch, ...): np.full(batch, 0) for a number, "
                "a mask (batch, symbols) for a set; help(tg.StepModel.start)",
            )
        if values.shape[:1] != (batch,):
            raise ShapeError(
                f"a state with a part of shape {values.shape} for {batch} sequences",
                hint="each part has a row for each sequence, (batch, ...); what all share is kept by the model",
            )
        return Tensor(values[chosen], name=part.name) if isinstance(part, Tensor) else values[chosen]

    return mapped(of_part, state)
