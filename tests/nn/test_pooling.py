"""Pools and `last_valid` take the same things: a tensor, values, a list of steps; and say what they expect."""

import re

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn.errors import DataError, ShapeError

X = np.random.default_rng(0).standard_normal((3, 4, 2))
POOLS = {
    "pool_last": tg.nn.pool_last,
    "pool_mean": tg.nn.pool_mean,
    "pool_max": tg.nn.pool_max,
    "AttentionPooling": tg.nn.AttentionPooling(2, rng=np.random.default_rng(1)),
}
FORMS = {
    "a tensor": tg.Tensor,
    "an array": np.asarray,
    "a list of values": np.ndarray.tolist,
    "a list of arrays": list,
    "a list of steps": lambda x: [tg.Tensor(step) for step in x.transpose(1, 0, 2)],
}
each_pool = pytest.mark.parametrize("pool", [*POOLS.values(), tg.nn.last_valid], ids=[*POOLS, "last_valid"])


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
@pytest.mark.parametrize("lengths", [None, [4, 1, 3]])
@each_pool
def test_whatever_a_layer_takes_is_pooled_alike(pool, lengths, form):
    if pool is tg.nn.last_valid and lengths is None:
        lengths = [4, 4, 4]
    np.testing.assert_allclose(pool(form(X), lengths).data, pool(tg.Tensor(X), lengths).data, rtol=1e-14)


@pytest.mark.parametrize("lengths", [None, [2, 1]])
@pytest.mark.parametrize("wrong", [np.ones((2, 3)), np.ones(2), np.ones((2, 3, 4, 5)), 1.0], ids=["2", "1", "4", "0"])
@each_pool
def test_outputs_of_another_rank_are_told_what_is_expected(pool, wrong, lengths):
    for given in (wrong, tg.Tensor(wrong)):
        with pytest.raises(ShapeError, match=re.escape(f"of shape {np.shape(wrong)}")) as caught:
            pool(given, [2, 1] if pool is tg.nn.last_valid else lengths)
        assert "(batch, time, features)" in caught.value.hint


@each_pool
def test_no_steps_and_other_things_are_refused(pool):
    for nothing in ([], np.ones((2, 0, 3))):
        with pytest.raises(DataError, match="of no steps"):
            pool(nothing, [1, 1])
    with pytest.raises(tg.errors.TinygradRnnError) as caught:
        pool(tg.nn.pack([np.ones((2, 2)), np.ones((1, 2))]), [2, 1])
    assert "nn.unpack(packed)" in caught.value.hint


@pytest.mark.parametrize("lengths", [None, [3, 1]])
def test_a_pooling_of_ones_own_gets_one_kind_with_and_without_lengths(lengths):
    seen = []

    def pool(outputs, lengths):
        seen.append((type(outputs), outputs.shape))
        return tg.nn.pool_last(outputs, lengths)

    rng = np.random.default_rng(0)
    parts = tg.nn.Embedding(9, 3, rng=rng), tg.nn.GRUCell(3, 4, rng=rng), tg.nn.Linear(4, 2, rng=rng)
    ids = np.array([[1, 2, 3], [4, 5, 6]])
    own = tg.nn.SequenceClassifier(*parts, pool)(ids, lengths)
    assert seen == [(tg.Tensor, (2, 3, 4))]
    np.testing.assert_allclose(own.data, tg.nn.SequenceClassifier(*parts)(ids, lengths).data, rtol=1e-14)
