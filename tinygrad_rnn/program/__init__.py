"""A recorded graph as a program: rolled back into the loop that it came from, differentiated, and printed.

Here: values over time, the passes from program to program, and their text. Not here: the recording (`engine`, `replay`) and anything
that runs a program.
"""

from .from_loss import program_of, source
from .values import Program

__all__ = ["Program", "program_of", "source"]


def __dir__() -> list[str]:
    return __all__
