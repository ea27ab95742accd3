"""Which numbers a tensor may hold, and how data becomes an array of them."""

from __future__ import annotations

import threading
from contextvars import ContextVar
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import DtypeError
from ..shared.array_type import Array, array_given
from ..shared.checks import short

__all__ = ["FLOATS", "as_array", "checked_dtype", "current_dtype", "default_dtype"]

FLOATS = frozenset(map(np.dtype, ("float16", "float32", "float64", "longdouble")))


_local: ContextVar[tuple[np.dtype[Any], ...]] = ContextVar("dtypes", default=())  # of this context, the latest last
_everywhere = [np.dtype(np.float64)]  # and where a context has none


def current_dtype() -> np.dtype[Any]:
    """What Python numbers and lists become now."""
    return (_local.get() or _everywhere)[-1]


def checked_dtype(dtype: npt.DTypeLike | None) -> np.dtype[Any]:
    """The dtype that a setting means, None the default one. Raises `DtypeError` for what NumPy does not know."""
    if dtype is None:
        return current_dtype()
    try:
        return np.dtype(dtype)
    except (TypeError, ValueError):
        raise DtypeError(f"dtype={short(dtype)}, which NumPy does not know", hint="np.float32 or np.float64") from None


class default_dtype:
    """The dtype that Python numbers and lists become: float64 unless said otherwise.

    Call it to change it for good, in threads that start later too if the main thread calls it; use it in a `with` to change it for a
    while, in this thread or task alone. One that is kept may be entered again.

    >>> import numpy as np, tinygrad_rnn as tg
    >>> with tg.default_dtype(np.float32):
    ...     tg.Tensor([1.0]).dtype
    dtype('float32')
    >>> tg.Tensor([1.0]).dtype
    dtype('float64')
    """

    def __init__(self, dtype: npt.DTypeLike) -> None:
        if dtype is None or checked_dtype(dtype) not in FLOATS:
            raise DtypeError(f"default_dtype({dtype!r})", hint="give a floating-point dtype, np.float32 or np.float64")
        self.dtype = checked_dtype(dtype)
        self.replaced: tuple[Any, Any] | None = _local.get(), _everywhere[0]  # by the call, until the first `with`
        _local.set((*_local.get()[:-1], self.dtype))
        if threading.current_thread() is threading.main_thread():
            _everywhere[0] = self.dtype

    def __enter__(self) -> None:
        self._undo_call()
        _local.set((*_local.get(), self.dtype))

    def __exit__(self, *error: object) -> None:
        if not self._undo_call():
            open_now = list(_local.get())
            at = next((k for k in reversed(range(len(open_now))) if open_now[k] is self.dtype), None)
            if at is not None:  # those that were opened since stay
                del open_now[at]
                _local.set(tuple(open_now))

    def _undo_call(self) -> bool:
        """Put back what the call replaced, if nothing was entered since."""
        replaced, self.replaced = self.replaced, None
        if replaced is not None:
            before, _everywhere[0] = replaced
            _local.set(before)
        return replaced is not None


def as_array(data: Any, dtype: npt.DTypeLike | None = None) -> Array:
    """Numbers, lists and arrays as an array: an array keeps its dtype, everything else becomes the default dtype.

    The array may be the caller's. Raises `DtypeError` for anything but plain numbers: masked arrays, text, dates, complex numbers,
    tensors that have a gradient, of this or another library.
    """
    if hasattr(data, "node"):
        data = data.data
    array: Array = data if type(data) is np.ndarray else array_given("cannot compute with", data)
    if array.dtype.kind not in "fiub":
        hint = "give numbers: floats, integers or booleans"
        if array.dtype.kind == "U":
            hint = "turn text into numbers first: tg.data.vocab.CharVocabulary.from_text(text).encode(text)"
        raise DtypeError(f"cannot compute with {short(data)}, of dtype {array.dtype}", hint=hint)
    if dtype is None and not isinstance(data, (np.ndarray, np.generic)):
        dtype = current_dtype()
    return array if dtype is None else _converted(array, checked_dtype(dtype))


def _converted(array: Array, dtype: np.dtype[Any]) -> Array:
    """In another dtype. Raises `DtypeError` for one that is no number, and where an integer cannot be what the number is."""
    if dtype.kind not in "fiub":
        raise DtypeError(f"dtype={dtype} for a tensor", hint="it holds floats, integers or booleans: np.float32 or np.float64")
    if dtype.kind in "iu" and array.dtype.kind in "fiu" and array.size and array.dtype != dtype:
        if not np.isfinite(array).all():
            raise DtypeError(f"NaN or infinity as {dtype}", hint="integers know neither: keep a floating-point dtype")
        if array.dtype.kind == "f" and (array != np.rint(array)).any():
            raise DtypeError(
                f"{short(array.tolist())} as {dtype}",
                hint="a fraction would be cut off: round it first, np.rint(x) or np.floor(x)",
            )
        limits = np.iinfo(dtype)
        if not limits.min <= int(array.min()) <= int(array.max()) <= limits.max:
            raise DtypeError(f"{array.min()} to {array.max()} as {dtype}", hint=f"it holds {limits.min} to {limits.max}")
    return np.asarray(array, dtype) if type(array) is np.ndarray else array.astype(dtype)
