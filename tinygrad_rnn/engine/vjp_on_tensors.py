"""What a vjp may call besides operators, on Tensors: gradients recorded as a graph of their own, for `create_graph=True`."""

from __future__ import annotations

from typing import Any

from ..shared.array_type import Array
from . import ops, primitives
from .arrays import as_matrix
from .graph import Node
from .scopes import Change, Frame
from .tensor import Tensor, apply1, as_tensor
from .vjp_on_arrays import Arrays

__all__ = ["Recorded"]


class Recorded:
    """The reader that records gradients as a graph of their own, so that they can be differentiated and drawn."""

    def at(self, n: Node) -> Change:
        """Gradients are recorded in the scope and time step of the node whose rule they apply."""
        return Change((*n.frames, Frame("backward")), at_top=True)

    def value(self, x: Array, node: Node | None) -> Tensor:
        t = as_tensor(x)
        t.node = node
        return t

    def unbroadcast(self, c: Tensor, shape: tuple[int, ...]) -> Tensor:
        if c.ndim > len(shape):
            c = c.sum(tuple(range(c.ndim - len(shape))))
        axes = tuple(axis for axis, n in enumerate(shape) if n == 1 and c.shape[axis] != 1)
        return c.sum(axes, keepdims=True) if axes else c

    def matmul(self, g: Tensor, b: Tensor) -> Tensor:
        return primitives.matmul(g, b)

    def swap(self, b: Tensor) -> Tensor:
        return b.transpose(*range(b.ndim - 2), b.ndim - 1, b.ndim - 2)

    def product(self, a: Tensor, g: Tensor, ndim: int) -> Tensor:
        if ndim == 2 < a.ndim:
            a, g = as_matrix(a), as_matrix(g)
        return self.swap(a) @ g

    def place(self, g: Tensor, key: Any, shape: tuple[int, ...]) -> Tensor:
        return primitives.place(g, key, shape)

    def tanh_slope(self, g: Tensor, y: Tensor) -> Tensor:
        return g * (1.0 - y * y)

    def sigmoid_slope(self, g: Tensor, y: Tensor) -> Tensor:
        return g * (y * (1.0 - y))

    def power(self, a: Tensor, exponent: float) -> Tensor:
        return a**exponent

    def raised(self, a: Tensor, b: Tensor) -> Tensor:
        return primitives.pow(a, b)

    def log(self, a: Tensor) -> Tensor:
        return primitives.log(a)

    def sin(self, a: Tensor) -> Tensor:
        return primitives.sin(a)

    def cos(self, a: Tensor) -> Tensor:
        return primitives.cos(a)

    def one_at(self, condition: Array, a: Tensor) -> Tensor:
        return primitives.where(condition, 1.0, a)

    def cumsum(self, g: Tensor, axis: int) -> Tensor:
        return apply1(ops.CUMSUM, g, axis)

    def sign(self, a: Tensor) -> Array:
        return Arrays().sign(a.data)

    def larger(self, a: Tensor, b: Tensor) -> Array:
        return Arrays().larger(a.data, b.data)

    def is_max(self, a: Tensor, axis: Any) -> Array:
        return Arrays().is_max(a.data, axis)

    def where(self, condition: Array, g: Tensor) -> Tensor:
        return primitives.where(condition, g, 0.0)

    def reshape(self, g: Tensor, shape: tuple[int, ...]) -> Tensor:
        return g.reshape(shape)

    def transpose(self, g: Tensor, axes: tuple[int, ...]) -> Tensor:
        return apply1(ops.TRANSPOSE, g, axes)

    def spread(self, g: Tensor, shape: tuple[int, ...]) -> Tensor:
        return primitives.broadcast_to(g, shape)
