"""Lesson 14: one way to write each exercise, three hints, known mistakes. These functions run with the names of the lesson."""


def probabilities(logits, T):
    powers = np.exp((logits - logits.max()) / T)
    return powers / powers.sum()


def draw(p, rng):
    return int(np.argmax(np.cumsum(p) > rng.random()))


def bits_per_character(model, windows):
    state, nats, count = None, 0.0, 0
    for window in windows:
        logits, state = model(window.x, state)
        nats += tg.functional.cross_entropy(logits, window.y).item() * window.y.size
        count += window.y.size
    return nats / count / np.log(2)


HINTS = {
    "probabilities": (
        "Three things happen in order: the largest is taken away, T divides, and softmax makes shares.",
        "p_k = exp((logit_k - largest) / T), divided by the sum of these over all k.",
        "powers = np.exp(<logits less their largest> / <...>); return powers / <their sum>",
    ),
    "draw": (
        "Compare the right ends of all pieces with one random number: which is the first end above it?",
        "The id is the first k with p_0 + ... + p_k > r. np.argmax of truth values is the place of the first True.",
        "int(np.argmax(<right ends> > <one random number>))",
    ),
    "bits_per_character": (
        "A loop over the windows keeps three things: the state, the nats so far, the characters so far.",
        "The mean of a window times its characters is its total. Add the totals, divide by all characters, turn nats into bits.",
        "for window in windows: logits, state = <...>; nats += <mean> * <size>; count += <size>; at the end <nats> / <count> / <ln 2>",
    ),
}


def multiplies(logits, T):
    powers = np.exp((logits - logits.max()) * T)
    return powers / powers.sum()


def no_temperature(logits, T):
    powers = np.exp(logits - logits.max())
    return powers / powers.sum()


def divides_after(logits, T):
    powers = np.exp(logits - logits.max())
    return powers / powers.sum() / T


def most_likely(p, rng):
    rng.random()
    return int(np.argmax(p))


def any_symbol(p, rng):
    return int(rng.random() * len(p))


def one_too_late(p, rng):
    return int(np.argmax(np.cumsum(p) > rng.random())) + 1


def forgets(model, windows):
    nats, count = 0.0, 0
    for window in windows:
        nats += tg.functional.cross_entropy(model(window.x, None)[0], window.y).item() * window.y.size
        count += window.y.size
    return nats / count / np.log(2)


def mean_of_means(model, windows):
    state, nats = None, []
    for window in windows:
        logits, state = model(window.x, state)
        nats.append(tg.functional.cross_entropy(logits, window.y).item())
    return float(np.mean(nats) / np.log(2))


def in_nats(model, windows):
    state, nats, count = None, 0.0, 0
    for window in windows:
        logits, state = model(window.x, state)
        nats += tg.functional.cross_entropy(logits, window.y).item() * window.y.size
        count += window.y.size
    return nats / count


def overflows(logits, T):
    powers = np.exp(logits / T)
    return powers / powers.sum()


def not_divided(logits, T):
    return np.exp((logits - logits.max()) / T)


def draws_again(p, rng):
    for k, end in enumerate(np.cumsum(p)):
        if end > rng.random():
            return k
    return len(p) - 1


def not_end_to_end(p, rng):
    return int(np.argmax(p > rng.random()))


def times_ln_2(model, windows):
    state, nats, count = None, 0.0, 0
    for window in windows:
        logits, state = model(window.x, state)
        nats += tg.functional.cross_entropy(logits, window.y).item() * window.y.size
        count += window.y.size
    return nats / count * np.log(2)


def all_together(model, windows):
    state, nats, count = None, 0.0, 0
    for window in windows:
        logits, state = model(window.x, state)
        nats += tg.functional.cross_entropy(logits, window.y).item() * window.y.size
        count += window.y.size
    return nats / np.log(2)


def what_it_reads(model, windows):
    state, nats, count = None, 0.0, 0
    for window in windows:
        logits, state = model(window.x, state)
        nats += tg.functional.cross_entropy(logits, window.x).item() * window.y.size
        count += window.y.size
    return nats / count / np.log(2)


MISTAKES = {
    "probabilities": [
        (multiplies, "this is what comes out when the logits are multiplied by T: a high temperature would then make it surer"),
        (no_temperature, "this is the softmax of the logits as they are: T is not used, or it cancels"),
        (divides_after, "this is what comes out when T divides the probabilities: they no longer sum to 1"),
        (overflows, "exp of these logits is infinite, and infinity divided by infinity is nan: subtract the largest logit first"),
        (not_divided, "these are the exponentials: divide them by their sum, and they are probabilities"),
    ],
    "draw": [
        (not_end_to_end, "each probability was compared by itself: the pieces have to lie end to end (np.cumsum)"),
        (draws_again, "a new random number was drawn for each piece: draw one before the loop, and compare all ends with it"),
        (most_likely, "this is the most likely id, whatever the random number says"),
        (any_symbol, "this is what comes out when all pieces are of one length: p is not used"),
        (one_too_late, "this is the id after the right one: the first end above r belongs to the piece in which r falls"),
    ],
    "bits_per_character": [
        (forgets, "this is what comes out when each window starts from nothing: the state has to go on"),
        (mean_of_means, "this is the mean of the windows' means: the short last window counts too much"),
        (in_nats, "these are nats: a bit is ln 2 of them"),
        (times_ln_2, "the nats were multiplied by ln 2: a bit is the smaller unit, so there are more bits than nats"),
        (all_together, "these are the bits of all characters together: divide by their number"),
        (what_it_reads, "this is the cost of the characters that it has just read, x; it is to predict y"),
    ],
}

NUMBER = (1.9, 2.6)  # 2.19 to 2.26 on five seeds; a bigram table 3.35
SECONDS = 35.0
