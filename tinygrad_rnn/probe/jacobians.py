"""What does one step do to a gradient? Jacobians of states, their singular values, and the spectral radius of a weight."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from ..engine.dtypes import as_array
from ..engine.graph import Node, reachable
from ..engine.tensor import Tensor
from ..errors import DataError, GraphError, ShapeError
from ..shared.array_type import Array
from ..shared.checks import is_whole, short
from ..shared.nested import leaves
from .given import Loss, as_loss
from .lanes import Role, StateNodes, lane_of
from .vectorized_vjp import VECTORIZED, pull

__all__ = ["jacobian", "singular_values", "spectral_radius", "step_jacobians"]

AT_ONCE = 1 << 18  # entries of a state times rows that are walked together: what fits into a cache


def jacobian(h_t: Tensor | Sequence[Tensor], h_s: Tensor | Sequence[Tensor]) -> Array:
    """dh_t/dh_s of every sequence of a batch, by all recorded paths: (batch, n, m) for h_t (batch, n) and h_s (batch, m).

        J[b, i, j] = d h_t[b, i] / d h_s[b, j]

    Either may be a tuple of tensors, a joint state such as (h, c), laid side by side; paths then end at the first part of h_s that
    they meet, as the parts are coordinates of one point. Further axes than the batch are flattened. Sequences must not read each
    other: one gradient serves the whole batch. Costs one backward pass a row, n in all; rows are walked many at a time.
    Raises `GraphError` for a tensor without a graph, `ShapeError` where the batches differ or are empty.

    The product of the Jacobians of single steps, Pascanu, Mikolov and Bengio 2013, equation 5:

    >>> import numpy as np, tinygrad_rnn as tg
    >>> cell = tg.nn.RNNCell(2, 3, rng=np.random.default_rng(0))
    >>> hs, _ = tg.nn.unroll(cell, np.ones((4, 5, 2)))
    >>> far = tg.probe.jacobian(hs[4], hs[2])
    >>> far.shape
    (4, 3, 3)
    >>> np.allclose(far, tg.probe.jacobian(hs[4], hs[3]) @ tg.probe.jacobian(hs[3], hs[2]))
    True
    """
    above, below = _joint(h_t, "h_t"), _joint(h_s, "h_s")
    if above[0].shape[0] != below[0].shape[0]:
        raise ShapeError(
            f"jacobian of h_t with {above[0].shape[0]} sequences and h_s with {below[0].shape[0]}",
            hint="both have one row a sequence",
        )
    nodes: set[Node] = set()
    for n in above:
        if n not in nodes:
            nodes.update(reachable(n)[0])
    return _jacobian_rows(above, below, sorted(nodes, key=lambda n: n.order), _dtype(h_t))


def step_jacobians(
    loss: Loss,
    role: Role = None,
    *,
    layer: int | None = None,
    direction: int | None = None,
    scope: str | None = None,
) -> Array:
    """ds_t/ds_{t-1} for every step: (T - 1, batch, n, n), of the joint state s that a cell hands on.

        J[k] = d s_{k+2} / d s_{k+1}        k = 0..T-2, s = h for an RNN or GRU, (h, c) for an LSTM, side by side

    Only paths inside the one step count, and the input is held fixed: what is not recorded in the cell's own scope is no path.
    `role` picks states by name ("h", or ("h", "c")), the others held fixed. Where a layer reads backwards (`direction=-1`) the
    steps come in the order in which it reads. Costs n passes over each step, so n backward passes over the lane in all.
    Raises `GraphError` without a second step, where several cells hold states and none is chosen, where `role` is not handed on, and
    for packed sequences, whose steps have different numbers of rows.

    Hochreiter 1991; Pascanu, Mikolov and Bengio 2013, equation 5.

    >>> import numpy as np, tinygrad_rnn as tg
    >>> cell = tg.nn.LSTMCell(2, 3, rng=np.random.default_rng(0))
    >>> hs, (h, c) = tg.nn.unroll(cell, np.ones((4, 5, 2)))
    >>> tg.probe.step_jacobians(h.sum()).shape
    (4, 4, 6, 6)
    """
    loss = as_loss(loss)
    lane = lane_of(loss, role, layer, direction, scope)
    states = lane.chain(role)
    return np.stack([_jacobian_rows(states[b], states[a], lane.steps[b], loss.dtype) for a, b in pairwise(states)])


def _jacobian_rows(above: StateNodes, below: StateNodes, nodes: Sequence[Node], dtype: npt.DTypeLike) -> Array:
    """d(above)/d(below), (batch, n, m), by paths through `nodes` (oldest first)."""
    batch = above[0].shape[0]
    widths = [int(np.prod(n.shape[1:])) for n in above]
    sizes = [int(np.prod(n.shape[1:])) for n in below]
    n, J = sum(widths), np.zeros((batch, sum(widths), sum(sizes)), dtype)
    many = max(1, AT_ONCE // max(1, batch * n))
    for first in range(0, n, many):
        rows = np.arange(first, min(first + many, n))
        seeds, start = [], 0
        for target, width in zip(above, widths, strict=True):
            seed = np.zeros((len(rows), batch, width), dtype)
            own = (rows >= start) & (rows < start + width)
            seed[own, :, rows[own] - start] = 1
            seeds.append((target, seed.reshape(len(rows), *target.shape)))
            start += width
        column = 0
        for g, size in zip(pull(VECTORIZED, seeds, nodes, below), sizes, strict=True):
            if g is not None:
                J[:, rows, column : column + size] = g.reshape(len(rows), batch, size).swapaxes(0, 1)
            column += size
    return J


def singular_values(jacobians: npt.ArrayLike) -> Array:
    """The singular values of matrices (..., n, m), the largest first: (..., min(n, m)).

    The largest is the most by which a matrix stretches a gradient. Raises `ShapeError` for fewer than two axes, or no
    entries, `DataError` for NaN and infinity, `DtypeError` for what are no numbers.

    >>> import tinygrad_rnn as tg
    >>> tg.probe.singular_values([[3.0, 0.0], [0.0, -4.0]])
    array([4., 3.])
    """
    matrices = as_array(jacobians)
    if matrices.ndim < 2 or not matrices.size:
        raise ShapeError(f"singular_values of an array of shape {matrices.shape}", hint="give matrices of numbers, (..., n, m)")
    if not np.isfinite(matrices).all():
        raise DataError(
            "singular_values of matrices that hold NaN or infinity", hint="the gradient exploded: look at fewer steps"
        )
    return np.asarray(np.linalg.svd(matrices, compute_uv=False))


def spectral_radius(W: npt.ArrayLike | Tensor, block: int | None = None) -> float:
    """The largest absolute value of the eigenvalues of W (n, n), or of one of the k blocks (n, n) of W (n, k n).

    `block` counts from 0 in the order of the gates: i, f, g, o of an LSTM, r, z, n of a GRU. In a linear network the gradient must
    vanish over many steps where it is below 1 (Pascanu, Mikolov and Bengio 2013, section 2.1).
    Raises `ShapeError` for a W that is not square, or a block that does not exist.

    >>> import numpy as np, tinygrad_rnn as tg
    >>> tg.probe.spectral_radius([[0.0, 2.0], [8.0, 0.0]])
    4.0
    >>> cell = tg.nn.LSTMCell(3, 32, rng=np.random.default_rng(0))
    >>> round(tg.probe.spectral_radius(cell.Wh, block=1), 2)
    0.69
    """
    matrix = as_array(W)
    n = matrix.shape[0] if matrix.ndim == 2 else 0
    blocks = matrix.shape[1] // n if n else 0
    if not n or matrix.shape[1] != n * blocks or not blocks:
        raise ShapeError(
            f"spectral_radius of an array of shape {matrix.shape}", hint="W is (n, n), or (n, k n) with block=0..k-1"
        )
    if block is None and blocks > 1:
        raise ShapeError(f"spectral_radius of W {matrix.shape}, which holds {blocks} blocks", hint=f"say block=0..{blocks - 1}")
    if block is not None and not (is_whole(block, 0) and block < blocks):
        raise ShapeError(f"spectral_radius(block={short(block)}) of W {matrix.shape}", hint=f"it has the blocks 0..{blocks - 1}")
    if not np.isfinite(matrix).all():
        raise DataError("spectral_radius of a matrix that holds NaN or infinity")
    start = (block or 0) * n
    return float(np.abs(np.linalg.eigvals(matrix[:, start : start + n])).max())


def _joint(state: Tensor | Sequence[Tensor], name: str) -> StateNodes:
    parts = leaves(state)
    if not parts or not all(isinstance(part, Tensor) and part.node is not None for part in parts):
        raise GraphError(
            f"jacobian of {name}, which is no recorded tensor",
            hint="it was given as data or detached: requires_grad=True records it",
        )
    if len({part.shape[:1] for part in parts}) > 1 or not all(part.ndim and part.size for part in parts):
        raise ShapeError(
            f"jacobian of {name} of shapes {', '.join(str(part.shape) for part in parts)}",
            hint="each is (batch, size), with one batch and at least one entry",
        )
    return tuple(part.node for part in parts if part.node is not None)


def _dtype(state: Tensor | Sequence[Tensor]) -> npt.DTypeLike:
    return state.dtype if isinstance(state, Tensor) else leaves(state)[0].dtype
