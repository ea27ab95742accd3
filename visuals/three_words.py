"""A network reads three words. Each weight is one array with a chip at every use; Wh is made small here, so its gradient fades."""

import numpy as np

import tinygrad_rnn as tg

WORDS = ["was", "not", "dull"]


def picture():
    rng = np.random.default_rng(0)
    cell, readout = tg.nn.RNNCell(len(WORDS), 8, rng=rng), tg.nn.Linear(8, 2, rng=rng)
    cell.Wh.data = tg.nn.init.scale_to_spectral_radius(cell.Wh.data, 0.4)
    hs, _ = tg.nn.unroll(cell, [tg.Tensor([row], name=word) for row, word in zip(np.eye(len(WORDS)), WORDS, strict=True)])
    loss = tg.functional.cross_entropy(readout(hs[-1]), [1])
    return tg.draw(loss, detail="op", title="An RNN reads: was not dull")
