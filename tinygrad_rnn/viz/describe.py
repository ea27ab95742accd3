"""The picture in words: for screen readers, terminals and tests."""

from __future__ import annotations

import math

from ..records import Record
from .style import clean, number
from .view import View
from .words import chip_words, why_zero

__all__ = ["describe", "heading"]


def heading(view: View) -> str:
    """The title of a picture: which cell, how many steps, what its colours are."""
    what = {"grad": "gradient of the loss", "value": "size of the values", "none": "the graph"}[view.color]
    if not view.steps:
        count = sum(r.kind == "op" for r in view.graph)
        what = what.replace("loss", "result")
        return f"{count} {'op' if count == 1 else 'ops'}: {what}"
    return f"{cell_name(view)}, T = {len(view.steps)}: {what}, {view.level} level"


def cell_name(view: View) -> str:
    """The cells of a graph, by the scopes that were open inside its time steps."""
    names = dict.fromkeys(
        r.frames[k + 1].name.removesuffix("Cell")
        for r in view.graph
        for k, frame in enumerate(r.frames[:-1])
        if r.kind == "op" and frame.name == "t"
    )
    return clean(" + ".join(names), 40) if names else "recurrence"


def describe(view: View) -> str:
    """A few lines: size, how the gradient goes back through time, weights, exact zeros, what is hidden."""
    graph = view.graph
    ops = sum(r.kind == "op" for r in graph)
    steps = len(view.steps)
    name = f"{cell_name(view)}, {steps} {'step' if steps == 1 else 'steps'}, " if steps else ""
    count = sum(r.kind == "parameter" for r in graph)
    lines = [f"{name}{ops} {'op' if ops == 1 else 'ops'}, {count} {'weight' if count == 1 else 'weights'}."]
    if view.hidden:
        first, last = view.steps[view.hidden[0]], view.steps[view.hidden[-1]]
        lines.append(f"Steps {first} to {last} are hidden ({len(view.hidden)} of {steps}).")
    if graph.root.grad is None:
        shape = "×".join(map(str, graph.root.shape))
        lines.append(f"There are no gradients: the result has shape {shape}, not a single number.")
        return "\n".join(lines)
    lines += _through_time(view)
    weights = [f"{clean(r.name or 'a weight', 24)} {number(r.grad_norm)}" for r in graph.parameters if r.grad_norm is not None]
    if weights:
        lines.append("Gradient norms of the weights: " + ", ".join(weights) + ".")
    return "\n".join([*lines, *_zeros(view), *_broken(view)])


def _through_time(view: View) -> list[str]:
    """For every state that is handed on: its gradient at the first and at the last step."""
    by_name: dict[str, list[Record]] = {}
    wanted = {name for box in view.boxes if box.state for name in box.states if name}
    for r in view.graph:
        if r.kind == "op" and r.t is not None and r.name in wanted:
            by_name.setdefault(r.name or "", []).append(r)
    lines = []
    for name, records in sorted(by_name.items(), key=lambda item: (item[0] != "h", item[0])):
        first, last = records[0], records[-1]
        a, b = first.grad_norm, last.grad_norm
        if first.t == last.t or a is None or b is None:
            continue
        how = "stays about the same, from" if b and 0.5 < a / b < 2 else "falls from" if a < b else "grows from"
        lines.append(f"The gradient |dL/d{clean(name, 12)}| {how} {number(b)} at t={last.t} to {number(a)} at t={first.t}.")
    return lines


def _zeros(view: View) -> list[str]:
    graph = view.graph
    lines = []
    for box in view.boxes:
        for chip in box.chips:
            if chip.strength == 0.0 and view.color == "grad":
                lines.append(chip_words(view, chip).replace("\n", " ") + ".")
    for box in view.boxes:
        r = graph[box.id]
        if r.name and r.grad_norm == 0.0:
            use = next(((c.id, slot) for c in graph.records[r.id :] for slot, p in enumerate(c.parents) if p == r.id), None)
            where = f" at t={r.t}" if r.t is not None else ""
            lines.append(f"{clean(r.name, 24)}{where} has gradient exactly 0" + (f": {why_zero(graph, use)}." if use else "."))
    return lines


def _broken(view: View) -> list[str]:
    count = sum(1 for r in view.graph if r.grad_norm is not None and not math.isfinite(r.grad_norm))
    return [f"{count} gradients are NaN or infinite."] if count else []
