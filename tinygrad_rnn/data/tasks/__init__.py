"""Generated tasks with known answers, and what they share.

Here: one function a task, and what guessing and perfect play reach. Users reach them through `data.grammars`.
"""

from .combining import adding, negation, temporal_order
from .formal import dyck, embedded_reber, is_embedded_reber, is_reber, known_dyck, known_embedded_reber, known_reber, reber
from .recall import agreement, copy, known_copy, known_latch, known_reverse, latch, parity, reverse
from .task import AddingBatch, Known, RealBatch, StepBatch, StringBatch, SymbolBatch, WordBatch

__all__ = [
    "AddingBatch",
    "Known",
    "RealBatch",
    "StepBatch",
    "StringBatch",
    "SymbolBatch",
    "WordBatch",
    "adding",
    "agreement",
    "copy",
    "dyck",
    "embedded_reber",
    "is_embedded_reber",
    "is_reber",
    "known_copy",
    "known_dyck",
    "known_embedded_reber",
    "known_latch",
    "known_reber",
    "known_reverse",
    "latch",
    "negation",
    "parity",
    "reber",
    "reverse",
    "temporal_order",
]


def __dir__() -> list[str]:
    return __all__
