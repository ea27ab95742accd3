"""Every random generator that training may draw from: they are saved with a checkpoint, so that it resumes to the bit."""

from __future__ import annotations

from typing import Any

import numpy as np

from .nn.module import Module, _walk
from .tensor import Tensor

__all__ = ["generators_of"]


def generators_of(model: Module, rng: np.random.Generator | None) -> dict[str, np.random.Generator]:
    """Every generator that training may draw from, by name, each once: `rng`, and those that modules hold (dropout)."""
    modules = [
        ("model", model),
        *((f"model.{path}", m) for path, m in _walk("", vars(model), {id(model)}) if not isinstance(m, Tensor)),
    ]
    found: dict[int, tuple[str, np.random.Generator]] = {}

    def look(name: str, value: Any) -> None:
        if isinstance(value, np.random.Generator):
            found.setdefault(id(value.bit_generator), (name, value))
        elif isinstance(value, dict):
            for key, item in value.items():
                look(f"{name}.{key}", item)
        elif isinstance(value, (list, tuple)):
            for k, item in enumerate(value):
                look(f"{name}.{k}", item)

    look("rng", rng)
    for path, m in modules:
        for name, value in vars(m).items():
            look(f"{path}.{name}", value)
    return dict(found.values())
