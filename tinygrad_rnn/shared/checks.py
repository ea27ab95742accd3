"""What the value of a setting must be: a number, a size, a share, a truth value, a text, a generator."""

from __future__ import annotations

from collections.abc import Iterable
from math import isfinite
from numbers import Integral, Real
from typing import Any

import numpy as np

from ..errors import DataError, ShapeError

__all__ = [
    "check_choice", "check_dropout", "check_flags", "check_kind", "check_number", "check_rng", "check_size", "check_sizes",
    "check_text", "is_number", "is_whole", "short",
]  # fmt: skip


def is_number(value: Any, kind: type) -> bool:
    """Whether a value is a number of a kind, `numbers.Real` or `numbers.Integral`; True and False are none.

    >>> from numbers import Real
    >>> from tinygrad_rnn.shared.checks import is_number
    >>> is_number(2.5, Real), is_number(True, Real), is_number("2.5", Real)
    (True, False, False)
    """
    return isinstance(value, kind) and not isinstance(value, bool)


def is_whole(value: Any, least: int) -> bool:
    """Whether a value is a whole number, Python's or NumPy's, of at least `least`; True and False are none.

    >>> from tinygrad_rnn.shared.checks import is_whole
    >>> is_whole(1, 1), is_whole(0, 1), is_whole(1.0, 1), is_whole(True, 1)
    (True, False, False, False)
    """
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool) and bool(value >= least)


def check_flags(owner: str, **flags: Any) -> None:
    """Raise a `DataError` for a setting that is neither True nor False: the text "no" would count as true.

    >>> from tinygrad_rnn.shared.checks import check_flags
    >>> check_flags("LSTM", bidirectional=True)
    >>> check_flags("LSTM", bidirectional="no")
    Traceback (most recent call last):
    tinygrad_rnn.errors.DataError: LSTM(bidirectional='no')
    <BLANKLINE>
    hint: it is True or False
    """
    for name, value in flags.items():
        if not isinstance(value, (bool, np.bool_)):
            raise DataError(f"{owner}({name}={short(value)})", hint="it is True or False")


def check_choice(owner: str, name: str, value: Any, choices: Iterable[str | None], hint: str = "") -> None:
    """Raise a `DataError` unless a setting is one of some words, or None where that is a choice; nothing else is compared with them.

    >>> from tinygrad_rnn.shared.checks import check_choice
    >>> check_choice("generate", "method", "greedy", ("sample", "greedy"))
    >>> check_choice("generate", "method", [1.0, 2.0], ("sample", "greedy"))
    Traceback (most recent call last):
    tinygrad_rnn.errors.DataError: generate(method=[1.0, 2.0])
    <BLANKLINE>
    hint: it is 'sample' or 'greedy'
    """
    known = tuple(choices)
    if not (isinstance(value, str) or value is None) or value not in known:
        words = f"{', '.join(map(repr, known[:-1]))} or {known[-1]!r}"
        raise DataError(f"{owner}({name}={short(value)})" if owner else f"{name}={short(value)}", hint=hint or f"it is {words}")


def check_kind(what: str, value: Any, kind: type | tuple[type, ...], hint: str) -> None:
    """Raise a `DataError` unless a value is of a kind, or of one of several.

    >>> from tinygrad_rnn.shared.checks import check_kind
    >>> check_kind("clip_grad_norm_ of", [], (list, tuple), "give model.parameters()")
    >>> check_kind("clip_grad_norm_ of", 3, (list, tuple), "give model.parameters()")
    Traceback (most recent call last):
    tinygrad_rnn.errors.DataError: clip_grad_norm_ of 3, which is of type int
    <BLANKLINE>
    hint: give model.parameters()
    """
    if not isinstance(value, kind):
        raise DataError(f"{what} {short(value)}, which is of type {type(value).__name__}", hint=hint)


def check_number(
    name: str, value: Any, least: float = float("-inf"), most: float = float("inf"), above: bool = False, hint: str = ""
) -> float:
    """The value as a float. Raise a `DataError` unless it is a finite number of at least `least` (with `above`, more) and at most `most`.

    >>> from tinygrad_rnn.shared.checks import check_number
    >>> check_number("lr", 0.5, least=0)
    0.5
    >>> check_number("lr", float("nan"), least=0)
    Traceback (most recent call last):
    tinygrad_rnn.errors.DataError: lr=nan
    <BLANKLINE>
    hint: lr is a finite number of at least 0
    """
    try:
        number = float(value) if is_number(value, Real) else float("nan")
    except OverflowError:
        number = float("inf")
    if not isfinite(number) or not least <= number <= most or (above and number == least):
        low = f"{'above' if above else 'of at least'} {least:g}" if isfinite(least) else ""
        high = f"of at most {most:g}" if isfinite(most) else ""
        range = f"{name} is a finite number {' and '.join(filter(None, (low, high)))}".rstrip()
        raise DataError(f"{name}={short(value)}", hint=hint or range)
    return number


def short(value: object) -> str:
    """A value as text that fits a message."""
    try:
        text = repr(value)
    except Exception:  # of a foreign object, or an integer of more digits than Python prints
        text = f"a {type(value).__name__}"
    return text if len(text) <= 60 else text[:57] + "..."


def check_dropout(p: Any, name: str = "p") -> None:
    """Raise a `DataError` unless p is a share that can be dropped, 0 <= p < 1."""
    if not is_number(p, Real) or not 0 <= p < 1:
        raise DataError(f"dropout with {name}={p}", hint=f"{name} is the share that is dropped: 0 <= {name} < 1")


def check_size(name: str, value: Any, least: int) -> int:
    """The value as an int. Raise a `DataError` unless it is a whole number of at least `least`."""
    if not is_number(value, Integral):
        raise DataError(f"{name}={short(value)}, expected an integer", hint=f"{name}={max(least, 32)}")
    if value < least:
        raise DataError(f"{name}={value}, expected {least} or more", hint=f"{name}={max(least, 32)}")
    return int(value)


def check_sizes(owner: str, **sizes: Any) -> None:
    """Raise a `ShapeError` unless all sizes of a layer are whole numbers of at least 1.

    >>> from tinygrad_rnn.shared.checks import check_sizes
    >>> check_sizes("Linear", input_size=3, output_size=0)
    Traceback (most recent call last):
    tinygrad_rnn.errors.ShapeError: Linear with input_size=3, output_size=0
    <BLANKLINE>
    hint: sizes are whole numbers, at least 1
    """
    if not all(is_whole(size, 1) for size in sizes.values()):
        given = ", ".join(f"{name}={short(size)}" for name, size in sizes.items())
        raise ShapeError(f"{owner} with {given}", hint="sizes are whole numbers, at least 1")


def check_text(name: str, text: Any) -> None:
    """Raise a `DataError` unless it is a str of at least one character."""
    if not isinstance(text, str):
        raise DataError(f"{name} is {type(text).__name__}, expected str", hint="Text objects: pass their .text")
    if not text:
        raise DataError(f"{name} is empty", hint="at least one character is needed")


def check_rng(rng: Any) -> None:
    """Raise a `DataError` unless it is a `numpy.random.Generator`."""
    if not isinstance(rng, np.random.Generator):
        raise DataError(
            f"rng is {type(rng).__name__}, expected numpy.random.Generator",
            hint="rng is numpy.random.default_rng(seed), with a seed of your own",
        )
