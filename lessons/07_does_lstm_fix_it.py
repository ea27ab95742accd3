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
# The gradient of a plain RNN vanishes because each step back goes through a matrix and a tanh. The LSTM (*long short-term memory*) was
# built against that. *Forget bias* is the part of b that its forget gate starts with.

# %%
lesson.predict(
    "A plain RNN of 32 units keeps four tenths of its gradient at every step back. How much does an LSTM keep whose forget bias is 0?"
)

# %% [markdown]
# ## Two states and three gates
#     a       = x Wx + h Wh + b      four times as wide as h, cut into a_i, a_f, a_g, a_o
#     i, f, o = sigmoid of a_i, a_f, a_o      the gates: input, forget, output
#     g       = tanh(a_g)            what might be remembered
#     c'      = f c + i g            the cell: what is remembered
#     h'      = o tanh(c')           what is shown, to the next step and to the outside
# A *gate* is a number from 0 to 1 for every unit that multiplies something: nearly 0 is shut, nearly 1 is open. Each reads x and h. f and
# i make the new c. o only decides how much of it is shown: it makes h, not c.
#
# ## Exercise 1: one step
# `tg.split(a, 4)` cuts into four parts; `tg.sigmoid` and `tg.tanh` record.


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
# A unit of c can be a flag. "Alice" raises one: a woman. "and" raises another: there are several. Both stay up until the full stop. Here
# such a cell is set by hand: two units, and no Wh. Its output gate opens at "often", where the verb comes next.

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
# c knows all the time, h shows it where it is asked: before "sing" several is up, before "sings" it is not. And the flags sink from word
# to word. Gates are soft: here an open one is sigmoid(4), so a little is lost at every step; a shut one lets a little through.
#
# ## Along c
# From c' = f c + i g, what does a step back along c multiply the gradient by? By f, and nothing else: no matrix, no tanh. So over many
# steps it is f, f, f ... The forget gate of an untrained cell is about sigmoid(forget bias).
#
# ## Exercise 2: choose the forget bias
# Which bias b keeps a share s over n steps, if sigmoid(b) to the power n shall be s? sigmoid turned round: if f = sigmoid(b), then
# b = log(f / (1 - f)).


# %%
@lesson.exercise
def bias_to_keep(share, steps):
    """The forget bias with which, along c alone, `share` (0 to 1) of a gradient is left after so many steps."""
    raise YourTurn


# %%
lesson.check(bias_to_keep, lambda rng: {"share": 0.3, "steps": 20}, lambda rng: {"share": 0.5, "steps": 1})
halves = {steps: bias_to_keep(0.5, steps) for steps in (1, 5, 20, 100)}
out.say(f"To keep a half: {', '.join(f'{b:.2f} over {steps}' for steps, b in halves.items())} steps.")


# %% [markdown]
# ## Measured
# Your step as a cell, 64 features, 32 units, first weights as the package draws them, 100 random words, the sum of the last h as the loss.
# Whatever has the two methods below can be unrolled, measured and drawn.


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
out.heading("What is left of the gradient, from step 1 to step 100")
out.sparks(strips, log=True)
out.table(rows, ["cell", "a step", "20 back", "99 back", "cut at 10"])
out.say(f"20 back, your half is {rows[-1][2]}. There are paths through h and the gates besides the one along c. The last column is "
        "lesson 06's cosine: Wh's gradient, cut after 10 steps, beside the full one. Where the gate is open, a cut costs.")  # fmt: skip

# %% [markdown]
# So the start decides. `tg.nn.LSTMCell` starts the forget bias at 1 (Jozefowicz, Zaremba and Sutskever 2015); PyTorch draws it around
# 0. Wide open is no aim in itself: the gate has to shut where something is to be forgotten, as at the full stop.

# %%
drawings = [tg.draw(loss_of(0.0, 41), detail="cell", open=40, title="forget bias 0: step 40 is opened")]
drawings += [tg.draw(loss_of(bias, 41), detail="cell", title=f"forget bias {bias:g}") for bias in (1.0, 3.0, 5.0)]
lesson.picture(tg.draw.compare(drawings, title="Your lstm_step, 41 times", scale=(-8, 2)), "lstm")

# %% [markdown]
# ## The number

# %%
lesson.result(
    factor[0.0],
    "share of dL/dc that an LSTM with forget bias 0 keeps at every step back; of the RNN, dL/dh",
    factor[None],
    "a plain RNN",
)

# %%
lesson.wrong(
    "LSTM solves vanishing gradients.",
    f"With forget bias 0 it keeps {factor[0.0]:.3f} a step, and its forget gates are half shut: sigmoid(0) = 0.5. With bias 1 it keeps "
    f"{factor[1.0]:.3f}, with 3 {factor[3.0]:.3f}. The path is there by design; the forget bias opens it.",
)

# %% [markdown]
# ## Three questions

# %%
one = tg.Tensor(np.ones((1, 1)))
shut = lstm_step(
    one * 0, one * 0, one * 1.4, tg.Tensor(np.zeros((1, 4))), tg.Tensor(np.zeros((1, 4))), tg.Tensor([0.0, 0.0, 0.0, -50.0])
)
lesson.quiz(
    Question(
        "From lesson 06: the way back of the LSTM with forget bias 0 is cut after 10 of 100 steps. The cosine with the full gradient?",
        round(cut[0.0], 2),
        {
            0.1: "That is the share of the steps. Nearly all of the gradient comes from the last few.",
            0: "The last steps are still there.",
        },
    ),
    Question(
        "c = 1.4, f = 0.5, i = 0.5, g = 0, and the output gate is shut: o = 0. What is the new c?",
        shut[1].item(),
        {0: "That is the new h. The output gate hides c, it does not touch it.", 1.4: "The forget gate is half shut."},
    ),
    Question(
        "A forget gate is 0.95 at every step. What share of c is left after 20 steps?",
        0.95**20,
        {0.95: "That is one step.", 0: "20 times 0.05 would take all of it if steps added up. They multiply."},
    ),
)
lesson.end()
