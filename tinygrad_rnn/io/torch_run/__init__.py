"""A run of PyTorch as a graph of this package: watched while it happens, step by step.

Here: what PyTorch computed, in the ops of the engine. Not here: what draws or measures it. PyTorch is imported when it is used.
"""

from .run import Run, watch

__all__ = ["Run", "watch"]


def __dir__() -> list[str]:
    return __all__
