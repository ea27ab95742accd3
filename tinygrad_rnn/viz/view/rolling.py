"""The rolled view: all time steps folded into one column, and every state led back to where it is read one step later.

The colour of a folded box is the norm of its gradients in all steps together; a chip shows the whole gradient that its use adds
up to over time. What is there in one step alone (a constant at the start) does not go round and is left out.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace

from .boxes import Box, Chip, Measure
from .one_loop import starts_of_loop
from .shown_graph import Edge, EdgeUse, View
from .time_columns import Key

__all__ = ["rolled"]


def rolled(view: View) -> View:
    """One column for all steps of a view in which no step is hidden. A view without steps stays as it is.

    Raises `DataError` unless the steps are one loop: for a decoder after its encoder, say, or a cell in every second step.
    """
    if not view.steps:
        return view
    starts = starts_of_loop(view.graph, view.places)
    measure = Measure(view.graph, view.color)
    after = 1
    column = {c: 0 if 0 <= c < view.after else after if c == view.after else c for c in {box.column for box in view.boxes}}
    folded: dict[tuple[int, Key], list[Box]] = defaultdict(list)
    for box in view.boxes:
        if box.kind != "start":
            folded[column[box.column], box.key].append(box)
    usual = {place: same for place, same in folded.items() if place[0] != 0 or len(same) > 1 or same[0].kind != "input"}
    folded = usual if len(view.steps) > 2 else folded  # an input of one step alone is a state at the start
    boxes = {place: _folded(same, place[0], view, measure, starts) for place, same in folded.items()}
    home = {box.id: boxes[column[box.column], box.key].id for same in folded.values() for box in same}
    between: dict[tuple[int, int, str, int], list[Edge]] = defaultdict(list)
    for e in view.edges:
        if e.source in home and e.target in home and not starts.issuperset(e.uses):
            loop = (e.target_column > e.source_column) - (e.target_column < e.source_column)
            loop *= min(e.source_column, e.target_column) >= 0 and max(e.source_column, e.target_column) < view.after
            between[home[e.source], home[e.target], e.role, loop].append(e)
    edges = []
    for (source, target, _, loop), same_edges in between.items():
        e = same_edges[-1]
        uses = tuple(use for one in same_edges for use in one.uses)
        strength = _together((one.strength for one in same_edges), view.color)
        a, b, cut = column[e.source_column], column[e.target_column], all(one.cut for one in same_edges)
        e = replace(e, source=source, target=target, source_column=a, target_column=b)
        edges.append(replace(e, strength=strength, uses=uses, cut=cut, loop=loop))
    gone = (*view.hidden_records, *(m for box in view.boxes if box.id not in home for m in box.members))
    order = sorted(boxes.values(), key=lambda box: box.id)
    turns, places = len(view.steps), replace(view.places, steps=view.steps[-1:])
    return replace(
        view,
        places=places,
        boxes=tuple(order),
        edges=tuple(edges),
        kept=(0,),
        hidden=(),
        hidden_records=gone,
        series=(),
        turns=turns,
    )


def _folded(same: list[Box], column: int, view: View, measure: Measure, starts: frozenset[EdgeUse]) -> Box:
    """One box for all that have a key, in the dress of the last of them."""
    box = same[-1]
    if column != 0:
        return replace(box, column=column)
    used: dict[int, tuple[Chip, list[tuple[int, int]]]] = {}
    for chip in (chip for one in same for chip in one.chips if not starts.issuperset(chip.uses)):
        used.setdefault(chip.leaf, (chip, []))[1].extend(chip.uses)
    chips = tuple(
        replace(chip, strength=measure.uses(view.graph[leaf], uses), uses=tuple(uses)) for leaf, (chip, uses) in used.items()
    )
    name = ", ".join(f"{state}ₜ" for state in box.states if state) or box.name if box.kind == "group" else box.name
    members = tuple(member for one in same for member in one.members)
    strength = _together((one.strength for one in same), view.color)
    step = None if box.step is None else "t"
    return replace(box, column=0, members=members, chips=chips, name=name, strength=strength, step=step)


def _together(strengths: Iterable[float | None], color: str) -> float | None:
    """The norm of all steps together; of values the root of their mean square."""
    known = [s for s in strengths if s is not None]
    if not known:
        return None
    return math.hypot(*known) / (math.sqrt(len(known)) if color == "value" else 1.0)
