"""The gallery: what git keeps of it is what the scripts draw today, one command writes all of it, and the page shows it.

tests/golden/gallery.txt tells what is drawn: the marks of each picture, the words of each plot. After a change that is meant:

REDRAW=1 python -m pytest tests/visuals
"""

import importlib
import os
import re
import sys
from collections import Counter
from functools import cache
from html.parser import HTMLParser
from importlib.util import find_spec
from pathlib import Path
from xml.etree import ElementTree

import pytest
from same_picture import NUMBER, differs

import tinygrad_rnn as tg
from tinygrad_rnn.errors import DataError

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT))  # the scripts are no part of the package
visuals, command, plots = (importlib.import_module(f"visuals{name}") for name in ("", ".__main__", ".plots"))

GOLDEN = ROOT / "tests" / "golden" / "gallery.txt"
SCRIPTS = {path.stem for path in (ROOT / "visuals").glob("[a-z]*.py")} - {"plots"}
pytestmark = pytest.mark.once
TRAINED = {"training", "gates", "trajectory"}  # another CPU rounds otherwise, and training makes much of it
each_plot = pytest.mark.parametrize("plot", plots.PLOTS, ids=lambda plot: plot.__name__)

drawn = cache(visuals.drawn)


def kept(name):
    return (ROOT / "visuals" / f"{name}.svg").read_text(encoding="utf-8")


def told():
    return dict(line.split(": ", 1) for line in GOLDEN.read_text(encoding="utf-8").splitlines())


def golden(name, text):
    """What was told of a picture when somebody last looked at it."""
    if os.environ.get("REDRAW"):
        lines = {**told(), name: text}
        GOLDEN.write_text("".join(f"{name}: {lines[name]}\n" for name in sorted(lines)), encoding="utf-8")
    return told()[name]


def test_every_script_has_its_place():
    assert sorted(visuals.ORDER) == sorted(SCRIPTS)
    assert {path.stem for path in (ROOT / "visuals").glob("*.svg")} == set(visuals.KEPT)
    assert set(told()) == {*visuals.ORDER, *command.MEASURED}


@pytest.mark.parametrize("name", visuals.KEPT)
def test_a_picture_in_git_is_current(name):
    assert differs(drawn(name)[1], kept(name)) == [], f"run python -m visuals {name}"


@pytest.mark.parametrize(
    ("old", "new"), [("tanh", "relu"), ("</text>", "x</text>"), ("#ffffff", "#fff0ff"), ('y="36"', 'y="39"')]
)
def test_a_stale_picture_is_noticed(old, new):
    assert differs(drawn("three_words")[1], kept("three_words").replace(old, new, 1))


@pytest.mark.parametrize("name", visuals.ORDER)
def test_every_script_draws_what_it_drew(name):
    drawing, svg, words = drawn(name)
    marks = Counter(element.tag.rpartition("}")[2] for element in ElementTree.fromstring(svg).iter())
    counted = ", ".join(f"{marks[kind]} {kind}" for kind in ("rect", "path", "text", "title"))
    assert counted == golden(name, counted)
    assert drawing.title
    assert words.endswith(".")


@each_plot
def test_every_plot_says_what_it_said_and_can_be_read(plot):
    pytest.importorskip("matplotlib")
    from plot_checks import check_writing

    chart = plot(theme="dark")
    check_writing(chart)
    words = tg.plots.describe(chart)
    old = golden(plot.__name__, words)
    assert NUMBER.sub("n", words) == NUMBER.sub("n", old)
    if plot.__name__ not in TRAINED:
        assert [*map(float, NUMBER.findall(words))] == pytest.approx([*map(float, NUMBER.findall(old))], rel=0.05)


# ---- the command and the page --------------------------------------------------------------------------------------------------


class Links(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.found = []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.found += [value for key, value in attributes if key in ("href", "src")]


@pytest.fixture
def folder(monkeypatch, tmp_path):
    """`python -m visuals`, with a folder of its own in place of visuals/, one plot, and each script drawn once for all tests."""
    monkeypatch.setattr(command, "FOLDER", tmp_path)
    monkeypatch.setattr(command, "MEASURED", {"activation_memory": plots.activation_memory})
    monkeypatch.setattr(command, "drawn", drawn)
    return tmp_path


@pytest.mark.parametrize("matplotlib", [True, False])
def test_the_command_writes_every_picture_and_the_page(folder, matplotlib, monkeypatch, capsys):
    if matplotlib and not find_spec("matplotlib"):
        pytest.skip("needs matplotlib: pip install 'tinygrad_rnn[plots]'")
    if not matplotlib:
        monkeypatch.setattr(command, "find_spec", lambda name: None)
    command.main([])
    files = {f"{name}.svg" for name in (*visuals.ORDER, *(["activation_memory"] if matplotlib else []))}
    assert {path.name for path in (folder / "out").iterdir()} == {*files, "index.html"}
    assert {path.name for path in folder.glob("*.svg")} == {f"{name}.svg" for name in visuals.KEPT}
    said = capsys.readouterr().out
    page = (folder / "out" / "index.html").read_text(encoding="utf-8")
    assert (command.NO_PLOTS in said) == ("The plots are left out" in page) == (not matplotlib)
    links = [link for link in Links(page).found if not link.startswith("#")]
    assert {link for link in links if link.endswith(".svg")} == files
    scripts = {link for link in links if link.endswith(".py")}
    assert {f"../{name}.py" for name in visuals.ORDER} <= scripts
    assert [script for script in scripts if not (ROOT / "visuals" / "out" / script).resolve().is_file()] == []


def test_names_draw_these_pictures_alone(folder, capsys):
    command.main(["two_layers", "neuron"])
    said = [Path(line) for line in capsys.readouterr().out.splitlines()]
    assert [path.resolve() for path in said] == [folder / "out" / "neuron.svg", folder / "out" / "two_layers.svg"]
    assert sorted(path.name for path in folder.rglob("*.svg")) == ["neuron.svg", "neuron.svg", "two_layers.svg"]
    assert not (folder / "out" / "index.html").exists()


def test_a_plot_that_cannot_be_drawn_is_refused(folder, monkeypatch):
    monkeypatch.setattr(command, "find_spec", lambda name: None)
    with pytest.raises(DataError, match="the plot activation_memory needs matplotlib"):
        command.main(["activation_memory"])
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize(("words", "code"), [(["--help"], 0), (["three_wards"], 2), (["--nope"], 2)])
def test_help_and_mistakes_draw_nothing(folder, capsys, words, code):
    with pytest.raises(SystemExit) as left:
        command.main(words)
    out, said = capsys.readouterr()
    assert left.value.code == code
    assert list(folder.iterdir()) == []
    if code:
        assert out == ""
        assert re.fullmatch(rf"error: [^\n]*{words[0]}[^\n]*\n\nhint: [^\n]*-m visuals --help lists what there is\n", said)
    else:
        assert out.startswith("usage: ")
        assert "three_words" in out
        assert "activation_memory" in out


def test_a_title_cannot_inject_markup_into_the_page():
    hostile = '"><script>alert(1)</script><img src=x onerror=y>'
    text = command.page([command.Entry("neuron", hostile, hostile, hostile, "neuron.py")])
    assert "<script" not in text
    assert "<img src=x" not in text
    assert text.count("&lt;script&gt;") == 5


@pytest.mark.parametrize("page", ["README.md", "visuals/README.md"])
def test_a_text_shows_pictures_that_git_keeps(page):
    shown = re.findall(r"!\[.*?\]\((.*?)\)", (ROOT / page).read_text(encoding="utf-8"))
    assert shown
    assert all(((ROOT / page).parent / name).is_file() and Path(name).stem in visuals.KEPT for name in shown)
