"""Which steps of a picture are hidden, and what their states get of the gradient."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import numpy as np

from ...errors import DataError
from ...replay.records import GraphSnapshot, Record
from ...shared.checks import short
from .boxes import Measure
from .time_columns import Key, Places, in_cell, scope_of

__all__ = ["Series", "hidden_columns", "series_of"]


@dataclass(frozen=True)
class Series:
    """A state in the hidden steps: its name, which layer and direction, and (step, strength) for each of them."""

    name: str
    where: str
    bars: tuple[tuple[int, float | None], ...]
    records: tuple[int | None, ...]  # of each bar


def hidden_columns(elide: object, steps: int) -> tuple[int, ...]:
    """The columns that `draw(elide=)` hides. Two are kept at either end, or as many as asked for; "auto" hides beyond 12 steps."""
    if isinstance(elide, str) and elide == "auto":
        elide = steps > 12
    if isinstance(elide, bool):
        keep = 2 if elide else steps
    elif isinstance(elide, (int, np.integer)) and elide > 0:
        keep = int(elide)
    else:
        raise DataError(
            f"draw(elide={short(elide)})", hint="elide is 'auto', True, False or how many steps to keep at either end"
        )
    return tuple(range(keep, steps - keep))


def series_of(graph: GraphSnapshot, places: Places, measure: Measure, hidden: tuple[int, ...]) -> tuple[Series, ...]:
    """The strength of h (or else of the first state) in the hidden steps, for every layer and direction."""
    if not hidden:
        return ()
    read: dict[Key, Record] = {}
    for r in graph:
        for p in r.parents:
            if graph[p].kind == "op" and p in places.column and places.stepping(places.column[p], places.column[r.id]):
                read.setdefault(places.keys[p], graph[p])
    names = sorted({r.name or r.symbol for r in read.values() if in_cell(r)} or {r.name or r.symbol for r in read.values()})
    wanted = "h" if "h" in names else names[0] if names else ""
    made: dict[Key, list[Record]] = defaultdict(list)
    for r in graph:
        if r.kind == "op":
            made[places.keys[r.id]].append(r)
    found = []
    for key, first in read.items():
        if (first.name or first.symbol) == wanted:
            at = {places.column[r.id]: r for r in made[key]}
            bars = tuple((places.steps[c], measure.node(at[c]) if c in at else None) for c in hidden)
            records = tuple(at[c].id if c in at else None for c in hidden)
            found.append(Series(wanted, places.row(scope_of(first)), bars, records))
    return tuple(found)
