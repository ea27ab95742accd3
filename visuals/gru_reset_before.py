"""The GRU of the paper: r is applied to h before Wh is. Compare the line of the candidate n with the other form."""

import numpy as np

import tinygrad_rnn as tg


def picture():
    rng = np.random.default_rng(0)
    cell = tg.nn.GRUCell(3, 8, rng=rng, reset_after=False)
    hs, _ = tg.nn.unroll(cell, rng.standard_normal((1, 3, 3)))
    return tg.draw((hs[-1] ** 2).sum(), detail="op", title="GRU, three steps, as in the paper: reset before Wh")
