# %% [markdown]
# # 08 GRU and the adding problem
#
# **Which cell wins, and can I tell beforehand?**
#
# 25 minutes. You need: lesson 07 (gates, the forget bias) and lesson 05 (what a step leaves of a gradient).

# %%
from course import Lesson, Question, YourTurn, tensors

import numpy as np

import tinygrad_rnn as tg
from tinygrad_rnn.data import grammars

lesson = Lesson("08")
out = lesson.out

# %% [markdown]
# ## Guess first
# Fifty numbers between 0 and 1 come one by one. Two of them carry a mark, and the sum of these two is asked at the end. Who always
# answers 1 has a mean squared error (MSE) of 1/6 = 0.167. An RNN, an LSTM and a GRU, 8 units each, learn from 400 batches.

# %%
lesson.predict("After 400 batches: how small is the MSE of the best of the three?")

# %% [markdown]
# ## The adding problem
# It goes back to Hochreiter and Schmidhuber (1997, experiment 4). The first mark stands near the beginning, so a network has to hold
# a number over dozens of steps, and 48 numbers that do not matter must not touch it.

# %%
STEPS = 12 if lesson.fast else 50
one = grammars.adding(np.random.default_rng(1), 1, STEPS)
out.sparks([("number", one.x[0, :, 0]), ("mark", one.x[0, :, 1])])
out.say(f"Asked: {one.y[0, 0]:.3f}. All that matters is the number above each of the two marks.")

# %% [markdown]
# ## Exercise 1: the gated recurrent unit
# GRU for short. An LSTM has two states and three gates. A GRU has h alone, and two gates: r (reset) and z (update).
#
#     r, z = sigmoid(x Wx_r + h Wh_r + b_r), sigmoid(x Wx_z + h Wh_z + b_z)
#     n    = tanh(x Wx_n + b_n + (r h) Wh_n)
#     h'   = (1 - z) n + z h
#
# r says how much of the old h the new value n may look at. z says how much of the old h stays. Both are soft: any value between 0 and 1.
# Wx, Wh and b hold the parts for r, z, n side by side: `tg.split(a, 3)` cuts the last axis into three. `tg.named(r, "r")` returns
# r and writes its letter into pictures.


# %%
@lesson.exercise
def gru_step(x, h, Wx, Wh, b):
    """The next h (batch, hidden) of x (batch, features), h; Wx (features, 3 hidden), Wh (hidden, 3 hidden), b (3 hidden)."""
    raise YourTurn


# %%
sizes = {"x": (2, 3), "h": (2, 4), "Wx": (3, 12), "Wh": (4, 12), "b": (12,)}
single = {"x": (1, 1), "h": (1, 2), "Wx": (1, 6), "Wh": (2, 6), "b": (6,)}
lesson.check(gru_step, tensors(**sizes), tensors(**single))

# %% [markdown]
# ## Exercise 2: the same gate, later
# PyTorch writes one line otherwise. It multiplies by Wh first and resets what comes out, so h @ Wh is one product for all three parts:
#
#     n    = tanh(x Wx_n + b_n + r (h Wh_n))
#
# (It also adds a second b inside the brackets. That starts at 0; leave it out.) The same weights mean something else in the other form.


# %%
@lesson.exercise
def gru_step_after(x, h, Wx, Wh, b):
    """The next h, with r applied after the product with Wh_n. Shapes as above."""
    raise YourTurn


# %%
lesson.check(gru_step_after, tensors(**sizes), tensors(**single))
given = tensors(**sizes)(np.random.default_rng(0))
gap = np.abs(gru_step(**given).data - gru_step_after(**given).data).max()
out.say(f"Same x, same h, same weights: the two forms differ by up to {gap:.2f}.")

# %% [markdown]
# ## Your cells, drawn
# A cell is whatever has `initial_state` and `step`. This one has the weights of the package's GRU and steps by your function.


# %%
class Mine(tg.nn.Module):
    def __init__(self, rule, features, rng):
        made = tg.nn.GRUCell(features, 8, rng=rng)
        self.rule, self.Wx, self.Wh, self.b = rule, made.Wx, made.Wh, made.b

    def initial_state(self, batch):
        return (tg.Tensor(np.zeros((batch, 8)), name="h0"),)

    def step(self, x, state):
        return (tg.named(self.rule(x, *state, self.Wx, self.Wh, self.b), "h"),)


rng = np.random.default_rng(0)
drawings = [
    tg.draw((tg.nn.unroll(Mine(rule, 3, rng), rng.standard_normal((1, 2, 3)))[0][-1] ** 2).sum(), detail="op", title=title)
    for rule, title in ((gru_step, "r before Wh"), (gru_step_after, "r after Wh, as in PyTorch"))
]
lesson.picture(tg.draw.compare(drawings, title="A GRU in its two forms, two steps"), "gru")

# %% [markdown]
# ## The race
# Same batches, same optimizer (Adam, 0.01, gradients clipped at norm 1), four cells. Before and after, lesson 05's question: what share
# of the gradient does a step leave, from the last step to the first?


# %%
def raced(cell, task, measure, updates, classes=1):
    """(loss curve, kept per step before and after, MSE or share right on 1,000 new sequences) of one cell."""
    net = tg.nn.SequenceClassifier(None, cell, tg.nn.Linear(8, classes, rng=np.random.default_rng(1)))
    test = task(np.random.default_rng(2), 1000, STEPS)

    def loss_of(net, data):
        return measure(net(data.x), data.y)

    def kept():
        norms = tg.probe.gradient_by_step(loss_of(net, test), None)  # None: of all states together, so h and c
        return (norms[0] / norms[-1]) ** (1 / (STEPS - 1))

    def batches(rng):
        return (task(rng, 32, STEPS) for _ in range(updates))

    before = kept()
    history = tg.train.fit(
        net, loss_of, batches, tg.optim.Adam(net.parameters(), lr=0.01), updates=updates, clip=1.0, rng=np.random.default_rng(3)
    )
    y = net(test.x).data
    score = ((y - test.y) ** 2).mean() if classes == 1 else (y.argmax(axis=1) == test.y).mean()
    return history.loss.reshape(-1, 10).mean(axis=1), before, kept(), float(score)


CELLS = {
    "RNN": lambda n, rng: tg.nn.RNNCell(n, 8, rng=rng),
    "LSTM, forget bias 3": lambda n, rng: tg.nn.LSTMCell(n, 8, rng=rng, forget_bias=3.0),
    "GRU, r before": lambda n, rng: Mine(gru_step, n, rng),
    "GRU, r after": lambda n, rng: Mine(gru_step_after, n, rng),
}
updates = 10 if lesson.fast else 400
race = {
    name: raced(cell(2, np.random.default_rng(0)), grammars.adding, tg.functional.mse_loss, updates)
    for name, cell in CELLS.items()
}
out.sparks([(name, curve) for name, (curve, *_) in race.items()], log=True)
out.table(
    [[name, f"{before:.2f}", f"{after:.2f}", f"{mse:.4f}"] for name, (_, before, after, mse) in race.items()],
    ["adding", "kept, start", "kept, end", "MSE"],
)
if lesson.fast:
    out.say("(--fast: short sequences and 10 batches, too little to learn anything. The full run is the lesson.)")

# %% [markdown]
# ## The number

# %%
lesson.result(race["GRU, r before"][-1], "MSE of your GRU on 1,000 new sequences", grammars.known("adding").guess, "always 1")

# %% [markdown]
# ## Another race
# So the GRU is the better cell? Same sizes, another task: X or Y at two places among other symbols; which came first, which second? Four
# answers. (`temporal_order`, simplified as in Pascanu, Mikolov and Bengio 2013.)

# %%
updates = 10 if lesson.fast else 300
order = {
    name: raced(CELLS[name](6, np.random.default_rng(0)), grammars.temporal_order, tg.functional.cross_entropy, updates, 4)
    for name in ("LSTM, forget bias 3", "GRU, r before")
}
out.table([[name, f"{right:.3f}"] for name, (*_, right) in order.items()], ["temporal order", "right (chance 0.25)"])

# %%
lstm, gru = race["LSTM, forget bias 3"], race["GRU, r before"]
lesson.wrong(
    "More gates are better, and the cell that keeps most of the gradient at the start learns best.",
    f"Adding: at the start a step of the LSTM keeps {lstm[1]:.2f}, one of the GRU {gru[1]:.2f}. After {len(lstm[0]) * 10} batches their "
    f"errors are {lstm[-1]:.4f} and {gru[-1]:.4f}. Temporal order: {order['LSTM, forget bias 3'][-1]:.2f} and "
    f"{order['GRU, r before'][-1]:.2f} right. Neither the number of gates nor the first gradient names the winner of both. Run the race on "
    "your own task.",
)

# %% [markdown]
# ## Three questions

# %%
ones, zeros = np.ones((1, 1)), np.zeros(3)
held = gru_step(ones, 0.5 * ones, np.zeros((1, 3)), np.zeros((1, 3)), np.array([0.0, 100.0, 0.0]))
lesson.quiz(
    Question(
        "From lesson 07: all weights 0, forget bias 3. What share of c does a step of an LSTM keep, in two digits?",
        round(tg.sigmoid(3.0).item(), 2),
        {3: "The bias goes through sigmoid.", 0.5: "That is forget bias 0."},
    ),
    Question(
        "A GRU's z is 1 in a step, and h was 0.5. What is h after it?",
        held.item(),
        {0: "z = 1 keeps all of h and takes nothing of n.", 1: "z is a share, not the new value."},
    ),
    Question(
        "An LSTM of 2 inputs and 8 units has 352 numbers in Wx, Wh and b. A GRU of the same size?",
        sum(p.data.size for p in Mine(gru_step, 2, rng).parameters()),
        {352: "One part less: r, z, n instead of i, f, g, o.", 176: "Two gates, but n has weights too."},
    ),
)
lesson.end()
