"""Lesson 07: one way to write each exercise, three hints, known mistakes. These functions run with the names of the lesson."""


def lstm_step(x, h, c, Wx, Wh, b):
    a_i, a_f, a_g, a_o = tg.split(x @ Wx + h @ Wh + b, 4)
    i, f = tg.named(tg.sigmoid(a_i), "i"), tg.named(tg.sigmoid(a_f), "f")
    g, o = tg.named(tg.tanh(a_g), "g"), tg.named(tg.sigmoid(a_o), "o")
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
        "f to the power steps is share, so f is the root of that degree of share. Then sigmoid undone.",
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


def gates_read_h_alone(x, h, c, Wx, Wh, b):
    a_i, a_f, a_g, a_o = tg.split(h @ Wh + b, 4)
    c = tg.sigmoid(a_f) * c + tg.sigmoid(a_i) * tg.tanh(a_g)
    return tg.sigmoid(a_o) * tg.tanh(c), c


def gates_read_x_alone(x, h, c, Wx, Wh, b):
    a_i, a_f, a_g, a_o = tg.split(x @ Wx + b, 4)
    c = tg.sigmoid(a_f) * c + tg.sigmoid(a_i) * tg.tanh(a_g)
    return tg.sigmoid(a_o) * tg.tanh(c), c


def forgets_b(x, h, c, Wx, Wh, b):
    a_i, a_f, a_g, a_o = tg.split(x @ Wx + h @ Wh, 4)
    c = tg.sigmoid(a_f) * c + tg.sigmoid(a_i) * tg.tanh(a_g)
    return tg.sigmoid(a_o) * tg.tanh(c), c


def gates_are_not_gates(x, h, c, Wx, Wh, b):
    i, f, g, o = tg.split(x @ Wx + h @ Wh + b, 4)
    c = f * c + i * g
    return o * tg.tanh(c), c


def never_forgets(x, h, c, Wx, Wh, b):
    a_i, _, a_g, a_o = tg.split(x @ Wx + h @ Wh + b, 4)
    c = c + tg.sigmoid(a_i) * tg.tanh(a_g)
    return tg.sigmoid(a_o) * tg.tanh(c), c


def no_input_gate(x, h, c, Wx, Wh, b):
    _, a_f, a_g, a_o = tg.split(x @ Wx + h @ Wh + b, 4)
    c = tg.sigmoid(a_f) * c + tg.tanh(a_g)
    return tg.sigmoid(a_o) * tg.tanh(c), c


def one_gate_for_both(x, h, c, Wx, Wh, b):
    _, a_f, a_g, a_o = tg.split(x @ Wx + h @ Wh + b, 4)
    c = tg.sigmoid(a_f) * c + (1 - tg.sigmoid(a_f)) * tg.tanh(a_g)
    return tg.sigmoid(a_o) * tg.tanh(c), c


def cell_through_tanh(x, h, c, Wx, Wh, b):
    a_i, a_f, a_g, a_o = tg.split(x @ Wx + h @ Wh + b, 4)
    c = tg.tanh(tg.sigmoid(a_f) * c + tg.sigmoid(a_i) * tg.tanh(a_g))
    return tg.sigmoid(a_o) * c, c


def matrix_products(x, h, c, Wx, Wh, b):
    a_i, a_f, a_g, a_o = tg.split(x @ Wx + h @ Wh + b, 4)
    c = tg.sigmoid(a_f) @ c + tg.sigmoid(a_i) @ tg.tanh(a_g)
    return tg.sigmoid(a_o) @ tg.tanh(c), c


def hidden_alone(x, h, c, Wx, Wh, b):
    a_i, a_f, a_g, a_o = tg.split(x @ Wx + h @ Wh + b, 4)
    c = tg.sigmoid(a_f) * c + tg.sigmoid(a_i) * tg.tanh(a_g)
    return tg.sigmoid(a_o) * tg.tanh(c)


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


def sigmoid_once_more(share, steps):
    return 1 / (1 + np.exp(-(share ** (1 / steps))))


def log_of_the_gate(share, steps):
    return np.log(share) / steps


def power_not_root(share, steps):
    f = share**steps
    return np.log(f / (1 - f))


def divided(share, steps):
    f = share / steps
    return np.log(f / (1 - f))


def log_to_ten(share, steps):
    f = share ** (1 / steps)
    return np.log10(f / (1 - f))


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
        (gates_read_h_alone, "x takes no part: every gate and the candidate read x and h"),
        (gates_read_x_alone, "h takes no part: every gate and the candidate read x and h"),
        (forgets_b, "b takes no part, and with it the forget bias that this lesson is about"),
        (gates_are_not_gates, "the four parts are used as they are: three of them go through sigmoid, a_g goes through tanh"),
        (never_forgets, "the old c is kept whole: the forget gate multiplies it"),
        (no_input_gate, "g gets into c whole: the input gate multiplies it"),
        (one_gate_for_both, "this takes 1 - f for i; such cells exist, but here the input gate has weights of its own"),
        (cell_through_tanh, "c itself went through tanh here: c' = f c + i g stays as it is, only h shows tanh(c')"),
        (matrix_products, "gates multiply entry by entry: *, not @"),
        (hidden_alone, "that is h alone; the next step needs c too: return both, h first"),
        (cell_first, "the numbers are right, in the other order: h first, then c"),
        (cuts_the_cell, "the values are right, but the old c is detached: the path along c, which this is all about, is cut"),
    ],
    "bias_to_keep": [
        (the_gate_itself, "that is the forget gate; the bias is what sigmoid turns into it"),
        (one_step, "this keeps the share for one step; the gate acts at every step, so its power counts"),
        (steps_add_up, "this is what comes out when every step takes an equal part of the whole: steps multiply"),
        (sigmoid_once_more, "this takes sigmoid of the gate; it has to be undone: log(f / (1 - f))"),
        (log_of_the_gate, "this is the logarithm of f; sigmoid is undone by log(f / (1 - f))"),
        (power_not_root, "this is share to the power steps; f to the power steps shall be share, so f is a root of it"),
        (divided, "share was divided by steps; but the factors f are multiplied, so f is a root of share"),
        (log_to_ten, "this is the logarithm to base 10; np.log is the natural one, which belongs to sigmoid"),
        (upside_down, "this has the other sign: a gate that is open has a bias above 0"),
    ],
}

NUMBER = (0.56, 0.61)  # six seeds: 0.583 to 0.594
SECONDS = 8.0
