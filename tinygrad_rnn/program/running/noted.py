"""Arrays that know how they are computed from a batch: what a recording needs to compute them from the next one.

A `Noted` array computes as any other and writes down a recipe for the result. A number or a truth value that is read of one, to choose
a way or to count, becomes a condition: what was recorded holds for those batches that give the same.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from ...engine.scopes import noting, reading
from ...shared.array_type import NOTED, Array

__all__ = ["Given", "Noted", "Recipe", "Recording", "evaluated", "noted", "plain"]


class Recipe:
    """How an array is made."""

    __slots__ = ()


class Given(Recipe):
    """A part of the batch, by its place there."""

    __slots__ = ("place",)

    def __init__(self, place: int) -> None:
        self.place = place


class Draw(Recipe):
    """Random numbers, the k-th that a run draws."""

    __slots__ = ("k",)

    def __init__(self, k: int) -> None:
        self.k = k


class Call(Recipe):
    """The result of a function, or one part of it, from arguments among which are recipes."""

    __slots__ = ("args", "function", "kwargs", "part")

    def __init__(self, function: Callable[..., Any], args: Any, kwargs: Any, part: int | None = None) -> None:
        self.function, self.args, self.kwargs, self.part = function, args, kwargs, part


class Recording:
    """What is noted while a function runs: the conditions, and what was drawn of which generator."""

    def __init__(self) -> None:
        self.open = False
        self.refused = ""  # why what was recorded is no program
        self.conditions: list[tuple[Recipe, Any]] = []  # a recipe, and what it has to give
        self.draws: list[tuple[np.random.Generator, tuple[int, ...]]] = []
        self.drawn: list[Array] = []

    @contextmanager
    def noting(self) -> Iterator[None]:
        """While it is open, random numbers are noted."""

        def note(rng: np.random.Generator, shape: tuple[int, ...], values: Array) -> Array:
            self.draws.append((rng, shape))
            self.drawn.append(values)
            return noted(values, Draw(len(self.draws) - 1), self)

        self.open = True
        before = noting.set(note), reading.set(self._left)
        try:
            yield
        finally:
            self.open = False
            noting.reset(before[0])
            reading.reset(before[1])

    def _left(self) -> None:
        """A value that was computed from weights is read: what is done with it is not seen."""
        frame = sys._getframe(2)
        while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith("tinygrad_rnn."):
            frame = frame.f_back
        line = f"{os.path.basename(frame.f_code.co_filename)}, line {frame.f_lineno}"
        self.refuse(f"{line}, reads a value that depends on weights")

    def refuse(self, why: str) -> None:
        """What is recorded is no program; the first reason counts."""
        self.refused = self.refused or why

    def read(self, recipe: Recipe, value: Any) -> Any:
        """A value that is known outside of arrays from here on; one of random numbers cannot be known before they are drawn."""
        if _is_drawn(recipe):
            self.refuse("a choice or a count depends on random numbers")
        self.conditions.append((recipe, value))
        return value


class Noted(np.ndarray[Any, Any]):
    """An array with its recipe; None if it cannot be told."""

    recipe: Recipe | None
    recording: Recording | None

    def __array_finalize__(self, parent: Any) -> None:
        """A copy has the recipe of what it is a copy of; all that is computed gets its own afterwards."""
        alike = type(parent) is Noted and parent.shape == self.shape and parent.dtype == self.dtype
        self.recipe = parent.recipe if alike else None
        self.recording = getattr(parent, "recording", None)

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if kwargs.get("out") is not None or method == "at":
            self._written()
            return getattr(ufunc, method)(*map(plain, inputs), **{key: plain(value) for key, value in kwargs.items()})
        return self.computed(getattr(ufunc, method), inputs, kwargs)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        if function in WRITE:
            self._written()
            return function(*plain(args), **plain(kwargs))
        return self.computed(function, args, kwargs)

    def computed(self, function: Callable[..., Any], args: Any, kwargs: Any) -> Any:
        """The result of a function, noted."""
        result = function(*plain(args), **plain(kwargs))
        recording = self.recording
        if recording is None or not recording.open:
            return result
        recipes = recipe_of(args), recipe_of(kwargs)
        if isinstance(result, (tuple, list)):
            made = [noted(part, Call(function, *recipes, k), recording) for k, part in enumerate(result)]
        else:
            made = [noted(result, Call(function, *recipes), recording)]
        for part in made:
            if type(part) is Noted and (function in OF_ANY_SHAPE or _by_truth(function, args)):
                recording.read(Call(np.shape, (part.recipe,), {}), part.shape)
        return type(result)(made) if isinstance(result, (tuple, list)) else made[0]

    def _read(self, how: Callable[[Any], Any]) -> Any:
        value = how(plain(self))
        known = self.recording is not None and self.recording.open and self.recipe is not None
        return value if not known else self.recording.read(Call(how, (self.recipe,), {}), value)  # type: ignore[union-attr]

    def __bool__(self) -> bool:
        return self._read(bool)

    def __int__(self) -> int:
        return self._read(int)

    def __index__(self) -> int:
        return self._read(int)

    def __float__(self) -> float:
        return self._read(float)

    def copy(self, order: Any = "C") -> Any:
        made = plain(self).copy(order).view(Noted)
        made.recipe, made.recording = self.recipe, self.recording
        return made

    def item(self, *args: Any) -> Any:
        return self._read(lambda x: x.item(*args))

    def tolist(self) -> Any:
        return self._read(np.ndarray.tolist)

    def __iter__(self) -> Iterator[Any]:
        return iter([self[k] for k in range(len(self))])

    def __contains__(self, value: Any) -> bool:
        return self._read(lambda x: plain(value) in x)

    def __setitem__(self, key: Any, value: Any) -> None:
        super().__setitem__(key, value)
        self._written()

    def _written(self) -> None:
        """Its values change: what was written down no longer holds."""
        if self.recording is not None and self.recording.open:
            self.recording.refuse("an array that comes from the batch is written to")


OF_ANY_SHAPE = (
    np.nonzero,
    np.flatnonzero,
    np.argwhere,
    np.unique,
    np.repeat,
    np.bincount,
    np.extract,
    np.compress,
    np.trim_zeros,
)
WRITE = (np.copyto, np.put, np.place, np.putmask, np.fill_diagonal, np.put_along_axis)
METHODS = (
    "all", "any", "argmax", "argmin", "argsort", "astype", "clip", "cumprod", "cumsum", "diagonal", "dot",
    "flatten", "max", "mean", "min", "nonzero", "prod", "ravel", "repeat", "reshape", "round", "squeeze", "std", "sum", "swapaxes",
    "take", "transpose", "var", "view",
)  # fmt: skip


def _method(name: str) -> Any:
    plain_method = getattr(np.ndarray, name)

    def method(self: Noted, *args: Any, **kwargs: Any) -> Any:
        return self.computed(plain_method, (self, *args), kwargs)

    method.__name__ = name
    return method


def _not_followed(name: str) -> Any:
    plain_method = getattr(np.ndarray, name)

    def method(self: Noted, *args: Any, **kwargs: Any) -> Any:
        if self.recording is not None and self.recording.open:
            self.recording.refuse(f"{name}() of an array of the batch is not followed")
        return plain_method(self if name in ("fill", "partition", "put", "resize", "sort") else plain(self), *args, **kwargs)

    return method


for name in dir(np.ndarray):
    if callable(getattr(np.ndarray, name)) and not name.startswith("_") and name not in vars(Noted):
        setattr(Noted, name, _method(name) if name in METHODS else _not_followed(name))
Noted.__getitem__ = _method("__getitem__")  # type: ignore[method-assign]
Noted.T = property(lambda self: self.transpose())  # type: ignore[assignment, method-assign]
NOTED.add(Noted)


def _by_truth(function: Any, args: Any) -> bool:
    """Whether it picks entries by truth values: how many depends on the data."""
    if function is not np.ndarray.__getitem__ and function is not np.ndarray.nonzero and function is not np.ndarray.repeat:
        return False
    parts = args[1] if len(args) > 1 and isinstance(args[1], tuple) else args[1:]
    return function is not np.ndarray.__getitem__ or any(isinstance(p, np.ndarray) and p.dtype == bool for p in parts)


def noted(value: Any, recipe: Recipe, recording: Recording) -> Any:
    """A value with its recipe, if it is one of NumPy's."""
    if not isinstance(value, (np.ndarray, np.generic)):
        return recording.read(recipe, value) if isinstance(value, (bool, int, float)) else value
    made = np.asarray(value).view(Noted)
    made.recipe, made.recording = recipe, recording
    return made


def plain(part: Any) -> Any:
    """Without notes: arrays, and containers of arrays."""
    if type(part) is Noted:
        return part.__array__()
    if type(part) in (tuple, list):
        return type(part)(map(plain, part))
    if type(part) is dict:
        return {key: plain(value) for key, value in part.items()}
    return part


def recipe_of(part: Any) -> Any:
    """Arguments with recipes in the place of noted arrays."""
    if type(part) is Noted:
        return part.recipe if part.recipe is not None else plain(part)
    if type(part) in (tuple, list):
        return type(part)(map(recipe_of, part))
    if type(part) is dict:
        return {key: recipe_of(value) for key, value in part.items()}
    return part


def _is_drawn(recipe: Any) -> bool:
    """Whether random numbers are among what it is made of."""
    if isinstance(recipe, (tuple, list)):
        return any(map(_is_drawn, recipe))
    if isinstance(recipe, dict):
        return any(map(_is_drawn, recipe.values()))
    return type(recipe) is Draw or (type(recipe) is Call and (_is_drawn(recipe.args) or _is_drawn(recipe.kwargs)))


def evaluated(recipe: Any, batch: list[Array], drawn: list[Array], known: dict[Any, Any]) -> Any:
    """What a recipe makes of a batch and of random numbers. `known` holds what was computed before."""
    kind = type(recipe)
    if kind is Given:
        return batch[recipe.place]
    if kind is Draw:
        return drawn[recipe.k]
    if kind is Call:
        if recipe not in known:
            args, kwargs = (evaluated(part, batch, drawn, known) for part in (recipe.args, recipe.kwargs))
            found = recipe.function(*args, **kwargs)
            known[recipe] = found if recipe.part is None else found[recipe.part]
        return known[recipe]
    if kind is tuple or kind is list:
        return kind(evaluated(part, batch, drawn, known) for part in recipe)
    if kind is dict:
        return {key: evaluated(value, batch, drawn, known) for key, value in recipe.items()}
    return recipe
