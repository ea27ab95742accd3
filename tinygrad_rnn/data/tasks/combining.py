"""Tasks of combining: two things that stand far apart make the answer together. Reached through `grammars`."""

from __future__ import annotations

from typing import Literal

import numpy as np

from ...shared.checks import check_choice, check_rng, check_size
from .task import AddingBatch, SymbolBatch, WordBatch

__all__ = ["adding", "negation", "temporal_order"]

SYMBOLS = ("X", "Y", "a", "b", "c", "d")
ORDERS = ("XX", "XY", "YX", "YY")
WORDS = ("not", "bad", "good", "this", "song", "is", "a", "long", "old", "one", "really", "so")
NOT, BAD, FIRST_FILLER = 0, 1, 3
OPINIONS = ("bad", "good")


def temporal_order(rng: np.random.Generator, batch: int, length: int) -> SymbolBatch:
    """X or Y at two places among the distractors a to d: which pair was it? The class is asked at the last step.

    The first place is in [T/10, 2T/10), the second in [5T/10, 6T/10), both uniform, bounds rounded down, with T =
    `length` >= 10. Classes are 0 XX, 1 XY, 2 YX, 3 YY, equally likely. `batch` below 1, a shorter `length` and other
    types raise `DataError`. Source: Hochreiter & Schmidhuber 1997, experiment 6a; without begin and end symbols, as in
    Pascanu, Mikolov & Bengio 2013.

    >>> import numpy as np, tinygrad_rnn as tg
    >>> data = tg.data.grammars.temporal_order(np.random.default_rng(0), batch=2, length=30)
    >>> data.x.shape, data.y.shape, data.tokens.shape
    ((2, 30, 6), (2,), (2, 30))
    >>> words = [data.symbols[token] for token in data.tokens[0]]
    >>> "".join(word for word in words if word in "XY") == data.classes[data.y[0]]
    True
    """
    check_rng(rng)
    batch, length = check_size("batch", batch, 1), check_size("length", length, 10)
    tokens = rng.integers(2, len(SYMBOLS), size=(batch, length), dtype=np.int64)
    first, second = rng.integers(0, 2, size=(2, batch), dtype=np.int64)
    rows = np.arange(batch)
    tokens[rows, rng.integers(length // 10, 2 * length // 10, size=batch)] = first
    tokens[rows, rng.integers(5 * length // 10, 6 * length // 10, size=batch)] = second
    return SymbolBatch(np.eye(len(SYMBOLS))[tokens], 2 * first + second, tokens, SYMBOLS, ORDERS)


def adding(rng: np.random.Generator, batch: int, length: int, marks: Literal["early", "halves"] = "early") -> AddingBatch:
    """Numbers from U(0, 1), two of them marked: what is the sum of the two? Asked at the last step.

    With T = `length` >= 10 and `marks` "early" the first mark is in [0, T/10) and the second in [T/10, T/2), so that both
    have to be kept over half of the steps at least (Hochreiter & Schmidhuber 1997, experiment 4, with the places of
    Pascanu, Mikolov & Bengio 2013, who ask for the mean). With "halves" there is one in each half (Arjovsky, Shah & Bengio
    2016): the second may stand near the end, which is much easier to learn. Places are uniform, bounds rounded down.
    Always answering 1 gives a mean squared error of 1/6 (each number has variance 1/12). `batch` below 1, a shorter
    `length`, other `marks` and other types raise `DataError`.

    >>> import numpy as np, tinygrad_rnn as tg
    >>> data = tg.data.grammars.adding(np.random.default_rng(0), batch=3, length=50)
    >>> data.x.shape, data.y.shape
    ((3, 50, 2), (3, 1))
    >>> number, mark = data.x[0].T
    >>> bool(np.isclose(number[mark == 1].sum(), data.y[0, 0]))
    True
    """
    check_rng(rng)
    batch, length = check_size("batch", batch, 1), check_size("length", length, 10)
    check_choice("adding", "marks", marks, ("early", "halves"))
    border, end = (length // 10, length // 2) if marks == "early" else (length // 2, length)
    numbers = rng.random((batch, length))
    marked = np.zeros((batch, length))
    rows = np.arange(batch)
    first = rng.integers(0, border, size=batch)
    second = rng.integers(border, end, size=batch)
    marked[rows, first] = marked[rows, second] = 1.0
    total = numbers[rows, first] + numbers[rows, second]
    return AddingBatch(np.stack([numbers, marked], axis=-1), total[:, np.newaxis])


def negation(rng: np.random.Generator, batch: int, fillers: int) -> WordBatch:
    """Is the verdict good or bad? It is the last word, turned round if there was a 'not' anywhere before it.

    A sentence is `fillers` filler words, the opposite verdict somewhere among them and the verdict at the end: time is
    `fillers` + 2. In half of the sentences one filler gives its place, any place, to 'not'. Classes are 0 bad, 1 good.

    No bag of words can solve it, whatever is computed from the counts: every sentence holds 'good' once and 'bad' once,
    and exchanging the two leaves the bag as it was and turns the answer round, so each bag is good and bad equally
    often. (Without the opposite verdict only a linear bag would fail: "good and not" is in the bag.) Neither is the
    last word enough, nor the presence of 'not'. `batch` or `fillers` below 1 and other types raise `DataError`. Source:
    made for this course.

    >>> import numpy as np, tinygrad_rnn as tg
    >>> data = tg.data.grammars.negation(np.random.default_rng(0), batch=4, fillers=12)
    >>> data.x.shape, data.classes
    ((4, 14), ('bad', 'good'))
    >>> words = [data.symbols[token] for token in data.x[0]]
    >>> (words[-1] == data.classes[data.y[0]]) == ("not" not in words)
    True
    """
    check_rng(rng)
    batch, fillers = check_size("batch", batch, 1), check_size("fillers", fillers, 1)
    places = fillers + 1  # all but the last
    tokens = rng.integers(FIRST_FILLER, len(WORDS), size=(batch, places + 1), dtype=np.int64)
    negated, verdict = rng.integers(0, 2, size=(2, batch), dtype=np.int64)
    rows = np.arange(batch)
    opposite = rng.integers(0, places, size=batch)
    other = (opposite + rng.integers(1, places, size=batch)) % places
    tokens[rows, opposite] = BAD + 1 - verdict
    tokens[rows, other] = np.where(negated, NOT, tokens[rows, other])
    tokens[:, -1] = BAD + verdict
    return WordBatch(tokens, verdict ^ negated, tokens, WORDS, OPINIONS)
