"""From a cell to a sequence: `unroll` runs it over the time steps, and what else reads a sequence is a `SequenceLayer`.

Layers are made of cells and of layers, so they nest, and a learner's own cell is stacked, reversed and run over packed sequences like
those of this package.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ParamSpec, Protocol, TypeAlias, TypeVar, overload

from ...engine.scopes import scope, time_step
from ...engine.tensor import Tensor, TensorLike
from ...errors import GraphError
from ...shared.checks import check_flags
from ..cells.cell import Cell
from ..inputs import WHOLE, steps_of
from ..module import Module, is_cell, name_parts
from ..packed import PackedSequence
from ..states import callers_order, check_letters, check_method, checked_state, h_of, joined, longest_first, rows_of

__all__ = ["SequenceLayer", "unroll"]

S = TypeVar("S")
Last = TypeVar("Last", covariant=True)
Settings = ParamSpec("Settings")
Inputs: TypeAlias = TensorLike | Sequence[TensorLike]


class Reads(Protocol[Settings, Last]):
    """What a type checker reads off a `SequenceLayer`: the settings of its `forward`, and the state that this returns."""

    def forward(self, xs: Any, *args: Settings.args, **options: Settings.kwargs) -> tuple[Any, Last]: ...


@overload
def unroll(layer: Cell[S], xs: PackedSequence, state: S | None = None, reverse: bool = False) -> tuple[PackedSequence, S]: ...
@overload
def unroll(layer: Cell[S], xs: Inputs, state: S | None = None, reverse: bool = False) -> tuple[list[Tensor], S]: ...
@overload
def unroll(layer: Reads[..., S], xs: PackedSequence, state: Any = None, reverse: bool = False) -> tuple[PackedSequence, S]: ...
@overload
def unroll(layer: Reads[..., S], xs: Inputs, state: Any = None, reverse: bool = False) -> tuple[list[Tensor], S]: ...
def unroll(layer: Any, xs: Any, state: Any = None, reverse: bool = False) -> tuple[Any, Any]:
    """Run a cell (or a layer) over the time steps 1..T of `xs` (batch, time, features): the list of all h, and the last state.

    `xs` may also be a list of T inputs (batch, features), one of them a Tensor at least, which keep their names in pictures
    (without one they become x), or a `PackedSequence`, and then h comes as one too: each sequence stops at its own last step
    (`reverse`: starts there), and the states have one row a sequence in the order that `pack` was given them.
    `state` is where to start (zeros if None). `reverse` reads from the last step to the first; outputs stay in the order of time.
    Every node is stamped with its time step and the name of the cell. Raises `ShapeError` if xs does not have three axes,
    `DataError` for a sequence of no steps or a batch of none.

    >>> import tinygrad_rnn as tg
    >>> import numpy as np
    >>> from tinygrad_rnn.nn import LSTMCell
    >>> cell = LSTMCell(3, 4, rng=np.random.default_rng(0))
    >>> hs, (h, c) = tg.nn.unroll(cell, np.ones((1, 5, 3)))
    >>> len(hs), hs[-1].shape, hs[-1].place
    (5, (1, 4), 't=5 / LSTMCell')
    """
    if isinstance(layer, SequenceLayer):
        return SequenceLayer.__call__(layer, xs, state, reverse)
    if not is_cell(layer):
        raise GraphError(
            f"unroll of {layer!r}, which is not a cell",
            hint="a cell is an object with initial_state(batch) and step(x, state); help(tg.nn.Cell) shows one",
        )
    if not getattr(layer.step, "scoped", False):  # a cell of one's own
        check_method(layer, "initial_state", "batch")
        check_method(layer, "step", "x", "state")
        name_parts(layer)
    elif getattr(layer, "_part", ""):  # it was run inside another cell before
        name_parts(layer)
    check_flags("unroll", reverse=reverse)
    inputs = xs if isinstance(xs, PackedSequence) else steps_of(xs, "unroll")
    batch = len(inputs[0]._array)
    if state is None:
        state = checked_state(layer, layer.initial_state(batch), "initial_state", batch)
    else:
        check_letters(layer, state)
    if isinstance(inputs, PackedSequence):
        state = longest_first(state, inputs, layer)
    prepare = getattr(layer, "for_sequence", None)
    cell, read = prepare(inputs) if prepare is not None else (layer, inputs)
    hs, state = (_from_the_end if reverse else _ahead)(cell, read, state)
    return (inputs.like(hs), callers_order(state, inputs)) if isinstance(inputs, PackedSequence) else (hs, state)


def _ahead(cell: Any, xs: Any, state: Any) -> tuple[list[Tensor], Any]:
    """All h from the first step to the last, and the last state. Where x has fewer rows than before, the sequences that
    ended keep the state they have: their rows come last."""
    hs: list[Tensor] = []
    ended: list[Any] = []
    ours = getattr(cell.step, "scoped", False)  # the states of our own cells are plain tuples
    rows = len(xs[0]._array)
    for t, x in enumerate(xs, start=1):
        running = len(x._array)
        if running < rows:
            with time_step(t - 1):
                ended.append(rows_of(state, running, rows))
            with time_step(t), scope(type(cell).__name__):
                state, rows = rows_of(state, 0, running), running
        with time_step(t):
            state = _step(cell, x, state, running)
        hs.append(state[0] if ours else h_of(state))
    return hs, joined([state, *ended[::-1]])


def _from_the_end(cell: Any, xs: Any, start: Any) -> tuple[list[Tensor], Any]:
    """All h, read from the last step to the first, and the state at step 1. Where x has more rows than before, sequences join
    that have their last step here: they bring their rows of the start."""
    hs: list[Tensor] = []
    ours = getattr(cell.step, "scoped", False)
    rows = len(xs[-1]._array)
    with time_step(len(xs)), scope(type(cell).__name__):
        state = start if rows == len(xs[0]._array) else rows_of(start, 0, rows)
    for t in range(len(xs), 0, -1):
        x = xs[t - 1]
        with time_step(t):
            running = len(x._array)
            if running > rows:
                with scope(type(cell).__name__):
                    state, rows = joined([state, rows_of(start, rows, running)]), running
            state = _step(cell, x, state, running)
        hs.append(state[0] if ours else h_of(state))
    return hs[::-1], state


def _step(cell: Any, x: Tensor, state: Any, rows: int) -> Any:
    if getattr(cell.step, "scoped", False):
        return cell.step(x, state)
    with scope(type(cell).__name__):
        return checked_state(cell, cell.step(x, state), "step", rows)


class SequenceLayer(Module):
    """What reads a sequence and writes one: `forward(xs, state=None, reverse=False) -> (outputs, state)`, a tensor a step.

    Whatever the layer is called with, an array (batch, time, features), a list of inputs or a `PackedSequence`, its `forward` is
    given one tensor a step, (batch, features); of packed sequences, the rows that are still running.

    A layer of your own is a subclass that unrolls its parts:

    >>> import numpy as np, tinygrad_rnn as tg
    >>> class Skip(tg.nn.SequenceLayer):
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

    reads = WHOLE  # the hint for those who give something else

    @overload
    def __call__(
        self: Reads[Settings, S], xs: PackedSequence, *args: Settings.args, **options: Settings.kwargs
    ) -> tuple[PackedSequence, S]: ...
    @overload
    def __call__(
        self: Reads[Settings, S], xs: Inputs, *args: Settings.args, **options: Settings.kwargs
    ) -> tuple[list[Tensor], S]: ...
    def __call__(self, xs: Any, *args: Any, **options: Any) -> Any:
        """xs as in `unroll`, then what `forward` takes besides: its outputs, a `PackedSequence` if xs is one, and the state."""
        with scope(type(self).__name__):
            steps = xs if isinstance(xs, PackedSequence) else steps_of(xs, type(self).__name__, self.reads)
            outputs, state = self.forward(steps, *args, **options)
            if isinstance(steps, PackedSequence) and not isinstance(outputs, PackedSequence):
                outputs = steps.like(outputs)
            return outputs, state

    def forward(self, xs: Any, state: Any = None, reverse: bool = False) -> tuple[Any, Any]:
        """The output of every step, in the order of time, and the last state; xs holds the input of every step, tensors."""
        raise NotImplementedError
