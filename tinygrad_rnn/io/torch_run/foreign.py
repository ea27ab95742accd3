"""Functions of PyTorch that have no counterpart here: nodes of their own, whose gradient PyTorch computes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ...engine.ops import NOTHING, Op
from ...engine.tensor import Tensor, apply_list, named
from ...errors import GraphError
from ...shared.array_type import Array
from .tensors import as_array

__all__ = ["Call", "recorded"]


class Foreign(Op):
    """The op of one call, which is its setting. It is no primitive of the engine, and not in its table."""

    __slots__ = ()

    def __init__(self, name: str, call: Call) -> None:
        self.name, self.symbol, self.words = name, name, f"as PyTorch's {name} does it"
        self.forward = lambda inputs, args: call.value
        self.vjps = (lambda F, n, g, slot: call.gradient(g, slot),)
        self.saves, self.cases, self.inputs, self.formulas = NOTHING, [], 0, ()


class Call:
    """One call: how to make it again, of which tensors and with which random numbers, and what it gave."""

    def __init__(
        self, torch: Any, name: str, again: Callable[[list[Any]], Any], inputs: Sequence[Any], state: Any, value: Array
    ) -> None:
        self.torch, self.name, self.again, self.state, self.value = torch, name, again, state, value
        self.inputs = [t.detach() for t in inputs]
        self.op: Op

    def __str__(self) -> str:
        return ""

    def gradient(self, g: Any, slot: int) -> Array:
        """What input `slot` is sent for the gradient g of the result; rows of gradients in front are done one by one."""
        if not isinstance(g, np.ndarray):
            raise GraphError(
                f"a second derivative of PyTorch's {self.name}",
                hint="it has no counterpart in this package: its first derivative is what can be had",
            )
        if g.ndim > self.value.ndim:
            return np.stack([self.gradient(row, slot) for row in g])
        torch = self.torch
        leaves = [t.detach().requires_grad_() for t in self.inputs]
        with torch.enable_grad(), torch.random.fork_rng(devices=[]):
            torch.set_rng_state(self.state)
            result = self.again(leaves)
        if not np.array_equal(as_array(result), self.value, equal_nan=True):
            raise GraphError(
                f"PyTorch's {self.name} gives something else when it is called again, so its gradient is not known",
                hint="it draws random numbers of a generator of its own, or on a device, or what it read was written to: leave it out",
            )
        sent = torch.autograd.grad(result, leaves[slot], torch.as_tensor(g).to(result), allow_unused=True)[0]
        return np.zeros(self.inputs[slot].shape, self.value.dtype) if sent is None else as_array(sent)


def recorded(call: Call, name: str, inputs: list[Tensor]) -> Tensor:
    """The result of a call as a node of the graph."""
    call.op = Foreign(name, call)
    return named(apply_list(call.op, inputs, call), name)
