"""Lesson 09: one way to write each exercise, three hints, known mistakes. These functions run with the names of the lesson."""


def lookup(W, ids):
    return W[ids]


def lookup_vjp(g, ids, words):
    G = np.zeros((words, g.shape[-1]))
    np.add.at(G, ids, g)
    return G


def last_valid(hs, lengths):
    return hs[np.arange(len(lengths)), lengths - 1]


HINTS = {
    "lookup": (
        "A Tensor takes indices like a NumPy array does, and records it.",
        "An array of ids in square brackets picks rows: one for every id, in the shape of the ids.",
        "return <the table>[<which rows>]",
    ),
    "lookup_vjp": (
        "Start from zeros, one row for each word, as wide as a row of g. Then add.",
        "For every id, add the row of g at its place to the row of that word. The line to do it with stands above the exercise.",
        "G = np.zeros((<rows>, <columns>)); add g to G at <the ids>; return G",
    ),
    "last_valid": (
        "For each sentence one step is wanted, another one for each. Two arrays of indices side by side pick pairs.",
        "Sentence 0 with its last step, sentence 1 with its own, and so on. Steps count from 0, so the last one is the length less one.",
        "return hs[<0, 1, 2 ... one for each sentence>, <the last step of each>]",
    ),
}


def columns_not_rows(W, ids):
    return W[:, ids]


def leaves_the_graph(W, ids):
    return tg.Tensor(W.data[ids])


def first_row_of_ids(W, ids):
    return W[ids[0]]


def counts_once(g, ids, words):
    G = np.zeros((words, g.shape[-1]))
    G[ids] += g
    return G


def by_place(g, ids, words):
    G = np.zeros((words, g.shape[-1]))
    np.add.at(G, np.arange(ids.size) % words, g.reshape(-1, g.shape[-1]))
    return G


def averages(g, ids, words):
    G = np.zeros((words, g.shape[-1]))
    np.add.at(G, ids, g)
    return G / np.maximum(np.bincount(ids.ravel(), minlength=words), 1)[:, None]


def very_last(hs, lengths):
    return hs[:, -1]


def one_too_far(hs, lengths):
    return hs[np.arange(len(lengths)), lengths]


def all_pairs(hs, lengths):
    return hs[:, lengths - 1]


def one_long_row(W, ids):
    return W[ids.ravel()]


def plain_array(W, ids):
    return W.data[ids]


def as_wide_as_g(g, ids, words):
    G = np.zeros_like(g)
    np.add.at(G, ids, g)
    return G


def mean_of_all(hs, lengths):
    return hs.mean(axis=1)


def mean_of_words(hs, lengths):
    return tg.nn.pool_mean(hs, lengths)


def picks_sentences(hs, lengths):
    return hs[lengths - 1]


MISTAKES = {
    "lookup": [
        (columns_not_rows, "these are columns of W: a word has a row"),
        (
            leaves_the_graph,
            "the rows are right, but no gradient finds back to W: .data leaves the graph, index the Tensor itself",
        ),
        (first_row_of_ids, "only the first sentence was looked up: ids may have any shape"),
        (one_long_row, "the words of all sentences stand in one long row: the ids keep their shape, and each becomes a row of W"),
        (plain_array, "the rows are right, but .data leaves the graph and no gradient finds back to W: index the Tensor itself"),
    ],
    "lookup_vjp": [
        (counts_once, "this is what `G[ids] += g` does: where a word occurs twice one of its gradients is lost"),
        (by_place, "the gradients were added to the row of their place in the sentence, not to the row of their word"),
        (averages, "this is the mean over the uses of a word: uses add up"),
        (as_wide_as_g, "the table has a row for every sentence here; it needs one for every word: (words, features)"),
    ],
    "last_valid": [
        (very_last, "this is h after the padding of short sentences, not after their last word"),
        (one_too_far, "the steps count from 0: after a sentence of n words h stands at n - 1"),
        (
            all_pairs,
            "each sentence was paired with the lengths of all: two arrays of indices make pairs, a colon and an array do not",
        ),
        (mean_of_all, "this is the mean over all steps, padding among them; one h of each sentence is asked for"),
        (mean_of_words, "this is the mean of the h after all words; the one after the last word is asked for"),
        (
            picks_sentences,
            "one array of numbers picks along the first axis, and that is the sentences: a second array has to pick the steps",
        ),
    ],
}

NUMBER = (0.98, 1.0)  # 1.000 on five seeds; trained on 25 fillers 0.481 to 0.498
SECONDS = 30.0
