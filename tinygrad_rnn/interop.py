"""NumPy's functions on Tensors: recorded where an op exists, refused with a word where none does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .errors import GraphError
from .ops import OPS

UFUNCS: dict[Any, str] = {op.forward: op.name for op in OPS.values() if isinstance(op.forward, np.ufunc)}
UFUNCS |= {np.matmul: "matmul", np.power: "pow", np.float_power: "pow"}

FUNCTIONS: dict[Any, str] = {
    np.sum: "sum", np.max: "max", np.amax: "max", np.reshape: "reshape", np.transpose: "transpose", np.where: "where",
    np.broadcast_to: "broadcast_to", np.concatenate: "concat", np.stack: "stack", np.split: "split", np.take: "take",
    np.mean: "mean", np.dot: "matmul",
}  # fmt: skip

# these give integers, truth values or text, through which no gradient flows
WITHOUT_GRADIENT = frozenset(
    {np.allclose, np.isclose, np.array_equal, np.argmax, np.argmin, np.argsort, np.shape, np.ndim, np.size, np.array2string,
     np.array_repr, np.array_str, np.zeros_like, np.ones_like, np.count_nonzero, np.any, np.all, np.result_type}
)  # fmt: skip
UFUNCS_WITHOUT_GRADIENT = frozenset(
    {np.isfinite, np.isnan, np.isinf, np.sign, np.floor, np.ceil, np.rint, np.greater, np.greater_equal, np.less, np.less_equal,
     np.equal, np.not_equal, np.signbit}
)  # fmt: skip

INSTEAD = {
    "square": "x * x", "sqrt": "x ** 0.5", "reciprocal": "1 / x", "log1p": "tg.log(1 + x)", "expm1": "tg.exp(x) - 1",
    "log2": "tg.log(x) / np.log(2)", "log10": "tg.log(x) / np.log(10)", "minimum": "-tg.maximum(-a, -b)", "min": "-(-x).max()",
    "amin": "-(-x).max()", "sinh": "(tg.exp(x) - tg.exp(-x)) / 2", "cosh": "(tg.exp(x) + tg.exp(-x)) / 2",
    "logaddexp": "a + tg.functional.softplus(b - a)", "var": "((x - x.mean()) ** 2).mean()", "std": "((x - x.mean()) ** 2).mean() ** 0.5",
    "clip": "tg.maximum(low, -tg.maximum(-high, -x))", "einsum": "tg.matmul, transpose and reshape", "hstack": "tg.concat",
    "vstack": "tg.concat", "append": "tg.concat", "squeeze": "x.reshape(...)", "expand_dims": "x.reshape(...)", "ravel": "x.reshape(-1)",
    "swapaxes": "x.transpose(...)", "outer": "a.reshape(-1, 1) * b", "linalg.norm": "(x * x).sum() ** 0.5", "copy": "x.detach()",
    "norm": "(x * x).sum() ** 0.5", "inner": "(a * b).sum()", "prod": "tg.exp(tg.log(x).sum())",
}  # fmt: skip


def array_ufunc(self: Any, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
    """`np.tanh(tensor)`, `array + tensor`: record the op of that name."""
    if any(hasattr(x, "__array_ufunc__") and not isinstance(x, (type(self), np.ndarray, np.generic)) for x in inputs):
        return NotImplemented
    if ufunc in UFUNCS and method == "__call__" and not options:
        return _recorded(UFUNCS[ufunc])(*inputs)
    if method == "__call__" and (ufunc in UFUNCS_WITHOUT_GRADIENT or not _recording(inputs)):
        if "out" in options and any(isinstance(x, type(self)) for x in options["out"]):
            raise _refusal(ufunc.__name__, "it would write into a recorded value")
        return ufunc(*_values(inputs), **options)
    raise _refusal(ufunc.__name__ if method == "__call__" else f"{ufunc.__name__}.{method}", "out= and where= cannot be recorded" if options else "")


def array_function(self: Any, function: Callable[..., Any], types: Any, args: Any, kwargs: Any) -> Any:
    """`np.sum(tensor)`, `np.concatenate([...])`: record the op of that name."""
    if function in FUNCTIONS:
        return _recorded(FUNCTIONS[function])(*args, **kwargs)
    if function in WITHOUT_GRADIENT or not _recording((args, tuple(kwargs.values()))):
        return function(*_values(args), **{key: _values((value,))[0] for key, value in kwargs.items()})
    raise _refusal(function.__name__, "")


def _recorded(name: str) -> Callable[..., Any]:
    from . import functional, primitives

    return getattr(primitives, name, None) or getattr(functional, name)  # type: ignore[no-any-return]


def _recording(values: Any) -> bool:
    """Whether a tensor with a gradient is among the arguments."""
    if isinstance(values, (list, tuple)):
        return any(map(_recording, values))
    return getattr(values, "node", None) is not None


def _values(values: Any) -> Any:
    """The arguments with arrays in the place of tensors."""
    if isinstance(values, (list, tuple)):
        return type(values)(map(_values, values))
    return values._data if hasattr(values, "_data") else values


def _refusal(name: str, why: str) -> GraphError:
    instead = INSTEAD.get(name)
    return GraphError(
        f"np.{name} is not recorded, so its gradient would be lost" + (f": {why}" if why else ""),
        hint=(f"use {instead}; " if instead else "write it with the tg functions; ") + "for the values alone use tensor.numpy()",
    )
