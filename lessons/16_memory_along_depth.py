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
# Lesson 11 stacked cells, and the gradient faded from layer to layer: from one layer to the next only h goes up, and no memory cell
# carries it. A *Grid LSTM* (Kalchbrenner, Danihelka and Graves 2016) puts a memory cell there too.

# %%
lesson.predict(
    "Sixteen blocks high, with memory along depth and its forget gates open (bias 3): what share of the gradient at the top "
    "arrives at the bottom?"
)

# %% [markdown]
# ## What is missing in a stack
# Each layer of a stack has a memory c, but it runs along time: from step to step, never from layer to layer. Below, 16 layers of an LSTM
# read six steps, and the loss stands at the last h of the top layer. Each row is a layer, the top one first, and a shade is the length of
# dL/dh there.

# %%
LAYERS, STEPS, HIDDEN = 16, 6, 8 if lesson.fast else 16


def probed(net, role):
    """(loss, lengths of the gradient: a row a layer, the lowest first, a column a step) of a net at its start."""
    rng = np.random.default_rng(1)
    hs, _ = net(rng.standard_normal((4, STEPS, 3)))
    loss = (hs[-1] * rng.standard_normal((4, HIDDEN))).sum()
    return loss, np.array([tg.probe.gradient_by_step(loss, role, layer=k + 1) for k in range(LAYERS)])


def share(lengths):
    """What arrives at the lowest layer, of what the highest has: all steps together."""
    return np.linalg.norm(lengths[0]) / np.linalg.norm(lengths[-1])


def stack(bias, skip=False):
    rng = np.random.default_rng(0)
    cells = [tg.nn.LSTMCell(HIDDEN if k else 3, HIDDEN, rng=rng, forget_bias=bias) for k in range(LAYERS)]
    return tg.nn.Stacked(cells[:1] + [tg.nn.Residual(c) if skip else c for c in cells[1:]])


_, lengths = probed(stack(1.0), "h")
out.heading("A stack of 16: the gradient, top layer first")
out.heatmap(lengths[::-1], log=True, down="row", across="t")
out.say(f"Of what the top has, {share(lengths):.1e} arrives at the bottom.")

# %% [markdown]
# ## Exercise 1: one memory, along any direction
# The memory is called m here. Let H be all the h that come into a block, side by side. One direction has one W and one b, and
#
#     u, f, g, o = the four parts of H W + b, through sigmoid, sigmoid, tanh, sigmoid
#     m'         = f m + u g
#     h'         = tanh(o m')
#
# u (update) is what an LSTM calls i. One thing differs: the tanh stands outside, around the product with o. `tg.split(a, 4)` cuts.


# %%
@lesson.exercise
def along(H, m, W, b):
    """(h', m'), each (batch, hidden), of H (batch, inputs), m (batch, hidden), W (inputs, 4 hidden), b (4 hidden)."""
    raise YourTurn


# %%
lesson.check(along, tensors(H=(2, 6), m=(2, 3), W=(6, 12), b=(12,)), tensors(H=(1, 2), m=(1, 1), W=(2, 4), b=(4,)))

# %% [markdown]
# ## Exercise 2: the block
# Two directions cross in a block: time and depth. Both read both h. Along time comes the pair (h, m), along depth (h_up, m_up), and both go
# on. Time is computed first, from H = [h, h_up]. Depth is computed last and sees what time has just made: H = [h', h_up].
# `tg.concat([a, b], axis=1)` puts two side by side.


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
# Blocks side by side and on top of each other: a *lattice*. What a step reads enters at the foot as a pair, x Wx cut in two, and climbs.
# The weights are those of the package's `tg.nn.GridLSTM`; each block steps by your function. `tg.time_step` and `tg.scope` write into the
# graph where a block stands, so that probes and pictures know.


# %%
class Lattice:
    def __init__(self, hidden, layers, bias):
        self.made = tg.nn.GridLSTM(3, hidden, layers, rng=np.random.default_rng(0), forget_bias=bias)

    def __call__(self, xs):
        zeros = tg.Tensor(np.zeros((len(xs), self.made.hidden_size)))
        pairs, tops = [(zeros, zeros)] * self.made.depth, []
        for t in range(xs.shape[1]):
            with tg.time_step(t + 1):
                up = tg.split(xs[:, t] @ self.made.project.Wx, 2)
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
out.say(f"The top of your lattice and that of tg.nn.GridLSTM, same weights: they differ by {gap:.0e}.")
cells = [tg.nn.LSTMCell(4 if k else 3, 4, rng=rng, forget_bias=3.0) for k in range(4)]
runs = {"A stack of four LSTM layers": tg.nn.Stacked(cells)(x)[0], "Your grid of four blocks": small(x)[0]}
lesson.picture(
    tg.draw.compare(
        [tg.draw(hs[-1].sum(), detail="cell", title=title) for title, hs in runs.items()],
        title="The gradient on its way from the last top to the first bottom",
    ),
    "lattice",
)

# %% [markdown]
# ## The number
# The lattice at full height. Depth now has its own memory, and a bias for its forget gate, as time has. It is lesson 07 again, turned by
# 90 degrees.

# %%
_, lengths = probed(Lattice(HIDDEN, LAYERS, 3.0), ("h↑", "m↑"))
out.heading("Your grid of 16, forget bias 3: top block first")
out.heatmap(lengths[::-1], log=True, down="row", across="t")
measured = {
    "stack, bias 1": share(probed(stack(1.0), "h")[1]),
    "stack, bias 3": share(probed(stack(3.0), "h")[1]),
    "grid, bias 1": share(probed(Lattice(HIDDEN, LAYERS, 1.0), ("h↑", "m↑"))[1]),
    "grid, bias 3": share(lengths),
    "stack with skips, bias 1": share(probed(stack(1.0, skip=True), "h")[1]),
}
out.table([[name, f"{value:.2g}"] for name, value in measured.items()], ["16 layers", "bottom/top"])
lesson.result(
    measured["grid, bias 3"],
    "share of the gradient at the top that arrives at the bottom; h and m of depth together",
    measured["stack, bias 3"],
    "a stack, bias 3",
)

# %%
lesson.wrong(
    "Gates and the forget bias are about time.",
    f"They are about any chain. The same bias of 3 leaves the stack at {measured['stack, bias 3']:.0e}, as its gates open along time only. "
    f"Where a memory runs along depth, the bias moves it from {measured['grid, bias 1']:.1e} to {measured['grid, bias 3']:.2f}.",
)
out.say(
    f"A skip connection, no more than a sum, gives {measured['stack with skips, bias 1']:.2f} without any gate. What a grid has besides: "
    "it can learn what to keep on the way up. And this is the start of training: it does not tell who learns better (lesson 08)."
)

# %% [markdown]
# ## Three questions

# %%
block = tg.nn.GridLSTMCell(2, 8, rng=rng)
three = tg.nn.GridLSTMCell(3, 8, rng=rng)
lesson.quiz(
    Question(
        "From lesson 07: a forget gate whose sum is just its bias of 3 is how far open, rounded to two digits?",
        round(float(tg.sigmoid(3.0).item()), 2),
        {0.5: "That is a bias of 0.", 3: "The bias goes through a sigmoid: a gate is between 0 and 1."},
    ),
    Question(
        "How many numbers does a block of two directions and 8 units have to learn (W and b)?",
        sum(p.size for p in block.parameters()),
        {544: "That is one direction, and there are two.", 1024: "That leaves b out."},
    ),
    Question(
        "A picture has rows and columns, and with depth that makes three directions. How wide is H, with 8 units each?",
        three.W[0].shape[0],
        {8: "Every direction reads the h of all.", 16: "Depth brings an h too."},
    ),
)
lesson.end()
