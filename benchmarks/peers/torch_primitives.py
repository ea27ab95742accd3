"""PyTorch on the CPU, eager: the same cells from the same primitives."""

from __future__ import annotations

import torch

from ..cells import loss_of
from ..workloads import Workload
from . import Step

torch.set_num_threads(1)


class F:
    tanh, sigmoid, relu, stack, sum, reshape = torch.tanh, torch.sigmoid, torch.relu, torch.stack, torch.sum, torch.reshape
    transpose = staticmethod(lambda w: w.t())
    split = staticmethod(lambda x, n: x.chunk(n, dim=-1))
    log_softmax = staticmethod(lambda x: torch.log_softmax(x, dim=-1))


def build(work: Workload, variant: str) -> Step:
    w = {name: torch.tensor(value, requires_grad=True) for name, value in work.weights.items()}
    x, y = torch.tensor(work.x), torch.tensor(work.y)
    zeros = torch.zeros(work.B, work.H, dtype=x.dtype)
    xs = x if work.kind == "mlp" else x.unbind(0)

    def step():
        for p in w.values():
            p.grad = None
        loss = loss_of(F, work, w, xs, y, zeros)
        loss.backward()
        return loss.item(), {name: p.grad for name, p in w.items()}

    return step
