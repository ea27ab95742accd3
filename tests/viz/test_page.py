"""A page that plays the backward pass: its data are the engine's, nothing breaks out of it, the same graph gives the same bytes."""

import base64
import hashlib
import math
import os
import re
from collections import Counter
from html.parser import HTMLParser
from importlib.resources import files
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import page_files as pages
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn.commands import main
from tinygrad_rnn.commands import page as page_command
from tinygrad_rnn.commands.page import CONTROLS, START, combinations, demonstration, graph_of
from tinygrad_rnn.engine.arrays import norm
from tinygrad_rnn.errors import DataError
from tinygrad_rnn.viz.page.html import LEVELS, SCRIPTS, applies, shades
from tinygrad_rnn.viz.style import THEMES, Brush, Scale, contrast, number

SVG = "{http://www.w3.org/2000/svg}"
LIMIT = 1_500_000  # bytes of the demonstration
CASES = [("RNN", 4, "last"), ("LSTM", 3, "last"), ("LSTM", 3, "every"), ("GRU", 4, "every")]
every_case = pytest.mark.parametrize(("cell", "T", "loss"), CASES)


def saved(tmp_path, loss, **settings):
    return tg.draw(loss, **settings).save(tmp_path / "x.html").read_text(encoding="utf-8")


@pytest.fixture
def data_of(tmp_path):
    def data(loss, **settings):
        (chunk,) = pages.chunks_of(saved(tmp_path, loss, **settings))
        return chunk["flow"], chunk["runs"][0], chunk

    return data


@pytest.fixture(scope="module")
def demo():
    return demonstration(0)


def shown(x):
    return float(number(float(x)))


# ---- the events ----------------------------------------------------------------------------------------------------------------


@every_case
def test_one_event_for_every_message_of_the_stepper_in_its_order(data_of, cell, T, loss):
    loss = pages.loss_of(cell, T, loss)
    flow, run, _ = data_of(loss)
    told = [(-1, len(flow["names"]) - 1, 1.0, 1.0)]
    for event in tg.backward_steps(loss):
        told += [(event.node.id, m.parent.id, shown(norm(m.gradient)), shown(norm(m.so_far))) for m in event.sent]
    assert list(zip(flow["child"], flow["parent"], run["sent"], run["have"], strict=True)) == told


@every_case
def test_the_last_event_of_a_node_leaves_its_whole_gradient(data_of, cell, T, loss):
    loss = pages.loss_of(cell, T, loss)
    flow, run, _ = data_of(loss)
    have = dict(zip(flow["parent"], run["have"], strict=True))  # the last one stays
    graph = tg.snapshot(loss)
    assert have == {r.id: shown(r.grad_norm) for r in graph if r.grad is not None}
    said = [r.name or (f"‘{r.symbol}’" if r.kind == "op" else "a constant") for r in graph]
    when = [f" at t={r.t}" if r.t and r.kind != "parameter" else "" for r in graph]
    assert flow["names"] == [name + step for name, step in zip(said, when, strict=True)]
    for r in graph:
        assert flow["parent"].count(r.id) == len([u for u in graph.uses(r) if u.gradient is not None]) + (r is graph.root)
        assert (run["low"][r.id], run["high"][r.id]) == (shown(r.low), shown(r.high))


@every_case
def test_every_level_shows_every_event_where_it_happens(data_of, cell, T, loss):
    """An event between two boxes is on one edge, one at a shared weight on one chip; one inside a box is on neither."""
    loss = pages.loss_of(cell, T, loss)
    flow, _, chunk = data_of(loss)
    shared = {weight["id"] for weight in chunk["weights"]}
    assert set(chunk["views"]) == {"op", "gate", "cell", *(f"cell/{t}" for t in range(1, T + 1))}
    for name, view in chunk["views"].items():
        home = {m: int(box) for box, members in view["boxes"].items() for m in members}
        on = {kind: Counter(e for part in view[kind] for e in events_of(part)) for kind in ("edges", "chips")}
        for k, (child, parent) in enumerate(zip(flow["child"], flow["parent"], strict=True)):
            between_boxes = child >= 0 and parent not in shared and home[child] != home[parent]
            assert (on["edges"][k], on["chips"][k]) == (int(between_boxes), int(parent in shared)), (name, k)


def events_of(part):
    return [] if part is None else [part] if isinstance(part, int) else part[1:]


@pytest.mark.parametrize(
    "settings", [{"detail": "op"}, {"detail": "gate"}, {"detail": "cell"}, {"detail": "cell", "open": 2}], ids=str
)
@every_case
def test_in_the_end_edges_chips_and_boxes_are_as_strong_as_in_the_picture(data_of, cell, T, loss, settings):
    loss = pages.loss_of(cell, T, loss)
    flow, run, chunk = data_of(loss)
    view = tg.draw(loss, **settings).view
    page = chunk["views"]["cell/2" if "open" in settings else settings["detail"]]
    have = dict(zip(flow["parent"], run["have"], strict=True))

    def end(part):
        return None if part is None else run["sent"][part] if isinstance(part, int) else run["bundles"][part[0]][-1]

    same = [s if s is None else shown(s) for s in (e.strength for e in view.edges)]
    assert [end(part) for part in page["edges"]] == same
    assert [end(part) for part in page["chips"]] == [shown(c.strength) for box in view.boxes for c in box.chips]
    assert {int(box): have.get(int(box)) for box in page["boxes"]} == {
        b.id: None if b.strength is None else shown(b.strength) for b in view.boxes
    }
    assert {int(id): tuple(members) for id, members in page["boxes"].items()} == {b.id: b.members for b in view.boxes}


def test_an_edge_that_stands_for_several_uses_adds_up_what_it_has_carried(data_of):
    loss = pages.loss_of("GRU", 4)
    flow, run, chunk = data_of(loss)
    graph = tg.snapshot(loss)
    bundles = {tuple(part[1:]): part[0] for view in chunk["views"].values() for part in view["edges"] if isinstance(part, list)}
    assert bundles
    for events, bundle in bundles.items():
        total, sizes = 0.0, []
        for k in events:
            child, parent = flow["child"][k], flow["parent"][k]
            slots = [slot for slot, p in enumerate(graph[child].parents) if p == parent]
            assert len(slots) == 1
            total = total + graph.sent[child, slots[0]]
            sizes.append(shown(norm(total)))
        assert run["bundles"][bundle] == sizes
        assert len({flow["parent"][k] for k in events}) == 1


def test_a_graph_of_numbers_keeps_the_signs_of_its_derivatives(data_of):
    loss = pages.expression()
    flow, run, _ = data_of(loss)
    have = dict(zip(flow["parent"], run["have"], strict=True))
    assert have == {r.id: shown(r.grad.item()) for r in tg.snapshot(loss) if r.grad is not None}
    assert min(have.values()) < 0


def test_what_is_not_finite_has_a_word(data_of):
    w = tg.Tensor([0.0], requires_grad=True, name="w")
    with np.errstate(all="ignore"):
        loss = (w**-1.0).sum()
    _, run, _ = data_of(loss)
    assert run["have"][-1] == "-Infinity"
    assert run["high"][-1] == "Infinity"


def test_why_a_gradient_is_exactly_zero(data_of):
    flow, run, _ = data_of(pages.loss_of("LSTM", 3))
    f1 = flow["names"].index("f at t=1")
    assert run["why"][str(f1)] == "it is multiplied by c, which is all zeros" or "all zeros" in run["why"][str(f1)]


# ---- the pictures --------------------------------------------------------------------------------------------------------------


@every_case
def test_a_skeleton_has_every_part_once_and_no_number(data_of, cell, T, loss):
    _, _, chunk = data_of(pages.loss_of(cell, T, loss))
    for view in chunk["views"].values():
        tree = ElementTree.fromstring(view["svg"])
        marks = {
            kind: [int(e.get(f"data-{kind}")) for e in tree.iter() if e.get(f"data-{kind}")] for kind in ("box", "edge", "chip")
        }
        assert sorted(marks["box"]) == sorted(map(int, view["boxes"]))
        assert sorted(marks["edge"]) == list(range(len(view["edges"])))
        assert sorted(marks["chip"]) == list(range(len(view["chips"])))
        assert not list(tree.iter(f"{SVG}title"))
        assert not [e for e in tree.iter() if e.get("style") or any(name.startswith("on") for name in e.attrib)]
        assert not re.search(r"∂ \d|e-\d\d", "".join(tree.itertext()))


def test_a_derivative_is_not_written_before_its_turn(data_of):
    loss = pages.expression()
    _, _, chunk = data_of(loss)
    assert "∂" in tg.draw(loss).svg()
    assert "∂" not in chunk["views"]["op"]["svg"]


def test_the_chart_stands_under_the_columns(data_of):
    _, _, chunk = data_of(pages.loss_of("LSTM", 3))
    for view in chunk["views"].values():
        columns = [(left, right) for words, left, right in view["columns"] if words.startswith("t = ")]
        assert sorted(line["name"] for line in view["chart"]) == ["c", "h"]
        for line in view["chart"]:
            middles = [(a + b) / 2 for a, b in columns]
            even = np.linspace(middles[0], middles[-1], len(middles))  # columns of different widths do not bend the axis of time
            assert [x for x, _ in line["points"]] == pytest.approx(even, abs=0.11)


def test_hidden_steps_have_their_points_in_their_tile(data_of):
    flow, _, chunk = data_of(pages.loss_of("RNN", 20))
    (line,) = chunk["views"]["cell"]["chart"]
    assert [flow["steps"][node] for _, node in line["points"]] == list(range(1, 21))
    assert all(a < b for (a, _), (b, _) in pairwise(line["points"]))
    assert chunk["views"]["cell"]["svg"].count("data-bar") == 16


def test_every_level_has_a_shade_as_the_picture_has_and_ink_that_can_be_read():
    rules = shades()
    for name, theme in THEMES.items():
        root = ":root" if name == "light" else ":root[data-theme=dark]"
        brush = Brush(Scale(-2, 3), theme)
        for k in range(LEVELS + 1):
            (rule,) = re.findall(rf'^{re.escape(root)} \[data-level="{k}"\]\{{(.*)\}}$', rules, re.MULTILINE)
            look = dict(part.split(":") for part in rule.split(";"))
            strength = 10 ** (-2 + 5 * k / LEVELS)
            assert look["--fill"] == brush.fill(strength)
            assert look["--stroke"] == brush.look(strength).stroke
            assert float(look["--width"]) == pytest.approx(brush.look(strength).width, abs=0.006)
            assert contrast(look["--fill"], look["--ink"]) >= 4.5


# ---- the file ------------------------------------------------------------------------------------------------------------------


class Elements(HTMLParser):
    """The elements of a page as a browser without scripts reads it, and all attributes."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes = Counter(), []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags[tag] += 1
        self.attributes += [(tag, *pair) for pair in attrs]


def digest(text):
    return "'sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() + "'"


def test_the_policy_names_the_script_and_the_style_and_nothing_else(tmp_path):
    text = saved(tmp_path, pages.loss_of())
    policy = dict(part.split(" ", 1) for part in pages.between(text, 'Policy" content="', '">').split("; "))
    assert policy == {
        "default-src": "'none'",
        "script-src": digest(pages.between(text, "<script>", "</script>")),
        "style-src": digest(pages.between(text, "<style>", "</style>")),
        "img-src": "data:",
        "base-uri": "'none'",
        "form-action": "'none'",
    }


def test_a_page_asks_for_nothing(tmp_path):
    text = saved(tmp_path, pages.loss_of())
    assert set(re.findall(r"https?://[^\s\"'<)]*", text)) == {"http://www.w3.org/2000/svg"}
    attributes = Elements(text).attributes
    assert not [a for a in attributes if a[1].startswith("on") or a[1] in ("style", "src")]
    assert [value[:5] for _, name, value in attributes if name == "href"] == ["data:"]


def test_names_do_not_break_out(tmp_path):
    wild = saved(tmp_path, pages.hostile(), title="".join(pages.HOSTILE))
    tame = saved(tmp_path, pages.loss_of("RNN", 2))
    counts = [Elements(text).tags for text in (wild, tame)]
    for tag in ("script", "style", "noscript", "img", "html", "body"):
        assert counts[0][tag] == counts[1][tag], tag
    title = pages.head_of(wild)["title"]
    assert "</script><script>window" in title
    assert not {"\u2028", "\u2029", "\u202e"} & set(wild)
    assert not re.search(r"<!--(?! )", wild)
    assert "window.pwned" not in pages.between(wild, "<script>", "</script>")


def test_the_same_graph_gives_the_same_bytes(tmp_path):
    first = saved(tmp_path, tg.snapshot(pages.loss_of()))
    assert saved(tmp_path, tg.snapshot(pages.loss_of())) == first
    assert pages.head_of(first)["start"] == {"detail": "op"}


def test_readers_without_scripts_get_the_finished_picture(tmp_path):
    loss = pages.loss_of()
    text = pages.between(saved(tmp_path, loss), "<noscript>", "</noscript>")
    assert tg.draw(loss).svg() in text
    assert "Gradient norms of the weights" in text


def test_pictures_that_are_compared_are_chosen_on_the_page(tmp_path):
    pictures = [tg.draw(pages.loss_of(cell, 3), title=cell) for cell in ("RNN", "LSTM")]
    text = tg.draw.compare(pictures).save(tmp_path / "x.html").read_text(encoding="utf-8")
    (control,) = pages.head_of(text)["controls"]
    assert control["choices"] == [["0", "RNN"], ["1", "LSTM"]]
    assert [chunk["scale"] for chunk in pages.chunks_of(text)] == [list(tg.draw.compare(pictures).scale)] * 2


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"color": "value"}, "choose color='grad'"),
        ({"color": "none"}, "choose color='grad'"),
        ({"rolled": True}, "draw it unrolled"),
    ],
    ids=str,
)
def test_what_does_not_move_makes_no_page(tmp_path, settings, says):
    with pytest.raises(DataError, match=says):
        tg.draw(pages.loss_of(), **settings).save(tmp_path / "x.html")
    with pytest.raises(DataError, match="draw a single number"):
        tg.draw(tg.tanh(tg.Tensor([1.0, 2.0], requires_grad=True))).save(tmp_path / "x.html")
    assert not list(tmp_path.iterdir())


# ---- the demonstration ---------------------------------------------------------------------------------------------------------


@pytest.mark.once
def test_the_demonstration_fits_its_budget(demo):
    assert len(demo.encode()) < LIMIT


@pytest.mark.once
def test_every_combination_of_the_controls_has_a_run(demo):
    head = pages.head_of(demo)
    assert [control["key"] for control in head["controls"]] == [control.key for control in CONTROLS]
    keys = {" ".join(settings.values()) for settings in combinations()}
    assert set(head["runs"]) == keys
    assert len(keys) == 2 * 3 * 7 + 3 * 7 * 4 + 3 * 7  # RNN: activation, T, radius; LSTM: T, radius, bias; GRU: T, radius
    assert " ".join(START[c.key] for c in CONTROLS if applies(c, START)) in keys


@pytest.mark.once
def test_the_numbers_of_a_run_are_those_of_its_graph(demo):
    head, chunks = pages.head_of(demo), pages.chunks_of(demo)
    for settings in [*combinations()][::17]:
        k, n = head["runs"][" ".join(settings.values())]
        graph = graph_of(settings, 0)
        have = dict(zip(chunks[k]["flow"]["parent"], chunks[k]["runs"][n]["have"], strict=True))
        assert have == {r.id: shown(r.grad_norm) for r in graph if r.grad is not None}


def test_a_linear_recurrence_scales_the_gradient_by_the_radius_and_tanh_does_not_explode():
    for radius in (0.5, 1.5):
        settings = {"cell": "rnn", "activation": "linear", "steps": "8", "radius": str(radius)}
        norms = [r.grad_norm for r in graph_of(settings, 0).along("h").values()]
        np.testing.assert_allclose(norms, [radius**k for k in range(7, -1, -1)], rtol=1e-9)
        saturated = [r.grad_norm for r in graph_of(settings | {"activation": "tanh"}, 0).along("h").values()]
        assert saturated[-1] == pytest.approx(1)
        assert max(saturated) < 5 < 1.5**7


# ---- the command ---------------------------------------------------------------------------------------------------------------


@pytest.fixture
def run(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def call(*words):
        code = main(list(words))
        return (code, *capsys.readouterr())

    return call


def test_the_command_writes_a_page_under_a_free_name(run, monkeypatch):
    monkeypatch.setattr(page_command, "demonstration", lambda seed: f"page {seed}")
    assert run("page") == (0, "", "wrote bptt.html\n")
    assert run("page", "--seed", "7") == (0, "", "wrote bptt-2.html\n")
    assert run("page", "-o", "mine.html") == (0, "", "wrote mine.html\n")
    assert run("page", "-o", "-") == (0, "page 0", "")
    assert {name: Path(name).read_text() for name in os.listdir()} == {
        "bptt.html": "page 0", "bptt-2.html": "page 7", "mine.html": "page 0",
    }  # fmt: skip


def test_the_same_seed_gives_the_same_page_and_another_one_another(run, monkeypatch):
    few = [settings for settings in combinations() if settings.items() <= START.items()]
    monkeypatch.setattr(page_command, "combinations", lambda: few)
    page = demonstration(0)
    assert run("page", "-o", "-") == (0, page, "")
    assert run("page", "-o", "-", "--seed", "1")[1] != page


@pytest.mark.parametrize("words", ["-o x.svg", "-o missing/x.html", "--seed -1", "--cell lstm", "extra"])
def test_a_mistake_is_one_line_and_a_hint(run, words):
    code, out, said = run("page", *words.split())
    assert (code, out) == (2, "")
    assert re.fullmatch(r"error: [^\n]+\n\nhint: [^\n]+\n", said), said
    assert os.listdir() == []


def test_draw_writes_a_page_too(run):
    assert run("draw", "--cell", "gru", "-o", "mine.html") == (0, "", "wrote mine.html\n")
    (chunk,) = pages.chunks_of(Path("mine.html").read_text(encoding="utf-8"))
    assert math.isfinite(chunk["runs"][0]["have"][-1])


def test_the_parts_of_a_page_are_data_of_the_package(tmp_path):
    parts = {path.name: path.read_text(encoding="utf-8") for path in (files("tinygrad_rnn.viz.page") / "web").iterdir()}
    assert set(parts) == {"page.html", "page.css", *SCRIPTS}
    page = saved(tmp_path, pages.loss_of())
    assert all(parts[name] in page for name in SCRIPTS)
