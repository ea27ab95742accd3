"""Each check of `drawing_checks.py` finds a fault that is put into a picture."""

import re
from dataclasses import replace
from itertools import product

import drawing_checks as checks
import drawing_networks as networks
import pytest

from tinygrad_rnn.viz import draw


def changed(p, **parts):
    return replace(p, layout=replace(p.layout, **parts))


def at_node(p, k, **parts):
    """Another place or another box for node k."""
    nodes = list(p.layout.boxes)
    nodes[k] = replace(nodes[k], **parts)
    return changed(p, boxes=tuple(nodes))


def at_path(p, which, points):
    """Other corners for the first route that is asked for; `points` makes them from the old ones."""
    k = next(k for k, route in enumerate(p.layout.routes) if which(route))
    routes = list(p.layout.routes)
    routes[k] = replace(routes[k], points=tuple(points(routes[k].points)))
    return changed(p, routes=tuple(routes))


def moved(k, dx=0.0, dy=0.0):
    return lambda p: at_node(p, k, x=p.layout.boxes[k].x + dx, y=p.layout.boxes[k].y + dy)


def rewritten(old, new, count=-1):
    def fault(p):
        assert old in p.svg
        return replace(p, svg=p.svg.replace(old, new, count))

    return fault


def without_a_chip(p):
    k = next(k for k, node in enumerate(p.layout.boxes) if node.box.chips)
    return at_node(p, k, box=replace(p.layout.boxes[k].box, chips=()))


def a_pale_chip(p):
    k = next(k for k, node in enumerate(p.layout.boxes) if node.box.chips)
    chips = tuple(replace(chip, strength=1e-9) for chip in p.layout.boxes[k].box.chips)
    return at_node(p, k, box=replace(p.layout.boxes[k].box, chips=chips))


def a_chip_on_a_box(p):
    k = next(k for k, node in enumerate(p.layout.boxes) if node.box.chips)
    node, other = p.layout.boxes[k], p.layout.boxes[k + 2]
    return at_node(p, k, x=other.x + node.width / 2, y=other.y - node.height / 2)


def a_cycle(p):
    route = next(route for route in p.layout.routes if route.edge.source >= 0 <= route.edge.target)
    back = replace(route, edge=replace(route.edge, source=route.edge.target, target=route.edge.source))
    return changed(p, routes=(*p.layout.routes, back))


def through_a_box(p):
    node = p.layout.boxes[5]
    return at_path(p, lambda route: True, lambda points: ((node.x - 100, node.y), (node.x + 100, node.y)))


def through_a_name(p):
    row = p.layout.row_labels[0]
    return at_path(
        p, lambda route: True, lambda points: ((row.x - 100, row.top), (row.x - 10, row.top), (row.x - 10, row.bottom))
    )


def strangers(p):
    """The numbers of two routes without a common end, the second with a corner."""
    ends = [{route.edge.source, route.edge.target} for route in p.layout.routes]
    pairs = product(range(len(ends)), repeat=2)
    return next((a, b) for a, b in pairs if not ends[a] & ends[b] and len(p.layout.routes[b].points) > 2)


def beside(dx, dy):
    """One edge on, or close to, the way of another."""

    def fault(p):
        a, b = strangers(p)
        points = tuple((x + dx, y + dy) for x, y in p.layout.routes[b].points)
        return changed(
            p, routes=tuple(replace(route, points=points) if k == a else route for k, route in enumerate(p.layout.routes))
        )

    return fault


def a_false_junction(p):
    a, b = strangers(p)
    (x, y), (x2, y2) = p.layout.routes[b].points[:2]
    middle, dx, dy = ((x + x2) / 2, (y + y2) / 2), 9 * (x == x2), 9 * (y == y2)
    points = ((middle[0] - 9, middle[1] - 9), middle, (middle[0] + dx, middle[1] + dy))
    return changed(p, routes=tuple(replace(route, points=points) if k == a else route for k, route in enumerate(p.layout.routes)))


def an_edge_twice(p):
    route = p.layout.routes[0]
    return changed(p, routes=(*p.layout.routes, replace(route, edge=replace(route.edge, role="slot 1"))))


def sagging(which):
    """All routes that are asked for leave their row, as lanes did in the generic layout once."""

    def fault(p):
        routes = []
        for route in p.layout.routes:
            (x, y), (x2, y2), middle = route.points[0], route.points[-1], (route.points[0][0] + route.points[-1][0]) / 2
            routes.append(replace(route, points=((x, y), (middle, y), (middle, y2 + 5), (x2, y2 + 5))) if which(route) else route)
        assert routes != list(p.layout.routes)
        return changed(p, routes=tuple(routes))

    return fault


def the_wrong_way(p):
    """Lanes of what reads backwards, drawn forwards."""
    routes = [
        replace(route, points=route.points[::-1])
        if route.hands_on and route.edge.source_column > route.edge.target_column
        else route
        for route in p.layout.routes
    ]
    return changed(p, routes=tuple(routes))


def a_start_among_the_steps(p):
    k = next(k for k, node in enumerate(p.layout.boxes) if node.box.kind == "start" and node.box.column == p.view.behind)
    return at_node(p, k, x=p.layout.bands[1].left)


def in_one_row(p):
    """The readout as it was before it was folded."""
    after = p.view.after
    return changed(
        p, boxes=tuple(replace(n, x=n.x + 60 * k) if n.box.column == after else n for k, n in enumerate(p.layout.boxes))
    )


def called_readout(p):
    nodes = [replace(n, box=replace(n.box, label="readout")) if n.box.label.endswith("loss") else n for n in p.layout.boxes]
    return changed(p, boxes=tuple(nodes))


def rows_moved(dx=0.0, dy=0.0):
    return lambda p: changed(
        p, row_labels=tuple(replace(r, x=r.x + dx, top=r.top - dy, bottom=r.bottom + dy) for r in p.layout.row_labels)
    )


def panel_with(**parts):
    return lambda p: changed(p, panel=replace(p.layout.panel, **parts))


def everything_moved(dx):
    """All but the panel, as where it was made too wide."""
    return lambda p: changed(
        p,
        boxes=tuple(replace(n, x=n.x + dx) for n in p.layout.boxes),
        bands=tuple(replace(band, left=band.left + dx) for band in p.layout.bands),
        row_labels=tuple(replace(row, x=row.x + dx) for row in p.layout.row_labels),
    )


SIMPLE, HIDING = ("RNN", "plain", 3, "op", False, "last"), ("RNN", "plain", 30, "cell", 2, "last")
HARD, STACK = ("LSTM", "both-ways", 3, "gate", False, "last"), ("GRU", "2-layers", 8, "gate", 1, "last")
FAULTS = [
    (checks.parses_and_ids_are_unique, SIMPLE, rewritten("-nodes", "-edges")),
    (checks.parses_and_ids_are_unique, SIMPLE, rewritten("-scale)", "-lost)")),
    (checks.every_record_is_somewhere_once, SIMPLE, lambda p: changed(p, boxes=p.layout.boxes[1:])),
    (checks.every_record_is_somewhere_once, HARD, lambda p: changed(p, boxes=p.layout.boxes[1:])),
    (checks.every_record_is_somewhere_once, STACK, lambda p: replace(p, view=replace(p.view, hidden_records=()))),
    (checks.every_record_is_somewhere_once, SIMPLE, lambda p: rewritten(f"-n{p.layout.boxes[3].box.id}", "-lost")(p)),
    (checks.every_use_is_an_edge_or_a_chip, STACK, lambda p: changed(p, routes=p.layout.routes[1:])),
    (checks.every_use_is_an_edge_or_a_chip, HARD, lambda p: changed(p, routes=(*p.layout.routes, p.layout.routes[0]))),
    (checks.every_use_is_an_edge_or_a_chip, SIMPLE, without_a_chip),
    (checks.boxes_have_no_cycle, HARD, a_cycle),
    (checks.weights_once_and_chips_at_uses, SIMPLE, without_a_chip),
    (checks.weights_once_and_chips_at_uses, SIMPLE, rewritten("-w0", "-x0")),
    (checks.columns_say_their_step, SIMPLE, rewritten("t = 2", "t = 3")),
    (checks.same_place_in_every_column, SIMPLE, moved(3, dx=2)),
    (checks.same_place_in_every_column, HARD, moved(-8, dy=2)),
    (
        checks.same_way_in_every_column,
        HARD,
        lambda p: at_path(
            p,
            lambda route: route.edge.source_column == route.edge.target_column == 1 and len(route.points) > 2,
            lambda points: [(x, y + 3) for x, y in points],
        ),
    ),
    (checks.nothing_overlaps_or_leaves, SIMPLE, moved(3, dx=60)),
    (checks.nothing_overlaps_or_leaves, SIMPLE, moved(-1, dx=4000)),
    (checks.nothing_overlaps_or_leaves, HARD, rows_moved(dx=-400)),
    (checks.the_panel_is_as_wide_as_its_words, SIMPLE, panel_with(headings=(("the heading of another panel", 80.0),))),
    (checks.the_panel_is_as_wide_as_its_words, SIMPLE, everything_moved(90)),
    (checks.the_panel_is_as_wide_as_its_words, HARD, everything_moved(-30)),
    (checks.chips_cover_nothing_else, SIMPLE, a_chip_on_a_box),
    (checks.tiles_stand_side_by_side, HARD, a_start_among_the_steps),
    (checks.tiles_stand_side_by_side, HARD, rows_moved(dx=-60)),
    (checks.tiles_stand_side_by_side, STACK, lambda p: changed(p, gap=replace(p.layout.gap, left=p.layout.gap.left - 100))),
    (checks.names_of_rows_have_room, HARD, rows_moved(dx=130)),
    (checks.names_of_rows_have_room, HARD, rows_moved(dy=40)),
    (checks.names_of_rows_have_room, HARD, lambda p: changed(p, row_labels=p.layout.row_labels[1:])),
    (checks.edges_go_from_border_to_border, HARD, moved(4, dx=3, dy=3)),
    (checks.no_edge_crosses_a_box, SIMPLE, through_a_box),
    (checks.no_edge_crosses_a_box, HARD, through_a_box),
    (checks.no_edge_crosses_a_box, HARD, through_a_name),
    (checks.edges_have_tracks_of_their_own, STACK, beside(0, 0)),
    (checks.edges_have_tracks_of_their_own, HARD, beside(0, 0)),
    (checks.edges_have_tracks_of_their_own, HARD, beside(2, 2)),
    (checks.no_edge_hides_another, HARD, an_edge_twice),
    (checks.edges_meet_only_to_cross, HARD, a_false_junction),
    (checks.lanes_are_level, SIMPLE, sagging(lambda route: route.hands_on and route.edge.source_column == 1)),
    (checks.lanes_are_level, HARD, sagging(lambda route: route.hands_on and route.edge.source_column == 2)),
    (checks.lanes_are_level, STACK, sagging(lambda route: route.hands_on and route.edge.source == -1)),
    (checks.lanes_are_level, HARD, the_wrong_way),
    (checks.starts_are_level, HARD, lambda p: sagging(lambda route: route.edge.source in p.view.places.starts)(p)),
    (checks.chips_sum_to_the_gradient, SIMPLE, without_a_chip),
    (checks.chips_sum_to_the_gradient, SIMPLE, a_pale_chip),
    (
        checks.labels_can_be_read,
        SIMPLE,
        lambda p: replace(p, svg=p.svg.replace('fill="#ffffff"', 'fill="#777777"').replace('fill="#000000"', 'fill="#777777"')),
    ),
    (checks.the_readout_does_not_fill_the_picture, ("RNN", "plain", 3, "op", False, "cross"), in_one_row),
    (checks.words_stay_on_the_paper, SIMPLE, rewritten('width="', 'width="700" was="', 1)),
    (checks.hidden_steps_can_be_read, HIDING, lambda p: replace(p, svg=re.sub(r">≤?10[^<]{1,3}<", "><", p.svg))),
    (checks.hidden_steps_can_be_read, HIDING, rewritten(">t=3: ", ">")),
    (checks.hidden_steps_can_be_read, HIDING, lambda p: changed(p, gap=replace(p.layout.gap, top=p.layout.gap.top - 99))),
    (checks.hidden_steps_can_be_read, STACK, rewritten("layer 2: ", "layer 1: ")),
    (checks.hidden_steps_can_be_read, STACK, lambda p: replace(p, view=replace(p.view, series=p.view.series[:1]))),
    (checks.the_end_is_called_what_it_is, ("RNN", "plain", 3, "op", False, "every"), rewritten("t = 3<", "readout and loss<")),
    (checks.groups_that_end_in_a_number_are_losses, ("RNN", "plain", 3, "cell", False, "every"), called_readout),
]


@pytest.mark.parametrize(
    ("check", "shown", "fault"), FAULTS, ids=[f"{k}-{check.__name__}" for k, (check, *_) in enumerate(FAULTS)]
)
def test_the_check_finds_a_fault(check, shown, fault):
    cell, kind, T, level, elide, loss = shown
    picture = checks.Picture.of(draw(networks.graph(cell, kind, T, loss), detail=level, elide=elide))
    check(picture)
    with pytest.raises(AssertionError):
        check(fault(picture))


def test_no_check_is_without_a_fault():
    assert {check for check, *_ in FAULTS} == set(checks.CHECKS)


def test_a_theme_that_moves_something_is_found():
    light = draw(networks.graph("RNN", "plain", 3), theme="light")
    dark = draw(networks.graph("RNN", "plain", 3), theme="dark").svg()
    checks.a_theme_changes_colours_alone(checks.Picture.of(light), [dark])
    for fault in (dark.replace('rx="7"', 'rx="8"'), light.svg(), dark.replace("stroke-dasharray", "x-dasharray")):
        with pytest.raises(AssertionError):
            checks.a_theme_changes_colours_alone(checks.Picture.of(light), [fault])
