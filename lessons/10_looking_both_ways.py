# %% [markdown]
# # 10 Looking both ways
#
# **When does reading backwards help?**
#
# 20 minutes. You need: lesson 04 (one step after another) and lesson 09 (an embedding, the last valid h).

# %%
import re

from course import Lesson, Question, YourTurn, tensors

import numpy as np

import tinygrad_rnn as tg
from tinygrad_rnn.data import stdlib_text
from tinygrad_rnn.data.batches import shuffled_split

lesson = Lesson("10")
out = lesson.out

# %% [markdown]
# ## Guess first
# "it was _ hour ago": does "a" or "an" belong in the gap? The word after the gap decides. A network that reads from left to right has
# not seen that word when it comes to the gap. So let a second network read from the end, and join the two at the gap.

# %%
lesson.predict("Real text, half of the gaps a, half an. Two RNNs read, one from each side. What share do they get right?")

# %% [markdown]
# ## A reader
# `read` runs a cell over a list of steps, in the order of that list. A step is a pair (t, x): its place in time, for pictures and probes,
# and its input.


# %%
def read(cell, steps):
    """The h after each step, in the order of reading; steps is a list of (t, x), x (batch, features)."""
    state, hs = cell.initial_state(len(steps[0][1])), []
    for t, x in steps:
        with tg.scope("direction", direction=1 if steps[0][0] <= steps[-1][0] else -1), tg.time_step(t):
            state = cell.step(x, state)
        hs.append(state[0])
    return hs


# %% [markdown]
# ## Exercise 1: both ways
# A *bidirectional* network (Schuster and Paliwal 1997) has two cells, each with weights of its own. One reads from the start, the other
# from the end. The output of a step is both h of that step, side by side: `tg.concat([p, q], axis=1)`. `steps[::-1]` is the list turned
# round. Mind the order: what the second cell returns first belongs to the last step.


# %%
@lesson.exercise
def both_ways(forwards, backwards, steps):
    """For each step, in the order of time, h of forwards and h of backwards side by side: a list of (batch, both sizes)."""
    raise YourTurn


# %%
def two_cells(batch, time):
    def case(rng):
        forwards, backwards = tg.nn.RNNCell(3, 2, rng=rng), tg.nn.RNNCell(3, 4, rng=rng)
        return {
            "forwards": forwards,
            "backwards": backwards,
            "steps": [(t + 1, tg.Tensor(rng.standard_normal((batch, 3)))) for t in range(time)],
        }

    return case


lesson.check(both_ways, two_cells(2, 4), two_cells(1, 1), gradients=False, graph=True)

# %% [markdown]
# ## Exercise 2: both ends
# Sometimes one answer about a whole sentence is wanted, as in lesson 09. Then each direction should give the h that has read everything.
# For the forwards half that is the last step. At which step has the backwards half read everything?


# %%
@lesson.exercise
def ends(ys):
    """Of ys (batch, time, 2 hidden), forwards before backwards, the two h that have read it all, side by side: (batch, 2 hidden)."""
    raise YourTurn


# %%
lesson.check(ends, tensors(ys=(2, 5, 6)), tensors(ys=(1, 1, 2)))

# %% [markdown]
# ## Who hears whom
# Two cells with random weights read five words. `tg.probe.connectivity` measures how much each output hears of each input: the norm of
# the derivative d(output t)/d(input s). A dot means exactly 0: no way leads from that input to that output.

# %%
rng = np.random.default_rng(0)
words = ["it", "was", "_", "hour", "ago"]
xs = [tg.Tensor(rng.standard_normal((1, 3)), requires_grad=True, name=word) for word in words]
forwards, backwards = tg.nn.RNNCell(3, 8, rng=rng), tg.nn.RNNCell(3, 8, rng=rng)
steps = [*enumerate(xs, start=1)]
ys = both_ways(forwards, backwards, steps)
whole = tg.stack(ys, axis=1)
heard = tg.probe.connectivity(ys, xs)
out.heading("forwards only: row t is an output, column s an input")
out.heatmap(tg.probe.connectivity(read(forwards, steps), xs), log=True)
out.heading("both ways")
out.heatmap(heard, log=True)
for what, y in (("the last output", whole[:, -1]), ("your two ends", ends(whole))):
    out.say(f"The backwards half of {what} hears:")
    out.words(words, tg.probe.connectivity([y[:, 8:]], xs)[0], log=True)
given = [(t, tg.Tensor(x.data, name=x.name)) for t, x in steps]  # as data: nothing is asked about them here
loss = (both_ways(forwards, backwards, given)[2] ** 2).sum()
lesson.picture(tg.draw(loss, detail="cell", title="Two readers meet at the gap: it was _ hour ago"), "meeting")

# %% [markdown]
# ## Real gaps
# Now to real text: every "a" and "an" in the docstrings of your Python's library becomes a gap, with 12 characters before it and 6 after.
# Each such window is used once, "a" as often as "an". A quarter is *held out*: the network is tested on it and never learns from it.

# %%
source = stdlib_text.from_file(lesson.data) if lesson.data else stdlib_text.docstrings()
text = " ".join(source.text.lower().split())


def windows(text):
    """{12 characters, "_", 6 characters: the article that stood at "_"}"""
    found = re.finditer(r"(?<!\S)(an?) (?=[a-z])", text)
    return {f"{text[max(0, m.start() - 12) : m.start()]:>12}_{text[m.end() - 1 : m.end() + 5]:6}": m[1] for m in found}


cases = windows(text)
if [*cases.values()].count("an") < 400:
    names = rng.permutation(sorted({word for name in stdlib_text.unicode_names() for word in name.lower().split()}))
    cases = windows(" ".join(f"an {name}" if name[0] in "aeiou" else f"a {name}" for name in names))
    out.say(f"({source.note} Too few gaps there: these are names of Unicode characters, with an article put before each word.)")
chosen = [rng.permutation([window for window, article in cases.items() if article == kind]) for kind in ("a", "an")]
most = min(map(len, chosen))
gaps = [*chosen[0][:most], *chosen[1][:most]]
ids, answers = np.array([[min(ord(c), 127) for c in gap] for gap in gaps]), np.repeat([0, 1], most)
train, test = shuffled_split(rng, len(gaps), 0.25)
out.heading("Real gaps")
out.say(f"{source.source}: {len(cases):,} gaps, of which {len(gaps):,} are used. {len(test)} of them are held out, such as:")
for k in test[:3]:
    out.say(f'"{gaps[k]}": {("a", "an")[answers[k]]}', "  ")


# %%
class Guesser(tg.nn.Module):
    def __init__(self, sees):
        rng = np.random.default_rng(1)
        self.W = tg.Tensor(rng.standard_normal((128, 8)), requires_grad=True)
        self.forwards, self.backwards = tg.nn.RNNCell(8, 16, rng=rng), tg.nn.RNNCell(8, 16, rng=rng)
        self.readout, self.sees = tg.nn.Linear(32, 2, rng=rng), np.repeat(sees, 16)

    def forward(self, ids):
        steps = [(t + 1, self.W[ids[:, t]]) for t in range(ids.shape[1])]
        return self.readout(both_ways(self.forwards, self.backwards, steps)[12] * self.sees)


def guessed(sees):
    """Share right of the gaps held out, after 200 batches; sees is 1 for each direction that counts, 0 for one that is hidden."""

    def loss_of(net, rows):
        return tg.functional.cross_entropy(net(ids[rows]), answers[rows])

    net, updates, rng = Guesser(sees), 10 if lesson.fast else 200, np.random.default_rng(2)
    batches = (rng.choice(train, 32) for _ in range(updates))
    tg.train.fit(net, loss_of, batches, tg.optim.Adam(net.parameters(), lr=0.01), updates=updates, clip=1.0)
    return float((net(ids[test]).data.argmax(axis=1) == answers[test]).mean())


ahead, back, both = guessed([1.0, 0.0]), guessed([0.0, 1.0]), guessed([1.0, 1.0])
rule = np.mean([(gaps[k][14] in "aeiou") == answers[k] for k in test])
rows = [("forwards only", ahead), ("backwards only", back), ("both ways", both), ('rule: "an" before a, e, i, o, u', rule)]
out.table([[name, f"{right:.3f}"] for name, right in rows], ["reader", "share right"])
if lesson.fast:
    out.say("(--fast: 10 batches, too little to learn anything. The full run is the lesson.)")

# %% [markdown]
# ## The number

# %%
lesson.result(both, "share right of the gaps held out, reading both ways", ahead, "forwards only")

# %%
try:
    tg.nn.CharModel(26, tg.nn.Bidirectional(forwards, backwards), rng=rng)
except tg.errors.DataError as error:
    refused = error.hint
lesson.wrong(
    "Reading both ways is always better.",
    f"Here reading backwards alone gets {back:.3f}, and both ways {both:.3f}: the forwards cell costs as many weights and adds "
    f"{both - back:+.3f}. And a network that writes has no future to read: each letter comes after the one before. Asked for a "
    f"bidirectional writer, the engine refuses: {refused}.",
)

# %% [markdown]
# ## Three questions

# %%
lesson.quiz(
    Question(
        "From lesson 08: how many parts stand side by side in the Wx of a GRU?",
        tg.nn.GRUCell(3, 4, rng=rng).Wx.shape[1] / 4,
        {2: "r and z are the gates; the new value n has a part too.", 4: "That is an LSTM: i, f, g, o."},
    ),
    Question(
        "In which direction does a bidirectional network run? It reads five words: how many of them does its first output hear?",
        (heard[0] > 0).sum(),
        {1: "That is forwards only. It runs in both, and the cell from the end has read all five."},
    ),
    Question(
        "And how many words does the backwards half of the last output hear?",
        (tg.probe.connectivity([ys[-1][:, 8:]], xs)[0] > 0).sum(),
        {5: "That is its forwards half. The backwards cell starts there.", 0: "It has read that last word."},
    ),
)
lesson.end()
