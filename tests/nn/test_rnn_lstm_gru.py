"""RNN, LSTM and GRU against PyTorch; dropout, layer normalisation, projecting once; skip connections; pictures; errors."""

import json
import re

import numpy as np
import pytest
import torch_family

import tinygrad_rnn as tg
from tinygrad_rnn import nn
from tinygrad_rnn.engine.ops import OPS
from tinygrad_rnn.errors import DataError, DtypeError, ShapeError

FAMILY = {
    "RNN tanh": (nn.RNN, {}),
    "RNN relu": (nn.RNN, {"nonlinearity": "relu"}),
    "LSTM": (nn.LSTM, {}),
    "GRU": (nn.GRU, {}),
    "GRU paper": (nn.GRU, {"reset_after": False}),
}
KINDS = pytest.mark.parametrize("kind", FAMILY)
NORMED = pytest.mark.parametrize("layer_norm", [False, True], ids=["plain", "layer_norm"])


def made(kind, *sizes, seed=0, **settings):
    build, own = FAMILY[kind]
    return build(*sizes, rng=np.random.default_rng(seed), **own, **settings)


def drawn(*shape, seed=0):
    return np.random.default_rng([seed, *shape]).uniform(-1, 1, shape)


def leaves_of(state):
    """All tensors of a nested state."""
    return [state] if isinstance(state, tg.Tensor) else [leaf for part in state for leaf in leaves_of(part)]


def close(actual, expected, tolerance):
    """Equal shapes, and entries no further apart than the tolerance, relative to those above 1."""
    actual, expected = np.asarray(actual), np.asarray(expected)
    return actual.shape == expected.shape and bool(
        (np.abs(actual - expected) <= tolerance * np.maximum(1, np.abs(expected))).all()
    )


# ---- PyTorch ----------------------------------------------------------------------------------------------------------------


def our_values(case):
    """What `torch_family.torch_values` gives, from this package."""
    given, weights = torch_family.inputs(case)
    net = made(case.kind, torch_family.INPUT_SIZE, case.hidden, case.layers, bidirectional=case.directions == 2)
    leaf = dict(net.named_parameters())
    net.load_state_dict({name: given[name] for name in leaf})
    leaf |= {name: tg.Tensor(given[name], requires_grad=True, name=name) for name in ("x", "h0", "c0") if name in given}
    assert leaf.keys() == given.keys()
    cells = [tuple(leaf[name][k] for name in ("h0", "c0") if name in leaf) for k in range(len(case.cells))]
    state = cells if case.directions == 1 else [cells[k : k + 2] for k in range(0, len(cells), 2)]
    if case.ragged:
        packed, state = net(nn.pack([leaf["x"][k, :length] for k, length in enumerate(case.lengths)]), state)
        outputs, lengths = nn.unpack(packed)
        assert list(lengths) == case.lengths
    else:
        outputs, state = net(leaf["x"], state)
    assert len(state) == case.layers
    last = leaves_of(state)
    parts = 2 if case.kind == "LSTM" else 1
    results = {"outputs": outputs} | {name: tg.stack(last[k::parts]) for k, name in enumerate("hc"[:parts])}
    tg.stack([(y * weights[name]).sum() for name, y in results.items()]).sum().backward()
    return {name: y.data for name, y in results.items()} | {f"d {name}": value.grad for name, value in leaf.items()}


def test_outputs_states_and_gradients_are_those_that_pytorch_gave():
    stored, wrong = torch_family.stored(), {}
    assert len(stored) == 384
    for case in torch_family.CASES:
        expected, actual = stored[str(case)], torch_family.digest(our_values(case))
        assert actual.keys() == expected.keys()
        found = [name for name in expected if not close(actual[name], expected[name], 1e-9)]
        wrong |= {str(case): found} if found else {}
    assert wrong == {}


def test_the_digest_sees_one_wrong_entry():
    case = torch_family.CASES[-1]
    values = our_values(case)
    before = torch_family.digest(values)
    values["d layers.1.backwards.Wh"][3, 5] += 1e-6
    after = torch_family.digest(values)
    assert [name for name in before if not close(after[name], before[name], 1e-9)] == ["d layers.1.backwards.Wh"]


def test_the_stored_file_is_small_and_names_its_versions():
    assert torch_family.FILE.stat().st_size < 300_000
    assert json.loads(torch_family.FILE.read_text())["versions"].keys() == {"numpy", "torch"}


@pytest.mark.torch
def test_outputs_states_and_gradients_are_those_that_pytorch_gives_now():
    pytest.importorskip("torch")
    wrong = {}
    for case in torch_family.CASES:
        expected, actual = torch_family.torch_values(case), our_values(case)
        assert actual.keys() == expected.keys()
        found = [name for name in expected if not close(actual[name], expected[name], 1e-9)]
        wrong |= {str(case): found} if found else {}
    assert wrong == {}


# ---- the layers as compositions ---------------------------------------------------------------------------------------------


@KINDS
def test_a_list_of_tensors_gives_a_list_and_an_array_one_tensor(kind):
    xs, net = drawn(2, 5, 3), made(kind, 3, 4, 2, bidirectional=True)
    whole, state = net(xs)
    steps, again = net([tg.Tensor(xs[:, t]) for t in range(5)])
    assert (whole.shape, len(steps), steps[0].shape) == ((2, 5, 8), 5, (2, 8))
    assert whole.data.tolist() == np.stack([y.data for y in steps], 1).tolist()
    assert [s.data.tolist() for s in leaves_of(state)] == [s.data.tolist() for s in leaves_of(again)]
    unrolled, _ = nn.unroll(net, xs)
    assert [y.data.tolist() for y in unrolled] == [y.data.tolist() for y in steps]
    assert net(xs.tolist())[0].data.tolist() == whole.data.tolist()


def test_names_of_parameters():
    one = [name for name, _ in made("LSTM", 3, 4, 2).named_parameters()]
    assert one == [f"layers.{layer}.{name}" for layer in (0, 1) for name in ("Wx", "Wh", "b")]
    both = [name for name, _ in made("GRU", 3, 4, bidirectional=True, dropout=0.5).named_parameters()]
    assert both == [f"layers.0.{way}.{name}" for way in ("forwards", "backwards") for name in ("Wx", "Wh", "b", "bh")]


def test_settings_reach_the_cells():
    net = made("LSTM", 3, 4, 2, forget_bias=2.5, dtype=np.float32)
    assert [(cell.b.data[4:8].tolist(), cell.b.dtype) for cell in net.layers] == [([2.5] * 4, np.dtype("f4"))] * 2
    assert net(drawn(2, 3, 3).astype("f4"))[0].dtype == np.float32


@KINDS
@NORMED
def test_a_carried_state_goes_on_where_it_ended(kind, layer_norm):
    xs, net = drawn(2, 6, 3), made(kind, 3, 4, 2, layer_norm=layer_norm)
    whole, end = net(xs)
    first, state = net(xs[:, :2])
    second, last = net(xs[:, 2:], state)
    assert close(np.concatenate([first.data, second.data], 1), whole.data, 1e-14)
    assert all(close(a.data, b.data, 1e-14) for a, b in zip(leaves_of(last), leaves_of(end), strict=True))


def test_a_detached_state_lets_no_gradient_back():
    xs = [tg.Tensor(drawn(2, 2, 3, seed=k), requires_grad=True) for k in (1, 2)]
    net = made("LSTM", 3, 4, 2, bidirectional=True)
    _, state = net(xs[0])
    detached = nn.detach_state(state)
    assert [type(pair).__name__ for pair in detached] == ["tuple", "tuple"]
    assert [s.data.tolist() for s in leaves_of(detached)] == [s.data.tolist() for s in leaves_of(state)]
    net(xs[1], detached)[0].sum().backward()
    assert (xs[0].grad, xs[1].grad.any()) == (None, True)
    assert nn.detach_state(None) is None
    assert nn.detach_state({"memory": [xs[0]]})["memory"][0].requires_grad is False
    with pytest.raises(DataError, match="detach_state of a float"):
        nn.detach_state((1.0,))


@KINDS
@NORMED
def test_gradients_by_central_differences(kind, layer_norm):
    net = made(kind, 2, 3 - layer_norm, 2 - layer_norm, bidirectional=True, layer_norm=layer_norm)
    parameters = dict(net.named_parameters())
    owners = [(net.layers[int(path.split(".")[1])], path.split(".")[2:]) for path in parameters]

    def run(x, *values):
        for (layer, (way, name)), value in zip(owners, values, strict=True):
            setattr(getattr(layer, way), name, value)
        outputs, state = net(x)
        return tg.concat([outputs.reshape(-1), *(s.reshape(-1) for s in leaves_of(state))])

    rng = np.random.default_rng(3)
    for p in parameters.values():  # no gain of exactly 1, no bias of exactly 0
        p.data = p.data + rng.uniform(-0.3, 0.3, p.shape)
    assert tg.gradcheck(run, [tg.Tensor(drawn(2, 3, 2), requires_grad=True), *parameters.values()])


@KINDS
@NORMED
@pytest.mark.parametrize("project_once", [False, True])
def test_every_node_is_a_primitive_and_knows_where_it_is(kind, layer_norm, project_once):
    net = made(kind, 3, 4, 2, bidirectional=True, layer_norm=layer_norm, project_once=project_once)
    graph = tg.snapshot(net(drawn(1, 3, 3))[0].sum())
    assert {r.op for r in graph if r.kind == "op"} <= OPS.keys() & set(tg.engine.primitives.__all__)
    assert {r.name for r in graph.parameters} == {name.rpartition(".")[2] for name, _ in net.named_parameters()}
    name, cell = type(net).__name__, type(net.layers[0].forwards).__name__
    places = {(layer, way, t) for layer in (1, 2) for way in (1, -1) for t in (1, 2, 3)}
    pattern = rf"{name} / layer=(\d) / Bidirectional / direction=(-?1) / t=(\d) / {cell}"
    found = [re.fullmatch(pattern, r.place) for r in graph if r.name == "h" and r.kind == "op"]
    assert {tuple(map(int, match.groups())) for match in found} == places
    assert len(found) == len(places)


# ---- projecting the input of all steps at once ------------------------------------------------------------------------------


@KINDS
@NORMED
@pytest.mark.parametrize("packed", [False, True], ids=["padded", "packed"])
def test_projecting_once_gives_the_same_numbers(kind, layer_norm, packed):
    results = []
    for project_once in (False, True):
        net = made(kind, 3, 4, 2, bidirectional=True, layer_norm=layer_norm, project_once=project_once)
        x = tg.Tensor(drawn(3, 5, 3), requires_grad=True)
        outputs, state = net(nn.pack([x[0], x[1, :2], x[2, :4]]) if packed else x)
        outputs = nn.unpack(outputs)[0] if packed else outputs
        ((outputs * drawn(3, 5, 8, seed=1)).sum() + sum((s * s).sum() for s in leaves_of(state)[1:])).backward()
        results.append([outputs.data, *(s.data for s in leaves_of(state)), x.grad, *(p.grad for p in net.parameters())])
    assert [k for k, (a, b) in enumerate(zip(*results, strict=True)) if not close(a, b, 1e-12)] == []


def test_projecting_once_is_one_product_and_a_slice_a_step():
    graph = tg.snapshot(made("RNN tanh", 3, 4, project_once=True)(drawn(1, 6, 3))[0].sum())
    outside = [r.op for r in graph if r.kind == "op" and r.t is None and "RNNCell" in r.place]
    assert outside == ["matmul", "add"]
    assert [r.op for r in graph if r.kind == "op" and r.t == 4] == ["getitem", "matmul", "add", "tanh"]
    assert [r.name for r in graph if r.op == "getitem"] == ["xW"] * 6


def test_float64_data_does_not_make_a_float32_net_double():
    net = nn.GRU(3, 4, rng=np.random.default_rng(0), project_once=True, dtype=np.float32, recurrent_dropout=0.5)
    assert net(drawn(2, 3, 3))[0].dtype == np.float32


# ---- dropout ----------------------------------------------------------------------------------------------------------------


def test_one_mask_for_all_steps_of_a_sequence():
    drop = nn.Dropout(0.4, rng=np.random.default_rng(0))
    ys, state = drop(np.ones((50, 6, 20)), "as it was")
    assert state == "as it was"
    assert all(y.data.tolist() == ys[0].data.tolist() for y in ys)
    assert set(np.unique(ys[0].data)) == {0.0, 1 / 0.6}
    assert len({tuple(row) for row in ys[0].data}) == 50  # a mask of its own for each sequence
    again, _ = drop(np.ones((50, 6, 20)))
    assert again[0].data.tolist() != ys[0].data.tolist()


def test_dropout_keeps_the_mean():
    ys, _ = nn.Dropout(0.3, rng=np.random.default_rng(0))(np.ones((400, 1, 250)))
    assert abs(ys[0].data.mean() - 1) < 4 * np.sqrt(0.3 / 0.7 / 100_000)


@KINDS
@NORMED
@pytest.mark.parametrize("setting", ["dropout", "recurrent_dropout"])
def test_dropout_is_off_in_evaluation_and_decided_by_the_seed(kind, layer_norm, setting):
    def outputs(p, train=True):
        net = made(kind, 3, 4, 2, bidirectional=True, layer_norm=layer_norm, **{setting: p}).train(train)
        return net(drawn(2, 5, 3))[0].data.tolist()

    assert outputs(0.5) == outputs(0.5)
    assert outputs(0.5) != outputs(0.0)
    assert outputs(0.5, train=False) == outputs(0.0)


@KINDS
def test_recurrent_dropout_is_one_constant_mask_a_sequence_and_direction(kind):
    net = made(kind, 3, 8, 2, bidirectional=True, recurrent_dropout=0.5)
    graph = tg.snapshot(net(drawn(2, 4, 3))[0].sum())
    masks = [r for r in graph if r.name == "mask"]
    assert {r.kind for r in masks} == {"constant"}
    assert len({r.value.tobytes() for r in masks}) == 4
    for layer in (1, 2):
        for way in (1, -1):
            scope = f"layer={layer} / Bidirectional / direction={way}"
            users = [graph[use.child] for r in masks for use in graph.uses(r) if scope in graph[use.child].place]
            assert {r.op for r in users} == {"mul"}
            assert {r.t for r in users} >= {2, 3} if way == 1 else {r.t for r in users} >= {1, 2, 3}
            assert len({r.value.tobytes() for r in masks for use in graph.uses(r) if scope in graph[use.child].place}) == 1


def sigma(a):
    return 1 / (1 + np.exp(-a))


def by_hand(kind, cell, x, h, c, keep):
    """One step with the mask `keep` on the h that the weights see (Gal and Ghahramani 2016), in NumPy."""
    Wx, Wh, b = cell.Wx.data, cell.Wh.data, cell.b.data
    seen, H = h * keep, h.shape[1]
    if kind.startswith("RNN"):
        a = x @ Wx + seen @ Wh + b
        return (np.tanh(a) if kind == "RNN tanh" else np.maximum(a, 0)), c
    if kind == "LSTM":
        i, f, g, o = np.split(x @ Wx + seen @ Wh + b, 4, axis=1)
        c = sigma(f) * c + sigma(i) * np.tanh(g)
        return sigma(o) * np.tanh(c), c
    x_r, x_z, x_n = np.split(x @ Wx + b, 3, axis=1)
    r, z = sigma(x_r + seen @ Wh[:, :H]), sigma(x_z + seen @ Wh[:, H : 2 * H])
    n = np.tanh(x_n + (r * (seen @ Wh[:, 2 * H :] + cell.bh.data) if kind == "GRU" else (r * seen) @ Wh[:, 2 * H :]))
    return (1 - z) * n + z * h, c  # what is carried on is h itself: dropped units are not forgotten


@KINDS
def test_recurrent_dropout_against_numpy(kind):
    net = made(kind, 3, 4, recurrent_dropout=0.5)
    xs, rng = drawn(2, 5, 3), np.random.default_rng(7)
    net.layers[0].rng = np.random.default_rng(7)
    outputs, _ = net(xs)
    keep = (rng.random((2, 4)) >= 0.5) / 0.5
    h = c = np.zeros((2, 4))
    for t in range(5):
        h, c = by_hand(kind, net.layers[0], xs[:, t], h, c, keep)
        assert close(outputs.data[:, t], h, 1e-14)


def test_dropout_between_layers_is_not_on_the_input_nor_on_the_output():
    net = made("RNN tanh", 3, 4, 3, dropout=0.5)
    outputs, _ = net(tg.Tensor(drawn(2, 5, 3), requires_grad=True))
    graph = tg.snapshot(outputs.sum())
    places = {graph[use.child].place for r in graph if r.name == "mask" for use in graph.uses(r)}
    assert places == {f"RNN / layer={layer} / Dropout / t={t}" for layer in (2, 3) for t in (1, 2, 3, 4, 5)}
    assert (outputs.data != 0).all()


def test_dropout_in_a_stack_of_ones_own_cells():
    cells = [nn.PeepholeLSTMCell(3, 4, rng=np.random.default_rng(0)), nn.GRUCell(4, 4, rng=np.random.default_rng(1))]
    net = nn.Stacked(cells, between=nn.Dropout(0.5, rng=np.random.default_rng(2)))
    assert len(net.eval()(drawn(1, 3, 3))[1]) == 2
    assert net.train().between.training


def test_dropout_as_one_of_the_layers():
    rng = np.random.default_rng(0)
    net = nn.Stacked([nn.GRUCell(3, 4, rng=rng), nn.Dropout(0.5, rng=rng), nn.GRUCell(4, 2, rng=rng)])
    ys, state = net(drawn(2, 3, 3))
    assert state[1] is None
    assert len(net(drawn(2, 3, 3), nn.detach_state(state))[0]) == len(ys) == 3


# ---- layer normalisation ----------------------------------------------------------------------------------------------------


def norm(a, gain):
    centred = a - a.mean(-1, keepdims=True)
    return gain * centred / np.sqrt((centred**2).mean(-1, keepdims=True) + 1e-5)


def normed_step(kind, w, x, before, c, keep):
    H, h = before.shape[1], before * keep
    if kind.startswith("RNN"):
        a = norm(x @ w["Wx"] + h @ w["Wh"], w["gain"]) + w["b"]
        return (np.tanh(a) if kind == "RNN tanh" else np.maximum(a, 0)), c
    if kind == "LSTM":
        i, f, g, o = np.split(norm(x @ w["Wx"], w["gain_x"]) + norm(h @ w["Wh"], w["gain_h"]) + w["b"], 4, axis=1)
        c = sigma(f) * c + sigma(i) * np.tanh(g)
        return sigma(o) * np.tanh(norm(c, w["gain_c"]) + w["bias_c"]), c
    rz, n = np.s_[..., : 2 * H], np.s_[..., 2 * H :]
    x_rz, x_n = norm(x @ w["Wx"][rz], w["gain_x"][rz]), norm(x @ w["Wx"][n], w["gain_x"][n])
    r, z = np.split(sigma(x_rz + norm(h @ w["Wh"][rz], w["gain_h"][rz]) + w["b"][rz]), 2, axis=1)
    if kind == "GRU":
        n = np.tanh(x_n + w["b"][n] + r * (norm(h @ w["Wh"][n], w["gain_h"][n]) + w["bh"]))
    else:
        n = np.tanh(x_n + w["b"][n] + norm((r * h) @ w["Wh"][n], w["gain_h"][n]))
    return (1 - z) * n + z * before, c


@KINDS
@pytest.mark.parametrize("p", [0.0, 0.5], ids=["", "recurrent_dropout"])
def test_layer_norm_against_numpy(kind, p):
    net, rng = made(kind, 3, 4, layer_norm=True, recurrent_dropout=p), np.random.default_rng(1)
    net.layers[0].rng = np.random.default_rng(7)
    keep = (np.random.default_rng(7).random((2, 4)) >= p) / (1 - p)
    for p in net.parameters():
        p.data = rng.uniform(-1, 1, p.shape)
    weights = {name.rpartition(".")[2]: p.data for name, p in net.named_parameters()}
    xs = drawn(2, 5, 3)
    outputs, _ = net(xs)
    h = c = np.zeros((2, 4))
    for t in range(5):
        h, c = normed_step(kind, weights, xs[:, t], h, c, keep)
        assert close(outputs.data[:, t], h, 1e-13)


def test_layer_norm_starts_with_gains_of_one_and_does_not_see_the_size_of_the_weights():
    net = made("LSTM", 3, 4, layer_norm=True)
    cell = net.layers[0]
    assert [set(gain.data) for gain in (cell.gain_x, cell.gain_h, cell.gain_c)] == [{1.0}] * 3
    before = net(drawn(2, 5, 3))[0].data
    cell.Wh.data = 100 * cell.Wh.data
    assert close(net(drawn(2, 5, 3))[0].data, before, 1e-2)  # up to epsilon


def test_layer_norm_of_no_entries():
    with pytest.raises(ShapeError, match=r"layer_norm of shape \(2, 0\)"):
        tg.functional.layer_norm(np.ones((2, 0)))


# ---- skip connections -------------------------------------------------------------------------------------------------------


def test_residual_adds_its_input():
    cell, xs = nn.LSTMCell(3, 3, rng=np.random.default_rng(0)), drawn(2, 4, 3)
    hs, (h, c) = nn.unroll(cell, xs)
    ys, state = nn.Residual(cell)(xs)
    assert all(close(y.data, xs[:, t] + hs[t].data, 1e-15) for t, y in enumerate(ys))
    assert [s.data.tolist() for s in state] == [h.data.tolist(), c.data.tolist()]
    assert [name for name, _ in nn.Residual(cell).named_parameters()] == ["layer.Wx", "layer.Wh", "layer.b"]
    half = nn.Residual(nn.LSTMCell(3, 3, rng=np.random.default_rng(0), dtype=np.float32))
    assert {y.dtype.name for y in half(xs)[0]} == {"float32"}  # of float64 data


class Skip(nn.SequenceLayer):
    """As a learner writes it."""

    def __init__(self, layer):
        self.layer = layer

    def forward(self, xs, state=None, reverse=False):
        ys, state = nn.unroll(self.layer, xs, state, reverse)
        return [x + y for x, y in zip(xs, ys, strict=True)], state


@pytest.mark.parametrize("run", [lambda layer, xs: layer(xs), nn.unroll], ids=["called", "unrolled"])
def test_a_layer_of_ones_own_is_given_one_tensor_a_step(run):
    cell, xs = nn.GRUCell(3, 3, rng=np.random.default_rng(0)), drawn(2, 5, 3)
    ys, _ = run(Skip(cell), xs)
    expected = xs + np.stack([h.data for h in nn.unroll(cell, xs)[0]], 1)
    assert (len(ys), close(np.stack([y.data for y in ys], 1), expected, 1e-15)) == (5, True)
    nested, _ = run(Skip(Skip(cell)), xs)
    assert close(np.stack([y.data for y in nested], 1), xs + expected, 1e-15)


def test_families_nest():
    rng = np.random.default_rng(0)
    net = nn.Stacked([nn.GRU(3, 4, 2, rng=rng), nn.Residual(nn.RNN(4, 4, rng=rng)), nn.LSTM(4, 2, rng=rng, bidirectional=True)])
    ys, state = net(drawn(2, 3, 3))
    assert (ys[-1].shape, len(state)) == ((2, 4), 3)
    assert "layers.1.layer.layers.0.Wx" in dict(net.named_parameters())
    assert len(net(drawn(2, 3, 3), state)[0]) == 3


def test_a_leaf_of_the_caller_keeps_its_name():
    xs = [tg.Tensor(drawn(2, 3, seed=k), requires_grad=True) for k in range(2)]
    made("LSTM", 3, 4)(xs)
    assert [x.name for x in xs] == [None, None]
    result = xs[0] * 1.0
    made("LSTM", 3, 4)([result])
    assert result.name == "x"


# ---- pictures ---------------------------------------------------------------------------------------------------------------

DRAWN = {
    "bidirectional": {"num_layers": 2, "bidirectional": True},
    "layer_norm": {"layer_norm": True},
    "dropout": {"num_layers": 2, "dropout": 0.5, "recurrent_dropout": 0.5},
    "project_once": {"project_once": True},
}


@pytest.mark.once
@KINDS
@pytest.mark.parametrize("settings", DRAWN)
@pytest.mark.parametrize("as_list", [False, True], ids=["whole", "list"])
def test_it_is_drawn(kind, settings, as_list):
    net, xs = made(kind, 3, 4, **DRAWN[settings]), drawn(1, 3, 3)
    outputs, _ = net([tg.Tensor(xs[:, t]) for t in range(3)] if as_list else xs)
    loss = (outputs[-1] ** 2).sum() if as_list else (outputs[:, -1] ** 2).sum()
    for detail in ("cell", "gate"):
        assert tg.draw(loss, detail=detail).svg().startswith("<svg")


# ---- errors -----------------------------------------------------------------------------------------------------------------

WRONG = [
    (lambda: made("LSTM", 3, 4, 0), DataError, "LSTM(num_layers=0)"),
    (lambda: made("GRU", 3, 4, 1.5), DataError, "GRU(num_layers=1.5)"),
    (lambda: made("RNN tanh", 3, 0), ShapeError, "RNN with input_size=3, hidden_size=0"),
    (lambda: made("LSTM", 3, 4, dropout=1.0), DataError, "dropout with dropout=1.0"),
    (lambda: made("LSTM", 3, 4, dropout=-0.1), DataError, "dropout with dropout=-0.1"),
    (lambda: made("LSTM", 3, 4, recurrent_dropout=float("nan")), DataError, "dropout with recurrent_dropout=nan"),
    (lambda: nn.Dropout("half", rng=np.random.default_rng(0)), DataError, "dropout with p=half"),
    (lambda: nn.Dropout(0.5, rng=3), DataError, "rng is int, expected numpy.random.Generator"),
    (lambda: made("LSTM", 3, 4, forget_bias=None), DataError, "forget_bias=None"),  # NumPy would take it for NaN
    (lambda: made("LSTM", 3, 4, forget_bias="1"), DataError, "forget_bias='1'"),
    (lambda: made("LSTM", 3, 4, forget_bias=float("inf")), DataError, "forget_bias=inf"),
    (lambda: made("GRU", 3, 4, dtype="float3"), DtypeError, "dtype='float3', which NumPy does not know"),
    (lambda: made("GRU", 3, 4, dtype="int64"), DtypeError, "int64 values cannot require a gradient"),
    (lambda: made("LSTM", 3, 4)([]), DataError, "LSTM over a sequence of no steps"),
    (lambda: made("LSTM", 3, 4)(np.ones((0, 5, 3))), DataError, "LSTM over no sequences"),
    (lambda: made("LSTM", 3, 4)(np.ones((5, 3))), ShapeError, "LSTM over xs of shape (5, 3)"),
    (lambda: nn.Dropout(0.5, rng=np.random.default_rng(0))(np.ones((5, 3))), ShapeError, "Dropout over xs of shape (5, 3)"),
    (lambda: made("LSTM", 3, 4, bidirectional="no"), DataError, "LSTM(bidirectional='no')"),
    (lambda: made("LSTM", 3, 4, project_once="no"), DataError, "LSTM(project_once='no')"),
    (lambda: made("RNN tanh", 3, 4, layer_norm="no"), DataError, "RNN(layer_norm='no')"),
    (lambda: made("LSTM", 3, 4, layer_norm=1), DataError, "LSTM(layer_norm=1)"),
    (lambda: made("GRU", 3, 4, layer_norm=None), DataError, "GRU(layer_norm=None)"),
    (lambda: nn.GRUCell(3, 4, rng=np.random.default_rng(0), reset_after="no"), DataError, "GRUCell(reset_after='no')"),
    (lambda: nn.RNNCell(True, True, rng=np.random.default_rng(0)), ShapeError, "RNNCell with input_size=True, hidden_size=True"),
    (lambda: made("LSTM", 3, 4, True), DataError, "LSTM(num_layers=True)"),
    (lambda: made("LSTM", 3, 4, 2)(np.ones((1, 5, 3)), [None]), ShapeError, "LSTM of 2 parts was given 1 states"),
    (lambda: made("LSTM", 3, 4, 2)(np.ones((1, 5, 3)), tg.Tensor(0.0)), ShapeError, "LSTM of 2 parts was given a Tensor"),
    (lambda: made("GRU", 3, 4)(np.ones((1, 5, 3)), [tg.Tensor(np.ones((1, 4)))]), ShapeError, "a tuple (h,), not a Tensor"),
    (
        lambda: made("GRU", 3, 4, bidirectional=True)(np.ones((1, 5, 3)), [(tg.Tensor(np.ones((1, 4))),)]),
        ShapeError,
        "Bidirectional of 2 parts was given 1 states",
    ),
    (
        lambda: nn.unroll(nn.GRUCell(3, 4, rng=np.random.default_rng(0)), np.ones((2, 2, 3)), (np.ones((5, 4)),), reverse=True),
        ShapeError,
        "x of shape (2, 3) and h of shape (5, 4) hold different numbers of sequences",
    ),
    (lambda: nn.Residual(nn.GRUCell(3, 4, rng=np.random.default_rng(0)))(np.ones((1, 2, 3))), ShapeError, "Residual adds x of"),
]


@pytest.mark.parametrize(("call", "error", "words"), WRONG, ids=[words for *_, words in WRONG])
def test_what_does_not_fit_is_said(call, error, words):
    with pytest.raises(error) as caught:
        call()
    assert words in caught.value.message
    assert caught.value.hint


def test_dropout_of_one_tensor_is_told_apart():
    with pytest.raises(ShapeError, match=r"Dropout over xs of shape \(2, 3\)") as caught:
        nn.Dropout(0.5, rng=np.random.default_rng(0))(tg.Tensor(np.ones((2, 3))))
    assert (
        caught.value.hint == "it reads sequences (batch, time, features); for one tensor there is functional.dropout(x, p, rng)"
    )


@KINDS
@pytest.mark.parametrize("project_once", [False, True])
def test_a_list_with_one_tensor_is_a_list_of_steps(kind, project_once):
    net = made(kind, 3, 4, project_once=project_once)
    steps = [np.full((2, 3), t) for t in (1.0, 2.0)]
    whole, _ = net(np.stack(steps, axis=1))
    for mixed in ([tg.Tensor(steps[0]), steps[1]], [steps[0].tolist(), tg.Tensor(steps[1])]):
        outputs, _ = net(mixed)
        assert np.array_equal(np.stack([y.data for y in outputs], axis=1), whole.data)


@KINDS
@pytest.mark.parametrize("project_once", [False, True])
def test_features_that_do_not_fit_are_told_with_layer_and_cell(kind, project_once):
    net = made(kind, 3, 4, 2, project_once=project_once)
    with pytest.raises(ShapeError, match=r"matmul of shapes \(\d+, 7\) and \(3, ") as caught:
        net(np.ones((2, 5, 7)))
    cell = type(net.layers[0]).__name__
    assert caught.value.where == f"{type(net).__name__} / layer=1 / " + ("" if project_once else "t=1 / ") + cell
