"""One program of a compiled function: what its arguments are made of, and when it is the same as another one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...engine.tensor import Tensor
from ...shared.array_type import Array
from ..values import Program, Value
from .noted import Noted, Recipe, Recording, evaluated, plain

__all__ = ["Entry", "close", "differ", "source_of", "targets"]

CLOSE = {8: 1e-10, 4: 2e-4, 2: 5e-2, 16: 1e-10}  # bytes of a float: how far results may be apart, of the largest entry


class Entry:
    """One program, with what its arguments are made of."""

    def __init__(
        self, program: Program, text: str, run: Callable[..., Any], sources: list[Any], recording: Recording, skeleton: Any
    ) -> None:
        self.program, self.text, self.run, self.sources, self.skeleton = program, text, run, sources, skeleton
        self.conditions, self.draws = recording.conditions, recording.draws
        self.verified, self.calls = False, 0

    def bound(self, arrays: list[Array], drawn: list[Array] | None) -> list[Array] | None:
        """The arguments for a batch; None if a condition does not hold. Without `drawn`, random numbers are drawn if all holds."""
        known: dict[Any, Any] = {}
        for recipe, value in self.conditions:  # none of them reads what is drawn
            if not _same(evaluated(recipe, arrays, [], known), value):
                return None
        if drawn is None:
            drawn = [rng.random(shape) for rng, shape in self.draws]
        return [
            s.data if type(s) is Tensor else evaluated(s, arrays, drawn, known) if isinstance(s, Recipe) else s
            for s in self.sources
        ]


def source_of(array: Array) -> Any:
    """How an argument is made: by its recipe, or as the array that it was."""
    return array.recipe if type(array) is Noted and array.recipe is not None else plain(array)


def targets(entry: Entry) -> list[tuple[Value, Any]]:
    """What the results of a program are, in their order: the parameter, and the tensor that it is."""
    tensor = dict(zip(entry.program.given, entry.sources, strict=True))
    return [(target, tensor.get(target)) for target in entry.program.gradients]


def differ(old: Entry, new: Entry) -> str:
    """What is not the same in two recordings of one structure, and is not known to come from the batch; "" if nothing is."""
    if old.text != new.text:
        return "two batches of one structure were computed in different ways"
    for v, a, b in zip(old.program.given, old.sources, new.sources, strict=True):
        if isinstance(a, np.ndarray) and not (isinstance(b, np.ndarray) and np.array_equal(a, b, equal_nan=a.dtype.kind == "f")):
            return f"{v.name or 'an array'} {v.shape} changes from batch to batch, and how it comes from the batch is not seen"
    return ""


def _same(found: Any, value: Any) -> bool:
    return bool(found == value) or (found != found and value != value)


def close(a: Any, b: Array, scale: Array | None = None) -> bool:
    """Whether a result is that of eager mode, to rounding: of the largest entry, or of that of what it was added to.

    >>> import numpy as np
    >>> from tinygrad_rnn.program.running.entry import close
    >>> close(np.array([1.0, np.nan]), np.array([1.0 + 1e-12, np.nan])), close(1.0, np.array(1.1))
    (True, False)
    """
    a, b = np.asarray(a), np.asarray(b)
    if a.shape != b.shape:
        return False
    most = max((float(np.abs(x[np.isfinite(x)]).max(initial=0.0)) for x in (b, b if scale is None else scale)), default=0.0)
    near = np.abs(a - b) <= CLOSE[b.dtype.itemsize] * max(most, 1e-30)
    return bool(np.all(near | (a == b) | ((a != a) & (b != b))))
