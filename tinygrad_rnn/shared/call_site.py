"""Which line of a program called this package: for messages and warnings that shall point at it."""

from __future__ import annotations

import os
import sys
from typing import NamedTuple

__all__ = ["CallSite", "call_site"]

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
