"""Tensors, the table of ops, the recorded graph, and the chain rule over it.

Here: what records a computation and differentiates it. Not here: compositions of ops (`functional`), anything that looks at a graph
without computing with it (`replay`), and anything that knows a cell. `tensor()` is reached as `tinygrad_rnn.tensor`.
Read in this order, and nothing is needed that comes later: scopes, dtypes, arrays, ops, graph, vjp_on_arrays, mistakes/anomaly,
mistakes/training_loop, sweep, backward, mistakes/shape_errors, mistakes/implicit_number, numpy_protocol, tensor, primitives,
vjp_on_tensors, gradients, finite_differences.
"""

from .dtypes import default_dtype
from .finite_differences import gradcheck
from .gradients import grad
from .primitives import (
    abs,
    add,
    broadcast_to,
    concat,
    cos,
    cumsum,
    div,
    einsum,
    exp,
    getitem,
    log,
    matmul,
    max,
    maximum,
    mul,
    neg,
    place,
    pow,
    prod,
    relu,
    reshape,
    sigmoid,
    sin,
    split,
    stack,
    sub,
    sum,
    take,
    tanh,
    transpose,
    where,
)  # fmt: skip
from .scopes import detect_anomaly, no_grad, scope, steps_after, time_step
from .tensor import Tensor, named

__all__ = [
    "Tensor", "abs", "add", "broadcast_to", "concat", "cos", "cumsum", "default_dtype", "detect_anomaly", "div", "einsum",
    "exp", "getitem", "grad", "gradcheck", "log", "matmul", "max", "maximum", "mul", "named", "neg", "no_grad", "place", "pow",
    "prod", "relu", "reshape", "scope", "sigmoid", "sin", "split", "stack", "steps_after", "sub", "sum", "take", "tanh",
    "time_step", "transpose", "where",
]  # fmt: skip


def __dir__() -> list[str]:
    return __all__
