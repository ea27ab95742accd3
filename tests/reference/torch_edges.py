"""What PyTorch gives at the edges: powers of 0 and below, functions at infinity and NaN; values and gradients, in torch_edges.json.

    python tests/reference/torch_edges.py      writes that file anew; needs torch

JSON's NaN and Infinity are Python's.
"""

from __future__ import annotations

import json
from itertools import product
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_suffix(".json")
BASES = (-2.0, -1.0, -0.0, 0.0, 0.5, 2.0)
EXPONENTS = (-2.0, -1.0, 0.0, 0.5, 1.0, 2.0, 3.0)
POINTS = (float("-inf"), float("inf"), float("nan"), -1e308, 1e308, 0.0)
INF = float("inf")
ROWS = ([-INF, 0, 1], [INF, 0, 1], [-INF, -INF, 0], [-INF, -INF, -INF], [INF, INF, 0], [-INF, INF, 0])
# the functions by their names here, as text in which x is the input
NUMBERS = {
    "abs(x)": "torch.abs(x)", "cos(x)": "torch.cos(x)", "exp(x)": "torch.exp(x)", "log(x)": "torch.log(x)",
    "relu(x)": "torch.relu(x)", "sigmoid(x)": "torch.sigmoid(x)", "sin(x)": "torch.sin(x)", "tanh(x)": "torch.tanh(x)",
    "log_sigmoid(x)": "F.logsigmoid(x)", "softplus(x)": "F.softplus(x)", "x.clip(-1, 1)": "x.clamp(-1, 1)",
    "x.sqrt()": "x.sqrt()", "x**2": "x**2", "x**3": "x**3", "x**-1": "x**-1", "1 / x": "1 / x",
}  # fmt: skip
VECTORS = {"softmax(x)": "F.softmax(x, -1)", "log_softmax(x)": "F.log_softmax(x, -1)"}


def powers(a: float, b: float) -> list[float]:
    """a**b, its gradients in a and b, and those of these two in a and b, in this order."""
    import torch

    x, y = (torch.tensor(number, dtype=torch.float64, requires_grad=True) for number in (a, b))
    z = x**y
    first = torch.autograd.grad(z, [x, y], create_graph=True)
    return [z.item(), *(g.item() for g in first), *(_slope(g, t) for g in first for t in (x, y))]


def at(function: str, point: float) -> list[float]:
    """The value, the gradient, and its gradient."""
    x, y = _computed(function, point)
    return [y.item(), _slope(y, x), _slope(_recorded(y, x), x)]


def along(function: str, row: list[float]) -> list[list[float]]:
    """The values, and the gradient of the last one."""
    x, y = _computed(function, row)
    return [y.tolist(), _recorded(y[-1], x).tolist()]


def _computed(function: str, values: Any) -> tuple[Any, Any]:
    import torch
    import torch.nn.functional as F

    x = torch.tensor(values, dtype=torch.float64, requires_grad=True)
    return x, eval(function, {"torch": torch, "F": F, "x": x})


def _recorded(y: Any, x: Any) -> Any:
    import torch

    return torch.autograd.grad(y, x, create_graph=True)[0]


def _slope(y: Any, x: Any) -> float:
    import torch

    g = torch.autograd.grad(y, x, retain_graph=True, allow_unused=True)[0] if y.requires_grad else None
    return 0.0 if g is None else g.item()


def stored() -> dict[str, Any]:
    """The file: the versions it was made with, `powers` (a, b, values), `numbers` and `vectors` (function, input, values)."""
    values: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    return values


def main() -> None:
    import torch

    parts = {
        "powers": [[a, b, powers(a, b)] for a, b in product(BASES, EXPONENTS)],
        "numbers": [[here, x, at(there, x)] for (here, there), x in product(NUMBERS.items(), POINTS)],
        "vectors": [[here, x, along(there, x)] for (here, there), x in product(VECTORS.items(), ROWS)],
    }
    rows = [f'"{name}": [\n' + ",\n".join(map(json.dumps, cases)) + "\n]" for name, cases in parts.items()]
    FILE.write_text("{\n" + ",\n".join([f'"versions": {{"torch": "{torch.__version__}"}}', *rows]) + "\n}\n", encoding="utf-8")
    print(f"{FILE.name}: {FILE.stat().st_size / 1000:.0f} kB, {sum(map(len, parts.values()))} cases")


if __name__ == "__main__":
    main()
