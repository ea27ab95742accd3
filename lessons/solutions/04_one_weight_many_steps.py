"""Lesson 04: one way to write each exercise, three hints, known mistakes. These functions run with the names of the lesson."""


def rnn_step(x, h, Wx, Wh, b):
    return tg.tanh(x @ Wx + h @ Wh + b)


def unroll(xs, h, Wx, Wh, b):
    hs = []
    for x in in_time(xs):
        h = rnn_step(x, h, Wx, Wh, b)
        hs.append(h)
    return hs


HINTS = {
    "rnn_step": (
        "The two equations above the exercise, in Python. A product in them is a matrix product.",
        "Multiply x by Wx and h by Wh, add both and b, and take tanh of the whole sum.",
        "return tg.tanh(<product> + <product> + <what is added to every row>)",
    ),
    "unroll": (
        "It is a for loop that calls rnn_step. What must be different in the next round, and what must not?",
        "The h that a step returns is kept in the list, and goes into the next step. Wx, Wh, b are the same each time.",
        "hs = []; for x in <the inputs, in time>: h = <one step from h>; keep h; return the list",
    ),
}


def forgets_h(x, h, Wx, Wh, b):
    return tg.tanh(x @ Wx + b)


def no_tanh(x, h, Wx, Wh, b):
    return x @ Wx + h @ Wh + b


def bias_outside(x, h, Wx, Wh, b):
    return tg.tanh(x @ Wx + h @ Wh) + b


def cuts_the_past(x, h, Wx, Wh, b):
    return tg.tanh(x @ Wx + h.detach() @ Wh + b)


def not_recorded(x, h, Wx, Wh, b):
    return tg.Tensor(np.tanh(x.numpy() @ Wx.numpy() + h.numpy() @ Wh.numpy() + b.numpy()))


def as_an_array(x, h, Wx, Wh, b):
    return np.tanh(x.numpy() @ Wx.numpy() + h.numpy() @ Wh.numpy() + b.numpy())


def side_by_side(x, h, Wx, Wh, b):
    return tg.tanh(tg.concat([x, h], axis=1) @ tg.concat([Wx, Wh], axis=0) + b)


def with_sigmoid(x, h, Wx, Wh, b):
    return tg.sigmoid(x @ Wx + h @ Wh + b)


def forgets_b(x, h, Wx, Wh, b):
    return tg.tanh(x @ Wx + h @ Wh)


def turned_Wh(x, h, Wx, Wh, b):
    return tg.tanh(x @ Wx + h @ Wh.T + b)


def two_tanhs(x, h, Wx, Wh, b):
    return tg.tanh(x @ Wx) + tg.tanh(h @ Wh + b)


def entry_by_entry(x, h, Wx, Wh, b):
    return tg.tanh(x * Wx + h * Wh + b)


def weights_first(x, h, Wx, Wh, b):
    return tg.tanh(Wx @ x + Wh @ h + b)


def every_step_from_the_start(xs, h, Wx, Wh, b):
    return [rnn_step(x, h, Wx, Wh, b) for x in in_time(xs)]


def last_only(xs, h, Wx, Wh, b):
    for x in in_time(xs):
        h = rnn_step(x, h, Wx, Wh, b)
    return h


def one_word_again_and_again(xs, h, Wx, Wh, b):
    hs = []
    for _ in in_time(xs):
        h = rnn_step(xs[0], h, Wx, Wh, b)
        hs.append(h)
    return hs


def start_included(xs, h, Wx, Wh, b):
    hs = [h]
    for x in in_time(xs):
        hs.append(rnn_step(x, hs[-1], Wx, Wh, b))
    return hs


def before_the_step(xs, h, Wx, Wh, b):
    hs = []
    for x in in_time(xs):
        hs.append(h)
        h = rnn_step(x, h, Wx, Wh, b)
    return hs


def returns_in_the_loop(xs, h, Wx, Wh, b):
    hs = []
    for x in in_time(xs):
        h = rnn_step(x, h, Wx, Wh, b)
        hs.append(h)
        return hs


def from_the_end(xs, h, Wx, Wh, b):
    hs = []
    for x in in_time(xs[::-1]):
        h = rnn_step(x, h, Wx, Wh, b)
        hs.append(h)
    return hs


def new_weights_each_step(xs, h, Wx, Wh, b):
    hs = []
    for x in in_time(xs):
        h = rnn_step(x, h, Wx, tg.Tensor(Wh.numpy(), requires_grad=True), b)
        hs.append(h)
    return hs


def forgets_the_graph(xs, h, Wx, Wh, b):
    hs = []
    for x in in_time(xs):
        h = rnn_step(x, h.detach(), Wx, Wh, b)
        hs.append(h)
    return hs


MISTAKES = {
    "rnn_step": [
        (forgets_h, "this is exactly what comes out when h takes no part: a network without a memory"),
        (no_tanh, "this is the sum before tanh: the step is linear"),
        (bias_outside, "this is what comes out when b is added after tanh: it belongs inside"),
        (with_sigmoid, "this is the step with sigmoid; the equation has tanh"),
        (forgets_b, "b takes no part"),
        (turned_Wh, "Wh is transposed here: rows times Wh as it is, h @ Wh"),
        (two_tanhs, "there are two tanhs here: add up first, then one tanh of the whole sum"),
        (entry_by_entry, "* multiplies entry by entry; the matrix product is written @"),
        (weights_first, "x and h are rows, so they stand on the left of their matrices: x @ Wx"),
        (as_an_array, "the numbers are right, but .numpy() and .data leave the graph: compute with the Tensors themselves"),
        (
            not_recorded,
            "the numbers are right, but they were computed outside the graph (.numpy(), .data): a new Tensor has no past",
        ),
        (
            side_by_side,
            "right by its numbers; this lesson counts and draws two products, two sums and one tanh, so please write these five",
        ),
        (cuts_the_past, "this is what a detached h does (.detach(), .data): the value is right, the way back to the past is cut"),
    ],
    "unroll": [
        (every_step_from_the_start, "every step starts from the first h: the new h never goes into the next step"),
        (last_only, "that is the last h alone; the list holds the h of every step"),
        (start_included, "the list begins with the h to start from; it shall hold the new ones alone"),
        (before_the_step, "each entry is the h that the step starts from; keep the one that it makes"),
        (returns_in_the_loop, "it returns in its first round: the return belongs behind the loop"),
        (from_the_end, "the last word is read first here"),
        (new_weights_each_step, "the numbers are right, but every step has a copy of Wh, and Wh itself gets no gradient"),
        (one_word_again_and_again, "the first input is read at every step"),
        (
            forgets_the_graph,
            "h is detached between the steps: the values are right, but no gradient crosses from one step to the one before",
        ),
    ],
}

NUMBER = (1 - 1e-12, 1 + 1e-12)
SECONDS = 3.0
