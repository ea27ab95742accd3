"""What the functions that `fit` is given return: looked at before it is used."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .errors import DataError, GraphError
from .tensor import Tensor

__all__ = ["loss_and_state", "scores_of"]


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


def scores_of(given: Any) -> dict[str, float]:
    """What `evaluate` returned, by name; a single number is called "held_out". Raises `DataError` for what is no number.

    >>> from tinygrad_rnn.returned import scores_of
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
        raise DataError(f"evaluate(model) returned {what}", hint="return a number, lower is better, or a dict of numbers by name")
    return scores
