# %% [markdown]
# # 01 What a graph remembers
#
# **What does the machine keep when I write tanh(w*x + b)?**
#
# 15 minutes. You need: Python functions and the tour, `python lessons/00_tour.py`.
#
# Run this file: `python lessons/01_what_a_graph_remembers.py`. It stops at the first exercise that is not done. Write, save, run again.

# %%
from dataclasses import dataclass

from course import Lesson, Question, YourTurn

import numpy as np

import tinygrad_rnn as tg

lesson = Lesson("01")
out = lesson.out

# %% [markdown]
# ## Guess first
# One step of a plain RNN is h' = tanh(x Wx + h Wh + b). The loss is the sum of the last h: one operation more.

# %%
lesson.predict(
    "An RNN reads five words and its last h is summed to one number. How many operations has the machine written down?"
)

# %% [markdown]
# ## What is kept
# Every operation leaves a *node*: its value, its name, and its parents, which are the values that went in, in order. Nothing else is
# needed to find the gradient later. `tg.snapshot` shows the nodes as plain data.

# %%
w = tg.Tensor(0.5, requires_grad=True, name="w")
x = tg.Tensor(2.0, name="x")
b = tg.Tensor(-0.3, requires_grad=True, name="b")
neuron = tg.tanh(w * x + b)
out.heading("tanh(w*x + b), as it was written down")
out.table(
    [[str(r.id), r.op or r.symbol, f"{r.value:.4f}", str([*r.parents])] for r in tg.snapshot(neuron)],
    ["node", "op", "value", "parents"],
)
lesson.picture(tg.draw(neuron, title="One neuron: tanh(w x + b)"), "neuron")

# %% [markdown]
# ## Exercise 1: write it down yourself
# Here is a node. `record("mul", (a, b))` computes a*b and returns a Node that remembers how; "add" adds.


# %%
@dataclass(eq=False)
class Node:
    value: float
    op: str = ""  # empty: it was given, not computed
    parents: tuple = ()


@lesson.exercise
def record(op, parents):
    """A Node with the sum ("add") or the product ("mul") of the values of two parents."""
    raise YourTurn


# %%
def two_nodes(op):
    return lambda rng: {"op": op, "parents": (Node(rng.normal()), Node(rng.normal()))}


def one_node_twice(rng):
    a = Node(rng.normal())
    return {"op": "add", "parents": (a, a)}


lesson.check(record, two_nodes("mul"), two_nodes("add"), one_node_twice)

# %% [markdown]
# Now the formula w*x + b, recorded by your function.

# %%
mine = [Node(0.5), Node(2.0), Node(-0.3)]  # w, x, b
mine.append(record("mul", (mine[0], mine[1])))
mine.append(record("add", (mine[3], mine[2])))
out.say(f"Yours: w*x + b = {mine[-1].value:.4f}. The engine's: {(w * x + b).item():.4f}.")

# %% [markdown]
# ## Exercise 2: the edges
# An edge goes from a parent to the node that used it. Number the nodes by their place in the list. One edge for every *use*: a + a has two.


# %%
@lesson.exercise
def edges(nodes):
    """All edges as pairs (place of the parent, place of the child): child by child, its parents in order."""
    raise YourTurn


# %%
def a_plus_a(rng):
    a = Node(rng.normal())
    return {"nodes": [a, Node(2 * a.value, "add", (a, a))]}


def a_chain(rng):
    a, b = Node(rng.normal()), Node(rng.normal())
    c = Node(b.value * a.value, "mul", (b, a))
    d = Node(c.value + a.value, "add", (c, a))
    return {"nodes": [a, b, c, d, Node(d.value * d.value, "mul", (d, d))]}


lesson.check(edges, a_chain, a_plus_a)

# %% [markdown]
# Your list and the engine's are the same list.

# %%
out.say(f"Yours: {edges(mine)}. A tensor that is used twice: {edges([mine[0], record('add', (mine[0], mine[0]))])}, two edges.")


# %% [markdown]
# ## The number
# The graph is not the formula. It is this *run*: five steps through the same line of code leave five times its nodes.


# %%
def operations(cell, steps):
    hs, _ = tg.nn.unroll(cell, np.ones((1, steps, 3)))
    return sum(r.kind == "op" for r in tg.snapshot(hs[-1].sum()))


rng = np.random.default_rng(0)
rnn, lstm = tg.nn.RNNCell(3, 4, rng=rng), tg.nn.LSTMCell(3, 4, rng=rng)
five = operations(rnn, 5)
lesson.result(five, "operations: 5 steps of 5, and the sum", 5, "the formula of one step")

# %%
counts = {steps: operations(rnn, steps) for steps in (1, 2, 5, 50)}
lesson.wrong(
    "The graph is the formula.",
    f"One formula, other runs: {', '.join(f'{n} operations after {steps} steps' for steps, n in counts.items())}.",
)

# %% [markdown]
# ## Three questions

# %%
shared = w * w + w
lesson.quiz(
    Question(
        "From the tour: how many weight matrices does a plain RNN cell have?",
        sum(p.ndim == 2 for p in rnn.parameters()),
        {1: "x and h each have their own: Wx and Wh.", 5: "The same two are used at every step, however many there are."},
    ),
    Question(
        "How many edges leave w in the graph of w*w + w?",
        len(tg.snapshot(shared).uses("w")),
        {1: "One node, but every use is an edge of its own.", 2: "w*w uses it twice, and + w once more."},
    ),
    Question(
        "How many operations does an LSTM leave after five steps and a sum?",
        operations(lstm, 5),
        {five: "That is the RNN: an LSTM has four gates and a second state.", 17: "That is one step; each step leaves its own."},
    ),
)
lesson.end()
