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
# Lesson 07 looked at untrained cells. But a gradient that arrives is only a chance to learn. Who takes it?
#
# Here is a task for that. Fifty numbers between 0 and 1 come one by one. Two of them carry a mark. At the end the network shall say the sum
# of these two. We measure the mean squared error, MSE. Whoever always answers 1, the mean, has an MSE of 1/6 = 0.167. A plain RNN, an
# LSTM and a cell called GRU, each with 8 units, learn from 400 batches of 32 sequences.

# %%
lesson.predict("How small is the MSE of the best of the three after 400 batches? (Always answering 1: 0.167)")

# %% [markdown]
# ## The adding problem
# The task goes back to Hochreiter and Schmidhuber (1997, experiment 4). The first mark is near the beginning. So the network has to hold a
# number for dozens of steps, and the numbers without a mark must not disturb it.

# %%
STEPS = 12 if lesson.fast else 50
one = grammars.adding(np.random.default_rng(1), 1, STEPS)
out.sparks([("number", one.x[0, :, 0]), ("mark", one.x[0, :, 1])])
a, b = one.x[0, one.x[0, :, 1] == 1, 0]
out.say(f"The two numbers with a mark are {a:.3f} and {b:.3f}. The right answer is {one.y[0, 0]:.3f}.")

# %% [markdown]
# ## Exercise 1: the gated recurrent unit
# The *gated recurrent unit*, GRU for short, is simpler than the LSTM. It has one state, h, and two gates: r (reset) and z (update).
#
#     r  = sigmoid(x Wx_r + h Wh_r + b_r)
#     z  = sigmoid(x Wx_z + h Wh_z + b_z)
#     n  = tanh(x Wx_n + b_n + (r h) Wh_n)
#     h' = (1 - z) n + z h
#
# n is the candidate, the new value that might be taken. r says how much of the old h it may look at. z says how much of the old h stays,
# and 1 - z how much of n is taken. Both gates are soft, as in the LSTM. z h is the way on which a value, and a gradient, can last.
#
# Wx, Wh and b hold the parts for r, z and n side by side: `tg.split(a, 3)` cuts an array into three along its last axis. As before,
# `tg.named(r, "r")` returns r and writes the letter into the picture.


# %%
@lesson.exercise
def gru_step(x, h, Wx, Wh, b):
    """The next h (batch, hidden), from x (batch, features) and h. Wx (features, 3 hidden), Wh (hidden, 3 hidden), b (3 hidden,)."""
    raise YourTurn


# %%
sizes = {"x": (2, 3), "h": (2, 4), "Wx": (3, 12), "Wh": (4, 12), "b": (12,)}
single = {"x": (1, 1), "h": (1, 2), "Wx": (1, 6), "Wh": (2, 6), "b": (6,)}
lesson.check(gru_step, tensors(**sizes), tensors(**single))

# %% [markdown]
# ## Exercise 2: the same gate, later
# There is a second form of the GRU; PyTorch has it. It multiplies h by Wh first, and r acts on what comes out. So h @ Wh is one product for
# all three parts, which is faster. One line changes:
#
#     n  = tanh(x Wx_n + b_n + r (h Wh_n))
#
# (PyTorch also adds a second bias to h Wh_n. Leave it out here.) The two forms look alike, but they are two different cells: weights
# that were learned in one mean something else in the other.


# %%
@lesson.exercise
def gru_step_after(x, h, Wx, Wh, b):
    """The next h, with r applied after the product with Wh_n. Shapes as above."""
    raise YourTurn


# %%
lesson.check(gru_step_after, tensors(**sizes), tensors(**single))
given = tensors(**sizes)(np.random.default_rng(0))
gap = np.abs(gru_step(**given).data - gru_step_after(**given).data).max()
out.say(f"With the same x, h and weights the new h of the two forms differs by up to {gap:.2f}.")

# %% [markdown]
# ## Your cells, drawn
# As in lesson 07, a cell is whatever has `initial_state` and `step`. This one takes its first weights from the package's GRU; its step is
# your function. In the picture, look for r: on the left it multiplies h, before the product with Wh. On the right it comes after.


# %%
class Mine(tg.nn.Module):
    def __init__(self, rule, features, rng):
        made = tg.nn.GRUCell(features, 8, rng=rng)
        self.rule, self.Wx, self.Wh, self.b = rule, made.Wx, made.Wh, made.b

    def initial_state(self, batch):
        return (tg.Tensor(np.zeros((batch, 8)), name="h0"),)

    def step(self, x, state):
        return (tg.named(self.rule(x, *state, self.Wx, self.Wh, self.b), "h"),)


drawings = []
for rule, title in ((gru_step, "r before Wh"), (gru_step_after, "r after Wh, as in PyTorch")):
    rng = np.random.default_rng(0)  # the same weights and words for both
    hs, _ = tg.nn.unroll(Mine(rule, 3, rng), rng.standard_normal((1, 2, 3)))
    drawings.append(tg.draw((hs[-1] ** 2).sum(), detail="cell", open=2, title=title))
lesson.picture(tg.draw.compare(drawings, title="A GRU in its two forms: step 2 is opened", across=True), "gru")

# %% [markdown]
# ## The race
# Four cells: RNN, LSTM and both forms of the GRU. They get the same batches, the same optimizer (Adam, learning rate 0.01) and clipped
# gradients (lesson 06). The LSTM may start with forget bias 3, the good one of lesson 07. Before and after training we ask lesson 05's
# question: what share of the gradient does one step back keep, on average? The MSE is measured on 1,000 new sequences.


# %%
CELLS = {
    "RNN": lambda n, rng: tg.nn.RNNCell(n, 8, rng=rng),
    "LSTM, forget bias 3": lambda n, rng: tg.nn.LSTMCell(n, 8, rng=rng, forget_bias=3.0),
    "GRU, r before": lambda n, rng: Mine(gru_step, n, rng),
    "GRU, r after": lambda n, rng: Mine(gru_step_after, n, rng),
}


def raced(name, features, task, measure, updates, classes=1):
    """(loss curve, kept per step before and after, MSE or share right on 1,000 new sequences) of one cell."""
    cell = CELLS[name](features, np.random.default_rng(0))
    net = tg.nn.SequenceClassifier(None, cell, tg.nn.Linear(8, classes, rng=np.random.default_rng(1)))
    test = task(np.random.default_rng(2), 1000, STEPS)

    def loss_of(net, data):
        return measure(net(data.x), data.y)

    def kept():
        norms = tg.probe.gradient_by_step(loss_of(net, test), None)  # None: of all states together, so h and c
        return (norms[0] / norms[-1]) ** (1 / (STEPS - 1))

    before, rng = kept(), np.random.default_rng(3)
    batches = [task(rng, 32, STEPS) for _ in range(updates)]
    history = tg.train.fit(net, loss_of, batches, tg.optim.Adam(net.parameters(), lr=0.01), updates=updates, clip=1.0)
    y = net(test.x).data
    score = ((y - test.y) ** 2).mean() if classes == 1 else (y.argmax(axis=1) == test.y).mean()
    return history.loss.reshape(-1, 10).mean(axis=1), before, kept(), float(score)


updates = 10 if lesson.fast else 400
race = {name: raced(name, 2, grammars.adding, tg.functional.mse_loss, updates) for name in CELLS}
out.heading("The loss while they learn, on a scale of powers of ten")
out.sparks([(name, curve) for name, (curve, *_) in race.items()], log=True)
out.table(
    [[name, f"{before:.2f}", f"{after:.2f}", f"{mse:.4f}"] for name, (_, before, after, mse) in race.items()],
    ["cell", "kept before", "kept after", "MSE"],
)
if lesson.fast:
    out.say("(--fast: short sequences and 10 batches, too little to learn anything. The full run is the lesson.)")

# %% [markdown]
# ## The number

# %%
lesson.result(race["GRU, r before"][-1], "MSE of your GRU on 1,000 new sequences", grammars.known("adding").guess, "always 1")

# %% [markdown]
# ## Another race
# So is the GRU the better cell? Take another task of the same length. Among other symbols there is an X or a Y at one place, and an X or a
# Y at a later place. Which two were they, in order? There are four answers, so guessing is right in 0.25 of the cases. (The task is
# experiment 6a of Hochreiter and Schmidhuber 1997, simplified as in Pascanu, Mikolov and Bengio 2013.)

# %%
updates = 10 if lesson.fast else 300
rivals = ("LSTM, forget bias 3", "GRU, r before")
order = [raced(name, 6, grammars.temporal_order, tg.functional.cross_entropy, updates, 4)[-1] for name in rivals]
out.heading("Another race: temporal order")
out.table([[name, f"{right:.3f}"] for name, right in zip(rivals, order)], ["cell", "share right"])

# %%
lstm, gru = (race[name] for name in rivals)
lesson.wrong(
    "More gates are better. And the cell that keeps most of the gradient before training will learn best.",
    f"Before training a step of the LSTM keeps {lstm[1]:.2f} of the gradient, a step of the GRU {gru[1]:.2f}. Yet after "
    f"{len(lstm[0]) * 10} batches of adding their errors are {lstm[-1]:.4f} and {gru[-1]:.4f}; now the GRU keeps {gru[2]:.2f}. In temporal "
    f"order the LSTM is right in {order[0]:.2f} of the cases, the GRU in {order[1]:.2f}. Neither the number of gates nor the first "
    "gradient names the winner of both races. Run one on your own task.",
)

# %% [markdown]
# ## Three questions

# %%
ones = np.ones((1, 1))
held = gru_step(ones, 0.5 * ones, np.zeros((1, 3)), np.zeros((1, 3)), np.array([0.0, 100.0, 0.0]))
lesson.quiz(
    Question(
        "From lesson 07: an LSTM with forget bias 3 and all weights 0. What share of c does one step keep, to two digits?",
        round(tg.sigmoid(3.0).item(), 2),
        {3: "That is the bias; the gate is sigmoid of it.", 0.5: "That is forget bias 0."},
    ),
    Question(
        "In one step of a GRU, z is 1. Before the step h was 0.5. What is h after it?",
        held.item(),
        {0: "With z = 1 all of the old h stays.", 1: "z is not the new value but a share: how much of h stays."},
    ),
    Question(
        "An LSTM with 2 features and 8 units has 352 numbers in Wx, Wh and b. How many has a GRU of the same size?",
        sum(p.data.size for p in Mine(gru_step, 2, rng).parameters()),
        {352: "It has three parts, r, z and n, instead of four.", 176: "r and z have weights, but n has some as well."},
    ),
)
lesson.end()
