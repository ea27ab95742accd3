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


MISTAKES = {
    "bptt": [
        (no_slope, "this is exactly what comes out without the slope of tanh: the way back of a linear network"),
        (own_state, "this is what comes out when w's part is taken with h_t: w was multiplied by the state before, h_{t-1}"),
        (never_hands_on, "dL/dh is 1 at every step: what arrives at a step is what the next step has sent back"),
        (last_step_only, "this is the part of the last step alone: w was used at every step, and uses add up"),
        (not_through_w, "dL/dh goes through tanh, but not through w on its way to the step before"),
    ],
    "gradient_by_step": [
        (not_transposed, "this is what comes out with Wh where Wh.T belongs: the shapes fit, the numbers do not"),
        (without_tanh, "this is exactly what comes out without the slope of tanh: the way back of a linear network"),
        (from_the_end, "the numbers are right, in the wrong direction: the list starts with step 1"),
        (one_step_late, "every entry is that of the step before: write the length of dL/dh_t down before you go on"),
    ],
}

NUMBER = (0.003, 0.00572)
SECONDS = 4.0
