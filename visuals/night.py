"""For a dark room: the same colours on black paper, where a small gradient sinks into the dark instead of into the white."""

import numpy as np

import tinygrad_rnn as tg


def picture():
    rng = np.random.default_rng(0)
    net = tg.nn.Stacked([tg.nn.GRUCell(3, 8, rng=rng), tg.nn.GRUCell(8, 8, rng=rng), tg.nn.GRUCell(8, 8, rng=rng)])
    hs, _ = net(rng.standard_normal((1, 40, 3)))
    return tg.draw((hs[-1] ** 2).sum(), detail="cell", theme="dark", title="Three layers of GRU, forty steps")
