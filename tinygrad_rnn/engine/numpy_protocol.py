"""How a Tensor behaves towards NumPy and Python: as an array would, except that no NumPy function loses a gradient silently.

`float(t)`, `int(t)`, `t.item()` and `t.numpy()` give values alone: that is what they are for. Where Python or NumPy would make a number
of a recorded tensor by themselves (`array[k] = t`, `math.exp(t)`) they are refused: see `mistakes/implicit_number.py`.

NumPy's functions are recorded where an op exists and refused with a word where none does.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from inspect import signature
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ..errors import DtypeError, GraphError, MissingGradientError, ShapeError
from ..shared.array_type import Array, Index
from .dtypes import as_array
from .mistakes.implicit_number import said_by_nobody
from .ops import OPS

__all__ = ["RECORDED", "Count", "NumpyLike", "no_gradient"]

UFUNCS: dict[Any, str] = {op.forward: op.name for op in OPS.values() if isinstance(op.forward, np.ufunc)}
UFUNCS |= {np.matmul: "matmul", np.power: "pow", np.float_power: "pow", np.sqrt: "sqrt", np.minimum: "minimum"}

FUNCTIONS: dict[Any, str] = {
    np.sum: "sum", np.max: "max", np.amax: "max", np.reshape: "reshape", np.transpose: "transpose", np.where: "where",
    np.broadcast_to: "broadcast_to", np.concatenate: "concat", np.stack: "stack", np.mean: "mean",
    np.cumsum: "cumsum", np.prod: "prod", np.einsum: "einsum", np.min: "min", np.amin: "min", np.std: "std", np.var: "var",
    np.clip: "clip", np.squeeze: "squeeze",
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
    "square": "x * x", "reciprocal": "1 / x", "log1p": "tg.log(1 + x)", "expm1": "tg.exp(x) - 1",
    "log2": "tg.log(x) / np.log(2)", "log10": "tg.log(x) / np.log(10)", "sinh": "(tg.exp(x) - tg.exp(-x)) / 2",
    "cosh": "(tg.exp(x) + tg.exp(-x)) / 2", "logaddexp": "a + tg.functional.softplus(b - a)", "hstack": "tg.concat",
    "vstack": "tg.concat", "append": "tg.concat", "expand_dims": "x.reshape(...)", "ravel": "x.reshape(-1)",
    "swapaxes": "x.transpose(...)", "outer": "a.reshape(-1, 1) * b", "linalg.norm": "((x * x).sum() + 1e-12) ** 0.5",
    "copy": "x as it is (values do not change in place), or x * 1", "norm": "((x * x).sum() + 1e-12) ** 0.5",
    "inner": "a @ b.T, of vectors a @ b", "split": "tg.split(x, parts, axis)", "take": "tg.take(x, rows)",
    "dot": "a @ b, of numbers a * b",
}  # fmt: skip


WORDS = {  # of PyTorch, for methods
    "add_": "t.data = ...", "argmin": "(-t).argmax()", "astype": "tg.Tensor(t, dtype=...)", "chunk": "tg.split(t, parts, axis)",
    "clamp": "t.clip(low, high)", "clone": "t as it is (values do not change in place), or x * 1", "contiguous": "t as it is",
    "cpu": "t.numpy()", "dim": "t.ndim", "expand": "tg.broadcast_to(t, shape)", "float": "tg.Tensor(t, dtype=np.float32)",
    "gather": "t[rows, columns]", "log_softmax": "tg.functional.log_softmax(t, axis)", "masked_fill": "tg.where(mask, value, t)",
    "matmul": "t @ other", "mm": "t @ other", "mT": "t.transpose(...)", "numel": "t.size", "permute": "t.transpose(axes)",
    "pow": "t ** exponent", "prod": "tg.prod(t, axis)", "cumsum": "tg.cumsum(t, axis)", "repeat": "tg.concat([t] * times, axis)",
    "softmax": "tg.functional.softmax(t, axis)", "t": "t.T", "to": "tg.Tensor(t, dtype=...)", "tolist": "t.numpy().tolist()",
    "unbind": "list(t)", "view": "t.reshape(shape)",
}  # fmt: skip


class NumpyLike:
    """What a Tensor has in common with an array: length, iteration, comparison, printing, NumPy's functions."""

    __slots__ = ()

    if TYPE_CHECKING:  # what a Tensor adds
        _array: Array
        node: Any
        name: str | None

        @property
        def place(self) -> str: ...
        def item(self) -> float: ...
        def __getitem__(self, key: Index) -> Any: ...

    else:

        def __getattr__(self, name: str) -> Any:
            """Only what is missing comes here: the word that people know from elsewhere is answered with the one here."""
            if name == "grad":
                raise no_gradient(self)
            instead = WORDS.get(name) or INSTEAD.get(name)
            raise AttributeError(f"a Tensor has no {name}" + (f": use {instead}" if instead else ""), name=name, obj=self)

    def __array_ufunc__(self: Any, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        """`np.tanh(tensor)`, `array + tensor`: record the op of that name."""
        if any(hasattr(x, "__array_ufunc__") and not isinstance(x, (type(self), np.ndarray, np.generic)) for x in inputs):
            return NotImplemented
        if ufunc in UFUNCS and method == "__call__" and not options:
            return RECORDED[UFUNCS[ufunc]](*inputs)
        if method == "__call__" and (ufunc in UFUNCS_WITHOUT_GRADIENT or not _recording(inputs)):
            if "out" in options and any(isinstance(x, type(self)) for x in options["out"]):
                raise _refusal(ufunc.__name__, "it would write into a recorded value")
            return ufunc(*_values(inputs), **options)
        raise _refusal(
            ufunc.__name__ if method == "__call__" else f"{ufunc.__name__}.{method}",
            f"{'=, '.join(options)}= cannot be recorded" if options else "",
        )

    def __array_function__(self: Any, function: Callable[..., Any], types: Any, args: Any, kwargs: Any) -> Any:
        """`np.sum(tensor)`, `np.concatenate([...])`: record the op of that name."""
        if function in FUNCTIONS:
            recorded = RECORDED[FUNCTIONS[function]]
            try:
                signature(recorded).bind(*args, **kwargs)
            except TypeError:
                raise _refusal(function.__name__, f"tg.{FUNCTIONS[function]} does not have these arguments") from None
            return recorded(*args, **kwargs)
        if function in WITHOUT_GRADIENT or not _recording((args, tuple(kwargs.values()))):
            return function(*_values(args), **{key: _values((value,))[0] for key, value in kwargs.items()})
        raise _refusal(function.__name__, "")

    def __array__(self, dtype: npt.DTypeLike | None = None, copy: bool | None = None) -> Array:
        if self.node is not None:
            raise GraphError(
                "turning a tensor that has a gradient into an array would lose the gradient",
                where=self.place,
                hint="to keep the gradient: the tg function of the same name, tg.stack([...]) for a list of tensors; "
                "t.numpy() says that you want the values alone",
            )
        return np.array(self._array, dtype) if copy else np.asarray(self._array, dtype)

    def __dlpack__(self, **options: Any) -> Any:
        return self.__array__().__dlpack__(**options)

    def __dlpack_device__(self) -> tuple[int, int]:
        return self._array.__dlpack_device__()

    def __len__(self) -> int:
        if not self._array.ndim:
            raise DtypeError("len() of an unsized tensor: a single number", hint="t.size counts entries; t.item() is the number")
        return len(self._array)

    def __iter__(self) -> Iterator[Any]:
        return (self[k] for k in range(len(self)))

    def __bool__(self) -> bool:
        if self._array.size != 1:
            raise ShapeError(
                f"whether a tensor of shape {self._array.shape} is true",
                hint="say which: (t > 0).any(), (t > 0).all(), t.size > 0",
            )
        return bool(self._array)

    def __float__(self) -> float:
        self._refuse_in_silence()
        return float(self.item())

    def __int__(self) -> int:
        self._refuse_in_silence()
        return int(self.item())

    def __index__(self) -> int:
        if self._array.dtype.kind not in "iu" or self._array.ndim:
            raise DtypeError(
                f"a tensor of shape {self._array.shape} and dtype {self._array.dtype} in the place of a whole number",
                hint="int(t) makes a whole number of a single entry",
            )
        return self._array.__index__()

    def _refuse_in_silence(self) -> None:
        """Raise where nobody said that a recorded tensor shall be a number."""
        if self.node is not None and (how := said_by_nobody(sys._getframe(2))):
            raise GraphError(
                f"{how} would turn a tensor that has a gradient into a number, and lose the gradient",
                where=self.place,
                hint="collect tensors in a list and tg.stack(list), or use the tg function of that name; "
                "float(t) or t.item() says that you want the value alone",
            )

    def __contains__(self, value: Any) -> bool:
        return bool((self._array == as_array(value)).any())

    def __setitem__(self, key: Index, value: Any) -> None:
        raise GraphError(
            "t[...] = value would change a recorded value",
            where=self.place,
            hint="build a new tensor with tg.where(condition, a, b) or tg.concat; before recording, t.data = array changes the values",
        )

    __hash__ = object.__hash__

    def __eq__(self, other: object) -> Any:
        return self._array == as_array(other) if _is_numeric(other) else NotImplemented

    def __ne__(self, other: object) -> Any:
        return self._array != as_array(other) if _is_numeric(other) else NotImplemented

    def __lt__(self, other: Any) -> Any:
        return self._array < as_array(other)

    def __le__(self, other: Any) -> Any:
        return self._array <= as_array(other)

    def __gt__(self, other: Any) -> Any:
        return self._array > as_array(other)

    def __ge__(self, other: Any) -> Any:
        return self._array >= as_array(other)

    def __repr__(self) -> str:
        values = np.array2string(self._array, separator=", ", prefix="Tensor(", threshold=100)
        more = f", name={self.name!r}" if self.name else ""
        if self.node is not None:
            more += ", requires_grad=True" if self.node.op is None else f", from {self.node.op.name}"
        return f"Tensor({values}{more})"

    def __format__(self, spec: str) -> str:
        return format(self.item(), spec) if spec else str(self)


def no_gradient(t: Any) -> MissingGradientError:
    """What the `.grad` of a result says that was not told to keep it."""
    return MissingGradientError(
        f".grad of a result, which {t.node.op.name} computed: only leaves keep their gradient",
        where=t.place,
        hint="result.retain_grad() before backward() keeps it; to update a weight in place: w.data = w.data - lr * w.grad",
    )


class Count(int):
    """A number of entries, which knows what to say to those who call it, as they call PyTorch's `size()`."""

    __slots__ = ()

    def __call__(self, *axes: Any) -> int:
        raise DtypeError("t.size() is no function here", hint="t.shape has the size of each axis, t.size counts all entries")


RECORDED: dict[str, Callable[..., Any]] = {}  # by name; `primitives.py` and `functional` say what they record


def _is_numeric(value: object) -> bool:
    return isinstance(value, (NumpyLike, np.ndarray, np.generic, int, float, list, tuple))


def _recording(values: Any) -> bool:
    """Whether a tensor with a gradient is among the arguments."""
    if isinstance(values, (list, tuple)):
        return any(map(_recording, values))
    return getattr(values, "node", None) is not None


def _values(values: Any) -> Any:
    """The arguments with arrays in the place of tensors."""
    if isinstance(values, (list, tuple)):
        return type(values)(map(_values, values))
    return values._array if hasattr(values, "_array") else values


def _refusal(name: str, why: str) -> GraphError:
    instead = INSTEAD.get(name)
    return GraphError(
        f"np.{name} is not recorded, so its gradient would be lost" + (f": {why}" if why else ""),
        hint=(f"use {instead}; " if instead else "write it with the tg functions; ") + "for the values alone use tensor.numpy()",
    )
