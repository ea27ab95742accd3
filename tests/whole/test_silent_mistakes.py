"""Mistakes that would give wrong numbers without a word, each met by a test before it was met by a learner."""

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn import nn
from tinygrad_rnn.errors import DataError, DtypeError, GraphError, LoadError, ShapeError
from tinygrad_rnn.optim import SGD, Adam, clip_grad_norm_


def rng():
    return np.random.default_rng(0)


def leaf(values):
    return tg.Tensor(values, requires_grad=True)


@pytest.mark.parametrize(
    "constant", [lambda w: w.detach(), lambda w: tg.no_grad()(lambda: w[:1])()], ids=["detach", "no_grad view"]
)
def test_an_optimizer_step_leaves_recorded_constants_alone(constant):
    w, v = leaf([1.0]), leaf([2.0])
    loss = (constant(w) * v).sum()
    w.grad = [1.0]
    SGD([w], lr=1.0).step()
    loss.backward()
    assert v.grad.tolist() == [1.0]


def test_an_optimizer_step_leaves_views_of_the_old_values_alone():
    w = leaf([1.0, 2.0])
    y = w.reshape(2, 1)
    w.grad = [1.0, 1.0]
    SGD([w], lr=1.0).step()
    assert y.data.tolist() == [[1.0], [2.0]]


def test_detached_values_are_not_changed_through_data():
    w = leaf([1.0])
    kept = w.detach()
    w.data -= 1.0
    assert kept.data.tolist() == [1.0]


def test_a_user_cell_that_is_a_module_gets_its_scope():
    class MyCell(nn.Module):
        def __init__(self):
            self.W = leaf(np.eye(3))

        def initial_state(self, batch):
            return (tg.Tensor(np.zeros((batch, 3))),)

        def step(self, x, state):
            return (tg.tanh(x + state[0] @ self.W),)

    assert nn.unroll(MyCell(), np.ones((1, 2, 3)))[0][-1].place == "t=2 / MyCell"


@pytest.mark.parametrize(
    ("cell", "state", "says"),
    [
        (nn.LSTMCell, lambda h: h, "not a Tensor"),
        (nn.LSTMCell, lambda h: (h,), "not one of 1"),
        (nn.RNNCell, lambda h: (h, h), "not one of 2"),
        (nn.RNNCell, lambda h: (tg.Tensor(np.ones((1, 4))),), "different numbers of sequences"),
        (nn.GRUCell, lambda h: (tg.Tensor(np.ones(4)),), "different numbers of sequences"),
    ],
)
def test_a_state_that_does_not_fit(cell, state, says):
    with pytest.raises(ShapeError, match=says) as caught:
        nn.unroll(cell(3, 4, rng=rng()), np.ones((2, 5, 3)), state(tg.Tensor(np.ones((2, 4)))))
    assert caught.value.where == f"t=1 / {cell.__name__}"


@pytest.mark.parametrize("make", [nn.init.orthogonal, lambda rng, *args, **options: nn.init.identity(*args, **options)])
def test_a_numpy_gain_keeps_float32(make):
    assert make(rng(), (3, 6), gain=np.sqrt(2), dtype=np.float32).dtype == np.float32


def test_state_that_is_ragged_or_too_large_is_refused_whole():
    layer = nn.Linear(2, 2, rng=rng(), dtype=np.float32)
    before = layer.state_dict()
    with pytest.raises(LoadError, match="left over: extra; misshapen: W is ragged"):
        layer.load_state_dict({"W": [[1, 2], [3]], "b": [0, 0], "extra": 1})
    with pytest.raises(LoadError, match="too large for float32: b"):
        layer.load_state_dict({"W": np.ones((2, 2)), "b": np.full(2, 1e300)})
    assert {name: value.tolist() for name, value in layer.state_dict().items()} == {n: v.tolist() for n, v in before.items()}


def test_adam_counts_the_steps_of_each_parameter():
    p, late = leaf([1.0]), leaf([1.0])
    optimizer = Adam([p, late], lr=0.1)
    for step in range(5):
        p.grad = [1.0]
        late.grad = [1.0] if step == 4 else None
        optimizer.step()
    np.testing.assert_allclose(late.data, [0.9], rtol=1e-6)


def test_modules_that_know_each_other():
    parent, child = nn.Module(), nn.Module()
    parent.child, child.parent = child, parent
    parent.w = leaf([1.0])
    assert [name for name, _ in parent.named_parameters()] == ["w"]
    assert not parent.eval().training
    assert not child.training


def test_clipping_takes_one_tensor_or_a_module():
    w = leaf([3.0, 4.0])
    w.grad = [3.0, 4.0]
    assert clip_grad_norm_(w, 1.0) == 5.0
    np.testing.assert_allclose(w.grad, [0.6, 0.8])
    assert clip_grad_norm_(nn.Linear(1, 1, rng=rng()), 1.0) == 0.0


def test_backward_inside_a_hook_is_refused_and_grad_is_not():
    w = leaf([1.0, 2.0])
    h = w * 3
    inner = (w * w).sum()
    remove = h.register_hook(lambda g: inner.backward())
    with pytest.raises(GraphError, match="inside a hook"):
        (h * h).sum().backward()
    remove()
    seen = []
    h.register_hook(lambda g: seen.append(tg.grad(inner, w)))
    (h * h).sum().backward()
    np.testing.assert_array_equal(seen[0], [2.0, 4.0])
    np.testing.assert_array_equal(w.grad, [18.0, 36.0])


@pytest.mark.parametrize(("make", "error"), [
    (lambda: nn.Embedding(3, 2, rng=rng())([-1]), DataError),
    (lambda: nn.Embedding(3, 2, rng=rng())([[1], [1, 2]]), DtypeError),
    (lambda: nn.Linear(-1, 2, rng=rng()), ShapeError),
    (lambda: nn.Embedding(-1, 2, rng=rng()), ShapeError),
    (lambda: nn.RNNCell(3.0, 4, rng=rng()), ShapeError),
    (lambda: nn.RNNCell(3, 4, rng=0), DataError),
    (lambda: SGD(nn.RNNCell(3, 4, rng=rng()), 0.1), GraphError),
    (lambda: SGD(leaf(1.0), 0.1), GraphError),
    (lambda: SGD([w := leaf(1.0), w], 0.1), GraphError),
    (lambda: Adam([leaf(1.0)], eps=-1.0), DataError),
    (lambda: nn.unroll(nn.RNNCell(3, 4, rng=rng()), []), DataError),
    (lambda: nn.unroll(nn.RNNCell(3, 4, rng=rng()), [leaf(np.ones((1, 3))), leaf(np.ones((2, 3)))]), ShapeError),
])  # fmt: skip
def test_refused_with_a_sentence(make, error):
    with pytest.raises(error) as caught:
        make()
    assert caught.value.hint
