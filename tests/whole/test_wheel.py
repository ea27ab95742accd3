"""The wheel alone, as somebody has it who installed it and nothing else: what is in it, and every command in an empty folder.

WHEEL is the file, ALONE the Python of an environment that has it: `.ci/run` makes both, on the oldest and the newest Python.
"""

import json
import os
import re
import subprocess
import zipfile
from contextlib import suppress
from email.parser import Parser
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tinygrad_rnn import __version__
from tinygrad_rnn.commands.command_line import COMMANDS
from tinygrad_rnn.commands.course_files import PATTERNS, course_home

WHEEL, ALONE = os.environ.get("WHEEL", ""), Path(os.environ.get("ALONE", ""))
if not WHEEL or not ALONE.name:
    pytest.skip("WHEEL and ALONE name no wheel and no Python: CI does", allow_module_level=True)
SIZE = 900_000  # bytes


@pytest.fixture
def folder(tmp_path):
    place = tmp_path / "two words é"
    place.mkdir()
    return place


@pytest.fixture
def run(folder):
    """Run a program of that environment, with nothing else on the path: the code, standard output, standard error."""

    def run(*words, **settings):
        settings = {"stdin": subprocess.DEVNULL, "capture_output": True, "encoding": "utf-8", "cwd": folder, **settings}
        done = subprocess.run([str(ALONE.parent / words[0]), *words[1:]], env=environment(), timeout=100, **settings)
        return done.returncode, done.stdout, done.stderr

    return run


def environment():
    kept = {name: os.environ[name] for name in ("SYSTEMROOT", "TEMP", "HOME") if name in os.environ}
    return {**kept, "PATH": str(ALONE.parent), "COLUMNS": "60", "LANG": "C.UTF-8", "PYTHONWARNINGS": "error"}


def wide(text):
    return [line for line in text.splitlines() if len(line) > 60]


# ---- what is in it


def names():
    with zipfile.ZipFile(WHEEL) as wheel:
        return set(wheel.namelist())


def test_it_holds_the_package_and_the_course_and_nothing_else():
    package = course_home().parent / "tinygrad_rnn"
    course = {path.relative_to(course_home()) for pattern in PATTERNS for path in course_home().glob(pattern)}
    modules = {path.relative_to(package) for path in package.rglob("*.py")}
    expected = {f"tinygrad_rnn/lessons/{path.as_posix()}" for path in course}
    expected |= {f"tinygrad_rnn/{path.as_posix()}" for path in modules} | {"tinygrad_rnn/py.typed"}
    expected |= {f"tinygrad_rnn/{path.relative_to(package).as_posix()}" for path in package.rglob("*.h")}
    found = {name for name in names() if ".dist-info/" not in name}
    others = {name for name in found - expected if not name.startswith("tinygrad_rnn/viz/page/")}  # its script and its style
    assert (expected - found, others) == (set(), set())
    assert os.path.getsize(WHEEL) < SIZE


def test_what_it_says_about_itself():
    with zipfile.ZipFile(WHEEL) as wheel:
        (path,) = (name for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))
        told = Parser().parsestr(wheel.read(path).decode())
    assert (told["Version"], told["License-Expression"], told["Requires-Python"]) == (__version__, "MIT", ">=3.10")
    needed = {re.split(r"[<>= ]", need)[0] for need in told.get_all("Requires-Dist") if "extra ==" not in need}
    assert needed == {"numpy", "graphviz"}
    assert {"all", "gif", "interop", "native", "notebooks", "plots", "progress"} == {*told.get_all("Provides-Extra")}


def test_it_stands_alone(run):
    code, out, said = run(
        "python", "-c", "import importlib.metadata as m; print(*sorted(d.metadata['Name'] for d in m.distributions()))"
    )
    assert (code, said) == (0, "")
    assert {*out.split()} - {"pip", "setuptools", "wheel"} == {"graphviz", "numpy", "tinygrad_rnn"}


# ---- its commands


def test_its_version_and_what_it_can(run):
    assert run("tinygrad-rnn", "--version") == (0, f"tinygrad_rnn {__version__}\n", "")
    assert run("python", "-m", "tinygrad_rnn", "--version") == (0, f"tinygrad_rnn {__version__}\n", "")
    for words in ([], *([name, "--help"] for name in COMMANDS)):
        code, out, said = run("tinygrad-rnn", *words)
        assert (code, said, wide(out)) == (0, "", [])
        assert out.startswith("usage: tinygrad-rnn")


@pytest.mark.parametrize("network", ["--cell rnn", "--cell lstm --layers 2 --detail gate", "--cell seq2seq --attention"])
def test_draw(run, folder, network):
    assert run("tinygrad-rnn", "draw", *network.split(), "-o", "é 1.svg") == (0, "", "wrote é 1.svg\n")
    ElementTree.parse(folder / "é 1.svg")
    code, out, said = run("tinygrad-rnn", "draw", *network.split(), "--describe")
    assert (code, said, wide(out)) == (0, "", [])


def test_page(run, folder):
    assert run("tinygrad-rnn", "page") == (0, "", "wrote bptt.html\n")
    text = (folder / "bptt.html").read_text(encoding="utf-8")
    assert text.rstrip().endswith("</html>")
    assert not re.search(r"""(?:src|href)=["']https?:""", text)  # it needs no connection


def test_compile_prints_what_python_takes(run):
    code, out, said = run("tinygrad-rnn", "compile", "--steps", "3")
    assert (code, said) == (0, "")
    compile(out, "printed", "exec")


def test_step_in_a_pipe(run):
    code, out, said = run("tinygrad-rnn", "step", "--steps", "2")
    assert (code, said, wide(out)) == (0, "", [])
    assert "The gradient of each weight" in out


@pytest.mark.skipif(os.name != "posix", reason="a terminal that a program holds")
@pytest.mark.parametrize(("keys", "sums_up"), [(b"\n\nt=1\nc\n", True), (b"\nq\n", False)])
def test_step_at_a_terminal(folder, keys, sums_up):
    ours, theirs = os.openpty()
    words = [str(ALONE.parent / "tinygrad-rnn"), "step", "--steps", "2"]
    process = subprocess.Popen(words, stdin=theirs, stdout=theirs, stderr=theirs, cwd=folder, env=environment())
    os.close(theirs)
    os.write(ours, keys)
    heard = b""
    with suppress(OSError):  # Linux tells the end so
        while part := os.read(ours, 65536):
            heard += part
    os.close(ours)
    assert process.wait() == 0
    text = heard.decode()
    assert "Enter: the next node." in text
    assert ("The gradient of each weight" in text) == sums_up


def test_learn_and_the_course(run, folder):
    code, out, said = run("tinygrad-rnn", "learn")
    assert code == 0
    assert re.fullmatch(r"wrote \d+ files of the course to lessons\n", said)
    assert wide(out) == []
    assert "python lessons/00_tour.py" in out.replace("\\", "/")
    code, out, said = run("python", "lessons/00_tour.py", "--fast")
    assert (code, said, wide(out)) == (0, "", [])
    assert out.rstrip().endswith("python lessons")  # what comes next is there
    ElementTree.parse(folder / "lessons" / "out" / "00_sentence.svg")
    code, out, said = run("python", "lessons/01_what_a_graph_remembers.py")
    assert code == 1
    assert "your turn" in out + said
    assert "Traceback" not in out + said
    code, out, said = run("tinygrad-rnn", "learn")
    assert (code, said) == (0, "")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("paint", "'paint'"),
        ("draw --cell transformer", "'transformer'"),
        ("draw --attention", "only --cell seq2seq has it"),
        ("draw --steps 0", "at least 1"),
        ("draw -o x.jpeg", "the suffix is .svg"),
        ("draw -o x.png", "apt install graphviz"),
        ("draw -o x.gif", "pip install"),
        ("draw -o missing/x.svg", "create the folder first"),
        ("page -o x.svg", ".html"),
        ("step --layers -1", "--layers"),
        ("learn taken.txt", "taken.txt is in the way"),
        ("learn full", "full holds other files and no course"),
        ("compile --nope", "--nope"),
    ],
)
def test_a_mistake_is_a_line_and_a_hint(run, folder, words, says):
    (folder / "taken.txt").write_text("kept")
    (folder / "full").mkdir()
    (folder / "full" / "mine.txt").write_text("kept")
    code, out, said = run("tinygrad-rnn", *words.split())
    assert (code, out) == (2, "")
    assert re.fullmatch(r"error: [^\n]+\n\nhint: [^\n]+\n", said), said
    assert says in said


def test_the_notebook_needs_nothing_else(run, folder):
    """Its cells one after the other, as a script; only IPython knows the line that installs."""
    notebook = json.loads((course_home().parent / "docs" / "first_steps.ipynb").read_text(encoding="utf-8"))
    cells = ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert Path(WHEEL).name in cells[0]
    (folder / "cells.py").write_text("\n".join(cells[1:]), encoding="utf-8")
    code, out, said = run("python", "cells.py")
    assert (code, said) == (0, "")
    assert "of 500 new sequences are right" in out
