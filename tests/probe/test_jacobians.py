"""Jacobians of states against finite differences, torch.func, each other, and the bound of Pascanu et al."""

import numpy as np
import probe_nets
import pytest
import torch_probe
import torch_values
from hypothesis import given, settings
from hypothesis import strategies as st
from op_cases import ALL, NAMES, function, inputs
from probe_nets import BATCH, CELLS, CHOICES, HIDDEN, INPUTS, run, simple

import tinygrad_rnn as tg
from tinygrad_rnn import nn
from tinygrad_rnn.errors import DataError, DtypeError, GraphError, ShapeError
from tinygrad_rnn.probe import bound, jacobian, singular_values, spectral_radius, step_jacobians, vectorized_vjp
from tinygrad_rnn.probe.lanes import lane_of

KINDS = {
    "RNNCell tanh": lambda *sizes: nn.RNNCell(*sizes, rng=np.random.default_rng(0)),
    "RNNCell relu": lambda *sizes: nn.RNNCell(*sizes, rng=np.random.default_rng(0), nonlinearity="relu"),
    "LSTMCell": lambda *sizes: nn.LSTMCell(*sizes, rng=np.random.default_rng(0)),
    "GRUCell reset_after": lambda *sizes: nn.GRUCell(*sizes, rng=np.random.default_rng(0)),
    "GRUCell paper": lambda *sizes: nn.GRUCell(*sizes, rng=np.random.default_rng(0), reset_after=False),
}


def ours(case):
    """The Jacobians that torch_probe.py stores, by the probes."""
    given, _ = torch_values.inputs(case)
    cell = KINDS[case.kind](torch_values.INPUT_SIZE, case.hidden)
    for name, p in cell.named_parameters():
        p.data = given[name]
    xs = [tg.Tensor(given["x"][:, t], requires_grad=True) for t in range(case.steps)]
    state = tuple(tg.Tensor(given[name]) for name in ("h0", "c0") if name in given)
    states = []
    for t, x in enumerate(xs, start=1):
        with tg.time_step(t):
            state = cell.step(x, state)
        states.append(state)
    start = torch_probe.START
    loss = sum(part.sum() for part in state)
    return {
        "far": jacobian(states[-1], states[start - 1]),
        "step": step_jacobians(loss)[start - 1],
        "input": jacobian(states[-1][0], xs[start]),
    }


def differences(case, expected):
    """The largest deviation from what PyTorch gave, where it is above 1e-12."""
    found = {key: np.abs(value - np.asarray(expected[key])).max() for key, value in ours(case).items()}
    return {key: gap for key, gap in found.items() if not gap < 1e-12}


@pytest.mark.parametrize("case", torch_probe.CASES, ids=lambda case: case.kind)
def test_jacobians_are_those_that_torch_gave(case):
    assert differences(case, torch_probe.stored()["jacobians"][case.kind]) == {}


def test_a_wrong_jacobian_is_found():
    case = torch_probe.CASES[0]
    expected = torch_probe.stored()["jacobians"][case.kind]
    expected["step"][1][2][3] += 1e-9
    assert list(differences(case, expected)) == ["step"]


@pytest.mark.torch
def test_jacobians_are_those_that_torch_gives_now():
    pytest.importorskip("torch")
    assert {
        case.kind: found for case in torch_probe.CASES if (found := differences(case, torch_probe.jacobian_values(case)))
    } == {}


def state_after(cell, x, state):
    _, state = nn.unroll(cell, x, state)
    return state


@pytest.mark.parametrize("name", CELLS)
def test_jacobians_are_those_of_finite_differences(name):
    """From the state after step 2 to the state after step 5, each part by itself, and from step to step."""
    net, x = CELLS[name](np.random.default_rng(0)), probe_nets.data()
    cell = net.layers[0] if isinstance(net, nn.Stacked) else net
    middle = [tg.Tensor(part.data, requires_grad=True) for part in state_after(cell, x[:, :2], None)]
    end = state_after(cell, x[:, 2:], middle)
    found = jacobian(end, middle)
    eps, joint = 1e-6, np.concatenate([part.data for part in middle], 1)
    for j in range(joint.shape[1]):
        moved = []
        for sign in (eps, -eps):
            other = joint.copy()
            other[:, j] += sign
            parts = [tg.Tensor(part) for part in np.split(other, len(middle), 1)]
            moved.append(np.concatenate([part.data for part in state_after(cell, x[:, 2:], parts)], 1))
        numeric = (moved[0] - moved[1]) / (2 * eps)
        assert np.abs(found[:, :, j] - numeric).max() < 1e-8
    assert np.abs(found).max() > 1e-3


@pytest.mark.parametrize("name", [*CELLS, "two layers", "both ways", "grid"])
def test_the_product_of_all_steps_is_the_jacobian_from_the_first_to_the_last(name):
    _, _, _, loss = run(name)
    chosen = {"layer": None, "direction": None, "scope": None, **CHOICES.get(name, {})}
    steps = step_jacobians(loss, **chosen)
    states = list(lane_of(loss, None, **chosen).states(None).values())
    assert len(steps) == len(states) - 1 == 4
    product = np.broadcast_to(np.eye(steps.shape[-1]), steps.shape[1:])
    for J in steps:
        product = J @ product
    found = jacobian(*(tuple(map(tensor_of, state)) for state in (states[-1], states[0])))
    assert np.abs(product - found).max() < 1e-12
    assert np.abs(found).max() > 1e-6


def tensor_of(node):
    """A state that is known by its node."""
    t = tg.Tensor(np.zeros(node.shape))
    t.node = node
    return t


def test_one_state_by_name_holds_the_others_fixed():
    """dc_t/dc_{t-1} with h fixed is the forget gate: the constant error carousel."""
    _, _, _, loss = run("LSTM")
    carousel = step_jacobians(loss, "c")
    f = tg.probe.gates(loss)["f"].values[1:]
    assert np.abs(carousel - f[..., None] * np.eye(HIDDEN)).max() < 1e-15
    joint = step_jacobians(loss, ("h", "c"))
    assert np.array_equal(joint, step_jacobians(loss))
    assert np.array_equal(step_jacobians(loss, ("c", "h"))[..., :HIDDEN, :HIDDEN], joint[..., HIDDEN:, HIDDEN:])
    assert np.array_equal(joint[..., HIDDEN:, HIDDEN:], carousel)


def test_the_input_is_held_fixed_even_if_it_was_made_of_the_state():
    rng = np.random.default_rng(0)
    cell, back = nn.RNNCell(INPUTS, HIDDEN, rng=rng), tg.Tensor(rng.standard_normal((HIDDEN, INPUTS)), requires_grad=True)
    state = cell.initial_state(BATCH)
    x, hs = tg.Tensor(rng.standard_normal((BATCH, INPUTS))), []
    for t in (1, 2, 3):
        with tg.time_step(t):
            state = cell.step(x, state)
        x = state[0] @ back
        hs.append(state[0])
    slope = 1 - hs[1].data ** 2
    fixed = slope[:, :, None] * cell.Wh.data.T
    assert np.abs(step_jacobians(hs[-1].sum())[0] - fixed).max() < 1e-15
    assert np.abs(jacobian(hs[1], hs[0]) - (fixed + slope[:, :, None] * (back.data @ cell.Wx.data).T)).max() < 1e-15


def test_each_step_walks_its_own_ops_alone(monkeypatch):
    """All steps together walk every op at most once for each block of rows: here one block."""
    walked = []
    real = vectorized_vjp.rows_sent
    monkeypatch.setattr(vectorized_vjp, "rows_sent", lambda F, n, g, only: walked.append(n) or real(F, n, g, only))
    _, _, _, loss = run("LSTM", steps=30)
    step_jacobians(loss)
    assert len(walked) == len(set(walked)) <= 17 * 29


def test_rows_are_walked_in_blocks_that_change_nothing(monkeypatch):
    _, _, _, loss = run("LSTM")
    whole = step_jacobians(loss)
    monkeypatch.setattr("tinygrad_rnn.probe.jacobians.AT_ONCE", 3 * BATCH * 2 * HIDDEN)
    assert np.array_equal(step_jacobians(loss), whole)


@pytest.mark.parametrize(("op", "case"), ALL, ids=NAMES)
def test_rows_of_every_op_are_what_one_pass_a_row_gives(op, case):
    xs = [tg.Tensor(value, requires_grad=True) for value in inputs(case)]
    y = function(op, case)(*xs)
    seeds = np.random.default_rng(0).standard_normal((3, *y.shape))
    found = vectorized_vjp.pull(vectorized_vjp.VECTORIZED, [(y.node, seeds)], [y.node], [x.node for x in xs])
    for k, seed in enumerate(seeds):
        for g, expected in zip(found, tg.grad(y, xs, gradient=seed), strict=True):
            assert g[k] == pytest.approx(expected, rel=1e-12, abs=1e-15)


def test_slices_of_one_whole_are_added_up():
    x = tg.Tensor(np.arange(6.0).reshape(2, 3), requires_grad=True)
    y = tg.concat([x[:, 0:2] * x[:, 1:3], x[:, 1:3] + x[:, 0:2] * 2.0, x * x], axis=1)
    J = jacobian(y, x)
    for b in range(2):
        for i in range(7):
            seed = np.zeros((2, 7))
            seed[b, i] = 1
            assert J[b, i] == pytest.approx(tg.grad(y, x, gradient=seed)[b])


# ---- the bound ----------------------------------------------------------------------------------------------------------------


@settings(max_examples=200)
@given(seed=st.integers(0, 2**32 - 1), hidden=st.integers(1, 6), steps=st.integers(2, 12), scale=st.floats(0.1, 3.0))
@pytest.mark.parametrize("kind", ["linear", "tanh", "sigmoid", "relu"])
def test_the_bound_is_never_violated(kind, seed, hidden, steps, scale):
    rng = np.random.default_rng(seed)
    loss, hs = simple(kind, scale * rng.standard_normal((hidden, hidden)), rng.standard_normal((2, hidden)), steps, rng)
    found = bound(loss)
    assert found.gamma == {"sigmoid": 0.25}.get(kind, 1.0)
    assert (found.measured <= found.bound * (1 + 1e-9) + 1e-300).all()
    far = np.linalg.norm(jacobian(hs[-1], hs[0]), 2, axis=(1, 2)).max()
    assert abs(found.measured[0] - far) <= 1e-9 * max(far, 1e-300)


def test_the_bound_is_reached_by_a_linear_net_that_is_orthogonal():
    """So a gamma that is too small by any factor would be found out."""
    rng = np.random.default_rng(0)
    W = 0.9 * np.linalg.qr(rng.standard_normal((6, 6)))[0]
    found = bound(simple("linear", W, rng.standard_normal((2, 6)), 20, rng)[0])
    assert np.abs(found.measured / found.bound - 1).max() < 1e-12
    assert np.abs(found.bound - 0.9 ** np.arange(19, -1, -1)).max() < 1e-12


def test_the_bound_of_a_layer_that_reads_backwards():
    rng = np.random.default_rng(0)
    net = nn.RNN(INPUTS, HIDDEN, num_layers=2, bidirectional=True, rng=rng)
    hs, _ = nn.unroll(net, probe_nets.data())
    found = bound(sum(h.sum() for h in hs), layer=1, direction=-1)
    assert found.sigma_max == pytest.approx(np.linalg.norm(net.layers[0].backwards.Wh.data, 2))
    assert (found.measured <= found.bound * (1 + 1e-12)).all()


@pytest.mark.parametrize("name", ["LSTM", "GRU", "layer norm", "own"])
def test_no_bound_for_what_is_no_simple_recurrence(name):
    with pytest.raises(GraphError, match="the theorem is about the simple recurrence"):
        bound(run(name)[3])


def test_no_bound_for_weights_that_change():
    h = tg.Tensor(np.ones((2, 3)), requires_grad=True)
    for t in (1, 2, 3):
        with tg.time_step(t):
            h = tg.tanh(h @ tg.Tensor(np.eye(3) * t))
    with pytest.raises(GraphError, match="differ in Wh or f"):
        bound(h.sum())


# ---- matrices -------------------------------------------------------------------------------------------------------------------


def test_singular_values_and_spectral_radius():
    rng = np.random.default_rng(0)
    J = rng.standard_normal((2, 3, 4, 5))
    s = singular_values(J)
    assert s.shape == (2, 3, 4)
    assert (np.diff(s) <= 0).all()
    assert np.allclose((s**2).sum(-1), (J**2).sum((-1, -2)))
    turn = np.array([[np.cos(1), -np.sin(1)], [np.sin(1), np.cos(1)]])
    blocks = np.concatenate([0.5 * turn, 3 * turn], 1)
    assert spectral_radius(turn) == pytest.approx(1)
    assert [spectral_radius(blocks, block=k) for k in (0, 1)] == pytest.approx([0.5, 3])
    assert spectral_radius(tg.Tensor(turn, requires_grad=True)) == pytest.approx(1)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: spectral_radius(np.ones((2, 4))), ShapeError, "holds 2 blocks"),
        (lambda: spectral_radius(np.ones((2, 4)), block=2), ShapeError, "blocks 0..1"),
        (lambda: spectral_radius(np.ones((2, 3))), ShapeError, r"shape \(2, 3\)"),
        (lambda: spectral_radius(np.ones((0, 0))), ShapeError, r"shape \(0, 0\)"),
        (lambda: spectral_radius([["a"]]), DtypeError, "str|U1|text|number"),
        (lambda: jacobian(3.0, 4.0), GraphError, "h_t, which is no recorded"),
        (lambda: spectral_radius([[np.nan]]), DataError, "NaN"),
        (lambda: singular_values(np.ones(3)), ShapeError, r"shape \(3,\)"),
        (lambda: jacobian(np.ones((2, 2)), tg.Tensor([[1.0]], requires_grad=True)), GraphError, "h_t, which is no recorded"),
        (lambda: jacobian(tg.Tensor([[1.0]], requires_grad=True), tg.Tensor([[1.0]])), GraphError, "h_s, which is no recorded"),
        (lambda: jacobian((), tg.Tensor([[1.0]], requires_grad=True)), GraphError, "h_t, which is no recorded"),
        (
            lambda: jacobian(*(tg.Tensor(np.ones((n, 1)), requires_grad=True) for n in (1, 2))),
            ShapeError,
            "1 sequences and h_s with 2",
        ),
        (lambda: jacobian(*(tg.Tensor(np.ones((0, 1)), requires_grad=True) for _ in "ab")), ShapeError, "at least one entry"),
    ],
)
def test_what_is_no_matrix_or_state_is_refused(call, error, message):
    with pytest.raises(error, match=message):
        call()
