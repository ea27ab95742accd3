# %% [markdown]
# # 12 Padding lies
#
# **What does a padded batch compute?**
#
# 25 minutes. You need: lesson 09 (the last valid state) and lesson 05 (what a step leaves of a gradient).

# %%
from course import Lesson, Question, YourTurn, arrays

import numpy as np

import tinygrad_rnn as tg
from tinygrad_rnn.data import batches, grammars

lesson = Lesson("12")
out = lesson.out

# %% [markdown]
# ## Guess first
# A batch is a block of numbers, but sentences have different lengths. So short ones are filled up at the end, mostly with zeros: that is
# *padding*. Unless somebody prevents it, the network reads on through the zeros to the end of the block.
#
# A GRU learns which verb follows a sentence of five words: after "Alice and Tom often still" comes "sing", after "Alice often still ..."
# comes "sings". After a hundred batches it gets every one right. Now the same sentences stand in a block of 60 steps.

# %%
lesson.predict("Five words, then 55 rows of zeros, and the last h gives the answer. What share is right now? (0 to 1)")

# %% [markdown]
# ## A batch that is mostly empty
# 64 sequences of vectors: most are short, one has 60 steps. Padded, they make a block of 64 rows and 60 steps.

# %%
rng = np.random.default_rng(0)
lengths = np.minimum(1 + rng.geometric(1 / 11, size=64), 60)
lengths[17] = 60
sequences = [rng.standard_normal((n, 8)) for n in lengths]
empty = 1 - lengths.sum() / 64 / 60
out.heading("A padded batch")
out.say(f"Lengths {str([*map(int, lengths[:9])])[1:-1]} and so on. Padded: {64 * 60:,} steps, {empty:.0%} of them on padding.")

# %% [markdown]
# ## Exercise 1: pack
# To compute nothing in vain, sort the sequences, the longest first (equal lengths stay in their order). Then those that still run at step
# t are the first rows of the batch, and it shrinks from below as sequences end. Lengths 3, 5, 1, 4 become five steps of 4, 3, 3, 2 and 1
# rows. So that answers find back to their sentences, `order[k]` keeps which sequence became row k: here [1, 3, 0, 2], from 0.


# %%
@lesson.exercise
def pack(sequences):
    """(steps, order) of a list of arrays (time, features): steps[t] is an array (running, features), order a list of numbers."""
    raise YourTurn


# %%
def of_lengths(*lengths):
    return lambda rng: {"sequences": [rng.standard_normal((n, 3)) for n in lengths]}


lesson.check(pack, of_lengths(3, 5, 1, 4), of_lengths(2), of_lengths(1, 2, 2, 6, 2))
steps, order = pack(sequences)
out.sparks([("rows still running", [len(x) for x in steps])])

# %% [markdown]
# ## Exercise 2: shrink the batch
# Now run an RNN over the packed steps: h' = tanh(x Wx + h Wh + b), starting from h = 0. Before each step, see how many rows x has. As many
# rows of h go on, from the top. The rows below have ended: lay them aside. At the end put all of them together again, and back into the
# order of the caller. `tg.concat(list)` joins tensors row below row, `h[numbers]` picks rows, and `np.argsort(order)` undoes `order`.


# %%
@lesson.exercise
def last_states(steps, order, Wx, Wh, b):
    """Each sequence's own last h, (batch, hidden), in the caller's order. Wx (features, hidden), Wh (hidden, hidden), b (hidden)."""
    raise YourTurn


# %%
def packed(*lengths):
    def case(rng):
        steps, order = pack(of_lengths(*lengths)(rng)["sequences"])
        weights = arrays(Wx=(3, 2), Wh=(2, 2), b=(2,))(rng)
        return {"steps": steps, "order": order, **{name: tg.Tensor(w, True, name=name) for name, w in weights.items()}}

    return case


lesson.check(last_states, packed(3, 5, 1, 4), packed(2), packed(1, 2, 2, 6, 2))

# %% [markdown]
# Yours beside three others: the package's `tg.nn.pack`, which every cell and layer accepts; the padded block, with the last *valid* h of
# each sentence (lesson 09); and the padded block with the very last h.

# %%
block = np.zeros((64, 60, 8))
for k, sequence in enumerate(sequences):
    block[k, : lengths[k]] = sequence
rnn = tg.nn.RNNCell(8, 16, rng=np.random.default_rng(1))
hs, _ = tg.nn.unroll(rnn, block)
own = last_states(steps, order, rnn.Wx, rnn.Wh, rnn.b).data
_, (theirs,) = tg.nn.unroll(rnn, tg.nn.pack(sequences))
others = {"tg.nn.pack": theirs.data, "block, last valid h": tg.nn.last_valid(hs, lengths).data, "block, last h": hs[-1].data}
out.table([[name, f"{np.abs(h - own).max():.1e}"] for name, h in others.items()], ["last h by", "differs from yours by"])
in_groups = sum(len(rows) * int(lengths[rows].max()) for rows in batches.buckets(lengths, 8))
out.say(
    f"Padding with the last valid h is right too. Steps: {lengths.sum():,} packed, {in_groups:,} padded in groups of like length."
)

# %% [markdown]
# ## The picture
# Each row is a sequence, the longest on top; dark is data. On zeros, h does not stay where the sentence has left it. It walks towards one
# place, the same for all. How much of the way is left, is what is left of the sentence: over a tenth, over a thousandth, or less.


# %%
def staircase(lengths, kept):
    """An SVG: where there is data, and how much of it is kept at each step of padding, (batch, time)."""
    fills = {"data": "#51127c", "padding, over 1/10 left": "#e75263", "over 1/1000 left": "#fec488", "less left": "#d9dce1"}
    paths = dict.fromkeys(fills, "")
    for row, k in enumerate(np.argsort(-lengths, kind="stable")):
        for t in range(kept.shape[1]):
            name = [*fills][0 if t < lengths[k] else 1 + int(kept[k, t] < 0.1) + int(kept[k, t] < 1e-3)]
            paths[name] += f"M{10 + 10 * t} {56 + 8 * row}h9v7h-9z"
    title, foot = "A padded batch: what it keeps of the data", 72 + 8 * len(lengths)
    parts = f'<text x="10" y="18" font-weight="bold">{title}</text><text x="10" y="{foot}">from step 1 to the last</text>'
    for at, (name, path) in zip((10, 80, 270, 430), paths.items()):
        parts += f'<rect x="{at}" y="32" width="12" height="12" fill="{fills[name]}"/><text x="{at + 18}" y="42">{name}</text>'
        parts += f'<path fill="{fills[name]}" d="{path}"/>'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 620 {foot + 12}" role="img" font-family="DejaVu Sans, sans-serif" '
        f'font-size="12" fill="#5f6673"><title>{title}</title><rect width="620" height="100%" fill="#fff"/>{parts}</svg>\n'
    )


states = np.stack([h.data for h in hs], axis=1)
away = np.linalg.norm(states - tg.nn.unroll(rnn, np.zeros((1, 200, 8)))[0][-1].data, axis=2)
lesson.picture(staircase(lengths, away / away[np.arange(64), lengths - 1][:, None]), "staircase")

# %% [markdown]
# ## What is left of five words
# Two different sentences of five steps, then zeros. How far apart are their two h at step 5, and at step 60? And what share of the gradient
# at step 60 comes back to step 5? Then the verbs: one network answers after the fifth word, another one after 55 rows of zeros.


# %%
def apart(cell):
    """(distance of two h at step 5, the same at step 60, share of the gradient at step 60 that comes back to step 5)."""
    pair = np.zeros((2, 60, 8))
    pair[:, :5] = np.random.default_rng(0).standard_normal((2, 5, 8))
    hs, _ = tg.nn.unroll(cell, pair)
    at = [np.linalg.norm(h.data[0] - h.data[1]) for h in hs]
    back = tg.probe.gradient_by_step((hs[-1] ** 2).sum(), None)  # None: of all states together, so h and c
    return at[4], at[-1], back[4] / back[-1]


def share_right(kind, steps, seed=0):
    """Share right on 500 new sentences of five words, after training in blocks of so many steps."""
    rng = np.random.default_rng(seed)
    net = tg.nn.SequenceClassifier(None, kind(14, 8, rng=rng), tg.nn.Linear(8, 2, rng=rng))

    def logits(data):
        return net(np.concatenate([np.eye(14)[data.x], np.zeros((len(data.x), steps - 5, 14))], axis=1))

    made = [grammars.agreement(rng, 32, 2) for _ in range(updates)]
    adam = tg.optim.Adam(net.parameters(), lr=0.01)
    tg.train.fit(
        net, lambda net, data: tg.functional.cross_entropy(logits(data), data.y), made, adam, epochs=1, clip=1.0, progress=False
    )
    test = grammars.agreement(np.random.default_rng(2), 500, 2)
    return (logits(test).data.argmax(axis=1) == test.y).mean()


updates = 10 if lesson.fast else 100
kinds = {"RNN": tg.nn.RNNCell, "GRU": tg.nn.GRUCell, "LSTM": tg.nn.LSTMCell}
left = {name: apart(kind(8, 16, rng=np.random.default_rng(1))) for name, kind in kinds.items()}
right = {name: [share_right(kind, steps) for steps in (5, 60)] for name, kind in kinds.items()}
out.table(
    [[n, *(f"{v:.1g}" for v in left[n]), *(f"{v:.2f}" for v in right[n])] for n in kinds],
    ["10 batches" if lesson.fast else "", "apart, 5", "apart, 60", "gradient", "right, 5", "right, 60"],
)
lstms = ", ".join(f"{share_right(tg.nn.LSTMCell, 60, seed):.2f}" for seed in (1, 2, 3))
out.say(f"Three more LSTMs, of other seeds, right after step 60: {lstms}. Their forget bias of 1 keeps a little of c (lesson 07). "
        "Sometimes that is enough to learn from, and nobody should train on luck.")  # fmt: skip

# %%
soon, late = right["GRU"]
lesson.result(late, f"share right by a GRU after 55 rows of zeros; right after the fifth word: {soon:.3f}", 0.5, "a coin")

# %%
lesson.wrong(
    "Zeros are harmless: zero times a weight is zero.",
    f"x Wx is zero then, but h Wh + b is not. In the batch of 64 the last h is off by up to {np.abs(states[:, -1] - own).max():.2f}. "
    f"Two sentences whose h are {left['GRU'][0]:.1f} apart in a GRU are {left['GRU'][1]:.0e} apart after the zeros.",
)

# %% [markdown]
# ## Three questions

# %%
small, _ = pack([np.zeros((n, 1)) for n in (5, 3, 1)])
lesson.quiz(
    Question(
        "Lengths 5, 3, 1. How many rows does an RNN compute in all, packed?",
        sum(len(x) for x in small),
        {15: "That is the padded block, three times five.", 5: "There are five steps, but each has up to three rows."},
    ),
    Question(
        "An RNN with Wh = 0.5 and b = 0 reads nothing but zeros, 60 of them. What is its last h?",
        float(last_states([np.zeros((1, 1))] * 60, [0], tg.Tensor([[1.0]]), tg.Tensor([[0.5]]), tg.Tensor([0.0])).data[0, 0]),
        {0.5: "That is Wh. h starts at 0, and tanh(0 Wh + 0) is 0 again: without words and b, zeros do no harm."},
    ),
    Question(
        "From lesson 05: each step leaves one half of a gradient. After how many steps is less than a thousandth left?",
        next(k for k in range(100) if 0.5**k < 1e-3),
        {500: "Each step halves what is left; it does not take away a fixed part.", 55: "After 55 halvings 3e-17 is left."},
    ),
)
lesson.end()
