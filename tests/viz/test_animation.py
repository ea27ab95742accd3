"""The backward sweep as a moving picture: when everything gets its colour, the style sheet that says so, and the GIF."""

import re
import sys
from functools import cache
from io import BytesIO
from xml.etree import ElementTree

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn import nn
from tinygrad_rnn.errors import DataError
from tinygrad_rnn.viz import draw
from tinygrad_rnn.viz.layout.size import text_width
from tinygrad_rnn.viz.style import THEMES, ink_on
from tinygrad_rnn.viz.svg.animation import LONGEST, SHORTEST, pace, plain_looks
from tinygrad_rnn.viz.svg.arrivals import Arrivals

SVG = "{http://www.w3.org/2000/svg}"
CELLS = {"RNN": nn.RNNCell, "LSTM": nn.LSTMCell, "GRU": nn.GRUCell}


@cache
def loss_of(cell="LSTM", T=3):
    rng = np.random.default_rng(0)
    hs, _ = nn.unroll(CELLS[cell](3, 4, rng=rng), rng.standard_normal((2, T, 3)))
    V = tg.Tensor(rng.standard_normal((4, 1)), requires_grad=True, name="V")
    return ((hs[-1] @ V - tg.Tensor(rng.standard_normal((2, 1)), name="y")) ** 2).sum()


@cache
def stack_of(T=20):
    rng = np.random.default_rng(0)
    layers = nn.Stacked([nn.LSTMCell(3, 4, rng=rng), nn.LSTMCell(4, 4, rng=rng)])
    hs, _ = nn.unroll(layers, rng.standard_normal((2, T, 3)))
    return (hs[-1] ** 2).sum()


def two():
    w = tg.Tensor(2.0, requires_grad=True, name="w")
    return tg.tanh(w * 3.0)


CASES = [("RNN", 3, "op"), ("LSTM", 3, "op"), ("LSTM", 3, "gate"), ("GRU", 3, "cell"), ("LSTM", 30, "cell"), ("GRU", 30, "op")]


def every_case(function):
    return pytest.mark.parametrize(("cell", "T", "detail"), CASES)(function)


# ---- when --------------------------------------------------------------------------------------------------------------------


def the_moments_are_those_of_the_stepper(view, arrivals, loss):
    """Told by `backward_steps`, which knows nothing of pictures: nodes of the two graphs agree by their number."""
    turns, sent = {}, {}
    for event in tg.backward_steps(loss):
        turns[event.node.id] = event.number
        for message in event.sent:
            sent[event.node.id, message.slot] = event.number
    for box in (*view.boxes, *view.pills):
        expected = [turns[m] for m in box.members if m in turns]
        assert arrivals.boxes.get(box.id) == min(expected, default=None)
    for box in view.boxes:
        for chip in box.chips:
            expected = [turns[child] for child, slot in chip.uses if (child, slot) in sent]
            assert arrivals.chips.get((box.id, chip.leaf)) == min(expected, default=None)
    for edge in view.edges:
        expected = [sent[use] for use in edge.uses if use in sent]
        assert arrivals.edges.get(edge) == min(expected, default=None)
    assert arrivals.last == max(turns.values())


def the_order_is_backward(view, arrivals):
    assert arrivals.boxes[view.boxes[-1].id] == 1
    boxes = {box.id: box for box in view.boxes}
    for edge in view.edges:
        if edge in arrivals.edges and edge.source in boxes and edge.target in boxes:
            assert (
                arrivals.boxes[edge.target]
                <= arrivals.edges[edge]
                < arrivals.boxes[edge.source] + len(boxes[edge.source].members)
            )
    for pill in view.pills:
        uses = [moment for (_, leaf), moment in arrivals.chips.items() if leaf == pill.id]
        assert max(uses) < arrivals.boxes[pill.id]
    h = [box for box in view.boxes if box.state and box.kind != "start" and "h" in box.states]
    times = [arrivals.boxes[box.id] for box in sorted(h, key=lambda box: box.column)]
    assert times == sorted(times, reverse=True)


@every_case
def test_moments_agree_with_the_stepper(cell, T, detail):
    view = draw(loss_of(cell, T), detail=detail).view
    arrivals = Arrivals.of(view)
    the_moments_are_those_of_the_stepper(view, arrivals, loss_of(cell, T))
    the_order_is_backward(view, arrivals)


def test_a_wrong_moment_is_found():
    loss = loss_of("RNN")
    view = draw(loss).view
    for part in ("boxes", "chips", "edges"):
        arrivals = Arrivals.of(view)
        getattr(arrivals, part).update({key: 2 for key in getattr(arrivals, part)})
        with pytest.raises(AssertionError):
            the_moments_are_those_of_the_stepper(view, arrivals, loss)
    arrivals = Arrivals.of(view)
    arrivals.boxes.update({pill.id: 1 for pill in view.pills})
    with pytest.raises(AssertionError):
        the_order_is_backward(view, arrivals)


def test_bars_fall_between_the_steps_that_are_drawn():
    for loss, lines in ((loss_of("LSTM", 30), 1), (stack_of(), 2)):
        view = draw(loss, detail="cell").view
        arrivals = Arrivals.of(view)
        turns = {event.node.id: event.number for event in tg.backward_steps(loss)}
        assert len(view.series) == lines
        assert set(arrivals.bars) == {(line.name, line.where, step) for line in view.series for step, _ in line.bars}
        states = {turns[r.id]: r.t for r in view.graph if r.name == "h" and r.id in turns}
        for (name, _, step), moment in arrivals.bars.items():
            assert name == "h"
            assert states[moment] == step
        assert len(set(arrivals.bars.values())) == len(arrivals.bars)


def test_what_gets_no_gradient_does_not_move():
    view = draw(loss_of("LSTM")).view
    arrivals = Arrivals.of(view)
    without = {box.id for box in view.boxes if view.graph[box.id].kind == "constant"}
    assert len(without) == 6  # three inputs, h0, c0 and the target
    assert not without & set(arrivals.boxes)
    assert not [edge for edge in arrivals.edges if edge.source in without]


def test_the_sweep_takes_longer_for_more_events_up_to_a_limit():
    assert [round(pace(n) * n, 6) for n in (1, 25, 60, 10_000)] == [SHORTEST, 3.0, 7.2, LONGEST]


# ---- the SVG -----------------------------------------------------------------------------------------------------------------


def without_motion(svg):
    svg = re.sub(r"<style>.*?</style>\n", "", svg, flags=re.S)
    svg = re.sub(r' class="[^"]*" style="--event:\d+"', "", svg)
    return svg.replace(re.search(r'id="(g\w+)-title"', svg)[1], "prefix")


@every_case
def test_the_static_picture_stays_the_same(cell, T, detail):
    picture = draw(loss_of(cell, T), detail=detail)
    still, moving = picture.svg(), picture.svg(animated=True)
    assert not re.search(r"<style| style=| class=|@keyframes|--event", still)
    assert without_motion(moving) == without_motion(still)
    assert picture.svg(animated=True) == moving != still == picture.svg()


def rules_of(svg):
    """{selector: name of its keyframes} and {name: attributes they start from}, as a browser would read them."""
    sheet = re.search(r"<style>(.*)</style>", svg, re.S)[1]
    names = dict(re.findall(r"^([^{}@]+)\{animation-name:([\w-]+)\}", sheet, re.M))
    frames = re.findall(r"@keyframes ([\w-]+)\{from,[\d.]+%\{([^}]*)\}\}", sheet)
    return names, {name: dict(pair.split(":") for pair in body.split(";")) for name, body in frames}


def matched(group, child, names):
    """The keyframes of an element: by the class of its parent and by what it is, or by its own class."""
    own = f".{child.get('class')}"
    if own in names:
        return names[own]
    kinds = [child.tag.removeprefix(SVG), *(f"[{name}]" for name in child.attrib)]
    found = [names[f".{group.get('class')}>{kind}"] for kind in kinds if f".{group.get('class')}>{kind}" in names]
    assert len(found) <= 1
    return found[0] if found else None


def everything_coloured_moves(svg, arrivals):
    """Every box, label, chip, line, arrow head and bar of the gradient's path has a rule that starts from another colour."""
    names, frames = rules_of(svg)
    root = ElementTree.fromstring(svg)
    parents = {child: parent for parent in root.iter() for child in parent}
    seen = {"box": 0, "chip": 0, "edge": 0, "bar": 0, "thread": 0}
    for e in root.iter():
        tag = e.tag.removeprefix(SVG)
        group = parents.get(e)
        if tag not in ("rect", "text", "path") or group is None or not (group.get("style") or e.get("style")):
            continue
        before = frames[matched(group, e, names)]
        needed = {"rect": {"fill"}, "text": {"fill"}, "path": {"stroke", "stroke-width"} if e.get("stroke") else {"fill"}}[tag]
        assert needed <= set(before), ElementTree.tostring(e)
        kind = (e.get("class") or group.get("class")).split("-", 1)[1]
        seen[{"dashed": "edge"}.get(kind, kind)] += tag == "rect" or bool(e.get("stroke"))
    parts = {"box": arrivals.boxes, "chip": arrivals.chips, "edge": arrivals.edges}
    assert {kind: seen[kind] for kind in parts} == {kind: len(known) for kind, known in parts.items()}
    marks = sorted(int(number) for number in re.findall(r"--event:(\d+)", svg))
    known = [number for part in parts.values() for number in part.values()]
    assert sorted(set(marks)) == sorted({*known, *arrivals.bars.values()})
    assert seen["bar"] == len(arrivals.bars)
    assert seen["thread"] in (0, len(arrivals.chips))
    assert bool(seen["thread"]) == ("-threads" in svg)


@every_case
def test_everything_on_the_path_of_the_gradient_moves(cell, T, detail):
    picture = draw(loss_of(cell, T), detail=detail, weights="edges" if T == 3 else "chips")
    everything_coloured_moves(picture.svg(animated=True), Arrivals.of(picture.view))


@pytest.mark.parametrize("lost", ["box>rect", "box>text", "chip>rect", "chip>text", "edge>[stroke]", "edge>[fill]", "bar"])
def test_a_part_without_a_rule_is_found(lost):
    picture = draw(loss_of("LSTM", 30), detail="cell")
    svg, arrivals = picture.svg(animated=True), Arrivals.of(picture.view)
    faulty = re.sub(rf"^\.g\w+-{re.escape(lost)}\{{animation-name.*\n", "", svg, flags=re.M)
    assert faulty != svg
    with pytest.raises((AssertionError, KeyError)):
        everything_coloured_moves(faulty, arrivals)
    with pytest.raises(AssertionError):
        everything_coloured_moves(re.sub(r' class="[\w-]+-edge" style="--event:\d+"', "", svg, count=1), arrivals)


@pytest.mark.parametrize("theme", THEMES)
def test_it_starts_as_the_picture_without_colours(theme):
    """What the keyframes start from is what `color="none"` draws."""
    plain = ElementTree.fromstring(draw(loss_of("RNN"), color="none", theme=theme).svg())
    before = {(look.kind, look.part): look.before for look in plain_looks(THEMES[theme])}
    for group in plain.iter(f"{SVG}g"):
        kind = (group.get("id") or "-").split("-")[1][:1]
        for e in group:
            tag = e.tag.removeprefix(SVG)
            part = "[stroke]" if tag == "path" and e.get("stroke") else "[fill]" if tag == "path" else tag
            look = before.get(({"n": "box", "w": "box", "c": "chip", "e": "edge"}.get(kind), part), {})
            if (group.get("id") or "-").split("-")[1][1:].isdigit():
                assert look or tag in ("g", "title")
                assert {name: e.get(name, "none") for name in look} == look
    assert before["box", "text"] == {"fill": ink_on(THEMES[theme].plain)}


def test_less_motion_and_paper_get_the_finished_picture():
    svg = draw(loss_of("RNN")).svg(animated=True)
    names, _ = rules_of(svg)
    still = re.search(r"@media \(prefers-reduced-motion:reduce\),print\{(.*)\{animation:none\}\}", svg)[1]
    moving = re.search(r"^(\..*)\{animation:[\d.]+s .* infinite alternate backwards;", svg, re.M)[1]
    assert set(still.split(",")) == set(moving.split(",")) == set(names)
    assert svg.index("@media") > svg.rindex("@keyframes") > svg.rindex("animation-name")  # what comes last holds


def test_no_script():
    svg = draw(loss_of("RNN")).svg(animated=True)
    assert not re.search(r"<script|\bon\w+=|javascript:|<animate|<set|url\(h|@import", svg)


def test_two_drawings_in_one_page_do_not_clash():
    one, two = (draw(loss_of(cell)).svg(animated=True) for cell in ("RNN", "GRU"))
    found = []
    for svg in (one, two):
        names, frames = rules_of(svg)
        prefix = re.search(r'id="(g\w+)-title"', svg)[1]
        classes = set(re.findall(r'class="([^"]+)"', svg))
        mentioned = {*frames, *(selector.split(">")[0][1:] for selector in names)}
        assert classes <= mentioned
        assert all(name.startswith(f"{prefix}-") for name in mentioned)
        found.append(mentioned)
    assert not found[0] & found[1]


@pytest.mark.parametrize(
    ("loss", "settings", "words"),
    [
        (loss_of("RNN"), {"color": "none"}, "does not show it"),
        (loss_of("RNN"), {"color": "value"}, "does not show it"),
        (loss_of("RNN"), {"rolled": True}, "all steps at once"),
        (tg.Tensor(np.ones((2, 2)), requires_grad=True) * 2.0, {}, "without gradients"),
    ],
)
def test_no_gradients_no_animation(tmp_path, loss, settings, words):
    picture = draw(loss, **settings)
    for ask in (lambda: picture.svg(animated=True), lambda: picture.save(tmp_path / "x.svg", animated=True)):
        with pytest.raises(DataError, match=words) as caught:
            ask()
        assert caught.value.hint
    assert not list(tmp_path.iterdir())


def test_saving(tmp_path):
    picture = draw(two())
    picture.save(tmp_path / "still.svg")
    picture.save(tmp_path / "moving.svg", animated=True)
    assert (tmp_path / "still.svg").read_text() == picture.svg()
    assert (tmp_path / "moving.svg").read_text() == picture.svg(animated=True)
    with pytest.raises(DataError, match=r"cannot move.*\n\nhint: the suffix is \.svg or \.gif"):
        picture.save(tmp_path / "x.png", animated=True)


def test_infinite_gradients_arrive_too():
    w = tg.Tensor([1e308], requires_grad=True, name="w")
    with np.errstate(over="ignore", invalid="ignore"):
        loss = ((w * 10.0) * (w * 10.0)).sum()
    assert "--event:1" in draw(loss).svg(animated=True)


# ---- pixels ------------------------------------------------------------------------------------------------------------------


@pytest.fixture
def pillow():
    pytest.importorskip("resvg_py", reason='resvg-py is not installed: pip install "tinygrad_rnn[gif]"')
    return pytest.importorskip("PIL.Image", reason='Pillow is not installed: pip install "tinygrad_rnn[gif]"')


def played(picture):
    """The pictures of its GIF before colours are counted, and for how long each is shown."""
    from tinygrad_rnn.viz.formats.animated_gif import frames, schedule

    (arrivals,) = picture._arrivals
    stops, waits = zip(*schedule(arrivals.moments.values()), strict=True)
    return [np.asarray(image.convert("RGB")).astype(int) for image in frames(picture._after, stops)], waits


def still(svg):
    from tinygrad_rnn.viz.formats.animated_gif import pixels

    return np.asarray(pixels(svg).convert("RGB")).astype(int)


def rgb(colour):
    return tuple(int(colour[k : k + 2], 16) for k in (1, 3, 5))


@pytest.mark.parametrize("theme", THEMES)
def test_boxes_lines_and_words_are_where_the_svg_has_them(pillow, theme):
    picture = draw(loss_of("RNN"), theme=theme)
    image = played(picture)[0][-1]
    paper, band = rgb(THEMES[theme].paper), rgb(THEMES[theme].band)
    assert tuple(image[2, 2]) == paper
    for placed in picture.layout.boxes:
        expected = rgb(picture._brush.fill(placed.box.strength))
        x, y = placed.x, placed.y
        assert tuple(image[round(y - placed.height / 2 + 5), round(x - placed.width / 2 + 5)]) == expected
        label = image[round(y - 12) : round(y + 12), round(x - 12) : round(x + 12)]
        assert len(np.unique(label.reshape(-1, 3), axis=0)) > 1  # words
    for route in picture.layout.routes:
        (x, y), (x2, y2) = route.points[:2]
        assert tuple(image[round((y + y2) / 2 - 0.5), round((x + x2) / 2 - 0.5)]) not in (paper, band)


PLAYED = [("LSTM", 30, {"detail": "cell", "theme": "dark"}), ("RNN", 3, {"weights": "edges"})]


@pytest.mark.parametrize(("cell", "T", "settings"), PLAYED)
def test_the_frames_go_from_the_plain_picture_to_the_coloured_one(pillow, cell, T, settings):
    """Each is the one before with what has changed painted anew: the last is the picture that does not move, all the same."""
    picture = draw(loss_of(cell, T), **settings)
    shown, waits = played(picture)
    off = np.abs(shown[-1] - still(picture.svg())).max(axis=-1)
    assert np.mean(off > 8) < 0.002  # where a thin line is cut, its edge may be smoothed another way
    half = len(shown) // 2
    assert 0 < np.mean(shown[half] != shown[0]) < np.mean(shown[-1] != shown[0])
    plain = rgb(THEMES[picture.theme].plain)
    for placed in (*picture.layout.boxes, *(pill.placed for pill in picture.layout.panel.pills)):
        place = round(placed.y - placed.height / 2 + 5), round(placed.x)
        assert tuple(shown[0][place]) == plain
        assert tuple(shown[-1][place]) == rgb(picture._brush.fill(placed.box.strength))
    assert 20 < len(shown) <= 121
    assert min(waits) >= 0.08
    assert sum(waits[1:-1]) < LONGEST
    assert waits[-1] == 4.0


def test_a_part_gets_its_colour_in_its_turn(pillow):
    from tinygrad_rnn.viz.formats.animated_gif import frames

    picture = draw(loss_of("RNN"))
    (arrivals,) = picture._arrivals
    shown = [np.asarray(image.convert("RGB")) for image in frames(picture._after, range(arrivals.last + 1))]
    for placed in picture.layout.boxes:
        place = round(placed.y - placed.height / 2 + 5), round(placed.x - placed.width / 2 + 5)
        if (moment := arrivals.boxes.get(placed.box.id)) is not None:
            assert tuple(shown[moment - 1][place]) == rgb(THEMES["light"].plain)
            assert tuple(shown[moment][place]) == rgb(picture._brush.fill(placed.box.strength))


def test_the_gif(pillow, tmp_path):
    picture = draw(loss_of("RNN"))
    picture.save(tmp_path / "one.gif")
    draw(loss_of("RNN")).save(tmp_path / "two.GIF", animated=True)
    data = (tmp_path / "one.gif").read_bytes()
    assert data == (tmp_path / "two.GIF").read_bytes()
    shown, waits = played(picture)
    with pillow.open(BytesIO(data)) as image:
        assert image.format == "GIF"
        assert image.size == shown[0].shape[1::-1]
        assert image.info["loop"] == 0
        assert image.n_frames == len(shown)
        for k in (0, len(shown) // 2, len(shown) - 1):
            image.seek(k)
            assert image.info["duration"] == pytest.approx(1000 * waits[k], abs=6)
            off = np.abs(np.asarray(image.convert("RGB")).astype(int) - shown[k]).max(axis=-1)
            assert np.mean(off > 8) < 0.01  # 256 colours: that of the paper is exact, those at the edge of a letter are not
            assert off[2, 2] == 0
            for placed in picture.layout.boxes:
                assert off[round(placed.y - placed.height / 2 + 5), round(placed.x - placed.width / 2 + 5)] < 16


def test_a_single_op_and_a_comparison_are_gifs_too(pillow, tmp_path):
    both = draw.compare([loss_of("RNN"), loss_of("GRU")], detail="cell")
    for picture in (draw(two()), both):
        assert picture.save(tmp_path / "x.gif").read_bytes()[:6] == b"GIF89a"


def test_a_gif_that_is_too_wide_is_refused(pillow, tmp_path):
    with pytest.raises(DataError, match=r"too large for most programs\n\nhint: .*elide=True"):
        draw(loss_of("RNN", 30), detail="op", elide=False).save(tmp_path / "x.gif")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("package", "name"), [("PIL", "Pillow"), ("resvg_py", "resvg-py")])
def test_what_is_not_installed_is_said(monkeypatch, tmp_path, package, name):
    for other in [other for other in sys.modules if other.split(".")[0] == package]:
        monkeypatch.delitem(sys.modules, other)
    monkeypatch.setitem(sys.modules, package, None)
    if package == "resvg_py":
        pytest.importorskip("PIL.Image", reason="Pillow is not installed")
    with pytest.raises(DataError, match=rf"{name} is not installed\n\nhint: .* -m pip install \S?tinygrad_rnn\[gif\]"):
        draw(two()).save(tmp_path / "x.gif")
    assert not list(tmp_path.iterdir())
    draw(two()).save(tmp_path / "x.svg", animated=True)


def test_with_another_font_words_are_painted_and_without_any_it_is_said(pillow, monkeypatch, tmp_path):
    import resvg_py

    from tinygrad_rnn.viz.formats import animated_gif

    real = resvg_py.svg_to_bytes
    monkeypatch.setattr(animated_gif, "FONT", "No Such Font, No Other")
    (image, _) = played(draw(two()))
    assert len(np.unique(image[-1][20:40, 26:200].reshape(-1, 3), axis=0)) > 3  # the title
    monkeypatch.setattr(resvg_py, "svg_to_bytes", lambda **given: real(skip_system_fonts=True, **given))
    with pytest.raises(DataError, match=r"no font was found for the words of a GIF\n\nhint: install one"):
        draw(two()).save(tmp_path / "x.gif")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("T", "settings"), [(3, {"weights": "edges"}), (30, {"detail": "cell"}), (3, {"rolled": True})])
def test_every_shape_lies_within_its_bounds(T, settings):
    """Bounds decide what is painted anew: without the shape there is nothing beyond them. Read from the SVG of each alone."""
    from tinygrad_rnn.viz.svg.painter import painters_of, picture
    from tinygrad_rnn.viz.svg.shapes import Group, Line, Rect, Words, bounds

    drawing = draw(loss_of("LSTM", T), **settings)
    waiting, seen = (
        list(picture(drawing.sheet, drawing._brush, "", "g", painters_of(drawing.sheet, drawing._brush, "g")).shapes),
        set(),
    )
    while waiting:
        shape = waiting.pop()
        left, top, right, bottom = bounds(shape)
        seen.add(type(shape))
        if isinstance(shape, Group):
            waiting += shape.shapes
            inner = [bounds(one) for one in shape.shapes]
            assert all(left <= a and top <= b and c <= right and d <= bottom for a, b, c, d in inner)
        elif isinstance(shape, Line):
            places = [(n[k], n[k + 1]) for name, *n in shape.strokes if name in "MLQC" for k in range(0, len(n), 2)]
            assert all(left < x < right and top < y < bottom for x, y in places)
        elif isinstance(shape, Rect):
            assert right - left > shape.width
            assert bottom - top > shape.height
        elif isinstance(shape, Words):
            assert right - left >= 2 * text_width(shape.words, shape.size, shape.bold)
    assert {Group, Line, Rect, Words} <= seen
