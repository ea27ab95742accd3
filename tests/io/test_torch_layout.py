"""PyTorch's names and layouts: outputs as PyTorch has them, round trips to the bit, and clear words for what has no counterpart."""

import json

import numpy as np
import pytest
import torch_layout as layout

import tinygrad_rnn as tg
from tinygrad_rnn import nn
from tinygrad_rnn.errors import LoadError

CASES, MODEL, HIDDEN, IDS, INPUT = layout.CASES, layout.MODEL, layout.HIDDEN, layout.IDS, layout.INPUT
drawn, inputs = layout.drawn, layout.inputs
KNOWN = json.loads(layout.FILE.read_text())
IDENTIFIERS = [str(case) for case in CASES]


def ours(case, dtype=None):
    """Our module of a case."""
    kind, _, nonlinearity = case.kind.partition(" ")
    options = {"nonlinearity": nonlinearity} if nonlinearity else {}
    options |= {"rng": np.random.default_rng(5), "dtype": dtype}
    if not case.layers:
        return getattr(nn, f"{kind}Cell")(INPUT, HIDDEN, **options)
    return getattr(nn, kind)(INPUT, HIDDEN, case.layers, bidirectional=case.directions == 2, **options)


def by_hand(case):
    """The same from `Stacked` and `Bidirectional`."""
    kind, _, nonlinearity = case.kind.partition(" ")
    options = {"nonlinearity": nonlinearity} if nonlinearity else {}

    def cell(size):
        return getattr(nn, f"{kind}Cell")(size, HIDDEN, rng=np.random.default_rng(6), **options)

    sizes = [INPUT] + [case.directions * HIDDEN] * (case.layers - 1)
    layers = [cell(size) if case.directions == 1 else nn.Bidirectional(cell(size), cell(size)) for size in sizes]
    return layers[0] if case.layers == case.directions - 1 == 1 else nn.Stacked(layers)


class Model(nn.Module):
    def __init__(self):
        rng = np.random.default_rng(7)
        self.embedding = nn.Embedding(5, INPUT, rng=rng)
        self.nets = [nn.GRU(INPUT, HIDDEN, rng=rng)]
        self.linear = nn.Linear(HIDDEN, 2, rng=rng)

    def forward(self, ids):
        return self.linear(self.nets[0](self.embedding(ids))[0])


def run(module, x):
    if isinstance(module, Model):
        return [module(x).data]
    if isinstance(module, (nn.RNNCell, nn.LSTMCell, nn.GRUCell)):
        return [part.data for part in module.step(x[:, 0], module.initial_state(len(x)))]
    outputs = module(x)[0]
    return [outputs.data if isinstance(outputs, tg.Tensor) else np.stack([y.data for y in outputs], axis=1)]


def randomised(module, seed=8):
    """The module with all its parameters drawn anew, biases too."""
    parameters = dict(module.named_parameters())
    for name, value in drawn({name: p.shape for name, p in parameters.items()}, seed).items():
        parameters[name].data = value
    return module


def same(a, b):
    assert a.keys() == b.keys()
    for name in a:
        np.testing.assert_array_equal(a[name], b[name])
        assert a[name].dtype == b[name].dtype


# ---- against PyTorch ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(len(CASES)), ids=IDENTIFIERS)
def test_a_state_of_pytorch_gives_its_outputs(seed):
    case, known = CASES[seed], KNOWN[str(CASES[seed])]
    module = ours(case)
    assert {name: list(value.shape) for name, value in tg.io.to_torch_state_dict(module).items()} == known["shapes"]
    assert list(tg.io.to_torch_state_dict(module)) == list(known["shapes"])  # in its order, too
    tg.io.from_torch_state_dict(module, drawn(known["shapes"], seed))
    for mine, theirs in zip(run(module, inputs()), known["outputs"], strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=0, atol=1e-12)


def test_a_module_with_parts_gives_its_outputs():
    known, module = KNOWN[MODEL], Model()
    assert {name: list(value.shape) for name, value in tg.io.to_torch_state_dict(module).items()} == known["shapes"]
    tg.io.from_torch_state_dict(module, drawn(known["shapes"], len(CASES)))
    np.testing.assert_allclose(run(module, IDS)[0], known["outputs"][0], rtol=0, atol=1e-12)


@pytest.mark.torch
@pytest.mark.parametrize("case", [*CASES, MODEL], ids=str)
def test_live_both_ways(case):
    torch = pytest.importorskip("torch", reason="compares with PyTorch live")
    torch.manual_seed(0)
    module, theirs = (Model(), layout.torch_model()) if case == MODEL else (ours(case), layout.torch_module(case))
    x = IDS if case == MODEL else inputs()
    # theirs to ours: tensors as they are, and parameters that want a gradient
    for state in (theirs.state_dict(), dict(theirs.named_parameters())):
        tg.io.from_torch_state_dict(randomised(module), state)
        arrays = {name: value.detach().numpy() for name, value in state.items()}
        for a, b in zip(run(module, x), layout.torch_outputs(theirs, arrays, x), strict=True):
            np.testing.assert_allclose(a, b, rtol=0, atol=1e-12)
    # ours to theirs, and back from what they hold then
    randomised(module, 9)
    before = module.state_dict()
    for a, b in zip(run(module, x), layout.torch_outputs(theirs, tg.io.to_torch_state_dict(module), x), strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=1e-12)
    tg.io.from_torch_state_dict(randomised(module, 10), theirs.state_dict())
    same(module.state_dict(), before)


@pytest.mark.torch
def test_live_refusals():
    torch = pytest.importorskip("torch", reason="compares with PyTorch live")
    linear = nn.Linear(2, 3, rng=np.random.default_rng(0))
    with pytest.raises(LoadError, match="weight is not an array of numbers"):
        tg.io.from_torch_state_dict(linear, torch.nn.Linear(2, 3).bfloat16().state_dict())
    lstm = nn.LSTM(3, 4, rng=np.random.default_rng(0))
    tg.io.from_torch_state_dict(lstm, torch.nn.LSTM(3, 4, bias=False).state_dict())
    assert not lstm.layers[0].b.data.any()
    with pytest.raises(LoadError, match="left over: weight_hr_l0"):
        tg.io.from_torch_state_dict(nn.LSTM(3, 4, rng=np.random.default_rng(0)), torch.nn.LSTM(3, 4, proj_size=2).state_dict())


# ---- round trips ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_our_round_trip_is_exact(case, dtype):
    module = randomised(ours(case, dtype))
    state = tg.io.to_torch_state_dict(module)
    assert {value.dtype for value in state.values()} == {np.dtype(dtype)}
    assert all(value.flags.c_contiguous for value in state.values())
    other = ours(case, dtype)
    tg.io.from_torch_state_dict(other, state)
    same(other.state_dict(), module.state_dict())
    same(tg.io.to_torch_state_dict(other), state)


@pytest.mark.parametrize("seed", range(len(CASES)), ids=IDENTIFIERS)
def test_their_round_trip_keeps_matrices_and_the_sum_of_biases(seed):
    state = drawn(KNOWN[str(CASES[seed])]["shapes"], seed)
    module = ours(CASES[seed])
    tg.io.from_torch_state_dict(module, state)
    back = tg.io.to_torch_state_dict(module)
    for name, value in state.items():
        if name.startswith("weight"):
            np.testing.assert_array_equal(back[name], value)
        elif "bias_ih" in name:
            other = name.replace("ih", "hh")
            np.testing.assert_array_equal(back[name] + back[other], value + state[other])


@pytest.mark.parametrize("case", [case for case in CASES if case.layers], ids=str)
def test_layers_put_together_by_hand(case):
    module = randomised(by_hand(case))
    family = ours(case)
    tg.io.from_torch_state_dict(family, tg.io.to_torch_state_dict(module))
    np.testing.assert_array_equal(run(family, inputs())[0], run(module, inputs())[0])


def test_the_state_is_a_copy():
    linear = nn.Linear(2, 2, rng=np.random.default_rng(0))
    state = tg.io.to_torch_state_dict(linear)
    for value in state.values():
        value[...] = 7
    assert not (linear.W.data == 7).any()
    tg.io.from_torch_state_dict(linear, state)
    state["weight"][...] = 8
    assert (linear.W.data == 7).all()


def test_unlike_layers_keep_names_of_their_own():
    rng = np.random.default_rng(0)
    net = nn.Stacked([nn.LSTMCell(3, 4, rng=rng), nn.Bidirectional(nn.GRUCell(4, 2, rng=rng), nn.GRUCell(4, 2, rng=rng))])
    net.scale = tg.Tensor(np.ones(3), requires_grad=True)
    names = list(tg.io.to_torch_state_dict(net))
    assert names[:2] == ["layers.0.weight_ih", "layers.0.weight_hh"]
    assert {"layers.1.weight_ih_l0", "layers.1.bias_hh_l0_reverse", "scale"} < set(names)


def test_models_of_the_package():
    rng = np.random.default_rng(0)
    model = nn.CharModel(7, nn.LSTM(4, 5, 2, rng=rng), rng=rng)
    state = tg.io.to_torch_state_dict(model)
    assert {"embedding.weight", "layer.weight_ih_l1", "readout.weight", "readout.bias"} < set(state)
    other = nn.CharModel(7, nn.LSTM(4, 5, 2, rng=rng), rng=rng)
    tg.io.from_torch_state_dict(other, state)
    same(other.state_dict(), model.state_dict())


def test_what_is_shared_has_two_names():
    class Twice(nn.Module):
        def __init__(self):
            self.first = nn.Linear(2, 2, rng=np.random.default_rng(0), bias=False)
            self.second = self.first

    module = Twice()
    state = tg.io.to_torch_state_dict(module)
    assert list(state) == ["first.weight", "second.weight"]
    tg.io.from_torch_state_dict(module, state)
    before = module.state_dict()
    with pytest.raises(LoadError, match="hold other values than another name"):
        tg.io.from_torch_state_dict(module, {**state, "second.weight": np.ones((2, 2))})
    same(module.state_dict(), before)


# ---- what does not fit ------------------------------------------------------------------------------------------------------------


def rng():
    return np.random.default_rng(0)


WITHOUT = {
    "GRU reset_after=False": (lambda: nn.GRU(2, 3, rng=rng(), reset_after=False), "reset_after=True"),
    "GRUCell reset_after=False": (lambda: nn.GRUCell(2, 3, rng=rng(), reset_after=False), "reset_after=True"),
    "RNN layer_norm": (lambda: nn.RNN(2, 3, rng=rng(), layer_norm=True), "LayerNormRNNCell.* no counterpart"),
    "LSTM layer_norm": (lambda: nn.LSTM(2, 3, rng=rng(), layer_norm=True, bidirectional=True), "LayerNormLSTMCell.* no counterpart"),
    "GRU layer_norm": (lambda: nn.GRU(2, 3, rng=rng(), layer_norm=True), "LayerNormGRUCell.* no counterpart"),
    "peepholes": (lambda: nn.Stacked([nn.PeepholeLSTMCell(2, 3, rng=rng())]), r"PeepholeLSTMCell \(layers.0\) has no counterpart"),
    "a step of one's own": (lambda: Louder(2, 3, rng=rng()), r"it computes otherwise than RNNCell \(step\)"),
}  # fmt: skip


class Louder(nn.RNNCell):
    def step(self, x, state):
        return (2.0 * super().step(x, state)[0],)


@pytest.mark.parametrize("name", WITHOUT)
def test_cells_without_a_counterpart(name):
    make, says = WITHOUT[name]
    module = make()
    for call in (tg.io.to_torch_state_dict, lambda module: tg.io.from_torch_state_dict(module, {})):
        with pytest.raises(LoadError, match=says) as caught:
            call(module)
        assert "tg.io.save" in caught.value.hint


def drop(state, name):
    return {key: value for key, value in state.items() if key != name}


MISFITS = {
    "missing": (lambda s: drop(s, "weight_hh_l1"), r"this state does not fit LSTM: missing: weight_hh_l1 \(12, 3\)"),
    "one bias": (lambda s: drop(s, "bias_hh_l0"), "missing: bias_hh_l0"),
    "biases of one layer": (lambda s: drop(drop(s, "bias_hh_l0"), "bias_ih_l0"), "missing: bias_ih_l0"),
    "left over": (lambda s: s | {"weight_ih_l2": np.ones(2)}, "left over: weight_ih_l2"),
    "turned": (lambda s: s | {"weight_ih_l0": s["weight_ih_l0"].T}, r"misshapen: weight_ih_l0 is \(2, 12\), the module has \(12, 2\)"),
    "text": (lambda s: s | {"bias_ih_l0": "text"}, "bias_ih_l0"),
    "ragged": (lambda s: s | {"bias_ih_l0": [[1], [1, 2]]}, "bias_ih_l0"),
    "too large": (lambda s: s | {"bias_ih_l0": np.full(12, 1e300)}, "too large for float32: bias_ih_l0"),
    "no dict": (lambda s: [1], "from_torch_state_dict of a list"),
    "nothing": (lambda s: {}, "missing"),
}  # fmt: skip


@pytest.mark.parametrize("name", MISFITS)
def test_what_does_not_fit_changes_nothing(name):
    module = nn.LSTM(2, 3, 2, rng=rng(), dtype=np.float32)
    before = module.state_dict()
    change, says = MISFITS[name]
    with pytest.raises(LoadError, match=says):
        tg.io.from_torch_state_dict(module, change(tg.io.to_torch_state_dict(nn.LSTM(2, 3, 2, rng=rng()))))
    same(module.state_dict(), before)


def test_biases_that_pytorch_was_told_to_leave_out_are_zeros():
    gru = randomised(nn.GRU(2, 3, 2, rng=rng(), bidirectional=True))
    state = {name: value for name, value in tg.io.to_torch_state_dict(gru).items() if "bias" not in name}
    tg.io.from_torch_state_dict(gru, state)
    assert all(not p.data.any() for name, p in gru.named_parameters() if name.endswith((".b", ".bh")))


def test_a_seeded_fault_is_seen(monkeypatch):
    """Matrices that are not turned, or gates of which two are exchanged: the comparison with PyTorch must fail."""
    from tinygrad_rnn.io import torch_layout

    square = next(k for k, case in enumerate(CASES) if case.kind == "RNN tanh" and case.layers == 2)
    monkeypatch.setattr(torch_layout, "_turned", lambda W: (W if W.shape[0] == W.shape[1] else W.T,))
    with pytest.raises(AssertionError):
        test_a_state_of_pytorch_gives_its_outputs(square)


@pytest.mark.parametrize("prefix", ["module.", "_orig_mod.", "module._orig_mod.", "_orig_mod.module."])
def test_the_prefixes_of_wrappers_are_taken_off(prefix):
    layer = tg.nn.Linear(3, 2, rng=np.random.default_rng(0))
    state = {"weight": np.ones((2, 3)), "bias": np.zeros(2)}
    tg.io.from_torch_state_dict(layer, {f"{prefix}{name}": value for name, value in state.items()})
    assert layer.W.data.tolist() == np.ones((3, 2)).tolist()


def test_a_module_that_has_such_a_name_keeps_it():
    class Wrapped(tg.nn.Module):
        def __init__(self):
            self.module = tg.nn.Linear(3, 2, rng=np.random.default_rng(0))

    tg.io.from_torch_state_dict(Wrapped(), {"module.weight": np.ones((2, 3)), "module.bias": np.zeros(2)})


@pytest.mark.parametrize("name", ["model_state_dict", "state_dict"])
def test_a_state_dict_inside_of_a_checkpoint_is_pointed_at(name):
    layer = tg.nn.Linear(3, 2, rng=np.random.default_rng(0))
    with pytest.raises(tg.errors.LoadError, match="from_torch_state_dict of a checkpoint, a dict with 'epoch'") as caught:
        tg.io.from_torch_state_dict(layer, {"epoch": 3, name: {"weight": np.ones((2, 3))}})
    assert caught.value.hint == f"the state_dict is inside: give checkpoint[{name!r}]"
