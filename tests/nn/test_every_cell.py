"""The checks that every cell of the package goes through. Cells are found, not listed: one that is new cannot be forgotten."""

from __future__ import annotations

import inspect
import itertools

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn import nn
from tinygrad_rnn.errors import DataError, DtypeError, LoadError, ShapeError

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
