"""Three layers, four steps: in a stacked LSTM gradient goes down through h alone; a Grid LSTM hands a second state, m, upwards too."""

import numpy as np

import tinygrad_rnn as tg


def picture():
    def run(layer):
        hs, _ = layer(np.random.default_rng(1).standard_normal((1, 4, 3)))
        return (hs[-1] ** 2).sum()

    rng = np.random.default_rng(0)
    grid = tg.nn.GridLSTM(3, 8, 3, rng=rng)
    stacked = tg.nn.Stacked([tg.nn.LSTMCell(size, 8, rng=rng) for size in (3, 8, 8)])
    pictures = [tg.draw(run(grid), detail="cell", title="Grid LSTM"), tg.draw(run(stacked), detail="cell", title="stacked LSTM")]
    return tg.draw.compare(pictures, title="A grid of three layers and four steps", across=True)
