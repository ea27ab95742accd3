"""Tasks of memory: hold one fact, turn it round, give back a whole row. Reached through `grammars`."""

from __future__ import annotations

from math import log, sqrt
from numbers import Real
from string import ascii_letters, digits

import numpy as np

from ...errors import DataError
from ...shared.checks import check_rng, check_size, is_number
from .task import Known, RealBatch, StepBatch, SymbolBatch, WordBatch

__all__ = ["agreement", "copy", "known_copy", "known_latch", "known_reverse", "latch", "parity", "reverse"]

NAMES = ("Alice", "Tom", "Maria", "Ali", "Wei")
ADVERBS = ("often", "still", "now", "here", "loudly", "softly", "again", "today")
VERBS = ("sings", "sing")
PARITIES = ("even", "odd")
SIGNS = ("negative", "positive")


def agreement(rng: np.random.Generator, batch: int, fillers: int) -> WordBatch:
    """ "Alice and Tom often still ..." sing, "Alice often still ..." sings: which verb form follows? Asked at the last step.

    A sentence is a name, in half of them "and" with another name, and adverbs up to `fillers` + 3 words. Classes are 0 sings,
    1 sing. `batch` or `fillers` below 1 and other types raise `DataError`. Source: made for this course after Elman 1991.

    >>> import numpy as np, tinygrad_rnn as tg
    >>> data = tg.data.grammars.agreement(np.random.default_rng(0), batch=4, fillers=5)
    >>> words = [data.symbols[token] for token in data.x[0]]
    >>> data.x.shape, ("and" in words) == (data.classes[data.y[0]] == "sing")
    ((4, 8), True)
    """
    check_rng(rng)
    batch, fillers = check_size("batch", batch, 1), check_size("fillers", fillers, 1)
    symbols = ("and", *NAMES, *ADVERBS)
    tokens = rng.integers(1 + len(NAMES), len(symbols), size=(batch, fillers + 3), dtype=np.int64)
    first, other = rng.integers(0, len(NAMES), size=batch), rng.integers(1, len(NAMES), size=batch)
    plural = rng.integers(0, 2, size=batch, dtype=np.int64)
    tokens[:, 0] = 1 + first
    tokens[plural == 1, 1] = 0
    tokens[plural == 1, 2] = 1 + ((first + other) % len(NAMES))[plural == 1]
    return WordBatch(tokens, plural, tokens, symbols, VERBS)


def copy(rng: np.random.Generator, batch: int, length: int, *, symbols: int = 10, kinds: int = 8) -> StepBatch:
    """Symbols, a wait of `length` steps that ends with a sign, then the same symbols are asked, one a step.

    Time is `length` + 2 `symbols`. Ids: 0 to kinds - 1 the symbols, then a blank, then the sign (input only). Until the sign has
    come, the answer is blank. Sizes below 1 (`kinds` below 2) and other types raise `DataError`. Source: Hochreiter & Schmidhuber 1997;
    layout as in Arjovsky, Shah & Bengio 2016.

    >>> import numpy as np, tinygrad_rnn as tg
    >>> data = tg.data.grammars.copy(np.random.default_rng(0), batch=1, length=2, symbols=3)
    >>> "".join(data.symbols[token] for token in data.tokens[0]), "".join(data.classes[k] for k in data.y[0])
    ('gfe_>___', '_____gfe')
    """
    check_rng(rng)
    batch, length = check_size("batch", batch, 1), check_size("length", length, 1)
    symbols, kinds = check_size("symbols", symbols, 1), check_size("kinds", kinds, 2)
    row = rng.integers(0, kinds, size=(batch, symbols), dtype=np.int64)
    tokens = np.full((batch, length + 2 * symbols), kinds, np.int64)
    y = tokens.copy()
    tokens[:, :symbols], tokens[:, symbols + length - 1], y[:, symbols + length :] = row, kinds + 1, row
    return _steps(tokens, y, kinds, asked_from=symbols + length)


def known_copy(length: int, symbols: int = 10, kinds: int = 8) -> Known:
    """Sure of every blank, guessing every symbol: symbols ln(kinds) / (length + 2 symbols) nats a step."""
    length, symbols, kinds = check_size("length", length, 1), check_size("symbols", symbols, 1), check_size("kinds", kinds, 2)
    return Known("nats", symbols * log(kinds) / (length + 2 * symbols), 0.0, 1 / kinds)


def reverse(rng: np.random.Generator, batch: int, length: int, *, kinds: int = 8) -> StepBatch:
    """`length` symbols, then a sign, and from there on the symbols are asked from the last to the first.

    Time is 2 `length`. Ids as in `copy`. Sizes below 1 (`kinds` below 2) and other types raise `DataError`.

    >>> import numpy as np, tinygrad_rnn as tg
    >>> data = tg.data.grammars.reverse(np.random.default_rng(0), batch=1, length=3)
    >>> "".join(data.symbols[token] for token in data.tokens[0]), "".join(data.classes[k] for k in data.y[0])
    ('gfe>__', '___efg')
    """
    check_rng(rng)
    batch, length, kinds = check_size("batch", batch, 1), check_size("length", length, 1), check_size("kinds", kinds, 2)
    row = rng.integers(0, kinds, size=(batch, length), dtype=np.int64)
    tokens = np.full((batch, 2 * length), kinds, np.int64)
    y = tokens.copy()
    tokens[:, :length], tokens[:, length], y[:, length:] = row, kinds + 1, row[:, ::-1]
    return _steps(tokens, y, kinds, asked_from=length)


def known_reverse(kinds: int = 8) -> Known:
    """Guessing each asked symbol: ln(kinds) nats of each of them."""
    kinds = check_size("kinds", kinds, 2)
    return Known("nats", log(kinds), 0.0, 1 / kinds)


def _steps(tokens: np.ndarray, y: np.ndarray, kinds: int, asked_from: int) -> StepBatch:
    letters = ascii_letters + digits  # beyond them, signs of a script that has many: a symbol is one character
    names = tuple(letters[:kinds]) if kinds <= len(letters) else tuple(map(chr, range(ord("一"), ord("一") + kinds)))
    asked = np.arange(tokens.shape[1]) >= asked_from
    return StepBatch(np.eye(kinds + 2)[tokens], y, tokens, asked, (*names, "_", ">"), (*names, "_"))


def latch(rng: np.random.Generator, batch: int, length: int, *, informative: int = 3, variance: float = 0.2) -> RealBatch:
    """The first `informative` numbers are all -1 or all +1, the rest is noise around 0: which was it? Asked at the last step.

    Classes are 0 negative, 1 positive. `length` of at least `informative`; sizes below 1, a negative `variance` and other types raise
    `DataError`. Source: Bengio, Simard & Frasconi 1994, with the numbers of Hochreiter & Schmidhuber 1997 (experiment 3a).

    >>> import numpy as np, tinygrad_rnn as tg
    >>> data = tg.data.grammars.latch(np.random.default_rng(0), batch=2, length=30)
    >>> data.x.shape, data.x[0, :3, 0], data.classes[data.y[0]]
    ((2, 30, 1), array([1., 1., 1.]), 'positive')
    """
    check_rng(rng)
    informative = check_size("informative", informative, 1)
    batch, length = check_size("batch", batch, 1), check_size("length", length, informative)
    _check_variance(variance)
    y = rng.integers(0, 2, size=batch, dtype=np.int64)
    x = rng.normal(0.0, sqrt(variance), size=(batch, length))
    x[:, :informative] = 2.0 * y[:, None] - 1
    return RealBatch(x[:, :, None], y, SIGNS)


def known_latch(informative: int = 3, variance: float = 0.2) -> Known:
    """A cell that forgets sees noise alone: an even guess. (What `informative` and `variance` change is how hard it is.)"""
    check_size("informative", informative, 1)
    _check_variance(variance)
    return Known("nats", log(2), 0.0, 0.5)


def _check_variance(variance: float) -> None:
    if not is_number(variance, Real) or not 0 <= variance < np.inf:
        raise DataError(f"variance={variance!r}", hint="the variance of the noise: 0 or more")


def parity(rng: np.random.Generator, batch: int, length: int) -> SymbolBatch:
    """Bits: is the number of ones odd? Asked at the last step. Classes are 0 even, 1 odd.

    Every bit counts: who misses one knows nothing. `batch` or `length` below 1 and other types raise `DataError`. Source: Minsky &
    Papert 1969; as a task for recurrent networks Hochreiter & Schmidhuber 1997 (section 5).

    >>> import numpy as np, tinygrad_rnn as tg
    >>> data = tg.data.grammars.parity(np.random.default_rng(0), batch=2, length=6)
    >>> data.tokens[0], data.classes[data.y[0]]
    (array([1, 1, 1, 0, 0, 0]), 'odd')
    """
    check_rng(rng)
    batch, length = check_size("batch", batch, 1), check_size("length", length, 1)
    tokens = rng.integers(0, 2, size=(batch, length), dtype=np.int64)
    return SymbolBatch(np.eye(2)[tokens], tokens.sum(1) % 2, tokens, ("0", "1"), PARITIES)
