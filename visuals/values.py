"""Coloured by value instead of gradient: with a forget bias of 3 the gate f stays near 1, and c gathers size from step to step."""

import numpy as np

import tinygrad_rnn as tg


def picture():
    rng = np.random.default_rng(0)
    cell = tg.nn.LSTMCell(3, 8, rng=rng, forget_bias=3.0)
    hs, _ = tg.nn.unroll(cell, rng.standard_normal((1, 4, 3)))
    return tg.draw((hs[-1] ** 2).sum(), detail="gate", color="value", title="LSTM, coloured by the size of its values")
