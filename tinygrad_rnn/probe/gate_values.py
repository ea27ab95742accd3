"""What the gates did in a run: their values, and how often they were as good as shut or open."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..engine.graph import Node
from ..engine.ops import MUL, SIGMOID, TANH
from ..errors import GraphError
from ..shared.array_type import Array, ShownByShape
from .given import Loss, as_loss
from .lanes import Lane, lanes_of, one_of

__all__ = ["Gate", "gates"]

EDGES = {SIGMOID: (0.1, 0.9), TANH: (-0.9, 0.9)}  # below and above, a value is saturated


@dataclass(frozen=True, eq=False, repr=False)
class Gate(ShownByShape):
    """One gate over time: `values` (T, batch, hidden), their `mean` (T,), and the shares of saturated values `low`, `high` (T,).

    Of a sigmoid, low is below 0.1 ("left-saturated") and high above 0.9 ("right-saturated"); of a tanh, below -0.9 and above 0.9.
    `op` is "sigmoid" or "tanh".
    """

    op: str
    values: Array
    mean: Array
    low: Array
    high: Array


def gates(loss: Loss, *, layer: int | None = None, direction: int | None = None, scope: str | None = None) -> dict[str, Gate]:
    """The gates of a cell by name, in the order in which it computes them: i, f, g, o of an LSTM, r, z, n of a GRU.

    A gate is any named result of sigmoid or tanh in the cell's scope that multiplies another result and is no state, so cells of your
    own have theirs. The steps stand in the order of time, whatever the direction. Nothing is computed again: the graph keeps them.
    Raises `GraphError` for a cell without a named sigmoid (a simple RNN has no gates), where several cells have gates and none is
    chosen, and for packed sequences, whose steps have different numbers of rows.

    Karpathy, Johnson and Li 2015, section 4.2 (left- and right-saturated gates).

    >>> import numpy as np, tinygrad_rnn as tg
    >>> cell = tg.nn.LSTMCell(2, 3, rng=np.random.default_rng(0), forget_bias=4.0)
    >>> hs, _ = tg.nn.unroll(cell, np.ones((4, 5, 2)))
    >>> found = tg.probe.gates(hs[-1].sum())
    >>> list(found), found["f"].values.shape, found["f"].high
    (['i', 'f', 'g', 'o'], (5, 4, 3), array([1., 1., 1., 1., 1.]))
    """
    found = {lane: _gates_in(lane) for lane in lanes_of(as_loss(loss))}
    gated = [
        lane for lane, results in found.items() if any(n.op is SIGMOID for steps in results.values() for n in steps.values())
    ]
    if not gated:
        raise GraphError(
            "no cell of this graph has a gate: a named sigmoid that multiplies",
            hint="LSTM and GRU have gates, a simple RNN has none; in a cell of your own name them: tg.named(tg.sigmoid(a), 'f')",
        )
    lane = one_of(gated, "have gates", layer, direction, scope)
    return {name: _gate(name, steps, lane) for name, steps in found[lane].items()}


def _gates_in(lane: Lane) -> dict[str, dict[int, Node]]:
    """The results that are gates, by name and step; where a step has several of a name they are numbered: "u 1", "u 2"."""
    states = {n for part in lane.parts(None) for n in part.values()}
    multiply = {p for nodes in lane.steps.values() for n in nodes if n.op is MUL for p in n.parents} - states
    found: dict[str, dict[int, list[Node]]] = {}
    for t, nodes in sorted(lane.steps.items()):
        for n in nodes:
            if n.name and n.op in EDGES and n in multiply:
                found.setdefault(n.name, {}).setdefault(t, []).append(n)
    most = {name: max(map(len, steps.values())) for name, steps in found.items()}
    return {
        name if most[name] == 1 else f"{name} {k + 1}": {t: nodes[k] for t, nodes in steps.items() if k < len(nodes)}
        for k in range(max(most.values(), default=0))
        for name, steps in found.items()
        if k < most[name]
    }


def _gate(name: str, steps: dict[int, Node], lane: Lane) -> Gate:
    nodes = list(steps.values())
    if len(shapes := {n.shape for n in nodes}) > 1:
        raise GraphError(
            f"{name} of {lane.place} has shapes {', '.join(map(str, sorted(shapes)))}",
            hint="of packed sequences some have ended: probe sequences of one length, or pad them",
        )
    op = nodes[0].op
    assert op is not None
    values = np.stack([n.saved for n in nodes])  # both ops keep their output
    low, high = EDGES[op]
    entries = tuple(range(1, values.ndim))
    return Gate(op.name, values, values.mean(entries), (values < low).mean(entries), (values > high).mean(entries))
