"""Backpropagation through time, played: the colours arrive in the order in which the gradients do, from the loss to the first step."""

import numpy as np

import tinygrad_rnn as tg

ANIMATED = True


def picture():
    rng = np.random.default_rng(0)
    cell = tg.nn.RNNCell(3, 8, rng=rng)
    hs, _ = tg.nn.unroll(cell, rng.standard_normal((1, 4, 3)))
    return tg.draw((hs[-1] ** 2).sum(), detail="op", title="The backward sweep through an RNN")
