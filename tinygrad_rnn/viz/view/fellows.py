"""Which ops of different time steps do the same: some are missing in a step where all that they read is given, or nobody reads them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence

from ...replay.records import GraphSnapshot, Record

__all__ = ["Kind", "numbers_of"]

Kind = tuple[Hashable, ...]  # what ops have in common that may do the same: their scope, op and name
Looks = tuple[Hashable, ...]


def numbers_of(graph: GraphSnapshot, column: Mapping[int, int], kinds: Mapping[int, Kind]) -> dict[int, int]:
    """A number for every op, which its fellows of one kind in other columns have too.

    Ops of one kind are counted in each column. A column that has fewer of them than the fullest has those that look most like its own.
    """
    found: dict[Kind, dict[int, list[int]]] = defaultdict(lambda: defaultdict(list))
    for id, kind in kinds.items():
        found[kind][column[id]].append(id)
    numbers: dict[int, int] = {}
    for columns in found.values():
        fullest = max(columns.values(), key=len)
        for ids in columns.values():
            places: Sequence[int] = range(len(ids))
            if len(ids) < len(fullest):
                places = _places([_looks(graph, graph[id]) for id in ids], [_looks(graph, graph[id]) for id in fullest])
            numbers.update(zip(ids, places, strict=True))
    return numbers


def _looks(graph: GraphSnapshot, r: Record) -> Looks:
    """The settings of an op, its weights, and what it reads in each slot."""
    parents = [graph[p] for p in r.parents]
    weights = tuple(p.id for p in parents if p.kind == "parameter")
    return (r.settings, weights, *((p.kind, p.op, p.name, p.value.item() if p.value.ndim == 0 else None) for p in parents))


def _places(few: list[Looks], many: list[Looks]) -> list[int]:
    """Which of many each of few is, in order, so that as much as can be looks the same; the last ones where that leaves a choice."""
    best: list[list[tuple[int, list[int]]]] = [[(0, [])] * (len(many) + 1)]
    for i, looks in enumerate(few):
        row: list[tuple[int, list[int]]] = [(-1, [])] * (i + 1)
        for j in range(i, len(many)):
            alike, places = best[i][j]
            with_this = alike + sum(a == b for a, b in zip(looks, many[j], strict=False)), [*places, j]
            row.append(max(row[j], with_this, key=lambda one: (one[0], one[1][-1:])))
        best.append(row)
    return best[-1][-1][1]
