"""Lesson 05: one way to write each exercise, three hints, known mistakes. These functions run with the names of the lesson."""


def bptt(w, hs):
    dw, dh = 0.0, 1.0
    for t in range(len(hs) - 1, 0, -1):
        da = dh * (1 - hs[t] ** 2)
        dw += da * hs[t - 1]
        dh = da * w
    return dw


def gradient_by_step(Wh, hs, g):
    norms = []
    for h in reversed(hs):
        norms.append(np.linalg.norm(g))
        g = g * (1 - h**2) @ Wh.T
    return norms[::-1]


HINTS = {
    "bptt": (
        "A loop over t from the last step down to 1, which carries one number along: dL/dh_t. It starts with 1.",
        "Three lines in the loop, those above the exercise. dL/dw starts with 0 and adds up; dL/dh is replaced each time.",
        "for t in range(<T>, 0, -1): da = <through tanh>; dw += <da times the state before>; dh = <da times ...>",
    ),
    "gradient_by_step": (
        "The same loop, with arrays. Write the length down before you go on to the step before.",
        "da = dL/dh_t (1 - h_t h_t), entry by entry; dL/dh_{t-1} = da @ Wh.T. The list is filled from the end: turn it round.",
        "for h in reversed(hs): <keep the length of g>; g = <da> @ <Wh, transposed>; at the end return the list, first step first",
    ),
}


def no_slope(w, hs):
    dw, dh = 0.0, 1.0
    for t in range(len(hs) - 1, 0, -1):
        dw += dh * hs[t - 1]
        dh = dh * w
    return dw


def own_state(w, hs):
    dw, dh = 0.0, 1.0
    for t in range(len(hs) - 1, 0, -1):
        da = dh * (1 - hs[t] ** 2)
        dw += da * hs[t]
        dh = da * w
    return dw


def never_hands_on(w, hs):
    return sum((1 - hs[t] ** 2) * hs[t - 1] for t in range(1, len(hs)))


def last_step_only(w, hs):
    return (1 - hs[-1] ** 2) * hs[-2]


def not_through_w(w, hs):
    dw, dh = 0.0, 1.0
    for t in range(len(hs) - 1, 0, -1):
        dh = dh * (1 - hs[t] ** 2)
        dw += dh * hs[t - 1]
    return dw


def misses_the_first(w, hs):
    dw, dh = 0.0, 1.0
    for t in range(len(hs) - 1, 1, -1):
        da = dh * (1 - hs[t] ** 2)
        dw += da * hs[t - 1]
        dh = da * w
    return dw


def one_step_too_many(w, hs):
    dw, dh = 0.0, 1.0
    for t in range(len(hs) - 1, -1, -1):
        da = dh * (1 - hs[t] ** 2)
        dw += da * hs[t - 1]
        dh = da * w
    return dw


def slope_of_the_step_before(w, hs):
    dw, dh = 0.0, 1.0
    for t in range(len(hs) - 1, 0, -1):
        da = dh * (1 - hs[t - 1] ** 2)
        dw += da * hs[t - 1]
        dh = da * w
    return dw


def first_step_first(w, hs):
    dw, dh = 0.0, 1.0
    for t in range(1, len(hs)):
        da = dh * (1 - hs[t] ** 2)
        dw += da * hs[t - 1]
        dh = da * w
    return dw


def starts_with_h(w, hs):
    dw, dh = 0.0, hs[-1]
    for t in range(len(hs) - 1, 0, -1):
        da = dh * (1 - hs[t] ** 2)
        dw += da * hs[t - 1]
        dh = da * w
    return dw


def only_the_first_part(w, hs):
    dw, dh = 0.0, 1.0
    for t in range(len(hs) - 1, 0, -1):
        da = dh * (1 - hs[t] ** 2)
        dw = da * hs[t - 1]
        dh = da * w
    return dw


def tanh_once_more(w, hs):
    dw, dh = 0.0, 1.0
    for t in range(len(hs) - 1, 0, -1):
        da = dh * (1 - np.tanh(hs[t]) ** 2)
        dw += da * hs[t - 1]
        dh = da * w
    return dw


def not_transposed(Wh, hs, g):
    norms = []
    for h in reversed(hs):
        norms.append(np.linalg.norm(g))
        g = g * (1 - h**2) @ Wh
    return norms[::-1]


def without_tanh(Wh, hs, g):
    norms = []
    for _ in hs:
        norms.append(np.linalg.norm(g))
        g = g @ Wh.T
    return norms[::-1]


def from_the_end(Wh, hs, g):
    norms = []
    for h in reversed(hs):
        norms.append(np.linalg.norm(g))
        g = g * (1 - h**2) @ Wh.T
    return norms


def one_step_late(Wh, hs, g):
    norms = []
    for h in reversed(hs):
        g = g * (1 - h**2) @ Wh.T
        norms.append(np.linalg.norm(g))
    return norms[::-1]


def slope_too_late(Wh, hs, g):
    norms = []
    for h in reversed(hs):
        norms.append(np.linalg.norm(g))
        g = g @ Wh.T * (1 - h**2)
    return norms[::-1]


def slope_one_step_off(Wh, hs, g):
    norms = [np.linalg.norm(g)]
    for h in hs[-2::-1]:
        g = g * (1 - h**2) @ Wh.T
        norms.append(np.linalg.norm(g))
    return norms[::-1]


def behind_tanh(Wh, hs, g):
    norms = []
    for h in reversed(hs):
        g = g * (1 - h**2)
        norms.append(np.linalg.norm(g))
        g = g @ Wh.T
    return norms[::-1]


def row_by_row(Wh, hs, g):
    norms = []
    for h in reversed(hs):
        norms.append(np.linalg.norm(g, axis=1))
        g = g * (1 - h**2) @ Wh.T
    return norms[::-1]


def squares(Wh, hs, g):
    norms = []
    for h in reversed(hs):
        norms.append((g**2).sum())
        g = g * (1 - h**2) @ Wh.T
    return norms[::-1]


def forwards(Wh, hs, g):
    norms = []
    for h in hs:
        norms.append(np.linalg.norm(g))
        g = g * (1 - h**2) @ Wh.T
    return norms


def the_gradients(Wh, hs, g):
    grads = []
    for h in reversed(hs):
        grads.append(g)
        g = g * (1 - h**2) @ Wh.T
    return grads[::-1]


def as_an_array(Wh, hs, g):
    norms = np.zeros(len(hs))
    for t in range(len(hs) - 1, -1, -1):
        norms[t] = np.linalg.norm(g)
        g = g * (1 - hs[t] ** 2) @ Wh.T
    return norms


MISTAKES = {
    "bptt": [
        (no_slope, "this is exactly what comes out without the slope of tanh: the way back of a linear network"),
        (own_state, "this is what comes out when w's part is taken with h_t: w was multiplied by the state before, h_{t-1}"),
        (never_hands_on, "dL/dh is 1 at every step: what arrives at a step is what the next step has sent back"),
        (last_step_only, "this is the part of the last step alone: w was used at every step, and uses add up"),
        (misses_the_first, "the walk ends one step too early: step 1 gives its part too, with h_0"),
        (one_step_too_many, "the walk goes one step too far: h_0 was not made by a step, and hs[-1] is the last state"),
        (slope_of_the_step_before, "the slope of tanh is taken from h_{t-1}; at step t the output is h_t"),
        (first_step_first, "the loop runs from the first step to the last; the gradient comes from the end"),
        (starts_with_h, "the walk starts with h_T; it starts with dL/dh_T, which is 1 because L is h_T"),
        (only_the_first_part, "this is the part of step 1 alone: each step has overwritten dL/dw, its part has to be added"),
        (tanh_once_more, "tanh was taken once more: h_t is its output already"),
        (not_through_w, "dL/dh goes through tanh, but not through w on its way to the step before"),
    ],
    "gradient_by_step": [
        (not_transposed, "this is what comes out with Wh where Wh.T belongs: the shapes fit, the numbers do not"),
        (without_tanh, "this is exactly what comes out without the slope of tanh: the way back of a linear network"),
        (from_the_end, "the numbers are right, in the wrong direction: the list starts with step 1"),
        (slope_too_late, "tanh and Wh are in the wrong order: on the way back, tanh of the step comes first, then Wh.T"),
        (slope_one_step_off, "the slope of tanh is taken from the step before: from step t to t - 1 it is that of h_t"),
        (behind_tanh, "this is the length of da_t; write the length of dL/dh_t down before it goes through tanh"),
        (row_by_row, "one length for each row of the batch; asked is one number, for the whole array"),
        (squares, "this is the sum of the squares; the length is its square root"),
        (forwards, "the loop starts with the first step; the gradient comes from the end, so take the last h first"),
        (the_gradients, "these are the gradients themselves; write down how long each is"),
        (as_an_array, "the numbers are right; they are wanted as a list (norms.tolist(), or append to a list)"),
        (one_step_late, "every entry is that of the step before: write the length of dL/dh_t down before you go on"),
    ],
}

NUMBER = (0.003, 0.00572)  # six seeds: 0.0040 to 0.0049; 0.9**49 is 0.00573
SECONDS = 4.0
