"""Recipes for where the boxes of a cell stand in a tile, in whole columns and rows (rows count upwards).

The cells of this package have recipes, found by the sequence of their ops or gates; any other cell gets a generic layout: longest
path for the rows, mean of the neighbours for the order, and then a row for every corridor. A recipe only moves boxes: edges find their
own way, so a recipe can be unsuitable but never wrong. What reads from the end of a sequence is the mirror image.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Container, Iterable

from ..view.boxes import Box
from ..view.time_columns import Key

__all__ = ["Spot", "layered", "place_column", "wrapped"]

Spot = tuple[int, int]
LINE = 8  # boxes in a row of what stands after the last step: a longer row is folded

# op (or the letter of a gate), column, row for each box of a cell in the order of recording; the input x goes to the spot under "x"
RECIPES: dict[str, tuple[Spot, str]] = {
    "RNN": ((1, -2), "matmul 1 -1, matmul 0 0, add 1 0, add 2 0, tanh 3 0"),
    "RNN with relu": ((1, -2), "matmul 1 -1, matmul 0 0, add 1 0, add 2 0, relu 3 0"),
    "RNN, two biases": ((1, -2), "matmul 1 -1, matmul 0 0, add 1 0, add 2 0, add 3 0, tanh 4 0"),
    "RNN with relu, two biases": ((1, -2), "matmul 1 -1, matmul 0 0, add 1 0, add 2 0, add 3 0, relu 4 0"),
    "LSTM": (
        (1, -2),
        "matmul 1 -1, matmul 0 0, add 1 0, add 2 0, getitem 1 1, getitem 0 1, getitem 2 1, getitem 3 1, "
        "sigmoid 1 2, sigmoid 0 2, tanh 2 2, sigmoid 3 2, mul 0 4, mul 1 3, add 1 4, tanh 4 3, mul 4 0",
    ),
    "LSTM, two biases": (
        (1, -2),
        "matmul 1 -1, matmul 0 0, add 1 0, add 2 0, add 3 0, getitem 1 1, getitem 0 1, getitem 2 1, getitem 3 1, "
        "sigmoid 1 2, sigmoid 0 2, tanh 2 2, sigmoid 3 2, mul 0 4, mul 1 3, add 1 4, tanh 4 3, mul 4 0",
    ),
    # r, z and n from left to right: their halves from x come up, those from h come down
    "GRU": (
        (0, -1),
        "matmul 0 0, add 1 0, getitem 0 1, getitem 5 1, getitem 3 1, matmul 0 4, getitem 0 3, getitem 5 4, getitem 2 4, "
        "add 0 2, sigmoid 1 2, add 5 2, sigmoid 6 2, add 2 3, mul 2 2, add 3 2, tanh 4 2, sub 7 2, mul 7 3, mul 6 5, add 7 5",
    ),
    "GRU, two biases": (
        (0, -1),
        "matmul 0 0, add 1 0, getitem 0 1, getitem 5 1, getitem 3 1, matmul 0 4, add 1 4, getitem 0 3, getitem 5 4, getitem 2 4, "
        "add 0 2, sigmoid 1 2, add 5 2, sigmoid 6 2, mul 2 2, add 3 2, tanh 4 2, sub 7 2, mul 7 3, mul 6 5, add 7 5",
    ),
    "GRU, reset before": (
        (0, -1),
        "matmul 0 0, add 1 0, getitem 1 1, getitem 2 1, getitem 5 1, getitem 0 4, matmul 0 5, getitem 1 3, getitem 2 5, "
        "add 1 2, sigmoid 2 2, add 2 4, sigmoid 3 4, mul 3 2, getitem 4 3, matmul 4 2, add 5 2, tanh 6 2, "
        "sub 4 4, mul 6 4, mul 5 6, add 6 6",
    ),
    "RNN, gates": ((0, -1), "a 0 0, h 1 0"),
    "LSTM, gates": ((1, -1), "a 1 0, i 1 1, f 0 1, g 2 1, o 3 1, c 1 2, h 4 0"),
    "GRU, gates": ((1, -1), "add 1 0, matmul 0 2, r 1 1, z 3 1, n 2 1, h 4 3"),
    "GRU, two biases, gates": ((1, -1), "add 1 0, add 0 2, r 1 1, z 3 1, n 2 1, h 4 3"),
}


def _tables() -> dict[tuple[str, ...], tuple[Spot, list[Spot]]]:
    tables = {}
    for x, text in RECIPES.values():
        ops = [item.split() for item in text.split(",")]
        tables[tuple(op for op, _, _ in ops)] = (x, [(int(column), int(row)) for _, column, row in ops])
    return tables


TABLES = _tables()


def layered(
    boxes: list[Box],
    edges: Iterable[tuple[Key, Key]],
    spans: dict[Key, int],
    fed: Container[Key] = (),
    crossed: Container[Key] = (),
    across: bool = False,
) -> dict[Key, Spot]:
    """A generic layout of boxes in topological order: levels upwards, or to the right (`across`).

    Into the boxes in `fed` something flows from outside: an input of theirs stands beside them, or, if a corridor comes in from that
    side (`crossed`), over them.
    """
    rank = {box.key: k for k, box in enumerate(boxes)}
    parents: dict[Key, list[Key]] = defaultdict(list)
    children: dict[Key, list[Key]] = defaultdict(list)
    for a, b in edges:
        if a in rank and b in rank and rank[a] < rank[b]:  # columns that differ may disagree: the later one gives way
            parents[b].append(a)
            children[a].append(b)
    kinds = {box.key: box for box in boxes}
    beside: dict[Key, Key] = {}  # an input that joins a flow stands next to the op that takes it
    for key in rank:
        leaves = [p for p in parents[key] if kinds[p].kind in ("input", "pill") and len(children[p]) == 1]
        flows = key in fed or key in crossed or len(leaves) < len(parents[key])
        leaves = leaves if spans.get(key, 1) == 1 else []  # the sides of a box of several rows belong to its states
        beside.update({leaf: key for leaf in (leaves if flows else [] if across else leaves[1:])})
    level: dict[Key, int] = {}
    for key in rank:
        level[key] = max((level[p] + 1 for p in parents[key]), default=0)
    for key in reversed(rank):  # what waits for the others stands close to who uses it
        if children[key] and len(parents[key]) <= len(children[key]):
            level[key] = min(level[c] for c in children[key]) - 1
    level.update({key: level[op] + (op in crossed) for key, op in beside.items()})
    rows: dict[int, list[Key]] = defaultdict(list)
    for key in rank:
        rows[level[key]].append(key)
    at: dict[Key, int] = {}
    sweeps = [(1, parents), (-1, children)] * 4
    for direction, neighbours in sweeps + sweeps[:1] * across:
        for k in sorted(rows, reverse=direction < 0):
            want = {key: _mean(key, neighbours, children if direction > 0 else parents, at, kinds) for key in rows[k]}
            want.update({key: want[op] + 0.4 for key in rows[k] if (op := beside.get(key)) in want})
            rows[k].sort(key=lambda key: (kinds[key].state and not across, want[key], kinds[key].kind == "pill", rank[key]))
            free = -(10**6)
            for key in rows[k]:
                at[key] = free = max(free + 1, round(want[key]))
    left = min(at.values())
    heights = {k: 1 if across else max(spans.get(key, 1) for key in keys) for k, keys in rows.items()}
    base, offset = 0, {}
    for k in sorted(rows):
        offset[k], base = base, base + heights[k]
    return {key: (offset[level[key]], at[key] - left) if across else (at[key] - left, offset[level[key]]) for key in rank}


def wrapped(spots: dict[Key, Spot], down: int) -> dict[Key, Spot]:
    """A long row folded into lines, every other one from right to left: below (`down` = 1) or above (-1) the one before."""
    columns = max(column for column, _ in spots.values()) + 1
    lines = math.ceil(columns / max(LINE, math.ceil(math.sqrt(2 * columns))))
    per, edge = math.ceil(columns / lines), 0
    placed: dict[Key, Spot] = {}
    for k in range(lines):
        line = {key: (column - k * per, row * down) for key, (column, row) in spots.items() if column // per == k}
        shift = edge - max(row for _, row in line.values()) if k else 0
        for key, (column, row) in line.items():
            placed[key] = (per - 1 - column if k % 2 else column, (row + shift) * down)
        edge = min(row for _, row in line.values()) + shift - 1
    return placed


def _mean(
    key: Key, first: dict[Key, list[Key]], second: dict[Key, list[Key]], at: dict[Key, int], kinds: dict[Key, Box]
) -> float:
    """The place between the neighbours that are placed; ops count, inputs only when there is nothing else."""
    for neighbours in (first[key], second[key]):
        placed = [n for n in neighbours if n in at]
        places = [at[n] for n in placed if kinds[n].kind in ("op", "gate", "group")] or [at[n] for n in placed]
        if places:
            return sum(places) / len(places)
    return float(at.get(key, 0))


Corridors = dict[Key, tuple[int, list[Key]]]  # of a box that hands a state on: to which side (1: right), and who reads it there


def place_column(
    boxes: list[Box], edges: Iterable[tuple[Key, Key]], spans: dict[Key, int], fed: set[Key], corridors: Corridors
) -> dict[Key, Spot]:
    """Where the boxes of a step stand: what comes before the cells at the foot, then the cells with what stands between them, the
    lowest layer first, then the readout at the upper right."""
    rank = {box.key: k for k, box in enumerate(boxes)}
    cells = list(dict.fromkeys(b.block for b in boxes if b.block[0] == "cell"))
    first = {cell: next(k for k, box in enumerate(boxes) if box.block == cell) for cell in cells}
    block: dict[Key, Key] = {}
    for box in boxes:
        if box.block[0] == "around":
            below = sum(first[cell] < rank[box.key] for cell in cells)
            block[box.key] = ("below",) if not below else ("above",) if below == len(cells) else ("between", below)
        elif box.block[0] != "input":
            block[box.key] = ("above",) if box.block[0] == "readout" else box.block
    for a, b in sorted(edges, key=lambda edge: (rank[edge[1]], rank[edge[0]])):
        if a not in block and b in block:
            block[a] = block[b]
    order = [name for k, cell in enumerate(cells, 1) for name in (cell, ("between", k))]
    spots: dict[Key, Spot] = {}
    for name in [*order, ("below",), ("above",)]:
        own = [box for box in boxes if block.get(box.key, ("below",)) == name]
        if not own:
            continue
        read = {b for a, b in edges if a in spots}
        above = bool(cells) and name[0] in ("above", "between")
        found = _recipe(own)
        if found is None:
            found = layered(own, edges, spans, read if cells else fed, fed if above else ())
            found = found if above else _with_level_corridors(found, corridors, spans)
        if any(corridors[box.key][0] < 0 for box in own if box.key in corridors) and name[0] == "cell":
            wide = max(column for column, _ in found.values())
            found = {key: (wide - column, row) for key, (column, row) in found.items()}
        _stack(spots, found, name, edges, spans)
    return spots


def _with_level_corridors(spots: dict[Key, Spot], corridors: Corridors, spans: dict[Key, int]) -> dict[Key, Spot]:
    """A generic layout in which every corridor is one level line: in its row, who reads the state comes first and who makes it last."""
    if any(spans.get(key, 1) > 1 for key in spots):
        return spots
    spots, taken = dict(spots), set[Key]()
    for state, (_, readers) in sorted(
        corridors.items(), key=lambda corridor: corridor[0] not in corridor[1][1]
    ):  # what reads itself first
        able = [key for key in readers if key in spots and key not in taken]
        if state not in spots or not able:
            continue
        reader = state if state in able else max(able, key=lambda key: spots[key][1])
        row = spots[reader][1]
        others = {key for key, (_, r) in spots.items() if r == row} - {state, reader}
        if others & taken or (others and reader == state):  # a row of its own, above
            spots = {key: (c, r + (r > row)) for key, (c, r) in spots.items()}
            row, others = row + 1, set()
            spots[reader] = (spots[reader][0], row)
        if any(spots[key][0] < spots[reader][0] for key in others):
            spots = {key: (c + 1, r) for key, (c, r) in spots.items()}
            spots[reader] = (0, row)
        if reader != state:
            inner = [c for key, (c, _) in spots.items() if key != state and key not in corridors]
            spots[state] = (max([*inner, *(spots[key][0] + 1 for key in {*others, reader})]), row)
        taken |= {state, reader}
    return _closed_up(spots)


def _closed_up(spots: dict[Key, Spot]) -> dict[Key, Spot]:
    """The same without empty columns and rows."""
    columns, rows = (sorted({spot[k] for spot in spots.values()}) for k in (0, 1))
    return {key: (columns.index(column), rows.index(row)) for key, (column, row) in spots.items()}


def _recipe(boxes: list[Box]) -> dict[Key, Spot] | None:
    ops = [box for box in boxes if box.kind in ("op", "gate")]
    inputs = [box for box in boxes if box.kind not in ("op", "gate")]
    table = TABLES.get(tuple(box.op for box in ops))
    if table is None or len(inputs) > 1:
        return None
    x, places = table
    return {**{box.key: x for box in inputs}, **{box.key: spot for box, spot in zip(ops, places, strict=True)}}


def _stack(
    spots: dict[Key, Spot], placed: dict[Key, Spot], name: Key, edges: Iterable[tuple[Key, Key]], spans: dict[Key, int]
) -> None:
    """Add the boxes of a block above (or below) what is there."""
    shift = 0
    top = max((row + spans.get(key, 1) for key, (_, row) in spots.items()), default=0)
    bottom = min((row for _, row in spots.values()), default=0)
    low, high = min(row for _, row in placed.values()), max(row + spans.get(key, 1) for key, (_, row) in placed.items())
    lift = bottom - high if name == ("below",) and spots else top - low if spots else 0
    if name == ("below",) and spots:  # under the box that reads it
        meets = [spots[b][0] - placed[a][0] for a, b in edges if a in placed and b in spots]
        shift = max(0, meets[0]) if len(meets) == 1 else 0
    elif name[0] in ("above", "between") and spots:  # the way up is at the right
        wide = max(column for column, _ in placed.values())
        placed = {key: (wide - column, row) for key, (column, row) in placed.items()}
        shift = max(0, max(column for column, _ in spots.values()) + 1 - wide)
    for key, (column, row) in placed.items():
        spots[key] = (column + shift, row + lift)
