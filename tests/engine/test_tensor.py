"""Tensor as a NumPy user meets it: dtypes, operators, NumPy's functions, and errors that say what to do."""

import copy
import pickle
import re

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn.errors import DataError, DtypeError, GraphError, NumericError, ShapeError

X = np.array([[0.5, -1.0, 2.0], [1.5, 0.25, -0.75]])


def leaf(values=X, **options):
    return tg.Tensor(values, requires_grad=True, **options)


# ---- dtype --------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "dtype"),
    [
        (1, np.float64),
        ([1, 2], np.float64),
        ([True], np.float64),
        (np.array([1, 2]), np.int64),
        (np.float32(1), np.float32),
        (np.array([True]), np.bool_),
        (np.zeros(2, np.float16), np.float16),
    ],
)
def test_arrays_keep_their_dtype_and_numbers_become_the_default(data, dtype):
    assert tg.Tensor(data).dtype == dtype


def test_default_dtype_for_a_while_and_for_good():
    with tg.default_dtype(np.float32):
        assert tg.Tensor([1.0]).dtype == np.float32
        assert tg.nn.Linear(2, 2, rng=np.random.default_rng(0)).W.dtype == np.float32
    assert tg.Tensor([1.0]).dtype == np.float64
    before = tg.default_dtype(np.float32)
    assert tg.Tensor(1).dtype == np.float32
    before.__exit__()
    assert tg.Tensor(1).dtype == np.float64
    with pytest.raises(DtypeError, match="floating-point"):
        tg.default_dtype(np.int64)


def test_a_default_dtype_that_is_kept_is_entered_again_and_nested():
    def now():
        return str(tg.Tensor(1).dtype)

    kept, seen = tg.default_dtype("float32"), []
    for _ in range(2):
        with kept:
            seen.append(now())
            with tg.default_dtype("float16"), kept:
                seen.append(now())
            seen.append(now())
        seen.append(now())
    assert seen == ["float32", "float32", "float32", "float64"] * 2


@pytest.mark.parametrize("f", [
    lambda x: x * 2, lambda x: 2.5 * x, lambda x: x + 1, lambda x: 1 - x, lambda x: x / 3, lambda x: 3 / (x + 9), lambda x: x**2,
    lambda x: (x + 9) ** 0.5, lambda x: 2.0 ** x, lambda x: -x, tg.sigmoid, tg.functional.softplus, tg.functional.softmax,
    lambda x: tg.where(x > 0, x, 0.0), lambda x: tg.maximum(x, 0.1), lambda x: x.mean(), lambda x: x.sum() * 0.5,
    lambda x: np.float32(2) * x, lambda x: tg.functional.mse_loss(x, X.astype(np.float32)),
])  # fmt: skip
def test_python_numbers_never_promote_a_float32_graph(f):
    x = leaf(dtype=np.float32)
    y = f(x)
    assert y.dtype == np.float32
    y.sum().backward()
    assert x.grad.dtype == np.float32


@pytest.mark.parametrize("values", [np.array([1, 2]), np.array([True])])
def test_integers_refuse_requires_grad(values):
    with pytest.raises(DtypeError, match="cannot require a gradient"):
        leaf(values)
    t = tg.Tensor(values)
    with pytest.raises(DtypeError, match="dtype=float"):
        t.requires_grad = True


@pytest.mark.parametrize("values", ["abc", None, object(), [[1], [2, 3]], np.array(["a"]), 1j, {"a": 1}])
def test_what_is_not_numbers_is_refused(values):
    with pytest.raises(DtypeError):
        tg.Tensor(values)


def test_whole_numbers_to_a_negative_power_become_fractions():
    np.testing.assert_array_equal((tg.Tensor(np.array([1, 2])) ** -1).data, [1.0, 0.5])


def test_minus_zero_survives():
    assert np.signbit((leaf([1.0]) * -0.0).data[0])
    assert not np.signbit((leaf([1.0]) * 0.0).data[0])


# ---- NumPy's operators and functions ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("expression", "op"), [
    (lambda t: np.tanh(t), "tanh"), (lambda t: np.exp(t), "exp"), (lambda t: np.negative(t), "neg"),
    (lambda t: np.log(np.abs(t)), "log"), (lambda t: X + t, "add"), (lambda t: X * t, "mul"), (lambda t: X - t, "sub"),
    (lambda t: X / t, "div"), (lambda t: X.T @ t, "matmul"), (lambda t: t @ X.T, "matmul"), (lambda t: np.matmul(X.T, t), "matmul"),
    (lambda t: np.add(t, X), "add"), (lambda t: np.maximum(t, 0.0), "maximum"), (lambda t: np.power(t, 2), "pow"),
    (lambda t: np.float64(2) * t, "mul"), (lambda t: np.sum(t, axis=0), "sum"), (lambda t: np.max(t), "max"),
    (lambda t: np.concatenate([t, t]), "concat"), (lambda t: np.stack([t, t]), "stack"), (lambda t: np.where(X > 0, t, 0.0), "where"),
    (lambda t: np.reshape(t, (3, 2)), "reshape"), (lambda t: np.transpose(t), "transpose"),
    (lambda t: np.transpose(t, (1, 0)), "transpose"),
    (lambda t: np.broadcast_to(t, (2, 2, 3)), "broadcast_to"), (lambda t: np.mean(t), "mul"),
])  # fmt: skip
def test_numpy_records(expression, op):
    t = leaf(np.abs(X))
    y = expression(t)
    assert isinstance(y, tg.Tensor)
    assert y.node.op.name == op
    np.testing.assert_allclose(y.data, expression(np.abs(X)))
    y.sum().backward()
    assert t.grad.shape == X.shape


@pytest.mark.parametrize(("call", "named"), [
    (lambda t: np.cbrt(t), "tensor.numpy"), (lambda t: np.clip(t, 0, 1, out=t), "clip"), (lambda t: np.linalg.norm(t), "sum"),
    (lambda t: np.einsum("i", t, order="C"), "einsum"), (lambda t: np.add.reduce(t), "tensor.numpy"), (lambda t: np.tan(t), "tensor.numpy"),
    (lambda t: np.fft.fft(t), "tensor.numpy"), (lambda t: np.add(t, t, out=np.zeros((2, 3))), "out="), (lambda t: np.ravel(t), "reshape"),
])  # fmt: skip
def test_numpy_functions_without_an_op_are_refused_with_an_alternative(call, named):
    with pytest.raises(GraphError, match="not recorded") as caught:
        call(leaf())
    assert re.search(named, str(caught.value))


def test_asarray_of_a_recorded_tensor_is_refused_and_of_a_constant_is_not():
    with pytest.raises(GraphError, match="lose the gradient"):
        np.asarray(leaf())
    np.testing.assert_array_equal(np.asarray(tg.Tensor(X)), X)
    np.testing.assert_array_equal(np.sqrt(tg.Tensor([4.0])), [2.0])
    assert np.allclose(leaf(), X)
    assert np.argmax(leaf()) == 2
    assert np.isfinite(leaf()).all()


def test_behaves_as_a_numpy_user_expects():
    t = leaf()
    assert (len(t), t.shape, t.ndim, t.size) == (2, (2, 3), 2, 6)
    assert [row.shape for row in t] == [(3,), (3,)]
    assert float(t.sum()) == X.sum()
    assert int(tg.Tensor(3.7)) == 3
    assert f"{t.sum():.2f}" == "2.50"
    assert [10, 20, 30][tg.Tensor(np.array(1))] == 20
    np.testing.assert_array_equal(t > 0, X > 0)
    np.testing.assert_array_equal(t == X, np.ones((2, 3), bool))
    assert 0.5 in t
    assert t.__eq__("text") is NotImplemented
    assert len({t, t}) == 1
    assert bool(tg.Tensor(1.0))
    assert not tg.Tensor([0.0])
    np.testing.assert_array_equal(t.T.data, X.T)
    assert abs(t).data.min() == 0.25
    assert (+t) is t


@pytest.mark.parametrize(("call", "error", "says"), [
    (lambda: bool(leaf()), ShapeError, "is true"),
    (lambda: float(leaf()), ShapeError, "exactly one entry"),
    (lambda: len(tg.Tensor(1.0)), TypeError, "unsized"),
    (lambda: list(tg.Tensor(1.0)), TypeError, "unsized"),
    (lambda: leaf().__setitem__(0, 1.0), GraphError, r"tg\.where"),
    (lambda: pickle.dumps(leaf()), GraphError, "state_dict"),
    (lambda: copy.deepcopy(leaf() * 2), GraphError, "detach"),
    (lambda: tg.Tensor(leaf() * 2), GraphError, "detach"),
    (lambda: tg.Tensor([leaf()[0, 0], leaf()[0, 1]]), DtypeError, r"tg\.stack"),
    (lambda: setattr(leaf(), "data", [1.0]), ShapeError, r"\(1,\)"),
    (lambda: setattr(leaf(), "grad", [1.0]), ShapeError, r"\(1,\)"),
    (lambda: setattr(leaf() * 2, "requires_grad", False), GraphError, "detach"),
    (lambda: tg.Tensor(X).retain_grad(), GraphError, "leaf"),
    (lambda: tg.Tensor("some text"), DtypeError, "CharVocabulary"),
    (lambda: tg.Tensor(X, dtype="float3"), DtypeError, "dtype='float3', which NumPy does not know"),
    (lambda: tg.default_dtype("float3"), DtypeError, "dtype='float3', which NumPy does not know"),
    (lambda: leaf().nothing, AttributeError, "nothing"),
    (lambda: leaf().sum(axis=2), ShapeError, "2 axes"),
    (lambda: leaf().sum(axis=True), ShapeError, r"sum\(axis=True\)"),
    (lambda: leaf([]).mean(), ShapeError, "no entries"),
    (lambda: tg.take(leaf(), [0.5]), DtypeError, "integers"),
    (lambda: tg.take(leaf(), [2]), DataError, "row 2 of a table with 2 rows"),
    (lambda: tg.take(leaf(), [-1]), DataError, "row -1"),
    (lambda: tg.stack([]), ShapeError, "empty list"),
    (lambda: tg.split(leaf(), 2), ShapeError, "multiple"),
    (lambda: tg.functional.cross_entropy(leaf(), [0, 3]), DataError, "class 3 among 3 classes"),
    (lambda: tg.functional.cross_entropy(leaf(), [0]), ShapeError, "does not fit"),
    (lambda: tg.functional.cross_entropy(leaf(), [0.0, 1.0]), DtypeError, "integers"),
    (lambda: tg.functional.cross_entropy(np.zeros((0, 3)), []), DataError, "no examples"),
    (lambda: tg.functional.mse_loss(leaf(), X[0]), ShapeError, "must be equal"),
    (lambda: tg.functional.dropout(leaf(), 1.0, np.random.default_rng(0)), DataError, "p"),
])  # fmt: skip
def test_errors_say_why(call, error, says):
    with pytest.raises(error, match=says):
        call()


@pytest.mark.parametrize(("call", "shapes"), [
    (lambda: leaf() @ leaf(), r"matmul of shapes \(2, 3\) and \(2, 3\)"),
    (lambda: leaf() + leaf(X.T), r"add of shapes \(2, 3\) and \(3, 2\)"),
    (lambda: tg.concat([leaf(), leaf(X.T)]), r"concat of shapes \(2, 3\) and \(3, 2\)"),
    (lambda: tg.stack([leaf(), leaf(X.T)]), r"stack of shapes \(2, 3\) and \(3, 2\)"),
    (lambda: leaf().reshape(4, 2), r"reshape of shapes \(2, 3\), \(4, 2\)"),
    (lambda: leaf()[5], r"getitem of shapes \(2, 3\), 5"),
    (lambda: leaf() @ leaf(X[0, :2]), r"matmul of shapes \(2, 3\) and \(2,\)"),
    (lambda: leaf() @ 2.0, r"to scale by a number use \*"),
])  # fmt: skip
def test_shapes_that_do_not_fit_name_scope_and_step(call, shapes):
    with tg.time_step(3), tg.scope("LSTMCell", layer=2), pytest.raises(ShapeError, match=shapes) as caught:
        call()
    assert caught.value.where == "t=3 / LSTMCell layer=2"
    assert caught.value.hint


# ---- products of vectors ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("a", "b"), [((3,), (3,)), ((2, 3), (3,)), ((3,), (3, 2)), ((4, 2, 3), (3,)), ((3,), (4, 3, 2)), ((2, 3), (3, 2))]
)
def test_matmul_takes_vectors_as_numpy_does(a, b):
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal(a), rng.standard_normal(b)
    np.testing.assert_allclose(tg.matmul(x, y).data, x @ y)
    assert tg.matmul(x, y).shape == (x @ y).shape
    assert tg.gradcheck(tg.matmul, [x, y], order=2)


@pytest.mark.parametrize("f", [tg.functional.softmax, tg.functional.log_softmax, tg.functional.softplus, tg.functional.log_sigmoid,
                               lambda x: x**x, lambda x: 2.0**x, tg.functional.mean])  # fmt: skip
def test_compositions_have_the_right_gradients(f):
    assert tg.gradcheck(f, np.abs(X) + 0.1, order=2)


@pytest.mark.parametrize("f", [tg.functional.softplus, tg.functional.log_sigmoid, tg.functional.softmax])
def test_compositions_have_no_kink_at_zero(f):
    assert tg.gradcheck(f, np.array([-1.0, 0.0, 0.0, 2.0]), order=2)


def test_dropout_scales_what_it_keeps():
    x = leaf(np.ones((100, 100)))
    y = tg.functional.dropout(x, 0.25, np.random.default_rng(0))
    assert set(np.unique(y.data)) == {0.0, 1 / 0.75}
    assert abs(y.data.mean() - 1) < 0.02
    assert tg.functional.dropout(x, 0.25, np.random.default_rng(0), training=False) is x


# ---- NaN and infinity -----------------------------------------------------------------------------------------------------------


def test_detect_anomaly_names_op_scope_step_and_line():
    x = leaf([-1.0], name="x")
    with tg.detect_anomaly(), tg.time_step(2), tg.scope("MyCell"), pytest.raises(NumericError) as caught:
        tg.log(x)
    assert "log made NaN" in str(caught.value)
    assert "t=2 / MyCell" in caught.value.where
    assert "test_tensor.py:" in caught.value.where
    with tg.detect_anomaly(), pytest.raises(NumericError, match="exp made infinity at entry"):
        tg.exp(leaf([1000.0]))
    with tg.detect_anomaly(), pytest.raises(NumericError, match="holds NaN already"):
        leaf([1.0]) + np.array([np.nan])
    x, weights = tg.Tensor(np.ones((1, 2)), name="x"), [leaf(np.full((2, 2), bad), name="Wh") for bad in (1.0, np.nan, np.inf)]
    for k, kind in ((1, "NaN"), (2, "infinity")):
        with tg.detect_anomaly(), pytest.raises(NumericError, match=f"from its input Wh, which holds {kind} already"):
            x @ weights[k]
        with tg.detect_anomaly(), pytest.raises(NumericError, match=f"from its input Wh, which holds {kind} already"):
            tg.concat([weights[0], weights[k]])
    with tg.detect_anomaly(), pytest.raises(NumericError, match="from its input x, which holds NaN already"):
        tg.Tensor([[np.nan, 1.0]], name="x") @ weights[0]
    with tg.detect_anomaly(), pytest.raises(NumericError, match="from its input Wh, which holds NaN already"):
        -weights[1]


def test_detect_anomaly_in_the_backward_pass():
    x = leaf([0.0])
    with tg.detect_anomaly():
        y = x**0.5
        with pytest.raises(NumericError, match="the gradient that pow sends to its input 1 holds infinity"):
            y.sum().backward()
    assert x.grad is None


@pytest.mark.parametrize("name", ["exp", "log", "tanh", "sigmoid", "relu", "abs", "sum", "max", "mean"])
def test_a_method_is_the_function_of_its_name(name):
    x = leaf([0.5, 2.0])
    method, function = getattr(x, name)(), getattr(tg, name)(x) if name != "mean" else x.sum() * 0.5
    assert method.node.op is function.node.op
    np.testing.assert_array_equal(method.data, function.data)


def test_detect_anomaly_finds_writes_through_a_view():
    w = leaf([1.0, 2.0])
    with tg.detect_anomaly():
        loss = (w * w).sum()
        w.data[:1] = 5.0
        with pytest.raises(GraphError, match="changed through a NumPy view"):
            loss.backward()


def test_detect_anomaly_finds_nothing_in_a_healthy_step():
    w = leaf()
    with tg.detect_anomaly():
        (tg.tanh(w) * w).sum().backward()
    expected = tg.grad((tg.tanh(w) * w).sum(), w)
    np.testing.assert_allclose(w.grad, expected)


def test_a_gradient_that_is_set_is_a_copy():
    a, b, given = leaf([1.0, 2.0]), leaf([1.0, 2.0]), np.array([3.0, 4.0])
    a.grad = given
    b.grad = a.grad
    given[0] = 9.0
    a.grad[1] = 9.0
    assert (a.grad.tolist(), b.grad.tolist()) == ([3.0, 9.0], [3.0, 4.0])
    kept = b.grad
    b.grad *= 2  # in place: nothing to copy
    assert b.grad is kept
    assert kept.tolist() == [6.0, 8.0]
    b.grad = None
    assert b.grad is None


@pytest.mark.parametrize("step", [True, -1, 1.0, "1"])
def test_steps_are_whole_numbers(step):
    for context in (tg.time_step, tg.steps_after):
        with pytest.raises(DataError, match=re.escape(f"{context.__name__}({step!r})")):
            context(step)


def test_detached_values_are_not_changed_through_data():
    w = leaf([1.0])
    kept = w.detach()
    w.data -= 1.0
    assert kept.data.tolist() == [1.0]
