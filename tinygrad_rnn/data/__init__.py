"""Data that needs no download: text that every Python carries, tasks with known answers; files of your own; ids and batches.

Here: text and numbers before a model sees them. Not here: tensors.
"""

from . import baselines, batches, files, grammars, stdlib_text, vocab

__all__ = ["baselines", "batches", "files", "grammars", "stdlib_text", "vocab"]


def __dir__() -> list[str]:
    return __all__
