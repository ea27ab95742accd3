"""A network of two layers without time: the same drawing for any small graph, read in lines that turn at the end."""

import numpy as np

import tinygrad_rnn as tg


def picture():
    rng = np.random.default_rng(0)
    first, second = tg.nn.Linear(3, 8, rng=rng), tg.nn.Linear(8, 2, rng=rng)
    x = tg.Tensor(rng.standard_normal((4, 3)), name="x")
    loss = tg.functional.cross_entropy(second(tg.relu(first(x))), [0, 1, 1, 0])
    return tg.draw(loss, detail="op", title="A perceptron with one hidden layer")
