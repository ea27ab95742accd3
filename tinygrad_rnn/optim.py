"""Optimizers: they change parameters by their gradients, and nothing else. Call `zero_grad()` before each backward pass."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from . import missteps
from .clipping import clip_grad_norm_, clip_grad_value_
from .errors import DataError, GraphError, LoadError
from .kernels import Array
from .schedules import Schedule, cosine, exponential, steps, warm_up
from .scopes import here
from .tensor import Tensor

__all__ = [
    "SGD",
    "Adagrad",
    "Adam",
    "AdamW",
    "Optimizer",
    "RMSprop",
    "Schedule",
    "clip_grad_norm_",
    "clip_grad_value_",
    "cosine",
    "exponential",
    "steps",
    "warm_up",
]


class Optimizer:
    """What all optimizers share: the parameters, the learning rate `lr`, `zero_grad()` and `step()`; saving and loading.

    One of your own defines `_change` and names its numbers in `settings` and its lists of arrays, one a parameter, in `moments`.
    """

    settings: tuple[str, ...] = ("lr",)
    moments: tuple[str, ...] = ()

    def __init__(self, parameters: Iterable[Tensor], lr: float) -> None:
        self.parameters = list(parameters) if isinstance(parameters, Iterable) and not isinstance(parameters, Tensor) else []
        if not self.parameters or not all(isinstance(p, Tensor) and p.requires_grad and p.is_leaf for p in self.parameters):
            raise GraphError(
                "an optimizer needs parameters: leaves with requires_grad=True", hint="give it a list: module.parameters()"
            )
        if len({id(p) for p in self.parameters}) < len(self.parameters):
            raise GraphError(
                "a parameter was given to the optimizer twice: it would take two steps at once", hint="give each once"
            )
        self.lr: float = lr
        self._positive("lr", "the learning rate is positive")

    def _positive(self, name: str, hint: str) -> None:
        value = getattr(self, name)
        if not isinstance(value, (int, float, np.number)) or not value > 0:
            raise DataError(f"{type(self).__name__} with {name}={value}", hint=hint)

    def _zeros(self) -> list[Array]:
        return [np.zeros(p.shape, p.dtype) for p in self.parameters]

    def zero_grad(self) -> None:
        """Forget the gradients of all parameters."""
        for p in self.parameters:
            p.zero_grad()

    def step(self) -> None:
        """Change every parameter that has a gradient. Graphs that used the old values then refuse another backward pass."""
        if here.mode.watching:
            missteps.before_step([p.node for p in self.parameters if p.node is not None])
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
        own = self.state_dict()
        wrong = [f"missing: {name}" for name in own if name not in state]
        wrong += [f"left over: {name}" for name in state if name not in own]
        for name in own.keys() & state.keys():
            given = np.asarray(state[name])
            if given.shape != own[name].shape or given.dtype.kind not in "fiu":
                wrong.append(f"misfit: {name} is {given.dtype} {given.shape}, here it is {own[name].dtype} {own[name].shape}")
        if wrong:
            raise LoadError(
                f"this state does not fit {type(self).__name__}: {'; '.join(wrong)}",
                hint="make the optimizer as it was made when this was saved; nothing was loaded",
            )
        for name in self.settings:
            value, before = np.asarray(state[name]).tolist(), getattr(self, name)
            setattr(self, name, tuple(value) if isinstance(before, tuple) else value)
        for name in self.moments:
            arrays = getattr(self, name)
            setattr(self, name, [np.array(state[f"{name}.{k}"], a.dtype) for k, a in enumerate(arrays)])


class SGD(Optimizer):
    """Stochastic gradient descent with momentum (as in PyTorch, without dampening).

        v <- momentum v + g;   p <- p - lr v

    >>> import tinygrad_rnn as tg
    >>> w = tg.Tensor([1.0], requires_grad=True)
    >>> optimizer = tg.optim.SGD([w], lr=0.1)
    >>> (w * w).sum().backward(); optimizer.step(); w.data
    array([0.8])
    """

    settings = ("lr", "momentum")
    moments = ("velocity",)

    def __init__(self, parameters: Iterable[Tensor], lr: float, momentum: float = 0.0) -> None:
        super().__init__(parameters, lr)
        if not 0 <= momentum < 1:
            raise DataError(f"SGD with momentum={momentum}", hint="0 <= momentum < 1")
        self.momentum = momentum
        self.velocity = self._zeros() if momentum else []

    def _change(self, k: int, g: Array) -> Array:
        if self.momentum:
            self.velocity[k] *= self.momentum
            self.velocity[k] += g
            g = self.velocity[k]
        return np.multiply(g, np.asarray(self.lr, g.dtype), out=np.empty_like(g))


class Adam(Optimizer):
    """Adam (Kingma and Ba 2015, algorithm 1).

        m <- b1 m + (1 - b1) g;   v <- b2 v + (1 - b2) g²
        p <- p - lr (m / (1 - b1^t)) / (sqrt(v / (1 - b2^t)) + eps)

    >>> import tinygrad_rnn as tg
    >>> w = tg.Tensor([1.0], requires_grad=True)
    >>> optimizer = tg.optim.Adam([w], lr=0.1)
    >>> (w * w).sum().backward(); optimizer.step(); w.data.round(6)
    array([0.9])
    """

    settings: tuple[str, ...] = ("lr", "betas", "eps", "steps")
    moments = ("m", "v")

    def __init__(
        self, parameters: Iterable[Tensor], lr: float = 0.001, betas: tuple[float, float] = (0.9, 0.999), eps: float = 1e-8
    ) -> None:
        super().__init__(parameters, lr)
        if not all(0 <= beta < 1 for beta in betas):
            raise DataError(f"{type(self).__name__} with betas={betas}", hint="both lie in 0 <= beta < 1")
        self.betas, self.eps, self.steps = betas, eps, [0] * len(self.parameters)
        self._positive("eps", "a small positive number keeps the division finite")
        self.m, self.v = self._zeros(), self._zeros()

    def _change(self, k: int, g: Array) -> Array:
        m, v, (b1, b2) = self.m[k], self.v[k], self.betas
        self.steps[k] += 1
        m *= b1
        m += (1 - b1) * g
        v *= b2
        v += (1 - b2) * np.square(g)
        size = np.sqrt(v / (1 - b2 ** self.steps[k]))
        size += self.eps
        return np.asarray(m * np.asarray(self.lr / (1 - b1 ** self.steps[k]), g.dtype) / size, g.dtype)


class AdamW(Adam):
    """Adam with weight decay beside it, not in the gradient (Loshchilov and Hutter 2019, algorithm 2, as in PyTorch).

        p <- p - lr weight_decay p - (what Adam takes off)

    Weights that get no gradient do not decay either.

    >>> import tinygrad_rnn as tg
    >>> w = tg.Tensor([1.0], requires_grad=True)
    >>> optimizer = tg.optim.AdamW([w], lr=0.1, weight_decay=0.5)
    >>> (w * w).sum().backward(); optimizer.step(); w.data.round(6)
    array([0.85])
    """

    settings = (*Adam.settings, "weight_decay")

    def __init__(
        self,
        parameters: Iterable[Tensor],
        lr: float = 0.001,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.01,
    ) -> None:
        super().__init__(parameters, lr, betas, eps)
        if not 0 <= weight_decay < np.inf:
            raise DataError(f"AdamW with weight_decay={weight_decay}", hint="0 is none, 0.01 is usual")
        self.weight_decay = weight_decay

    def _change(self, k: int, g: Array) -> Array:
        change = super()._change(k, g)
        change += np.asarray(self.lr * self.weight_decay, g.dtype) * self.parameters[k]._data
        return change


class RMSprop(Optimizer):
    """The gradient divided by the root of the running mean of its square (Tieleman and Hinton 2012; as in PyTorch).

        v <- alpha v + (1 - alpha) g²;   u <- momentum u + g / (sqrt(v) + eps);   p <- p - lr u

    >>> import tinygrad_rnn as tg
    >>> w = tg.Tensor([1.0], requires_grad=True)
    >>> optimizer = tg.optim.RMSprop([w], lr=0.01)
    >>> (w * w).sum().backward(); optimizer.step(); w.data.round(6)
    array([0.9])
    """

    settings = ("lr", "alpha", "eps", "momentum")
    moments = ("v", "velocity")

    def __init__(
        self, parameters: Iterable[Tensor], lr: float = 0.01, alpha: float = 0.99, eps: float = 1e-8, momentum: float = 0.0
    ) -> None:
        super().__init__(parameters, lr)
        if not 0 <= alpha < 1:
            raise DataError(f"RMSprop with alpha={alpha}", hint="0 <= alpha < 1")
        if not 0 <= momentum < 1:
            raise DataError(f"RMSprop with momentum={momentum}", hint="0 <= momentum < 1")
        self.alpha, self.eps, self.momentum = alpha, eps, momentum
        self._positive("eps", "a small positive number keeps the division finite")
        self.v, self.velocity = self._zeros(), self._zeros() if momentum else []

    def _change(self, k: int, g: Array) -> Array:
        v = self.v[k]
        v *= self.alpha
        v += (1 - self.alpha) * np.square(g)
        g = g / (np.sqrt(v) + np.asarray(self.eps, g.dtype))
        if self.momentum:
            self.velocity[k] *= self.momentum
            self.velocity[k] += g
            g = self.velocity[k]
        return np.multiply(g, np.asarray(self.lr, g.dtype), out=np.empty_like(g))


class Adagrad(Optimizer):
    """The gradient divided by the root of the sum of all its squares so far (Duchi, Hazan and Singer 2011; as in PyTorch).

        v <- v + g²;   p <- p - lr g / (sqrt(v) + eps)

    >>> import tinygrad_rnn as tg
    >>> w = tg.Tensor([1.0], requires_grad=True)
    >>> optimizer = tg.optim.Adagrad([w], lr=0.1)
    >>> (w * w).sum().backward(); optimizer.step(); w.data.round(6)
    array([0.9])
    """

    settings = ("lr", "eps")
    moments = ("v",)

    def __init__(self, parameters: Iterable[Tensor], lr: float = 0.01, eps: float = 1e-10) -> None:
        super().__init__(parameters, lr)
        self.eps, self.v = eps, self._zeros()
        self._positive("eps", "a small positive number keeps the division finite")

    def _change(self, k: int, g: Array) -> Array:
        v = self.v[k]
        v += np.square(g)
        return np.asarray(np.asarray(self.lr, g.dtype) * g / (np.sqrt(v) + np.asarray(self.eps, g.dtype)), g.dtype)
