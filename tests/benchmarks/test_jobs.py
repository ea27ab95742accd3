"""Whole trainings: every side learns the same from the same, and what is slower or apart is said."""

import importlib
import subprocess
import sys

import pytest

jobs = importlib.import_module("benchmarks.jobs")


@pytest.mark.parametrize("name", jobs.JOBS)
def test_every_side_has_the_same_losses(name):
    sides = [side for side in jobs.SIDES if not jobs.left_out(side)]
    if len(sides) < 2:
        pytest.skip("nothing beside the eager side: neither torch nor a fit that compiles")
    losses = [jobs.trained(name, side, 5)[0] for side in sides]
    for found in losses:
        assert found == pytest.approx(losses[0], abs=1e-4)
        assert found[-1] < found[0]  # it learns


@pytest.mark.parametrize("name", jobs.JOBS)
def test_the_text_of_a_job_is_the_same_each_time(name):
    first, again = jobs.JOBS[name].batches(), jobs.JOBS[name].batches()
    assert first[1] == again[1] > 20
    assert len(first[0]) == len(again[0]) > 100
    for (x, y), (x2, y2) in zip(first[0][:3], again[0][:3], strict=True):
        assert x.shape == y.shape
        assert (x == x2).all()
        assert (y == y2).all()
        assert (x[:, 1:] == y[:, :-1])[y[:, :-1] >= 0].all()  # what follows


def run(cpu, first=3.0, training=0.5):
    return jobs.Run(wall=cpu, cpu=cpu, training=training, losses=[first, 2.0, 2.0, 2.0, 2.0, 1.0])


def test_a_compiled_training_that_is_slower_is_missed():
    torch = [run(1.0), run(2.0), run(3.0)]
    assert jobs.missed("names", {"torch": torch, "eager": [run(9.0)] * 3, "compiled": [run(0.9), run(9.0), run(2.9)]}) == []
    assert jobs.missed("names", {"torch": torch, "compiled": [run(1.1), run(2.2), run(0.1)]}) == [
        "names, compiled: 1.10 of PyTorch's CPU seconds of the process, at most 1 is allowed"
    ]
    assert jobs.missed("names", {"torch": torch, "compiled": [run(0.9, training=0.6)] * 3}) == [
        "names, compiled: 1.20 of PyTorch's CPU seconds of the training, at most 1 is allowed"
    ]


@pytest.mark.parametrize("first", [3.1, float("nan")])
def test_losses_that_differ_are_missed(first):
    (line,) = jobs.missed("names", {"torch": [run(1.0)], "eager": [run(1.0, first)]})
    assert line.startswith("names, eager: the first losses differ from PyTorch's by ")


def test_without_pytorch_there_is_a_table_without_ratios():
    assert jobs.missed("names", {"eager": [run(1.0)]}) == []
    assert jobs.rows_of("names", {"eager": [run(1.0)]}) == [
        ("names", "eager", "1.00", "1.00", "0.50", "-", "-", "-", "3.0000", "2.0000", "-")
    ]


def test_it_runs_as_a_program():
    command = [sys.executable, "-m", "benchmarks.jobs", "names", "--rounds", "1", "--updates", "5"]
    done = subprocess.run(command, cwd=jobs.HOME, capture_output=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    assert ["names", "eager"] in [line.split()[:2] for line in done.stdout.splitlines()]
