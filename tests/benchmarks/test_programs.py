"""Every program of the benchmarks runs, in its shortest form. `limits` takes longer; `page` and `real_text` need a browser and data."""

import subprocess
import sys
from pathlib import Path

import pytest

HOME = Path(__file__).resolve().parents[2]
SHORTEST = [
    ["benchmarks", "--workload", "W7", "--repeats", "1"],
    ["benchmarks", "--workload", "W2", "--repeats", "1", "--impl", "ours,ours nn", "--snapshot"],
    ["benchmarks", "--workload", "W2", "--repeats", "1", "--first-call"],
    ["benchmarks.decay"],
    ["benchmarks.facts", "--quick"],
    ["benchmarks.lessons", "04", "--seeds", "1", "--fast"],
    ["benchmarks.padding", "--updates", "5"],
    ["benchmarks.probes", "--workload", "W1", "--rounds", "1", "--pairs", "1"],
    ["benchmarks.walks"],
]


@pytest.mark.once
@pytest.mark.parametrize("words", SHORTEST, ids=" ".join)
def test_a_program_runs(words):
    done = subprocess.run([sys.executable, "-m", *words], cwd=HOME, capture_output=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) > 1


@pytest.mark.once
def test_gates_have_a_verdict_each_and_a_table_of_their_own():
    words = ["benchmarks", "--gates", "--markdown", "--workload", "W7", "--repeats", "1", "--impl", "ours,ours compiled,numpy"]
    done = subprocess.run([sys.executable, "-m", *words], cwd=HOME, capture_output=True, encoding="utf-8")
    assert "left out" not in done.stderr
    lines = done.stdout.splitlines()
    assert "| W7 time, ours / torch | not measured | 0.50 | skipped, no torch |" in lines
    (line,) = [line for line in lines if line.startswith("| W7 time, ours compiled / numpy |")]
    assert done.returncode == line.endswith("NO |")
