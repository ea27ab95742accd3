"""LayerNorm, Sequential and layers without biases against PyTorch: outputs, gradients of both orders, and weights there and back."""

from __future__ import annotations

import numpy as np
import pytest
import torch_modules

import tinygrad_rnn as tg
from tinygrad_rnn import nn
from tinygrad_rnn.errors import DataError, LoadError, ShapeError

CASES = pytest.mark.parametrize("name", torch_modules.CASES)


def seeded(seed=0):
    return np.random.default_rng(seed)


def ours(name, rng=None):
    """Our module of a case; it has PyTorch's names for settings."""
    rng = rng or seeded()
    kind, sizes, settings, _ = torch_modules.CASES[name]
    if kind == "Sequential":
        first, last = nn.Linear(3, 2, rng=rng), nn.Linear(2, 2, rng=rng, bias=False)
        return nn.Sequential(first, tg.tanh, nn.LayerNorm(2), last)
    return getattr(nn, kind)(*sizes, **settings, **({} if kind == "LayerNorm" else {"rng": rng}))


def outputs(module, x):
    made = module(x)
    if isinstance(module, nn.LSTMCell):
        return tg.concat(made, axis=1)
    return made[0] if isinstance(made, tuple) else made


def in_torch_layout(module, gradients):
    """Gradients of the parameters of a module, laid out as PyTorch lays out the parameters."""
    for p, g in zip(module.parameters(), gradients, strict=True):
        p.data = g.data
    return tg.io.to_torch_state_dict(module)


@CASES
def test_outputs_and_gradients_of_both_orders_are_those_that_pytorch_gave(name):
    known = torch_modules.stored()[name]
    module = ours(name)
    given = torch_modules.drawn(
        name, {key: tuple(s) for key, s in known["shapes"].items()} | {"x": torch_modules.shape_of_x(name)}
    )
    x = tg.Tensor(given.pop("x"), requires_grad=True)
    tg.io.from_torch_state_dict(module, given)
    assert {key: value.tolist() for key, value in tg.io.to_torch_state_dict(module).items()} == {
        k: v.tolist() for k, v in given.items()
    }
    y = outputs(module, x)
    np.testing.assert_allclose(y.data, known["outputs"], rtol=0, atol=1e-13)
    leaves = [*module.parameters(), x]
    loss = (y * np.linspace(0.5, 1.5, y.size).reshape(y.shape)).sum()
    first = tg.grad(loss, leaves, create_graph=True)
    slope = sum(((g * g).sum() for g in first), tg.Tensor(0.0))
    second = tg.grad(slope, leaves) if slope.requires_grad else [tg.Tensor(np.zeros(leaf.shape)) for leaf in leaves]
    for order, found in (("first", first), ("second", second)):
        arrays = [
            tg.Tensor(np.zeros(leaf.shape) if g is None else np.asarray(getattr(g, "data", g)))
            for g, leaf in zip(found, leaves, strict=True)
        ]
        laid_out = in_torch_layout(module, arrays[:-1]) | {"x": arrays[-1].data}
        assert laid_out.keys() == known[order].keys()
        for key, value in laid_out.items():
            np.testing.assert_allclose(value, known[order][key], rtol=0, atol=1e-11, err_msg=f"{order} {key}")


@pytest.mark.torch
def test_the_stored_values_are_those_that_pytorch_gives_now():
    pytest.importorskip("torch")
    stored = torch_modules.stored()
    for name in torch_modules.CASES:
        found = torch_modules.values(name)
        np.testing.assert_allclose(found["outputs"], stored[name]["outputs"], atol=1e-12)


@pytest.mark.parametrize("kind", [nn.RNN, nn.LSTM, nn.GRU])
def test_weights_with_biases_do_not_load_into_a_module_without(kind):
    state = tg.io.to_torch_state_dict(kind(3, 4, rng=seeded()))
    with pytest.raises(LoadError, match="left over: bias_ih_l0"):
        tg.io.from_torch_state_dict(kind(3, 4, rng=seeded(), bias=False), state)
    bare = kind(3, 4, rng=seeded(), bias=False)
    assert [name for name, _ in bare.named_parameters()] == ["layers.0.Wx", "layers.0.Wh"]
    assert list(tg.io.to_torch_state_dict(bare)) == ["weight_ih_l0", "weight_hh_l0"]


@pytest.mark.parametrize("kind", [nn.RNN, nn.LSTM, nn.GRU])
def test_an_onnx_model_without_biases_computes_the_same(kind, tmp_path):
    pytest.importorskip("onnx")
    ort = pytest.importorskip("onnxruntime")
    net = kind(3, 4, 2, rng=seeded(), bias=False, bidirectional=True)
    path = tg.io.export_onnx_recurrent(nn.Sequential(net, nn.Linear(8, 2, rng=seeded(), bias=False)), tmp_path / "net.onnx")
    x = seeded(1).standard_normal((2, 5, 3)).astype(np.float32)
    session = ort.InferenceSession(path, providers=["CPUExecutionProvider"])
    (found,) = session.run(["y"], {"x": x})
    wanted = nn.Linear(8, 2, rng=seeded(), bias=False)(net(x.astype(float))[0])
    np.testing.assert_allclose(found, wanted.data, atol=1e-5)


def test_layers_that_differ_in_their_biases_are_no_layers_of_pytorch():
    rng = seeded()
    mixed = nn.Stacked([nn.LSTMCell(3, 4, rng=rng), nn.LSTMCell(4, 4, rng=rng, bias=False)])
    assert sorted(tg.io.to_torch_state_dict(mixed)) == sorted(
        [f"layers.0.{name}" for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")]
        + ["layers.1.weight_ih", "layers.1.weight_hh"]
    )


def test_sequential_hands_on_outputs_and_is_a_list():
    rng = seeded()
    net = nn.Sequential(nn.Embedding(7, 3, rng=rng), nn.LSTM(3, 4, rng=rng), nn.Linear(4, 2, rng=rng))
    y = net([[1, 2, 3]])
    assert (y.shape, len(net), net[2].W.shape) == ((1, 3, 2), 3, (4, 2))
    np.testing.assert_array_equal(y.data, net[2](net[1](net[0]([[1, 2, 3]]))[0]).data)
    y.sum().backward()
    assert all(p.grad is not None for p in net.parameters())
    assert net[0](np.array([1])).place == "Embedding"
    assert y.place == "Sequential / Linear"


@pytest.mark.parametrize(("make", "error", "words"), [
    (lambda: nn.Sequential(), DataError, "Sequential of no layers"),
    (lambda: nn.Sequential([tg.tanh]), DataError, "cannot be called"),
    (lambda: nn.Sequential(nn.Linear), DataError, "cannot be called"),
    (lambda: nn.LayerNorm(0), ShapeError, "LayerNorm with features=0"),
    (lambda: nn.LayerNorm(3, epsilon=-1.0), DataError, "epsilon=-1.0"),
    (lambda: nn.LayerNorm(3)(np.ones((2, 4))), ShapeError, r"LayerNorm of 3 features over x of shape \(2, 4\)"),
    (lambda: nn.Linear(3, 2, rng=seeded(), bias="no"), DataError, r"Linear\(bias='no'\)"),
])  # fmt: skip
def test_what_does_not_fit_is_said(make, error, words):
    with pytest.raises(error, match=words) as caught:
        make()
    assert caught.value.hint
