"""What the graph keeps for the backward pass, in bytes: the price of backpropagation through time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..engine.graph import Node
from ..shared.array_type import Array, ShownByShape
from .given import Loss, as_loss, recorded_graph
from .lanes import Timeline

__all__ = ["ActivationMemory", "activation_memory", "bytes_kept"]


@dataclass(frozen=True, eq=False, repr=False)
class ActivationMemory(ShownByShape):
    """Bytes of computed arrays that a graph keeps: `total` = `by_step`.sum() + `outside`, and = the sum over `by_op`.

    `by_step` (T,) holds integers for t = 1..T; `outside` is kept by ops outside of time steps; `by_op` names the ops that keep them.
    `given` are the bytes of weights and data that the graph refers to as well, and that exist without it.
    """

    total: int
    by_step: Array
    outside: int
    by_op: dict[str, int]
    given: int


def activation_memory(loss: Loss) -> ActivationMemory:
    """How many bytes the recorded graph of `loss` keeps for its backward pass: the arrays that its vjps read, each counted once.

    A view keeps the whole array that it is a part of alive, so that is what counts. An array that several ops keep counts for the
    oldest of them. What the nodes themselves take (a few hundred bytes each) is not counted. Activations grow with T, which
    truncation bounds; weights and data (`given`) do not.
    Raises `GraphError` for what has no graph, and where it was freed.

    >>> import numpy as np, tinygrad_rnn as tg
    >>> cell = tg.nn.RNNCell(2, 3, rng=np.random.default_rng(0))
    >>> hs, _ = tg.nn.unroll(cell, np.ones((4, 5, 2)))
    >>> memory = tg.probe.activation_memory(hs[-1].sum())
    >>> memory.by_step  # one h (4, 3) of float64 a step, kept by its tanh and read by the next step
    array([96, 96, 96, 96, 96])
    """
    nodes, leaves = recorded_graph(as_loss(loss))
    timeline = Timeline(nodes)
    given = _given(nodes, leaves)
    by_step = np.zeros(max((t for t, _ in timeline.found.values()), default=0), np.int64)
    by_op: dict[str, int] = {}
    outside = 0
    for n, size in bytes_kept(nodes, leaves):
        assert n.op is not None
        by_op[n.op.name] = by_op.get(n.op.name, 0) + size
        if (t := timeline.step(n)) is None:
            outside += size
        else:
            by_step[t - 1] += size
    return ActivationMemory(int(by_step.sum()) + outside, by_step, outside, by_op, sum(owner.nbytes for owner in given.values()))


def bytes_kept(nodes: Iterable[Node], leaves: Iterable[Node]) -> Iterator[tuple[Node, int]]:
    """The bytes of each array that a node keeps and no older one, nor the weights and the data."""
    nodes = [*nodes]
    seen = {*_given(nodes, leaves)}
    for n in nodes:
        for owner in map(_owner, _kept(n)):
            if id(owner) not in seen:
                seen.add(id(owner))
                yield n, owner.nbytes


def _given(nodes: Iterable[Node], leaves: Iterable[Node]) -> dict[int, Array]:
    """The arrays of weights and data, by identity."""
    constants = [t._array for n in nodes for t in n.consts or () if t is not None]
    return {id(owner): owner for x in (*(leaf.value for leaf in leaves), *constants) for owner in [_owner(x)]}


def _kept(n: Node) -> Iterator[Array]:
    """The arrays that the vjps of a node read."""
    saved: Any = n.saved if isinstance(n.saved, tuple) else (n.saved,)
    settings = n.args if isinstance(n.args, tuple) else (n.args,)
    return (x for x in (*saved, *settings) if isinstance(x, np.ndarray))


def _owner(x: Array) -> Array:
    """The array whose memory x is a part of."""
    while isinstance(x.base, np.ndarray):
        x = x.base
    return x
