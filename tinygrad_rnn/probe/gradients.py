"""Where does the gradient go? Its norm at every time step, the share of every step in a weight's gradient, and its half-life."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from ..engine.arrays import norm
from ..engine.dtypes import as_array
from ..engine.graph import Node
from ..engine.scopes import place_of
from ..engine.sweep import seed_of, sweep
from ..engine.tensor import Tensor
from ..errors import DataError, GraphError
from ..replay.records import GraphSnapshot
from ..shared.array_type import Array
from ..shared.checks import check_kind
from .given import Loss, as_loss, recorded_graph
from .lanes import Role, Timeline, lane_of
from .vectorized_vjp import EXACT, pull

__all__ = ["contributions", "gradient_by_step", "half_life", "leaf_of"]


def gradient_by_step(
    loss: Loss,
    role: Role = "h",
    *,
    layer: int | None = None,
    direction: int | None = None,
    scope: str | None = None,
) -> Array:
    """The Euclidean norm of dL/d(role) at every time step, in the order in which the cell reads: (T,); 0 where no gradient arrives.

        g_t = || dL/dh_t ||        over the whole batch, by all paths

    Entry t - 1 is of step t; where a layer reads backwards, entry T - t, so that the last entry is always the last step that it read.
    `role` is the name of any result of a cell: a state, or a gate. A tuple such as ("h", "c") gives the joint norm,
    sqrt(||dL/dh_t||^2 + ||dL/dc_t||^2), and None that of all states that are handed on. T is the last step of the cell.
    Costs less than a backward pass, as weights get no gradient. Raises `GraphError` where several cells have such a result and none
    is chosen, where a step has two, for a loss that is not a single number, and without time steps.

    Hochreiter 1991; Bengio, Simard and Frasconi 1994.

    >>> import numpy as np, tinygrad_rnn as tg
    >>> cell = tg.nn.RNNCell(2, 8, rng=np.random.default_rng(0))
    >>> hs, _ = tg.nn.unroll(cell, np.ones((4, 30, 2)))
    >>> norms = tg.probe.gradient_by_step(hs[-1].sum())
    >>> norms.shape, bool(norms[0] < 1e-3 * norms[-1])
    ((30,), True)
    """
    loss = as_loss(loss)
    seed = seed_of(loss, None)
    assert loss.node is not None
    lane = lane_of(loss, role, layer, direction, scope)
    wanted = [(t, n) for part in lane.parts(role) for t, n in part.items()]
    last = max(lane.steps)
    norms = np.zeros(last - min(lane.steps) + 1 if lane.backwards else last)
    gradients = pull(EXACT, [(loss.node, seed)], recorded_graph(loss)[0], [n for _, n in wanted], through=True)
    for (t, _), g in zip(wanted, gradients, strict=True):
        if g is not None:
            k = last - t if lane.backwards else t - 1
            norms[k] = math.hypot(norms[k], norm(g))
    return norms


def contributions(loss: Loss, weight: Tensor | str) -> Array:
    """The gradient of a weight split over the time steps that use it: (T, *weight.shape), entry t - 1 for step t.

        dL/dW = sum_t (dL/dW)_t        (Pascanu, Mikolov and Bengio 2013, equations 3 and 4, the sums exchanged)

    They sum to the weight's gradient. `weight` is the tensor, or its name where only one parameter has it, or its name in
    `named_parameters()` of the model. T is the last step that
    uses it. Costs about two backward passes. Raises `GraphError` for a weight that the loss does not use, that is also used outside
    of time steps, and for a name that several have.

    >>> import numpy as np, tinygrad_rnn as tg
    >>> cell = tg.nn.GRUCell(2, 3, rng=np.random.default_rng(0))
    >>> hs, _ = tg.nn.unroll(cell, np.ones((4, 5, 2)))
    >>> loss = hs[-1].sum()
    >>> parts = tg.probe.contributions(loss, cell.Wh)
    >>> parts.shape, np.allclose(parts.sum(0), tg.grad(loss, cell.Wh))
    ((5, 3, 9), True)
    """
    loss = as_loss(loss)
    seed = seed_of(loss, None)
    nodes, leaves = recorded_graph(loss)
    leaf = leaf_of(leaves, weight)
    timeline = Timeline(nodes)
    users = [n for n in nodes if leaf in n.parents]
    steps = []
    for n in users:
        t = timeline.step(n)
        if t is None:
            raise GraphError(
                f"{leaf.name or 'the weight'} {leaf.shape} is used outside of time steps",
                where=place_of(n.frames),
                hint="open tg.time_step(t) around each use; project_once=True and embeddings of whole texts use a weight once for all",
            )
        steps.append(t)
    parts = np.zeros((max(steps), *leaf.shape), leaf.value.dtype)
    for done in sweep(loss, seed, EXACT):
        for slot, g in done.edges:
            if done.node.parents[slot] is leaf:
                parts[(timeline.step(done.node) or 0) - 1] += g
    return parts


def half_life(
    norms: npt.ArrayLike | Loss, *, layer: int | None = None, direction: int | None = None, scope: str | None = None
) -> float:
    """Over how many steps back the gradient halves: a line through log(norm), by least squares; infinity where it does not fall.

    From the step with the largest norm: what is read after it adds to no gradient there. With a loss at every step the norms add up
    on the way back and fall late or never: take the loss of the last step alone.

        log ||dL/dh_t|| = a + b t        half_life = ln 2 / b

    `norms` is what `gradient_by_step` returned, for t = 1..T, or a loss, of which h is then taken, of the cell that `layer`,
    `direction` and `scope` choose. Steps with a norm of 0 (no gradient arrived, or it was too small to be stored) are left out of
    the fit.
    Raises `DataError` for fewer than two steps with a gradient, for norms that are negative, NaN or infinite, and for a choice among
    norms; `DtypeError` for what are no numbers.

    >>> import tinygrad_rnn as tg
    >>> round(tg.probe.half_life([0.125, 0.25, 0.5, 1.0]), 6), tg.probe.half_life([0.0, 1.0, 1.0])
    (1.0, inf)
    """
    if isinstance(norms, (Tensor, GraphSnapshot)):
        values = gradient_by_step(norms, layer=layer, direction=direction, scope=scope)
    elif (layer, direction, scope) != (None, None, None):
        raise DataError(
            "half_life of norms with layer=, direction= or scope=", hint="those choose a cell of a loss; norms are of one already"
        )
    else:
        values = as_array(norms).astype(np.float64)
    if values.ndim != 1 or not np.isfinite(values).all() or (values < 0).any():
        raise DataError(f"half_life of an array of shape {values.shape}", hint="norms (T,): finite, none below 0")
    if values.any():
        peak = len(values) - 1 - int(np.argmax(values[::-1]))
        values = values[: peak + 1] if np.count_nonzero(values[: peak + 1]) > 1 else values
    steps = np.flatnonzero(values)
    if len(steps) < 2:
        raise DataError(
            f"half_life of {len(values)} norms, {len(steps)} of them not 0", hint="a rate needs two steps that a gradient reaches"
        )
    slope = np.polyfit(steps - steps.mean(), np.log(values[steps]), 1)[0]
    return float(math.log(2) / slope) if slope > 1e-12 else math.inf


def _apart(leaves: list[Node]) -> str:
    """How to name one of several weights."""
    paths = [leaf.path for leaf in leaves if leaf.path]
    if len({*paths}) == len(leaves):
        return f"say which: {', '.join(map(repr, paths))}; or give the tensor itself"
    return "give the tensor itself, or its name after a look at model.named_parameters()"


def leaf_of(leaves: list[Node], weight: Tensor | str) -> Node:
    """The leaf that a tensor or a name stands for. Raises `GraphError` without one, and for a name that several have."""
    if isinstance(weight, Tensor):
        if weight.node not in leaves:
            raise GraphError(
                f"the loss was not computed from {weight.name or 'this tensor'} {weight.shape}",
                hint="give a parameter of the model that made this loss; of a snapshot, its name",
            )
        assert weight.node is not None
        return weight.node
    check_kind("the weight", weight, str, "give a parameter of the model, or its name")
    named = [leaf for leaf in leaves if leaf.name == weight] or [
        leaf for leaf in leaves if f".{leaf.path}".endswith(f".{weight}")
    ]
    if len(exact := [leaf for leaf in leaves if leaf.path == weight]) == 1 and all(leaf.path for leaf in named):
        named = exact
    if len(named) != 1:
        known = ", ".join(sorted({leaf.name for leaf in leaves if leaf.name})) or "none"
        raise GraphError(
            f"{len(named)} parameters of this loss are called {weight!r}"
            if named
            else f"no parameter of this loss is called {weight!r}",
            hint=_apart(named) if named else f"names: {known}; or give the tensor itself",
        )
    return named[0]
