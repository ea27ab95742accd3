"""What RNN, LSTM and GRU cells share: their weights, a look at x and the state, and what is done once for a whole sequence."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from typing import Any, Generic, TypeVar

import numpy as np

from ...engine.primitives import concat
from ...engine.scopes import here, place_of, scope
from ...engine.tensor import Tensor, TensorLike, named
from ...errors import DataError, ShapeError
from ...functional import dropout_mask
from ...shared.array_type import Dtype
from ...shared.checks import check_flags, check_sizes, is_whole
from .. import init
from ..inputs import fitting
from ..module import Module
from ..packed import PackedSequence, steps_in

__all__ = ["RecurrentCell"]

S = TypeVar("S")


class RecurrentCell(Module, Generic[S]):
    """What the three cells, and their normalised forms, share.

    `Wx` (input_size, gates hidden), `Wh` (hidden, gates hidden) and `b` (gates hidden), which is None with `bias=False`.

    `project_once` and `recurrent_dropout` are settings of `RNN`, `LSTM` and `GRU`, for runs over whole sequences.
    """

    letters = "h"  # what the parts of the state are called
    project_once = False
    recurrent_dropout = 0.0
    rng: np.random.Generator | None = None  # what the masks of recurrent dropout are drawn from
    projected = False  # x is already x Wx + b
    dropped: Tensor | None = None  # the mask of h in this sequence, (batch, hidden)

    def __init__(self, input_size: int, hidden_size: int, gates: int, rng: np.random.Generator, bias: bool, dtype: Dtype) -> None:
        check_sizes(type(self).__name__, input_size=input_size, hidden_size=hidden_size)
        check_flags(type(self).__name__, bias=bias)
        self.input_size, self.hidden_size = input_size, hidden_size
        bound = 1 / hidden_size**0.5
        self.Wx = Tensor(init.uniform(rng, (input_size, gates * hidden_size), bound, dtype), requires_grad=True)
        self.Wh = Tensor(init.uniform(rng, (hidden_size, gates * hidden_size), bound, dtype), requires_grad=True)
        self.b = Tensor(init.zeros((gates * hidden_size,), dtype), requires_grad=True) if bias else None
        self.add_weights(dtype)

    def add_weights(self, dtype: Dtype) -> None:
        """Make the weights that a cell has besides these three."""

    def initial_state(self, batch: int) -> S:
        """All zeros, for that many sequences."""
        if not is_whole(batch, 1):
            raise DataError(f"an initial state for a batch of {batch!r}", hint="a batch holds at least one sequence")
        zeros = np.zeros((batch, self.hidden_size), self.Wh.dtype)
        state: Any = tuple([Tensor(zeros, name=f"{letter}0") for letter in self.letters])
        return state

    def __call__(self, x: TensorLike, state: S | None = None) -> S:
        """The same as `step`, from `initial_state` if there is no state."""
        if state is None:
            x = fitting(x, self.Wx)
            self._check_input(x)
            state = self.initial_state(len(x))
        return self.step(x, state)

    def step(self, x: TensorLike, state: S) -> S:
        """The state after one input."""
        raise NotImplementedError

    def for_sequence(self, xs: Sequence[Tensor]) -> tuple[RecurrentCell[S], Sequence[Tensor]]:
        """The cell that runs the steps of one sequence, and what it reads: `unroll` asks before the first step.

        Recurrent dropout draws one mask for all steps (Gal and Ghahramani 2016), `project_once` multiplies all x by Wx at once.
        """
        dropping = self.recurrent_dropout > 0 and self.training
        if not dropping and not self.project_once:
            return self, xs
        cell = copy(self)
        if dropping:
            assert self.rng is not None
            keep = dropout_mask((len(xs[0]), self.hidden_size), self.recurrent_dropout, self.rng, self.Wh.dtype)
            cell.dropped = Tensor(keep[list(xs.order)] if isinstance(xs, PackedSequence) else keep, name="mask")
        if self.project_once:
            cell.projected = True
            with scope(type(self).__name__):
                flat = self.projection(fitting(concat(list(xs)), self.Wx))
            xs = list(steps_in(flat, [len(x) for x in xs], "xW"))
        return cell, xs

    def project(self, x: Tensor) -> Tensor:
        """The part of a step that needs no state: the projection of x, or x itself where all steps were projected at once."""
        return x if self.projected else self.projection(x)

    def projection(self, x: Tensor) -> Tensor:
        """x Wx + b."""
        return x @ self.Wx if self.b is None else x @ self.Wx + self.b

    def preactivation(self, x: Tensor, h: Tensor) -> Tensor:
        """x Wx + h Wh + b."""
        if self.projected:
            return x + self.seen(h) @ self.Wh
        a = x @ self.Wx + self.seen(h) @ self.Wh
        return a if self.b is None else a + self.b

    def seen(self, h: Tensor) -> Tensor:
        """h as the weights see it: under the mask of recurrent dropout, if there is one."""
        if self.dropped is None:
            return h
        kept = h * (self.dropped if len(h) == len(self.dropped) else named(self.dropped[: len(h)], "mask"))
        return kept if kept.requires_grad else named(kept, "h0")  # of a start that nothing was recorded for

    def checked(self, x: TensorLike, state: Any) -> tuple[Tensor, S]:
        """x and the state, after a look at what broadcasting would hide: a missing part, another number of sequences."""
        x, parts = fitting(x, self.Wx), self.letters
        if x._array.ndim != 2:
            self._check_input(x)
        if not isinstance(state, (tuple, list)) or len(state) != len(parts):
            given = f"one of {len(state)}" if isinstance(state, (tuple, list)) else f"a {type(state).__name__}"
            raise ShapeError(
                f"the state of {type(self).__name__} is a tuple ({', '.join(parts)}{',' * (len(parts) == 1)}), not {given}",
                where=place_of(here.mode.frames),
                hint=f"give ({', '.join(parts)}{',' * (len(parts) == 1)}), each (batch, {self.hidden_size}): "
                "cell.initial_state(batch) at the start, then what step() returned",
            )
        dtype = self.Wh._array.dtype
        state = [part if type(part) is Tensor and part._array.dtype is dtype else fitting(part, self.Wx) for part in state]
        for part, name in zip(state, parts, strict=True):
            if part._array.ndim != 2 or part._array.shape[0] != x._array.shape[0]:
                if part.ndim == 3:
                    raise ShapeError(
                        f"{name} of shape {part.shape} in {type(self).__name__}",
                        where=place_of(here.mode.frames),
                        hint=f"it is ({len(x)}, {self.hidden_size}); PyTorch's axis of layers is a list here: [(h[k], c[k]), ...]",
                    )
                raise ShapeError(
                    f"x of shape {x.shape} and {name} of shape {part.shape} hold different numbers of sequences",
                    where=place_of(here.mode.frames),
                    hint="the state was made for another batch: cell.initial_state(len(x))",
                )
            if part._array.shape[1] != self.hidden_size:
                raise ShapeError(
                    f"{name} of shape {part.shape} in a cell with hidden_size={self.hidden_size}",
                    where=place_of(here.mode.frames),
                    hint="start from cell.initial_state(batch)",
                )
        return x, state

    def _check_input(self, x: Tensor) -> None:
        if x.ndim != 2:
            raise ShapeError(
                f"{type(self).__name__} of x of shape {x.shape}",
                where=place_of(here.mode.frames),
                hint=f"a step reads x (batch, {self.input_size}); one sequence is a batch of 1, and a time axis is for tg.nn.unroll",
            )
