"""The recorded graph: nodes, and the walk over them.

A node knows its op, its parents (older nodes), its settings and only those arrays that its vjp reads. Values are not kept:
a graph is a program, and `snapshot` replays it. Every node has a creation index (`order`) and parents are older than their
children, so sorting by it is a topological order and nothing here recurses. References go from child to parent only: a graph
dies by reference counting when its loss is dropped.
"""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Protocol

from ..errors import GraphError
from .scopes import Frame, here, place_of, tick

if TYPE_CHECKING:
    from ..shared.array_type import Array
    from .ops import Op

__all__ = ["Constant", "Node", "Trace", "change", "latest_change", "leaf", "lock", "reachable"]

by_age = attrgetter("order")


class Constant(Protocol):
    """What a graph reads of an input that wants no gradient: a Tensor without a node."""

    changed: int | None
    _array: Array

    @property
    def name(self) -> str | None: ...
    @property
    def shape(self) -> tuple[int, ...]: ...
    @property
    def data(self) -> Array: ...


class Node:
    """One recorded application of an op, or a leaf: a tensor that was given and wants a gradient.

    A leaf has no `op` and no `parents`, and keeps its `value`. Of an op's inputs `parents` holds the nodes, with None for
    constants, which stand in `consts`. Set by a walk: `mark`. Set by a running backward pass: `g`, `owned` (whether g may be
    written to), `pending`. Every slot that anything reads is set at creation: a class without `__getattr__` is faster.
    """

    __slots__ = (
        "__weakref__", "args", "changed", "consts", "frames", "g", "grad", "hooks", "mark", "name", "op", "order", "owned", "parents",
        "path", "pending", "saved", "shape", "trace", "value",
    )  # fmt: skip

    op: Op | None
    parents: tuple[Node | None, ...]
    consts: tuple[Constant | None, ...] | None
    saved: Any
    args: Any
    order: int
    shape: tuple[int, ...]
    frames: tuple[Frame, ...]
    name: str | None
    grad: Array | None
    trace: Trace | None
    hooks: list[Any] | None  # what to do when the gradient is complete: call a function, or (None) keep it in `grad`
    mark: object
    g: Any
    owned: bool
    pending: list[Any] | None
    value: Array  # of a leaf
    path: str | None  # of a leaf: where the outermost module that listed its parameters holds it, `layers.0.Wx`
    changed: int | None  # the index at which the value was last changed in place

    def __repr__(self) -> str:
        return f"<{self.op.name if self.op else 'leaf'} {self.name or ''}{self.shape}>"


def leaf(value: Array, name: str | None = None) -> Node:
    """A node for a tensor that was given."""
    n = Node()
    n.op = n.saved = n.args = n.consts = n.grad = n.trace = n.mark = n.changed = n.hooks = None
    n.parents, n.frames, n.order = (), here.mode.frames, tick()
    n.value, n.shape, n.name, n.path = value, value.shape, name, None
    return n


@dataclass(slots=True)
class Trace:
    """What `detect_anomaly` remembers of a node."""

    line: str = ""  # of the source, where it was recorded
    checksums: tuple[int, ...] | None = None  # of each array that the vjp will read
    swept: int | None = None  # the latest change of a value, anywhere, when a backward pass first went through it
    used: bool = False  # of a leaf: an optimizer step has used the gradient that it holds
    added: bool = False  # of a leaf: and a backward pass has added to it since


# ---- the walk -----------------------------------------------------------------------------------------------------------------


lock = threading.RLock()  # marks and gradients sit on nodes, and threads may share weights: one pass at a time
if hasattr(os, "register_at_fork"):  # a child has but one thread: no other one would ever open a lock that it held
    os.register_at_fork(before=lock.acquire, after_in_parent=lock.release, after_in_child=lock.release)


def reachable(root: Node, clear: bool = False) -> tuple[list[Node], list[Node]]:
    """The op nodes that `root` was computed from, oldest first, and the leaves; `clear` readies them for a backward pass.

    Raises `GraphError` where the graph was freed, or where a value was changed in place after it was used.
    """
    with lock:
        met = root.mark = object()  # marks what this walk has met: quicker than a set
        nodes: list[Node] = []
        leaves: list[Node] = []
        todo = [root]
        push, pop, keep = todo.append, todo.pop, nodes.append
        while todo:
            node = pop()
            if clear:
                node.g = node.pending = None
            parents = node.parents
            if parents:
                keep(node)
                for parent in parents:
                    if parent is not None and parent.mark is not met:
                        parent.mark = met
                        push(parent)
            elif node.op is None:
                leaves.append(node)
            else:
                raise _freed(node)
    nodes.sort(key=by_age)
    leaves.sort(key=by_age)
    if nodes:
        _unchanged(nodes)
    return nodes, leaves


class latest_change:
    """The index at which a value was last changed in place, anywhere: graphs that are younger need not be searched."""

    order = 0


def change() -> int:
    """The index of a change that happens now."""
    latest_change.order = order = tick()
    return order


def _unchanged(nodes: list[Node]) -> None:
    """Raise if a value was changed in place after a node had used it."""
    if latest_change.order < nodes[0].order:
        return
    for node in nodes:
        if node.changed:
            raise _changed(node, node)
        for used in (*node.parents, *(node.consts or ())):
            if used is not None and (used.changed or 0) > node.order:
                raise _changed(used, node)


def _freed(node: Node) -> GraphError:
    return GraphError(
        f"this graph was freed by an earlier backward(keep_graph=False) (met at {node.op.name if node.op else 'a leaf'})",
        where=place_of(node.frames),
        hint="call backward() without keep_graph=False the first time, or compute the loss anew; "
        "a state that is carried on: tg.nn.detach_state(state); what a module computed once (self.W = table.W.T) belongs into forward()",
    )


def _changed(changed: Node | Constant, node: Node) -> GraphError:
    what = f"{changed.name or getattr(getattr(changed, 'op', None), 'name', 'a tensor')} {changed.shape}"
    return GraphError(
        f"the value of {what} was changed in place after {node.op.name if node.op else 'a leaf'} had used it",
        where=place_of(node.frames),
        hint="compute the loss again after a change; take optimizer steps and draw pictures in the order "
        "loss, backward(), draw, step(); a state that is carried on: tg.nn.detach_state(state)",
    )
