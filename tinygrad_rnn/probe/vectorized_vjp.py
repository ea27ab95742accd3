"""Many gradients in one walk: a leading axis on each, one row for every row of a Jacobian, or for every age of a gradient.

A pass for each row would be the same numbers; one pass for all of them spares the walk, which is most of the cost of small nets.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from ..engine import arrays as kernels
from ..engine.arrays import is_basic
from ..engine.graph import Node
from ..engine.ops import CONCAT, CUMSUM, GETITEM, PLACE, STACK
from ..engine.sweep import gradients_sent
from ..engine.vjp_on_arrays import Exact
from ..shared.array_type import Array, Index

__all__ = ["EXACT", "VECTORIZED", "leading_to", "pull", "rows_sent"]

BY_POSITION = {CONCAT, CUMSUM, PLACE, STACK}  # their vjps index the gradient by the axes of one


class Vectorized(Exact):
    """The reader of gradients with a leading axis. What works by broadcasting is inherited."""

    def matmul(self, g: Array, b: Array) -> Array:
        if b.ndim == 2:
            return np.asarray(kernels.as_matrix(g).dot(b)).reshape(*g.shape[:-1], b.shape[1])
        return np.matmul(g, b)

    def product(self, a: Array, g: Array, ndim: int) -> Array:
        if ndim == 2 < a.ndim:
            a = kernels.as_matrix(a)
            g = g.reshape(len(g), len(a), g.shape[-1])
        return np.matmul(np.swapaxes(a, -1, -2), g)

    def place(self, g: Array, key: Index, shape: tuple[int, ...]) -> Array:
        if is_basic(key):
            return kernels.place(g, (slice(None), *(key if isinstance(key, tuple) else (key,))), (len(g), *shape))
        return np.stack([kernels.place(row, key, shape) for row in g])

    def tanh_slope(self, g: Array, y: Array) -> Array:
        return g * (1.0 - y * y)

    def sigmoid_slope(self, g: Array, y: Array) -> Array:
        return g * (y * (1.0 - y))

    def reshape(self, g: Array, shape: tuple[int, ...]) -> Array:
        return g.reshape(len(g), *shape)

    def transpose(self, g: Array, axes: tuple[int, ...]) -> Array:
        return g.transpose(0, *(axis + 1 for axis in axes))

    def unbroadcast(self, g: Array, shape: tuple[int, ...]) -> Array:
        extra = g.ndim - 1 - len(shape)
        if extra:
            g = g.sum(tuple(range(1, extra + 1)))
        axes = tuple(axis for axis, n in enumerate(shape, start=1) if n == 1 and g.shape[axis] != 1)
        return np.asarray(g.sum(axes, keepdims=True) if axes else g)

    def spread(self, g: Array, shape: tuple[int, ...]) -> Array:
        extra = 1 + len(shape) - g.ndim
        return np.broadcast_to(g.reshape(len(g), *(1,) * extra, *g.shape[1:]), (len(g), *shape))


VECTORIZED, EXACT = Vectorized(), Exact()


def rows_sent(F: Any, n: Node, g: Any, only: Any) -> Iterable[tuple[int, Any]]:
    """What a node sends along its edges to the nodes in `only`: the rule of `sweep`, for gradients with rows too."""
    if F is not VECTORIZED or n.op not in BY_POSITION:
        return gradients_sent(F, n, g, only)
    each = [list(gradients_sent(EXACT, n, row, only)) for row in g]
    return [(pairs[0][0], np.stack([c for _, c in pairs])) for pairs in zip(*each, strict=True)]


def leading_to(nodes: Iterable[Node], wanted: Iterable[Node], through: bool) -> list[Node]:
    """Of nodes, oldest first, those that were computed from the wanted ones; these are among them only if paths lead `through`."""
    reached = set(wanted)
    found = []
    for n in nodes:
        if (through or n not in reached) and not reached.isdisjoint(n.parents):
            reached.add(n)
            found.append(n)
    return found


def pull(
    F: Any, seeds: Sequence[tuple[Node, Any]], nodes: Iterable[Node], wanted: Sequence[Node], through: bool = False
) -> list[Any]:
    """The gradients of the wanted nodes by paths through `nodes` (oldest first) alone, None where no gradient arrives.

    `seeds` are what to start from. Paths end at a wanted node, as the parts of a state are coordinates; or they lead `through` it.
    """
    path = leading_to(nodes, wanted, through)
    keep = set(wanted)
    only = {*path, *keep}
    gradients: dict[Node, Any] = {}
    for target, seed in seeds:
        if target in only:
            gradients[target] = gradients[target] + seed if target in gradients else seed
    own: set[Node] = set()  # gradients that slices are added into
    with np.errstate(over="ignore", invalid="ignore"):  # a gradient that explodes is a finding: infinity is what to report
        for n in reversed(path):
            g = gradients.get(n) if n in keep else gradients.pop(n, None)
            if g is None:
                continue
            if F is VECTORIZED and n.op is GETITEM and is_basic(n.args):
                _add_slice(n, g, gradients, own)
                continue
            with F.at(n):
                for slot, c in rows_sent(F, n, g, only):
                    parent = n.parents[slot]
                    assert parent is not None
                    gradients[parent] = gradients[parent] + c if parent in gradients else c
                    own.discard(parent)
    return [gradients.get(n) for n in wanted]


def _add_slice(n: Node, g: Array, gradients: dict[Node, Any], own: set[Node]) -> None:
    """Add what a slice sends into the gradient of its whole, without making a whole one for each slice."""
    whole = n.parents[0]
    assert whole is not None
    if whole not in own:
        before = gradients.get(whole)
        gradients[whole] = np.zeros((len(g), *whole.shape), g.dtype) if before is None else np.array(before)
        own.add(whole)
    key = (slice(None), *n.args) if isinstance(n.args, tuple) else (slice(None), n.args)
    gradients[whole][key] += g
