"""Compositions of primitives: activations, losses, dropout. Nothing here has a vjp of its own, so every picture is true.

Not here: what holds weights (`nn`), and primitives (`engine`).
"""

from .activations import log_sigmoid, log_softmax, softmax, softplus
from .classes import accuracy, cross_entropy
from .losses import mse_loss
from .masks import dropout, dropout_mask
from .normalisation import layer_norm, mean

__all__ = [
    "accuracy", "cross_entropy", "dropout", "dropout_mask", "layer_norm", "log_sigmoid", "log_softmax", "mean", "mse_loss",
    "softmax", "softplus",
]  # fmt: skip


def __dir__() -> list[str]:
    return __all__
