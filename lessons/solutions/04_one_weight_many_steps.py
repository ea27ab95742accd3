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
        (cuts_the_past, "this is what a detached h does (.detach(), .data): the value is right, the way back to the past is cut"),
    ],
    "unroll": [
        (every_step_from_the_start, "every step starts from the first h: the new h never goes into the next step"),
        (last_only, "that is the last h alone; the list holds the h of every step"),
        (one_word_again_and_again, "the first input is read at every step"),
        (
            forgets_the_graph,
            "h is detached between the steps: the values are right, but no gradient crosses from one step to the one before",
        ),
    ],
}

NUMBER = (1 - 1e-12, 1 + 1e-12)
SECONDS = 3.0
