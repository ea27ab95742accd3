"""The committed pictures are what the scripts draw today, up to the last digits of floating-point numbers."""

import importlib
import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
NAMES = sorted(path.stem for path in (ROOT / "visuals").glob("[a-z]*.py"))
NUMBER = re.compile(r"[-+]?\d+\.?\d*(?:e[-+]?\d+)?")


@pytest.mark.parametrize("name", NAMES)
def test_the_committed_picture_is_current(name, monkeypatch):
    monkeypatch.setattr(sys, "path", [str(ROOT), *sys.path])
    drawn = importlib.import_module(f"visuals.{name}").picture().svg()
    kept = (ROOT / "visuals" / f"{name}.svg").read_text(encoding="utf-8")
    plain = [re.sub(r"\bg[0-9a-f]{8}\b", "id", text) for text in (drawn, kept)]
    assert NUMBER.sub("n", plain[0]) == NUMBER.sub("n", plain[1]), "run python -m visuals"
    for new, old in zip(NUMBER.findall(plain[0]), NUMBER.findall(plain[1]), strict=True):
        assert float(new) == pytest.approx(float(old), rel=0.02, abs=0.5)


def test_the_readme_shows_a_picture_of_this_code():
    shown = re.findall(r"!\[.*?\]\((.*?)\)", (ROOT / "README.md").read_text(encoding="utf-8"))
    assert shown
    assert all((ROOT / name).is_file() for name in shown)
