"""Every check of `drawing_checks.py` on every drawing: cells, networks, lengths, levels, elision and themes."""

import shlex
import shutil
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from itertools import product
from pathlib import Path

import drawing_checks as checks
import drawing_networks as networks
import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn.viz import draw
from tinygrad_rnn.viz.style import THEMES, contrast, ink_on

ROOT = Path(__file__).resolve().parents[2]
SUPPORT = str(ROOT / "tests" / "support")
LEVELS = ["op", "gate", "cell"]
LENGTHS = [1, 2, 3, 8, 30]
LIGHT, DARK = THEMES

pytestmark = pytest.mark.once


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


CASES = [
    (*case, T, elide)
    for *case, T, elide in product(networks.CELLS, networks.NETWORKS, LENGTHS, [False, 1])
    if T < 30 or elide or "plain" in case  # a step is laid out once and stamped: many steps, all shown, for one network of a cell
]


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize(("cell", "kind", "T", "elide"), CASES)
def test_every_check_holds(cell, kind, T, elide, level):
    graph = networks.graph(cell, kind, T)
    if elide and T < 3:  # there is nothing to hide: the picture is the one that is checked without elision
        assert draw(graph, detail=level, elide=1).view == draw(graph, detail=level, elide=False).view
    else:
        holds(graph, level, elide)


def holds_in_light(graph, level, elide=False):
    picture = checks.Picture.of(draw(graph, detail=level, elide=elide))
    for check in checks.CHECKS:
        check(picture)


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize(("T", "elide"), [(1, False), (2, False), (3, False), (3, 1), (8, 1)])
@pytest.mark.parametrize(("kind", "loss"), [("plain", "every"), ("plain", "cross"), ("both-ways", "every")])
@pytest.mark.parametrize("cell", networks.CELLS)
def test_every_check_holds_for_other_losses(cell, kind, loss, T, elide, level):
    holds_in_light(networks.graph(cell, kind, T, loss), level, elide)


def two_readouts(h):
    """Two ops after the last step, each of which reads a state of another step."""
    return (h[0] * h[2]).sum() + (h[1] * h[2]).sum()


@pytest.mark.parametrize(
    ("loss", "T", "elide", "reverse"),
    [
        pytest.param(two_readouts, 3, False, False, id="two readouts"),
        pytest.param(lambda h: (tg.stack(h) ** 2).sum(), 4, False, False, id="all states"),
        pytest.param(lambda h: (tg.stack(h) ** 2).sum(), 4, 1, False, id="all states, elided"),
        pytest.param(lambda h: (h[0] ** 2).sum(), 4, 1, True, id="the end of what reads backwards"),
        pytest.param(lambda h: (h[0] * h[1]).sum(), 4, False, True, id="two ends of what reads backwards"),
    ],
)
@pytest.mark.parametrize("level", LEVELS)
def test_every_check_holds_for_what_reads_several_steps(loss, T, elide, reverse, level):
    rng = np.random.default_rng(0)
    hs, _ = tg.nn.unroll(networks.CELLS["RNN"](3, rng), rng.standard_normal((2, T, 3)), reverse=reverse)
    holds_in_light(tg.snapshot(loss(hs)), level, elide)


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize(("backwards", "elide"), [(False, False), (False, 1), (True, False), (True, 1)], ids=str)
@pytest.mark.parametrize("cell", networks.CELLS)
def test_every_check_holds_for_detached_states(cell, backwards, elide, level):
    for T, at in ((3, 2), (8, 2 if backwards else 8), (8, 4)):
        graph = tg.snapshot(networks.detached_loss(cell, T, at, backwards))
        holds_in_light(graph, level, elide)
        shown = draw(graph, detail=level).layout.routes if elide else ()
        assert {route.edge.target_column for route in shown if route.edge.cut} == ({at - 1} if elide else set())


@pytest.mark.parametrize("elide", [False, 1], ids=["plain", "elided"])
def test_every_check_holds_where_the_last_step_makes_fewer_states(elide):
    """The c of the last step leads nowhere, so it is not in the graph."""

    class Joined:
        def __init__(self, rng):
            self.W = tg.Tensor(rng.standard_normal((11, 8)), requires_grad=True, name="W")

        def initial_state(self, batch):
            return tg.Tensor(np.zeros((batch, 4)), name="h0"), tg.Tensor(np.zeros((batch, 4)), name="c0")

        def step(self, x, state):
            h, c = tg.split(tg.tanh(tg.concat([*state, x], axis=1) @ self.W), 2)
            return tg.named(h, "h"), tg.named(c, "c")

    rng = np.random.default_rng(0)
    hs, _ = tg.nn.unroll(Joined(rng), rng.standard_normal((2, 3, 3)))
    graph = tg.snapshot((hs[-1] ** 2).sum())
    holds_in_light(graph, "op", elide)
    holds_in_light(graph, "gate", elide)
    holds_in_light(graph, "cell", elide)


# ---- the same picture every time -----------------------------------------------------------------------------------------------


def bytes_drawn():
    """The SVG of every cell, both ways, at every level, from programs that are run anew."""
    found = {}
    for cell, kind in product(networks.CELLS, ["both-ways"]):
        graph = tg.snapshot(networks.loss_of(cell, kind, 3))
        for level in LEVELS:
            found[cell, kind, level] = draw(graph, detail=level, elide=1).svg()
    return found


def test_the_same_program_draws_the_same_bytes():
    assert bytes_drawn() == bytes_drawn()


def test_bytes_do_not_depend_on_the_hashes_of_a_process():
    program = (
        f"import sys, hashlib; sys.path.insert(0, {SUPPORT!r}); from drawing_networks import *; from itertools import product\n"
        "for case in product(('LSTM', 'MUT1'), NETWORKS):\n"
        "    graph = tg.snapshot(loss_of(*case, 3))\n"
        "    for level in ('op', 'gate', 'cell'):\n"
        "        print(*case, level, hashlib.sha256(tg.draw(graph, detail=level, elide=1).svg().encode()).hexdigest())"
    )
    runs = [
        subprocess.run(
            [sys.executable, "-c", program],
            capture_output=True,
            text=True,
            check=True,
            cwd=ROOT,
            env={"PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2")
    ]
    assert runs[0] == runs[1]
    assert len(runs[0].splitlines()) == 30


# ---- 10: Graphviz puts everything where the SVG has it -------------------------------------------------------------------------


def plain_text(source):
    """What `dot` makes of a picture, in its plain format: words split at spaces outside of quotes."""
    run = subprocess.run(["dot", "-Tplain"], input=source, capture_output=True, text=True, check=True)
    assert run.stderr == ""
    return [shlex.split(line) for line in run.stdout.splitlines()]


def stands_where_the_svg_has_it(layout, high, lines):
    """Boxes and starts of edges within a point; in plain text a unit is an inch, and y counts upwards."""
    at = {line[1]: np.array(line[2:4], float) * 72 for line in lines if line[0] == "node"}
    for node in [*layout.boxes, *(pill.placed for pill in layout.panel.pills)]:
        assert np.abs(at[f"n{node.box.id}"] - [node.x, high - node.y]).max() < 1, node.box.id
    ways = Counter()  # of edges: where they start, and how many points they have
    for line in lines:
        if line[0] == "edge":
            points = np.array(line[4 : 4 + 2 * int(line[3])], float).reshape(-1, 2) * 72
            ways[tuple(points[0].round()), len(points)] += 1
    for route in layout.routes:
        x, y = route.points[0]
        near = [(round(x) + dx, round(high - y) + dy) for dx in (-1, 0, 1) for dy in (-1, 0, 1)]
        assert any(ways[spot, 3 * len(route.points) - 2] for spot in near), route


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
    first, *others = picture.layout.boxes
    fault = replace(picture.layout, boxes=(replace(first, x=first.x + 1.5), *others))
    with pytest.raises(AssertionError):
        stands_where_the_svg_has_it(fault, picture.sheet.height, lines)
    way, *ways = picture.layout.routes
    fault = replace(
        picture.layout, routes=(replace(way, points=((way.points[0][0], way.points[0][1] + 9), *way.points[1:])), *ways)
    )
    with pytest.raises(AssertionError):
        stands_where_the_svg_has_it(fault, picture.sheet.height, lines)


# ---- 12: colours ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("theme", THEMES)
def test_colours_rise_steadily_and_can_be_written_on(theme):
    levels = [THEMES[theme].level(k / 64) for k in range(65)]
    rise = [contrast(level, "#000000") for level in levels]
    assert rise == sorted(rise, reverse=theme == "light")
    assert min(contrast(level, ink_on(level)) for level in levels) >= 4.5


# ---- what one op reads twice ---------------------------------------------------------------------------------------------------


def each_use_has_an_arrow(picture):
    """At op level: what one op reads twice comes in twice, since both uses send a gradient back."""
    assert all(len(route.edge.uses) == 1 for route in picture.layout.routes)
    checks.no_edge_hides_another(picture)


@pytest.mark.parametrize("op", [lambda a: a + a, lambda a: a * a, lambda a: tg.concat([a, a, a])])
def test_a_value_that_is_used_twice_has_two_arrows(op):
    a, b = (tg.Tensor(np.full(2, v), requires_grad=True, name=n) for v, n in ((3.0, "a"), (2.0, "b")))
    picture = checks.Picture.of(draw((op(tg.exp(a))[:2] * b).sum()))
    each_use_has_an_arrow(picture)
    for check in (checks.nothing_overlaps_or_leaves, checks.no_edge_crosses_a_box, checks.words_stay_on_the_paper):
        check(picture)
    first, second = [route for route in picture.layout.routes if route.edge.role][:2]
    merged = replace(first, edge=replace(first.edge, uses=first.edge.uses + second.edge.uses))
    for fault in ((merged,), (first, replace(second, points=first.points))):
        with pytest.raises(AssertionError):
            each_use_has_an_arrow(replace(picture, layout=replace(picture.layout, routes=fault)))
