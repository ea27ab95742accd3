"""A GRU gate by gate: one lane instead of two. z decides how much of h goes on as it is, and so how much gradient comes back."""

import numpy as np

import tinygrad_rnn as tg


def picture():
    rng = np.random.default_rng(0)
    cell = tg.nn.GRUCell(3, 8, rng=rng)
    hs, _ = tg.nn.unroll(cell, rng.standard_normal((1, 4, 3)))
    return tg.draw((hs[-1] ** 2).sum(), detail="gate", title="GRU, gate by gate")
