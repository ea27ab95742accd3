"""Snapshots and the stepper: what renderers and probes see, on a graph that nothing was switched on for."""

import tracemalloc

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn.engine.arrays import norm
from tinygrad_rnn.errors import DataError, GraphError


def small():
    w = tg.Tensor([1.0, 2.0], requires_grad=True, name="w")
    x = tg.Tensor([3.0, 4.0], name="x")
    with tg.time_step(1):
        a = tg.named(w * x, "a")
    with tg.time_step(2):
        b = tg.named(tg.tanh(a * w) - 1.0, "b")
    return w, (b**2).sum()


def test_records_in_creation_order_with_constants_before_their_first_use():
    _, loss = small()
    graph = tg.snapshot(loss)
    assert [(r.kind, r.op or r.symbol) for r in graph] == [
        ("parameter", "w"), ("constant", "x"), ("op", "mul"), ("op", "mul"), ("op", "tanh"), ("constant", "1"), ("op", "sub"),
        ("op", "pow"), ("op", "sum"),
    ]  # fmt: skip
    assert all(parent < r.id for r in graph for parent in r.parents)
    assert [r.t for r in graph] == [None, 1, 1, 2, 2, 2, 2, None, None]
    assert (graph.steps, graph.root.op, len(graph)) == ((1, 2), "sum", 9)
    assert graph.find("a").place == "t=1"
    assert graph[7].symbol == "x²"
    assert (graph.find("x").low, graph.find("x").high, graph.find("x").shape) == (3.0, 4.0, (2,))
    assert graph.find("x").grad is None
    with pytest.raises(GraphError, match="names in this graph: a, b, w, x"):
        graph.find("nobody")


def test_names_that_stand_for_several_things_are_refused_until_the_scope_is_said():
    rng = np.random.default_rng(0)
    cell, readout = tg.nn.RNNCell(2, 3, rng=rng), tg.nn.Linear(3, 2, rng=rng)
    hs, _ = tg.nn.unroll(cell, rng.standard_normal((1, 2, 2)))
    graph = tg.snapshot(readout(hs[-1]).sum())
    with pytest.raises(GraphError, match="2 parameters are called 'b': used in t=1 / RNNCell; Linear"):
        graph.find("b")
    assert graph.find("b", scope="Linear").shape == (2,)
    assert list(graph.contributions(graph.find("b", scope="RNNCell"))) == [1, 2]
    with tg.time_step(1), tg.scope("A", layer=1):
        one = tg.named(hs[-1] * 2, "y")
    with tg.time_step(1), tg.scope("A", layer=2):
        two = tg.named(one * 2, "y")
    graph = tg.snapshot(two.sum())
    with pytest.raises(GraphError, match="step 1 holds more than one 'y'"):
        graph.along("y")
    assert graph.along("y", scope="A layer=2")[1].place == "t=1 / A layer=2"
    with pytest.raises(GraphError, match="no node is called 'q'"):
        graph.along("q")


def test_contributions_by_step_sum_to_the_gradient():
    w, loss = small()
    graph = tg.snapshot(loss)
    assert w.grad is None
    loss.backward()
    parts = graph.contributions("w")
    assert list(parts) == [1, 2]
    np.testing.assert_allclose(sum(parts.values()), w.grad, rtol=1e-12)
    assert [(use.child, use.slot, use.t) for use in graph.uses("w")] == [(2, 0, 1), (3, 1, 2)]


def test_the_same_value_in_both_slots_is_two_edges():
    w = tg.Tensor([3.0], requires_grad=True, name="w")
    graph = tg.snapshot((w * w).sum())
    assert graph[1].parents == (0, 0)
    assert [use.slot for use in graph.uses("w")] == [0, 1]


def test_events_come_in_true_order_and_count_who_is_waited_for():
    _, loss = small()
    events = list(tg.backward_steps(loss))
    assert [e.number for e in events] == list(range(1, len(events) + 1))
    assert [e.node.id for e in events] == sorted((e.node.id for e in events), reverse=True)
    waiting = [(m.parent.name, m.waits_for) for e in events for m in e.sent if m.parent.name == "w"]
    assert waiting == [("w", 1), ("w", 0)]
    assert all(e.rule for e in events)
    turn = {e.node.id: e.number for e in events}
    for event in events:
        for message in event.sent:
            assert turn[message.parent.id] > event.number


@pytest.mark.parametrize("cell", [tg.nn.RNNCell, tg.nn.LSTMCell, tg.nn.GRUCell])
def test_events_fold_to_the_gradients_of_backward(cell):
    cell = cell(2, 3, rng=np.random.default_rng(0))
    hs, _ = tg.nn.unroll(cell, np.random.default_rng(1).standard_normal((2, 4, 2)))
    loss = (hs[-1] ** 2).sum()
    folded = {}
    for event in tg.backward_steps(loss):
        for message in event.sent:
            folded[message.parent.id] = folded.get(message.parent.id, 0) + message.gradient
            np.testing.assert_array_equal(message.so_far, folded[message.parent.id])
    loss.backward()
    graph = tg.snapshot(loss)
    for name, p in cell.named_parameters():
        np.testing.assert_allclose(folded[graph.find(name).id], p.grad, rtol=0, atol=1e-12)


def test_what_has_no_gradient_of_its_own_still_has_values():
    w = tg.Tensor([1.0, 2.0], requires_grad=True, name="w")
    graph = tg.snapshot(w * 2)
    assert graph.root.grad is None
    assert graph.contributions("w") == {}
    assert graph.find("w").grad_norm is None
    with pytest.raises(GraphError, match="single number"):
        list(tg.backward_steps(w * 2))
    np.testing.assert_array_equal(tg.snapshot(w * 2, [1.0, 1.0]).find("w").grad, [2.0, 2.0])


def test_snapshot_before_and_after_backward_is_the_same():
    w, loss = small()
    before = tg.snapshot(loss)
    loss.backward()
    kept = w.grad.copy()
    after = tg.snapshot(loss)
    for a, b in zip(before, after, strict=True):
        np.testing.assert_array_equal(a.value, b.value)
        assert (a.grad is None) == (b.grad is None)
        assert a.grad is None or np.array_equal(a.grad, b.grad)
    np.testing.assert_array_equal(w.grad, kept)


@pytest.mark.parametrize("x", [[], [0.0], [3.0, 4.0], [1e-200, 1e-200], [1e200, 1e200], [np.inf, 1.0], [-2.0]])
def test_norm_neither_overflows_nor_underflows(x):
    expected = float(np.hypot(x[0], x[1])) if len(x) == 2 else float(abs(x[0])) if x else 0.0
    assert norm(np.array(x)) == pytest.approx(expected, rel=1e-14)


def test_norm_keeps_nan():
    assert np.isnan(norm(np.array([np.nan, 1.0])))


@pytest.mark.parametrize(
    ("made", "hint"),
    [
        (lambda net, hs: net, "when it has been run"),
        (lambda net, hs: tg.nn.LSTM, "when it has been run"),
        (lambda net, hs: [hs[0], hs[1]], "one of these, or a loss of them all"),
        (lambda net, hs: {"h": hs[0]}, "one of these, or a loss of them all"),
        (lambda net, hs: hs[0].data, "not its value"),
        (lambda net, hs: tg.Tensor(hs[0].data), "arrays such as w.data record nothing"),
    ],
)
@pytest.mark.parametrize("look", [tg.snapshot, tg.draw, lambda given: next(tg.backward_steps(given))])
def test_what_has_no_graph_says_where_one_is(made, hint, look):
    net = tg.nn.GRUCell(2, 3, rng=np.random.default_rng(0))
    hs, _ = tg.nn.unroll(net, np.ones((1, 2, 2)))
    with pytest.raises(GraphError) as caught:
        look(made(net, hs))
    assert hint in caught.value.hint


def test_what_a_run_is_made_of_is_short_where_it_is_printed():
    cell = tg.nn.LSTMCell(4, 8, rng=np.random.default_rng(0))
    hs, _ = tg.nn.unroll(cell, np.ones((2, 200, 4)))
    loss = (hs[-1] ** 2).sum()
    graph = tg.snapshot(loss)
    events = list(tg.backward_steps(loss))
    assert len(repr(graph)) < 120
    assert max(len(repr(record)) for record in graph) < 400
    assert max(len(repr(use)) for use in graph.uses("Wh")) < 120
    assert max(len(repr(event)) for event in events) < 120
    assert max(len(repr(message)) for event in events for message in event.sent) < 120
    assert repr(events[0].sent[0]) == f"<Message to pow: norm {np.sqrt(events[0].sent[0].gradient.size):.3g}, 0 more to come>"


def test_what_is_no_name_no_step_and_no_record_is_said():
    w = tg.Tensor(2.0, requires_grad=True, name="w")
    graph = tg.snapshot(w * w)
    for wrong in (None, 3, [], np.ones(3), w):
        for call in (graph.find, graph.uses, graph.contributions):
            with pytest.raises(DataError) as error:
                call(wrong)
            assert error.value.hint
    for settings in ({"t": "1"}, {"t": np.ones(2)}, {"scope": 3}, {"scope": np.array(["a", "b"])}):
        with pytest.raises(DataError):
            graph.find("w", **settings)


@pytest.mark.parametrize("turned", [False, True], ids=["x W", "W x"])
def test_what_a_shared_weight_is_sent_is_kept_as_its_factors(turned):
    T, n = 60, 64
    rng = np.random.default_rng(0)
    W = tg.Tensor(rng.standard_normal((n, n)) / n, requires_grad=True, name="W")
    E = tg.Tensor(rng.standard_normal((n, n)), requires_grad=True, name="E")
    h = tg.Tensor(rng.standard_normal((n, 1) if turned else (1, n)))
    for t in range(1, T + 1):
        with tg.time_step(t):
            x = tg.take(E, [t % n])
            h = tg.tanh(W @ h + x.T if turned else h @ W + x)
    loss = (h * h).sum()
    tracemalloc.start()
    graph = tg.snapshot(loss)
    bytes_held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert bytes_held < 2 * T * W.data.nbytes / 4  # of two weights, used T times
    loss.backward()
    for weight in (W, E):
        parts = graph.contributions(weight.name)
        assert sorted(parts) == list(range(1, T + 1))
        np.testing.assert_allclose(sum(parts.values()), weight.grad, rtol=1e-12, atol=1e-14)


def test_what_was_sent_stays_when_the_weight_is_written_to():
    w = tg.Tensor([[1.0, 2.0, 3.0]], requires_grad=True, name="w")
    x = tg.Tensor(np.ones((2, 1)), requires_grad=True, name="x")
    graph = tg.snapshot(((x @ w) ** 2).sum())
    before = [use.gradient for name in "xw" for use in graph.uses(name)]
    w.data[:], x.data[:] = 9.0, 9.0
    after = [use.gradient for name in "xw" for use in graph.uses(name)]
    for a, b in zip(before, after, strict=True):
        np.testing.assert_array_equal(a, b)
