"""PyTorch on the CPU: its own recurrent layers, whose steps are written in C++."""

from __future__ import annotations

import torch

from ..cells import sequence_loss
from ..workloads import Workload
from . import Step
from .torch_primitives import F

LAYERS = {"rnn": torch.nn.RNN, "lstm": torch.nn.LSTM, "gru": torch.nn.GRU}
NAMES = {"w_ih": "weight_ih_l0", "w_hh": "weight_hh_l0", "b_ih": "bias_ih_l0", "b_hh": "bias_hh_l0"}


def build(work: Workload, variant: str) -> Step:
    layer = LAYERS[work.kind](work.I, work.H, dtype=getattr(torch, work.dtype))
    layer.load_state_dict({NAMES[name]: torch.tensor(w) for name, w in work.weights.items() if name in NAMES})
    w = {name: getattr(layer, of_layer) for name, of_layer in NAMES.items()}
    w |= {name: torch.tensor(value, requires_grad=True) for name, value in work.weights.items() if name not in NAMES}
    x, y = torch.tensor(work.x), torch.tensor(work.y)

    def step():
        for p in w.values():
            p.grad = None
        hs, _ = layer(x)
        loss = sequence_loss(F, work, w, hs, y)
        loss.backward()
        return loss.item(), {name: p.grad for name, p in w.items()}

    return step
