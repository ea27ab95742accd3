"""Three steps of a GRU: h itself is the lane, and z decides how much of it stays. Here r is applied after Wh, as in PyTorch."""

import numpy as np

import tinygrad_rnn as tg


def picture():
    rng = np.random.default_rng(0)
    cell = tg.nn.GRUCell(3, 8, rng=rng)
    hs, _ = tg.nn.unroll(cell, rng.standard_normal((1, 3, 3)))
    return tg.draw((hs[-1] ** 2).sum(), detail="op", title="GRU, three steps, as PyTorch computes it: reset after Wh")
