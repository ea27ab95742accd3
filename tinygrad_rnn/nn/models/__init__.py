"""Whole models on any cell or layer: many to one, many to many, one sequence to another.

Here: what reads ids or vectors and gives logits. Not here: losses (`functional`), training (`train`), and writing on (`decode`).
"""

from .char_model import CharModel
from .classifier import SequenceClassifier
from .seq2seq import Decoding, Seq2Seq

__all__ = ["CharModel", "Decoding", "Seq2Seq", "SequenceClassifier"]


def __dir__() -> list[str]:
    return __all__
