"""What PyTorch computes for 300 random programs, kept in random_programs_values.json so that the tests run without it.

    python tests/reference/random_programs_values.py      writes that file anew; needs torch

Of each result the file keeps dtype, shape, the sum of its entries and their sum with weights.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

FILE = Path(__file__).with_suffix(".json")
COUNT = 300


def digest(results: Any) -> list[Any]:
    """What is kept of (values, gradients, second gradients)."""
    return [[[a.dtype.name, list(a.shape), *_sums(np.asarray(a, np.float64))] for a in part] for part in results]


def _sums(a: np.ndarray) -> list[str]:
    return [repr(float(x)) for x in (a.sum(), (a.ravel() * np.cos(np.arange(a.size))).sum(), np.abs(a).sum())]


def main() -> None:
    sys.path[:0] = [str(Path(__file__).resolve().parents[1] / "support"), str(Path(__file__).resolve().parents[2])]
    import random_programs

    kept = [digest(random_programs.with_torch(random_programs.grown(seed))) for seed in range(COUNT)]
    text = "[\n" + ",\n".join(json.dumps(result, separators=(",", ":")) for result in kept) + "\n]\n"
    FILE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
