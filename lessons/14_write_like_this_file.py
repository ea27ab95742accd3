# %% [markdown]
# # 14 Write like this file
#
# **How good is a character model, in bits?**
#
# 35 minutes. You need: lesson 07 (the LSTM), lesson 06 (cutting the way back), softmax.
#
# Your own text: `python lessons/14_write_like_this_file.py --data your.txt` (UTF-8; the first 100,000 characters are read).

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
# A *character model* reads a text and says after each character how likely each next one is. If it gave the character that really
# came the probability p, that one costs -log2(p) *bits*: 0 for a sure and right guess, 1 for a coin, 3 for one of eight. The mean
# over a text that it has never seen is its score.

# %%
given = stdlib_text.from_file(lesson.data) if lesson.data else stdlib_text.module_source("argparse")
text = given.text[: 20_000 if lesson.fast else 100_000]
cut = len(text) * 9 // 10
train, test = text[:cut], text[cut:]
bigram = baselines.bigram_bits(train, test)
out.say(f"The text: {given.source}, {len(text):,} characters, fingerprint {given.fingerprint}. {given.note}")
lesson.predict(
    f"Counting which character follows which (a bigram table) costs {bigram:.2f} bits a character on the last tenth of this text. "
    "What does an LSTM cost there after five readings of the rest?"
)

# %% [markdown]
# ## What counting reaches
# Three baselines, all counted on the first nine tenths and tested on the last: every character equally likely; by how often each occurs
# (unigram); by the character before (bigram).

# %%
kinds = {"uniform": baselines.uniform_bits(train, test), "unigram": baselines.unigram_bits(train, test), "bigram": bigram}
out.table([[name, f"{bits:.2f}"] for name, bits in kinds.items()], ["counting", "bits/char"])

# %% [markdown]
# ## Exercise 1: temperature
# The model gives a number for each character, the *logits*. Softmax makes probabilities of them. Before it, one may divide all logits by a
# *temperature* T: p = softmax(logits / T). Below 1 the likely gets likelier, above 1 all get more alike. And exp
# of 1000 is too large for a computer, so take the largest from all before exp; the result is the same.


# %%
@lesson.exercise
def probabilities(logits, T):
    """softmax(logits / T), an array (symbols) that sums to 1, for an array of logits, however large."""
    raise YourTurn


# %%
lesson.check(probabilities, arrays(logits=(5,), T=0.5), lambda rng: {"logits": 1000.0 * rng.normal(size=3), "T": 1.0})

# %% [markdown]
# ## Exercise 2: a draw
# Always taking the most likely character soon runs in circles. So draw: lay the probabilities end to end, from 0 to 1, take one random
# number r = rng.random(), and see in whose piece it falls. `np.cumsum(p)` are the right ends of the pieces.


# %%
@lesson.exercise
def draw(p, rng):
    """The first id whose piece ends above r = rng.random(); draws one number only."""
    raise YourTurn


# %%
def weighted(seed, size):
    p = probabilities(np.random.default_rng(2).normal(size=size), 1.0)
    return lambda rng: {"p": p.copy(), "rng": np.random.default_rng(seed)}


lesson.check(draw, weighted(3, 9), weighted(11, 7), weighted(7, 1))

# %% [markdown]
# ## Exercise 3: the score
# A long text is read in *windows*. The state at the end of one is the start of the next: None before the first. `model(x, state)` gives
# logits and the new state; `tg.functional.cross_entropy(logits, y).item()` is the mean cost of a window in nats (1 bit = ln 2 nats).
# The last window may be shorter, so weigh each by its number of characters, `window.y.size`.


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
# 32 parts of the text are read side by side, 32 characters at a time. The state goes on from window to window, its history does not:
# truncated backpropagation, lesson 06. A second model reads only the first 4,000 characters, but 32 times.

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
    ["learned from", "bits there", "bits on the last tenth"],
)

# %% [markdown]
# ## It writes
# Your functions, one character at a time, after the first 40 characters of the last tenth; `tg.generate` does the same. The picture
# shows what the model expects right after them, at three temperatures. In a text with deep indents a low one may write blanks for ever.
#
# *Entropy* is the cost that a model expects of its own draws. Beside it stands what the text really costs at that temperature.


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
with tg.no_grad():
    for T in (0.5, 1.0, 2.0):
        new = written(prompt, 160, T)
        out.say(f"T = {T}, {sum(map(str.isspace, new))} of 160 blank: {' '.join((prompt + '|' + new).split())}")
    page = letters.encode(test[:1500])
    every = model(page[None, :-1])[0].data[0]  # the logits after each character
logits = every[len(prompt) - 1]
likely = np.argsort(-logits)[:12]
names = [{" ": "␣", "\n": "↵"}.get(c, c) for c in letters.decode(likely)]
rows = {f"T={T}": probabilities(logits, T)[likely] for T in (0.5, 1.0, 2.0)}
lesson.picture(heatmap([*rows.values()], [*rows], names, title="The next character, three temperatures", text="{:.2f}"), "next")
costs = {}
for T in (0.5, 1.0, 2.0):
    p = np.array([probabilities(row, T) for row in every])
    costs[T] = -(p * np.log2(p + 1e-300)).sum(1).mean(), -np.log2(p[np.arange(len(p)), page[1:]]).mean()
out.table([[str(T), f"{a:.2f}", f"{b:.2f}"] for T, (a, b) in costs.items()], ["T", "entropy", "bits of the text"])

# %% [markdown]
# ## The number

# %%
lesson.result(unseen, "bits a character on the last tenth, which it has not read", bigram, "a bigram table")
lesson.wrong(
    "The lower the training loss, the better the model.",
    f"4,000 characters read over and over cost {by_heart:.2f} bits, the last tenth {elsewhere:.2f}. Learning from all leaves {seen:.2f} "
    f"bits there and {unseen:.2f} on the last tenth." + " (--fast is too short to see it.)" * lesson.fast,
)
least = min(costs, key=lambda T: costs[T][1])
out.say(f"Nor does temperature add knowledge: of the three, the text is cheapest at T = {least}, and T only moves the entropy.")

# %% [markdown]
# ## Three questions

# %%
lesson.quiz(
    Question(
        "Every one of 64 characters equally likely: how many bits a character?",
        baselines.uniform_bits("".join(map(chr, range(64, 128))), "a"),
        {64: "Bits count halvings: one bit decides between two.", 4.16: "That is ln 64, in nats."},
    ),
    Question(
        "Two characters, logits 0 and 2, temperature 2. What logit instead of 2 gives the same at temperature 1?",
        round(float(np.log(np.divide(*probabilities(np.array([2.0, 0.0]), 2.0)))), 6),
        {4: "They are divided by T.", 2: "Then a temperature would change nothing."},
    ),
    Question(
        "From lesson 07: how many parts of 64 columns does the Wh of an LSTM with 64 units have?",
        model.layer.Wh.shape[1] // 64,
        {3: "That is a GRU.", 1: "i, f, g and o each have a part."},
    ),
)
lesson.end()
