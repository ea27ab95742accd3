"""An LSTM gate by gate: h is what the next layer sees, c is what is kept; f decides how much of the gradient stays on c."""

import numpy as np

import tinygrad_rnn as tg


def picture():
    rng = np.random.default_rng(0)
    cell = tg.nn.LSTMCell(3, 8, rng=rng, forget_bias=1.0)
    hs, _ = tg.nn.unroll(cell, rng.standard_normal((1, 4, 3)))
    return tg.draw((hs[-1] ** 2).sum(), detail="gate", title="LSTM, gate by gate")
