"""Operations that need not be: numbers among themselves, and 1 times something."""

from __future__ import annotations

import numpy as np

from ..symbolic import compute
from ..values import Program, Value, needed

__all__ = ["simplified"]


def simplified(program: Program) -> Program:
    """The program without operations whose result is known, or is one of their inputs."""
    same: dict[Value, Value] = {}

    def kept(v: Value) -> Value:
        while v in same:
            v = same[v]
        return v

    known = -1
    while known < len(same):  # states are read before they stand: until nothing is new
        known = len(same)
        for v in program.values:
            v.inputs = tuple(map(kept, v.inputs))
            if v in same:
                continue
            others = [i for i in v.inputs if not (i.op == "number" and i.args == 1.0)]
            if v.op in ("add", "sub", "mul", "div", "neg") and all(i.op == "number" for i in v.inputs):
                number = compute(v.op, [np.asarray(i.args, i.dtype) for i in v.inputs], None)
                same[v] = Value("number", (), number.item(), (), dtype=v.dtype)
            elif v.op == "mul" and len(others) == 1 and (others[0].shape, others[0].dtype) == (v.shape, v.dtype):
                same[v] = others[0]
            elif v.op == "F.power" and v.args[1] == 1:
                same[v] = v.inputs[0]
            elif v.op == "mul" and (plain := [i for i in v.inputs if i.shape == v.shape and i.op != "F.spread"]):
                v.inputs = tuple(i if i in plain else _unspread(i) for i in v.inputs)
            elif v.op == "add":
                _from_outside(v)
    loss, gradients = kept(program.loss), {p: kept(g) for p, g in program.gradients.items()}
    numbers = [v for v in same.values() if v.op == "number" and v not in program.values]
    return Program(needed([loss, *gradients.values()], [*numbers, *program.values]), loss, gradients)


def _unspread(v: Value) -> Value:
    """A number that was repeated, as the number: NumPy repeats it by itself."""
    return v.inputs[0] if v.op == "F.spread" and v.inputs[0].op == "number" else v


def _from_outside(v: Value) -> None:
    """A gradient that reaches the last step alone, and one that comes from the step after: the first is what follows the last step."""
    for only, state in (v.inputs, v.inputs[::-1]):
        ends = {"after": -1, "before": 0}
        own = state.op in ends and state.inputs[0] is v  # a sum of nothing but itself stays as it is
        if (
            only.op == "only"
            and ends.get(state.op) == only.args
            and state.inputs[1].op == "zeros"
            and state.lane == v.lane
            and not own
        ):
            v.op, v.inputs = state.op, (state.inputs[0], only.inputs[0])
            v.name = state.name
            return
