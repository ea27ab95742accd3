"""Random numbers that a function draws without a word: a program would not draw them."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from .noted import Recording

__all__ = ["Chance"]


class Chance:
    """The generators that a function and a model know, as they are before a call; and Python's and NumPy's own."""

    def __init__(self, function: Callable[..., Any], model: Any) -> None:
        known = {id(rng): rng for rng in (*_of_function(function), *_inside(model, set()))}
        self.before = [(rng, rng.bit_generator.state) for rng in known.values()]
        self.everywhere = _everywhere()

    def drew_more_than(self, recording: Recording) -> bool:
        """Whether more has been drawn since than was noted."""
        return _everywhere() != self.everywhere or any(
            not _same(rng.bit_generator.state, _after(rng, state, recording)) for rng, state in self.before
        )


def _after(rng: np.random.Generator, state: Any, recording: Recording) -> Any:
    """The state of a generator after what was noted."""
    again = np.random.Generator(type(rng.bit_generator)())
    again.bit_generator.state = state
    for drawn, shape in recording.draws:
        if drawn is rng:
            again.random(shape)
    return again.bit_generator.state


def _everywhere() -> tuple[Any, ...]:
    kind, numbers, *rest = np.random.get_state(legacy=True)  # noqa: NPY002 (that others draw of it is what is looked for)
    return random.getstate(), kind, np.asarray(numbers).tobytes(), *rest


def _same(a: Any, b: Any) -> bool:
    if isinstance(a, dict):
        return all(_same(value, b[key]) for key, value in a.items())
    return bool(np.array_equal(a, b))


def _of_function(function: Any) -> Iterator[np.random.Generator]:
    code = getattr(function, "__code__", None)
    if code is None:
        return
    for value in (*_cells(function), *(function.__globals__.get(name) for name in code.co_names)):
        if isinstance(value, np.random.Generator):
            yield value


def _cells(function: Any) -> Iterator[Any]:
    for cell in function.__closure__ or ():
        try:
            yield cell.cell_contents
        except ValueError:  # it is filled later
            continue


def _inside(part: Any, met: set[int]) -> Iterator[np.random.Generator]:
    """Those in the attributes of a model, and of all inside it."""
    if isinstance(part, np.random.Generator):
        yield part
    if id(part) in met:
        return
    met.add(id(part))
    inner = part if isinstance(part, (list, tuple)) else part.values() if isinstance(part, dict) else ()
    if hasattr(part, "named_parameters"):
        inner = vars(part).values()
    for one in inner:
        yield from _inside(one, met)
