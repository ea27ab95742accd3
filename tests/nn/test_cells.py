"""Cells against NumPy recurrences, complex-step derivatives and PyTorch; and what their graphs must look like."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch_values

import tinygrad_rnn as tg
from tinygrad_rnn import nn
from tinygrad_rnn.engine.ops import OPS
from tinygrad_rnn.errors import DataError, DtypeError, ShapeError

CELLS: dict[str, Callable[..., Any]] = {
    "RNNCell tanh": lambda *sizes, **more: nn.RNNCell(*sizes, rng=np.random.default_rng(0), **more),
    "RNNCell relu": lambda *sizes, **more: nn.RNNCell(*sizes, rng=np.random.default_rng(0), nonlinearity="relu", **more),
    "LSTMCell": lambda *sizes, **more: nn.LSTMCell(*sizes, rng=np.random.default_rng(0), **more),
    "GRUCell reset_after": lambda *sizes, **more: nn.GRUCell(*sizes, rng=np.random.default_rng(0), **more),
    "GRUCell paper": lambda *sizes, **more: nn.GRUCell(*sizes, rng=np.random.default_rng(0), reset_after=False, **more),
}
CASES = [pytest.param(case, id=str(case)) for case in torch_values.CASES]
LARGE = [pytest.param(case, id=case.kind) for case in torch_values.CASES if case[1:] == (3, 5, 7)]
KINDS = pytest.mark.parametrize("kind", CELLS)


def drawn(*shape: int) -> np.ndarray:
    return np.random.default_rng(sum(shape)).uniform(-1, 1, shape)


def close(actual: Any, expected: Any, tolerance: float) -> bool:
    """Equal shapes, and entries no further apart than the tolerance, relative to those above 1."""
    actual, expected = np.asarray(actual), np.asarray(expected)
    if actual.shape != expected.shape:
        return False
    return bool((np.abs(actual - expected) <= tolerance * np.maximum(1, np.abs(expected))).all())


class Run:
    """A case, unrolled by this package: `leaves`, `outputs` and `loss` are tensors."""

    def __init__(self, case: Any) -> None:
        given, weights = torch_values.inputs(case)
        self.cell = CELLS[case.kind](torch_values.INPUT_SIZE, case.hidden)
        self.leaves = dict(self.cell.named_parameters())
        for name, p in self.leaves.items():
            p.data = given[name]
        for name in [name for name in given if name not in self.leaves]:
            self.leaves[name] = tg.Tensor(given[name], requires_grad=True, name={"x": "xs"}.get(name, name))
        hs, state = nn.unroll(self.cell, self.leaves["x"], [self.leaves[name] for name in ("h0", "c0") if name in given])
        assert state[0] is hs[-1]
        self.outputs = {"h": tg.stack(hs, 1)} | ({"c": state[1]} if "c0" in given else {})
        self.loss = tg.concat([(y * weights[name]).sum().reshape(1) for name, y in self.outputs.items()]).sum()

    def grads(self) -> dict[str, Any]:
        return {name: leaf.grad for name, leaf in self.leaves.items()}


# ---- values and gradients -------------------------------------------------------------------------------------------------


def sigma(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def rnn_step(x, state, Wx, Wh, b, f=np.tanh):
    return [f(x @ Wx + state[0] @ Wh + b)]


def lstm_step(x, state, Wx, Wh, b):
    h, c = state
    i, f, g, o = np.split(x @ Wx + h @ Wh + b, 4, axis=1)
    c = sigma(f) * c + sigma(i) * np.tanh(g)
    return [sigma(o) * np.tanh(c), c]


def gru_step(x, state, Wx, Wh, b, bh=None):
    (h,) = state
    Wh_r, Wh_z, Wh_n = np.split(Wh, 3, axis=1)
    x_r, x_z, x_n = np.split(x @ Wx + b, 3, axis=1)
    r, z = sigma(x_r + h @ Wh_r), sigma(x_z + h @ Wh_z)
    n = np.tanh(x_n + ((r * h) @ Wh_n if bh is None else r * (h @ Wh_n + bh)))
    return [(1 - z) * n + z * h]


STEPS = {
    "RNNCell tanh": rnn_step,
    "RNNCell relu": lambda *args, **w: rnn_step(*args, **w, f=lambda a: np.where(a.real > 0, a, 0)),
    "LSTMCell": lstm_step,
    "GRUCell reset_after": gru_step,
    "GRUCell paper": gru_step,
}


def recurrence(step: Callable[..., Any], leaves: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The outputs of a NumPy step, unrolled; it takes complex leaves too."""
    weights = {name: value for name, value in leaves.items() if name not in ("x", "h0", "c0")}
    state, hs = [leaves[name] for name in ("h0", "c0") if name in leaves], []
    for t in range(leaves["x"].shape[1]):
        state = step(leaves["x"][:, t], state, **weights)
        hs.append(state[0])
    return {"h": np.stack(hs, 1)} | ({"c": state[1]} if "c0" in leaves else {})


def complex_step(step: Callable[..., Any], leaves: dict[str, Any], weights: dict[str, Any], name: str) -> np.ndarray:
    """d(sum(outputs * weights)) / d(leaf), one entry at a time: f(x + ih) = f(x) + ih f'(x) without any cancellation."""
    gradient = np.zeros(leaves[name].shape)
    for index in np.ndindex(gradient.shape):
        moved = leaves[name].astype(complex)
        moved[index] += 1e-30j
        outputs = recurrence(step, {**leaves, name: moved})
        gradient[index] = sum((outputs[key] * weights[key]).sum() for key in outputs).imag / 1e-30
    return gradient


@pytest.mark.parametrize("case", CASES)
def test_outputs_are_those_of_a_numpy_recurrence(case):
    given, _ = torch_values.inputs(case)
    expected = recurrence(STEPS[case.kind], given)
    outputs = Run(case).outputs
    assert outputs.keys() == expected.keys()
    assert [name for name in expected if not close(outputs[name].data, expected[name], 1e-14)] == []


@pytest.mark.parametrize("case", CASES)
def test_gradients_are_those_of_the_numpy_recurrence(case):
    given, weights = torch_values.inputs(case)
    run = Run(case)
    run.loss.backward()
    expected = {name: complex_step(STEPS[case.kind], given, weights, name) for name in given}
    assert [name for name, g in run.grads().items() if not close(g, expected[name], 1e-13)] == []


def differences(case: Any, expected: dict[str, Any]) -> list[str]:
    """The names of all outputs and gradients of a case that are not those expected."""
    run = Run(case)
    run.loss.backward()
    actual = {name: y.data for name, y in run.outputs.items()} | run.grads()
    wanted = {name: expected[name] for name in run.outputs} | expected["gradients"]
    assert actual.keys() == wanted.keys()
    return [name for name in wanted if not close(actual[name], wanted[name], 1e-10)]


@pytest.mark.parametrize("case", CASES)
def test_outputs_and_gradients_are_those_that_pytorch_gave(case):
    assert differences(case, torch_values.stored()["cells"][str(case)]) == []


def test_the_comparison_sees_a_wrong_entry():
    case = torch_values.CASES[-1]
    expected = torch_values.stored()["cells"][str(case)]
    expected["h"][2][6][4] += 1e-9
    expected["gradients"]["Wh"][0][0] *= 1.0001
    assert differences(case, expected) == ["h", "Wh"]


@pytest.mark.torch
def test_outputs_and_gradients_are_those_that_pytorch_gives_now():
    pytest.importorskip("torch")
    assert {str(case): found for case in torch_values.CASES if (found := differences(case, torch_values.cell_values(case)))} == {}


@KINDS
def test_unrolling_in_two_parts_is_unrolling_once(kind):
    xs = drawn(2, 5, 3)
    cell = CELLS[kind](3, 4)
    hs, last = nn.unroll(cell, xs)
    first, state = nn.unroll(cell, xs[:, :2])
    second, state = nn.unroll(cell, xs[:, 2:], state)
    assert [h.data.tolist() for h in first + second] == [h.data.tolist() for h in hs]
    assert [s.data.tolist() for s in state] == [s.data.tolist() for s in last]


@KINDS
def test_a_list_of_inputs_is_a_sequence_too(kind):
    xs, cell = drawn(2, 3, 3), CELLS[kind](3, 4)
    inputs = [tg.Tensor(xs[:, t], requires_grad=True, name=f"x{t}") for t in range(3)]
    hs, _ = nn.unroll(cell, inputs)
    assert [h.data.tolist() for h in hs] == [h.data.tolist() for h in nn.unroll(cell, xs)[0]]
    assert {r.name for r in tg.snapshot(hs[-1].sum()).parameters} > {"x0", "x1", "x2"}


@KINDS
def test_without_a_state_it_starts_from_zeros(kind):
    cell = CELLS[kind](3, 4)
    zeros = cell.initial_state(2)
    assert [(s.data.tolist(), s.requires_grad) for s in zeros] == [(np.zeros((2, 4)).tolist(), False)] * len(zeros)
    xs = drawn(2, 3, 3)
    assert nn.unroll(cell, xs)[1][0].data.tolist() == nn.unroll(cell, xs, zeros)[1][0].data.tolist()


@KINDS
def test_float32_stays_float32(kind):
    cell = CELLS[kind](3, 4, dtype=np.float32)
    xs = tg.Tensor(drawn(2, 3, 3).astype(np.float32), requires_grad=True)
    hs, state = nn.unroll(cell, xs)
    loss = tg.stack([*hs, *state]).sum()
    loss.backward()
    graph = tg.snapshot(loss)
    assert {r.value.dtype.name for r in graph} | {r.grad.dtype.name for r in graph if r.grad is not None} == {"float32"}
    assert {leaf.grad.dtype.name for leaf in [xs, *cell.parameters()]} == {"float32"}
    assert {sent.dtype.name for sent in graph.sent.values()} == {"float32"}


# ---- graphs ---------------------------------------------------------------------------------------------------------------


def documented_nodes(kind: str) -> int:
    """N of "N nodes a step" in the docstring; of the line that names its form for a cell with several forms."""
    name, _, form = kind.partition(" ")
    lines = [line for line in getattr(nn, name).__doc__.splitlines() if " nodes a step" in line]
    if len(lines) > 1:
        (lines,) = [[line] for line in lines if f"reset_after={form != 'paper'}" in line]
    (count,) = re.findall(r"(\d+) nodes a step", lines[0])
    return int(count)


@pytest.mark.parametrize("case", CASES)
def test_every_node_is_a_primitive_and_steps_have_as_many_as_the_docstring_says(case):
    run = Run(case)
    graph = tg.snapshot(run.loss)
    assert {r.op for r in graph if r.kind == "op"} <= OPS.keys() & set(tg.engine.primitives.__all__)
    assert {r.name for r in graph.parameters} == {leaf.name for leaf in run.leaves.values()}
    steps = [r.t for r in graph if r.kind == "op" and any(frame.name == case.kind.split()[0] for frame in r.frames)]
    assert {t: steps.count(t) for t in steps} == dict.fromkeys(range(1, case.steps + 1), documented_nodes(case.kind))
    assert graph.steps == tuple(range(1, case.steps + 1))


@KINDS
def test_letters_of_the_equations_are_in_the_graph(kind):
    cell = CELLS[kind](3, 4)
    graph = tg.snapshot(nn.unroll(cell, np.ones((1, 2, 3)))[0][-1].sum())
    letters = {"RNNCell": set("ah"), "LSTMCell": set("aifgoch"), "GRUCell": set("rznh")}[kind.split()[0]]
    named = {(r.name, r.t) for r in graph if r.kind == "op" and r.name}
    assert named == {(letter, t) for letter in letters for t in (1, 2)}
    assert {r.name for r in graph.parameters} == {name for name, _ in cell.named_parameters()}
    assert {r.place for r in graph if r.t == 2 and r.kind == "op"} == {f"t=2 / {kind.split()[0]}"}


@pytest.mark.parametrize("case", CASES)
def test_contributions_of_the_steps_sum_to_the_gradient(case):
    run = Run(case)
    graph = tg.snapshot(run.loss)
    assert set(run.grads().values()) == {None}
    run.loss.backward()
    for name, leaf in run.leaves.items():
        gradient, parts = leaf.grad, graph.contributions(leaf.name)
        assert set(parts) == ({1} if name in ("h0", "c0") else set(range(1, case.steps + 1)))
        assert close(sum(parts.values()), gradient, 1e-12)
        assert close(graph.find(leaf.name).grad, gradient, 1e-12)


@pytest.mark.parametrize("case", LARGE)
def test_events_of_the_stepper_fold_to_the_gradients(case):
    run = Run(case)
    so_far: dict[int, Any] = {}
    waits: dict[int, int] = {}
    names = {}
    for number, event in enumerate(tg.backward_steps(run.loss), start=1):
        id = event.node.id
        assert event.number == number
        assert waits.get(id, 0) == 0  # its turn comes when all that use it have reported
        assert number == 1 or event.upstream.tolist() == so_far[id].tolist()
        names[event.node.name] = id
        for message in event.sent:
            parent = message.parent.id
            so_far[parent] = so_far[parent] + message.gradient if parent in so_far else message.gradient
            assert message.so_far.tolist() == so_far[parent].tolist()
            assert message.waits_for == waits.get(parent, message.waits_for + 1) - 1
            waits[parent] = message.waits_for
    assert set(waits.values()) == {0}
    assert set(run.grads().values()) == {None}
    run.loss.backward()
    assert [name for name, leaf in run.leaves.items() if not close(so_far[names[leaf.name]], leaf.grad, 1e-12)] == []


@pytest.mark.parametrize("case", LARGE)
def test_instruments_leave_gradients_as_they_are(case):
    run = Run(case)
    run.loss.backward()
    before = {name: (g, g.copy()) for name, g in run.grads().items()}
    tg.snapshot(run.loss)
    list(tg.backward_steps(run.loss))
    tg.grad(run.loss, list(run.leaves.values()))
    after = run.grads()
    assert all(after[name] is g and g.tolist() == copy.tolist() for name, (g, copy) in before.items())


# ---- no cell has a backward of its own ------------------------------------------------------------------------------------


OWN_METHODS = ("project", "projection", "preactivation", "seen")  # they are read like `step` itself


def own_mathematics(source: str) -> list[str]:
    """What a module of cells does besides calling recorded functions: NumPy in a step, raw arrays, vjps."""
    allowed = {*tg.engine.primitives.__all__, *tg.functional.__all__, "named", "as_tensor", "len", "self.checked"}
    allowed |= {f"self.{name}" for name in OWN_METHODS}
    inner_parts = {"ops", "arrays", "vjp_on_arrays", "vjp_on_tensors", "backward", "sweep"}
    inner_parts |= {"apply1", "apply2", "apply_list", "Op", "Node"}
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and re.search("backward|vjp|grad", node.name.lower()):
            found.append(f"defines {node.name}")
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            modules = [getattr(node, "module", None) or "", *(alias.name for alias in node.names)]
            found += [f"imports {name}" for name in modules if name.rpartition(".")[2] in inner_parts]
        if isinstance(node, ast.FunctionDef) and node.name in ("step", *OWN_METHODS):
            for inner in ast.walk(node):
                if isinstance(inner, ast.Call) and ast.unparse(inner.func) not in allowed:
                    found.append(f"calls {ast.unparse(inner.func)}")
                elif isinstance(inner, ast.Attribute) and inner.attr in ("data", "_array", "node", "numpy"):
                    found.append(f"reads {ast.unparse(inner)}")
    return sorted(found)


def source_of(module: str) -> str:
    return Path(nn.__file__).parent.joinpath(*module.split(".")).with_suffix(".py").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "module",
    [f"cells.{name}" for name in ("rnn", "lstm", "gru", "recurrent_cell", "layer_norm", "peephole")],
)
def test_cells_are_made_of_primitives_only(module):
    assert own_mathematics(source_of(module)) == []


@pytest.mark.parametrize(
    "module",
    [
        "sequence.unrolling",
        "sequence.combined",
        "sequence.dropout",
        "sequence.rnn_lstm_gru",
        "sequence.grid",
        "cells.grid_lstm",
        "packed",
        "states",
    ],
)
def test_layers_have_no_backward_either(module):
    assert [line for line in own_mathematics(source_of(module)) if not line.startswith("calls")] == []


def test_the_search_finds_a_fused_cell():
    fused = "from ..ops import Op\nclass Cell:\n  def step(self, x, h):\n    return np.tanh(x.data)\n  def backward(self, g): ..."
    assert own_mathematics(fused) == ["calls np.tanh", "defines backward", "imports Op", "imports ops", "reads x.data"]


# ---- a cell that a user writes --------------------------------------------------------------------------------------------


class PeepholeLSTM:
    """An LSTM whose gates see c (Gers and Schmidhuber 2000); a plain class."""

    def __init__(self, **weights: np.ndarray) -> None:
        for name, value in weights.items():
            setattr(self, name, tg.Tensor(value, requires_grad=True, name=name))

    def initial_state(self, batch: int) -> Any:
        return tg.Tensor(np.zeros((batch, len(self.Wh.data)))), tg.Tensor(np.zeros((batch, len(self.Wh.data))))

    def step(self, x: Any, state: Any) -> Any:
        h, c = state
        a_i, a_f, a_g, a_o = tg.split(x @ self.Wx + h @ self.Wh, 4)
        i, f = tg.sigmoid(a_i + self.p[0] * c), tg.sigmoid(a_f + self.p[1] * c)
        c = f * c + i * tg.tanh(a_g)
        o = tg.sigmoid(a_o + self.p[2] * c)
        return o * tg.tanh(c), c


def peephole_step(x, state, Wx, Wh, p):
    h, c = state
    i, f, g, o = np.split(x @ Wx + h @ Wh, 4, axis=1)
    c = sigma(f + p[1] * c) * c + sigma(i + p[0] * c) * np.tanh(g)
    return [sigma(o + p[2] * c) * np.tanh(c), c]


def test_a_cell_of_a_plain_class_unrolls_and_has_its_gradients():
    weights = {"Wx": drawn(2, 12), "Wh": drawn(3, 12), "p": drawn(3, 3)}
    xs, ones = drawn(2, 4, 2), {"h": np.ones((2, 4, 3)), "c": np.zeros((2, 3))}
    leaves = weights | {"x": xs, "h0": np.zeros((2, 3)), "c0": np.zeros((2, 3))}
    cell = PeepholeLSTM(**weights)
    hs, _ = nn.unroll(cell, xs)
    assert close(np.stack([h.data for h in hs], 1), recurrence(peephole_step, leaves)["h"], 1e-14)
    loss = tg.stack(hs).sum()
    graph = tg.snapshot(loss)
    loss.backward()
    for name in weights:
        assert close(getattr(cell, name).grad, complex_step(peephole_step, leaves, ones, name), 1e-13)
        assert close(sum(graph.contributions(name).values()), getattr(cell, name).grad, 1e-12)
    assert [h.place for h in hs] == [f"t={t} / PeepholeLSTM" for t in (1, 2, 3, 4)]


# ---- errors ---------------------------------------------------------------------------------------------------------------


@KINDS
@pytest.mark.parametrize(
    ("shape", "error", "message"),
    [
        ((2, 0, 3), DataError, "unroll over a sequence of no steps: xs of shape (2, 0, 3) (batch, time, features)"),
        ((0, 5, 3), DataError, "unroll over no sequences: xs of shape (0, 5, 3) (batch, time, features)"),
        ((5, 3), ShapeError, "unroll over xs of shape (5, 3)"),
        ((3,), ShapeError, "unroll over xs of shape (3,)"),
        ((1, 2, 5, 3), ShapeError, "unroll over xs of shape (1, 2, 5, 3)"),
    ],
)
def test_sequences_that_cannot_be_unrolled(kind, shape, error, message):
    with pytest.raises(error) as caught:
        nn.unroll(CELLS[kind](3, 4), np.ones(shape))
    assert (caught.value.message, bool(caught.value.hint)) == (message, True)


@pytest.mark.parametrize(
    ("shapes", "error", "message"),
    [
        ([(2, 3), (2, 4)], ShapeError, "unroll over inputs of shapes [(2, 3), (2, 4)]"),
        ([(3,), (3,)], ShapeError, "unroll over inputs of shapes [(3,)]"),
        ([(0, 3)], DataError, "unroll over no sequences"),
        ([], DataError, "unroll over a sequence of no steps"),
    ],
)
def test_lists_of_inputs_that_cannot_be_unrolled(shapes, error, message):
    with pytest.raises(error) as caught:
        nn.unroll(CELLS["LSTMCell"](3, 4), [tg.Tensor(np.ones(shape)) for shape in shapes])
    assert (caught.value.message[: len(message)], bool(caught.value.hint)) == (message, True)


@pytest.mark.parametrize("kinds", [(tg.Tensor, np.array), (np.array, tg.Tensor), (tg.Tensor, np.ndarray.tolist)])
def test_one_tensor_makes_tensors_of_the_other_inputs(kinds):
    cell, steps = CELLS["LSTMCell"](3, 4), [np.full((2, 3), t) for t in (1.0, 2.0)]
    hs, _ = nn.unroll(cell, [kind(x) for kind, x in zip(kinds, steps, strict=True)])
    whole, _ = nn.unroll(cell, np.stack(steps, axis=1))
    assert [h.data.tolist() for h in hs] == [h.data.tolist() for h in whole]


def test_mixed_inputs_that_differ_in_shape():
    with pytest.raises(ShapeError, match=r"unroll over inputs of shapes \[\(2, 3\), \(2, 4\)\]"):
        nn.unroll(CELLS["LSTMCell"](3, 4), [tg.Tensor(np.ones((2, 3))), np.ones((2, 4))])


@KINDS
def test_features_that_do_not_fit_are_told_with_step_cell_and_shapes(kind):
    cell = CELLS[kind](3, 4)
    with pytest.raises(ShapeError) as caught:
        nn.unroll(cell, np.ones((2, 5, 7)))
    assert caught.value.message == f"matmul of shapes (2, 7) and {cell.Wx.shape} does not fit"
    assert caught.value.where == f"t=1 / {kind.split()[0]}"
    assert "x (batch, features) @ W (features, hidden)" in caught.value.hint
    assert (cell.Wx * 1.0).place == ""  # the scopes were closed


@KINDS
def test_a_state_that_does_not_fit_is_told_with_step_and_cell(kind):
    cell = CELLS[kind](3, 4)
    wrong = [tg.Tensor(np.zeros((2, 6))) for _ in cell.initial_state(2)]
    with pytest.raises(ShapeError, match=r"\(2, 6\)") as caught:
        nn.unroll(cell, np.ones((2, 5, 3)), wrong)
    assert caught.value.where == f"t=1 / {kind.split()[0]}"


def test_an_error_in_a_later_step_names_that_step():
    class Shrinking:
        def initial_state(self, batch: int) -> Any:
            return (tg.Tensor(np.ones((batch, 3)), requires_grad=True),)

        def step(self, x: Any, state: Any) -> Any:
            return ((state[0] + x)[:, :-1] if x.data.max() == 2 else state[0] + x,)

    with pytest.raises(ShapeError) as caught:
        nn.unroll(Shrinking(), np.arange(5.0).repeat(3).reshape(1, 5, 3))
    assert (caught.value.message, caught.value.where) == ("add of shapes (1, 2) and (1, 3) does not fit", "t=4 / Shrinking")


@KINDS
@pytest.mark.parametrize("sizes", [(0, 4), (3, 0), (-1, 4), (3, -2)])
def test_sizes_below_one(kind, sizes):
    with pytest.raises(ShapeError) as caught:
        CELLS[kind](*sizes)
    assert caught.value.message == f"{kind.split()[0]} with input_size={sizes[0]}, hidden_size={sizes[1]}"


@KINDS
@pytest.mark.parametrize("batch", [0, -1])
def test_an_initial_state_for_no_sequences(kind, batch):
    with pytest.raises(DataError, match=f"a batch of {batch}"):
        CELLS[kind](3, 4).initial_state(batch)


def test_an_unknown_nonlinearity():
    with pytest.raises(DataError, match=r"RNNCell\(nonlinearity='sin'\)"):
        nn.RNNCell(3, 4, rng=np.random.default_rng(0), nonlinearity="sin")


def test_integer_weights():
    with pytest.raises(DtypeError, match="int64"):
        nn.LSTMCell(3, 4, rng=np.random.default_rng(0), dtype=np.int64)
