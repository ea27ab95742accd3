"""What PyTorch gives for its losses: values and gradients of both orders, in torch_losses.json.

    python tests/reference/torch_losses.py      writes that file anew; needs torch

`arguments(case)` draws the same arrays anew, from Python's `random.Random`. The loss is sum(outputs * weights); of second order
are the gradients of the sum of the squares of all gradients.
"""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import numpy as np

FILE = Path(__file__).with_suffix(".json")
ROWS, CLASSES = 5, 4
REDUCTIONS = ("mean", "sum", "none")
TARGETS = [2, 0, -100, 3, 0]
CLASS_WEIGHTS = [0.5, 2.0, 1.0, 3.0]
PAIRS = ("mse_loss", "l1_loss", "huber_loss", "binary_cross_entropy_with_logits", "kl_div")
# name of the case: (the function, its settings without the reduction, "classes" or "probabilities" or "numbers")
KINDS: dict[str, tuple[str, dict[str, Any], str]] = {
    "mse_loss": ("mse_loss", {}, "numbers"),
    "l1_loss": ("l1_loss", {}, "numbers"),
    "huber_loss": ("huber_loss", {}, "numbers"),
    "huber_loss of a small delta": ("huber_loss", {"delta": 0.3}, "numbers"),
    "binary": ("binary_cross_entropy_with_logits", {}, "shares"),
    "binary, weighted": (
        "binary_cross_entropy_with_logits",
        {"weight": [0.5, 1.0, 2.0, 0.0], "pos_weight": [3.0, 1.0, 0.5, 2.0]},
        "shares",
    ),
    "kl_div": ("kl_div", {}, "probabilities"),
    "kl_div of logarithms": ("kl_div", {"log_target": True}, "logarithms"),
    "nll_loss": ("nll_loss", {}, "classes"),
    "nll_loss, weighted": ("nll_loss", {"weight": CLASS_WEIGHTS}, "classes"),
    "nll_loss that leaves out 0": ("nll_loss", {"ignore_index": 0}, "whole"),
    "cross_entropy": ("cross_entropy", {}, "classes"),
    "cross_entropy, weighted": ("cross_entropy", {"weight": CLASS_WEIGHTS}, "classes"),
    "cross_entropy, smoothed": ("cross_entropy", {"label_smoothing": 0.1}, "classes"),
    "cross_entropy, all at once": (
        "cross_entropy",
        {"weight": CLASS_WEIGHTS, "label_smoothing": 0.25, "ignore_index": 0},
        "whole",
    ),
    "cross_entropy of probabilities": ("cross_entropy", {}, "probabilities"),
    "cross_entropy of probabilities, weighted and smoothed": (
        "cross_entropy",
        {"weight": CLASS_WEIGHTS, "label_smoothing": 0.1},
        "probabilities",
    ),
}
CASES = [
    f"{kind}: {reduction}"
    for kind, (name, _, _) in KINDS.items()
    for reduction in (*REDUCTIONS, *(["batchmean"] if name == "kl_div" else []))
]


def arguments(case: str) -> tuple[str, np.ndarray, Any, dict[str, Any]]:
    """The function, its first two arguments, and its settings."""
    kind, reduction = case.rsplit(": ", 1)
    name, settings, targets = KINDS[kind]
    draw = random.Random(kind).random
    x = np.array([4 * draw() - 2 for _ in range(ROWS * CLASSES)]).reshape(ROWS, CLASSES)
    y = np.array([draw() for _ in range(ROWS * CLASSES)]).reshape(ROWS, CLASSES)
    if targets in ("probabilities", "logarithms"):
        y = y / y.sum(1, keepdims=True)
        y = np.log(y) if targets == "logarithms" else y
    given: Any = TARGETS if targets == "classes" else [max(t, 0) for t in TARGETS] if targets == "whole" else y
    return name, x, given, settings | {"reduction": reduction}


def values(case: str) -> dict[str, Any]:
    """The loss, and the gradients of both orders by x, and by the target where that is made of numbers of its own."""
    import torch

    name, x, y, settings = arguments(case)
    leaves = [torch.tensor(x, requires_grad=True)]
    target = torch.tensor(y, requires_grad=name in PAIRS)
    if name in PAIRS:
        leaves.append(target)
    made = {key: torch.tensor(value, dtype=torch.double) if isinstance(value, list) else value for key, value in settings.items()}
    loss = getattr(torch.nn.functional, name)(leaves[0], target, **made)
    weights = torch.linspace(0.5, 1.5, loss.numel(), dtype=loss.dtype).reshape(loss.shape)
    first = torch.autograd.grad((loss * weights).sum(), leaves, create_graph=True)
    total = sum((g * g).sum() for g in first)
    second = torch.autograd.grad(total, leaves, allow_unused=True) if total.requires_grad else [None] * len(leaves)
    zeros = [torch.zeros_like(leaf) for leaf in leaves]  # where PyTorch says None, or gives zeros without memory
    return {
        "loss": loss.tolist(),
        "first": [(g + zero).tolist() for g, zero in zip(first, zeros, strict=True)],
        "second": [(zero if g is None else g + zero).tolist() for g, zero in zip(second, zeros, strict=True)],
    }


def stored() -> dict[str, Any]:
    """The file: the versions it was made with, and the values of every case."""
    found: dict[str, Any] = json.loads(FILE.read_text())
    return found


def main() -> None:
    import torch

    lines = {"versions": {"numpy": np.__version__, "torch": torch.__version__}} | {case: values(case) for case in CASES}
    FILE.write_text("{" + ",\n".join(f"{json.dumps(case)}: {json.dumps(value)}" for case, value in lines.items()) + "}\n")
    print(f"{FILE.name}: {FILE.stat().st_size / 1000:.0f} kB, {len(CASES)} cases")


if __name__ == "__main__":
    main()
