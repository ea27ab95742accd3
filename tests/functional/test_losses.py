"""Losses against PyTorch in value and in the gradients of both orders, and what they refuse."""

from __future__ import annotations

import numpy as np
import pytest
import torch_losses

import tinygrad_rnn as tg
from tinygrad_rnn.errors import DataError, DtypeError, ShapeError, TinygradRnnError

F = tg.functional
LOSSES = ("mse_loss", "l1_loss", "huber_loss", "binary_cross_entropy_with_logits", "kl_div", "nll_loss", "cross_entropy")


def ours(case):
    """The loss and the gradients of both orders, as `torch_losses.values` makes them."""
    name, x, y, settings = torch_losses.arguments(case)
    leaves = [tg.Tensor(x, requires_grad=True)]
    if name in torch_losses.PAIRS:
        y = tg.Tensor(y, requires_grad=True)
        leaves.append(y)
    loss = getattr(F, name)(leaves[0], y, **settings)
    weights = np.linspace(0.5, 1.5, loss.size).reshape(loss.shape)
    first = tg.grad((loss * weights).sum(), leaves, create_graph=True)
    total = sum((g * g).sum() for g in first)
    second = tg.grad(total, leaves) if total.requires_grad else [np.zeros(leaf.shape) for leaf in leaves]
    return loss.data, [g.data for g in first], second


@pytest.mark.parametrize("case", torch_losses.CASES)
def test_values_and_gradients_of_both_orders_are_those_of_pytorch(case):
    known = torch_losses.stored()[case]
    loss, first, second = ours(case)
    assert loss.shape == np.shape(known["loss"])
    np.testing.assert_allclose(loss, known["loss"], rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(first, known["first"], rtol=1e-11, atol=1e-14)
    np.testing.assert_allclose(second, known["second"], rtol=1e-10, atol=1e-13)


@pytest.mark.torch
@pytest.mark.filterwarnings("ignore:reduction. 'mean' divides")
@pytest.mark.parametrize("case", torch_losses.CASES)
def test_the_stored_values_are_those_of_the_pytorch_here(case):
    pytest.importorskip("torch")
    for key, value in torch_losses.values(case).items():
        np.testing.assert_allclose(value, torch_losses.stored()[case][key], rtol=1e-10, atol=1e-13)


def test_cross_entropy_is_nll_loss_of_log_softmax():
    _, x, targets, settings = torch_losses.arguments("nll_loss, weighted: none")
    one, two = F.cross_entropy(x, targets, **settings), F.nll_loss(F.log_softmax(x), targets, **settings)
    np.testing.assert_allclose(one.data, two.data, rtol=1e-14)


def test_more_axes_are_more_rows():
    x, targets = np.random.default_rng(0).normal(size=(2, 3, 4)), np.array([[0, 1, 3], [-100, 2, 2]])
    each = F.cross_entropy(x, targets, reduction="none")
    flat = F.cross_entropy(x.reshape(6, 4), targets.reshape(6), reduction="none")
    assert each.shape == (2, 3)
    np.testing.assert_array_equal(each.data.reshape(6), flat.data)
    assert each.data[1, 0] == 0
    assert F.cross_entropy(x[0, 0], 0, reduction="none").item() == each.data[0, 0]


def test_the_divergence_is_the_mean_over_rows_not_over_entries():
    p, q = np.array([[0.5, 0.5], [0.25, 0.75]]), np.array([[0.25, 0.75], [0.5, 0.5]])
    divergences = (p * np.log(p / q)).sum(1)
    assert F.kl_div(np.log(q), p).item() == pytest.approx(divergences.mean())
    assert F.kl_div(np.log(q), p, reduction="mean").item() == pytest.approx(divergences.mean() / 2)


def test_a_probability_of_zero_adds_nothing_to_the_divergence():
    q = tg.Tensor(np.log([[0.25, 0.75]]), requires_grad=True)
    with np.errstate(all="raise"):
        loss = F.kl_div(q, [[0.0, 1.0]])
        loss.backward()
    assert loss.item() == pytest.approx(-np.log(0.75))
    np.testing.assert_array_equal(q.grad, [[0.0, -1.0]])


def test_large_logits_give_finite_losses_and_gradients():
    x = tg.Tensor([1000.0, -1000.0, 1000.0, -1000.0], requires_grad=True)
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        loss = F.binary_cross_entropy_with_logits(x, [1.0, 0.0, 0.0, 1.0], reduction="none")
        loss.sum().backward()
    np.testing.assert_array_equal(loss.data, [0, 0, 1000, 1000])
    np.testing.assert_array_equal(x.grad, [0, 0, 1, -1])


@pytest.mark.parametrize("name", LOSSES)
def test_float32_stays_float32(name):
    x = tg.Tensor(np.full((2, 2), -0.5, np.float32), requires_grad=True)
    classes = name in ("nll_loss", "cross_entropy")
    settings = {"weight": [1.0, 2.0]} if classes or name.startswith("binary") else {}
    loss = getattr(F, name)(x, [0, 1] if classes else np.full((2, 2), 0.5, np.float32), **settings)
    assert loss.dtype == np.float32
    loss.backward()
    assert x.grad.dtype == np.float32


X = np.zeros((2, 2))
MISTAKES = [
    *((name, X, [0, 1] if name in ("nll_loss", "cross_entropy") else X, {"reduction": wrong}, DataError, "reduction=")
      for name in LOSSES for wrong in ("avg", None, ["mean"], True)),
    *((name, X, np.zeros((2, 1)), {}, ShapeError, "they must be equal") for name in torch_losses.PAIRS),
    *((name, np.zeros((0, 2)), np.zeros((0, 2)), {}, DataError, "of no entries") for name in torch_losses.PAIRS),
    ("mse_loss", X, X, {"reduction": "batchmean"}, DataError, "batchmean"),
    *(("huber_loss", X, X, {"delta": delta}, DataError, "delta=") for delta in (0, -1.0, np.nan, "1")),
    ("binary_cross_entropy_with_logits", X, X - 1, {}, DataError, "targets from -1.0 to -1.0"),
    ("binary_cross_entropy_with_logits", X, X + np.nan, {}, DataError, "targets from nan"),
    ("binary_cross_entropy_with_logits", X, X, {"weight": [1.0] * 3}, ShapeError, "weight="),
    ("binary_cross_entropy_with_logits", X, X, {"pos_weight": np.ones((3, 2, 2))}, ShapeError, "pos_weight="),
    ("kl_div", X, X, {"log_target": "no"}, DataError, "log_target='no'"),
    *((name, X, [0, 1], {"weight": [1.0, 2.0, 3.0]}, ShapeError, "2 classes") for name in ("nll_loss", "cross_entropy")),
    *((name, X, [0, 1], {"weight": [1.0, -1.0]}, DataError, "weight=") for name in ("nll_loss", "cross_entropy")),
    *((name, X, [0, 1], {"weight": [0.0, 0.0]}, DataError, "are 0") for name in ("nll_loss", "cross_entropy")),
    ("nll_loss", X, X, {}, ShapeError, "does not fit"),
    ("nll_loss", X, [0.0, 1.0], {}, DtypeError, "float64"),
    *((name, X, [[0], [0, 1]], {}, DtypeError, "with targets") for name in ("nll_loss", "cross_entropy")),
    ("nll_loss", X, [0, 2], {}, DataError, "class 2 among 2"),
    *(("cross_entropy", X, [0, 1], {"label_smoothing": s}, DataError, "label_smoothing=") for s in (-0.1, 1.5, np.nan, "a")),
]  # fmt: skip


@pytest.mark.parametrize(("name", "x", "y", "settings", "kind", "says"), MISTAKES)
def test_wrong_settings_and_shapes_are_named(name, x, y, settings, kind, says):
    with pytest.raises(TinygradRnnError, match=says) as caught:
        getattr(F, name)(x, y, **settings)
    assert type(caught.value) is kind
    assert caught.value.hint
