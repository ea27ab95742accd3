# %% [markdown]
# # 13 Which package wrote this
#
# **Is the network better than counting?**
#
# 35 minutes. You need: lessons 09 and 12. Then on rows of "class","title","description" of your own, as in AG News: `--data news.csv`.

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
# Python's library is written by many hands. Here are single lines of four of its packages: asyncio, email, unittest and xml. Lines that
# name their package are left out. An LSTM learns from four fifths of them and is asked about the rest.

# %%
lesson.predict("What share of the lines that it has not seen does the LSTM name right? (0 to 1; guessing gives 0.25)")

# %% [markdown]
# ## The data
# Nothing is downloaded: the lines are on your machine. Where a Python has no sources, names of characters stand in: which script is it?


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
    out.say(f"Your file: {len(given.skipped)} of its rows cannot be used.")
rows = [(text, k) for text, k in rows if words(text)]
out.say(f"{len(rows):,} texts of {len(classes)} classes. One of each:")
for k, name in enumerate(classes):
    out.say(f"{name}: {next((text for text, c in rows if c == k), '-')[:50]}", "  ")

# %% [markdown]
# ## Exercise 1: an honest data set
# A line such as `return self._value` stands in many places. If one copy is learned and another is asked, memory passes for
# understanding. A line of two classes has no right answer.


# %%
@lesson.exercise
def clean(rows):
    """Of rows (text, class) a list of those to keep, in their order: each text once, and no text that has two classes."""
    raise YourTurn


# %%
mixed = [("b", 1), ("a", 0), ("a", 0), ("b", 0), ("c", 2)]
lesson.check(clean, lambda rng: {"rows": [*mixed]}, lambda rng: {"rows": [("a", 0)]})
kept = clean(rows)
out.say(f"Kept: {len(kept):,} of {len(rows):,}.")

# %% [markdown]
# Shuffle (20,000 texts at most) and hold a fifth out. The vocabulary is that of the training texts: what they do not use twice is unknown.


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
# *Naive Bayes* is the baseline: how often does each class use each word? Add 1 to every count, so that nothing is impossible.
#
#     log p(class)        = log of  (texts of it + 1) / (all texts + classes)
#     log p(word | class) = log of  (its count + 1) / (the sum of that over all words)


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
out.say(f"Counting names {share:.3f} of them right. With all copies left in it would say {by_counting(*prepared(rows)):.3f}.")

# %% [markdown]
# ## Three networks
# An embedding of 32 numbers a word, a cell of 32 units over packed steps, its last h, a linear layer. Two mistakes are common, and the
# lesson that this course grew from has both: its accuracy is *cumulated over the epoch, on training data*, and its id 0 is padding and a
# word at once. So both accuracies stand side by side here, and a test tells whether padding can be seen.


# %%
def trained(kind):
    """(the net, its guesses for the test, after each epoch: training accuracy cumulated over it, accuracy on the test)."""
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
out.table([["naive Bayes", "-", f"{share:.3f}"], *found], ["", "cumulated", "held out"])
lstm, guess, ((old, new), *_) = nets["LSTM"]
one = ids[test[0]]
gap = np.abs(lstm(one[None], [len(one)]).data - lstm(np.pad(one, (0, 20))[None], [len(one)]).data).max()
out.say(
    f"LSTM after one epoch: cumulated {old:.3f}, held out {new:.3f}; the last epoch is in the table. Cumulated, old nets count with new "
    f"ones, on texts that they learn. And 20 steps of padding behind a text change its logits by {gap:g}."
)

# %% [markdown]
# ## Exercise 3: who is taken for whom
# One number hides where a net is wrong. A confusion table has a row for each true class and a column for each guess.


# %%
@lesson.exercise
def confusion(y, guess, classes):
    """How often class i was called j: an array (classes, classes), i down, j across. y and guess are arrays of class numbers."""
    raise YourTurn


# %%
lesson.check(
    confusion,
    lambda rng: {"y": rng.integers(0, 3, 12), "guess": rng.integers(0, 3, 12), "classes": 4},
    lambda rng: {"y": np.array([1]), "guess": np.array([0]), "classes": 2},
)
table = confusion(y[test], guess, len(classes))
out.table([[name, *map(str, row)] for name, row in zip(classes, table)], ["true, then guessed:", *classes])
lesson.picture(heatmap(table, classes, classes, "Rows: true. Columns: guessed", text="{:.0f}"), "confusion")

# %%
lesson.result(right["LSTM"], "share of the texts held out that the LSTM names right", share, "naive Bayes")
chance = 2 * (share * (1 - share) / len(test)) ** 0.5  # two standard errors of a share
lesson.wrong(
    "A neural network beats simple counting.",
    f"Counting, in one pass: {share:.3f}. The best net, in several: {max(right.values()):.3f}. With {len(test):,} texts less than "
    f"{chance:.3f} between them may be chance. Who has not counted first does not know what a net adds.",
)

# %% [markdown]
# ## Three questions

# %%
lesson.quiz(
    Question(
        "From lesson 12: texts of 2, 9 and 4 words. How many steps are computed, packed?",
        tg.nn.pack([np.zeros((n, 1)) for n in (2, 9, 4)]).steps,
        {27: "That is padded: three times the longest.", 9: "Each step has a row for every text that still runs."},
    ),
    Question(
        "A class has used 98 words, the vocabulary holds 102. What probability has a word that it never used?",
        round(float(np.exp(naive_bayes([np.zeros(98, int)], np.array([0]), 102, 1)[1][0, 5])), 6),
        {0: "Then one new word would rule a class out. 1 is added to every count.", 0.01: "The added ones are in the sum too."},
    ),
    Question(
        "True classes 0 0 1 1 1, guesses 0 1 1 1 0. What share is right?",
        float(np.trace(confusion(np.array([0, 0, 1, 1, 1]), np.array([0, 1, 1, 1, 0]), 2)) / 5),
        {0.4: "That is the share off the diagonal.", 0.67: "That is class 1 alone."},
    ),
)
lesson.end()
