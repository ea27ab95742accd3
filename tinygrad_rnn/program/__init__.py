"""A recorded graph as a program: rolled back into the loop that it came from, differentiated, and printed as NumPy and as C.

Here: values over time, the passes from program to program, their texts, and the
building of machine code. Not here: the recording (`engine`, `replay`).
"""

from .from_loss import program_of, source
from .machine import CannotBeC, Native, native
from .running import compile
from .values import Program

__all__ = ["CannotBeC", "Native", "Program", "compile", "native", "program_of", "source"]


def __dir__() -> list[str]:
    return __all__
