"""One LSTM with three first values of the bias of its forget gate: with 0 the gradient fades step by step, 3 brings it to the start."""

import numpy as np

import tinygrad_rnn as tg


def picture():
    pictures = []
    for bias in (0.0, 1.0, 3.0):
        rng = np.random.default_rng(0)
        cell = tg.nn.LSTMCell(3, 16, rng=rng, forget_bias=bias)
        hs, _ = tg.nn.unroll(cell, rng.standard_normal((1, 30, 3)))
        pictures.append(tg.draw((hs[-1] ** 2).sum(), detail="cell", title=f"forget bias {bias:g}"))
    return tg.draw.compare(pictures, title="LSTM: the forget bias at the start of training")
