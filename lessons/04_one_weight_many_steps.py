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
# A network reads four words with one Wh. Beside it, a second network: it has four copies of Wh, one for each step, all with the same
# numbers. Both compute the same. Add up the gradients of the four copies; how long is that sum, beside the gradient of the one Wh?

# %%
lesson.predict("Length of the summed gradient of four copies, divided by that of the one Wh: what is the ratio?")

# %% [markdown]
# ## A loop, written down
# The machine does not see a loop. It sees what the loop did: each round leaves its own operations, and all point to the same w.

# %%
out.heading("A loop, written down")
w = tg.Tensor(0.5, requires_grad=True, name="w")
h = tg.Tensor(1.0)
for _ in range(4):
    h = w * h
graph = tg.snapshot(h)
back = [float(use.gradient) for use in graph.uses("w")]
out.say(f"h = w**4: {sum(r.kind == 'op' for r in graph)} operations, {len(graph.parameters)} weight, {len(back)} edges from it.")
out.say(f"What comes back along them: {back}, in sum {sum(back)}. By hand, 4 w**3 = {4 * 0.5**3}.")

# %% [markdown]
# ## Exercise 1: one step
#     a  = x Wx + h Wh + b
#     h' = tanh(a)
# x holds a word in every row of the batch. `@` is the matrix product, `tg.tanh` records.


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
# The same five arrays at every step, and the h of one step is the h that the next one starts from. `in_time(xs)` gives the inputs one
# by one and marks what is recorded meanwhile with its time step, for the picture.


# %%
def in_time(xs):
    """The inputs in their order; what is recorded until the next one is asked for belongs to that step."""
    for t, x in enumerate(xs, start=1):
        with tg.time_step(t):
            yield x


@lesson.exercise
def unroll(xs, h, Wx, Wh, b):
    """A list with the h of every step, for inputs xs (a list) and the h to start from. Loop over in_time(xs)."""
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
# Four columns of time and one Wh. The marks in the columns are its uses, in the colour of what each sends back.

# %%
rng = np.random.default_rng(0)
xs = [tg.Tensor(rng.standard_normal((2, 3)), name=f"x{t}") for t in range(1, 5)]
h0 = tg.Tensor(rng.standard_normal((2, 4)), name="h0")
Wx, Wh, b = (
    tg.Tensor(0.5 * rng.standard_normal(s), requires_grad=True, name=n) for n, s in (("Wx", (3, 4)), ("Wh", (4, 4)), ("b", (4,)))
)
hs = unroll(xs, h0, Wx, Wh, b)
loss = (hs[-1] ** 2).sum()
graph = tg.snapshot(loss)
lesson.picture(tg.draw(loss, detail="op", weights="edges", title="One Wh, used at four steps"), "one_weight")
out.bars([(f"step {t}", np.linalg.norm(part) / np.linalg.norm(graph.find("Wh").grad), f"{np.linalg.norm(part):.3f}")
          for t, part in graph.contributions("Wh").items()])  # fmt: skip
out.say("The gradient of Wh, split by step. Each step has its own part; the weight has their sum.")

# %% [markdown]
# ## The number
# Four copies of Wh, one for each step, and the same four steps.

# %%
copies = [tg.Tensor(Wh.data, requires_grad=True) for _ in xs]
h = h0
for x, own in zip(xs, copies):
    h = rnn_step(x, h, Wx, own, b)
parts = tg.grad((h**2).sum(), copies)
shared = tg.grad(loss, Wh)
out.say(f"Largest difference between the sum of the four and the gradient of the one: {np.abs(sum(parts) - shared).max():.0e}.")
lesson.result(
    np.linalg.norm(sum(parts)) / np.linalg.norm(shared),
    "length of the sum of the copies' gradients, divided by that of the one Wh",
    np.linalg.norm(parts[-1]) / np.linalg.norm(shared),
    "the last step alone",
)


# %%
def counted(steps):
    return sum(r.kind == "op" for r in tg.snapshot(unroll(xs[:steps], h0, Wx, Wh, b)[-1]))


agrees = tg.gradcheck(lambda v: unroll(xs, h0, Wx, v, b)[-1], Wh.data)
lesson.wrong(
    "A loop cannot be differentiated, or else every round needs weights of its own.",
    f"After 1 to 4 rounds your loop has left {', '.join(str(counted(t)) for t in range(1, 5))} operations, each with a rule for its "
    f"derivative, and {len(graph.parameters)} weights in all. Does Wh's gradient agree with the measured one? {'Yes' if agrees else 'No'}.",
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
        "From lesson 03: b (4,) is added to both rows of a batch. Each row sends ones back. What is each entry of b's gradient?",
        tg.grad((tg.Tensor(np.zeros((2, 4))) + b).sum(), b)[0],
        {1: "Two rows use it, and uses add up.", 0.5: "They add up; nothing is averaged."},
    ),
    Question(
        "h = 0.5 h, five times, nothing else. What is the derivative of the last h for the first?",
        tg.grad(power, h1).item(),
        {2.5: "Steps multiply; uses of a weight add.", 0.5: "That is one step."},
    ),
    Question(
        "How many operations does a step of your rnn_step leave?",
        counted(2) - counted(1),
        {1: "Every product, sum and tanh is one.", 3: "Two products, two sums, one tanh."},
    ),
)
lesson.end()
