"""What becomes of the losses of the entries: their mean, their sum, or each as it is."""

from __future__ import annotations

from typing import Any

from ..engine.tensor import Tensor
from ..errors import DataError
from ..shared.checks import short

__all__ = ["REDUCTIONS", "check_reduction", "reduced"]

REDUCTIONS = ("mean", "sum", "none")


def check_reduction(name: str, reduction: Any, known: tuple[str, ...] = REDUCTIONS) -> None:
    """Raise a `DataError` unless the reduction is one of those that the loss of this name knows."""
    if not isinstance(reduction, str) or reduction not in known:
        words = ", ".join(f'"{word}"' for word in known)
        raise DataError(f"{name}(reduction={short(reduction)})", hint=f"one of {words}")


def reduced(losses: Tensor, reduction: str) -> Tensor:
    """The mean of the losses over all entries, their sum, or the losses themselves for "none"."""
    return losses.mean() if reduction == "mean" else losses.sum() if reduction == "sum" else losses
