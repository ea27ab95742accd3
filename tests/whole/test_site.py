"""The site: every public name has its entry, every block of code on a page runs, and links that lead nowhere are found."""

import doctest
import os
import re
import shlex
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))  # docs stands beside the package

import tinygrad_rnn as tg  # noqa: E402
from docs.writer import docstrings, included, links, names, pages, pictures, reference  # noqa: E402

MADE = {"_build", "_static", "reference", "course", "gallery", "writer"}
NEEDS = {"tg.plots.": "matplotlib", ".safetensors": "safetensors", "onnx": "onnx"}
WRITTEN = [path for path in sorted((ROOT / "docs").rglob("*.md")) if not MADE & {*path.relative_to(ROOT / "docs").parts}]


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("reference")
    reference.write(folder, lambda *given: "")
    return {path.stem: path.read_text(encoding="utf-8") for path in folder.glob("*.rst")}


# ---- the reference


def test_every_public_name_has_its_entry(written):
    for face, module in names.faces().items():
        for name in module.__all__:
            path, value = f"{face}.{name}", getattr(module, name)
            if isinstance(value, type(tg)):
                continue
            (found,) = [n for n in names.public() if path in (n.path, *n.also)]
            assert found.value is value
            entry = rf"^\.\. (?:autoclass|autofunction|py:function|py:data):: {re.escape(found.path)}(?:\(|$)"
            entries = re.findall(entry, written[found.page], re.MULTILINE)
            assert len(entries) == 1, path


def test_a_name_is_on_one_page_and_in_the_list_of_all(written):
    for name in names.public():
        assert [page for page, text in written.items() if re.search(rf":: {re.escape(name.path)}(?:\(|$)", text, re.M)] == [
            name.page
        ]
        assert f"<{name.path}>`" in written["index"]


def test_every_public_name_has_an_example_or_says_where_it_comes_from():
    bare = [n for n in names.public() if ">>>" not in reference.doc_of(n) and not reference.is_type(n)]
    assert [n.short for n in bare if not isinstance(n.value, type)] == []
    assert [n.short for n in bare if not reference.below(n)] == []


def test_what_is_new_in_a_room_is_on_the_page_of_that_room():
    assert names.page_of("nn.cells.minimal")[0] == "cells"
    assert names.page_of("probe.something_new")[0] == "probes"
    assert names.page_of("attic.wine") == ("attic", "Attic", "More")


def test_every_row_of_pages_is_a_module():
    assert {*names.PAGES} <= {*names.doors.sources()}


def test_a_page_that_nothing_stands_on_any_more_goes(tmp_path):
    (tmp_path / "gone.rst").write_text("old", encoding="utf-8")
    reference.write(tmp_path, lambda *given: "")
    assert not (tmp_path / "gone.rst").exists()


# ---- docstrings


DOCSTRING = """The sum of *args and x_, in `code`; see `Adam`.

    a = x Wx + b      in the letters of the code
    c*= 2

`one` is a setting.
`two` is another,
on two lines.

first    what it does
         and more
the last less

>>> 1 + 1
2
"""


def test_a_docstring_in_plain_text_becomes_markup():
    text = "\n".join(docstrings.rest(DOCSTRING, {"Adam": "tinygrad_rnn.optim.Adam"}.get))
    assert text.startswith("The sum of \\*args and x\\_, in ``code``; see :py:obj:`Adam <tinygrad_rnn.optim.Adam>`.")
    assert "::\n\n        a = x Wx + b      in the letters of the code\n        c*= 2\n" in text
    assert "- ``one`` is a setting.\n\n- ``two`` is another,\n  on two lines.\n" in text
    assert "``first``\n    what it does\n    and more\n``the last``\n    less\n" in text
    assert text.endswith(">>> 1 + 1\n2\n")


def test_a_word_leads_to_the_name_that_it_means_where_it_stands():
    (fit,) = [n for n in names.public() if n.short == "tg.train.fit"]
    link = reference.link_from(fit)
    assert link("History") == "tinygrad_rnn.train.History"
    assert link("tg.schedules.cosine") == "tinygrad_rnn.optim.cosine"
    assert link("data.batches.windows") == "tinygrad_rnn.data.batches.windows"
    assert link("clip") == link("fit") == link("nobody") == ""


# ---- pages


@pytest.mark.parametrize("path", WRITTEN, ids=lambda path: path.relative_to(ROOT / "docs").with_suffix("").as_posix())
def test_the_code_on_a_page_runs(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = path.read_text(encoding="utf-8")
    blocks = pages.blocks(text)
    source = "".join(block.text for block in blocks)
    for word, package in NEEDS.items():
        if word in source:
            pytest.importorskip(package)
    names = {"__name__": "__main__"}
    for block in blocks:
        where = f"{path.name}:{block.line}"
        if block.kind in pages.PYTHON:
            assert block.text.startswith(">>> "), f"{where}: an example without prompts is not run"
        if block.kind in ("python", "drawn"):
            run_examples(block, names, where)
        elif block.kind == "raises":
            with pytest.raises(tg.errors.TinygradRnnError) as caught:
                pictures.run(pictures.PARSER.get_examples(block.text), names, [])
            assert caught.type.__name__ == block.argument, where
        elif block.kind == "console":
            run_commands(block.text)
        else:
            assert block.kind in ("powershell", "text", "toctree", "gallery"), f"{where}: {block.kind}"


def run_examples(block, names, where):
    """Run examples as doctests; names stay for the blocks below."""
    test = doctest.DocTestParser().get_doctest(block.text, names, where, where, 0)
    test.globs, said = names, []
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS)
    runner.run(test, out=said.append, clear_globs=False)
    assert not said, "".join(said)


def run_commands(text):
    """Run what a page tells to type, where it calls the package; what installs is run by .ci/run, in a clone."""
    for line in text.splitlines():
        if "tinygrad_rnn" in line and " -m tinygrad_rnn" in line:
            words = shlex.split(line.split("#")[0])
            env = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"}
            done = subprocess.run(
                [sys.executable, *words[1:]], env=env, stdin=subprocess.DEVNULL, capture_output=True, encoding="utf-8"
            )
            assert done.returncode == 0, f"{line}\n{done.stderr}"


def test_blocks_of_a_page_are_found():
    text = "# A\n\n```python\n>>> 1\n1\n```\n\n```{drawn}\n:name: x\n\n>>> 2\n2\n```\n\n```console\nls\n```\n"
    assert pages.blocks(text) == [("python", ">>> 1\n1\n", 4, ""), ("drawn", ">>> 2\n2\n", 9, ""), ("console", "ls\n", 16, "")]
    assert pages.blocks("```{raises} DataError\n>>> f()\n```") == [("raises", ">>> f()\n", 2, "DataError")]


def test_every_kind_of_error_is_on_the_page_of_messages():
    text = (ROOT / "docs" / "messages.md").read_text(encoding="utf-8")
    kinds = {name for name in (*tg.errors.__all__, "DivergenceError") if name.endswith("Error")} - {"TinygradRnnError"}
    assert {*re.findall(r"^## (\w+Error)$", text, re.MULTILINE)} == kinds
    assert {block.argument for block in pages.blocks(text) if block.kind == "raises"} == kinds


def test_links_of_an_included_file_lead_to_pages():
    text = "[m](docs/map.md) [c](lessons/README.md#x) [l](lessons/04_one.py) [s](tinygrad_rnn/errors.py) [w](https://a.b)"
    said = included.with_links(text, "", "contributing")
    assert said == "[m](map.md) [c](course/index.md#x) [l](course/04_one.ipynb) s [w](https://a.b)"
    assert (
        included.with_links("[p](plots.py) [b](../benchmarks/README.md)", "visuals", "gallery/index") == "p [b](../benchmarks.md)"
    )


# ---- pictures and links


def test_an_example_gives_its_picture_in_both_themes(tmp_path):
    make = pictures.found_in(tg.draw.compare.__doc__)
    page = pictures.write(make, "two", tmp_path)
    light, dark = ((tmp_path / f"two.{theme}.svg").read_text(encoding="utf-8") for theme in ("light", "dark"))
    assert 'fill="#ffffff"' in light
    assert 'fill="#0f1216"' in dark
    assert 'class="only-light" href="PICTURES/two.light.svg"' in page
    assert 'aria-label="Two LSTMs"' in page


def test_an_example_that_draws_nothing_has_no_picture():
    assert pictures.found_in(">>> 1 + 1\n2\n") is None
    assert pictures.found_in(">>> import tinygrad_rnn as tg\n>>> tg.Tensor(1.0)\nTensor(1.)\n", recorded=True) is None


def test_links_that_lead_nowhere_are_found(tmp_path):
    (tmp_path / "a.html").write_text(
        '<a href="b.html#here">x</a><a href="b.html#there">x</a><img src="c.svg"><a href="https://x.y">'
    )
    (tmp_path / "b.html").write_text('<p id="here"></p><a href="../outside.html">x</a>')
    assert links.dead(tmp_path) == [
        "a.html leads to b.html#there, and there is no such place on that page",
        "a.html leads to c.svg, which is not there",
        "b.html leads to ../outside.html, which is not there",
    ]


@pytest.mark.once
@pytest.mark.skipif(not all(map(find_spec, ("sphinx", "furo", "myst_nb", "jupytext", "nbclient"))), reason="needs the group docs")
def test_the_site_is_built_without_a_warning(tmp_path):
    command = [sys.executable, "-m", "sphinx", "-W", "-n", "-q", "-b", "html", "docs", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr
