"""What counting alone reaches, in bits per character: the baselines that a character model has to beat."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from math import fsum, isfinite, log2

from ..errors import DataError
from ..shared.checks import check_text

__all__ = ["bigram_bits", "uniform_bits", "unigram_bits"]


def __dir__() -> list[str]:
    return __all__


def uniform_bits(train: str, test: str) -> float:
    """Bits per character when every character is equally likely: log2 of the number of distinct characters.

    Counted in `train` and `test` together, here and below, as for a model whose vocabulary was made from the whole
    text. Empty texts raise `DataError`.

    >>> import tinygrad_rnn as tg
    >>> tg.data.baselines.uniform_bits("abcd", "ab")
    2.0
    """
    return log2(_alphabet(train, test))


def unigram_bits(train: str, test: str, *, alpha: float = 1.0) -> float:
    """Bits per character of `test` when each character is guessed from how often it occurs in `train`.

    p(c) = (n(c) + alpha) / (N + alpha V) with V distinct characters (Laplace, add alpha > 0). Empty texts, or another
    alpha, raise `DataError`.

    >>> import tinygrad_rnn as tg
    >>> round(tg.data.baselines.unigram_bits("aaab", "aaab"), 3)  # p(a) = 4/6, p(b) = 2/6
    0.835
    """
    size, counts = _alphabet(train, test), Counter(train)
    _check_positive("alpha", alpha)
    return -fsum(log2((counts[c] + alpha) / (len(train) + alpha * size)) for c in test) / len(test)


def bigram_bits(train: str, test: str, *, prior: float = 10.0) -> float:
    """Bits per character of `test` when each character is guessed from the one before it, as counted in `train`.

    p(c | b) = (n(b c) + prior p(c)) / (n(b) + prior): pair counts that lean on the add-one unigram p(c), the more the
    rarer b is (MacKay & Peto 1995). The first character of `test` has nothing before it and takes p(c). Empty texts, or
    a prior that is not above 0, raise `DataError`.

    >>> import tinygrad_rnn as tg
    >>> tg.data.baselines.bigram_bits("ab" * 500, "ab" * 50) < 0.05 < tg.data.baselines.unigram_bits("ab" * 500, "ab" * 50)
    True
    """
    size, counts = _alphabet(train, test), Counter(train)
    _check_positive("prior", prior)
    single = {c: (counts[c] + 1) / (len(train) + size) for c in set(test)}
    pairs, before = Counter(pairwise(train)), Counter(train[:-1])
    followed = (log2((pairs[b, c] + prior * single[c]) / (before[b] + prior)) for b, c in pairwise(test))
    return -fsum((log2(single[test[0]]), *followed)) / len(test)


def _alphabet(train: str, test: str) -> int:
    check_text("train", train)
    check_text("test", test)
    return len(set(train) | set(test))


def _check_positive(name: str, value: float) -> None:
    if not isfinite(value) or value <= 0:
        raise DataError(f"{name}={value}, expected a number above 0", hint="0 gives unseen characters no probability")
