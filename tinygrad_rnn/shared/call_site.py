"""Which line of a program called this package: for messages and warnings that shall point at it."""

from __future__ import annotations

import os
import sys
import warnings
from typing import NamedTuple

__all__ = ["CallSite", "call_site", "deprecated"]

PACKAGE = os.path.dirname(os.path.dirname(__file__)) + os.sep


class CallSite(NamedTuple):
    """A line of a program, and how many calls up it is, as `warnings.warn(stacklevel=)` counts."""

    file: str
    line: int
    level: int


def call_site() -> CallSite:
    """The nearest call from outside of the package."""
    level, frame = 1, sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(PACKAGE):
        level, frame = level + 1, frame.f_back
    return CallSite(frame.f_code.co_filename, frame.f_lineno, level)


def deprecated(old: str, instead: str) -> None:
    """Warn, at the line that called this package, that a name or an argument will go, and say what takes its place.

    >>> import warnings
    >>> from tinygrad_rnn.shared.call_site import deprecated
    >>> with warnings.catch_warnings(record=True) as said:
    ...     warnings.simplefilter("always")
    ...     deprecated("tg.split(parts=)", "tg.split(sections=)")
    >>> print(said[0].message)
    tg.split(parts=) is deprecated, and the next minor version will not have it: use tg.split(sections=)
    """
    text = f"{old} is deprecated, and the next minor version will not have it: use {instead}"
    warnings.warn(text, DeprecationWarning, stacklevel=call_site().level)
