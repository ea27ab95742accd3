"""Slopes before the loop: what a gradient is multiplied by needs no gradient itself.

The backward loop of `h = tanh(a)` multiplies by 1 - h * h. All h are known by then, so all slopes are computed at once.
"""

from __future__ import annotations

from ..distribute import distributed
from ..symbolic import Symbols
from ..values import Program, Value

__all__ = ["slopes"]


def slopes(program: Program) -> Program:
    """The program in which a slope of tanh that a loop only reads is a value of its own, outside that loop."""
    loop_of = {v: block for block in distributed(program) if block.lane for v in block.values}
    F = Symbols([])
    values: list[Value] = []
    for v in program.values:
        gradient, y = v.inputs if v.op == "F.tanh_slope" else (v, v)
        if v.op == "F.tanh_slope" and v in loop_of and y.lane and loop_of.get(y) is not loop_of[v] and y.dtype == v.dtype:
            square = F.make("mul", (y, y), None, y.lane)
            slope = F.make("sub", (F.number(1.0), square), None, y.lane)
            slope.name = f"slope_{y.name}" if y.name else ""
            v.op, v.inputs, v.args = "mul", (gradient, slope), None
        values += [*F.values, v]
        F.values.clear()
    return Program(values, program.loss, program.gradients)
