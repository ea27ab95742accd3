"""The largest entry that a softmax takes off, as an operation: recorded as a constant, it depends on what the weights were.

It takes no part in the gradient, since the result does not depend on what is taken off.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from ..replay.records import GraphSnapshot, Record
from ..shared.array_type import Array

__all__ = ["largest_of", "with_largest"]

NAME, POWER = "max", "exp(-max)"  # what `log_softmax` and `softplus` call them


def with_largest(graph: GraphSnapshot) -> GraphSnapshot:
    """The graph in which such constants are ops, `largest`, of what they were taken of."""
    found: dict[int, Record] = {}
    for r in graph:
        if r.op != "sub" or r.parents[1] in found:
            continue
        x, c = (graph[p] for p in r.parents)
        if c.kind != "constant" or c.name != NAME or x.id > c.id or not c.value.size or len(x.shape) != len(c.shape):
            continue
        for args in ((_axes(x, c), True), None) if x.shape else (None,):
            if np.array_equal(largest_of(x.value, args), c.value, equal_nan=True):
                found[c.id] = _op(c, x, args, r)
                break
    for r in graph:  # what softplus adds to exp(x - max)
        if r.op == "add" and (c := graph[r.parents[0]]).kind == "constant" and c.name == POWER:
            e = graph[r.parents[1]]
            x = graph[graph[e.parents[0]].parents[0]] if e.op == "exp" and graph[e.parents[0]].op == "sub" else c
            if x.id < c.id and np.array_equal(largest_of(x.value, POWER), c.value, equal_nan=True):
                found[c.id] = _op(c, x, POWER, r)
    return GraphSnapshot(tuple(found.get(r.id, r) for r in graph), graph.sent) if found else graph


def _op(c: Record, x: Record, args: Any, reader: Record) -> Record:
    return replace(c, kind="op", op="largest", parents=(x.id,), frames=reader.frames, args=args, name=None)


def _axes(x: Record, c: Record) -> tuple[int, ...]:
    """The axes over which it was taken, one at least: the last one if none is shorter."""
    axes = tuple(k for k, (n, m) in enumerate(zip(x.shape, c.shape, strict=False)) if n != m)
    return axes or (len(x.shape) - 1,)


def largest_of(x: Array, args: Any) -> Array:
    """The largest entry, for (axes, True); the larger of each entry and 0, for None; exp of minus that, for `POWER`.

    >>> import numpy as np
    >>> from tinygrad_rnn.program.largest import largest_of
    >>> largest_of(np.array([[1.0, 2.0]]), ((1,), True)), largest_of(np.array([-1.0, 2.0]), None)
    (array([[2.]]), array([0., 2.]))
    """
    if args == POWER:
        return np.asarray(np.exp(-np.maximum(x, 0)))
    return np.asarray(np.maximum(x, 0) if args is None else x.max(axis=args[0], keepdims=args[1]))
