"""The recorded graph: nodes, and the walk over them.

A node knows its op, its parents (older nodes), its settings and only those arrays that its vjp reads. Values are not kept:
a graph is a program, and `snapshot` replays it. Every node has a creation index (`order`) and parents are older than their
children, so sorting by it is a topological order and nothing here recurses. References go from child to parent only: a graph
dies by reference counting when its loss is dropped.
"""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, Any, NamedTuple
from weakref import WeakKeyDictionary, WeakSet

from .errors import GraphError
from .scopes import Frame, here, place_of, tick

if TYPE_CHECKING:
    from .kernels import Array
    from .ops import Op
    from .tensor import Tensor

__all__ = ["Leaf", "Node", "Trace", "hooks", "overwritten", "reachable"]

by_age = attrgetter("order")


class Node:
    """One recorded application of an op.

    Set at creation: `op`, `parents` (a Node for each input, None for a constant), `saved`, `args`, `order`, `shape`, `frames`.
    Set by a walk: `mark`. Set by a running backward pass: `g`, `owned` (whether g may be written to), `pending`. Set only on
    nodes that have one, else None: `consts` (the constant inputs, by position), `name`, `grad`, `changed` (the index at which
    the value was changed in place), `trace`.
    """

    __slots__ = (
        "__weakref__", "args", "changed", "consts", "frames", "g", "grad", "mark", "name", "op", "order", "owned", "parents", "pending",
        "saved", "shape", "trace",
    )  # fmt: skip

    op: Op | None
    parents: tuple[Node | None, ...]
    saved: Any
    args: Any
    order: int
    shape: tuple[int, ...]
    frames: tuple[Frame, ...]
    g: Any
    owned: bool
    mark: object
    pending: list[Any] | None
    consts: tuple[Tensor | None, ...] | None
    name: str | None
    grad: Array | None
    changed: int | None
    trace: Trace | None

    def __getattr__(self, slot: str) -> None:
        """Reached only for a slot that was never set."""
        if slot in Node.__slots__:
            return None
        raise AttributeError(f"a {type(self).__name__} has no attribute {slot!r}")

    def __repr__(self) -> str:
        return f"<{self.op.name if self.op else 'leaf'} {self.name or ''}{self.shape}>"


class Leaf(Node):
    """A node without parents: a tensor that was given, not computed, and wants a gradient."""

    __slots__ = ("value",)
    value: Array

    def __init__(self, value: Array, name: str | None = None) -> None:
        self.op, self.parents, self.saved, self.args, self.frames = None, (), None, None, here.mode.frames
        self.order, self.shape, self.value, self.name, self.changed = tick(), value.shape, value, name, 0
        self.mark = None


class Trace(NamedTuple):
    """What `detect_anomaly` remembers of a node: the source line, and a checksum of each array that the vjp will read."""

    line: str
    checksums: tuple[int, ...]


# what to do when the gradient of a node is complete: call a function, or (None) keep it in `grad`
hooks: WeakKeyDictionary[Node, list[Any]] = WeakKeyDictionary()


# ---- the walk -----------------------------------------------------------------------------------------------------------------


def reachable(root: Node) -> tuple[list[Node], list[Leaf]]:
    """The op nodes that `root` was computed from, oldest first, and the leaves, likewise.

    Raises `GraphError` where the graph was freed, or where a value was changed in place after it was used.
    """
    met = root.mark = object()  # marks what this walk has met: quicker than a set
    nodes: list[Node] = []
    leaves: list[Any] = []
    todo = [root]
    push, pop, keep = todo.append, todo.pop, nodes.append
    while todo:
        node = pop()
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
        _unchanged(nodes, leaves)
    return nodes, leaves


overwritten: WeakSet[Node] = WeakSet()  # results (not leaves) whose value was changed in place


def _unchanged(nodes: list[Node], leaves: list[Leaf]) -> None:
    """Raise if the value of a result was changed in place, or that of a leaf after a node had used it."""
    for node in overwritten and nodes:
        if node in overwritten:
            raise _changed(node, node)
    if max((leaf.changed or 0 for leaf in leaves), default=0) > nodes[0].order:
        for node in nodes:
            for parent in node.parents:
                if parent is not None and parent.op is None and (parent.changed or 0) > node.order:
                    raise _changed(parent, node)


def _freed(node: Node) -> GraphError:
    return GraphError(
        f"this graph was freed by an earlier backward(keep_graph=False) (met at {node.op.name if node.op else 'a leaf'})",
        where=place_of(node.frames),
        hint="call backward() without keep_graph=False the first time, or compute the loss anew",
    )


def _changed(changed: Node, node: Node) -> GraphError:
    what = f"{changed.name or (changed.op.name if changed.op else 'a leaf')} {changed.shape}"
    return GraphError(
        f"the value of {what} was changed in place after {node.op.name if node.op else 'a leaf'} had used it",
        where=place_of(node.frames),
        hint="compute the loss again after a change; take optimizer steps and draw pictures in the order "
        "loss, backward(), draw, step()",
    )
