"""What an older Python says: a sentence. The files that it reads before that sentence are written so that it can."""

import ast
import importlib.util
import sys
from pathlib import Path

import pytest

import tinygrad_rnn as tg

ROOT = Path(tg.__file__).resolve().parent.parent
READ_FIRST = ("tinygrad_rnn/__init__.py", "tinygrad_rnn/shared/__init__.py", "tinygrad_rnn/shared/versions.py")


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
