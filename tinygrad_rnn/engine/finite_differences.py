"""`gradcheck`: is this gradient right? Compare it with what happens when the inputs are moved a little."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from inspect import signature
from typing import Any

import numpy as np

from ..errors import DtypeError, GradientError, GraphError
from ..shared.array_type import Array
from ..shared.checks import check_number, check_size, short
from .dtypes import as_array
from .gradients import grad
from .graph import reachable
from .tensor import Tensor

__all__ = ["gradcheck"]

EACH_ENTRY = 2000  # inputs with more entries are checked in random directions only


def gradcheck(
    f: Callable[..., Tensor], inputs: Any, *, order: int = 1, eps: float = 1e-5, tolerance: float = 1e-6, seed: int = 0
) -> bool:
    """Check the gradient of `f(*inputs)` against central differences, (L(x + eps) - L(x - eps)) / (2 eps).

    `inputs`: an array or Tensor, or a list of them, in float64. `f` returns a Tensor of any shape; L is its sum with random
    weights, so no error can hide in another. Each entry is moved by itself, then all in a random direction. `order=2` also
    checks the gradient of the gradient, recorded by `create_graph=True`. Of a module the parameters are checked too. Returns True;
    raises `GradientError` with the worst entry where the difference exceeds `tolerance`, relative to the largest entry of that
    gradient, and `GraphError` for a function that cannot be checked: it ignores an input, all of which are copies, or it draws random
    numbers or carries a state, so that it gives another value each time.

    >>> import numpy as np, tinygrad_rnn as tg
    >>> tg.gradcheck(tg.tanh, np.array([0.5, -1.0]), order=2)
    True
    >>> tg.gradcheck(tg.nn.Linear(2, 3, rng=np.random.default_rng(0)), np.ones((1, 2)))
    True
    """
    if not callable(f):
        raise GraphError(f"gradcheck of {short(f)}", hint="give a function of tensors: tg.gradcheck(tg.tanh, np.array([0.5]))")
    for name, setting in (("eps", eps), ("tolerance", tolerance)):
        check_number(name, setting, least=0, above=True)
    check_size("order", order, 1)
    arrays = [_float64(x, k) for k, x in enumerate(inputs if isinstance(inputs, (list, tuple)) else [inputs])]
    if not arrays:
        raise GraphError("gradcheck with no input", hint="give the point at which the gradient is checked: np.array([0.5, -1.0])")
    given = len(arrays)
    _check_arguments(getattr(f, "forward", f), given)
    if hasattr(f, "named_parameters"):
        module: Any = f
        f, arrays = (
            _of_all(module, given),
            arrays + [_float64(p, k) for k, p in enumerate(module.parameters(), given)],
        )
    rng = np.random.default_rng(check_size("seed", seed, 0))
    tensors = _tensors(arrays)
    y = f(*tensors)
    if not isinstance(y, Tensor):
        raise GraphError(f"gradcheck of a function that returns {short(y)}", hint="it must compute and return a Tensor")
    _check_function(y, tensors, f(*_tensors(arrays)))
    _check_orders(f, arrays, y.shape, rng, eps, tolerance, order)
    used = () if y.node is None else reachable(y.node)[1]
    for k, t in enumerate(tensors[:given]):
        if t.node not in used:  # else a gradient of zeros would be right, whatever the function was meant to do
            raise GraphError(
                f"gradcheck of a function whose result does not depend on input {k + 1}",
                hint="compute from all arguments of the function, or leave out those that it does not need",
            )
    return True


def _check_orders(
    f: Callable[..., Tensor],
    arrays: list[Array],
    shape: tuple[int, ...],
    rng: np.random.Generator,
    eps: float,
    tolerance: float,
    order: int,
) -> None:
    """Check the gradient of a function whose result has a shape, then that of its gradient along a direction, and so on."""
    weights = rng.uniform(0.5, 1.5, shape)

    def loss(*xs: Tensor) -> Tensor:
        return (f(*xs) * weights).sum()

    _check(loss, arrays, rng, eps, tolerance)
    if order > 1:
        directions = [rng.uniform(0.5, 1.5, x.shape) for x in arrays]

        def slope(*xs: Tensor) -> Tensor:
            gradients = _gradients(loss(*xs), xs, create_graph=True)
            total = Tensor(0.0)
            for g, direction in zip(gradients, directions, strict=True):
                total = total + (g * direction).sum()
            return total

        _check_orders(slope, arrays, (), rng, eps, tolerance, order - 1)


def _of_all(module: Any, given: int) -> Callable[..., Tensor]:
    """A module as a function of its inputs and all of its parameters."""
    parameters = module.parameters()

    def f(*xs: Tensor) -> Tensor:
        before = [(p.node, p._array) for p in parameters]
        for p, x in zip(parameters, xs[given:], strict=True):
            p.node, p._array = x.node, x._array
        try:
            return module(*xs[:given])
        finally:
            for p, (node, array) in zip(parameters, before, strict=True):
                p.node, p._array = node, array

    return f


def _check_arguments(f: Callable[..., Tensor], given: int) -> None:
    """Raise `GraphError` for a function that does not take so many inputs."""
    try:
        signature(f).bind(*range(given))
    except TypeError as error:
        raise GraphError(
            f"gradcheck of {short(f)} with inputs that it does not take: {error}",
            hint="in a list each entry is an input; np.array(list) is a single one",
        ) from None
    except ValueError:  # a compiled function does not tell
        pass


def _check_function(y: Tensor, tensors: list[Tensor], again: Tensor) -> None:
    """Raise `GraphError` for a function that is none of its inputs alone."""
    if not np.array_equal(y.numpy(), again.numpy(), equal_nan=True):
        raise GraphError(
            "gradcheck of a function that gives another value each time",
            hint="switch dropout off (module.eval()), and start from the same state and the same random generator in each call",
        )
    used = () if y.node is None else reachable(y.node)[1]
    others = set(used) - {t.node for t in tensors}
    if others and not any(t.node in used for t in tensors):
        raise GraphError(
            "gradcheck of a function that does not read its inputs, but other tensors that have gradients",
            hint="the inputs are copies: compute from the arguments of the function; of a module give the module: gradcheck(module, x)",
        )


def _check(loss: Callable[..., Tensor], arrays: list[Array], rng: np.random.Generator, eps: float, tolerance: float) -> None:
    tensors = _tensors(arrays)
    gradients = _gradients(loss(*tensors), tensors)
    for k, (x, g) in enumerate(zip(arrays, gradients, strict=True)):
        if x.size > EACH_ENTRY:
            continue
        numeric = np.zeros_like(x)
        for entry in np.ndindex(x.shape):
            step = np.zeros_like(x)
            step[entry] = eps
            numeric[entry] = _difference(loss, arrays, [step if j == k else None for j in range(len(arrays))], eps)
        scale = max(np.abs(g).max(initial=0.0), np.abs(numeric).max(initial=0.0), 1e-4)
        gap = np.abs(g - numeric) / scale
        if not (gap <= tolerance).all():
            worst = np.unravel_index(int(np.argmax(np.where(np.isnan(gap), np.inf, gap))), x.shape)
            entry = tuple(map(int, worst))
            raise GradientError(
                f"the gradient of input {k + 1} {x.shape} differs from finite differences at {int((~(gap <= tolerance)).sum())} of "
                f"{x.size} entries, most at {entry}: {g[worst]:.10g} against {numeric[worst]:.10g}",
                hint="is every path recorded (no detach, no .data)? is the function finite around the inputs? "
                "near a kink (relu at 0) move the input; else look at the vjps of the ops in between",
            )
    steps: list[Array | None] = [eps * rng.standard_normal(x.shape) for x in arrays]
    expected = sum(float((g * step).sum()) for g, step in zip(gradients, steps, strict=True)) / eps
    found = _difference(loss, arrays, steps, eps)
    size = max(abs(expected), abs(found), sum(float(np.abs(g).sum()) for g in gradients), 1e-4)
    if not abs(expected - found) <= tolerance * size:
        raise GradientError(
            f"along a random direction the slope is {found:.10g}, the gradient gives {expected:.10g}",
            hint="entries that were too many to be moved one by one: give a part of the input, and look at the ops in between",
        )


def _difference(loss: Callable[..., Tensor], arrays: list[Array], steps: list[Array | None], eps: float) -> float:
    up = [x if step is None else x + step for x, step in zip(arrays, steps, strict=True)]
    down = [x if step is None else x - step for x, step in zip(arrays, steps, strict=True)]
    return (loss(*_tensors(up)).item() - loss(*_tensors(down)).item()) / (2 * eps)


def _gradients(loss: Tensor, tensors: Sequence[Tensor], create_graph: bool = False) -> list[Any]:
    """The gradients; zeros where the loss is a constant, as the slope of a linear function is."""
    if loss.node is None:
        return [Tensor(np.zeros(t.shape)) if create_graph else np.zeros(t.shape) for t in tensors]
    return grad(loss, tensors, create_graph=create_graph)


def _tensors(arrays: list[Array]) -> list[Tensor]:
    return [Tensor(x, requires_grad=True) for x in arrays]


def _float64(x: Any, k: int) -> Array:
    array = as_array(x)
    if array.dtype != np.float64:
        raise DtypeError(
            f"gradcheck of input {k + 1} with dtype {array.dtype}",
            hint="differences of 1e-5 need float64: array.astype(np.float64)",
        )
    if not np.isfinite(array).all():
        raise GraphError(f"gradcheck of input {k + 1}, which holds NaN or infinity", hint="differences need finite numbers")
    return array
