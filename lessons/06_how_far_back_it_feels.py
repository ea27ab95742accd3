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
# Long sequences are expensive: the graph keeps every step. So the way back is often cut after a few steps: *truncated* BPTT. The *cosine*
# of two gradients is 1 if they point the same way, 0 if they have nothing in common.

# %%
lesson.predict("An RNN reads 100 words. The way back is cut after 5 steps. What is the cosine of Wh's gradient, cut, and uncut?")

# %% [markdown]
# ## What arrives at each word
# A plain RNN as it comes: 8 features in, 32 hidden, weights uniform in plus or minus 1/sqrt(32). The loss is the sum of the last h.


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
out.heading("The length of dL/dh_t at 100 words")
out.sparks([("as it comes", norms)], log=True)
out.say(f"From t = 1 on the left to t = 100 on the right, on a scale of powers of ten. Every step back keeps {factor:.3f} of the gradient; "
        f"of 1 at step 100, {norms[0] / norms[-1]:.0e} is left at step 1.")  # fmt: skip
lesson.picture(
    heatmap(
        np.round(np.log10(norms / norms[-1])).reshape(10, 10) + 0.0,  # + 0.0: no "-0"
        [f"t = {t} to {t + 9}" for t in range(1, 100, 10)],
        [""] * 10,
        "dL/dh_t of 100 steps, as a power of ten of the last",
        text="{:.0f}",
    ),
    "strip",
)

# %% [markdown]
# ## Exercise 1: cut the way back
# The way forward reads all words, so that h holds what it always holds. But before the last k steps the state is *detached*: it keeps its
# value and forgets where it came from. `tg.nn.detach_state(state)` does that. `cell.initial_state(batch)` is the state to start from,
# `cell.step(x, state)` makes one step; an RNN's state is the tuple (h,). `tg.grad(loss, cell.Wh)` is the gradient.


# %%
@lesson.exercise
def truncated(cell, x, k):
    """The gradient of cell.Wh for the sum of the last h, if only the last k steps of x (batch, time, features) are walked back."""
    raise YourTurn


# %%
def reading(batch, steps, k):
    def case(rng):
        return {"cell": tg.nn.RNNCell(2, 3, rng=rng), "x": rng.standard_normal((batch, steps, 2)), "k": k}

    return case


lesson.check(truncated, reading(2, 8, 3), reading(1, 4, 4), reading(3, 5, 1))


# %%
def cosine(a, b):
    return (a * b).sum() / np.linalg.norm(a) / np.linalg.norm(b)


cuts, table = (1, 2, 5, 10, 20), {}
for name, orthogonal in (("as it comes", False), ("orthogonal Wh", True)):
    cell, x = network(orthogonal)
    full = truncated(cell, x, 100)
    table[name] = [cosine(truncated(cell, x, k), full) for k in cuts]
out.heading("Cosine of the cut gradient of Wh with the full one")
out.table([[name, *(f"{c:.4f}" for c in row)] for name, row in table.items()], ["cut after", *map(str, cuts)])

# %% [markdown]
# As it comes, the RNN learns from its last few words. What a cut after 5 steps throws away is next to nothing, because next to nothing
# was there. That is no licence to cut: an orthogonal Wh, whose gradient fades more slowly, loses something real. A cut network cannot
# learn what lies behind the cut; an uncut one can only if the gradient gets there.
#
# ## The number

# %%
lesson.result(
    table["as it comes"][cuts.index(5)],
    "cosine of Wh's gradient, cut after 5 of 100 steps, with the full one",
    5 / 100,
    "the share of the steps that is left",
)

# %% [markdown]
# ## The other end: the wall
# One unit with a sigmoid, which is like tanh, but from 0 to 1: h = sigmoid(a), where a' = w h + b. 50 steps from a = 0.5; then h shall be
# 0.7. (The example of Pascanu, Mikolov and Bengio 2013, figure 6.) Within a thousandth of b the loss falls down a wall. On it the
# gradient is huge, and a step along it lands far away from everything that was learned.


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
# If all gradients together, as one long vector, are longer than a limit, multiply all by the same number, so that they are exactly that
# long. Else leave them as they are. The direction stays.


# %%
@lesson.exercise
def clipped(grads, limit):
    """The arrays of the list grads, scaled together so that their common length is at most limit."""
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


starts = [(5.0, -2.0), (5.0, -2.4)] if lesson.fast else [(5.0, -2.0), (4.9, -1.9), (5.0, -2.2), (4.8, -1.8), (5.0, -2.4)]
out.heading("Loss after 150 steps of gradient descent")
results = [(start, descend(start), descend(start, 1.0)) for start in starts]
out.table(
    [[f"w = {w:g}, b = {b:g}", f"{free[0]:.4f}", f"{held[0]:.4f}", f"{free[1]:.1f}"] for (w, b), free, held in results],
    ["start", "as it is", "clipped to 1", "longest met"],
)
out.say("The last column is the longest gradient that was met without clipping. Clipping does not remove the wall: it keeps the step "
        "short where one hits it. And it cannot bring back what has vanished.")  # fmt: skip

# %%
parts = [np.linalg.norm(part.sum(0)) for part in np.split(tg.probe.contributions(loss, "Wh"), [50, 95])]
lesson.wrong(
    "When gradients vanish, the gradient of the weights is zero, and the network does not learn.",
    f"Wh's gradient has length {np.linalg.norm(truncated(*network(), 100)):.3g}: it learns. Split by where it comes from: words 96 to 100 "
    f"give {parts[2]:.3g}, words 51 to 95 {parts[1]:.2g}, words 1 to 50 {parts[0]:.0e}. Only the distant part is gone.",
)

# %% [markdown]
# ## Three questions

# %%
lesson.quiz(
    Question(
        "From lesson 05: no tanh, one unit, w = 1.1. By how much has a gradient grown after 49 steps back?",
        1.1**49,
        {53.9: "Factors multiply: 1.1 times 1.1 times 1.1 ...", 4.9: "A tenth of what is there, not a tenth of the first."},
    ),
    Question(
        "Two gradients have lengths 3 and 4. They are clipped together to 1. How long is the first one then?",
        np.linalg.norm(clipped([np.array([3.0]), np.array([4.0])], 1.0)[0]),
        {1: "One limit for both: together they are 5 long.", 3: "Their common length is above the limit."},
    ),
    Question(
        "With the RNN above, how many steps back is the gradient first below a millionth of the last one?",
        int(np.argmax(norms[::-1] < 1e-6 * norms[-1])),
        {99: "It is far below that when it gets to step 1.", 5: "There it is a few hundredths."},
    ),
)
lesson.end()
