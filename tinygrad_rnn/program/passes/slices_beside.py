"""Gradients of slices that lie side by side: no zeros are added, the pieces are joined.

Each gate of a cell is a slice of one product, and sends its gradient back into zeros of the whole. The sum of these is the gradients
of the gates, side by side.
"""

from __future__ import annotations

from itertools import accumulate, pairwise
from typing import Any

from ..values import Program, Value, needed

__all__ = ["beside"]


def beside(program: Program) -> Program:
    """The program in which sums of `place`, whose slices fill the last axis, are `concat`."""
    users = program.used_by()

    def terms(v: Value, root: Value) -> list[Value]:
        if v.op == "add" and (v is root or len(users[v]) == 1) and v.shape == root.shape:
            return [term for i in v.inputs for term in terms(i, root)]
        return [v]

    for v in program.values:
        if v.op != "add" or any(u.op == "add" and u.shape == v.shape and len(users[v]) == 1 for u in users[v]):
            continue
        pieces = {key: p for p in terms(v, v) if (key := _slice(p))}
        order = sorted(pieces)
        ends = [0, *accumulate(stop - start for start, stop in order)]
        if len(pieces) < 2 or len(pieces) != len(terms(v, v)) or order != list(pairwise(ends)) or ends[-1] != v.shape[-1]:
            continue
        v.op, v.inputs, v.args = "concat", tuple(pieces[key].inputs[0] for key in order), (v.ndim - 1, tuple(ends))
    return Program(needed([program.loss, *program.gradients.values()], program.values), program.loss, program.gradients)


def _slice(v: Value) -> tuple[int, int] | None:
    """Which stretch of the last axis a placed gradient fills, whole along the others."""
    if v.op != "F.place":
        return None
    key: Any = v.args[1]
    *others, last = key if isinstance(key, tuple) else (key,)
    if len(others) != v.ndim - 1 or any(part != slice(None) for part in others) or not isinstance(last, slice) or last.step:
        return None
    start, stop, _ = last.indices(v.shape[-1])
    return start, stop
