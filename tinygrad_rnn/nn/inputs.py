"""Sequences as one tensor a step, or as one tensor (batch, time, features): whatever a layer is called with, and what it gives."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeGuard

from ..engine.primitives import stack
from ..engine.scopes import here, place_of, time_step
from ..engine.tensor import Tensor, TensorLike, as_tensor, named
from ..errors import DataError, ShapeError

__all__ = ["WHOLE", "each_step", "fitting", "is_list_of_steps", "steps_of", "whole_of", "whole_steps"]

WHOLE = "xs is (batch, time, features); one sequence is a batch of 1"


def fitting(x: TensorLike, weight: Tensor) -> Tensor:
    """x, or a part of a state, as a tensor; data in another precision than the weight takes its, what was recorded keeps its own.

    >>> import numpy as np, tinygrad_rnn as tg
    >>> from tinygrad_rnn.nn.inputs import fitting
    >>> fitting(np.ones((2, 3)), tg.Tensor([1.0], dtype=np.float32)).dtype
    dtype('float32')
    """
    x = as_tensor(x, weight)
    if x.node is None and x._array.dtype != weight._array.dtype:
        return Tensor(x._array, dtype=weight._array.dtype, name=x.name)
    return x


def is_list_of_steps(xs: Any) -> TypeGuard[Sequence[Any]]:
    """Whether xs is a list of one input a step, at least one of them a Tensor, and not values (batch, time, features).

    An empty list is one too: a sequence of no steps.

    >>> import numpy as np, tinygrad_rnn as tg
    >>> from tinygrad_rnn.nn.inputs import is_list_of_steps
    >>> x = np.ones((1, 3))
    >>> is_list_of_steps([tg.Tensor(x), x]), is_list_of_steps([[[1.0, 2.0, 3.0]]])
    (True, False)
    """
    return isinstance(xs, (list, tuple)) and (not xs or any(isinstance(x, Tensor) for x in xs))


def each_step(function: Callable[..., Tensor], *sequences: Iterable[Any]) -> list[Tensor]:
    """What the function makes of every step's entries, each recorded in its step.

    >>> from tinygrad_rnn.nn.inputs import each_step, steps_of
    >>> [y.item() for y in each_step(lambda x: x.sum(), steps_of([[[1.0], [2.0]]], "unroll"))]
    [1.0, 2.0]
    """
    outputs = []
    for t, inputs in enumerate(zip(*sequences, strict=True), start=1):
        with time_step(t):
            outputs.append(function(*inputs))
    return outputs


def steps_of(xs: Any, caller: str, hint: str = WHOLE) -> list[Tensor]:
    """The input of every step (batch, features); what is not a Tensor yet becomes one.

    `caller` and `hint` are for messages. Raises `ShapeError` for values without three axes and for inputs that differ in shape,
    `DataError` for a sequence of no steps or a batch of none.

    >>> import numpy as np
    >>> from tinygrad_rnn.nn.inputs import steps_of
    >>> [x.shape for x in steps_of(np.ones((2, 3, 4)), "unroll")]
    [(2, 4), (2, 4), (2, 4)]
    """
    return _listed(xs, caller) if is_list_of_steps(xs) else _cut(as_tensor(xs), caller, hint)


def whole_of(steps: Any) -> Tensor:
    """Steps as one tensor (batch, time, features), whether they come as one or as a list of one a step."""
    return stack(steps, axis=1) if is_list_of_steps(steps) and steps else as_tensor(steps)


def whole_steps(caller: str, steps: Any) -> Tensor:
    """What `whole_of` makes of them; a `ShapeError` unless it is (batch, time, features), a `DataError` for no steps.

    >>> from tinygrad_rnn.nn.inputs import whole_steps
    >>> whole_steps("pool_mean", [[1.0, 2.0]])
    Traceback (most recent call last):
    tinygrad_rnn.errors.ShapeError: pool_mean of shape (1, 2)
    <BLANKLINE>
    hint: it takes (batch, time, features), or a list of one tensor (batch, features) a step; one sequence is a batch of 1
    """
    whole = whole_of(steps)
    if whole.ndim == 3 and len(whole) and whole.shape[1]:
        return whole
    raise (ShapeError if whole.size else DataError)(
        f"{caller} of {f'shape {whole.shape}' if whole.size else 'no steps'}",
        where=place_of(here.mode.frames),
        hint="it takes (batch, time, features), or a list of one tensor (batch, features) a step; one sequence is a batch of 1",
    )


def _listed(xs: Sequence[Any], caller: str) -> list[Tensor]:
    inputs = [as_tensor(x) for x in xs]
    shapes = {x.shape for x in inputs}
    if len(shapes) > 1 or any(len(shape) != 2 for shape in shapes):
        raise ShapeError(
            f"{caller} over inputs of shapes {sorted(shapes)}",
            hint="each step's input is (batch, features), all alike; nn.pack batches sequences of different lengths",
        )
    _check_some(inputs[0].shape[0] if inputs else 1, len(inputs), f"a list of {len(inputs)} inputs", caller)
    return [x if x.name or (x.node is not None and x.is_leaf) else named(x, "x") for x in inputs]  # a leaf is the caller's


def _cut(whole: Tensor, caller: str, hint: str) -> list[Tensor]:
    """The slice of every step, recorded in its step."""
    if whole.ndim != 3:
        raise ShapeError(f"{caller} over xs of shape {whole.shape}", hint=hint)
    batch, time, _ = whole.shape
    _check_some(batch, time, f"xs of shape {whole.shape} (batch, time, features)", caller)
    return each_step(lambda k: named(whole[:, k], "x"), range(time))


def _check_some(batch: int, time: int, given: str, caller: str) -> None:
    if not batch or not time:
        raise DataError(
            f"{caller} over {'no sequences' if time else 'a sequence of no steps'}: {given}",
            hint="leave empty sequences out before you make a batch",
        )
