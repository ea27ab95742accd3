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
# A graph holds every step from the weights to the result (lesson 01). Now we go the other way: how fast does the result grow with each
# node? The chain rule needs one number for every edge, its *slope*: the derivative of the child for that parent. Along a path the slopes
# are multiplied. Where several paths lead to the same node, what they bring is added.
#
# The obvious program: start at the result with 1. Multiply by the slope of each edge, hand the product to the parent, and let each parent
# do the same at once. It is right, but a node that was used twice is visited twice. So is everything behind it, each time.

# %%
lesson.predict(
    "A network called LSTM reads ten words; its graph has fewer than 200 nodes. How many visits does the obvious program make? "
    "(1e3 is a way to write 1000)"
)

# %% [markdown]
# ## A diamond
# The smallest graph in which ways part and meet again: a goes into b and into c, and d is their sum. The gradient of a is complete only
# when both sides have sent their share: 3 comes from b, 2 comes from c, together 5. So a has to wait for both.


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
    ["node", "sends to its parents"],
)

# %% [markdown]
# ## Exercise 1: an order
# The cure is to settle an order first: every node once, parents before their children. Then we can walk it backwards, and no node has its
# turn before all its children had theirs.
#
# A function that calls itself for each parent would find such an order. But a sequence of a thousand words is deeper than Python lets
# functions call each other. So keep a *stack* of your own, a list in which the last entry is the top. Look at the top. If one of its
# parents is not in the order yet, put that parent on the stack. If all are, take the top off: it is next in the order.


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
    if not isinstance(result, (list, tuple)) or not all(isinstance(n, Node) for n in result):
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
# Walk the order from its end. When a node's turn comes, all its children have sent their shares, so its gradient is complete. Multiply it
# by the slope of each edge to a parent, and *add* the product to what that parent has so far. The last node, the result, starts with 1:
# its derivative for itself.


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
# How often does the obvious program visit a node? Once for every path that leads from the result back to it. Your function can count
# paths without walking them all: with every slope set to 1, each path adds 1 to the gradient.


# %%
def visits(nodes):
    """How often the obvious program visits each node of an order."""
    twins = {}
    for n in nodes:
        twins[n] = Node(n.name, tuple(twins[p] for p in n.parents), (1.0,) * len(n.parents))
    return gradients([*twins.values()])


last = Node("a")
for _ in range(3):  # three diamonds in a row, every slope 1
    last = Node("d", (Node("b", (last,), (1.0,)), Node("c", (last,), (1.0,))), (1.0, 1.0))
counts = visits(order(last))
out.say(f"Three diamonds in a row: the first node is visited {counts[0]:g} times.")
drawn = {}
for node in order(last):  # the engine's operations, recorded in your order
    given = [drawn[parent] for parent in node.parents]
    drawn[node] = given[0] + given[1] if len(given) == 2 else given[0] * 1.0 if given else tg.Tensor(1.0, True, name="a")
lesson.picture(tg.draw(drawn[last], title="Three diamonds: ∂ counts the visits"), "diamonds")


# %%
def of_an_lstm(steps):
    """(nodes, visits of the obvious program) after so many steps."""
    cell = tg.nn.LSTMCell(3, 4, rng=np.random.default_rng(0))
    nodes = {}
    for r in tg.snapshot(tg.nn.unroll(cell, np.ones((1, steps, 3)))[0][-1].sum()):
        nodes[r.id] = Node(r.symbol, tuple(nodes[p] for p in r.parents))
    nodes = order(nodes[max(nodes)])
    return len(nodes), sum(visits(nodes))


# %%
rows = {steps: of_an_lstm(steps) for steps in (1, 2, 5, 10, 20)}
out.heading("One visit a node in order, or a visit for every path")
out.table([[str(s), str(n), f"{v:.3g}"] for s, (n, v) in rows.items()], ["words read", "nodes", "visits without an order"])

# %% [markdown]
# ## The number

# %%
nodes, count = rows[10]
lesson.result(count, "visits of the obvious program, for an LSTM that has read ten words", nodes, "in order, one a node")

# %%
seconds = rows[20][1] / 1e7
lesson.wrong(
    "Walking back along the edges as they come does the same. The order is a matter of taste.",
    f"The result is the same, but it comes late: for 20 words there are {rows[20][1]:.0e} visits. At ten million visits a second "
    f"that takes {seconds / 3600 / 24:.0f} days. In order there are {rows[20][0]}.",
)

# %% [markdown]
# ## Three questions

# %%
x = tg.Tensor(3.0, requires_grad=True, name="x")
y = x * x + x
seven, _ = tg.nn.unroll(tg.nn.RNNCell(3, 4, rng=np.random.default_rng(0)), np.ones((1, 7, 3)))
lesson.quiz(
    Question(
        "From lesson 01: how many edges leave Wh in the graph of an RNN that reads 7 words?",
        len(tg.snapshot(seven[-1].sum()).uses("Wh")),
        {1: "It is one node, but every use is an edge of its own.", 14: "Seven more leave Wx, but they are not Wh's."},
    ),
    Question(
        "What is the derivative of x*x + x at x = 3?",
        tg.grad(y, x).item(),
        {6: "x*x brings 3 twice; the last x brings 1 more.", 4: "x*x uses x twice, so it brings 3 twice."},
    ),
    Question(
        "Ten doublings, each a = a + a: how many paths lead from the last a back to the first?",
        visits(order(chain(10)(np.random.default_rng(0))["root"]))[0],
        {20: "That is the number of edges. Every doubling doubles the paths.", 10: "That is the number of doublings."},
    ),
)
lesson.end()
