"""What PyTorch's modules are called inside and compute, kept in torch_layout.json so that the tests run without PyTorch.

    python tests/reference/torch_layout.py      writes that file anew; needs torch

Of each module the file holds the names and shapes of its `state_dict()`, in PyTorch's order, and its outputs in float64. Inputs
and weights are drawn again by `drawn`, from Python's `random.Random(seed).random()`, whose sequence is documented to stay the same.
"""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

FILE = Path(__file__).with_suffix(".json")
INPUT, HIDDEN, BATCH, TIME = 3, 2, 2, 4


class Case(NamedTuple):
    """A recurrent module (of 0 layers: a cell)."""

    kind: str
    layers: int
    directions: int = 1

    def __str__(self) -> str:
        return f"{self.kind}, layers {self.layers}, directions {self.directions}"


KINDS = ("RNN tanh", "RNN relu", "LSTM", "GRU")
CASES = [Case(kind, 0) for kind in KINDS] + [
    Case(kind, layers, directions) for kind in KINDS for layers in (1, 2, 3) for directions in (1, 2)
]
MODEL = "Embedding, GRU and Linear in a module"


def drawn(shapes: dict[str, Any], seed: int) -> dict[str, np.ndarray]:
    """An array in (-1, 1) for each shape."""
    draw = random.Random(seed).random
    return {name: np.array([2 * draw() - 1 for _ in range(int(np.prod(shape)))]).reshape(shape) for name, shape in shapes.items()}


def inputs() -> np.ndarray:
    """x (batch, time, features)."""
    return drawn({"x": (BATCH, TIME, INPUT)}, 99)["x"]


IDS = np.array([[0, 4, 2, 2], [1, 3, 0, 4]])


def torch_module(case: Case) -> Any:
    """PyTorch's module of a case, in float64."""
    import torch

    kind, _, nonlinearity = case.kind.partition(" ")
    options = {"nonlinearity": nonlinearity} if nonlinearity else {}
    if not case.layers:
        return getattr(torch.nn, f"{kind}Cell")(INPUT, HIDDEN, dtype=torch.float64, **options)
    options |= {"num_layers": case.layers, "bidirectional": case.directions == 2, "batch_first": True}
    return getattr(torch.nn, kind)(INPUT, HIDDEN, dtype=torch.float64, **options)


def torch_model() -> Any:
    """A module of a user's own."""
    import torch

    class Model(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embedding = torch.nn.Embedding(5, INPUT, dtype=torch.float64)
            self.nets = torch.nn.ModuleList([torch.nn.GRU(INPUT, HIDDEN, batch_first=True, dtype=torch.float64)])
            self.linear = torch.nn.Linear(HIDDEN, 2, dtype=torch.float64)

        def forward(self, ids: Any) -> Any:
            return self.linear(self.nets[0](self.embedding(ids))[0])

    return Model()


def torch_outputs(module: Any, state: dict[str, np.ndarray], x: np.ndarray) -> list[np.ndarray]:
    """What a module of PyTorch gives for x after loading a state dict, strictly: its output, and of a cell h (and c)."""
    import torch

    module.load_state_dict({name: torch.tensor(value) for name, value in state.items()}, strict=True)
    with torch.no_grad():
        given = torch.tensor(x)
        out = module(given[:, 0]) if isinstance(module, torch.nn.RNNCellBase) else module(given)
    if isinstance(out, tuple) and not isinstance(module, torch.nn.RNNCellBase):
        out = out[0]
    return [part.numpy() for part in (out if isinstance(out, tuple) else (out,))]


def main() -> None:
    known = {}
    for seed, case in enumerate([*CASES, MODEL]):
        module = torch_model() if case == MODEL else torch_module(case)
        shapes = {name: list(value.shape) for name, value in module.state_dict().items()}
        outputs = torch_outputs(module, drawn(shapes, seed), IDS if case == MODEL else inputs())
        known[str(case)] = {"shapes": shapes, "outputs": [part.tolist() for part in outputs]}
    FILE.write_text("{\n" + ",\n".join(f"{json.dumps(k)}: {json.dumps(v)}" for k, v in known.items()) + "\n}\n")


if __name__ == "__main__":
    main()
