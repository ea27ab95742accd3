"""Powers are exact, and the gradients of what a tensor offers besides the first ops are right, as PyTorch's at the special points."""

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn.errors import DataError, GraphError, ShapeError

NAN = float("nan")
pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")  # logarithms at 0 and below


def gradients(compute, *values):
    inputs = [tg.Tensor(value, requires_grad=True) for value in values]
    y = compute(*inputs)
    return [y.numpy(), *tg.grad(y.sum(), inputs)]


@pytest.mark.parametrize(
    ("a", "b", "value"),
    [
        ([-2.0, 2.0], [2, 3], [4.0, 8.0]),
        ([-2.0, 2.0], [2.0, 3.0], [4.0, 8.0]),
        ([0.0, 0.0, 0.0], [0.0, 1.0, 2.0], [1.0, 0.0, 0.0]),
        ([2.0], [3.0], [8.0]),
        ([[1.0], [3.0]], [2.0, 5.0], [[1.0, 1.0], [9.0, 243.0]]),
    ],
)
def test_powers_are_numpys(a, b, value):
    for base in (tg.Tensor(a, requires_grad=True), tg.Tensor(a)):
        for exponent in (b, np.array(b), tg.Tensor(np.array(b, float), requires_grad=True)):
            np.testing.assert_array_equal((base**exponent).numpy(), value)
    assert (2 ** tg.Tensor([3.0], requires_grad=True)).item() == 8.0


def test_dtypes_of_powers():
    x = tg.Tensor(np.float32([2.0]), requires_grad=True)
    for y in (x**2, x ** np.array([2]), x ** [2.0], x ** tg.Tensor(np.array([2])), 2**x):
        assert y.dtype == np.float32
    assert (tg.Tensor(np.array([2, 3])) ** np.array([-1, 2])).numpy().tolist() == [0.5, 9.0]


# from PyTorch 2.13: a.pow(b).sum(), a = [-2, -1, 0, 0, 0, .5, 2, -2, 3, 0], b = [2, 3, 0, 1, 2, .5, 3, 0, 0, -1]
A = np.array([-2.0, -1.0, 0.0, 0.0, 0.0, 0.5, 2.0, -2.0, 3.0])
B = np.array([2.0, 3.0, 0.0, 1.0, 2.0, 0.5, 3.0, 0.0, 0.0])
DA = [-4.0, 3.0, 0.0, 1.0, 0.0, 0.7071067811865476, 12.0, 0.0, 0.0]
DB = [NAN, NAN, 0.0, 0.0, 0.0, -0.4901290717342736, 5.545177444479562, NAN, 1.0986122886681098]
DADA = [2.0, -6.0, NAN, 0.0, 2.0, -0.7071067811865476, 12.0, 0.0, 0.0]


def test_gradients_of_powers_are_pytorchs_at_zero_and_below():
    _, da, db = gradients(lambda a, b: a**b, A, B)
    np.testing.assert_allclose(da, DA, rtol=1e-14)
    np.testing.assert_allclose(db, DB, rtol=1e-14)
    a = tg.Tensor(A, requires_grad=True)
    slope = tg.grad((a**B).sum(), a, create_graph=True)
    np.testing.assert_allclose(tg.grad(slope.sum(), a), DADA, rtol=1e-14)
    for exponent, slope_at_zero in ((0, 0.0), (1, 1.0), (2, 0.0), (np.array(2), 0.0)):
        zero = tg.Tensor(0.0, requires_grad=True)
        assert tg.grad(zero**exponent, zero) == slope_at_zero


def test_the_gradient_of_a_mixed_graph_has_the_dtype_of_its_input():
    x, y = tg.Tensor(np.float32([1.0, 2.0]), requires_grad=True), tg.Tensor([3.0, 4.0], requires_grad=True)
    slope = tg.grad((x * x * y).sum(), x, create_graph=True)
    assert slope.dtype == np.float32
    np.testing.assert_array_equal(tg.grad(slope.sum(), x), np.float32([6.0, 8.0]))


def test_softplus_at_infinity():
    np.testing.assert_array_equal(tg.functional.softplus([np.inf, -np.inf]).numpy(), [np.inf, 0.0])
    np.testing.assert_array_equal(tg.functional.log_sigmoid([-np.inf, np.inf]).numpy(), [-np.inf, 0.0])


Z = np.array([[0.0, 2.0, 3.0], [0.0, 0.0, 4.0], [1.0, 2.0, 3.0]])


def test_products_of_entries_that_are_zero():
    value, slope = gradients(lambda z: tg.prod(z, axis=1), Z)
    np.testing.assert_array_equal(value, [0.0, 0.0, 6.0])
    np.testing.assert_array_equal(slope, [[6.0, 0.0, 0.0], [0.0, 0.0, 0.0], [6.0, 3.0, 2.0]])  # as PyTorch's
    assert tg.gradcheck(lambda z: tg.prod(z, axis=0), Z, order=2)
    x = np.random.default_rng(0).normal(size=(2, 3, 4))
    for axis in (0, 1, -1, None):
        for keepdims in (False, True):
            expected = np.prod(x, axis=axis, keepdims=keepdims)
            found = tg.prod(x, axis, keepdims).numpy()
            assert found.shape == expected.shape
            np.testing.assert_allclose(found, expected)
    assert tg.prod(np.zeros((0, 2)), axis=0).numpy().tolist() == [1.0, 1.0]


@pytest.mark.parametrize(
    "subscripts",
    ["bij,bjk->bik", "bij,bjk->bki", "bij,bjk", "bij,cjk->ik", "bij,bjk->j", "bij,bjk->", "bij,cdk->jdbcki"],
)
def test_einsum_of_two_operands_is_numpys(subscripts):
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(2, 3, 4)), rng.normal(size=(2, 4, 5))
    np.testing.assert_allclose(tg.einsum(subscripts, x, y).numpy(), np.einsum(subscripts, x, y))
    np.testing.assert_allclose(np.einsum(subscripts, tg.Tensor(x), y).numpy(), np.einsum(subscripts, x, y))
    assert tg.gradcheck(lambda a, b: tg.einsum(subscripts, a, b), [x[:, :2, :2], y[:, :2, :2]], order=2)


@pytest.mark.parametrize(
    ("subscripts", "shapes"),
    [
        ("ij->ji", [(2, 3)]),
        ("ijk->ki", [(2, 3, 4)]),
        ("ijk->", [(2, 3, 4)]),
        ("ij", [(2, 3)]),
        ("ij,jk,kl->il", [(2, 3), (3, 4), (4, 2)]),
        ("bi,bj,bij->b", [(2, 3), (2, 4), (2, 3, 4)]),
        ("i,j,k->kij", [(2,), (3,), (2,)]),
        ("ij,ik,il,i->jkl", [(2, 3), (2, 2), (2, 3), (2,)]),
    ],
)
def test_einsum_of_one_operand_and_of_many_is_numpys(subscripts, shapes):
    arrays = [np.random.default_rng(k).normal(size=shape) for k, shape in enumerate(shapes)]
    expected = np.einsum(subscripts, *arrays)
    np.testing.assert_allclose(tg.einsum(subscripts, *arrays).numpy(), expected, rtol=1e-12)
    np.testing.assert_allclose(np.einsum(subscripts, *map(tg.Tensor, arrays)).numpy(), expected, rtol=1e-12)
    assert tg.gradcheck(lambda *xs: tg.einsum(subscripts, *xs), arrays, order=2)


def test_einsum_of_the_wrong_number_of_operands_says_so():
    for operands in ([], [np.ones((2, 2))], [np.ones((2, 2))] * 3):
        with pytest.raises(DataError, match=f"of {len(operands)} operands") as caught:
            tg.einsum("ij,jk->ik", *operands)
        assert caught.value.hint


def test_einsum_keeps_a_float32_graph():
    w = tg.Tensor(np.ones((2, 2), np.float32), requires_grad=True)
    assert tg.einsum("ij,j->i", [[1.0, 2.0]], w[0]).dtype == np.float32


@pytest.mark.parametrize("axis", [(0, 1), (2, 0), [1], (), (0, 1, 2), (-1, 0)])
def test_products_over_several_axes_are_numpys(axis):
    x = np.random.default_rng(0).normal(size=(2, 3, 4))
    for keepdims in (False, True):
        expected = np.prod(x, axis=tuple(axis), keepdims=keepdims)
        found = tg.prod(x, axis, keepdims).numpy()
        assert found.shape == expected.shape
        np.testing.assert_allclose(found, expected)
        assert tg.prod(np.zeros((2, 0, 3)), (0, 1), keepdims).numpy().tolist() == np.ones((1, 1, 3) if keepdims else 3).tolist()
    assert tg.gradcheck(lambda z: tg.prod(z, axis), x[:, :2, :2], order=2)


def test_sums_up_to_each_entry_of_all_in_one_row():
    x = tg.Tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    for y in (np.cumsum(x), tg.cumsum(x)):
        assert y.numpy().tolist() == [1.0, 3.0, 6.0, 10.0]
        assert tg.grad(y.sum(), x).tolist() == [[4.0, 3.0], [2.0, 1.0]]


def test_a_list_of_sizes_splits_as_pytorchs_does():
    value, slope = gradients(lambda x: tg.split(x, [1, 3, 0, 2], 0)[1] ** 2, np.arange(6.0))
    assert value.tolist() == [1.0, 4.0, 9.0]
    assert slope.tolist() == [0.0, 2.0, 4.0, 6.0, 0.0, 0.0]
    parts = tg.split(np.arange(12.0).reshape(2, 6), (4, 2))
    assert [part.numpy().tolist() for part in parts] == [[[0, 1, 2, 3], [6, 7, 8, 9]], [[4, 5], [10, 11]]]
    with pytest.raises(ShapeError) as caught:  # NumPy's places where to cut
        tg.split(np.arange(4.0), [1, 3, 4])
    assert "sizes [1, 2, 1]" in caught.value.hint
    for wrong in ([], [1.0, 3.0], ["a"], [5, -1], "13", None):
        with pytest.raises(DataError):
            tg.split(np.arange(4.0), wrong)


@pytest.mark.parametrize("subscripts", ["ii,ij->j", "ij", "i.j,jk", "ij,jk->ijz", "ij,kl,m", 5, "ij,jk->i!"])
def test_einsum_says_what_it_cannot_do(subscripts):
    with pytest.raises((DataError, ShapeError)) as caught:
        tg.einsum(subscripts, np.ones((2, 2)), np.ones((2, 2)))
    assert caught.value.hint


@pytest.mark.parametrize(
    ("compute", "expected", "slope"),
    [  # from PyTorch 2.13: clamp, amin, std(correction=0), var, sqrt
        (lambda x: x.clip(1.0, 3.0), [[1.0, 2.0], [3.0, 3.0]], [[1.0, 1.0], [1.0, 0.0]]),
        (lambda x: x.clip(low=2.0), [[2.0, 2.0], [3.0, 4.0]], [[0.0, 1.0], [1.0, 1.0]]),
        (lambda x: x.min(1), [1.0, 3.0], [[1.0, 0.0], [1.0, 0.0]]),
        (lambda x: x.std(1), [0.5, 0.5], [[-0.5, 0.5], [-0.5, 0.5]]),
        (lambda x: x.var(ddof=1), 5 / 3, [[-1.0, -1 / 3], [1 / 3, 1.0]]),
        (lambda x: x.sqrt(), np.sqrt([[1.0, 2.0], [3.0, 4.0]]), 0.5 / np.sqrt([[1.0, 2.0], [3.0, 4.0]])),
        (lambda x: x.unsqueeze(-1).squeeze(2).unsqueeze(0).squeeze().flatten(), [1.0, 2.0, 3.0, 4.0], np.ones((2, 2))),
        (lambda x: tg.cumsum(x, 1), [[1.0, 3.0], [3.0, 7.0]], [[2.0, 1.0], [2.0, 1.0]]),
        (tg.sin, np.sin([[1.0, 2.0], [3.0, 4.0]]), np.cos([[1.0, 2.0], [3.0, 4.0]])),
        (np.cos, np.cos([[1.0, 2.0], [3.0, 4.0]]), -np.sin([[1.0, 2.0], [3.0, 4.0]])),
        (lambda x: np.minimum(x, 2.5), [[1.0, 2.0], [2.5, 2.5]], [[1.0, 1.0], [0.0, 0.0]]),
        (lambda x: np.std(x, axis=1), [0.5, 0.5], [[-0.5, 0.5], [-0.5, 0.5]]),
    ],
)
def test_methods_that_people_look_for(compute, expected, slope):
    value, found = gradients(compute, [[1.0, 2.0], [3.0, 4.0]])
    np.testing.assert_allclose(value, expected)
    np.testing.assert_allclose(found, slope, atol=1e-15)


def test_argmax_and_the_gradient_of_std_at_a_constant():
    assert tg.Tensor([[1.0, 5.0], [7.0, 2.0]]).argmax() == 2
    assert tg.Tensor([[1.0, 5.0], [7.0, 2.0]]).argmax(1).tolist() == [1, 0]
    value, slope = gradients(lambda x: x.std(1), [[2.0, 2.0], [1.0, 2.0]])
    assert (value.tolist(), slope.tolist()) == ([0.0, 0.5], [[0.0, 0.0], [-0.5, 0.5]])  # as PyTorch's


@pytest.mark.parametrize(
    ("word", "here"),
    [
        ("view", "reshape"),
        ("permute", "transpose"),
        ("clone", "as it is"),
        ("clamp", "clip"),
        ("expand", "tg.broadcast_to"),
        ("unheard_of", ""),
    ],
)
def test_words_of_other_libraries_are_answered_with_the_word_here(word, here):
    with pytest.raises(AttributeError, match=f"a Tensor has no {word}.*{here}"):
        getattr(tg.Tensor([1.0]), word)
    assert not hasattr(tg.Tensor([1.0]), word)


@pytest.mark.parametrize(
    "call",
    [
        lambda x: tg.split(x, [1, 2]),
        lambda x: tg.split(x, 2, None),
        lambda x: tg.concat([x, x], None),
        lambda x: tg.stack([x, x], "0"),
        lambda x: tg.stack(5),
        lambda x: tg.concat("ab"),
        lambda x: x.max((0, 0, 9)),
        lambda x: x.max((0, 0)),
        lambda x: x.sum((0, 0)),
        lambda x: x.sum((0, -2)),
        lambda x: x.sum(keepdims="no"),
        lambda x: tg.prod(x, (0, 0)),
        lambda x: tg.prod(x, (0, "a")),
        lambda x: x.argmax((0, 1)),
        lambda x: x.reshape("a"),
        lambda x: x.size(),
        lambda x: x.size(0),
        lambda x: tg.place(x, [[1], [1, 2]], (3,)),
        lambda x: x.squeeze(0),
        lambda x: x.unsqueeze(7),
        lambda x: x.clip(),
        lambda x: x.clip(low="a"),
        lambda x: x.var(ddof=9),
        lambda x: x.reshape(True),
        lambda x: tg.cumsum(x, 5),
        lambda x: tg.grad(x.sum(), tg.nn.Linear(2, 2, rng=np.random.default_rng(0))),
        lambda x: tg.grad(x.sum(), 5),
        lambda x: tg.grad(x.sum(), iter(())),
        lambda x: tg.gradcheck(tg.tanh, x, eps=0),
        lambda x: tg.gradcheck(tg.tanh, x, order=float("inf")),
        lambda x: tg.gradcheck(5, x),
        lambda x: tg.gradcheck(tg.tanh, [x, x]),
        lambda x: tg.gradcheck(tg.tanh, [[1.0, 2.0], [3.0]]),
        lambda x: tg.gradcheck(tg.mul, x),
        lambda x: tg.gradcheck(tg.nn.Linear(2, 3, rng=np.random.default_rng(0)), [x, x]),
    ],
)
def test_settings_of_a_wrong_kind_are_said(call):
    with pytest.raises(tg.errors.TinygradRnnError) as caught:
        call(tg.Tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True))
    assert caught.value.hint


# ---- gradcheck --------------------------------------------------------------------------------------------------------------------


def test_a_function_that_ignores_its_inputs_is_not_certified():
    linear, x = tg.nn.Linear(2, 3, rng=np.random.default_rng(0)), np.ones((1, 2))
    with pytest.raises(GraphError, match="does not read its inputs"):
        tg.gradcheck(lambda *parameters: linear(x), linear.parameters())


@pytest.mark.parametrize(
    ("function", "k"),
    [
        (lambda x, y: tg.Tensor([3.0]), 1),
        (lambda x, y: x * 2, 2),
        (lambda x, y: tg.exp(y), 1),
        (lambda x, y: x * 2 + tg.Tensor(1.0, requires_grad=True) * 0, 2),
    ],
)
def test_a_function_that_ignores_one_of_its_inputs_is_not_certified(function, k):
    for order in (1, 2):
        with pytest.raises(GraphError, match=f"does not depend on input {k}") as caught:
            tg.gradcheck(function, [np.ones(2), np.ones(2)], order=order)
        assert caught.value.hint


def test_a_gradient_that_was_cut_off_is_found_before_its_input_is_missed():
    for function in (lambda x: x.detach() * 2, lambda x: tg.Tensor(x.numpy() ** 2)):
        with pytest.raises(tg.errors.GradientError):
            tg.gradcheck(function, np.ones(2))


def test_linear_functions_have_a_second_order():
    assert tg.gradcheck(lambda x, y: x + y, [np.ones(2), np.ones(2)], order=3)


def test_a_module_is_checked_with_its_parameters():
    cell, x = tg.nn.GRUCell(2, 3, rng=np.random.default_rng(0)), np.random.default_rng(1).normal(size=(1, 4, 2))

    class Run(tg.nn.Module):
        def __init__(self, wrong):
            self.cell, self.wrong = cell, wrong

        def forward(self, xs):
            hs, _ = tg.nn.unroll(self.cell, xs)
            return hs[-1] * tg.Tensor(self.cell.b.data.sum()) if self.wrong else hs[-1]

    weights = cell.state_dict()
    assert tg.gradcheck(Run(wrong=False), x)
    with pytest.raises(tg.errors.GradientError):
        tg.gradcheck(Run(wrong=True), x)
    for name, value in cell.state_dict().items():
        np.testing.assert_array_equal(value, weights[name])


def test_a_function_that_changes_between_calls_is_said():
    rng = np.random.default_rng(0)
    with pytest.raises(GraphError, match="another value each time"):
        tg.gradcheck(lambda x: tg.functional.dropout(x, 0.5, rng), np.ones(8))


def test_the_mean_along_an_axis_of_an_array_without_rows_is_numpys():
    assert tg.Tensor(np.zeros((0, 3))).mean(axis=1).shape == (0,)
    assert tg.Tensor(np.zeros((2, 3))).mean(axis=(0, 1), keepdims=True).shape == (1, 1)
    for axis in (0, None):
        with pytest.raises(ShapeError, match="no entries"):
            tg.Tensor(np.zeros((0, 3))).mean(axis=axis)


def test_softmax_over_two_axes_is_that_of_the_entries_in_one_row():
    x = np.random.default_rng(0).normal(size=(2, 3, 4))
    for name in ("softmax", "log_softmax"):
        function = getattr(tg.functional, name)
        row = function(x.transpose(0, 2, 1).reshape(8, 3).T.reshape(3, 8), axis=1).numpy()
        both = function(x, axis=(0, 2)).numpy()
        np.testing.assert_allclose(both.transpose(1, 0, 2).reshape(3, 8), row)
        assert tg.gradcheck(lambda t, function=function: function(t, axis=(0, 2)), x, order=2)
    for axis in (None, "0", 1.0, (), (0, 5)):
        with pytest.raises(ShapeError) as caught:
            tg.functional.softmax(x, axis=axis)
        assert caught.value.hint
