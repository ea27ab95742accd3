"""States: nested tuples and lists of tensors, from one cell's (h,) to one state a layer and direction."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..engine.primitives import concat, take
from ..engine.scopes import here, place_of
from ..engine.tensor import Tensor, as_tensor, named
from ..errors import DataError, GraphError, ShapeError
from .packed import PackedSequence

__all__ = [
    "callers_order", "check_method", "checked_state", "detach_state", "joined", "longest_first", "mapped", "rows_of",
    "states_of_parts",
]  # fmt: skip


def detach_state(state: Any) -> Any:
    """The same values without their history: carry a state to the next piece of a text, and let no gradient flow back.

    `state` is whatever a cell or layer returned: tensors in tuples, lists and dicts, nested as deep as you like. None stays None.

    >>> import numpy as np, tinygrad_rnn as tg
    >>> net = tg.nn.LSTM(3, 4, num_layers=2, rng=np.random.default_rng(0))
    >>> _, state = net(np.ones((1, 5, 3)))
    >>> outputs, state = net(np.ones((1, 5, 3)), tg.nn.detach_state(state))
    """
    if isinstance(state, Tensor):
        return state.detach()
    if isinstance(state, (tuple, list, dict)):
        return mapped(detach_state, state)
    if state is None:
        return None
    raise DataError(f"detach_state of a {type(state).__name__}", hint="a state is made of tensors in tuples, lists and dicts")


def mapped(function: Callable[[Any], Any], state: Any) -> Any:
    """A state of the same kind (a tuple, a list, a named tuple, a dict) with the function's result for each part."""
    if isinstance(state, dict):
        return {key: function(part) for key, part in state.items()}
    parts = [function(part) for part in state]
    return state._make(parts) if hasattr(state, "_make") else type(state)(parts)


def states_of_parts(state: Any, count: int, what: str) -> Sequence[Any]:
    """The states of the parts of a layer, each None if there is none."""
    if state is None:
        return [None] * count
    if not isinstance(state, (tuple, list)) or len(state) != count:
        given = f"{len(state)} states" if isinstance(state, (tuple, list)) else f"a {type(state).__name__}"
        raise ShapeError(f"{what} of {count} parts was given {given}", hint="pass on the state that it returned, or None")
    return state


def checked_state(cell: Any, state: Any, method: str, batch: int) -> Any:
    """What a cell returned, if it is a state: without a look, row 0 of a bare tensor would pass for h."""
    good = isinstance(state, (tuple, list)) and state and all(isinstance(part, Tensor) for part in state)
    if good and state[0].ndim and state[0].shape[0] == batch:
        return state
    parts = [type(part).__name__ for part in state] if isinstance(state, (tuple, list)) else []
    given = f"a tuple of {len(parts)} ({', '.join(parts)})" if parts else f"a {type(state).__name__}"
    given += f" with h of shape {state[0].shape}" if good else ""
    if "ndarray" in parts or isinstance(state, np.ndarray):
        raise GraphError(
            f"{type(cell).__name__}.{method} returned {given}: through an array no gradient flows",
            where=place_of(here.mode.frames),
            hint="start from tg.Tensor(np.zeros(...)), and compute with tensors: x @ W, tg.tanh, not W.data or np.array",
        )
    raise ShapeError(
        f"{type(cell).__name__}.{method} returned {given}, not a state",
        where=place_of(here.mode.frames),
        hint=f"a state is a tuple of tensors, h first, each with {batch} rows (one a sequence): return (h,)",
    )


def check_method(owner: Any, name: str, *arguments: str) -> None:
    """Raise `GraphError` unless an object has that method and it can be called with so many arguments."""
    method = getattr(owner, name, None)
    wanted = f"{name}({', '.join(arguments)})"
    hint = f"def {name}(self, {', '.join(arguments)}): ..."
    if not callable(method):
        raise GraphError(f"{type(owner).__name__} has no method {wanted}", hint=hint)
    try:
        signature = inspect.signature(method)
    except (TypeError, ValueError):  # written in C: calling it will tell
        return
    try:
        signature.bind(*arguments)
    except TypeError:
        raise GraphError(f"{type(owner).__name__}.{name}{signature} cannot be called as {wanted}", hint=hint) from None


# ---- of packed sequences: the caller's order outside, the longest first inside -----------------------------------------------


def longest_first(state: Any, packed: PackedSequence, cell: Any) -> Any:
    """A cell's state at the start, its rows in the order of the packed batch."""
    batch = len(packed.lengths)
    if not isinstance(state, (tuple, list)) or not state:
        raise ShapeError(
            f"the state of {type(cell).__name__} is a tuple of tensors, not a {type(state).__name__}",
            hint="start from cell.initial_state(batch), or from None",
        )
    state = mapped(as_tensor, state)
    for part in state:
        if not part.ndim or len(part) != batch:
            raise ShapeError(
                f"a state with a part of shape {part.shape} for {batch} packed sequences",
                where=place_of(here.mode.frames),
                hint="each part has one row a sequence, in the order that pack() was given them",
            )
    return _reordered(state, np.asarray(packed.order))


def callers_order(state: Any, packed: PackedSequence) -> Any:
    """A cell's last state, its rows in the order in which `pack` was given the sequences."""
    return _reordered(state, np.argsort(packed.order))


def _reordered(state: Any, order: Any) -> Any:
    if order.tolist() == list(range(len(order))):
        return state
    return mapped(lambda part: _named_like(take(part, order), part), state)


def rows_of(state: Any, start: int, stop: int) -> Any:
    """Some rows of every part of a state."""
    if not start and stop == len(state[0]):
        return state
    return mapped(lambda part: _named_like(part[start:stop], part), state)


def _named_like(rows: Tensor, whole: Tensor) -> Tensor:
    """Rows of a start that nothing was recorded for, such as h0, are called like it in pictures."""
    return named(rows, whole.name) if whole.node is None and whole.name else rows


def joined(states: list[Any]) -> Any:
    """Rows of several states below each other, as one state."""
    if len(states) == 1:
        return states[0]
    parts = iter([concat(parts) for parts in zip(*states, strict=True)])
    return mapped(lambda _: next(parts), states[0])
