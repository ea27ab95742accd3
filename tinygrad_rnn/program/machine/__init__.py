"""Loops of a program as machine code.

Here: the C text of a loop, the compiler that builds it and the folder that keeps it, and the NumPy text that calls it. Not here: what
a loop is, and which one a program has (`program`).
"""

from .build import built
from .c_operations import CannotBeC
from .with_c_loops import Native, native, native_text

__all__ = ["CannotBeC", "Native", "built", "native", "native_text"]


def __dir__() -> list[str]:
    return __all__
