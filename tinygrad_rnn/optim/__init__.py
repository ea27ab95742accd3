"""Optimizers, clipping and learning-rate schedules.

Here: what changes weights by their gradients. Not here: the loop around it (`train`).
"""

from .algorithms import SGD, Adagrad, Adam, AdamW, RMSprop
from .base import Optimizer
from .clipping import clip_grad_norm_, clip_grad_value_
from .schedules import ReduceLROnPlateau, Schedule, cosine, exponential, steps, warm_up

__all__ = [
    "SGD", "Adagrad", "Adam", "AdamW", "Optimizer", "RMSprop", "ReduceLROnPlateau", "Schedule", "clip_grad_norm_", "clip_grad_value_",
    "cosine", "exponential", "steps", "warm_up",
]  # fmt: skip


def __dir__() -> list[str]:
    return __all__
