"""From a cell to a sequence: the same step, once for every input, each in a time step of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..errors import DataError, GraphError, ShapeError
from ..scopes import here, place_of, scope, time_step
from ..tensor import Tensor, TensorLike, as_tensor, named
from .cells import Cell

__all__ = ["unroll"]


def unroll(cell: Cell, xs: TensorLike | Sequence[TensorLike], state: Any = None) -> tuple[list[Tensor], Any]:
    """Run a cell over the time steps 1..T of `xs` (batch, time, features): the list of all h (batch, hidden), and the last state.

    `xs` may also be a list of T inputs (batch, features), which keep their names in pictures (without one they become x).
    `state` is where to start (zeros if None). Every node is stamped with its time step and the name of the cell. Raises
    `ShapeError` if xs does not have three axes, `DataError` for a sequence of no steps or a batch of none.

    >>> import numpy as np
    >>> from tinygrad_rnn.nn import LSTMCell
    >>> cell = LSTMCell(3, 4, rng=np.random.default_rng(0))
    >>> hs, (h, c) = unroll(cell, np.ones((2, 5, 3)))
    >>> len(hs), hs[-1].shape, hs[-1].place
    (5, (2, 4), 't=5 / LSTMCell')
    """
    if isinstance(cell, type) or not callable(getattr(cell, "step", None)) or not callable(getattr(cell, "initial_state", None)):
        raise GraphError(
            f"unroll of {cell!r}, which is not a cell",
            hint="a cell is an object with initial_state(batch) and step(x, state); help(tg.nn.Cell) shows one",
        )
    batch, time, input_at = _inputs(xs)
    if state is None:
        state = _checked_state(cell, cell.initial_state(batch), "initial_state", batch)
    hs = []
    for t in range(1, time + 1):
        with time_step(t):
            x = input_at(t - 1)
            x = x if x.name else named(x, "x")
            if getattr(cell.step, "scoped", False):
                state = cell.step(x, state)
            else:
                with scope(type(cell).__name__):
                    state = _checked_state(cell, cell.step(x, state), "step", batch)
        hs.append(state[0])
    return hs, state


def _checked_state(cell: Cell, state: Any, method: str, batch: int) -> Any:
    """What a cell returned, if it is a state: without a look, row 0 of a bare tensor would pass for h."""
    good = isinstance(state, (tuple, list)) and state and all(isinstance(part, Tensor) for part in state)
    if good and state[0].ndim and state[0].shape[0] == batch:
        return state
    given = f"a tuple of {len(state)}" if isinstance(state, (tuple, list)) else f"a {type(state).__name__}"
    given += f" with h of shape {state[0].shape}" if good else ""
    raise ShapeError(
        f"{type(cell).__name__}.{method} returned {given}, not a state",
        where=place_of(here.mode.frames),
        hint=f"a state is a tuple of tensors, h first, each with {batch} rows (one a sequence): return (h,)",
    )


def _inputs(xs: Any) -> tuple[int, int, Callable[[int], Tensor]]:
    """The numbers of sequences and steps, and a function that gives the input of one step, recorded where it is called."""
    if isinstance(xs, (list, tuple)) and all(isinstance(x, Tensor) for x in xs):
        shapes = {x.shape for x in xs}
        if len(shapes) > 1 or any(len(shape) != 2 for shape in shapes):
            raise ShapeError(
                f"unroll over inputs of shapes {sorted(shapes)}", hint="each step's input is (batch, features), all alike"
            )
        batch, time, text = shapes.pop()[0] if xs else 1, len(xs), f"a list of {len(xs)} inputs"
        input_at: Callable[[int], Tensor] = xs.__getitem__
    else:
        whole = as_tensor(xs)
        if whole.ndim != 3:
            raise ShapeError(
                f"unroll over xs of shape {whole.shape}", hint="xs is (batch, time, features); one sequence is a batch of 1"
            )
        batch, time, _ = whole.shape
        text = f"xs of shape {whole.shape} (batch, time, features)"

        def input_at(k: int) -> Tensor:
            return whole[:, k]

    if not batch or not time:
        raise DataError(
            f"unroll over {'no sequences' if time else 'a sequence of no steps'}: {text}",
            hint="leave empty sequences out before you make a batch",
        )
    return batch, time, input_at
