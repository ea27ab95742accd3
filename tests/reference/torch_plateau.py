"""What PyTorch's ReduceLROnPlateau makes of thirty scores, in torch_plateau.json.

python tests/reference/torch_plateau.py      writes that file anew; needs torch
"""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_suffix(".json")
EPOCHS = 30
# by settings in our words, of which `lowest` is PyTorch's min_lr for a learning rate of 1
CASES: dict[str, dict[str, Any]] = {
    "as it is": {},
    "soon": {"patience": 2, "factor": 0.5},
    "at once": {"patience": 0, "factor": 0.5},
    "high scores": {"mode": "max", "patience": 1, "factor": 0.7},
    "a share better": {"patience": 2, "factor": 0.5, "threshold": 0.1},
    "a difference": {"patience": 2, "factor": 0.5, "threshold": 0.05, "threshold_mode": "abs"},
    "high by a difference": {"mode": "max", "patience": 1, "factor": 0.5, "threshold": 0.05, "threshold_mode": "abs"},
    "cooled": {"patience": 1, "factor": 0.5, "cooldown": 3},
    "not below": {"patience": 0, "factor": 0.3, "lowest": 0.05},
}


def scores() -> list[float]:
    """They fall, with noise, and stay where they are at last."""
    draw = random.Random(0).random
    return [max(1.0 - epoch / 15, 0.2) + 0.2 * draw() - 0.1 for epoch in range(EPOCHS)]


def rates(case: str) -> list[float]:
    """The learning rate after no score, after one, and so on."""
    import torch

    settings = dict(CASES[case])
    optimizer = torch.optim.SGD([torch.ones(1, requires_grad=True)], lr=1.0)
    schedule = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, min_lr=settings.pop("lowest", 0.0), eps=0.0, **settings)
    found = [optimizer.param_groups[0]["lr"]]
    for score in scores():
        schedule.step(score)
        found.append(optimizer.param_groups[0]["lr"])
    return found


def stored() -> dict[str, Any]:
    """The file: the version it was made with, and the learning rates of every case."""
    found: dict[str, Any] = json.loads(FILE.read_text())
    return found


def main() -> None:
    import torch

    lines = {"versions": {"torch": torch.__version__}} | {case: rates(case) for case in CASES}
    FILE.write_text("{" + ",\n".join(f"{json.dumps(case)}: {json.dumps(value)}" for case, value in lines.items()) + "}\n")
    print(f"{FILE.name}: {len(CASES)} cases")


if __name__ == "__main__":
    main()
