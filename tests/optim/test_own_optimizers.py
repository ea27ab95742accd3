"""An optimizer of one's own: what it keeps stays its own, and what it returns is looked at."""

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn.errors import GraphError
from tinygrad_rnn.optim import Optimizer


def leaf(*values, dtype=None):
    return tg.Tensor(list(values), requires_grad=True, dtype=dtype)


class Momentum(Optimizer):
    settings, moments = ("lr", "beta"), ("buffer",)

    def __init__(self, parameters, lr, beta=0.5):
        super().__init__(parameters, lr)
        self.beta, self.buffer = beta, self.zeros()

    def change(self, k, g):
        self.buffer[k] *= self.beta
        self.buffer[k] += self.lr * g
        return self.buffer[k]  # not a copy


def test_a_buffer_that_change_returns_does_not_become_the_weights():
    w = leaf(1.0, 2.0)
    optimizer = Momentum([w], lr=0.1)
    w.grad = [1.0, 1.0]
    for value, gathered in ((0.9, 0.1), (0.75, 0.15), (0.575, 0.175)):
        optimizer.step()
        np.testing.assert_allclose(w.data, [value, value + 1], rtol=1e-14)
        np.testing.assert_allclose(optimizer.buffer[0], [gathered] * 2, rtol=1e-14)


def test_a_gradient_that_change_returns_stays_apart_from_the_weights():
    class Plain(Optimizer):
        def change(self, k, g):
            return g

    w = leaf(3.0)
    w.grad = [1.0]
    Plain([w], lr=1.0).step()
    assert (w.data.tolist(), w.grad.tolist(), np.shares_memory(w.data, w.grad)) == ([2.0], [1.0], False)


@pytest.mark.parametrize(
    "returned",
    [lambda g: None, lambda g: 0.1, lambda g: g[:1], lambda g: g[None], lambda g: g.astype(np.float64), lambda g: [*g]],
)
def test_what_change_returns_has_the_shape_and_dtype_of_the_parameter(returned):
    class Odd(Optimizer):
        def change(self, k, g):
            return returned(g)

    w = leaf(1.0, 2.0, dtype=np.float32)
    w.grad = [1.0, 1.0]
    with pytest.raises(GraphError, match=r"Odd\.change\(0, g\) returned") as caught:
        Odd([w], lr=0.1).step()
    assert (bool(caught.value.hint), w.data.tolist()) == (True, [1.0, 2.0])


@pytest.mark.parametrize("kept", [lambda: [np.zeros(1)], lambda: np.zeros(1), lambda: 3, lambda: {"t": 1}])
def test_state_that_is_not_named_is_refused(kept):
    class Forgetful(Optimizer):
        def change(self, k, g):
            self.gathered = kept()
            return g

    w = leaf(1.0)
    w.grad = [1.0]
    with pytest.raises(GraphError, match=r"Forgetful\.gathered is not named") as caught:
        Forgetful([w], lr=0.1).step()
    assert "moments" in caught.value.hint


def test_named_state_is_saved_and_goes_on():
    w = leaf(1.0)
    first = Momentum([w], lr=0.1)
    w.grad = [1.0]
    first.step()
    v = leaf(*w.data)
    second = Momentum([v], lr=0.7, beta=0.1)
    second.load_state_dict(first.state_dict())
    v.grad = [1.0]
    first.step(), second.step()
    assert w.data.tobytes() == v.data.tobytes()


def test_the_recipe_stands_in_the_help():
    assert "change" in dir(Optimizer)
    assert "moments" in Optimizer.__doc__
    with pytest.raises(GraphError, match="does not say how") as caught:
        w = leaf(1.0)
        w.grad = [1.0]
        Optimizer([w], lr=0.1).step()
    assert "change(self, k, g)" in caught.value.hint
