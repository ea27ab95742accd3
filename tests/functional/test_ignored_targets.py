"""Targets that are left out: equal to PyTorch's ignore_index in value and gradient, and without any influence."""

import inspect

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn.data.tasks.task import IGNORED
from tinygrad_rnn.errors import DataError, DtypeError
from tinygrad_rnn.functional import accuracy, cross_entropy

LOGITS = np.array([[[0.5, -1.0, 2.0], [3.0, 0.25, -0.5]], [[-2.0, 1.5, 0.0], [1.0, 1.0, -4.0]]])
# (targets, ignore_index) -> what PyTorch 2.13 gives
STORED = [
    ([[2, -100], [1, 0]], -100, 0.38787461255694516),
    ([[2, 0], [1, 0]], 0, 0.23355667294437826),
    ([[-1, 1], [-1, -1]], -1, 2.8399551806546066),
]
each_case = pytest.mark.parametrize(("targets", "ignore_index", "expected"), STORED)


def ours(targets, ignore_index, logits=LOGITS):
    z = tg.Tensor(logits, requires_grad=True)
    loss = cross_entropy(z, targets, ignore_index=ignore_index)
    loss.backward()
    return loss.item(), z.grad


@each_case
def test_the_mean_is_that_of_the_others(targets, ignore_index, expected):
    loss, gradient = ours(targets, ignore_index)
    assert loss == pytest.approx(expected, rel=1e-14)
    left_out = np.array(targets) == ignore_index
    assert (gradient[left_out] == 0).all()
    assert gradient[~left_out].all()
    assert tg.gradcheck(lambda z: cross_entropy(z, targets, ignore_index=ignore_index), tg.Tensor(LOGITS, requires_grad=True))


@each_case
@pytest.mark.torch
def test_pytorch_gives_the_same(targets, ignore_index, expected):
    torch = pytest.importorskip("torch")
    z = torch.tensor(LOGITS.reshape(-1, 3), requires_grad=True)
    theirs = torch.nn.functional.cross_entropy(z, torch.tensor(targets).reshape(-1), ignore_index=ignore_index)
    theirs.backward()
    loss, gradient = ours(targets, ignore_index)
    assert theirs.item() == pytest.approx(expected, rel=1e-14)
    assert loss == pytest.approx(theirs.item(), rel=1e-14)
    np.testing.assert_allclose(gradient.reshape(-1, 3), z.grad.numpy(), rtol=1e-13, atol=1e-16)


def test_rows_that_are_left_out_may_hold_anything():
    targets = [[2, -100], [1, 0]]
    with np.errstate(all="raise"):
        clean = ours(targets, -100)
        spoilt = LOGITS.copy()
        spoilt[0, 1] = np.nan, np.inf, -np.inf
        loss, gradient = ours(targets, -100, spoilt)
    assert loss == clean[0]
    np.testing.assert_array_equal(gradient, clean[1])


def test_accuracy_counts_the_others():
    logits = [[1.0, 0.0], [1.0, 0.0], [1.0, 0.0]]
    assert accuracy(logits, [0, 1, -100]) == 0.5
    assert accuracy(logits, [0, 1, 1], ignore_index=1) == 1.0


def test_one_number_leaves_a_target_out_everywhere():
    for function in (cross_entropy, accuracy):
        assert inspect.signature(function).parameters["ignore_index"].default == IGNORED == -100


@pytest.mark.parametrize("measure", [cross_entropy, accuracy])
def test_mistakes_with_targets_that_are_left_out(measure):
    for targets, settings, kind, says in (
        ([-100, -100], {}, DataError, "every target is -100"),
        ([-1, 0], {}, DataError, "class -1 among 2 classes"),
        ([-100, 0], {"ignore_index": -1}, DataError, "class -100 among 2 classes"),
        ([0, 0], {"ignore_index": None}, DtypeError, "ignore_index=None"),
    ):
        with pytest.raises(kind, match=says) as caught:
            measure(np.zeros((2, 2)), targets, **settings)
        assert caught.value.hint
