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


MISTAKES = {
    "probabilities": [
        (multiplies, "this is what comes out when the logits are multiplied by T: a high temperature would then make it surer"),
        (no_temperature, "this is the softmax of the logits as they are: T is not used"),
        (divides_after, "this is what comes out when T divides the probabilities: they no longer sum to 1"),
    ],
    "draw": [
        (most_likely, "this is the most likely id, whatever the random number says"),
        (any_symbol, "this is what comes out when all pieces are of one length: p is not used"),
        (one_too_late, "this is the id after the right one: the first end above r belongs to the piece in which r falls"),
    ],
    "bits_per_character": [
        (forgets, "this is what comes out when each window starts from nothing: the state has to go on"),
        (mean_of_means, "this is the mean of the windows' means: the short last window counts too much"),
        (in_nats, "these are nats: a bit is ln 2 of them"),
    ],
}

NUMBER = (1.6, 3.1)  # 1.8 to 1.9 on argparse; 2.9 on the Unicode names, where a Python has no sources
SECONDS = 35.0
