"""A diamond: w is used twice, so two gradients come back to it, and they add up."""

import tinygrad_rnn as tg


def picture():
    w = tg.Tensor(3.0, requires_grad=True, name="w")
    a, b = tg.named(w * 2.0, "a"), tg.named(w * w, "b")
    return tg.draw(a * b, title="A diamond: the gradients of both ways add up")
