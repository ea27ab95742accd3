"""The error of an op whose inputs do not fit: which op, which shapes, where in the unrolled graph, and what to do."""

from __future__ import annotations

from typing import Any

from ...errors import DtypeError, ShapeError
from ...shared.array_type import Array
from ...shared.checks import short
from ..ops import Op
from ..scopes import here, place_of

__all__ = ["misfit"]

HINTS = {
    "matmul": "a @ b needs as many columns in a as rows in b; activations are rows: x (batch, features) @ W (features, hidden)",
    "concat": "all parts need the same shape except along the axis on which they are joined",
    "stack": "all parts need the same shape",
    "reshape": "a size for each axis, whole numbers; the number of entries must stay the same",
    "getitem": "an index is whole numbers, slices, None, ... or arrays of whole numbers or truth values, and lies inside the shape",
    "transpose": "name each axis once",
    "max": "axis is a number, or several in a tuple, each once; keepdims is True or False; no entries have no largest one",
    "sum": "axis is a number, or several in a tuple, each once; keepdims is True or False",
    "take": "row numbers run from 0 to the number of rows - 1",
}


def misfit(op: Op, arrays: list[Array], args: Any, error: Exception | None) -> Exception:
    """The error of an op whose inputs do not fit, with shapes and place."""
    shapes = " and ".join(str(x.shape) for x in arrays[:6]) + (" ..." if len(arrays) > 6 else "")
    settings = (
        f", {short(args)}"
        if args is not None and op.name in ("getitem", "take", "reshape", "broadcast_to", "transpose", "pow", "max", "sum")
        else ""
    )
    if isinstance(error, TypeError):
        truth = any(x.dtype.kind == "b" for x in arrays)
        other = "make numbers of truth values: tg.Tensor(x, dtype=float)" if truth else "give numbers of the kind that it takes"
        hint = other if truth else HINTS.get(op.name, other)
        return DtypeError(f"{op.name}({shapes}{settings}): {error}", where=place_of(here.mode.frames), hint=hint)
    hint = HINTS.get(op.name, "axes are matched from the last one; each pair must be equal, or one of them 1")
    return ShapeError(f"{op.name} of shapes {shapes}{settings} does not fit", where=place_of(here.mode.frames), hint=hint)
