"""A learner's own cell, MUT1 of Jozefowicz et al. (2015): two methods, and it is unrolled and drawn like the others."""

import numpy as np

import tinygrad_rnn as tg


class MUT1(tg.nn.Module):
    """z = σ(x Wxz + bz), r = σ(x Wxr + h Whr + br), n = tanh((r h) Whn + tanh(x Wxn) + bn), h' = n z + h (1 − z)."""

    def __init__(self, size, hidden, rng):
        self.hidden = hidden
        shapes = {
            "Wxz": (size, hidden),
            "Wxr": (size, hidden),
            "Wxn": (size, hidden),
            "Whr": (hidden, hidden),
            "Whn": (hidden, hidden),
        }
        for name, shape in {**shapes, "bz": (hidden,), "br": (hidden,), "bn": (hidden,)}.items():
            setattr(self, name, tg.Tensor(0.4 * rng.standard_normal(shape), requires_grad=True))

    def initial_state(self, batch):
        return (tg.Tensor(np.zeros((batch, self.hidden)), name="h0"),)

    def step(self, x, state):
        (h,) = state
        z = tg.named(tg.sigmoid(x @ self.Wxz + self.bz), "z")
        r = tg.named(tg.sigmoid(x @ self.Wxr + h @ self.Whr + self.br), "r")
        n = tg.named(tg.tanh((r * h) @ self.Whn + tg.tanh(x @ self.Wxn) + self.bn), "n")
        return (tg.named(n * z + h * (1.0 - z), "h"),)


def picture():
    rng = np.random.default_rng(0)
    hs, _ = tg.nn.unroll(MUT1(3, 8, rng), rng.standard_normal((1, 3, 3)))
    return tg.draw((hs[-1] ** 2).sum(), detail="gate", title="A cell of your own: MUT1")
