"""Pictures of whole models: whose weights these are, what a state begins with, gates with normalisation, entangled graphs."""

import re

import drawing_checks as checks
import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn import nn
from tinygrad_rnn.viz import draw

LEVELS = ["op", "gate", "cell"]
DROPPED = {"dropout": 0.3, "recurrent_dropout": 0.3}


def seq2seq_loss(seed=0):
    rng = np.random.default_rng(seed)
    table = nn.Embedding(5, 3, rng=rng)
    cells = nn.GRUCell(3, 4, rng=rng), nn.GRUCell(3, 4, rng=rng)
    model = nn.Seq2Seq(*cells, nn.Linear(8, 5, rng=rng), source=table, target=table, attention=nn.DotAttention())
    logits, _ = model([[1, 2, 3]], [[0, 3, 2]])
    return tg.functional.cross_entropy(logits, [[3, 2, 1]])


def family_loss(kind, T=3, **settings):
    rng = np.random.default_rng(0)
    outputs, _ = getattr(nn, kind)(3, 4, rng=rng, **settings)(rng.standard_normal((1, T, 3)))
    return (outputs[:, -1] ** 2).sum()


def grid_loss(rows=2, columns=3):
    rng = np.random.default_rng(0)
    outputs = nn.Grid(3, 4, dimensions=2, depth=1, rng=rng)(rng.standard_normal((1, rows, columns, 3)))
    return (outputs[rows - 1, columns - 1] ** 2).sum()


def headings(picture):
    return [words for words, _ in picture.layout.panel.headings]


def tooltips(picture, start):
    return [text for text in re.findall(r"<title>([^<]*)</title>", picture.svg()) if text.startswith(start)]


# ---- whose weights -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("level", LEVELS)
def test_encoder_and_decoder_are_told_apart(level):
    picture = draw(seq2seq_loss(), detail=level)
    assert headings(picture) == ["GRU decoder", "GRU encoder", "Embedding", "Linear"]  # both sides read one Embedding
    assert {row.words for row in picture.layout.row_labels} == {"decoder", "encoder"}
    words = picture.describe()
    assert "Wx of GRU encoder" in words
    assert "Wx of GRU decoder" in words
    assert "|dL/dh| of encoder" in words
    assert "|dL/dh| of decoder" in words


def test_weights_that_project_all_steps_at_once_stand_with_their_cell():
    picture = draw(family_loss("RNN", project_once=True), detail="op")
    assert headings(picture) == ["RNN layer 1"]
    assert [pill.placed.box.label for pill in picture.layout.panel.pills] == ["Wx", "Wh", "b"]
    both = headings(draw(family_loss("LSTM", project_once=True, bidirectional=True), detail="op"))
    assert both == ["LSTM layer 1 ←", "LSTM layer 1 →"]


def test_a_weight_of_all_layers_is_not_called_after_one():
    rng = np.random.default_rng(0)
    outputs, _ = nn.GridLSTM(3, 4, 2, rng=rng, tied=True)(rng.standard_normal((1, 3, 3)))
    assert headings(draw(outputs[-1].sum(), detail="cell")) == ["GridLSTM"]


def test_chips_with_one_letter_are_told_apart():
    class Twice(nn.Module):
        def __init__(self, rng):
            self.first, self.second = nn.Linear(3, 4, rng=rng), nn.Linear(4, 4, rng=rng)

        def initial_state(self, batch):
            return (tg.Tensor(np.zeros((batch, 4)), name="h0"),)

        def step(self, x, state):
            return (tg.named(tg.tanh(self.first(x) + self.second(state[0])), "h"),)

    rng = np.random.default_rng(0)
    hs, _ = nn.unroll(Twice(rng), rng.standard_normal((1, 2, 3)))
    picture = draw(hs[-1].sum(), detail="cell")
    chips = {chip.label for box in picture.view.boxes for chip in box.chips}
    assert chips == {"first.W", "second.W", "first.b", "second.b"}
    two = draw(family_loss("RNN", num_layers=2), detail="cell")
    assert [len(tooltips(two, f"Wx of RNN layer {k}, used by ")) for k in (1, 2)] == [3, 3]
    assert not tooltips(draw(family_loss("RNN"), detail="cell"), "Wx of")


# ---- what a state begins with --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("level", LEVELS)
def test_a_start_that_was_not_recorded_is_drawn_as_its_state(level):
    rng = np.random.default_rng(0)
    cell = nn.LSTMCell(3, 4, rng=rng)
    h0, c0 = tg.Tensor(np.full((1, 4), 0.1), name="h0"), tg.Tensor(np.full((1, 4), 0.2), name="c0")
    hs, _ = nn.unroll(cell, rng.standard_normal((1, 3, 3)), (0.7 * h0, 0.7 * c0))
    picture = draw(hs[-1].sum(), detail=level)
    starts = {(box.label, box.step) for box in picture.view.boxes if box.kind == "start"}
    assert starts == {("h", 0), ("c", 0)}
    assert {box.label for box in picture.view.boxes if box.kind == "input"} == {"x"}
    assert tooltips(picture, "1×4") == []
    assert tooltips(picture, "the state h that it begins with, a constant")


def test_a_constant_without_a_name_is_not_called_an_input():
    cell = nn.RNNCell(3, 4, rng=np.random.default_rng(0))
    h0 = tg.Tensor(np.full((1, 4), 0.1))
    one = draw((nn.unroll(cell, np.ones((1, 1, 3)), (0.7 * h0,))[0][-1] ** 2).sum(), detail="op")
    assert ">input or constant<" in one.svg()  # in one step nothing tells whose start it is
    assert ">input<" in draw((nn.unroll(cell, np.ones((1, 2, 3)))[0][-1] ** 2).sum(), detail="op").svg()


@pytest.mark.once
@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize(("rows", "columns"), [(2, 3), (3, 2), (3, 4)])
def test_the_border_of_a_grid_is_a_start_and_not_detached(rows, columns, level):
    picture = draw(grid_loss(rows, columns), detail=level)
    assert picture.view.places.cuts == {}
    assert "detached" not in picture.describe() + picture.svg()
    for check in (checks.nothing_overlaps_or_leaves, checks.no_edge_crosses_a_box, checks.every_record_is_somewhere_once):
        check(checks.Picture.of(picture))
    names = {picture.view.graph[id].name for id in picture.view.places.starts}
    assert names == {"h10", "m10", "h20", "m20"}


@pytest.mark.parametrize("level", LEVELS)
def test_a_state_that_starts_anew_is_not_detached(level):
    rng = np.random.default_rng(0)
    cell = nn.RNNCell(3, 4, rng=rng)
    state, ends = cell.initial_state(1), []
    for t in range(1, 7):
        with tg.time_step(t):
            if t == 3:
                ends.append(state[0])
                state = (tg.Tensor(np.zeros((1, 4))),)
            if t == 5:
                ends.append(state[0])
                state = (state[0].detach(),)
            state = cell.step(tg.Tensor(rng.standard_normal((1, 3)), name="x"), state)
    picture = draw((tg.stack([*ends, state[0]]) ** 2).sum(), detail=level)
    assert [line for line in picture.describe().splitlines() if "detached" in line] == [
        "At t=5 h comes in detached: no gradient goes back from there to the step before."
    ]
    starts = {(box.column, box.label, box.step) for box in picture.view.boxes if box.kind == "start"}
    assert starts == {(-1, "h", 0), (2, "h", None)}


# ---- gates with normalisation --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["RNN", "LSTM", "GRU"])
def test_gates_with_normalisation_have_whole_words(kind):
    boxes = draw(family_loss(kind, layer_norm=True), detail="gate").view.boxes
    labels = {box.label for box in boxes if box.kind == "gate"}
    assert all(len(label) <= 22 for label in labels), labels
    assert not {label for label in labels if "sum(" in label or "1.0e-05" in label or label.count("(") != label.count(")")}
    assert kind != "GRU" or "LN(h Wh[:, :8])" in labels


# ---- what is entangled ---------------------------------------------------------------------------------------------------------


@pytest.mark.once
@pytest.mark.parametrize(("kind", "settings"), [("LSTM", {}), ("LSTM", DROPPED), ("GRU", DROPPED)], ids=str)
def test_two_layers_both_ways_with_normalisation_are_drawn(kind, settings):
    loss = family_loss(kind, T=2, num_layers=2, layer_norm=True, bidirectional=True, **settings)
    picture = checks.Picture.of(draw(loss, detail="op"))
    for check in (checks.nothing_overlaps_or_leaves, checks.no_edge_crosses_a_box, checks.every_record_is_somewhere_once):
        check(picture)


# ---- comparisons ---------------------------------------------------------------------------------------------------------------


def test_charts_that_are_compared_have_one_height():
    rng = np.random.default_rng(0)
    cells = [
        nn.RNNCell(3, 4, rng=rng),
        nn.LSTMCell(3, 4, rng=rng),
        nn.Stacked([nn.GRUCell(3, 4, rng=rng), nn.GRUCell(4, 4, rng=rng)]),
    ]
    losses = [(nn.unroll(cell, rng.standard_normal((1, 20, 3)))[0][-1] ** 2).sum() for cell in cells]
    sheet = draw.compare(losses, detail="gate").sheet
    rooms = [(room.top, room.bottom, layout.gap) for layout in sheet.layouts for _, _, room in layout.charts()]
    assert len(rooms) == 4
    assert np.ptp([bottom - top for top, bottom, _ in rooms]) < 1e-6
    assert all(gap.top < top < bottom < gap.bottom for top, bottom, gap in rooms)
    alone = [draw(loss, detail="gate", elide=True).layout.charts()[0][2] for loss in losses[:2]]
    assert alone[0].bottom - alone[0].top != pytest.approx(alone[1].bottom - alone[1].top)


# ---- attention -----------------------------------------------------------------------------------------------------------------


def attention_by_hand(T):
    """The context as a sum over steps, each read by boxes of its own."""
    rng = np.random.default_rng(0)
    query = tg.Tensor(rng.standard_normal((4, 1)), requires_grad=True, name="q")
    hs, _ = nn.unroll(nn.RNNCell(3, 4, rng=rng), rng.standard_normal((1, T, 3)))
    with tg.scope("attention"):
        weights = tg.functional.softmax(tg.concat([h @ query for h in hs], axis=1))
        parts = [weights[:, k : k + 1] * h for k, h in enumerate(hs)]
        return (sum(parts[1:], parts[0]) ** 2).sum()


def test_what_would_be_a_knot_is_drawn_at_the_next_level():
    assert draw(attention_by_hand(4)).view.level == "gate"
    assert draw(attention_by_hand(4), detail="op").view.level == "op"
    rng = np.random.default_rng(0)
    hs, _ = nn.unroll(nn.RNNCell(3, 4, rng=rng), rng.standard_normal((1, 4, 3)))
    context, _ = nn.AdditiveAttention(4, 4, 3, rng=rng)(hs[-1], hs)
    assert draw((context**2).sum()).view.level == "op"
