"""Sentences about parts of a picture: tooltips, and why a gradient is exactly zero."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable

from ...engine.arrays import norm
from ...replay.records import GraphSnapshot, Record
from ..style import clean, spelled
from .boxes import Box, Chip, owner_words
from .formulas import formula
from .shown_graph import View

__all__ = ["named_at_step", "tooltips", "why_nothing", "why_zero"]

TooltipLine = list[str | float]  # of a tooltip: words, and numbers as they are


def named_at_step(record: Record) -> str:
    """A record as people name it: `h at t=3`, `tanh`, `Wx`."""
    name = clean(record.name or record.op or "a constant", 24)
    return name if record.t is None or record.kind == "parameter" else f"{name} at t={record.t}"


def why_zero(graph: GraphSnapshot, use: tuple[int, int]) -> str:
    """Why nothing at all is sent along an edge (child, slot)."""
    child = graph.records[use[0]]
    if child.grad is not None and norm(child.grad) == 0.0:
        return f"{named_at_step(child)}, which uses it, has gradient 0 itself"
    others = [graph.records[p] for slot, p in enumerate(child.parents) if slot != use[1]]
    for other in others:
        if child.op in ("mul", "matmul") and other.value.size and norm(other.value) == 0.0:
            return f"it is multiplied by {named_at_step(other)}, which is all zeros"
    if child.op in ("tanh", "sigmoid"):
        return f"{child.op} is saturated: its slope is 0 in this precision"
    if child.op == "relu":
        return "relu is off in every entry"
    if child.op == "pow":
        return "its slope is 0 where the value is 0"
    if child.op in ("getitem", "take", "where", "max", "maximum"):
        return f"{child.op} selects other entries"
    return f"{named_at_step(child)} sends 0 to it"


def tooltips(view: View) -> dict[Hashable, str]:
    """What shows where the pointer rests: on a box or a pill by its id, on a chip by (box, weight)."""
    names = Counter(view.graph.records[leaf].name for leaf in view.places.shared)
    boxes: dict[Hashable, list[TooltipLine]] = {box.id: _of_box(view, box) for box in (*view.boxes, *view.pills)}
    chips: dict[Hashable, list[TooltipLine]] = {
        (box.id, chip.leaf): _of_chip(view, chip, names) for box in view.boxes for chip in box.chips
    }
    return {**spelled(boxes, 160), **spelled(chips)}


def _of_box(view: View, box: Box) -> list[TooltipLine]:
    """What it is, its values, its gradient and how the gradient goes on."""
    graph, r = view.graph, view.graph.records[box.id]
    when = (
        ""
        if r.t is None or r.kind == "parameter"
        else f" in all {view.turns} steps"
        if view.turns and box.column == 0
        else f" at t={r.t}"
    )
    name = clean(r.name or r.op or "a constant", 24)
    lines: list[TooltipLine]
    if box.kind in ("group", "gate") and len(box.members) > 1:
        what = box.label if box.kind == "group" else name
        lines = [[f"{what}: {len(box.members)} ops{when}"], [f"{name} = {formula(graph, r, view.places.letters())}"]]
    else:
        what = r.op + (f" {r.settings}" if r.settings else "") if r.kind == "op" else r.kind
        if r.id in view.places.starts:
            letter = clean(view.places.letters().get(r.id, ""), 12)
            what = f"the state{f' {letter}' if letter else ''} that it begins with, a constant"
        lines = [[f"{name}{when} ({what})" if r.name else f"{what}{when}"]]
    if when.startswith(" in all") and box.strength is not None:
        together = {"grad": "norm of its gradients", "value": "root mean square"}.get(view.color, "")
        return [*lines, [f"{together} in all steps together ", box.strength]]
    values: TooltipLine = [", values ", r.low, " to ", r.high] if r.value.size else []
    lines.append(["shape " + ("×".join(map(str, box.shape)) or "()"), *values])
    if view.color == "value" and box.strength is not None:
        lines.append(["root mean square ", box.strength])
    lines.append(_gradient_line(r))
    if r.grad_norm == 0.0:
        lines.append([why_nothing(graph, r)])
    if r.kind == "op" and box.kind == "op":
        lines.append([r.words])
    return lines


def why_nothing(graph: GraphSnapshot, r: Record) -> str:
    """Why the gradient of a record is exactly zero."""
    uses = graph.reads(r)
    sent = [norm(graph.sent[use]) for use in uses if use in graph.sent]
    if any(sent):
        return "what its uses send cancels"
    return why_zero(graph, uses[0]) if uses else ""


def _gradient_line(r: Record) -> TooltipLine:
    size = r.grad_norm
    if size is None:
        return ["no gradient" if r.kind != "constant" else "data: no gradient is wanted"]
    if size == 0.0:
        return ["gradient exactly 0"]
    return ["gradient norm ", size] if math.isfinite(size) else ["gradient not finite (NaN or infinity)"]


def _of_chip(view: View, chip: Chip, names: Counter[str | None]) -> list[TooltipLine]:
    """What this use adds to the gradient of the weight."""
    records = view.graph.records
    child = records[chip.uses[0][0]]
    user = clean(child.name or child.op, 24) + f" in all {view.turns} steps" if view.turns else named_at_step(child)
    alike = names[records[chip.leaf].name] > 1
    owner = f" of {clean(owner_words(view.graph, view.places, chip.leaf), 40)}" if alike else ""
    lines: list[TooltipLine] = [[f"{clean(chip.label, 24)}{owner}, used by {user}"]]
    if view.color == "value" and chip.strength is not None:
        lines.append(["root mean square ", chip.strength])
    if view.color == "grad" and chip.strength is not None:
        why = "" if chip.strength else f": {why_zero(view.graph, chip.uses[0])}"
        adds: TooltipLine = ["adds ", chip.strength, " (norm) to its gradient"]
        lines.append(adds if chip.strength else [f"adds exactly 0 to its gradient{why}"])
    return lines
