# %% [markdown]
# # 13 Which package wrote this
#
# **Is the network better than counting?**
#
# 35 minutes. You need: lessons 09 and 12. The assignment: run it on texts of your own, `--data news.csv`. A row is a class, a word or a
# number, and text; a first line `text,label` says which is which. AG News has numbers, whose names may stand in `classes.txt` beside it.

# %%
import sysconfig
from pathlib import Path

from course import Lesson, Question, YourTurn, heatmap

import numpy as np

import tinygrad_rnn as tg
from tinygrad_rnn.data import batches, files, stdlib_text
from tinygrad_rnn.data.vocab import WordVocabulary, words

lesson = Lesson("13")
out = lesson.out

# %% [markdown]
# ## Guess first
# Many people wrote Python's library, each package in a style of its own. Here are single lines of asyncio, email, unittest and xml (those
# that name their package are left out). An LSTM learns from four fifths of them. Then it has to say where each of the others comes from.

# %%
lesson.predict("Of the lines held out, what share does the LSTM get right? (0 to 1; guessing among four gives 0.25)")

# %% [markdown]
# ## The data
# Nothing is downloaded: the lines are on your machine. If your Python came without its sources, names of characters take their place.


# %%
def built_in():
    """(rows of (text, class), names of the classes)."""
    root, names = Path(sysconfig.get_path("stdlib")), ("asyncio", "email", "unittest", "xml")
    sources = {name: [f for f in sorted((root / name).rglob("*.py")) if "test" not in f.parts] for name in names}
    if all(sources.values()):
        lines = {name: [t.strip() for f in sources[name] for t in f.read_text("utf-8").splitlines()] for name in names}
        return [(t, k) for k, n in enumerate(names) for t in lines[n] if 20 <= len(t) <= 60 and n not in t.lower()], names
    scripts = ("ARABIC", "CYRILLIC", "GREEK", "LATIN")
    parts = [name.partition(" ") for name in stdlib_text.unicode_names()]
    return [(rest, scripts.index(script)) for script, _, rest in parts if script in scripts], scripts


rows, classes = built_in()
if lesson.data:
    given = files.read_labelled(lesson.data)
    rows, classes = [*zip(given.texts, given.labels.tolist())], given.classes
    for row in given.skipped[:5]:
        out.say(f"skipped, line {row.line} of your file: {row.reason}", "  ")
    out.say(f"Your file: {len(given):,} rows are used, {len(given.skipped)} cannot be.")
rows = [(text, k) for text, k in rows if words(text)]
out.say(f"{len(rows):,} texts of {len(classes)} classes. One of each:")
for k, name in enumerate(classes):
    out.say(f"{name}: {next((text for text, c in rows if c == k), '-')[:50]}", "  ")

# %% [markdown]
# ## Exercise 1: an honest data set
# A line such as `return self._value` stands in many places. If the network learns one copy and is tested on another, it needs no more than
# memory. So keep one copy of each. And a line that occurs in two classes has no right answer: drop it.


# %%
@lesson.exercise
def clean(rows):
    """Of rows (text, class) a list of those to keep, in their order: each text once, and no text that has two classes."""
    raise YourTurn


# %%
lesson.check(clean, lambda rng: {"rows": [("b", 1), ("a", 0), ("a", 0), ("b", 0), ("c", 2)]}, lambda rng: {"rows": [("a", 0)]})
kept = clean(rows)
out.say(f"Kept: {len(kept):,} of {len(rows):,}.")

# %% [markdown]
# Shuffle, hold a fifth out, and give an id to each word that the training texts use at least twice. All others are one word, "unknown".


# %%
def prepared(rows):
    """(ids of each text, classes, rows to train with, rows held out, vocabulary)."""
    rng = np.random.default_rng(0)
    rows = [rows[k] for k in rng.permutation(len(rows))[: 1500 if lesson.fast else 20_000]]
    train, test = batches.shuffled_split(rng, len(rows), 0.2)
    known = WordVocabulary.from_texts([rows[k][0] for k in train], smallest_count=2)
    return [known.encode(text)[:40] for text, _ in rows], np.array([k for _, k in rows]), train, test, known


ids, y, train, test, known = prepared(kept)
out.say(f"{len(train):,} to train with, {len(test):,} held out; {len(known):,} words, of which id 0 is {known.symbols[0]!r}.")

# %% [markdown]
# ## Exercise 2: counting
# Before any network, a baseline that only counts: *naive Bayes*. How often does each class use each word? A text then belongs to the class
# for which p(class), times p(word | class) for each of its words, is largest; as logarithms they are added. Every count gets 1 more, so
# that a word which a class has never used is unlikely there, but not impossible.
#
#     log p(class)        = log of  (texts of the class + 1) / (all texts + number of classes)
#     log p(word | class) = log of  (count of the word in the class + 1) / (sum of these, counts + 1, over all words)


# %%
@lesson.exercise
def naive_bayes(ids, y, words, classes):
    """(log p(class), an array (classes,); log p(word | class), (classes, words)). ids: an array of word ids for each text."""
    raise YourTurn


# %%
def texts(rng):
    return {"ids": [rng.integers(0, 5, n) for n in (4, 9, 1, 7, 3)], "y": np.array([0, 2, 0, 1, 0]), "words": 6, "classes": 4}


lesson.check(naive_bayes, texts, lambda rng: {"ids": [np.array([1, 1])], "y": np.array([0]), "words": 3, "classes": 2})


def by_counting(ids, y, train, test, known):
    """The share of the texts held out whose class is the one for which their words are most likely."""
    prior, given_class = naive_bayes([ids[k] for k in train], y[train], len(known), len(classes))
    return np.mean([(prior + given_class[:, ids[k]].sum(axis=1)).argmax() == y[k] for k in test])


share = by_counting(ids, y, train, test, known)
out.say(f"Counting gets {share:.3f} right. If all copies had stayed in, it would seem to get {by_counting(*prepared(rows)):.3f}.")

# %% [markdown]
# ## Three networks
# An embedding of 32 numbers a word (lesson 09), a cell of 32 units over packed steps (lesson 12), and a linear layer on its last h. Mind
# two common mistakes. The first is to report the accuracy on *training* texts, averaged over an epoch, that is over one pass through them,
# while the network changes. Here it stands beside the share right on the texts held out. The second is to give padding the id of a
# word. Here it has an id of its own, 0, and we measure whether padding behind a text changes the answer.


# %%
def trained(kind):
    """(the network, its guesses for the test, after each epoch: share right in training, averaged over the epoch; on the test)."""
    rng, seen, course = np.random.default_rng(0), [], []
    table = tg.nn.Embedding(len(known), 32, rng=rng, padding_idx=known.padding_id)
    net = tg.nn.SequenceClassifier(table, kind(32, 32, rng=rng), tg.nn.Linear(32, len(classes), rng=rng))
    adam = tg.optim.Adam(net.parameters(), lr=0.01)

    def loss_of(net, batch):
        logits = net(batch.x, batch.lengths)
        seen.extend(logits.data.argmax(axis=1) == batch.y)
        return tg.functional.cross_entropy(logits, batch.y)

    for _ in range(1 if lesson.fast else 4):
        seen.clear()
        tg.train.fit(net, loss_of, batches.padded_batches([ids[k] for k in train], y[train], 32, rng), adam, epochs=1, clip=1.0)
        with tg.no_grad():
            guess = net(*batches.pad([ids[k] for k in test])).data.argmax(axis=1)
        course.append((np.mean(seen), (guess == y[test]).mean()))
    return net, guess, course


nets = {name: trained(kind) for name, kind in {"RNN": tg.nn.RNNCell, "GRU": tg.nn.GRUCell, "LSTM": tg.nn.LSTMCell}.items()}
right = {name: course[-1][1] for name, (_, _, course) in nets.items()}
found = [[name, f"{course[-1][0]:.3f}", f"{right[name]:.3f}"] for name, (_, _, course) in nets.items()]
out.table([["naive Bayes", "-", f"{share:.3f}"], *found], ["share right", "in training", "held out"])
lstm, guess, ((old, new), *_) = nets["LSTM"]
one = ids[test[0]]
gap = np.abs(lstm(one[None], [len(one)]).data - lstm(np.pad(one, (0, 20))[None], [len(one)]).data).max()
out.say(
    f"That was the last epoch. After the first, the LSTM had {old:.3f} in training (its beginning counts too) and {new:.3f} held out. "
    f"And 20 steps of padding behind a text change its scores by {gap:g}."
)

# %% [markdown]
# ## Exercise 3: who is taken for whom
# One number does not tell where a network is wrong. A *confusion table* counts every pair of true class (row) and guess (column).


# %%
@lesson.exercise
def confusion(y, guess, classes):
    """How often class i was called j: an array (classes, classes), i down, j across. y and guess are arrays of class numbers."""
    raise YourTurn


# %%
lesson.check(confusion, lambda rng: {"y": rng.integers(0, 3, 12), "guess": rng.integers(0, 3, 12), "classes": 4})
table = confusion(y[test], guess, len(classes))
out.table([[name, *map(str, row)] for name, row in zip(classes, table)], ["true, then guessed:", *classes])
lesson.picture(heatmap(table, classes, classes, "LSTM, texts held out. Row: true, column: guessed", text="{:.0f}"), "confusion")

# %%
lesson.result(right["LSTM"], "share of the texts held out that the LSTM gets right", share, "naive Bayes")
lesson.wrong(
    "A neural network beats simple counting.",
    f"Counting, in one pass, gets {share:.3f}; the best network, in several, {max(right.values()):.3f}. With {len(test):,} texts to test "
    f"on, a difference below {len(test) ** -0.5:.3f} (two standard errors) may be chance. Count first.",
)

# %% [markdown]
# ## Three questions

# %%
lesson.quiz(
    Question(
        "From lesson 12: texts of 2, 9 and 4 words. How many rows does an RNN compute in all, packed?",
        tg.nn.pack([np.zeros((n, 1)) for n in (2, 9, 4)]).steps,
        {27: "That is padded: three times the longest.", 9: "9 steps, but each has a row for every text that still runs."},
    ),
    Question(
        "The texts of a class hold 98 words, the vocabulary 102. How likely is, by naive Bayes, a word that the class never used?",
        round(float(np.exp(naive_bayes([np.zeros(98, int)], np.array([0]), 102, 1)[1][0, 5])), 6),
        {0: "Then one new word would rule a class out: every count gets 1.", 0.01: "The sum holds the ones too: 98 + 102."},
    ),
    Question(
        "True classes 0 0 1 1 1, guesses 0 1 1 1 0. What share is right?",
        float(np.trace(confusion(np.array([0, 0, 1, 1, 1]), np.array([0, 1, 1, 1, 0]), 2)) / 5),
        {0.4: "That is the share of mistakes, off the diagonal.", 0.67: "That is class 1 alone: two of three."},
    ),
)
lesson.end()
