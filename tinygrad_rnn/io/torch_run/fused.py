"""Layers and cells that PyTorch computes in one piece, as the equations of their steps.

`torch.lstm`, `torch.gru`, `torch.rnn_tanh`, `torch.rnn_relu` of whole or packed sequences, and their cells. PyTorch's own result
stays what the run goes on with; here the same is computed step by step.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import accumulate, pairwise
from typing import Any

from ...engine.primitives import concat, relu, sigmoid, split, tanh
from ...engine.scopes import Change, Frame, here
from ...engine.tensor import Tensor, named
from .tensors import as_array
from .translations import parted, together

__all__ = ["CELLS", "LAYERS", "fused"]

LAYERS = {"lstm": "lstm", "gru": "gru", "rnn_tanh": "rnn_tanh", "rnn_relu": "rnn_relu"}
CELLS = {"lstm_cell": "lstm", "gru_cell": "gru", "rnn_tanh_cell": "rnn_tanh", "rnn_relu_cell": "rnn_relu"}
NAMES = {"lstm": "LSTMCell", "gru": "GRUCell", "rnn_tanh": "RNNCell", "rnn_relu": "RNNCell"}

State = tuple[Tensor, ...]
Weights = tuple[Tensor, Tensor, Tensor | None, Tensor | None, Tensor | None]  # W_ih, W_hh, b_ih, b_hh, W_hr


def cell(kind: str, x: Tensor, state: State, weights: Weights) -> State:
    """One step, by the equations in PyTorch's documentation of `nn.RNNCell`, `nn.LSTMCell`, `nn.GRUCell`."""
    W_ih, W_hh, b_ih, b_hh, W_hr = weights
    h = state[0]

    def plus(a: Tensor, b: Tensor | None) -> Tensor:
        return a if b is None else a + b

    if kind == "gru":
        x_r, x_z, x_n = split(plus(x @ W_ih.T, b_ih), 3)
        h_r, h_z, h_n = split(plus(h @ W_hh.T, b_hh), 3)
        r, z = named(sigmoid(x_r + h_r), "r"), named(sigmoid(x_z + h_z), "z")
        n = named(tanh(x_n + r * h_n), "n")
        return (named((1.0 - z) * n + z * h, "h"),)
    a = named(plus(plus(x @ W_ih.T + h @ W_hh.T, b_ih), b_hh), "a")
    if kind != "lstm":
        return (named(tanh(a) if kind == "rnn_tanh" else relu(a), "h"),)
    a_i, a_f, a_g, a_o = split(a, 4)
    i, f = named(sigmoid(a_i), "i"), named(sigmoid(a_f), "f")
    g, o = named(tanh(a_g), "g"), named(sigmoid(a_o), "o")
    c = named(f * state[1] + i * g, "c")
    h = o * tanh(c)
    return named(h if W_hr is None else h @ W_hr.T, "h"), c


def layers(
    kind: str,
    xs: list[Tensor],
    starts: list[State],
    weights: list[Weights],
    both: bool,
    between: Callable[[int], Any] | None,
) -> tuple[list[Tensor], list[State]]:
    """The outputs of the top layer at every step, and the last states, of layers and directions in PyTorch's order.

    `xs` has the input of each step, (rows, features), where packed sequences have ever fewer rows. `between` gives the dropout mask
    of a layer's outputs.
    """
    directions = 2 if both else 1
    count = len(weights) // directions
    lasts: list[State] = []
    for layer in range(count):
        outputs = []
        for k in range(directions):
            frames = [Frame("layer", (("layer", layer + 1),))] * (count > 1)
            frames += [Frame("direction", (("direction", -1 if k else 1),))] * both
            at = layer * directions + k
            with Change(tuple(frames)):
                hs, last = _one_way(kind, xs, starts[at], weights[at], backwards=bool(k))
            outputs.append(hs)
            lasts.append(last)
        xs = outputs[0] if not both else [_side_by_side(t, *pair) for t, pair in enumerate(zip(*outputs, strict=True), 1)]
        if between is not None and layer < count - 1:
            xs = [x * mask for x, mask in zip(xs, between(layer), strict=True)]
    return xs, lasts


def _side_by_side(t: int, forwards: Tensor, backwards: Tensor) -> Tensor:
    with Change((_step(t),)):
        return named(concat([forwards, backwards], 1), "y")


def _step(t: int) -> Frame:
    return Frame("t", (("t", here.steps + t),))


def _one_way(kind: str, xs: list[Tensor], start: State, weights: Weights, backwards: bool) -> tuple[list[Tensor], State]:
    """One layer in one direction. Sequences that end leave with the state they have, and begin backwards with that of the start."""
    order = range(len(xs))[:: -1 if backwards else 1]
    state = tuple(part[: len(xs[order[0]])] for part in start) if len(xs[order[0]]) < len(start[0]) else start
    hs: dict[int, Tensor] = {}
    ended: list[State] = []
    for t in order:
        with Change((_step(t + 1), Frame(NAMES[kind]))):
            rows, before = len(xs[t]), len(state[0])
            if rows < before:
                ended.append(tuple(part[rows:] for part in state))
                state = tuple(part[:rows] for part in state)
            elif rows > before:
                state = tuple(concat([part, first[before:rows]], 0) for part, first in zip(state, start, strict=True))
            state = cell(kind, xs[t], state, weights)
        hs[t] = state[0]
    last = tuple(concat([part, *(old[k] for old in reversed(ended))], 0) if ended else part for k, part in enumerate(state))
    return [hs[t] for t in range(len(xs))], last


def fused(torch: Any, name: str, plain: tuple[Any, ...], args: tuple[Any, ...], state: Any) -> list[Tensor]:
    """What `torch.lstm` and its like return, from their arguments: PyTorch's (`plain`) and with what stands for its tensors (`args`)."""
    if name in CELLS:
        x, hx, *weights = args
        after = cell(CELLS[name], x, tuple(hx) if isinstance(hx, (tuple, list)) else (hx,), _five(weights))
        return list(after)
    packed = hasattr(plain[1], "dtype") and not hasattr(plain[3], "dtype") and isinstance(args[3], (list, tuple))
    if packed:
        data, sizes, hx, flat, bias, count, p, training, both = args
        rows, axis = [int(size) for size in sizes], 0
        ends = [0, *accumulate(rows)]
        xs = [data[a:b] for a, b in pairwise(ends)]
    else:
        data, hx, flat, bias, count, p, training, both, batch_first = args
        axis = 1 if batch_first else 0
        xs = parted(data, axis)
    starts = tuple(hx) if isinstance(hx, (tuple, list)) else (hx,)
    directions = count * (2 if both else 1)
    per = len(flat) // directions
    weights = [_layer(flat[k * per : (k + 1) * per], bias) for k in range(directions)]
    first = [tuple(part[k] for part in starts) for k in range(directions)]
    masks = None
    if p and training:
        like = plain[0].new_ones((*plain[0].shape[:-1], starts[0].shape[-1] * (2 if both else 1)))
        masks = _masks(torch, like, p, state, count - 1, axis, [len(x) for x in xs] if packed else None)
    outputs, lasts = layers(LAYERS[name], xs, first, weights, both, masks)
    whole = concat(outputs, 0) if packed else together(outputs, axis)
    return [whole, *(together([last[k] for last in lasts], 0) for k in range(len(starts)))]


def _layer(flat: Any, bias: bool) -> Weights:
    W_ih, W_hh, *rest = flat
    return (W_ih, W_hh, rest[0] if bias else None, rest[1] if bias else None, rest[-1] if len(rest) in (1, 3) else None)


def _five(weights: list[Any]) -> Weights:
    W_ih, W_hh, b_ih, b_hh = [*weights, None, None][:4]
    return W_ih, W_hh, b_ih, b_hh, None


def _masks(torch: Any, like: Any, p: float, state: Any, layers: int, axis: int, rows: list[int] | None) -> Callable[[int], Any]:
    """The dropout between layers: the same random numbers, drawn over ones in the same order."""
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.set_rng_state(state)
        wide = like if axis == 0 else like.transpose(0, 1).contiguous()  # time first, as PyTorch computes
        drawn = [as_array(torch.dropout(torch.ones_like(wide), p, True)) for _ in range(layers)]
    if rows is None:
        return lambda layer: drawn[layer]
    ends = [0, *accumulate(rows)]
    return lambda layer: [drawn[layer][a:b] for a, b in pairwise(ends)]
