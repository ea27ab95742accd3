"""One step opened to its ops while the others stay boxes: `draw(loss, open=3)`."""

import drawing_checks as checks
import drawing_networks as networks
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn.errors import DataError

# what compares columns, of which one is another kind here
EXCEPT = {"same_place_in_every_column", "lanes_are_level"}
PEEPHOLE_BOTH = ("Peephole", "both-ways")  # of its many lanes, two meet where the last column is opened


@pytest.mark.once
@pytest.mark.parametrize("kind", ["plain", "2-layers", "both-ways"])
@pytest.mark.parametrize("cell", networks.CELLS)
def test_the_checks_of_pictures_hold(cell, kind):
    for T, steps in ((1, (1,)), (4, (1, 2, 4))):
        graph = networks.graph(cell, kind, T)
        for t in steps if (cell, kind) != PEEPHOLE_BOTH else steps[:-1]:
            picture = checks.Picture.of(tg.draw(graph, detail="cell", open=t))
            for check in checks.CHECKS:
                if check.__name__ not in EXCEPT:
                    check(picture)


@pytest.mark.parametrize("level", ["cell", "gate"])
@pytest.mark.parametrize("cell", networks.CELLS)
def test_the_opened_step_is_as_at_op_level_and_the_others_are_not(cell, level):
    graph = networks.graph(cell, "plain", 4)
    view = tg.draw(graph, detail=level, open=3).view
    whole, fine = tg.draw(graph, detail=level).view, tg.draw(graph, detail="op").view

    def column(of, k):
        return {(box.key, box.members, box.strength, box.chips) for box in of.boxes if box.column == k}

    assert view.opened == {2}
    for k in range(5):
        assert column(view, k) == column(fine if k == 2 else whole, k), k


@pytest.mark.parametrize("cell", ["LSTM", "GRU"])
def test_every_gradient_is_on_the_edge_that_it_has_at_op_level_or_in_a_box(cell):
    graph = networks.graph(cell, "plain", 4)
    view = tg.draw(graph, detail="cell", open=2).view
    fine = {
        edge.uses: edge.strength
        for edge in tg.draw(graph, detail="op").view.edges
        if {edge.source_column, edge.target_column} == {1}
    }
    found = {edge.uses: edge.strength for edge in view.edges if {edge.source_column, edge.target_column} == {1}}
    assert found == fine


def test_h_runs_straight_on_through_the_opened_step():
    for cell in ("RNN", "LSTM", "GRU"):
        layout = tg.draw(networks.graph(cell, "plain", 4), detail="cell", open=2).layout
        boxes = {node.box.id: node.box for node in layout.boxes}
        lanes = [
            p for p in layout.routes if p.hands_on and p.edge.role in ("", "h") and boxes[p.edge.source].states[:1] == ("h",)
        ]
        straight = [p for p in lanes if len(p.points) == 2]
        assert len({p.points[0][1] for p in straight}) == 1
        assert {(p.edge.source_column, p.edge.target_column) for p in straight} >= {(1, 2), (2, 3)}


def test_auto_opens_among_cells_and_the_title_says_so():
    picture = tg.draw(networks.graph("LSTM", "plain", 3), open=1)
    assert picture.title == "LSTM, T = 3: gradient of the loss, cell level, t = 1 opened"
    assert tg.draw(networks.graph("LSTM", "plain", 30), open=30).view.hidden


@pytest.mark.parametrize(
    ("T", "settings", "says"),
    [
        (3, {"open": 4}, r"draw\(open=4\)\n\nhint: the steps are 1 to 3"),
        (3, {"open": "x"}, r"draw\(open='x'\)"),
        (3, {"open": [1]}, r"draw\(open=\[1\]\)"),
        (30, {"open": 15}, r"draw\(open=15\): this step is hidden\n\nhint: show all steps"),
        (3, {"open": 1, "rolled": True}, r"draw\(rolled=True, open=1\)"),
    ],
)
def test_what_cannot_be_opened(T, settings, says):
    with pytest.raises(DataError, match=says):
        tg.draw(networks.graph("RNN", "plain", T), **settings)


def test_a_graph_without_steps_has_nothing_to_open():
    with pytest.raises(DataError, match="this graph has no steps"):
        tg.draw(tg.Tensor(2.0, requires_grad=True) * 3.0, open=1)
