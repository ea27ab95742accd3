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
# A network learns by small changes of its weights. For every weight it has to know: if I make it a little larger, how does the result
# change? That number is a derivative, called the *gradient* of the weight. To find it afterwards, the machine takes notes while it
# computes. These notes are the *graph*. This lesson looks at what is in them.
#
# The network of this course is the *recurrent neural network*, RNN for short. It reads a sentence word by word and keeps a *state* h,
# a few numbers. One step makes a new state from the word x and the old h: h' = tanh(x Wx + h Wh + b). The same line runs for every word.

# %%
lesson.predict(
    "An RNN reads five words, one step a word. Then the numbers in its last h are summed. "
    "How many operations has the machine written down?"
)

# %% [markdown]
# ## What is kept
# Every operation leaves a *node* in the graph. A node holds its value, the name of the operation, and its *parents*: the nodes whose
# values went in, in their order. The gradient needs nothing else. `tg.snapshot` lists the nodes as plain data.

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

# %% [markdown]
# Node 3 is the product of node 0 and node 2, and so on. w, b and x have no parents: they were given, not computed.
#
# ## Exercise 1: take a note
# Here is a node of our own. `record("mul", (a, b))` shall compute the product of the values of a and b, and return a new Node that
# remembers how it came about. "add" does the same with the sum.


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
# Now the formula w*x + b, noted by your function.

# %%
mine = [Node(0.5), Node(2.0), Node(-0.3)]  # w, x, b
mine.append(record("mul", (mine[0], mine[1])))
mine.append(record("add", (mine[3], mine[2])))
out.say(f"Yours: w*x + b = {mine[-1].value:.4f}. The engine's: {(w * x + b).item():.4f}.")

# %% [markdown]
# ## Exercise 2: the edges
# An *edge* is an arrow from a parent to the node that used it. A node is known by its place in the list, counted from 0. Every *use* is an
# edge of its own: a + a uses a twice, so two edges leave a.


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
    a = Node(rng.normal())
    b = Node(a.value)  # the same number as a, but another node
    c = Node(b.value * a.value, "mul", (b, a))
    d = Node(c.value + a.value, "add", (c, a))
    return {"nodes": [a, b, c, d, Node(d.value * d.value, "mul", (d, d))]}


lesson.check(edges, a_chain, a_plus_a)

# %% [markdown]
# Are your notes complete? Then the formula can be run again from them alone, with the engine's operations in place of yours.


# %%
def run_again(nodes, names):
    made = {}
    for k, node in enumerate(nodes):
        if node.op:
            made[node] = getattr(tg, node.op)(*(made[parent] for parent in node.parents))
        else:
            made[node] = tg.Tensor(node.value, requires_grad=names[k] != "x", name=names[k])
    return made[nodes[-1]]


twice = [mine[0], record("add", (mine[0], mine[0]))]
out.say(f"The edges of w*x + b: {edges(mine)}. Of w + w: {edges(twice)}.")
drawings = [tg.draw(run_again(mine, "wxb"), title="w*x + b"), tg.draw(run_again(twice, "w"), title="w + w: one node, two edges")]
lesson.picture(tg.draw.compare(drawings, title="Drawn from your notes", across=True), "notes")
out.say("In the picture, the second number in a node (after ∂) is its gradient: how fast the result grows with it.")

# %% [markdown]
# ## The number
# The graph is not the formula. It is the record of one *run*: five steps through the same line of code leave five times its nodes.


# %%
def operations(cell, steps):
    hs, _ = tg.nn.unroll(cell, np.ones((1, steps, 3)))
    return sum(r.kind == "op" for r in tg.snapshot(hs[-1].sum()))


rng = np.random.default_rng(0)
rnn, lstm = tg.nn.RNNCell(3, 4, rng=rng), tg.nn.LSTMCell(3, 4, rng=rng)
five = operations(rnn, 5)
lesson.result(five, "operations noted: 5 steps of 5 each, and the sum", 5, "the formula of one step")

# %%
counts = {steps: operations(rnn, steps) for steps in (1, 2, 5, 50)}
lesson.wrong(
    "The graph is the formula.",
    f"The same formula, run for {', '.join(map(str, counts))} words, leaves {', '.join(map(str, counts.values()))} operations.",
)

# %% [markdown]
# ## Three questions

# %%
shared = w * w + w
lesson.quiz(
    Question(
        "From the tour: how many weight matrices does the cell of a plain RNN have?",
        sum(p.ndim == 2 for p in rnn.parameters()),
        {1: "x and h each have a matrix of their own: Wx and Wh.", 5: "Five words use the same two; no step has its own."},
    ),
    Question(
        "How many edges leave w in the graph of w*w + w?",
        len(tg.snapshot(shared).uses("w")),
        {1: "It is one node, but every use is an edge of its own.", 2: "w*w uses it twice, and + w uses it once more."},
    ),
    Question(
        f"An LSTM is a larger cell: one step of it leaves {operations(lstm, 2) - operations(lstm, 1)} operations. "
        "How many are noted after five steps and the sum?",
        operations(lstm, 5),
        {five: "That is the plain RNN.", operations(lstm, 1): "That is one step and the sum; every step leaves its own."},
    ),
)
lesson.end()
