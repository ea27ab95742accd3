"""What `detect_anomaly()` looks at: NaN and infinity where they first appear, and saved values that were overwritten."""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np

from ...errors import GraphError, NumericError
from ...shared.array_type import Array
from ...shared.call_site import call_site
from ..graph import Node, Trace
from ..scopes import place_of

__all__ = ["inspect", "inspect_gradient", "inspect_saved", "where_recorded"]


def inspect(node: Node, y: Array, inputs: list[Array]) -> None:
    """Check a value that was just recorded, and remember where it was recorded and what its vjp will read."""
    assert node.op is not None
    called = call_site()
    node.trace = Trace(f"{called.file}:{called.line}", _checksums(node))
    if np.isfinite(y).all():
        return
    bad = [k for k, x in enumerate(inputs) if x.dtype.kind == "f" and not np.isfinite(x).all()]
    entry = tuple(map(int, np.argwhere(~np.isfinite(y))[0]))
    kind = "NaN" if np.isnan(y[entry]) else "infinity"
    source = f"from {_input(node, bad[0])} holds {_kind(inputs[bad[0]])} already" if bad else "from finite inputs"
    hint = (
        "check the data, and what was computed outside detect_anomaly()"
        if bad
        else "look at the range of the input; clip gradients, lower the learning rate, or use the safe form (log_softmax, log_sigmoid); "
        "before a where, choose the input: q = tg.where(ok, x, 1.0)"
    )
    raise NumericError(f"{node.op.name} made {kind} at entry {entry} {source}", where=where_recorded(node), hint=hint)


def inspect_gradient(node: Node, slot: int, gradient: Array) -> None:
    """Check the gradient that a node sends to the input in that slot."""
    if np.isfinite(gradient).all():
        return
    name = node.op.name if node.op else "a leaf"
    raise NumericError(
        f"the gradient that {name} sends to its input {slot + 1} holds {_kind(gradient)}",
        where=where_recorded(node),
        hint="the local derivative is infinite there, or the gradient exploded: look at the values, clip, shorten the sequence; a branch "
        "of where that is not chosen sends NaN too: choose its input first, q = tg.where(ok, x, 1.0)",
    )


def inspect_saved(node: Node) -> None:
    """Raise if what the vjp will read was written to since it was recorded."""
    if node.trace is not None and node.trace.checksums not in (None, _checksums(node)):
        raise GraphError(
            f"a value that {node.op.name if node.op else 'a leaf'} had used was changed through a NumPy view after it was recorded",
            where=where_recorded(node),
            hint="copy the array before you write to it",
        )


def _input(node: Node, slot: int) -> str:
    given = node.parents[slot] or (node.consts or ())[slot]
    return f"its input {given.name}, which" if given is not None and given.name else "an input that"


def _kind(x: Array) -> str:
    return "NaN" if np.isnan(x).any() else "infinity"


def where_recorded(node: Node) -> str:
    """The place of a node, and the source line as far as it was watched."""
    line = node.trace.line if node.trace is not None else ""
    return ", ".join(filter(None, (place_of(node.frames), line)))


def _checksums(node: Node) -> tuple[int, ...]:
    saved: Any = node.saved
    arrays = [] if saved is None else saved if isinstance(saved, tuple) else [saved]
    return tuple(zlib.crc32(np.ascontiguousarray(x).tobytes()) for x in arrays if x is not None)
