"""A backward pass as plain data: who sends what to whom in which order, and which parts of a view show it.

The script of a page folds these events and does no arithmetic on gradients: every norm in here was computed by the engine, and is
rounded as it is written.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ...engine.arrays import norm
from ...replay.records import GraphSnapshot, Record
from ...replay.stepper import play
from ...replay.worked_rule import worked
from ...shared.array_type import Array
from ..layout.coordinates import arrange
from ..layout.placed_parts import Layout
from ..style import Scale, clean, number
from ..view.description import states_in_time
from ..view.formulas import formula
from ..view.shown_graph import EdgeUse, View
from ..view.time_columns import Places
from ..view.tooltips import named_at_step, why_nothing
from .uncoloured import bare, skeleton

__all__ = ["Playback", "alike", "digits"]

APART = 48.0  # from one mark of a step to the next, at least
SEED = (-1, -1)  # the event in which the loss gets its own gradient, which is 1


class Playback:
    """The events of a snapshot, counted from 0: first the loss gets its gradient, then one event for every gradient sent."""

    def __init__(self, graph: GraphSnapshot) -> None:
        assert graph.root.grad is not None
        self.graph = graph
        self.uses: list[EdgeUse] = [SEED]
        self.sent, self.have = [self._size(graph.root.grad)], [self._size(graph.root.grad)]
        with np.errstate(all="ignore"):  # infinite gradients add up to NaN: the page shows that
            for event in play(graph):
                for message in event.sent:
                    self.uses.append((event.node.id, message.slot))
                    self.sent.append(self._size(message.gradient))
                    self.have.append(self._size(message.so_far))
        self.number = {use: k for k, use in enumerate(self.uses)}
        self.bundles: dict[tuple[EdgeUse, ...], int] = {}  # uses that one edge or chip stands for, and their number

    def _size(self, gradient: Array) -> float:
        """The norm; in a graph of numbers without time steps the number itself, as on its boxes."""
        return gradient.item() if gradient.size == 1 and not self.graph.steps else norm(gradient)

    def flow(self) -> dict[str, Any]:
        """What does not depend on the numbers: the nodes in words, and for every event who sends and who receives."""
        graph = self.graph
        letters = Places.of(graph).letters()
        parents = [graph[child].parents[slot] if child >= 0 else graph.root.id for child, slot in self.uses]
        return {
            "names": [_spoken(r) for r in graph],
            "kinds": [r.kind for r in graph],
            "steps": [r.t for r in graph],
            "what": [clean(f"{r.op} {r.settings}".strip(), 80) for r in graph],
            "formulas": [_equation(r, formula(graph, r, letters)) if r.kind == "op" else "" for r in graph],
            "rules": [r.words for r in graph],
            "shapes": ["×".join(map(str, r.shape)) or "()" for r in graph],
            "child": [child for child, _ in self.uses],
            "parent": parents,
        }

    def numbers(self) -> dict[str, Any]:
        """What does: the values, the norms of what is sent and of what the receiver has afterwards, and one entry worked out."""
        graph = self.graph
        return {
            "worked": [self._worked(use) for use in self.uses],
            "low": [digits(r.low) for r in graph],
            "high": [digits(r.high) for r in graph],
            "sent": [digits(size) for size in self.sent],
            "have": [digits(size) for size in self.have],
            "bundles": [[digits(size) for size in self._together(uses)] for uses in self.bundles],
            "why": {r.id: clean(why_nothing(graph, r), 160) for r in graph if r.grad_norm == 0.0},
        }

    def _worked(self, use: EdgeUse) -> str:
        """The largest entry of what is sent, as on paper; nothing where it is only handed on, or where it has no formula."""
        one = worked(self.graph, self.graph[use[0]], use[1]) if use != SEED else None
        if one is None or one.text == f"{one.result:.3g}":
            return ""
        text = one.text.replace("**2", "²").replace("**", "^").replace(" * ", " × ")
        where = f"{list(one.entry)}: " if one.entry else ""
        return f"{where}{text} = {one.result:.3g}".replace("-", "−")

    def view(self, view: View, scale: Scale) -> dict[str, Any]:
        """A picture without colours, and which nodes and events its parts stand for."""
        layout = arrange(bare(view))
        svg, frame = skeleton(layout, scale)
        hidden, x = [view.steps[column] for column in view.hidden], _time_axis(layout)
        half = (x[view.steps[1]] - x[view.steps[0]]) / 2 if hidden else 0.0
        return {
            "svg": svg,
            "frame": [round(v, 1) for v in frame],
            "columns": [[b.words, round(b.left, 1), round(b.right, 1)] for b in layout.bands if b.words],
            "gap": [round(x[hidden[0]] - half, 1), round(x[hidden[-1]] + half, 1), hidden[0], hidden[-1]] if hidden else None,
            "boxes": {box.id: box.members for box in view.boxes},
            "edges": [self._events(edge.uses) for edge in view.edges],
            "chips": [self._events(chip.uses) for box in view.boxes for chip in box.chips],
            "chart": _chart(layout),
            "times": _marks(layout, x),
        }

    def weights(self, view: View) -> list[dict[str, Any]]:
        """The panel: the shared weights, under the names of those who use them."""
        return [{"id": p.id, "label": clean(p.label, 12), "of": clean(str(p.block[0]), 26), "kind": p.kind} for p in view.pills]

    def _events(self, uses: Sequence[EdgeUse]) -> int | list[int] | None:
        """The event of an edge or a chip; of one that stands for several uses, their events with the number of the bundle first."""
        known = tuple(sorted((use for use in uses if use in self.number), key=self.number.__getitem__))
        if len(known) < 2:
            return self.number[known[0]] if known else None
        return [self.bundles.setdefault(known, len(self.bundles)), *(self.number[use] for use in known)]

    def _together(self, uses: Iterable[EdgeUse]) -> list[float]:
        """The norm of what a bundle has carried after each of its events."""
        parts: dict[int, Array] = {}
        sizes = []
        with np.errstate(all="ignore"):
            for child, slot in uses:
                parent, sent = self.graph[child].parents[slot], self.graph.sent[child, slot]
                parts[parent] = parts[parent] + sent if parent in parts else sent
                sizes.append(norm(np.array([norm(part) for part in parts.values()])))
        return sizes


def _spoken(r: Record) -> str:
    """A node as the page names it: by its letter, or by the sign that stands on its box."""
    return named_at_step(r) if r.name or r.kind != "op" else named_at_step(replace(r, name=f"‘{r.symbol}’"))


def _equation(r: Record, written: str) -> str:
    return clean(f"{r.name} = {written}" if r.name else written, 160)


def _time_axis(layout: Layout) -> dict[int, float]:
    """Where each step stands in the chart: equally far apart from the first column to the last, so that a steady decay is straight."""
    view = layout.view
    ends = [(b.left + b.right) / 2 for b in layout.bands if b.column in (0, view.after - 1)] or [0.0]
    return dict(zip(view.steps, np.linspace(min(ends), max(ends), len(view.steps)).tolist(), strict=True))


def _marks(layout: Layout, x: dict[int, float]) -> list[list[float | int]]:
    """Round steps and their places in the chart, so far apart that they can be read; none where every step has its column above."""
    steps = layout.view.steps
    above = {steps[b.column]: (b.left + b.right) / 2 for b in layout.bands if 0 <= b.column < layout.view.after}
    if len(steps) < 2 or (len(above) == len(steps) and all(abs(x[t] - above[t]) < 1 for t in steps)):
        return []
    pitch = (x[steps[-1]] - x[steps[0]]) / (len(steps) - 1)
    every = next(n * 10**k for k in range(9) for n in (1, 2, 5) if n * 10**k * pitch >= APART)
    return [[round(at, 1), t] for t, at in x.items() if t % every == 0]


def _chart(layout: Layout) -> list[dict[str, Any]]:
    """A line for every h (or first state; h and c of a single LSTM): where its points stand, and for which nodes."""
    view, x = layout.view, _time_axis(layout)
    found = states_in_time(view)
    name = "h" if any(name == "h" for _, name in found) else next((name for _, name in found), "")
    both = len(found) == 2 and len({where for where, _ in found}) == 1
    return [
        {"where": clean(where, 40), "name": clean(state, 12), "points": [[round(x[r.t], 1), r.id] for r in records if r.t in x]}
        for (where, state), records in found.items()
        if state == name or both
    ]


def alike(graph: GraphSnapshot) -> tuple[object, ...]:
    """What two graphs have in common if one picture fits both: all but the numbers that are not written on boxes."""

    def row(r: Record) -> tuple[object, ...]:
        written = r.value.size == 1 and (r.kind == "constant" or not graph.steps)
        return (
            r.kind,
            r.op,
            r.parents,
            r.name,
            r.frames,
            r.settings,
            r.shape,
            r.grad is None,
            r.value.item() if written else None,
        )

    return (*map(row, graph), *sorted(graph.sent))


def digits(x: float) -> float | int | str:
    """A number with the digits that it is shown with; JSON has no word for NaN and infinity."""
    if not math.isfinite(x):
        return {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}[str(x)]
    value = float(number(x))
    if not math.isfinite(value):  # rounded up, the largest floats are infinite
        return x
    return int(value) if value == int(value) and abs(value) < 1e15 else value
