"""What a type checker sees of pictures in a learner's own code."""

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

import tinygrad_rnn as tg

ROOT = Path(__file__).resolve().parents[2]
GOOD = """
import tinygrad_rnn as tg
w = tg.Tensor(2.0, requires_grad=True)
one: tg.viz.Drawing = tg.draw(w * w, detail="op")
two: tg.viz.Drawing = tg.draw.compare([one, w * w], title="both", across=True)
"""


def complaints(source, folder):
    (folder / "learner.py").write_text(source, encoding="utf-8")
    command = [sys.executable, "-m", "mypy", "--strict", "--no-incremental", "--follow-imports=silent", "learner.py"]
    run = subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=folder, env={"MYPYPATH": str(ROOT), "PATH": "/usr/bin:/bin"}
    )
    return [line for line in run.stdout.splitlines() if "error:" in line]


@pytest.mark.skipif(find_spec("mypy") is None, reason="mypy is not installed")
def test_a_type_checker_knows_draw_and_compare(tmp_path):
    source = GOOD.replace("tg.viz.Drawing", "Drawing").replace("as tg\n", "as tg\nfrom tinygrad_rnn.viz import Drawing\n")
    assert complaints(source, tmp_path) == []
    wrong = source.replace('title="both"', "title=3").replace('detail="op"', "detial=1").replace("two: Drawing", "two: int")
    found = complaints(wrong, tmp_path)
    assert len(found) == 3, found


def test_draw_is_known_by_its_name_and_its_words():
    assert tg.draw.__name__ == "draw"
    assert (tg.draw.__doc__ or "").startswith("Draw the graph of a loss")
    assert (tg.draw.compare.__doc__ or "").startswith("Several pictures")
