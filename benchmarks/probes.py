"""`python -m benchmarks.probes`: what the probes cost, in units of one training step of the graph that they look at.

First that they cost a training step nothing: pairs of fresh processes, of which one never imports `tinygrad_rnn.probe`. Then each
probe on the graph of a step, timed in turn with that step, for a loss that reads every step and for one that reads the last. A
Jacobian from step to step has n rows, n the size of the joint state; a backward pass for each of them would be n training steps.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Callable
from typing import Any

from .process import alone, machine, one_thread
from .workloads import WORKLOADS

LIMIT = 5.0  # training steps; those in MANY have more gradients to carry: n rows, T times n rows, (T + 1) / 2 ages on average
MANY: dict[str, tuple[str, Callable[[int, int], float]]] = {
    "step_jacobians": ("n", lambda T, n: n),
    "connectivity": ("T n", lambda T, n: T * n),
    "truncation, every k, every term": ("(T + 1) / 2", lambda T, n: (T + 1) / 2),
}


def step_seconds(name: str, with_probe: bool, rounds: int | None) -> float:
    """The median of a training step of a workload, in a process that imports the probes or does not."""
    import sys
    import types

    if not with_probe:
        empty = types.ModuleType("tinygrad_rnn.probe")
        empty.__dict__["summary"] = None  # the face of the package shows it
        sys.modules["tinygrad_rnn.probe"] = empty
    from .harness import in_turn

    step, _ = training(name, "every step")
    assert with_probe == ("tinygrad_rnn.probe.jacobians" in sys.modules)
    return statistics.median(in_turn({"step": step}, rounds)["step"])


def training(name: str, reads: str, recorded: bool = False) -> tuple[Callable[[], None], Callable[[], tuple[Any, ...]]]:
    """A training step of a workload, and what gives its cell, inputs (`recorded`: with a gradient), outputs and loss."""
    import numpy as np

    import tinygrad_rnn as tg

    work = WORKLOADS[name].filled("float32")
    kind = {"rnn": tg.nn.RNNCell, "lstm": tg.nn.LSTMCell, "gru": tg.nn.GRUCell}[work.kind]
    cell = kind(work.I, work.H, rng=np.random.default_rng(0), dtype="float32")
    x = tg.Tensor(np.ascontiguousarray(work.x.transpose(1, 0, 2)), requires_grad=recorded)
    goal = np.random.default_rng(1).standard_normal((work.T, work.B, work.H)).astype("float32")

    def forward() -> tuple[Any, ...]:
        hs, _ = tg.nn.unroll(cell, x)
        loss = tg.functional.mse_loss(tg.stack(hs), goal) if reads == "every step" else tg.functional.mse_loss(hs[-1], goal[-1])
        return cell, x, hs, loss

    def step() -> None:
        for p in cell.parameters():
            p.zero_grad()
        forward()[3].backward(keep_graph=False)

    return step, forward


def probe_seconds(name: str, reads: str, rounds: int | None, every: bool) -> dict[str, list[float]]:
    """The seconds of a training step and of the probes of its graph, round by round; `every`: also those with n rows."""
    import tinygrad_rnn as tg

    from .harness import in_turn

    step, forward = training(name, reads)
    cell, _, _, loss = forward()
    probe = tg.probe
    probes: dict[str, Callable[[], Any]] = {
        "gradient_by_step": lambda: probe.gradient_by_step(loss, None),
        "contributions": lambda: probe.contributions(loss, cell.Wh),
        "truncation, k=5": lambda: probe.truncation(loss, 5),
        f"truncation, every k{', every term' if every else ''}": lambda: probe.truncation(loss),
        "vanishing_regularizer": lambda: probe.vanishing_regularizer(loss),
        "vanishing_regularizer, immediate": lambda: probe.vanishing_regularizer(loss, immediate=True),
        "activation_memory": lambda: probe.activation_memory(loss),
    }
    if not isinstance(cell, tg.nn.RNNCell):
        probes["gates"] = lambda: probe.gates(loss)
    if every:
        probes["step_jacobians"] = lambda: probe.step_jacobians(loss)
    if every and isinstance(cell, tg.nn.RNNCell):  # of the larger ones it takes minutes
        _, x, hs, _ = training(name, reads, recorded=True)[1]()
        probes["connectivity"] = lambda: probe.connectivity(hs, x)
    return in_turn({"training step": step, **probes}, rounds)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.probes", description=__doc__.partition("\n")[0])
    parser.add_argument("--workload", default="W1,W2,W3,W4", help="names, separated by commas (default: W1,W2,W3,W4)")
    parser.add_argument("--rounds", type=int, default=5, help="rounds of each table (default: 5)")
    parser.add_argument("--pairs", type=int, default=9, help="pairs of processes, with and without the probes (default: 9)")
    args = parser.parse_args()
    one_thread()
    known = machine()
    print(f"Python {known['Python']}, NumPy {known['NumPy']}, {known['CPU']}, {known['date']}, float32")
    names = args.workload.split(",")
    for name in names if args.pairs else []:
        ratios = []
        for k in range(args.pairs):
            order = (True, False) if k % 2 else (False, True)
            seconds = {with_probe: alone(step_seconds, name, with_probe, 30) for with_probe in order}
            ratios.append(seconds[True] / seconds[False])
        ratios.sort()
        print(
            f"{name}: training step with the probes imported / without: median {statistics.median(ratios):.3f}, "
            f"{ratios[0]:.3f} to {ratios[-1]:.3f} over {len(ratios)} pairs",
            flush=True,
        )
    for name in names:
        work = WORKLOADS[name]
        for reads in ("every step", "the last step"):
            timed = alone(probe_seconds, name, reads, args.rounds, reads == "every step")
            base = timed.pop("training step")
            print(f"{name}, a loss that reads {reads}: a training step takes {1000 * statistics.median(base):.2f} ms")
            for probe, seconds in timed.items():
                ratio = statistics.median(s / b for s, b in zip(seconds, base, strict=True))
                label, limit = MANY.get(probe, ("", None))
                most = limit(work.T, work.H * (2 if work.kind == "lstm" else 1)) if limit else LIMIT
                verdict = f"{'may take' if ratio <= most else 'ABOVE'} {label}{' = ' if label else ''}{most:g}"
                print(f"    {probe:32} {ratio:8.2f} training steps  {verdict}", flush=True)


if __name__ == "__main__":
    main()
