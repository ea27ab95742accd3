"""What PyTorch gives for LayerNorm, Sequential, and layers without biases: outputs and gradients of both orders, in torch_modules.json.

    python tests/reference/torch_modules.py      writes that file anew; needs torch

Weights and inputs are drawn again from Python's `random.Random`, under PyTorch's names and in its layout. The loss is
sum(outputs * weights); of second order are the gradients of the sum of the squares of all gradients.
"""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import numpy as np

FILE = Path(__file__).with_suffix(".json")
INPUT, HIDDEN, BATCH, STEPS = 3, 2, 2, 4
LAYERS = {"num_layers": 2, "bidirectional": True, "bias": False}
# what it is called: PyTorch's class, its settings, and whether x has a time axis
CASES: dict[str, tuple[str, tuple[Any, ...], dict[str, Any], bool]] = {
    "LayerNorm": ("LayerNorm", (INPUT,), {}, True),
    "LayerNorm without b": ("LayerNorm", (INPUT,), {"bias": False}, True),
    "Linear without b": ("Linear", (INPUT, HIDDEN), {"bias": False}, True),
    "RNNCell without b": ("RNNCell", (INPUT, HIDDEN), {"bias": False}, False),
    "LSTMCell without b": ("LSTMCell", (INPUT, HIDDEN), {"bias": False}, False),
    "GRUCell without b": ("GRUCell", (INPUT, HIDDEN), {"bias": False}, False),
    "RNN without b": ("RNN", (INPUT, HIDDEN), LAYERS, True),
    "LSTM without b": ("LSTM", (INPUT, HIDDEN), LAYERS, True),
    "GRU without b": ("GRU", (INPUT, HIDDEN), LAYERS, True),
    "Sequential": ("Sequential", (), {}, True),
}


def drawn(name: str, shapes: dict[str, tuple[int, ...]]) -> dict[str, np.ndarray]:
    """Arrays of these shapes in (-1, 1), the same for every run."""
    draw = random.Random(1 + [*CASES].index(name)).random
    return {key: np.array([2 * draw() - 1 for _ in range(np.prod(shapes[key]))]).reshape(shapes[key]) for key in sorted(shapes)}


def shape_of_x(name: str) -> tuple[int, ...]:
    """(batch, time, features), or (batch, features) of a cell."""
    return (BATCH, STEPS, INPUT) if CASES[name][3] else (BATCH, INPUT)


def values(name: str) -> dict[str, Any]:
    """The outputs, and the gradients of both orders by PyTorch's names."""
    import torch

    kind, sizes, settings, _ = CASES[name]
    if kind == "Sequential":
        middle = (torch.nn.Tanh(), torch.nn.LayerNorm(HIDDEN))
        module: Any = torch.nn.Sequential(torch.nn.Linear(INPUT, HIDDEN), *middle, torch.nn.Linear(HIDDEN, 2, bias=False))
    else:
        module = getattr(torch.nn, kind)(*sizes, **settings, **({"batch_first": True} if "num_layers" in settings else {}))
    module = module.double()
    shapes = {key: tuple(value.shape) for key, value in module.state_dict().items()}
    given = drawn(name, shapes | {"x": shape_of_x(name)})
    x = torch.tensor(given.pop("x"), requires_grad=True)
    module.load_state_dict({key: torch.tensor(value) for key, value in given.items()})
    made = module(x)
    if kind == "LSTMCell":
        made = torch.cat(made, 1)
    y = made[0] if isinstance(made, tuple) else made
    leaves = dict(module.named_parameters()) | {"x": x}
    loss = (y * torch.linspace(0.5, 1.5, y.numel(), dtype=y.dtype).reshape(y.shape)).sum()
    first = torch.autograd.grad(loss, list(leaves.values()), create_graph=True)
    second = torch.autograd.grad(sum((g * g).sum() for g in first), list(leaves.values()), allow_unused=True)
    return {
        "shapes": shapes,
        "outputs": y.detach().numpy(),
        "first": {key: g.detach().numpy() for key, g in zip(leaves, first, strict=True)},
        "second": {
            key: np.zeros(tuple(leaves[key].shape)) if g is None else g.numpy() for key, g in zip(leaves, second, strict=True)
        },
    }


def stored() -> dict[str, Any]:
    """The file: the versions it was made with, and the values of every case."""
    found: dict[str, Any] = json.loads(FILE.read_text())
    return found


def main() -> None:
    import torch

    lines = {"versions": {"numpy": np.__version__, "torch": torch.__version__}} | {name: values(name) for name in CASES}
    rows = [f"{json.dumps(name)}: {json.dumps(value, default=np.ndarray.tolist)}" for name, value in lines.items()]
    FILE.write_text("{" + ",\n".join(rows) + "}\n")
    print(f"{FILE.name}: {FILE.stat().st_size / 1000:.0f} kB, {len(CASES)} cases")


if __name__ == "__main__":
    main()
