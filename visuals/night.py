"""For a dark room: the same ramp on black paper, where the large gradients shine and the small ones sink into the dark."""

import numpy as np

import tinygrad_rnn as tg


def picture():
    rng = np.random.default_rng(0)
    net = tg.nn.Stacked([tg.nn.GRUCell(3, 8, rng=rng), tg.nn.GRUCell(8, 8, rng=rng), tg.nn.GRUCell(8, 8, rng=rng)])
    hs, _ = net(rng.standard_normal((1, 40, 3)))
    return tg.draw((hs[-1] ** 2).sum(), detail="cell", theme="dark", title="Three layers of GRU, forty steps")
