"""Truncated backpropagation through time: h is detached at t = 4, so the losses after it cannot reach the steps before it."""

import numpy as np

import tinygrad_rnn as tg


def picture():
    rng = np.random.default_rng(0)
    cell = tg.nn.RNNCell(3, 8, rng=rng)
    state, losses = cell.initial_state(1), []
    for t in range(1, 7):
        with tg.time_step(t):
            if t == 4:
                state = tuple(part.detach() for part in state)
            state = cell.step(tg.Tensor(rng.standard_normal((1, 3)), name="x"), state)
        if t % 3 == 0:
            losses.append((state[0] ** 2).sum())
    return tg.draw(losses[0] + losses[1], detail="op", title="Truncated after three steps: two windows, two losses")
