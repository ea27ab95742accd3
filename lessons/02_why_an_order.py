# %% [markdown]
# # 02 Why an order
#
# **Why not simply walk back along the edges, from the result to the weights?**
#
# 15 minutes. You need: lesson 01, and the chain rule once seen.

# %%
from dataclasses import dataclass

from course import Lesson, Question, YourTurn

import numpy as np

import tinygrad_rnn as tg

lesson = Lesson("02")
out = lesson.out

# %% [markdown]
# ## Guess first
# The obvious way back: "my gradient came in, so I multiply it by the slope of each edge and hand it to my parents, who do the same".
# A node with two uses is then visited twice, and so is everything behind it, each time.

# %%
lesson.predict(
    "An LSTM reads ten words: not 200 nodes. How many visits does the obvious way back make? (1e3 is a way to write 1000)"
)

# %% [markdown]
# ## A diamond
# a goes two ways and the ways meet again. Its gradient is complete only when both have reported: 3 from one side, 2 from the other.


# %%
@dataclass(eq=False)
class Node:
    name: str
    parents: tuple = ()
    slopes: tuple = ()  # the derivative of this node for each parent, in their order


a = Node("a")
b, c = Node("b", (a,), (3.0,)), Node("c", (a,), (2.0,))
d = Node("d", (b, c), (1.0, 1.0))
out.heading("d = b + c, b = 3a, c = 2a")
out.table(
    [[n.name, ", ".join(f"{s:g} to {p.name}" for p, s in zip(n.parents, n.slopes)) or "-"] for n in (d, c, b, a)],
    ["node", "sends"],
)

# %% [markdown]
# ## Exercise 1: an order
# Parents before children, each node once. Recursion would do for a diamond; a sequence of a thousand steps is deeper than Python's
# stack. So keep a stack of your own: look at its top; if a parent is not in the order yet, put it on top, else the node itself is next.


# %%
@lesson.exercise
def order(root):
    """A list of all nodes that root depends on, and root: every parent before its children, every node once. No recursion."""
    raise YourTurn


# %%
def chain(length):
    def case(rng):
        node = Node("first")
        for k in range(length):
            node = Node(f"n{k}", (node, node), tuple(rng.normal(size=2)))
        return {"root": node}

    return case


def crossed(rng):
    a, b = Node("a"), Node("b")
    c = Node("c", (a, b), tuple(rng.normal(size=2)))
    d = Node("d", (c, a), tuple(rng.normal(size=2)))
    return {"root": Node("e", (b, d, c), tuple(rng.normal(size=3)))}


def is_an_order(result, arguments):
    if not isinstance(result, list) or not all(isinstance(n, Node) for n in result):
        return "the result is not a list of nodes"
    place = {id(node): k for k, node in enumerate(result)}
    if len(place) < len(result):
        return "a node stands in the list twice"
    if id(arguments["root"]) not in place:
        return "root is missing"
    for node in result:
        for parent in node.parents:
            if id(parent) not in place:
                return f"{parent.name}, a parent of {node.name}, is missing"
            if place[id(parent)] > place[id(node)]:
                return f"{node.name} stands before its parent {parent.name}"
    return None if result[-1] is arguments["root"] else "something stands after root"


lesson.check(order, crossed, lambda rng: {"root": Node("alone")}, chain(1500), judge=is_an_order)

# %% [markdown]
# ## Exercise 2: the gradients
# Walk the order from the back. When a node's turn comes all its children have reported, so its gradient is complete: multiply it by the
# slope of each edge and *add* the product to what the parent has. The root starts with 1.


# %%
@lesson.exercise
def gradients(nodes):
    """The gradient of the last node for each node of an order, as a list of numbers in the same order."""
    raise YourTurn


# %%
def small(rng):
    return {"nodes": order(crossed(rng)["root"])}


lesson.check(gradients, small, lambda rng: {"nodes": [Node("alone")]}, lambda rng: {"nodes": order(chain(40)(rng)["root"])})
diamond = order(d)
out.say("The diamond, by your two functions: " + ", ".join(f"{n.name} {g:g}" for n, g in zip(diamond, gradients(diamond))) + ".")

# %% [markdown]
# ## What it saves
# How often does the obvious way back visit a node? Once for every path from the end to it. Your walk counts them: let every slope be 1.


# %%
def visits(nodes):
    """How often the obvious way back visits each node of an order."""
    twins = {}
    for n in nodes:
        twins[n] = Node(n.name, tuple(twins[p] for p in n.parents), (1.0,) * len(n.parents))
    return gradients([*twins.values()])


x = tg.Tensor(1.0, requires_grad=True, name="a")
y, last = x, Node("a")
for _ in range(3):  # three diamonds in a row, every slope 1
    y = y * 1.0 + y * 1.0
    last = Node("d", (Node("b", (last,), (1.0,)), Node("c", (last,), (1.0,))), (1.0, 1.0))
counts = visits(order(last))
out.say(f"Three diamonds in a row: a is visited {counts[0]:g} times. In the picture the derivative ∂ is the number of visits.")
lesson.picture(tg.draw(y, title="Three diamonds with slopes of 1: ∂ is how often the obvious way back comes by"), "diamonds")


# %%
def of_an_lstm(steps):
    """(nodes, visits of the obvious way back) after so many steps."""
    cell = tg.nn.LSTMCell(3, 4, rng=np.random.default_rng(0))
    nodes = {}
    for r in tg.snapshot(tg.nn.unroll(cell, np.ones((1, steps, 3)))[0][-1].sum()):
        nodes[r.id] = Node(r.symbol, tuple(nodes[p] for p in r.parents))
    nodes = order(nodes[max(nodes)])
    return len(nodes), sum(visits(nodes))


# %%
rows = {steps: of_an_lstm(steps) for steps in (1, 2, 5, 10, 20)}
out.table([[str(s), str(n), f"{v:.3g}"] for s, (n, v) in rows.items()], ["LSTM steps", "nodes", "visits without an order"])

# %% [markdown]
# ## The number

# %%
nodes, count = rows[10]
lesson.result(
    count, f"visits without an order, 10 steps of an LSTM; in order every node has one turn: {nodes}", nodes, "in order"
)

# %%
seconds = rows[20][1] / 1e7
lesson.wrong(
    "Walking back depth first does the same, it is only a matter of taste.",
    f"The result is the same, if you live to see it: 20 steps are {rows[20][1]:.0e} visits, "
    f"{seconds / 3600 / 24:.0f} days at ten million a second. In order it is {rows[20][0]}.",
)

# %% [markdown]
# ## Three questions

# %%
x = tg.Tensor(3.0, requires_grad=True, name="x")
y = x * x + x
lesson.quiz(
    Question(
        "From lesson 01: how many edges leave Wh in the graph of an RNN that reads 7 words?",
        len(
            tg.snapshot(tg.nn.unroll(tg.nn.RNNCell(3, 4, rng=np.random.default_rng(0)), np.ones((1, 7, 3)))[0][-1].sum()).uses(
                "Wh"
            )
        ),
        {1: "One array, but an edge for every use.", 14: "Wx has seven of its own."},
    ),
    Question(
        "What is the derivative of x*x + x at x = 3?",
        tg.grad(y, x).item(),
        {6: "x*x sends 3 twice, and the sum sends 1 besides.", 4: "x is used three times; every use adds."},
    ),
    Question(
        "Ten doublings, each a = a + a: how many paths lead from the last a to the first?",
        visits(order(chain(10)(np.random.default_rng(0))["root"]))[0],
        {20: "Two edges each, but paths multiply.", 10: "Nodes are few; paths are many."},
    ),
)
lesson.end()
