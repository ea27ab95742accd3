"""A small autograd engine on NumPy whose graphs know time: recurrent networks, drawn unrolled with their gradients."""

from .shared import __version__ as __version__
from .shared import started as started  # before all that takes time: Ctrl-C is listened to from here on

# isort: split
from . import data, errors, functional, io, nn, optim, plots, probe, program, train
from .engine import (
    Tensor,
    abs,
    add,
    broadcast_to,
    concat,
    cos,
    cumsum,
    default_dtype,
    detect_anomaly,
    div,
    einsum,
    exp,
    getitem,
    grad,
    gradcheck,
    log,
    matmul,
    max,
    maximum,
    mul,
    named,
    neg,
    no_grad,
    place,
    pow,
    prod,
    relu,
    reshape,
    scope,
    sigmoid,
    sin,
    split,
    stack,
    steps_after,
    sub,
    sum,
    take,
    tanh,
    time_step,
    transpose,
    where,
)  # fmt: skip
from .engine.tensor import tensor
from .io import watch
from .nn.decode import StepModel, beam_search, generate
from .optim import schedules
from .probe import summary
from .program import compile
from .replay import backward_steps, snapshot
from .viz import Drawing, draw, to_graphviz

__all__ = [
    "Drawing", "StepModel", "Tensor", "abs", "add", "backward_steps", "beam_search", "broadcast_to", "compile", "concat", "cos", "cumsum",
    "data", "default_dtype", "detect_anomaly", "div", "draw", "einsum", "errors", "exp", "functional", "generate", "getitem",
    "grad", "gradcheck", "io", "log", "matmul", "max", "maximum", "mul", "named", "neg", "nn", "no_grad", "optim", "place",
    "plots", "pow", "probe", "prod", "program", "relu", "reshape", "schedules", "scope", "sigmoid", "sin", "snapshot", "split", "stack",
    "steps_after", "sub", "sum", "summary", "take", "tanh", "tensor", "time_step", "to_graphviz", "train", "transpose", "watch",
    "where",
]  # fmt: skip


def __dir__() -> list[str]:
    """What there is for a user: `dir()` and completion leave out the modules that are only the insides."""
    return __all__
