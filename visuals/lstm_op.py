"""Three steps of an LSTM: the c lane on top is the conveyor belt, the gates open and close it."""

import numpy as np

import tinygrad_rnn as tg


def picture():
    rng = np.random.default_rng(0)
    cell = tg.nn.LSTMCell(3, 8, rng=rng, forget_bias=1.0)
    hs, _ = tg.nn.unroll(cell, rng.standard_normal((1, 3, 3)))
    return tg.draw((hs[-1] ** 2).sum(), detail="op", title="LSTM, three steps")
