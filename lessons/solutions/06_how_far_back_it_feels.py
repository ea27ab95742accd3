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


def one_step_too_few(cell, x, k):
    state = cell.initial_state(len(x))
    for t in range(x.shape[1]):
        if t == x.shape[1] - k + 1:
            state = tg.nn.detach_state(state)
        state = cell.step(x[:, t], state)
    return tg.grad(state[0].sum(), cell.Wh)


def cuts_every_k(cell, x, k):
    state = cell.initial_state(len(x))
    for t in range(x.shape[1]):
        if t % k == 0:
            state = tg.nn.detach_state(state)
        state = cell.step(x[:, t], state)
    return tg.grad(state[0].sum(), cell.Wh)


def mean_of_h(cell, x, k):
    state = cell.initial_state(len(x))
    for t in range(x.shape[1]):
        if t == x.shape[1] - k:
            state = tg.nn.detach_state(state)
        state = cell.step(x[:, t], state)
    return tg.grad(state[0].mean(), cell.Wh)


def every_h(cell, x, k):
    state, total = cell.initial_state(len(x)), 0
    for t in range(x.shape[1]):
        if t == x.shape[1] - k:
            state = tg.nn.detach_state(state)
        state = cell.step(x[:, t], state)
        total = total + state[0].sum()
    return tg.grad(total, cell.Wh)


def rows_for_words(cell, x, k):
    state = cell.initial_state(len(x))
    for t in range(x.shape[1]):
        if t == x.shape[1] - k:
            state = tg.nn.detach_state(state)
        state = cell.step(x[t], state)
    return tg.grad(state[0].sum(), cell.Wh)


def sum_of_a_tuple(cell, x, k):
    state = cell.initial_state(len(x))
    for t in range(x.shape[1]):
        if t == x.shape[1] - k:
            state = tg.nn.detach_state(state)
        state = cell.step(x[:, t], state)
    return tg.grad(state.sum(), cell.Wh)


def unrolls_nothing(cell, x, k):
    _, state = tg.nn.unroll(cell, x[:, :-k])
    hs, _ = tg.nn.unroll(cell, x[:, -k:], tg.nn.detach_state(state))
    return tg.grad(hs[-1].sum(), cell.Wh)


def adds_to_an_old_gradient(cell, x, k):
    state = cell.initial_state(len(x))
    for t in range(x.shape[1]):
        if t == x.shape[1] - k:
            state = tg.nn.detach_state(state)
        state = cell.step(x[:, t], state)
    state[0].sum().backward()
    return cell.Wh.grad


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


def sum_of_the_lengths(grads, limit):
    length = sum(np.linalg.norm(g) for g in grads)
    return [g * limit / max(length, limit) for g in grads]


def by_the_largest_entry(grads, limit):
    length = max(np.abs(g).max() for g in grads)
    return [g * limit / max(length, limit) for g in grads]


def to_length_one(grads, limit):
    length = np.sqrt(sum((g**2).sum() for g in grads))
    return [g / length for g in grads] if length > limit else grads


def upside_down(grads, limit):
    length = np.sqrt(sum((g**2).sum() for g in grads))
    return [g * length / limit for g in grads] if length > limit else grads


def thrown_away(grads, limit):
    length = np.sqrt(sum((g**2).sum() for g in grads))
    return [0 * g for g in grads] if length > limit else grads


def a_little_short(grads, limit):
    length = np.sqrt(sum((g**2).sum() for g in grads))
    return [g * min(1, limit / (length + 1e-6)) for g in grads]


def in_place(grads, limit):
    length = np.sqrt(sum((g**2).sum() for g in grads))
    for g in grads:
        g *= limit / max(length, limit)
    return grads


MISTAKES = {
    "truncated": [
        (starts_at_the_cut, "the words before the cut were not read: their h is missing; the way forward is never cut"),
        (cuts_after_the_first_k, "the cut is k steps after the start; it should be k steps before the end"),
        (
            one_step_too_many,
            "the gradient walks back one step too many: of T steps, the last k start at t = T - k, counted from 0",
        ),
        (one_step_too_few, "the cut comes one step too late: of T steps, the last k start at t = T - k, counted from 0"),
        (cuts_every_k, "the state is detached every k steps; cut once, k steps before the end"),
        (mean_of_h, "this is the gradient of the mean of the last h; the loss is its sum"),
        (every_h, "this is the gradient of all h together; the loss is the sum of the last one alone"),
        (rows_for_words, "x[t] is a sentence of the batch; word t of all sentences is x[:, t]"),
        (sum_of_a_tuple, "the state is a tuple, and h is its first entry: state[0]"),
        (
            unrolls_nothing,
            "k can be as large as the number of steps: then there is no word before the cut, and nothing to unroll",
        ),
        (
            adds_to_an_old_gradient,
            "backward() adds to the gradient that is there already, from an earlier call: use tg.grad, or set it to None first",
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
        (sum_of_the_lengths, "the lengths were added up; the length of the whole is the root of the sum of all squares"),
        (by_the_largest_entry, "this measures the largest entry; the length of the whole vector counts"),
        (to_length_one, "they were scaled to length 1; they shall be as long as limit"),
        (upside_down, "the factor is upside down: what is too long becomes longer"),
        (thrown_away, "what was too long was set to 0; it shall be shortened"),
        (a_little_short, "PyTorch adds 1e-6 to the length too; here the result shall be exactly as long as limit"),
        (in_place, "grads itself was changed; return new arrays"),
        (no_root, "this is what comes out without the square root: the length is the root of the sum of squares"),
    ],
}

NUMBER = (0.99, 0.99999)  # six seeds: 0.9971 to 0.9999
SECONDS = 8.0
