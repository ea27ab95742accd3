"""The picture in words: for screen readers, terminals and tests."""

from __future__ import annotations

import math

from ..records import Record
from .steps import in_cell, scope_of, where_of
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
    if view.turns:
        return f"{cell_name(view)}, rolled up, × {view.turns}: {what}, {view.level} level"
    return f"{cell_name(view)}, T = {len(view.steps)}: {what}, {view.level} level"


def cell_name(view: View) -> str:
    """The cells of a graph, by the scopes that were open inside its time steps: `LSTM, 2 layers, both directions`."""
    names: dict[str, None] = {}
    layers, directions = set(), set()
    for r in view.graph:
        if r.kind == "op" and r.t is not None and in_cell(r):
            scope = scope_of(r)
            names[scope[-1].name.removesuffix("Cell")] = None
            layers.add(tuple(frame.get("layer") for frame in scope if frame.get("layer") is not None))
            directions.add(next((frame.get("direction") for frame in reversed(scope) if frame.get("direction") is not None), 1))
    name = clean(" + ".join(names), 40) if names else "recurrence"
    return name + (f", {len(layers)} layers" if len(layers) > 1 else "") + (", both directions" if len(directions) > 1 else "")


def describe(view: View) -> str:
    """A few lines: size, how the gradient goes back through time, weights, exact zeros, what is hidden."""
    graph = view.graph
    ops = sum(r.kind == "op" for r in graph)
    steps = view.turns or len(view.steps)
    name = f"{cell_name(view)}, {steps} {'step' if steps == 1 else 'steps'}, " if steps else ""
    count = sum(r.kind == "parameter" for r in graph)
    lines = [f"{name}{ops} {'op' if ops == 1 else 'ops'}, {count} {'weight' if count == 1 else 'weights'}."]
    if view.turns:
        lines.append(f"All {steps} steps are folded into one column; every state leads back to it, one step later.")
    if view.hidden:
        first, last = view.steps[view.hidden[0]], view.steps[view.hidden[-1]]
        lines.append(f"Steps {first} to {last} are hidden ({len(view.hidden)} of {steps}).")
    if graph.root.grad is None:
        shape = "×".join(map(str, graph.root.shape))
        lines.append(f"There are no gradients: the result has shape {shape}, not a single number.")
        return "\n".join(lines)
    lines += _cuts(view) + _through_time(view)
    weights = [f"{clean(r.name or 'a weight', 24)} {number(r.grad_norm)}" for r in graph.parameters if r.grad_norm is not None]
    if weights:
        lines.append("Gradient norms of the weights: " + ", ".join(weights) + ".")
    return "\n".join([*lines, *_zeros(view), *_broken(view)])


def _through_time(view: View) -> list[str]:
    """For every state that is handed on, in every layer and direction: its gradient at the first and at the last step."""
    lanes: dict[tuple[str, str], list[Record]] = {}
    wanted = {name for box in view.boxes if box.state for name in box.states if name}
    for r in view.graph:
        if r.kind == "op" and r.t is not None and r.name in wanted:
            lanes.setdefault((where_of(scope_of(r)), r.name or ""), []).append(r)
    lines = []
    for (where, name), records in sorted(lanes.items(), key=lambda item: (item[0][0], item[0][1] != "h", item[0][1])):
        known = sorted((r for r in records if r.grad_norm is not None), key=lambda r: r.t or 0)
        if len(known) < 2 or known[0].t == known[-1].t:
            continue
        first, last = known[0], known[-1]
        what = f"The gradient |dL/d{clean(name, 12)}|{f' of {where}' if where else ''}"
        broken = [r for r in known if not math.isfinite(r.grad_norm or 0.0)]
        if broken:
            lines.append(
                f"{what} is not finite (NaN or infinity) in {len(broken)} of {len(known)} steps, first at t={broken[-1].t}."
            )
            continue
        a, b = first.grad_norm or 0.0, last.grad_norm or 0.0
        how = "stays about the same, from" if b and 0.5 < a / b < 2 else "falls from" if a < b else "grows from"
        lines.append(f"{what} {how} {number(b)} at t={last.t} to {number(a)} at t={first.t}.")
    return lines


def _cuts(view: View) -> list[str]:
    """Where a state was detached."""
    lines = []
    for id, (state, _) in sorted(view.places.cuts.items()):
        first = next(r for r in view.graph.records[id:] if id in r.parents)
        name = clean(str(state[2] or "the state"), 12)
        lines.append(f"At t={first.t} {name} comes in detached: no gradient goes back from there to the step before.")
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
    return [f"{count} {'gradient is' if count == 1 else 'gradients are'} NaN or infinite."] if count else []
