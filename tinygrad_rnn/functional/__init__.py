"""Compositions of primitives: activations, losses, dropout. Nothing here has a vjp of its own, so every picture is true.

Not here: what holds weights (`nn`), and primitives (`engine`).
"""

from .activations import log_sigmoid, log_softmax, softmax, softplus
from .classes import accuracy, cross_entropy, nll_loss
from .losses import binary_cross_entropy_with_logits, huber_loss, kl_div, l1_loss, mse_loss
from .masks import dropout, dropout_mask
from .normalisation import layer_norm, mean

__all__ = [
    "accuracy", "binary_cross_entropy_with_logits", "cross_entropy", "dropout", "dropout_mask", "huber_loss", "kl_div", "l1_loss",
    "layer_norm", "log_sigmoid", "log_softmax", "mean", "mse_loss", "nll_loss", "softmax", "softplus",
]  # fmt: skip


def __dir__() -> list[str]:
    return __all__
