"""What all optimizers share: the parameters, the settings and their ranges, saving and loading."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from math import inf
from numbers import Real
from typing import Any

import numpy as np

from ..engine.mistakes import training_loop
from ..engine.scopes import here
from ..engine.tensor import Tensor
from ..errors import DataError, GraphError, LoadError
from ..shared.array_type import Array, array_given
from ..shared.checks import is_number, is_whole

__all__ = ["Optimizer"]

# what a setting must be, and the hint where it is not
RANGES: dict[str, tuple[Callable[[Any], bool], str]] = {
    "lr": (lambda value: _between(value, 0, inf), "the learning rate is positive"),  # 0 is where a schedule may have brought it
    "eps": (lambda value: _between(value, 0, inf) and value > 0, "a small positive number keeps the division finite"),
    "weight_decay": (lambda value: _between(value, 0, inf), "0 is none, 0.01 is usual"),
    "momentum": (lambda value: _between(value, 0, 1), "0 <= momentum < 1"),
    "alpha": (lambda value: _between(value, 0, 1), "0 <= alpha < 1"),
    "betas": (
        lambda value: isinstance(value, (tuple, list)) and len(value) == 2 and all(_between(beta, 0, 1) for beta in value),
        "two numbers, both in 0 <= beta < 1",
    ),
    "steps": (
        lambda value: all(is_whole(count, 0) for count in np.ravel(value)),
        "how often each parameter was changed: whole numbers, 0 or more",
    ),
}


class Optimizer:
    """What all optimizers share: the parameters, the learning rate `lr`, `zero_grad()` and `step()`; saving and loading.

    Parameters that are frozen (`module.freeze()`, `p.requires_grad = False`) are passed over while they are.

    One of your own defines `_change` and names its numbers in `settings` and its lists of arrays, one a parameter, in `moments`.
    """

    settings: tuple[str, ...] = ("lr",)
    moments: tuple[str, ...] = ()

    def __init__(self, parameters: Iterable[Tensor], lr: float) -> None:
        self.parameters = list(parameters) if isinstance(parameters, Iterable) and not isinstance(parameters, Tensor) else []
        if not self.parameters or not all(isinstance(p, Tensor) and p.is_leaf and _wanted(p) for p in self.parameters):
            raise GraphError(
                "an optimizer needs parameters: leaves with requires_grad=True", hint="give it a list: module.parameters()"
            )
        if not any(p.requires_grad for p in self.parameters):
            raise GraphError(
                "an optimizer of frozen parameters alone", hint="module.requires_grad_() takes back what freeze() did"
            )
        if len({id(p) for p in self.parameters}) < len(self.parameters):
            raise GraphError(
                "a parameter was given to the optimizer twice: it would take two steps at once", hint="give each once"
            )
        self.lr: float = lr
        self._check_settings("lr")
        if not lr:
            raise DataError(f"{type(self).__name__} with lr={lr}", hint=RANGES["lr"][1])

    def _check_settings(self, *names: str) -> None:
        """Raise `DataError` for the first of these settings that is out of its range."""
        for name in names:
            if hint := _misfit(name, getattr(self, name)):
                raise DataError(f"{type(self).__name__} with {name}={getattr(self, name)}", hint=hint)

    def _zeros(self) -> list[Array]:
        return [np.zeros(p.shape, p.dtype) for p in self.parameters]

    def zero_grad(self) -> None:
        """Forget the gradients of all parameters."""
        for p in self.parameters:
            p.zero_grad()

    def step(self) -> None:
        """Change every parameter that has a gradient. Graphs that used the old values then refuse another backward pass."""
        if here.mode.watching:
            training_loop.before_step([p.node for p in self.parameters if p.node is not None])
        for k, p in enumerate(self.parameters):
            if p.grad is not None:
                change = self._change(k, p.grad)
                p.replace(np.subtract(p.data, change, out=change))  # a new array: constants may share the old one

    def _change(self, k: int, g: Array) -> Array:
        """What to take off parameter k: an array of its own, in the parameter's shape and dtype."""
        raise NotImplementedError

    def state_dict(self) -> dict[str, Array]:
        """A copy of the settings (`lr`, ...) and of what was gathered, an array a parameter (`m.0`, `m.1`, ...).

        >>> import tinygrad_rnn as tg
        >>> w = tg.Tensor([1.0, 2.0], requires_grad=True)
        >>> tg.optim.SGD([w], lr=0.1, momentum=0.9).state_dict()
        {'lr': array(0.1), 'momentum': array(0.9), 'velocity.0': array([0., 0.])}
        """
        state = {name: np.array(getattr(self, name)) for name in self.settings}
        return state | {f"{name}.{k}": a.copy() for name in self.moments for k, a in enumerate(getattr(self, name))}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over what `state_dict` gave, settings included. All or nothing: a `LoadError` says what does not fit."""
        if not isinstance(state, Mapping):
            raise LoadError(f"load_state_dict of a {type(state).__name__}", hint="give what state_dict() returned")
        own = self.state_dict()
        wrong = [f"missing: {name}" for name in own if name not in state]
        wrong += [f"left over: {name}" for name in state if name not in own]
        values = {name: array_given(state[name]) for name in own if name in state}
        for name, given in values.items():
            if given.shape != own[name].shape or given.dtype.kind not in "fiu":
                wrong.append(f"misfit: {name} is {given.dtype} {given.shape}, here it is {own[name].dtype} {own[name].shape}")
            elif hint := _misfit(name, _plain(given)):
                wrong.append(f"out of range: {name}={given} ({hint})")
            elif name not in self.settings:
                with np.errstate(over="ignore"):
                    values[name] = given.astype(own[name].dtype)
                if (np.isfinite(given) & ~np.isfinite(values[name])).any():
                    wrong.append(f"too large for {own[name].dtype}: {name}")
        if wrong:
            raise LoadError(
                f"this state does not fit {type(self).__name__}: {'; '.join(wrong)}",
                hint="make the optimizer as it was made when this was saved; nothing was loaded",
            )
        for name in self.settings:
            value = _plain(values[name])
            setattr(self, name, list(value) if isinstance(getattr(self, name), list) else value)
        for name in self.moments:
            setattr(self, name, [values[f"{name}.{k}"] for k in range(len(getattr(self, name)))])


def _wanted(p: Tensor) -> bool:
    """Whether it is a parameter, be it frozen: those stay in their places, and are trained once they are frozen no more."""
    return p.requires_grad or getattr(p, "wanted_gradient", False)


def _misfit(name: str, value: Any) -> str:
    """What a setting must be, if it is not that; "" for one that is, and for those of an optimizer of one's own."""
    good, hint = RANGES.get(name, (lambda _: True, ""))
    return "" if good(value) else hint


def _between(value: Any, least: float, below: float) -> bool:
    return is_number(value, Real) and least <= float(value) < below


def _plain(given: Array) -> Any:
    """A number, or a tuple of numbers, out of an array."""
    return tuple(given.tolist()) if given.ndim else given.item()
