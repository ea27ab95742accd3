"""What an older Python says: a sentence. The files that it reads before that sentence are written so that it can."""

import ast
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import tinygrad_rnn as tg

ROOT = Path(tg.__file__).resolve().parent.parent
LESSONS = sorted((ROOT / "lessons").glob("[0-9][0-9]_*.py"))
READ_FIRST = ("tinygrad_rnn/__init__.py", "tinygrad_rnn/shared/__init__.py", "tinygrad_rnn/shared/versions.py")
PLAIN = {
    "ast",
    "dataclasses",
    "inspect",
    "itertools",
    "math",
    "os",
    "pathlib",
    "re",
    "sys",
    "sysconfig",
    "unicodedata",
}  # since 3.7


def name_of(node):
    return node.module if isinstance(node, ast.ImportFrom) else node.names[0].name


def run(path):
    spec = importlib.util.spec_from_file_location("tried", ROOT / path)
    spec.loader.exec_module(importlib.util.module_from_spec(spec))


@pytest.mark.parametrize("path", READ_FIRST)
def test_an_older_python_can_read_what_comes_before_the_sentence(path):
    text = (ROOT / path).read_text(encoding="utf-8")
    assert ast.parse(text, feature_version=(3, 6))
    assert "from __future__" not in text  # annotations are younger than 3.7


def test_an_older_python_is_told_in_a_sentence(monkeypatch):
    monkeypatch.setattr(sys, "version_info", (3, 9, 18, "final", 0))
    monkeypatch.setattr(sys, "version", "3.9.18 (main, of before)")
    with pytest.raises(ImportError, match=r"needs Python 3\.10 or newer, and this is 3\.9\.18\n\nhint: .*-m venv"):
        run("tinygrad_rnn/shared/versions.py")
    monkeypatch.setattr(sys, "argv", ["-m"])
    with pytest.raises(SystemExit, match=r"^error: tinygrad_rnn needs Python"):
        run("tinygrad_rnn/shared/versions.py")


def older():
    """The Pythons of this machine that are too old, where there are any."""
    pyenv = sorted(Path.home().glob(".pyenv/versions/3.[6-9].*/bin/python"))
    return [str(path) for path in pyenv] or [path for k in range(6, 10) if (path := shutil.which(f"python3.{k}"))]


@pytest.mark.once
@pytest.mark.skipif(not older(), reason="no older Python on this machine")
def test_the_older_pythons_that_are_here_say_it():
    for python in older():
        for words in (["-m", "tinygrad_rnn", "draw"], ["-c", "import tinygrad_rnn"], ["lessons/00_tour.py"], ["lessons"]):
            env = {"PATH": os.environ.get("PATH", ""), "PYTHONDONTWRITEBYTECODE": "1"}
            done = subprocess.run([python, *words], cwd=ROOT, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True)
            assert done.returncode == 1, (python, words)
            assert re.search(r"tinygrad_rnn needs Python 3\.10 or newer, and this is 3\.\d+\.\d+\S*\n\nhint: .+\n$", done.stderr)
            assert ("Traceback" in done.stderr) == (words[0] == "-c")


SCRIPTS = ("lessons/course/__init__.py", "lessons/__main__.py", *(path.relative_to(ROOT).as_posix() for path in LESSONS))


@pytest.mark.parametrize("path", SCRIPTS)
def test_an_older_python_can_read_a_lesson(path):
    """Python reads a script as a whole before it runs its first line, and the first thing that it imports tells the sentence."""
    assert ast.parse((ROOT / path).read_text(encoding="utf-8"), feature_version=(3, 7))


@pytest.mark.parametrize("path", [path for path in SCRIPTS if path != "lessons/course/__init__.py"])
def test_a_lesson_imports_the_course_before_all_that_an_older_python_may_not_have(path):
    first = next(
        node for node in ast.parse((ROOT / path).read_text(encoding="utf-8")).body
        if isinstance(node, (ast.Import, ast.ImportFrom)) and name_of(node) not in PLAIN
    )  # fmt: skip
    assert name_of(first).split(".")[0] == "course"


def test_the_sentence_of_a_lesson_where_the_package_is_missing(tmp_path):
    shutil.copytree(ROOT / "lessons", tmp_path / "lessons", ignore=shutil.ignore_patterns("out", ".progress*", "__pycache__"))
    for script in ("", "00_tour.py", "01_what_a_graph_remembers.py"):
        program = str(tmp_path / "lessons" / script)
        done = subprocess.run([sys.executable, "-S", program], capture_output=True, encoding="utf-8", cwd=tmp_path)
        assert done.returncode == 1
        assert re.fullmatch(r"error: this Python, .+, has no tinygrad_rnn\n\nhint: activate .+\n", done.stderr), done.stderr
