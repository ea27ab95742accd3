"""Truncation against what detaching the state gives; the regulariser against finite differences; landscapes."""

from importlib import import_module

import numpy as np
import pytest
from probe_nets import BATCH, CELLS, HIDDEN, INPUTS, STEPS, data, run, simple

import tinygrad_rnn as tg
from tinygrad_rnn import nn
from tinygrad_rnn.errors import DataError, DtypeError, ShapeError
from tinygrad_rnn.nn import detach_state
from tinygrad_rnn.probe import gates, landscape, step_jacobians, truncation, vanishing_regularizer
from tinygrad_rnn.probe.lanes import Timeline, recorded_graph

KINDS = {
    "RNN": lambda size, rng: nn.RNNCell(size, HIDDEN, rng=rng),
    "LSTM": lambda size, rng: nn.LSTMCell(size, HIDDEN, rng=rng),
    "GRU": lambda size, rng: nn.GRUCell(size, HIDDEN, rng=rng),
}
TERMS = {"the last step": [STEPS], "every step": list(range(1, STEPS + 1)), "two steps": [2, STEPS]}
LAYERS = (1, 2)
READOUT = np.random.default_rng(5).standard_normal((STEPS, BATCH, HIDDEN))


def layers_of(kind, layers):
    rng = np.random.default_rng(0)
    return nn.Stacked([KINDS[kind](INPUTS if k == 0 else HIDDEN, rng) for k in range(layers)])


def term(net, t, detached_after=None):
    """The loss term of step t, with all states detached after a step."""
    cells, steps = net.layers, []
    states = [cell.initial_state(BATCH) for cell in cells]
    for s, x in enumerate(data().swapaxes(0, 1)[:t], start=1):
        for k, cell in enumerate(cells):
            states[k] = cell.step(x, states[k])
            x = states[k][0]
        if s == detached_after:
            states = detach_state(states)
        steps.append(x)
    return (x * READOUT[t - 1]).sum()


def whole_loss(net, terms):
    hs, _ = nn.unroll(net, data())
    return sum((hs[t - 1] * READOUT[t - 1]).sum() for t in terms)


def flat(gradients):
    return np.concatenate([g.ravel() for g in gradients])


def by_detaching(net, terms, k, weights):
    """The sum over the terms of the gradient with the states of step t - k detached."""
    return sum(flat(tg.grad(term(net, t, t - k), weights)) for t in terms)


@pytest.mark.parametrize("layers", LAYERS)
@pytest.mark.parametrize("terms", TERMS)
@pytest.mark.parametrize("kind", KINDS)
def test_truncation_is_what_detaching_the_state_gives(kind, terms, layers):
    net = layers_of(kind, layers)
    loss = whole_loss(net, TERMS[terms])
    for weight, weights in ((None, list(net.parameters())), (net.layers[0].Wh, [net.layers[0].Wh])):
        full = flat(tg.grad(loss, weights))
        found = truncation(loss, weight=weight)
        assert found.k.tolist() == list(range(1, STEPS + 1))
        for k, cosine, ratio in zip(found.k, found.cosine, found.norm_ratio, strict=True):
            cut = by_detaching(net, TERMS[terms], k, weights)
            assert ratio == pytest.approx(np.linalg.norm(cut) / np.linalg.norm(full), rel=1e-12)
            if cut.any():
                assert cosine == pytest.approx(cut @ full / np.linalg.norm(cut) / np.linalg.norm(full), rel=1e-12)
            else:  # Wh at the first step multiplies an initial state of zeros
                assert np.isnan(cosine)
        assert found.norm_ratio[-1] == 1.0
        assert found.cosine[-1] == pytest.approx(1.0, abs=1e-15)


@pytest.mark.parametrize("k", range(1, STEPS))
def test_truncation_is_what_cutting_the_edges_gives(k):
    """Surgery on the graph of a loss of the last step: the edges that hand a state from step T - k to the next are taken out."""
    net = layers_of("LSTM", 2)
    weights = list(net.parameters())
    loss = whole_loss(net, [STEPS])
    full, found = flat(tg.grad(loss, weights)), truncation(loss, k)
    nodes = recorded_graph(loss)[0]
    timeline = Timeline(nodes)
    cut = 0
    for n in nodes:
        kept = tuple(None if p is not None and timeline.crossed(n, p) and timeline.step(p) == STEPS - k else p for p in n.parents)
        cut += sum(a is not b for a, b in zip(n.parents, kept, strict=True))
        n.parents = kept
    assert cut == 4  # h and c of two layers, each read by one op
    rest = flat(tg.grad(loss, weights))
    assert found.norm_ratio[0] == pytest.approx(np.linalg.norm(rest) / np.linalg.norm(full), rel=1e-12)
    assert found.cosine[0] == pytest.approx(rest @ full / np.linalg.norm(rest) / np.linalg.norm(full), rel=1e-12)


def test_truncation_after_some_steps_is_that_of_all():
    _, _, _, loss = run("LSTM")
    whole = truncation(loss)
    for k in (1, 3, [2, 5], [4, 1, 99]):
        some = truncation(loss, k)
        rows = np.minimum(np.atleast_1d(k), STEPS) - 1
        assert some.k.tolist() == np.atleast_1d(k).tolist()
        assert some.cosine == pytest.approx(whole.cosine[rows], rel=1e-12)
        assert some.norm_ratio == pytest.approx(whole.norm_ratio[rows], rel=1e-12)


def test_products_are_multiplied_out_in_parts_that_change_nothing(monkeypatch):
    _, _, _, loss = run("GRU")
    whole = truncation(loss)
    monkeypatch.setattr(import_module("tinygrad_rnn.probe.truncated_bptt"), "HELD", 0)
    parts = truncation(loss)
    assert parts.cosine == pytest.approx(whole.cosine, rel=1e-13)
    assert parts.norm_ratio == pytest.approx(whole.norm_ratio, rel=1e-13)


def test_of_two_directions_the_last_k_is_everything():
    net, _, _, loss = run("both ways")
    found = truncation(loss)
    assert found.k[-1] > STEPS  # a path may run to one end and back
    assert found.norm_ratio[-1] == 1.0
    some = truncation(loss, weight=net.layers[1].forwards.Wh)
    assert some.k[-1] == STEPS


def test_what_is_tiny_is_compared_all_the_same():
    net = layers_of("RNN", 1)
    hs, _ = nn.unroll(net, data())
    assert truncation(hs[-1].sum() * 1e-250).cosine == pytest.approx(truncation(hs[-1].sum()).cosine)


@pytest.mark.parametrize("k", [0, -1, [], 1.5, [1, 0], [[1]], "two"])
def test_there_is_no_truncation_before_the_first_step(k):
    with pytest.raises(DataError, match="truncation after"):
        truncation(run("RNN")[3], k)


# ---- the regulariser ----------------------------------------------------------------------------------------------------------------


def penalised(net, **options):
    hs, _ = nn.unroll(net, data())
    return vanishing_regularizer((hs[-1] ** 2).sum() + (hs[1] * READOUT[1]).sum(), **options)


def by_hand(state_gradients, jacobians):
    """Omega from arrays: dE/ds of every step (T, batch, n) and ds_{k+1}/ds_k (T - 1, batch, n, n)."""
    total = 0.0
    for g, J in zip(state_gradients[1:], jacobians, strict=True):
        back = np.einsum("bi,bij->bj", g, J)
        total += ((np.linalg.norm(back, axis=1) / np.linalg.norm(g, axis=1) - 1) ** 2).mean()
    return total


def state_gradients(cell):
    """dE/ds of every step, (T, batch, n): the run is begun anew there, so that the parts of s are coordinates of one point."""
    found, state = [], cell.initial_state(BATCH)
    for t in range(1, STEPS + 1):
        state = tuple(tg.Tensor(part.data, requires_grad=True) for part in cell.step(data()[:, t - 1], state))
        error, after = tg.Tensor(0.0), state
        for s in range(t, STEPS + 1):
            after = cell.step(data()[:, s - 1], after) if s > t else after
            if s == 2:
                error = error + (after[0] * READOUT[1]).sum()
        found.append(np.concatenate(tg.grad(error + (after[0] ** 2).sum(), list(state)), 1))
    return found


@pytest.mark.parametrize("name", [name for name in CELLS if name != "layer norm"])
@pytest.mark.parametrize("immediate", [False, True])
def test_omega_is_that_of_the_equation(name, immediate):
    cell = CELLS[name](np.random.default_rng(0))
    hs, _ = nn.unroll(cell, data())
    loss = (hs[-1] ** 2).sum() + (hs[1] * READOUT[1]).sum()
    gradients, jacobians = state_gradients(cell), step_jacobians(loss)
    last = np.einsum("bi,bij->bj", gradients[-1], jacobians[-1])
    assert np.abs(last - gradients[-2]).max() < 1e-15  # the chain rule holds: what h passes on to c is counted once
    expected = by_hand(gradients, jacobians)
    assert vanishing_regularizer(loss, immediate=immediate).item() == pytest.approx(expected, rel=1e-12)
    assert expected > 0.01


def differences(f, p, eps=1e-6):
    numeric, start = np.zeros(p.shape), p.data.copy()
    for entry in np.ndindex(p.shape):
        ends = []
        for step in (eps, -eps):
            moved = start.copy()
            moved[entry] += step
            p.data = moved
            ends.append(f())
        numeric[entry] = (ends[0] - ends[1]) / (2 * eps)
    p.data = start
    return numeric


@pytest.mark.parametrize("kind", KINDS)
def test_its_whole_derivative_is_that_of_finite_differences(kind):
    net = layers_of(kind, 1)
    for p in net.parameters():
        found = tg.grad(penalised(net), p)
        numeric = differences(lambda: penalised(net).item(), p)
        assert np.abs(found - numeric).max() < 1e-7 * max(1.0, np.abs(numeric).max())
        assert np.abs(found).max() > 1e-4


def test_the_immediate_derivative_holds_states_and_gradients_fixed():
    """Of an RNN it is that of Wh in diag(1 - h^2) Wh^T alone: differences with h and dE/dh frozen."""
    net = layers_of("RNN", 1)
    cell = net.layers[0]
    hs, _ = nn.unroll(net, data())
    loss = (hs[-1] ** 2).sum() + (hs[1] * READOUT[1]).sum()
    lane = tg.snapshot(loss).along("h")
    gradients = [lane[t].grad for t in lane]
    slopes = [1 - lane[t].value ** 2 for t in list(lane)[1:]]

    def frozen():
        return by_hand(gradients, [s[:, :, None] * cell.Wh.data.T for s in slopes])

    found = tg.grad(vanishing_regularizer(loss, immediate=True), cell.Wh)
    assert np.abs(found - differences(frozen, cell.Wh)).max() < 1e-8
    whole = tg.grad(penalised(net), cell.Wh)
    assert np.abs(found - whole).max() > 1e-3  # so the two can be told apart


def test_adding_it_to_the_loss_keeps_the_gradient_alive():
    """Descent on Omega alone brings the ratio of successive norms from 0.4 towards 1."""
    rng = np.random.default_rng(0)
    cell = nn.RNNCell(INPUTS, 16, rng=rng)
    x = 0.1 * rng.standard_normal((4, 10, INPUTS))

    def loss():
        return nn.unroll(cell, x)[0][-1].sum()

    before = tg.probe.half_life(loss())
    adam = tg.optim.Adam(cell.parameters(), lr=0.01)
    for _ in range(60):
        omega = vanishing_regularizer(loss(), immediate=True)
        adam.zero_grad()
        omega.backward()
        adam.step()
    assert tg.probe.half_life(loss()) > 4 * before


def test_what_vanished_still_has_a_ratio():
    """Squares of 1e-30 are 0 in float32; their ratio is not."""
    with tg.default_dtype("float32"):
        hs, _ = nn.unroll(nn.RNNCell(INPUTS, HIDDEN, rng=np.random.default_rng(0)), data().astype("float32"))
        one, tiny = (vanishing_regularizer((hs[-1] * factor).sum()).item() for factor in (1.0, 1e-30))
    assert tiny == pytest.approx(one, rel=1e-3)
    assert one > 0.1


def test_a_gradient_of_length_0_makes_no_nan():
    h, w = tg.Tensor(np.ones((2, 3))), tg.Tensor(-np.eye(3), requires_grad=True)
    for t in (1, 2, 3):
        with tg.time_step(t):
            h = tg.named(tg.relu(h @ w), "h")
    omega = vanishing_regularizer(h.sum())
    assert omega.item() == 1.0  # from step 3 to step 2 all is lost, and there is nothing to lose before
    hs, _ = nn.unroll(layers_of("RNN", 1), data())
    assert vanishing_regularizer((hs[-1] * np.array([[1.0], [0.0]])).sum()).item() > 0


def test_no_omega_of_a_gradient_that_exploded():
    cell = nn.RNNCell(INPUTS, HIDDEN, rng=np.random.default_rng(0), nonlinearity="relu")
    cell.Wh.data = np.full((HIDDEN, HIDDEN), 1e60)
    hs, _ = nn.unroll(cell, 1e-300 * np.ones((BATCH, 8, INPUTS)))
    for immediate in (False, True):
        with pytest.raises(DataError, match="NaN or infinity"):
            vanishing_regularizer(hs[-1].sum(), immediate=immediate)


# ---- the landscape ------------------------------------------------------------------------------------------------------------------


def unit(w, b, steps=50):
    """Pascanu et al. 2013, figure 6: x_t = w sigmoid(x_{t-1}) + b from x_0 = 0.5, E = (sigmoid(x_50) - 0.7)^2."""
    x = tg.Tensor(0.5)
    for t in range(1, steps + 1):
        with tg.time_step(t):
            x = tg.named(w * tg.sigmoid(x) + b, "x")
    return (tg.sigmoid(x) - 0.7) ** 2


def test_the_wall_of_figure_6():
    """At w = 5 the error falls from 0.34 to 0.01 between two values of b that are 0.005 apart, near -2.61."""
    along = [[1.0, 0.0], [0.0, 1.0]]
    surface = landscape(lambda p: unit(p[0], p[1]), [5.0, -2.6], along, extent=((0, 1), (-0.1, 0.1)), points=(2, 41))
    assert surface.values.shape == (2, 41)
    error, b = surface.values[0], -2.6 + surface.axes[1]
    wall = int(np.abs(np.diff(error)).argmax())
    assert b[wall] < -2.61 + 1e-9
    assert b[wall + 1] > -2.615 + 1e-9
    assert error[wall] > 0.34
    assert error[wall + 1] < 0.011


def test_the_gradient_at_the_wall_is_steep():
    def slope(b):
        w, b = tg.Tensor(5.0, requires_grad=True), tg.Tensor(b, requires_grad=True)
        return np.hypot(*tg.grad(unit(w, b), [w, b]))

    assert max(slope(b) for b in np.linspace(-2.615, -2.6, 61)) > 20 > 100 * 0.01 > 0.5 > slope(-2.7)


def test_one_direction_is_a_curve_through_the_origin():
    curve = landscape(lambda w: float((w**2).sum()), np.ones((2, 2)), [np.eye(2)], extent=2, points=5)
    assert curve.axes[0].tolist() == [-2, -1, 0, 1, 2]
    assert curve.values.tolist() == [2 * (1 + a) ** 2 + 2 for a in (-2, -1, 0, 1, 2)]


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"directions": []}, DataError, "along 0 directions"),
        ({"directions": [[1.0]] * 3}, DataError, "along 3 directions"),
        ({"directions": [[1.0, 2.0]]}, ShapeError, r"along directions of shapes \(2,\)"),
        ({"points": 1}, DataError, "points=1"),
        ({"points": 2.5}, DataError, "points=2.5"),
        ({"points": (2, 2)}, DataError, "points"),
        ({"extent": 0.0}, DataError, "extent=0.0"),
        ({"extent": (1.0, -1.0)}, DataError, "extent"),
        ({"extent": np.inf}, DataError, "extent=inf"),
        ({"extent": (1, 2, 3)}, DataError, "extent"),
        ({"extent": "abc"}, DataError, "extent='abc'"),
        ({"extent": None}, DataError, "extent=None"),
        ({"extent": [(0, 1), (0, 1)]}, DataError, "extent"),
        ({"extent": [[0], [0, 1]]}, DataError, "extent"),
        ({"points": [[2], [2, 3]]}, DataError, "points"),
        ({"directions": 5}, DataError, "directions=5"),
        ({"directions": None}, DataError, "directions=None"),
        ({"origin": None}, DtypeError, "None"),
        ({"f": None}, DataError, "landscape of None, which is not a function"),
        ({"f": lambda w: (w.sum(), [1.0, 2.0])}, ShapeError, "returns tuple"),
        ({"f": lambda w: "flat"}, ShapeError, "returns str"),
        ({"f": lambda w: [1.0, 2.0]}, ShapeError, "returns list of shape"),
    ],
)
def test_what_is_no_landscape_is_refused(arguments, error, message):
    with pytest.raises(error, match=message):
        landscape(**{"f": lambda w: float(w[0]), "origin": [0.0], "directions": [[1.0]], **arguments})


def test_simple_nets_have_no_gates():
    rng = np.random.default_rng(0)
    with pytest.raises(tg.errors.GraphError, match="no cell of this graph has a gate"):
        gates(simple("sigmoid", np.eye(2), np.eye(2), 3, rng)[0])
