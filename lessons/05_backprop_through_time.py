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
# An *orthogonal* matrix only turns a vector: no vector gets longer or shorter. Times 0.9, it leaves nine tenths of every length.

# %%
lesson.predict("Wh is orthogonal, times 0.9. An RNN makes 50 steps. What share of the gradient at step 50 arrives at step 1?")

# %% [markdown]
# ## One unit, four steps
# One number as the state, h_t = tanh(w h_{t-1} + x_t), and the last h as the loss L. Read the last column from below: each entry is the
# one below it, times the slope of tanh in the row below, times w. Step by step such factors are multiplied. That is the whole lesson.


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
# Start at the end with dL/dh_T = 1. Then, at every step t from the last to the first:
#
#     through tanh       da_t = dL/dh_t (1 - h_t h_t)
#     what w gets        dL/dw += da_t h_{t-1}
#     to the step before dL/dh_{t-1} = da_t w
#
# This walk is called *backpropagation through time*, BPTT. There is no more to it: it is the way back through the unrolled graph.


# %%
@lesson.exercise
def bptt(w, hs):
    """dL/dw, a number, for L = h_T. hs = [h_0, h_1, ..., h_T] are the states that the way forward has kept."""
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
# Now h has several units in each row of a batch, and a = x Wx + h Wh + b. One line changes: to the step before goes da_t @ Wh.T, as in
# lesson 03. Collect the length of dL/dh_t on the way: `np.linalg.norm` of the whole array.


# %%
@lesson.exercise
def gradient_by_step(Wh, hs, g):
    """[length of dL/dh_1, ..., of dL/dh_T]. hs: arrays h_1, ..., h_T (batch, hidden). g is dL/dh_T, of the same shape."""
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
# 32 units read one word and then 49 steps of silence (x = 0). Wh is orthogonal, times a scale. What would a network without tanh do?
# With h = 0 everywhere the slope is 1 everywhere: your function, given zeros, computes just that.


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
out.table([[f"x {s:g}", f"{a:.2g}", f"{b:.2g}"] for s, (a, b) in rows.items()], ["Wh orthogonal", "with tanh", "without tanh"])
loss, Wh, hs, g = fifty_steps(0.9)
gap = np.abs(np.array(gradient_by_step(Wh, hs, g)) / tg.probe.gradient_by_step(loss) - 1).max()
out.say(f"Your lengths and those of tg.probe.gradient_by_step differ by at most {gap:.0e} of their size.")

# %% [markdown]
# Below 1 the gradient *vanishes*, far above 1 it *explodes*, both at the pace of a power. tanh can only shrink it: its slope is at most
# 1. So a scale a little above 1 does not explode yet. Pascanu, Mikolov and Bengio (2013, section 2.1) say it for every Wh: if nothing is
# stretched by it (largest singular value below 1), the gradient of a tanh network must vanish; to explode, Wh has to stretch something.
# Both are bad. A vanished gradient teaches nothing about the distant past; an exploded one throws the weights far away. Lesson 06 cuts it
# down to size. Look at the picture: the bars in the middle are your list.

# %%
lesson.picture(
    tg.draw.compare(
        [tg.draw(fifty_steps(s)[0], detail="cell", title=f"Wh orthogonal, times {s:g}") for s in (0.5, 0.9, 1.0, 3.0)],
        title="The same walk back over 50 steps, four sizes of Wh",
        scale=(-8, 6),
    ),
    "fifty_steps",
)

# %% [markdown]
# ## The number

# %%
lesson.result(
    rows[0.9][0],
    "share of the gradient of step 50 that arrives at step 1, Wh orthogonal, times 0.9; tanh takes its part too",
    rows[0.9][1],
    "0.9, 49 times",
)

# %%
norms = np.array(gradient_by_step(*fifty_steps(0.5)[1:]))
both = [f"{rate * norms[0] / (rate * norms[-1]):.1e}" for rate in (0.01, 10.0)]
lesson.wrong(
    "tanh makes gradients vanish, and a larger learning rate brings them back.",
    f"Times 0.5, without any tanh, {rows[0.5][1]:.1e} is left; times 3, with tanh, there is {rows[3.0][0]:.0e} times as much. What counts "
    f"is the product of all factors. And a learning rate multiplies every step alike: times 0.5, with tanh, step 1 has {both[0]} of "
    f"what step 50 has at rate 0.01, and {both[1]} at rate 10.",
)

# %% [markdown]
# ## Three questions

# %%
halvings = next(k for k in range(100) if 0.5**k < 1e-3)
late = states(2.0, np.zeros(50), 0.1)
lesson.quiz(
    Question(
        "From lesson 04: 50 steps, one Wh. How many parts is the gradient of Wh the sum of?",
        len(tg.snapshot(loss).uses("Wh")),
        {1: "One array, but every step uses it, and uses add up.", 49: "The first step multiplies its h (zeros) by Wh too."},
    ),
    Question(
        "No tanh, one unit, w = 0.5: after how many steps back is less than a thousandth left?",
        halvings,
        {
            500: "It does not lose a part of the first value, it halves what is left.",
            3: "Each step halves; a tenth would be another w.",
        },
    ),
    Question(
        "One unit, w = 2, h = 0.1, then silence. After 50 steps, what is the factor w (1 - h h) of one step back?",
        2.0 * (1 - late[-1] ** 2),
        {
            2: "At h = 0 it would be. But h has grown, and where tanh is flat its slope is small.",
            1: "It would be a rare balance.",
        },
    ),
)
lesson.end()
