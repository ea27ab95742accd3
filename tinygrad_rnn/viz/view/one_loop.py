"""Whether the steps of a graph are one loop: only then is what one column shows true of each step.

Every cell runs in every step. Every op is there in every step, but for the first and the last of several (where what it reads is
given, or nobody reads it), and it reads the same weights, numbers and states wherever there is such a state to read.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, NoReturn

from ...engine.scopes import Frame
from ...errors import DataError
from ...replay.records import GraphSnapshot, Record
from .boxes import heading_of
from .time_columns import Key, Places, in_cell, scope_of

__all__ = ["starts_of_loop"]

Ops = dict[Key, dict[int, Record]]  # every op of the steps, in each of its columns


class Source(NamedTuple):
    """What an op reads: a weight, a number or what is given, or what an op `made`, some columns `before`, and how it reads that."""

    words: str
    leaf: int | None = None  # the weight
    made: Key | None = None
    before: int = 0
    settings: str = ""


def starts_of_loop(graph: GraphSnapshot, places: Places) -> frozenset[tuple[int, int]]:
    """The uses (child, slot) that stand in for a state which is not there yet. Raises `DataError` unless the steps are one loop."""
    every = range(places.after)
    ops: Ops = {}
    cells: dict[tuple[Frame, ...], set[int]] = defaultdict(set)
    for r in graph:
        if r.kind == "op" and (column := places.column[r.id]) in every:
            ops.setdefault(places.keys[r.id], {})[column] = r
            if in_cell(r):
                cells[scope_of(r)].add(column)
    for scope, columns in cells.items():
        if len(columns) < len(every):
            _refuse(places, "a cell that does not run in every step", [(f"{heading_of(places, scope)} runs", columns)])
    for found in ops.values():
        if len(found) < min(2, len(every)) or not found.keys() >= set(every[1:-1]):
            _refuse(places, "an op that is not there in every step", [(f"{_called(found)} is there", found)])
    slots = [(found, slot) for found in ops.values() for slot in range(max(len(r.parents) for r in found.values()))]
    return frozenset((found[c].id, slot) for found, slot in slots for c in _at_the_start(graph, places, ops, found, slot))


def _at_the_start(graph: GraphSnapshot, places: Places, ops: Ops, found: Mapping[int, Record], slot: int) -> list[int]:
    """The columns in which an op reads something else in a slot, as there the state that it reads in all others is not made yet."""
    read = {c: _source(graph, places, r, slot) for c, r in found.items()}
    columns: dict[Source, list[int]] = defaultdict(list)
    for c, source in read.items():
        columns[source].append(c)
    what = "steps that do not do the same"
    for usual, _ in Counter(read.values()).most_common():
        others = [c for c, source in read.items() if source != usual]
        if not others or (usual.made in ops and not any(c - usual.before in ops[usual.made] for c in others)):
            if abs(usual.before) < 2:
                return others
            what = "a state that skips steps"
    _refuse(places, what, [(_told(found[at[0]], ops, source), at) for source, at in columns.items()])


def _source(graph: GraphSnapshot, places: Places, r: Record, slot: int) -> Source:
    if slot >= len(r.parents):
        return Source("nothing more")
    parent = graph[r.parents[slot]]
    if parent.id in places.cuts:
        return Source("", None, *places.cuts[parent.id], r.settings)
    if parent.kind == "op" and 0 <= places.column[parent.id] < places.after:
        return Source("", None, places.keys[parent.id], places.column[r.id] - places.column[parent.id], r.settings)
    if parent.kind == "parameter":
        return Source(parent.name or "a weight", parent.id)
    return Source(str(parent.value.item()) if parent.id in places.folded else "what is given")


def _told(r: Record, ops: Ops, source: Source) -> str:
    reader = f"{r.op} {source.settings}" if source.settings else r.name or r.op
    if source.made is None:
        return f"{reader} reads {source.words}"
    steps = "the step" if abs(source.before) == 1 else f"{abs(source.before)} steps"
    when = f" of {steps} {'before' if source.before > 0 else 'after'}" if source.before else ""
    return f"{reader} reads {_called(ops[source.made]) if source.made in ops else 'a state'}{when}"


def _called(found: Mapping[int, Record]) -> str:
    r = found[max(found)]
    return r.name or r.op


def _refuse(places: Places, what: str, columns: Sequence[tuple[str, Iterable[int]]]) -> NoReturn:
    parts = [f"{words} in {_steps(places, found)}" for words, found in columns]
    told = ", ".join([*parts[:2], "..."] if len(parts) > 3 else parts)
    raise DataError(
        f"draw(rolled=True) of {what}: {told} of {_steps(places, range(places.after))}",
        hint="a rolled picture is one loop; elide=True leaves out the middle steps of the unrolled one",
    )


def _steps(places: Places, columns: Iterable[int]) -> str:
    """The steps of some columns: `3`, `1 to 4` or `2, 4, 6, ...`."""
    found = sorted(columns)
    steps = [str(places.steps[c]) for c in found]
    if found[-1] - found[0] == len(found) - 1 > 0:
        return f"{steps[0]} to {steps[-1]}"
    return ", ".join([*steps[:3], "..."] if len(steps) > 4 else steps)
