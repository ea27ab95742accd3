"""A target at every step: ragged rows of tags are padded with what a loss leaves out, and padding has no influence."""

import re

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn.data.batches import padded_batches
from tinygrad_rnn.errors import DataError
from tinygrad_rnn.functional import cross_entropy

IDS = [[1, 2, 3, 4], [5], [6, 7], [1, 5, 2]]
TAGS = [[0, 1, 2, 0], [1], [2, 2], [1, 0, 2]]


class Tagger(tg.nn.Module):
    def __init__(self, both_ways):
        rng = np.random.default_rng(0)
        self.table = tg.nn.Embedding(9, 4, rng=rng)
        self.layer = tg.nn.LSTM(4, 5, bidirectional=both_ways, rng=rng)
        self.readout = tg.nn.Linear(10 if both_ways else 5, 3, rng=rng)

    def forward(self, ids, lengths):
        packed = tg.nn.pack(self.table(ids), lengths)
        return self.readout(tg.nn.unpack(self.layer(packed)[0])[0])


def test_ragged_tags_are_padded_with_what_the_loss_leaves_out():
    (batch,) = padded_batches(IDS, TAGS, 4)
    assert batch.rows.tolist() == [1, 2, 3, 0]
    assert batch.y.tolist() == [[1, -100, -100, -100], [2, 2, -100, -100], [1, 0, 2, -100], [0, 1, 2, 0]]
    assert (batch.y != -100).tolist() == batch.mask.tolist()
    assert padded_batches(IDS, TAGS, 4, ignore_index=-1)[0].y[0].tolist() == [1, -1, -1, -1]


@pytest.mark.parametrize("form", [list, lambda tags: [np.array(row) for row in tags], lambda tags: tuple(map(tuple, tags))])
def test_tags_in_any_form_stay_with_their_sequence(form):
    for batch in padded_batches(IDS, form(TAGS), 2, np.random.default_rng(0)):
        assert batch.y.shape == batch.x.shape
        for row, y, n in zip(batch.rows, batch.y, batch.lengths, strict=True):
            assert y[:n].tolist() == TAGS[row]
    objects = np.empty(4, object)
    objects[:] = TAGS
    assert padded_batches(IDS, objects, 4)[0].y.tolist() == padded_batches(IDS, TAGS, 4)[0].y.tolist()


@pytest.mark.parametrize("both_ways", [False, True])
def test_padding_of_a_tagger_has_no_influence_on_loss_and_gradient(both_ways):
    model = Tagger(both_ways)
    (batch,) = padded_batches(IDS, TAGS, 4)
    cross_entropy(model(batch.x, batch.lengths), batch.y).backward()
    together = {name: p.grad.copy() for name, p in model.named_parameters()}
    loss = cross_entropy(model(batch.x, batch.lengths), batch.y).item()
    model.zero_grad()
    parts = [cross_entropy(model([ids], [len(ids)]), [tags], reduction="sum") for ids, tags in zip(IDS, TAGS, strict=True)]
    alone = sum(parts[1:], parts[0]) / sum(map(len, IDS))
    alone.backward()
    assert loss == pytest.approx(alone.item(), rel=1e-13)
    for name, p in model.named_parameters():
        np.testing.assert_allclose(together[name], p.grad, rtol=1e-10, atol=1e-14)
    longer = np.pad(batch.x, ((0, 0), (0, 3)), constant_values=7), np.pad(batch.y, ((0, 0), (0, 3)), constant_values=-100)
    x, y = longer[0][:, :4], longer[1][:, :4]
    assert cross_entropy(model(np.where(batch.mask, x, 8), batch.lengths), y).item() == pytest.approx(loss, rel=1e-14)


def test_tags_of_another_length_than_their_sequence_are_refused_by_its_number():
    for tags in ([[0, 1, 2, 0], [1], [2], [1, 0, 2]], [[0, 1, 2, 0], [1], [2, 2, -100, -100], [1, 0, 2]]):
        with pytest.raises(DataError, match=f"sequence 2 has 2 ids and {len(tags[2])} targets\n    at sequence 2 of 4\n\nhint: "):
            padded_batches(IDS, tags, 2)
    with pytest.raises(DataError, match="sequence 1 has 1 ids and 2 targets"):  # padded by hand
        padded_batches([[1, 2], [3]], [[0, 1], [1, -100]], 2)


@pytest.mark.parametrize(
    ("y", "message"),
    [
        ([[0, 1], [0.5]], "y of sequence 1 is no row of targets but list (1,) of float64"),
        ([[0, 1], []], "a sequence of no steps\n    at y of sequence 1 of 2"),
        ([[0, 1], 1], "y [[0, 1], 1]: rows of different lengths"),
        ([[0, 1], ["a"]], "y of sequence 1 is no row of targets but list (1,) of <U1"),
        ([[0, 1], [1], [1]], "2 sequences and y of shape (3,)"),
        (None, "2 sequences and y of shape ()"),
    ],
)
def test_targets_of_nonsense(y, message):
    with pytest.raises(DataError, match=re.escape(message)) as caught:
        padded_batches([[1, 2], [3]], y, 2)
    assert caught.value.hint


def test_what_belongs_to_a_whole_sequence_is_left_as_it_is():
    vectors = np.array([[0.5, 1.0, 0.0], [1.0, 0.0, 0.25]])
    assert padded_batches([[1, 2], [3]], vectors, 2)[0].y.tolist() == vectors[[1, 0]].tolist()
    assert padded_batches([[1, 2], [3]], ["pos", "neg"], 2)[0].y.tolist() == ["neg", "pos"]
