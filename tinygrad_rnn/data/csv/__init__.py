"""A csv of labelled texts: its lines, rows, columns, classes.

Here: how such a file is read, and what is left out and said. Not here: other files (`files`).
"""

from .labelled import Labelled, Skipped, read_labelled

__all__ = ["Labelled", "Skipped", "read_labelled"]


def __dir__() -> list[str]:
    return __all__
