"""States: nested tuples and lists of tensors, from one cell's (h,) to one state a layer and direction."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..engine.primitives import concat, take
from ..engine.scopes import here, place_of
from ..engine.tensor import Tensor, as_tensor, named
from ..errors import DataError, GraphError, ShapeError
from ..shared.nested import leaves, mapped
from .packed import PackedSequence

__all__ = [
    "callers_order", "check_letters", "check_method", "checked_state", "detach_state", "h_of", "joined", "longest_first", "rows_of",
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
    return mapped(_detached, state)


def _detached(part: Any) -> Any:
    if part is not None and not isinstance(part, Tensor):
        raise DataError(f"detach_state of a {type(part).__name__}", hint="a state is made of tensors in tuples, lists and dicts")
    return part if part is None else part.detach()


def h_of(state: Any) -> Any:
    """The h of a state: its first tensor, or in a dict what is called h.

    >>> import tinygrad_rnn as tg
    >>> from tinygrad_rnn.nn.states import h_of
    >>> h, c = tg.Tensor([1.0]), tg.Tensor([2.0])
    >>> h_of((h, c)) is h_of(((h, c), c)) is h_of({"c": c, "h": h}) is h
    True
    """
    while not isinstance(state, Tensor):
        state = state[0] if not isinstance(state, dict) else state["h"] if "h" in state else next(iter(state.values()))
    return state


def states_of_parts(state: Any, count: int, what: str, kind: type | tuple[type, ...] = (tuple, list)) -> Sequence[Any]:
    """The states of the parts of a layer, each None if there is none; `kind` is what holds them."""
    if state is None:
        return [None] * count
    fits = isinstance(state, kind)
    if not fits or len(state) != count:
        given = f"{len(state)} states" if fits else f"a {type(state).__name__}"
        raise ShapeError(f"{what} of {count} parts was given {given}", hint=f"its state is {_form(kind)}")
    return state


def check_letters(cell: Any, state: Any, of_layers: bool = False) -> None:
    """Raise `ShapeError` for a state whose parts have the names of others: (c, h) for (h, c), and, where a state of several layers is
    due, one whose h stands where the c of a cell belongs: PyTorch's ([h1, h2], [c1, c2])."""
    letters = getattr(cell, "letters", "")
    if isinstance(state, (tuple, list)) and len(state) == len(letters) > 1:
        names = [(part.name or "").rstrip("0") if isinstance(part, Tensor) else "" for part in state]
        if not all(name in (*letters, "") for name in names) or all(a in ("", b) for a, b in zip(names, letters, strict=True)):
            return
        if of_layers or {*names} == {*letters}:
            raise ShapeError(
                f"a state ({', '.join(name or '?' for name in names)}) for {type(cell).__name__}, whose is ({', '.join(letters)})",
                where=place_of(here.mode.frames),
                hint=f"the state of several layers is {_form(list)}" if of_layers else f"give it as ({', '.join(letters)})",
            )


def _form(kind: Any) -> str:
    if kind is not list:
        return "a pair of one state a direction, ((h, c), (h, c)): pass on what it returned, or None"
    return (
        "a list of one state a layer, [(h, c), (h, c)] of an LSTM, [(h,), (h,)] of others: pass on what it returned, or None. "
        "PyTorch's (h, c) with an axis of layers is [(h[k], c[k]) for k in range(num_layers)]"
    )


def checked_state(cell: Any, state: Any, method: str, batch: int) -> Any:
    """What a cell returned, if it is a state: without a look, row 0 of a bare tensor would pass for h."""
    parts_given = leaves(state) if isinstance(state, (tuple, list, dict)) else []
    good = bool(parts_given) and all(isinstance(part, Tensor) for part in parts_given)
    h = h_of(state) if good else None
    if h is not None and h.ndim and h.shape[0] == batch:
        return state
    parts = [type(part).__name__ for part in parts_given]
    given = f"a {'dict' if isinstance(state, dict) else 'tuple'} of {len(parts)} ({', '.join(parts)})"
    given = given if parts else f"a {type(state).__name__}"
    given += f" with h of shape {h.shape}" if h is not None else ""
    if "ndarray" in parts or isinstance(state, np.ndarray):
        raise GraphError(
            f"{type(cell).__name__}.{method} returned {given}: through an array no gradient flows",
            where=place_of(here.mode.frames),
            hint="start from tg.Tensor(np.zeros(...)), and compute with tensors: x @ W, tg.tanh, not W.data or np.array",
        )
    raise ShapeError(
        f"{type(cell).__name__}.{method} returned {given}, not a state",
        where=place_of(here.mode.frames),
        hint=f"a state is a tuple of tensors, h first, each with {batch} rows (one a sequence): return (h,); "
        "or a list, a dict or a named tuple of them, nested as you like",
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
    if not isinstance(state, (tuple, list, dict)) or not state:
        raise ShapeError(
            f"the state of {type(cell).__name__} is a tuple of tensors, not a {type(state).__name__}",
            hint="start from cell.initial_state(batch), or from None",
        )
    state = mapped(as_tensor, state)
    for part in leaves(state):
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
    if not start and stop == len(h_of(state)):
        return state
    return mapped(lambda part: _named_like(part[start:stop], part), state)


def _named_like(rows: Tensor, whole: Tensor) -> Tensor:
    """Rows of a start that nothing was recorded for, such as h0, are called like it in pictures."""
    return named(rows, whole.name) if whole.node is None and whole.name else rows


def joined(states: list[Any]) -> Any:
    """Rows of several states below each other, as one state."""
    if len(states) == 1:
        return states[0]
    parts = iter([concat(parts) for parts in zip(*map(leaves, states), strict=True)])
    return mapped(lambda _: next(parts), states[0])
