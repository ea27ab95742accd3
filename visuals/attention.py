"""Attention: the loss reads every step through a softmax, so the gradient of the first step need not travel back through time."""

import numpy as np

import tinygrad_rnn as tg


def picture():
    rng = np.random.default_rng(0)
    cell = tg.nn.RNNCell(3, 8, rng=rng)
    cell.Wh.data = tg.nn.init.scale_to_spectral_radius(cell.Wh.data, 0.4)
    query = tg.Tensor(0.5 * rng.standard_normal((8, 1)), requires_grad=True, name="q")
    hs, _ = tg.nn.unroll(cell, rng.standard_normal((1, 4, 3)))
    with tg.scope("attention"):
        scores = tg.concat([h @ query for h in hs], axis=1)
        weights = tg.named(tg.functional.softmax(scores), "α")
        context = tg.named(sum((weights[:, k : k + 1] * h for k, h in enumerate(hs[1:], 1)), weights[:, :1] * hs[0]), "context")
    return tg.draw((context**2).sum(), detail="gate", title="An RNN with attention over its steps")
