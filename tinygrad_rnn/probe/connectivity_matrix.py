"""Which inputs does an output listen to? The norm of d(output t)/d(input s) for every pair of steps."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from ..engine.arrays import norm
from ..engine.graph import Node, reachable
from ..engine.tensor import Tensor
from ..errors import GraphError, ShapeError
from ..shared.array_type import Array
from .vectorized_vjp import VECTORIZED, pull

__all__ = ["connectivity"]

StepPart = tuple[Node, tuple[slice | int, ...]]  # a recorded tensor, and which part of it belongs to a step

WHOLE: tuple[slice | int, ...] = (slice(None),)


def connectivity(outputs: Tensor | Sequence[Tensor], inputs: Tensor | Sequence[Tensor]) -> Array:
    """How much every output listens to every input: (T_out, T_in).

        C[t, s] = mean over the batch of || d outputs[t] / d inputs[s] ||      Frobenius norm, by all recorded paths

    Either is a list of tensors (batch, features), one a step, or one tensor (batch, time, features), where that was recorded; inputs
    need `requires_grad=True`, or are results such as embedded symbols. Sequences of a batch must not read each other. Where no path
    leads from an input to an output stands exactly 0: an RNN that reads forwards has a triangle of them.
    Costs one walk of the graph an output, with a row for each of its features.
    Raises `GraphError` for what was not recorded, `ShapeError` where shapes do not fit, or nothing is given.

    Madsen 2019, Visualizing memorization in RNNs (Distill), section on connectivity.

    >>> import numpy as np, tinygrad_rnn as tg
    >>> cell = tg.nn.GRUCell(2, 3, rng=np.random.default_rng(0))
    >>> x = tg.Tensor(np.ones((1, 4, 2)), requires_grad=True)
    >>> hs, _ = tg.nn.unroll(cell, x)
    >>> (tg.probe.connectivity(hs, x) > 0).astype(int)
    array([[1, 0, 0, 0],
           [1, 1, 0, 0],
           [1, 1, 1, 0],
           [1, 1, 1, 1]])
    """
    above, below = _parts(outputs, "outputs"), _parts(inputs, "inputs")
    if above[0][0].shape[0] != below[0][0].shape[0]:
        raise ShapeError(
            f"connectivity of outputs of {above[0][0].shape[0]} sequences and inputs of {below[0][0].shape[0]}", hint="one batch"
        )
    sources = list(dict.fromkeys(n for n, _ in below))
    found, dtype = np.zeros((len(above), len(below))), (outputs if isinstance(outputs, Tensor) else outputs[0]).dtype
    walks = {n: reachable(n)[0] for n in dict.fromkeys(n for n, _ in above)}
    for t, (target, key) in enumerate(above):
        seeds = [(target, _seed(target, key, dtype))]
        gradients = dict(zip(sources, pull(VECTORIZED, seeds, walks[target], sources, through=True), strict=True))
        for s, (source, part) in enumerate(below):
            if (g := gradients[source]) is not None:
                own = (slice(None), *part)
                rows = g[own].swapaxes(0, 1)
                found[t, s] = np.mean([norm(row) for row in rows])
    return found


def _seed(n: Node, key: tuple[slice | int, ...], dtype: npt.DTypeLike) -> Array:
    """One row for each feature of a step: 1 there, for every sequence."""
    batch, features = n.shape[0], n.shape[-1]
    seed = np.zeros((features, *n.shape), dtype)
    own = (slice(None), *key)
    seed[own] = np.broadcast_to(np.eye(features)[:, None], (features, batch, features))
    return seed


def _parts(steps: Tensor | Sequence[Tensor], what: str) -> list[StepPart]:
    """Every step as a recorded tensor, and the part of it that is meant."""
    one = isinstance(steps, Tensor)
    tensors = list(steps) if isinstance(steps, Iterable) and not isinstance(steps, Tensor) else [steps]
    if not all(isinstance(t, Tensor) and t.node is not None for t in tensors):
        raise GraphError(
            f"connectivity of {what} that were not recorded",
            hint="inputs: tg.Tensor(x, requires_grad=True), before the network reads them; outputs: what it returned, not detached",
        )
    nodes = [t.node for t in tensors if t.node is not None]
    if not nodes or len({n.shape for n in nodes}) > 1 or len(nodes[0].shape) != 2 + one or 0 in nodes[0].shape:
        raise ShapeError(
            f"connectivity of {what} of shapes {sorted({n.shape for n in nodes})}",
            hint="a list of tensors (batch, features), all alike, or one (batch, time, features); packed sequences are unpacked first",
        )
    return [(nodes[0], (slice(None), t)) for t in range(nodes[0].shape[1])] if one else [(n, WHOLE) for n in nodes]
