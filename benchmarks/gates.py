"""What must hold: ratios from one run, lower is better. They hold with keep_graph=False; the default is reported beside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .harness import Timing
from .memory import WATCHED

AGAINST_TORCH = {"W1": 0.55, "W2": 0.70, "W3": 1.0, "W4": 0.95, "W5": 1.1, "W6": 0.55, "W7": 0.50}
AGAINST_MYGRAD = dict.fromkeys(("W1", "W2", "W3", "W4"), 0.55)
MEMORY = dict.fromkeys(WATCHED, 1.2)
SNAPSHOT = dict.fromkeys(("W1", "W2", "W3", "W4", "W5", "W6"), 5.0)


@dataclass
class Gate:
    """One limit, and what was measured; None if it was not."""

    workload: str
    what: str
    limit: float
    measured: float | None
    kept: float | None  # the same with the graph kept

    @property
    def holds(self) -> bool:
        return self.measured is not None and self.measured <= self.limit


def gates(
    workloads: Sequence[str],
    training: Mapping[str, Timing],
    peaks: Mapping[str, Mapping[str, float]],
    snapshots: Mapping[str, Timing],
) -> list[Gate]:
    """All gates of these workloads. One that could not be measured does not hold."""
    found = []
    for what, base, limits in (("time / torch", "torch", AGAINST_TORCH), ("time / MyGrad", "mygrad", AGAINST_MYGRAD)):
        for w in filter(limits.__contains__, workloads):
            found.append(Gate(w, what, limits[w], _ratio(training[w], "ours", base), _ratio(training[w], "ours keep", base)))
    for w in filter(MEMORY.__contains__, workloads):
        found.append(Gate(w, "peak memory / torch", MEMORY[w], _share(peaks[w], "ours"), _share(peaks[w], "ours keep")))
    for w in filter(SNAPSHOT.__contains__, workloads):
        steps, kept = _ratio(snapshots[w], "snapshot", "ours"), _ratio(snapshots[w], "snapshot", "ours keep")
        found.append(Gate(w, "snapshot / training step", SNAPSHOT[w], steps, kept))
    return found


def _ratio(timing: Timing, name: str, base: str) -> float | None:
    ratio = timing.ratio(name, base)
    return ratio.median if ratio else None


def _share(peaks: Mapping[str, float], name: str) -> float | None:
    return peaks[name] / peaks["torch"] if name in peaks and "torch" in peaks else None
