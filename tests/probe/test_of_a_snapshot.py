"""Every probe reads the snapshot of a loss as it reads the loss itself."""

import dataclasses

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn.errors import GraphError
from tinygrad_rnn.replay.recorded_again import recorded_again

PROBES = {
    "gradient_by_step": lambda loss, choice: tg.probe.gradient_by_step(loss, **choice),
    "joint": lambda loss, choice: tg.probe.gradient_by_step(loss, None, **choice),
    "half_life": lambda loss, choice: tg.probe.half_life(loss, **choice),
    "truncation": lambda loss, choice: tg.probe.truncation(loss, k=[1, 3]).cosine,
    "step_jacobians": lambda loss, choice: tg.probe.step_jacobians(loss, **choice),
    "gates": lambda loss, choice: {name: gate.values for name, gate in tg.probe.gates(loss, **choice).items()},
    "activation_memory": lambda loss, choice: tg.probe.activation_memory(loss).total,
}


def one_layer():
    cell = tg.nn.LSTMCell(2, 3, rng=np.random.default_rng(0))
    model = tg.nn.SequenceClassifier(None, cell, tg.nn.Linear(3, 2, rng=np.random.default_rng(1)), pooling="last")
    x = np.random.default_rng(2).standard_normal((4, 6, 2)).astype(cell.Wx.dtype)
    return tg.functional.cross_entropy(model(x), [0, 1, 1, 0])


@pytest.mark.parametrize("name", PROBES)
def test_of_a_cell(name):
    loss = one_layer()
    found, expected = PROBES[name](tg.snapshot(loss), {}), PROBES[name](loss, {})
    if isinstance(expected, dict):
        assert found.keys() == expected.keys()
        for key, values in expected.items():
            np.testing.assert_array_equal(found[key], values)
    else:
        np.testing.assert_array_equal(found, expected)


def test_the_share_of_each_step_in_a_weight():
    loss = one_layer()
    np.testing.assert_array_equal(tg.probe.contributions(tg.snapshot(loss), "Wh"), tg.probe.contributions(loss, "Wh"))


def test_the_bound_of_an_rnn():
    cell = tg.nn.RNNCell(2, 3, rng=np.random.default_rng(0))
    hs, _ = tg.nn.unroll(cell, np.ones((2, 5, 2)))
    loss = hs[-1].sum()
    found, expected = tg.probe.bound(tg.snapshot(loss)), tg.probe.bound(loss)
    for field in dataclasses.fields(expected):
        np.testing.assert_array_equal(getattr(found, field.name), getattr(expected, field.name))


def test_layers_and_directions_are_told_apart():
    rng = np.random.default_rng(0)
    net = tg.nn.LSTM(2, 3, num_layers=2, bidirectional=True, rng=rng)
    loss = (net(rng.standard_normal((2, 5, 2)))[0] ** 2).sum()
    for layer in (1, 2):
        for direction in (1, -1):
            choice = {"layer": layer, "direction": direction}
            expected = tg.probe.gradient_by_step(loss, **choice)
            np.testing.assert_array_equal(tg.probe.gradient_by_step(tg.snapshot(loss), **choice), expected)


def test_a_graph_that_is_recorded_again_is_the_same_graph():
    loss = one_layer()
    graph = tg.snapshot(loss)
    with tg.no_grad():
        again = tg.snapshot(recorded_again(graph))
    assert [(r.kind, r.op, r.name, r.path, r.parents, r.frames) for r in again] == [
        (r.kind, r.op, r.name, r.path, r.parents, r.frames) for r in graph
    ]
    for a, b in zip(again, graph, strict=True):
        np.testing.assert_array_equal(a.value, b.value)
        assert a.value.dtype == b.value.dtype
    assert {edge: sent.tolist() for edge, sent in again.sent.items()} == {
        edge: sent.tolist() for edge, sent in graph.sent.items()
    }


def test_of_a_snapshot_a_weight_is_called_by_name():
    loss = one_layer()
    W = tg.Tensor(np.ones(2), requires_grad=True)
    with pytest.raises(GraphError, match="the loss was not computed from") as caught:
        tg.probe.contributions(tg.snapshot(loss), W)
    assert "name" in caught.value.hint
