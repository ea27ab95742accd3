# %% [markdown]
# # 05 Backprop through time
#
# **What happens to a gradient over 50 steps?**
#
# 20 minutes. You need: lesson 04, and the slope of tanh from lesson 03.

# %%
from course import Lesson, Question, YourTurn, arrays

import numpy as np

import tinygrad_rnn as tg

lesson = Lesson("05")
out = lesson.out

# %% [markdown]
# ## Guess first
# A sentence begins with "not", and fifty words later the network gives a wrong answer. To learn from that, it has to know how the answer
# depends on the first word. So the gradient has to travel back through all fifty steps. What is left of it when it gets there?
#
# To predict that, we take a matrix Wh that is easy to understand. An *orthogonal* matrix only turns a vector; it makes none longer or
# shorter. If all its entries are multiplied by 0.9, every vector that it meets keeps nine tenths of its length.

# %%
lesson.predict("An RNN makes 50 steps; its Wh is orthogonal, times 0.9. What share of the gradient at step 50 arrives at step 1?")

# %% [markdown]
# ## One unit, four steps
# First an RNN whose state is one number: h_t = tanh(w h_{t-1} + x_t). Here h_t is the state after step t. The last one is the loss L.
#
# In the table, dL/dh_t says how fast L grows with the state at step t. Read this column from the bottom. At the last step it is 1. Each
# entry above is the one below it, times the slope of tanh in the row below, times w. One such pair of factors for each step: the rest of
# the lesson follows from that.


# %%
def states(w, xs, h):
    """[h_0, h_1, ..., h_T] of h_t = tanh(w h_{t-1} + x_t), from h_0 = h."""
    hs = [h]
    for x in xs:
        hs.append(np.tanh(w * hs[-1] + x))
    return hs


w = tg.Tensor(0.8, requires_grad=True, name="w")
hs = [tg.Tensor(0.5)]
for x in (1.0, -0.5, 0.3, 0.2):
    hs.append(tg.tanh(w * hs[-1] + x))
arrived = [g.item() for g in tg.grad(hs[-1], hs[1:])]
out.heading("w = 0.8, four steps")
out.table(
    [[str(t), f"{h.item():+.4f}", f"{1 - h.item() ** 2:.4f}", f"{g:.4f}"] for t, (h, g) in enumerate(zip(hs[1:], arrived), 1)],
    ["step t", "h_t", "slope of tanh", "dL/dh_t"],
)

# %% [markdown]
# ## Exercise 1: the walk back
# Let T be the number of steps. Start at the end with dL/dh_T = 1. Then go from the last step to the first. At every step t:
#
#     back through tanh     da_t = dL/dh_t (1 - h_t h_t)
#     the part for w        dL/dw += da_t h_{t-1}
#     to the step before    dL/dh_{t-1} = da_t w
#
# This walk is called *backpropagation through time*, BPTT for short. It is nothing new: it is the walk of lesson 02, through the unrolled
# graph of lesson 04.


# %%
@lesson.exercise
def bptt(w, hs):
    """dL/dw, a number, for L = h_T. hs = [h_0, h_1, ..., h_T] are the states that the forward run has kept."""
    raise YourTurn


# %%
def walk(steps):
    def case(rng):
        w = rng.uniform(0.5, 1.5)
        return {"w": w, "hs": states(w, rng.normal(size=steps), rng.normal())}

    return case


lesson.check(bptt, walk(5), walk(1), walk(12))
out.say(f"Yours: dL/dw = {bptt(0.8, [h.item() for h in hs]):.10f}. The engine's: {tg.grad(hs[-1], w).item():.10f}.")

# %% [markdown]
# ## Exercise 2: the same with a matrix
# Now h is an array (batch, hidden), and a = x Wx + h Wh + b. One line of the walk changes: by the rule of lesson 03, da_t @ Wh.T goes to
# the step before. This time we are not after the gradient of Wh. We write down how long dL/dh_t is at each step: `np.linalg.norm` of the
# whole array.


# %%
@lesson.exercise
def gradient_by_step(Wh, hs, g):
    """A list: the length of dL/dh_1, ..., of dL/dh_T. hs: arrays h_1, ..., h_T (batch, hidden). g is dL/dh_T, of that shape."""
    raise YourTurn


# %%
def vectors(steps, batch, hidden):
    def case(rng):
        given = arrays(Wh=(hidden, hidden), g=(batch, hidden))(rng)
        return {"Wh": given["Wh"], "hs": [np.tanh(a) for a in rng.normal(size=(steps, batch, hidden))], "g": given["g"]}

    return case


lesson.check(gradient_by_step, vectors(4, 2, 3), vectors(1, 1, 2), vectors(7, 1, 4))

# %% [markdown]
# ## Fifty steps
# 32 units read one word, and then 49 steps of silence (x = 0). Wh is orthogonal, times a scale. And what would a network without tanh do?
# Where h is 0 the slope 1 - h h is 1, as if there were no tanh. So your function, given zeros for all h, computes that too.


# %%
def fifty_steps(scale, steps=50, hidden=32):
    """(loss, Wh, all h as arrays, dL/dh_T) of an RNN whose Wh is orthogonal, times scale."""
    rng = np.random.default_rng(0)
    cell = tg.nn.RNNCell(8, hidden, rng=rng)
    cell.Wh.data = scale * tg.nn.init.orthogonal(rng, (hidden, hidden))
    words = np.zeros((1, steps, 8))
    words[:, 0] = rng.standard_normal(8)
    hs, _ = tg.nn.unroll(cell, words)
    direction = rng.standard_normal((1, hidden))
    return (hs[-1] * direction).sum(), cell.Wh.data, [h.data for h in hs], direction


def shares(scale):
    """The share of dL/dh_50 that arrives at step 1: (with tanh, without)."""
    _, Wh, hs, g = fifty_steps(scale)
    return [norms[0] / norms[-1] for norms in (gradient_by_step(Wh, each, g) for each in (hs, [0 * h for h in hs]))]


rows = {scale: shares(scale) for scale in (0.5, 0.9, 1.0, 1.1, 1.5, 3.0)}
out.heading("Of the gradient at step 50, this arrives at step 1")
out.table(
    [[f"times {s:g}", f"{a:.2g}", f"{b:.2g}"] for s, (a, b) in rows.items()], ["Wh orthogonal", "with tanh", "without tanh"]
)
loss, Wh, hs, g = fifty_steps(0.9)
gap = np.abs(np.array(gradient_by_step(Wh, hs, g)) / tg.probe.gradient_by_step(loss) - 1).max()
out.say(f"The engine measures the same lengths (tg.probe.gradient_by_step); the largest difference is {gap:.0e} of a length.")

# %% [markdown]
# With a scale below 1 the gradient *vanishes*; far above 1 it *explodes*. It does so like a power, since each step multiplies once more.
# tanh can only shrink it, because its slope is never more than 1. That is why 1.1 with tanh does not explode yet.
#
# This holds for every Wh, not only for these. If Wh makes every vector shorter (its largest singular value is below 1), the gradient of a
# tanh network must vanish. To explode, Wh has to make some vector longer (Pascanu, Mikolov and Bengio 2013, section 2.1).
#
# Both are bad. A vanished gradient teaches nothing about the distant past. An exploded one throws the weights far away; lesson 06 cuts it
# down to size. In the picture, the bars in the middle are the numbers that your function returns, one bar a step.

# %%
drawings = [tg.draw(fifty_steps(s)[0], detail="cell", title=f"Wh orthogonal, times {s:g}") for s in (0.5, 0.9, 1.0, 3.0)]
title = "The same walk back over 50 steps, four sizes of Wh"
lesson.picture(tg.draw.compare(drawings, title=title, scale=(-8, 6)), "fifty_steps")

# %% [markdown]
# ## The number

# %%
lesson.result(
    rows[0.9][0],
    "share of the gradient at step 50 that arrives at step 1; the difference is what tanh takes away",
    rows[0.9][1],
    "0.9 to the power 49",
)

# %%
norms = np.array(gradient_by_step(*fifty_steps(0.5)[1:]))
both = [f"{rate * norms[0] / (rate * norms[-1]):.1e}" for rate in (0.01, 10.0)]
lesson.wrong(
    "It is tanh that makes gradients vanish, and a larger learning rate brings them back.",
    f"With Wh times 0.5 and no tanh at all, {rows[0.5][1]:.1e} of the gradient is left. With Wh times 3 it grows {rows[3.0][0]:.0e}-fold "
    "in spite of tanh. What counts is the product of all factors. And a learning rate multiplies all steps alike: with Wh times 0.5, "
    f"step 1 has {both[0]} of what step 50 has at rate 0.01, and {both[1]} of it at rate 10.",
)

# %% [markdown]
# ## Three questions

# %%
rng, deep = np.random.default_rng(0), np.eye(1, 32)
for _ in range(49):
    deep = deep @ (0.9 * tg.nn.init.orthogonal(rng, (32, 32))).T
late = states(2.0, np.zeros(50), 0.1)
lesson.quiz(
    Question(
        "From lesson 04: the network above makes 50 steps with one Wh. From how many parts is the gradient of Wh added up?",
        len(tg.snapshot(loss).uses("Wh")),
        {
            1: "It is one array, but every step uses it, and uses add up.",
            49: "The first step multiplies h by Wh too, even if h is 0.",
        },
    ),
    Question(
        "A deep network that is no RNN: 50 layers without tanh, each with its own orthogonal matrix, times 0.9. What share of the "
        "gradient at the last layer arrives at the first?",
        np.linalg.norm(deep),
        {1: "It is not the loop that counts but the number of factors, and here are 49 too.", 0.9: "That is one layer back."},
    ),
    Question(
        "One unit with tanh, w = 2, h = 0.1, then silence. What is the factor w (1 - h h) of one step back, 50 steps later?",
        2.0 * (1 - late[-1] ** 2),
        {
            2: "At h = 0 it would be 2. But h has grown to where tanh is flat, and its slope is small there.",
            1: "Then nothing would vanish or explode, but no law says so: h has grown to where tanh is flat.",
        },
    ),
)
lesson.end()
