"""Passes from program to program: what makes a program shorter or faster, and leaves its numbers.

Here: each pass a file. Not here: rolling and differentiation, which make the program.
"""

from .simplify import simplified
from .slices_beside import beside
from .slopes_first import slopes
from .sums_ahead import ahead

__all__ = ["ahead", "beside", "simplified", "slopes"]


def __dir__() -> list[str]:
    return __all__
