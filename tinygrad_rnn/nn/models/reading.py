"""What every model does first: ids become vectors, and a cell or layer is unrolled over them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from ...engine.scopes import here, place_of
from ...engine.tensor import Tensor, as_tensor
from ...errors import DataError, ShapeError
from ...shared.array_type import Array, array_given
from ..cells.cell import Cell
from ..packed import PackedSequence, mask, steps_in
from ..sequence.unrolling import SequenceLayer, unroll

__all__ = ["given", "read"]


def read(
    layer: Cell[Any] | SequenceLayer,
    embedding: Callable[..., Tensor] | None,
    ids: Any,
    lengths: npt.ArrayLike | None = None,
    state: Any = None,
) -> tuple[Any, Any]:
    """Embed ids (batch, time) and unroll a layer over them, packed if there are lengths: the outputs, and the last state.

    Without an embedding, `ids` are vectors (batch, time, features). Raises `ShapeError` and `DataError` where that does not fit.

    >>> from tinygrad_rnn.nn.models.reading import read
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
    ends = array_given("lengths", lengths, "one length for every sequence")
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
    return array_given("ids", ids, "pad them to one length, and give their lengths: model(ids, lengths)")
