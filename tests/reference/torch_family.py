"""What PyTorch gives for RNN, LSTM and GRU, kept in torch_family.json so that the tests run without PyTorch.

    python tests/reference/torch_family.py      writes that file anew; needs torch

Every array is stored as two numbers: its norm, and its projection on a direction drawn for it; an entry that is wrong moves both.
The live test (mark `torch`) compares every entry. Inputs and weights are drawn again by `inputs`, from `random.Random(seed)`, whose
sequence is documented to stay the same. Everything is float64 and in the layout of this package: weights (input, gates hidden).
"""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

FILE = Path(__file__).with_suffix(".json")
INPUT_SIZE = 3
GATES = {"RNN tanh": 1, "RNN relu": 1, "LSTM": 4, "GRU": 3}
RAGGED = [7, 11, 1, 7, 4]  # in no order, with two alike; the first one for a batch of 1

Arrays = dict[str, np.ndarray]


class Case(NamedTuple):
    """A network, and what it is run on."""

    kind: str
    layers: int
    directions: int
    batch: int
    hidden: int
    steps: int
    ragged: bool

    def __str__(self) -> str:
        kind, layers, directions, batch, hidden, steps, ragged = self
        return f"{kind} L{layers} D{directions} B{batch} H{hidden} T{steps}{' ragged' if ragged else ''}"

    @property
    def lengths(self) -> list[int]:
        return [min(length, self.steps) for length in RAGGED[: self.batch]] if self.ragged else [self.steps] * self.batch

    @property
    def cells(self) -> list[str]:
        """The cells in the order of PyTorch's states, by the paths of their parameters in this package."""
        ways = [""] if self.directions == 1 else ["forwards.", "backwards."]
        return [f"layers.{layer}.{way}" for layer in range(self.layers) for way in ways]


CASES = [
    Case(kind, layers, directions, batch, hidden, steps, ragged)
    for kind in GATES
    for layers in (1, 2, 3)
    for directions in (1, 2)
    for batch in (1, 5)
    for hidden in (1, 7)
    for steps in (1, 11)
    for ragged in (False, True)
]


def inputs(case: Case) -> tuple[Arrays, Arrays]:
    """The leaves of a case (x, initial states, weights), and the weights of the outputs in its loss; all in (-1, 1)."""
    gates = GATES[case.kind]
    states = ("h0", "c0") if case.kind == "LSTM" else ("h0",)
    leaves: dict[str, tuple[int, ...]] = {"x": (case.batch, max(case.lengths), INPUT_SIZE)}
    leaves |= dict.fromkeys(states, (len(case.cells), case.batch, case.hidden))
    for path in case.cells:
        size = INPUT_SIZE if path.startswith("layers.0.") else case.directions * case.hidden
        leaves |= {f"{path}Wx": (size, gates * case.hidden), f"{path}Wh": (case.hidden, gates * case.hidden)}
        leaves |= {f"{path}b": (gates * case.hidden,)} | ({f"{path}bh": (case.hidden,)} if case.kind == "GRU" else {})
    outputs = {"outputs": (*leaves["x"][:2], case.directions * case.hidden)} | {name[0]: leaves[name] for name in states}
    draw = random.Random(1 + CASES.index(case)).random
    positive = case.kind == "RNN relu" and case.hidden == 1  # the only unit of a layer must not be dead

    def drawn(shapes: dict[str, tuple[int, ...]], low: float = -1.0) -> Arrays:
        return {
            name: np.array([low + (1 - low) * draw() for _ in range(np.prod(shape))]).reshape(shape)
            for name, shape in shapes.items()
        }

    values = drawn(leaves, 0.0 if positive else -1.0)
    if case.kind == "RNN relu":
        changed = {"Wh": lambda value: value / 2, "b": np.abs}  # tame growth, few dead units
        values = {name: changed.get(name.rpartition(".")[2], np.array)(value) for name, value in values.items()}
    return values, drawn(outputs)


def torch_values(case: Case) -> Arrays:
    """Outputs, last states, and under "d name" the gradient of sum(outputs * weights) for every leaf, by PyTorch's own layer."""
    import torch
    from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

    given, weights = inputs(case)
    kind, hidden = case.kind.split()[0], case.hidden
    more = {"nonlinearity": case.kind.split()[1]} if kind == "RNN" else {}
    net = getattr(torch.nn, kind)(
        INPUT_SIZE, hidden, case.layers, batch_first=True, bidirectional=case.directions == 2, dtype=torch.float64, **more
    )
    parameters: dict[str, tuple[Any, ...]] = {}
    for k, path in enumerate(case.cells):
        suffix = f"_l{k // case.directions}" + ("_reverse" if k % case.directions else "")
        Wx, Wh, b_ih, b_hh = (getattr(net, name + suffix) for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"))
        b = torch.tensor(given[f"{path}b"])
        second = torch.linspace(-1, 1, len(b), dtype=b.dtype)  # PyTorch adds two biases where we have one: any split will do
        if kind == "GRU":
            second[2 * hidden :] = 0
        with torch.no_grad():
            Wx.copy_(torch.tensor(given[f"{path}Wx"].T))
            Wh.copy_(torch.tensor(given[f"{path}Wh"].T))
            b_ih.copy_(b - second)
            b_hh.copy_(torch.cat([second[: 2 * hidden], torch.tensor(given[f"{path}bh"])]) if kind == "GRU" else second)
        parameters |= {f"{path}Wx": (Wx, np.transpose), f"{path}Wh": (Wh, np.transpose), f"{path}b": (b_ih, np.array)}
        if kind == "GRU":
            parameters[f"{path}bh"] = (b_hh, lambda g: g[2 * hidden :])
    leaf = {name: torch.tensor(given[name], requires_grad=True) for name in ("x", "h0", "c0") if name in given}
    x = pack_padded_sequence(leaf["x"], case.lengths, batch_first=True, enforce_sorted=False) if case.ragged else leaf["x"]
    outputs, last = net(x, (leaf["h0"], leaf["c0"]) if "c0" in leaf else leaf["h0"])
    if case.ragged:
        outputs, _ = pad_packed_sequence(outputs, batch_first=True)
    results = {"outputs": outputs} | (dict(zip("hc", last, strict=True)) if "c0" in leaf else {"h": last})
    sum((results[name] * torch.tensor(weights[name])).sum() for name in results).backward()
    gradients = {f"d {name}": value.grad.numpy() for name, value in leaf.items()}
    gradients |= {f"d {name}": laid_out(p.grad.numpy()) for name, (p, laid_out) in parameters.items()}
    wrong = [name for name, g in gradients.items() if not g.any()]
    assert not wrong, f"{case}: the gradient {wrong} is all 0 and checks nothing; choose another seed"
    return {name: value.detach().numpy() for name, value in results.items()} | gradients


def digest(values: Arrays) -> dict[str, list[float]]:
    """Two numbers for each array: its norm, and its projection on a direction of norm 1 that its name and shape decide."""
    digests = {}
    for name, value in values.items():
        draw = random.Random(f"{name} {value.shape}").random
        direction = np.array([2 * draw() - 1 for _ in range(value.size)])
        projection = direction @ value.ravel() / np.linalg.norm(direction)
        digests[name] = [float(f"{number:.13g}") for number in (np.linalg.norm(value), projection)]
    return digests


def stored() -> dict[str, dict[str, list[float]]]:
    """The digests of all cases, by str(case)."""
    file = json.loads(FILE.read_text())
    values: dict[str, dict[str, list[float]]] = {}
    for case in CASES:
        names = list(_names(case))
        numbers = file["cases"][str(case)]
        assert len(numbers) == 2 * len(names)
        values[str(case)] = {name: numbers[2 * k : 2 * k + 2] for k, name in enumerate(names)}
    return values


def _names(case: Case) -> list[str]:
    """The names of all arrays of a case, in the order of the file."""
    given, weights = inputs(case)
    return [*weights, *(f"d {name}" for name in given)]


def main() -> None:
    import torch

    rows = []
    for case in CASES:
        digests = digest(torch_values(case))
        numbers = [number for name in _names(case) for number in digests[name]]
        rows.append(f"{json.dumps(str(case))}:{json.dumps(numbers, separators=(',', ':'))}")
    versions = json.dumps({"numpy": np.__version__, "torch": torch.__version__})
    FILE.write_text(f'{{"versions": {versions},\n"cases": {{\n' + ",\n".join(rows) + "\n}}\n")
    print(f"{FILE.name}: {FILE.stat().st_size / 1000:.0f} kB, {len(CASES)} cases")


if __name__ == "__main__":
    main()
