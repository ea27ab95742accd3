"""What the pictures under test show: cells (two of them written as a learner would), networks made of them, and losses."""

from contextlib import nullcontext
from functools import lru_cache

import numpy as np

import tinygrad_rnn as tg
from tinygrad_rnn import nn

SIZE, HIDDEN = 3, 4


class Peephole(nn.Module):
    """An LSTM whose gates look at c (Gers and Schmidhuber 2000)."""

    def __init__(self, size, rng):
        self.hidden = HIDDEN
        for name, shape in (("Wx", (size, 16)), ("Wh", (4, 16)), ("p_i", (4,)), ("p_f", (4,)), ("p_o", (4,))):
            setattr(self, name, tg.Tensor(0.3 * rng.standard_normal(shape), requires_grad=True, name=name))

    def initial_state(self, batch):
        zeros = np.zeros((batch, self.hidden))
        return tg.Tensor(zeros, name="h0"), tg.Tensor(zeros.copy(), name="c0")

    def step(self, x, state):
        h, c = state
        a_i, a_f, a_g, a_o = tg.split(x @ self.Wx + h @ self.Wh, 4)
        i, f = tg.named(tg.sigmoid(a_i + self.p_i * c), "i"), tg.named(tg.sigmoid(a_f + self.p_f * c), "f")
        c = tg.named(f * c + i * tg.tanh(a_g), "c")
        return tg.named(tg.sigmoid(a_o + self.p_o * c) * tg.tanh(c), "h"), c


class MUT1:
    """The first of the three best cells of a search through ten thousand (Jozefowicz et al. 2015), as a class of its own."""

    def __init__(self, size, rng):
        shapes = {"Wxz": (size, 4), "bz": (4,), "Wxr": (size, 4), "Whr": (4, 4), "br": (4,), "Whh": (4, 4), "Wxh": (size, 4)}
        for name, shape in (shapes | {"bh": (4,)}).items():
            setattr(self, name, tg.Tensor(0.4 * rng.standard_normal(shape), requires_grad=True, name=name))

    def initial_state(self, batch):
        return (tg.Tensor(np.zeros((batch, HIDDEN)), name="h0"),)

    def step(self, x, state):
        (h,) = state
        z = tg.named(tg.sigmoid(x @ self.Wxz + self.bz), "z")
        r = tg.named(tg.sigmoid(x @ self.Wxr + h @ self.Whr + self.br), "r")
        n = tg.named(tg.tanh((r * h) @ self.Whh + tg.tanh(x @ self.Wxh) + self.bh), "n")
        return (tg.named(n * z + h * (1.0 - z), "h"),)


CELLS = {
    "RNN": lambda size, rng: nn.RNNCell(size, HIDDEN, rng=rng),
    "LSTM": lambda size, rng: nn.LSTMCell(size, HIDDEN, rng=rng),
    "GRU": lambda size, rng: nn.GRUCell(size, HIDDEN, rng=rng),
    "GRU-before": lambda size, rng: nn.GRUCell(size, HIDDEN, rng=rng, reset_after=False),
    "Peephole": Peephole,
    "MUT1": MUT1,
}
OURS = {"RNN", "LSTM", "GRU", "GRU-before"}
NETWORKS = {"plain": (1, False), "2-layers": (2, False), "3-layers": (3, False), "both-ways": (1, True), "2-both-ways": (2, True)}


def network(cell, kind, rng):
    """One of NETWORKS (layers, whether in both directions) made of one of CELLS."""
    layers, both = NETWORKS[kind]
    parts, size = [], SIZE
    for _ in range(layers):
        part = CELLS[cell](size, rng)
        parts.append(nn.Bidirectional(part, CELLS[cell](size, rng)) if both else part)
        size = 2 * HIDDEN if both else HIDDEN
    return parts[0] if layers == 1 else nn.Stacked(parts)


def loss_of(cell, kind, T, loss="last"):
    """The loss of a readout from the end of both directions ("last"), from every step, or of three classes ("cross")."""
    rng = np.random.default_rng(0)
    net = network(cell, kind, rng)
    outputs, state = nn.unroll(net, rng.standard_normal((2, T, SIZE)))
    layers, both = NETWORKS[kind]
    if both:  # what has been read by either direction when it is at its end
        ahead, back = state if layers == 1 else state[-1]
        end = tg.concat([ahead[0], back[0]], axis=1)
    else:
        end = outputs[-1]
    if loss == "cross":
        return tg.functional.cross_entropy(nn.Linear(end.shape[1], 3, rng=rng)(end), [0, 2])
    V = tg.Tensor(rng.standard_normal((end.shape[1], 1)), requires_grad=True, name="V")
    read = outputs if loss == "every" else [end]
    targets = [tg.Tensor(rng.standard_normal((2, 1)), name="y") for _ in read]
    losses = [((h @ V - y) ** 2).sum() for h, y in zip(read, targets, strict=True)]
    total = losses[0]
    for more in losses[1:]:
        total = total + more
    return total


def detached_loss(cell, T, at, backwards=False):
    """One layer whose state is detached before step `at`, and a loss of either part: truncated backpropagation through time."""
    rng = np.random.default_rng(0)
    layer, xs = CELLS[cell](SIZE, rng), rng.standard_normal((T, 2, SIZE))
    state, ends = layer.initial_state(2), []
    with tg.scope("direction", direction=-1 if backwards else 1):
        for t in range(T, 0, -1) if backwards else range(1, T + 1):
            if t == at:
                ends.append(state[0])
                state = tuple(part.detach() for part in state)
            with tg.time_step(t):
                x = tg.Tensor(xs[t - 1], name="x")
                with nullcontext() if cell in OURS else tg.scope(cell):
                    state = layer.step(x, state)
    return (tg.stack([*ends, state[0]]) ** 2).sum()


@lru_cache(maxsize=8)
def graph(cell, kind, T, loss="last"):
    """The snapshot of `loss_of`: it does not depend on how it is drawn."""
    return tg.snapshot(loss_of(cell, kind, T, loss))
