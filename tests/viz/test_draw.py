"""`draw` and `Drawing`: settings, files, hostile names, graphs without gradients or steps, the same bytes every time."""

import shutil
import subprocess
import sys
from xml.etree import ElementTree

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn import nn
from tinygrad_rnn.errors import DataError, GraphError
from tinygrad_rnn.viz import draw, to_graphviz
from tinygrad_rnn.viz.layout import routing


def loss_of(T=3, cell=None, seed=0):
    rng = np.random.default_rng(seed)
    cell = cell or nn.LSTMCell(3, 4, rng=rng)
    hs, _ = nn.unroll(cell, rng.standard_normal((2, T, 3)))
    return cell, (hs[-1] ** 2).sum()


def neuron(name="w"):
    w, b = (tg.Tensor(v, requires_grad=True, name=n) for v, n in ((0.5, name), (-0.2, "b")))
    return tg.tanh(w * tg.Tensor(2.0, name="x") + b)


# ---- the same graph, the same picture ------------------------------------------------------------------------------------------


def test_backward_changes_nothing_and_is_not_needed():
    cell, loss = loss_of()
    before = draw(loss).svg()
    assert all(p.grad is None for p in cell.parameters())
    loss.backward()
    grads = [p.grad.copy() for p in cell.parameters()]
    assert draw(loss).svg() == before
    for p, grad in zip(cell.parameters(), grads, strict=True):
        np.testing.assert_array_equal(p.grad, grad)


def test_bytes_do_not_depend_on_the_process():
    program = (
        "import numpy as np, tinygrad_rnn as tg; from tinygrad_rnn.viz import draw;"
        "rng = np.random.default_rng(0); hs, _ = tg.nn.unroll(tg.nn.GRUCell(3, 4, rng=rng), rng.standard_normal((2, 3, 3)));"
        "import hashlib; d = draw((hs[-1] ** 2).sum()); print(hashlib.sha256((d.svg() + d.to_graphviz().source).encode()).hexdigest())"
    )
    runs = [
        subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, env={"PYTHONHASHSEED": seed})
        for seed in ("1", "2")
    ]
    assert runs[0].stdout == runs[1].stdout != ""


def test_two_drawings_share_no_id():
    one, two = (draw(loss_of(seed=seed)[1]).svg() for seed in (0, 1))
    ids = [{e.get("id") for e in ElementTree.fromstring(svg).iter() if e.get("id")} for svg in (one, two)]
    assert ids[0] & ids[1] == set()


# ---- settings ------------------------------------------------------------------------------------------------------------------


def test_scales_can_be_shared():
    short, long = draw(loss_of(3)[1]), draw(neuron())
    assert draw(loss_of(3)[1], scale=long).scale == long.scale != short.scale
    assert draw(loss_of(3)[1], scale=(-6, 1)).scale == (-6.0, 1.0)


@pytest.mark.parametrize(
    ("T", "level", "kept"),
    [(4, "op", 4), (5, "gate", 5), (6, "gate", 6), (8, "cell", 8), (9, "cell", 9), (12, "cell", 12), (13, "cell", 4)],
)
def test_automatic_detail_and_elision(T, level, kept):
    view = draw(loss_of(T)[1]).view
    assert (view.level, len(view.kept)) == (level, kept)


@pytest.mark.parametrize(
    "settings", [{"color": "value"}, {"color": "none"}, {"weights": "hidden"}, {"theme": "dark"}, {"title": "<&>"}]
)
def test_other_settings_draw(settings):
    picture = draw(loss_of()[1], **settings)
    ElementTree.fromstring(picture.svg())
    assert "weights" not in settings or not any(box.chips for box in picture.view.boxes)


@pytest.mark.parametrize(
    "settings",
    [
        {"detail": "gates"}, {"detail": "x"}, {"color": 1}, {"theme": "pink"}, {"weights": None}, {"elide": 0}, {"elide": "no"},
        {"elide": -1}, {"scale": (1, 0)}, {"scale": "x"}, {"scale": (0, float("inf"))}, {"scale": 3},
    ],
)  # fmt: skip
def test_a_setting_that_does_not_exist(settings):
    with pytest.raises(DataError, match=r"is|draw"):
        draw(loss_of()[1], **settings)


@pytest.mark.parametrize("thing", [3.0, None, tg.Tensor([1.0])])
def test_nothing_to_draw(thing):
    with pytest.raises(GraphError):
        draw(thing)


# ---- graphs that are not the usual one -----------------------------------------------------------------------------------------


def odd_graphs():
    rng = np.random.default_rng(0)
    w = tg.Tensor(rng.standard_normal((2, 2)), requires_grad=True, name="w")
    yield "a single op", (w * w).sum()
    yield "a leaf", w
    yield "no gradients", loss_of()[0].step(np.ones((2, 3)), loss_of()[0].initial_state(2))[0]
    big = tg.Tensor([1e308], requires_grad=True, name="w")
    with np.errstate(over="ignore", invalid="ignore"):
        yield "infinite", ((big * 10.0) * (big * 10.0)).sum()
    h = tg.Tensor(np.zeros((1, 2)), name="h0")
    for t in (3, 7, 20, 21):
        with tg.time_step(t):
            h = tg.tanh(h @ w + t)
    yield "steps with holes, no scope", (h * h).sum()
    hs = [tg.Tensor(np.ones((1, 2)), name="h0")]
    for t in range(1, 6):
        with tg.time_step(t):
            hs.append(tg.tanh(hs[-1] @ w + (hs[-3] if t > 2 else 0.0)))
    yield "a state read three steps later", hs[-1].sum()
    back = tg.Tensor(np.ones((1, 2)), name="h0")
    for t in (4, 3, 2, 1):
        with tg.time_step(t), tg.scope("Backwards"):
            back = tg.named(tg.tanh(back @ w), "h")
    yield "backwards in time", (back * back).sum()
    encoded, total = tg.tanh(w @ w), 0.0
    for t in range(1, 5):
        with tg.time_step(t):
            total = total + (encoded @ w).sum() if t % 2 else total * 0.5
    yield "columns that differ, read from before", total
    yield "one number used twice", (w + w).sum() * (w + w).sum()
    with tg.time_step(1):
        y = tg.concat([w, w, w * 2.0])
    yield "several chips on an op", y.sum()
    chain = w
    for _ in range(200):
        chain = tg.tanh(chain)
    yield "a long chain", chain.sum()


@pytest.mark.parametrize(("name", "loss"), list(odd_graphs()))
@pytest.mark.parametrize("detail", ["op", "cell"])
def test_odd_graphs_are_drawn(name, loss, detail):
    picture = draw(loss, detail=detail)
    ElementTree.fromstring(picture.svg())
    assert "digraph" in picture.to_graphviz().source
    assert picture.describe()
    assert ("infinite" in picture.describe()) == (name == "infinite")
    assert ("no gradients" in picture.describe()) == (name in ("no gradients", "a leaf"))


HOSTILE = ["<b>&amp;", "a\"b'c", "x\ny\tz\0\x1b[0m", "שלום\u202e", "]]>", "\\N\\G", "<<table>>", "\ud800", "𝒘" * 80, "{@}"]


@pytest.mark.parametrize("name", HOSTILE)
def test_names_may_hold_anything(name, tmp_path):
    picture = draw(neuron(name))
    ElementTree.fromstring(picture.svg())
    picture.save(tmp_path / "x.svg")
    picture.save(tmp_path / "x.dot")
    with tg.time_step(1), tg.scope(name):
        y = neuron(name)
    steps = draw(y, title=name)
    ElementTree.fromstring(steps.svg())
    assert "\0" not in steps.to_graphviz().source
    steps.describe().encode()


def test_long_sequences_stay_small():
    """Each step is routed once and stamped, so size grows with the number of steps and not faster."""
    graph = tg.snapshot(loss_of(100)[1])
    sizes = {T: len(draw(tg.snapshot(loss_of(T)[1]), detail="op", elide=False).svg()) for T in (25, 50)}
    whole = draw(graph, detail="op", elide=False)
    assert whole.layout.width > 10_000
    assert len(whole.svg()) < 2_000_000
    assert len(whole.svg()) - sizes[50] == pytest.approx(2 * (sizes[50] - sizes[25]), rel=0.05)
    assert len(draw(graph, detail="op").svg()) < 100_000


WRONG = [None, float("nan"), -1, 10**400, (10**400, 1), "x", b"x", [], {"a": 1}, (k for k in "ab"), object()]
WRONG += [np.ones(3), np.array(["op", "x"]), 1j]


@pytest.mark.parametrize("setting", ["detail", "color", "elide", "theme", "weights", "scale", "rolled", "open"])
@pytest.mark.parametrize("value", WRONG, ids=lambda value: type(value).__name__)
def test_a_setting_of_a_wrong_kind_is_refused_with_a_hint(setting, value):
    if (value is None and setting in ("scale", "open")) or (setting == "elide" and isinstance(value, int) and value > 0):
        return  # these are meant
    with pytest.raises(DataError) as error:
        draw(loss_of()[1], **{setting: value})
    assert error.value.hint
    assert len(error.value.message) < 200


def test_flags_of_pictures_are_true_or_false(tmp_path):
    picture = draw(loss_of()[1])
    for value in (np.ones(3), "no", None, 1):
        for call in (
            lambda value: picture.svg(animated=value),
            lambda value: picture.save(tmp_path / "x.svg", animated=value),
            lambda value: draw.compare([picture], across=value),
        ):
            with pytest.raises(DataError, match="=") as error:
                call(value)
            assert error.value.hint == "it is True or False"


def test_what_cannot_be_read_is_refused(monkeypatch):
    w, y = tg.Tensor(np.ones(2), requires_grad=True), tg.Tensor(np.zeros(2))
    for _ in range(7000):
        y = y + w
    with pytest.raises(GraphError, match="would not be readable"):
        draw(y).svg()
    assert "7000 ops" in draw(y).describe()
    monkeypatch.setattr(routing, "HARDEST", 100_000)  # of 1,500,000: so much that it takes seconds
    rows = [w * float(k) for k in range(12)]
    for _ in range(12):
        total = rows[0]
        for row in rows[1:]:
            total = total + row
        rows = [tg.tanh(total + row) for row in rows]
    with pytest.raises(GraphError, match="too entangled"):
        draw(tg.concat(rows).sum()).svg()
    assert "digraph" in to_graphviz(tg.concat(rows).sum()).source


# ---- words ---------------------------------------------------------------------------------------------------------------------


def test_description_tells_the_decay_and_the_zeros():
    words = draw(loss_of(30)[1]).describe()
    assert words.startswith("LSTM, 30 steps, 512 ops, 3 weights.\nSteps 3 to 28 are left out (26 of 30).")
    assert "The gradient |dL/dh| falls from" in words
    assert "At t=1 Wh adds exactly 0 to its gradient: it is multiplied by h0, which is all zeros." in words
    assert "At t=1 f has gradient exactly 0: it is multiplied by c0" in draw(loss_of(3)[1]).describe()


def test_notebooks_get_svg_and_words():
    picture = draw(neuron())
    bundle = picture._repr_mimebundle_()
    assert bundle["image/svg+xml"] == picture.svg() == picture._repr_svg_()
    assert "3 ops" in bundle["text/plain"]


# ---- files ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", [".svg", ".dot", ".SVG"])
def test_save_needs_nothing_installed(tmp_path, monkeypatch, suffix):
    monkeypatch.setenv("PATH", "")
    path = draw(loss_of()[1]).save(tmp_path / f"x{suffix}")
    assert path.stat().st_size > 1000
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("suffix", [".png", ".pdf"])
def test_without_graphviz_the_svg_is_written_and_said(tmp_path, monkeypatch, suffix):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(DataError, match=r"x\.svg was written in place of x.*\n\nhint: .*apt install graphviz"):
        draw(loss_of()[1]).save(tmp_path / f"x{suffix}")
    assert [p.name for p in tmp_path.iterdir()] == ["x.svg"]
    ElementTree.parse(tmp_path / "x.svg")


@pytest.mark.parametrize("path", ["x", "x.jpg", "x.htm", "missing/x.svg", "folder.svg"])
def test_a_file_that_cannot_be_written(tmp_path, path):
    (tmp_path / "folder.svg").mkdir()
    with pytest.raises(DataError, match="cannot") as caught:
        draw(neuron()).save(tmp_path / path)
    assert caught.value.hint
    assert [p.name for p in tmp_path.iterdir()] == ["folder.svg"]


def test_a_png_that_is_too_wide_is_refused(tmp_path):
    with pytest.raises(DataError, match="too large"):
        draw(loss_of(100)[1], detail="op", elide=False).save(tmp_path / "x.png")


def test_graphviz_gets_our_places_or_does_its_own():
    source = draw(loss_of()[1]).to_graphviz().source
    assert "layout=nop2" in source
    assert source.count('pos="e,') == len(draw(loss_of()[1]).layout.routes)
    plain = to_graphviz(neuron()).source
    assert "pos=" not in plain
    assert "rankdir=LR" in plain


def same_words_around(svg, source):
    groups = [g for g in ElementTree.fromstring(svg).iter() if (g.get("id") or "").endswith(("-legend", "-keys", "-hidden"))]
    words = ["".join(e.itertext()) for g in groups for e in g if e.tag.endswith("text")]
    assert len(groups) == 3 < len(words)
    assert all(f'"{word}"' in source or f"={word} " in source for word in words)
    hidden = next(g for g in groups if g.get("id").endswith("-hidden"))
    steps = [e.text for e in hidden.iter() if e.tag.endswith("title")]
    assert steps
    assert [step for step in steps if step not in source] == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_graphviz_gets_the_legend_and_the_hidden_steps_too(theme):
    picture = draw(loss_of(30)[1], theme=theme)
    source = picture.to_graphviz().source
    same_words_around(picture.svg(), source)
    for fault in ("exactly 0", "≤10", "t = 17:", "input", "at each step"):
        with pytest.raises(AssertionError):
            same_words_around(picture.svg(), source.replace(fault, ""))


@pytest.mark.skipif(shutil.which("dot") is None, reason="Graphviz is not installed")
@pytest.mark.parametrize("T", [1, 3, 30])
def test_graphviz_puts_boxes_where_the_svg_has_them(T):
    drawing = draw(loss_of(T)[1], detail="op")
    high, places = drawing.sheet.height, {}
    for line in drawing.to_graphviz().pipe(format="plain", encoding="utf-8").splitlines():
        words = line.split()
        if words[0] == "node" and words[1].startswith("n"):
            places[int(words[1][1:])] = (72 * float(words[2]), high - 72 * float(words[3]))
    nodes = [*drawing.layout.boxes, *(pill.placed for pill in drawing.layout.panel.pills)]
    assert len(places) == len(nodes) > 10
    shifts = np.array([(places[node.box.id][0] - node.x, places[node.box.id][1] - node.y) for node in nodes])
    assert np.ptp(shifts, axis=0).max() < 1.0  # Graphviz may move the whole picture, not its parts


@pytest.mark.skipif(shutil.which("dot") is None, reason="Graphviz is not installed")
@pytest.mark.parametrize(("suffix", "starts"), [("png", b"\x89PNG"), ("pdf", b"%PDF")])
def test_with_graphviz_png_and_pdf_are_written(tmp_path, suffix, starts):
    for name, loss in (("steps", loss_of(2)[1]), ("neuron", neuron())):
        path = tmp_path / f"{name}.{suffix}"
        draw(loss).save(path)
        assert path.read_bytes().startswith(starts)
    assert [p.suffix for p in sorted(tmp_path.iterdir())] == [f".{suffix}"] * 2


def test_importing_pictures_does_not_import_graphviz():
    program = "import sys, tinygrad_rnn.viz; assert 'graphviz' not in sys.modules"
    subprocess.run([sys.executable, "-c", program], check=True)
