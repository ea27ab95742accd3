"""The plots of the gallery, each of a measurement that is made here.

A plot is a function of the theme; its docstring says what to look at. What is trained is one small LSTM, on the task temporal order.
"""

from functools import cache

import numpy as np

import tinygrad_rnn as tg

STEPS, HIDDEN, FEATURES, SEEDS = 60, 32, 3, 10


def cell_of(kind, rng, hidden=HIDDEN):
    """A fresh cell, by the name that the plots use."""
    if kind == "GRU":
        return tg.nn.GRUCell(FEATURES, hidden, rng=rng)
    if kind.startswith("LSTM"):
        return tg.nn.LSTMCell(FEATURES, hidden, rng=rng)
    cell = tg.nn.RNNCell(FEATURES, hidden, rng=rng)
    cell.Wh.data = tg.nn.init.scale_to_spectral_radius(rng.standard_normal((hidden, hidden)), float(kind.split()[-1]))
    return cell


def run(cell, steps, batch=1, seed=0):
    """The inputs (batch, time, features) and the states of a cell that reads noise."""
    x = tg.Tensor(np.random.default_rng(seed).standard_normal((batch, steps, FEATURES)), requires_grad=True)
    return x, tg.nn.unroll(cell, x)[0]


def gradient_norms(theme="light"):
    """Untrained cells, ten of each kind, with the same loss at the last step; s is all that a cell hands on. A straight line is a
    constant factor a step; where a curve enters the grey, the early steps no longer count in float32. A spectral radius of 1.5 does
    not explode: tanh saturates."""

    def norms(kind, seed):
        _, hs = run(cell_of(kind, np.random.default_rng(seed)), STEPS, seed=100 + seed)
        return tg.probe.gradient_by_step((hs[-1] ** 2).sum(), role=None)  # all that is handed on: of an LSTM h and c

    kinds = "RNN, radius 0.5", "RNN, radius 0.9", "RNN, radius 1.5", "GRU", "LSTM"
    curves = {kind: [norms(kind, seed) for seed in range(SEEDS)] for kind in kinds}
    return tg.plots.gradient_norms(curves, what="‖∂L/∂sₜ‖", theme=theme)


def jacobian_map(theme="light"):
    """Row t, column s: how much the state after step t depends on the input of step s. The diagonal is the present, the lower left
    corner the far past. What is hatched cannot depend on it: no path leads from a later input to an earlier state."""

    def sizes(kind):
        x, hs = run(cell_of(kind, np.random.default_rng(0), hidden=16), 24, batch=8)
        return tg.probe.connectivity(hs, x)

    return tg.plots.jacobian_map({kind: sizes(kind) for kind in ("RNN, radius 0.9", "LSTM", "GRU")}, theme=theme)


def singular_values(theme="light"):
    """Left, what one step does to a gradient: directions above 1 grow, directions below 1 shrink. Right, all steps together: the
    bound takes the worst direction and the steepest slope at every step, and the product of the steps does not."""
    _, hs = run(cell_of("RNN, radius 0.9", np.random.default_rng(0)), 30)
    loss = (hs[-1] ** 2).sum()
    values = tg.probe.singular_values(tg.probe.step_jacobians(loss))
    return tg.plots.singular_values(values, tg.probe.bound(loss), theme=theme)


def truncation(theme="light"):
    """How much of a gradient is lost if backpropagation through time is cut after k steps. An RNN with a loss at every step: the
    direction is right before the length is."""
    rng = np.random.default_rng(0)
    _, hs = run(cell_of("RNN, radius 1.1", rng), 40, batch=4)
    targets = rng.standard_normal((40, 4, HIDDEN)) / 2
    loss = sum(((h - target) ** 2).mean() for h, target in zip(hs, targets, strict=True))
    return tg.plots.truncation(tg.probe.truncation(loss), theme=theme)


@cache
def trained():
    """(model, history, held-out data): an LSTM that tells which two letters stood at two places of 30, and in which order."""
    rng = np.random.default_rng(0)
    model = tg.nn.SequenceClassifier(None, tg.nn.LSTMCell(6, 16, rng=rng), tg.nn.Linear(16, 4, rng=rng))
    held_out = tg.data.grammars.temporal_order(np.random.default_rng(1), 256, 30)

    def loss_of(model, data):
        return tg.functional.cross_entropy(model(data.x), data.y)

    def batches(rng):
        return [tg.data.grammars.temporal_order(rng, 32, 30) for _ in range(50)]

    def evaluate(model):
        return {"held out": loss_of(model, held_out).item()}

    adam = tg.optim.Adam(model.parameters(), lr=0.01)
    settings = {"updates": 300, "clip": 1.0, "evaluate": evaluate, "every": 25, "rng": rng, "progress": False}
    return model, tg.train.fit(model, loss_of, batches, adam, **settings), held_out


def training(theme="light"):
    """Loss, gradient norm and learning rate of the LSTM that the next two plots look into."""
    return tg.plots.training(trained()[1], theme=theme)


def gates(theme="light"):
    """The gates of the trained LSTM on one sequence: two columns differ from their neighbours, the steps of the two letters that
    matter. Below, a unit near the top left corner would be open all of the time, one near the lower right shut."""
    model, _, data = trained()
    loss = tg.functional.cross_entropy(model(data.x), data.y)
    return tg.plots.gates(tg.probe.gates(loss), example=first_of(data, "XY"), theme=theme)


def trajectory(theme="light"):
    """The hidden state of the trained LSTM on one sequence of each class. Two ways part at the first letter that matters, and each
    parts again at the second; the distractors between them only make it tremble."""
    model, _, data = trained()
    chosen = [first_of(data, name) for name in data.classes]
    hs, _ = tg.nn.unroll(model.layer, data.x[chosen])
    return tg.plots.trajectory([h.data for h in hs], data.classes, theme=theme)


def first_of(data, name):
    """The first sequence of a class."""
    return int(np.flatnonzero(data.y == data.classes.index(name))[0])


def landscape(theme="light"):
    """The loss of one neuron with two parameters after 50 steps (after Pascanu, Mikolov and Bengio 2013, figure 6): nearly flat on
    both sides of a wall. A plain gradient step from the wall lands far away; a clipped one goes in the same direction, less far."""

    def loss(p):
        h = tg.Tensor(0.0)
        for _ in range(50):
            h = tg.sigmoid(p[0] * h + p[1])
        return (h - 0.7) ** 2

    def descend(clip):
        p = tg.Tensor(np.array([5.0, -2.4]), requires_grad=True)
        points = [p.data.copy()]
        descent = tg.optim.SGD([p], lr=0.9)
        for _ in range(40):
            descent.zero_grad()
            loss(p).backward()
            tg.optim.clip_grad_norm_([p], clip)
            descent.step()
            points.append(p.data.copy())
        return points

    plane = tg.probe.landscape(
        lambda p: loss(tg.Tensor(p)), np.zeros(2), np.eye(2), extent=((3.8, 5.8), (-2.9, 1.5)), points=(61, 111)
    )
    paths = {"plain": descend(np.inf), "clipped to 0.12": descend(0.12)}
    return tg.plots.landscape(plane, paths, names=("recurrent weight w", "bias b"), theme=theme)


def activation_memory(theme="light"):
    """What the graph of an LSTM keeps until the backward pass, for 30 steps and a batch of 16: every step but the first costs the
    same, so that memory grows with the length of the sequence."""
    _, hs = run(cell_of("LSTM", np.random.default_rng(0)), 30, batch=16)
    return tg.plots.activation_memory(tg.probe.activation_memory((hs[-1] ** 2).sum()), theme=theme)


PLOTS = (
    gradient_norms, jacobian_map, singular_values, truncation, landscape, training, gates, trajectory, activation_memory,
)  # fmt: skip
