"""How fast must a gradient vanish? The bound of Pascanu et al. 2013 beside what is measured on the graph."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from ..engine.graph import Node
from ..engine.ops import ADD, MATMUL, RELU, SIGMOID, TANH, Op
from ..errors import GraphError
from ..shared.array_type import Array, ShownByShape
from .given import Loss, as_loss
from .jacobians import singular_values, step_jacobians
from .lanes import Lane, StateNodes, lane_of
from .vectorized_vjp import leading_to

__all__ = ["Bound", "bound"]

SLOPES: dict[Op | None, float] = {TANH: 1.0, RELU: 1.0, SIGMOID: 0.25}  # the largest slope of each nonlinearity


@dataclass(frozen=True, eq=False, repr=False)
class Bound(ShownByShape):
    """`measured[k]` = ||dh_T/dh_t||_2 and `bound[k]` = (gamma sigma_max)^(T - t), for t = k + 1 = 1..T; both end in 1.

    Where a layer reads backwards the first entry is of step T, which it read first.

    `measured` is the largest of the batch. `gamma` is the largest slope of the nonlinearity, `sigma_max` the largest singular
    value of Wh.
    """

    measured: Array
    bound: Array
    gamma: float
    sigma_max: float


def bound(loss: Loss, *, layer: int | None = None, direction: int | None = None, scope: str | None = None) -> Bound:
    """||dh_T/dh_t||_2 for every step t, and the bound that it cannot exceed, (gamma sigma_max(Wh))^(T - t).

        dh_T/dh_t = product over s = t+1..T of diag(f'(a_s)) Wh^T        gamma = max |f'|

    gamma is 1 for tanh, relu and no nonlinearity at all, 1/4 for sigmoid. A product gamma sigma_max below 1 is sufficient for the
    gradient to vanish; above 1 is necessary, not sufficient, for it to explode. Where a layer reads backwards (`direction=-1`) the
    steps come in the order in which it reads. Costs what `step_jacobians` does.
    Raises `GraphError` for cells that are no simple recurrence h_t = f(h_{t-1} Wh + ...): the theorem says nothing about gates.

    Pascanu, Mikolov and Bengio 2013, equations 5 to 7.

    >>> import numpy as np, tinygrad_rnn as tg
    >>> cell = tg.nn.RNNCell(2, 8, rng=np.random.default_rng(0))
    >>> hs, _ = tg.nn.unroll(cell, np.ones((4, 10, 2)))
    >>> found = tg.probe.bound(hs[-1].sum())
    >>> bool((found.measured <= found.bound * (1 + 1e-12)).all()), found.measured[-1].item()
    (True, 1.0)
    """
    loss = as_loss(loss)
    lane = lane_of(loss, None, layer, direction, scope)
    gamma, Wh = _simple(lane)
    jacobians = step_jacobians(loss, layer=layer, direction=direction, scope=scope)
    sigma_max = float(singular_values(Wh)[0])
    product, scale, measured = np.broadcast_to(np.eye(jacobians.shape[-1]), jacobians.shape[1:]), 1.0, [1.0]
    with np.errstate(over="ignore", under="ignore"):
        for J in jacobians[::-1]:
            product = product @ J
            largest = float(np.abs(product).max()) or 1.0  # apart, so that no entry overflows on the way
            product, scale = product / largest, scale * largest
            measured.append(scale * float(singular_values(product)[:, 0].max()))
        steps_back = np.arange(len(measured))[::-1]
        return Bound(np.array(measured[::-1]), (gamma * sigma_max) ** steps_back, gamma, sigma_max)


def _simple(lane: Lane) -> tuple[float, Array]:
    """gamma and Wh of a simple recurrence; refuses any other."""
    states = lane.chain(None)
    found: list[tuple[float, Array]] = []
    for a, b in pairwise(states):
        path = _path(lane.steps[b], states[a], states[b][0])
        products = [n for n in path if n.op is MATMUL]
        slopes = [SLOPES.get(n.op) for n in path if n.op not in (MATMUL, ADD)]
        one = len(states[b]) == len(products) == 1 and products[0].parents[1] not in path and len(slopes) <= 1
        if not one or None in slopes:
            ops = ", ".join(dict.fromkeys(n.op.name for n in path if n.op is not None))
            raise GraphError(
                f"no bound for {lane.place}: what leads from one state to the next is {ops}, and the theorem is about the simple "
                "recurrence h_t = f(h_{t-1} Wh + ...), f tanh, relu, sigmoid or nothing",
                hint="step_jacobians and singular_values measure any cell, gates or not",
            )
        found.append((slopes[0] or 1.0 if slopes else 1.0, products[0].saved[1]))
    gamma, Wh = found[0]
    if any(other != gamma or not np.array_equal(W, Wh) for other, W in found):
        raise GraphError(f"no bound for {lane.place}: its steps differ in Wh or f", hint="the theorem is about one cell")
    return gamma, Wh


def _path(nodes: list[Node], start: StateNodes, end: Node) -> list[Node]:
    """The ops between a state and the next."""
    found = leading_to(nodes, start, through=False)
    back = {end}
    for n in reversed(found):
        if n in back:
            back.update(p for p in n.parents if p is not None)
    return [n for n in found if n in back]
