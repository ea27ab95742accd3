"""Three steps of a GRU, as PyTorch computes it: h itself is the lane, z decides how much of it stays."""

import numpy as np

import tinygrad_rnn as tg


def picture():
    rng = np.random.default_rng(0)
    cell = tg.nn.GRUCell(3, 8, rng=rng)
    hs, _ = tg.nn.unroll(cell, rng.standard_normal((1, 3, 3)))
    return tg.draw((hs[-1] ** 2).sum(), detail="op", title="GRU, three steps")
