# %% [markdown]
# # 03 Is this derivative right
#
# **A gradient came out. How do I know that it is right?**
#
# 20 minutes. You need: lesson 02, matrix products, NumPy's broadcasting.

# %%
from course import Lesson, Question, YourTurn, arrays, heatmap, shades

import numpy as np

import tinygrad_rnn as tg

lesson = Lesson("03")
out = lesson.out

# %% [markdown]
# ## Guess first
# A derivative can be measured: move one number up by eps, down by eps, and see what the loss does.
# (L(x + eps) - L(x - eps)) / (2 eps). The computer has about 16 digits.

# %%
lesson.predict("Which eps measures a derivative most exactly: 1e-1, 1e-2, 1e-3 ... 1e-12?")

# %% [markdown]
# ## Measured, not derived
# `measured(loss, w, eps)` does that for every entry of w. It knows nothing of chain rules, so it can judge one.


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
# A *vjp* (vector-Jacobian product) turns the gradient g of an output into that of an input. With y = tanh(x) the slope of each entry is
# 1 - y squared: it needs only the output.


# %%
@lesson.exercise
def tanh_vjp(g, y):
    """The gradient of x, where y = tanh(x) and g is the gradient of y. All of shape (n, m)."""
    raise YourTurn


# %%
lesson.check(tanh_vjp, arrays(g=(2, 3), y=(2, 3)), arrays(g=(1, 1), y=(1, 1)))

# %% [markdown]
# ## Exercise 2: back through a matrix product
# y = a @ b. Shapes nearly say it: the gradient of a has the shape of a, and is made of g (n, m) and b (k, m).


# %%
@lesson.exercise
def matmul_vjp(g, a, b):
    """The gradients of a (n, k) and of b (k, m), as a pair, where y = a @ b and g (n, m) is the gradient of y."""
    raise YourTurn


# %%
lesson.check(matmul_vjp, arrays(g=(2, 4), a=(2, 3), b=(3, 4)), arrays(g=(1, 2), a=(1, 5), b=(5, 2)))

# %% [markdown]
# ## Exercise 3: back through a broadcast
# x @ W + b adds the one b to every row. One array used many times: what comes back is added up, until it has the shape of b again.


# %%
@lesson.exercise
def unbroadcast(g, shape):
    """g summed to a shape that was broadcast to g's: over axes that were new, and over axes of size 1 (which stay)."""
    raise YourTurn


# %%
def broadcast_from(shape, to):
    return lambda rng: {"g": rng.standard_normal(to), "shape": shape}


lesson.check(unbroadcast, broadcast_from((3, 1), (2, 3, 4)), broadcast_from((4,), (5, 4)), broadcast_from((2, 3), (2, 3)))

# %% [markdown]
# ## All three together
# One layer, y = tanh(x W + b), and the loss sum(weights * y). Its gradients by your functions, and measured.

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
    return g * y * (1 - y)  # the rule of another function: easily mistaken


gaps = [
    np.abs(np.vstack(by_hand(rule)) - np.vstack([measured(loss, W), measured(loss, b)])) for rule in (tanh_vjp, sigmoid_slope)
]
out.say(
    f"Largest gap between your gradients and the measured ones: {gaps[0].max():.1e}. With sigmoid's rule: {gaps[1].max():.1e}."
)
names = ["W row 1", "W row 2", "W row 3", "b"]
both = np.hstack(gaps)
for name, line in zip(names, shades(both, both > 1e-6, out.unicode)):
    out.write(f"  {name:7}  |{line[:8]}|  |{line[8:]}|")
lesson.picture(
    heatmap(
        both,
        names,
        [*(f"you {k}" for k in range(1, 5)), *(f"sig {k}" for k in range(1, 5))],
        "Gap to the measured gradient: yours, and with sigmoid's rule",
        wrong=both > 1e-6,
        text="{:.0e}",
    ),
    "gaps",
)

# %% [markdown]
# ## The number
# Now the other way round: your gradient is exact, so it can judge eps.

# %%
exact = by_hand(tanh_vjp)[0]
sizes = [10.0**-k for k in range(1, 13)]
errors = {eps: np.abs(measured(loss, W, eps) - exact).max() / np.abs(exact).max() for eps in sizes}
out.bars([(f"{eps:.0e}", 1 + np.log10(error) / 12, f"{error:.0e}") for eps, error in errors.items()])
lesson.result(
    min(errors, key=errors.get),
    "the eps with the smallest error (bars: logarithmic, shorter is better)",
    min(sizes),
    "the smallest eps",
)

# %%
lesson.wrong(
    "A smaller eps gives a better derivative.",
    f"Error at 1e-2: {errors[1e-2]:.0e}, at 1e-5: {errors[1e-5]:.0e}, at 1e-10: {errors[1e-10]:.0e}. Two losses that are almost equal have "
    "few digits left when they are subtracted.",
)

# %% [markdown]
# ## Three questions

# %%
a = tg.Tensor(1.0, requires_grad=True)
bias = tg.Tensor(np.zeros(4), requires_grad=True)
(tg.Tensor(x) @ tg.Tensor(W) + bias).sum().backward()
lesson.quiz(
    Question(
        "From lesson 02: a is used three times, with slopes 1, 2 and 3, and the results are summed. Its gradient?",
        tg.grad(a * 1.0 + a * 2.0 + a * 3.0, a).item(),
        {3: "That is the last use; uses add up.", 2: "That is the mean; uses add up."},
    ),
    Question(
        "x (5, 3) @ W (3, 4) + b (4,). How many entries has the gradient of b?",
        bias.grad.size,
        {
            20: "A gradient has the shape of what it belongs to; the batch is summed away.",
            5: "One for each unit, not for each row.",
        },
    ),
    Question(
        "What is the largest slope that tanh can have?",
        float(tanh_vjp(np.ones(1), np.tanh(np.linspace(-3, 3, 7))).max()),
        {0.25: "That is sigmoid's.", 2: "1 - y squared is never more than 1."},
    ),
)
lesson.end()
