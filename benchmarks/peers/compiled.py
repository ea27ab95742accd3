"""This engine's own program: one step is recorded and rolled back into its loop; as NumPy, or with its loops in machine code."""

from __future__ import annotations

from typing import Any

from tinygrad_rnn.program import native, program_of, source

from ..workloads import Workload
from . import Step
from .ours import from_cell, layers, primitives


def build(work: Workload, variant: str) -> Step:
    _, forward = primitives(work) if work.kind == "mlp" else layers(work)
    program = program_of(forward())
    run, arrays = native(program) if variant == "native" else _numpy(program), [v.array for v in program.given]
    names = [p.name for p in program.gradients]

    def step():
        loss, found = run(*arrays)
        gradients = dict(zip(names, found, strict=True))
        return float(loss), gradients if work.kind == "mlp" else from_cell(work, gradients)

    return step


def _numpy(program: Any) -> Any:
    text: dict[str, Any] = {}
    exec(source(program, buffers=True), text)  # noqa: S102 - this package printed it
    return text["step"]
