"""Cells that nobody here wrote, as learners write them: what draws, probes and describes has never seen one of these."""

import numpy as np

import tinygrad_rnn as tg
from tinygrad_rnn import nn

BATCH, STEPS, INPUTS, HIDDEN = 2, 4, 3, 4


def weight(rng, *shape, name=None):
    return tg.Tensor(0.4 * rng.standard_normal(shape), requires_grad=True, name=name)


def zeros(batch, name=None):
    return tg.Tensor(np.zeros((batch, HIDDEN)), name=name)


class OneState(nn.Module):
    """What most of them share: h begins with zeros."""

    def initial_state(self, batch):
        return (zeros(batch, "h0"),)


class Inside(OneState):
    """A simple cell of one's own, for inside another one."""

    def __init__(self, features, rng):
        self.Wx, self.Wh = weight(rng, features, HIDDEN), weight(rng, HIDDEN, HIDDEN)

    def step(self, x, state):
        return (tg.named(tg.tanh(x @ self.Wx + state[0] @ self.Wh), "h"),)


class CellsInside(nn.Module):
    """Two cells inside one cell, both with an h."""

    def __init__(self, rng):
        self.low, self.high = Inside(INPUTS, rng), Inside(HIDDEN, rng)

    def initial_state(self, batch):
        return self.high.initial_state(batch) + self.low.initial_state(batch)

    def step(self, x, state):
        high, low = state
        (low,) = self.low.step(x, (low,))
        (high,) = self.high.step(low, (high,))
        return high, low


class PackageCellsInside(CellsInside):
    """The same, of cells of the package."""

    def __init__(self, rng):
        self.low, self.high = nn.RNNCell(INPUTS, HIDDEN, rng=rng), nn.RNNCell(HIDDEN, HIDDEN, rng=rng)


class PlainCellsInside(CellsInside):
    """The same, of classes without a base, which open no scope of their own."""

    def __init__(self, rng):
        self.low, self.high = PlainClass(rng), PlainClass(rng, HIDDEN)


class WeightsInList(OneState):
    """A deep transition: h passes two matrices in a step."""

    def __init__(self, rng):
        self.Wx, self.Rh = weight(rng, INPUTS, HIDDEN), [weight(rng, HIDDEN, HIDDEN) for _ in range(2)]

    def step(self, x, state):
        h = state[0]
        for k, R in enumerate(self.Rh):
            h = tg.tanh(h @ R + x @ self.Wx) if k == 0 else tg.tanh(h @ R)
        return (tg.named(h, "h"),)


class WeightsInDict(OneState):
    def __init__(self, rng):
        self.W = {"x": weight(rng, INPUTS, HIDDEN), "h": weight(rng, HIDDEN, HIDDEN)}

    def step(self, x, state):
        return (tg.named(tg.tanh(x @ self.W["x"] + state[0] @ self.W["h"]), "h"),)


class ThreeStates(nn.Module):
    """h, a running mean and a slow trace."""

    def __init__(self, rng):
        self.Wx, self.Wh = weight(rng, INPUTS, HIDDEN), weight(rng, HIDDEN, HIDDEN)

    def initial_state(self, batch):
        return zeros(batch, "h0"), zeros(batch, "m0"), zeros(batch, "s0")

    def step(self, x, state):
        h, m, s = state
        m = tg.named(0.5 * m + 0.5 * h, "m")
        s = tg.named(0.9 * s + 0.1 * m, "s")
        return tg.named(tg.tanh(x @ self.Wx + s @ self.Wh), "h"), m, s


class DictState(OneState):
    """Keeps its parts by name inside a step; between steps they are a tuple."""

    def __init__(self, rng):
        self.W = weight(rng, INPUTS + HIDDEN, 2 * HIDDEN)

    def initial_state(self, batch):
        return zeros(batch, "h0"), zeros(batch, "k0")

    def step(self, x, state):
        now = dict(zip(("h", "k"), state, strict=True))
        a, b = tg.split(tg.concat([x, now["h"]], axis=1) @ self.W, 2)
        now["k"] = tg.named(now["k"] + tg.tanh(a), "k")
        now["h"] = tg.named(tg.sigmoid(b) * now["k"], "h")
        return tuple(now.values())


class PlainClass:
    """No base class: two methods."""

    def __init__(self, rng, features=INPUTS):
        self.U, self.V = weight(rng, features, HIDDEN, name="U"), weight(rng, HIDDEN, HIDDEN, name="V")

    def initial_state(self, batch):
        return (zeros(batch),)

    def step(self, x, state):
        return (tg.named(tg.tanh(x @ self.U + state[0] @ self.V), "h"),)


class MinimalGatedUnit(OneState):
    """Zhou et al. 2016."""

    def __init__(self, rng):
        self.Wf, self.Wn = weight(rng, INPUTS + HIDDEN, HIDDEN), weight(rng, INPUTS + HIDDEN, HIDDEN)

    def step(self, x, state):
        (h,) = state
        f = tg.named(tg.sigmoid(tg.concat([x, h], axis=1) @ self.Wf), "f")
        n = tg.named(tg.tanh(tg.concat([x, f * h], axis=1) @ self.Wn), "n")
        return (tg.named((1.0 - f) * h + f * n, "h"),)


class Clockwork(OneState):
    """Koutnik et al. 2014: the second half of h moves at every second step."""

    def __init__(self, rng):
        self.Wx, self.Wh, self.t = weight(rng, INPUTS, HIDDEN), weight(rng, HIDDEN, HIDDEN), 0

    def initial_state(self, batch):
        self.t = 0
        return super().initial_state(batch)

    def step(self, x, state):
        (h,), half = state, HIDDEN // 2
        self.t += 1
        new = tg.tanh(x @ self.Wx + h @ self.Wh)
        slow = new[:, half:] if self.t % 2 == 0 else h[:, half:]
        return (tg.named(tg.concat([new[:, :half], slow], axis=1), "h"),)


class ResidualCell(OneState):
    def __init__(self, rng):
        self.Wx, self.Wh = weight(rng, INPUTS, HIDDEN), weight(rng, HIDDEN, HIDDEN)

    def step(self, x, state):
        (h,) = state
        return (tg.named(h + 0.5 * tg.tanh(x @ self.Wx + h @ self.Wh), "h"),)


class AttentionInside(OneState):
    """Looks at a memory of five rows in every step."""

    def __init__(self, rng):
        self.memory, self.Wq, self.Wx = weight(rng, 5, HIDDEN), weight(rng, HIDDEN, HIDDEN), weight(rng, INPUTS, HIDDEN)

    def step(self, x, state):
        (h,) = state
        attention = tg.named(tg.functional.softmax((h @ self.Wq) @ self.memory.T), "attention")
        return (tg.named(tg.tanh(attention @ self.memory + x @ self.Wx), "h"),)


class HyperCell(nn.Module):
    """Ha et al. 2017: the scale of the recurrent weights is computed by another cell."""

    def __init__(self, rng):
        self.hyper, self.Wz = Inside(INPUTS, rng), weight(rng, HIDDEN, HIDDEN)
        self.Wx, self.Wh = weight(rng, INPUTS, HIDDEN), weight(rng, HIDDEN, HIDDEN)

    def initial_state(self, batch):
        return zeros(batch, "h0"), *self.hyper.initial_state(batch)

    def step(self, x, state):
        h, z = state
        (z,) = self.hyper.step(x, (z,))
        return tg.named(tg.tanh(x @ self.Wx + (z @ self.Wz) * (h @ self.Wh)), "h"), z


class WritesByList(OneState):
    """Keeps every h in a list of its own, `hs[t] = h`, and reads it back."""

    def __init__(self, rng):
        self.Wx, self.Wh, self.hs, self.t = weight(rng, INPUTS, HIDDEN), weight(rng, HIDDEN, HIDDEN), [], 0

    def initial_state(self, batch):
        self.hs, self.t = [None] * (STEPS + 1), 0
        self.hs[0] = zeros(batch, "h0")
        return (self.hs[0],)

    def step(self, x, state):
        self.t += 1
        self.hs[self.t] = tg.named(tg.tanh(x @ self.Wx + self.hs[self.t - 1] @ self.Wh), "h")
        return (self.hs[self.t],)


UNSEEN = {
    kind.__name__: kind
    for kind in (
        CellsInside, PackageCellsInside, WeightsInList, WeightsInDict, ThreeStates, DictState, PlainClass, MinimalGatedUnit,
        Clockwork, ResidualCell, AttentionInside, HyperCell, WritesByList,
    )
}  # fmt: skip


def run(kind, reverse=False, requires_grad=False):
    """A cell of that kind, its outputs, and a loss of the output that it made last."""
    cell = UNSEEN[kind](np.random.default_rng(0))
    x = tg.Tensor(np.random.default_rng(1).standard_normal((BATCH, STEPS, INPUTS)), requires_grad=requires_grad, name="x")
    hs, _ = nn.unroll(cell, x, reverse=reverse)
    return cell, hs, (hs[0 if reverse else -1] ** 2).sum()
