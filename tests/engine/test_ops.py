"""Every primitive in the registry, on every one of its cases: values, both orders of gradient, and that a wrong vjp is seen."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, mutually_broadcastable_shapes
from op_cases import ALL, NAMES, function, inputs

import tinygrad_rnn as tg
from tinygrad_rnn.engine.ops import OPS
from tinygrad_rnn.errors import GradientError


@pytest.mark.parametrize("op", OPS.values(), ids=OPS)
def test_every_op_has_cases_words_and_a_public_function(op):
    assert len(op.cases) >= 3
    assert op.words
    assert op.symbol
    assert callable(getattr(tg, {"power": "pow"}.get(op.name, op.name)))
    assert len(op.vjps) == (op.inputs or 1)


@pytest.mark.parametrize(("op", "case"), ALL, ids=NAMES)
def test_gradients_of_first_and_second_order(op, case):
    assert tg.gradcheck(function(op, case), inputs(case), order=2)


@pytest.mark.parametrize(("op", "case"), ALL, ids=NAMES)
def test_gradients_of_inputs_that_are_not_contiguous(op, case):
    arrays = [np.repeat(x[..., None], 3, axis=-1)[..., 1] for x in inputs(case, seed=1)]
    assert tg.gradcheck(function(op, case), arrays, order=2)


@pytest.mark.parametrize(("op", "case"), ALL, ids=NAMES)
def test_training_path_and_exact_path_agree(op, case):
    """`backward` defers, places and reuses; `grad` does not."""
    tensors = [tg.Tensor(x, requires_grad=True) for x in inputs(case)]
    y = function(op, case)(*tensors)
    loss = (y * y).sum()
    exact = tg.grad(loss, tensors)
    recorded = tg.grad(loss, tensors, create_graph=True)
    loss.backward(keep_graph=False)
    for t, e, r in zip(tensors, exact, recorded, strict=True):
        np.testing.assert_allclose(t.grad, e, rtol=1e-12, atol=1e-13)
        np.testing.assert_allclose(r.numpy(), e, rtol=1e-12, atol=1e-13)
        assert t.grad.shape == t.shape


@pytest.mark.parametrize(("op", "case"), ALL, ids=NAMES)
def test_float32_stays_float32(op, case):
    tensors = [tg.Tensor(x, requires_grad=True, dtype=np.float32) for x in inputs(case)]
    loss = (function(op, case)(*tensors) * 0.5).sum() * 2
    assert loss.dtype == np.float32
    loss.backward()
    assert all(t.grad.dtype == np.float32 for t in tensors)


@pytest.mark.parametrize(("op", "case"), ALL, ids=NAMES)
def test_snapshot_replays_every_value_and_gradient(op, case):
    tensors = [tg.Tensor(x, requires_grad=True) for x in inputs(case)]
    y = function(op, case)(*tensors)
    graph = tg.snapshot(y, np.ones(y.shape))
    np.testing.assert_array_equal(graph.root.value, y.data)
    for t, gradient, record in zip(tensors, tg.grad(y, tensors, gradient=np.ones(y.shape)), graph.parameters, strict=True):
        np.testing.assert_array_equal(record.value, t.data)
        np.testing.assert_array_equal(record.grad, gradient)


@pytest.mark.parametrize("name", OPS)
def test_a_wrong_vjp_is_caught(name, monkeypatch):
    """Each vjp of each op, a little wrong: gradcheck must see it."""
    op = OPS[name]
    case = max(op.cases, key=lambda case: sum(int(np.prod(shape)) for shape in case.shapes))
    for slot in range(len(op.vjps)):
        right = op.vjps[slot]
        wrong = tuple(
            (lambda F, n, g, *saved, right=right: right(F, n, g, *saved) * 1.001) if k == slot else vjp
            for k, vjp in enumerate(op.vjps)
        )
        if name in ("getitem", "take"):  # they hand out a gradient that is still to be placed
            wrong = (lambda F, n, g: F.place(g * 1.001, n.args, n.parents[0].shape),)
        with monkeypatch.context() as patch:
            patch.setattr(op, "vjps", wrong)
            with pytest.raises(GradientError, match=r"finite differences|random direction"):
                tg.gradcheck(function(op, case), inputs(case))


def test_a_wrong_second_order_is_caught(monkeypatch):
    from tinygrad_rnn.engine.vjp_on_tensors import Recorded

    monkeypatch.setattr(Recorded, "tanh_slope", lambda self, g, y: g * (1.0 - y.detach() * y))
    assert tg.gradcheck(tg.tanh, np.array([0.5, -1.0]))
    with pytest.raises(GradientError):
        tg.gradcheck(tg.tanh, np.array([0.5, -1.0]), order=2)


values = st.floats(-2, 2, allow_subnormal=False, width=32)


@settings(max_examples=60, deadline=None)
@given(
    mutually_broadcastable_shapes(num_shapes=2, max_dims=3, max_side=3),
    st.sampled_from(["add", "sub", "mul", "div"]),
    st.integers(0, 9),
)
def test_broadcasting_of_any_two_shapes(shapes, name, seed):
    rng = np.random.default_rng(seed)
    a, b = (rng.uniform(0.5, 2.0, shape) for shape in shapes.input_shapes)
    assert tg.gradcheck(getattr(tg, name), [a, b])


@settings(max_examples=60, deadline=None)
@given(array_shapes(min_dims=1, max_dims=3, min_side=0, max_side=3), st.data())
def test_reductions_over_any_axes(shape, data):
    axes = data.draw(
        st.lists(st.integers(-len(shape), len(shape) - 1), min_size=1, max_size=3, unique_by=lambda a: a % len(shape))
    )
    x = np.random.default_rng(0).permutation(np.linspace(-1, 1, int(np.prod(shape)))).reshape(shape)
    keepdims = data.draw(st.booleans())
    assert tg.gradcheck(lambda t: t.sum(tuple(axes), keepdims), x)
    np.testing.assert_array_equal(tg.sum(x, tuple(axes), keepdims).data, x.sum(tuple(axes), keepdims=keepdims))
    if x.size:
        assert tg.gradcheck(lambda t: t.max(tuple(axes), keepdims), x)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_indexing_as_numpy_does(data):
    from hypothesis.extra.numpy import basic_indices

    shape = data.draw(array_shapes(min_dims=1, max_dims=3, min_side=1, max_side=4))
    key = data.draw(basic_indices(shape, allow_newaxis=True))
    x = np.arange(np.prod(shape), dtype=float).reshape(shape)
    np.testing.assert_array_equal(tg.Tensor(x)[key].data, x[key])
    assert tg.gradcheck(lambda t: t[key] * 2.0, x)


EXTREMES = [
    (tg.sigmoid, [0.0, 0.5, 1.0]),
    (tg.functional.log_sigmoid, [-1000.0, -np.log(2), 0.0]),
    (tg.functional.softplus, [0.0, np.log(2), 1000.0]),
    (lambda x: tg.functional.log_softmax(x), [-2000.0, -1000.0, 0.0]),
    (lambda x: tg.functional.softmax(x), [0.0, 0.0, 1.0]),
]


@pytest.mark.parametrize(("f", "expected"), EXTREMES)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_finite_and_right_at_plus_minus_1000(f, expected, dtype):
    x = tg.Tensor([-1000.0, 0.0, 1000.0], requires_grad=True, dtype=dtype)
    y = f(x)
    np.testing.assert_allclose(y.data, np.asarray(expected, dtype), rtol=1e-6, atol=1e-7)
    y.sum().backward()
    assert np.isfinite(x.grad).all()


def test_cross_entropy_at_plus_minus_1000():
    logits = tg.Tensor([[1000.0, -1000.0], [1000.0, -1000.0]], requires_grad=True)
    loss = tg.functional.cross_entropy(logits, [0, 1])
    assert loss.item() == 1000.0
    loss.backward()
    np.testing.assert_allclose(logits.grad, [[0.0, 0.0], [0.5, -0.5]], atol=1e-300)
