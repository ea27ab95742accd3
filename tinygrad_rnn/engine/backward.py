"""Backpropagation for training: gradients sit on the nodes while the pass runs, and only leaves receive a `.grad`.

Weight gradients are deferred until all time steps can be multiplied out at once. `engine/sweep.py` is the same chain rule for
everything else.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import GraphError, ShapeError
from ..shared.array_type import Array
from ..shared.checks import check_flags
from .arrays import is_basic, unbroadcast
from .dtypes import as_array
from .graph import Node, lock, reachable
from .mistakes import anomaly, training_loop
from .ops import NOTHING, OTHER, same
from .scopes import here
from .sweep import gradients_sent, seed_of
from .vjp_on_arrays import Deferred, Exact, PlacedGradient

if TYPE_CHECKING:
    from .tensor import Tensor

__all__ = ["backward"]


class _Running(threading.local):
    inside_hook = False


running = _Running()
ndarray = np.ndarray
FLUSH_ROWS = 4096  # deferred products are multiplied out when they hold this many rows: it bounds the memory


def backward(loss: Tensor, gradient: Any = None, *, keep_graph: bool = True) -> None:
    """Add d(loss)/d(leaf) to `.grad` of every leaf that the loss was computed from.

    `gradient` is d(something)/d(loss), needed where the loss is not a single number. The graph stays for pictures and further
    passes and dies with the last reference to it; `keep_graph=False` frees it on the way, which saves memory in a training loop.
    Raises `GraphError` for a non-scalar without `gradient`, a freed graph, a value changed in place since it was recorded.
    """
    check_flags("backward", keep_graph=keep_graph)
    seed = seed_of(loss, gradient)
    root = loss.node
    assert root is not None
    if running.inside_hook:
        raise GraphError("backward() inside a hook of another backward()", hint="use tg.grad there: it keeps its gradients apart")
    watching = here.mode.watching
    with lock:
        if watching:
            training_loop.before_backward(root)
        nodes, leaves = reachable(root, clear=True)
        root.g, root.owned = seed, False
        _pull(nodes, keep_graph)
        if watching:
            training_loop.before_gradients(leaves)
        _finish(leaves)


def _pull(nodes: list[Node], keep_graph: bool) -> None:
    """Apply the rule of every node, youngest first, and leave what their parents receive on the parents."""
    F = Deferred()
    watching = here.mode.watching
    pop = nodes.pop
    while nodes:
        n = pop()
        if n.pending:
            _settle(n)
        g = n.g
        if g is None:
            continue
        n.g = None
        if n.hooks:
            g = _complete(n, g)
        op = n.op
        parents = n.parents
        if watching:
            anomaly.inspect_saved(n)
        vjps = op.vjps  # type: ignore[union-attr]
        saves = op.saves  # type: ignore[union-attr]
        inputs = op.inputs  # type: ignore[union-attr]
        c = d = None
        if inputs == 2:
            p, q = parents
            if saves is OTHER:
                x, z = n.saved
                if p is not None:
                    c = vjps[0](F, n, g, z)
                if q is not None:
                    d = vjps[1](F, n, g, x)
            elif saves is NOTHING:
                if p is not None:
                    c = g if vjps[0] is same else vjps[0](F, n, g)
                if q is not None:
                    d = g if vjps[1] is same else vjps[1](F, n, g)
            else:
                if p is not None:
                    c = vjps[0](F, n, g, *n.saved)
                if q is not None:
                    d = vjps[1](F, n, g, *n.saved)
            if d is not None:  # the common case of _give stands here and below once more: it saves a call an edge
                if type(d) is ndarray and q.g is None and d.shape == q.shape:  # type: ignore[union-attr]
                    q.g = d  # type: ignore[union-attr]
                    q.owned = d is not g and d.base is None  # type: ignore[union-attr]
                else:
                    _give(q, d, g)
        elif inputs == 1:  # with one input the vjp returns its shape
            p = parents[0]
            c = vjps[0](F, n, g) if saves is NOTHING else vjps[0](F, n, g, n.saved)
            if type(c) is ndarray and p.g is None:  # type: ignore[union-attr]
                p.g = c  # type: ignore[union-attr]
                p.owned = c is not g and c.base is None  # type: ignore[union-attr]
                c = None
        else:
            for k, parent in enumerate(parents):
                if parent is not None:
                    _give(parent, vjps[0](F, n, g, k), g)
        if c is not None:
            if type(c) is ndarray and p.g is None and c.shape == p.shape:  # type: ignore[union-attr]
                p.g = c  # type: ignore[union-attr]
                p.owned = c is not g and c.base is None  # type: ignore[union-attr]
            else:
                _give(p, c, g)
        if watching:
            _inspect_sent(n, g)
        if not keep_graph:
            n.parents = ()
            n.saved = None


def _give(p: Any, c: Any, g: Any) -> None:
    """Add the gradient `c` to what node `p` has so far; `g`, which other nodes may hold too, is never written to."""
    kind = type(c)
    if kind is tuple:  # a product, deferred
        _later(p, c, len(c[1]))
        return
    if kind is PlacedGradient:
        _place(p, c.g, c.key)
        return
    if kind is not ndarray:  # NumPy makes a number of what has no axes
        c = np.asarray(c)
    if c.shape != p.shape:
        if len(p.shape) == 1 and c.ndim == 2 and c.shape[1] == p.shape[0]:
            _later(p, c, len(c))
            return
        c = np.asarray(unbroadcast(c, p.shape))
    so_far = p.g
    if so_far is None:
        p.g = c
        p.owned = c is not g and c.base is None
    elif p.owned and c.ndim:
        so_far += c
    else:
        p.g = np.asarray(so_far + c)
        p.owned = True


def _later(p: Node, item: Any, rows: int) -> None:
    if p.pending is None:
        p.pending = [item]
    else:
        p.pending.append(item)
        if len(p.pending) * rows >= FLUSH_ROWS:
            _settle(p)


def _settle(p: Node) -> None:
    """Multiply out what was deferred: the gradient of a weight over all time steps in one product, of a bias in one sum."""
    pending: list[Any] = p.pending or []
    p.pending = None
    if type(pending[0]) is tuple:
        a, g = pending[0] if len(pending) == 1 else map(np.concatenate, zip(*pending, strict=True))
        total = a.T.dot(g)
    else:
        rows = pending[0] if len(pending) == 1 else np.concatenate(pending)
        total = np.ones(len(rows), rows.dtype).dot(rows)  # faster than rows.sum(axis=0)
    if p.g is None:
        p.g, p.owned = total, True
    else:
        p.g, p.owned = p.g + total, True


def _place(p: Node, g: Array, key: Any) -> None:
    """Add `g` at `key` into the gradient of `p`, without making a whole one for each slice."""
    if p.g is None:
        p.g, p.owned = np.zeros(p.shape, g.dtype), True
    elif not p.owned:
        p.g, p.owned = p.g.copy(), True
    if is_basic(key):
        part = p.g[key]
        if type(part) is ndarray:
            np.add(part, g, part)
        else:
            p.g[key] = part + g
    else:
        np.add.at(p.g, key, g)


def _complete(n: Node, g: Array) -> Array:
    """Run the hooks of a node whose gradient is complete; keep it in `grad` at the end, if that was asked for."""
    for hook in [hook for hook in n.hooks or () if hook is not None]:
        running.inside_hook = True
        try:
            changed = hook(g.copy())
        finally:
            running.inside_hook = False
        if changed is not None:
            changed = np.array(as_array(changed, g.dtype))
            if changed.shape != n.shape:
                raise ShapeError(f"a hook returned a gradient of shape {changed.shape} for a tensor of shape {n.shape}")
            g = changed
    if n.hooks and None in n.hooks and n.op is not None:
        n.grad = g.copy() if n.grad is None else n.grad + g
    return g


def _finish(leaves: Iterable[Node]) -> None:
    """Hand the leaves their gradients: all together at the end, so that a pass that fails leaves none half done."""
    received = []
    for leaf in leaves:
        if leaf.pending:
            _settle(leaf)
        g = leaf.g
        leaf.g = None
        if g is not None:
            if leaf.hooks:
                g, leaf.owned = np.array(_complete(leaf, g)), True
            received.append((leaf, g))
    for leaf, g in received:
        if leaf.grad is not None:
            leaf.grad = np.asarray(leaf.grad + g, leaf.value.dtype)
        elif leaf.owned and g.dtype == leaf.value.dtype:
            leaf.grad = g
        else:
            leaf.grad = np.array(g, leaf.value.dtype)


def _inspect_sent(n: Node, g: Array) -> None:
    for slot, sent in gradients_sent(Exact(), n, g):
        anomaly.inspect_gradient(n, slot, sent)
