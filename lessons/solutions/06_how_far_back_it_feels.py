"""Lesson 06: one way to write each exercise, three hints, known mistakes. These functions run with the names of the lesson."""


def truncated(cell, x, k):
    state = cell.initial_state(len(x))
    steps = x.shape[1]
    for t in range(steps):
        if t == steps - k:
            state = tg.nn.detach_state(state)
        state = cell.step(x[:, t], state)
    return tg.grad(state[0].sum(), cell.Wh)


def clipped(grads, limit):
    length = np.sqrt(sum((g**2).sum() for g in grads))
    return [g * limit / max(length, limit) for g in grads]


HINTS = {
    "truncated": (
        "A loop over all words, as in lesson 04. One thing is done once, on the way: which step is the first of the last k?",
        "Word t (from 0) is x[:, t]. Of T words the last k start at t = T - k: there, before the step, the state is detached.",
        "for t in range(<T>): if <the last k begin here>: state = <detached>; state = <one step>; return tg.grad(<a sum>, <a weight>)",
    ),
    "clipped": (
        "First one number for all arrays together: the length of the vector that you get if you write them behind each other.",
        "length = sqrt(sum of the squares of all entries of all arrays). If it is above limit, every array times limit / length.",
        "length = np.sqrt(<squares of everything>); return [g * <the same factor for each> for g in grads]; the factor is at most 1",
    ),
}


def starts_at_the_cut(cell, x, k):
    state = cell.initial_state(len(x))
    for t in range(x.shape[1] - k, x.shape[1]):
        state = cell.step(x[:, t], state)
    return tg.grad(state[0].sum(), cell.Wh)


def cuts_after_the_first_k(cell, x, k):
    state = cell.initial_state(len(x))
    for t in range(x.shape[1]):
        if t == k:
            state = tg.nn.detach_state(state)
        state = cell.step(x[:, t], state)
    return tg.grad(state[0].sum(), cell.Wh)


def one_step_too_many(cell, x, k):
    state = cell.initial_state(len(x))
    for t in range(x.shape[1]):
        if t == x.shape[1] - k - 1:
            state = tg.nn.detach_state(state)
        state = cell.step(x[:, t], state)
    return tg.grad(state[0].sum(), cell.Wh)


def detaches_always(cell, x, k):
    state = cell.initial_state(len(x))
    for t in range(x.shape[1]):
        state = cell.step(x[:, t], tg.nn.detach_state(state))
    return tg.grad(state[0].sum(), cell.Wh)


def never_cuts(cell, x, k):
    return tg.grad(tg.nn.unroll(cell, x)[0][-1].sum(), cell.Wh)


def each_for_itself(grads, limit):
    return [g * limit / max(np.linalg.norm(g), limit) for g in grads]


def entry_by_entry(grads, limit):
    return [np.clip(g, -limit, limit) for g in grads]


def always_scales(grads, limit):
    length = np.sqrt(sum((g**2).sum() for g in grads))
    return [g * limit / length for g in grads]


def no_root(grads, limit):
    length = sum((g**2).sum() for g in grads)
    return [g * limit / max(length, limit) for g in grads]


MISTAKES = {
    "truncated": [
        (starts_at_the_cut, "the words before the cut were not read: their h is missing; the way forward is never cut"),
        (cuts_after_the_first_k, "the cut is k steps after the start; it should be k steps before the end"),
        (
            one_step_too_many,
            "the gradient walks back one step too many: of T steps, the last k start at t = T - k, counted from 0",
        ),
        (detaches_always, "the state is detached before every step: that is k = 1, whatever k is"),
        (never_cuts, "this is the full gradient: nothing was cut"),
    ],
    "clipped": [
        (
            each_for_itself,
            "this is what comes out when every array is clipped for itself: the direction of the whole is not kept",
        ),
        (entry_by_entry, "this is what comes out when every entry is cut to the limit: the direction changes"),
        (always_scales, "gradients that are shorter than the limit were made longer: they stay as they are"),
        (no_root, "this is what comes out without the square root: the length is the root of the sum of squares"),
    ],
}

NUMBER = (0.997, 1.0)
SECONDS = 8.0
