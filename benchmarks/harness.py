"""Check that implementations agree, then time them in turn: a ratio comes from the same minute of the same process."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .peers import PEERS, Step
from .workloads import WORKLOADS, Workload

TOLERANCE = {"float32": 2e-4, "float64": 1e-9}
SECONDS, FEWEST, MOST = 20.0, 9, 200  # unless told how many rounds: as many as fit into this time, within these bounds
TURN = 0.005  # seconds

# CPU time leaves out what neighbours take; where the system counts it too coarsely, wall time
clock = time.process_time if time.get_clock_info("process_time").resolution < 1e-5 else time.perf_counter


@dataclass
class Ratio:
    """The median of the ratios of all rounds, and their quartiles."""

    median: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.median:.2f} ({self.low:.2f}-{self.high:.2f})"


@dataclass
class Timing:
    """What a workload took, in seconds of every round, and how far each implementation was from the reference."""

    work: Workload
    seconds: dict[str, list[float]]
    errors: dict[str, float] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)  # left out, and why

    def median(self, name: str) -> float:
        return float(np.median(self.seconds[name]))

    def ratio(self, name: str, base: str) -> Ratio | None:
        """`name` in units of `base`, paired round by round; None if one of them was not measured."""
        if name not in self.seconds or base not in self.seconds:
            return None
        low, middle, high = np.quantile(np.divide(self.seconds[name], self.seconds[base]), (0.25, 0.5, 0.75))
        return Ratio(float(middle), float(low), float(high))


@dataclass
class Measured:
    """What a run has found, by workload; `names` are the implementations that took part."""

    names: list[str]
    training: dict[str, Timing] = field(default_factory=dict)
    snapshots: dict[str, Timing] = field(default_factory=dict)
    first_calls: dict[str, Timing] = field(default_factory=dict)
    peaks: dict[str, dict[str, float]] = field(default_factory=dict)  # in MiB


# ---- the check ----------------------------------------------------------------------------------------------------------------


def reference(work: Workload) -> tuple[float, dict[str, np.ndarray]]:
    """The loss and all gradients of a workload in float64, by hand."""
    loss, gradients = PEERS["numpy"].build(work.filled("float64"))()
    return loss, {key: np.array(g) for key, g in gradients.items()}


def worst_error(result: tuple[float, Mapping[str, Any]], expected: tuple[float, Mapping[str, np.ndarray]]) -> float:
    """The largest deviation of the loss or of any gradient, relative to the largest entry of that array."""
    loss, gradients = result
    if gradients.keys() != expected[1].keys():
        return float("inf")
    pairs = [(np.float64(loss), np.float64(expected[0]))]
    pairs += [(np.asarray(gradients[key], np.float64), wanted) for key, wanted in expected[1].items()]
    if any(got.shape != wanted.shape for got, wanted in pairs):
        return float("inf")
    worst = [np.abs(got - wanted).max() / max(np.abs(wanted).max(), 1e-30) for got, wanted in pairs]
    return float(np.max(worst))  # NaN, if there is one


def agreeing(work: Workload, names: Sequence[str]) -> tuple[dict[str, Step], Timing]:
    """The implementations that compute the same as the reference, ready to run, and a timing that says how well they agree."""
    expected, steps, timing = reference(work), {}, Timing(work, {})
    for name in names:
        if work.kind not in PEERS[name].kinds:
            continue
        try:
            step = PEERS[name].build(work)
            error = worst_error(step(), expected)
        except Exception as failure:  # a peer that breaks must not stop the others
            timing.refused[name] = f"{type(failure).__name__}: {failure}"
            continue
        if error < TOLERANCE[work.dtype]:
            steps[name], timing.errors[name] = step, error
        else:
            timing.refused[name] = f"differs from the reference by {error:.1e}, allowed is {TOLERANCE[work.dtype]:.0e}"
    return steps, timing


# ---- the clock ----------------------------------------------------------------------------------------------------------------


def in_turn(steps: Mapping[str, Callable[[], Any]], rounds: int | None) -> dict[str, list[float]]:
    """Time each step once a round, in seconds a call; every round has an order of its own.

    Who runs before whom matters: a neighbour leaves cold caches, and a step under a millisecond feels them. A training loop
    repeats one step, so a turn is one call that is not timed, then calls for about `TURN` seconds, at least one. That brings the
    quartiles, which are printed, closer together.
    """
    calls = {}
    for name, step in steps.items():
        step()
        begin = clock()
        step()
        calls[name] = max(1, int(TURN / (clock() - begin + 1e-9)))
    gc.collect()
    gc.freeze()  # what the libraries hold is no garbage of a step
    rng, names = np.random.default_rng(0), list(steps)
    seconds: dict[str, list[float]] = {name: [] for name in names}
    start, done = time.perf_counter(), 0
    while done < (rounds or MOST) and (rounds or done < FEWEST or time.perf_counter() - start < SECONDS):
        for name in rng.permutation(names):
            step, count = steps[name], calls[name]
            step()
            begin = clock()
            for _ in range(count):
                step()
            seconds[name].append((clock() - begin) / count)
        done += 1
    gc.unfreeze()
    return seconds


def time_training(name: str, names: Sequence[str], dtype: str, rounds: int | None) -> Timing:
    """One training step of a workload in every implementation that agrees with the reference."""
    steps, timing = agreeing(WORKLOADS[name].filled(dtype), names)
    timing.seconds = in_turn(steps, rounds)
    return timing


def time_snapshot(name: str, dtype: str, rounds: int | None) -> Timing:
    """A snapshot of the graph of one training step, beside that step."""
    from .peers.ours import snapshot_step

    work = WORKLOADS[name].filled(dtype)
    steps = {"snapshot": snapshot_step(work), "ours": PEERS["ours"].build(work), "ours keep": PEERS["ours keep"].build(work)}
    return Timing(work, in_turn(steps, rounds))


def time_first_call(name: str, dtype: str, rounds: int | None) -> Timing:
    """What the first call of a compiled step costs, with recording and all that is made of it, beside a step that is not compiled."""
    work = WORKLOADS[name].filled(dtype)
    steps = {"first call": lambda: PEERS["ours compiled"].build(work)(), "ours nn": PEERS["ours nn"].build(work)}
    return Timing(work, in_turn(steps, rounds))
