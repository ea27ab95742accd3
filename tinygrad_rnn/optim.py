"""Optimizers: they change parameters by their gradients, and nothing else. Call `zero_grad()` before each backward pass."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from .errors import DataError, GraphError
from .kernels import Array
from .nn.module import Module
from .records import norm
from .tensor import Tensor

__all__ = ["SGD", "Adam", "Optimizer", "clip_grad_norm_"]


class Optimizer:
    """What all optimizers share: the parameters, the learning rate `lr`, `zero_grad()` and `step()`."""

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
        if not isinstance(lr, (int, float, np.number)) or not lr > 0:
            raise DataError(f"{type(self).__name__} with lr={lr}", hint="the learning rate is positive")
        self.lr = lr

    def zero_grad(self) -> None:
        """Forget the gradients of all parameters."""
        for p in self.parameters:
            p.zero_grad()

    def step(self) -> None:
        """Change every parameter that has a gradient. Graphs that used the old values then refuse another backward pass."""
        for k, p in enumerate(self.parameters):
            if p.grad is not None:
                change = self._change(k, p.grad)
                p.replace(np.subtract(p.data, change, out=change))  # a new array: constants may share the old one

    def _change(self, k: int, g: Array) -> Array:
        """What to take off parameter k: an array of its own, in the parameter's shape and dtype."""
        raise NotImplementedError


class SGD(Optimizer):
    """Stochastic gradient descent with momentum (as in PyTorch, without dampening).

        v <- momentum v + g;   p <- p - lr v

    >>> w = Tensor([1.0], requires_grad=True)
    >>> optimizer = SGD([w], lr=0.1)
    >>> (w * w).sum().backward(); optimizer.step(); w.data
    array([0.8])
    """

    def __init__(self, parameters: Iterable[Tensor], lr: float, momentum: float = 0.0) -> None:
        super().__init__(parameters, lr)
        if not 0 <= momentum < 1:
            raise DataError(f"SGD with momentum={momentum}", hint="0 <= momentum < 1")
        self.momentum = momentum
        self.velocity = [np.zeros(p.shape, p.dtype) for p in self.parameters] if momentum else []

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

    >>> w = Tensor([1.0], requires_grad=True)
    >>> optimizer = Adam([w], lr=0.1)
    >>> (w * w).sum().backward(); optimizer.step(); w.data.round(6)
    array([0.9])
    """

    def __init__(
        self, parameters: Iterable[Tensor], lr: float = 0.001, betas: tuple[float, float] = (0.9, 0.999), eps: float = 1e-8
    ) -> None:
        super().__init__(parameters, lr)
        if not all(0 <= beta < 1 for beta in betas):
            raise DataError(f"Adam with betas={betas}", hint="both lie in 0 <= beta < 1")
        if not eps > 0:
            raise DataError(f"Adam with eps={eps}", hint="a small positive number keeps the division finite")
        self.betas, self.eps, self.steps = betas, eps, [0] * len(self.parameters)
        self.m = [np.zeros(p.shape, p.dtype) for p in self.parameters]
        self.v = [np.zeros(p.shape, p.dtype) for p in self.parameters]

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


def clip_grad_norm_(parameters: Module | Tensor | Iterable[Tensor], max_norm: float) -> float:
    """Scale all gradients together so that their common norm is at most `max_norm`; returns the norm before.

    Their direction stays (Pascanu, Mikolov and Bengio 2013, algorithm 1). A norm that is infinite or NaN is returned and
    nothing is scaled: there is no direction left to keep. Raises `DataError` unless max_norm is positive.

    >>> w = Tensor([3.0, 4.0], requires_grad=True)
    >>> w.sum().backward(); w.grad *= [3.0, 4.0]
    >>> clip_grad_norm_([w], 1.0), w.grad
    (5.0, array([0.6, 0.8]))
    """
    if not max_norm > 0:
        raise DataError(f"clip_grad_norm_ with max_norm={max_norm}", hint="the largest norm allowed is positive")
    if isinstance(parameters, Module):
        parameters = parameters.parameters()
    with_grad = [p for p in ([parameters] if isinstance(parameters, Tensor) else parameters) if p.grad is not None]
    total = norm(np.array([norm(p.grad) for p in with_grad if p.grad is not None]))
    if total > max_norm and np.isfinite(total):
        for p in with_grad:
            assert p.grad is not None
            p.grad = p.grad * np.asarray(max_norm / total, p.grad.dtype)
    return total
