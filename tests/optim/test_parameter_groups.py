"""Groups of parameters, frozen ones among them, and what no optimizer takes."""

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn.errors import DataError, GraphError, LoadError
from tinygrad_rnn.optim import SGD, Adagrad, Adam, AdamW, RMSprop

EACH = pytest.mark.parametrize("kind", [SGD, Adam, AdamW, RMSprop, Adagrad])


def leaf(value, grad=None):
    p = tg.Tensor([value], requires_grad=True)
    p.grad = grad
    return p


def test_whoever_changes_the_learning_rate_changes_that_of_every_group():
    a, b = leaf(1.0, [1.0]), leaf(1.0, [1.0])
    optimizer = SGD([{"params": [a]}, {"params": [b], "lr": 0.25}], lr=0.5)
    optimizer.lr = 0.25
    optimizer.step()
    np.testing.assert_allclose([a.item(), b.item(), optimizer.lr], [0.75, 0.875, 0.25], rtol=1e-15)


@EACH
def test_settings_of_groups_are_saved_and_loaded(kind):
    def made(share):
        return kind([{"params": [leaf(1.0, [1.0])]}, {"params": (leaf(2.0, [1.0]),), "lr": share, "weight_decay": share}], lr=0.1)

    first, second = made(0.01), made(0.05)
    first.step()
    second.load_state_dict(first.state_dict())
    assert second.groups[1]["weight_decay"] == 0.01
    for p, q in zip(first.parameters, second.parameters, strict=True):
        q.replace(p.data.copy())
    first.step(), second.step()
    assert [p.item() for p in first.parameters] == [p.item() for p in second.parameters]


def test_groups_of_other_sizes_are_not_loaded():
    a, b, c = leaf(1.0), leaf(1.0), leaf(1.0)
    one = Adam([{"params": [a, b]}, {"params": [c]}])
    other = Adam([{"params": [a]}, {"params": [b, c]}])
    with pytest.raises(LoadError, match=r"misfit: groups\.0\.size"):
        other.load_state_dict(one.state_dict())


@pytest.mark.parametrize(
    "wrong", [{"lr": 0.1}, {"params": [], "speed": 1}, {"params": [leaf(1.0)], "steps": [1]}, {"params": leaf(1.0), 3: 4}, {}]
)
def test_groups_of_other_names_are_refused(wrong):
    with pytest.raises(GraphError) as caught:
        Adam([{"params": [leaf(1.0)]}, wrong])
    assert caught.value.hint


@pytest.mark.parametrize("lr", [None, "a", 0, -1.0, float("nan"), 10**400, True])
def test_a_group_has_a_learning_rate_as_an_optimizer_has(lr):
    with pytest.raises(DataError) as caught:
        Adam([{"params": [leaf(1.0)], "lr": lr}])
    assert caught.value.hint


@EACH
def test_a_parameter_stands_in_one_group(kind):
    p = leaf(1.0)
    with pytest.raises(GraphError, match="given to the optimizer twice"):
        kind([{"params": [p]}, {"params": [p]}], lr=0.1)


@EACH
def test_frozen_parameters_stay_and_only_frozen_ones_are_refused(kind):
    moved, frozen = leaf(1.0, [1.0]), leaf(1.0)
    frozen.requires_grad = False
    optimizer = kind([moved, frozen], lr=0.1)
    optimizer.step()
    assert (moved.item() < 1.0, frozen.item()) == (True, 1.0)
    with pytest.raises(GraphError, match="frozen parameters alone"):
        kind([frozen], lr=0.1)


@EACH
def test_parameters_in_a_set_have_no_order_to_be_saved_in(kind):
    with pytest.raises(GraphError, match="needs parameters"):
        kind({leaf(1.0), leaf(2.0)}, lr=0.1)


@EACH
@pytest.mark.parametrize("lr", [10**400, None, "a", [0.1], np.array([0.1]), (x for x in [0.1])])
def test_wrong_kinds_of_learning_rates_are_told_when_given_and_when_set(kind, lr):
    with pytest.raises(DataError, match="with lr=") as caught:
        kind([leaf(1.0)], lr)
    assert caught.value.hint
    p = leaf(1.0, [1.0])
    optimizer = kind([p], lr=0.1)
    optimizer.lr = lr
    with pytest.raises(DataError, match="with lr="):
        optimizer.step()
    assert p.item() == 1.0


@pytest.mark.parametrize(
    "settings", [{"nesterov": True}, {"nesterov": True, "momentum": 0.9, "dampening": 0.1}, {"nesterov": 1}, {"dampening": 1.0}]
)
def test_nesterov_needs_a_momentum_and_no_dampening(settings):
    with pytest.raises(DataError) as caught:
        SGD([leaf(1.0)], 0.1, **settings)
    assert caught.value.hint


def test_a_state_from_before_the_options_is_loaded_with_them_off():
    p = leaf(1.0)
    optimizer = SGD([p], 0.1, momentum=0.9, weight_decay=0.5)
    optimizer.load_state_dict({"lr": 0.2, "momentum": 0.9, "velocity.0": np.array([3.0])})
    assert (optimizer.lr, optimizer.weight_decay, optimizer.velocity[0].tolist()) == (0.2, 0.0, [3.0])
