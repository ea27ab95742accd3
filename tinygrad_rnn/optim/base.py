"""What all optimizers share: the parameters, the settings and their ranges, saving and loading."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from math import inf
from numbers import Real
from types import NoneType
from typing import Any, cast

import numpy as np

from ..engine.mistakes import training_loop
from ..engine.scopes import here
from ..engine.tensor import Tensor
from ..errors import DataError, GraphError, LoadError
from ..shared.array_type import Array, array_given
from ..shared.checks import is_number, is_whole, short

__all__ = ["Optimizer"]

# what a setting must be, and the hint where it is not
RANGES: dict[str, tuple[Callable[[Any], bool], str]] = {
    "lr": (lambda value: _between(value, 0, inf), "the learning rate is positive"),  # 0 is where a schedule may have brought it
    "share": (
        lambda value: _between(value, 0, inf) and value > 0,
        "the learning rate of a group, divided by that of the optimizer",
    ),
    "eps": (lambda value: _between(value, 0, inf) and value > 0, "a small positive number keeps the division finite"),
    "weight_decay": (lambda value: _between(value, 0, inf), "0 is none, 0.01 is usual"),
    "momentum": (lambda value: _between(value, 0, 1), "0 <= momentum < 1"),
    "dampening": (lambda value: _between(value, 0, 1), "0 <= dampening < 1; 0 is none"),
    "alpha": (lambda value: _between(value, 0, 1), "0 <= alpha < 1"),
    "betas": (
        lambda value: isinstance(value, (tuple, list)) and len(value) == 2 and all(_between(beta, 0, 1) for beta in value),
        "two numbers, both in 0 <= beta < 1",
    ),
    "steps": (
        lambda value: all(is_whole(count, 0) for count in np.ravel(value)),
        "how often each parameter was changed: whole numbers, 0 or more",
    ),
    **dict.fromkeys(("nesterov", "amsgrad", "centered"), (lambda value: isinstance(value, bool), "it is True or False")),
}


class Optimizer:
    """What all optimizers share: the parameters, the learning rate `lr`, `zero_grad()` and `step()`; saving and loading.

    `parameters` is a list of tensors, or of groups with settings of their own, as in PyTorch: `[{"params": [W], "lr": 0.01}, ...]`.
    A group's learning rate is kept as its `share` of that of the optimizer: whoever changes `lr`, such as a schedule, changes all.
    Frozen parameters (`module.freeze()`, `p.requires_grad = False`) are passed over while they are; raises `GraphError` where all are,
    for a parameter given twice and for what has no order.

    One of your own says in `change` what is taken off a parameter. Its numbers are named in `settings`; its lists of arrays, one a
    parameter, are named in `moments`. Both are saved, and `step()` raises `GraphError` for anything else that it keeps.

    >>> import numpy as np, tinygrad_rnn as tg
    >>> class Lion(tg.optim.Optimizer):
    ...     settings, moments = ("lr", "beta"), ("m",)
    ...     def __init__(self, parameters, lr=0.001, beta=0.9):
    ...         super().__init__(parameters, lr)
    ...         self.beta, self.m = beta, self.zeros()
    ...     def change(self, k, g):
    ...         self.m[k] = self.beta * self.m[k] + (1 - self.beta) * g
    ...         return self.lr * np.sign(self.m[k])
    >>> w = tg.Tensor([1.0], requires_grad=True)
    >>> optimizer = Lion([w], lr=0.25)
    >>> (w * w).sum().backward(); optimizer.step(); w.data
    array([0.75])
    >>> print(optimizer)
    Lion(lr=0.25, beta=0.9; 1 parameter of 1 numbers)
    """

    settings: tuple[str, ...] = ("lr",)
    moments: tuple[str, ...] = ()
    later: tuple[str, ...] = ()  # settings that files of before do not name: they were off

    def __init__(self, parameters: Iterable[Tensor] | Iterable[dict[str, Any]], lr: float) -> None:
        self.lr: float = lr
        self._check_settings("lr")
        if not lr:
            raise DataError(f"{type(self).__name__} with lr={lr}", hint=RANGES["lr"][1])
        given = _listed(parameters)
        grouped = bool(given) and all(isinstance(part, dict) for part in given)
        self.groups = [self._group(part) for part in given] if grouped else [{"params": given}]
        self.parameters: list[Tensor] = [p for group in self.groups for p in group["params"]]
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

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(self._shown(vars(self)))}; {_counted(self.parameters)})"

    def __str__(self) -> str:
        """The settings, and where there are several groups or one with settings of its own, a line for each."""
        lines = [repr(self)]
        if len(self.groups) > 1 or any(group.keys() - {"params"} for group in self.groups):
            for j, group in enumerate(self.groups):
                own = {name: value for name, value in group.items() if name not in ("params", "share")}
                own |= {"lr": self.lr * group["share"]} if "share" in group else {}
                lines.append("  " + ", ".join([f"group {j}: {_counted(group['params'])}", *self._shown(own)]))
        return "\n".join(lines)

    def _shown(self, values: Mapping[str, Any]) -> list[str]:
        """The settings among these as `lr=0.01`, in their order."""
        return [f"{name}={short(values[name])}" for name in self.settings if name in values and name != "steps"]

    def _group(self, given: dict[str, Any]) -> dict[str, Any]:
        """A group as it is kept: its parameters, its share of the learning rate, and what else it sets."""
        known = ["params", *(name for name in self.settings if name != "steps")]
        if "params" not in given or not given.keys() <= set(known):
            raise GraphError(
                f"a group of {type(self).__name__} with {', '.join(map(str, given))}",
                hint=f"params, and of {', '.join(known[1:])}",
            )
        group = {name: value for name, value in given.items() if name != "lr"} | {"params": _listed(given["params"])}
        for name in given.keys() - {"params"}:
            self._check(name, given[name])
        if "lr" in given:
            group["share"] = given["lr"] / self.lr
            self._check("share", group["share"])
        return group

    def _check_settings(self, *names: str) -> None:
        """Raise `DataError` for the first of these settings that is out of its range."""
        for name in names:
            self._check(name, getattr(self, name))

    def _check(self, name: str, value: Any) -> None:
        if hint := _misfit(name, value):
            raise DataError(f"{type(self).__name__} with {name}={short(value)}", hint=hint)

    def zeros(self) -> list[Array]:
        """An array of zeros for each parameter, of its shape and dtype: where a moment starts."""
        return [np.zeros(p.shape, p.dtype) for p in self.parameters]

    def zero_grad(self) -> None:
        """Forget the gradients of all parameters."""
        for p in self.parameters:
            p.zero_grad()

    def step(self) -> None:
        """Change every parameter that has a gradient. Graphs that used the old values then refuse another backward pass."""
        if here.mode.watching:
            training_loop.before_step([p.node for p in self.parameters if p.node is not None])
        self._check_settings(*[name for name in self.settings if name != "steps"])
        first = 0
        for group in self.groups:
            with self._set_as_in(group):
                for k, p in enumerate(group["params"], first):
                    if p.grad is not None:
                        p.replace(p.data - self._change_of(k, p))  # a new array: constants may share the old one
            first += len(group["params"])
        self._check_named()

    @contextmanager
    def _set_as_in(self, group: dict[str, Any]) -> Iterator[None]:
        """The settings are those of a group for a while, so that `change` reads `self.lr` whatever the group is."""
        own = {name: value for name, value in group.items() if name not in ("params", "share")}
        if "share" in group:
            own["lr"] = self.lr * group["share"]
        before = {name: getattr(self, name) for name in own}
        vars(self).update(own)
        try:
            yield
        finally:
            vars(self).update(before)

    def _change_of(self, k: int, p: Tensor) -> Array:
        change = self.change(k, cast(Array, p.grad))
        if not isinstance(change, np.ndarray) or (change.shape, change.dtype) != (p.shape, p.dtype):
            kind = f"{change.dtype} {change.shape}" if isinstance(change, np.ndarray) else f"a {type(change).__name__}"
            raise GraphError(
                f"{type(self).__name__}.change({k}, g) returned {kind}, the parameter is {p.dtype} {p.shape}",
                hint="return what is taken off the parameter: an array of the shape and dtype of g",
            )
        return change

    def _check_named(self) -> None:
        """Raise `GraphError` for what the optimizer keeps and nothing would save."""
        for name in vars(self).keys() - {"parameters", "groups", *self.settings, *self.moments}:
            value = getattr(self, name)
            if not isinstance(value, (str, NoneType)) and not callable(value):
                raise GraphError(
                    f"{type(self).__name__}.{name} is not named, so that no checkpoint would keep it",
                    hint=f"name it in `moments`, a list of one array a parameter, or in `settings`, a number: settings = "
                    f"{(*self.settings, name)}",
                )

    def change(self, k: int, g: Array) -> Array:
        """What is taken off parameter k, whose gradient is g: an array in its shape and dtype. It is copied, g is left as it is."""
        raise GraphError(
            f"{type(self).__name__} does not say how it changes a parameter",
            hint="define change(self, k, g), which returns what is taken off parameter k: self.lr * g",
        )

    def state_dict(self) -> dict[str, Array]:
        """A copy of the settings (`lr`, ...; `groups.1.share`, ...) and of what was gathered, an array a parameter (`m.0`, ...).

        >>> import tinygrad_rnn as tg
        >>> w = tg.Tensor([1.0, 2.0], requires_grad=True)
        >>> tg.optim.Adagrad([w], lr=0.1).state_dict()
        {'lr': array(0.1), 'eps': array(1.e-10), 'weight_decay': array(0.), 'v.0': array([0., 0.])}
        """
        state = {name: np.array(getattr(self, name)) for name in self.settings}
        for j, group in enumerate(self.groups):
            state |= {f"groups.{j}.{name}": np.array(group[name]) for name in sorted(group.keys() - {"params"})}
            if len(self.groups) > 1:
                state[f"groups.{j}.size"] = np.array(len(group["params"]))
        return state | {f"{name}.{k}": a.copy() for name in self.moments for k, a in enumerate(getattr(self, name))}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over what `state_dict` gave, settings included. All or nothing: a `LoadError` says what does not fit."""
        if not isinstance(state, Mapping):
            raise LoadError(f"load_state_dict of a {type(state).__name__}", hint="give what state_dict() returned")
        own = self.state_dict()
        state = {name: np.zeros_like(own[name]) for name in self.later} | dict(state)
        wrong = [f"missing: {name}" for name in own if name not in state]
        wrong += [f"left over: {name}" for name in state if name not in own]
        misfit, hint = f"this state does not fit {type(self).__name__}:", "give what state_dict() returned; nothing was loaded"
        values = {name: array_given(f"{misfit} {name}", state[name], hint, LoadError) for name in own if name in state}
        for name, given in values.items():
            part = name.rpartition(".")[2]
            boolean = own[name].dtype.kind == "b"
            if given.shape != own[name].shape or given.dtype.kind not in ("b" if boolean else "fiu"):
                wrong.append(f"misfit: {name} is {given.dtype} {given.shape}, here it is {own[name].dtype} {own[name].shape}")
            elif part == "size" and given != own[name]:
                wrong.append(f"misfit: {name} is {given}, here it is {own[name]}")
            elif hint := _misfit(part, _plain(given)):
                wrong.append(f"out of range: {name}={given} ({hint})")
            elif name not in self.settings and not name.startswith("groups."):
                with np.errstate(over="ignore"):
                    values[name] = given.astype(own[name].dtype)
                if (np.isfinite(given) & ~np.isfinite(values[name])).any():
                    wrong.append(f"too large for {own[name].dtype}: {name}")
        if wrong:
            raise LoadError(
                f"{misfit} {'; '.join(wrong)}",
                hint="make the optimizer as it was made when this was saved; nothing was loaded",
            )
        for name in self.settings:
            value = _plain(values[name])
            setattr(self, name, list(value) if isinstance(getattr(self, name), list) else value)
        for j, group in enumerate(self.groups):
            group.update({name: _plain(values[f"groups.{j}.{name}"]) for name in group.keys() - {"params"}})
        for name in self.moments:
            setattr(self, name, [values[f"{name}.{k}"] for k in range(len(getattr(self, name)))])


def _counted(parameters: list[Tensor]) -> str:
    """How many parameters these are, of how many numbers, and how many of them are frozen."""
    frozen = sum(not p.requires_grad for p in parameters)
    many = f"{len(parameters)} parameter{'s' if len(parameters) != 1 else ''} of {sum(p.size for p in parameters):,} numbers"
    return f"{many}, {frozen} frozen" if frozen else many


def _wanted(p: Tensor) -> bool:
    """Whether it is a parameter, be it frozen: those stay in their places, and are trained once they are frozen no more."""
    return p.requires_grad or getattr(p, "wanted_gradient", False)


def _misfit(name: str, value: Any) -> str:
    """What a setting must be, if it is not that; "" for one that is, and for those of an optimizer of one's own."""
    good, hint = RANGES.get(name, (lambda _: True, ""))
    return "" if good(value) else hint


def _between(value: Any, least: float, below: float) -> bool:
    try:
        return is_number(value, Real) and least <= float(value) < below
    except OverflowError:
        return False


def _listed(parameters: Any) -> list[Any]:
    """What was given, in its order; [] for what is no list or has no order: state is saved by number."""
    ordered = isinstance(parameters, Iterable) and not isinstance(parameters, (Tensor, set, frozenset, dict))
    return list(parameters) if ordered else []


def _plain(given: Array) -> Any:
    """A number, or a tuple of numbers, out of an array."""
    return tuple(given.tolist()) if given.ndim else given.item()
