"""HIPS autograd: functions of arrays, differentiated by `value_and_grad`."""

from __future__ import annotations

import autograd.numpy as anp
import numpy as np
from autograd import value_and_grad

from ..cells import loss_of
from ..workloads import Workload
from . import Step


class F:
    tanh, stack, sum, reshape, transpose = anp.tanh, anp.stack, anp.sum, anp.reshape, anp.transpose
    sigmoid = staticmethod(lambda x: 0.5 * (anp.tanh(0.5 * x) + 1.0))
    relu = staticmethod(lambda x: anp.maximum(x, 0.0))

    @staticmethod
    def split(x, n):
        size = x.shape[-1] // n
        return [x[:, k * size : (k + 1) * size] for k in range(n)]

    @staticmethod
    def log_softmax(x):
        x = x - anp.max(x, axis=-1, keepdims=True)
        return x - anp.log(anp.sum(anp.exp(x), axis=-1, keepdims=True))


def build(work: Workload, variant: str) -> Step:
    zeros = np.zeros((work.B, work.H), work.dtype)
    xs = work.x if work.kind == "mlp" else list(work.x)
    run = value_and_grad(lambda w: loss_of(F, work, w, xs, work.y, zeros))

    def step():
        loss, gradients = run(work.weights)
        return float(loss), gradients

    return step
