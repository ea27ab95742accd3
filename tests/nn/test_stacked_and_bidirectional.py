"""Cells on top of each other and in both directions: the same numbers as by hand, stamped so that every node knows where it is."""

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn import nn
from tinygrad_rnn.errors import DataError, GraphError, ShapeError

KINDS = {"RNN": nn.RNNCell, "LSTM": nn.LSTMCell, "GRU": nn.GRUCell}


def cells(kind, sizes, seed=0):
    rng = np.random.default_rng(seed)
    return [KINDS[kind](size, hidden, rng=rng) for size, hidden in sizes]


def values(tensors):
    return [t.data.tolist() for t in tensors]


@pytest.fixture
def xs():
    return np.random.default_rng(1).standard_normal((2, 5, 3))


@pytest.mark.parametrize("kind", KINDS)
def test_stacked_is_one_unrolled_over_the_other(kind, xs):
    first, second = cells(kind, [(3, 4), (4, 6)])
    below, end_1 = nn.unroll(first, xs)
    above, end_2 = nn.unroll(second, below)
    hs, (state_1, state_2) = nn.Stacked([first, second])(xs)
    assert values(hs) == values(above)
    assert values(state_1) == values(end_1)
    assert values(state_2) == values(end_2)


@pytest.mark.parametrize("kind", KINDS)
def test_bidirectional_is_one_run_over_the_sequence_and_one_over_its_reverse(kind, xs):
    ahead, back = cells(kind, [(3, 4), (3, 6)])
    right, end = nn.unroll(ahead, xs)
    left, start = nn.unroll(back, xs[:, ::-1])
    ys, (last_ahead, last_back) = nn.Bidirectional(ahead, back)(xs)
    assert values(ys) == [np.concatenate([a.data, b.data], axis=1).tolist() for a, b in zip(right, left[::-1], strict=True)]
    assert values(last_ahead) == values(end)
    assert values(last_back) == values(start)


def test_layers_nest_and_reverse(xs):
    a, b, c, d = cells("GRU", [(3, 4), (3, 4), (8, 2), (8, 2)])
    deep = nn.Stacked([nn.Bidirectional(a, b), nn.Bidirectional(c, d)])
    ys, _ = deep(xs)
    assert [y.shape for y in ys] == [(2, 4)] * 5
    assert len(list(deep.named_parameters())) == 16


def test_a_reversed_layer_is_the_layer_on_the_reversed_sequence(xs):
    layers = [nn.Bidirectional(*cells("GRU", [(3, 4), (3, 4)])), *cells("GRU", [(8, 2)])]
    for layer in (nn.Stacked(layers), layers[0]):
        ahead, _ = nn.unroll(layer, xs[:, ::-1])
        back, _ = nn.unroll(layer, xs, reverse=True)
        assert values(back) == values(ahead[::-1])


def test_every_node_knows_its_layer_direction_and_step(xs):
    a, b, c = cells("RNN", [(3, 4), (3, 4), (8, 2)])
    hs, _ = nn.Stacked([nn.Bidirectional(a, b), c])(xs)
    graph = tg.snapshot(hs[-1].sum())
    places = {r.place for r in graph if r.name == "h"}
    assert "Stacked / layer=1 / Bidirectional / direction=-1 / t=5 / RNNCell" in places
    assert "Stacked / layer=1 / Bidirectional / direction=1 / t=1 / RNNCell" in places
    assert "Stacked / layer=2 / t=3 / RNNCell" in places
    assert sorted(graph.along("h", scope="layer=2")) == [1, 2, 3, 4, 5]
    back = graph.along("h", scope="direction=-1")
    assert [min(use.t for use in graph.uses(back[t]) if graph[use.child].op == "matmul") for t in (2, 3, 4, 5)] == [1, 2, 3, 4]


def test_the_input_of_a_step_is_one_tensor_for_both_directions(xs):
    ahead, back = cells("RNN", [(3, 4), (3, 4)])
    ys, _ = nn.Bidirectional(ahead, back)(xs)
    graph = tg.snapshot(sum((y.sum() for y in ys[1:]), ys[0].sum()))
    inputs = [r for r in graph if r.name == "x"]
    assert len(inputs) == 5
    assert all(len(graph.uses(r)) == 2 for r in inputs)


def test_the_state_goes_on_where_it_ended(xs):
    net = nn.Stacked(cells("LSTM", [(3, 4), (4, 4)]))
    whole, end = net(xs)
    first, state = net(xs[:, :2])
    second, last = net(xs[:, 2:], state)
    np.testing.assert_allclose([h.data for h in first + second], [h.data for h in whole], rtol=1e-14)
    np.testing.assert_allclose(last[1][1].data, end[1][1].data, rtol=1e-14)


def test_a_learners_cell_is_stacked_and_reversed(xs):
    class Leaky:
        def __init__(self, size, hidden):
            self.W = tg.Tensor(np.full((size, hidden), 0.1), requires_grad=True, name="W")

        def initial_state(self, batch):
            return (tg.Tensor(np.zeros((batch, self.W.shape[1])), name="h0"),)

        def step(self, x, state):
            return (tg.named(0.5 * state[0] + x @ self.W, "h"),)

    ys, _ = nn.Stacked([nn.Bidirectional(Leaky(3, 2), Leaky(3, 2)), Leaky(4, 1)])(xs)
    assert ys[-1].place == "Stacked / layer=2 / t=5 / Leaky"
    assert ys[-1].shape == (2, 1)


def test_gradients_of_a_deep_bidirectional_network(xs):
    parts = cells("LSTM", [(3, 2), (3, 2), (4, 2), (4, 2)])
    net = nn.Stacked([nn.Bidirectional(*parts[:2]), nn.Bidirectional(*parts[2:])])

    def outputs(*weights):
        for k, cell in enumerate(parts):
            cell.Wx, cell.Wh, cell.b = weights[3 * k : 3 * k + 3]
        return tg.concat(net(xs[:1, :3])[0], axis=0)

    assert tg.gradcheck(outputs, net.parameters())
    y = outputs(*(tg.Tensor(p.data, requires_grad=True) for p in net.parameters()))
    (y**2).sum().backward()
    assert all(np.abs(p.grad).sum() > 0 for p in net.parameters())


WRONG = [
    (lambda xs: nn.Stacked([]), DataError, "Stacked of no layers"),
    (lambda xs: nn.Stacked([nn.RNNCell])(xs), GraphError, "which is not a cell"),
    (lambda xs: nn.Stacked([nn.Linear(3, 4, rng=np.random.default_rng(0))])(xs), GraphError, "which is not a cell"),
    (lambda xs: nn.Bidirectional(*cells("RNN", [(3, 4)]) * 2), GraphError, "the same cell twice"),
    (lambda xs: nn.Stacked(cells("RNN", [(3, 4)]))(xs, [None, None]), ShapeError, "Stacked of 1 parts was given 2 states"),
    (lambda xs: nn.Bidirectional(*cells("RNN", [(3, 4), (3, 4)]))(xs, 3), ShapeError, "was given a int"),
    (lambda xs: nn.Stacked(cells("RNN", [(3, 4), (5, 4)]))(xs), ShapeError, "layer=2 / t=1 / RNNCell"),
]


@pytest.mark.parametrize(("call", "error", "words"), WRONG)
def test_what_does_not_fit_is_said(call, error, words, xs):
    with pytest.raises(error, match=words):
        call(xs)
