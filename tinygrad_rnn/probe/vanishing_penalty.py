"""A penalty for a gradient that changes its length on the way back: the regulariser of Pascanu, Mikolov and Bengio 2013."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from ..engine.graph import Node
from ..engine.primitives import stack
from ..engine.sweep import seed_of
from ..engine.tensor import Tensor, as_tensor, named
from ..engine.vjp_on_tensors import Recorded
from ..errors import DataError
from ..shared.array_type import Array
from .given import recorded_graph
from .lanes import Role, StateNodes, lane_of
from .vectorized_vjp import EXACT, pull

__all__ = ["vanishing_regularizer"]


class _Immediate(Recorded):
    """Gradients are recorded as functions of the parameters alone: values that were computed count as constants."""

    def value(self, x: Array, node: Node | None) -> Tensor:
        return super().value(x, node if node is not None and node.op is None else None)


def vanishing_regularizer(
    loss: Tensor,
    role: Role = None,
    *,
    immediate: bool = False,
    layer: int | None = None,
    direction: int | None = None,
    scope: str | None = None,
) -> Tensor:
    """How much the gradient changes its length from step to step: a recorded number, to be added to the loss with a factor.

        Omega = sum_k ( ||dE/ds_{k+1} ds_{k+1}/ds_k|| / ||dE/ds_{k+1}|| - 1 )^2        k = 1..T-1, the mean over the batch

    E is the loss, s the joint state of the cell or what `role` names, ds_{k+1}/ds_k by paths inside the one step. Of a joint state
    each part's gradient holds the others fixed: what an LSTM's h hands to c of the same step belongs to h alone. A step that no
    gradient reaches counts 0. `immediate=False` records all of it, so that its gradient is the derivative of the number returned.
    `immediate=True` keeps, as the paper does, the immediate derivative only: states and dE/ds count as constants, and what remains
    is how the parameters in ds_{k+1}/ds_k change it; that is cheaper, as the pass that finds dE/ds is not recorded.
    Raises `GraphError` where several cells hand on states and none is chosen, with fewer than two steps, for a loss that is not a
    single number; `DataError` for a gradient that is NaN or infinite.

    Pascanu, Mikolov and Bengio 2013, equations 9 and 10. Their published code differs: it compares squared norms, and divides by the
    number of steps.

    >>> import numpy as np, tinygrad_rnn as tg
    >>> cell = tg.nn.RNNCell(2, 3, rng=np.random.default_rng(0))
    >>> hs, _ = tg.nn.unroll(cell, np.ones((4, 5, 2)))
    >>> loss = (hs[-1] ** 2).sum()
    >>> (loss + 0.1 * tg.probe.vanishing_regularizer(loss)).backward()
    >>> cell.Wh.grad.shape
    (3, 3)
    """
    seed = seed_of(loss, None)
    assert loss.node is not None
    lane = lane_of(loss, role, layer, direction, scope)
    states = lane.chain(role)
    wanted = [n for state in states.values() for n in state]
    F: Any = _Immediate() if immediate else Recorded()
    start, reader = (seed, EXACT) if immediate else (as_tensor(seed), F)
    gradients = pull(reader, [(loss.node, start)], recorded_graph(loss)[0], wanted, through=True)
    totals = {n: g for n, g in zip(wanted, gradients, strict=True) if g is not None}
    before, after = [], []
    for a, b in pairwise(states):
        arrived = [(n, as_tensor(_own(reader, n, states[b], totals, lane.steps[b]))) for n in states[b] if n in totals]
        sent = pull(F, arrived, lane.steps[b], states[a])
        before.append(_complete(states[b], dict(arrived), loss.dtype))
        after.append(_complete(states[a], dict(zip(states[a], sent, strict=True)), loss.dtype))
    return named(_change(*([stack(steps) for steps in zip(*side, strict=True)] for side in (before, after))), "omega")


def _own(F: Any, part: Node, state: StateNodes, totals: Mapping[Node, Any], ops: Sequence[Node]) -> Any:
    """dE/d(part) with the other parts of the state held fixed: without what came through them, as what c receives through h."""
    g = totals[part]
    for other in state:
        if other is not part and other in totals:
            between = [n for n in ops if n is other or n not in state]
            (through,) = pull(F, [(other, totals[other])], between, [part])
            g = g if through is None else g - through
    return g


def _complete(state: StateNodes, gradients: Mapping[Node, Tensor | None], dtype: npt.DTypeLike) -> list[Tensor]:
    """The gradient of every part; zeros where none arrived."""
    found = [gradients.get(n) for n in state]
    return [as_tensor(np.zeros(n.shape, dtype)) if g is None else g for n, g in zip(state, found, strict=True)]


def _change(before: Sequence[Tensor], after: Sequence[Tensor]) -> Tensor:
    """The sum over the steps of (||after|| / ||before|| - 1)^2, the mean over the batch; each part is (steps, batch, ...).

    A length of 0 before counts 0, and after it counts 1.
    """
    largest = np.max([np.abs(part.data).max(axis=tuple(range(1, part.ndim))) for part in before], axis=0)
    if not np.isfinite(largest).all():
        raise DataError(
            "vanishing_regularizer of a gradient that holds NaN or infinity",
            hint="it exploded: take fewer steps, or start from a recurrent weight of a smaller spectral radius",
        )
    scale = 1 / np.where(largest, largest, 1)  # of both, so that squares of what vanished are not 0
    old, new = _squares(before, scale), _squares(after, scale)
    arrived, left = old.data > 0, new.data > 0
    moved = np.nonzero(arrived & left)
    changed = (((new[moved] / old[moved]) ** 0.5 - 1.0) ** 2).sum()
    return (changed + float((arrived & ~left).sum())) * (1 / arrived.shape[1])


def _squares(parts: Sequence[Tensor], scale: Array) -> Tensor:
    """The squared length of the joint gradient of every sequence at every step, (steps, batch)."""
    total: Any = 0.0
    for part in parts:
        total = total + ((part * scale.reshape(-1, *(1,) * (part.ndim - 1))) ** 2).sum(tuple(range(2, part.ndim)))
    return as_tensor(total)
