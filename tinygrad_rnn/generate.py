"""Generation: a model writes on, symbol by symbol. Its state is carried; what is written already is never read again.

A model is anything with two methods, as `nn.CharModel` has them:

    start(batch) -> state                        before the first symbol; None, tensors, or tuples and lists of them
    step(ids, state) -> (logits, state)          ids (batch), integers; logits (batch, symbols)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from .errors import DataError, DtypeError, ShapeError
from .kernels import Array
from .nn.module import Module
from .nn.states import mapped
from .sampling import check_shaping, checked_logits, draw_symbol, next_probabilities
from .scopes import no_grad
from .tensor import Tensor

__all__ = ["StepModel", "beam_search", "generate", "state_rows"]


class StepModel(Protocol):
    """What can write: `start` and `step`, in any class.

    >>> import tinygrad_rnn as tg
    >>> class Countdown:  # after id comes id - 1, whatever was before
    ...     def start(self, batch):
    ...         return None
    ...     def step(self, ids, state):
    ...         return tg.Tensor(10.0 * np.eye(4)[ids - 1]), state
    >>> tg.generate(Countdown(), [3], 5, method="greedy", stop=0)
    [2, 1]
    """

    def start(self, batch: int) -> Any:
        """The state before the first symbol, for that many sequences."""
        ...

    def step(self, ids: Any, state: Any) -> Any:
        """The logits (batch, symbols) of what follows ids (batch), and the state after them."""
        ...


def generate(
    model: StepModel,
    prompt: str | Sequence[int] | Array,
    length: int,
    *,
    rng: np.random.Generator | None = None,
    method: str = "sample",
    temperature: float = 1.0,
    top_k: int | None = None,
    nucleus: float | None = None,
    stop: str | int | None = None,
    vocabulary: Any = None,
) -> Any:
    """What the model writes after the prompt: at most `length` symbols, fewer if `stop` comes first (which is left out).

    A prompt of ids gives a list of ids. A text gives a text, through `vocabulary` (`model.vocabulary` if None: anything with
    `encode` and `decode`). `method` is "sample", which needs `rng`, or "greedy": always the most probable, the lowest id of equals.
    `temperature`, `top_k` and `nucleus` shape what is sampled from, see `sampling.next_probabilities`; temperature 0 is greedy.
    The same seed writes the same. Nothing is recorded, and dropout is off meanwhile.
    Raises `DataError` for an empty prompt, a character that the vocabulary does not know, and settings out of range.

    >>> import tinygrad_rnn as tg
    >>> letters = tg.data.vocab.CharVocabulary.from_text("hello world")
    >>> rng = np.random.default_rng(0)
    >>> model = tg.nn.CharModel(letters, tg.nn.LSTMCell(4, 8, rng=rng), rng=rng)
    >>> len(tg.generate(model, "he", 20, rng=np.random.default_rng(1), temperature=0.8))
    20
    """
    if method not in ("sample", "greedy"):
        raise DataError(f"generate(method={method!r})", hint="it is 'sample' or 'greedy'")
    check_shaping(temperature, top_k, nucleus)
    greedy = method == "greedy" or temperature == 0
    if not greedy and not isinstance(rng, np.random.Generator):
        raise DataError("generate() by sampling without a generator of random numbers", hint="rng=np.random.default_rng(seed)")
    words = _Words(model, prompt, length, stop, vocabulary)
    written: list[int] = []
    with _silent(model):
        logits, state = words.read(model)
        while len(written) < length:
            p = next_probabilities(logits[0], 0.0 if greedy else temperature, top_k, nucleus)
            id = int(p.argmax()) if greedy else draw_symbol(p, rng)
            if id == words.stop:
                break
            written.append(id)
            if len(written) < length:
                logits, state = _step(model, np.array([id]), state)
    return words.told(written)


def beam_search(
    model: StepModel,
    prompt: str | Sequence[int] | Array,
    length: int,
    beams: int,
    stop: str | int | None = None,
    length_penalty: float = 0.0,
    vocabulary: Any = None,
) -> list[tuple[Any, float]]:
    """The most probable continuations that a search finds which keeps the `beams` best beginnings: (continuation, score), best first.

        score = log p(continuation, stop included) / symbols ** length_penalty

    The penalty is 0 for the probability itself, which favours short ones, and 1 for the mean of a symbol. At most `beams` are
    returned, each with at most `length` symbols; `stop` ends one and is left out. Of equals the lower ids come first. With as many
    beams as there are continuations the search is complete. Prompt, vocabulary and errors are those of `generate`.

    >>> class Coin:  # heads twice as likely as tails
    ...     def start(self, batch):
    ...         return None
    ...     def step(self, ids, state):
    ...         return Tensor(np.log([[2 / 3, 1 / 3]] * len(ids))), state
    >>> [(ids, round(float(np.exp(score)), 3)) for ids, score in beam_search(Coin(), [0], 2, beams=2)]
    [([0, 0], 0.444), ([0, 1], 0.222)]
    """
    if not isinstance(beams, (int, np.integer)) or beams < 1:
        raise DataError(f"beam_search with {beams!r} beams", hint="a whole number, at least 1")
    if not isinstance(length_penalty, (int, float, np.number)) or not 0 <= length_penalty <= 10:
        raise DataError(f"beam_search(length_penalty={length_penalty!r})", hint="0 for none, 1 for the mean; at most 10")
    words = _Words(model, prompt, length, stop, vocabulary)
    live: list[tuple[list[int], float]] = [([], 0.0)]
    ended: list[tuple[float, list[int]]] = []  # (-score, continuation), best first
    with _silent(model):
        logits, state = words.read(model)
        for size in range(1, length + 1):
            totals = np.array([[total] for _, total in live]) + _log_softmax(checked_logits(logits))
            symbols = totals.shape[1]
            if words.stop is not None and words.stop < symbols:
                ended += [(float(-total / size**length_penalty), live[k][0]) for k, total in enumerate(totals[:, words.stop])]
                ended = sorted(pair for pair in ended if pair[0] < np.inf)[:beams]
                totals[:, words.stop] = -np.inf
            best = np.argsort(-totals, axis=None, kind="stable")[:beams]
            best = best[totals.flat[best] > -np.inf]
            rows, ids = np.divmod(best, symbols)
            live = [([*live[row][0], int(id)], float(totals[row, id])) for row, id in zip(rows, ids, strict=True)]
            # log p only falls; divided by the most symbols there may be, it bounds all that can still come
            if not live or (len(ended) == beams and -ended[-1][0] >= live[0][1] / length**length_penalty):
                live = []
                break
            if size < length:
                logits, state = _step(model, ids, state_rows(state, rows))
    ended += [(-total / max(length, 1) ** length_penalty, ids) for ids, total in live]
    return [(words.told(ids), -score) for score, ids in sorted(ended)[:beams]]


def _log_softmax(z: Array) -> Array:
    z = z - z.max(axis=1, keepdims=True)
    return z - np.log(np.exp(z).sum(axis=1, keepdims=True))


class _Words:
    """The prompt and the stop symbol as ids, and the way back."""

    def __init__(self, model: Any, prompt: Any, length: Any, stop: Any, vocabulary: Any) -> None:
        if not isinstance(length, (int, np.integer)) or length < 0:
            raise DataError(f"generation of {length!r} symbols", hint="length is a whole number, 0 or more")
        self.vocabulary = None
        if isinstance(prompt, str) or isinstance(stop, str):
            self.vocabulary = vocabulary if vocabulary is not None else getattr(model, "vocabulary", None)
            if self.vocabulary is None:
                raise DataError(
                    "generation from a text needs a vocabulary, and the model has none",
                    hint="vocabulary=..., or give the prompt (and stop) as ids",
                )
        self.text = isinstance(prompt, str)
        ids = np.asarray(self.vocabulary.encode(prompt) if self.text and self.vocabulary is not None else prompt)
        if not ids.size:
            raise DataError(
                "generation from an empty prompt", hint="give at least one symbol to start from, such as a line break"
            )
        if ids.ndim != 1 or ids.dtype.kind not in "iu":
            raise DtypeError(f"a prompt of shape {ids.shape} and dtype {ids.dtype}", hint="a text, or one row of whole numbers")
        self.prompt = ids
        if isinstance(stop, str) and self.vocabulary is not None:
            symbol = self.vocabulary.encode(stop)
            if len(symbol) != 1:
                raise DataError(f"stop={stop!r} is {len(symbol)} symbols", hint="it is one symbol of the vocabulary")
            stop = int(symbol[0])
        if stop is not None and (not isinstance(stop, (int, np.integer)) or stop < 0):
            raise DataError(f"stop={stop!r}", hint="it is the id of a symbol, or the symbol")
        self.stop: int | None = None if stop is None else int(stop)

    def read(self, model: StepModel) -> tuple[Array, Any]:
        """The logits after the prompt, and the state."""
        state, logits = model.start(1), np.zeros((1, 0))
        for id in self.prompt:
            logits, state = _step(model, np.array([id]), state)
        return logits, state

    def told(self, ids: list[int]) -> Any:
        """Ids as the caller gave the prompt: as text or as ids."""
        return self.vocabulary.decode(ids) if self.text and self.vocabulary is not None else ids


def _step(model: StepModel, ids: Array, state: Any) -> tuple[Array, Any]:
    logits, state = model.step(ids, state)
    z = np.asarray(logits.data if isinstance(logits, Tensor) else logits, np.float64)
    if z.ndim != 2 or len(z) != len(ids) or not z.shape[1]:
        raise ShapeError(
            f"{type(model).__name__}.step returned logits of shape {z.shape} for {len(ids)} ids",
            hint="a row of one logit a symbol for every id: (batch, symbols)",
        )
    return z, state


@contextmanager
def _silent(model: Any) -> Iterator[None]:
    """Record nothing, and drop nothing out: all that is in training mode is put back afterwards."""
    training = [m for m in model.modules() if m.training] if isinstance(model, Module) else []
    try:
        for module in training:
            module.training = False
        with no_grad():
            yield
    finally:
        for module in training:
            module.training = True


def state_rows(state: Any, rows: npt.ArrayLike) -> Any:
    """A state with its sequences (rows) chosen anew: those of the beams that live on. Tuples, lists, dicts and None are kept.

    >>> h, c = state_rows((Tensor([[1.0], [2.0]]), Tensor([[3.0], [4.0]])), [1, 1])
    >>> h.data.tolist(), c.data.tolist()
    ([[2.0], [2.0]], [[4.0], [4.0]])
    """
    if isinstance(state, Tensor):
        return Tensor(state.data[np.asarray(rows)], name=state.name)
    if isinstance(state, np.ndarray):
        return state[np.asarray(rows)]
    if isinstance(state, dict):
        return {key: state_rows(part, rows) for key, part in state.items()}
    if isinstance(state, (tuple, list)):
        return mapped(lambda part: state_rows(part, rows), state)
    return state
