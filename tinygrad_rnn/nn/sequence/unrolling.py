"""From a cell to a sequence: one cell in time, cells on top of each other, cells that read in both directions.

A layer is a cell or a `SequenceLayer`. `Stacked` and `Bidirectional` are made of layers and are layers themselves, so they nest,
and a learner's own cell is stacked, reversed and run over packed sequences like those of this package.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ParamSpec, Protocol, TypeAlias, TypeVar, overload

from ...engine.primitives import concat
from ...engine.scopes import scope, time_step
from ...engine.tensor import Tensor, TensorLike, named
from ...errors import DataError, GraphError
from ..cells.cell import Cell
from ..inputs import WHOLE, steps_of
from ..module import Module
from ..packed import PackedSequence
from ..states import callers_order, check_method, checked_state, joined, longest_first, parts_of, rows_of

__all__ = ["Bidirectional", "SequenceLayer", "Stacked", "unroll"]

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
    if (
        isinstance(layer, type)
        or not callable(getattr(layer, "step", None))
        or not callable(getattr(layer, "initial_state", None))
    ):
        raise GraphError(
            f"unroll of {layer!r}, which is not a cell",
            hint="a cell is an object with initial_state(batch) and step(x, state); help(tg.nn.Cell) shows one",
        )
    if not getattr(layer.step, "scoped", False):  # a cell of one's own
        check_method(layer, "initial_state", "batch")
        check_method(layer, "step", "x", "state")
    inputs = xs if isinstance(xs, PackedSequence) else steps_of(xs, "unroll")
    batch = len(inputs[0]._data)
    if state is None:
        state = checked_state(layer, layer.initial_state(batch), "initial_state", batch)
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
    rows = len(xs[0]._data)
    for t, x in enumerate(xs, start=1):
        running = len(x._data)
        if running < rows:
            with time_step(t - 1):
                ended.append(rows_of(state, running, rows))
            with time_step(t), scope(type(cell).__name__):
                state, rows = rows_of(state, 0, running), running
        with time_step(t):
            state = _step(cell, x, state, running)
        hs.append(state[0])
    return hs, joined([state, *ended[::-1]])


def _from_the_end(cell: Any, xs: Any, start: Any) -> tuple[list[Tensor], Any]:
    """All h, read from the last step to the first, and the state at step 1. Where x has more rows than before, sequences join
    that have their last step here: they bring their rows of the start."""
    hs: list[Tensor] = []
    rows = len(xs[-1]._data)
    with time_step(len(xs)), scope(type(cell).__name__):
        state = start if rows == len(xs[0]._data) else rows_of(start, 0, rows)
    for t in range(len(xs), 0, -1):
        x = xs[t - 1]
        with time_step(t):
            running = len(x._data)
            if running > rows:
                with scope(type(cell).__name__):
                    state, rows = joined([state, rows_of(start, rows, running)]), running
            state = _step(cell, x, state, running)
        hs.append(state[0])
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


class Stacked(SequenceLayer):
    """Layers on top of each other: each reads, step by step, what the one below it wrote (Graves 2013, deep recurrent networks).

    `layers` are cells, or layers such as `Bidirectional`. `between`, a layer such as `Dropout`, is what each reads the one below
    it through. The state is a list of one state a layer. Nodes are stamped `layer=1` (the lowest), `layer=2`, ... Raises
    `DataError` without layers.

    >>> import numpy as np, tinygrad_rnn as tg
    >>> rng = np.random.default_rng(0)
    >>> net = tg.nn.Stacked([tg.nn.LSTMCell(3, 4, rng=rng), tg.nn.LSTMCell(4, 2, rng=rng)])
    >>> hs, states = net(np.ones((1, 5, 3)))
    >>> hs[-1].shape, hs[-1].place, [name for name, _ in net.named_parameters()][:2]
    ((1, 2), 'Stacked / layer=2 / t=5 / LSTMCell', ['layers.0.Wx', 'layers.0.Wh'])
    """

    def __init__(self, layers: Sequence[Any], between: SequenceLayer | None = None) -> None:
        self.layers, self.between = list(layers), between
        if not self.layers:
            raise DataError("Stacked of no layers", hint="give a list of cells, the lowest first")

    def forward(self, xs: Any, state: Any = None, reverse: bool = False) -> tuple[Any, list[Any]]:
        """xs as in `unroll`: the outputs of the highest layer, and the last state of every layer."""
        states = parts_of(state, len(self.layers), type(self).__name__)
        outputs, last = xs, []
        for number, (layer, start) in enumerate(zip(self.layers, states, strict=True), start=1):
            with scope("layer", layer=number):
                if number > 1 and self.between is not None:
                    outputs, _ = self.between(outputs)
                outputs, end = unroll(layer, outputs, start, reverse)
            last.append(end)
        return outputs, last


class Bidirectional(SequenceLayer):
    """Two layers read the same sequence, one from its start and one from its end (Schuster and Paliwal 1997).

        y_t = [h_t of `forwards`, h_t of `backwards`]

    The state is a pair of states; that of `backwards` ends at step 1. Nodes are stamped `direction=1` and `direction=-1`.

    >>> import numpy as np, tinygrad_rnn as tg
    >>> rng = np.random.default_rng(0)
    >>> net = tg.nn.Bidirectional(tg.nn.GRUCell(3, 4, rng=rng), tg.nn.GRUCell(3, 4, rng=rng))
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

    def forward(self, xs: Any, state: Any = None, reverse: bool = False) -> tuple[Any, tuple[Any, Any]]:
        """xs as in `unroll`: the joined outputs (batch, both sizes) of every step, and the last state of either direction."""
        starts = parts_of(state, 2, "Bidirectional")
        with scope("direction", direction=-1 if reverse else 1):
            ahead, first = unroll(self.forwards, xs, starts[0], reverse)
        with scope("direction", direction=1 if reverse else -1):
            back, second = unroll(self.backwards, xs, starts[1], not reverse)
        outputs = []
        for t, pair in enumerate(zip(ahead, back, strict=True), start=1):
            with time_step(t):
                outputs.append(named(concat(pair, axis=1), "y"))
        return outputs, (first, second)
