# %% [markdown]
# # 11 Stacking
#
# **What does depth cost?**
#
# 25 minutes. You need: lesson 05 (a product of factors, step by step) and lesson 07 (the LSTM).

# %%
from course import Lesson, Question, YourTurn, tensors

import numpy as np

import tinygrad_rnn as tg
from tinygrad_rnn.data import grammars

lesson = Lesson("11")
out = lesson.out

# %% [markdown]
# ## Guess first
# A cell reads a sequence and produces one: its h at every step. So a second cell can read those h as its inputs, a third cell can read the
# h of the second, and so on. That is a *multilayer* or *stacked* RNN, and the cells are its *layers*. In pictures time runs to the right
# and depth upwards. The hope is the same as in image networks: lower layers find simple patterns, higher layers combine them.

# %%
lesson.predict(
    "Eight LSTMs on top of each other, untrained. The loss reads the last h of the top layer. What share of the gradient there "
    "arrives at the last h of the bottom layer? (0 to 1; 1e-3 is a way to write 0.001)"
)

# %% [markdown]
# ## One layer
# `layer` runs one cell over a sequence and returns all its h. `tg.scope` writes the number of the layer on every node of the graph, so
# that pictures know it.


# %%
def layer(number, cell, xs):
    """The h of every step, a list of (batch, hidden). xs is (batch, time, features), or a list of one (batch, features) a step."""
    with tg.scope("layer", layer=number):
        return tg.nn.unroll(cell, xs)[0]


rng = np.random.default_rng(0)
below, above = tg.nn.RNNCell(3, 4, rng=rng), tg.nn.RNNCell(4, 2, rng=rng)
words = rng.standard_normal((1, 5, 3))
first = layer(1, below, words)
second = layer(2, above, first)
sizes = [f"{len(hs)} h of {hs[0].shape[1]} numbers" for hs in (first, second)]
out.heading("One layer, and one on top")
out.say(f"Layer 1 turned 5 inputs of 3 numbers into {sizes[0]}, and layer 2 turned those into {sizes[1]}.")

# %% [markdown]
# ## Exercise 1: stack
# Now any number of cells, the lowest first. The first reads xs; every other one reads the h of the layer below it. Number the layers
# from 1.


# %%
@lesson.exercise
def stack(cells, xs):
    """The outputs of all layers, the lowest first: a list of lists, one h (batch, hidden) a step. xs (batch, time, features)."""
    raise YourTurn


# %%
def reads(steps, *sizes):
    def case(rng):
        cells = [tg.nn.RNNCell(sizes[k], sizes[k + 1], rng=rng) for k in range(len(sizes) - 1)]
        return {"cells": cells, **tensors(xs=(2, steps, sizes[0]))(rng)}

    return case


lesson.check(stack, reads(4, 3, 3, 3), reads(1, 2, 4), reads(3, 2, 5, 3))

# %% [markdown]
# ## Exercise 2: a way past each layer
# A *skip connection* adds the input of a layer to its output: y_t = x_t + h_t. The next layer reads y, so x reaches it both through the
# layer and past it. Input and output must have the same size. The lowest layer gets no skip, since the size of its input is another one.


# %%
@lesson.exercise
def stack_with_skips(cells, xs):
    """As `stack`, but every layer above the lowest puts out x_t + h_t: what it read at step t, and its h there."""
    raise YourTurn


# %%
lesson.check(stack_with_skips, reads(4, 3, 3, 3, 3), reads(1, 2, 4), reads(3, 2, 4, 4))

# %% [markdown]
# ## The grid
# Three layers read four steps, and the loss is made of the last output at the top. To reach step 1 of layer 1, the gradient goes left
# three times and down twice, in whatever order. Every step to the left multiplies it by a factor, as in lesson 05. So does every step
# down. The picture shows the same three LSTMs twice: compare the colours of layer 1.


# %%
def lstms(depth, features, units):
    rng = np.random.default_rng(0)
    return [tg.nn.LSTMCell(units if k else features, units, rng=rng) for k in range(depth)]


drawings = []
for rule, title in ((stack, "Stacked"), (stack_with_skips, "Stacked, with skips")):
    top = rule(lstms(3, 5, 5), np.random.default_rng(1).standard_normal((1, 4, 5)))[-1]
    drawings.append(tg.draw((top[-1] ** 2).sum(), detail="cell", title=title))
lesson.picture(tg.draw.compare(drawings, title="Three LSTMs on top of each other, four steps"), "grid")

# %% [markdown]
# ## What depth costs
# Twice the layers need about twice the weights and twice the operations. And what happens to the gradient? Both stacks here have the same
# weights; one has skips.


# %%
def costs(rule, depth):
    """(operations of the graph, share of dL/dh of the top, at the last step, that arrives at the bottom)."""
    rng = np.random.default_rng(1)
    layers = rule(lstms(depth, 8, 16), rng.standard_normal((4, 10, 8)))
    loss = (layers[-1][-1] * rng.standard_normal((4, 16))).sum()
    bottom, top = (np.linalg.norm(g.data) for g in tg.grad(loss, [layers[0][-1], layers[-1][-1]]))
    return sum(r.kind == "op" for r in tg.snapshot(loss)), bottom / top


depths = (1, 2, 4, 8)
plain, skips = ({depth: costs(rule, depth) for depth in depths} for rule in (stack, stack_with_skips))
weights = {depth: sum(p.data.size for cell in lstms(depth, 8, 16) for p in cell.parameters()) for depth in depths}
out.heading("What depth costs: the gradient, bottom by top")
out.table(
    [[str(d), f"{weights[d]:,}", f"{plain[d][0]:,}", f"{plain[d][1]:.1e}", f"{skips[d][1]:.2f}"] for d in depths],
    ["LSTMs", "weights", "operations", "bottom/top", "with skips"],
)
per_layer = (plain[8][1] / plain[4][1]) ** (1 / 4)
out.say(
    f"From 4 to 8 layers, each layer leaves {per_layer:.2f} of the gradient. With skips the gradient comes down whole: the derivative of "
    "x + h with respect to x is 1, so every + hands it on as it is."
)

# %% [markdown]
# ## Does it learn?
# The task is the temporal order of lesson 08: two of twelve symbols are X or Y, and the question is which came first and which second. So
# there are four answers, and guessing gives 0.25. Every layer has 8 units.


# %%
def share_right(rule, depth, updates):
    """Share right on 1,000 new sequences."""
    rng, cells = np.random.default_rng(0), lstms(depth, 6, 8)
    readout = tg.nn.Linear(8, 4, rng=rng)

    def loss_of(readout, data):
        return tg.functional.cross_entropy(readout(rule(cells, data.x)[-1][-1]), data.y)

    adam = tg.optim.Adam([*readout.parameters(), *(p for cell in cells for p in cell.parameters())], lr=0.01)
    for _ in range(updates):
        adam.zero_grad()
        loss_of(readout, grammars.temporal_order(rng, 32, 12)).backward()
        adam.step()
    test = grammars.temporal_order(np.random.default_rng(2), 1000, 12)
    return (readout(rule(cells, test.x)[-1][-1]).data.argmax(axis=1) == test.y).mean()


updates = 5 if lesson.fast else 150
nets = {"1 layer": (stack, 1), "8 layers": (stack, 8), "8 layers, skips": (stack_with_skips, 8)}
right = {name: share_right(rule, depth, updates) for name, (rule, depth) in nets.items()}
out.table([[name, f"{r:.2f}"] for name, r in right.items()], [f"after {updates} batches", "share right (chance 0.25)"])
if lesson.fast:
    out.say("(--fast: 5 batches, too few to learn it. The full run has 150.)")

# %% [markdown]
# ## The number

# %%
lesson.result(plain[8][1], "share of the gradient at the top that arrives at the bottom of 8 LSTMs", skips[8][1], "with skips")

# %%
lesson.wrong(
    "Deeper is stronger.",
    f"After the same {updates} batches one layer gets {right['1 layer']:.2f} right, eight layers get {right['8 layers']:.2f}, and eight "
    f"with skips {right['8 layers, skips']:.2f}. A deep stack can express more, but only {plain[8][1]:.0e} of the gradient reaches its "
    "lowest layer, and without a gradient that layer does not learn.",
)

# %% [markdown]
# ## Three questions

# %%
rng = np.random.default_rng(0)
three = [tg.nn.RNNCell(4, 4, rng=rng) for _ in range(3)]
uses = tg.probe.contributions(stack(three, np.ones((1, 5, 4)))[-1][-1].sum(), three[1].Wh)  # one entry for every step
for cell in three[1:]:
    for p in cell.parameters():
        p.data = np.zeros(p.shape)
silent = stack_with_skips(three, np.ones((1, 5, 4)))
lesson.quiz(
    Question(
        "From lesson 04: three RNNs on top of each other read 5 words. How many edges leave the Wh of the second?",
        len(uses),
        {1: "It is one array, but it is used at every step.", 15: "Each layer has a Wh of its own, used 5 times."},
    ),
    Question(
        "An LSTM of 8 inputs and 16 units has 1,600 weights. How many has another LSTM of 16 units on top of it?",
        weights[2] - weights[1],
        {1600: "It reads 16 numbers a step, not 8.", 3200: "Twice the inputs double Wx, but not Wh and b."},
    ),
    Question(
        "Three layers with skips; all weights of layers 2 and 3 are 0. By how much do the outputs of top and bottom differ?",
        float(np.abs(silent[-1][-1].data - silent[0][-1].data).max()),
        {1: "h is tanh(0) = 0, and x_t + 0 is x_t: such a stack begins as a single layer.", 2: "0 for each layer is 0."},
    ),
)
lesson.end()
