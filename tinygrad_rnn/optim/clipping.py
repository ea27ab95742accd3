"""Gradients made smaller before an optimizer uses them."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from math import inf
from numbers import Real

import numpy as np

from ..engine.arrays import norm
from ..engine.tensor import Tensor
from ..errors import DataError, GraphError
from ..nn.module import Module
from ..shared.checks import is_number, short

__all__ = ["clip_grad_norm_", "clip_grad_value_"]


def clip_grad_norm_(parameters: Module | Tensor | Iterable[Tensor], max_norm: float) -> float:
    """Scale all gradients together so that their common norm is at most `max_norm`; returns the norm before.

    Their direction stays (Pascanu, Mikolov and Bengio 2013, algorithm 1): each is multiplied by max_norm / norm, where PyTorch
    divides by norm + 1e-6. A norm that is infinite or NaN is returned and
    nothing is scaled: there is no direction left to keep. Raises `DataError` unless max_norm is positive, `GraphError` for what is
    neither tensors nor a module, and for an iterator that is used up.

    >>> import tinygrad_rnn as tg
    >>> w = tg.Tensor([3.0, 4.0], requires_grad=True)
    >>> w.sum().backward(); w.grad *= [3.0, 4.0]
    >>> tg.optim.clip_grad_norm_([w], 1.0), w.grad
    (5.0, array([0.6, 0.8]))
    """
    if not is_number(max_norm, Real) or not max_norm > 0:
        raise DataError(f"clip_grad_norm_ with max_norm={short(max_norm)}", hint="the largest norm allowed is positive")
    with_grad = _with_grad(parameters)
    total = norm(np.array([norm(p.grad) for p in with_grad if p.grad is not None]))
    if total > max_norm and np.isfinite(total):
        for p in with_grad:
            assert p.grad is not None
            p.grad = p.grad * np.asarray(max_norm / total, p.grad.dtype)
    return total


def clip_grad_value_(parameters: Module | Tensor | Iterable[Tensor], max_value: float) -> None:
    """Cut every entry of every gradient to -max_value..max_value. Their direction changes; NaN stays.

    Raises `DataError` unless max_value is positive, `GraphError` for what is neither tensors nor a module.

    >>> import tinygrad_rnn as tg
    >>> w = tg.Tensor([3.0, 4.0], requires_grad=True)
    >>> (w * [0.5, -7.0]).sum().backward(); tg.optim.clip_grad_value_([w], 1.0); w.grad
    array([ 0.5, -1. ])
    """
    if not is_number(max_value, Real) or not max_value > 0:
        raise DataError(f"clip_grad_value_ with max_value={short(max_value)}", hint="the largest entry allowed is positive")
    limit = float(max_value) if max_value <= sys.float_info.max else inf  # an integer that no float holds cuts nothing
    for p in _with_grad(parameters):
        assert p.grad is not None
        p.grad = np.clip(p.grad, -limit, limit)


def _with_grad(parameters: Module | Tensor | Iterable[Tensor]) -> list[Tensor]:
    if isinstance(parameters, Module):
        parameters = parameters.parameters()
    elif isinstance(parameters, Tensor):
        parameters = [parameters]
    listed = list(parameters) if isinstance(parameters, Iterable) else [parameters]
    if isinstance(parameters, Iterator) and not listed:
        raise GraphError(
            "gradients of a used-up iterator cannot be clipped", hint="it can be read once: give a list of parameters"
        )
    odd = [p for p in listed if not isinstance(p, Tensor)]
    if odd:
        raise GraphError(
            f"gradients of a {type(odd[0]).__name__} cannot be clipped", hint="give a module, or a list of its parameters"
        )
    return [p for p in listed if p.grad is not None]
