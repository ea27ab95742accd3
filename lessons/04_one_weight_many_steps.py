# %% [markdown]
# # 04 One weight, many steps
#
# **How can one weight have a gradient from every step?**
#
# 20 minutes. You need: lesson 02 (uses add up) and lesson 03 (how to check a derivative).

# %%
from course import Lesson, Question, YourTurn, tensors

import numpy as np

import tinygrad_rnn as tg

lesson = Lesson("04")
out = lesson.out

# %% [markdown]
# ## Guess first
# An RNN uses the same weights for every word. Only so can it read sentences of any length, and what it learns about a word holds at every
# place. But training changes a weight by its gradient, and now one weight took part at many steps. What is its gradient then?
#
# Think of two networks that read four words. The first has one matrix Wh. The second has four copies of it, one for each step, all with
# the same numbers. Both compute the same. In the second, each copy has a gradient of its own; we add up the four. The *length* of a
# gradient is the square root of the sum of its squared entries.

# %%
lesson.predict("How long is the sum of the four copies' gradients, divided by the length of the one Wh's gradient?")

# %% [markdown]
# ## A loop, written down
# The machine does not see a loop. It sees what the loop did: each round leaves its own operations, and all of them use the same w.

# %%
out.heading("A loop, written down")
w = tg.Tensor(0.5, requires_grad=True, name="w")
h = tg.Tensor(1.0)
for _ in range(4):
    h = w * h
graph = tg.snapshot(h)
back = [float(use.gradient) for use in graph.uses("w")]
out.say(f"h = w**4: {sum(r.kind == 'op' for r in graph)} operations, {len(graph.parameters)} weight, {len(back)} edges from it.")
out.say(f"Each edge sends back {back[0]}, together {sum(back)}. By hand: the derivative of w**4 is 4 w**3 = {4 * 0.5**3}.")

# %% [markdown]
# ## Exercise 1: one step
# This is the *cell* of a plain RNN. Its state h is a row of numbers, one for each *unit*; how many there are is the hidden size.
#
#     a  = x Wx + h Wh + b
#     h' = tanh(a)
#
# Wx turns a word into the size of the state: its shape is (features, hidden). Wh turns the old state into the new: (hidden, hidden). Other
# texts call them W and H. x holds one word in each row: a *batch* of sentences is read at once. `@` is the matrix product. Use `tg.tanh`:
# like `+` and `@` of Tensors it is recorded.


# %%
@lesson.exercise
def rnn_step(x, h, Wx, Wh, b):
    """The next h (batch, hidden), a Tensor, of x (batch, features) and h (batch, hidden)."""
    raise YourTurn


# %%
one_step = tensors(x=(2, 3), h=(2, 4), Wx=(3, 4), Wh=(4, 4), b=(4,))
lesson.check(rnn_step, one_step, tensors(x=(1, 1), h=(1, 2), Wx=(1, 2), Wh=(2, 2), b=(2,)), graph=True)

# %% [markdown]
# ## Exercise 2: many steps
# To *unroll* a network is to run its cell along the sentence. Each step gets the next word and the h that the step before has made. The
# weights are the same at every step. `in_time(xs)` gives the words one by one, as xs does; besides, it marks what is recorded meanwhile
# with its time step, so that the picture has columns.


# %%
def in_time(xs):
    """The inputs in their order; what is recorded until the next one is asked for belongs to that step."""
    for t, x in enumerate(xs, start=1):
        with tg.time_step(t):
            yield x


@lesson.exercise
def unroll(xs, h, Wx, Wh, b):
    """A list with the new h of every step, for the words xs (a list) and the h to start from. Loop over in_time(xs)."""
    raise YourTurn


# %%
def sequence(steps, batch, features, hidden):
    def case(rng):
        given = tensors(h=(batch, hidden), Wx=(features, hidden), Wh=(hidden, hidden), b=(hidden,))(rng)
        return {"xs": [tg.Tensor(rng.standard_normal((batch, features))) for _ in range(steps)], **given}

    return case


lesson.check(unroll, sequence(3, 2, 3, 4), sequence(1, 1, 2, 3), graph=True)

# %% [markdown]
# ## Your network, drawn
# Above, the network as a loop, as most texts draw it. Below, what has run: the loop *unrolled* into four columns of time. There is one Wh,
# on the left. The small marks "Wh" in the columns are its four uses. The colour says how much gradient each of them sends back.

# %%
rng = np.random.default_rng(0)
xs = [tg.Tensor(rng.standard_normal((2, 3)), name="x") for _ in range(4)]
h0 = tg.Tensor(rng.standard_normal((2, 4)), name="h0")
Wx, Wh, b = (
    tg.Tensor(0.5 * rng.standard_normal(s), requires_grad=True, name=n) for n, s in (("Wx", (3, 4)), ("Wh", (4, 4)), ("b", (4,)))
)
hs = [tg.named(h, "h") for h in unroll(xs, h0, Wx, Wh, b)]
loss = (hs[-1] ** 2).sum()
graph = tg.snapshot(loss)
if not graph.steps:
    out.say("No time step is marked: loop over in_time(xs), and the picture gets its columns.")
drawings = [
    tg.draw(loss, detail="op", rolled=rolled, title=title) for rolled, title in ((True, "as a loop"), (False, "unrolled"))
]
lesson.picture(tg.draw.compare(drawings, title="One Wh, used at four steps"), "one_weight")
out.heading("Length of the gradient that Wh gets from each step")
out.bars([(f"step {t}", np.linalg.norm(part) / np.linalg.norm(graph.find("Wh").grad), f"{np.linalg.norm(part):.3f}")
          for t, part in graph.contributions("Wh").items()])  # fmt: skip
out.say("These are four matrices. The gradient of Wh is their sum.")

# %% [markdown]
# ## The number
# Now the second network: four copies of Wh, one for each step, and the same four words.

# %%
copies = [tg.Tensor(Wh.data, requires_grad=True) for _ in xs]
h = h0
for x, own in zip(xs, copies):
    h = rnn_step(x, h, Wx, own, b)
parts = tg.grad((h**2).sum(), copies)
shared = tg.grad(loss, Wh)
out.say(
    f"Entry by entry, the sum of the four and the gradient of the one differ by at most {np.abs(sum(parts) - shared).max():.0e}."
)
lesson.result(
    np.linalg.norm(sum(parts)) / np.linalg.norm(shared),
    "length of the sum of the four copies' gradients, divided by the length of the one Wh's",
    np.linalg.norm(parts[-1]) / np.linalg.norm(shared),
    "with the last copy alone",
)


# %%
def counted(steps):
    return sum(r.kind == "op" for r in tg.snapshot(unroll(xs[:steps], h0, Wx, Wh, b)[-1]))


agrees = tg.gradcheck(lambda v: unroll(xs, h0, Wx, v, b)[-1], Wh.data)
lesson.wrong(
    "A loop cannot be differentiated. Every step needs weights of its own.",
    f"After 1, 2, 3 and 4 words your loop has left {', '.join(str(counted(t)) for t in range(1, 5))} operations, and each has a rule for "
    f"its derivative. There are {len(graph.parameters)} weights all the time: Wx, Wh and b. Does Wh's gradient agree with the measured "
    f"one (lesson 03)? {'Yes' if agrees else 'No'}.",
)

# %% [markdown]
# ## Three questions

# %%
h1 = tg.Tensor(1.0, requires_grad=True)
power = h1
for _ in range(5):
    power = power * 0.5
lesson.quiz(
    Question(
        "From lesson 03: b (4,) is added to both rows of a batch. Each row sends back ones. What is an entry of b's gradient?",
        tg.grad((tg.Tensor(np.zeros((2, 4))) + b).sum(), b)[0],
        {1: "Both rows use it, and uses add up.", 0.5: "Uses add up; nothing is averaged."},
    ),
    Question(
        "h is multiplied by 0.5 five times, and nothing else happens. How fast does the last h grow with the first?",
        tg.grad(power, h1).item(),
        {2.5: "Slopes along one path are multiplied, not added.", 0.5: "That is one step; there are five."},
    ),
    Question(
        "How many operations does one call of your rnn_step leave in the graph?",
        counted(2) - counted(1),
        {1: "Every product, every sum and the tanh is one of its own.", 3: "There are two products, two sums and one tanh."},
    ),
)
lesson.end()
