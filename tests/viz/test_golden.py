"""A handful of drawings as they were when somebody last looked at them. After a change that is meant, look at them again:

REDRAW=1 python -m pytest tests/viz/test_golden.py
git diff --stat tests/golden
"""

import os
import re
from pathlib import Path

import drawing_networks as networks
import pytest
from same_picture import differs

from tinygrad_rnn.viz import draw

GOLDEN = Path(__file__).resolve().parents[1] / "golden"
PICTURES = {  # cell, network, steps, level, elision, theme
    "rnn-op": ("RNN", "plain", 2, "op", False, "light"),
    "lstm-gate-dark": ("LSTM", "plain", 2, "gate", False, "dark"),
    "gru-layers-cell-elided": ("GRU", "2-layers", 8, "cell", 1, "light"),
    "lstm-both-ways-gate": ("LSTM", "both-ways", 2, "gate", False, "light"),
    "peephole-op": ("Peephole", "plain", 2, "op", False, "light"),
    "mut1-both-ways-cell": ("MUT1", "2-both-ways", 2, "cell", False, "light"),
}


@pytest.mark.parametrize("name", PICTURES)
def test_the_drawing_is_the_one_that_was_looked_at(name):
    cell, kind, T, level, elide, theme = PICTURES[name]
    drawn = draw(networks.graph(cell, kind, T), detail=level, elide=elide, theme=theme).svg()
    path = GOLDEN / f"{name}.svg"
    if os.environ.get("REDRAW"):
        path.write_text(drawn, encoding="utf-8")
    kept = path.read_text(encoding="utf-8")
    assert differs(drawn, kept) == []
    for fault in (kept.replace("<rect", "<path", 1), re.sub(r' y="(\d)', r' y="9\1', kept, count=1), kept + "<g/>\n"):
        assert differs(drawn, fault)


def test_no_drawing_is_left_over():
    assert {path.stem for path in GOLDEN.glob("*.svg")} == set(PICTURES)
