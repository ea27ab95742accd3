"""Probes that look at gradients, gates, connections and memory; and what every probe does with what it cannot measure."""

import gc
import tracemalloc

import numpy as np
import pytest
from probe_nets import BATCH, CHOICES, HIDDEN, INPUTS, NETS, STEPS, OwnCell, data, run

import tinygrad_rnn as tg
from tinygrad_rnn import nn, probe
from tinygrad_rnn.errors import DataError, GraphError, ShapeError

# ---- gradients -------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NETS)
def test_gradients_by_step_are_those_of_the_snapshot(name):
    _, _, _, loss = run(name)
    chosen = CHOICES.get(name, {})
    inside = {"two layers": "layer=2", "grid": "GridLSTMCell layer=2"}.get(name)
    found = probe.gradient_by_step(loss, **chosen)
    if name == "both ways":
        graph = tg.snapshot(loss)
        lane = {r.t: r for r in graph if r.name == "h" and "layer=2" in r.place and "direction=-1" in r.place}
    else:
        lane = tg.snapshot(loss).along("h", scope=inside)
    steps = range(STEPS, 0, -1) if name == "both ways" else range(1, STEPS + 1)  # in the order of reading
    assert found.shape == (STEPS,)
    assert found == pytest.approx([lane[t].grad_norm for t in steps], rel=1e-12)


def test_a_joint_norm_and_a_gate():
    _, _, _, loss = run("LSTM")
    h, c, both = (probe.gradient_by_step(loss, role) for role in ("h", "c", ("h", "c")))
    assert both == pytest.approx(np.hypot(h, c), rel=1e-15)
    assert np.array_equal(probe.gradient_by_step(loss, None), both)
    f = tg.snapshot(loss).along("f")
    assert probe.gradient_by_step(loss, "f") == pytest.approx([f[t].grad_norm for t in f], rel=1e-12)


def test_where_no_gradient_arrives_stands_0():
    net = NETS["both ways"](np.random.default_rng(0))
    hs, _ = nn.unroll(net, data())
    norms = probe.gradient_by_step(hs[3].sum(), layer=2, direction=-1)  # reads steps 5 and 4 only
    assert len(norms) == 2
    assert (norms > 0).all()
    detached, _ = nn.unroll(net.layers[0].forwards, data())
    cut = detached[-1].sum() + (detached[0] * 0.0).sum()
    assert probe.gradient_by_step(cut)[0] > 0
    assert probe.gradient_by_step((detached[-1] * 0.0).sum()).tolist() == [0.0] * STEPS


def test_contributions_sum_to_the_gradient_of_every_weight():
    net, _, _, loss = run("both ways")
    loss.backward()
    parameters = dict(net.named_parameters())
    assert len(parameters) == 12
    for name, p in parameters.items():
        parts = probe.contributions(loss, p)
        assert parts.shape == (STEPS, *p.shape)
        assert np.abs(parts.sum(0) - p.grad).max() < 1e-12, name


@pytest.mark.parametrize("name", ["own", "RNN"])
def test_contributions_are_those_of_the_snapshot(name):
    _, _, _, loss = run(name)
    weight = "W" if name == "own" else "Wh"
    expected = tg.snapshot(loss).contributions(weight)
    parts = probe.contributions(loss, weight)
    assert all(np.abs(parts[t - 1] - part).max() < 1e-15 for t, part in expected.items())


def test_contributions_of_packed_sequences_sum_too():
    cell = nn.LSTMCell(INPUTS, HIDDEN, rng=np.random.default_rng(0))
    _, (h, c) = nn.unroll(cell, nn.pack([np.ones((n, INPUTS)) for n in (2, 5, 3)]))
    loss = (h * h).sum() + c.sum()
    assert np.abs(probe.contributions(loss, cell.Wh).sum(0) - tg.grad(loss, cell.Wh)).max() < 1e-15
    assert probe.gradient_by_step(loss).shape == (5,)
    assert probe.truncation(loss).norm_ratio[-1] == 1.0


def test_half_life():
    norms = 3.0 * 0.8 ** np.arange(30)[::-1]
    assert probe.half_life(norms) == pytest.approx(np.log(0.5) / np.log(0.8))
    assert probe.half_life(np.concatenate([np.zeros(5), norms])) == pytest.approx(probe.half_life(norms))
    assert probe.half_life(1e-300 * norms) == pytest.approx(probe.half_life(norms))
    assert probe.half_life(norms[::-1]) == np.inf
    _, _, hs, _ = run("RNN")
    loss = hs[-1].sum()
    assert probe.half_life(loss) == probe.half_life(probe.gradient_by_step(loss))
    _, _, hs, _ = run("two layers")
    loss = hs[-1].sum()
    lives = [probe.half_life(loss, layer=k) for k in (1, 2)]
    assert lives == [probe.half_life(probe.gradient_by_step(loss, layer=k)) for k in (1, 2)]
    assert lives[0] != lives[1]


# ---- gates, connections, memory --------------------------------------------------------------------------------------------------


def test_gates_are_what_the_equations_give():
    net, x, hs, loss = run("LSTM")
    gates = probe.gates(loss)
    assert list(gates) == ["i", "f", "g", "o"]
    h = np.zeros((BATCH, HIDDEN))
    for t in range(STEPS):
        a = x.data[:, t] @ net.Wx.data + h @ net.Wh.data + net.b.data
        for k, name in enumerate("ifgo"):
            part = a[:, k * HIDDEN : (k + 1) * HIDDEN]
            expected = np.tanh(part) if name == "g" else 1 / (1 + np.exp(-part))
            assert np.abs(gates[name].values[t] - expected).max() < 1e-15
        h = hs[t].data
    for name, gate in gates.items():
        low, high = (-0.9, 0.9) if name == "g" else (0.1, 0.9)
        assert gate.op == ("tanh" if name == "g" else "sigmoid")
        assert np.allclose(gate.mean, gate.values.mean((1, 2)))
        assert np.array_equal(gate.low, (gate.values < low).mean((1, 2)))
        assert np.array_equal(gate.high, (gate.values > high).mean((1, 2)))


def test_open_and_shut_gates_are_counted():
    cell = nn.LSTMCell(INPUTS, HIDDEN, rng=np.random.default_rng(0), forget_bias=9.0)
    cell.b.data[:HIDDEN] = -9.0
    hs, _ = nn.unroll(cell, data())
    gates = probe.gates(hs[-1].sum())
    assert gates["f"].high.tolist() == gates["i"].low.tolist() == [1.0] * STEPS
    assert gates["f"].low.tolist() == gates["i"].high.tolist() == [0.0] * STEPS


@pytest.mark.parametrize(
    ("name", "expected"), [("GRU", "r z n"), ("own", "q"), ("peephole", "i f g o"), ("both ways", "i f g o")]
)
def test_gates_by_name(name, expected):
    gates = probe.gates(run(name)[3], **CHOICES.get(name, {}))
    assert " ".join(gates) == expected
    assert all(gate.values.shape == (STEPS, BATCH, HIDDEN) for gate in gates.values())


def test_gates_of_a_grid_are_told_apart():
    gates = probe.gates(run("grid")[3], layer=1)
    assert list(gates) == ["u 1", "f 1", "g 1", "o 1", "u 2", "f 2", "g 2", "o 2"]


@pytest.mark.parametrize("name", ["RNN", "GRU", "own", "both ways"])
def test_connectivity_is_the_norm_of_the_jacobians(name):
    net = NETS[name](np.random.default_rng(0))
    xs = [tg.Tensor(x, requires_grad=True) for x in data().swapaxes(0, 1)]
    hs, _ = nn.unroll(net, xs)
    expected = [[np.linalg.norm(probe.jacobian(h, x), axis=(1, 2)).mean() for x in xs] for h in hs]
    found = probe.connectivity(hs, xs)
    assert found == pytest.approx(np.array(expected), rel=1e-12)
    assert (found[0, 1:] == 0).all() == (name != "both ways")


def test_connectivity_takes_whole_tensors():
    net = nn.LSTM(INPUTS, HIDDEN, num_layers=2, rng=np.random.default_rng(0))
    x = tg.Tensor(data(), requires_grad=True)
    outputs, _ = net(x)
    xs = [tg.Tensor(step, requires_grad=True) for step in data().swapaxes(0, 1)]
    hs, _ = net(xs)
    assert probe.connectivity(outputs, x) == pytest.approx(probe.connectivity(hs, xs), rel=1e-12)
    embedding = nn.Embedding(9, INPUTS, rng=np.random.default_rng(0))
    embedded = embedding(np.array([[1, 2, 3], [4, 1, 0]]))
    outputs, _ = net(embedded)
    assert (probe.connectivity(outputs, embedded) > 0).sum() == 6


def test_memory_is_what_the_nodes_keep():
    """Summed by hand: every saved array that a node made or reads, once, without weights and data."""
    net, x, _, loss = run("LSTM", requires_grad=True)
    found = probe.activation_memory(loss)
    hidden = BATCH * HIDDEN * 8
    # i, f, g, o, tanh(c) of every step; c and h of every step that is followed by another
    assert found.by_step.tolist() == [5 * hidden] + [7 * hidden] * (STEPS - 1)
    assert found.total == found.by_step.sum() + found.outside == sum(found.by_op.values())
    assert found.given >= x.data.nbytes + sum(p.data.nbytes for p in net.parameters())


def test_memory_is_what_python_frees_with_the_graph():
    def graph(steps):
        cell = nn.GRUCell(INPUTS, 64, rng=np.random.default_rng(0))
        hs, _ = nn.unroll(cell, np.ones((64, steps, INPUTS)))
        return cell, (hs[-1] ** 2).sum()

    graph(2)
    gc.collect()
    tracemalloc.start()
    cell, loss = graph(20)  # the cell stays: its weights are not the graph's
    expected = probe.activation_memory(loss).total
    gc.collect()
    before = tracemalloc.get_traced_memory()[0]
    del loss
    gc.collect()
    freed = before - tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert cell.Wh.grad is None
    assert expected == pytest.approx(freed, rel=0.1)
    assert freed > expected  # the nodes themselves


def test_a_gradient_that_explodes_is_infinite_and_makes_no_warning():
    cell = nn.RNNCell(INPUTS, HIDDEN, rng=np.random.default_rng(0), nonlinearity="relu")
    cell.Wh.data = np.full((HIDDEN, HIDDEN), 1e60)
    cell.Wx.data = np.full((INPUTS, HIDDEN), 1e-300)
    hs, _ = nn.unroll(cell, np.ones((BATCH, 7, INPUTS)))
    loss = hs[-1].sum()
    norms = probe.gradient_by_step(loss)
    assert norms[0] == np.inf
    assert norms[-1] == np.sqrt(BATCH * HIDDEN)
    found = probe.bound(loss)
    assert found.measured[0] == found.bound[0] == np.inf
    assert found.measured[2] == pytest.approx(found.bound[2])
    assert np.isfinite(probe.step_jacobians(loss)).all()
    assert probe.connectivity(hs, hs)[-1, 0] == np.inf
    assert np.isnan(probe.truncation(loss).cosine).any()
    assert probe.half_life(norms[2:]) == np.inf


def test_of_encoder_and_decoder_each_is_probed_by_its_scope():
    rng = np.random.default_rng(0)
    parts = {side: nn.Embedding(9, 5, rng=rng) for side in ("source", "target")}
    model = nn.Seq2Seq(
        nn.GRUCell(5, HIDDEN, rng=rng), nn.GRUCell(5, HIDDEN, rng=rng), nn.Linear(2 * HIDDEN, 4, rng=rng),
        attention=nn.AdditiveAttention(HIDDEN, HIDDEN, 3, rng=rng), **parts,
    )  # fmt: skip
    logits, _ = model(rng.integers(9, size=(2, 4)), rng.integers(4, size=(2, 3)))
    loss = tg.functional.cross_entropy(logits, rng.integers(4, size=(2, 3)))
    assert probe.gradient_by_step(loss, scope="encoder").shape == (4,)
    assert (probe.gradient_by_step(loss, scope="decoder") > 0).tolist() == [False] * 4 + [True] * 3
    assert probe.step_jacobians(loss, scope="decoder").shape == (2, 2, HIDDEN, HIDDEN)
    assert probe.gates(loss, scope="encoder")["z"].values.shape == (4, 2, HIDDEN)
    with pytest.raises(GraphError, match="2 cells compute 'h'") as error:
        probe.gradient_by_step(loss)
    for scope in error.value.hint.removeprefix("say scope='").removesuffix("'").split("' or scope='"):
        assert probe.gradient_by_step(loss, scope=scope).any()


# ---- a learner's own cell, and what cannot be measured -----------------------------------------------------------------------------


def test_a_cell_of_ones_own_works_in_every_probe():
    net, x, hs, loss = run("own", requires_grad=True)
    assert probe.gradient_by_step(loss, ("h", "slow")).shape == (STEPS,)
    assert probe.step_jacobians(loss).shape == (STEPS - 1, BATCH, 2 * HIDDEN, 2 * HIDDEN)
    assert probe.jacobian(hs[-1], hs[0]).shape == (BATCH, HIDDEN, HIDDEN)
    assert probe.contributions(loss, net.V).shape == (STEPS, HIDDEN, HIDDEN)
    assert probe.connectivity(hs, x).shape == (STEPS, STEPS)
    assert probe.truncation(loss, weight="W").norm_ratio[-1] == 1.0
    assert probe.half_life(loss) > 0
    assert list(probe.gates(loss)) == ["q"]
    assert probe.vanishing_regularizer(loss).item() > 0
    assert probe.activation_memory(loss).by_step.shape == (STEPS,)


def test_a_state_without_a_name_is_found_by_who_reads_it():
    class Nameless(OwnCell):
        def step(self, x, state):
            h, slow = state
            slow = 0.9 * slow + 0.1 * tg.tanh(x @ self.U + h @ self.W)
            return 0.5 * h + 0.5 * slow, slow

    hs, _ = nn.unroll(Nameless(INPUTS, HIDDEN, np.random.default_rng(0)), data())
    loss = hs[-1].sum()
    assert probe.step_jacobians(loss).shape == (STEPS - 1, BATCH, 2 * HIDDEN, 2 * HIDDEN)
    assert (probe.gradient_by_step(loss, None) > 0).all()
    with pytest.raises(GraphError, match="no cell of this graph computes 'h'"):
        probe.gradient_by_step(loss)


def test_a_running_total_is_no_state():
    cell = nn.RNNCell(INPUTS, HIDDEN, rng=np.random.default_rng(0))
    h, total = tg.Tensor(np.zeros((BATCH, HIDDEN))), tg.Tensor(0.0)
    for t, x in enumerate(data().swapaxes(0, 1), start=1):
        with tg.time_step(t):
            h = tg.named(tg.tanh(x @ cell.Wx + h @ cell.Wh + cell.b), "h")
            total = total + (h * h).sum()
    assert probe.step_jacobians(total).shape == (STEPS - 1, BATCH, HIDDEN, HIDDEN)
    assert probe.truncation(total).k[-1] == STEPS


def two_runs():
    cell = nn.RNNCell(INPUTS, HIDDEN, rng=np.random.default_rng(0))
    first, second = (nn.unroll(cell, data())[0][-1] for _ in range(2))
    return (first * second).sum()


def two_steps_back():
    h, before = tg.Tensor(np.ones((BATCH, HIDDEN)), requires_grad=True), tg.Tensor(np.ones((BATCH, HIDDEN)))
    for t in (1, 2, 3, 4):
        with tg.time_step(t):
            h, before = tg.named(tg.tanh(h + before), "h"), h
    return h.sum()


def packed():
    cell = nn.LSTMCell(INPUTS, HIDDEN, rng=np.random.default_rng(0))
    _, (h, _) = nn.unroll(cell, nn.pack([np.ones((n, INPUTS)) for n in (2, 5)]))
    return h.sum()


def embedded():
    table, cell = nn.Embedding(5, INPUTS, rng=np.random.default_rng(0)), nn.RNNCell(INPUTS, HIDDEN, rng=np.random.default_rng(0))
    return nn.unroll(cell, table(np.array([[1, 2]])))[0][-1].sum(), table.W


def starts_from_constants():
    h, slow = tg.Tensor(np.ones((BATCH, HIDDEN))), tg.Tensor(np.ones((BATCH, HIDDEN)))
    w = tg.Tensor(0.5, requires_grad=True)
    for t in (1, 2, 3):
        with tg.time_step(t):
            h, slow = tg.named(tg.tanh(w * h + slow), "h"), tg.named(slow * 0.9 + h, "slow")
    return (h + slow).sum()


def detached():
    cell, h = nn.RNNCell(INPUTS, HIDDEN, rng=np.random.default_rng(0)), tg.Tensor(np.zeros((BATCH, HIDDEN)))
    total = tg.Tensor(0.0)
    for t in (1, 2, 3, 4):
        with tg.time_step(t):
            (h,) = cell.step(np.ones((BATCH, INPUTS)), (h.detach() if t == 3 else h,))
        total = total + h.sum()
    return total


def step_0():
    h = tg.Tensor(np.ones((BATCH, HIDDEN)), requires_grad=True)
    for t in (0, 1):
        with tg.time_step(t):
            h = tg.named(tg.tanh(h), "h")
    return h.sum()


def freed():
    _, _, _, loss = run("RNN")
    loss.backward(keep_graph=False)
    return loss


ON_A_LOSS = {
    "gradient_by_step": probe.gradient_by_step,
    "step_jacobians": probe.step_jacobians,
    "gates": probe.gates,
    "bound": probe.bound,
    "truncation": probe.truncation,
    "half_life": probe.half_life,
    "vanishing_regularizer": probe.vanishing_regularizer,
    "activation_memory": probe.activation_memory,
    "contributions": lambda loss: probe.contributions(loss, "Wh"),
}


@pytest.mark.parametrize("name", ON_A_LOSS)
@pytest.mark.parametrize(("loss", "message"), [(lambda: tg.Tensor(1.0), "graph|gradient|computed from"), (freed, "freed")])
def test_every_probe_refuses_what_has_no_graph(name, loss, message):
    with pytest.raises(GraphError, match=message) as error:
        ON_A_LOSS[name](loss())
    assert error.value.hint


@pytest.mark.parametrize("name", [name for name in ON_A_LOSS if name != "half_life"])
def test_every_probe_refuses_what_is_no_tensor(name):
    with pytest.raises(GraphError, match="float"):
        ON_A_LOSS[name](1.0)


@pytest.mark.parametrize("name", [name for name in ON_A_LOSS if name not in ("activation_memory", "contributions")])
def test_every_probe_of_time_refuses_a_graph_without_steps(name):
    w = tg.Tensor(np.ones((2, 2)), requires_grad=True)
    with pytest.raises(GraphError, match="time step"):
        ON_A_LOSS[name](tg.tanh(w).sum())


@pytest.mark.parametrize("name", [name for name in ON_A_LOSS if name not in ("activation_memory", "truncation", "contributions")])
def test_every_probe_of_a_cell_asks_which_one(name):
    with pytest.raises(GraphError, match="4 cells") as error:
        ON_A_LOSS[name](run("both ways")[3])
    assert error.value.hint == "say layer=1 or layer=2"


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: probe.gradient_by_step(run("both ways")[3], layer=1), GraphError, "2 cells compute 'h' with layer=1"),
        (lambda: probe.gradient_by_step(run("both ways")[3], layer=7), GraphError, "no cells compute 'h' with layer=7"),
        (lambda: probe.gradient_by_step(run("RNN")[3], "c"), GraphError, "no cell of this graph computes 'c'"),
        (lambda: probe.gradient_by_step(run("RNN")[3], ()), GraphError, r"role=\(\)"),
        (lambda: probe.gradient_by_step(run("RNN")[2][-1]), GraphError, "only a single number"),
        (lambda: probe.gradient_by_step(two_runs()), GraphError, "step 1 of RNNCell holds more than one 'h'"),
        (lambda: probe.step_jacobians(run("LSTM")[3], "f"), GraphError, "step 2 of LSTMCell does not read the 'f' of step 1"),
        (lambda: probe.step_jacobians(run("RNN", steps=1)[3]), GraphError, "no state is handed from one time step to another"),
        (lambda: probe.step_jacobians(run("RNN", steps=1)[3], "h"), GraphError, "has one step in this graph"),
        (lambda: probe.vanishing_regularizer(run("RNN", steps=1)[3], "h"), GraphError, "has one step in this graph"),
        (lambda: probe.truncation(run("RNN", steps=1)[3]), GraphError, "nothing can be cut"),
        (lambda: probe.step_jacobians(two_steps_back()), GraphError, "step 3 of the time steps reads what step 1 made"),
        (lambda: probe.step_jacobians(starts_from_constants()), GraphError, "computed from constants alone"),
        (lambda: probe.step_jacobians(packed()), GraphError, "shapes"),
        (lambda: probe.vanishing_regularizer(packed()), GraphError, "shapes"),
        (lambda: probe.step_jacobians(detached()), GraphError, "does not read the 'h' of step 2"),
        (lambda: probe.gradient_by_step(step_0()), GraphError, "a time step 0"),
        (lambda: probe.gates(packed()), GraphError, "of packed sequences|has shapes"),
        (lambda: probe.gates(run("RNN")[3]), GraphError, "no cell of this graph has a gate"),
        (lambda: probe.contributions(*embedded()), GraphError, "used outside of time steps"),
        (lambda: probe.contributions(run("RNN")[3], "Wq"), GraphError, "no parameter of this loss is called 'Wq'"),
        (lambda: probe.contributions(run("both ways")[3], "Wh"), GraphError, "4 parameters of this loss are called 'Wh'"),
        (lambda: probe.contributions(run("RNN")[3], tg.Tensor(1.0)), GraphError, "not computed from this tensor"),
        (lambda: probe.half_life([0.0, 1.0]), DataError, "1 of them not 0"),
        (lambda: probe.half_life([]), DataError, "half_life of 0 norms"),
        (lambda: probe.half_life([1.0, np.nan]), DataError, "half_life of an array"),
        (lambda: probe.half_life([-1.0, 1.0]), DataError, "half_life of an array"),
        (lambda: probe.half_life([[1.0, 1.0]]), DataError, "half_life of an array"),
        (lambda: probe.half_life([0.5, 1.0], layer=1), DataError, "half_life of norms with layer="),
        (lambda: probe.gradient_by_step(run("RNN")[3], 3), GraphError, "role=3"),
        (lambda: probe.connectivity(1.0, 1.0), GraphError, "outputs that were not recorded"),
        (lambda: probe.connectivity([], []), ShapeError, "connectivity of outputs of shapes"),
        (lambda: probe.connectivity(run("RNN")[2], tg.Tensor(data())), GraphError, "inputs that were not recorded"),
        (lambda: probe.connectivity(run("RNN")[2], data()), GraphError, "inputs that were not recorded"),
        (lambda: probe.connectivity(run("RNN")[2], run("RNN")[2][0]), ShapeError, "connectivity of inputs of shapes"),
    ],
)
def test_what_cannot_be_measured_is_told(call, error, message):
    with pytest.raises(error, match=message) as raised:
        call()
    assert raised.value.hint


def test_where_one_cell_is_the_only_one_the_hint_says_so():
    with pytest.raises(GraphError) as raised:
        probe.gates(run("LSTM")[3], layer=5)
    assert raised.value.hint == "leave the choice out: LSTMCell is the only one"


def test_no_gradient_is_touched_and_nothing_is_left_behind():
    net, _, _, loss = run("LSTM")
    loss.backward()
    before = [p.grad.copy() for p in net.parameters()]
    for name, call in ON_A_LOSS.items():
        if name != "bound":
            call(loss)
    assert all(np.array_equal(p.grad, g) for p, g in zip(net.parameters(), before, strict=True))
    loss.backward()
    assert all(np.array_equal(p.grad, 2 * g) for p, g in zip(net.parameters(), before, strict=True))


def test_float32_stays_float32():
    with tg.default_dtype("float32"):
        cell = nn.LSTMCell(INPUTS, HIDDEN, rng=np.random.default_rng(0))
        hs, _ = nn.unroll(cell, data().astype("float32"))
        loss = hs[-1].sum()
    assert probe.step_jacobians(loss).dtype == np.float32
    assert probe.contributions(loss, cell.Wh).dtype == np.float32
    assert probe.truncation(loss).cosine[-1] == pytest.approx(1.0)
    assert probe.connectivity(hs, hs).shape == (STEPS, STEPS)


# ---- the decay that the lessons lean on --------------------------------------------------------------------------------------------


def test_the_decay_of_an_rnn_and_of_forget_gates():
    """Per-step factors of the reference table over 20 steps, three seeds; benchmarks/decay.py has all of it."""
    expected = {"RNN": 2.6e-8, "GRU": 3e-5, "LSTM 0": 1.8e-5, "LSTM 1": 5e-3}
    make = {
        "RNN": lambda rng: nn.RNNCell(64, 32, rng=rng),
        "GRU": lambda rng: nn.GRUCell(64, 32, rng=rng),
        "LSTM 0": lambda rng: nn.LSTMCell(64, 32, rng=rng, forget_bias=0.0),
        "LSTM 1": lambda rng: nn.LSTMCell(64, 32, rng=rng, forget_bias=1.0),
    }
    for name, value in expected.items():
        logs = []
        for seed in range(3):
            rng = np.random.default_rng(seed)
            hs, _ = nn.unroll(make[name](rng), rng.standard_normal((1, 21, 64)))
            loss = (hs[-1] * rng.standard_normal((1, 32))).sum()
            norms = probe.gradient_by_step(loss, "c" if "LSTM" in name else "h")
            logs.append(np.log(norms[0] / norms[-1]))
        assert np.exp(np.mean(logs) / 20) == pytest.approx(value ** (1 / 20), rel=0.1), name
