"""Every check of `drawing_checks.py` on every drawing: cells, networks, lengths, levels, elision and themes. And each finds a fault."""

import importlib.util
import shutil
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn.viz import draw
from tinygrad_rnn.viz.style import THEMES, contrast, ink_on

HERE = Path(__file__).parent


def neighbour(name):
    """A file of this folder that holds no tests; under importlib mode it cannot be imported by name."""
    spec = importlib.util.spec_from_file_location(name, HERE / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


networks = neighbour("drawing_networks")
checks = neighbour("drawing_checks")
LEVELS = ["op", "gate", "cell"]
LENGTHS = [1, 2, 3, 8, 30]
LIGHT, DARK = THEMES


def holds(graph, level, elide):
    """All checks on one drawing in both themes. A theme changes nothing but colours, so places are checked once."""
    light = draw(graph, detail=level, elide=elide, theme=LIGHT)
    dark = draw(graph, detail=level, elide=elide, theme=DARK)
    dark.__dict__["layout"] = light.layout  # of an equal view: laid out once
    assert dark.view == light.view
    picture = checks.Picture.of(light)
    for check in checks.CHECKS:
        check(picture)
    checks.a_theme_changes_colours_alone(picture, [dark.svg()])
    checks.labels_can_be_read(checks.Picture.of(dark))


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("T", LENGTHS)
@pytest.mark.parametrize("kind", networks.NETWORKS)
@pytest.mark.parametrize("cell", networks.CELLS)
@pytest.mark.parametrize("elide", [False, 1], ids=["plain", "elided"])
def test_every_check_holds(cell, kind, T, level, elide):
    graph = networks.graph(cell, kind, T)
    if elide and T < 3:  # there is nothing to hide: the picture is the one that is checked without elision
        assert draw(graph, detail=level, elide=1).view == draw(graph, detail=level, elide=False).view
    else:
        holds(graph, level, elide)


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("elide", [False, 1], ids=["plain", "elided"])
@pytest.mark.parametrize("T", [1, 2, 3, 8])
@pytest.mark.parametrize(("kind", "loss"), [("plain", "every"), ("plain", "cross"), ("both-ways", "every"), ("2-layers", "every")])
@pytest.mark.parametrize("cell", networks.CELLS)
def test_every_check_holds_for_other_losses(cell, kind, loss, T, level, elide):
    if not (elide and T < 3):
        holds(networks.graph(cell, kind, T, loss), level, elide)


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("elide", [False, 1], ids=["plain", "elided"])
@pytest.mark.parametrize("backwards", [False, True], ids=["forwards", "backwards"])
@pytest.mark.parametrize("cell", networks.CELLS)
def test_every_check_holds_for_detached_states(cell, backwards, elide, level):
    for T, at in ((3, 2), (8, 1 if backwards else 8), (8, 4)):
        graph = tg.snapshot(networks.detached_loss(cell, T, at, backwards))
        holds(graph, level, elide)
        cuts = {path.edge.target_column for path in draw(graph, detail=level).layout.paths if path.edge.source == -2}
        assert cuts == {at - 1}


# ---- the same picture every time -----------------------------------------------------------------------------------------------


def bytes_of(cells, T):
    """The SVG of every network and level, from programs that are run anew."""
    found = {}
    for cell, kind in product(cells, networks.NETWORKS):
        graph = tg.snapshot(networks.loss_of(cell, kind, T))
        for level in LEVELS:
            found[cell, kind, level] = draw(graph, detail=level, elide=1).svg()
    return found


def test_the_same_program_draws_the_same_bytes():
    assert bytes_of(networks.CELLS, 3) == bytes_of(networks.CELLS, 3)


def test_bytes_do_not_depend_on_the_hashes_of_a_process():
    program = (
        f"import sys, hashlib; sys.path.insert(0, {str(HERE)!r}); from drawing_networks import *; from itertools import product\n"
        "for case in product(('LSTM', 'MUT1'), NETWORKS):\n"
        "    graph = tg.snapshot(loss_of(*case, 3))\n"
        "    for level in ('op', 'gate', 'cell'):\n"
        "        print(*case, level, hashlib.sha256(tg.draw(graph, detail=level, elide=1).svg().encode()).hexdigest())"
    )
    runs = [
        subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=HERE.parent, env={"PYTHONHASHSEED": seed}
        ).stdout
        for seed in ("1", "2")
    ]
    assert runs[0] == runs[1]
    assert len(runs[0].splitlines()) == 30


# ---- 10: Graphviz puts everything where the SVG has it -------------------------------------------------------------------------


def plain_text(source):
    """What `dot` makes of a picture, in its plain format: words split at spaces outside of quotes."""
    import shlex

    run = subprocess.run(["dot", "-Tplain"], input=source, capture_output=True, text=True, check=True)
    assert run.stderr == ""
    return [shlex.split(line) for line in run.stdout.splitlines()]


def stands_where_the_svg_has_it(layout, high, lines):
    """Boxes and starts of edges within a point; in plain text a unit is an inch, and y counts upwards."""
    at = {line[1]: np.array(line[2:4], float) * 72 for line in lines if line[0] == "node"}
    for node in [*layout.nodes, *(pill.node for pill in layout.panel.pills)]:
        assert np.abs(at[f"n{node.box.id}"] - [node.x, high - node.y]).max() < 1, node.box.id
    ways = Counter()  # of edges: where they start, and how many points they have
    for line in lines:
        if line[0] == "edge":
            points = np.array(line[4 : 4 + 2 * int(line[3])], float).reshape(-1, 2) * 72
            ways[tuple(points[0].round()), len(points)] += 1
    for path in layout.paths:
        x, y = path.points[0]
        near = [(round(x) + dx, round(high - y) + dy) for dx in (-1, 0, 1) for dy in (-1, 0, 1)]
        assert any(ways[spot, 3 * len(path.points) - 2] for spot in near), path


GRAPHVIZ = [
    *[("LSTM", kind, 3, level, False) for kind in networks.NETWORKS for level in LEVELS],
    *[("MUT1", "both-ways", 8, level, 1) for level in LEVELS],
    *[("GRU", "2-layers", 8, level, 2) for level in LEVELS],
]


@pytest.mark.skipif(shutil.which("dot") is None, reason="Graphviz is not installed")
@pytest.mark.parametrize(("cell", "kind", "T", "level", "elide"), GRAPHVIZ)
def test_graphviz_puts_boxes_where_the_svg_has_them(cell, kind, T, level, elide):
    picture = draw(networks.graph(cell, kind, T), detail=level, elide=elide)
    lines = plain_text(picture.to_graphviz().source)
    stands_where_the_svg_has_it(picture.layout, picture.sheet.height, lines)
    first, *others = picture.layout.nodes
    fault = replace(picture.layout, nodes=(replace(first, x=first.x + 1.5), *others))
    with pytest.raises(AssertionError):
        stands_where_the_svg_has_it(fault, picture.sheet.height, lines)
    way, *ways = picture.layout.paths
    fault = replace(picture.layout, paths=(replace(way, points=((way.points[0][0], way.points[0][1] + 9), *way.points[1:])), *ways))
    with pytest.raises(AssertionError):
        stands_where_the_svg_has_it(fault, picture.sheet.height, lines)


# ---- 12: colours ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("theme", THEMES)
def test_colours_rise_steadily_and_can_be_written_on(theme):
    levels = [THEMES[theme].level(k / 64) for k in range(65)]
    rise = [contrast(level, "#000000") for level in levels]
    assert rise == sorted(rise, reverse=theme == "light")
    assert min(contrast(level, ink_on(level)) for level in levels) >= 4.5


# ---- 13: each check finds a fault ----------------------------------------------------------------------------------------------


def changed(p, **parts):
    return replace(p, layout=replace(p.layout, **parts))


def at_node(p, k, **parts):
    """Another place or another box for node k."""
    nodes = list(p.layout.nodes)
    nodes[k] = replace(nodes[k], **parts)
    return changed(p, nodes=tuple(nodes))


def at_path(p, which, points):
    """Other corners for the first path that is asked for; `points` makes them from the old ones."""
    k = next(k for k, path in enumerate(p.layout.paths) if which(path))
    paths = list(p.layout.paths)
    paths[k] = replace(paths[k], points=tuple(points(paths[k].points)))
    return changed(p, paths=tuple(paths))


def moved(k, dx=0.0, dy=0.0):
    return lambda p: at_node(p, k, x=p.layout.nodes[k].x + dx, y=p.layout.nodes[k].y + dy)


def rewritten(old, new, count=-1):
    def fault(p):
        assert old in p.svg
        return replace(p, svg=p.svg.replace(old, new, count))

    return fault


def without_a_chip(p):
    k = next(k for k, node in enumerate(p.layout.nodes) if node.box.chips)
    return at_node(p, k, box=replace(p.layout.nodes[k].box, chips=()))


def a_pale_chip(p):
    k = next(k for k, node in enumerate(p.layout.nodes) if node.box.chips)
    chips = tuple(replace(chip, strength=1e-9) for chip in p.layout.nodes[k].box.chips)
    return at_node(p, k, box=replace(p.layout.nodes[k].box, chips=chips))


def a_chip_on_a_box(p):
    k = next(k for k, node in enumerate(p.layout.nodes) if node.box.chips)
    node, other = p.layout.nodes[k], p.layout.nodes[k + 2]
    return at_node(p, k, x=other.x + node.width / 2, y=other.y - node.height / 2)


def a_cycle(p):
    path = next(path for path in p.layout.paths if path.edge.source >= 0 <= path.edge.target)
    back = replace(path, edge=replace(path.edge, source=path.edge.target, target=path.edge.source))
    return changed(p, paths=(*p.layout.paths, back))


def through_a_box(p):
    node = p.layout.nodes[5]
    return at_path(p, lambda path: True, lambda points: ((node.x - 100, node.y), (node.x + 100, node.y)))


def through_a_name(p):
    row = p.layout.rows[0]
    return at_path(p, lambda path: True, lambda points: ((row.x - 100, row.top), (row.x - 10, row.top), (row.x - 10, row.bottom)))


def strangers(p):
    """The numbers of two paths without a common end, the second with a corner."""
    ends = [{path.edge.source, path.edge.target} for path in p.layout.paths]
    pairs = product(range(len(ends)), repeat=2)
    return next((a, b) for a, b in pairs if not ends[a] & ends[b] and len(p.layout.paths[b].points) > 2)


def beside(dx, dy):
    """One edge on, or close to, the way of another."""

    def fault(p):
        a, b = strangers(p)
        points = tuple((x + dx, y + dy) for x, y in p.layout.paths[b].points)
        return changed(p, paths=tuple(replace(path, points=points) if k == a else path for k, path in enumerate(p.layout.paths)))

    return fault


def a_false_junction(p):
    a, b = strangers(p)
    (x, y), (x2, y2) = p.layout.paths[b].points[:2]
    middle, dx, dy = ((x + x2) / 2, (y + y2) / 2), 9 * (x == x2), 9 * (y == y2)
    points = ((middle[0] - 9, middle[1] - 9), middle, (middle[0] + dx, middle[1] + dy))
    return changed(p, paths=tuple(replace(path, points=points) if k == a else path for k, path in enumerate(p.layout.paths)))


def an_edge_twice(p):
    path = p.layout.paths[0]
    return changed(p, paths=(*p.layout.paths, replace(path, edge=replace(path.edge, role="slot 1"))))


def sagging(which):
    """All paths that are asked for leave their row, as lanes did in the generic layout once."""

    def fault(p):
        paths = []
        for path in p.layout.paths:
            (x, y), (x2, y2), middle = path.points[0], path.points[-1], (path.points[0][0] + path.points[-1][0]) / 2
            paths.append(replace(path, points=((x, y), (middle, y), (middle, y2 + 5), (x2, y2 + 5))) if which(path) else path)
        assert paths != list(p.layout.paths)
        return changed(p, paths=tuple(paths))

    return fault


def the_wrong_way(p):
    """Lanes of what reads backwards, drawn forwards."""
    paths = [
        replace(path, points=path.points[::-1]) if path.lane and path.edge.source_column > path.edge.target_column else path
        for path in p.layout.paths
    ]
    return changed(p, paths=tuple(paths))


def a_start_among_the_steps(p):
    k = next(k for k, node in enumerate(p.layout.nodes) if node.box.kind == "start" and node.box.column == p.view.behind)
    return at_node(p, k, x=p.layout.bands[1].left)


def in_one_row(p):
    """The readout as it was before it was folded."""
    after = p.view.after
    return changed(p, nodes=tuple(replace(n, x=n.x + 60 * k) if n.box.column == after else n for k, n in enumerate(p.layout.nodes)))


def called_readout(p):
    nodes = [replace(n, box=replace(n.box, label="readout")) if n.box.label == "loss" else n for n in p.layout.nodes]
    return changed(p, nodes=tuple(nodes))


def rows_moved(dx=0.0, dy=0.0):
    return lambda p: changed(p, rows=tuple(replace(r, x=r.x + dx, top=r.top - dy, bottom=r.bottom + dy) for r in p.layout.rows))


SIMPLE, HIDING = ("RNN", "plain", 3, "op", False, "last"), ("RNN", "plain", 30, "cell", 2, "last")
HARD, STACK = ("LSTM", "both-ways", 3, "gate", False, "last"), ("GRU", "2-layers", 8, "gate", 1, "last")
FAULTS = [
    (checks.parses_and_ids_are_unique, SIMPLE, rewritten("-nodes", "-edges")),
    (checks.parses_and_ids_are_unique, SIMPLE, rewritten("-scale)", "-lost)")),
    (checks.every_record_is_somewhere_once, SIMPLE, lambda p: changed(p, nodes=p.layout.nodes[1:])),
    (checks.every_record_is_somewhere_once, HARD, lambda p: changed(p, nodes=p.layout.nodes[1:])),
    (checks.every_record_is_somewhere_once, STACK, lambda p: replace(p, view=replace(p.view, hidden_records=()))),
    (checks.every_record_is_somewhere_once, SIMPLE, lambda p: rewritten(f"-n{p.layout.nodes[3].box.id}", "-lost")(p)),
    (checks.every_use_is_an_edge_or_a_chip, STACK, lambda p: changed(p, paths=p.layout.paths[1:])),
    (checks.every_use_is_an_edge_or_a_chip, HARD, lambda p: changed(p, paths=(*p.layout.paths, p.layout.paths[0]))),
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
            lambda path: path.edge.source_column == path.edge.target_column == 1 and len(path.points) > 2,
            lambda points: [(x, y + 3) for x, y in points],
        ),
    ),
    (checks.nothing_overlaps_or_leaves, SIMPLE, moved(3, dx=60)),
    (checks.nothing_overlaps_or_leaves, SIMPLE, moved(-1, dx=4000)),
    (checks.nothing_overlaps_or_leaves, HARD, rows_moved(dx=-400)),
    (checks.chips_cover_nothing_else, SIMPLE, a_chip_on_a_box),
    (checks.tiles_stand_side_by_side, HARD, a_start_among_the_steps),
    (checks.tiles_stand_side_by_side, HARD, rows_moved(dx=-60)),
    (checks.tiles_stand_side_by_side, STACK, lambda p: changed(p, gap=replace(p.layout.gap, left=p.layout.gap.left - 100))),
    (checks.names_of_rows_have_room, HARD, rows_moved(dx=130)),
    (checks.names_of_rows_have_room, HARD, rows_moved(dy=40)),
    (checks.names_of_rows_have_room, HARD, lambda p: changed(p, rows=p.layout.rows[1:])),
    (checks.edges_go_from_border_to_border, HARD, moved(4, dx=3, dy=3)),
    (checks.no_edge_crosses_a_box, SIMPLE, through_a_box),
    (checks.no_edge_crosses_a_box, HARD, through_a_box),
    (checks.no_edge_crosses_a_box, HARD, through_a_name),
    (checks.edges_have_tracks_of_their_own, SIMPLE, beside(0, 0)),
    (checks.edges_have_tracks_of_their_own, HARD, beside(0, 0)),
    (checks.edges_have_tracks_of_their_own, HARD, beside(2, 2)),
    (checks.no_edge_hides_another, HARD, an_edge_twice),
    (checks.edges_meet_only_to_cross, HARD, a_false_junction),
    (checks.lanes_are_level, SIMPLE, sagging(lambda path: path.lane and path.edge.source_column == 1)),
    (checks.lanes_are_level, HARD, sagging(lambda path: path.lane and path.edge.source_column == 2)),
    (checks.lanes_are_level, STACK, sagging(lambda path: path.lane and path.edge.source == -1)),
    (checks.lanes_are_level, HARD, the_wrong_way),
    (checks.starts_are_level, HARD, lambda p: sagging(lambda path: path.edge.source in p.view.places.starts)(p)),
    (checks.chips_sum_to_the_gradient, SIMPLE, without_a_chip),
    (checks.chips_sum_to_the_gradient, SIMPLE, a_pale_chip),
    (
        checks.labels_can_be_read,
        SIMPLE,
        lambda p: replace(p, svg=p.svg.replace('fill="#ffffff"', 'fill="#777777"').replace('fill="#000000"', 'fill="#777777"')),
    ),
    (checks.the_readout_does_not_fill_the_picture, ("RNN", "plain", 3, "op", False, "cross"), in_one_row),
    (checks.words_stay_on_the_paper, SIMPLE, rewritten('width="', 'width="700" was="', 1)),
    (checks.hidden_steps_can_be_read, HIDING, lambda p: rewritten("10⁻", "")(rewritten("≤10", "")(p))),
    (checks.hidden_steps_can_be_read, HIDING, rewritten(">t=3: ", ">")),
    (checks.hidden_steps_can_be_read, HIDING, lambda p: changed(p, gap=replace(p.layout.gap, top=p.layout.gap.top - 99))),
    (checks.hidden_steps_can_be_read, STACK, rewritten("layer 2: ", "layer 1: ")),
    (checks.hidden_steps_can_be_read, STACK, lambda p: replace(p, view=replace(p.view, series=p.view.series[:1]))),
    (checks.the_end_is_called_what_it_is, ("RNN", "plain", 3, "op", False, "every"), rewritten("t = 3<", "readout and loss<")),
    (checks.groups_that_end_in_a_number_are_losses, ("RNN", "plain", 3, "cell", False, "every"), called_readout),
]


@pytest.mark.parametrize(("check", "shown", "fault"), FAULTS, ids=[f"{k}-{check.__name__}" for k, (check, *_) in enumerate(FAULTS)])
def test_the_check_finds_a_fault(check, shown, fault):
    cell, kind, T, level, elide, loss = shown
    picture = checks.Picture.of(draw(networks.graph(cell, kind, T, loss), detail=level, elide=elide))
    check(picture)
    with pytest.raises(AssertionError):
        check(fault(picture))


def test_no_check_is_without_a_fault():
    assert {check for check, *_ in FAULTS} == set(checks.CHECKS)


def test_a_theme_that_moves_something_is_found():
    light = draw(networks.graph("RNN", "plain", 3), theme=LIGHT)
    dark = draw(networks.graph("RNN", "plain", 3), theme=DARK).svg()
    checks.a_theme_changes_colours_alone(checks.Picture.of(light), [dark])
    for fault in (dark.replace('rx="7"', 'rx="8"'), light.svg(), dark.replace("stroke-dasharray", "x-dasharray")):
        with pytest.raises(AssertionError):
            checks.a_theme_changes_colours_alone(checks.Picture.of(light), [fault])


# ---- what one op reads twice ---------------------------------------------------------------------------------------------------


def each_use_has_an_arrow(picture):
    """At op level: what one op reads twice comes in twice, since both uses send a gradient back."""
    assert all(len(path.edge.uses) == 1 for path in picture.layout.paths)
    checks.no_edge_hides_another(picture)


@pytest.mark.parametrize("op", [lambda a: a + a, lambda a: a * a, lambda a: tg.concat([a, a, a])])
def test_a_value_that_is_used_twice_has_two_arrows(op):
    a, b = (tg.Tensor(np.full(2, v), requires_grad=True, name=n) for v, n in ((3.0, "a"), (2.0, "b")))
    picture = checks.Picture.of(draw((op(tg.exp(a))[:2] * b).sum()))
    each_use_has_an_arrow(picture)
    for check in (checks.nothing_overlaps_or_leaves, checks.no_edge_crosses_a_box, checks.words_stay_on_the_paper):
        check(picture)
    first, second = [path for path in picture.layout.paths if path.edge.role][:2]
    merged = replace(first, edge=replace(first.edge, uses=first.edge.uses + second.edge.uses))
    for fault in ((merged,), (first, replace(second, points=first.points))):
        with pytest.raises(AssertionError):
            each_use_has_an_arrow(changed(picture, paths=fault))
