"""This engine: the common cells (the graph freed on the way, or kept), `tg.nn` step by step or projected at once, a snapshot."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import tinygrad_rnn as tg

from ..cells import loss_of, sequence_loss
from ..workloads import Workload
from . import Step

LAYERS = {"rnn": tg.nn.RNN, "lstm": tg.nn.LSTM, "gru": tg.nn.GRU}


class F:
    tanh, sigmoid, relu, stack, split = tg.tanh, tg.sigmoid, tg.relu, tg.stack, tg.split
    sum, reshape, transpose, log_softmax = tg.sum, tg.reshape, tg.transpose, tg.functional.log_softmax


def build(work: Workload, variant: str) -> Step:
    if variant in ("nn", "nn once"):
        return through_nn(work, project_once=variant == "nn once")
    w, forward = primitives(work)
    keep = variant == "keep"

    def step():
        for p in w.values():
            p.zero_grad()
        loss = forward()
        loss.backward(keep_graph=keep)
        return loss.item(), {name: p.grad for name, p in w.items()}

    return step


def snapshot_step(work: Workload) -> Callable[[], Any]:
    """What takes one snapshot of the graph of a training step."""
    _, forward = primitives(work)
    loss = forward()
    return lambda: tg.snapshot(loss)


def primitives(work: Workload) -> tuple[dict[str, tg.Tensor], Callable[[], tg.Tensor]]:
    """The weights, and what computes the loss from them with the common cells."""
    w = {name: tg.Tensor(value, requires_grad=True, name=name) for name, value in work.weights.items()}
    zeros, y = tg.Tensor(np.zeros((work.B, work.H), work.dtype)), tg.Tensor(work.y)
    xs = tg.Tensor(work.x) if work.kind == "mlp" else [tg.Tensor(x) for x in work.x]
    return w, lambda: loss_of(F, work, w, xs, y, zeros)


def through_nn(work: Workload, project_once: bool) -> Step:
    """The same model as a user of `tg.nn` writes it."""
    parameters, forward = layers(work, project_once)

    def step():
        for p in parameters.values():
            p.zero_grad()
        loss = forward()
        loss.backward(keep_graph=False)
        return loss.item(), from_cell(work, {name: p.grad for name, p in parameters.items()})

    return step


def layers(work: Workload, project_once: bool = False) -> tuple[dict[str, tg.Tensor], Callable[[], tg.Tensor]]:
    """The weights of a layer with its head, and what computes the loss: `unroll` over (batch, time, features).

    `project_once` is the layer's own: the inputs of all steps times Wx in one product, instead of one a step.
    """
    layer = LAYERS[work.kind](work.I, work.H, rng=np.random.default_rng(0), project_once=project_once, dtype=work.dtype)
    (cell,) = layer.layers
    cell.load_state_dict(to_cell(work))
    head = {name: tg.Tensor(w, requires_grad=True, name=name) for name, w in work.weights.items() if name.endswith("out")}
    xs, y = tg.Tensor(np.ascontiguousarray(work.x.transpose(1, 0, 2))), tg.Tensor(work.y)

    def forward():
        hs, _ = tg.nn.unroll(layer, xs)
        return sequence_loss(F, work, head, tg.stack(hs), y)

    return dict(cell.named_parameters()) | head, forward


def to_cell(work: Workload) -> dict[str, np.ndarray]:
    """The weights in the layout of our cells: transposed, the two biases added where one is enough."""
    w, n = work.weights, 2 * work.H
    state = {"Wx": w["w_ih"].T, "Wh": w["w_hh"].T, "b": w["b_ih"] + w["b_hh"]}
    if work.kind == "gru":  # r multiplies the recurrent bias of n, so that one stays by itself
        state |= {"b": np.concatenate([state["b"][:n], w["b_ih"][n:]]), "bh": w["b_hh"][n:]}
    return state


def from_cell(work: Workload, gradients: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Gradients under the names and in the layout of `work.weights`; views, but for one bias of the GRU."""
    g, b = dict(gradients), gradients["b"]
    b_hh = np.concatenate([b[: 2 * work.H], g.pop("bh")]) if work.kind == "gru" else b
    return {"w_ih": g.pop("Wx").T, "w_hh": g.pop("Wh").T, "b_ih": g.pop("b"), "b_hh": b_hh, **g}
