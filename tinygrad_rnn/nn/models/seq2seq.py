"""Sequence to sequence: an encoder reads, a decoder writes, and may look back at every step (many to many, out of step)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy.typing as npt

from ...engine.primitives import concat, stack
from ...engine.scopes import scope, steps_after, time_step
from ...engine.tensor import Tensor, named
from ...errors import DataError, ShapeError
from ...shared.array_type import Array
from ...shared.checks import check_kind, is_whole, short
from ..cells.cell import Cell
from ..module import Module
from ..packed import PackedSequence, mask, unpack
from ..sequence.combined import looks_back
from ..sequence.unrolling import SequenceLayer, unroll
from .reading import given, read

__all__ = ["Decoding", "Seq2Seq"]

Embed = Callable[..., Tensor]


class Seq2Seq(Module):
    """An encoder and a decoder (Sutskever, Vinyals and Le 2014), with attention if there is one (Bahdanau et al. 2015).

        _, state     = encoder over source(x_1 .. x_S)
        s_t, state   = decoder(target(y_t), state)
        c_t, α_t     = attention(s_t, encoder outputs)
        logits_t     = readout([s_t, c_t])                without attention: readout(s_t)

    The context joins the output of the decoder, as in Luong et al. (2015), so any cell or layer can decode. `source` and `target`
    are embeddings of ids; None takes vectors. Steps of the decoder count on after those of the encoder, in numbers and in pictures.

    `bridge(state)` makes the decoder's first state of the encoder's last; None hands it on as it is. An encoder that reads in both
    directions ends in two states and needs one. Raises `DataError` without it, and for a decoder that reads backwards, `ShapeError`
    for a state that the decoder cannot start from.

    >>> import numpy as np, tinygrad_rnn as tg
    >>> rng = np.random.default_rng(0)
    >>> table = tg.nn.Embedding(10, 4, rng=rng)
    >>> model = tg.nn.Seq2Seq(
    ...     tg.nn.GRUCell(4, 8, rng=rng), tg.nn.GRUCell(4, 8, rng=rng), tg.nn.Linear(16, 10, rng=rng),
    ...     source=table, target=table, attention=tg.nn.DotAttention())

    Teacher forcing, in training: the decoder reads the true symbols, behind a start symbol (0), and is to give the next ones.
    Sources of different lengths are padded, and have `lengths`; targets are padded with -100 where the loss is to leave them out.

    >>> sources, lengths, start, end = [[1, 2, 3], [4, 5, 0]], [3, 2], 0, 9
    >>> true = np.array([[3, 2, 1, end], [5, 4, end, -100]])
    >>> read = np.array([[start, 3, 2, 1], [start, 5, 4, end]])
    >>> logits, weights = model(sources, read, lengths)
    >>> logits.shape, weights.shape, round(tg.functional.cross_entropy(logits, true).item(), 2)
    ((2, 4, 10), (2, 4, 3), 2.31)

    Free running: the decoder reads what it has written itself. Each sequence ends at its own end symbol.

    >>> tg.generate(model.decoding(sources, lengths), [[start]] * 2, 4, method="greedy", stop=end)
    [[6, 6, 6, 6], [6, 6, 6, 6]]
    >>> tg.generate(model.decoding([[1, 2, 3]]), [start], 4, method="greedy", stop=end)  # one source, one prompt
    [6, 6, 6, 6]

    A bridge from both directions to one, as in Bahdanau et al. (2015). It has weights, so it is a module, and they are trained too:

    >>> class Bridge(tg.nn.Module):
    ...     def __init__(self):
    ...         self.join = tg.nn.Linear(16, 8, rng=rng)
    ...     def forward(self, state):
    ...         (ahead,), (back,) = state  # the last h of either direction, (batch, 8)
    ...         return (tg.tanh(self.join(tg.concat([ahead, back], axis=1))),)
    >>> both = tg.nn.Bidirectional(tg.nn.GRUCell(4, 8, rng=rng), tg.nn.GRUCell(4, 8, rng=rng))
    >>> model = tg.nn.Seq2Seq(
    ...     both, tg.nn.GRUCell(4, 8, rng=rng), tg.nn.Linear(8, 10, rng=rng), source=table, target=table, bridge=Bridge())
    >>> logits, _ = model([[1, 2, 3]], [[0, 3, 2, 1]])
    >>> logits.shape
    (1, 4, 10)
    """

    def __init__(
        self,
        encoder: Cell[Any] | SequenceLayer,
        decoder: Cell[Any] | SequenceLayer,
        readout: Embed,
        *,
        source: Embed | None = None,
        target: Embed | None = None,
        attention: Callable[..., tuple[Tensor, Tensor]] | None = None,
        bridge: Callable[[Any], Any] | None = None,
    ) -> None:
        if looks_back(decoder):
            raise DataError(
                "Seq2Seq with a decoder that reads backwards", hint="it would see what it is to write: use one direction"
            )
        if bridge is None and looks_back(encoder):
            raise DataError(
                "Seq2Seq of an encoder that reads in both directions, without a bridge",
                hint="its state is a pair (forwards, backwards); bridge=function of it that returns the decoder's first state, "
                "such as bridge=lambda state: state[0]; help(tg.nn.Seq2Seq) shows one that joins both",
            )
        if bridge is not None and not callable(bridge):
            raise DataError(f"Seq2Seq(bridge={bridge!r})", hint="a function of the encoder's last state, or a module")
        self.encoder, self.decoder, self.readout = encoder, decoder, readout
        self.source, self.target, self.attention, self.bridge = source, target, attention, bridge

    def forward(self, source: Any, target: Any, lengths: npt.ArrayLike | None = None) -> tuple[Tensor, Tensor | None]:
        """Logits (batch, target time, symbols), and the weights of the attention (batch, target time, source time) or None.

        `target` is what the decoder reads: the true symbols, a start symbol first (teacher forcing, Williams and Zipser 1989).
        `lengths` are those of the source; the weight of its padding is 0.
        """
        memory, state, valid = self.encode(source, lengths)
        batch = memory.shape[0]
        wanted = given(target).shape
        if wanted[:1] != (batch,):
            raise ShapeError(
                f"Seq2Seq of {batch} sources and targets of shape {wanted}", hint="every source has one target: (batch, time)"
            )
        rows: list[Tensor] = []
        weights: list[Tensor] = []
        with steps_after(memory.shape[1]):
            with scope("decoder"):
                outputs, _ = read(self.decoder, self.target, target, state=state)
            for t, s in enumerate(outputs, start=1):
                with time_step(t):
                    logits, α = self.answer(s, memory, valid)
                rows.append(logits)
                weights += [] if α is None else [α]
        return stack(rows, axis=1), stack(weights, axis=1) if weights else None

    def encode(self, source: Any, lengths: npt.ArrayLike | None = None) -> tuple[Tensor, Any, Array | None]:
        """The encoder's outputs (batch, time, features), the state to decode from, and which steps are no padding (None: all)."""
        with scope("encoder"):
            outputs, state = read(self.encoder, self.source, source, lengths)
        with time_step(len(outputs)):
            packed = isinstance(outputs, PackedSequence)
            memory = named(unpack(outputs)[0] if packed else stack(outputs, axis=1), "memory")
        state = state if self.bridge is None else self.bridge(state)
        self._check_start(state, memory.shape[0])
        return memory, state, mask(outputs.lengths, len(outputs)) if packed else None

    def _check_start(self, state: Any, batch: int) -> None:
        """Raise `ShapeError` if a decoder that is a cell cannot start from that state; layers look for themselves."""
        if isinstance(self.decoder, SequenceLayer):
            return
        wanted, found = _shapes(self.decoder.initial_state(batch)), _shapes(state)
        if found != wanted:
            raise ShapeError(
                f"{type(self.decoder).__name__} starts from a state of shapes {wanted}, and was given {found}",
                hint=f"bridge=function of the encoder's last state that returns {wanted}"
                if self.bridge is None
                else "the bridge returns the first state of the decoder",
            )

    def answer(self, s: Tensor, memory: Tensor, valid: Array | None) -> tuple[Tensor, Tensor | None]:
        """The logits (batch, symbols) for an output s of the decoder, and the weights of the attention."""
        if self.attention is None:
            return named(self.readout(s), "logits"), None
        context, α = self.attention(s, memory, memory, mask=valid)
        return named(self.readout(concat([s, context], axis=1)), "logits"), α

    def decoding(self, source: Any, lengths: npt.ArrayLike | None = None) -> Decoding:
        """The answers to sources (batch, time), to be written by `tg.generate`, or of one source (1, time) by `tg.beam_search`.

        `lengths` are those of the sources; their padding has no influence.
        """
        return Decoding(self, source, lengths)


def _shapes(state: Any) -> str:
    """The shapes of a state, in the brackets that it has; lists count as tuples."""
    if isinstance(state, Tensor):
        return str(state.shape)
    if isinstance(state, (tuple, list)):
        return f"({', '.join(map(_shapes, state))}{',' * (len(state) == 1)})"
    return type(state).__name__


class Decoding(Module):
    """A `Seq2Seq` that has sources before it: `start` and `step`, as `tg.generate` and `tg.beam_search` call them."""

    def __init__(self, model: Seq2Seq, source: Any, lengths: npt.ArrayLike | None = None) -> None:
        shape = given(source).shape
        if not shape:
            raise ShapeError(f"decoding a source of shape {shape}", hint="sources are (batch, time); one is a batch of 1")
        self.model, self.source, self.lengths, self.sources = model, source, lengths, shape[0]
        self.vocabulary = getattr(model, "vocabulary", None)

    def start(self, batch: int) -> Any:
        """The state before the first symbol: what the encoder read is part of it, so that every sequence carries its own.

        Raises `DataError` unless `batch` is the number of sources.
        """
        if not is_whole(batch, 1) or batch != self.sources:
            raise DataError(
                f"decoding {self.sources} sources starts with {self.sources} sequences, not {short(batch)}",
                hint="one prompt for each source: tg.generate(model.decoding(sources), [[start]] * len(sources), ...)",
            )
        memory, state, valid = self.model.encode(self.source, self.lengths)
        return state, memory, valid

    def step(self, ids: Any, state: Any) -> tuple[Tensor, Any]:
        """The logits (batch, symbols) after ids (batch), and the state."""
        check_kind("a state of decoding:", state, tuple, "the one that start() or the last step() gave")
        if len(state) != 3:
            raise ShapeError(f"a state of decoding with {len(state)} parts", hint="the one that start() or the last step() gave")
        inner, memory, valid = state
        if self.model.target is None:
            raise DataError("decoding with a Seq2Seq that reads vectors", hint="Seq2Seq(..., target=nn.Embedding(...)) reads ids")
        outputs, inner = unroll(self.model.decoder, [self.model.target(ids)], inner)
        logits, _ = self.model.answer(outputs[0], memory, valid)
        return logits, (inner, memory, valid)
