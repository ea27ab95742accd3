from . import errors, functional, nn, optim, primitives
from .backward import backward, grad
from .graph import detect_anomaly, no_grad, scope, time_step
from .primitives import *
from .snapshot import backward_steps, snapshot
from .tensor import Tensor, default_dtype, named, tensor
