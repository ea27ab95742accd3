# %% [markdown]
# # 14 Write like this file
#
# **How good is a character model, in bits?**
#
# 35 minutes. You need: lesson 07 (the LSTM) and lesson 06 (cutting the way back). The assignment: run it on a text of your own,
# `--data your.txt` (UTF-8, at least 1,000 characters; the first 100,000 are read).

# %%
from course import Lesson, Question, YourTurn, arrays, heatmap

import numpy as np

import tinygrad_rnn as tg
from tinygrad_rnn.data import baselines, stdlib_text
from tinygrad_rnn.data.batches import text_windows
from tinygrad_rnn.data.vocab import CharVocabulary

lesson = Lesson("14")
out = lesson.out

# %% [markdown]
# ## Guess first
# A *character model* reads a text and says after each character how likely each possible next one is. If it gave the probability p to the
# one that really came, that one costs -log2(p) *bits*: 0 for a sure and right guess, 1 for a coin, 3 for one of eight. Its score is the
# mean over a text that it has never seen; less is better. The text is a file of Python's library, with four blanks made one tab: else
# the model would mostly learn to indent.

# %%
given = stdlib_text.from_file(lesson.data) if lesson.data else stdlib_text.module_source("argparse")
text = given.text[: 20_000 if lesson.fast else 100_000].replace("    ", "\t")
if len(text) < 1000:
    raise tg.errors.DataError(f"{given.source} has {len(text)} characters", hint="at least 1,000; 50,000 are better")
train, test = text[: len(text) * 9 // 10], text[len(text) * 9 // 10 :]
bigram = baselines.bigram_bits(train, test)
out.say(f"The text: {given.source}, {len(text):,} characters, fingerprint {given.fingerprint}. {given.note}")
lesson.predict(
    f"A table that counts which character follows which (bigrams) costs {bigram:.2f} bits a character on the last tenth of this text. "
    "What does an LSTM cost there, after reading the rest five times?"
)

# %% [markdown]
# ## What counting reaches
# Three baselines, counted on the first nine tenths of the text and tested on the last. Uniform: every character is equally likely. Unigram:
# as likely as it is frequent. Bigram: as likely as it is frequent after the character before.

# %%
kinds = {"uniform": baselines.uniform_bits(train, test), "unigram": baselines.unigram_bits(train, test), "bigram": bigram}
out.table([[name, f"{bits:.2f}"] for name, bits in kinds.items()], ["counting", "bits/char"])

# %% [markdown]
# ## Exercise 1: temperature
# The network gives a number for each character, its *logit*. *Softmax* turns logits into probabilities: exp(logit), divided by the sum of
# all these. First one may divide all logits by a *temperature* T. Below 1, what is likely becomes likelier; above 1, all become more alike.
# And as exp(1000) is too large for a computer, subtract the largest logit from all of them first; in the fraction it cancels.


# %%
@lesson.exercise
def probabilities(logits, T):
    """softmax(logits / T), an array (symbols) that sums to 1, for an array of logits, however large."""
    raise YourTurn


# %%
lesson.check(probabilities, arrays(logits=(5,), T=0.5), lambda rng: {"logits": 1000.0 + 3.0 * rng.normal(size=4), "T": 1.2})

# %% [markdown]
# ## Exercise 2: a draw
# To write, the model needs one character, not probabilities. Taking the most likely one each time (*greedy*) soon runs in circles, as you
# will see. So draw one (*sampling*): lay the probabilities end to end as pieces of the line from 0 to 1, take one random number
# r = rng.random(), and see in whose piece it falls. `np.cumsum(p)` gives the right ends of the pieces.


# %%
@lesson.exercise
def draw(p, rng):
    """The first id whose piece ends above r = rng.random(); draws one number only."""
    raise YourTurn


# %%
def weighted(seed, size):
    p = probabilities(np.random.default_rng(2).normal(size=size), 1.0)
    return lambda rng: {"p": p.copy(), "rng": np.random.default_rng(seed)}


lesson.check(draw, weighted(1, 25), weighted(11, 7), weighted(7, 1))

# %% [markdown]
# ## Exercise 3: the score
# A long text is read in *windows*: `window.x` holds characters and `window.y` the character after each of them. The state at the end of a
# window is the start of the next one; before the first it is None. `model(window.x, state)` returns logits and the new state, and
# `tg.functional.cross_entropy(logits, window.y).item()` the mean cost of that window in nats: 1 bit is ln 2 nats. The last window may be
# shorter, so weigh each by its number of characters, `window.y.size`.


# %%
@lesson.exercise
def bits_per_character(model, windows):
    """The mean cost of all characters in the y of all windows, in bits; the state is carried from window to window."""
    raise YourTurn


# %%
def reading(length, rows, steps):
    def case(rng):
        model = tg.nn.CharModel(5, tg.nn.LSTMCell(3, 4, rng=rng), rng=rng)
        for weight in model.parameters():
            weight.data *= 3  # so that the state matters
        return {"model": model, "windows": text_windows(rng.integers(0, 5, size=length), rows, steps)}

    return case


lesson.check(bits_per_character, reading(35, 2, 6), reading(5, 1, 9))

# %% [markdown]
# ## Training
# 32 parts of the text are read side by side, 32 characters at a time. The state goes on from window to window, but the gradient stops
# there: truncated backpropagation (lesson 06). A second model reads only the first 4,000 characters, but 32 times.

# %%
letters = CharVocabulary.from_text(text)


def score(model, part):
    with tg.no_grad():
        return bits_per_character(model, text_windows(letters.encode(part), 10, 100))


def trained(part, rows, steps, epochs):
    rng = np.random.default_rng(0)
    model = tg.nn.CharModel(letters, tg.nn.LSTMCell(16, 64, rng=rng), rng=rng)

    def loss_of(model, window, state):
        logits, state = model(window.x, state)
        return tg.functional.cross_entropy(logits, window.y), state

    adam = tg.optim.Adam(model.parameters(), lr=0.01)
    tg.train.fit(model, loss_of, text_windows(letters.encode(part), rows, steps), adam, epochs=epochs, stateful=True, clip=1.0)
    return model


model, crammer = trained(train, 32, 32, 5), trained(train[:4000], 8, 25, 4 if lesson.fast else 32)
seen, unseen, by_heart, elsewhere = score(model, train), score(model, test), score(crammer, train[:4000]), score(crammer, test)
out.table(
    [["all", f"{seen:.2f}", f"{unseen:.2f}"], ["4,000 chars", f"{by_heart:.2f}", f"{elsewhere:.2f}"]],
    ["learned from", "bits/char there", "on the last tenth"],
)

# %% [markdown]
# ## It writes
# The model reads the first 40 characters of the last tenth, predicts the next one, draws it with your functions, reads it, and so on: to
# write is to predict the next character again and again. T = 0.01 is as good as greedy. The picture shows what is expected after the 40.
# Does temperature add knowledge? *Entropy* is the cost that a model expects for its own draws; beside it stands what the text costs.


# %%
def written(prompt, length, T):
    """What the model writes after the prompt; the prompt itself is read first."""
    ids, state, rng = [*letters.encode(prompt)], None, np.random.default_rng(5)
    for k in range(len(prompt) + length - 1):
        logits, state = model.step(np.array([ids[k]]), state)
        if k + 1 == len(ids):
            ids.append(draw(probabilities(logits.data[0], T), rng))
    return letters.decode(ids[len(prompt) :])


prompt = test[:40]
out.heading("It writes: the prompt, then | and its own characters")
with tg.no_grad():
    for T in (0.01, 0.5, 1.0, 2.0):
        out.say(f"T = {T}: {' '.join((prompt + '|' + written(prompt, 160, T)).split())}")
    page = letters.encode(test[:1500])
    every = model(page[None, :-1])[0].data[0]  # the logits after each character
logits = every[len(prompt) - 1]
likely = np.argsort(-logits)[:12]
names = [{" ": "␣", "\n": "↵", "\t": "⇥"}.get(c, c) for c in letters.decode(likely)]
rows = {f"T={T}": probabilities(logits, T)[likely] for T in (0.5, 1.0, 2.0)}
title = f"Which character comes after '{' '.join(prompt.split())[-24:]}'?"
lesson.picture(heatmap([*rows.values()], [*rows], names, title, text="{:.2f}"), "next")
costs = {}
for T in (0.5, 1.0, 2.0):
    p = np.array([probabilities(row, T) for row in every])
    costs[T] = -(p * np.log2(p + 1e-300)).sum(1).mean(), -np.log2(p[np.arange(len(p)), page[1:]]).mean()
out.table([[str(T), f"{a:.2f}", f"{b:.2f}"] for T, (a, b) in costs.items()], ["T", "entropy", "the text costs"])

# %%
lesson.result(unseen, "bits a character on the last tenth, which the LSTM has not read", bigram, "a bigram table")
lesson.wrong(
    "The lower the training loss, the better the model.",
    f"The model that learned 4,000 characters by heart pays {by_heart:.2f} bits for them and {elsewhere:.2f} on the last tenth. Such a "
    f"gap is called *overfitting*. The one that read nine tenths pays {seen:.2f} for them and {unseen:.2f} on the last tenth.",
)
least = min(costs, key=lambda T: costs[T][1])
out.say(f"Nor does temperature add knowledge: it only moves the entropy. Of the three, the text is cheapest at T = {least}.")

# %% [markdown]
# ## Three questions

# %%
lesson.quiz(
    Question(
        "From lesson 07: this LSTM has 64 units. How many columns has its Wh?",
        model.layer.Wh.shape[1],
        {64: "That is a plain RNN. i, f, g and o have 64 each.", 192: "That is a GRU: r, z and n."},
    ),
    Question(
        "Two characters have the logits 1 and 0. How likely is the second at T = 0.01?",
        probabilities(np.array([1.0, 0.0]), 0.01)[1],
        {0.269: "That is T = 1.", 0.498: "That is T = 100. T near 0 is greedy: the most likely character takes all."},
    ),
    Question(
        'A character model learns from "hello". How many characters does it have to predict?',
        text_windows(np.arange(5), 1, 9)[0].y.size,
        {1: "That is a classifier, one answer for all. Here each character has a next one.", 5: "Nothing comes after the o."},
    ),
)
lesson.end()
