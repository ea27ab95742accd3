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


def an_axis_left(s, memory):
    return memory @ s[:, :, None]


def row_not_column(s, memory):
    return memory @ s


def leaves_the_graph(s, memory):
    return tg.Tensor((memory.data * s.data[:, None]).sum(axis=2))


def overflows(e):
    powers = tg.exp(e)
    return powers / powers.sum(axis=1, keepdims=True)


def largest_of_all(e):
    powers = tg.exp(e - e.data.max())
    return powers / powers.sum(axis=1, keepdims=True)


def no_keepdims(e):
    powers = tg.exp(e - e.data.max(axis=1))
    return powers / powers.sum(axis=1)


def sigmoids(e):
    gates = tg.sigmoid(e)
    return gates / gates.sum(axis=1, keepdims=True)


def hard(α, memory):
    return memory[np.arange(len(α)), α.data.argmax(axis=1)]


def batches_mixed(α, memory):
    return α @ memory


def over_hidden(α, memory):
    return (α[:, :, None] * memory).sum(axis=2)


def over_batch(α, memory):
    return (α[:, :, None] * memory).sum(axis=0)


def mean_not_sum(α, memory):
    return (α[:, :, None] * memory).mean(axis=1)


def shares_off_the_graph(e):
    powers = np.exp(e.data - e.data.max(axis=1, keepdims=True))
    return tg.Tensor(powers / powers.sum(axis=1, keepdims=True))


def s_first(s, memory):
    return s @ memory


def no_third_axis(α, memory):
    return (α * memory).sum(axis=1)


MISTAKES = {
    "scores": [
        (compares_with_itself, "this is what comes out when every h is compared with itself: the query s is not asked"),
        (mean_product, "this is what comes out when the products are averaged: e is their sum"),
        (scaled, "this is the score divided by sqrt(hidden), another kind of attention: here it is the product itself"),
        (an_axis_left, "the scores are right, but the axis of size 1 is still there: index it away with [:, :, 0]"),
        (
            row_not_column,
            "s is (batch, hidden), and `@` takes it for one matrix: make it a column for each row of the batch, s[:, :, None]",
        ),
        (leaves_the_graph, "the scores are right, but .data leaves the graph: no gradient comes back to s and memory"),
        (
            s_first,
            "the shapes of s and memory do not fit that way round: memory comes first, and s is made a column, s[:, :, None]",
        ),
    ],
    "shares": [
        (over_the_batch, "this is what comes out when the shares sum to 1 over the batch: each row has its own, over time"),
        (of_everything, "this is what comes out when all rows share one 1: each row sums to 1"),
        (no_exponential, "this is what comes out without exp: a negative score would get a negative share"),
        (
            overflows,
            "exp of these scores is infinite or 0, and the division gives nan: subtract the largest score of each row first",
        ),
        (
            largest_of_all,
            "the largest score of all rows was subtracted from each: in a row far below it every exp is 0; take each row's own",
        ),
        (no_keepdims, "the largest of each row must stay a column to fit beside e: keepdims=True, twice"),
        (sigmoids, "these are sigmoids, divided by their sum; softmax takes exp"),
        (shares_off_the_graph, "the shares are right, but .data leaves the graph: no gradient comes back to the scores"),
    ],
    "look_up": [
        (plain_mean, "this is the plain mean of all places: the shares are not used"),
        (not_summed, "this is every h times its share, not yet added over time"),
        (hard, "this is the h of the largest share alone; every h counts, with its share"),
        (batches_mixed, "each row of the batch was combined with the memories of all: give the shares a third axis"),
        (over_hidden, "this is the sum over hidden; the sum over time is asked for"),
        (over_batch, "this is the sum over the batch; the sum over time is asked for"),
        (mean_not_sum, "the shares sum to 1 already: add the products, and do not divide by their number"),
        (no_third_axis, "α has two axes and memory three: give the shares a third one, α[:, :, None]"),
    ],
}

NUMBER = (0.85, 1.0)  # 0.921 to 0.942 on five seeds; without attention 0.519 to 0.555
SECONDS = 40.0
