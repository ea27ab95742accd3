"""The same in both directions at gate level: the second row is the mirror image of the first, every way has a track of its own."""

import numpy as np

import tinygrad_rnn as tg


def picture():
    rng = np.random.default_rng(0)
    net = tg.nn.Bidirectional(tg.nn.LSTMCell(3, 8, rng=rng), tg.nn.LSTMCell(3, 8, rng=rng))
    ys, _ = net(rng.standard_normal((1, 3, 3)))
    readout = tg.nn.Linear(16, 2, rng=rng)
    losses = [tg.functional.cross_entropy(readout(y), [k % 2]) for k, y in enumerate(ys)]
    return tg.draw(losses[0] + losses[1] + losses[2], detail="gate", title="A bidirectional LSTM that labels every step")
