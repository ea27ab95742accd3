"""Data that needs no download, and files of your own: text, tasks with known answers, ids, batches.

Here: text and numbers before a model sees them. Not here: tensors.
"""

from . import baselines, batches, files, grammars, stdlib_text, vocab

__all__ = ["baselines", "batches", "files", "grammars", "stdlib_text", "vocab"]


def __dir__() -> list[str]:
    return __all__
