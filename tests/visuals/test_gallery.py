"""The committed pictures are what the scripts draw today, up to the last digits of floating-point numbers."""

import importlib
import re
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
NAMES = sorted(path.stem for path in (ROOT / "visuals").glob("[a-z]*.py"))
NUMBER = re.compile(r"[-+]?\d+\.?\d*(?:e[-+]?\d+)?")
COLOUR = re.compile(r"#[0-9a-f]{6}\b")


@pytest.fixture
def visuals(monkeypatch):
    monkeypatch.setattr(sys, "path", [str(ROOT), *sys.path])
    return importlib.import_module("visuals")


def same_picture(drawn, kept):
    """The same text, but for ids; numbers and colours may differ by what another CPU rounds otherwise."""
    plain = [re.sub(r"\bg[0-9a-f]{8}", "id", text) for text in (drawn, kept)]
    colours = [COLOUR.findall(text) for text in plain]
    plain = [COLOUR.sub("colour", text) for text in plain]
    assert NUMBER.sub("n", plain[0]) == NUMBER.sub("n", plain[1]), "run python -m visuals"
    for new, old in zip(NUMBER.findall(plain[0]), NUMBER.findall(plain[1]), strict=True):
        assert float(new) == pytest.approx(float(old), rel=0.02, abs=0.5)
    for new, old in zip(*colours, strict=True):
        assert all(abs(int(new[k : k + 2], 16) - int(old[k : k + 2], 16)) <= 3 for k in (1, 3, 5)), (new, old)


@pytest.mark.parametrize("name", NAMES)
def test_the_committed_picture_is_current(name, visuals):
    same_picture(visuals.drawn(name)[1], (ROOT / "visuals" / f"{name}.svg").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("old", "new"), [("tanh", "relu"), ("</text>", "x</text>"), ("#ffffff", "#fff0ff"), ('y="36"', 'y="39"')]
)
def test_a_stale_picture_is_noticed(old, new, visuals):
    kept = (ROOT / "visuals" / "three_words.svg").read_text(encoding="utf-8")
    with pytest.raises(AssertionError):
        same_picture(visuals.drawn("three_words")[1], kept.replace(old, new, 1))


class Links(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.found = []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.found += [value for key, value in attributes if key in ("href", "src")]


def test_the_page_shows_every_picture(visuals):
    page = importlib.import_module("visuals.__main__")
    entries = []
    for name in visuals.ORDER:
        drawing, _, words = visuals.drawn(name)
        entries.append((name, drawing.title, words, round(drawing.sheet.width, -2)))
    kept = (ROOT / "visuals" / "index.html").read_text(encoding="utf-8")
    assert page.page(entries) == kept, "run python -m visuals"
    assert sorted(visuals.ORDER) == NAMES
    files = [link for link in Links(kept).found if not link.startswith("#")]
    assert [link for link in files if not (ROOT / "visuals" / link).is_file()] == []
    assert {f"{name}.svg" for name in NAMES} <= set(files)
    assert all(words.endswith(".") for _, _, words, _ in entries)


def test_a_title_cannot_inject_markup_into_the_page(visuals):
    page = importlib.import_module("visuals.__main__")
    hostile = '"><script>alert(1)</script><img src=x onerror=y>'
    text = page.page([("neuron", hostile, hostile, 600.0)])
    assert "<script" not in text
    assert "<img src=x" not in text
    assert text.count("&lt;script&gt;") == 5


@pytest.fixture
def drawing(visuals, monkeypatch, tmp_path):
    """`python -m visuals`, which writes into a folder of its own."""
    page = importlib.import_module("visuals.__main__")
    monkeypatch.setattr(page, "FOLDER", tmp_path)
    return page


def test_names_draw_these_pictures_alone(drawing, tmp_path, capsys):
    drawing.main(["three_words", "neuron"])
    assert capsys.readouterr().out.split() == ["visuals/neuron.svg", "visuals/three_words.svg"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["neuron.svg", "three_words.svg"]


@pytest.mark.parametrize(("words", "code"), [(["--help"], 0), (["three_wards"], 2), (["--nope"], 2)])
def test_help_and_mistakes_draw_nothing(drawing, tmp_path, capsys, words, code):
    with pytest.raises(SystemExit) as left:
        drawing.main(words)
    out, said = capsys.readouterr()
    assert left.value.code == code
    assert list(tmp_path.iterdir()) == []
    if code:
        assert out == ""
        assert re.fullmatch(rf"error: [^\n]*{words[0]}[^\n]*\n\nhint: [^\n]*-m visuals --help lists what there is\n", said)
    else:
        assert out.startswith("usage: ")
        assert "three_words" in out


def test_plots_are_named_alike(visuals, monkeypatch, capsys, tmp_path):
    pytest.importorskip("matplotlib")
    plots = importlib.import_module("visuals.plots.__main__")
    monkeypatch.setattr(plots, "__file__", str(tmp_path / "__main__.py"))
    plots.main(["activation_memory"])
    assert [path.name for path in tmp_path.iterdir()] == ["activation_memory.svg"]
    assert capsys.readouterr().out.startswith("visuals/plots/activation_memory.svg: The graph keeps ")


def test_the_readme_shows_a_picture_of_this_code():
    shown = re.findall(r"!\[.*?\]\((.*?)\)", (ROOT / "README.md").read_text(encoding="utf-8"))
    assert shown
    assert all((ROOT / name).is_file() for name in shown)
