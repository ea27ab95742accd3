"""What must hold: ratios from one run, lower is better. `ours` is held to its own limits, what it compiles to others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from .harness import Measured, Timing

RECURRENT = ("W1", "W2", "W3", "W4", "W5", "W6")
Limits = tuple[str, str, dict[str, float]]  # what is held to them, in units of what, and the limit of each workload

TIME: tuple[Limits, ...] = (
    ("ours", "torch", {"W1": 0.55, "W2": 0.70, "W3": 1.0, "W4": 0.95, "W5": 1.1, "W6": 0.55, "W7": 0.50}),
    ("ours", "mygrad", dict.fromkeys(("W1", "W2", "W3", "W4"), 0.55)),
    ("ours compiled", "numpy", dict.fromkeys((*RECURRENT, "W7"), 1.2)),
    ("ours compiled", "torch.nn", {"W1": 0.75, "W2": 0.75, "W3": 1.25, "W4": 0.75, "W5": 0.95, "W6": 0.75}),
    ("ours compiled", "jax", {"W1": 1.15, "W2": 1.15, "W3": 1.15, "W4": 1.45, "W5": 1.15, "W6": 2.3}),
)
MEMORY: tuple[Limits, ...] = (
    ("ours", "torch", dict.fromkeys(("W3", "W5", "W6"), 1.2)),
    ("ours compiled", "numpy", {"W3": 1.25, "W5": 1.25, "W6": 3.0}),
)
SNAPSHOT: Limits = ("snapshot", "ours", dict.fromkeys(RECURRENT, 5.0))
FIRST_CALL: Limits = ("first call", "ours nn", dict.fromkeys(RECURRENT, 8.0))


@dataclass
class Gate:
    """One limit, and what was measured; None if it was not. `missing` took no part in this run: then the gate is skipped."""

    workload: str
    what: str
    limit: float
    measured: float | None
    missing: str = ""

    @property
    def holds(self) -> bool:
        return self.measured is not None and self.measured <= self.limit

    @property
    def verdict(self) -> str:
        return f"skipped, no {self.missing}" if self.missing else "yes" if self.holds else "NO"


def gates(workloads: Sequence[str], found: Measured) -> list[Gate]:
    """All gates of these workloads. One does not hold if what it is about broke, or differs from the reference."""
    times, snapshots, firsts = (_ratio_of(timings) for timings in (found.training, found.snapshots, found.first_calls))

    def share(w: str, name: str, base: str) -> float | None:
        peaks = found.peaks[w]
        return peaks[name] / peaks[base] if name in peaks and base in peaks else None

    groups = [("time", limits, times) for limits in TIME] + [("peak memory", limits, share) for limits in MEMORY]
    groups += [("time", SNAPSHOT, snapshots), ("time", FIRST_CALL, firsts)]
    gates = []
    for what, (name, base, limits), measured in groups:
        asked = {"snapshot": "ours", "first call": "ours compiled"}.get(name, name)
        missing = next((peer for peer in (asked, base) if peer not in found.names), "")
        for w in filter(limits.__contains__, workloads):
            gates.append(Gate(w, f"{what}, {name} / {base}", limits[w], None if missing else measured(w, name, base), missing))
    return gates


def _ratio_of(timings: dict[str, Timing]) -> Callable[[str, str, str], float | None]:
    def ratio(w: str, name: str, base: str) -> float | None:
        found = timings[w].ratio(name, base)
        return found.median if found else None

    return ratio
