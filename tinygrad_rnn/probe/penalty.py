"""A penalty for a gradient that changes its length on the way back: the regulariser of Pascanu, Mikolov and Bengio 2013."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from ..graph import Node
from ..kernels import Array
from ..readers import Recorded
from ..sweep import seed_of
from ..tensor import Tensor, as_tensor, named
from .lanes import Role, graph_of, lane_of
from .rows import EXACT, pull

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

    E is the loss, s the joint state of the cell or what `role` names, ds_{k+1}/ds_k by paths inside the one step. A step that no
    gradient reaches counts 0. `immediate=False` records all of it, so that its gradient is the derivative of the number returned.
    `immediate=True` keeps, as the paper does, the immediate derivative only: states and dE/ds count as constants, and what remains
    is how the parameters in ds_{k+1}/ds_k change it; that is cheaper, by the second pass through all steps.
    Raises `GraphError` where several cells hand on states and none is chosen, with fewer than two steps, for a loss that is not a
    single number.

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
    gradients = pull(reader, [(loss.node, start)], graph_of(loss)[0], wanted, through=True)
    arrived = {n: as_tensor(g) for n, g in zip(wanted, gradients, strict=True) if g is not None}
    omega: Any = 0.0
    for a, b in pairwise(states):
        seeds = [(n, arrived[n]) for n in states[b] if n in arrived]
        if seeds:
            sent = pull(F, seeds, lane.steps[b], states[a])
            omega = omega + _change([g for _, g in seeds], [g for g in sent if g is not None])
    return named(as_tensor(omega), "omega")


def _change(before: Sequence[Tensor], after: Sequence[Tensor]) -> Any:
    """(||after|| / ||before|| - 1)^2, the mean over the batch; a length of 0 before counts 0, and after it counts 1."""
    largest = max(float(np.abs(part.data).max()) for part in before)
    scale = 1 / largest if largest else 1.0  # of both, so that squares of what vanished are not 0
    old, new = _squares(before, scale), _squares(after, scale)
    arrived, left = old.data > 0, new.data > 0
    batch, moved = len(arrived), np.flatnonzero(arrived & left)
    lost = float(arrived.sum() - len(moved))
    if not len(moved):
        return lost / batch
    if len(moved) < batch:
        old, new = old[moved], new[moved]
    return ((((new / old) ** 0.5 - 1.0) ** 2).sum() + lost) * (1 / batch)


def _squares(parts: Sequence[Tensor], scale: float) -> Tensor:
    """The squared length of the joint gradient of every sequence, (batch,)."""
    total: Any = 0.0
    for part in parts:
        total = total + ((part * scale) ** 2).sum(tuple(range(1, part.ndim)))
    return as_tensor(total)
