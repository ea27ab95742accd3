"""What was sent along every edge of a graph, the weights' part without their size: a pair of factors a step, multiplied when asked.

A weight that is used at every step of a long sequence is sent a gradient of its own size each time. As an array each, those would
be by far the most of a snapshot; their factors, what the step read and what it was sent, are there anyway.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

import numpy as np

from ..engine.vjp_on_arrays import Exact
from ..shared.array_type import Array, Index

__all__ = ["Factored", "Sent"]


class Sent(Mapping[tuple[int, int], Array]):
    """{(child, slot): the gradient that the node `child` sends to its input `slot`}."""

    def __init__(self, edges: dict[tuple[int, int], Array | Callable[[], Array]]) -> None:
        self._edges = edges

    def __getitem__(self, edge: tuple[int, int]) -> Array:
        sent = self._edges[edge]
        if not callable(sent):
            return sent
        with np.errstate(all="ignore"):  # as it was computed the first time
            return sent()

    def __contains__(self, edge: object) -> bool:
        return edge in self._edges

    def __iter__(self) -> Iterator[tuple[int, int]]:
        return iter(self._edges)

    def __len__(self) -> int:
        return len(self._edges)


class Factored(Exact):
    """The reader that computes on the spot, and remembers how it came to the last gradients."""

    def __init__(self) -> None:
        self.made: list[tuple[Array, partial[Any]]] = []

    def kept(self, gradient: Array) -> Array | partial[Any]:
        """What to keep of a gradient: itself, or what it is computed from, if that is smaller."""
        return next((again for made, again in self.made if made is gradient), np.asarray(gradient))

    def at(self, n: Any) -> Any:
        self.made = []
        return super().at(n)

    def matmul(self, g: Array, b: Array) -> Array:
        return self._noted(super().matmul, g, b)

    def product(self, a: Array, g: Array, ndim: int) -> Array:
        return self._noted(super().product, a, g, ndim)

    def place(self, g: Array, key: Index, shape: tuple[int, ...]) -> Array:
        return self._noted(super().place, g, key, shape)

    def _noted(self, rule: Callable[..., Any], *given: Any) -> Array:
        gradient: Array = rule(*given)
        if sum(part.size for part in given if hasattr(part, "size")) < gradient.size:
            self.made.append((gradient, partial(rule, *given)))
        return gradient
