"""A diamond: a goes two ways; 3 comes back on the one and 2 on the other, and they add up: the derivative of a is 5."""

import tinygrad_rnn as tg


def picture():
    w = tg.Tensor(1.0, requires_grad=True, name="w")
    a = tg.named(w + 2.0, "a")
    b, c = tg.named(a * 3.0, "b"), tg.named(a * 2.0, "c")
    return tg.draw(b + c, title="A diamond: what comes back on both ways adds up")
