"""One LSTM reads from the start, one from the end. Each gradient is strongest where its reader finished: at opposite ends."""

import numpy as np

import tinygrad_rnn as tg


def picture():
    rng = np.random.default_rng(0)
    net = tg.nn.Bidirectional(tg.nn.LSTMCell(3, 8, rng=rng), tg.nn.LSTMCell(3, 8, rng=rng))
    _, ((h_forwards, _), (h_backwards, _)) = net(rng.standard_normal((1, 5, 3)))
    loss = (tg.concat([h_forwards, h_backwards], axis=1) ** 2).sum()
    return tg.draw(loss, detail="cell", title="A bidirectional LSTM: the last state of either direction")
