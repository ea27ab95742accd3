"""Names and lanes come from where a cell or a weight is: in cells that nobody here wrote, in pictures, words and probes."""

import re

import numpy as np
import pytest
from unseen_cells import HIDDEN, STEPS, UNSEEN, CellsInside, PlainCellsInside, WeightsInList, run

import tinygrad_rnn as tg
from tinygrad_rnn import nn, probe
from tinygrad_rnn.errors import GraphError

INSIDE = ["CellsInside", "PackageCellsInside"]
LEVELS = ["op", "gate", "cell"]


@pytest.mark.parametrize("kind", UNSEEN)
@pytest.mark.parametrize("reverse", [False, True])
def test_every_weight_is_found_by_the_name_that_the_module_has_for_it(kind, reverse):
    cell, _, loss = run(kind, reverse)
    graph = tg.snapshot(loss)
    for path, p in cell.named_parameters() if isinstance(cell, nn.Module) else [("U", cell.U), ("V", cell.V)]:
        assert p.name
        assert np.allclose(probe.contributions(loss, path).sum(0), tg.grad(loss, p))
        assert np.allclose(sum(graph.contributions(path).values()), tg.grad(loss, p))


@pytest.mark.parametrize("kind", UNSEEN)
@pytest.mark.parametrize("level", LEVELS)
def test_no_two_weights_of_a_picture_are_called_alike(kind, level):
    _, _, loss = run(kind)
    view = tg.draw(loss, detail=level).view
    called = [(pill.label, pill.block) for pill in view.pills if pill.kind == "pill"]
    assert len(set(called)) == len(called)
    assert not any("×" in label for label, _ in called)


@pytest.mark.parametrize("kind", INSIDE)
def test_cells_inside_a_cell_are_two_lanes(kind):
    _, _, loss = run(kind)
    graph = tg.snapshot(loss)
    for part in ("low", "high"):
        expected = [graph.along("h", scope=part)[t].grad_norm for t in range(1, STEPS + 1)]
        assert probe.gradient_by_step(loss, scope=part) == pytest.approx(expected, rel=1e-12)
        assert probe.step_jacobians(loss, scope=part).shape == (STEPS - 1, 2, HIDDEN, HIDDEN)
        assert probe.half_life(loss, scope=part) > 0
        assert probe.bound(loss, scope=part).measured[-1] == 1.0
    name = "Inside" if kind == "CellsInside" else "RNN"
    words = tg.draw(loss).describe()
    for part in ("low", "high"):
        assert f"of {part} " in words
        assert f"Wx of {name} {part}" in words


@pytest.mark.parametrize("kind", INSIDE)
def test_the_wires_of_two_inner_cells_are_two_at_cell_level(kind):
    _, _, loss = run(kind)
    view = tg.draw(loss, detail="cell").view
    boxes = {box.id: box for box in view.boxes}
    across = [e for e in view.edges if e.target_column - e.source_column == 1 and e.source in boxes and e.target in boxes]
    across = [e for e in across if e.source_column >= 0 and e.target_column < STEPS]
    assert {boxes[e.source].key for e in across} == {boxes[e.target].key for e in across}
    assert len({boxes[e.source].key for e in across}) == 2


@pytest.mark.parametrize("level", LEVELS)
def test_inner_cells_that_open_no_scope_are_two_states_and_two_wires(level):
    hs, _ = nn.unroll(PlainCellsInside(np.random.default_rng(0)), np.random.default_rng(1).standard_normal((2, STEPS, 3)))
    loss = (hs[-1] ** 2).sum()
    high, low = ([r.grad_norm for r in tg.snapshot(loss) if r.name == "h"][k::2] for k in (1, 0))
    picture = tg.draw(loss, detail=level)
    words = picture.describe()
    for name, sizes in (("h", low), ("h′", high)):
        assert f"|dL/d{name}| " in words
        assert f"from {sizes[-1]:.3g} at t=4 to {sizes[0]:.3g} at t=1" in words
    edges = [e for e in picture.view.edges if e.source_column == 1 and e.target_column == 2]
    assert len(edges) == 2
    if level == "cell":
        assert [e.role for e in edges] == ["h", "h′"]
    with pytest.raises(GraphError, match="more than one 'h'") as caught:
        probe.gradient_by_step(loss)
    assert "tg.nn.Module" in caught.value.hint


def test_the_hint_of_a_choice_can_be_followed():
    _, _, loss = run("CellsInside")
    with pytest.raises(GraphError) as caught:
        probe.gradient_by_step(loss)
    for place in ("CellsInside / Inside low", "CellsInside / Inside high"):
        assert place in caught.value.hint
        assert len(probe.gradient_by_step(loss, scope=place)) == STEPS
    with pytest.raises(GraphError, match="2 parameters") as caught:
        probe.contributions(loss, "Wx")
    assert "'low.Wx', 'high.Wx'" in caught.value.hint
    graph = tg.snapshot(loss)
    with pytest.raises(GraphError) as caught:
        graph.contributions("Wx")
    assert caught.value.hint == "say scope="
    assert list(graph.contributions("Wx", scope="low")) == [1, 2, 3, 4]


def test_weights_in_a_list_are_named_by_their_place_even_if_it_was_filled_later():
    cell = WeightsInList(np.random.default_rng(0))
    given = tg.Tensor(np.eye(HIDDEN), requires_grad=True, name="mine")
    cell.Rh.append(given)
    hs, _ = nn.unroll(cell, np.ones((1, 2, 3)))
    assert [R.name for R in cell.Rh] == ["Rh.0", "Rh.1", "mine"]
    assert [r.name for r in tg.snapshot(hs[-1].sum()).parameters] == ["Wx", "Rh.0", "Rh.1", "mine"]


def test_a_cell_that_is_renamed_or_runs_alone_is_called_by_where_it_runs():
    cell = CellsInside(np.random.default_rng(0))
    nn.unroll(cell, np.ones((1, 2, 3)))
    alone, _ = nn.unroll(cell.low, np.ones((1, 2, 3)))
    assert alone[-1].place == "t=2 / Inside"
    hs, _ = nn.unroll(cell, np.ones((1, 2, 3)))
    assert hs[-1].place == "t=2 / CellsInside / Inside high"
    cell.top = cell.high
    del cell.high
    cell.step = lambda x, state: cell.top.step(cell.low.step(x, state[1:])[0], state[:1]) * 2
    hs, _ = nn.unroll(cell, np.ones((1, 2, 3)), (tg.Tensor(np.zeros((1, HIDDEN))),) * 2)
    assert hs[-1].place == "t=2 / CellsInside / Inside top"


def test_names_of_a_bidirectional_layer_are_those_of_its_parameters():
    net = nn.LSTM(3, 4, bidirectional=True, rng=np.random.default_rng(0))
    names = [name for name, _ in net.named_parameters()]
    ys, _ = net(np.ones((2, 5, 3)))
    loss = (ys[-1] ** 2).sum() + (ys[0] ** 2).sum()
    with pytest.raises(GraphError) as caught:
        probe.contributions(loss, "Wh")
    for name, p in net.named_parameters():
        assert np.allclose(probe.contributions(loss, name).sum(0), tg.grad(loss, p))
    assert all(repr(name) in caught.value.hint for name in names if name.endswith("Wh"))


def backwards(T=20, scale=0.6):
    """A linear cell that reads from the end; its gradient halves in ln 2 / -ln scale steps."""
    cell = nn.RNNCell(2, 4, nonlinearity="relu", rng=np.random.default_rng(0))
    cell.Wh.data = scale * np.eye(4)
    cell.b.data = np.ones(4)
    return nn.unroll(cell, np.zeros((1, T, 2)), reverse=True)[0]


def test_a_lane_that_reads_backwards_is_measured_in_the_order_in_which_it_read():
    hs = backwards()
    loss = hs[0].sum()
    norms = probe.gradient_by_step(loss)
    assert norms[-1] == pytest.approx(2.0)
    assert norms[0] == pytest.approx(2.0 * 0.6**19)
    assert probe.half_life(loss) == pytest.approx(np.log(2) / -np.log(0.6))
    assert np.allclose(probe.bound(loss).measured * 2.0, norms)
    assert re.search(
        r"falls from 2 at t=1 to 0\.00012\d? at t=20|falls from 2 at t=1 to 1\.2\S* at t=20", tg.draw(loss).describe()
    )


def test_words_and_half_life_begin_at_the_peak():
    cell = nn.RNNCell(2, 4, nonlinearity="relu", rng=np.random.default_rng(0))
    cell.Wh.data, cell.b.data = 0.6 * np.eye(4), np.ones(4)
    hs, _ = nn.unroll(cell, np.zeros((1, 20, 2)))
    loss = hs[9].sum() + 1e-3 * hs[19].sum()
    assert "at t=10, and falls to 0.0202 at t=1" in tg.draw(loss).describe()
    assert probe.half_life(loss) == pytest.approx(np.log(2) / -np.log(0.6), rel=1e-2)


def test_a_loss_at_every_step_is_told_as_one():
    cell = nn.RNNCell(2, 4, nonlinearity="relu", rng=np.random.default_rng(0))
    cell.Wh.data, cell.b.data = 0.6 * np.eye(4), np.ones(4)
    hs, _ = nn.unroll(cell, np.zeros((1, 20, 2)))
    words = tg.draw(sum(h.sum() for h in hs)).describe()
    assert "grows from 2 at t=20 to 5 at t=1; the loss reads 20 of these 20 steps, and what they get adds up." in words
    assert "reads 3 of these 20 steps" in tg.draw(sum(h.sum() for h in hs[-3:])).describe()
    assert "the loss reads" not in tg.draw(hs[-1].sum()).describe()
    state, total = cell.initial_state(1), 0.0
    for t in range(1, 7):
        state = tuple(s.detach() for s in state) if t == 4 else state
        with tg.time_step(t):
            state = cell(np.zeros((1, 2)), state)
        total = total + state[0].sum()
    assert tg.draw(total).describe().count("reads 3 of these 3 steps") == 2


@pytest.mark.parametrize("both", [False, True])
def test_the_steps_that_the_loss_reads_are_the_same_for_all_layers(both):
    net = nn.GRU(3, 4, num_layers=2, bidirectional=both, rng=np.random.default_rng(0))
    hs, _ = net(np.ones((1, 5, 3)))
    assert tg.draw((hs[:, -1, :4] ** 2).sum()).describe().count("the loss reads") == 0
    assert tg.draw((hs**2).sum()).describe().count("the loss reads 5 of these 5 steps") == (4 if both else 2)


def test_reprs_are_short():
    _, _, loss = run("CellsInside")
    assert len(repr(tg.snapshot(loss))) < 120
    assert all(len(repr(event)) < 120 for event in tg.backward_steps(loss))


def test_an_unnamed_constant_of_one_entry_is_labelled_by_its_value():
    w = tg.Tensor(np.ones(3), requires_grad=True, name="w")
    with tg.time_step(1):
        loss = (w * np.array([7.0])).sum()
    assert [box.label for box in tg.draw(loss).view.boxes if box.kind == "input"] == ["7"]
