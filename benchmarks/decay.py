"""`python -m benchmarks.decay`: how much of a gradient is left k steps back, at initialisation, beside the project's notes.

The table: hidden 32, 64 inputs drawn from N(0, 1), one sequence of 51 steps, ||dL/dh_{T-k}|| / ||dL/dh_T|| (of an LSTM: c), the
geometric mean of ten seeds. Numbers over twenty orders of magnitude are compared by their factor per step, value^(1/k).
The factors: 8 inputs, 100 steps, (||dL/dh_1|| / ||dL/dh_100||)^(1/99), the geometric mean of ten seeds, h in LSTMs too.
Both must come within 10 %; the exit code is 1 if one does not.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable
from typing import Any

import numpy as np

import tinygrad_rnn as tg

from .process import one_thread

BACK = (1, 5, 10, 20, 40, 50)
TABLE = {
    "RNN tanh": (0.42, 1.2e-2, 1.5e-4, 2.6e-8, 7e-16, 1e-19),
    "GRU": (0.55, 6e-2, 5e-3, 3e-5, 1.4e-9, 1e-11),
    "LSTM, forget bias 0": (0.54, 6e-2, 3.6e-3, 1.8e-5, 6.5e-10, 3.7e-12),
    "LSTM, forget bias 1": (0.73, 0.23, 6e-2, 5e-3, 5e-5, 5e-6),
    "LSTM, forget bias 2": (0.86, 0.51, 0.29, 0.12, 2.4e-2, 1.2e-2),
    "LSTM, forget bias 5": (1.0, 0.97, 0.97, 1.1, 1.6, 2.2),
    "RNN relu, Wh = identity": (0.97, 0.91, 0.86, 0.79, 0.63, 0.54),
}
FACTORS = {
    "RNN tanh": 0.551,
    "LSTM, forget bias 0": 0.600,
    "LSTM, forget bias 1": 0.813,
    "LSTM, forget bias 3": 0.973,
    "LSTM, forget bias 5": 0.983,
}
TOLERANCE = 0.1


def cell_of(label: str, inputs: int, hidden: int, rng: np.random.Generator) -> Any:
    if label.startswith("LSTM"):
        return tg.nn.LSTMCell(inputs, hidden, rng=rng, forget_bias=float(label[-1]))
    if label == "GRU":
        return tg.nn.GRUCell(inputs, hidden, rng=rng)
    cell = tg.nn.RNNCell(inputs, hidden, rng=rng, nonlinearity="tanh" if "tanh" in label else "relu")
    if "identity" in label:
        cell.Wh.data = np.eye(hidden)
    return cell


def norms(label: str, inputs: int, steps: int, seed: int, role: str) -> np.ndarray:
    """||dL/d(role)|| for t = 1..T, of a loss that reads the last h in a random direction."""
    rng = np.random.default_rng(seed)
    cell = cell_of(label, inputs, 32, rng)
    hs, _ = tg.nn.unroll(cell, rng.standard_normal((1, steps, inputs)))
    return tg.probe.gradient_by_step((hs[-1] * rng.standard_normal((1, 32))).sum(), role)


def mean_over(seeds: int, measure: Callable[[int], np.ndarray]) -> np.ndarray:
    """The geometric mean."""
    return np.exp(np.mean([np.log(measure(seed)) for seed in range(seeds)], axis=0))


def row(label: str, seeds: int) -> np.ndarray:
    """What is left of the gradient at each number of steps back."""
    role = "c" if label.startswith("LSTM") else "h"
    kept = mean_over(seeds, lambda seed: norms(label, 64, 51, seed, role))
    return np.array([kept[-1 - k] / kept[-1] for k in BACK])


def factor(label: str, seeds: int) -> float:
    """What a step back leaves of ||dL/dh||."""
    kept = mean_over(seeds, lambda seed: norms(label, 8, 100, seed, "h"))
    return float((kept[0] / kept[-1]) ** (1 / 99))


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.decay", description=__doc__.partition("\n")[0])
    parser.add_argument("--seeds", type=int, default=10)
    seeds = parser.parse_args().seeds
    one_thread()
    missed = 0
    print(f"what is left k steps back, {seeds} seeds; below each row the notes, and the worst deviation of the factor per step")
    print(f"{'k':24}" + "".join(f"{k:>10}" for k in BACK))
    for label, expected in TABLE.items():
        found = row(label, seeds)
        off = max(abs(math.exp(math.log(a / b) / k) - 1) for a, b, k in zip(found, expected, BACK, strict=True))
        missed += off > TOLERANCE
        print(f"{label:24}" + "".join(f"{value:10.2g}" for value in found))
        print(
            f"{'':24}" + "".join(f"{value:10.2g}" for value in expected) + f"   {off:6.1%} {'MISSED' if off > TOLERANCE else ''}"
        )
    print("\nfactor per step over 100 steps, the notes, deviation")
    for label, expected_factor in FACTORS.items():
        found_factor = factor(label, seeds)
        off = abs(found_factor / expected_factor - 1)
        missed += off > TOLERANCE
        print(f"{label:24}{found_factor:10.3f}{expected_factor:10.3f}   {off:6.1%} {'MISSED' if off > TOLERANCE else ''}")
    return int(bool(missed))


if __name__ == "__main__":
    raise SystemExit(main())
