"""Modules, layers and first values."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn import nn
from tinygrad_rnn.errors import DataError, DtypeError, LoadError, ShapeError
from tinygrad_rnn.nn import init


def seeded(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def parameter(*values: float, **more: Any) -> tg.Tensor:
    return tg.Tensor(list(values), requires_grad=True, **more)


class Nested(nn.Module):
    """Parameters in every place where they are looked for, and things that are none."""

    def __init__(self) -> None:
        rng = seeded()
        self.z = parameter(1.0)
        self.layers = [nn.Linear(2, 3, rng=rng), nn.Linear(3, 2, rng=rng, bias=False)]
        self.heads = {"left": nn.Linear(2, 1, rng=rng), "right": (parameter(2.0, 3.0), "text", None)}
        self.cell = nn.GRUCell(2, 2, rng=rng)
        self.a = parameter(4.0)
        self.again = self.cell
        self.tied = self.layers[0].W
        self.mean = tg.Tensor([5.0])
        self.result = self.a * 2.0
        self.rate = 0.5


NAMES = [
    "z", "layers.0.W", "layers.0.b", "layers.1.W", "heads.left.W", "heads.left.b", "heads.right.0",
    "cell.Wx", "cell.Wh", "cell.b", "cell.bh", "a",
]  # fmt: skip


# ---- modules ------------------------------------------------------------------------------------------------------------


def test_parameters_come_in_the_order_of_assignment_each_once_under_its_first_name():
    module = Nested()
    assert [name for name, _ in module.named_parameters()] == NAMES
    assert len({id(p) for p in module.parameters()}) == len(NAMES)
    assert dict(module.named_parameters())["layers.0.W"] is module.tied


def test_a_parameter_is_named_after_its_attribute_unless_it_has_a_name():
    module = Nested()
    module.given = parameter(1.0, name="mine")
    assert [module.z.name, module.tied.name, module.cell.Wh.name, module.given.name, module.mean.name] == [
        "z",
        "W",
        "Wh",
        "mine",
        None,
    ]


def test_what_is_assigned_later_counts():
    module = Nested()
    module.a = parameter(6.0)
    module.layers.append(nn.Linear(2, 2, rng=seeded()))
    del module.heads
    names = [name for name, _ in module.named_parameters()]
    assert names == [*NAMES[:4], "layers.2.W", "layers.2.b", *NAMES[7:]]
    assert module.state_dict()["a"].tolist() == [6.0]


def test_a_shared_parameter_gathers_the_gradients_of_all_its_uses():
    module = nn.Module()
    module.first = nn.Linear(2, 2, rng=seeded(), bias=False)
    module.second = nn.Linear(2, 2, rng=seeded(1), bias=False)
    module.second.W = module.first.W
    x = np.array([[1.0, 2.0]])
    module.second(module.first(x)).sum().backward()
    W, ones = module.first.W.data, np.ones((1, 2))
    assert [name for name, _ in module.named_parameters()] == ["first.W"]
    np.testing.assert_allclose(module.first.W.grad, (x @ W).T @ ones + x.T @ (ones @ W.T), rtol=1e-14)


def test_zero_grad_forgets_all_gradients():
    module = Nested()
    sum((p.sum() for p in module.parameters()), tg.Tensor(0.0)).backward()
    assert [p.grad.tolist() for p in module.parameters()] == [np.ones(p.shape).tolist() for p in module.parameters()]
    module.zero_grad()
    assert {p.grad for p in module.parameters()} == {None}


def test_calls_go_to_forward_in_a_scope_of_the_class():
    class Outer(nn.Module):
        def __init__(self) -> None:
            self.inner = nn.Linear(2, 2, rng=seeded())

        def forward(self, x: Any, *, times: float) -> tg.Tensor:
            return tg.tanh(self.inner(x)) * times

    y = Outer()(np.ones((1, 2)), times=2.0)
    assert (y.place, {r.place for r in tg.snapshot(y.sum()) if r.op == "matmul"}) == ("Outer", {"Outer / Linear"})


def test_a_module_without_forward_says_so():
    class Bare(nn.Module):
        pass

    with pytest.raises(TypeError, match=r"^Bare has no forward\(\)"):
        Bare()(1.0)


def test_a_cell_is_called_as_its_step():
    cell = nn.LSTMCell(3, 4, rng=np.random.default_rng(0))
    x, state = np.ones((2, 3)), cell.initial_state(2)
    h, _ = cell(x, state)
    assert h.place == "LSTMCell"
    np.testing.assert_array_equal(h.data, cell.step(x, state)[0].data)


def test_train_and_eval_reach_every_module_and_return_the_first():
    module = Nested()
    inside = [module, *module.layers, module.heads["left"], module.cell]
    assert [m.training for m in inside] == [True] * 5
    assert module.eval() is module
    assert [m.training for m in inside] == [False] * 5
    assert module.train() is module
    assert [m.training for m in inside] == [True] * 5
    module.cell.eval()
    assert [m.training for m in inside] == [True] * 4 + [False]


def test_repr_tells_the_sizes():
    assert repr(nn.Linear(3, 2, rng=seeded())) == "Linear(W (3, 2), b (2,))"


# ---- saving and loading -----------------------------------------------------------------------------------------------------


def test_a_state_is_a_copy():
    module = Nested()
    state = module.state_dict()
    assert list(state) == [*NAMES, "mean"]
    state["z"][:] = 9.0
    module.a.data = [8.0]
    assert (module.z.data.tolist(), state["a"].tolist()) == ([1.0], [4.0])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_round_trip_is_exact(dtype):
    saved, fresh = nn.LSTMCell(3, 4, rng=seeded(1), dtype=dtype), nn.LSTMCell(3, 4, rng=seeded(2), dtype=dtype)
    state = saved.state_dict()
    fresh.load_state_dict(state)
    assert [(p.data.tobytes(), p.dtype) for p in fresh.parameters()] == [(p.data.tobytes(), p.dtype) for p in saved.parameters()]
    state["Wx"][:] = 0.0
    assert fresh.Wx.data.all()  # what was loaded is a copy too


def test_loading_keeps_dtype_gradient_and_identity():
    layer = nn.Linear(2, 1, rng=seeded(), dtype=np.float32)
    before = layer.parameters()
    layer(np.ones((1, 2), np.float32)).sum().backward()
    layer.load_state_dict({"W": [[1], [2]], "b": np.array([0.5])})
    assert all(p is q for p, q in zip(layer.parameters(), before, strict=True))
    assert (layer.W.data.tolist(), layer.W.dtype, layer.b.data.tolist()) == ([[1.0], [2.0]], np.float32, [0.5])
    assert layer.b.grad.tolist() == [1.0]


def test_everything_that_does_not_fit_is_named_in_one_error_and_nothing_is_loaded():
    module = Nested()
    before = module.state_dict()
    wrong: dict[str, Any] = {name: value + 1 for name, value in before.items() if name not in ("z", "cell.bh")}
    wrong |= {"cell.Wh": np.ones((6, 2)), "a": np.array(["five"]), "layers.1.W": [["1", "2"]] * 3, "extra": 1.0, "cell": None}
    with pytest.raises(LoadError) as caught:
        module.load_state_dict(wrong)
    assert caught.value.message == (
        "this state does not fit Nested: missing: z (1,); missing: cell.bh (2,); left over: extra; left over: cell; "
        "not numbers: layers.1.W is <U1; misshapen: cell.Wh is (6, 2), the module has (2, 6); not numbers: a is <U4"
    )
    assert caught.value.hint.endswith("nothing was loaded")
    assert {name: value.tolist() for name, value in module.state_dict().items()} == {n: v.tolist() for n, v in before.items()}


@pytest.mark.parametrize("value", [None, "text", [1.0, None], [object(), object()], [1j, 2j], np.array([b"a", b"b"])])
def test_values_that_are_not_numbers_are_refused(value):
    module = nn.Module()
    module.p = parameter(1.0, 2.0)
    with pytest.raises(LoadError, match="not numbers: p is "):
        module.load_state_dict({"p": value})
    assert module.p.data.tolist() == [1.0, 2.0]


def test_a_graph_from_before_loading_refuses_its_backward_pass():
    layer = nn.Linear(2, 1, rng=seeded())
    loss = layer(np.ones((1, 2))).sum()
    layer.load_state_dict(layer.state_dict())
    with pytest.raises(tg.errors.GraphError, match="changed in place"):
        loss.backward()


def test_two_parameters_of_one_name_are_not_lost_in_silence():
    module = nn.Module()
    module.parts = {"a.b": tg.Tensor(1.0, requires_grad=True), "a": {"b": tg.Tensor(2.0, requires_grad=True)}}
    assert len(module.parameters()) == 2
    for call in (module.state_dict, lambda: module.load_state_dict({"parts.a.b": 3.0})):
        with pytest.raises(DataError, match=r"Module has two parameters that are called parts\.a\.b") as caught:
            call()
        assert caught.value.hint


# ---- layers -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(3,), (4, 3), (2, 5, 3), (0, 3)])
@pytest.mark.parametrize("bias", [True, False])
def test_linear(shape, bias):
    layer = nn.Linear(3, 2, rng=seeded(), bias=bias)
    x = tg.Tensor(seeded(1).random(shape), requires_grad=True)
    y = layer(x)
    assert [name for name, _ in layer.named_parameters()] == ["W", "b"][: 1 + bias]
    np.testing.assert_allclose(y.data, x.data @ layer.W.data + (layer.b.data if bias else 0.0), rtol=1e-14)
    y.backward(np.ones(y.shape))
    rows = x.data.reshape(-1, 3)
    np.testing.assert_allclose(layer.W.grad, rows.T @ np.ones((len(rows), 2)), rtol=1e-14)
    np.testing.assert_allclose(x.grad, np.ones(y.shape) @ layer.W.data.T, rtol=1e-14)
    assert not bias or layer.b.grad.tolist() == [len(rows)] * 2


def test_linear_starts_uniform_within_its_bound():
    layer = nn.Linear(16, 500, rng=seeded())
    values = np.concatenate([layer.W.data.ravel(), layer.b.data])
    assert 0.249 < np.abs(values).max() <= 0.25
    assert abs(values.mean()) < 0.01
    assert (np.histogram(values, 4)[0] > 1900).all()


def test_linear_of_features_that_do_not_fit():
    with pytest.raises(ShapeError, match=r"matmul of shapes \(1, 4\) and \(3, 2\)") as caught:
        nn.Linear(3, 2, rng=seeded())(np.ones((1, 4)))
    assert caught.value.where == "Linear"


@pytest.mark.parametrize("ids", [1, [0, 2], [[1, 1, 2], [0, 1, 0]], np.array([2], np.uint8), tg.Tensor(np.array([0, 1])), []])
def test_embedding_looks_rows_up_and_adds_their_gradients(ids):
    table = nn.Embedding(3, 4, rng=seeded())
    rows = np.asarray(ids.data if isinstance(ids, tg.Tensor) else ids).astype(int)
    y = table(ids)
    assert y.data.tolist() == table.W.data[rows].tolist()
    weights = seeded(1).random(y.shape)
    (y * weights).sum().backward()
    expected = np.zeros((3, 4))
    np.add.at(expected, rows, weights)
    np.testing.assert_allclose(table.W.grad, expected, rtol=1e-15)


def test_embedding_keeps_the_ids_that_it_was_called_with():
    table, ids = nn.Embedding(3, 1, rng=seeded()), np.array([0, 1])
    loss = table(ids).sum()
    ids[:] = 2
    loss.backward()
    assert table.W.grad.tolist() == [[1.0], [1.0], [0.0]]


@pytest.mark.parametrize(
    ("ids", "error", "message"),
    [
        ([[0, 3]], DataError, "row 3 of a table with 3 rows"),
        ([7, 9], DataError, "row 7 of a table with 3 rows"),
        (-4, DataError, "row -4 of a table with 3 rows"),
        ([1.0], DtypeError, "take with an index of dtype float64"),
        (np.ones(2, np.float32), DtypeError, "take with an index of dtype float32"),
        ([True], DtypeError, "take with an index of dtype bool"),
        ("a", DtypeError, "take with an index of dtype <U1"),
    ],
)
def test_ids_without_a_row(ids, error, message):
    with pytest.raises(error) as caught:
        nn.Embedding(3, 4, rng=seeded())(ids)
    assert (caught.value.message, bool(caught.value.hint)) == (message, True)


# ---- first values -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(4, 4), (1, 1), (2, 5), (5, 2), (0, 3), (3, 0)])
@pytest.mark.parametrize("gain", [1.0, 0.5])
def test_orthogonal_is_orthogonal(shape, gain):
    W = init.orthogonal(seeded(), shape, gain)
    small = W @ W.T if shape[0] <= shape[1] else W.T @ W
    assert W.shape == shape
    np.testing.assert_allclose(small, gain**2 * np.eye(min(shape)), atol=1e-15)


def test_blocks_of_gates_are_orthogonal_one_by_one_and_differ():
    W = init.orthogonal(seeded(), (5, 20), gain=2.0)
    blocks = np.split(W, 4, axis=1)
    for block in blocks:
        np.testing.assert_allclose(block @ block.T, 4 * np.eye(5), atol=1e-14)
    assert len({block.tobytes() for block in blocks}) == 4


def test_orthogonal_has_no_preferred_sign():
    assert {np.sign(init.orthogonal(seeded(seed), (1, 1)).item()) for seed in range(20)} == {-1.0, 1.0}


def test_a_linear_recurrence_with_an_orthogonal_matrix_keeps_the_norm_of_a_gradient():
    W = init.orthogonal(seeded(), (6, 6))
    h = h0 = tg.Tensor(seeded(1).random((1, 6)), requires_grad=True)
    for _ in range(200):
        h = h @ W
    seed = seeded(2).random((1, 6))
    h.backward(seed)
    np.testing.assert_allclose(np.linalg.norm(h0.grad), np.linalg.norm(seed), rtol=1e-12)


@pytest.mark.parametrize("radius", [0.5, 1.0, 1.25])
def test_scaling_to_a_spectral_radius(radius):
    W = seeded().standard_normal((7, 7))
    scaled = init.scale_to_spectral_radius(W, radius)
    np.testing.assert_allclose(init.spectral_radius(scaled), radius, rtol=1e-12)
    np.testing.assert_allclose(scaled / W, np.full((7, 7), scaled[0, 0] / W[0, 0]), rtol=1e-12)


@pytest.mark.parametrize(
    ("W", "radius"),
    [
        ([[0.0, -2.0], [2.0, 0.0]], 2.0),
        ([[0.0, 1.0], [0.0, 0.0]], 0.0),
        ([[-3.0]], 3.0),
        (np.zeros((0, 0)), 0.0),
        ([[1, 1], [1, 1]], 2.0),
    ],
)
def test_spectral_radius(W, radius):
    np.testing.assert_allclose(init.spectral_radius(W), radius, atol=1e-15)


def test_identity():
    assert init.identity((2, 2), 0.5).tolist() == [[0.5, 0.0], [0.0, 0.5]]
    assert init.identity((2, 3)).tolist() == [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]


MAKERS = {
    "uniform": lambda rng, **more: init.uniform(rng, (3, 4), 0.5, **more),
    "orthogonal": lambda rng, **more: init.orthogonal(rng, (3, 12), **more),
    "orthogonal, not in blocks": lambda rng, **more: init.orthogonal(rng, (3, 4), **more),
    "Linear": lambda rng, **more: nn.Linear(3, 4, rng=rng, **more).W.data,
    "Embedding": lambda rng, **more: nn.Embedding(3, 4, rng=rng, **more).W.data,
    "RNNCell": lambda rng, **more: nn.RNNCell(3, 4, rng=rng, **more).Wh.data,
    "LSTMCell": lambda rng, **more: nn.LSTMCell(3, 4, rng=rng, **more).Wh.data,
    "GRUCell": lambda rng, **more: nn.GRUCell(3, 4, rng=rng, **more).Wh.data,
}


@pytest.mark.parametrize("make", [pytest.param(make, id=name) for name, make in MAKERS.items()])
def test_the_seed_decides_every_byte(make):
    np.random.seed(0)
    before = np.random.get_state()[1].tobytes()
    assert make(seeded(3)).tobytes() == make(seeded(3)).tobytes()
    assert make(seeded(3)).tobytes() != make(seeded(4)).tobytes()
    assert np.random.get_state()[1].tobytes() == before


@pytest.mark.parametrize("make", [pytest.param(make, id=name) for name, make in MAKERS.items()])
def test_dtype_is_the_default_one_unless_given(make):
    assert (make(seeded()).dtype, make(seeded(), dtype=np.float32).dtype) == (np.float64, np.float32)
    with tg.default_dtype(np.float32):
        assert (make(seeded()).dtype, make(seeded(), dtype=np.float64).dtype) == (np.float32, np.float64)


def test_biases_of_cells_start_at_zero_but_for_the_forget_gate():
    rng = seeded()
    assert nn.RNNCell(2, 3, rng=rng).b.data.tolist() == [0.0] * 3
    assert nn.LSTMCell(2, 2, rng=rng).b.data.tolist() == [0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0]
    assert nn.LSTMCell(2, 2, rng=rng, forget_bias=-2.5).b.data.tolist() == [0.0, 0.0, -2.5, -2.5, 0.0, 0.0, 0.0, 0.0]
    gru = nn.GRUCell(2, 2, rng=rng)
    assert (gru.b.data.tolist(), gru.bh.data.tolist()) == ([0.0] * 6, [0.0] * 2)
    assert [name for name, _ in nn.GRUCell(2, 2, rng=rng, reset_after=False).named_parameters()] == ["Wx", "Wh", "b"]


@pytest.mark.parametrize("cell", [nn.RNNCell, nn.LSTMCell, nn.GRUCell])
def test_weights_of_cells_start_uniform_within_their_bound(cell):
    one = cell(9, 100, rng=seeded())
    for W in (one.Wx.data, one.Wh.data):
        assert 0.099 < np.abs(W).max() <= 0.1
        assert abs(W.mean()) < 0.005


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: init.orthogonal(seeded(), (3,)), "orthogonal of shape (3,)"),
        (lambda: init.identity((3, 3, 3)), "identity of shape (3, 3, 3)"),
        (lambda: init.spectral_radius([1.0]), "spectral_radius of shape (1,)"),
        (lambda: init.spectral_radius(np.ones((2, 8))), "the spectral radius of a matrix of shape (2, 8)"),
        (lambda: init.scale_to_spectral_radius(np.ones((2, 8)), 1.0), "the spectral radius of a matrix of shape (2, 8)"),
        (
            lambda: init.scale_to_spectral_radius(np.zeros((2, 2)), 1.0),
            "a matrix with spectral radius 0 cannot be scaled to another",
        ),
    ],
)
def test_matrices_for_which_it_is_not_defined(make, message):
    with pytest.raises(ShapeError) as caught:
        make()
    assert (caught.value.message, bool(caught.value.hint)) == (message, True)


@pytest.mark.parametrize("make", [nn.init.orthogonal, lambda rng, *args, **options: nn.init.identity(*args, **options)])
def test_a_numpy_gain_keeps_float32(make):
    assert make(seeded(), (3, 6), gain=np.sqrt(2), dtype=np.float32).dtype == np.float32


def test_state_that_is_ragged_or_too_large_is_refused_whole():
    layer = nn.Linear(2, 2, rng=seeded(), dtype=np.float32)
    before = layer.state_dict()
    with pytest.raises(LoadError, match=r"left over: extra; no array: W .*rows of different lengths"):
        layer.load_state_dict({"W": [[1, 2], [3]], "b": [0, 0], "extra": 1})
    with pytest.raises(LoadError, match="too large for float32: b"):
        layer.load_state_dict({"W": np.ones((2, 2)), "b": np.full(2, 1e300)})
    assert {name: value.tolist() for name, value in layer.state_dict().items()} == {n: v.tolist() for n, v in before.items()}


def test_modules_that_know_each_other():
    parent, child = nn.Module(), nn.Module()
    parent.child, child.parent = child, parent
    parent.w = parameter(1.0)
    assert [name for name, _ in parent.named_parameters()] == ["w"]
    assert not parent.eval().training
    assert not child.training


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
        nn.unroll(cell(3, 4, rng=seeded()), np.ones((2, 5, 3)), state(tg.Tensor(np.ones((2, 4)))))
    assert caught.value.where == f"t=1 / {cell.__name__}"


@pytest.mark.parametrize(("make", "error"), [
    (lambda: nn.Embedding(3, 2, rng=seeded())([-1]), DataError),
    (lambda: nn.Embedding(3, 2, rng=seeded())([[1], [1, 2]]), DtypeError),
    (lambda: nn.Linear(-1, 2, rng=seeded()), ShapeError),
    (lambda: nn.Embedding(-1, 2, rng=seeded()), ShapeError),
    (lambda: nn.RNNCell(3.0, 4, rng=seeded()), ShapeError),
    (lambda: nn.RNNCell(3, 4, rng=0), DataError),
    (lambda: nn.unroll(nn.RNNCell(3, 4, rng=seeded()), []), DataError),
    (lambda: nn.unroll(nn.RNNCell(3, 4, rng=seeded()), [tg.Tensor(np.ones((1, 3))), tg.Tensor(np.ones((2, 3)))]), ShapeError),
])  # fmt: skip
def test_what_a_layer_cannot_take_is_refused(make, error):
    with pytest.raises(error) as caught:
        make()
    assert caught.value.hint


def view_of_a_larger_one():
    return tg.Tensor(np.ones((2, 8)), requires_grad=True)[0].detach()


@pytest.mark.parametrize(("call", "error", "words"), [
    (lambda: init.uniform(seeded(), (3, 4), float("nan")), DataError, "bound=nan"),
    (lambda: init.uniform(seeded(), (3, 4), -1.0), DataError, "bound=-1.0"),
    (lambda: init.uniform(seeded(), (3, 4), 10**400), DataError, "bound=1000"),
    (lambda: init.uniform(None, (3, 4), 1.0), DataError, "rng is NoneType"),
    (lambda: init.uniform(seeded(), 3, 1.0), ShapeError, "weights of shape 3"),
    (lambda: init.normal(seeded(), (3, -1)), ShapeError, r"weights of shape \(3, -1\)"),
    (lambda: init.zeros("ab"), ShapeError, "weights of shape 'ab'"),
    (lambda: init.ones((2.0,)), ShapeError, r"weights of shape \(2.0,\)"),
    (lambda: init.orthogonal(seeded(), (3, 3), gain=None), DataError, "gain=None"),
    (lambda: init.orthogonal(None, (3, 3)), DataError, "rng is NoneType"),
    (lambda: init.identity(5), ShapeError, "weights of shape 5"),
    (lambda: init.identity((3, 3), float("inf")), DataError, "gain=inf"),
    (lambda: init.identity_(np.eye(3)), DataError, "identity_ of array"),
    (lambda: init.forget_gate_(np.zeros(4), 1.0), DataError, "forget_gate_ of array"),
    (lambda: init.forget_gate_(tg.Tensor(np.zeros((4, 4))), 1.0), ShapeError, r"a b of shape \(4, 4\)"),
    (lambda: init.forget_gate_(tg.Tensor(np.zeros(6)), 1.0), ShapeError, r"a b of shape \(6,\)"),
    (lambda: init.spectral_radius([[float("nan")]]), DataError, "finite numbers"),
    (lambda: init.spectral_radius([[1j]]), DtypeError, "complex"),
    (lambda: init.scale_to_spectral_radius(np.eye(2), "big"), DataError, "radius='big'"),
    (lambda: tg.functional.dropout([1.0], 0.5, None), DataError, "rng is NoneType"),
    (lambda: tg.functional.dropout_mask((2,), 0.5, None), DataError, "rng is NoneType"),
    (lambda: nn.Dropout(0.5, rng=None), DataError, "rng is NoneType"),
    (lambda: nn.LSTM(3, 4, rng=None, dropout=0.5), DataError, "rng is NoneType"),
    (lambda: nn.Embedding(3, 1.5, rng=seeded()), ShapeError, "Embedding with symbols=3, features=1.5"),
    (lambda: nn.AdditiveAttention(3, 0, 2, rng=seeded()), ShapeError, "AdditiveAttention with query_size=3, key_size=0"),
    (lambda: nn.DotAttention(scale=None), DataError, r"DotAttention\(scale=None\)"),
    (lambda: nn.Embedding(num_embeddings=3, embedding_dim=2, rng=seeded()), DataError, r"Embedding\(num_embeddings="),
    (lambda: nn.Linear(in_features=3, out_features=2, rng=seeded()), DataError, r"Linear\(in_features="),
    (lambda: nn.Stacked(nn.RNNCell(3, 4, rng=seeded())), DataError, "Stacked of RNNCell"),
    (lambda: nn.GridLSTMCell(2, 3, rng=seeded()).step(5), ShapeError, "pairs of shapes int"),
    (lambda: nn.GridLSTMCell(2, 3, rng=seeded()).step([(1, 2), (3, 4)]), ShapeError, "pairs of shapes"),
    (lambda: nn.Linear(3, 2, rng=seeded()).train("no"), DataError, "mode='no'"),
])  # fmt: skip
def test_settings_that_do_not_exist_are_said_with_a_hint(call, error, words):
    with pytest.raises(error, match=words) as caught:
        call()
    assert caught.value.hint


def test_a_forget_gate_is_opened_in_any_tensor_and_graphs_that_used_the_old_one_know():
    whole = view_of_a_larger_one()
    assert init.forget_gate_(whole, 3.0) is whole
    assert whole.data.tolist() == [1, 1, 3, 3, 1, 1, 1, 1]
    cell = nn.LSTMCell(2, 2, rng=seeded())
    loss = (cell.b * cell.b).sum()
    init.forget_gate_(cell.b, 5.0)
    with pytest.raises(tg.errors.GraphError, match="changed in place"):
        loss.backward()


def test_a_grid_without_biases_is_that_of_the_paper():
    bare, full = (nn.GridLSTM(3, 4, 2, rng=seeded(), bias=bias) for bias in (False, True))
    assert [name for name, _ in bare.named_parameters() if ".b" in name.replace("blocks", "")] == []
    full.load_state_dict(full.state_dict() | bare.state_dict() | {
        name: np.zeros(p.shape) for name, p in full.named_parameters() if name not in bare.state_dict()
    })  # fmt: skip
    x = seeded(1).random((2, 3, 3))
    assert [h.data.tolist() for h in bare(x)[0]] == [h.data.tolist() for h in full(x)[0]]


def test_a_state_inside_a_checkpoint_is_pointed_at():
    layer = nn.Linear(2, 2, rng=seeded())
    with pytest.raises(LoadError, match=r"load_state_dict of a checkpoint, a dict with 'epoch', 'model'") as caught:
        layer.load_state_dict({"epoch": 3, "model": layer.state_dict()})
    assert caught.value.hint == "the state is inside: give checkpoint['model']"
