"""Optimizers: they change parameters by their gradients, and nothing else. Call `zero_grad()` before each backward pass."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from ..engine.tensor import Tensor
from ..shared.array_type import Array
from .base import Optimizer

__all__ = ["SGD", "Adagrad", "Adam", "AdamW", "RMSprop"]


class SGD(Optimizer):
    """Stochastic gradient descent with momentum (as in PyTorch, without dampening).

        v <- momentum v + g;   p <- p - lr v

    >>> import tinygrad_rnn as tg
    >>> w = tg.Tensor([1.0], requires_grad=True)
    >>> optimizer = tg.optim.SGD([w], lr=0.1)
    >>> (w * w).sum().backward(); optimizer.step(); w.data
    array([0.8])
    """

    settings: tuple[str, ...] = ("lr", "momentum")
    moments: tuple[str, ...] = ("velocity",)

    def __init__(self, parameters: Iterable[Tensor], lr: float, momentum: float = 0.0) -> None:
        super().__init__(parameters, lr)
        self.momentum = momentum
        self._check_settings("momentum")
        self.velocity = self._zeros() if momentum else []

    def _change(self, k: int, g: Array) -> Array:
        if self.momentum:
            self.velocity = self.velocity or self._zeros()  # where momentum was set later
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
        self.betas, self.eps, self.steps = betas, eps, [0] * len(self.parameters)
        self._check_settings("betas", "eps")
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
        self.weight_decay = weight_decay
        self._check_settings("weight_decay")

    def _change(self, k: int, g: Array) -> Array:
        change = super()._change(k, g)
        change += np.asarray(self.lr * self.weight_decay, g.dtype) * self.parameters[k]._data
        return change


class RMSprop(SGD):
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
        super().__init__(parameters, lr, momentum)
        self.alpha, self.eps, self.v = alpha, eps, self._zeros()
        self._check_settings("alpha", "eps")

    def _change(self, k: int, g: Array) -> Array:
        v = self.v[k]
        v *= self.alpha
        v += (1 - self.alpha) * np.square(g)
        return super()._change(k, g / (np.sqrt(v) + np.asarray(self.eps, g.dtype)))


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
        self._check_settings("eps")

    def _change(self, k: int, g: Array) -> Array:
        v = self.v[k]
        v += np.square(g)
        return np.asarray(np.asarray(self.lr, g.dtype) * g / (np.sqrt(v) + np.asarray(self.eps, g.dtype)), g.dtype)
