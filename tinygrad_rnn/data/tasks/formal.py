"""Strings of formal languages: Reber's automaton, the same inside a frame, and brackets. Reached through `grammars`."""

from __future__ import annotations

from math import log

import numpy as np
from numpy.typing import NDArray

from ...errors import DataError
from ...shared.checks import check_kind, check_rng, check_size
from .task import IGNORED, Known, StringBatch, SymbolBatch

__all__ = [
    "dyck", "embedded_reber", "is_embedded_reber", "is_reber", "known_dyck", "known_embedded_reber", "known_reber", "reber",
]  # fmt: skip

SYMBOLS = ("B", "T", "S", "X", "P", "V", "E")
B, T, P, E = 0, 1, 4, 6
# Reber 1967, in the form of Cleeremans, Servan-Schreiber and McClelland 1989: state -> (symbol, next state), equally likely
ARROWS: tuple[tuple[tuple[str, int], ...], ...] = (
    (("B", 1),),
    (("T", 2), ("P", 3)),
    (("S", 2), ("X", 4)),
    (("T", 3), ("V", 5)),
    (("X", 3), ("S", 6)),
    (("P", 4), ("V", 6)),
    (("E", 7),),
)
BRACKETS = ("()", "[]", "{}", "<>")
VERDICTS = ("broken", "balanced")


def reber(rng: np.random.Generator, batch: int) -> StringBatch:
    """Strings of Reber's grammar, B to E: which symbol follows? Asked at every step; `legal` holds the one or two that may.

    `batch` below 1 and other types raise `DataError`. Source: Reber 1967.

    >>> import numpy as np, tinygrad_rnn as tg
    >>> rng = np.random.default_rng(0)
    >>> data = tg.data.grammars.reber(rng, batch=2)
    >>> data.vocabulary.decode(data.tokens[0, : data.lengths[0]])
    'BPVV'
    >>> model = tg.nn.CharModel(data.vocabulary, tg.nn.GRUCell(8, 16, rng=rng), rng=rng)  # it writes in the same symbols
    >>> tg.data.grammars.is_reber("B" + tg.generate(model, "B", 20, rng=rng, stop="E") + "E")  # nothing is learned yet
    False
    """
    check_rng(rng)
    return _strings([_walk(rng) for _ in range(check_size("batch", batch, 1))])


def is_reber(text: str) -> bool:
    """Whether a string, B to E, is one of Reber's grammar.

    >>> import tinygrad_rnn as tg
    >>> [tg.data.grammars.is_reber(text) for text in ("BPVVE", "BPVV", "BTVVE")]
    [True, False, False]
    """
    check_kind("a string of symbols:", text, str, "give a text such as BPVVE")
    state = 0
    for symbol in text:
        state = dict(ARROWS[state]).get(symbol, -1) if 0 <= state < len(ARROWS) else -1
    return state == len(ARROWS)


def embedded_reber(rng: np.random.Generator, batch: int) -> StringBatch:
    """B, T or P, a whole Reber string, the same T or P again, E: which symbol follows? Asked at every step.

    The last but one is the one that counts: the Reber string says nothing about it. `batch` below 1 and other types raise `DataError`.
    Source: Hochreiter & Schmidhuber 1997, experiment 1.

    >>> import numpy as np, tinygrad_rnn as tg
    >>> data = tg.data.grammars.embedded_reber(np.random.default_rng(0), batch=2)
    >>> "".join(data.symbols[token] for token in (*data.tokens[0], data.y[0, -1]))
    'BPBPVPXTTTTVVEPE'
    """
    check_rng(rng)
    strings = []
    for _ in range(check_size("batch", batch, 1)):
        frame = (T, P)[rng.integers(0, 2)]
        inner, legal = _walk(rng)
        one = [frozenset({k}) for k in (frame, E)]
        strings.append(([B, frame, *inner, frame, E], [frozenset({T, P}), frozenset({B}), *legal, *one]))
    return _strings(strings)


def is_embedded_reber(text: str) -> bool:
    """Whether a string is one that `embedded_reber` makes: the last symbol but one as the second, a Reber string between.

    >>> import tinygrad_rnn as tg
    >>> [tg.data.grammars.is_embedded_reber(text) for text in ("BTBPVVETE", "BTBPVVEPE")]
    [True, False]
    """
    check_kind("a string of symbols:", text, str, "give a text such as BPVVE")
    frame = text[:2], text[-2:]
    return frame in (("BT", "TE"), ("BP", "PE")) and len(text) > 4 and is_reber(text[2:-2])


def _walk(rng: np.random.Generator) -> tuple[list[int], list[frozenset[int]]]:
    """One way through the automaton: its symbols, and the legal ones after each but the last."""
    state, row, legal = 0, [], []
    while state < len(ARROWS):
        arrows = ARROWS[state]
        symbol, state = arrows[rng.integers(0, len(arrows))]
        row.append(SYMBOLS.index(symbol))
        if state < len(ARROWS):
            legal.append(frozenset(SYMBOLS.index(s) for s, _ in ARROWS[state]))
    return row, legal


def _strings(strings: list[tuple[list[int], list[frozenset[int]]]]) -> StringBatch:
    lengths = np.array([len(row) - 1 for row, _ in strings], np.int64)
    shape = len(strings), int(lengths.max())
    tokens, y = np.zeros(shape, np.int64), np.full(shape, IGNORED, np.int64)
    x, legal = np.zeros((*shape, len(SYMBOLS))), np.zeros((*shape, len(SYMBOLS)), np.bool_)
    for k, (row, follows) in enumerate(strings):
        n = len(row) - 1
        tokens[k, :n], y[k, :n] = row[:-1], row[1:]
        x[k, np.arange(n), row[:-1]] = 1.0
        for t, allowed in enumerate(follows[:n]):
            legal[k, t, list(allowed)] = True
    return StringBatch(x, y, legal, tokens, lengths, SYMBOLS)


def known_reber() -> Known:
    """Exact, from the expected number of visits of each state, which a linear system gives.

    Optimum: ln 2 at each state with two arrows, per symbol asked. Guess: from the frequencies of the symbols alone.
    """
    visits = _visits()
    asked = visits[1:].sum()  # every symbol but the first, B
    optimum = sum(v * log(len(arrows)) for v, arrows in zip(visits, ARROWS, strict=True)) / asked
    share = np.zeros(len(SYMBOLS))
    for v, arrows in zip(visits[1:], ARROWS[1:], strict=True):
        for symbol, _ in arrows:
            share[SYMBOLS.index(symbol)] += v / len(arrows) / asked
    share = share[share > 0]
    return Known("nats", float(-(share * np.log(share)).sum()), float(optimum), float(share.max()))


def _visits() -> NDArray[np.float64]:
    """How often a string is expected to pass each state: v = start + v P."""
    moves = np.zeros((len(ARROWS), len(ARROWS)))
    for state, arrows in enumerate(ARROWS):
        for _, end in arrows:
            if end < len(ARROWS):
                moves[state, end] += 1 / len(arrows)
    return np.linalg.solve(np.eye(len(ARROWS)) - moves.T, np.eye(len(ARROWS))[0])


def known_embedded_reber() -> Known:
    """Of the last symbol but one: T or P, equally likely for who forgot the second."""
    return Known("nats", log(2), 0.0, 0.5)


def dyck(rng: np.random.Generator, batch: int, pairs: int, *, kinds: int = 2) -> SymbolBatch:
    """`pairs` pairs of brackets of some kinds: is each closed by its own kind? Asked at the last step.

    The order of opening and closing is uniform among all that balance (cycle lemma: Dvoretzky and Motzkin 1947), and at least two
    kinds occur. In half of the strings two closing brackets of different kinds change places, which breaks any string and leaves
    its bag of symbols as it was. Time is 2 `pairs`. Classes are 0 broken, 1 balanced. `pairs` below 2, `kinds` outside 2 to 4, `batch`
    below 1 and other types raise `DataError`. Source: Chomsky and Schützenberger 1963.

    >>> import numpy as np, tinygrad_rnn as tg
    >>> data = tg.data.grammars.dyck(np.random.default_rng(0), batch=3, pairs=4)
    >>> [("".join(data.symbols[k] for k in row), data.classes[y]) for row, y in zip(data.tokens, data.y)]
    [('[][]([])', 'balanced'), ('[([][])]', 'balanced'), ('[()()()]', 'balanced')]
    """
    check_rng(rng)
    batch, pairs, kinds = check_size("batch", batch, 1), check_size("pairs", pairs, 2), check_size("kinds", kinds, 2)
    if kinds > len(BRACKETS):
        raise DataError(f"kinds={kinds}, expected {len(BRACKETS)} or fewer", hint="kinds=2")
    balanced = rng.integers(0, 2, size=batch, dtype=np.int64)
    tokens = np.array([_brackets(rng, pairs, kinds, bool(good)) for good in balanced], np.int64)
    symbols = tuple("".join(BRACKETS[:kinds]))
    return SymbolBatch(np.eye(len(symbols))[tokens], balanced, tokens, symbols, VERDICTS)


def _brackets(rng: np.random.Generator, pairs: int, kinds: int, balanced: bool) -> list[int]:
    """Ids: 2 kind for an opening bracket, 2 kind + 1 for a closing one."""
    moves = rng.permutation(np.repeat([1, -1], [pairs, pairs + 1]))
    lowest = int(np.cumsum(moves).argmin())  # where it first is lowest: from there on, all but the last step balance
    moves = np.roll(moves, -lowest - 1)[:-1]
    kind = rng.integers(0, kinds, size=pairs)
    if (kind == kind[0]).all():
        kind[rng.integers(0, pairs)] += rng.integers(1, kinds)
        kind %= kinds
    row: list[int] = []
    open_kinds: list[int] = []
    opened = 0
    for move in moves:
        if move > 0:
            open_kinds.append(int(kind[opened]))
            opened += 1
        row.append(2 * open_kinds[-1] if move > 0 else 2 * open_kinds.pop() + 1)
    if not balanced:
        closing = [place for place, token in enumerate(row) if token % 2]
        one = closing[rng.integers(0, pairs)]
        others = [place for place in closing if row[place] != row[one]]
        other = others[rng.integers(0, len(others))]
        row[one], row[other] = row[other], row[one]
    return row


def known_dyck() -> Known:
    """An even guess, which is also the best that can be said of a bag of the symbols."""
    return Known("nats", log(2), 0.0, 0.5)
