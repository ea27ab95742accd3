# %% [markdown]
# # 09 Not
#
# **Why can a bag of words not read "not"?**
#
# 25 minutes. You need: lesson 03 (vjp), lesson 04 (one step after another) and lesson 07 (LSTM).

# %%
from course import Lesson, Question, YourTurn, arrays, heatmap, tensors

import numpy as np

import tinygrad_rnn as tg
from tinygrad_rnn.data import grammars
from tinygrad_rnn.data.batches import pad

lesson = Lesson("09")
out = lesson.out

# %% [markdown]
# ## Guess first
# From here on the inputs are words. In "this bad song is not really so good" the last word is the verdict, and a "not" anywhere before
# it turns the verdict round: the answer is bad. All other words are *fillers*; they mean nothing. A plain RNN learns from short
# sentences, with 1 to 10 fillers. Then it has to read sentences with 100 fillers.

# %%
lesson.predict("Trained on 1 to 10 fillers, what share of sentences with 100 does a plain RNN get right? (guessing: 0.5)")

# %% [markdown]
# ## A bag
# The simplest reading is a *bag of words*: count how often each word occurs, and forget the order. Each of our sentences holds "good"
# once and "bad" once. Let the two change places in a thousand sentences. What happens to the bag, and what to the answer?

# %%
out.heading("A bag")
many = grammars.negation(np.random.default_rng(0), 1000, 6)
WORDS = [*many.symbols, "_"]  # the last one is padding
NOT, BAD, GOOD, PAD = (WORDS.index(word) for word in ("not", "bad", "good", "_"))
for ids, y in zip(many.x[:3], many.y):
    out.say(f"{' '.join(WORDS[k] for k in ids)}: {many.classes[y]}", "  ")
places = np.array([NOT, GOOD, BAD, *range(3, len(WORDS))])
swapped = places[many.x]
bags = (np.sort(swapped) == np.sort(many.x)).all(axis=1)
verdicts = [(x[:, -1] == GOOD) ^ (x == NOT).any(axis=1) for x in (many.x, swapped)]
turned = verdicts[0] != verdicts[1]
out.say(f'"good" and "bad" changed places in {len(bags)} sentences: same bag {bags.sum()} times, other answer {turned.sum()} times. So '
        "every bag belongs to as many good as bad sentences, and what is computed from it is right half the time at best.")  # fmt: skip

# %% [markdown]
# ## Exercise 1: from a word to numbers
# A network computes with numbers, not with words. So every word gets an id (0, 1, 2 and so on), and a table W holds a row of numbers for
# each id. The row is the *embedding* of the word. W is a weight like any other: it starts random, and it is learned.


# %%
@lesson.exercise
def lookup(W, ids):
    """The rows of W (words, features), a Tensor, for an array of ids of any shape: a Tensor (*shape of ids, features)."""
    raise YourTurn


# %%
def case(name, shape, **others):
    return lambda rng: {name: tensors(t=shape)(rng)["t"], **{key: np.array(value) for key, value in others.items()}}


lesson.check(lookup, case("W", (5, 3), ids=[[4, 1, 1, 0], [2, 4, 1, 3]]), case("W", (4, 2), ids=[3]))

# %% [markdown]
# ## Exercise 2: back to the table
# To learn W we need its gradient. A word that is used three times gets a gradient from each of the three places, and they add up (lesson
# 04). A word that does not occur gets zeros. Be careful with NumPy: `G[ids] += g` adds only once where an id stands twice, while
# `np.add.at(G, ids, g)` adds every time.


# %%
@lesson.exercise
def lookup_vjp(g, ids, words):
    """The gradient of W (words, features), where g (*shape of ids, features) is that of the rows that were looked up."""
    raise YourTurn


# %%
twice, once = np.array([[4, 1, 1, 0], [2, 4, 1, 1]]), np.array([3])
lesson.check(lookup_vjp, arrays(g=(2, 4, 3), ids=twice, words=6), arrays(g=(1, 2), ids=once, words=4))
W = tg.Tensor(np.random.default_rng(0).standard_normal((len(WORDS), 3)), requires_grad=True, name="W")
rows = lookup(W, many.x)
loss = (rows**2).sum()
gap = np.abs(lookup_vjp(tg.grad(loss, rows), many.x, len(WORDS)) - tg.grad(loss, W)).max()
out.say(f'A table of {len(WORDS)} words, of which "not" was used {(many.x == NOT).sum()} times: your gradient and the engine\'s differ '
        f"by at most {gap:.0e}.")  # fmt: skip

# %% [markdown]
# ## Exercise 3: the last word
# A batch is a block of numbers, but sentences have different lengths. So short ones are filled up with "_" at the end, which is called
# *padding* (lesson 12 is about it). The answer is read off one h of each sentence: the h after its last *word*, before any padding.


# %%
@lesson.exercise
def last_valid(hs, lengths):
    """Of hs (batch, time, hidden) each sentence's h after its last word: (batch, hidden). lengths (batch,), an array, each at least 1."""
    raise YourTurn


# %%
lesson.check(last_valid, case("hs", (3, 5, 2), lengths=[4, 1, 5]), case("hs", (1, 3, 4), lengths=[2]))

# %% [markdown]
# ## Four readers
# Each reader looks its words up with your `lookup`. The bag then takes the mean of all rows. The others read row after row with a cell and
# take your `last_valid` h. In the end a linear layer, h W + b, turns that into two scores, one for bad and one for good; the larger one
# is the answer. This is a *linear classifier on the last state*. Its loss, the *cross entropy*, is -log of the probability that it gives
# to the right answer.


# %%
def sentences(rng, count, low, high):
    """(ids, lengths, answers): so many sentences with low to high fillers, padded with "_"."""
    made = [grammars.negation(rng, 1, int(rng.integers(low, high + 1))) for _ in range(count)]
    return *pad([one.x[0] for one in made], PAD), np.array([one.y[0] for one in made])


class Reader(tg.nn.Module):
    def __init__(self, cell):
        rng = np.random.default_rng(0)
        self.W = tg.Tensor(rng.standard_normal((16, 8)), requires_grad=True)
        self.cell, hidden = cell and cell(8, 16, rng=rng), tg.nn.Linear(8, 16, rng=rng)
        self.hidden, self.readout = None if cell else hidden, tg.nn.Linear(16, 2, rng=rng)  # hidden is the bag's alone

    def forward(self, ids, lengths):
        rows = lookup(self.W, ids)
        if self.cell is None:
            return self.readout(tg.tanh(self.hidden(tg.nn.pool_mean(rows, lengths))))
        return self.readout(last_valid(tg.stack(tg.nn.unroll(self.cell, rows)[0], axis=1), lengths))


def trained(cell, low, high):
    """A reader after 400 batches of sentences with low to high fillers."""

    def loss_of(net, batch):
        return tg.functional.cross_entropy(net(*batch[:2]), batch[2])

    net, updates, rng = Reader(cell), 10 if lesson.fast else 400, np.random.default_rng(1)
    batches = (sentences(rng, 64, low, high) for _ in range(updates))
    tg.train.fit(net, loss_of, batches, tg.optim.Adam(net.parameters(), lr=0.01), updates=updates, clip=1.0)
    return net


def right(net, fillers):
    ids, lengths, y = sentences(np.random.default_rng(2), 1000, fillers, fillers)
    return float((net(ids, lengths).data.argmax(axis=1) == y).mean())


readers = {
    "bag, 25": trained(None, 25, 25),
    "RNN, 25": trained(tg.nn.RNNCell, 25, 25),
    "LSTM, 25": trained(tg.nn.LSTMCell, 25, 25),
    "RNN, 1 to 10": trained(tg.nn.RNNCell, 1, 10),
}
share = {name: (right(net, 25), right(net, 100)) for name, net in readers.items()}
out.table([[name, *(f"{s:.3f}" for s in both)] for name, both in share.items()], ["trained on", "right of 25", "of 100 fillers"])
if lesson.fast:
    out.say("(--fast: 10 batches, too little to learn anything. The full run is the lesson.)")

# %% [markdown]
# ## Which words does a reader listen to?
# Put the filler "one" in the place of one word of a sentence. How far does the answer move? Where the word was a filler, it should stay.

# %%
text = ["this", "bad", "song", "is", "not", "really", "so", "good"]
ids, sizes = np.array([WORDS.index(word) for word in text]), np.full(len(text), len(text))
replaced = np.where(np.eye(len(text)), WORDS.index("one"), ids)  # row t: "one" in the place of word t
moves = [np.abs(np.diff(net(replaced, sizes).data - net(ids[None], sizes[:1]).data))[:, 0] for net in readers.values()]
moves = [row / row.max() for row in moves]
out.say('How far the answer moves if "one" stands in the place of a word (furthest = 1):')
out.table([[name, *(f"{m:.1f}" for m in row)] for name, row in zip(readers, moves)], ["reader", *text])
title = "How far the answer moves if 'one' stands in the place of a word (furthest: 1)"
lesson.picture(heatmap(moves, [*readers], text, title, text="{:.2f}"), "not")

# %% [markdown]
# ## The number

# %%
near, far = share["RNN, 1 to 10"]
lesson.result(far, "right of 100 fillers, by a plain RNN trained on 1 to 10", share["RNN, 25"][0], "trained on 25, right of 25")

# %%
lesson.wrong(
    "A plain RNN cannot remember over so many words; for that there are gates.",
    f"Trained on at most 10 fillers, the plain RNN gets {near:.3f} of the sentences with 25 right, and {far:.3f} of those with 100. "
    f"Trained on 25 fillers, the same RNN gets {share['RNN, 25'][0]:.3f}. So remembering is not the hard part. The hard part is to learn, "
    f"over a long gap, what to remember. There an LSTM helps: trained on 25, it gets {share['LSTM, 25'][0]:.3f}.",
)

# %% [markdown]
# ## Three questions

# %%
sing = grammars.agreement(np.random.default_rng(0), 1000, 6)
both = (sing.x == sing.symbols.index("and")).any(axis=1)
g = lookup_vjp(np.ones((4, 2)), np.array([1, 1, 1, 2]), 4)
w = tg.Tensor(1.0, requires_grad=True)
lesson.quiz(
    Question(
        "From lesson 04: a = w + w + w. The gradient of w?", tg.grad(w + w + w, w).item(), {1: "Three uses, and uses add up."}
    ),
    Question(
        'A reader looks up "so so so good", and a gradient of ones comes back to every row. What is each number in the gradient of "so"?',
        g[1, 0],
        {1: "Three uses, and uses add up; `+=` with an array of ids forgets that.", 4: "The fourth word has a row of its own."},
    ),
    Question(
        '"Alice and Tom often sing" (plural), "Alice often sings": in what share of such sentences does "and" in the bag tell the ending?',
        (both == sing.y).mean(),
        {0.5: 'Two subjects, one "and", wherever it stands: not every question needs the order.'},
    ),
)
lesson.end()
