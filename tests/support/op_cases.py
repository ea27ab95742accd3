"""Every primitive on every one of its cases: the inputs, and the op as a function."""

import numpy as np

from tinygrad_rnn.engine.ops import OPS, Case, Op
from tinygrad_rnn.engine.tensor import apply1, apply2, apply_list

ALL = [(op, case) for op in OPS.values() for case in op.cases]
NAMES = [f"{op.name}-{'-'.join('x'.join(map(str, shape)) or 'scalar' for shape in case.shapes)}" for op, case in ALL]


def inputs(case: Case, seed: int = 0) -> list[np.ndarray]:
    """Values in the range of the case; `distinct` ones keep away from each other and from 0, where kinks are."""
    rng = np.random.default_rng(seed)
    sizes = [int(np.prod(shape)) for shape in case.shapes]
    if case.distinct:
        grid = np.linspace(case.low, case.high, 2 * sum(sizes) + 2)[1::2][: sum(sizes)]
        values = rng.permutation(grid)
    else:
        values = rng.uniform(case.low, case.high, sum(sizes))
    parts = np.split(values, np.cumsum(sizes)[:-1])
    return [part.reshape(shape) for part, shape in zip(parts, case.shapes, strict=True)]


def function(op: Op, case: Case):
    if op.inputs == 1:
        return lambda x: apply1(op, x, case.args)
    if op.inputs == 2:
        return lambda a, b: apply2(op, a, b, case.args)
    return lambda *xs: apply_list(op, xs, case.args)
