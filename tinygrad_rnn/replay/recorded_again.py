"""From plain data back to a recorded graph: what differentiates a run can then be asked of its snapshot."""

from __future__ import annotations

import numpy as np

from ..engine.ops import OPS
from ..engine.scopes import Change
from ..engine.tensor import Tensor, apply1, apply2, apply_list
from .records import GraphSnapshot, Record

__all__ = ["recorded_again"]


def recorded_again(graph: GraphSnapshot) -> Tensor:
    """The loss of a snapshot as a tensor with a graph of its own: the same values, names, scopes and time steps.

    >>> import tinygrad_rnn as tg
    >>> from tinygrad_rnn.replay.recorded_again import recorded_again
    >>> w = tg.Tensor(3.0, requires_grad=True, name="w")
    >>> loss = recorded_again(tg.snapshot(w * w))
    >>> loss.backward()
    >>> loss.item(), w.grad is None
    (9.0, True)
    """
    made: list[Tensor] = []
    with Change(recording=True), np.errstate(all="ignore"):
        for r in graph:
            made.append(_made(r, [made[id] for id in r.parents]))
            if node := made[-1].node:
                node.frames = r.frames
    return made[-1]


def _made(r: Record, given: list[Tensor]) -> Tensor:
    if r.kind != "op":
        made = Tensor(r.value, requires_grad=r.kind == "parameter", name=r.name)
        if made.node:
            made.node.path = r.path
        return made
    op = getattr(r.args, "op", None) or OPS[r.op]  # one from elsewhere travels in its settings
    if op.inputs == 0:
        made = apply_list(op, given, r.args)
    else:
        made = apply1(op, given[0], r.args) if op.inputs == 1 else apply2(op, given[0], given[1], r.args)
    made.name = r.name
    return made
