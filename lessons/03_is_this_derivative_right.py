# %% [markdown]
# # 03 Is this derivative right
#
# **A gradient came out. How do I know that it is right?**
#
# 20 minutes. You need: lesson 02, matrix products, NumPy's broadcasting.

# %%
from course import Lesson, Question, YourTurn, arrays, heatmap

import numpy as np

import tinygrad_rnn as tg

lesson = Lesson("03")
out = lesson.out

# %% [markdown]
# ## Guess first
# A wrong gradient is a quiet fault. Nothing crashes; the network only learns badly, or not at all. So a gradient needs a judge.
#
# A derivative can be measured. Take the *loss* L, the number that training makes small. Move one weight up by a little, by eps, then down
# by eps, and compare: (L(w + eps) - L(w - eps)) / (2 eps). In theory eps should go to 0. In a computer a number has about 16 digits.

# %%
lesson.predict("Which eps measures a derivative most exactly: 1e-1, 1e-2, 1e-3 and so on, down to 1e-12?")

# %% [markdown]
# ## Measured, not derived
# `measured(loss, w, eps)` does that for every entry of an array w. It knows nothing of the chain rule, so it can judge who used it.


# %%
def measured(loss, w, eps=1e-5):
    """The derivative of loss() for each entry of w, by moving the entry; w is put back."""
    slopes = np.zeros_like(w)
    for k in np.ndindex(w.shape):
        kept = w[k]
        w[k] = kept + eps
        up = loss()
        w[k] = kept - eps
        slopes[k] = (up - loss()) / (2 * eps)
        w[k] = kept
    return slopes


w = np.array([0.5, -1.0])
out.heading("Measured, and derived")
out.table(
    [["measured", *(f"{v:.8f}" for v in measured(lambda: (w**3).sum(), w))], ["3 w**2", *(f"{v:.8f}" for v in 3 * w**2)]],
    ["derivative of w**3", "at 0.5", "at -1"],
)

# %% [markdown]
# ## Exercise 1: back through tanh
# Lesson 02 had one number on every edge. From here on a node holds an array, and what is sent along an edge is an array too. Every
# operation needs a rule: given g, the gradient of its output, what is the gradient of its input? Such a rule is called a *vjp*
# (vector-Jacobian product).
#
# For y = tanh(x) the slope of each entry is 1 - y squared. It needs only the output, so the machine keeps y and can forget x.


# %%
@lesson.exercise
def tanh_vjp(g, y):
    """The gradient of x, where y = tanh(x) and g is the gradient of y. All of shape (n, m)."""
    raise YourTurn


# %%
def after_tanh(*shape):
    return lambda rng: {"g": rng.standard_normal(shape), "y": np.tanh(rng.standard_normal(shape))}


lesson.check(tanh_vjp, after_tanh(2, 3), after_tanh(1, 1))

# %% [markdown]
# ## Exercise 2: back through a matrix product
# Now y = a @ b, with a of shape (n, k) and b of shape (k, m), so y and g are (n, m). The shapes nearly tell the rule. The gradient of a
# must have the shape of a, (n, k), and it is made of g and b: there is only one way to multiply these two so that (n, k) comes out. The
# gradient of b is made of a and g.


# %%
@lesson.exercise
def matmul_vjp(g, a, b):
    """A pair: the gradient of a (n, k), then that of b (k, m), where y = a @ b and g (n, m) is the gradient of y."""
    raise YourTurn


# %%
lesson.check(matmul_vjp, arrays(g=(2, 4), a=(2, 3), b=(3, 4)), arrays(g=(1, 2), a=(1, 5), b=(5, 2)))

# %% [markdown]
# ## Exercise 3: back through a broadcast
# x @ W + b adds the same b to every row of the batch. NumPy *broadcasts* b: it behaves as if it had copies. One array, many uses: by
# lesson 02 what the uses send back is added up. So g, which has the broadcast shape, is summed until it has the shape of b again.
#
# NumPy broadcasts in two ways. It puts new axes in front: (4,) becomes (5, 4). And it stretches axes of size 1: (3, 1) becomes (3, 4).


# %%
@lesson.exercise
def unbroadcast(g, shape):
    """g, summed back to `shape`: over the new axes in front, which go, and over the axes of size 1 in shape, which stay."""
    raise YourTurn


# %%
def broadcast_from(shape, to):
    return lambda rng: {"g": rng.standard_normal(to), "shape": shape}


lesson.check(unbroadcast, broadcast_from((3, 1), (2, 3, 4)), broadcast_from((4,), (5, 4)), broadcast_from((2, 3), (2, 3)))

# %% [markdown]
# ## All three together
# One layer of a network is y = tanh(x W + b). As its loss we take a weighted sum of y. Its gradients come once from your three functions
# and once from the judge. For comparison, the rule of another function takes the place of yours: the one of sigmoid, easily mistaken.

# %%
rng = np.random.default_rng(0)
x, W, b = rng.standard_normal((5, 3)), rng.standard_normal((3, 4)), rng.standard_normal(4)
weights = rng.standard_normal((5, 4))


def loss():
    return float((weights * np.tanh(x @ W + b)).sum())


def by_hand(slope):
    """The gradients of W and b, with any rule for tanh."""
    g = slope(weights, np.tanh(x @ W + b))
    return matmul_vjp(g, x, W)[1], unbroadcast(g, b.shape)


def sigmoid_slope(g, y):
    return g * y * (1 - y)  # right for sigmoid, wrong for tanh


gaps = [
    np.abs(np.vstack(by_hand(rule)) - np.vstack([measured(loss, W), measured(loss, b)])) for rule in (tanh_vjp, sigmoid_slope)
]
out.say(
    f"Largest gap between your gradients and the measured ones: {gaps[0].max():.1e}. With sigmoid's rule: {gaps[1].max():.1e}. "
    "Below, each entry of W and b: yours on the left, sigmoid's on the right; XX is wrong."
)
names = ["W row 1", "W row 2", "W row 3", "b"]
both = np.hstack(gaps)
for name, row in zip(names, both):
    line = "".join("XX" if gap > 1e-6 else "  " for gap in row)
    out.write(f"  {name:7}  |{line[:8]}|  |{line[8:]}|")
lesson.picture(
    heatmap(
        both,
        names,
        [*(f"yours {k}" for k in range(1, 5)), *(f"sigm. {k}" for k in range(1, 5))],
        "Gap to the measured gradient: your rule, and sigmoid's (red: wrong)",
        wrong=both > 1e-6,
        text="{:.0e}",
    ),
    "gaps",
)

# %% [markdown]
# ## The number
# Now we turn it round. Your gradient is exact, up to the last digits, so it can judge eps. The error is the largest gap over all entries
# of W, divided by the largest gradient.

# %%
exact = by_hand(tanh_vjp)[0]
sizes = [10.0**-k for k in range(1, 13)]
errors = {eps: np.abs(measured(loss, W, eps) - exact).max() / np.abs(exact).max() for eps in sizes}
out.heading("Error of the measured derivative (shorter is better)")
out.bars([(f"{eps:.0e}", 1 + np.log10(error) / 12, f"{error:.0e}") for eps, error in errors.items()])
lesson.result(
    min(errors, key=errors.get),
    "the eps with the smallest error; the bars above are logarithmic",
    min(sizes),
    "the smallest eps",
)

# %%
lesson.wrong(
    "A smaller eps gives a better derivative.",
    f"The error is {errors[1e-2]:.0e} at eps 1e-2, {errors[1e-5]:.0e} at 1e-5, and {errors[1e-10]:.0e} at 1e-10. When eps is tiny, the two "
    "losses agree in almost all of their 16 digits, and their difference has few digits left.",
)

# %% [markdown]
# ## Three questions

# %%
a = tg.Tensor(1.0, requires_grad=True)
bias = tg.Tensor(np.zeros(4), requires_grad=True)
(tg.Tensor(x) @ tg.Tensor(W) + bias).sum().backward()
lesson.quiz(
    Question(
        "From lesson 02: a is used three times, with slopes 1, 2 and 3. The results are summed. What is the gradient of a?",
        tg.grad(a * 1.0 + a * 2.0 + a * 3.0, a).item(),
        {3: "That is the last use alone; uses add up.", 2: "That is the mean of the slopes; uses add up."},
    ),
    Question(
        "x (5, 3) @ W (3, 4) + b (4,): how many entries does the gradient of b have?",
        bias.grad.size,
        {
            20: "That is the shape of the output. A gradient has the shape of what it belongs to; the rows are summed.",
            5: "That is one for each row. b has one for each column.",
        },
    ),
    Question(
        "What is the largest slope that tanh can have?",
        float(tanh_vjp(np.ones(1), np.tanh(np.linspace(-3, 3, 7))).max()),
        {0.25: "That is the largest slope of sigmoid.", 2: "The slope is 1 - y squared, and that is never more than 1."},
    ),
)
lesson.end()
