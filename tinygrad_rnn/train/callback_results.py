"""What the functions that `fit` is given return: looked at before it is used."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from math import inf, nan
from typing import Any

from ..engine.tensor import Tensor
from ..errors import DataError, GraphError
from ..shared.checks import short

__all__ = ["check_direction", "loss_and_state", "scores_of", "share_of"]

# words in the name of a score of which more is better, unless one of the second kind stands there too
HIGHER = frozenset(
    ["accuracy", "acc", "auc", "auroc", "bleu", "correct", "f1", "hits", "iou", "precision", "recall", "reward", "rouge"]
)
LOWER = frozenset(["error", "inverse", "loss", "minus", "neg", "negative", "nll", "one", "wrong"])


def check_direction(name: str, mode: str | None) -> None:
    """Raise `DataError` for a score of that name, such as an accuracy, where nobody said whether low or high is better.

    >>> from tinygrad_rnn.train.callback_results import check_direction
    >>> check_direction("accuracy", "max")
    >>> check_direction("negative_accuracy", None)
    >>> check_direction("accuracy", None)
    Traceback (most recent call last):
    tinygrad_rnn.errors.DataError: fit() would take the lowest accuracy for the best one
    <BLANKLINE>
    hint: mode="max" says that the highest is the best; mode="min" that the lowest is meant
    """
    words = {*re.findall("[a-z0-9]+", re.sub("([a-z])([A-Z])", r"\1 \2", name).lower())}
    if mode is None and words & HIGHER and not words & LOWER:
        raise DataError(
            f"fit() would take the lowest {name} for the best one",
            hint='mode="max" says that the highest is the best; mode="min" that the lowest is meant',
        )


def loss_and_state(given: Any, stateful: bool) -> tuple[Tensor, Any]:
    """The loss, and the state to carry on (None if training is not stateful). Raises `GraphError` for anything but one number."""
    loss, state = given if stateful and isinstance(given, tuple) and len(given) == 2 else (given, None)
    if not isinstance(loss, Tensor) or loss.size != 1 or (stateful and given is loss):
        shape = f" of shape {loss.shape}" if isinstance(loss, Tensor) else ""
        raise GraphError(
            f"loss_of returned a {type(loss).__name__}{shape}",
            hint="with stateful=True it returns (loss, state)"
            if stateful
            else "it returns one number: take the mean(), or set stateful=True if it returns (loss, state)",
        )
    return loss, state


def scores_of(given: Any, before: Sequence[str] = ()) -> dict[str, float]:
    """What `evaluate` returned, by name; a single number is called "held_out".

    Raises `DataError` for what is no number, and for other names than `before`: the first of them decides what is best.

    >>> from tinygrad_rnn.train.callback_results import scores_of
    >>> scores_of(2), scores_of({"nats": 1.5})
    ({'held_out': 2.0}, {'nats': 1.5})
    """
    try:
        scores = {
            str(name): float(value) for name, value in (given.items() if isinstance(given, Mapping) else [("held_out", given)])
        }
    except (TypeError, ValueError):
        scores = {}
    if not scores:
        what = "nothing" if given is None or given == {} else f"a {type(given).__name__}"
        raise DataError(f"evaluate(model) returned {what}", hint="return a number, or a dict of numbers by name")
    if before and [*scores] != [*before]:
        raise DataError(
            f"evaluate(model) returned {', '.join(scores)}; before it was {', '.join(before)}",
            hint="return the same names each time",
        )
    return scores


def share_of(given: Any, done: int) -> float:
    """What a schedule returned after `done` updates. Raises `DataError` for what is no number of 0 or more.

    >>> from tinygrad_rnn.train.callback_results import share_of
    >>> share_of(1, 0)
    1.0
    """
    try:
        share = float(given)
    except (TypeError, ValueError):
        share = nan
    if not 0 <= share < inf:
        raise DataError(
            f"schedule({done}) returned {short(given)}",
            hint="it returns the share of the learning rate that holds then, such as 0.5",
        )
    return share
