"""Lesson 15: one way to write each exercise, three hints, known mistakes. These functions run with the names of the lesson."""


def scores(s, memory):
    return (memory @ s[:, :, None])[:, :, 0]


def shares(e):
    powers = tg.exp(e - e.data.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def look_up(α, memory):
    return (α[:, :, None] * memory).sum(axis=1)


HINTS = {
    "scores": (
        "Think of one row of the batch: memory is (time, hidden) and s is (hidden). Their product has one number a place.",
        "Make s a column, multiply memory by it, and drop the axis of size 1 that is left over.",
        "(<memory> @ <s as a column>)[:, :, <which one is left>]",
    ),
    "shares": (
        "Look at the second case: its scores are around 1000. And whose shares have to sum to 1: a row's or a column's?",
        "The exponential of each score less the largest of its row, divided by the sum of these exponentials over the row.",
        "powers = tg.exp(e - <largest of each row, kept as a column>); return powers / <sum of each row, kept as a column>",
    ),
    "look_up": (
        "Every h_j is multiplied by one number, its share, and the products are added over time.",
        "Give the shares a third axis of size 1, so that each is used for all numbers of its h_j; then sum over the axis of time.",
        "(<shares with a third axis> * <...>).sum(axis=<time>)",
    ),
}


def compares_with_itself(s, memory):
    return (memory * memory).sum(axis=2)


def mean_product(s, memory):
    return (memory * s[:, None]).mean(axis=2)


def scaled(s, memory):
    return (memory @ s[:, :, None])[:, :, 0] / s.shape[1] ** 0.5


def over_the_batch(e):
    powers = tg.exp(e - e.data.max(axis=0, keepdims=True))
    return powers / powers.sum(axis=0, keepdims=True)


def of_everything(e):
    powers = tg.exp(e - e.data.max())
    return powers / powers.sum()


def no_exponential(e):
    return e / e.sum(axis=1, keepdims=True)


def plain_mean(α, memory):
    return memory.sum(axis=1) / memory.shape[1]


def not_summed(α, memory):
    return α[:, :, None] * memory


MISTAKES = {
    "scores": [
        (compares_with_itself, "this is what comes out when every h is compared with itself: the query s is not asked"),
        (mean_product, "this is what comes out when the products are averaged: e is their sum"),
        (scaled, "this is the score divided by sqrt(hidden), another kind of attention: here it is the product itself"),
    ],
    "shares": [
        (over_the_batch, "this is what comes out when the shares sum to 1 over the batch: each row has its own, over time"),
        (of_everything, "this is what comes out when all rows share one 1: each row sums to 1"),
        (no_exponential, "this is what comes out without exp: a negative score would get a negative share"),
    ],
    "look_up": [
        (plain_mean, "this is the plain mean of all places: the shares are not used"),
        (not_summed, "this is every h times its share, not yet added over time"),
    ],
}

NUMBER = (0.88, 1.0)
SECONDS = 25.0
