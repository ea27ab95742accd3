"""The picture in words: for screen readers, terminals and tests."""

from __future__ import annotations

import math
import re

import numpy as np

from ...engine.scopes import Frame
from ...replay.records import Record
from ..style import clean, number
from .boxes import heading_of, leaf_labels, owner_words, strength_of
from .shown_graph import View
from .time_columns import in_cell, scope_of
from .tooltips import named_at_step, why_nothing, why_zero

__all__ = ["describe", "heading", "states_in_time"]


def heading(view: View) -> str:
    """The title of a picture: which cell, how many steps, what its colours are."""
    what = {"grad": "gradient of the loss", "value": "size of the values", "none": "the graph"}[view.color]
    if not view.steps:
        count = sum(r.kind == "op" for r in view.graph)
        what = what.replace("loss", "result")
        return f"{count} {'op' if count == 1 else 'ops'}: {what}"
    if view.turns:
        return f"{cell_name(view)}, rolled up, × {view.turns}: {what}, {view.level} level"
    opened = "".join(f", t = {view.steps[column]} opened" for column in sorted(view.opened))
    return f"{cell_name(view)}, T = {len(view.steps)}: {what}, {view.level} level{opened}"


def cell_name(view: View) -> str:
    """The cells of a graph, by the scopes that were open inside its time steps: `LSTM, 2 layers, both directions`."""
    names: dict[str, None] = {}
    layers, directions = set(), set()
    for r in view.graph:
        if r.kind == "op" and r.t is not None and in_cell(r):
            scope = scope_of(r)
            names[scope[-1].name.removesuffix("Cell")] = None
            numbers = tuple(frame.get("layer") for frame in scope if frame.get("layer") is not None)
            layers |= {numbers} if numbers else set()
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
        ways = {e.loop for e in view.edges} - {0}
        where = {
            (1,): "one step later",
            (-1,): "one step earlier",
            (-1, 1): "one step later, or earlier where it reads backwards",
        }
        lines.append(
            f"All steps are folded into one column; every state leads back to it, {where.get(tuple(sorted(ways)), 'nowhere')}."
        )
    if view.hidden:
        first, last = view.steps[view.hidden[0]], view.steps[view.hidden[-1]]
        lines.append(f"Steps {first} to {last} are left out ({len(view.hidden)} of {steps}).")
    lines += _first_broken_value(view)
    if view.color == "value":
        return "\n".join(lines + _through_time(view))
    if graph.root.grad is None:
        shape = "×".join(map(str, graph.root.shape))
        lines.append(f"There are no gradients: the result has shape {shape}, not a single number.")
        return "\n".join(lines)
    lines += _cuts(view) + _through_time(view)
    weights, labels = [], leaf_labels(graph, view.places)
    for r in graph.parameters:
        if r.grad_norm is not None:
            name = clean((r.name and labels.get(r.id, r.name)) or "a weight " + "×".join(map(str, r.shape)), 24)
            weights.append(f"{name}{_of([_owner(view, r.id)])} {number(r.grad_norm)}")
    if weights:
        lines.append("Gradient norms of the weights: " + ", ".join(weights) + ".")
    return "\n".join([*lines, *_zeros(view), *_broken(view)])


def states_in_time(view: View) -> dict[tuple[str, str], list[Record]]:
    """The records of every state that is handed on, by (which cell, layer or direction; name), in the order of time."""
    names, wanted = view.places.state_names(view.graph), {name for box in view.boxes if box.state for name in box.states if name}
    found: dict[tuple[tuple[Frame, ...], str], list[Record]] = {}
    for r in view.graph:
        if r.kind == "op" and r.t is not None and names[r.id] in wanted and r.shape != ():
            found.setdefault((scope_of(r), names[r.id]), []).append(r)
    several = len({scope for scope, _ in found}) > 1
    ordered = {}
    for (scope, name), records in found.items():
        where = (view.places.row(scope) or heading_of(view.places, scope)) if several and scope else ""
        ordered[where, name] = sorted(records, key=lambda r: r.t or 0)
    return ordered


def _windows(view: View, records: list[Record]) -> list[list[Record]]:
    """The records of a state, split where a state comes in detached."""
    places = view.places
    starts = {places.column[child] for id, (state, side) in places.cuts.items() for child, _ in view.graph.reads(view.graph[id])}
    windows: list[list[Record]] = [[]]
    for r in records:
        if places.column[r.id] in starts and windows[-1]:
            windows.append([])
        windows[-1].append(r)
    return windows


def _through_time(view: View) -> list[str]:
    """For every state that is handed on: its gradient (or value) at the first and at the last step of what hangs together."""
    values = view.color == "value"
    lines, read_by_loss = [], set[int]() if values else _read_by_loss(view)
    for (where, name), records in sorted(
        states_in_time(view).items(), key=lambda item: (item[0][0], item[0][1] != "h", item[0][1])
    ):
        what = f"root mean square of {clean(name, 12)}" if values else f"gradient |dL/d{clean(name, 12)}|"
        what = f"The {what}{f' of {clean(where, 40)}' if where else ''}"
        for window in [records] if values else _windows(view, records):
            read = sorted(window, key=lambda r: r.id)  # in the order in which the cell read: a gradient goes the other way
            known = [(r.t, size) for r in read if (size := strength_of(r, view.color)) is not None]
            if len(known) > 1 and known[0][0] != known[-1][0]:
                count = len(read_by_loss.intersection(r.id for r in read))
                adds = f"; the loss reads {count} of these {len(known)} steps, and what they get adds up" if count > 1 else ""
                lines.append(f"{what} {_change(known if values else known[::-1])}{adds}.")
    return lines


def _read_by_loss(view: View) -> set[int]:
    """The states that get a gradient from the loss in another way than through the states of later steps."""
    graph, states = view.graph, {r.id for records in states_in_time(view).values() for r in records}
    parents, when = {r.id: r.parents for r in graph}, {r.id: r.t for r in graph}
    found: set[int] = set()
    root = graph.root.id
    ends = [root]
    while ends:
        end = ends.pop()
        seen, waiting = {end}, [end]
        while waiting:
            child = waiting.pop()
            for slot, p in enumerate(parents[child]):
                if p not in states and p not in seen:
                    seen.add(p)
                    waiting.append(p)
                here = end == root or when[p] == when[end]
                if p in states and p not in found and here and np.any(graph.sent.get((child, slot), 0.0)):
                    found.add(p)
                    ends.append(p)
    return found


def _change(known: list[tuple[int | None, float]]) -> str:
    """How a size changes from the first pair (step, size) to the last."""
    broken = [t for t, size in known if not math.isfinite(size)]
    if broken:
        return f"is not finite (NaN or infinity) in {len(broken)} of {len(known)} steps, from t={broken[0]}"
    (start, a), (end, b) = known[0], known[-1]
    if a == b == 0.0:
        return f"is exactly 0 from t={start} to t={end}"
    peak, most = max(known, key=lambda pair: pair[1])
    if most > 2 * a and most > 2 * b:
        return f"grows from {number(a)} at t={start} to {number(most)} at t={peak}, and falls to {number(b)} at t={end}"
    how = "stays about the same, from" if a and 0.5 < b / a < 2 else "falls from" if b < a else "grows from"
    return f"{how} {number(a)} at t={start} to {number(b)} at t={end}"


def _cuts(view: View) -> list[str]:
    """Where a state was detached."""
    lines = []
    for id, (state, _) in sorted(view.places.cuts.items()):
        first = view.graph[view.graph.reads(view.graph[id])[0][0]]
        name = clean(str(state[2] or "the state"), 12)
        lines.append(f"At t={first.t} {name} comes in detached: no gradient goes back from there to the step before.")
    return lines


def _zeros(view: View) -> list[str]:
    """What has no gradient at all, and why: alike uses in one line, which names layer and direction where there are several."""
    graph = view.graph
    alike: dict[tuple[str, str], dict[str, list[int | None]]] = {}  # (name, what) -> whose -> steps
    for box in view.boxes if view.color == "grad" and not view.turns else ():
        r = graph[box.id]
        for chip in box.chips:
            if chip.strength == 0.0:
                what = f"adds exactly 0 to its gradient: {_undated(why_zero(graph, chip.uses[0]))}"
                alike.setdefault((clean(chip.label, 24), what), {}).setdefault(_owner(view, chip.leaf), []).append(r.t)
        if r.name and r.grad_norm == 0.0:
            why = why_nothing(graph, r)
            what = "has gradient exactly 0" + (f": {_undated(why)}" if why else "")
            alike.setdefault((clean(r.name, 24), what), {}).setdefault(_lane(view, r), []).append(r.t)
    lines: dict[tuple[str, str, str], list[str]] = {}  # whose it is, where name, what and steps are the same
    for (name, what), owners in alike.items():
        for owner, steps in owners.items():
            lines.setdefault((_when(steps), name, what), []).append(owner)
    return [f"{when}{name}{_of(owners)} {what}." for (when, name, what), owners in lines.items()]


def _owner(view: View, leaf: int) -> str:
    """Whose weight it is, if others have its name."""
    alike = [r for r in view.graph.parameters if r.name == view.graph[leaf].name]
    owner = owner_words(view.graph, view.places, leaf) if len(alike) > 1 else ""
    return "" if owner == "weights" else clean(owner, 40)


def _lane(view: View, record: Record) -> str:
    """The cell of an op, with layer and direction, if other cells have one of that name."""
    scopes = {scope_of(r) for r in view.graph if r.kind == "op" and r.name == record.name}
    scope = scope_of(record)
    if len(scopes) < 2 or not scope:
        return ""
    return clean(f"{scope[-1].name.removesuffix('Cell')} {view.places.row(scope)}".rstrip(), 40)


def _of(owners: list[str]) -> str:
    known = [owner for owner in owners if owner]
    return f" of {' and '.join(filter(None, (', '.join(known[:-1]), known[-1])))}" if known else ""


def _undated(why: str) -> str:
    return re.sub(r" at t=\d+", "", why)


def _when(steps: list[int | None]) -> str:
    known = sorted({t for t in steps if t is not None})
    if not known:
        return ""
    if len(known) < 3:
        return f"At t={' and t='.join(map(str, known))} "
    return f"In {len(known)} steps from t={known[0]} to t={known[-1]} "


def _first_broken_value(view: View) -> list[str]:
    for r in view.graph:
        if r.value.size and not np.isfinite(r.value).all():
            return [f"The first value that is not finite (NaN or infinity) is {named_at_step(r)}."]
    return []


def _broken(view: View) -> list[str]:
    count = sum(1 for r in view.graph if r.grad_norm is not None and not math.isfinite(r.grad_norm))
    return [f"{count} {'gradient is' if count == 1 else 'gradients are'} NaN or infinite."] if count else []
