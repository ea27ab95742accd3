"""Gates: what holds, what is missed, and what is skipped because a peer is not there."""

import importlib

import pytest

harness = importlib.import_module("benchmarks.harness")
gates = importlib.import_module("benchmarks.gates")
report = importlib.import_module("benchmarks.report")
ALL = ("W1", "W2", "W3", "W4", "W5", "W6", "W7")


def measured(seconds, names=None, peaks=None):
    """A run in which every workload took the same time."""
    run = {name: [value] * 3 for name, value in seconds.items()}
    timings = {w: harness.Timing(harness.WORKLOADS[w], run) for w in ALL}
    return harness.Measured(list(names or seconds), timings, timings, timings, {w: peaks or {} for w in ALL})


def verdicts(found, what):
    return {gate.verdict for gate in gates.gates(ALL, found) if gate.what == what}


def test_a_ratio_over_its_limit_is_missed():
    assert verdicts(measured({"ours compiled": 1.19, "numpy": 1.0}), "time, ours compiled / numpy") == {"yes"}
    assert verdicts(measured({"ours compiled": 1.21, "numpy": 1.0}), "time, ours compiled / numpy") == {"NO"}


def test_without_a_peer_a_gate_is_skipped():
    found = measured({"ours compiled": 1.0, "numpy": 1.0})
    assert verdicts(found, "time, ours compiled / jax") == {"skipped, no jax"}
    assert verdicts(found, "peak memory, ours / torch") == {"skipped, no ours"}


def test_what_takes_part_and_is_refused_misses_its_gate():
    found = measured({"numpy": 1.0}, names=["ours compiled", "numpy"])
    assert verdicts(found, "time, ours compiled / numpy") == verdicts(found, "peak memory, ours compiled / numpy") == {"NO"}


def test_memory_is_held_to_hand_written_numpy():
    found = measured({"ours compiled": 1.0, "numpy": 1.0}, peaks={"ours compiled": 2.0, "numpy": 1.0})
    what = "peak memory, ours compiled / numpy"
    ok = {gate.workload: gate.holds for gate in gates.gates(ALL, found) if gate.what == what}
    assert ok == {"W3": False, "W5": False, "W6": True}


@pytest.mark.parametrize("markdown", [False, True])
def test_every_gate_has_a_line(markdown):
    found = gates.gates(ALL, measured({"ours compiled": 1.0, "numpy": 1.0}))
    lines = report.gates_table(found, markdown).splitlines()
    assert len(lines) == len(found) + 1 + markdown
    assert sum("skipped, no" in line for line in lines) == sum(bool(gate.missing) for gate in found) > 0
