"""Instruments on a graph that was recorded anyway: replay it for its values, sweep it for the gradient on every edge.

Nothing has to be switched on before, no `.grad` is touched, and the training path carries none of the cost.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..engine.graph import Constant, Node, reachable
from ..engine.ops import GETITEM, POW
from ..engine.scopes import Frame
from ..engine.sweep import seed_of, sweep
from ..engine.tensor import Tensor
from ..errors import GraphError
from ..shared.array_type import Array
from .records import GraphSnapshot, Record
from .sent import Factored, Sent
from .stepper import Event, play

__all__ = ["backward_steps", "recorded_ops", "replay", "snapshot"]

SUPERSCRIPTS = str.maketrans("0123456789.-", "⁰¹²³⁴⁵⁶⁷⁸⁹·⁻")


def replay(loss: Tensor) -> dict[Node, Array]:
    """The value of every node, computed again from the leaves by running the recorded program.

    >>> import tinygrad_rnn as tg
    >>> w = tg.Tensor(3.0, requires_grad=True)
    >>> [float(value) for value in tg.replay.replay(w * w + 1.0).values()]
    [3.0, 9.0, 10.0]
    """
    root = _root(loss)
    nodes, leaves = reachable(root)
    values: dict[Node, Array] = {leaf: leaf.value for leaf in leaves}
    for n in nodes:
        assert n.op is not None
        inputs = [values[p] if p is not None else n.consts[k].data for k, p in enumerate(n.parents)]  # type: ignore[index, union-attr]
        values[n] = n.op.compute(inputs, n.args)
    return values


def snapshot(loss: Tensor, gradient: Any = None) -> GraphSnapshot:
    """The graph of `loss` as plain data: every value, every gradient, and what was sent along every edge.

    `gradient` is d(something)/d(loss) where the loss is not a single number; without it such a graph has values only.
    Raises `GraphError` if nothing was recorded, the graph was freed, or a value was changed in place since (an optimizer step).

    >>> import tinygrad_rnn as tg
    >>> w = tg.Tensor([1.0, 2.0], requires_grad=True, name="w")
    >>> s = tg.snapshot((w * w).sum())
    >>> [r.op or r.name for r in s], s.find("w").grad
    (['w', 'mul', 'sum'], array([2., 4.]))
    """
    gradients: dict[Node, Array] = {}
    edges: dict[Node, list[tuple[int, Any]]] = {}
    reader = Factored()
    with np.errstate(all="ignore"):  # NumPy warned when it was recorded, if there was a reason to; the values show it
        values = replay(loss)
        if gradient is not None or loss.size == 1:
            for visit in sweep(loss, seed_of(loss, gradient), reader):
                gradients[visit.node] = np.asarray(visit.upstream)
                edges[visit.node] = [(slot, reader.kept(c)) for slot, c in visit.edges]
    records: list[Record] = []
    ids: dict[Any, int] = {}
    for n in sorted(values, key=lambda node: node.order):
        parents = []
        for slot, p in enumerate(n.parents):
            key: Any = p
            if p is None:
                constant = n.consts[slot]  # type: ignore[index]
                assert constant is not None
                key = id(constant)
                if key not in ids:
                    ids[key] = len(records)
                    records.append(_constant_record(ids[key], constant, n.frames))
            parents.append(ids[key])
        ids[n] = len(records)
        records.append(_record(ids[n], n, tuple(parents), values[n], gradients.get(n)))
    return GraphSnapshot(tuple(records), Sent({(ids[n], slot): c for n, pairs in edges.items() for slot, c in pairs}))


def recorded_ops(loss: Tensor) -> int:
    """How many ops a snapshot of this loss would compute again. Raises as `snapshot` does.

    >>> import tinygrad_rnn as tg
    >>> from tinygrad_rnn.replay.from_loss import recorded_ops
    >>> w = tg.Tensor([1.0, 2.0], requires_grad=True)
    >>> recorded_ops((w * w).sum())
    2
    """
    return len(reachable(_root(loss))[0])


def _root(loss: Tensor) -> Node:
    if not isinstance(loss, Tensor):
        raise GraphError(f"a {type(loss).__name__} has no graph", hint=_where_the_graph_is(loss))
    if loss.node is None:
        raise GraphError(
            "this tensor has no recorded graph",
            hint="give the weights requires_grad=True, and compute with tensors (arrays such as w.data record nothing), outside no_grad()",
        )
    return loss.node


def _where_the_graph_is(given: Any) -> str:
    """What to give in place of a value that is no tensor."""
    if isinstance(given, (list, tuple, dict)):
        return "give one tensor: one of these, or a loss of them all, such as the sum of their squares"
    if callable(given) or hasattr(given, "step"):
        return "a network has one when it has been run: give a loss of what it returned, such as (hs[-1] ** 2).sum()"
    return "give the tensor that was computed, not its value"


def _record(id: int, n: Node, parents: tuple[int, ...], value: Array, grad: Array | None) -> Record:
    if n.op is None:
        return Record(
            id, "parameter", "", n.name or "?", (), n.name, n.frames, "it was given, so its gradient stays here", "", value, grad,
            path=n.path,
        )  # fmt: skip
    symbol = "x" + f"{n.args}".translate(SUPERSCRIPTS) if n.op is POW else n.op.symbol
    return Record(id, "op", n.op.name, symbol, parents, n.name, n.frames, n.op.words, _settings(n), value, grad, n.args)


def _constant_record(id: int, constant: Constant, frames: tuple[Frame, ...]) -> Record:
    value = constant.data
    symbol = constant.name or (f"{value.item():.4g}" if value.size == 1 else "·")
    return Record(id, "constant", "", symbol, (), constant.name, frames, "a constant: no gradient is sent to it", "", value, None)


def _settings(n: Node) -> str:
    if n.args is None:
        return ""
    if n.op is GETITEM:
        parts = n.args if isinstance(n.args, tuple) else (n.args,)
        return "[" + ", ".join(map(_index_text, parts)) + "]"
    text = " ".join(str(n.args).split())
    return text if len(text) <= 60 else text[:57] + "..."


def _index_text(part: Any) -> str:
    if isinstance(part, slice):
        ends = ["" if end is None else str(end) for end in (part.start, part.stop, part.step)]
        return ":".join(ends if ends[2] else ends[:2])
    return "..." if part is ... else "rows" if isinstance(part, np.ndarray) else str(part)


def backward_steps(loss: Tensor, gradient: Any = None) -> Iterator[Event]:
    """Play the backward pass: one event a node, in the true order, from the loss to the oldest weight.

    Folding what is sent gives the gradients of `backward()`; no `.grad` is touched.

    >>> import tinygrad_rnn as tg
    >>> w = tg.Tensor(3.0, requires_grad=True, name="w")
    >>> for event in tg.backward_steps(w * w):
    ...     print(event.number, event.node.symbol, [(m.parent.name, m.so_far.item(), m.waits_for) for m in event.sent])
    1 × [('w', 3.0, 1), ('w', 6.0, 0)]
    2 w []
    """
    if isinstance(loss, Tensor) and loss.node is not None:
        seed_of(loss, gradient)  # refuses what has no gradient of its own
    yield from play(snapshot(loss, gradient))
