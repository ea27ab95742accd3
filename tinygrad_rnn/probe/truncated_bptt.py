"""What is lost where backpropagation through time is cut after k steps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..engine.graph import Node
from ..engine.ops import MATMUL
from ..engine.sweep import seed_of
from ..engine.tensor import Tensor
from ..errors import DataError, GraphError
from ..shared.array_type import Array, ShownByShape, array_given
from .given import Loss, as_loss, recorded_graph
from .gradients import leaf_of
from .lanes import Timeline
from .vectorized_vjp import VECTORIZED, leading_to, rows_sent

__all__ = ["Truncation", "truncation"]

Aged = tuple[int, Array]  # gradients (ages, *shape), and the age of the first
Product = tuple[Node, int, Array]  # a product with a weight, and what arrived there

HELD = 1 << 23  # numbers: products are multiplied out when they hold about this many, which bounds the memory


@dataclass(frozen=True, eq=False, repr=False)
class Truncation(ShownByShape):
    """For every `k`, the number of steps that a gradient may visit: `cosine` of the gradient that remains with the full one, and
    `norm_ratio` of its length to the full one's. All (K,)."""

    k: Array
    cosine: Array
    norm_ratio: Array


def truncation(loss: Loss, k: int | Sequence[int] | None = None, weight: Tensor | str | None = None) -> Truncation:
    """What remains of the gradient where that of every loss term is cut after it has visited k time steps.

        g_k = sum over the terms L_t of dL_t/dW, with the states of step t - k detached
        cosine = g_k . g / (||g_k|| ||g||)        norm_ratio = ||g_k|| / ||g||

    A gradient visits the step where it enters a cell, and one more each time that a state hands it on: k = 1 is no recurrence at all,
    k = T is everything. So it is the gradient that truncated backpropagation through time, BPTT(k) with one step between updates,
    would use (Williams and Peng 1990). In a stack of layers one cut goes through all of them; where two directions read each other's
    outputs, the hand-overs along a path are counted.
    `k` is one number, several, or None for all from 1 to where nothing is cut any more: T, where a loss reads the last step of a net
    of one direction. `weight` is a parameter or its name; None takes all leaves of the loss as one vector.
    For a loss of the last step alone it costs about two to four training steps. A loss of every step has T (T + 1) / 2 pairs of a
    term and a step that it reaches, where a training step has T sums over the terms, so that every k costs 0.15 T to 0.4 T training
    steps (`benchmarks.probes`); k up to 5 costs two to three and a half. Both keep max(k) copies of the gradient. Where g_k or g is 0
    or overflows, cosine is NaN.
    Raises `DataError` for k below 1, `GraphError` where no state is handed on.

    >>> import numpy as np, tinygrad_rnn as tg
    >>> cell = tg.nn.RNNCell(2, 8, rng=np.random.default_rng(0))
    >>> hs, _ = tg.nn.unroll(cell, np.random.default_rng(1).standard_normal((4, 20, 2)))
    >>> cut = tg.probe.truncation(hs[-1].sum(), weight=cell.Wh)
    >>> len(cut.k), bool(cut.cosine[4] > 0.99), cut.norm_ratio[-1].item()
    (20, True, 1.0)
    """
    loss = as_loss(loss)
    seed = seed_of(loss, None)
    assert loss.node is not None
    nodes, leaves = recorded_graph(loss)
    leaves = leaves if weight is None else [leaf_of(leaves, weight)]
    walk = leading_to(nodes, leaves, through=True)[::-1]
    timeline = Timeline(nodes)
    oldest = _oldest_age(walk, timeline)
    if not oldest:
        raise GraphError(
            "no state is handed from one time step to another on the way to this gradient, so nothing can be cut",
            hint="run the cell through tg.nn.unroll for two steps or more, and do not detach its state",
        )
    asked = np.atleast_1d(
        np.arange(1, oldest + 2) if k is None else array_given("truncation after k =", k, "whole numbers of at least 1")
    )
    if asked.dtype.kind not in "iu" or not asked.size or asked.ndim > 1 or asked.min() < 1:
        raise DataError(f"truncation after k={k!r} steps", hint="whole numbers of at least 1: the step itself is the first")
    last = min(int(asked.max()), oldest + 1)  # ages from here on count together: they are cut for every k
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        return _compared(asked, _by_age(walk, (loss.node, seed), leaves, timeline, last))


def _oldest_age(walk: list[Node], timeline: Timeline) -> int:
    """The most hand-overs on any path from the loss to the end of the walk."""
    age = dict.fromkeys(walk, 0)
    for n in walk:
        for parent in n.parents:
            if parent in age:
                age[parent] = max(age[parent], age[n] + abs(timeline.crossed(n, parent)))
    return max(age.values(), default=0)


def _by_age(walk: list[Node], start: tuple[Node, Array], leaves: list[Node], timeline: Timeline, last: int) -> list[Array]:
    """The gradient of every leaf apart by age, the number of hand-overs on the way: (last + 1, *leaf.shape)."""
    totals = {leaf: np.zeros((last + 1, *leaf.shape), leaf.value.dtype) for leaf in leaves}
    aged: dict[Node, Aged] = {start[0]: (0, start[1][None])}
    results = set(walk)
    only = {*walk, *leaves}
    products: list[Product] = []
    for n in walk:
        if n not in aged:
            continue
        youngest, g = aged.pop(n)
        later = n.op is MATMUL and n.parents[1] in totals and n.parents[0] not in totals and g.ndim == 3
        if later:
            products.append((n, youngest, g))
            if g.size * len(products) > HELD:
                _multiply_out(products, totals)
        for slot, c in rows_sent(VECTORIZED, n, g, results if later else only):
            parent = n.parents[slot]
            assert parent is not None
            if parent in totals:
                totals[parent][youngest : youngest + len(c)] += c
            else:
                one = _older(youngest + abs(timeline.crossed(n, parent)), c, last)
                aged[parent] = _together(aged[parent], one) if parent in aged else one
    _multiply_out(products, totals)
    return list(totals.values())


def _multiply_out(products: list[Product], totals: dict[Node, Array]) -> None:
    """Add the gradients of weights that were left: for each age one product over all steps, not one for each step."""
    met: dict[tuple[Node, int], list[tuple[Array, Array]]] = {}
    for n, youngest, g in products:
        weight = n.parents[1]
        assert weight is not None
        for age, row in enumerate(g, start=youngest):
            met.setdefault((weight, age), []).append((n.saved[0], row))
    for (weight, age), pairs in met.items():
        a, g = (np.concatenate(rows) for rows in zip(*pairs, strict=True))
        totals[weight][age] += a.T @ g
    products.clear()


def _older(youngest: int, g: Array, last: int) -> Aged:
    """A gradient of those ages, with what is older than `last` counted there."""
    keep = max(last - youngest, 0)
    if keep + 1 >= len(g):
        return min(youngest, last), g
    return min(youngest, last), np.concatenate([g[:keep], g[keep:].sum(0, keepdims=True)])


def _together(a: Aged, b: Aged) -> Aged:
    """The sum of two gradients, age by age."""
    (i, x), (j, y) = a, b
    if i == j and len(x) == len(y):
        return i, x + y
    youngest = min(i, j)
    total = np.zeros((max(i + len(x), j + len(y)) - youngest, *x.shape[1:]), np.result_type(x, y))
    total[i - youngest : i - youngest + len(x)] += x
    total[j - youngest : j - youngest + len(y)] += y
    return youngest, total


def _compared(asked: Array, ages: list[Array]) -> Truncation:
    """The sum of the first k ages beside the sum of all, for every k that was asked for."""
    scale = max(float(max(g.max(initial=0.0), -g.min(initial=0.0))) for g in ages) or 1.0  # squares of tiny gradients would be 0
    products, squares = np.zeros(len(ages[0])), np.zeros(len(ages[0]))
    for g in ages:
        rows = g.reshape(len(g), -1)
        full = rows.sum(0, dtype=np.float64) / scale
        so_far = np.zeros_like(full)
        for age, row in enumerate(rows):
            so_far += row / scale
            products[age] += so_far @ full
            squares[age] += so_far @ so_far
    lengths = np.sqrt(squares)
    cosine = np.clip(products / (lengths * lengths[-1]), -1.0, 1.0)
    ratio = lengths / lengths[-1]
    first = np.minimum(asked, len(squares)) - 1
    return Truncation(asked, cosine[first], ratio[first])
