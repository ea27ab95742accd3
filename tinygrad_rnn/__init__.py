"""A small autograd engine on NumPy whose graphs know time: recurrent networks, drawn unrolled with their gradients."""

from . import start as start  # before all that takes time

# isort: split
from . import data, errors, functional, io, nn, optim, plots, probe, schedules, train
from .beams import beam_search
from .dtypes import default_dtype
from .generate import generate
from .gradcheck import gradcheck
from .primitives import (
    abs,
    add,
    broadcast_to,
    concat,
    div,
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
    relu,
    reshape,
    sigmoid,
    split,
    stack,
    sub,
    sum,
    take,
    tanh,
    transpose,
    where,
)
from .scopes import detect_anomaly, no_grad, scope, steps_after, time_step
from .snapshot import backward_steps, snapshot
from .sweep import grad
from .tensor import Tensor, named, tensor
from .viz import Drawing, draw, to_graphviz
from .writing import StepModel

__all__ = [
    "Drawing",
    "StepModel",
    "Tensor",
    "abs",
    "add",
    "backward_steps",
    "beam_search",
    "broadcast_to",
    "concat",
    "data",
    "default_dtype",
    "detect_anomaly",
    "div",
    "draw",
    "errors",
    "exp",
    "functional",
    "generate",
    "getitem",
    "grad",
    "gradcheck",
    "io",
    "log",
    "matmul",
    "max",
    "maximum",
    "mul",
    "named",
    "neg",
    "nn",
    "no_grad",
    "optim",
    "place",
    "plots",
    "pow",
    "probe",
    "relu",
    "reshape",
    "schedules",
    "scope",
    "sigmoid",
    "snapshot",
    "split",
    "stack",
    "steps_after",
    "sub",
    "sum",
    "take",
    "tanh",
    "tensor",
    "time_step",
    "to_graphviz",
    "train",
    "transpose",
    "where",
]


def __dir__() -> list[str]:
    """What there is for a user: `dir()` and completion leave out the modules that are only the insides."""
    return __all__
