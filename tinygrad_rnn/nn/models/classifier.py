"""Whole models on any cell or layer: one that names a sequence, one that writes the next symbol.

Two of the four shapes of a recurrent network: many to one, and many to many in step; `seq2seq.py` has the third.
"""

from __future__ import annotations

from collections.abc import Callable
from numbers import Integral
from typing import Any

import numpy as np
import numpy.typing as npt

from ...engine.primitives import concat, stack
from ...engine.scopes import here, place_of, time_step
from ...engine.tensor import Tensor, as_tensor, named
from ...errors import DataError, DtypeError, ShapeError
from ...shared.array_type import Array
from ...shared.checks import is_number, is_whole
from ..cells.cell import Cell
from ..layers import Embedding, Linear
from ..module import Module
from ..packed import PackedSequence, mask, steps_in, unpack
from ..pooling import AttentionPooling, pool_last, pool_max, pool_mean
from ..sequence.unrolling import Bidirectional, SequenceLayer, Stacked, unroll

__all__ = ["CharModel", "SequenceClassifier", "given", "looks_back", "read"]

POOLING: dict[str, Callable[..., Tensor]] = {"last": pool_last, "mean": pool_mean, "max": pool_max}


class SequenceClassifier(Module):
    """Many to one: ids (batch, time) are embedded, read by a cell or layer, pooled over time, and classified.

    `embedding` turns ids into vectors; None takes vectors (batch, time, features) as they are. `layer` is anything that `unroll`
    takes. `readout`, such as `Linear`, makes logits of the pooled vector. `pooling` is "last" (the last state: of both directions
    where there are two), "mean", "max", "attention" (its query is drawn from `rng`), or a function of (outputs, lengths).
    With `lengths` the layer reads packed sequences: what stands behind the end of one has no influence at all.

    >>> import numpy as np, tinygrad_rnn as tg
    >>> rng = np.random.default_rng(0)
    >>> layers = tg.nn.Embedding(50, 8, rng=rng), tg.nn.LSTMCell(8, 16, rng=rng), tg.nn.Linear(16, 4, rng=rng)
    >>> model = tg.nn.SequenceClassifier(*layers)
    >>> ids = np.array([[7, 3, 9], [8, 0, 0]])
    >>> model(ids, lengths=[3, 1]).shape
    (2, 4)
    """

    def __init__(
        self,
        embedding: Callable[..., Tensor] | None,
        layer: Cell[Any] | SequenceLayer,
        readout: Callable[..., Tensor],
        pooling: str | Callable[..., Tensor] = "last",
        *,
        rng: np.random.Generator | None = None,
    ) -> None:
        self.embedding, self.layer, self.readout, self.pooling = embedding, layer, readout, pooling
        if pooling == "attention":
            if rng is None or not isinstance(readout, Linear):
                raise DataError(
                    "SequenceClassifier(pooling='attention') without rng, or with a readout that is no Linear",
                    hint="rng=np.random.default_rng(seed), or pooling=nn.AttentionPooling(features, rng=rng)",
                )
            self.pooling = AttentionPooling(readout.W.shape[0], rng=rng, dtype=readout.W.dtype)
        elif not callable(pooling) and not (isinstance(pooling, str) and pooling in POOLING):
            raise DataError(
                f"SequenceClassifier(pooling={pooling!r})",
                hint="it is 'last', 'mean', 'max', 'attention' or a function of (outputs, lengths)",
            )

    def forward(self, ids: Any, lengths: npt.ArrayLike | None = None) -> Tensor:
        """Ids (batch, time), and the length of every sequence if they differ, to logits (batch, classes)."""
        outputs, state = read(self.layer, self.embedding, ids, lengths)
        if self.pooling == "last" and (last := _last_h(self.layer, state)) is not None:
            return self.readout(last)
        pool = POOLING[self.pooling] if isinstance(self.pooling, str) else self.pooling
        if isinstance(outputs, PackedSequence):
            return self.readout(pool(unpack(outputs)[0], outputs.lengths))
        return self.readout(pool(outputs, None))


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
        dtype: npt.DTypeLike | None = None,
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
        rows = []
        for t, h in enumerate(hs, start=1):
            with time_step(t):
                rows.append(named(self.readout(h), "logits"))
        return stack(rows, axis=1), state

    def start(self, batch: int) -> Any:
        """The state before the first symbol: None, which the layer takes for zeros."""
        return None

    def step(self, ids: Any, state: Any) -> tuple[Tensor, Any]:
        """The logits (batch, symbols) after one symbol of every sequence, ids (batch), and the state: what `tg.generate` calls."""
        hs, state = unroll(self.layer, [self.embedding(ids)], state)
        return self.readout(hs[0]), state


def read(
    layer: Cell[Any] | SequenceLayer,
    embedding: Callable[..., Tensor] | None,
    ids: Any,
    lengths: npt.ArrayLike | None = None,
    state: Any = None,
) -> tuple[Any, Any]:
    """Embed ids (batch, time) and unroll a layer over them, packed if there are lengths: the outputs, and the last state.

    Without an embedding, `ids` are vectors (batch, time, features). Raises `ShapeError` and `DataError` where that does not fit.

    >>> from tinygrad_rnn.nn.models.classifier import read
    >>> import numpy as np, tinygrad_rnn as tg
    >>> rng = np.random.default_rng(0)
    >>> hs, (h,) = read(tg.nn.GRUCell(3, 4, rng=rng), tg.nn.Embedding(9, 3, rng=rng), [[1, 2, 3], [4, 0, 0]], lengths=[3, 1])
    >>> hs
    PackedSequence(lengths (3, 1), features 4, 4 of 6 padded steps)
    """
    data = given(ids)
    wanted = 3 if embedding is None else 2
    if data.ndim != wanted:
        what = "vectors (batch, time, features)" if embedding is None else "ids (batch, time)"
        raise ShapeError(
            f"a model was given an array of shape {data.shape}", where=place_of(here.mode.frames), hint=f"it reads {what}"
        )
    if not data.shape[0] or not data.shape[1]:
        raise DataError(
            f"a model was given {'sequences of no steps' if data.shape[0] else 'no sequences'}: shape {data.shape}",
            where=place_of(here.mode.frames),
            hint="leave empty sequences out before you make a batch",
        )
    if lengths is None:
        return unroll(layer, as_tensor(data) if embedding is None else embedding(data), state)
    ends = np.asarray(lengths)
    if ends.shape != data.shape[:1]:
        raise ShapeError(
            f"lengths of shape {ends.shape} for a batch of {data.shape[0]}",
            where=place_of(here.mode.frames),
            hint="one length for every sequence",
        )
    valid = mask(ends, data.shape[1])
    order = np.argsort(-ends, kind="stable")
    steps, rows = np.nonzero(valid[order].T)  # one step after the other, in each the sequences that still run
    flat = data[order[rows], steps]
    flat = as_tensor(flat) if embedding is None else embedding(flat)
    inputs = steps_in(flat, np.bincount(steps).tolist(), "x")
    return unroll(layer, PackedSequence(tuple(inputs), tuple(ends.tolist()), tuple(order.tolist())), state)


def given(ids: Any) -> Tensor | Array:
    """What a model was called with: a tensor as it is, anything else as an array."""
    if isinstance(ids, Tensor):
        return ids
    try:
        return np.asarray(ids)
    except ValueError:
        raise DtypeError(
            "ids of rows of different length", hint="pad them to one length, and give their lengths: model(ids, lengths)"
        ) from None


def _last_h(layer: Any, state: Any) -> Tensor | None:
    """The last h of a layer, of both directions joined; None where the state does not say."""
    if isinstance(layer, Bidirectional):
        ends = [_last_h(part, end) for part, end in zip((layer.forwards, layer.backwards), state, strict=True)]
        return named(concat([end for end in ends if end is not None], axis=1), "last") if None not in ends else None
    if isinstance(layer, Stacked):
        return _last_h(layer.layers[-1], state[-1])
    return None if isinstance(layer, SequenceLayer) else state[0]


def looks_back(layer: Any) -> bool:
    """Whether a part of a layer reads backwards, so that it cannot write symbol by symbol."""
    return isinstance(layer, Module) and any(isinstance(part, Bidirectional) for part in layer.modules())


def _size_of(layer: Any, name: str) -> int | None:
    """A size that a layer tells, or the part of it that takes the input or gives the output."""
    if isinstance(layer, Stacked):
        return _size_of(layer.layers[0 if name == "input_size" else -1], name)
    return getattr(layer, name, None)
