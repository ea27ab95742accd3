"""The README's longer examples run as they are written (the short ones, with prompts, are doctests)."""

import csv
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

README = Path(__file__).resolve().parents[2] / "README.md"
BLOCKS = re.findall(r"^```python\n(.*?)^```", README.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
GOOD, BAD = ["good", "great", "fine", "lovely", "superb"], ["bad", "dull", "poor", "weak", "awful"]
REST = ["this", "film", "is", "a", "really", "long", "story", "with", "music", "and", "some", "actors", "in", "it"]


def block(start):
    (found,) = [text for text in BLOCKS if start in text]
    return found


@pytest.fixture
def run(tmp_path):
    """Run Python text as a script in a folder of its own; what it prints."""

    def run_text(text):
        (tmp_path / "script.py").write_text(text, encoding="utf-8")
        done = subprocess.run(
            [sys.executable, "script.py"],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(README.parent)},  # the package need not be installed
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run_text


def test_train_your_own(run, tmp_path):
    rng = np.random.default_rng(5)
    with open(tmp_path / "reviews.csv", "w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(["class", "text"])
        for _ in range(400):
            verdict = int(rng.integers(2))
            words = [*rng.choice(REST, size=rng.integers(3, 9))]
            words.insert(int(rng.integers(len(words))), rng.choice((BAD, GOOD)[verdict]))
            table.writerow([verdict + 1, " ".join(words)])
    right, held_out = re.fullmatch(r"(\d+) of (\d+) held-out texts are right\n", run(block("reviews.csv"))).groups()
    assert int(held_out) == 80
    assert int(right) > 72
    assert (tmp_path / "reviews.html").read_text(encoding="utf-8").startswith("<!doctype html>")


BEFORE = """
import numpy as np, onnxruntime, torch
import tinygrad_rnn as tg

class Network(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding, self.layer, self.readout = torch.nn.Embedding(20, 4), torch.nn.LSTM(4, 8, batch_first=True), torch.nn.Linear(8, 3)

rng = np.random.default_rng(0)
model = tg.nn.SequenceClassifier(tg.nn.Embedding(20, 4, rng=rng), tg.nn.LSTM(4, 8, rng=rng), tg.nn.Linear(8, 3, rng=rng))
torch_model, ids = Network(), rng.integers(0, 20, size=(5, 7))
"""
AFTER = """
with torch.no_grad():
    outputs, _ = torch_model.layer(torch_model.embedding(torch.tensor(ids)))
    theirs = torch_model.readout(outputs[:, -1]).numpy()
print(np.abs(y - model(ids).numpy()).max() < 1e-5, np.abs(y - theirs).max() < 1e-5)
"""


@pytest.mark.torch
def test_beyond_one_machine(run):
    for package in ("torch", "onnxruntime", "safetensors"):
        pytest.importorskip(package)
    assert run(BEFORE + block("model.onnx") + AFTER) == "True True\n"
