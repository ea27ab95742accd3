"""What a probe is given: a loss that was just computed, or the snapshot of one."""

from __future__ import annotations

from ..engine.graph import Node, reachable
from ..engine.tensor import Tensor
from ..errors import GraphError
from ..replay.recorded_again import recorded_again
from ..replay.records import GraphSnapshot

__all__ = ["Loss", "as_loss", "recorded_graph"]

Loss = Tensor | GraphSnapshot


def as_loss(loss: Loss) -> Tensor:
    """The loss with its graph; that of a snapshot is recorded again."""
    return recorded_again(loss) if isinstance(loss, GraphSnapshot) else loss


def recorded_graph(loss: Tensor) -> tuple[list[Node], list[Node]]:
    """The recorded ops of a loss, and its leaves, oldest first. Raises `GraphError` if nothing was recorded."""
    if not isinstance(loss, Tensor):
        raise GraphError(
            f"a probe of a {type(loss).__name__}", hint="give the tensor that was computed, not its value, or its snapshot"
        )
    if loss.node is None:
        raise GraphError(
            "a probe of a tensor that has no recorded graph",
            hint="give the weights requires_grad=True, and compute outside no_grad()",
        )
    return reachable(loss.node)
