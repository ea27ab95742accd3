"""Layers made of cells and layers: on top of each other, reading from both ends, with a skip connection. They nest."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...engine.primitives import concat
from ...engine.scopes import here, place_of, scope
from ...engine.tensor import Tensor, named
from ...errors import DataError, GraphError, ShapeError
from ...shared.checks import check_kind
from ..inputs import each_step, fitting
from ..module import Module
from ..states import check_letters, states_of_parts
from .unrolling import SequenceLayer, unroll

__all__ = ["Bidirectional", "Residual", "Stacked", "looks_back"]


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
        check_kind("Stacked of", layers, (list, tuple), "give a list of cells, the lowest first")
        self.layers, self.between = list(layers), between
        if not self.layers:
            raise DataError("Stacked of no layers", hint="give a list of cells, the lowest first")

    def forward(self, xs: Any, state: Any = None, reverse: bool = False) -> tuple[Any, list[Any]]:
        """xs as in `unroll`: the outputs of the highest layer, and the last state of every layer."""
        states = states_of_parts(state, len(self.layers), type(self).__name__, list)
        outputs, last = xs, []
        for number, (layer, start) in enumerate(zip(self.layers, states, strict=True), start=1):
            with scope("layer", layer=number):
                if number > 1 and self.between is not None:
                    outputs, _ = self.between(outputs)
                check_letters(layer, start, of_layers=True)
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
        starts = states_of_parts(state, 2, "Bidirectional")
        with scope("direction", direction=-1 if reverse else 1):
            ahead, first = unroll(self.forwards, xs, starts[0], reverse)
        with scope("direction", direction=1 if reverse else -1):
            back, second = unroll(self.backwards, xs, starts[1], not reverse)
        return each_step(lambda *pair: named(concat(pair, axis=1), "y"), ahead, back), (first, second)


class Residual(SequenceLayer):
    """A skip connection around a cell or a layer: y_t = x_t + h_t (He et al. 2016; between recurrent layers, Wu et al. 2016).

    The state is that of `layer`. Raises `ShapeError` where the sizes of x and h differ.

    >>> import numpy as np, tinygrad_rnn as tg
    >>> rng = np.random.default_rng(0)
    >>> net = tg.nn.Stacked([tg.nn.GRUCell(3, 4, rng=rng), tg.nn.Residual(tg.nn.GRUCell(4, 4, rng=rng))])
    >>> ys, _ = net(np.ones((1, 5, 3)))
    >>> ys[-1].shape, ys[-1].place
    ((1, 4), 'Stacked / layer=2 / Residual / t=5')
    """

    def __init__(self, layer: Any) -> None:
        self.layer = layer

    def forward(self, xs: Any, state: Any = None, reverse: bool = False) -> tuple[list[Tensor], Any]:
        """x_t + h_t of every step, and the last state of the layer."""
        hs, state = unroll(self.layer, xs, state, reverse)
        for x, h in zip(xs, hs, strict=True):
            if x.shape != h.shape:
                raise ShapeError(
                    f"Residual adds x of shape {x.shape} to the {h.shape} that {type(self.layer).__name__} made of it",
                    where=place_of(here.mode.frames),
                    hint="the layer's output must have the size of its input: input_size == hidden_size",
                )
        return each_step(lambda x, h: named(fitting(x, h) + h, "y"), xs, hs), state


def looks_back(layer: Any) -> bool:
    """Whether a part of a layer reads from the end, so that it cannot write symbol by symbol."""
    return isinstance(layer, Module) and any(isinstance(part, Bidirectional) for part in layer.modules())
