"""Programs that run in the place of the function that they were recorded of.

Here: what a call depends on, how arrays come from a batch, when a program may run. Not here: the programs and their texts.
"""

from .compiled import Compiled, compile

__all__ = ["Compiled", "compile"]


def __dir__() -> list[str]:
    return __all__
