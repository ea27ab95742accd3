"""Lesson 03: one way to write each exercise, three hints, known mistakes. These functions run with the names of the lesson."""


def tanh_vjp(g, y):
    return g * (1 - y**2)


def matmul_vjp(g, a, b):
    return g @ b.T, a.T @ g


def unbroadcast(g, shape):
    g = g.sum(axis=tuple(range(g.ndim - len(shape))))
    ones = tuple(k for k, size in enumerate(shape) if size == 1)
    return g.sum(axis=ones, keepdims=True)


HINTS = {
    "tanh_vjp": (
        "The slope stands in the text above the exercise; what is missing is the chain rule.",
        "Gradient of x = gradient of y, times the slope of tanh there: 1 minus the output squared.",
        "return g times (1 minus <what?>)",
    ),
    "matmul_vjp": (
        "Write the shapes of g, a and b on paper. In which one way do two of them multiply to the shape of a?",
        "The gradient of a is g times b transposed; that of b is a transposed times g.",
        "return <g and a turned b, shape (n, k)>, <a turned a and g, shape (k, m)>",
    ),
    "unbroadcast": (
        "Two kinds of axes were broadcast: axes in front that shape does not have, and axes where shape has a 1.",
        "Sum over the first g.ndim - len(shape) axes. Then sum over each axis of size 1, and keep it (keepdims).",
        "g = g.sum(axis=<the new ones, a tuple>); return g.sum(axis=<where shape has 1>, keepdims=...)",
    ),
}


def forgets_g(g, y):
    return 1 - y**2


def slope_of_sigmoid(g, y):
    return g * y * (1 - y)


def twice(g, y):
    return g * (1 - np.tanh(y) ** 2)


def no_bracket(g, y):
    return g * 1 - y**2


def square_of_the_difference(g, y):
    return g * (1 - y) ** 2


def not_squared(g, y):
    return g * (1 - y)


def into_the_output(g, y):
    y **= 2
    return g * (1 - y)


def not_turned(g, a, b):
    return g @ b, a @ g


def averaged(g, a, b):
    return g @ b.T, a.T @ g / len(a)


def turned_back(g, a, b):
    return g @ b.T, g.T @ a


def of_a_only(g, a, b):
    return g @ b.T


def without_g(g, a, b):
    return np.ones_like(g) @ b.T, a.T @ np.ones_like(g)


def changed_round(g, a, b):
    return a.T @ g, g @ b.T


def new_axes_only(g, shape):
    return g.sum(axis=tuple(range(g.ndim - len(shape))))


def averages(g, shape):
    g = g.mean(axis=tuple(range(g.ndim - len(shape))))
    return g.mean(axis=tuple(k for k, size in enumerate(shape) if size == 1), keepdims=True)


def drops_ones(g, shape):
    g = g.sum(axis=tuple(range(g.ndim - len(shape))))
    return g.sum(axis=tuple(k for k, size in enumerate(shape) if size == 1))


def first_copy(g, shape):
    return np.resize(g, shape)


def ones_only(g, shape):
    return g.sum(axis=tuple(k for k, size in enumerate(shape) if size == 1), keepdims=True)


def everything(g, shape):
    return g.sum()


MISTAKES = {
    "tanh_vjp": [
        (forgets_g, "this is the slope alone: the chain rule multiplies it by the gradient g that comes in"),
        (slope_of_sigmoid, "this is the slope of sigmoid, y (1 - y); that of tanh is 1 - y squared"),
        (no_bracket, "g multiplies the 1 alone here: put 1 - y**2 into brackets"),
        (square_of_the_difference, "this is 1 - y, squared; the slope is 1 minus the square of y"),
        (not_squared, "this takes 1 - y; the slope is 1 minus the square of y"),
        (into_the_output, "y was overwritten; it belongs to the graph, and others still need it: build a new array"),
        (twice, "tanh was taken once more: y is the output already"),
    ],
    "matmul_vjp": [
        (not_turned, "these shapes do not multiply: each factor has to be turned (.T) on its way back"),
        (averaged, "this is what comes out when the gradient of b is averaged over the rows: they add"),
        (turned_back, "the second gradient came out transposed: which order of the two factors gives (k, m)?"),
        (of_a_only, "this is the gradient of a alone; that of b is wanted too: return both"),
        (without_g, "this is what comes out when every entry of g is taken for 1: the incoming gradient has to take part"),
        (changed_round, "both gradients are there, in the other order: that of a comes first"),
    ],
    "unbroadcast": [
        (new_axes_only, "the new axes are summed, but an axis of size 1 was broadcast too"),
        (averages, "this is the mean over the copies: what comes back from each use is added"),
        (first_copy, "this takes the first entries of g and leaves out the others: what the copies send back is added"),
        (ones_only, "the axes of size 1 are summed, but g has new axes in front, too"),
        (everything, "everything was summed to one number; it should have the shape that was given"),
        (drops_ones, "the sums are right, but the axis of size 1 is gone: keepdims=True keeps it"),
    ],
}

NUMBER = (5e-7, 5e-5)  # six seeds: 1e-5 five times, 1e-6 once
SECONDS = 3.0
