"""What the value of a setting must be: a number, a whole number of at least some size, a truth value."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import DataError

__all__ = ["check_flags", "is_number", "is_whole"]


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
            raise DataError(f"{owner}({name}={value!r})", hint="it is True or False")
