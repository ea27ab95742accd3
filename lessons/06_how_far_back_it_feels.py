# %% [markdown]
# # 06 How far back it feels
#
# **Which steps does this RNN really learn from?**
#
# 20 minutes. You need: lesson 05.

# %%
from course import Lesson, Question, YourTurn, heatmap

import numpy as np

import tinygrad_rnn as tg

lesson = Lesson("06")
out = lesson.out

# %% [markdown]
# ## Guess first
# A long text is expensive: the graph keeps every step of it. So people often walk back a few steps only and then stop. This is called
# *truncated* BPTT. It is cheap; what does it lose?
#
# To compare the cut gradient with the full one we use the *cosine* of the angle between them, taken as two long vectors. It is 1 if they
# point the same way, and 0 if they have nothing in common.

# %%
lesson.predict(
    "An RNN reads 100 words. The way back is cut after 5 steps. What is the cosine between the cut gradient of Wh and the full one?"
)

# %% [markdown]
# ## What arrives at each word
# We take a plain RNN as it comes, untrained: 8 features, 32 units, weights drawn evenly between -1/sqrt(32) and 1/sqrt(32), as PyTorch
# does too. It reads 100 random words. The loss is the sum of the last h. Lesson 05 has told us how to look: the length of dL/dh_t.


# %%
def network(orthogonal=False, steps=100):
    """(cell, x): a plain RNN and 4 sequences of random words (4, steps, 8)."""
    rng = np.random.default_rng(0)
    cell = tg.nn.RNNCell(8, 32, rng=rng)
    if orthogonal:
        cell.Wh.data = tg.nn.init.orthogonal(rng, (32, 32))
    return cell, rng.standard_normal((4, steps, 8))


cell, x = network()
loss = tg.nn.unroll(cell, x)[0][-1].sum()
norms = tg.probe.gradient_by_step(loss)
factor = (norms[0] / norms[-1]) ** (1 / 99)
out.heading("The length of dL/dh_t, word by word")
out.sparks([("as it comes", norms)], log=True)
out.say("Word 1 is on the left, word 100 on the right. The height is a power of ten. "
        f"Each step back keeps {factor:.3f} of the gradient; {norms[0] / norms[-1]:.0e} of it gets to word 1.")  # fmt: skip

# %% [markdown]
# ## Exercise 1: cut the way back
# The network still reads all the words, so h has the same value as always. But just before the last k steps the state is *detached*: it
# keeps its numbers and forgets where they came from. The walk back ends there.
#
# You need four things. `cell.initial_state(batch)` is the state to start from. `cell.step(x, state)` makes one step and returns the new
# state; for an RNN this is the tuple (h,). `tg.nn.detach_state(state)` returns it detached. `tg.grad(loss, cell.Wh)` is the gradient of Wh.


# %%
@lesson.exercise
def truncated(cell, x, k):
    """The gradient of cell.Wh for the sum of the last h, if only the last k of all steps are walked back. x (batch, time, features)."""
    raise YourTurn


# %%
def reading(batch, steps, k):
    def case(rng):
        return {"cell": tg.nn.RNNCell(2, 3, rng=rng), "x": rng.standard_normal((batch, steps, 2)), "k": k}

    return case


def used_before(rng):
    given = reading(2, 6, 2)(rng)
    tg.nn.unroll(given["cell"], given["x"])[0][-1].sum().backward()  # leaves a gradient in cell.Wh.grad
    return given


lesson.check(truncated, reading(2, 10, 4), reading(1, 4, 4), reading(3, 5, 1), used_before)

# %% [markdown]
# Now cut after k = 1, 2, 3 ... steps. What the gradient gains from k - 1 to k is the part that came from k - 1 steps before the end. So
# your function also shows which words the RNN learns from. The second network is the orthogonal one of lesson 05, times 1.

# %%
cuts, table, strips = (1, 2, 5, 10, 20), {}, []
for name, orthogonal in (("as it comes", False), ("orthogonal Wh", True)):
    cell, x = network(orthogonal)
    full = truncated(cell, x, 100)
    upto = [0 * full] + [truncated(cell, x, k) for k in range(1, 21)]
    table[name] = [(upto[k] * full).sum() / np.linalg.norm(upto[k]) / np.linalg.norm(full) for k in cuts]  # cosines
    parts = np.array([np.linalg.norm(upto[k] - upto[k - 1]) for k in range(1, 21)])
    strips.append(np.round(np.log10(parts / parts[0]), 1) + 0.0)  # + 0.0: no "-0.0"
out.heading("Cosine of the cut gradient of Wh with the full one")
out.table([[name, *(f"{c:.4f}" for c in row)] for name, row in table.items()], ["cut after", *map(str, cuts)])
title = "What Wh's gradient gets from each of the last 20 steps, in powers of ten (0.0: as much as from the last)"
lesson.picture(heatmap(np.fliplr(strips), [*table], range(81, 101), title, text="{:.1f}"), "parts")

# %% [markdown]
# As it comes, the RNN learns from its last few words. A cut after 5 steps throws away next to nothing, because next to nothing was there.
# That does not mean that cutting is harmless. With an orthogonal Wh the gradient fades more slowly, and the same cut loses something. A
# network that is cut cannot learn from what lies behind the cut. One that is not cut can, but only if a gradient gets there.
#
# ## The number

# %%
what = "cosine between Wh's gradient, cut after 5 of 100 steps, and the full one"
lesson.result(table["as it comes"][cuts.index(5)], what, 5 / 100, "the share of the steps walked")

# %% [markdown]
# ## The other end: the wall
# So much for gradients that vanish. Here is one that explodes: the example of Pascanu, Mikolov and Bengio (2013, figure 6). One unit with a
# sigmoid, which looks like tanh but lies between 0 and 1: h = sigmoid(a), and the next a is w h + b. It starts at a = 0.5 and makes 50
# steps. Then h shall be 0.7; the loss is the squared error. There are two weights, w and b.
#
# Look at the loss while b changes by thousandths: it falls down a wall. On the wall the gradient is huge. A training step along it
# lands far away from everything that was learned.


# %%
def wall(p):
    """The squared error after 50 steps, for p = (w, b)."""
    a = tg.Tensor(0.5)
    for _ in range(50):
        a = p[0] * tg.sigmoid(a) + p[1]
    return (tg.sigmoid(a) - 0.7) ** 2


rows = []
for b in (-2.62, -2.613, -2.6125, -2.612, -2.605):
    p = tg.Tensor([5.0, b], requires_grad=True)
    rows.append([f"{b:.4f}", f"{wall(p).item():.4f}", f"{np.linalg.norm(tg.grad(wall(p), p)):.1f}"])
out.heading("The wall, at w = 5")
out.table(rows, ["b", "loss", "length of the gradient"])

# %% [markdown]
# ## Exercise 2: clip
# The usual cure is to *clip* the gradient. Think of all gradients of a network as one long vector. If it is longer than a limit, multiply
# all of them by the same number, so that it is exactly as long as the limit. If not, leave them as they are. Its direction stays.


# %%
@lesson.exercise
def clipped(grads, limit):
    """A list of new arrays: those of grads, scaled together so that their common length is at most limit."""
    raise YourTurn


# %%
def weights(size, limit):
    return lambda rng: {"grads": [size * rng.normal(size=shape) for shape in ((2, 3), (3, 3), (3,))], "limit": limit}


lesson.check(clipped, weights(5.0, 2.0), weights(0.1, 3.0), lambda rng: {"grads": [np.array([-3.0, 4.0])], "limit": 1.0})


# %%
def descend(start, limit=None, rate=0.3):
    """Gradient descent on the wall: (the last loss, the longest gradient met on the way)."""
    p, longest = np.array(start), 0.0
    for _ in range(150):
        here = tg.Tensor(p, requires_grad=True)
        g = tg.grad(wall(here), here)
        longest = max(longest, np.linalg.norm(g))
        p = p - rate * (g if limit is None else clipped([g], limit)[0])
    return wall(tg.Tensor(p)).item(), longest


rng = np.random.default_rng(3)
starts = [(rng.uniform(4.5, 5.5), rng.uniform(-2.5, -1.5)) for _ in range(2 if lesson.fast else 6)]
results = [(start, descend(start), descend(start, 1.0)) for start in starts]
out.heading("Loss after 150 training steps, from random starts")
out.table(
    [[f"{w:.2f}", f"{b:.2f}", f"{free[0]:.4f}", f"{held[0]:.4f}", f"{free[1]:.1f}"] for (w, b), free, held in results],
    ["w", "b", "not clipped", "clipped to 1", "longest gradient"],
)
out.say("(The longest gradient is the one met without clipping.) Clipping does not remove the wall. It keeps the step short where one "
        "meets it. And it cannot bring back what has vanished.")  # fmt: skip

# %%
pieces = [np.linalg.norm(part.sum(0)) for part in np.split(tg.probe.contributions(loss, "Wh"), [50, 95])]
lesson.wrong(
    "When gradients vanish, the gradient of the weights is zero, and the network does not learn.",
    f"The gradient of Wh has length {np.linalg.norm(truncated(*network(), 100)):.3g}, so the network does learn. Its part from words 96 to "
    f"100 has length {pieces[2]:.3g}, that from words 51 to 95 {pieces[1]:.2g}, that from words 1 to 50 {pieces[0]:.0e}. "
    "Only the distant part is gone.",
)

# %% [markdown]
# ## Three questions

# %%
lesson.quiz(
    Question(
        "From lesson 05: one unit, no tanh, w = 1.1. How many times as large is a gradient after 49 steps back?",
        1.1**49,
        {53.9: "That is 49 times 1.1; but factors multiply.", 5.9: "A step adds a tenth of what is there, not of the start."},
    ),
    Question(
        "The gradients of two weights have lengths 3 and 4. They are clipped together to 1. How long is the first one then?",
        np.linalg.norm(clipped([np.array([3.0]), np.array([4.0])], 1.0)[0]),
        {1: "The limit holds for both together, and together they are 5 long.", 3: "Their common length, 5, is above the limit."},
    ),
    Question(
        "In the RNN as it comes: after how many steps back is dL/dh_t less than a millionth of what it was at the end?",
        int(np.argmax(norms[::-1] < 1e-6 * norms[-1])),
        {99: "There, at word 1, it is far smaller still.", 5: "Five steps back a few hundredths are left."},
    ),
)
lesson.end()
