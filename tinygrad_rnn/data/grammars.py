"""Generated tasks with a known chance level and optimum, so that learning can be told from guessing.

Every task takes a `numpy.random.Generator` first and nothing else is random: the same seed gives the same bytes.
`describe()` says in a line each what a task tests, what guessing and perfect play reach, and where it comes from; `known()`
computes the same numbers for any sizes.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..errors import DataError
from .tasks.combining import adding, negation, temporal_order
from .tasks.formal import (
    dyck,
    embedded_reber,
    is_embedded_reber,
    is_reber,
    known_dyck,
    known_embedded_reber,
    known_reber,
    reber,
)
from .tasks.recall import agreement, copy, known_copy, known_latch, known_reverse, latch, parity, reverse
from .tasks.task import AddingBatch, Known, RealBatch, StepBatch, StringBatch, SymbolBatch, WordBatch

__all__ = [
    "AddingBatch", "Known", "RealBatch", "StepBatch", "StringBatch", "SymbolBatch", "WordBatch", "adding", "agreement", "copy",
    "describe", "dyck", "embedded_reber", "is_embedded_reber", "is_reber", "known", "latch", "negation", "parity", "reber",
    "reverse", "temporal_order",
]  # fmt: skip


def __dir__() -> list[str]:
    return __all__


DESCRIPTIONS = {
    "adding": (
        "the sum of the two marked numbers; guessing the mean 1 gives MSE 1/6 = 0.1667, ignoring one of the two "
        "1/12 = 0.0833, optimum 0; tests keeping a real number over many steps; Hochreiter & Schmidhuber 1997 "
        "(experiment 4), marks as in Pascanu, Mikolov & Bengio 2013, target as in Le, Jaitly & Hinton 2015"
    ),
    "negation": (
        "the last word, good or bad, turned round by a 'not' anywhere before it; chance 50 % (ln 2 = 0.693 nats), also "
        "the best that any bag of words can do, optimum 100 % (0 nats); tests combining two words at a distance; "
        "made for this course"
    ),
    "temporal_order": (
        "which of X and Y came first and which second, among distractors; chance 25 % (ln 4 = 1.386 nats), remembering "
        "one of the two 50 % (ln 2 = 0.693 nats), optimum 100 % (0 nats); tests remembering and ordering two events; "
        "Hochreiter & Schmidhuber 1997 (experiment 6a), simplified as in Pascanu, Mikolov & Bengio 2013"
    ),
    "agreement": (
        "sing or sings, by one subject or two, many words earlier; chance 50 % (ln 2 = 0.693 nats), optimum 100 % (0 nats), also for "
        "a bag of words; tests holding one fact (latching); made for this course after Elman 1991"
    ),
    "copy": (
        "ten symbols of eight, given back after a wait of T steps; without memory 10 ln 8 / (T + 20) nats a step and 12.5 % of the "
        "ten right, optimum 0 nats and 100 %; tests storing much; Hochreiter & Schmidhuber 1997, as in Arjovsky, Shah & Bengio 2016"
    ),
    "reverse": (
        "a row of symbols, given back from its end; without memory ln 8 = 2.079 nats for each asked symbol and 12.5 % right, optimum "
        "0 nats and 100 %; tests looking up by place, which attention makes easy; as in Sutskever, Vinyals & Le 2014"
    ),
    "latch": (
        "the sign of the first three numbers, at the end of T noisy ones; without them 50 % (ln 2 = 0.693 nats), optimum 100 % (0 "
        "nats); tests a state that noise does not move; Bengio, Simard & Frasconi 1994"
    ),
    "parity": (
        "whether the number of ones is odd; chance 50 % (ln 2 = 0.693 nats) however many bits are seen but one, optimum 100 % (0 "
        "nats); tests a state that every step may turn round; Minsky & Papert 1969"
    ),
    "reber": (
        "the next symbol of a string that a small automaton walks; guessing from frequencies 1.772 nats a symbol, optimum 0.594, as "
        "two symbols are equally likely at most places; tests finding the states of a grammar; Reber 1967"
    ),
    "embedded_reber": (
        "the last symbol but one of a string, T or P as the second was, with a Reber string between; guessing 50 % (ln 2 = 0.693 "
        "nats), optimum 100 % (0 nats); tests a fact that the grammar between says nothing about; Hochreiter & Schmidhuber 1997 "
        "(experiment 1)"
    ),
    "dyck": (
        "whether every bracket is closed by its own kind; chance 50 % (ln 2 = 0.693 nats), also the best that any bag of symbols "
        "can do, optimum 100 % (0 nats); tests a stack; Chomsky & Schuetzenberger 1963"
    ),
}
KNOWN: dict[str, Callable[..., Known]] = {
    "adding": lambda: Known("mse", 2 / 12, 0.0),  # two numbers of variance 1/12
    "negation": lambda: _classes(2),
    "temporal_order": lambda: _classes(4),
    "agreement": lambda: _classes(2),
    "copy": known_copy,
    "reverse": known_reverse,
    "latch": known_latch,
    "parity": lambda: _classes(2),
    "reber": known_reber,
    "embedded_reber": known_embedded_reber,
    "dyck": known_dyck,
}


def describe(task: str | None = None) -> str:
    """One line about a task, or about each: what is asked, chance level, optimum, what it tests, where it comes from.

    A name that is no task raises `DataError`.

    >>> import tinygrad_rnn as tg
    >>> tg.data.grammars.describe("adding")[:60]
    'adding: the sum of the two marked numbers; guessing the mean'
    >>> len(tg.data.grammars.describe().splitlines())
    11
    """
    if task is not None:
        _check_task(task)
    return "\n".join(f"{name}: {line}" for name, line in DESCRIPTIONS.items() if task in (None, name))


def known(task: str, **sizes: int) -> Known:
    """What guessing and perfect play reach in a task of these sizes (those of the task's own function), computed.

    A name that is no task, or sizes that the task does not have, raise `DataError`.

    >>> import tinygrad_rnn as tg
    >>> round(tg.data.grammars.known("temporal_order").guess, 3), round(tg.data.grammars.known("copy", length=10).guess, 3)
    (1.386, 0.693)
    >>> tg.data.grammars.known("adding")
    Known(measure='mse', guess=0.16666666666666666, optimum=0.0, right=None)
    """
    _check_task(task)
    try:
        return KNOWN[task](**sizes)
    except TypeError:
        raise DataError(
            f"known({task!r}) with {', '.join(sizes)}", hint="give the sizes that change its answer: help(tg.data.grammars)"
        ) from None


def _classes(count: int) -> Known:
    """Guessing among so many equally likely classes."""
    return Known("nats", float(np.log(count)), 0.0, 1 / count)


def _check_task(task: str) -> None:
    if not isinstance(task, str) or task not in list(DESCRIPTIONS):
        raise DataError(f"no task is called {task!r}", hint=f"one of: {', '.join(DESCRIPTIONS)}")
