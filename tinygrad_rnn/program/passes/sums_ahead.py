"""Sums in the order in which their terms are ready: what needs no state is added first, for all steps at once.

`(x Wx + h Wh) + b` becomes `(x Wx + b) + h Wh`, so that the first sum leaves the loop.
"""

from __future__ import annotations

from ..distribute import distributed
from ..values import Program, Value

__all__ = ["ahead"]


def ahead(program: Program) -> Program:
    """The program in which a sum that waits for a state has the terms that do not wait on one side."""
    waiting = {v for block in distributed(program) if block.lane for v in block.values}
    users = program.used_by()
    for v in program.values:
        if v.op != "add" or v not in waiting:
            continue
        for inner, outer in (v.inputs, v.inputs[::-1]):
            if (
                inner.op == "add"
                and inner in waiting
                and len(users[inner]) == 1
                and outer not in waiting
                and inner.shape == v.shape
            ):
                first, second = sorted(inner.inputs, key=waiting.__contains__)
                if first not in waiting and _same_shape(first, outer, v):
                    inner.inputs, v.inputs, inner.lane = (first, outer), (inner, second), v.lane
                    break
    return program


def _same_shape(first: Value, outer: Value, v: Value) -> bool:
    return first.shape == v.shape or outer.shape == v.shape
