"""Backpropagation: one fast pass for training, and one that explains itself for everything else.

`backward` is the training path: gradients sit on the nodes while the pass runs, weight gradients are deferred until all time
steps can be multiplied out at once, and only leaves receive a `.grad`. `sweep` is the same chain rule as a generator: it
keeps every gradient apart and yields what each node sent along each edge. `grad`, snapshots and the stepper stand on it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import nullcontext
from typing import Any, NamedTuple, overload

import numpy as np

from . import anomaly, kernels, ops, primitives
from .errors import GraphError, ShapeError
from .graph import Change, Frame, Leaf, Node, here, hooks, reachable
from .kernels import Array, Arrays, Deferred, Placed, Product, unbroadcast
from .ops import BOTH, NOTHING, OTHER, OUTPUT, same
from .tensor import Tensor, apply1, as_array, as_tensor

__all__ = ["Sent", "backward", "grad", "sweep"]

ndarray = np.ndarray
FLUSH_ROWS = 4096  # deferred products are multiplied out when they hold this many rows: it bounds the memory


def seed_of(loss: Tensor, gradient: Any) -> Array:
    """The gradient that a backward pass starts with: 1 for a single number."""
    if not isinstance(loss, Tensor):
        raise GraphError(f"backward pass of a {type(loss).__name__}", hint="it needs the tensor that was computed, not its value")
    if loss.node is None:
        raise GraphError(
            "backward pass of a tensor that was not computed from anything with requires_grad",
            hint="give the weights requires_grad=True, and compute the loss outside no_grad()",
        )
    if gradient is None:
        if loss.size != 1:
            raise GraphError(
                f"backward pass of a tensor of shape {loss.shape}: only a single number has a gradient by itself",
                where=loss.place,
                hint="take .sum() or .mean() first, or give backward(gradient) of the same shape",
            )
        return np.ones(loss.shape, loss.dtype)
    array = as_array(gradient, loss.dtype)
    if array.shape != loss.shape:
        raise ShapeError(f"a gradient of shape {array.shape} for a tensor of shape {loss.shape}", where=loss.place)
    return array


# ---- the training path --------------------------------------------------------------------------------------------------------


def backward(loss: Tensor, gradient: Any = None, *, keep_graph: bool = True) -> None:
    """Add d(loss)/d(leaf) to `.grad` of every leaf that the loss was computed from.

    `gradient` is d(something)/d(loss), needed where the loss is not a single number. The graph stays for pictures and further
    passes and dies with the last reference to it; `keep_graph=False` frees it on the way, which saves memory in a training loop.
    Raises `GraphError` for a non-scalar without `gradient`, a freed graph, a value changed in place since it was recorded.
    """
    seed = seed_of(loss, gradient)
    root = loss.node
    assert root is not None
    nodes, leaves = reachable(root)
    root.g, root.owned = seed, False
    F = Deferred()
    watching, hooked = here.mode.watching, bool(hooks)
    pop = nodes.pop
    while nodes:
        n = pop()
        if n.pending:
            _settle(n)
        g = n.g
        if g is None:
            continue
        n.g = None
        if hooked and n in hooks:
            g = _complete(n, g)
        op, parents, saved = n.op, n.parents, n.saved
        if watching:
            anomaly.inspect_saved(n)
        inputs, saves, vjps = op.inputs, op.saves, op.vjps  # type: ignore[union-attr]
        if inputs == 2:
            p, q = parents
            if saves is OTHER:
                x, z = saved
                if p is not None:
                    _give(p, vjps[0](F, n, g, z), g)
                if q is not None:
                    _give(q, vjps[1](F, n, g, x), g)
            elif saves is NOTHING:
                if p is not None:
                    _give(p, g if vjps[0] is same else vjps[0](F, n, g), g)
                if q is not None:
                    _give(q, g if vjps[1] is same else vjps[1](F, n, g), g)
            else:
                for parent, vjp in zip(parents, vjps, strict=True):
                    if parent is not None:
                        _give(parent, vjp(F, n, g, *saved), g)
        elif inputs == 1:
            vjp = vjps[0]
            _give(parents[0], vjp(F, n, g) if saves is NOTHING else vjp(F, n, g, saved), g)
        else:
            for k, parent in enumerate(parents):
                if parent is not None:
                    _give(parent, vjps[0](F, n, g, k), g)
        if watching:
            _inspect_sent(n, g)
        if not keep_graph:
            n.parents, n.saved, n.consts = (), None, None
    _finish(leaves)


def _give(p: Any, c: Any, g: Any) -> None:
    """Add the gradient `c` to what node `p` has so far; `g`, which other nodes may hold too, is never written to."""
    if type(c) is ndarray:
        if c.shape == p.shape:
            so_far = p.g
            if so_far is None:
                p.g, p.owned = c, c is not g and c.base is None
            elif p.owned and c.ndim:
                so_far += c
            else:
                p.g, p.owned = np.asarray(so_far + c), True
        elif len(p.shape) == 1 and c.ndim == 2 and c.shape[1] == p.shape[0]:
            _later(p, c, len(c))
        else:
            _give(p, np.asarray(unbroadcast(c, p.shape)), g)
    elif type(c) is Product:
        _later(p, c, len(c.g))
    elif type(c) is Placed:
        _place(p, c.g, c.key)
    else:
        _give(p, np.asarray(c), g)


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
    if type(pending[0]) is Product:
        if len(pending) == 1:
            total = pending[0].a.T.dot(pending[0].g)
        else:
            total = np.concatenate([item.a for item in pending]).T.dot(np.concatenate([item.g for item in pending]))
    elif len(pending) == 1:
        total = np.add.reduce(pending[0], axis=0)
    else:
        rows = np.concatenate(pending)
        total = np.ones(len(rows), rows.dtype).dot(rows)
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
    if kernels.is_basic(key):
        part = p.g[key]
        if type(part) is ndarray:
            np.add(part, g, part)
        else:
            p.g[key] = part + g
    else:
        np.add.at(p.g, key, g)


def _complete(n: Node, g: Array) -> Array:
    """Run the hooks of a node whose gradient is complete."""
    for hook in list(hooks[n]):
        if hook is None:
            n.grad = np.array(g)
        else:
            changed = hook(g)
            if changed is not None:
                changed = as_array(changed, g.dtype)
                if changed.shape != n.shape:
                    raise ShapeError(f"a hook returned a gradient of shape {changed.shape} for a tensor of shape {n.shape}")
                g = changed
    return g


def _finish(leaves: Iterable[Leaf]) -> None:
    """Hand the leaves their gradients: last, so that a pass that fails leaves none half done."""
    for leaf in leaves:
        if leaf.pending:
            _settle(leaf)
        g = leaf.g
        leaf.g = None
        if g is None:
            continue
        if leaf in hooks:
            g = _complete(leaf, g)
        if leaf.grad is not None:
            leaf.grad = np.asarray(leaf.grad + g, leaf.value.dtype)
        elif leaf.owned and g.dtype == leaf.value.dtype:
            leaf.grad = g
        else:
            leaf.grad = np.array(g, leaf.value.dtype)


def _inspect_sent(n: Node, g: Array) -> None:
    for slot, sent in contributions(Exact(), n, g):
        anomaly.inspect_gradient(n, slot, sent)


# ---- the pass that explains itself ----------------------------------------------------------------------------------------------


class Sent(NamedTuple):
    """What one node did in a backward pass."""

    node: Node
    upstream: Any  # its complete gradient
    edges: list[tuple[int, Any]]  # (slot, gradient sent to the parent in that slot)


def contributions(F: Any, n: Node, g: Any) -> Iterator[tuple[int, Any]]:
    """The gradient that a node sends along each of its edges, in the shape of the parent."""
    op = n.op
    assert op is not None
    saved = _saved(F, n)
    for slot, parent in enumerate(n.parents):
        if parent is None:
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


class Exact(Arrays):
    """The instrumented reader: every gradient on the spot, nothing deferred."""

    nowhere = nullcontext()

    def at(self, n: Node) -> nullcontext[None]:
        return self.nowhere

    def value(self, x: Array, node: Node | None) -> Array:
        return x

    def unbroadcast(self, c: Array, shape: tuple[int, ...]) -> Array:
        return np.asarray(unbroadcast(np.asarray(c), shape))


class Recorded:
    """The reader that records gradients as a graph of their own, so that they can be differentiated and drawn."""

    def at(self, n: Node) -> Change:
        """Gradients are recorded in the scope and time step of the node whose rule they apply."""
        return Change((*n.frames, Frame("backward")), at_top=True)

    def value(self, x: Array, node: Node | None) -> Tensor:
        t = as_tensor(x)
        t.node = node
        return t

    def unbroadcast(self, c: Tensor, shape: tuple[int, ...]) -> Tensor:
        if c.ndim > len(shape):
            c = c.sum(tuple(range(c.ndim - len(shape))))
        axes = tuple(axis for axis, n in enumerate(shape) if n == 1 and c.shape[axis] != 1)
        return c.sum(axes, keepdims=True) if axes else c

    def matmul(self, g: Tensor, b: Tensor) -> Tensor:
        return primitives.matmul(g, b)

    def swap(self, b: Tensor) -> Tensor:
        return b.transpose(*range(b.ndim - 2), b.ndim - 1, b.ndim - 2)

    def product(self, a: Tensor, g: Tensor, ndim: int) -> Tensor:
        if ndim == 2 < a.ndim:
            a, g = a.reshape(-1, a.shape[-1]), g.reshape(-1, g.shape[-1])
        return self.swap(a) @ g

    def place(self, g: Tensor, key: Any, shape: tuple[int, ...]) -> Tensor:
        return primitives.place(g, key, shape)

    def tanh_slope(self, g: Tensor, y: Tensor) -> Tensor:
        return g * (1.0 - y * y)

    def sigmoid_slope(self, g: Tensor, y: Tensor) -> Tensor:
        return g * (y * (1.0 - y))

    def power(self, a: Tensor, exponent: float) -> Tensor:
        return a**exponent

    def sign(self, a: Tensor) -> Array:
        return Arrays().sign(a.data)

    def positive(self, y: Tensor) -> Array:
        return np.asarray(y.data > 0, y.dtype)

    def larger(self, a: Tensor, b: Tensor) -> Array:
        return Arrays().larger(a.data, b.data)

    def is_max(self, a: Tensor, axis: Any) -> Array:
        return Arrays().is_max(a.data, axis)

    def where(self, condition: Array, g: Tensor) -> Tensor:
        return primitives.where(condition, g, 0.0)

    def reshape(self, g: Tensor, shape: tuple[int, ...]) -> Tensor:
        return g.reshape(shape)

    def transpose(self, g: Tensor, axes: tuple[int, ...]) -> Tensor:
        return apply1(ops.TRANSPOSE, g, axes)

    def spread(self, g: Tensor, shape: tuple[int, ...]) -> Tensor:
        return primitives.broadcast_to(g, shape)


def sweep(loss: Tensor, seed: Any, F: Any) -> Iterator[Sent]:
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
            edges = list(contributions(F, n, g))
            for slot, c in edges:
                parent = n.parents[slot]
                assert parent is not None
                gradients[parent] = gradients[parent] + c if parent in gradients else c
        yield Sent(n, g, edges)
    for leaf in reversed(leaves):
        if leaf in gradients:
            yield Sent(leaf, gradients[leaf], [])


@overload
def grad(loss: Tensor, inputs: Tensor, create_graph: bool = ..., gradient: Any = ...) -> Any: ...
@overload
def grad(loss: Tensor, inputs: Sequence[Tensor], create_graph: bool = ..., gradient: Any = ...) -> list[Any]: ...
def grad(loss: Tensor, inputs: Tensor | Sequence[Tensor], create_graph: bool = False, gradient: Any = None) -> Any:
    """d(loss)/d(input) for each input, leaf or result, without touching any `.grad`.

    Arrays; with `create_graph=True` Tensors, recorded like any other computation, so that they can be differentiated again.
    An input that the loss does not depend on gets zeros. One input gives one gradient, a list gives a list.

    >>> import tinygrad_rnn as tg
    >>> x = tg.Tensor(3.0, requires_grad=True)
    >>> dx = tg.grad(x**3, x, create_graph=True)
    >>> dx.item(), tg.grad(dx, x).item()
    (27.0, 18.0)
    """
    wanted = [inputs] if isinstance(inputs, Tensor) else list(inputs)
    for k, t in enumerate(wanted):
        if not isinstance(t, Tensor) or t.node is None:
            raise GraphError(f"grad with respect to input {k + 1}, which has no gradient", hint="give it requires_grad=True")
    found: dict[Node, Any] = {t.node: None for t in wanted if t.node is not None}
    seed = seed_of(loss, gradient)
    F: Any = Recorded() if create_graph else Exact()
    for sent in sweep(loss, as_tensor(seed) if create_graph else seed, F):
        if sent.node in found:
            found[sent.node] = sent.upstream
    gradients = [np.zeros(t.shape, t.dtype) if found[t.node] is None else found[t.node] for t in wanted]  # type: ignore[index]
    result = [as_tensor(g) if create_graph else np.array(g, t.dtype) for g, t in zip(gradients, wanted, strict=True)]
    return result[0] if isinstance(inputs, Tensor) else result
