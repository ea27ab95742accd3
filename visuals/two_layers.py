"""Two LSTMs on top of each other: h of the lower one is x of the upper one, and the gradient comes down on the same way."""

import numpy as np

import tinygrad_rnn as tg


def picture():
    rng = np.random.default_rng(0)
    net = tg.nn.Stacked([tg.nn.LSTMCell(3, 8, rng=rng), tg.nn.LSTMCell(8, 8, rng=rng)])
    hs, _ = net(rng.standard_normal((1, 4, 3)))
    return tg.draw((hs[-1] ** 2).sum(), detail="gate", title="Two layers of LSTM")
