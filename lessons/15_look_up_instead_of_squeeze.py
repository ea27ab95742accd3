# %% [markdown]
# # 15 Look up instead of squeeze
#
# **Why attention?**
#
# 30 minutes. You need: lesson 08 (the GRU) and softmax, which turns numbers into shares that sum to 1.

# %%
from course import Lesson, Question, YourTurn, heatmap, tensors

import numpy as np

import tinygrad_rnn as tg

lesson = Lesson("15")
out = lesson.out

# %% [markdown]
# ## Guess first
# One GRU, the *encoder*, reads a row of symbols. Another, the *decoder*, gets its last h and has to write the row backwards. All it
# knows is what was squeezed into that one h. With *attention* it may also look at every h of the encoder, whenever it writes.

# %%
LENGTH, UPDATES, HIDDEN, KINDS = (6, 60, 16, 8) if lesson.fast else (20, 400, 32, 8)
lesson.predict(
    "Twenty symbols out of eight kinds, h of 32 numbers, 400 batches of training. With attention, what share of the symbols is right "
    "(0 to 1)?"
)

# %% [markdown]
# ## The task
# Two GRUs of this kind are a *sequence-to-sequence* model (seq2seq). While it is trained the decoder reads the true symbol before the one
# it has to write, and a start sign at first.


# %%
def rows(rng, count):
    """(sources, what the decoder reads, what it has to write), ids (count, LENGTH)."""
    x = rng.integers(0, KINDS, size=(count, LENGTH))
    y = x[:, ::-1]
    return x, np.concatenate([np.full((count, 1), KINDS), y[:, :-1]], axis=1), y


x, reads, y = rows(np.random.default_rng(2), 1)
for name, ids in (("source", x), ("answer", y)):
    out.say(f"{name}  {' '.join('abcdefgh'[k] for k in ids[0])}", "  ")

# %% [markdown]
# ## Exercise 1: scores
# The decoder's h is the *query* s. Every h_j of the encoder is compared with it. The simplest comparison is a product,
# as in `tg.nn.DotAttention(scale=False)`: two vectors that point the same way give a large number.
#
#     e_j = s · h_j
#
# All h_j of a batch are one tensor `memory` (batch, time, hidden). `@` multiplies matrices, batch by batch; `s[:, :, None]` makes s a
# column (batch, hidden, 1).


# %%
@lesson.exercise
def scores(s, memory):
    """e (batch, time), for a query s (batch, hidden) and memory (batch, time, hidden)."""
    raise YourTurn


# %%
lesson.check(scores, tensors(s=(2, 3), memory=(2, 5, 3)), tensors(s=(1, 2), memory=(1, 1, 2)))

# %% [markdown]
# ## Exercise 2: shares
# Softmax makes shares of the scores: exp(e_j), divided by the sum of all of them over time. exp of 1000 is too large for a
# computer, so take the largest score of the row from all first: the shares stay as they are. Do it with `e.data.max`, an array.


# %%
@lesson.exercise
def shares(e):
    """α (batch, time): softmax over time of e (batch, time); every row sums to 1, for large e too."""
    raise YourTurn


# %%
def large(rng):
    return {"e": tg.Tensor([[1000.0, 1001.0, 998.0], [-1000.0, -1000.5, -999.0]], True, name="e")}


lesson.check(shares, tensors(e=(2, 5)), large, tensors(e=(1, 1)))

# %% [markdown]
# ## Exercise 3: look up
# The *context* is the mean of all h_j, weighted by the shares: α_1 h_1 + ... + α_T h_T. A share of 1 at one place is a look-up of that
# place. As nothing is chosen for good, it has a derivative everywhere.


# %%
@lesson.exercise
def look_up(α, memory):
    """The context (batch, hidden), for α (batch, time) and memory (batch, time, hidden)."""
    raise YourTurn


# %%
lesson.check(look_up, tensors(α=(2, 5), memory=(2, 5, 3)), tensors(α=(1, 1), memory=(1, 1, 2)))

# %% [markdown]
# ## With and without
# The readout sees the decoder's h, and beside it the context of your three functions. All the rest is the same.


# %%
def attention(s, keys, values, mask=None):
    """What `tg.nn.Seq2Seq` calls at every step of the decoder: the context and the shares."""
    α = shares(scores(s, keys))
    return look_up(α, values), tg.named(α, "α")


def trained(attention):
    """A model that has learned to reverse."""
    rng = np.random.default_rng(0)
    source, target = tg.nn.Embedding(KINDS, 8, rng=rng), tg.nn.Embedding(KINDS + 1, 8, rng=rng)
    encoder, decoder = tg.nn.GRUCell(8, HIDDEN, rng=rng), tg.nn.GRUCell(8, HIDDEN, rng=rng)
    readout = tg.nn.Linear(2 * HIDDEN if attention else HIDDEN, KINDS, rng=rng)
    model = tg.nn.Seq2Seq(encoder, decoder, readout, source=source, target=target, attention=attention)
    adam = tg.optim.Adam(model.parameters(), lr=0.01)
    tg.train.fit(
        model,
        lambda model, batch: tg.functional.cross_entropy(model(*batch[:2])[0], batch[2]),
        lambda rng: (rows(rng, 32) for _ in range(UPDATES)),
        adam,
        epochs=1,
        clip=1.0,
        rng=np.random.default_rng(1),
    )
    return model


test = rows(np.random.default_rng(3), 500)
right, looked = {}, None
for name, looks in (("squeezed into one h", None), ("with attention", attention)):
    model = trained(looks)
    with tg.no_grad():
        logits, α = model(*test[:2])
    right[name] = tg.functional.accuracy(logits, test[2])
    looked = None if α is None else α.data
    by_place = (logits.data.argmax(-1) == test[2]).mean(axis=0)
    out.bars([(f"symbol {k}", share, f"{share:.2f}") for k, share in enumerate(by_place, 1)][:: LENGTH // 3])
    out.say(f"{name}: {right[name]:.3f} of all symbols right.")

# %% [markdown]
# ## Where it looks
# Row k is the k-th symbol that is written, column j a place in the source. Symbol 1 of the answer is the last of the source, so
# one expects an *anti-diagonal*, from the upper right to the lower left.

# %%
mean = looked.mean(axis=0)
out.heatmap(mean, down="k", across="j")
lesson.picture(
    heatmap(mean, title="Mean share of attention: row = symbol written, column = place in the source", text="{:.0%}"), "attention"
)
where = np.arange(LENGTH)[::-1]
late = {d: np.mean([mean[k, j + d] for k, j in enumerate(where) if j + d < LENGTH]) for d in range(4)}
places = ("at the symbol", "one place later", "two places later", "three places later")
out.table([[name, f"{late[d]:.2f}"] for d, name in enumerate(places)], ["the decoder looks", "mean share"])

# %% [markdown]
# ## The number
# Eight kinds of symbols: guessing is right in one of eight.

# %%
best = max(late, key=late.get)
lesson.result(
    right["with attention"], "share of symbols right on 500 new rows, with attention", right["squeezed into one h"], "without"
)

# %%
lesson.wrong(
    "Attention shows where the answer comes from: the largest share is the reason.",
    f"{right['with attention']:.2f} of the symbols are right with a mean share of {late[0]:.2f} on the place where the symbol stands. "
    f"The largest mean share, {late[best]:.2f}, is {places[best]}: an h holds what was read before it too. "
    "A map of attention shows which h was read, not what is in it." + " (--fast is too short to see it.)" * lesson.fast,
)
out.say(
    "Show, Attend and Tell (Xu and others 2015) looks at places of a photograph while it writes a sentence about it. Its scores are a "
    "small network, as in tg.nn.AdditiveAttention. The three steps are the same: score, softmax, weighted sum."
)

# %% [markdown]
# ## Three questions

# %%
one = tg.Tensor(np.random.default_rng(0).standard_normal((1, 4, 3)))
flat = shares(tg.Tensor(np.zeros((1, 4)))).data[0, 0]
gru = tg.nn.GRUCell(8, HIDDEN, rng=np.random.default_rng(0))
lesson.quiz(
    Question(
        "Four places, all with the same score. What share has each?",
        flat,
        {1: "Shares sum to 1 over all places.", 0: "A score of 0 is no share of 0: exp(0) is 1."},
    ),
    Question(
        "Add 7 to each of four scores. By how much does the largest share change?",
        round(float(abs(shares(one[..., 0]).data.max() - shares(one[..., 0] + 7.0).data.max())), 9),
        {7: "Shares are between 0 and 1.", 0.25: "exp(7) is in every term of the fraction and cancels."},
    ),
    Question(
        "From lesson 08: how many parts stand side by side in the Wx of a GRU?",
        gru.Wx.shape[1] // HIDDEN,
        {4: "That is an LSTM.", 2: "r and z are gates, and n needs its own."},
    ),
)
lesson.end()
