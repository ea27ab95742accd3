"""A way for one edge on the lattice of a tile: through the gaps between boxes, on a track of its own.

A tile (one time step, or what stands before or after the steps) is a lattice. Its lines run through the middle of every column and
row of boxes, with `tracks` more lines in every gap. Edges are found one after the other by A*: short, few corners, few
crossings, through no foreign box, and never along another edge unless both have the same source (a trunk with branches) or the
same target. A step is routed once and stamped, so the cost does not grow with the length of the sequence.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from heapq import heapify, heappop, heappush
from itertools import pairwise
from math import inf

from ..view.time_columns import Key

__all__ = ["LEFT", "RIGHT", "Lattice", "Port", "Vertex"]

Vertex = tuple[int, int]
RIGHT, UP, LEFT, DOWN = range(4)  # level ones are even
TURNS: tuple[tuple[int, ...], ...] = ((0, 1, 3), (0,))  # a box is left straight on
COLUMN, ROW = 60.0, 44.0  # nominal distances, for comparing ways
BEND, CROSSING, MERGE, CLASH = 26.0, 45.0, 15.0, 5000.0
ONTO_CORRIDOR = 60.0  # a corridor shall be seen to come from the step before alone
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
    """The lines of one tile, who stands on them and which edges run along them.

    A crossing of lines is one number, x height + y, and so is being there with a direction of travel, 4 (x height + y) + direction:
    the search spends its time in looking up such numbers.
    """

    def __init__(self, columns: int, rows: int, tracks: int) -> None:
        self.pitch = tracks + 1
        self.width, self.height = (columns + 1) * self.pitch + 1, (rows + 1) * self.pitch + 1
        self.boxes: dict[int, Key] = {}
        self.spots: dict[Key, list[Vertex]] = {}  # of a box, bottom to top, one a row
        border, inner = bytes([1]) * self.height, bytes([1, *[0] * (self.height - 2), 1])
        self.shut = bytearray(border + inner * (self.width - 2) + 2 * border)  # not for everybody; the last is beyond either side
        self.along: dict[int, list[tuple[Key, Port]]] = defaultdict(list)  # by 2 (its lower or left end) + whether it is level
        self.through: dict[int, list[tuple[str, Key, Port]]] = defaultdict(list)
        self.nets: set[Key] = set()
        self.clashes = self.looked = 0  # edges that had to share a line; places that the search looked at

    def line(self, k: int) -> int:
        """The index of the line through column or row k."""
        return (k + 1) * self.pitch

    def put(self, box: Key, column: int, row: int, span: int) -> None:
        x = self.line(column)
        self.spots[box] = [(x, self.line(row + k)) for k in range(span)]
        for y in range(self.line(row), self.line(row + span - 1) + 1):
            self.boxes[x * self.height + y] = box
            self.shut[x * self.height + y] = 1

    def _ends(self, port: Port, leaving: bool) -> dict[int, float]:
        """Places with a direction of travel, and what it costs to start or end there."""
        if port.box is None:
            assert port.row is not None
            inwards = RIGHT if port.side == LEFT else LEFT
            direction = inwards if leaving else (inwards + 2) % 4
            return {self._state(0 if port.side == LEFT else self.width - 1, self.line(port.row), direction): 0.0}
        spots = self.spots[port.box]
        if port.row is not None:  # a state's own row, in a box of several
            x, y = spots[min(port.row, len(spots) - 1)]
            return {self._state(x, y, RIGHT): 0.0, self._state(x, y, LEFT): LEAVING[LEFT]}
        costs = LEAVING if leaving else ARRIVING
        upper, lower = (spots[-1], spots[0]) if leaving else (spots[0], spots[-1])
        found = {self._state(*upper, UP): costs[UP], self._state(*lower, DOWN): costs[DOWN]}
        beside = ASIDE if len(spots) > 1 and not leaving else 0.0
        for spot in spots:
            found[self._state(*spot, RIGHT)], found[self._state(*spot, LEFT)] = costs[RIGHT] + beside, costs[LEFT] + beside
        return found

    def _state(self, x: int, y: int, direction: int) -> int:
        return 4 * (x * self.height + y) + direction

    def wire(self, net: Key, start: Port, end: Port) -> list[Vertex]:
        """The corners of the way from start to end, which is remembered for those that come later."""
        goals = self._ends(end, leaving=False)
        rest = self._rest(net, goals)
        along, through, shut = self.along, self.through, self.shut
        moves, lengths = (self.height, 1, -self.height, -1), (COLUMN / self.pitch, ROW / self.pitch)
        best = self._ends(start, leaving=True)
        came: dict[int, int] = dict.fromkeys(best, -1)
        queue = [(cost + rest(state), k, state, cost) for k, (state, cost) in enumerate(best.items())]
        heapify(queue)
        while queue:
            _, _, state, cost = heappop(queue)
            if cost > best[state]:
                continue
            self.looked += 1
            v, d = divmod(state, 4)
            first = came[state] < 0
            turns, crossed = TURNS[first], None if first else through.get(v)
            if state in goals and not first:
                self.clashes += cost >= CLASH
                return self._remember(net, end, came, state)
            for turn in turns:
                direction = (d + turn) % 4
                there = v + moves[direction]
                if shut[there] and not self._open(there, direction, start, end):
                    continue
                extra = BEND if turn else 0.0
                if crossed:
                    extra += self._at(net, end, crossed, turn == 0, direction)
                length = lengths[direction % 2]
                users = along.get(2 * (v if there > v else there) + (direction % 2 == 0))
                if users:
                    length = self._along(net, end, users, length)
                after = 4 * there + direction
                total = cost + extra + length + goals.get(after, 0.0)
                if total < best.get(after, inf):
                    best[after], came[after] = total, state
                    heappush(queue, (total + rest(after), len(best), after, total))
        raise AssertionError("the tracks around the boxes join everything")

    def _rest(self, net: Key, goals: Iterable[int]) -> Callable[[int], float]:
        """What the way to one of the goals costs at least; along a trunk of its own an edge runs cheaply."""
        places = [divmod(state // 4, self.height) for state in goals]
        left, right = min(x for x, _ in places), max(x for x, _ in places)
        low, high = min(y for _, y in places), max(y for _, y in places)
        least = TRUNK if net in self.nets else 1.0
        self.nets.add(net)
        step_x, step_y, height = COLUMN / self.pitch * least, ROW / self.pitch * least, self.height

        def rest(state: int) -> float:
            x, y = divmod(state // 4, height)
            dx = left - x if x < left else x - right if x > right else 0
            dy = low - y if y < low else y - high if y > high else 0
            return dx * step_x + dy * step_y + (BEND if (dx if state % 2 else dy) else 0.0)

        return rest

    def _open(self, v: int, direction: int, start: Port, end: Port) -> bool:
        """Whether this edge may go to a place that is not for everybody: its own box, or the end of a corridor."""
        x, y = divmod(v, self.height)
        if not (0 < y < self.height - 1 and 0 <= x < self.width):
            return False
        if x in (0, self.width - 1):
            corridors = [self.line(p.row) for p in (start, end) if p.box is None and p.row is not None]
            return y in corridors and direction in (RIGHT, LEFT)
        return self.boxes[v] == end.box and 4 * v + direction in self._ends(end, leaving=False)

    def _along(self, net: Key, end: Port, users: list[tuple[Key, Port]], length: float) -> float:
        """The cost of a stretch that others use."""
        if any(other == net for other, _ in users):
            return length * TRUNK
        if not all(end.box is not None and port.box == end.box and other[:2] != net[:2] for other, port in users):
            return length + CLASH
        corridors = [other for other, _ in users if other[0] == "corridor"]  # two corridors are never there in the same step
        return length + (MERGE if not corridors else 2.0 if net[0] == "corridor" else ONTO_CORRIDOR)

    def _at(self, net: Key, end: Port, crossed: list[tuple[str, Key, Port]], straight: bool, goes: int) -> float:
        """The cost of passing a place where others pass: a crossing, or touching somebody else's corner."""
        cost = 0.0
        for how, other, port in crossed:
            if other == net or (end.box is not None and port.box == end.box):
                continue
            across = straight and how != "corner" and (how == "level") != (goes in (RIGHT, LEFT))
            cost += CROSSING if across else CLASH
        return cost

    def _remember(self, net: Key, end: Port, came: dict[int, int], last: int) -> list[Vertex]:
        states = [last]
        while (before := came[states[-1]]) >= 0:
            states.append(before)
        states.reverse()
        first = states[0] // 4
        corners = [first]
        for state, after in pairwise(states):
            v, there, d, d2 = state // 4, after // 4, state % 4, after % 4
            self.along[2 * min(v, there) + (d2 % 2 == 0)].append((net, end))
            if v != first:
                how = "corner" if d != d2 else "level" if d in (RIGHT, LEFT) else "upright"
                self.through[v].append((how, net, end))
            if d != d2 and v != corners[-1]:
                corners.append(v)
        return [divmod(v, self.height) for v in (*corners, last // 4)]
