"""Lesson 07: one way to write each exercise, three hints, known mistakes. These functions run with the names of the lesson."""


def lstm_step(x, h, c, Wx, Wh, b):
    a_i, a_f, a_g, a_o = tg.split(x @ Wx + h @ Wh + b, 4)
    i, f, g, o = tg.sigmoid(a_i), tg.sigmoid(a_f), tg.tanh(a_g), tg.sigmoid(a_o)
    c = f * c + i * g
    return o * tg.tanh(c), c


def bias_to_keep(share, steps):
    f = share ** (1 / steps)
    return np.log(f / (1 - f))


HINTS = {
    "lstm_step": (
        "The five lines of equations above the exercise, in Python. Products of gates are entry by entry: *, not @.",
        "Cut a = x Wx + h Wh + b into four, in the order i, f, g, o. g goes through tanh, the others through sigmoid. First c, then h.",
        "a_i, a_f, a_g, a_o = tg.split(<a>, 4); <three gates and g>; c = <kept> + <new>; return <what is shown of c>, c",
    ),
    "bias_to_keep": (
        "Two questions in a row: which forget gate f keeps the share over all steps? And which bias makes that f?",
        "f to the power steps is share, so f is the root of that degree of share. Then sigmoid turned round.",
        "f = share ** <one divided by what?>; return np.log(<f against the rest>)",
    ),
}


def forgets_the_wrong_thing(x, h, c, Wx, Wh, b):
    a_i, a_f, a_g, a_o = tg.split(x @ Wx + h @ Wh + b, 4)
    c = tg.sigmoid(a_i) * c + tg.sigmoid(a_f) * tg.tanh(a_g)
    return tg.sigmoid(a_o) * tg.tanh(c), c


def another_order(x, h, c, Wx, Wh, b):
    a_i, a_f, a_o, a_g = tg.split(x @ Wx + h @ Wh + b, 4)
    c = tg.sigmoid(a_f) * c + tg.sigmoid(a_i) * tg.tanh(a_g)
    return tg.sigmoid(a_o) * tg.tanh(c), c


def output_gate_makes_c(x, h, c, Wx, Wh, b):
    a_i, a_f, a_g, a_o = tg.split(x @ Wx + h @ Wh + b, 4)
    c = tg.sigmoid(a_f) * c + tg.sigmoid(a_i) * tg.tanh(a_g)
    c = tg.sigmoid(a_o) * tg.tanh(c)
    return c, c


def shows_the_old_cell(x, h, c, Wx, Wh, b):
    a_i, a_f, a_g, a_o = tg.split(x @ Wx + h @ Wh + b, 4)
    return tg.sigmoid(a_o) * tg.tanh(c), tg.sigmoid(a_f) * c + tg.sigmoid(a_i) * tg.tanh(a_g)


def no_tanh_of_the_cell(x, h, c, Wx, Wh, b):
    a_i, a_f, a_g, a_o = tg.split(x @ Wx + h @ Wh + b, 4)
    c = tg.sigmoid(a_f) * c + tg.sigmoid(a_i) * tg.tanh(a_g)
    return tg.sigmoid(a_o) * c, c


def candidate_through_sigmoid(x, h, c, Wx, Wh, b):
    a_i, a_f, a_g, a_o = tg.split(x @ Wx + h @ Wh + b, 4)
    c = tg.sigmoid(a_f) * c + tg.sigmoid(a_i) * tg.sigmoid(a_g)
    return tg.sigmoid(a_o) * tg.tanh(c), c


def cell_first(x, h, c, Wx, Wh, b):
    a_i, a_f, a_g, a_o = tg.split(x @ Wx + h @ Wh + b, 4)
    c = tg.sigmoid(a_f) * c + tg.sigmoid(a_i) * tg.tanh(a_g)
    return c, tg.sigmoid(a_o) * tg.tanh(c)


def cuts_the_cell(x, h, c, Wx, Wh, b):
    a_i, a_f, a_g, a_o = tg.split(x @ Wx + h @ Wh + b, 4)
    c = tg.sigmoid(a_f) * c.detach() + tg.sigmoid(a_i) * tg.tanh(a_g)
    return tg.sigmoid(a_o) * tg.tanh(c), c


def the_gate_itself(share, steps):
    return share ** (1 / steps)


def one_step(share, steps):
    return np.log(share / (1 - share))


def steps_add_up(share, steps):
    f = 1 - (1 - share) / steps
    return np.log(f / (1 - f))


def upside_down(share, steps):
    f = share ** (1 / steps)
    return np.log((1 - f) / f)


MISTAKES = {
    "lstm_step": [
        (
            forgets_the_wrong_thing,
            "this is what comes out when i and f change places: the forget gate belongs to the old c, i to g",
        ),
        (another_order, "this is what comes out when the parts are taken as i, f, o, g: the order here is i, f, g, o"),
        (output_gate_makes_c, "the output gate made a new c here: it makes h alone, and c goes on as f c + i g left it"),
        (shows_the_old_cell, "h shows the old c here: first comes the new c, then h from it"),
        (no_tanh_of_the_cell, "this is what comes out when h shows c itself: it shows tanh(c)"),
        (
            candidate_through_sigmoid,
            "this is what comes out when g goes through sigmoid too: it may be negative, so it is a tanh",
        ),
        (cell_first, "the numbers are right, in the other order: h first, then c"),
        (cuts_the_cell, "the values are right, but the old c is detached: the path along c, which this is all about, is cut"),
    ],
    "bias_to_keep": [
        (the_gate_itself, "that is the forget gate; the bias is what sigmoid turns into it"),
        (one_step, "this keeps the share for one step; the gate acts at every step, so its power counts"),
        (steps_add_up, "this is what comes out when every step takes an equal part of the whole: steps multiply"),
        (upside_down, "this has the other sign: a gate that is open has a bias above 0"),
    ],
}

NUMBER = (0.56, 0.61)
SECONDS = 8.0
