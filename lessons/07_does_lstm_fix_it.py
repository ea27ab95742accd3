# %% [markdown]
# # 07 Does LSTM fix it
#
# **Does an LSTM keep gradients by design?**
#
# 25 minutes. You need: lesson 06.

# %%
from course import Lesson, Question, YourTurn, tensors

import numpy as np

import tinygrad_rnn as tg

lesson = Lesson("07")
out = lesson.out

# %% [markdown]
# ## Guess first
# The gradient of a plain RNN vanishes because each step back goes through a matrix and a tanh. The LSTM, *long short-term memory*, was
# built against that. Besides h it carries a second state, and a *forget gate* decides how much of that is kept. The *forget bias* is the
# number from which this gate starts before it has learned anything. In PyTorch it lies around 0. Many texts say that LSTMs have no
# vanishing gradients.

# %%
lesson.predict(
    "A plain RNN of 32 units keeps about 0.4 of its gradient at every step back. How much does an LSTM with forget bias 0 keep?"
)

# %% [markdown]
# ## Two states and three gates
#     a       = x Wx + h Wh + b     four times as wide as h; cut into four parts a_i, a_f, a_g, a_o
#     i, f, o = sigmoid(a_i), sigmoid(a_f), sigmoid(a_o)     three gates: input, forget, output
#     g       = tanh(a_g)           the candidate: what might be remembered
#     c'      = f c + i g           the cell state: what is remembered
#     h'      = o tanh(c')          the hidden state: what is shown, to the next step and to the outside
#
# sigmoid looks like tanh, but lies between 0 and 1. A *gate* is such a number for every unit, and it multiplies something: near 0 it is
# shut, near 1 it is open. It is soft, not a switch: every value between is possible. Each gate reads both x and h. The forget gate and
# the input gate make the new c. The output gate only decides how much of c is shown: it makes h, not c.
#
# ## Exercise 1: one step
# `tg.split(a, 4)` cuts a into four equal parts. Use `tg.sigmoid` and `tg.tanh`. If you like, write `f = tg.named(..., "f")`: it returns
# the same f, and the picture gets the letter. All products of gates and states are entry by entry.


# %%
@lesson.exercise
def lstm_step(x, h, c, Wx, Wh, b):
    """The new (h, c), Tensors (batch, hidden), in this order. x (batch, features), Wx (features, 4 hidden), Wh (hidden, 4 hidden)."""
    raise YourTurn


# %%
def sizes(batch, features, hidden):
    return tensors(
        x=(batch, features), h=(batch, hidden), c=(batch, hidden),
        Wx=(features, 4 * hidden), Wh=(hidden, 4 * hidden), b=(4 * hidden,),
    )  # fmt: skip


lesson.check(lstm_step, sizes(2, 3, 4), sizes(1, 1, 1), sizes(3, 2, 5))

# %% [markdown]
# ## Flags
# What is a cell state good for? A unit of it can be a *flag*. In "Alice and Tom often sing", the word "Alice" raises a flag: a woman. "and"
# raises another: there are several. Both shall stay up until the full stop, and "several" tells whether "sing" or "sings" comes next.
#
# Here is such a cell with two units. Its weights are not learned, we set them by hand. Its output gate opens at "often", where the verb
# comes next.

# %%
words = ["Alice", "and", "Tom", "often", "sing", ".", "Tom", "often", "sings"]
ids = {word: k for k, word in enumerate(dict.fromkeys(words))}
Wx, b = np.zeros((len(ids), 8)), np.repeat([-4.0, 4.0, 0.0, -4.0], 2)  # i shut, f open, g nothing, o shut; woman, several
for word, columns, value in (
    ("Alice", 0, 8),
    ("Alice", 4, 4),
    ("and", 1, 8),
    ("and", 5, 4),
    (".", [2, 3], -8),
    ("often", [6, 7], 8),
):
    Wx[ids[word], columns] += value
rows, h, c = [], tg.Tensor(np.zeros((1, 2))), tg.Tensor(np.zeros((1, 2)))
for word in words:
    h, c = lstm_step(tg.Tensor(np.eye(len(ids))[[ids[word]]]), h, c, tg.Tensor(Wx), tg.Tensor(np.zeros((2, 8))), tg.Tensor(b))
    rows.append([word, *(f"{v:.3f}" for v in (*c.numpy()[0], *h.numpy()[0]))])
out.heading("Two flags, as your lstm_step carries them")
out.table(rows, ["word", "c: woman", "c: several", "h: woman", "h: several"])

# %% [markdown]
# c holds the flags all the time. h shows them only at "often": before "sing" the flag "several" is up, before "sings" it is down. And you
# see that gates are soft. The flags sink a little at every word: an open gate is sigmoid(4) here, which is less than 1. And a shut gate
# lets a little through.
#
# ## Along c
# Now the gradient. Take c' = f c + i g. One step back along c multiplies the gradient by f, and by nothing else: no matrix, no tanh.
# Over n steps it is multiplied by f n times. In an untrained cell f lies around sigmoid(forget bias).
#
# ## Exercise 2: choose the forget bias
# Say we want a certain share of the gradient to be left after n steps. Which forget gate f does that, if f to the power n is the share?
# And which bias b makes that f? For the second question sigmoid has to be undone: from f = sigmoid(b) follows b = log(f / (1 - f)).


# %%
@lesson.exercise
def bias_to_keep(share, steps):
    """The forget bias with which, along c alone, `share` (between 0 and 1) of a gradient is left after so many steps."""
    raise YourTurn


# %%
lesson.check(bias_to_keep, lambda rng: {"share": 0.3, "steps": 20}, lambda rng: {"share": 0.5, "steps": 1})
halves = {steps: bias_to_keep(0.5, steps) for steps in (1, 5, 20, 100)}
out.say(f"Forget bias that keeps a half: {', '.join(f'{b:.2f} over {steps}' for steps, b in halves.items())} steps.")


# %% [markdown]
# ## Measured
# c is not the only path back: h, the gates and the candidate make others. So let us measure, as in lesson 06. Your step becomes a cell with
# 64 features, 32 units and untrained weights. It reads 100 random words; the loss is the sum of the last h. Whatever has the two methods
# below can be unrolled, measured and drawn.


# %%
class YourLSTM:
    def __init__(self, bias, rng):
        drawn = tg.nn.LSTMCell(64, 32, rng=rng, forget_bias=bias)
        self.weights = (drawn.Wx, drawn.Wh, drawn.b)

    def initial_state(self, batch):
        return tg.Tensor(np.zeros((batch, 32)), name="h0"), tg.Tensor(np.zeros((batch, 32)), name="c0")

    def step(self, x, state):
        h, c = lstm_step(x, *state, *self.weights)
        return tg.named(h, "h"), tg.named(c, "c")


def loss_of(bias, steps=100):
    """The loss of an LSTM with that forget bias; with None, of a plain RNN."""
    rng = np.random.default_rng(0)
    cell = tg.nn.RNNCell(64, 32, rng=rng) if bias is None else YourLSTM(bias, rng)
    return tg.nn.unroll(cell, rng.standard_normal((4, steps, 64)))[0][-1].sum()


strips, rows, factor, cut = [], [], {}, {}
chosen = halves[20]
for name, bias in (("RNN", None), ("bias 0", 0.0), ("bias 1", 1.0), ("bias 3", 3.0), ("bias 5", 5.0), ("your half", chosen)):
    loss = loss_of(bias)
    norms = tg.probe.gradient_by_step(loss, "h" if bias is None else "c")  # of the state that carries it
    factor[bias], cut[bias] = (norms[0] / norms[-1]) ** (1 / 99), tg.probe.truncation(loss, 10, "Wh").cosine[0]
    strips.append((name, norms / norms[-1]))
    rows.append([name, f"{factor[bias]:.3f}", f"{norms[-21] / norms[-1]:.2g}", f"{norms[0] / norms[-1]:.0e}", f"{cut[bias]:.3f}"])
out.heading("How much of the gradient is left, from word 1 to word 100")
out.sparks(strips, log=True)
out.table(rows, ["cell", "per step", "20 back", "99 back", "cut at 10"])
out.say(f"Your bias for a half over 20 steps, {chosen:.2f}, leaves {rows[-1][2]} after 20: other paths play a part too. The last column "
        "is lesson 06's cosine between the gradient of Wh, cut after 10 steps, and the full one. Where the forget gate is open, much "
        "comes from far back, and a cut loses it.")  # fmt: skip

# %% [markdown]
# So much depends on where the forget gate starts. PyTorch starts it around 0, `tg.nn.LSTMCell` at 1, as Jozefowicz, Zaremba and Sutskever
# (2015, abstract) advise. Wide open is not the aim: the gate must be able to shut where something is to be forgotten, as at the full stop.

# %%
drawings = [tg.draw(loss_of(0.0, 41), detail="cell", open=40, title="forget bias 0: step 40 is opened")]
drawings += [tg.draw(loss_of(bias, 41), detail="cell", title=f"forget bias {bias:g}") for bias in (1.0, 3.0, 5.0)]
lesson.picture(tg.draw.compare(drawings, title="Your lstm_step, 41 times", scale=(-8, 2)), "lstm")

# %% [markdown]
# ## The number

# %%
lesson.result(
    factor[0.0],
    "share of the gradient kept at every step back: of dL/dc in an LSTM with forget bias 0, of dL/dh in the RNN",
    factor[None],
    "a plain RNN",
)

# %%
lesson.wrong(
    "The LSTM solves the problem of vanishing gradients.",
    f"With forget bias 0 it keeps {factor[0.0]:.3f} per step, since its forget gates are half shut: sigmoid(0) = 0.5. With bias 1 it keeps "
    f"{factor[1.0]:.3f}, with bias 3 {factor[3.0]:.3f}. The path along c is there by design. The forget bias opens it.",
)

# %% [markdown]
# ## Three questions


# %%
def one_unit(i=0.0, f=0.0, g=0.0, o=0.0, c=1.4):
    """h and c of your lstm_step with one unit, from biases alone: 50 opens a gate, -50 shuts it, 0 is one half."""
    zero, no_weights = tg.Tensor(np.zeros((1, 1))), tg.Tensor(np.zeros((1, 4)))
    h, c = lstm_step(zero, zero, zero + c, no_weights, no_weights, tg.Tensor([i, f, g, o]))
    return h.item(), c.item()


shut = {name: one_unit(g=1.0, **{gate: -50.0})[1] for name, gate in (("input", "i"), ("forget", "f"), ("output", "o"))}
lesson.quiz(
    Question(
        "From lesson 06: the way back of the LSTM with forget bias 0 is cut after 10 of 100 steps. The cosine with the full gradient?",
        round(cut[0.0], 2),
        {0.1: "That is the share of the steps. Nearly all of the gradient comes from the last few.", 0: "The last steps remain."},
    ),
    Question(
        "Which gate has to be shut, so that nothing of g gets into c?",
        next(name for name, c in shut.items() if np.isclose(c, 0.5 * 1.4)),
        {"forget": "It stops the old c. The new is i g.", "output": "It hides c from the outside; c itself does not change."},
    ),
    Question(
        "c = 1.4, f = 0.5, i = 0.5, g = 0, and the output gate is shut: o = 0. What is the new c?",
        one_unit(o=-50.0)[1],
        {0: "That is the new h. The output gate makes h, not c.", 1.4: "The forget gate is half shut, so half of c is kept."},
    ),
)
lesson.end()
