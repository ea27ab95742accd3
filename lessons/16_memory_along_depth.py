# %% [markdown]
# # 16 Memory along depth
#
# **Can memory run along depth as well as time?**
#
# 30 minutes. You need: lesson 07 (the LSTM and its forget bias) and lesson 11 (stacking, skip connections).

# %%
from course import Lesson, Question, YourTurn, tensors

import numpy as np

import tinygrad_rnn as tg

lesson = Lesson("16")
out = lesson.out

# %% [markdown]
# ## Guess first
# Lesson 11 stacked LSTMs, and the gradient faded from layer to layer. No wonder: each LSTM carries its memory c from step to step, but
# from layer to layer only h goes up. A *Grid LSTM* (Kalchbrenner, Danihelka and Graves 2016) carries a memory upwards too.

# %%
lesson.predict(
    "Sixteen blocks on top of each other, with a memory along depth whose forget gates start open (bias 3). What share of the gradient "
    "at the top arrives at the bottom? (0 to 1)"
)

# %% [markdown]
# ## What is missing in a stack
# First the stack, as it was. Sixteen LSTM layers read six steps, and the loss is made of the last h of the top layer. In the table below,
# each row is a layer, the top one first; each column is a step; and the shade is the norm of dL/dh there, on a log scale.

# %%
LAYERS, STEPS, HIDDEN = 16, 6, 8 if lesson.fast else 16


def probed(net, role):
    """(loss, norms of the gradient: a row a layer, the lowest first, a column a step) of an untrained network."""
    rng = np.random.default_rng(1)
    hs, _ = net(rng.standard_normal((4, STEPS, 3)))
    loss = (hs[-1] * rng.standard_normal((4, HIDDEN))).sum()
    return loss, np.array([tg.probe.gradient_by_step(loss, role, layer=k + 1) for k in range(LAYERS)])


def share(norms):
    """The share of the gradient at the top that arrives at the bottom, all steps together."""
    return np.linalg.norm(norms[0]) / np.linalg.norm(norms[-1])


def stack(bias, skip=False):
    rng = np.random.default_rng(0)
    cells = [tg.nn.LSTMCell(HIDDEN if k else 3, HIDDEN, rng=rng, forget_bias=bias) for k in range(LAYERS)]
    return tg.nn.Stacked(cells[:1] + [tg.nn.Residual(c) if skip else c for c in cells[1:]])


_, norms = probed(stack(1.0), "h")
out.heading("A stack of 16, forget bias 1: top layer first")
out.heatmap(norms[::-1], log=True, down="row", across="t")
out.say(f"Of what the top has, {share(norms):.1e} arrives at the bottom.")

# %% [markdown]
# ## Exercise 1: one memory, along any direction
# A block of the grid has a memory for each direction, time and depth. The memory is called m here. Let H be all the h that come into a
# block, side by side. Each direction has a W and a b of its own, and then works like an LSTM:
#
#     u, f, g, o = the four parts of H W + b, through sigmoid, sigmoid, tanh, sigmoid
#     m'         = f m + u g
#     h'         = tanh(o m')
#
# u (update) is what an LSTM calls i. Only the last line differs: the tanh is taken of o m', while an LSTM has o tanh(c).
# `tg.split(a, 4)` cuts the last axis into four equal parts.


# %%
@lesson.exercise
def along(H, m, W, b):
    """(h', m'), each (batch, hidden), of H (batch, inputs), m (batch, hidden), W (inputs, 4 hidden), b (4 hidden)."""
    raise YourTurn


# %%
lesson.check(along, tensors(H=(2, 6), m=(2, 3), W=(6, 12), b=(12,)), tensors(H=(1, 2), m=(1, 1), W=(2, 4), b=(4,)))

# %% [markdown]
# ## Exercise 2: the block
# In a block the two directions cross. From the step before comes the pair (h, m), from the block below the pair (h_up, m_up), and both
# leave it renewed. Both directions read both h. Time is computed first, from H = [h, h_up]. Depth is computed second and sees the h'
# that time has just made: H = [h', h_up]. `tg.concat([a, b], axis=1)` puts two side by side.


# %%
@lesson.exercise
def grid_lstm_step(h, m, h_up, m_up, W, b, W_up, b_up):
    """(h', m', h_up', m_up') of the two pairs that come in; W and b are those of time, W_up and b_up those of depth."""
    raise YourTurn


# %%
lesson.check(
    grid_lstm_step,
    tensors(h=(2, 3), m=(2, 3), h_up=(2, 3), m_up=(2, 3), W=(6, 12), b=(12,), W_up=(6, 12), b_up=(12,)),
    tensors(h=(1, 1), m=(1, 1), h_up=(1, 1), m_up=(1, 1), W=(2, 4), b=(4,), W_up=(2, 4), b_up=(4,)),
)

# %% [markdown]
# ## Your lattice
# Blocks side by side and on top of each other make a *lattice*. The input of a step enters at the foot as a pair, x Wx cut in two halves,
# and climbs from block to block. The weights come from the package's `tg.nn.GridLSTM`, but each block steps by your function.
# `tg.time_step` and `tg.scope` note in the graph where a block stands, so that probes and pictures know.


# %%
class Lattice:
    def __init__(self, hidden, layers, bias):
        self.made = tg.nn.GridLSTM(3, hidden, layers, rng=np.random.default_rng(0), forget_bias=bias)

    def __call__(self, xs):
        pairs, tops = [block.initial_pairs(len(xs))[0] for block in self.made.blocks], []
        for t in range(xs.shape[1]):
            with tg.time_step(t + 1):
                up = tg.split(tg.Tensor(xs[:, t], name="x") @ self.made.project.Wx, 2)
                for k, block in enumerate(self.made.blocks):
                    with tg.scope("block", layer=k + 1):
                        new = grid_lstm_step(*pairs[k], *up, block.W[0], block.b[0], block.W[1], block.b[1])
                        h, m, *up = [tg.named(part, name) for part, name in zip(new, ("h", "m", "h↑", "m↑"))]
                        pairs[k] = h, m
                tops.append(up[0])
        return tops, pairs


rng = np.random.default_rng(0)
small, x = Lattice(4, 4, 3.0), rng.standard_normal((1, 3, 3))
gap = np.abs(small(x)[0][-1].data - small.made(x)[0][-1].data).max()
out.say(f"The outputs of your lattice and of tg.nn.GridLSTM, with the same weights, differ by {gap:.0e}.")
cells = [tg.nn.LSTMCell(4 if k else 3, 4, rng=rng, forget_bias=3.0) for k in range(4)]
runs = {"A stack of four LSTM layers": tg.nn.Stacked(cells)(x)[0], "Your grid of four blocks": small(x)[0]}
lesson.picture(
    tg.draw.compare(
        [tg.draw(hs[-1].sum(), detail="cell", title=title) for title, hs in runs.items()],
        title="The gradient on its way down, from the last step of the top",
    ),
    "lattice",
)

# %% [markdown]
# ## The number
# Now the lattice at full height. Depth has a memory of its own, and its forget gate has a bias, as that of time has. So this is lesson 07
# again, turned by 90 degrees.

# %%
_, norms = probed(Lattice(HIDDEN, LAYERS, 3.0), ("h↑", "m↑"))
out.heading("Your grid of 16, forget bias 3: top block first")
out.heatmap(norms[::-1], log=True, down="row", across="t")
measured = {
    "stack, bias 1": share(probed(stack(1.0), "h")[1]),
    "stack, bias 3": share(probed(stack(3.0), "h")[1]),
    "grid, bias 1": share(probed(Lattice(HIDDEN, LAYERS, 1.0), ("h↑", "m↑"))[1]),
    "grid, bias 3": share(norms),
    "stack with skips, bias 1": share(probed(stack(1.0, skip=True), "h")[1]),
}
out.table([[name, f"{value:.2g}"] for name, value in measured.items()], ["16 layers", "bottom/top"])
lesson.result(
    measured["grid, bias 3"],
    "share of the gradient at the top that arrives at the bottom (of both h and m along depth)",
    measured["stack, bias 3"],
    "a stack, bias 3",
)

# %%
lesson.wrong(
    "Gates and the forget bias are about time.",
    f"They are about any chain. The stack stays at {measured['stack, bias 3']:.0e} even with a bias of 3, since its gates open along time "
    f"only. Where a memory runs along depth, the same bias moves the share from {measured['grid, bias 1']:.4f} to "
    f"{measured['grid, bias 3']:.2f}.",
)
out.say(
    f"A skip connection (lesson 11), no more than a sum, gives {measured['stack with skips, bias 1']:.2f} without a gate. A grid can also "
    "learn what to keep on the way up. And all this is measured before training: it does not tell who learns better (lesson 08)."
)

# %% [markdown]
# ## Three questions

# %%
block = tg.nn.GridLSTMCell(2, 8, rng=rng)
three = tg.nn.GridLSTMCell(3, 8, rng=rng)
lesson.quiz(
    Question(
        "From lesson 07: x and h are 0, and a forget gate has a bias of 3. How far is it open (rounded)?",
        round(float(tg.sigmoid(3.0).item()), 2),
        {
            0.5: "That is a bias of 0.",
            0.73: "That is a bias of 1.",
            3: "The bias goes through a sigmoid: a gate is between 0 and 1.",
        },
    ),
    Question(
        "How many numbers does a block of two directions and 8 units have to learn (W and b)?",
        sum(p.size for p in block.parameters()),
        {544: "That is one direction, W (16, 32) and b (32); there are two.", 1024: "That leaves b out."},
    ),
    Question(
        "A grid over a picture has three directions: rows, columns and depth. With 8 units each, how wide is H?",
        three.W[0].shape[0],
        {8: "That is one h; every direction reads the h of all.", 16: "Depth brings an h too."},
    ),
)
lesson.end()
