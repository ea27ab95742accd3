"""The checks that every cell of the package goes through. Cells are found, not listed: one that is new cannot be forgotten."""

from __future__ import annotations

import inspect
import itertools

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn import nn
from tinygrad_rnn.errors import DataError, DtypeError, GraphError, LoadError, ShapeError

# settings that are not flags, and what to try
CHOICES = {"nonlinearity": ("tanh", "relu"), "forget_bias": (1.0,), "rng": (), "dtype": ()}


def found():
    """{name: (class, settings)} of every cell with the two methods of one, in each of its forms."""
    cells = {}
    for name in nn.cells.__all__:
        kind = getattr(nn.cells, name)
        if not inspect.isclass(kind) or name == "Cell" or not hasattr(kind, "initial_state"):
            continue
        forms = {}
        for setting, p in list(inspect.signature(kind.__init__).parameters.items())[3:]:
            values = (True, False) if isinstance(p.default, bool) else CHOICES[setting]
            forms[setting] = values or (None,)
        for values in itertools.product(*forms.values()):
            settings = {key: value for key, value in zip(forms, values, strict=True) if value is not None}
            label = " ".join(f"{key}={value}" for key, value in settings.items())
            cells[f"{name} {label}"] = kind, settings
    return cells


CELLS = found()
EACH = pytest.mark.parametrize("name", CELLS)


def made(name, inputs=3, hidden=2, seed=0, **more):
    kind, settings = CELLS[name]
    return kind(inputs, hidden, rng=np.random.default_rng(seed), **settings, **more)


def drawn(*shape, seed=1):
    return np.random.default_rng(seed).uniform(-1, 1, shape)


def test_every_class_of_the_room_is_here_or_known_to_be_none():
    here = {name.split()[0] for name in CELLS}
    assert {*nn.cells.__all__} - here == {"Cell", "State", "GridLSTMCell"}  # a block of a grid has its own: test_grid.py
    assert len(here) == 7
    assert all(any(f"{name} " in cell and "bias=False" in cell for cell in CELLS) for name in here)


@EACH
def test_gradients_of_both_orders_are_those_of_central_differences(name):
    cell, x = made(name), drawn(2, 2, 3)
    state = [drawn(2, 2, seed=k) for k, _ in enumerate(cell.initial_state(2))]
    names = [path for path, _ in cell.named_parameters()]
    values = [p.data + 0.1 for p in cell.parameters()]  # gains and biases away from 1 and 0

    def outputs(x, *rest):
        for path, weight in zip(names, rest[len(state) :], strict=True):
            setattr(cell, path, weight)
        hs, last = nn.unroll(cell, x, rest[: len(state)])
        return tg.concat([*hs, *last], axis=1)

    assert tg.gradcheck(outputs, [x, *state, *values], order=2, eps=1e-5, tolerance=1e-4)


@EACH
def test_every_parameter_gets_a_gradient_and_the_contributions_of_the_steps_are_that(name):
    cell = made(name)
    hs, _ = nn.unroll(cell, drawn(2, 4, 3))
    loss = (tg.stack(hs) * drawn(4, 2, 2)).sum()
    graph = tg.snapshot(loss)
    loss.backward()
    for path, p in cell.named_parameters():
        assert p.grad is not None, path
        np.testing.assert_allclose(sum(graph.contributions(path).values()), p.grad, atol=1e-12)
    assert {r.place for r in graph if r.kind == "op" and r.t == 2} >= {f"t=2 / {name.split()[0]}"}


@EACH
def test_without_biases_there_are_none_and_with_zeros_it_is_the_same(name):
    if "bias=False" not in name:
        return
    bare, full = made(name), made(name.replace("bias=False", "bias=True"))
    biases = {path for path, _ in full.named_parameters()} - {path for path, _ in bare.named_parameters()}
    assert biases
    assert all(path.startswith("b") for path in biases)
    full.load_state_dict(bare.state_dict() | {path: np.zeros(getattr(full, path).shape) for path in biases})
    x = drawn(2, 3, 3)
    assert [h.data.tolist() for h in nn.unroll(bare, x)[0]] == [h.data.tolist() for h in nn.unroll(full, x)[0]]
    if "forget_bias" in name:
        with pytest.raises(DataError, match=r"forget_bias=3\.0 and bias=False"):
            kind, settings = CELLS[name]
            kind(3, 2, rng=np.random.default_rng(0), **settings | {"forget_bias": 3.0})


@EACH
def test_names_saving_and_loading(name, tmp_path):
    cell, other = made(name, seed=1), made(name, seed=2)
    names = [path for path, _ in cell.named_parameters()]
    assert names[:2] == ["Wx", "Wh"]
    assert [p.name for p in cell.parameters()] == names == list(cell.state_dict())
    other.load_state_dict(cell.state_dict())
    assert all((p.data == q.data).all() for p, q in zip(cell.parameters(), other.parameters(), strict=True))
    with pytest.raises(LoadError, match="missing: Wx"):
        other.load_state_dict({path: value for path, value in cell.state_dict().items() if path != "Wx"})


@EACH
def test_frozen_it_keeps_its_names_and_lets_gradients_through(name):
    cell = made(name).freeze()
    x = tg.Tensor(drawn(2, 3, 3), requires_grad=True)
    hs, _ = nn.unroll(cell, x)
    hs[-1].sum().backward()
    assert x.grad is not None
    assert {p.grad for p in cell.parameters()} == {None}
    assert list(cell.state_dict()) == [path for path, _ in cell.named_parameters()] == list(made(name).state_dict())


@EACH
def test_float32_stays_float32(name):
    cell = made(name, dtype=np.float32)
    hs, state = nn.unroll(cell, drawn(2, 3, 3).astype(np.float32))
    assert {t.dtype.name for t in (*hs, *state)} == {"float32"}
    loss = tg.stack(hs).sum()
    loss.backward()
    assert {p.grad.dtype.name for p in cell.parameters() if p.grad is not None} == {"float32"}
    assert {t.dtype.name for t in nn.unroll(cell, drawn(2, 3, 3))[0]} == {"float32"}  # of float64 data too


@EACH
def test_data_in_another_precision_takes_that_of_the_weights(name):
    cell = made(name, dtype=np.float32)
    x = drawn(2, 3).astype(np.float32)
    for kind in (np.float64, np.float16, np.int64, bool):
        state = [np.ones((2, 2), kind) for _ in cell.letters]
        wanted = cell.step(x, [np.ones((2, 2), np.float32) for _ in cell.letters])
        for given in (state, [*map(tg.Tensor, state)]):
            found = cell.step(x, given)
            assert {part.dtype.name for part in found} == {"float32"}
            assert [part.data.tolist() for part in found] == [part.data.tolist() for part in wanted]
        assert {part.dtype.name for part in cell.step(np.ones((2, 3), kind), state)} == {"float32"}
    hs, _ = nn.unroll(cell, drawn(2, 4, 3), [np.ones((2, 2)) for _ in cell.letters])
    assert {h.dtype.name for h in hs} == {"float32"}


@pytest.mark.parametrize("name", [name for name in CELLS if len(made(name).letters) > 1])
def test_a_state_in_another_order_is_said(name):
    cell, x = made(name), drawn(2, 4, 3)
    _, (h, c) = nn.unroll(cell, x)
    nn.unroll(cell, x, (h, c))
    nn.unroll(cell, x, (c * 1.0, c))  # of the same name, or of none: as one likes
    with pytest.raises(ShapeError, match=r"a state \(c, h\) for \w+, whose is \(h, c\)") as caught:
        nn.unroll(cell, x, (c, h))
    assert "(h, c)" in caught.value.hint


@EACH
def test_packed_sequences_are_each_sequence_alone(name):
    cell = made(name)
    parts = [drawn(length, 3, seed=length) for length in (2, 4, 1)]
    _, state = nn.unroll(cell, nn.pack(parts))
    for k, part in enumerate(parts):
        _, alone = nn.unroll(cell, part[None])
        for whole, one in zip(state, alone, strict=True):
            np.testing.assert_allclose(whole.data[k], one.data[0], atol=1e-14)


@EACH
def test_called_without_a_state_it_starts_from_zeros(name):
    cell, x = made(name), drawn(2, 3)
    wanted = cell.step(x, cell.initial_state(2))
    assert [part.data.tolist() for part in cell(x)] == [part.data.tolist() for part in wanted]


WRONG = {
    "a number for x": (lambda cell: cell.step(1.0, cell.initial_state(1)), ShapeError),
    "a vector for x": (lambda cell: cell.step(np.ones(3), cell.initial_state(1)), ShapeError),
    "a sequence for x": (lambda cell: cell.step(np.ones((2, 2, 3)), cell.initial_state(2)), ShapeError),
    "a sequence, without a state": (lambda cell: cell(np.ones((2, 2, 3))), ShapeError),
    "text for x": (lambda cell: cell.step("x", cell.initial_state(1)), DtypeError),
    "too many features": (lambda cell: cell.step(np.ones((2, 4)), cell.initial_state(2)), ShapeError),
    "no state": (lambda cell: cell.step(np.ones((2, 3)), None), ShapeError),
    "a bare h": (lambda cell: cell.step(np.ones((2, 3)), cell.initial_state(2)[0]), ShapeError),
    "an empty state": (lambda cell: cell.step(np.ones((2, 3)), ()), ShapeError),
    "too many parts": (lambda cell: cell.step(np.ones((2, 3)), cell.initial_state(2) * 2), ShapeError),
    "another batch": (lambda cell: cell.step(np.ones((2, 3)), cell.initial_state(1)), ShapeError),
    "another size": (lambda cell: cell.step(np.ones((2, 3)), [np.ones((2, 5)) for _ in cell.initial_state(1)]), ShapeError),
    "an axis of layers": (
        lambda cell: cell.step(np.ones((2, 3)), [np.ones((1, 2, 2)) for _ in cell.initial_state(1)]),
        ShapeError,
    ),
    "numbers as a state": (lambda cell: cell.step(np.ones((2, 3)), [1.0 for _ in cell.initial_state(1)]), ShapeError),
    "too few features": (lambda cell: nn.unroll(cell, np.ones((2, 4, 1))), ShapeError),
    "no features": (lambda cell: cell.step(np.ones((2, 0)), cell.initial_state(2)), ShapeError),
    "masked values": (
        lambda cell: cell.step(np.ma.masked_array(np.ones((2, 3)), np.eye(2, 3)), cell.initial_state(2)),
        DtypeError,
    ),
    "complex numbers": (lambda cell: cell.step(np.ones((2, 3), complex), cell.initial_state(2)), DtypeError),
    "a dict as a state": (
        lambda cell: cell.step(np.ones((2, 3)), dict(zip("hc", cell.initial_state(2), strict=False))),
        ShapeError,
    ),
    "a generator as a state": (lambda cell: cell.step(np.ones((2, 3)), (part for part in cell.initial_state(2))), ShapeError),
    "a text as a state": (lambda cell: cell.step(np.ones((2, 3)), "h" * len(cell.letters)), ShapeError),
    "texts in a state": (lambda cell: cell.step(np.ones((2, 3)), [*cell.letters]), DtypeError),
    "None in a state": (lambda cell: cell.step(np.ones((2, 3)), [None for _ in cell.letters]), DtypeError),
    "masked values in a state": (
        lambda cell: cell.step(np.ones((2, 3)), [np.ma.zeros((2, 2)) for _ in cell.letters]),
        DtypeError,
    ),
    "no sequences to unroll": (lambda cell: nn.unroll(cell, np.ones((0, 4, 3))), DataError),
    "no sequences to read": (lambda cell: cell(np.ones((0, 3))), DataError),
    "no steps": (lambda cell: nn.unroll(cell, np.ones((2, 0, 3))), DataError),
    "no sequences": (lambda cell: cell.initial_state(0), DataError),
    "half a sequence": (lambda cell: cell.initial_state(1.5), DataError),
    "three axes without time": (lambda cell: nn.unroll(cell, np.ones((2, 3))), ShapeError),
}


@EACH
@pytest.mark.parametrize("wrong", WRONG)
def test_what_does_not_fit_is_said(name, wrong):
    call, error = WRONG[wrong]
    with pytest.raises(error) as caught:
        call(made(name))
    assert caught.value.hint


SETTINGS = {
    "sizes below one": ({"input_size": 0}, ShapeError),
    "sizes in halves": ({"hidden_size": 1.5}, ShapeError),
    "no generator": ({"rng": None}, DataError),
    "whole numbers": ({"dtype": np.int64}, DtypeError),
    "bias as text": ({"bias": "no"}, DataError),
    "batch_first": ({"batch_first": True}, DataError),
    "device": ({"device": "cuda"}, DataError),
    "proj_size": ({"proj_size": 2}, DataError),
}


@pytest.mark.parametrize("kind", dict.fromkeys(kind for kind, _ in CELLS.values()), ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("wrong", SETTINGS)
def test_settings_that_do_not_exist_are_said(kind, wrong):
    settings, error = SETTINGS[wrong]
    with pytest.raises(error) as caught:
        kind(**{"input_size": 3, "hidden_size": 2, "rng": np.random.default_rng(0)} | settings)
    assert caught.value.hint
    assert caught.value.message.startswith((kind.__name__, "rng is", "int64"))


@pytest.mark.parametrize("name", [name for name in CELLS if "forget_bias" in name])
@pytest.mark.parametrize("value", [float("nan"), "1", None, True])
def test_a_forget_bias_that_is_no_number(name, value):
    kind, settings = CELLS[name]
    with pytest.raises(DataError, match="forget_bias="):
        kind(3, 2, rng=np.random.default_rng(0), **settings | {"forget_bias": value})


# ---- the way out ----------------------------------------------------------------------------------------------------------

KNOWN_ELSEWHERE = ("RNNCell", "LSTMCell", "GRUCell")  # in PyTorch, and as operators of ONNX


@EACH
def test_pytorch_has_it_or_it_is_said(name):
    cell, other = made(name), made(name, seed=5)
    if name.startswith(KNOWN_ELSEWHERE) and "reset_after=False" not in name:
        tg.io.from_torch_state_dict(other, tg.io.to_torch_state_dict(cell))
        assert [h.data.tolist() for h in nn.unroll(other, drawn(2, 4, 3))[0]] == [
            h.data.tolist() for h in nn.unroll(cell, drawn(2, 4, 3))[0]
        ]
        return
    for inside in (cell, nn.Stacked([cell]), nn.Residual(cell)):
        for call in (tg.io.to_torch_state_dict, lambda module: tg.io.from_torch_state_dict(module, {})):
            with pytest.raises(LoadError, match=name.split()[0]) as caught:
                call(inside)
            assert caught.value.hint


@EACH
def test_onnx_has_it_or_it_is_said(name, tmp_path):
    pytest.importorskip("onnx")
    cell = made(name)
    if name.startswith(KNOWN_ELSEWHERE):
        assert tg.io.export_onnx_recurrent(cell, tmp_path / "cell.onnx").exists()
        return
    with pytest.raises(GraphError, match=name.split()[0]) as caught:
        tg.io.export_onnx_recurrent(cell, tmp_path / "cell.onnx")
    assert "export_onnx(" in caught.value.hint


@EACH
def test_unrolled_it_is_written_as_onnx(name, tmp_path):
    pytest.importorskip("onnx")
    runtime = pytest.importorskip("onnxruntime")
    cell = made(name, dtype=np.float32)
    x = tg.Tensor(drawn(2, 3, 3), dtype=np.float32, requires_grad=True, name="x")
    hs, _ = nn.unroll(cell, x)
    path = tg.io.export_onnx({"h": hs[-1]}, [x], tmp_path / "cell.onnx", module=cell)
    other = drawn(2, 3, 3, seed=8).astype(np.float32)
    [found] = runtime.InferenceSession(path, providers=["CPUExecutionProvider"]).run(None, {"x": other})
    np.testing.assert_allclose(found, nn.unroll(cell, other)[0][-1].data, rtol=1e-4, atol=1e-6)


@EACH
@pytest.mark.parametrize("detail", ["op", "gate", "cell"])
def test_it_is_drawn_and_described(name, detail):
    hs, _ = nn.unroll(made(name), drawn(1, 3, 3))
    picture = tg.draw((hs[-1] ** 2).sum(), detail=detail)
    assert picture.svg().startswith("<svg")
    kind = name.split()[0].removesuffix("Cell")
    assert picture.describe().startswith(f"{kind}, 3 steps, ")
    assert picture.view.steps == (1, 2, 3)


@EACH
def test_instruments_measure_it(name):
    cell, letters = made(name), made(name).letters
    x = tg.Tensor(drawn(2, 4, 3))
    hs, _ = nn.unroll(cell, x)
    loss = (hs[-1] * drawn(2, 2)).sum()
    lanes = {letter: tg.snapshot(loss).along(letter) for letter in letters}
    for letter in letters:
        assert tg.probe.gradient_by_step(loss, letter) == pytest.approx([r.grad_norm for r in lanes[letter].values()], rel=1e-12)
    assert tg.probe.half_life(loss) > 0
    assert tg.probe.truncation(loss).norm_ratio[-1] == 1.0
    for path, p in cell.named_parameters():
        np.testing.assert_allclose(tg.probe.contributions(loss, path).sum(0), tg.grad(loss, p), atol=1e-12)
    gates = "" if name.startswith(("RNN", "LayerNormRNN")) else "ifgo" if len(letters) > 1 else "rzn"
    if gates:
        assert [*tg.probe.gates(loss)] == [*gates]
    else:
        with pytest.raises(GraphError):
            tg.probe.gates(loss)
    jacobians = tg.probe.step_jacobians(loss)
    assert jacobians.shape == (3, 2, 2 * len(letters), 2 * len(letters))
    before = [part.data for part in nn.unroll(cell, x.data[:, :1])[1]]
    for k in range(2 * len(letters)):
        ends = []
        for sign in (1, -1):
            parts = [part.copy() for part in before]
            parts[k // 2][:, k % 2] += sign * 1e-6
            ends.append(np.concatenate([part.data for part in cell.step(x.data[:, 1], parts)], axis=1))
        np.testing.assert_allclose(jacobians[0][:, :, k], (ends[0] - ends[1]) / 2e-6, atol=1e-8)


@EACH
def test_a_model_of_characters_writes_with_it(name):
    rng = np.random.default_rng(0)
    model = nn.CharModel(5, made(name), rng=rng)
    prompts = [[1, 2], [3, 4], [0, 0]]
    together = tg.generate(model, prompts, 6, method="greedy", stop=2)
    for prompt, written in zip(prompts, together, strict=True):
        assert tg.generate(model, prompt, 6, method="greedy", stop=2) == written
        assert tg.beam_search(model, prompt, 6, beams=1, stop=2)[0][0] == written
