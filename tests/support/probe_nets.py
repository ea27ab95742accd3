"""Networks that the tests of the probes run on: every kind of the package, and a cell as a learner writes it."""

import numpy as np

import tinygrad_rnn as tg
from tinygrad_rnn import nn

BATCH, STEPS, INPUTS, HIDDEN = 2, 5, 3, 4


class OwnCell:
    """A leaky cell with a gate and two states, which inherits nothing and names nothing but its states and its gate."""

    def __init__(self, features, hidden, rng):
        self.U, self.V, self.W = (
            tg.Tensor(rng.standard_normal(shape), requires_grad=True, name=name)
            for name, shape in (("U", (features, hidden)), ("V", (hidden, hidden)), ("W", (hidden, hidden)))
        )

    def initial_state(self, batch):
        return tuple(tg.Tensor(np.zeros((batch, len(self.W.data)))) for _ in range(2))

    def step(self, x, state):
        h, slow = state
        slow = tg.named(0.9 * slow + 0.1 * tg.tanh(x @ self.U + h @ self.W), "slow")
        q = tg.named(tg.sigmoid(x @ self.U + slow @ self.V), "q")
        return tg.named(q * h + (1.0 - q) * slow, "h"), slow


CELLS = {
    "RNN": lambda rng: nn.RNNCell(INPUTS, HIDDEN, rng=rng),
    "LSTM": lambda rng: nn.LSTMCell(INPUTS, HIDDEN, rng=rng),
    "GRU": lambda rng: nn.GRUCell(INPUTS, HIDDEN, rng=rng),
    "GRU, paper": lambda rng: nn.GRUCell(INPUTS, HIDDEN, rng=rng, reset_after=False),
    "peephole": lambda rng: nn.PeepholeLSTMCell(INPUTS, HIDDEN, rng=rng),
    "layer norm": lambda rng: nn.LSTM(INPUTS, HIDDEN, layer_norm=True, rng=rng),
    "own": lambda rng: OwnCell(INPUTS, HIDDEN, rng),
}
NETS = {
    **CELLS,
    "two layers": lambda rng: nn.GRU(INPUTS, HIDDEN, num_layers=2, dropout=0.2, recurrent_dropout=0.2, rng=rng),
    "both ways": lambda rng: nn.LSTM(INPUTS, HIDDEN, num_layers=2, bidirectional=True, rng=rng),
    "projected once": lambda rng: nn.LSTM(INPUTS, HIDDEN, project_once=True, rng=rng),
    "grid": lambda rng: nn.GridLSTM(INPUTS, HIDDEN, 2, rng=rng),
}
CHOICES = {"two layers": {"layer": 2}, "both ways": {"layer": 2, "direction": -1}, "grid": {"layer": 2}}


def data(steps=STEPS, seed=3):
    return np.random.default_rng(seed).standard_normal((BATCH, steps, INPUTS))


def run(name, steps=STEPS, requires_grad=False, seed=0):
    """A net, its outputs, one a step, and a loss that reads all of them."""
    net = NETS[name](np.random.default_rng(seed))
    x = tg.Tensor(data(steps), requires_grad=requires_grad, name="x")
    hs, _ = nn.unroll(net, x)
    weights = np.random.default_rng(7).standard_normal((steps, *hs[0].shape))
    loss = tg.Tensor(0.0)
    for h, w in zip(hs, weights, strict=True):
        loss = loss + (h * w).sum()
    return net, x, hs, loss


def simple(kind, W, U, steps, rng):
    """h_t = f(h_{t-1} W + x_t U) over random inputs: the last state's sum, and the states."""
    f = {"tanh": tg.tanh, "sigmoid": tg.sigmoid, "relu": tg.relu, "linear": lambda a: a}[kind]
    W, U = tg.Tensor(W, requires_grad=True, name="W"), tg.Tensor(U, requires_grad=True, name="U")
    h, hs = tg.Tensor(np.zeros((BATCH, W.shape[0]))), []
    for t in range(1, steps + 1):
        with tg.time_step(t):
            h = tg.named(f(tg.Tensor(rng.standard_normal((BATCH, U.shape[0]))) @ U + h @ W), "h")
        hs.append(h)
    return h.sum(), hs
