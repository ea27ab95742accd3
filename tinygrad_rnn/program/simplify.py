"""Operations that need not be: numbers among themselves, and 1 times something."""

from __future__ import annotations

import numpy as np

from .symbolic import compute
from .values import Program, Value, needed

__all__ = ["simplified"]


def simplified(program: Program) -> Program:
    """The program without operations whose result is known, or is one of their inputs."""
    same: dict[Value, Value] = {}
    for v in program.values:
        v.inputs = tuple(same.get(i, i) for i in v.inputs)
        if v.op in ("add", "sub", "mul", "div", "neg") and all(i.op == "number" for i in v.inputs):
            number = compute(v.op, [np.asarray(i.args, i.dtype) for i in v.inputs], None)
            v.op, v.inputs, v.args = "number", (), number.item()
        others = [i for i in v.inputs if not (i.op == "number" and i.args == 1.0)]
        if v.op == "mul" and len(others) == 1 and (others[0].shape, others[0].dtype) == (v.shape, v.dtype):
            same[v] = others[0]
        elif v.op == "F.power" and v.args[1] == 1:
            same[v] = v.inputs[0]
    for v in program.values:  # states are read before they stand
        v.inputs = tuple(same.get(i, i) for i in v.inputs)
    loss, gradients = program.loss, {p: same.get(g, g) for p, g in program.gradients.items()}
    return Program(needed([loss, *gradients.values()], program.values), loss, gradients)
