"""Attention and pooling: their equations, their gradients, what a mask does; the row of an embedding that stays zero."""

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn import nn
from tinygrad_rnn.errors import DataError, DtypeError, ShapeError

RNG = np.random.default_rng(0)
KEYS, VALUES = RNG.standard_normal((2, 5, 4)), RNG.standard_normal((2, 5, 3))
LENGTHS = np.array([5, 2])
MASK = np.arange(5) < LENGTHS[:, None]


def additive():
    return nn.AdditiveAttention(6, 4, 7, rng=np.random.default_rng(1))


KINDS = {"additive": (additive, 6), "dot": (nn.DotAttention, 4), "dot unscaled": (lambda: nn.DotAttention(scale=False), 4)}
ALL = pytest.mark.parametrize("kind", KINDS)


def made(kind, queries=()):
    make, size = KINDS[kind]
    return make(), np.random.default_rng(2).standard_normal((2, *queries, size))


def expected(kind, attention, q, mask=None):
    """Context and weights for each sequence, key by key."""
    contexts, weights = [], []
    for b in range(len(q)):
        if kind == "additive":
            W = [p.data for p in (attention.Wq, attention.Wk, attention.v)]
            e = np.array([(np.tanh(q[b] @ W[0] + k @ W[1]) @ W[2]).item() for k in KEYS[b]])
        else:
            e = np.array([q[b] @ k for k in KEYS[b]]) / (2 if kind == "dot" else 1)
        p = np.exp(e) * (1 if mask is None else mask[b])
        weights.append(p / p.sum())
        contexts.append(weights[-1] @ VALUES[b])
    return np.array(contexts), np.array(weights)


@ALL
@pytest.mark.parametrize("mask", [None, MASK], ids=["whole", "masked"])
def test_context_and_weights_are_those_of_the_equations(kind, mask):
    attention, q = made(kind)
    context, weights = attention(q, KEYS, VALUES, mask)
    for actual, wanted in zip((context, weights), expected(kind, attention, q, mask), strict=True):
        np.testing.assert_allclose(actual.data, wanted, rtol=1e-13, atol=1e-15)


@ALL
def test_weights_sum_to_one_and_are_zero_where_masked(kind):
    attention, q = made(kind)
    _, weights = attention(q, KEYS, VALUES, MASK)
    np.testing.assert_allclose(weights.data.sum(axis=1), 1, rtol=1e-15)
    assert (weights.data[~MASK] == 0).all()
    assert (weights.data[MASK] > 0).all()


@ALL
def test_what_is_masked_has_no_influence_and_no_gradient(kind):
    attention, q = made(kind)
    wild = np.where(MASK[:, :, None], KEYS, 1e200)
    keys, values = tg.Tensor(wild, requires_grad=True), tg.Tensor(VALUES, requires_grad=True)
    context, _ = attention(q, keys, values, MASK)
    np.testing.assert_allclose(context.data, attention(q, KEYS, VALUES, MASK)[0].data, rtol=1e-13)
    (context**2).sum().backward()
    assert not keys.grad[~MASK].any()
    assert not values.grad[~MASK].any()
    assert keys.grad[MASK].any()


@ALL
@pytest.mark.parametrize("mask", [None, MASK], ids=["whole", "masked"])
def test_gradients(kind, mask):
    attention, q = made(kind)
    names = [name for name, _ in attention.named_parameters()]

    def outputs(q, keys, values, *weights):
        for name, weight in zip(names, weights, strict=True):
            setattr(attention, name, weight)
        return tg.concat(attention(q, keys, values, mask), axis=1)

    assert tg.gradcheck(outputs, [q, KEYS, VALUES, *(p.data for p in attention.parameters())])


@ALL
def test_several_queries_are_one_after_the_other(kind):
    attention, q = made(kind, queries=(3,))
    context, weights = attention(q, KEYS, VALUES, MASK)
    assert (context.shape, weights.shape) == ((2, 3, 3), (2, 3, 5))
    for k in range(3):
        one, alpha = attention(q[:, k], KEYS, VALUES, MASK)
        np.testing.assert_allclose(context.data[:, k], one.data, rtol=1e-13)
        np.testing.assert_allclose(weights.data[:, k], alpha.data, rtol=1e-13)


def test_a_mask_may_differ_from_query_to_query():
    x = np.random.default_rng(3).standard_normal((2, 4, 3))
    _, weights = nn.DotAttention()(x, x, mask=np.broadcast_to(np.tri(4, dtype=bool), (2, 4, 4)))
    assert (np.triu(weights.data[0], 1) == 0).all()


def test_lists_of_steps_are_as_good_as_one_array_and_values_may_be_the_keys():
    steps = [tg.Tensor(KEYS[:, k]) for k in range(5)]
    q = np.ones((2, 4))
    whole, _ = nn.DotAttention()(q, KEYS, KEYS)
    parts, _ = nn.DotAttention()(q, steps)
    assert parts.data.tolist() == whole.data.tolist()


@ALL
def test_pictures_show_the_weights_and_float32_stays(kind):
    make, size = KINDS[kind]
    with tg.default_dtype(np.float32):
        attention = make()
        q = tg.Tensor(np.ones((2, size), np.float32), requires_grad=True)
        context, weights = attention(q, KEYS.astype(np.float32), VALUES.astype(np.float32), MASK)
    assert (context.dtype, weights.dtype, weights.name) == (np.float32, np.float32, "α")
    graph = tg.snapshot((context**2).sum())
    assert {"e", "α", "context"} <= {r.name for r in graph}
    assert {r.value.dtype for r in graph} == {np.dtype(np.float32)}
    assert "α" in tg.draw((context**2).sum()).svg()


WRONG = [
    (lambda: nn.DotAttention()(np.ones((2, 3)), KEYS), ShapeError, "3 features and keys with 4"),
    (lambda: nn.DotAttention()(np.ones((3, 4)), KEYS), ShapeError, "query of shape"),
    (lambda: nn.DotAttention()(np.ones(4), KEYS), ShapeError, "query of shape"),
    (lambda: nn.DotAttention()(np.ones((2, 4)), KEYS[0]), ShapeError, r"keys of shape \(5, 4\)"),
    (lambda: nn.DotAttention()(np.ones((2, 4)), KEYS[:, :0]), DataError, r"keys of shape \(2, 0, 4\)"),
    (lambda: nn.DotAttention()(np.ones((0, 4)), KEYS[:0]), DataError, r"keys of shape \(0, 5, 4\)"),
    (lambda: nn.DotAttention()(np.ones((2, 4)), KEYS, VALUES[:, 1:]), ShapeError, "5 keys and 4 values"),
    (lambda: nn.DotAttention()(np.ones((2, 4)), KEYS, mask=MASK.T), ShapeError, "a mask of shape"),
    (lambda: nn.DotAttention()(np.ones((2, 4)), KEYS, mask=MASK * 1.0), ShapeError, "dtype float64"),
    (lambda: nn.DotAttention()(np.ones((2, 4)), KEYS, mask=MASK & [[True], [False]]), DataError, "sequence 1 is masked"),
    (lambda: additive()(np.ones((2, 5)), KEYS), ShapeError, "does not fit"),
    (lambda: nn.AdditiveAttention(0, 4, 7, rng=RNG), ShapeError, "at least 1"),
    (lambda: nn.AttentionPooling(0, rng=RNG), ShapeError, "at least 1"),
    (lambda: nn.pool_mean([]), DataError, "no steps"),
    (lambda: nn.pool_max(tg.Tensor(KEYS), [1, 0]), DataError, "length 0"),
    (lambda: nn.pool_last(tg.Tensor(KEYS), [1, 6]), DataError, "length 6"),
    (lambda: nn.pool_last(tg.Tensor(KEYS), [1]), ShapeError, r"lengths of shape \(1,\)"),
    (lambda: nn.pool_last(tg.Tensor(KEYS), [1.0, 2.0]), DtypeError, "integers"),
]


@pytest.mark.parametrize(("call", "error", "words"), WRONG)
def test_what_does_not_fit_is_said(call, error, words):
    with pytest.raises(error, match=words) as caught:
        call()
    assert caught.value.hint


# ---- pooling --------------------------------------------------------------------------------------------------------------

POOLS = {
    "last": (nn.pool_last, lambda steps, q: steps[-1]),
    "mean": (nn.pool_mean, lambda steps, q: steps.mean(0)),
    "max": (nn.pool_max, lambda steps, q: steps.max(0)),
    "attention": (nn.AttentionPooling(4, rng=np.random.default_rng(5)), lambda steps, q: softmax(steps @ q / 2) @ steps),
}


def softmax(e):
    return np.exp(e) / np.exp(e).sum()


@pytest.mark.parametrize("name", POOLS)
@pytest.mark.parametrize("lengths", [None, LENGTHS, LENGTHS.tolist()], ids=["whole", "lengths", "list"])
def test_pooling_is_done_over_the_valid_steps(name, lengths):
    pool, alone = POOLS[name]
    q = POOLS["attention"][0].q.data[0]
    ends = [5, 5] if lengths is None else lengths
    wanted = [alone(KEYS[k, :end], q) for k, end in enumerate(ends)]
    for outputs in (tg.Tensor(KEYS), [tg.Tensor(KEYS[:, k]) for k in range(5)]):
        np.testing.assert_allclose(pool(outputs, lengths).data, wanted, rtol=1e-13)


@pytest.mark.parametrize("name", POOLS)
@pytest.mark.parametrize("lengths", [None, LENGTHS], ids=["whole", "lengths"])
def test_gradients_of_pooling(name, lengths):
    pool = POOLS[name][0]
    assert tg.gradcheck(lambda keys: pool(keys, lengths), [KEYS])


# ---- embedding ------------------------------------------------------------------------------------------------------------

IDS = np.array([[1, 0, 2], [0, 0, 1]])


def test_the_padding_row_is_zero_and_stays_so():
    table = nn.Embedding(4, 3, rng=np.random.default_rng(0), padding_idx=0)
    rows = table(IDS)
    assert not rows.data[IDS == 0].any()
    np.testing.assert_array_equal(rows.data[IDS > 0], table.W.data[IDS[IDS > 0]])
    (rows * np.random.default_rng(1).standard_normal(rows.shape)).sum().backward()
    assert not table.W.grad[0].any()
    assert table.W.grad[1].any()
    tg.optim.Adam(table.parameters(), lr=0.1).step()
    assert not table.W.data[0].any()


def test_padding_changes_no_other_row():
    plain, padded = (nn.Embedding(4, 3, rng=np.random.default_rng(0), padding_idx=p) for p in (None, 2))
    np.testing.assert_array_equal(np.delete(plain.W.data, 2, 0), np.delete(padded.W.data, 2, 0))
    assert (plain.padding_idx, padded.padding_idx) == (None, 2)


def test_gradients_of_an_embedding_with_padding():
    table = nn.Embedding(4, 3, rng=np.random.default_rng(0), padding_idx=0)

    def rows(W):
        del table.W  # a result does not take the place of a parameter
        table.W = W
        return table(IDS)[:, :, :2]

    W = table.W.data.copy()
    y = rows(tg.Tensor(W, requires_grad=True))
    assert tg.gradcheck(lambda part: rows(tg.concat([tg.Tensor(W[:1]), part])), [W[1:]])
    assert y.shape == (2, 3, 2)


@pytest.mark.parametrize("padding_idx", [-1, 4, 1.5])
def test_a_padding_row_that_does_not_exist(padding_idx):
    with pytest.raises(DataError, match="padding_idx"):
        nn.Embedding(4, 3, rng=np.random.default_rng(0), padding_idx=padding_idx)


# ---- PyTorch, live --------------------------------------------------------------------------------------------------------


@pytest.mark.torch
@pytest.mark.parametrize("mask", [None, MASK], ids=["whole", "masked"])
def test_dot_attention_is_that_of_torch(mask):
    torch = pytest.importorskip("torch")
    q = np.random.default_rng(2).standard_normal((2, 3, 4))
    ours = [tg.Tensor(a, requires_grad=True) for a in (q, KEYS, VALUES)]
    theirs = [torch.tensor(a, requires_grad=True) for a in (q, KEYS, VALUES)]
    context, _ = nn.DotAttention()(*ours, mask)
    torch_mask = None if mask is None else torch.tensor(mask)[:, None]
    wanted = torch.nn.functional.scaled_dot_product_attention(*theirs, attn_mask=torch_mask)
    np.testing.assert_allclose(context.data, wanted.detach().numpy(), rtol=1e-12)
    (context**2).sum().backward()
    (wanted**2).sum().backward()
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a.grad, b.grad.numpy(), rtol=1e-9, atol=1e-12)


@pytest.mark.torch
@pytest.mark.parametrize("padding_idx", [None, 0, 2])
def test_an_embedding_is_that_of_torch(padding_idx):
    torch = pytest.importorskip("torch")
    table = nn.Embedding(4, 3, rng=np.random.default_rng(0), padding_idx=padding_idx)
    W = np.random.default_rng(7).standard_normal((4, 3))  # the padding row too: what it holds is read, and never changed
    table.load_state_dict({"W": W})
    theirs = torch.nn.Embedding(4, 3, padding_idx=padding_idx, dtype=torch.float64)
    with torch.no_grad():
        theirs.weight.copy_(torch.tensor(W))
    y, wanted = table(IDS), theirs(torch.tensor(IDS))
    np.testing.assert_array_equal(y.data, wanted.detach().numpy())
    (y**2).sum().backward()
    (wanted**2).sum().backward()
    np.testing.assert_allclose(table.W.grad, theirs.weight.grad.numpy(), rtol=1e-12)
