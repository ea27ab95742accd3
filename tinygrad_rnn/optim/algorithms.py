"""Optimizers: they change parameters by their gradients, and nothing else. Call `zero_grad()` before each backward pass."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from ..engine.tensor import Tensor
from ..errors import DataError
from ..shared.array_type import Array
from .base import Optimizer

__all__ = ["SGD", "Adagrad", "Adam", "AdamW", "RMSprop"]


class SGD(Optimizer):
    """Stochastic gradient descent with momentum (as in PyTorch).

        g <- g + weight_decay p
        v <- momentum v + (1 - dampening) g, and v = g the first time;   p <- p - lr v

    With `nesterov` (Nesterov 1983), p <- p - lr (g + momentum v); that needs a momentum and no dampening.

    >>> import tinygrad_rnn as tg
    >>> w = tg.Tensor([1.0], requires_grad=True)
    >>> optimizer = tg.optim.SGD([w], lr=0.1)
    >>> (w * w).sum().backward(); optimizer.step(); w.data
    array([0.8])
    """

    settings: tuple[str, ...] = ("lr", "momentum", "dampening", "weight_decay", "nesterov", "steps")
    moments: tuple[str, ...] = ("velocity",)
    later: tuple[str, ...] = ("dampening", "weight_decay", "nesterov", "steps")

    def __init__(
        self,
        parameters: Iterable[Tensor] | Iterable[dict[str, Any]],
        lr: float,
        momentum: float = 0.0,
        *,
        dampening: float = 0.0,
        weight_decay: float = 0.0,
        nesterov: bool = False,
    ) -> None:
        super().__init__(parameters, lr)
        self.momentum, self.dampening, self.weight_decay, self.nesterov = momentum, dampening, weight_decay, nesterov
        self._check_settings("momentum", "dampening", "weight_decay", "nesterov")
        for group in self.groups:
            of = {name: getattr(self, name) for name in ("momentum", "dampening", "nesterov")} | group
            if of["nesterov"] and (not of["momentum"] or of["dampening"]):
                raise DataError(
                    f"SGD with nesterov=True, momentum={of['momentum']}, dampening={of['dampening']}",
                    hint="it looks ahead along the momentum: momentum=0.9, dampening=0",
                )
        self.steps = [0] * len(self.parameters)
        self.velocity = self.zeros() if momentum else []

    def change(self, k: int, g: Array) -> Array:
        """What the equations above take off parameter k, whose gradient is g."""
        g = decayed(g, self.weight_decay, self.parameters[k])
        if self.momentum:
            self.velocity = self.velocity or self.zeros()  # where momentum was set later, or by a group
            v = self.velocity[k]
            v *= self.momentum
            v += g if not self.dampening or not self.steps[k] else np.asarray(1 - self.dampening, g.dtype) * g
            self.steps[k] += 1
            g = g + np.asarray(self.momentum, g.dtype) * v if self.nesterov else v
        return np.asarray(np.asarray(self.lr, g.dtype) * g)


def decayed(g: Array, weight_decay: float, p: Tensor) -> Array:
    """The gradient of the loss and of weight_decay/2 |p|² together."""
    return np.asarray(g + np.asarray(weight_decay, g.dtype) * p._array) if weight_decay else g


class Adam(Optimizer):
    """Adam (Kingma and Ba 2015, algorithm 1).

        g <- g + weight_decay p
        m <- b1 m + (1 - b1) g;   v <- b2 v + (1 - b2) g²
        p <- p - lr (m / (1 - b1^t)) / (sqrt(v / (1 - b2^t)) + eps)

    With `amsgrad` the largest v so far takes the place of v in the last line (Reddi, Kale and Kumar 2018).

    >>> import tinygrad_rnn as tg
    >>> w = tg.Tensor([1.0], requires_grad=True)
    >>> optimizer = tg.optim.Adam([w], lr=0.1)
    >>> (w * w).sum().backward(); optimizer.step(); w.data.round(6)
    array([0.9])
    """

    settings: tuple[str, ...] = ("lr", "betas", "eps", "steps", "weight_decay", "amsgrad")
    moments = ("m", "v", "largest")
    later: tuple[str, ...] = ("weight_decay", "amsgrad")

    def __init__(
        self,
        parameters: Iterable[Tensor] | Iterable[dict[str, Any]],
        lr: float = 0.001,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        *,
        amsgrad: bool = False,
    ) -> None:
        super().__init__(parameters, lr)
        self.betas, self.eps, self.steps = betas, eps, [0] * len(self.parameters)
        self.weight_decay, self.amsgrad = weight_decay, amsgrad
        self._check_settings("betas", "eps", "weight_decay", "amsgrad")
        self.m, self.v, self.largest = self.zeros(), self.zeros(), self.zeros() if amsgrad else []

    def change(self, k: int, g: Array) -> Array:
        """What the equations above take off parameter k, whose gradient is g."""
        return self._adam(k, decayed(g, self.weight_decay, self.parameters[k]))

    def _adam(self, k: int, g: Array) -> Array:
        m, v, (b1, b2) = self.m[k], self.v[k], self.betas
        self.steps[k] += 1
        m *= b1
        m += (1 - b1) * g
        v *= b2
        v += (1 - b2) * np.square(g)
        if self.amsgrad:
            self.largest = self.largest or self.zeros()
            v = np.maximum(self.largest[k], v, out=self.largest[k])
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

    later = ("amsgrad",)

    def __init__(
        self,
        parameters: Iterable[Tensor] | Iterable[dict[str, Any]],
        lr: float = 0.001,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.01,
        *,
        amsgrad: bool = False,
    ) -> None:
        super().__init__(parameters, lr, betas, eps, weight_decay, amsgrad=amsgrad)

    def change(self, k: int, g: Array) -> Array:
        """What the equations above take off parameter k, whose gradient is g."""
        change = self._adam(k, g)
        change += np.asarray(self.lr * self.weight_decay, g.dtype) * self.parameters[k]._array
        return change


class RMSprop(Optimizer):
    """The gradient divided by the root of the running mean of its square (Tieleman and Hinton 2012; as in PyTorch).

        g <- g + weight_decay p
        v <- alpha v + (1 - alpha) g²;   u <- momentum u + g / (sqrt(v) + eps);   p <- p - lr u

    With `centered` (Graves 2013), v - m² takes the place of v under the root, with m <- alpha m + (1 - alpha) g: the variance.

    >>> import tinygrad_rnn as tg
    >>> w = tg.Tensor([1.0], requires_grad=True)
    >>> optimizer = tg.optim.RMSprop([w], lr=0.01)
    >>> (w * w).sum().backward(); optimizer.step(); w.data.round(6)
    array([0.9])
    """

    settings = ("lr", "alpha", "eps", "momentum", "weight_decay", "centered")
    moments = ("v", "velocity", "mean")
    later = ("weight_decay", "centered")

    def __init__(
        self,
        parameters: Iterable[Tensor] | Iterable[dict[str, Any]],
        lr: float = 0.01,
        alpha: float = 0.99,
        eps: float = 1e-8,
        momentum: float = 0.0,
        *,
        weight_decay: float = 0.0,
        centered: bool = False,
    ) -> None:
        super().__init__(parameters, lr)
        self.alpha, self.eps, self.momentum, self.weight_decay, self.centered = alpha, eps, momentum, weight_decay, centered
        self._check_settings("alpha", "eps", "momentum", "weight_decay", "centered")
        self.v, self.velocity = self.zeros(), self.zeros() if momentum else []
        self.mean = self.zeros() if centered else []

    def change(self, k: int, g: Array) -> Array:
        """What the equations above take off parameter k, whose gradient is g."""
        g, v = decayed(g, self.weight_decay, self.parameters[k]), self.v[k]
        v *= self.alpha
        v += (1 - self.alpha) * np.square(g)
        if self.centered:
            self.mean = self.mean or self.zeros()
            m = self.mean[k]
            m *= self.alpha
            m += (1 - self.alpha) * g
            v = np.maximum(v - np.square(m), 0)  # rounding may bring it below
        u = g / (np.sqrt(v) + np.asarray(self.eps, g.dtype))
        if self.momentum:
            self.velocity = self.velocity or self.zeros()
            self.velocity[k] *= self.momentum
            self.velocity[k] += u
            u = self.velocity[k]
        return np.asarray(np.asarray(self.lr, g.dtype) * u)


class Adagrad(Optimizer):
    """The gradient divided by the root of the sum of all its squares so far (Duchi, Hazan and Singer 2011; as in PyTorch).

        g <- g + weight_decay p;   v <- v + g²;   p <- p - lr g / (sqrt(v) + eps)

    >>> import tinygrad_rnn as tg
    >>> w = tg.Tensor([1.0], requires_grad=True)
    >>> optimizer = tg.optim.Adagrad([w], lr=0.1)
    >>> (w * w).sum().backward(); optimizer.step(); w.data.round(6)
    array([0.9])
    """

    settings = ("lr", "eps", "weight_decay")
    moments = ("v",)
    later = ("weight_decay",)

    def __init__(
        self,
        parameters: Iterable[Tensor] | Iterable[dict[str, Any]],
        lr: float = 0.01,
        eps: float = 1e-10,
        *,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(parameters, lr)
        self.eps, self.weight_decay, self.v = eps, weight_decay, self.zeros()
        self._check_settings("eps", "weight_decay")

    def change(self, k: int, g: Array) -> Array:
        """What the equations above take off parameter k, whose gradient is g."""
        g, v = decayed(g, self.weight_decay, self.parameters[k]), self.v[k]
        v += np.square(g)
        return np.asarray(np.asarray(self.lr, g.dtype) * g / (np.sqrt(v) + np.asarray(self.eps, g.dtype)), g.dtype)
