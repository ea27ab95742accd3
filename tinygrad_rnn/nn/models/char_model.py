"""Many to many in step: a model that writes the next symbol."""

from __future__ import annotations

from numbers import Integral
from typing import Any

import numpy as np

from ...engine.primitives import stack
from ...engine.tensor import Tensor, named
from ...errors import DataError
from ...shared.array_type import Dtype
from ...shared.checks import is_number, is_whole
from ..cells.cell import Cell
from ..inputs import each_step
from ..layers import Embedding, Linear
from ..module import Module
from ..sequence.combined import Stacked, looks_back
from ..sequence.unrolling import SequenceLayer, unroll
from .reading import read

__all__ = ["CharModel"]


class CharModel(Module):
    """Many to many: after every symbol of a text, logits of the next one (Graves 2013; Karpathy 2015).

        x_t = embedding(id_t)       h_t, state = layer(x_t, state)       logits_t = h_t W + b

    `vocabulary` is a `CharVocabulary` (`tg.generate` then takes and gives text), or the number of symbols. `layer` is a cell or a
    layer that reads forwards. `features` and `hidden_size`, what it takes and gives, are read off the layer if it tells
    (`input_size` and `hidden_size`, as all cells here do). Raises `DataError` for a layer that reads backwards, which would see the
    symbol that it is to foretell.

    >>> import numpy as np, tinygrad_rnn as tg
    >>> letters = tg.data.vocab.CharVocabulary.from_text("hello")
    >>> rng = np.random.default_rng(0)
    >>> model = tg.nn.CharModel(letters, tg.nn.GRUCell(8, 16, rng=rng), rng=rng)
    >>> ids = letters.encode("hello")[None]
    >>> logits, state = model(ids[:, :-1])
    >>> loss = tg.functional.cross_entropy(logits, ids[:, 1:])
    >>> logits.shape, round(loss.item(), 1)
    ((1, 4, 4), 1.3)
    """

    def __init__(
        self,
        vocabulary: Any,
        layer: Cell[Any] | SequenceLayer,
        *,
        rng: np.random.Generator,
        features: int | None = None,
        hidden_size: int | None = None,
        dtype: Dtype = None,
    ) -> None:
        number = is_number(vocabulary, Integral)
        if not number and not hasattr(vocabulary, "__len__"):
            raise DataError(f"CharModel of the vocabulary {vocabulary!r}", hint="a CharVocabulary, or the number of symbols")
        self.symbols: int = int(vocabulary) if number else len(vocabulary)
        self.vocabulary = None if number else vocabulary
        if looks_back(layer):
            raise DataError(
                "CharModel of a layer that reads backwards",
                hint="it would see the symbol that it is to foretell: use one direction",
            )
        for name, size in (("features", features), ("hidden_size", hidden_size)):
            if size is not None and not is_whole(size, 1):
                raise DataError(f"CharModel({name}={size!r})", hint="a whole number, at least 1; None reads it off the layer")
        features = _size_of(layer, "input_size") if features is None else features
        hidden_size = _size_of(layer, "hidden_size") if hidden_size is None else hidden_size
        if features is None or hidden_size is None:
            raise DataError(
                f"CharModel of a {type(layer).__name__} that does not tell its sizes",
                hint="CharModel(..., features=what it takes, hidden_size=what it gives)",
            )
        self.embedding = Embedding(self.symbols, features, rng=rng, dtype=dtype)
        self.layer = layer
        self.readout = Linear(hidden_size, self.symbols, rng=rng, dtype=dtype)

    def forward(self, ids: Any, state: Any = None) -> tuple[Tensor, Any]:
        """Ids (batch, time) to logits (batch, time, symbols), and the state to go on from."""
        hs, state = read(self.layer, self.embedding, ids, state=state)
        return stack(each_step(lambda h: named(self.readout(h), "logits"), hs), axis=1), state

    def start(self, batch: int) -> Any:
        """The state before the first symbol: None, which the layer takes for zeros."""
        return None

    def step(self, ids: Any, state: Any) -> tuple[Tensor, Any]:
        """The logits (batch, symbols) after one symbol of every sequence, ids (batch), and the state: what `tg.generate` calls."""
        hs, state = unroll(self.layer, [self.embedding(ids)], state)
        return self.readout(hs[0]), state


def _size_of(layer: Any, name: str) -> int | None:
    """A size that a layer tells, or the part of it that takes the input or gives the output."""
    if isinstance(layer, Stacked):
        return _size_of(layer.layers[0 if name == "input_size" else -1], name)
    return getattr(layer, name, None)
