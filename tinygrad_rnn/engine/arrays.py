"""Numerical kernels on NumPy arrays: what an op or a vjp needs that NumPy does not have in one call, or not fast or safe enough."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..shared.array_type import Array, Index

__all__ = [
    "HALF", "ONE", "as_matrix", "is_basic", "norm", "place", "power", "product", "raised", "relu", "sigmoid", "unbroadcast",
]  # fmt: skip

# 0-d arrays: NumPy multiplies by one faster than by a Python number, and never changes a float32 into a float64
HALF = {np.dtype(kind): np.array(0.5, kind) for kind in ("float16", "float32", "float64", "longdouble")}
ZERO = {kind: np.zeros((), kind) for kind in HALF}
ONE = {kind: np.ones((), kind) for kind in HALF}
for number in (*HALF.values(), *ZERO.values(), *ONE.values()):
    number.flags.writeable = False  # they are shared
del number


def sigmoid(x: Array) -> Array:
    """1 / (1 + exp(-x)) as (1 + tanh(x/2)) / 2: no overflow at any x, one temporary array. Exact to about half a unit in
    the last place of 1."""
    half = HALF.get(x.dtype)
    if half is None or not x.ndim:
        return np.asarray(0.5 + 0.5 * np.tanh(0.5 * x), None if half is None else x.dtype)
    y = np.multiply(x, half)
    np.tanh(y, y)
    y *= half
    y += half
    return y


def relu(x: Array) -> Array:
    """max(x, 0) in the dtype of x."""
    y: Array = np.maximum(x, ZERO.get(x.dtype, 0))
    return y


BASIC = frozenset({int, slice, type(None), type(...)})


def is_basic(key: Index) -> bool:
    """Whether an index selects a view (integers, slices, ...) and so can name no entry twice."""
    return type(key) in BASIC or (type(key) is tuple and BASIC.issuperset(map(type, key)))


def place(g: Array, key: Index, shape: tuple[int, ...]) -> Array:
    """Zeros of `shape` with `g` added at `key`; an entry that the index names twice receives both."""
    out = np.zeros(shape, g.dtype)
    if is_basic(key):
        out[key] = g
    else:
        np.add.at(out, key, g)
    return out


def unbroadcast(g: Array, shape: tuple[int, ...]) -> Array:
    """Sum a gradient over the axes along which a value of `shape` was repeated."""
    if g.ndim > len(shape):
        g = np.add.reduce(g, axis=tuple(range(g.ndim - len(shape))))
    axes = tuple(axis for axis, n in enumerate(shape) if n == 1 and g.shape[axis] != 1)
    total: Array = np.add.reduce(g, axis=axes, keepdims=True) if axes else g
    return total


def as_matrix(a: Any) -> Any:
    """All axes but the last as one; an array without entries too."""
    return a.reshape(math.prod(a.shape[:-1]), a.shape[-1])


def product(a: Array, g: Array, ndim: int) -> Array:
    """The gradient of the right factor of `a @ b` (b with `ndim` axes), from `g`, the gradient of the product."""
    if ndim == 2 < a.ndim:
        a, g = as_matrix(a), as_matrix(g)
    return a.T.dot(g) if a.ndim == 2 == g.ndim else np.matmul(np.swapaxes(a, -1, -2), g)


def norm(x: Array) -> float:
    """The Euclidean norm, safe from overflow and underflow of the squares."""
    flat = np.abs(np.asarray(x, np.float64)).reshape(-1)
    largest = float(flat.max()) if flat.size else 0.0
    if not 1e-150 < largest < 1e150:
        if largest == 0.0 or not np.isfinite(largest):
            return largest
        return largest * float(np.sqrt(np.sum(np.square(flat / largest))))
    return float(np.sqrt(np.dot(flat, flat)))


def raised(a: Array, b: Array) -> Array:
    """a ** b, entry by entry: in the dtype of the one that is a float, and of whole numbers a whole number where it is one."""
    if a.dtype.kind != "f" and b.dtype.kind != "f":
        return np.asarray(np.power(a.astype(np.float64), b) if (b < 0).any() else np.power(a, b))
    dtype = np.result_type(*(x.dtype for x in (a, b) if x.dtype.kind == "f"))
    return np.asarray(np.power(np.asarray(a, dtype), np.asarray(b, dtype)))


def power(a: Array, exponent: float) -> Array:
    """a ** exponent in the dtype of a."""
    if exponent == 1:
        return a.copy()
    if exponent == 2:
        return np.square(a)
    if a.dtype.kind != "f":
        return np.asarray((a if exponent >= 0 else a.astype(np.float64)) ** exponent)
    if exponent == 0.5:  # NumPy 2 takes the root by itself; older ones go by the power, where minus infinity has a root
        return np.asarray(np.sqrt(a))
    return np.asarray(np.power(a, np.asarray(exponent, a.dtype)))
