"""What becomes of the losses of the entries: their mean, their sum, or each as it is."""

from __future__ import annotations

from ..engine.tensor import Tensor

__all__ = ["REDUCTIONS", "reduced"]

REDUCTIONS = ("mean", "sum", "none")


def reduced(losses: Tensor, reduction: str) -> Tensor:
    """The mean of the losses over all entries, their sum, or the losses themselves for "none"."""
    return losses.mean() if reduction == "mean" else losses.sum() if reduction == "sum" else losses
