"""What a vjp may call besides operators, on NumPy arrays: the namespace `F` of `engine/ops.py`.

`Arrays` computes each gradient on the spot. `Deferred` is the training path: it hands out gradients that are still to be
computed (pairs to multiply, `Placed` slices) and that `backward()` settles in one go. The third reader, which records
gradients as a graph of their own, is `Recorded` in `engine/gradient_graph.py`: it has the same names, on Tensors.
"""

from __future__ import annotations

import math
from contextlib import nullcontext
from typing import Any

import numpy as np

from ..shared.array_type import Array, Key

__all__ = [
    "ONE",
    "Arrays",
    "Deferred",
    "Exact",
    "Placed",
    "is_basic",
    "norm",
    "place",
    "power",
    "relu",
    "rows",
    "sigmoid",
    "unbroadcast",
]

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


def is_basic(key: Key) -> bool:
    """Whether an index selects a view (integers, slices, ...) and so can name no entry twice."""
    return type(key) in BASIC or (type(key) is tuple and BASIC.issuperset(map(type, key)))


def place(g: Array, key: Key, shape: tuple[int, ...]) -> Array:
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


def rows(a: Any) -> Any:
    """All axes but the last as one; an array without entries too."""
    return a.reshape(math.prod(a.shape[:-1]), a.shape[-1])


def product(a: Array, g: Array, ndim: int) -> Array:
    """The gradient of the right factor of `a @ b` (b with `ndim` axes), from `g`, the gradient of the product."""
    if ndim == 2 < a.ndim:
        a, g = rows(a), rows(g)
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


class Arrays:
    """Gradients as arrays, each computed where its vjp stands."""

    def matmul(self, g: Array, b: Array) -> Array:
        return g.dot(b) if g.ndim == 2 == b.ndim else np.matmul(g, b)

    def swap(self, b: Array) -> Array:
        """The transpose of the last two axes."""
        return np.swapaxes(b, -1, -2)

    def product(self, a: Array, g: Array, ndim: int) -> Any:
        return product(a, g, ndim)

    def place(self, g: Array, key: Key, shape: tuple[int, ...]) -> Any:
        return place(g, key, shape)

    def tanh_slope(self, g: Array, y: Array) -> Array:
        """g (1 - y y), as g - g y y: no constant to look up."""
        slope = np.multiply(g, y)
        if not slope.ndim:
            return np.asarray(g - slope * y)
        slope *= y
        np.subtract(g, slope, slope)
        return slope

    def sigmoid_slope(self, g: Array, y: Array) -> Array:
        """g y (1 - y)"""
        slope = np.multiply(y, y)
        if not slope.ndim:
            return np.asarray(g * (y - slope))
        np.subtract(y, slope, slope)
        slope *= g
        return slope

    def power(self, a: Array, exponent: float) -> Array:
        return power(a, exponent)

    def sign(self, a: Array) -> Array:
        return np.asarray(np.sign(a))

    def positive(self, y: Array) -> Array:
        """1 where y, the output of relu, is positive: its sign. Faster than to multiply by truth values."""
        return np.sign(y)

    def larger(self, a: Array, b: Array) -> Array:
        """1 where a > b, 1/2 at a tie, 0 elsewhere."""
        return np.asarray((a > b) + (a == b) * HALF[np.result_type(a, b)])

    def is_max(self, a: Array, axis: Any) -> Array:
        """1 at the largest entries along `axis`, shared evenly among ties."""
        hit = a == a.max(axis=axis, keepdims=True)
        return np.asarray(hit / hit.sum(axis=axis, keepdims=True, dtype=a.dtype))

    def where(self, condition: Array, g: Array) -> Array:
        """g where the condition holds, else 0 (and not NaN times 0)."""
        return np.where(condition, g, np.zeros((), g.dtype))

    def reshape(self, g: Array, shape: tuple[int, ...]) -> Array:
        return g.reshape(shape)

    def transpose(self, g: Array, axes: tuple[int, ...]) -> Array:
        return g.transpose(axes)

    def unbroadcast(self, g: Array, shape: tuple[int, ...]) -> Array:
        """Sum over the axes along which a value of `shape` was repeated."""
        return np.asarray(unbroadcast(np.asarray(g), shape))

    def spread(self, g: Array, shape: tuple[int, ...]) -> Array:
        """Repeat along the axes of size 1; a single number as a view with strides 0, made directly, which is faster."""
        return np.broadcast_to(g, shape) if g.ndim else np.ndarray(shape, g.dtype, np.asarray(g), 0, (0,) * len(shape))


class Placed:
    """`g` at `key`, to be added straight into the gradient of the whole."""

    __slots__ = ("g", "key")

    def __init__(self, g: Array, key: Key) -> None:
        self.g, self.key = g, key


class Deferred(Arrays):
    """Gradients for training: one instance a backward pass."""

    def __init__(self) -> None:
        self.turned: dict[int, tuple[Array, Array | None]] = {}

    def product(self, a: Array, g: Array, ndim: int) -> Any:
        """The pair (a, g): left until the products of all time steps can be one matrix product."""
        if a.ndim == 2 == g.ndim:
            return a, g
        if ndim == 2:
            return rows(a), rows(g)
        return product(a, g, ndim)

    def place(self, g: Array, key: Key, shape: tuple[int, ...]) -> Any:
        return Placed(g, key)

    def swap(self, b: Array) -> Array:
        """As in `Arrays`, but contiguous from the second use on: products with it are faster."""
        known = self.turned.get(id(b))
        if known is None:
            if b.ndim == 2 and not b.flags.f_contiguous:
                self.turned[id(b)] = b, None
            return np.swapaxes(b, -1, -2)
        turned = known[1]
        if turned is None:
            turned = np.ascontiguousarray(b.T)
            self.turned[id(b)] = b, turned
        return turned


def power(a: Array, exponent: float) -> Array:
    """a ** exponent in the dtype of a."""
    if exponent == 1:
        return a.copy()
    if exponent == 2:
        return np.square(a)
    if a.dtype.kind != "f":
        return np.asarray((a if exponent >= 0 else a.astype(np.float64)) ** exponent)
    return np.asarray(np.power(a, np.asarray(exponent, a.dtype)))


class Exact(Arrays):
    """The instrumented reader: every gradient on the spot, nothing deferred."""

    nowhere = nullcontext()

    def at(self, n: Any) -> nullcontext[None]:
        return self.nowhere

    def value(self, x: Array, node: Any) -> Array:
        return x
