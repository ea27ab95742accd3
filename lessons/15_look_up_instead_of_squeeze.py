# %% [markdown]
# # 15 Look up instead of squeeze
#
# **Why attention?**
#
# 30 minutes. You need: lesson 08 (the GRU) and lesson 14 (softmax, which turns numbers into shares that sum to 1).

# %%
from course import Lesson, Question, YourTurn, heatmap, tensors

import numpy as np

import tinygrad_rnn as tg

lesson = Lesson("15")
out = lesson.out

# %% [markdown]
# ## Guess first
# One GRU, the *encoder*, reads a row of symbols. Another GRU, the *decoder*, starts from the encoder's last h and has to write the row
# backwards. All that it knows about the row was squeezed into that one h. With *attention* the decoder may also look at every h of the
# encoder, each time it writes a symbol.

# %%
LENGTH, UPDATES, HIDDEN, KINDS = (6, 60, 16, 8) if lesson.fast else (20, 400, 32, 8)
lesson.predict(
    "Twenty symbols of eight kinds, an h of 32 numbers, 400 batches of training. Without attention about half of the symbols are right. "
    "What share with attention? (0 to 1)"
)

# %% [markdown]
# ## The task
# A classifier reads many symbols and gives one answer: *many-to-one* (lessons 09, 13). A writer may begin with one symbol and go on:
# *one-to-many* (lesson 14). Here many symbols go in and many come out: *many-to-many*, also called *sequence-to-sequence* (seq2seq).
# While the model is trained, the decoder reads the true symbol before the one that it has to write, and at first a start sign.


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
# The decoder's h is the *query* s: it stands for what is looked for. Every h_j of the encoder is compared with it and gets a score. The
# simplest comparison is the dot product, which is large when two vectors point the same way (`tg.nn.DotAttention(scale=False)`):
#
#     e_j = s · h_j  =  s_1 h_j1 + s_2 h_j2 + ...
#
# All h_j of a batch are one tensor `memory` (batch, time, hidden). `@` multiplies matrices, one pair for each row of the batch;
# `s[:, :, None]` makes s a column (batch, hidden, 1).


# %%
@lesson.exercise
def scores(s, memory):
    """e (batch, time), for a query s (batch, hidden) and memory (batch, time, hidden)."""
    raise YourTurn


# %%
lesson.check(scores, tensors(s=(2, 3), memory=(2, 5, 3)), tensors(s=(1, 2), memory=(1, 1, 2)))

# %% [markdown]
# ## Exercise 2: shares
# Softmax makes shares of the scores of a row: exp(e_j), divided by the sum of these over time. As exp(1000) is too large for a computer,
# subtract the largest score of each row first. The shares stay as they are, so no gradient is needed there: `e.data.max(...)`, an
# array, will do.


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
# The *context* is the sum of all h_j, each times its share: α_1 h_1 + ... + α_T h_T. If one place has a share of 1, this looks up that
# place, as in a table. But nothing is chosen once and for all: all shares are soft, so the gradient can shift them.


# %%
@lesson.exercise
def look_up(α, memory):
    """The context (batch, hidden), for α (batch, time) and memory (batch, time, hidden)."""
    raise YourTurn


# %%
lesson.check(look_up, tensors(α=(2, 5), memory=(2, 5, 3)), tensors(α=(1, 1), memory=(1, 1, 2)))

# %% [markdown]
# ## With and without
# The same model is trained twice. Without attention, the readout sees the decoder's h. With attention, it sees h and beside it the context
# that your three functions make.


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
    out.heading(f"{name}: share right by place")
    out.bars([(f"symbol {k}", share, f"{share:.2f}") for k, share in enumerate(by_place, 1)][:: LENGTH // 3])
    out.say(f"All symbols together: {right[name]:.3f} right.")

# %% [markdown]
# ## Where it looks
# Row k is the k-th symbol that is written, column j a place in the source. The first symbol of the answer is the last of the source, so one
# expects the large shares on the *anti-diagonal*, from the upper right to the lower left. Is that where they are?

# %%
mean = looked.mean(axis=0)
out.heading("Where it looks: symbol k is written, place j is read")
out.heatmap(mean, down="k", across="j")
stands = [f"{k}, stands at {LENGTH + 1 - k}" for k in range(1, LENGTH + 1)]
title, frame = "Mean share of attention (framed: where the symbol stands)", np.eye(LENGTH)[::-1]
lesson.picture(heatmap(mean, stands, title=title, text="{:.0%}", least=0.03, outline=frame), "attention")
where = np.arange(LENGTH)[::-1]
late = {d: np.mean([mean[k, j + d] for k, j in enumerate(where) if j + d < LENGTH]) for d in range(4)}
places = ("at the symbol", "one place later", "two places later", "three places later")
out.table([[name, f"{late[d]:.2f}"] for d, name in enumerate(places)], ["the decoder looks", "mean share"])

# %% [markdown]
# ## The number
# There are eight kinds of symbols, so guessing gets one in eight right: 0.125.

# %%
best = max(late, key=late.get)
lesson.result(
    right["with attention"], "share of symbols right on 500 new rows, with attention", right["squeezed into one h"], "without"
)

# %%
lesson.wrong(
    "Attention shows where the answer comes from: the largest share is the reason.",
    f"{right['with attention']:.2f} of the symbols are right, with a mean share of {late[0]:.2f} at the place where the symbol stands. The "
    f"largest mean share, {late[best]:.2f}, is {places[best]}. That works because an h also holds what was read before it. So a map of "
    "attention shows which h was read, but not what was found in it." + " (--fast is too short to see it.)" * lesson.fast,
)
out.say(
    "Show, Attend and Tell (Xu and others 2015) looks at places of a photograph while it writes a sentence about it. Its scores come from "
    "a small network, e_j = u · tanh(W h_j + V s), as in tg.nn.AdditiveAttention. The three steps are yours: score, softmax, weighted sum."
)

# %% [markdown]
# ## Three questions

# %%
one = tg.Tensor(np.random.default_rng(0).standard_normal((1, 4, 3)))
lesson.quiz(
    Question(
        f"A sequence-to-sequence model is many-to-many. This one reads {LENGTH} symbols: how many answers does it give?",
        logits.shape[1],
        {
            1: "That is many-to-one: a classifier, as in lesson 13.",
            LENGTH * KINDS: "Eight scores, one for each kind, make one answer.",
        },
    ),
    Question(
        "Add 7 to each of four different scores. By how much does the largest share change?",
        round(float(abs(shares(one[..., 0]).data.max() - shares(one[..., 0] + 7.0).data.max())), 9),
        {7: "A share is never above 1.", 0.25: "exp(7) is a factor of every term in the fraction and cancels."},
    ),
    Question(
        f"From lesson 10: let two GRUs of {HIDDEN} units read the source, one from each end. How wide is each h_j of the memory?",
        tg.concat([tg.Tensor(np.zeros((1, HIDDEN))) for _ in ("forwards", "backwards")], axis=1).shape[1],
        {HIDDEN: "That is one direction.", HIDDEN**2: "They stand side by side; nothing is multiplied."},
    ),
)
lesson.end()
