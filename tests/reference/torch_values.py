"""What PyTorch gives for our cells and optimizers, kept in torch_values.json so that the tests run without PyTorch.

    python tests/reference/torch_values.py      writes that file anew; needs torch

Only outputs and gradients are stored. Inputs are drawn again by `inputs`, from Python's `random.Random(seed).random()`, whose
sequence is documented to stay the same. Everything is float64 and in the layout of this package: the leaves are laid out as
ours are, PyTorch's modules see transposed views of them, and so its autograd hands every gradient back in our layout.
"""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

FILE = Path(__file__).with_suffix(".json")
INPUT_SIZE = 2
SEED = 1
GATES = {"RNNCell tanh": 1, "RNNCell relu": 1, "LSTMCell": 4, "GRUCell reset_after": 3, "GRUCell paper": 3}


class Case(NamedTuple):
    """One cell, unrolled over that many steps."""

    kind: str
    batch: int
    hidden: int
    steps: int

    def __str__(self) -> str:
        return f"{self.kind}, batch {self.batch}, hidden {self.hidden}, steps {self.steps}"


CASES = [Case(kind, batch, hidden, steps) for kind in GATES for batch in (1, 3) for hidden in (1, 5) for steps in (1, 7)]


def inputs(case: Case) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """The leaves of a case (data, initial states, weights), and the weights of the outputs in its loss; all in (-1, 1)."""
    kind, batch, hidden, steps = case
    width, states = GATES[kind] * hidden, ("h0", "c0") if kind == "LSTMCell" else ("h0",)
    leaves: dict[str, tuple[int, ...]] = {"x": (batch, steps, INPUT_SIZE), **dict.fromkeys(states, (batch, hidden))}
    leaves |= {"Wx": (INPUT_SIZE, width), "Wh": (hidden, width), "b": (width,)}
    if kind == "GRUCell reset_after":
        leaves["bh"] = (hidden,)
    outputs = {"h": (batch, steps, hidden)} | ({"c": (batch, hidden)} if kind == "LSTMCell" else {})
    draw = random.Random(SEED + CASES.index(case)).random

    def drawn(shapes: dict[str, tuple[int, ...]]) -> dict[str, np.ndarray]:
        return {name: np.array([2 * draw() - 1 for _ in range(np.prod(shape))]).reshape(shape) for name, shape in shapes.items()}

    return drawn(leaves), drawn(outputs)


def cell_values(case: Case) -> dict[str, Any]:
    """The outputs of a case (h of every step, the last c), and the gradients of sum(outputs * weights) for all leaves."""
    import torch

    given, weights = inputs(case)
    leaf = {name: torch.tensor(value, requires_grad=True) for name, value in given.items()}
    state = (leaf["h0"], leaf["c0"]) if "c0" in leaf else (leaf["h0"],)
    step, hs = _torch_step(case, leaf), []
    for t in range(case.steps):
        state = step(leaf["x"][:, t], state)
        hs.append(state[0])
    outputs = {"h": torch.stack(hs, 1)} | ({"c": state[1]} if "c0" in leaf else {})
    sum((outputs[name] * torch.tensor(weights[name])).sum() for name in outputs).backward()
    gradients = {name: value.grad.numpy() for name, value in leaf.items()}
    assert all(g.any() for g in gradients.values()), f"{case}: a gradient that is all 0 checks nothing; choose another seed"
    return {name: value.detach().numpy() for name, value in outputs.items()} | {"gradients": gradients}


def _torch_step(case: Case, leaf: dict[str, Any]) -> Any:
    """x, state -> state, by PyTorch's own cell; the paper's GRU, which it has not, from the equations."""
    import torch

    Wx, Wh, b, hidden = leaf["Wx"], leaf["Wh"], leaf["b"], case.hidden
    if case.kind == "GRUCell paper":
        Wx_r, Wx_z, Wx_n = Wx.split(hidden, 1)
        Wh_r, Wh_z, Wh_n = Wh.split(hidden, 1)
        b_r, b_z, b_n = b.split(hidden)

        def paper(x: Any, state: Any) -> Any:
            (h,) = state
            r = torch.sigmoid(x @ Wx_r + h @ Wh_r + b_r)
            z = torch.sigmoid(x @ Wx_z + h @ Wh_z + b_z)
            n = torch.tanh(x @ Wx_n + b_n + (r * h) @ Wh_n)
            return ((1 - z) * n + z * h,)

        return paper

    # PyTorch adds two biases where we have one: any split of b will do, except for n of the GRU, whose second one is our bh
    b_hh = torch.linspace(-1, 1, len(b), dtype=b.dtype)
    if case.kind == "GRUCell reset_after":
        b_hh[2 * hidden :] = 0
    weights = {"weight_ih": Wx.T, "weight_hh": Wh.T, "bias_ih": b - b_hh, "bias_hh": b_hh}
    if case.kind == "GRUCell reset_after":
        weights["bias_hh"] = torch.cat([b_hh[: 2 * hidden], leaf["bh"]])
    sizes = (INPUT_SIZE, hidden)
    if case.kind == "LSTMCell":
        lstm = torch.nn.LSTMCell(*sizes, dtype=b.dtype)
        return lambda x, state: torch.func.functional_call(lstm, weights, (x, state))
    if case.kind == "GRUCell reset_after":
        cell = torch.nn.GRUCell(*sizes, dtype=b.dtype)
    else:
        cell = torch.nn.RNNCell(*sizes, nonlinearity=case.kind.removeprefix("RNNCell "), dtype=b.dtype)
    return lambda x, state: (torch.func.functional_call(cell, weights, (x, state[0])),)


# ---- optimizers -----------------------------------------------------------------------------------------------------------

START = {"w": [-1.2, 1.0], "v": [[0.5, -2.0], [4.0, 1.0]]}
STEPS = 20
OPTIMIZERS: dict[str, tuple[str, dict[str, Any]]] = {
    "SGD": ("SGD", {"lr": 0.0009}),
    "SGD with momentum": ("SGD", {"lr": 0.0005, "momentum": 0.8}),
    "Adam": ("Adam", {"lr": 0.05}),
    "Adam with other betas": ("Adam", {"lr": 0.2, "betas": (0.5, 0.75), "eps": 1e-3}),
    "AdamW": ("AdamW", {"lr": 0.05}),
    "AdamW with strong decay": ("AdamW", {"lr": 0.1, "weight_decay": 0.3, "betas": (0.8, 0.9)}),
    "RMSprop": ("RMSprop", {"lr": 0.02}),
    "RMSprop with momentum": ("RMSprop", {"lr": 0.01, "alpha": 0.9, "eps": 1e-4, "momentum": 0.7}),
    "Adagrad": ("Adagrad", {"lr": 0.3}),
    "SGD with decay": ("SGD", {"lr": 0.0009, "weight_decay": 0.3}),
    "SGD with dampening": ("SGD", {"lr": 0.0005, "momentum": 0.8, "dampening": 0.4}),
    "SGD with dampening and decay": ("SGD", {"lr": 0.0005, "momentum": 0.8, "dampening": 0.4, "weight_decay": 0.3}),
    "SGD with Nesterov": ("SGD", {"lr": 0.0005, "momentum": 0.8, "nesterov": True}),
    "SGD with Nesterov and decay": ("SGD", {"lr": 0.0005, "momentum": 0.8, "nesterov": True, "weight_decay": 0.3}),
    "Adam with decay": ("Adam", {"lr": 0.05, "weight_decay": 0.3}),
    "Adam with the largest": ("Adam", {"lr": 0.05, "betas": (0.5, 0.6), "amsgrad": True}),
    "Adam with both": ("Adam", {"lr": 0.05, "betas": (0.5, 0.6), "amsgrad": True, "weight_decay": 0.3}),
    "AdamW with the largest": ("AdamW", {"lr": 0.05, "betas": (0.5, 0.6), "amsgrad": True, "weight_decay": 0.3}),
    "RMSprop centered": ("RMSprop", {"lr": 0.02, "alpha": 0.9, "centered": True}),
    "RMSprop with decay": ("RMSprop", {"lr": 0.02, "weight_decay": 0.3}),
    "RMSprop with all": ("RMSprop", {"lr": 0.01, "alpha": 0.9, "momentum": 0.7, "centered": True, "weight_decay": 0.3}),
    "Adagrad with decay": ("Adagrad", {"lr": 0.3, "weight_decay": 0.3}),
    "groups of SGD": ("SGD", {"lr": 0.0005, "momentum": 0.8, "groups": {"w": {"lr": 0.0002}, "v": {"momentum": 0.0}}}),
    "groups of Adam": ("Adam", {"lr": 0.05, "groups": {"w": {"betas": (0.5, 0.6)}, "v": {"lr": 0.2, "weight_decay": 0.3}}}),
}
# what ours is called and given: PyTorch's class and settings, on a learning rate of 1
SCHEDULES: dict[str, tuple[str, dict[str, Any]]] = {
    "steps(3, 0.5)": ("StepLR", {"step_size": 3, "gamma": 0.5}),
    "exponential(0.9)": ("ExponentialLR", {"gamma": 0.9}),
    "cosine(8)": ("CosineAnnealingLR", {"T_max": 8}),
    "cosine(8, 0.1)": ("CosineAnnealingLR", {"T_max": 8, "eta_min": 0.1}),
    "warm_up(5)": ("LinearLR", {"start_factor": 0.2, "total_iters": 4}),
}


def valley(w: Any, v: Any) -> Any:
    """Rosenbrock's valley in w, a bowl around 3 in v; in operators that arrays, PyTorch's tensors and ours all have."""
    return (1 - w[0]) ** 2 + 100 * (w[1] - w[0] ** 2) ** 2 + 0.5 * ((v - 3) ** 2).sum()


def optimizer_of(library: Any, name: str, parameters: dict[str, Any]) -> Any:
    """An optimizer of the table, of `torch.optim` or of ours, over parameters or over a group of each."""
    kind, settings = OPTIMIZERS[name]
    settings, groups = dict(settings), settings.get("groups")
    settings.pop("groups", None)
    given = [{"params": [p], **groups[key]} for key, p in parameters.items()] if groups else parameters.values()
    return getattr(library, kind)(given, **settings)


def optimizer_values(name: str) -> dict[str, Any]:
    """The parameters after each of twenty steps down the valley."""
    import torch

    parameters = {key: torch.tensor(value, dtype=torch.float64, requires_grad=True) for key, value in START.items()}
    optimizer = optimizer_of(torch.optim, name, parameters)
    path: dict[str, list[Any]] = {key: [] for key in parameters}
    for _ in range(STEPS):
        optimizer.zero_grad()
        valley(**parameters).backward()
        optimizer.step()
        for key, p in parameters.items():
            path[key].append(p.detach().numpy().copy())
    return {key: np.array(steps) for key, steps in path.items()}


def schedule_values(name: str) -> np.ndarray:
    """The learning rates of the first nine updates."""
    import torch

    kind, settings = SCHEDULES[name]
    optimizer = torch.optim.SGD([torch.ones(1, requires_grad=True)], lr=1.0)
    schedule, rates = getattr(torch.optim.lr_scheduler, kind)(optimizer, **settings), []
    for _ in range(9):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    return np.array(rates)


# ---- the file -------------------------------------------------------------------------------------------------------------


def stored() -> dict[str, Any]:
    """The file: the versions it was made with, `cells` by str(case), `optimizers` and `schedules` by name."""
    values: dict[str, Any] = json.loads(FILE.read_text())
    return values


def main() -> None:
    import torch

    lines = {
        "versions": {"numpy": np.__version__, "torch": torch.__version__},
        "cells": {str(case): cell_values(case) for case in CASES},
        "optimizers": {name: optimizer_values(name) for name in OPTIMIZERS},
        "schedules": {name: schedule_values(name) for name in SCHEDULES},
    }
    # one line for each case, so that a change shows where it is
    blocks = []
    for key, block in lines.items():
        rows = [f"{json.dumps(name)}: {json.dumps(value, default=np.ndarray.tolist)}" for name, value in block.items()]
        blocks.append(f"{json.dumps(key)}: {{\n" + ",\n".join(rows) + "\n}")
    FILE.write_text("{" + ",\n".join(blocks) + "}\n")
    print(f"{FILE.name}: {FILE.stat().st_size / 1000:.0f} kB, {len(CASES)} cells, {len(OPTIMIZERS)} optimizers")


if __name__ == "__main__":
    main()
