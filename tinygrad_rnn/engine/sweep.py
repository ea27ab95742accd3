"""Backpropagation that explains itself: the same chain rule as `backward`, as a generator that keeps every gradient apart.

It yields what each node sent along each of its edges. `grad`, snapshots and the stepper stand on it.
"""

from __future__ import annotations

from collections.abc import Container, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..errors import GraphError, ShapeError
from ..shared.array_type import Array
from .arrays import ONE
from .dtypes import as_array
from .graph import Node, reachable
from .ops import BOTH, NOTHING, OTHER, OUTPUT

if TYPE_CHECKING:
    from .tensor import Tensor

__all__ = ["Visit", "gradients_sent", "seed_of", "sweep"]


def seed_of(loss: Tensor, gradient: Any) -> Array:
    """The gradient that a backward pass starts with: 1 for a single number."""
    if not hasattr(loss, "node"):
        raise GraphError(f"backward pass of a {type(loss).__name__}", hint="it needs the tensor that was computed, not its value")
    if loss.node is None:
        raise GraphError(
            "backward pass of a tensor that was not computed from anything with requires_grad",
            hint="give the weights requires_grad=True, and compute the loss from tensors (not their .data), outside no_grad()",
        )
    if gradient is None:
        if loss.size != 1:
            raise GraphError(
                f"backward pass of a tensor of shape {loss.shape}: only a single number has a gradient by itself",
                where=loss.place,
                hint="take .sum() or .mean() first, or give backward(gradient) of the same shape",
            )
        return ONE[loss.dtype] if not loss.ndim else np.ones(loss.shape, loss.dtype)
    array = as_array(gradient, loss.dtype)
    if array.shape != loss.shape:
        raise ShapeError(
            f"a gradient of shape {array.shape} for a tensor of shape {loss.shape}",
            where=loss.place,
            hint="give one of its shape",
        )
    return array


class Visit(NamedTuple):
    """What one node did in a backward pass."""

    node: Node
    upstream: Any  # its complete gradient
    edges: list[tuple[int, Any]]  # (slot, gradient sent to the parent in that slot)


def gradients_sent(F: Any, n: Node, g: Any, only: Container[Node] | None = None) -> Iterator[tuple[int, Any]]:
    """The gradient that a node sends along each of its edges (to those parents only), in the shape of the parent."""
    op = n.op
    assert op is not None
    saved = _saved(F, n)
    for slot, parent in enumerate(n.parents):
        if parent is None or (only is not None and parent not in only):
            continue
        if op.inputs == 0:
            c = op.vjps[0](F, n, g, slot)
        elif op.saves is OTHER:
            c = op.vjps[slot](F, n, g, saved[1 - slot])
        else:
            c = op.vjps[slot](F, n, g, *saved)
        yield slot, c if c.shape == parent.shape else F.unbroadcast(c, parent.shape)


def _saved(F: Any, n: Node) -> tuple[Any, ...]:
    """The saved values as the reader `F` wants them."""
    assert n.op is not None
    saves, saved = n.op.saves, n.saved
    if saves is NOTHING:
        return ()
    if saves is OTHER or saves is BOTH:
        return tuple(None if x is None else F.value(x, n.parents[k]) for k, x in enumerate(saved))
    return (F.value(saved, n if saves is OUTPUT else n.parents[0]),)


def sweep(loss: Tensor, seed: Any, F: Any) -> Iterator[Visit]:
    """Yield what each node did, from the loss back to the oldest; leaves last, with their complete gradient and no edges.

    Touches no `.grad`. A node is yielded when every node that uses it has reported.
    """
    root = loss.node
    assert root is not None
    nodes, leaves = reachable(root)
    gradients: dict[Node, Any] = {root: seed}
    for n in reversed(nodes):
        g = gradients.pop(n, None)
        if g is None:
            continue
        with F.at(n):
            edges = list(gradients_sent(F, n, g))
            for slot, c in edges:
                parent = n.parents[slot]
                assert parent is not None
                gradients[parent] = gradients[parent] + c if parent in gradients else c
        yield Visit(n, g, edges)
    for leaf in reversed(leaves):
        if leaf in gradients:
            yield Visit(leaf, gradients[leaf], [])
