"""A small autograd engine on NumPy whose graphs know time: recurrent networks, drawn unrolled with their gradients."""

from .shared import early_interrupt as early_interrupt  # before all that takes time

# isort: split
from . import data, errors, functional, io, nn, optim, plots, probe, train
from .engine.dtypes import default_dtype
from .engine.finite_differences import gradcheck
from .engine.gradients import grad
from .engine.primitives import (
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
from .engine.scopes import detect_anomaly, no_grad, scope, steps_after, time_step
from .engine.tensor import Tensor, named, tensor
from .nn.decode.beams import beam_search
from .nn.decode.generation import generate
from .nn.decode.step_model import StepModel
from .optim import schedules
from .replay.from_loss import backward_steps, snapshot
from .viz import Drawing, draw, to_graphviz

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
