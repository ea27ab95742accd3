"""Module: an object that owns parameters, finds them by name, saves and loads them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import wraps
from inspect import isfunction
from typing import Any, ParamSpec, Protocol, TypeVar

import numpy as np

from ..engine.scopes import here, no_grad, scope
from ..engine.tensor import Tensor
from ..errors import DataError, LoadError
from ..shared.array_type import Array

__all__ = ["Module", "evaluating", "is_cell", "modes_kept", "name_parts", "parts_within", "scoped"]

M = TypeVar("M", bound="Module")
F = TypeVar("F", bound=Callable[..., Any])
Given = ParamSpec("Given")
Made = TypeVar("Made", covariant=True)


def scoped(method: F) -> F:
    """Make a method of a module open a scope with the name of its class, so that what it records knows where it belongs."""

    @wraps(method)
    def inside(self: Any, *args: Any, **kwargs: Any) -> Any:
        before = here.mode
        here.mode = before.inside(type(self).__name__, self._part)
        try:
            return method(self, *args, **kwargs)
        finally:
            here.mode = before

    inside.scoped = True  # type: ignore[attr-defined]
    return inside  # type: ignore[return-value]


def part_scoped(step: F) -> F:
    """Of a cell of one's own: open such a scope where it is a part of another cell. By itself it has that of `unroll`."""

    @wraps(step)
    def inside(self: Any, *args: Any, **kwargs: Any) -> Any:
        if not self._part:
            return step(self, *args, **kwargs)
        before = here.mode
        here.mode = before.inside(type(self).__name__, self._part)
        try:
            return step(self, *args, **kwargs)
        finally:
            here.mode = before

    return inside  # type: ignore[return-value]


class Forward(Protocol[Given, Made]):
    """What a type checker reads off a module: calling it takes what its `forward` takes, and returns what that returns."""

    def forward(self, *args: Given.args, **options: Given.kwargs) -> Made: ...


class Module:
    """Base of everything with parameters.

    A parameter is any attribute that is a Tensor with `requires_grad`; sub-modules, and lists, tuples and dicts of either, are
    searched too. An unnamed parameter is named after its attribute. Calling a module calls its `forward` in a scope of its own.

    >>> import tinygrad_rnn as tg
    >>> class Scale(tg.nn.Module):
    ...     def __init__(self):
    ...         self.w = tg.Tensor(2.0, requires_grad=True)
    ...     def forward(self, x):
    ...         return self.w * x
    >>> scale = Scale()
    >>> scale(3.0).item(), [name for name, p in scale.named_parameters()]
    (6.0, ['w'])
    """

    training = True
    _part = ""  # of a cell inside the cell that is unrolled: the path to it

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        step = vars(cls).get("step")
        if isfunction(step) and not getattr(step, "scoped", False):
            cls.step = part_scoped(step)  # type: ignore[attr-defined]

    def __setattr__(self, key: str, value: Any) -> None:
        if isinstance(value, Tensor) and value.requires_grad and value.is_leaf and value.name is None:
            value.name = key
        super().__setattr__(key, value)

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """What calling the module computes; a module of your own defines it."""
        raise TypeError(f"{type(self).__name__} has no forward(): write one, or call its other methods")

    def __call__(self: Forward[Given, Made], *args: Given.args, **options: Given.kwargs) -> Made:
        with scope(type(self).__name__):
            return self.forward(*args, **options)

    def named_parameters(self) -> Iterator[tuple[str, Tensor]]:
        """Each parameter once, with its path: `cell.Wh`, `layers.0.W`. A shared one appears under its first name.

        What has no name yet, such as a weight in a list, is called by its path.
        """
        for path, part in parts_within("", vars(self), {id(self)}):
            if isinstance(part, Tensor):
                know_path(part, path)
                yield path, part

    def parameters(self) -> list[Tensor]:
        """All parameters, each once."""
        return [p for _, p in self.named_parameters()]

    def modules(self) -> Iterator[Module]:
        """This module and all inside it, each once."""
        yield self
        yield from (part for _, part in parts_within("", vars(self), {id(self)}) if isinstance(part, Module))

    def zero_grad(self) -> None:
        """Forget the gradients of all parameters: before each backward pass of a training loop."""
        for p in self.parameters():
            p.zero_grad()

    def state_dict(self) -> dict[str, Array]:
        """A copy of every parameter's values, by name. Raises `DataError` where two have one name (keys of dicts with dots)."""
        return {name: p.data.copy() for name, p in self._by_name().items()}

    def _by_name(self) -> dict[str, Tensor]:
        named: dict[str, Tensor] = {}
        for name, p in self.named_parameters():
            if name in named:
                raise DataError(
                    f"{type(self).__name__} has two parameters that are called {name}",
                    hint="give one of them, or a key of the dict that it is in, another name",
                )
            named[name] = p
        return named

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over values saved by `state_dict`. All or nothing: a `LoadError` names what is missing, left over or misshapen."""
        if not isinstance(state, Mapping):
            raise LoadError(
                f"load_state_dict of a {type(state).__name__}", hint="give what state_dict() returned: a dict of arrays by name"
            )
        own = self._by_name()
        wrong = [f"missing: {name} {p.shape}" for name, p in own.items() if name not in state]
        wrong += [f"left over: {name}" for name in state if name not in own]
        values = {}
        for name, p in own.items():
            if name in state:
                try:
                    values[name] = _fitted(state[name], p)
                except ValueError as error:
                    wrong.append(f"{error}".replace("?", name, 1))
        if wrong:
            raise LoadError(
                f"this state does not fit {type(self).__name__}: " + "; ".join(wrong),
                hint="build the module with the sizes it was saved with; nothing was loaded",
            )
        for name, p in own.items():
            p.data = values[name]

    def train(self: M, mode: bool = True) -> M:
        """Switch this module and all inside it to training (dropout active); returns the module."""
        for part in self.modules():
            part.training = mode
        return self

    def eval(self: M) -> M:
        """Switch to evaluation: `train(False)`."""
        return self.train(False)

    def __repr__(self) -> str:
        sizes = ", ".join(f"{name} {p.shape}" for name, p in self.named_parameters())
        return f"{type(self).__name__}({sizes})"


def _fitted(value: Any, p: Tensor) -> Array:
    """A saved value as an array for parameter p; a ValueError says what is wrong, with ? for the name."""
    try:
        array = np.asarray(value)
    except ValueError:
        raise ValueError("misshapen: ? is ragged") from None
    if array.dtype.kind not in "fiub":
        raise ValueError(f"not numbers: ? is {array.dtype}")
    if array.shape != p.shape:
        raise ValueError(f"misshapen: ? is {array.shape}, the module has {p.shape}")
    with np.errstate(over="ignore"):
        cast = array.astype(p.dtype)
    if (np.isfinite(array) & ~np.isfinite(cast)).any():
        raise ValueError(f"too large for {p.dtype}: ?")
    return cast


def parts_within(path: str, value: Any, seen: set[int]) -> Iterator[tuple[str, Any]]:
    """Every parameter and sub-module inside a value, with its path, in the order of assignment; each once.

    A cell may be of any class, so what has the two methods of a cell is searched like a module.
    """
    if id(value) in seen:
        return
    if isinstance(value, Tensor):
        if value.requires_grad and value.is_leaf:
            seen.add(id(value))
            yield path, value
    elif isinstance(value, Module) or (is_cell(value) and hasattr(value, "__dict__")):
        seen.add(id(value))
        yield path, value
        yield from parts_within(path, vars(value), seen)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from parts_within(f"{path}.{key}" if path else str(key), item, seen)
    elif isinstance(value, (list, tuple)):
        for k, item in enumerate(value):
            yield from parts_within(f"{path}.{k}" if path else str(k), item, seen)


def know_path(weight: Tensor, path: str) -> None:
    """Keep where a weight was found; a path that is the end of the one known says nothing new."""
    leaf = weight.node
    assert leaf is not None
    if not leaf.path or not leaf.path.endswith(f".{path}"):
        leaf.path = path
    if leaf.name is None:
        leaf.name = path


def name_parts(cell: Any) -> None:
    """Before a cell is run: what is inside it learns its path, weights in lists and the cells that it is made of."""
    for path, part in parts_within("", cell, set()):
        if isinstance(part, Tensor):
            know_path(part, path)
        elif isinstance(part, Module):
            part.__dict__["_part"] = path


def is_cell(value: Any) -> bool:
    """Whether an object, of any class, has the two methods of a cell."""
    methods = (getattr(value, name, None) for name in ("initial_state", "step"))
    return not isinstance(value, type) and all(map(callable, methods))


@contextmanager
def evaluating(model: Any) -> Iterator[None]:
    """Record nothing, and drop nothing out; every part is afterwards in the mode that it was in."""
    with modes_kept(model), no_grad():
        if isinstance(model, Module):
            model.train(False)
        yield


@contextmanager
def modes_kept(model: Any) -> Iterator[None]:
    """Put every part of a model back, at any end, into the mode that it is in: training or evaluation."""
    modes = [(part, part.training) for part in model.modules()] if isinstance(model, Module) else []
    try:
        yield
    finally:
        for part, training in modes:
            part.training = training
