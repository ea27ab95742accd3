"""The training steps that are measured: shapes, seeded data, seeded weights.

A workload is one training step without an optimizer: forward, loss, the gradient of every weight. Weights have PyTorch's
names and layout, `w_ih` (gates hidden, input), so that every peer starts from the same numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from itertools import pairwise

import numpy as np

GATES = {"rnn": 1, "lstm": 4, "gru": 3}
DECAY = 1e-4  # the L2 penalty in the loss of the MLP


@dataclass(frozen=True)
class Workload:
    """T steps, B sequences, I inputs, H hidden. V > 0: inputs are one-hot, with a softmax over V. `sizes`: those of an MLP."""

    name: str
    kind: str  # "rnn", "lstm", "gru", "mlp"
    T: int = 1
    B: int = 1
    I: int = 1
    H: int = 1
    V: int = 0
    sizes: tuple[int, ...] = ()
    dtype: str = "float32"
    weights: dict[str, np.ndarray] = field(default_factory=dict, compare=False, repr=False)
    x: np.ndarray = field(default_factory=lambda: np.zeros(0), compare=False, repr=False)
    y: np.ndarray = field(default_factory=lambda: np.zeros(0), compare=False, repr=False)

    @property
    def title(self) -> str:
        """Its shape in a line."""
        if self.kind == "mlp":
            return f"{self.name} MLP {'-'.join(map(str, self.sizes))}, batch {self.B}"
        head = f", softmax over {self.V}" if self.V else ""
        return f"{self.name} {self.kind.upper()} T={self.T} B={self.B} I={self.I} H={self.H}{head}"

    def filled(self, dtype: str, T: int | None = None) -> Workload:
        """The same workload with its arrays: the same numbers in every dtype, rounded."""
        work = replace(self, dtype=dtype, T=T or self.T)
        weights, x, y = (_mlp if self.kind == "mlp" else _recurrent)(work, np.random.default_rng(7))
        return replace(work, weights={name: _cast(w, dtype) for name, w in weights.items()}, x=_cast(x, dtype), y=_cast(y, dtype))


Arrays = tuple[dict[str, np.ndarray], np.ndarray, np.ndarray]


def _cast(a: np.ndarray, dtype: str) -> np.ndarray:
    return np.ascontiguousarray(a, dtype=dtype)


def _uniform(rng: np.random.Generator, fan: int) -> Callable[..., np.ndarray]:
    return lambda *shape: rng.uniform(-1, 1, shape) / np.sqrt(fan)


def _recurrent(work: Workload, rng: np.random.Generator) -> Arrays:
    T, B, I, H, V = work.T, work.B, work.I, work.H, work.V
    rows, draw = GATES[work.kind] * H, _uniform(rng, H)
    weights = {"w_ih": draw(rows, I), "w_hh": draw(rows, H), "b_ih": draw(rows), "b_hh": draw(rows)}
    if V:
        weights |= {"w_out": draw(V, H), "b_out": draw(V)}
        symbols = np.eye(V)[rng.integers(V, size=(T + 1, B))]
        return weights, symbols[:-1], symbols[1:]  # the next symbol is the target
    return weights, rng.standard_normal((T, B, I)), 0.5 * rng.standard_normal((T, B, H))


def _mlp(work: Workload, rng: np.random.Generator) -> Arrays:
    """Two half moons, told apart by a sign: the demonstration of micrograd."""
    weights: dict[str, np.ndarray] = {}
    for k, (inputs, outputs) in enumerate(pairwise(work.sizes)):
        draw = _uniform(rng, inputs)
        weights |= {f"w{k}": draw(outputs, inputs), f"b{k}": draw(outputs)}
    angle = np.pi * rng.random(work.B)
    side = np.where(np.arange(work.B) % 2, 1.0, -1.0)
    lower = side < 0
    x = np.stack([side * np.cos(angle) + 0.5 * lower, side * np.sin(angle) + 0.25 * lower], axis=1)
    return weights, x + 0.1 * rng.standard_normal(x.shape), side[:, None]


WORKLOADS = {
    work.name: work
    for work in (
        Workload("W1", "rnn", T=25, B=1, I=65, H=100, V=65),
        Workload("W2", "rnn", T=50, B=32, I=32, H=64),
        Workload("W3", "lstm", T=50, B=32, I=64, H=128),
        Workload("W4", "gru", T=50, B=32, I=64, H=128),
        Workload("W5", "lstm", T=200, B=64, I=128, H=256),
        Workload("W6", "rnn", T=2000, B=1, I=16, H=16),
        Workload("W7", "mlp", B=100, sizes=(2, 16, 16, 1)),
    )
}
