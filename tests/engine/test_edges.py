"""At the edges, powers of 0 and below, infinity and NaN, values and gradients of both orders are PyTorch's, or better and said so."""

import numpy as np
import pytest
import torch_edges

import tinygrad_rnn as tg

KEPT = torch_edges.stored()
NAN = float("nan")
pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")  # what is infinite is computed


def slope(y, x):
    return float(tg.grad(y, x)) if y.requires_grad else 0.0


@pytest.mark.parametrize(("a", "b", "expected"), KEPT["powers"])
def test_powers_and_their_gradients_of_both_orders(a, b, expected):
    value, da, db, dada, dadb, dbda, dbdb = expected
    if a == 0 and b >= 0:  # of an exponent b >= 0, 0**b does not change the gradient, which is 0, and PyTorch has NaN
        assert np.isnan(dbdb)
        dbdb = 0.0
        if b > 1:  # the limit of a**(b - 1) (b log(a) + 1)
            assert np.isnan(dbda)
            dbda = 0.0
    x, y = tg.Tensor(a, requires_grad=True), tg.Tensor(b, requires_grad=True)
    z = x**y
    z.backward()
    np.testing.assert_allclose([x.grad, y.grad], [da, db], rtol=1e-14)
    first = tg.grad(z, [x, y], create_graph=True)
    found = [z.item(), *(g.item() for g in first), *(slope(g, t) for g in first for t in (x, y))]
    np.testing.assert_allclose(found, [value, da, db, dada, dadb, dbda, dbdb], rtol=1e-14)


# where ours differ on purpose: the sign of NaN is NaN; minus infinity to the power of -1/2 is 0, as C's pow has it
OURS = {("abs(x)", "nan"): [NAN, NAN, 0.0], ("x.sqrt()", "-inf"): [NAN, 0.0, 0.0]}


@pytest.mark.parametrize(("function", "point", "expected"), KEPT["numbers"])
def test_functions_at_infinity_and_nan(function, point, expected):
    x, names = tg.Tensor(point, requires_grad=True), vars(tg) | vars(tg.functional)
    y = eval(function, names | {"x": x})
    y.backward()
    g = tg.grad(y, x, create_graph=True)
    expected = OURS.get((function, str(point)), expected)
    np.testing.assert_allclose([y.item(), g.item(), slope(g, x)], expected, rtol=1e-14)
    np.testing.assert_array_equal(x.grad, g.numpy())


@pytest.mark.parametrize(("function", "row", "expected"), KEPT["vectors"])
def test_softmax_of_infinite_scores(function, row, expected):
    x = tg.Tensor(np.array(row, float), requires_grad=True)
    y = eval(function, vars(tg.functional) | {"x": x})
    np.testing.assert_allclose(y.numpy(), expected[0], rtol=1e-14)
    np.testing.assert_allclose(tg.grad(y[-1], x), expected[1], rtol=1e-14)


def test_the_gradient_of_softplus_at_infinity_among_finite_numbers():
    for dtype in (np.float64, np.float32):
        x = tg.Tensor(np.array([np.inf, 0.0, -np.inf, 3e38, 1.0], dtype), requires_grad=True)
        y = tg.functional.softplus(x)
        assert y.dtype == dtype
        np.testing.assert_allclose(tg.grad(y.sum(), x), [1.0, 0.5, 0.0, 1.0, 1 / (1 + np.exp(-1.0))], rtol=1e-6)
