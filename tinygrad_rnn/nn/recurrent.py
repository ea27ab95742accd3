"""From a cell to a sequence: one cell in time, cells on top of each other, cells that read in both directions.

A layer is a cell or a `SequenceLayer`. `Stacked` and `Bidirectional` are made of layers and are layers themselves, so they nest,
and a learner's own cell is stacked and reversed like those of this package.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..errors import DataError, GraphError, ShapeError
from ..primitives import concat
from ..scopes import here, place_of, scope, time_step
from ..tensor import Tensor, TensorLike, as_tensor, named
from .cells import Cell
from .module import Module

__all__ = ["Bidirectional", "SequenceLayer", "Stacked", "unroll"]


def unroll(
    layer: Cell | SequenceLayer, xs: TensorLike | Sequence[TensorLike], state: Any = None, reverse: bool = False
) -> tuple[list[Tensor], Any]:
    """Run a cell (or a layer) over the time steps 1..T of `xs` (batch, time, features): the list of all h, and the last state.

    `xs` may also be a list of T inputs (batch, features), which keep their names in pictures (without one they become x).
    `state` is where to start (zeros if None). `reverse` reads from the last step to the first; outputs stay in the order of time.
    Every node is stamped with its time step and the name of the cell. Raises `ShapeError` if xs does not have three axes,
    `DataError` for a sequence of no steps or a batch of none.

    >>> import numpy as np
    >>> from tinygrad_rnn.nn import LSTMCell
    >>> cell = LSTMCell(3, 4, rng=np.random.default_rng(0))
    >>> hs, (h, c) = unroll(cell, np.ones((1, 5, 3)))
    >>> len(hs), hs[-1].shape, hs[-1].place
    (5, (1, 4), 't=5 / LSTMCell')
    """
    if isinstance(layer, SequenceLayer):
        outputs, state = layer(xs, state, reverse)
        return outputs, state
    if (
        isinstance(layer, type)
        or not callable(getattr(layer, "step", None))
        or not callable(getattr(layer, "initial_state", None))
    ):
        raise GraphError(
            f"unroll of {layer!r}, which is not a cell",
            hint="a cell is an object with initial_state(batch) and step(x, state); help(tg.nn.Cell) shows one",
        )
    inputs = _inputs(xs)
    batch = inputs[0].shape[0]
    if state is None:
        state = _checked_state(layer, layer.initial_state(batch), "initial_state", batch)
    hs = []
    for t in range(len(inputs), 0, -1) if reverse else range(1, len(inputs) + 1):
        with time_step(t):
            x = inputs[t - 1]
            if getattr(layer.step, "scoped", False):
                state = layer.step(x, state)
            else:
                with scope(type(layer).__name__):
                    state = _checked_state(layer, layer.step(x, state), "step", batch)
        hs.append(state[0])
    return hs[::-1] if reverse else hs, state


class SequenceLayer(Module):
    """What reads a sequence and writes one: `forward(xs, state=None, reverse=False) -> (outputs, state)`, a tensor a step.

    A layer of your own is a subclass that unrolls its parts:

    >>> import numpy as np, tinygrad_rnn as tg
    >>> class Skip(SequenceLayer):
    ...     def __init__(self, layer):
    ...         self.layer = layer
    ...     def forward(self, xs, state=None, reverse=False):
    ...         ys, state = tg.nn.unroll(self.layer, xs, state, reverse)
    ...         return [x + y for x, y in zip(xs, ys)], state
    >>> rng = np.random.default_rng(0)
    >>> cells = [tg.nn.RNNCell(4, 4, rng=rng) for _ in range(2)]
    >>> hs, _ = tg.nn.Stacked([cells[0], Skip(cells[1])])(np.ones((1, 5, 4)))
    >>> len(hs)
    5
    """

    def forward(self, xs: Any, state: Any = None, reverse: bool = False) -> tuple[list[Tensor], Any]:
        """The output of every step, in the order of time, and the last state."""
        raise NotImplementedError


class Stacked(SequenceLayer):
    """Layers on top of each other: each reads, step by step, what the one below it wrote (Graves 2013, deep recurrent networks).

    `layers` are cells, or layers such as `Bidirectional`. The state is a list of one state a layer. Nodes are stamped `layer=1`
    (the lowest), `layer=2`, ... Raises `DataError` without layers.

    >>> import numpy as np, tinygrad_rnn as tg
    >>> rng = np.random.default_rng(0)
    >>> net = Stacked([tg.nn.LSTMCell(3, 4, rng=rng), tg.nn.LSTMCell(4, 2, rng=rng)])
    >>> hs, states = net(np.ones((1, 5, 3)))
    >>> hs[-1].shape, hs[-1].place, [name for name, _ in net.named_parameters()][:2]
    ((1, 2), 'Stacked / layer=2 / t=5 / LSTMCell', ['layers.0.Wx', 'layers.0.Wh'])
    """

    def __init__(self, layers: Sequence[Any]) -> None:
        self.layers = list(layers)
        if not self.layers:
            raise DataError("Stacked of no layers", hint="give a list of cells, the lowest first")

    def forward(self, xs: Any, state: Any = None, reverse: bool = False) -> tuple[list[Tensor], list[Any]]:
        """xs as in `unroll`: the outputs of the highest layer, and the last state of every layer."""
        states = _parts(state, len(self.layers), "Stacked")
        outputs, last = _inputs(xs), []
        for number, (layer, start) in enumerate(zip(self.layers, states, strict=True), start=1):
            with scope("layer", layer=number):
                outputs, end = unroll(layer, outputs, start, reverse)
            last.append(end)
        return outputs, last


class Bidirectional(SequenceLayer):
    """Two layers read the same sequence, one from its start and one from its end (Schuster and Paliwal 1997).

        y_t = [h_t of `forwards`, h_t of `backwards`]

    The state is a pair of states; that of `backwards` ends at step 1. Nodes are stamped `direction=1` and `direction=-1`.

    >>> import numpy as np, tinygrad_rnn as tg
    >>> rng = np.random.default_rng(0)
    >>> net = Bidirectional(tg.nn.GRUCell(3, 4, rng=rng), tg.nn.GRUCell(3, 4, rng=rng))
    >>> ys, (start, end) = net(np.ones((2, 5, 3)))
    >>> ys[0].shape, end[0].place
    ((2, 8), 'Bidirectional / direction=-1 / t=1 / GRUCell')
    """

    def __init__(self, forwards: Any, backwards: Any) -> None:
        if forwards is backwards:
            raise GraphError(
                "Bidirectional of the same cell twice", hint="each direction has weights of its own: make two cells of one kind"
            )
        self.forwards, self.backwards = forwards, backwards

    def forward(self, xs: Any, state: Any = None, reverse: bool = False) -> tuple[list[Tensor], tuple[Any, Any]]:
        """xs as in `unroll`: the joined outputs (batch, both sizes) of every step, and the last state of either direction."""
        inputs = _inputs(xs)
        starts = _parts(state, 2, "Bidirectional")
        with scope("direction", direction=-1 if reverse else 1):
            ahead, first = unroll(self.forwards, inputs, starts[0], reverse)
        with scope("direction", direction=1 if reverse else -1):
            back, second = unroll(self.backwards, inputs, starts[1], not reverse)
        outputs = []
        for t, pair in enumerate(zip(ahead, back, strict=True), start=1):
            with time_step(t):
                outputs.append(named(concat(pair, axis=1), "y"))
        return outputs, (first, second)


def _parts(state: Any, count: int, what: str) -> Sequence[Any]:
    """The states of the parts of a layer, each None if there is none."""
    if state is None:
        return [None] * count
    if not isinstance(state, (tuple, list)) or len(state) != count:
        given = f"{len(state)} states" if isinstance(state, (tuple, list)) else f"a {type(state).__name__}"
        raise ShapeError(f"{what} of {count} parts was given {given}", hint="pass on the state that it returned, or None")
    return state


def _checked_state(cell: Any, state: Any, method: str, batch: int) -> Any:
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


def _inputs(xs: Any) -> list[Tensor]:
    """The input of every step (batch, features); a slice of a whole is recorded in its step."""
    if isinstance(xs, (list, tuple)) and all(isinstance(x, Tensor) for x in xs):
        shapes = {x.shape for x in xs}
        if len(shapes) > 1 or any(len(shape) != 2 for shape in shapes):
            raise ShapeError(
                f"unroll over inputs of shapes {sorted(shapes)}", hint="each step's input is (batch, features), all alike"
            )
        batch, time, text = shapes.pop()[0] if xs else 1, len(xs), f"a list of {len(xs)} inputs"
    else:
        whole = as_tensor(xs)
        if whole.ndim != 3:
            raise ShapeError(
                f"unroll over xs of shape {whole.shape}", hint="xs is (batch, time, features); one sequence is a batch of 1"
            )
        batch, time, _ = whole.shape
        text = f"xs of shape {whole.shape} (batch, time, features)"
    if not batch or not time:
        raise DataError(
            f"unroll over {'no sequences' if time else 'a sequence of no steps'}: {text}",
            hint="leave empty sequences out before you make a batch",
        )
    if isinstance(xs, (list, tuple)) and isinstance(xs[0], Tensor):
        return [x if x.name else named(x, "x") for x in xs]
    inputs = []
    for k in range(time):
        with time_step(k + 1):
            inputs.append(named(whole[:, k], "x"))
    return inputs
