"""The models, written once for every engine that records what it computes.

`F` is the namespace of an engine: tanh, sigmoid, relu, log_softmax (last axis), sum (of everything), reshape(x, shape),
transpose, stack (along a new first axis), split(x, n) (along the last axis). Its tensors know + - * @. The equations are
PyTorch's, with both of its biases.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .workloads import DECAY, Workload


def rnn(F: Any, w: dict[str, Any], x: Any, h: Any) -> Any:
    return F.tanh(x @ w["w_ih"] + w["b_ih"] + h @ w["w_hh"] + w["b_hh"])


def lstm(F: Any, w: dict[str, Any], x: Any, state: Any) -> Any:
    h, c = state
    i, f, g, o = F.split(x @ w["w_ih"] + w["b_ih"] + h @ w["w_hh"] + w["b_hh"], 4)
    c = F.sigmoid(f) * c + F.sigmoid(i) * F.tanh(g)
    return F.sigmoid(o) * F.tanh(c), c


def gru(F: Any, w: dict[str, Any], x: Any, h: Any) -> Any:
    x_r, x_z, x_n = F.split(x @ w["w_ih"] + w["b_ih"], 3)
    h_r, h_z, h_n = F.split(h @ w["w_hh"] + w["b_hh"], 3)
    r, z = F.sigmoid(x_r + h_r), F.sigmoid(x_z + h_z)
    n = F.tanh(x_n + r * h_n)
    return (1 - z) * n + z * h


STEPS = {"rnn": rnn, "lstm": lstm, "gru": gru}


def recurrent_loss(F: Any, work: Workload, w: dict[str, Any], xs: Sequence[Any], y: Any, state: Any) -> Any:
    """The loss of a sequence, one step after the other. The weights are transposed once, not in every step."""
    step, turned = STEPS[work.kind], {**w, "w_ih": F.transpose(w["w_ih"]), "w_hh": F.transpose(w["w_hh"])}
    hs = []
    for x in xs:
        state = step(F, turned, x, state)
        hs.append(state[0] if work.kind == "lstm" else state)
    return sequence_loss(F, work, w, F.stack(hs), y)


def sequence_loss(F: Any, work: Workload, w: dict[str, Any], h: Any, y: Any) -> Any:
    """From all hidden states (T, B, H): the cross entropy summed over time, or without a head the mean squared error."""
    if work.V:
        rows = work.T * work.B
        logits = F.reshape(h, (rows, work.H)) @ F.transpose(w["w_out"]) + w["b_out"]
        return -F.sum(F.log_softmax(logits) * F.reshape(y, (rows, work.V)))
    d = h - y
    return F.sum(d * d) * (1.0 / (work.T * work.B * work.H))


def mlp_loss(F: Any, work: Workload, w: dict[str, Any], x: Any, y: Any) -> Any:
    """relu layers, the mean hinge loss, and an L2 penalty on every weight."""
    last = len(work.sizes) - 2
    for k in range(last + 1):
        x = x @ F.transpose(w[f"w{k}"]) + w[f"b{k}"]
        x = F.relu(x) if k < last else x
    loss = F.sum(F.relu(1.0 - y * x)) * (1.0 / work.B)
    for v in w.values():
        loss = loss + F.sum(v * v) * DECAY
    return loss


def loss_of(F: Any, work: Workload, w: dict[str, Any], x: Any, y: Any, zeros: Any) -> Any:
    """The loss of any workload. `x` is a list of steps for recurrent ones; `zeros` (B, H) is where their states start."""
    if work.kind == "mlp":
        return mlp_loss(F, work, w, x, y)
    return recurrent_loss(F, work, w, x, y, (zeros, zeros) if work.kind == "lstm" else zeros)
