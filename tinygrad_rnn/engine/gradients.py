"""`grad`: gradients as values, of any order, without touching any `.grad`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, overload

import numpy as np

from ..errors import GraphError
from ..shared.checks import check_flags, short
from .graph import Node
from .sweep import seed_of, sweep
from .tensor import Tensor, as_tensor
from .vjp_on_arrays import Exact
from .vjp_on_tensors import Recorded

__all__ = ["grad"]


@overload
def grad(loss: Tensor, inputs: Tensor, create_graph: bool = ..., gradient: Any = ...) -> Any: ...
@overload
def grad(loss: Tensor, inputs: Sequence[Tensor], create_graph: bool = ..., gradient: Any = ...) -> list[Any]: ...
def grad(loss: Tensor, inputs: Tensor | Sequence[Tensor], create_graph: bool = False, gradient: Any = None) -> Any:
    """d(loss)/d(input) for each input, leaf or result, without touching any `.grad`.

    Arrays; with `create_graph=True` Tensors, recorded like any other computation, so that they can be differentiated again.
    An input that the loss does not depend on gets zeros. One input gives one gradient, a list gives a list.

    >>> import tinygrad_rnn as tg
    >>> x = tg.Tensor(3.0, requires_grad=True)
    >>> dx = tg.grad(x**3, x, create_graph=True)
    >>> dx.item(), tg.grad(dx, x).item()
    (27.0, 18.0)
    """
    if not isinstance(inputs, Iterable) or isinstance(inputs, (str, bytes, dict, set)):
        raise GraphError(
            f"grad with respect to {short(inputs)}",
            hint="give a tensor or a list of tensors: module.parameters()",
        )
    check_flags("grad", create_graph=create_graph)
    wanted = [inputs] if isinstance(inputs, Tensor) else list(inputs)
    if not wanted and not isinstance(inputs, (list, tuple)):
        raise GraphError(
            f"grad with respect to {short(inputs)}, which gives nothing",
            hint="an iterator is used up after one walk: give a list",
        )
    for k, t in enumerate(wanted):
        if not isinstance(t, Tensor) or t.node is None:
            raise GraphError(f"grad with respect to input {k + 1}, which has no gradient", hint="give it requires_grad=True")
    found: dict[Node, Any] = {t.node: None for t in wanted if t.node is not None}
    seed = seed_of(loss, gradient)
    F: Any = Recorded() if create_graph else Exact()
    for visit in sweep(loss, as_tensor(seed) if create_graph else seed, F):
        if visit.node in found:
            found[visit.node] = visit.upstream
    gradients = [np.zeros(t.shape, t.dtype) if found[t.node] is None else found[t.node] for t in wanted]  # type: ignore[index]
    result = [_cast(as_tensor(g), t) if create_graph else np.array(g, t.dtype) for g, t in zip(gradients, wanted, strict=True)]
    return result[0] if isinstance(inputs, Tensor) else result


def _cast(g: Tensor, t: Tensor) -> Tensor:
    """A recorded gradient in the dtype of the tensor that it is for."""
    if g.dtype == t.dtype:
        return g
    cast = as_tensor(g._array.astype(t.dtype))
    cast.node = g.node
    return cast
