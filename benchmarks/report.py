"""What was measured as tables: aligned for a terminal, or Markdown for the README."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .gates import Gate
from .harness import Measured, Ratio, Timing
from .peers import PEERS
from .process import machine

BASES = ("numpy", "torch", "torch.nn", "jax", "ours nn")  # ratios are given to those of these that were measured


def table(rows: Sequence[Sequence[str]], markdown: bool) -> str:
    """Rows as text, the first one as heading; the first column to the left, numbers to the right."""
    if markdown:
        head, *body = ["| " + " | ".join(row) + " |" for row in rows]
        return "\n".join([head, "|---|" + "---:|" * (len(rows[0]) - 1), *body])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    first, *others = widths
    return "\n".join("  ".join([row[0].ljust(first), *map(str.rjust, row[1:], others)]).rstrip() for row in rows)


def number(x: float | None, digits: int = 2) -> str:
    return "not measured" if x is None else f"{x:.{digits}f}"


def setting(dtype: str, markdown: bool) -> str:
    """What the numbers depend on."""
    facts = {**machine(), "dtype": dtype}
    return table([("", ""), *facts.items()], True) if markdown else ", ".join(f"{key} {value}" for key, value in facts.items())


def training_text(timing: Timing) -> str:
    """One workload: milliseconds, ratios with their quartiles, the error against the reference."""
    rounds = len(next(iter(timing.seconds.values()), []))
    bases = [base for base in BASES if base in timing.seconds]
    rows = [("implementation", "median ms", *(f"x {base} (quartiles)" for base in bases), "error")]
    for name in sorted(timing.seconds, key=timing.median):
        ratios = [str(timing.ratio(name, base)) for base in bases]
        rows.append((name, f"{timing.median(name) * 1e3:.3f}", *ratios, f"{timing.errors[name]:.0e}"))
    lines = [f"{timing.work.title}, {timing.work.dtype}, {rounds} rounds", table(rows, False)]
    return "\n".join(lines + [f"{name}: left out, {why}" for name, why in timing.refused.items()])


def memory_text(workload: str, peaks: Mapping[str, float], refused: Mapping[str, str]) -> str:
    bases = [base for base in ("numpy", "torch") if base in peaks]
    rows = [(f"{workload} peak memory", "MiB", *(f"x {base}" for base in bases))]
    for name, peak in sorted(peaks.items(), key=lambda pair: pair[1]):
        rows.append((name, f"{peak:.1f}", *(f"{peak / peaks[base]:.2f}" for base in bases)))
    return "\n".join([table(rows, False), *(f"{name}: left out, {why}" for name, why in refused.items())])


def snapshot_text(timing: Timing) -> str:
    cost, kept = timing.ratio("snapshot", "ours"), timing.ratio("snapshot", "ours keep")
    return f"{timing.work.title}: a snapshot costs {cost} training steps, {kept} with the graph kept"


def first_call_text(timing: Timing) -> str:
    return (
        f"{timing.work.title}: the first call of a compiled step costs {timing.ratio('first call', 'ours nn')} steps of ours nn"
    )


def gates_table(found: Sequence[Gate], markdown: bool) -> str:
    rows = [("gate", "measured", "limit", "ok")]
    rows += [(f"{gate.workload} {gate.what}", number(gate.measured, 3), number(gate.limit), gate.verdict) for gate in found]
    return table(rows, markdown)


def ratios_table(training: Mapping[str, Timing], base: str) -> str:
    """All implementations against one of them in a Markdown table."""
    rows = [(f"time / {base}", *training)]
    for name, peer in PEERS.items():
        ratios = [timing.ratio(name, base) for timing in training.values()]
        if any(ratios):
            rows.append((f"{name}: {peer.words}", *(number(ratio.median) if ratio else "-" for ratio in ratios)))
    return table(rows, True)


def as_markdown(dtype: str, found: Measured, gates: Sequence[Gate]) -> str:
    """The tables of the README."""
    bases = [base for base in ("numpy", "torch", "torch.nn", "jax") if base in found.names]
    return "\n\n".join([setting(dtype, True), *(ratios_table(found.training, base) for base in bases), gates_table(gates, True)])


def as_json(dtype: str, found: Measured, gates: Sequence[Gate]) -> dict[str, Any]:
    """Everything as plain data."""
    return {
        "machine": machine(),
        "dtype": dtype,
        "training": {name: _timing(timing, BASES) for name, timing in found.training.items()},
        "peak memory in MiB": found.peaks,
        "snapshot": {name: _timing(timing, ("ours", "ours keep")) for name, timing in found.snapshots.items()},
        "first call": {name: _timing(timing, ("ours nn",)) for name, timing in found.first_calls.items()},
        "gates": [{**vars(gate), "holds": gate.holds} for gate in gates],
    }


def _timing(timing: Timing, bases: Sequence[str]) -> dict[str, Any]:
    def ratio(name: str, base: str) -> dict[str, float] | None:
        found: Ratio | None = timing.ratio(name, base)
        return vars(found) if found else None

    return {
        "workload": timing.work.title,
        "left out": timing.refused,
        "seconds": timing.seconds,
        "error": timing.errors,
        "ratios": {name: {base: ratio(name, base) for base in bases} for name in timing.seconds},
    }
