"""What a batch of a generated task looks like, and what is known about its answers."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..vocab import CharVocabulary

__all__ = [
    "IGNORED", "AddingBatch", "Known", "RealBatch", "StepBatch", "StringBatch", "SymbolBatch", "WordBatch",
]  # fmt: skip

IGNORED = -100  # a target that is no class: `functional.cross_entropy` leaves it out


class Known(NamedTuple):
    """What a task allows: `measure` is what `guess` (the best answer of who remembers nothing) and `optimum` are counted in.

    "nats" is the mean cross-entropy of an answer, "mse" the mean squared error. `right` is the share of right answers when
    guessing, None where answers are not right or wrong. All are computed from the sizes, not measured.

    >>> import tinygrad_rnn as tg
    >>> coin = tg.data.grammars.Known("nats", 0.6931471805599453, 0.0, 0.5)
    >>> round(2.718281828**-coin.guess, 3) == coin.right
    True
    """

    measure: str
    guess: float
    optimum: float
    right: float | None = None


class SymbolBatch(NamedTuple):
    """One-hot sequences and a class each.

    `x` `(batch, time, symbols)` of 0.0 and 1.0; `y` `(batch,)` class ids; `tokens` `(batch, time)` symbol ids;
    `symbols` and `classes` are the names of the ids.
    """

    x: NDArray[np.float64]
    y: NDArray[np.int64]
    tokens: NDArray[np.int64]
    symbols: tuple[str, ...]
    classes: tuple[str, ...]

    @property
    def vocabulary(self) -> CharVocabulary:
        """The ids as they are numbered here, for `nn.CharModel` and `generate`: a vocabulary of another text numbers otherwise."""
        return CharVocabulary(self.symbols)


class WordBatch(NamedTuple):
    """Sentences as word ids and a class each.

    `x` `(batch, time)` word ids, for an embedding; `y` `(batch,)` class ids; `tokens` is `x`; `symbols` and `classes`
    are the names of the ids.
    """

    x: NDArray[np.int64]
    y: NDArray[np.int64]
    tokens: NDArray[np.int64]
    symbols: tuple[str, ...]
    classes: tuple[str, ...]


class AddingBatch(NamedTuple):
    """Sequences of pairs and a number each.

    `x` `(batch, time, 2)`: a number in [0, 1) and its mark, 1.0 or 0.0; `y` `(batch, 1)`: the sum of the two marked
    numbers, in [0, 2). A column, like a linear layer's output: `(batch, 1) - (batch,)` would broadcast to a square
    without a word.
    """

    x: NDArray[np.float64]
    y: NDArray[np.float64]


class RealBatch(NamedTuple):
    """Sequences of real numbers and a class each: `x` `(batch, time, 1)`; `y` `(batch,)` class ids; `classes` their names."""

    x: NDArray[np.float64]
    y: NDArray[np.int64]
    classes: tuple[str, ...]


class StepBatch(NamedTuple):
    """Sequences with an answer at every step.

    `x` `(batch, time, symbols)` of 0.0 and 1.0; `y` `(batch, time)` class ids; `tokens` `(batch, time)` symbol ids; `asked` `(time,)`
    is True at the steps whose answer is worth counting; `symbols` and `classes` are the names of the ids. For a loss of those steps
    alone the others can be left out: `np.where(batch.asked, batch.y, -100)`.
    """

    x: NDArray[np.float64]
    y: NDArray[np.int64]
    tokens: NDArray[np.int64]
    asked: NDArray[np.bool_]
    symbols: tuple[str, ...]
    classes: tuple[str, ...]

    @property
    def vocabulary(self) -> CharVocabulary:
        """The ids as they are numbered here, for `nn.CharModel` and `generate`: a vocabulary of another text numbers otherwise."""
        return CharVocabulary(self.symbols)


class StringBatch(NamedTuple):
    """Strings of different lengths, whose next symbol is asked at every step.

    `x` `(batch, time, symbols)` one-hot, all zero after the end; `y` `(batch, time)` the symbol that follows; `legal`
    `(batch, time, symbols)` which symbols may follow; `tokens` `(batch, time)` symbol ids; `lengths` `(batch,)` steps with an answer
    (one less than the string); `symbols` are the names of the ids. After the end tokens are 0, legal is False, and y is -100, which
    `functional.cross_entropy` leaves out.
    """

    x: NDArray[np.float64]
    y: NDArray[np.int64]
    legal: NDArray[np.bool_]
    tokens: NDArray[np.int64]
    lengths: NDArray[np.int64]
    symbols: tuple[str, ...]

    @property
    def vocabulary(self) -> CharVocabulary:
        """The ids as they are numbered here, for `nn.CharModel` and `generate`: a vocabulary of another text numbers otherwise."""
        return CharVocabulary(self.symbols)
