"""Where an entry of a value stands in what the value is a view of, or is put together from: indices as C texts, one for each axis."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..values import Value

__all__ = ["JOINS", "VIEWS", "Index", "aligned", "behind_key", "pieces", "plain_key", "seen_through"]

VIEWS = ("getitem", "broadcast_to", "F.spread", "F.swap", "transpose", "F.transpose")  # the same numbers at other places
JOINS = ("concat", "stack", "place", "F.place")  # put together from pieces
Index = tuple[str, ...]


def aligned(i: Value, v: Value, index: Index) -> Index:
    """The index of an input that is repeated along some axes."""
    own = index[v.ndim - i.ndim :]
    return tuple("0" if n == 1 else k for n, k in zip(i.shape, own, strict=True))


def seen_through(v: Value, index: Index) -> Index:
    """Where an entry of a view stands in what is viewed."""
    u = v.inputs[0]
    if v.op == "F.swap":
        return (*index[:-2], index[-1], index[-2])
    if v.op in ("transpose", "F.transpose"):
        axes = v.args if v.op == "transpose" else v.args[1]
        return tuple(index[[a % v.ndim for a in axes].index(k)] for k in range(u.ndim))
    if v.op in ("broadcast_to", "F.spread"):
        return aligned(u, v, index)
    return behind_key(key_of(v), u.shape, index)


def behind_key(parts: list[Any], shape: tuple[int, ...], index: Index) -> Index:
    """Where an entry of a slice stands in what has that shape."""
    found: list[str] = []
    own = list(index)
    rest = len(shape) - sum(part is not ... and part is not None for part in parts)
    for part in parts:
        if part is ...:
            found += [own.pop(0) for _ in range(rest)]
        elif part is None:
            own.pop(0)
        else:
            n = shape[len(found)]
            start, _, step = part.indices(n) if isinstance(part, slice) else (part % n, 0, 0)
            moving = own.pop(0) if isinstance(part, slice) else "0"
            moving = moving if step == 1 or moving == "0" else f"{step} * {moving}"
            found.append(str(start) if moving == "0" else f"{start} + {moving}" if start else moving)
    return tuple(found)


def key_of(v: Value) -> list[Any]:
    """The parts of an index, with the `...` that NumPy thinks of."""
    key = {"getitem": lambda: v.args, "place": lambda: v.args[0], "F.place": lambda: v.args[1]}[v.op]()
    parts = list(key) if isinstance(key, tuple) else [key]
    return parts if ... in parts else [*parts, ...]


def plain_key(v: Value) -> bool:
    """Whether an index, if it is one, is of slices and numbers alone."""
    return v.op not in ("getitem", "place", "F.place") or all(type(k) in (int, slice, type(None), type(...)) for k in key_of(v))


def pieces(v: Value) -> Iterator[tuple[Value, list[Any] | None]]:
    """What a value is put together from, and at which key each piece stands."""
    if v.op not in JOINS:
        yield v, None
    elif v.op in ("place", "F.place"):
        yield v.inputs[0], key_of(v)
    else:
        start = 0
        axis = (v.args[0] if v.op == "concat" else v.args) % v.ndim
        for piece in v.inputs:
            width = piece.shape[axis] if v.op == "concat" else 1
            yield piece, [*[slice(None)] * axis, slice(start, start + width) if v.op == "concat" else start, ...]
            start += width
