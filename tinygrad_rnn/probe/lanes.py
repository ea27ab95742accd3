"""Lanes: what one cell does from step to step, found in a recorded graph by frames and names alone.

The ops of a lane have in common the scopes around the time step and the cell inside it: layer, direction, the cell's name, and of a
cell inside a cell its path.
What one step of a lane reads of another one is a state that was handed on. A running total, a single number, is none.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise

from ..engine.graph import Node
from ..engine.scopes import Frame, lane_frames, place_of
from ..engine.tensor import Tensor
from ..errors import GraphError
from .given import recorded_graph

__all__ = ["Lane", "Role", "StateNodes", "Timeline", "lane_of", "lanes_of", "one_of"]

LaneKey = tuple[Frame, ...]
Likeness = tuple[object, ...]  # what a result and its fellows in other steps have in common
Role = str | tuple[str, ...] | None  # a name, names, or whatever is handed on
StateNodes = tuple[Node, ...]


class Timeline:
    """Where ops stand in time: their step, the lane, and which edges hand a state on."""

    def __init__(self, nodes: Iterable[Node]) -> None:
        known: dict[int, tuple[int | None, LaneKey]] = {}  # by the identity of the frames, which nodes of one scope share
        self.found: dict[Node, tuple[int, LaneKey]] = {}
        for n in nodes:
            if id(n.frames) not in known:
                known[id(n.frames)] = _step_and_key(n.frames)
            t, key = known[id(n.frames)]
            if t == 0:
                raise GraphError("this graph has a time step 0", hint="steps count from 1: tg.time_step(1), then 2, ...")
            if t is not None:
                self.found[n] = t, key

    def step(self, n: Node) -> int | None:
        """The time step in which an op was recorded, or None."""
        return self.found[n][0] if n in self.found else None

    def crossed(self, child: Node, parent: Node | None) -> int:
        """How many steps a state was handed on along an edge: negative where a lane reads backwards, 0 for any other edge."""
        a, b = self.found.get(child), self.found.get(parent) if parent is not None and parent.shape else None
        return a[0] - b[0] if a and b and _whole(a[1]) == _whole(b[1]) else 0


def _step_and_key(frames: tuple[Frame, ...]) -> tuple[int | None, LaneKey]:
    t, around, cell = lane_frames(frames)
    # the bar parts what stood around the step from what was opened in it
    return (None, ()) if t is None else (t, (*around, Frame("|"), *cell))


def _whole(key: LaneKey) -> LaneKey:
    """The cell that a part belongs to: the parts of one may read each other's states."""
    return tuple(frame for frame in key if not frame.part)


@dataclass(frozen=True, eq=False)
class Lane:
    """One cell in time: the ops of every step, oldest first; the steps stand in the order in which they were computed."""

    key: LaneKey
    steps: dict[int, list[Node]]
    handed: list[Likeness] = field(default_factory=list)  # of the states that are handed on: h, then as they are computed
    jump: tuple[int, int] | None = None  # a step, and one that reads it though it is not the next

    @property
    def place(self) -> str:
        """Its scopes as people read them."""
        return place_of(tuple(frame for frame in self.key if frame.name != "|")) or "the time steps"

    @property
    def backwards(self) -> bool:
        """Whether it reads from the last step to the first."""
        return next(iter(self.steps)) > next(reversed(self.steps))

    @property
    def in_cell(self) -> bool:
        """Whether a scope was open inside the time step, which is what `unroll` and modules do."""
        return self.key[-1].name != "|"

    def named(self, name: str) -> dict[int, Node]:
        """The result of that name, by step. Raises `GraphError` for two in one step."""
        found: dict[int, Node] = {}
        for t, nodes in self.steps.items():
            for n in nodes:
                if n.name == name and found.setdefault(t, n) is not n:
                    raise GraphError(
                        f"step {t} of {self.place} holds more than one {name!r}",
                        hint="name them apart with tg.named; cells inside a cell are told apart if their classes derive from "
                        "tg.nn.Module; a second run goes on in time inside tg.steps_after(steps), or stands in a tg.scope(name)",
                    )
        return found

    def parts(self, role: Role) -> list[dict[int, Node]]:
        """The results of each of those names by step or, for None, each part of what is handed on."""
        if role is not None:
            return [self.named(name) for name in ((role,) if isinstance(role, str) else role)]
        alike = {t: _alike(nodes) for t, nodes in self.steps.items()}
        return [{t: found[like] for t, found in alike.items() if like in found} for like in self.handed]

    def states(self, role: Role) -> dict[int, StateNodes]:
        """The joint state of every step. Raises `GraphError` where a part is missing, or a step reads another one than the last."""
        if role is None and self.jump is not None:
            raise GraphError(
                f"step {self.jump[1]} of {self.place} reads what step {self.jump[0]} made, which is not the step before it",
                hint="hand on all that later steps need as part of the state, or say role='h'",
            )
        parts = self.parts(role)
        for t in self.steps:
            if missing := sum(t not in part for part in parts):
                first = t == next(iter(self.steps))
                why = "it was computed from constants alone" if first else "the loss does not depend on it"
                raise GraphError(
                    f"step {t} of {self.place} lacks {missing} of {len(parts)} states in this graph: {why}",
                    hint="start from a state of tensors with requires_grad=True"
                    if first
                    else "let the loss read the whole last state, or say role= with the name of a state that it reads",
                )
        return {t: tuple(part[t] for part in parts) for t in self.steps}

    def chain(self, role: Role) -> dict[int, StateNodes]:
        """The joint states, each of which the next step reads. Raises `GraphError` where one does not, and with fewer than two."""
        states = self.states(role)
        if len(states) < 2:
            raise GraphError(f"{self.place} has one step in this graph, and so no state before it", hint="it takes two steps")
        for a, b in pairwise(states):
            before, after = (" and ".join(str(n.shape) for n in states[t]) for t in (a, b))
            if before != after:
                raise GraphError(
                    f"the states of {self.place} have shapes {before} in step {a} and {after} in step {b}",
                    hint="of packed sequences some have ended there: probe sequences of one length, or pad them",
                )
            read = {parent for n in self.steps[b] for parent in n.parents}
            if unread := [repr(n.name) for n in states[a] if n not in read]:
                raise GraphError(
                    f"step {b} of {self.place} does not read the {' and '.join(unread)} of step {a}",
                    hint="it is no state (role=None takes what is handed on), or it was detached between the two",
                )
        return states


def lane_of(loss: Tensor, role: Role, layer: int | None, direction: int | None, scope: str | None) -> Lane:
    """The lane that holds results of those names or, for None, hands states on. Raises `GraphError` for none, or a choice."""
    lanes = lanes_of(loss)
    if role is None:
        if not (holding := [lane for lane in lanes if lane.handed]):
            raise GraphError(
                "no state is handed from one time step to another in this graph",
                hint="it takes two steps, and a state that is not detached",
            )
        return one_of(holding, "hand on a state", layer, direction, scope)
    names = {role} if isinstance(role, str) else set(role) if isinstance(role, (tuple, list)) else set()
    held = {lane: {n.name for nodes in lane.steps.values() for n in nodes if n.name} for lane in lanes}
    what = " and ".join(map(repr, sorted(names)))
    if not names or not (holding := [lane for lane in lanes if names <= held[lane]]):
        raise GraphError(
            f"no cell of this graph computes {what or f'role={role!r}'}",
            hint=f"named there: {', '.join(sorted(set().union(*held.values()))) or 'nothing'}; name a state tg.named(h, 'h'), "
            "or say role=None for what is handed on",
        )
    return one_of(holding, f"compute {what}", layer, direction, scope)


def lanes_of(loss: Tensor) -> list[Lane]:
    """All lanes of a graph. Raises `GraphError` without time steps."""
    if lanes := _lanes(recorded_graph(loss)[0]):
        return lanes
    raise GraphError(
        "this graph has no time steps", hint="run the cell through tg.nn.unroll, or open tg.time_step(t) around each step"
    )


def one_of(lanes: list[Lane], do: str, layer: int | None, direction: int | None, scope: str | None) -> Lane:
    """The only lane that fits. Those of cells go before what a step computes outside of one. Raises `GraphError` for a choice."""
    lanes = [lane for lane in lanes if lane.in_cell] or lanes
    chosen = [lane for lane in lanes if _matches(lane, layer, direction, scope)]
    if len(chosen) == 1:
        return chosen[0]
    asked = {"layer": layer, "direction": direction, "scope": scope}
    said = ", ".join(f"{key}={value!r}" for key, value in asked.items() if value is not None)
    raise GraphError(f"{len(chosen) or 'no'} cells {do}{f' with {said}' if said else ''}", hint=_choice(chosen or lanes))


def _matches(lane: Lane, layer: int | None, direction: int | None, scope: str | None) -> bool:
    frames = lane.key
    return (
        (layer is None or any(frame.get("layer") == layer for frame in frames))
        and (direction is None or any(frame.get("direction") == direction for frame in frames))
        and (scope is None or scope == lane.place or any(scope in (frame.name, frame.part, str(frame)) for frame in frames))
    )


def _choice(lanes: list[Lane]) -> str:
    """How to name one of several lanes, or that there is no choice."""
    if len(lanes) == 1:
        return f"leave the choice out: {lanes[0].place} is the only one"
    for name in ("layer", "direction"):
        numbers = {frame.get(name) for lane in lanes for frame in lane.key} - {None}
        if len(numbers) > 1:
            return f"say {' or '.join(f'{name}={number}' for number in sorted(n for n in numbers if n is not None))}"
    return f"say {' or '.join(f'scope={lane.place!r}' for lane in lanes)}"


def _lanes(nodes: list[Node]) -> list[Lane]:
    timeline = Timeline(nodes)
    steps: dict[LaneKey, dict[int, list[Node]]] = {}
    for n, (t, key) in timeline.found.items():
        steps.setdefault(key, {}).setdefault(t, []).append(n)
    edges: dict[LaneKey, list[tuple[Node, Node]]] = {}
    for n in timeline.found:
        for parent in n.parents:
            if parent is not None and timeline.crossed(n, parent):
                edges.setdefault(timeline.found[parent][1], []).append((parent, n))
    return [_lane(key, found, edges.get(key, []), timeline) for key, found in steps.items()]


def _lane(key: LaneKey, steps: dict[int, list[Node]], edges: list[tuple[Node, Node]], timeline: Timeline) -> Lane:
    backwards = bool(edges) and timeline.crossed(edges[0][1], edges[0][0]) < 0
    order = sorted(steps, reverse=backwards)
    followed = dict(pairwise(order))
    ends = [(timeline.found[parent][0], timeline.found[child][0]) for parent, child in edges]
    jump = next(((a, b) for a, b in ends if followed.get(a) != b), None)
    read = {parent for parent, _ in edges}
    handed: dict[Likeness, Node] = {}
    for t in order:
        handed |= {like: n for like, n in _alike(steps[t]).items() if n in read}
    h_first = sorted(handed, key=lambda like: (handed[like].name != "h", handed[like].order))
    return Lane(key, {t: steps[t] for t in order}, h_first, jump)


def _alike(nodes: list[Node]) -> dict[Likeness, Node]:
    """The results of a step by what they have in common with their fellows: scopes, op, name, number counted from the last."""
    seen: Counter[Likeness] = Counter()
    found: dict[Likeness, Node] = {}
    for n in reversed(nodes):
        scopes = tuple(frame for frame in n.frames if frame.name != "t")
        like: Likeness = (scopes, n.op, n.name)
        seen[like] += 1
        numbered: Likeness = (*like, seen[like])
        found[numbered] = n
    return found
