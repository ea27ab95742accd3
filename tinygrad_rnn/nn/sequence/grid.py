"""Grid LSTM: LSTM cells along every dimension of a grid, depth among them (Kalchbrenner, Danihelka and Graves 2016)."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from ...engine.primitives import split
from ...engine.scopes import here, place_of, scope, time_step
from ...engine.tensor import Tensor, TensorLike, as_tensor, named
from ...errors import DataError, ShapeError
from ...shared.array_type import Dtype
from ...shared.checks import check_choice, check_flags, check_kind, check_sizes, is_whole
from .. import init
from ..cells.cell import State
from ..cells.grid_lstm import GridLSTMCell, Pair
from ..inputs import fitting
from ..module import Module
from .unrolling import SequenceLayer, unroll

__all__ = ["Grid", "GridLSTM"]


class _Project(Module):
    """How data enters the side of the grid where depth starts: h, m = the halves of x Wx."""

    def __init__(self, input_size: int, hidden_size: int, rng: np.random.Generator, dtype: Dtype) -> None:
        check_sizes("a grid", input_size=input_size, hidden_size=hidden_size)
        self.Wx = Tensor(init.uniform(rng, (input_size, 2 * hidden_size), input_size**-0.5, dtype), requires_grad=True)

    def step(self, x: TensorLike) -> Pair:
        h, m = split(fitting(x, self.Wx) @ self.Wx, 2)
        return named(h, "h_in"), named(m, "m_in")


def _blocks(
    depth: int, tied: bool, dimensions: int, hidden_size: int, priority: int | None, settings: dict[str, Any]
) -> list[GridLSTMCell]:
    """One block a layer; tied, it is the same one."""
    if not is_whole(depth, 1):
        raise ShapeError(f"a grid of depth {depth!r}", hint="a whole number of blocks, at least 1")
    check_flags("a grid", tied=tied)
    blocks = [GridLSTMCell(dimensions, hidden_size, priority=priority, **settings) for _ in range(1 if tied else depth)]
    return blocks * depth if tied else blocks


class GridLSTM(SequenceLayer):
    """The grid of two dimensions, time and depth: a stacked LSTM with memory cells along depth too.

    A step enters at the foot through `project`, (h, m) = x Wx cut in two, and climbs `depth` blocks; each hands one pair to the next
    step and one to the block above. `tied` shares one block's weights among all of them. `priority` is "depth" (time is computed
    first, and depth sees its new h), "time", or None. The output of a step is the h that leaves at the top; the state is that h, and
    h and m of every layer. Nodes are stamped `layer=1` (the lowest), `layer=2`, ...
    Raises `ShapeError` or `DataError` for sizes and settings that do not exist.

    >>> import numpy as np, tinygrad_rnn as tg
    >>> grid = tg.nn.GridLSTM(3, 4, 6, rng=np.random.default_rng(0), tied=True)
    >>> hs, state = grid(np.ones((2, 5, 3)))
    >>> hs[-1].shape, len(state), hs[-1].place
    ((2, 4), 13, 'GridLSTM / t=5 / GridLSTMCell layer=6')
    >>> [name for name, _ in grid.named_parameters()]
    ['project.Wx', 'blocks.0.W.0', 'blocks.0.W.1', 'blocks.0.b.0', 'blocks.0.b.1']
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        depth: int,
        *,
        rng: np.random.Generator,
        tied: bool = False,
        priority: Literal["depth", "time"] | None = "depth",
        forget_bias: float = 1.0,
        bias: bool = True,
        dtype: Dtype = None,
    ) -> None:
        check_choice("GridLSTM", "priority", priority, ("depth", "time", None))
        self.input_size, self.hidden_size, self.depth = input_size, hidden_size, depth
        last = {"time": 0, "depth": 1, None: None}[priority]
        self.project = _Project(input_size, hidden_size, rng, dtype)
        self.blocks = _blocks(
            depth, tied, 2, hidden_size, last, {"rng": rng, "forget_bias": forget_bias, "bias": bias, "dtype": dtype}
        )

    def forward(self, xs: Any, state: Any = None, reverse: bool = False) -> tuple[Any, State]:
        """xs as in `unroll`: the h at the top of every step; and the state, which is that h and the pair of every layer."""
        return unroll(_Column(self.project, self.blocks), xs, state, reverse)


class _Column:
    """One step of the grid, from the foot to the top, as a cell: state (h at the top, h_1, m_1, ..., h_depth, m_depth)."""

    def __init__(self, project: _Project, blocks: list[GridLSTMCell]) -> None:
        self.project, self.blocks = project, blocks

    def initial_state(self, batch: int) -> State:
        starts = [self.blocks[0].initial_pairs(batch)[0] for _ in self.blocks]
        return starts[0][0], *(part for pair in starts for part in pair)

    def step(self, x: TensorLike, state: State) -> State:
        check_kind("the state of a grid:", state, (tuple, list), "the one that initial_state or the last step gave")
        if len(state) != 1 + 2 * len(self.blocks):
            raise ShapeError(
                f"a grid of depth {len(self.blocks)} was given a state of {len(state)} tensors",
                where=place_of(here.mode.frames),
                hint="pass on the state that it returned, or None",
            )
        up, along = self.project.step(x), list(state)
        for k, block in enumerate(self.blocks):
            with scope("GridLSTMCell", layer=k + 1):
                along[2 * k + 1 : 2 * k + 3], up = block.passed([(along[2 * k + 1], along[2 * k + 2]), up])
        return up[0], *along[1:]

    step.scoped = True  # type: ignore[attr-defined]  # its blocks open scopes of their own, one a layer


class Grid(Module):
    """A grid of N = dimensions + 1: an array of inputs (an image has two dimensions), and depth.

    Each block reads, along every dimension, the pair of the block before it, and zeros at the border. Blocks whose indices have
    one sum need not wait for each other: a diagonal is a time step. The other settings are those of `GridLSTM`; `priority` numbers
    a dimension, -1 is depth. Nodes are stamped with their time step, their `layer`, and their index in all dimensions of the array
    but the last (`d1`, ...), counted from 1.

    >>> import numpy as np, tinygrad_rnn as tg
    >>> grid = tg.nn.Grid(3, 4, dimensions=2, depth=2, rng=np.random.default_rng(0))
    >>> outputs = grid(np.ones((1, 2, 5, 3)))  # (batch, rows, columns, features)
    >>> len(outputs), outputs[1, 4].shape, outputs[1, 4].place
    (10, (1, 4), 'Grid / t=6 / GridLSTMCell layer=2 d1=2')
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        dimensions: int,
        depth: int,
        *,
        rng: np.random.Generator,
        tied: bool = False,
        priority: int | None = -1,
        forget_bias: float = 1.0,
        bias: bool = True,
        dtype: Dtype = None,
    ) -> None:
        if not is_whole(dimensions, 1):
            raise ShapeError(f"Grid(dimensions={dimensions!r})", hint="those of the input: a whole number, at least 1")
        self.dimensions = dimensions
        last = dimensions if priority == -1 else priority
        self.project = _Project(input_size, hidden_size, rng, dtype)
        settings = {"rng": rng, "forget_bias": forget_bias, "bias": bias, "dtype": dtype}
        self.blocks = _blocks(depth, tied, dimensions + 1, hidden_size, last, settings)

    def forward(self, xs: TensorLike) -> dict[tuple[int, ...], Tensor]:
        """xs (batch, n_1, ..., n_dimensions, features): by the index of every input, the h (batch, hidden_size) above it."""
        xs = as_tensor(xs)
        sizes = xs.shape[1:-1]
        if len(sizes) != self.dimensions or not xs.size:
            raise (ShapeError if xs.size else DataError)(
                f"Grid over xs of shape {xs.shape}",
                hint=f"xs is (batch, {', '.join(f'n_{k + 1}' for k in range(self.dimensions))}, features), none of them 0",
            )
        left: dict[tuple[int, tuple[int, ...]], list[Pair]] = {}  # (layer, place) -> what leaves along every dimension
        outputs = {}
        for at in sorted(np.ndindex(sizes), key=sum):
            key, frame = (slice(None), *at), {f"d{k}": i + 1 for k, i in enumerate(at[:-1], 1)}
            with time_step(1 + sum(at)), scope("input", **frame):
                up = self.project.step(named(xs[key], "x"))
            for k, block in enumerate(self.blocks):
                pairs = block.initial_pairs(xs.shape[0])
                for d in range(self.dimensions):
                    before = left.get((k, (*at[:d], at[d] - 1, *at[d + 1 :])))
                    pairs[d] = before[d] if before else pairs[d]
                with time_step(1 + sum(at)), scope("GridLSTMCell", layer=k + 1, **frame):
                    left[k, at] = block.passed([*pairs[:-1], up])
                up = left[k, at][-1]
            outputs[at] = up[0]
        return outputs
