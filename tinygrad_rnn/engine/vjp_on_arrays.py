"""What a vjp may call besides operators, on arrays: the namespace `F` of `engine/ops.py`.

`Arrays` computes each gradient on the spot. `Deferred` is the training path: it hands out gradients that are still to be computed
(pairs to multiply, `PlacedGradient` slices) and that `backward()` settles in one go. `Exact` is the reader of everything else. A
fourth, which records gradients as a graph of their own, is `Recorded` in `engine/vjp_on_tensors.py`: the same names, on Tensors.
"""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

import numpy as np

from ..shared.array_type import Array, Index
from .arrays import HALF, as_matrix, place, power, product, raised, unbroadcast

__all__ = ["Arrays", "Deferred", "Exact", "PlacedGradient"]


class Arrays:
    """Gradients as arrays, each computed where its vjp stands."""

    def matmul(self, g: Array, b: Array) -> Array:
        return g.dot(b) if g.ndim == 2 == b.ndim else np.matmul(g, b)

    def swap(self, b: Array) -> Array:
        """The transpose of the last two axes."""
        return np.swapaxes(b, -1, -2)

    def product(self, a: Array, g: Array, ndim: int) -> Any:
        return product(a, g, ndim)

    def place(self, g: Array, key: Index, shape: tuple[int, ...]) -> Any:
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

    def raised(self, a: Array, b: Array) -> Array:
        return raised(a, b)

    def log(self, a: Array) -> Array:
        return np.asarray(np.log(a))

    def sin(self, a: Array) -> Array:
        return np.asarray(np.sin(a))

    def cos(self, a: Array) -> Array:
        return np.asarray(np.cos(a))

    def one_at(self, condition: Array, a: Array) -> Array:
        """a, with 1 in its place where the condition holds."""
        return np.where(condition, np.ones((), a.dtype), a)

    def cumsum(self, g: Array, axis: int) -> Array:
        return np.add.accumulate(g, axis=axis)

    def sign(self, a: Array) -> Array:
        return np.asarray(np.sign(a))

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


class PlacedGradient:
    """`g` at `key`, to be added straight into the gradient of the whole."""

    __slots__ = ("g", "key")

    def __init__(self, g: Array, key: Index) -> None:
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
            return as_matrix(a), as_matrix(g)
        return product(a, g, ndim)

    def place(self, g: Array, key: Index, shape: tuple[int, ...]) -> Any:
        return PlacedGradient(g, key)

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


class Exact(Arrays):
    """The instrumented reader: every gradient on the spot, nothing deferred."""

    nowhere = nullcontext()

    def at(self, n: Any) -> nullcontext[None]:
        return self.nowhere

    def value(self, x: Array, node: Any) -> Array:
        return x
