"""What a machine can check about every drawing, over cells, lengths, levels and elision; and that each check finds a seeded fault."""

from collections import defaultdict
from dataclasses import replace
from functools import cache
from itertools import combinations, pairwise
from xml.etree import ElementTree

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn import nn
from tinygrad_rnn.viz import draw
from tinygrad_rnn.viz.size import chip_spots
from tinygrad_rnn.viz.style import THEMES, contrast, ink_on, text_width

SVG = "{http://www.w3.org/2000/svg}"


class Peephole(nn.Module):
    """A learner's own cell: an LSTM whose gates look at c. It has no recipe."""

    def __init__(self, rng):
        self.hidden = 4
        for name, shape in (("Wx", (3, 16)), ("Wh", (4, 16)), ("p_i", (4,)), ("p_f", (4,)), ("p_o", (4,))):
            setattr(self, name, tg.Tensor(0.3 * rng.standard_normal(shape), requires_grad=True, name=name))

    def initial_state(self, batch):
        zeros = np.zeros((batch, self.hidden))
        return tg.Tensor(zeros, name="h0"), tg.Tensor(zeros.copy(), name="c0")

    def step(self, x, state):
        h, c = state
        a_i, a_f, a_g, a_o = tg.split(x @ self.Wx + h @ self.Wh, 4)
        i, f = tg.named(tg.sigmoid(a_i + self.p_i * c), "i"), tg.named(tg.sigmoid(a_f + self.p_f * c), "f")
        c = tg.named(f * c + i * tg.tanh(a_g), "c")
        return tg.named(tg.sigmoid(a_o + self.p_o * c) * tg.tanh(c), "h"), c


def own_cell(rng):
    cell = Peephole(rng)

    class Scoped:  # `unroll` opens the scope of a cell that is no Module itself
        initial_state = staticmethod(cell.initial_state)
        step = staticmethod(cell.step)

    Scoped.__name__ = "PeepholeCell"
    return Scoped()


CELLS = {
    "RNN": lambda rng: nn.RNNCell(3, 4, rng=rng),
    "LSTM": lambda rng: nn.LSTMCell(3, 4, rng=rng),
    "GRU": lambda rng: nn.GRUCell(3, 4, rng=rng),
    "GRU before": lambda rng: nn.GRUCell(3, 4, rng=rng, reset_after=False),
    "Peephole": own_cell,
}


@cache
def graph(cell, T, loss="last"):
    rng = np.random.default_rng(0)
    hs, _ = nn.unroll(CELLS[cell](rng), rng.standard_normal((2, T, 3)))
    if loss == "cross":
        return tg.snapshot(tg.functional.cross_entropy(nn.Linear(4, 3, rng=rng)(hs[-1]), [0, 2]))
    V = tg.Tensor(rng.standard_normal((4, 1)), requires_grad=True, name="V")
    targets = [tg.Tensor(rng.standard_normal((2, 1)), name="y") for _ in hs]
    losses = [((h @ V - y) ** 2).sum() for h, y in zip(hs, targets, strict=True)][0 if loss == "every" else -1 :]
    total = losses[0]
    for more in losses[1:]:
        total = total + more
    return tg.snapshot(total)


# ---- the checks: each takes the parts of a drawing and raises AssertionError ---------------------------------------------------


def box_of(node):
    return node.x - node.width / 2, node.y - node.height / 2, node.x + node.width / 2, node.y + node.height / 2


def parses_and_ids_are_unique(view, layout, svg):
    ids = [e.get("id") for e in ElementTree.fromstring(svg).iter() if e.get("id")]
    assert len(ids) == len(set(ids)) > 3


def every_record_is_somewhere_once(view, layout, svg):
    shown = [m for node in layout.nodes for m in node.box.members]
    parts = [*shown, *(p.node.box.id for p in layout.panel.pills), *view.places.folded, *view.hidden_records]
    assert sorted(parts) == list(range(len(view.graph)))
    drawn = {e.get("id").split("-")[1] for e in ElementTree.fromstring(svg).iter(f"{SVG}g") if "-" in (e.get("id") or "")}
    assert {f"n{node.box.id}" for node in layout.nodes} <= drawn


def weights_once_and_chips_at_uses(view, layout, svg):
    ids = [e.get("id").split("-", 1)[1] for e in ElementTree.fromstring(svg).iter(f"{SVG}g") if "-" in (e.get("id") or "")]
    for r in view.graph.parameters:
        assert ids.count(f"w{r.id}") == 1
    members = {m for node in layout.nodes for m in node.box.members}
    uses = {(u.child, u.slot) for r in view.graph.parameters for u in view.graph.uses(r) if u.child in members}
    assert uses == {use for node in layout.nodes for chip in node.box.chips for use in chip.uses}
    assert sum(i.startswith("c") for i in ids) == sum(len(node.box.chips) for node in layout.nodes)


def same_place_in_every_column(view, layout, svg):
    left = {band.column: band.left for band in layout.bands}
    places = defaultdict(set)
    for node in layout.nodes:
        if 0 <= node.box.column < view.after:
            places[node.box.key].add((round(node.x - left[node.box.column]), round(node.y)))
    assert all(len(found) == 1 for found in places.values())


def nothing_overlaps_or_leaves(view, layout, svg):
    root = ElementTree.fromstring(svg)
    wide, high = float(root.get("width")), float(root.get("height"))
    columns = defaultdict(list)
    for node in [*layout.nodes, *(p.node for p in layout.panel.pills)]:
        a, b, c, d = box_of(node)
        assert a >= 0 <= b
        assert c <= wide
        assert d <= high
        columns[node.box.column].append((a, b, c, d))
        for chip, x, y, width in chip_spots(node):
            assert chip.label
            assert 0 < x - width / 2 < x + width / 2 < wide
            assert 0 < y < high
    bands = {band.column: band for band in layout.bands}
    for column, boxes in columns.items():
        for (a, b, c, d), (a2, b2, c2, d2) in combinations(boxes, 2):
            assert c <= a2 or c2 <= a or d <= b2 or d2 <= b
        if column in bands:
            assert all(a >= bands[column].left and c <= bands[column].right for a, _, c, _ in boxes)


def no_edge_crosses_a_box(view, layout, svg):
    columns = defaultdict(list)
    for node in layout.nodes:
        columns[node.box.column].append((node.box.id, box_of(node)))
    for path in layout.paths:
        for column in range(path.edge.source_column, path.edge.target_column + 1):
            for id, (a, b, c, d) in columns[column]:
                for (x, y), (x2, y2) in pairwise(path.points):
                    assert x == x2 or y == y2
                    inside = min(x, x2) < c - 0.5 and max(x, x2) > a + 0.5 and min(y, y2) < d - 0.5 and max(y, y2) > b + 0.5
                    assert not inside, (path.edge, id)


def edges_have_tracks_of_their_own(view, layout, svg):
    along = defaultdict(list)
    for path in layout.paths:
        e = path.edge
        source = (e.source_key, e.source_column, e.role)
        source = view.places.starts.get(e.source, e.source_key) if e.source_column < 0 else source
        for (x, y), (x2, y2) in pairwise(path.points):
            level = y == y2
            along[level, round(y if level else x, 1)].append((*sorted((x, x2) if level else (y, y2)), source, e.target))
    for stretches in along.values():
        stretches.sort(key=lambda s: s[:2])
        for k, (a, b, source, target) in enumerate(stretches):
            for a2, b2, source2, target2 in stretches[k + 1 : k + 12]:
                shared = min(b, b2) - max(a, a2)
                assert shared < 1 or source == source2 or (target == target2 and target >= 0)


def lanes_are_level(view, layout, svg):
    bands = {band.column: band for band in layout.bands}
    nodes = {node.box.id: node for node in layout.nodes}
    straight = defaultdict(bool)
    for path in layout.paths:
        e = path.edge
        if path.lane and e.source >= 0 and nodes[e.source].box.state and e.source_column >= 0:
            (_, y), (x2, y2) = path.points[:2]
            assert y == y2
            assert x2 >= bands[e.source_column].right
            straight[e.source_key, e.role, e.source_column] |= len(path.points) == 2
    if "Peephole" not in svg:
        assert all(straight.values())


def chips_sum_to_the_gradient(view, layout, svg):
    graph = view.graph
    members = {m for node in layout.nodes for m in node.box.members}
    chips = [(chip.leaf, use) for node in layout.nodes for chip in node.box.chips for use in chip.uses]
    for r in graph.parameters:
        total = np.zeros(r.shape)
        for use in [use for leaf, use in chips if leaf == r.id] + [
            (u.child, u.slot) for u in graph.uses(r) if u.child not in members
        ]:
            total = total + graph.sent[use]
        np.testing.assert_allclose(total, r.grad, rtol=1e-9, atol=1e-14)


def labels_can_be_read(view, layout, svg):
    for group in ElementTree.fromstring(svg).iter(f"{SVG}g"):
        rect, label = group.find(f"{SVG}rect"), group.find(f"{SVG}text")
        if group.find(f"{SVG}title") is not None and rect is not None and label is not None:
            assert contrast(rect.get("fill"), label.get("fill")) >= 4.5


def the_readout_does_not_fill_the_picture(view, layout, svg):
    assert len({round(node.x) for node in layout.nodes if node.box.column == view.after}) <= 8


def words_stay_on_the_paper(view, layout, svg):
    root = ElementTree.fromstring(svg)
    wide, high = float(root.get("width")), float(root.get("height"))
    for parent in root.iter():
        for word in parent.findall(f"{SVG}text"):
            size, place = float(word.get("font-size")), word.get("text-anchor", parent.get("text-anchor"))
            place = place or ("middle" if parent.find(f"{SVG}title") is not None and parent is not root else "start")
            width = 0.9 * text_width("".join(word.itertext()), size)
            left = float(word.get("x")) - {"start": 0, "middle": 0.5, "end": 1}[place] * width
            assert 0 <= left < left + width <= wide, word.text
            assert size <= float(word.get("y")) <= high - 4, word.text


def hidden_steps_can_be_read(view, layout, svg):
    """The bars are as tall as the room between what passes, and have ticks and the values of the first and the last step."""
    if layout.gap is None:
        return
    tile = next(g for g in ElementTree.fromstring(svg).iter(f"{SVG}g") if (g.get("id") or "").endswith("-hidden"))
    words = [word.text for word in tile.iter(f"{SVG}text")]
    lines = [float(p.get("d").split("H")[0].split()[1]) for p in tile.iter(f"{SVG}path")]
    rooms = [b - a for a, b in pairwise([layout.gap.top, *layout.passing, layout.gap.bottom])]
    assert max(lines) - min(lines) > max(rooms) - 70 > 30
    assert sum("10" in word and ":" not in word for word in words) >= 2
    assert [word.split(":")[0] for word in words if ":" in word] == [f"t={view.bars[0][0]}", f"t={view.bars[-1][0]}"][
        : len(view.bars)
    ]


def groups_that_end_in_a_number_are_losses(view, layout, svg):
    for node in layout.nodes:
        if node.box.kind == "group" and node.box.block == ("readout",) and not view.graph[node.box.id].frames:
            assert node.box.label == ("readout" if node.box.shape else "loss")


def the_end_is_called_what_it_is(view, layout, svg):
    parameters = {r.id for r in view.graph.parameters}
    after = [m for node in layout.nodes if node.box.column == view.after for m in node.box.members]
    readout = any(p in parameters for m in after for p in view.graph[m].parents)
    assert (">readout and loss<" in svg) <= readout
    assert (">loss</text>" in svg) or readout


CHECKS = [
    parses_and_ids_are_unique, every_record_is_somewhere_once, weights_once_and_chips_at_uses, same_place_in_every_column,
    nothing_overlaps_or_leaves, no_edge_crosses_a_box, edges_have_tracks_of_their_own, lanes_are_level, chips_sum_to_the_gradient,
    labels_can_be_read, the_readout_does_not_fill_the_picture, words_stay_on_the_paper, hidden_steps_can_be_read,
    groups_that_end_in_a_number_are_losses, the_end_is_called_what_it_is,
]  # fmt: skip


@pytest.mark.parametrize("loss", ["last", "every", "cross"])
@pytest.mark.parametrize("elide", [False, 1], ids=["plain", "elided"])
@pytest.mark.parametrize("detail", ["op", "cell"])
@pytest.mark.parametrize("T", [1, 2, 3, 8, 30])
@pytest.mark.parametrize("cell", CELLS)
def test_every_check_holds(cell, T, detail, elide, loss):
    picture = draw(graph(cell, T, loss), detail=detail, elide=elide, theme="dark" if elide else "light")
    for check in CHECKS:
        check(picture.view, picture.layout, picture.svg())


# ---- each check finds a fault --------------------------------------------------------------------------------------------------


def moved(layout, k=0, dx=0.0, dy=0.0):
    nodes = list(layout.nodes)
    nodes[k] = replace(nodes[k], x=nodes[k].x + dx, y=nodes[k].y + dy)
    return replace(layout, nodes=tuple(nodes))


def bent(layout, dy):
    k = next(k for k, path in enumerate(layout.paths) if path.lane and path.edge.source_column == 0)
    (x, y), end = layout.paths[k].points[0], layout.paths[k].points[-1]
    points = ((x, y), ((x + end[0]) / 2, y), ((x + end[0]) / 2, y + dy), (end[0], y + dy))
    paths = list(layout.paths)
    paths[k] = replace(paths[k], points=points)
    return replace(layout, paths=tuple(paths))


def without_a_chip(layout):
    nodes = list(layout.nodes)
    k = next(k for k, node in enumerate(nodes) if node.box.chips)
    nodes[k] = replace(nodes[k], box=replace(nodes[k].box, chips=()))
    return replace(layout, nodes=tuple(nodes))


def through_a_box(layout):
    node = layout.nodes[5]
    points = ((node.x - 100, node.y), (node.x + 100, node.y))
    return replace(layout, paths=(replace(layout.paths[0], points=points), *layout.paths[1:]))


def on_one_track(layout):
    far = next(
        p for p in layout.paths if p.edge.source != layout.paths[0].edge.source and p.edge.target != layout.paths[0].edge.target
    )
    return replace(layout, paths=(*layout.paths, replace(layout.paths[0], points=far.points)))


def in_one_row(layout):
    """The readout as it was before it was folded."""
    nodes = [replace(n, x=n.x + 60 * k) if n.box.column == 3 else n for k, n in enumerate(layout.nodes)]
    return replace(layout, nodes=tuple(nodes))


def called_readout(layout):
    nodes = [replace(n, box=replace(n.box, label="readout")) if n.box.label == "loss" else n for n in layout.nodes]
    return replace(layout, nodes=tuple(nodes))


FAULTS = [
    (parses_and_ids_are_unique, lambda v, lay, svg: (v, lay, svg.replace("-nodes", "-edges"))),
    (every_record_is_somewhere_once, lambda v, lay, svg: (v, replace(lay, nodes=lay.nodes[1:]), svg)),
    (every_record_is_somewhere_once, lambda v, lay, svg: (v, lay, svg.replace(f"-n{lay.nodes[3].box.id}", "-lost"))),
    (weights_once_and_chips_at_uses, lambda v, lay, svg: (v, without_a_chip(lay), svg)),
    (weights_once_and_chips_at_uses, lambda v, lay, svg: (v, lay, svg.replace("-w0", "-x0"))),
    (same_place_in_every_column, lambda v, lay, svg: (v, moved(lay, 3, dx=2), svg)),
    (nothing_overlaps_or_leaves, lambda v, lay, svg: (v, moved(lay, 3, dx=60), svg)),
    (nothing_overlaps_or_leaves, lambda v, lay, svg: (v, moved(lay, -1, dx=4000), svg)),
    (no_edge_crosses_a_box, lambda v, lay, svg: (v, through_a_box(lay), svg)),
    (edges_have_tracks_of_their_own, lambda v, lay, svg: (v, on_one_track(lay), svg)),
    (lanes_are_level, lambda v, lay, svg: (v, bent(lay, 5), svg)),
    (chips_sum_to_the_gradient, lambda v, lay, svg: (v, without_a_chip(lay), svg)),
    (
        labels_can_be_read,
        lambda v, lay, svg: (v, lay, svg.replace('fill="#ffffff"', 'fill="#777777"').replace('fill="#000000"', 'fill="#777777"')),
    ),
    (the_readout_does_not_fill_the_picture, lambda v, lay, svg: (v, in_one_row(lay), svg)),
    (words_stay_on_the_paper, lambda v, lay, svg: (v, lay, svg.replace('width="', 'width="700" was="', 1))),
    (hidden_steps_can_be_read, lambda v, lay, svg: (v, lay, svg.replace("≤10", "").replace("10⁻", ""))),
    (hidden_steps_can_be_read, lambda v, lay, svg: (v, lay, svg.replace(">t=3: ", ">"))),
    (hidden_steps_can_be_read, lambda v, lay, svg: (v, replace(lay, gap=replace(lay.gap, top=lay.gap.top - 40)), svg)),
    (the_end_is_called_what_it_is, lambda v, lay, svg: (v, lay, svg.replace("t = 3<", "readout and loss<"))),
    (groups_that_end_in_a_number_are_losses, lambda v, lay, svg: (v, called_readout(lay), svg)),
]


SHOWN = {  # steps, loss and detail of the picture that the fault is put into, if not an RNN of three steps
    the_readout_does_not_fill_the_picture: (3, "cross", "op"),
    hidden_steps_can_be_read: (30, "last", "cell"),
    groups_that_end_in_a_number_are_losses: (3, "every", "cell"),
    the_end_is_called_what_it_is: (3, "every", "op"),
}


@pytest.mark.parametrize(("check", "fault"), FAULTS, ids=[f"{k}-{check.__name__}" for k, (check, _) in enumerate(FAULTS)])
def test_the_check_finds_a_fault(check, fault):
    T, loss, detail = SHOWN.get(check, (3, "last", "op"))
    picture = draw(graph("RNN", T, loss), detail=detail)
    parts = picture.view, picture.layout, picture.svg()
    check(*parts)
    with pytest.raises(AssertionError):
        check(*fault(*parts))


def each_use_has_an_arrow(layout):
    """At op level: what one op reads twice comes in twice, since both uses send a gradient back."""
    for path in layout.paths:
        assert len(path.edge.uses) == 1
    ways = [path.points for path in layout.paths]
    assert len(ways) == len(set(ways))


@pytest.mark.parametrize("op", [lambda a: a + a, lambda a: a * a, lambda a: tg.concat([a, a, a])])
def test_a_value_that_is_used_twice_has_two_arrows(op):
    a, b = (tg.Tensor(np.full(2, v), requires_grad=True, name=n) for v, n in ((3.0, "a"), (2.0, "b")))
    picture = draw((op(tg.exp(a))[:2] * b).sum())
    each_use_has_an_arrow(picture.layout)
    for check in (nothing_overlaps_or_leaves, no_edge_crosses_a_box, words_stay_on_the_paper):
        check(picture.view, picture.layout, picture.svg())
    first, second = [path for path in picture.layout.paths if path.edge.role][:2]
    merged = replace(first, edge=replace(first.edge, uses=first.edge.uses + second.edge.uses))
    for fault in ((merged,), (first, replace(second, points=first.points))):
        with pytest.raises(AssertionError):
            each_use_has_an_arrow(replace(picture.layout, paths=fault))


@pytest.mark.parametrize("theme", THEMES)
def test_colours_rise_steadily_and_can_be_written_on(theme):
    levels = [THEMES[theme].level(k / 64) for k in range(65)]
    rise = [contrast(level, "#000000") for level in levels]
    assert rise == sorted(rise, reverse=theme == "light")
    assert min(contrast(level, ink_on(level)) for level in levels) >= 4.5
