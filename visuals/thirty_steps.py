"""Thirty steps under one scale: the same loss at the end, three cells. The bars are what the steps left out get of its gradient."""

import numpy as np

import tinygrad_rnn as tg


def picture():
    def run(cell):
        rng = np.random.default_rng(1)
        hs, _ = tg.nn.unroll(cell, rng.standard_normal((1, 30, 3)))
        return (hs[-1] ** 2).sum()

    rng = np.random.default_rng(0)
    cells = {
        "RNN": tg.nn.RNNCell(3, 16, rng=rng),
        "GRU": tg.nn.GRUCell(3, 16, rng=rng),
        "LSTM, forget bias 1": tg.nn.LSTMCell(3, 16, rng=rng),
    }
    pictures = [tg.draw(run(cell), detail="gate", title=name) for name, cell in cells.items()]
    return tg.draw.compare(pictures, title="Thirty steps, one scale: what is left of the gradient")
