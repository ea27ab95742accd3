"""Finding a way for every edge: through the gaps between boxes, each on a track of its own.

A tile (one time step, or what stands before or after the steps) is a lattice. Its lines run through the middle of every column and
row of boxes, with `tracks` more lines in every gap. Edges are found one after the other by A*: short, few corners, few
crossings, through no foreign box, and never along another edge unless both have the same source (a trunk with branches) or the
same target. A step is routed once and stamped, so the cost does not grow with the length of the sequence.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import pairwise

from .steps import Key

__all__ = ["Lattice", "Port", "Vertex"]

Vertex = tuple[int, int]
RIGHT, UP, LEFT, DOWN = range(4)
MOVES = ((1, 0), (0, 1), (-1, 0), (0, -1))
COLUMN, ROW = 60.0, 44.0  # nominal distances, for comparing ways
BEND, CROSSING, MERGE, CLASH = 26.0, 45.0, 15.0, 5000.0
ONTO_LANE = 60.0  # a lane shall be seen to come from the step before alone
LEAVING = (0.0, 0.0, 40.0, 14.0)  # reading goes right and up, so do edges if they can
ARRIVING = (0.0, 0.0, 10.0, 6.0)
ASIDE = 80.0  # the sides of a box of several rows belong to its states
TRUNK = 0.4  # what a stretch costs that an edge of the same source already uses


@dataclass(frozen=True)
class Port:
    """Where an edge starts or ends: at a box (in any row of it, or in one), or at a side of the tile in some row."""

    box: Key | None = None
    row: int | None = None
    side: int = RIGHT


class Lattice:
    """The lines of one tile, who stands on them and which edges run along them."""

    def __init__(self, columns: int, rows: int, tracks: int) -> None:
        self.pitch = tracks + 1
        self.width, self.height = (columns + 1) * self.pitch + 1, (rows + 1) * self.pitch + 1
        self.boxes: dict[Vertex, Key] = {}
        self.spots: dict[Key, list[Vertex]] = {}  # of a box, bottom to top, one a row
        self.along: dict[tuple[int, int, bool], list[tuple[Key, Port]]] = defaultdict(list)
        self.through: dict[Vertex, list[tuple[str, Key, Port]]] = defaultdict(list)
        self.nets: set[Key] = set()
        self.clashes = 0

    @property
    def size(self) -> int:
        return self.width * self.height

    def line(self, k: int) -> int:
        """The index of the line through column or row k."""
        return (k + 1) * self.pitch

    def put(self, box: Key, column: int, row: int, span: int) -> None:
        x = self.line(column)
        self.spots[box] = [(x, self.line(row + k)) for k in range(span)]
        for y in range(self.line(row), self.line(row + span - 1) + 1):
            self.boxes[x, y] = box

    def _ends(self, port: Port, leaving: bool) -> dict[tuple[int, int, int], float]:
        """Vertices with a direction of travel, and what it costs to start or end there."""
        if port.box is None:
            assert port.row is not None
            inwards = RIGHT if port.side == LEFT else LEFT
            direction = inwards if leaving else (inwards + 2) % 4
            return {(0 if port.side == LEFT else self.width - 1, self.line(port.row), direction): 0.0}
        spots = self.spots[port.box]
        if port.row is not None:  # a state's own row, in a box of several
            x, y = spots[min(port.row, len(spots) - 1)]
            return {(x, y, RIGHT): 0.0, (x, y, LEFT): LEAVING[LEFT]}
        costs = LEAVING if leaving else ARRIVING
        found = {(*spots[-1 if leaving else 0], UP): costs[UP], (*spots[0 if leaving else -1], DOWN): costs[DOWN]}
        beside = ASIDE if len(spots) > 1 and not leaving else 0.0
        for x, y in spots:
            found[x, y, RIGHT], found[x, y, LEFT] = costs[RIGHT] + beside, costs[LEFT] + beside
        return found

    def wire(self, net: Key, start: Port, end: Port) -> list[Vertex]:
        """The corners of the way from start to end, which is remembered for those that come later."""
        goals = self._ends(end, leaving=False)
        near_x, near_y = [x for x, _, _ in goals], [y for _, y, _ in goals]
        left, right, low, high = min(near_x), max(near_x), min(near_y), max(near_y)
        step_x, step_y = COLUMN / self.pitch, ROW / self.pitch
        least = TRUNK if net in self.nets else 1.0
        self.nets.add(net)
        queue: list[tuple[float, int, tuple[int, int, int], float]] = []
        came: dict[tuple[int, int, int], tuple[int, int, int] | None] = {}
        best: dict[tuple[int, int, int], float] = {}

        def push(state: tuple[int, int, int], cost: float, before: tuple[int, int, int] | None) -> None:
            if cost < best.get(state, 1e18):
                best[state], came[state] = cost, before
                x, y, d = state
                dx, dy = max(left - x, 0, x - right), max(low - y, 0, y - high)
                rest = (dx * step_x + dy * step_y) * least + (BEND if (dx if d in (UP, DOWN) else dy) else 0.0)
                heappush(queue, (cost + rest, len(best), state, cost))

        starts = self._ends(start, leaving=True)
        for state, cost in starts.items():
            push(state, cost, None)
        while queue:
            _, _, state, cost = heappop(queue)
            if cost > best[state]:
                continue
            if state in goals and came[state] is not None:
                self.clashes += cost >= CLASH
                return self._remember(net, end, came, state)
            x, y, d = state
            own_start = came[state] is None
            for turn in (0,) if own_start else (0, 1, 3):
                direction = (d + turn) % 4
                extra = 0.0 if own_start else self._at(net, end, (x, y), d, direction)
                dx, dy = MOVES[direction]
                there = (x + dx, y + dy)
                if not self._open(there, direction, start, end):
                    continue
                along = self._along(net, end, (x, y), there, step_x if dx else step_y)
                after = (*there, direction)
                push(after, cost + extra + along + goals.get(after, 0.0), state)
        raise AssertionError("the tracks around the boxes join everything")

    def _open(self, v: Vertex, direction: int, start: Port, end: Port) -> bool:
        x, y = v
        if not (0 < y < self.height - 1 and 0 <= x < self.width):
            return False
        if x in (0, self.width - 1):
            lanes = [self.line(p.row) for p in (start, end) if p.box is None and p.row is not None]
            return y in lanes and direction in (RIGHT, LEFT)
        box = self.boxes.get(v)
        return box is None or (box == end.box and (*v, direction) in self._ends(end, leaving=False))

    def _along(self, net: Key, end: Port, a: Vertex, b: Vertex, length: float) -> float:
        users = self.along.get((min(a[0], b[0]), min(a[1], b[1]), a[1] == b[1]))
        if not users:
            return length
        if any(other == net for other, _ in users):
            return length * TRUNK
        if not all(end.box is not None and port.box == end.box and other[:2] != net[:2] for other, port in users):
            return length + CLASH
        lanes = [other for other, _ in users if other[0] == "lane"]  # two lanes are never there in the same step
        return length + (MERGE if not lanes else 2.0 if net[0] == "lane" else ONTO_LANE)

    def _at(self, net: Key, end: Port, v: Vertex, came: int, goes: int) -> float:
        """The cost of passing a vertex: a corner, a crossing, or touching somebody else's corner."""
        cost = BEND if came != goes else 0.0
        for how, other, port in self.through.get(v, ()):
            if other == net or (end.box is not None and port.box == end.box):
                continue
            straight_across = came == goes and how != "corner" and (how == "level") != (goes in (RIGHT, LEFT))
            cost += CROSSING if straight_across else CLASH
        return cost

    def _remember(
        self, net: Key, end: Port, came: dict[tuple[int, int, int], tuple[int, int, int] | None], last: tuple[int, int, int]
    ) -> list[Vertex]:
        states = [last]
        while (before := came[states[-1]]) is not None:
            states.append(before)
        states.reverse()
        corners = [states[0][:2]]
        for (x, y, d), (x2, y2, d2) in pairwise(states):
            self.along[min(x, x2), min(y, y2), y == y2].append((net, end))
            if (x, y) != corners[0]:
                how = "corner" if d != d2 else "level" if d in (RIGHT, LEFT) else "upright"
                self.through[x, y].append((how, net, end))
            if d != d2 and (x, y) != corners[-1]:
                corners.append((x, y))
        return [*corners, last[:2]]
