"""Many to one: a model that names a sequence."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from ...engine.primitives import concat
from ...engine.tensor import Tensor, named
from ...errors import DataError
from ..cells.cell import Cell
from ..inputs import whole_of
from ..layers import Linear
from ..module import Module
from ..packed import PackedSequence, unpack
from ..pooling import AttentionPooling, pool_last, pool_max, pool_mean
from ..sequence.combined import Bidirectional, Stacked
from ..sequence.unrolling import SequenceLayer
from ..states import h_of
from .reading import read

__all__ = ["SequenceClassifier"]

POOLING: dict[str, Callable[..., Tensor]] = {"last": pool_last, "mean": pool_mean, "max": pool_max}


class SequenceClassifier(Module):
    """Many to one: ids (batch, time) are embedded, read by a cell or layer, pooled over time, and classified.

    `embedding` turns ids into vectors; None takes vectors (batch, time, features) as they are. `layer` is anything that `unroll`
    takes. `readout`, such as `Linear`, makes logits of the pooled vector. `pooling` is "last" (the last state: of both directions
    where there are two), "mean", "max", "attention" (its query is drawn from `rng`), or a function of
    (outputs, lengths): one tensor (batch, time, features), and the lengths or None.
    With `lengths` the layer reads packed sequences: what stands behind the end of one has no influence at all.

    >>> import numpy as np, tinygrad_rnn as tg
    >>> rng = np.random.default_rng(0)
    >>> layers = tg.nn.Embedding(50, 8, rng=rng), tg.nn.LSTMCell(8, 16, rng=rng), tg.nn.Linear(16, 4, rng=rng)
    >>> model = tg.nn.SequenceClassifier(*layers)
    >>> ids = np.array([[7, 3, 9], [8, 0, 0]])
    >>> model(ids, lengths=[3, 1]).shape
    (2, 4)
    """

    settings = ("pooling",)

    def __init__(
        self,
        embedding: Callable[..., Tensor] | None,
        layer: Cell[Any] | SequenceLayer,
        readout: Callable[..., Tensor],
        pooling: Literal["last", "mean", "max", "attention"] | Callable[..., Tensor] = "last",
        *,
        rng: np.random.Generator | None = None,
    ) -> None:
        self.embedding, self.layer, self.readout, self.pooling = embedding, layer, readout, pooling
        if isinstance(pooling, str) and pooling == "attention":
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
        known = isinstance(self.pooling, (str, AttentionPooling))  # these take a list of steps as it is
        return self.readout(pool(outputs if known else whole_of(outputs), None))


def _last_h(layer: Any, state: Any) -> Tensor | None:
    """The last h of a layer, of both directions joined; None where the state does not say."""
    if isinstance(layer, Bidirectional):
        ends = [_last_h(part, end) for part, end in zip((layer.forwards, layer.backwards), state, strict=True)]
        return named(concat([end for end in ends if end is not None], axis=1), "last") if None not in ends else None
    if isinstance(layer, Stacked):
        return _last_h(layer.layers[-1], state[-1])
    return None if isinstance(layer, SequenceLayer) else h_of(state)
