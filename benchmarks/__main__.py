"""`python -m benchmarks`, from the checkout: what a training step costs in this engine and in others, all in one run."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from .process import alone, one_thread


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Time training steps against other engines.")
    parser.add_argument("--workload", default="W1,W2,W3,W4,W5,W6,W7", help="names, separated by commas (default: all)")
    parser.add_argument("--impl", help='names, separated by commas: "ours,ours keep,torch" (default: all that are installed)')
    parser.add_argument("--repeats", type=int, help="rounds (default: as many as fit into 20 seconds a workload, 9 to 200)")
    parser.add_argument("--dtype", default="float32", choices=["float32", "float64"])
    parser.add_argument("--memory", action="store_true", help="measure peak memory instead, on W3, W5 and W6")
    parser.add_argument("--snapshot", action="store_true", help="measure what a snapshot costs instead, on W1 to W6")
    parser.add_argument("--first-call", action="store_true", help="measure what compiling costs instead, on W1 to W6")
    parser.add_argument(
        "--gates", action="store_true", help="measure all of it, compare with limits, exit with 1 if one is missed"
    )
    parser.add_argument("--markdown", action="store_true", help="with --gates: print tables for benchmarks/README.md")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write everything that was measured to a file, too")
    return parser


def chosen(parser: argparse.ArgumentParser, text: str, known: list[str], what: str) -> list[str]:
    """Names out of a list with commas; those that do not exist end the program."""
    names = [part.strip() for part in text.split(",")]
    for name in names:
        if name not in known:
            parser.error(f"no {what} is called {name!r}; there are {', '.join(known)}")
    return names


def main() -> int:
    parser = arguments()
    args = parser.parse_args()
    if args.gates and args.dtype != "float32":
        parser.error("the gates are for float32")
    if args.markdown and not args.gates:
        parser.error("--markdown goes with --gates")
    if args.repeats is not None and args.repeats < 1:
        parser.error("--repeats is at least 1")
    one_thread()
    from . import gates, harness, memory, report  # NumPy loads here, and not before it is told how many threads it has
    from .peers import PEERS
    from .workloads import WORKLOADS

    workloads = chosen(parser, args.workload, list(WORKLOADS), "workload")
    names = chosen(parser, args.impl, list(PEERS), "implementation") if args.impl else list(PEERS)
    say = sys.stderr if args.markdown else sys.stdout
    for name in [name for name in names if not PEERS[name].installed]:
        print(f"{name}: left out, {PEERS[name].package} is not installed", file=say)
        names.remove(name)
    print(report.setting(args.dtype, False), file=say)

    def tell(text: str) -> None:
        print("\n" + text, file=say, flush=True)

    found, refused = harness.Measured(names), {}
    recurrent = [w for w in workloads if WORKLOADS[w].kind != "mlp"]
    if args.gates or not (args.memory or args.snapshot or args.first_call):
        for w in workloads:
            found.training[w] = alone(harness.time_training, w, names, args.dtype, args.repeats)
            tell(report.training_text(found.training[w]))
    if args.gates or args.memory:
        for w in (w for w in workloads if w in memory.WATCHED):
            found.peaks[w], refused[w] = memory.measure(w, names, args.dtype)
            tell(report.memory_text(w, found.peaks[w], refused[w]))
    if args.gates or args.snapshot:
        for w in recurrent:
            found.snapshots[w] = alone(harness.time_snapshot, w, args.dtype, args.repeats)
            tell(report.snapshot_text(found.snapshots[w]))
    if args.gates or args.first_call:
        for w in recurrent:
            found.first_calls[w] = alone(harness.time_first_call, w, args.dtype, args.repeats)
            tell(report.first_call_text(found.first_calls[w]))
    held = gates.gates(workloads, found) if args.gates else []
    if args.gates:
        tell(report.gates_table(held, False))
    if args.markdown:
        print(report.as_markdown(args.dtype, found, held))
    if args.json:
        args.json.write_text(json.dumps(report.as_json(args.dtype, found, held), indent=1) + "\n")
    failed = any(timing.refused for timing in found.training.values()) or any(refused.values())
    return int(failed or not all(gate.holds or gate.missing for gate in held))


if __name__ == "__main__":
    raise SystemExit(main())
