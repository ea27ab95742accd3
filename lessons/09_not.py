# %% [markdown]
# # 09 Not
#
# **Why can a bag of words not read "not"?**
#
# 25 minutes. You need: lesson 03 (vjp), lesson 04 (one step after another) and lesson 07 (LSTM).

# %%
from course import Lesson, Question, YourTurn, arrays, tensors

import numpy as np

import tinygrad_rnn as tg
from tinygrad_rnn.data import grammars
from tinygrad_rnn.data.batches import pad

lesson = Lesson("09")
out = lesson.out

# %% [markdown]
# ## Guess first
# "This bad song is not really so good": the last word is the verdict, and a "not" anywhere before it turns it round. The other words
# are fillers. A plain RNN learns from short sentences, with 1 to 10 fillers. Then it is given sentences with 100 of them.

# %%
lesson.predict("A plain RNN, trained on at most 10 fillers, reads 100. Which share does it get right? (0.5 is guessing)")

# %% [markdown]
# ## A bag
# A *bag of words* counts the words of a sentence and forgets their order. Each of these sentences holds "good" once and "bad" once. Let
# the two change places in a thousand sentences: what does it do to the bag, and to the answer?

# %%
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
out.say(f"Changed places in {len(bags)} sentences: same bag {bags.sum()} times, other answer {turned.sum()} times. So every bag belongs to "
        "good and bad sentences alike, and nothing that is computed from it can be right more than half the time.")  # fmt: skip

# %% [markdown]
# ## Exercise 1: from a word to numbers
# A word is an id. A table W holds a row of numbers for every word: the *embedding*. It is a weight like others, and is learned.


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
# The row of a word has the gradient of all its uses, added up; a word that did not occur has zeros. Careful: `G[ids] += g` adds only once
# where an id stands twice. `np.add.at(G, ids, g)` adds each time.


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
out.say(f'Yours and the engine\'s gradient of a table of {len(WORDS)} words, of which "not" was used {(many.x == NOT).sum()} times: '
        f"largest gap {gap:.0e}.")  # fmt: skip

# %% [markdown]
# ## Exercise 3: the last word
# Sentences of a batch have different lengths; short ones are filled up at the end with "_". The answer is read off h. Which one? The h
# after the last *word* of each sentence, not after the filling.


# %%
@lesson.exercise
def last_valid(hs, lengths):
    """Of hs (batch, time, hidden) each sentence's h after its last word: (batch, hidden). lengths (batch,), an array, each at least 1."""
    raise YourTurn


# %%
lesson.check(last_valid, case("hs", (3, 5, 2), lengths=[4, 1, 5]), case("hs", (1, 3, 4), lengths=[2]))

# %% [markdown]
# ## Readers
# Each looks words up and answers with two numbers, bad and good. The bag takes the mean over the words; the others read them in order.


# %%
def sentences(rng, count, low, high):
    """(ids, lengths, answers): so many sentences with low to high fillers, filled up with "_"."""
    made = [grammars.negation(rng, 1, int(rng.integers(low, high + 1))) for _ in range(count)]
    return *pad([one.x[0] for one in made], PAD), np.array([one.y[0] for one in made])


class Reader(tg.nn.Module):
    def __init__(self, cell):
        rng = np.random.default_rng(0)
        self.W = tg.Tensor(rng.standard_normal((16, 8)), requires_grad=True)
        self.cell = cell and cell(8, 16, rng=rng)
        self.hidden, self.readout = tg.nn.Linear(8, 16, rng=rng), tg.nn.Linear(16, 2, rng=rng)

    def read(self, rows, lengths):
        if self.cell is None:
            return self.readout(tg.tanh(self.hidden(tg.nn.pool_mean(rows, lengths))))
        return self.readout(last_valid(tg.stack(tg.nn.unroll(self.cell, rows)[0], axis=1), lengths))

    def forward(self, ids, lengths):
        return self.read(lookup(self.W, ids), lengths)


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
# ## What it listens to
# How much does the answer move if the numbers of a word move a little? `tg.probe.connectivity` measures that for each word: the norm of
# d(answer)/d(row). And how much if "one" stands in the place of the word?

# %%
text = ["this", "bad", "song", "is", "not", "really", "so", "good"]
ids, net = np.array([WORDS.index(word) for word in text]), readers["RNN, 1 to 10"]
rows = [tg.Tensor(lookup(net.W, ids[[t]]).data, requires_grad=True, name=word) for t, word in enumerate(text)]
answer = net.read(rows, np.array([len(text)]))
replaced = np.where(np.eye(len(text)), WORDS.index("one"), ids)
moves = np.abs(np.diff(net(replaced, np.full(len(text), len(text))).data - answer.data))
out.say(f"It answers {many.classes[answer.data.argmax()]}. Its answer moves, if a word moves a little:")
out.words(text, tg.probe.connectivity([answer], rows)[0], log=True)
out.say('If "one" takes the place of a word:')
out.words(text, moves)
out.say("The two disagree: a slope is what a small step does, and where tanh is flat a small step does little.")
title = f"A trained RNN reads: {' '.join(text)}"
answer = net.read([tg.Tensor(row.data, name=row.name) for row in rows], np.array([len(text)]))
lesson.picture(tg.draw(tg.functional.cross_entropy(answer, [0]), detail="cell", title=title), "not")

# %% [markdown]
# ## The number

# %%
near, far = share["RNN, 1 to 10"]
lesson.result(far, "right of 100 fillers, trained on 1 to 10", share["RNN, 25"][0], "trained on 25, right of 25")

# %%
lesson.wrong(
    "A plain RNN cannot remember over so many words; for that there are gates.",
    f"Trained on at most 10 fillers the plain RNN is right in {near:.3f} of the cases with 25 and in {far:.3f} with 100. The same RNN, "
    f"trained on 25: {share['RNN, 25'][0]:.3f}. Remembering is not the hard part. To learn from far away what to remember is, and there "
    f"an LSTM helps: trained on 25, {share['LSTM, 25'][0]:.3f}.",
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
        '"so so so good", and ones come back to every row that was looked up: what is each number in the gradient of "so"?',
        g[1, 0],
        {1: "Three uses, and uses add up; `+=` with an array of ids forgets that.", 4: "The fourth word has a row of its own."},
    ),
    Question(
        '"Alice and Tom often sing", "Alice often sings": in which share of such sentences does an "and" in the bag tell the ending?',
        (both == sing.y).mean(),
        {0.5: 'Two subjects, one "and", wherever it stands: not every question needs the order.'},
    ),
)
lesson.end()
