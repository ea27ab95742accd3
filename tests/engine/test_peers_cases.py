"""The situations that the tests of other engines of this kind (HIPS autograd, MyGrad, ml-by-hand) ask for, with values from NumPy."""

import numpy as np
import pytest

import tinygrad_rnn as tg

RNG = np.random.default_rng(0)
pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")  # logarithms of 0


def leaf(values):
    return tg.Tensor(np.array(values, float), requires_grad=True)


# ---- powers -----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("exponent", [0, 0.0, np.array(0.0), np.array([0.0]), tg.Tensor([0.0])])
def test_to_the_power_of_zero_nothing_changes(exponent):
    x = leaf([0.0, 3.0, -2.0])
    slope = tg.grad((x**exponent).sum(), x, create_graph=True)
    assert slope.numpy().tolist() == [0.0, 0.0, 0.0]


@pytest.mark.parametrize("exponent", [0.1, 0.5, 0.9, 1.5, 2.0])
def test_zero_to_any_positive_power_has_no_slope_in_the_exponent(exponent):
    assert tg.gradcheck(lambda y: tg.pow(0.0, y), np.array([exponent]), order=2)
    assert tg.gradcheck(lambda y: 0.0**y, np.array([exponent]))


def test_a_power_is_right_in_its_base_and_its_exponent_at_once():
    base, exponent = RNG.uniform(0.5, 2.0, (2, 3)), RNG.uniform(-2.0, 2.0, 3)
    assert tg.gradcheck(lambda a, b: a**b, [base, exponent], order=2)
    a, b = leaf(base), leaf(exponent)
    da, db = tg.grad((a**b).sum(), [a, b])
    np.testing.assert_allclose(da, exponent * base ** (exponent - 1))
    np.testing.assert_allclose(db, (base**exponent * np.log(base)).sum(0))


@pytest.mark.parametrize("one_or_two", [1, 1.0, np.array(1), np.array(1.0), 2, 2.0, np.array(2), np.array(2.0)])
def test_small_whole_powers_of_any_number(one_or_two):
    x = leaf([-2.0, -0.0, 0.0, 3.0])
    y = x**one_or_two
    np.testing.assert_array_equal(y.numpy(), x.numpy() ** float(one_or_two))
    np.testing.assert_array_equal(tg.grad(y.sum(), x), float(one_or_two) * x.numpy() ** (float(one_or_two) - 1))
    assert (tg.Tensor([2.0]) ** one_or_two).requires_grad is False


def test_a_number_to_the_power_of_a_tensor():
    y = leaf([-1.0, 0.0, 3.0])
    np.testing.assert_allclose(tg.grad((2**y).sum(), y), np.log(2) * 2.0 ** y.numpy())


# ---- parts and products -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("axis", [0, 1, -1])
@pytest.mark.parametrize("parts", [1, 2, [1, 5], [2, 2, 2], [6], [0, 6]])
def test_the_parts_of_a_split_make_the_whole_and_get_their_own_gradients(parts, axis):
    x = leaf(RNG.normal(size=(6, 6)))
    pieces = tg.split(x, parts, axis)
    np.testing.assert_array_equal(np.concatenate([piece.numpy() for piece in pieces], axis), x.numpy())
    sizes = [piece.shape[axis] for piece in pieces]
    slope = tg.grad(tg.stack([k * piece.sum() for k, piece in enumerate(pieces, start=1)]).sum(), x)
    expected = np.broadcast_to(np.repeat(np.arange(1.0, len(sizes) + 1), sizes), (6, 6))
    np.testing.assert_array_equal(slope, expected if axis % 2 else expected.T)


@pytest.mark.parametrize("subscripts", ["ij,ij->ij", "ij,jk->ik", "ij,kj->", "ij,ji->i"])
def test_one_tensor_may_be_several_operands(subscripts):
    x = RNG.normal(size=(3, 3))
    assert tg.gradcheck(lambda a: tg.einsum(subscripts, a, a), x, order=2)
    a, b = leaf(x), leaf(x)
    one = tg.grad(tg.einsum(subscripts, a, a).sum(), a)
    np.testing.assert_allclose(one, sum(tg.grad(tg.einsum(subscripts, a, b).sum(), [a, b])))


# ---- sums of a single number, softmax, fan-out ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["sum", "mean", "max", "min", "prod", "var", "std"])
@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize(
    ("shape", "axis"), [((1, 1), None), ((1, 1), 0), ((1, 3), 0), ((3, 1), 1), ((2, 3), (0, 1)), ((1, 2, 1), (0, 2))]
)
def test_reductions_of_few_numbers_are_numpys(name, keepdims, shape, axis):
    values = RNG.normal(size=shape)
    x = leaf(values)
    y = getattr(np, name)(x, axis=axis, keepdims=keepdims)
    np.testing.assert_allclose(y.numpy(), getattr(np, name)(values, axis=axis, keepdims=keepdims), atol=1e-15)
    assert y.shape == getattr(np, name)(values, axis=axis, keepdims=keepdims).shape
    assert np.isfinite(tg.grad(y.sum(), x)).all()


def test_softmax_over_two_axes_sums_to_one_and_has_the_slope_of_one_row():
    x, weights = leaf(RNG.normal(size=(2, 3, 4))), RNG.normal(size=(2, 3, 4))
    p = tg.functional.softmax(x, axis=(1, 2))
    np.testing.assert_allclose(p.numpy().sum((1, 2)), 1.0)
    flat = p.numpy()
    expected = flat * (weights - (flat * weights).sum((1, 2), keepdims=True))
    np.testing.assert_allclose(tg.grad((p * weights).sum(), x), expected, atol=1e-15)


def test_a_gradient_that_is_used_twice_is_not_written_to():
    x = leaf([1.0, 2.0, 3.0])
    y = x * 1.0
    z = y[0] + y.sum() + y[:2].sum()
    once, again = tg.grad(z, [x, y]), tg.grad(z, [x, y])
    for found in (*once, *again):
        assert found.tolist() == [3.0, 2.0, 1.0]


def test_third_derivatives():
    x = leaf(0.7)
    for compute, third in (
        (lambda t: tg.sin(t * 2), -8 * np.cos(1.4)),
        (lambda t: t**5, 60 * 0.7**2),
        (lambda t: 2**t, np.log(2) ** 3 * 2**0.7),
    ):
        y = compute(x)
        for _ in range(2):
            y = tg.grad(y, x, create_graph=True)
        np.testing.assert_allclose(tg.grad(y, x), third)


def test_the_product_of_a_hessian_and_a_vector():
    a, v = RNG.normal(size=(3, 3)), RNG.normal(size=3)
    x = leaf(RNG.normal(size=3))
    slope = tg.grad(x @ (a @ x), x, create_graph=True)
    np.testing.assert_allclose(tg.grad((slope * v).sum(), x), (a + a.T) @ v)


def test_a_function_that_hands_its_input_on_or_ignores_it():
    x = leaf([1.0, 2.0])
    assert tg.grad((+x).sum(), x).tolist() == [1.0, 1.0]
    other = leaf([5.0])
    assert tg.grad(other.sum(), x).tolist() == [0.0, 0.0]
