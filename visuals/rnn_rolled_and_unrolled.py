"""The same run twice: as a loop, and unrolled in time. One set of weights on the left, one chip at every use on the right."""

import numpy as np

import tinygrad_rnn as tg


def picture():
    rng = np.random.default_rng(0)
    cell = tg.nn.RNNCell(3, 8, rng=rng)
    hs, _ = tg.nn.unroll(cell, rng.standard_normal((1, 4, 3)))
    loss = (hs[-1] ** 2).sum()
    pictures = [tg.draw(loss, detail="op", rolled=True, title="rolled up"), tg.draw(loss, detail="op", title="unrolled")]
    return tg.draw.compare(pictures, title="An RNN, rolled up and unrolled", across=True)
