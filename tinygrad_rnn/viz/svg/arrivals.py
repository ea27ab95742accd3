"""When every part of a picture gets its gradient: the number of the event of the backward pass in which it comes."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np

from ...replay.stepper import play
from ..view.shown_graph import Edge, View

__all__ = ["Arrivals"]

Part = TypeVar("Part", bound=Hashable)


@dataclass(frozen=True)
class Arrivals:
    """Numbers of events, counted from 1. What never gets a gradient is not in here; `Arrivals()` is a picture that stands still.

    A box has its moment when the first of its members has its turn; a weight in the panel, when all its uses have reported. An
    edge has it when the first gradient is sent along it, and a chip likewise: in the turn of the op that uses the value. The
    bar of a hidden step has it when the state of that step has its turn.
    """

    boxes: dict[int, int] = field(default_factory=dict)  # and the weights in the panel
    chips: dict[tuple[int, int], int] = field(default_factory=dict)  # (box, weight)
    edges: dict[Edge, int] = field(default_factory=dict)
    bars: dict[tuple[str, str, int], int] = field(default_factory=dict)  # (state, layer and direction, step)
    last: int = 0

    @property
    def moments(self) -> dict[Hashable, int]:
        """Of every part, under the name that it has here."""
        known: tuple[Mapping[Any, int], ...] = (self.boxes, self.chips, self.edges, self.bars)
        return {part: moment for parts in known for part, moment in parts.items()}

    @classmethod
    def of(cls, view: View) -> Arrivals:
        """The arrivals of what a view shows.

        >>> from tinygrad_rnn.viz.svg.arrivals import Arrivals
        >>> import tinygrad_rnn as tg
        >>> w = tg.Tensor(2.0, requires_grad=True, name="w")
        >>> view = tg.draw(tg.tanh(w * 3.0)).view
        >>> [(box.label, Arrivals.of(view).boxes[box.id]) for box in view.boxes]
        [('w', 3), ('×3', 2), ('tanh', 1)]
        """
        turns: dict[int, int] = {}
        sent: dict[tuple[int, int], int] = {}
        with np.errstate(all="ignore"):  # infinite gradients add up to NaN; the picture shows that already
            for event in play(view.graph):
                turns[event.node.id] = event.number
                sent.update({(event.node.id, message.slot): event.number for message in event.sent})
        boxes = {box.id: _first(turns, box.members) for box in (*view.boxes, *view.pills)}
        chips = {(box.id, chip.leaf): _first(sent, chip.uses) for box in view.boxes for chip in box.chips}
        edges = {edge: _first(sent, edge.uses) for edge in view.edges}
        bars = {
            (line.name, line.where, step): turns.get(id)
            for line in view.series
            for (step, _), id in zip(line.bars, line.records, strict=True)
            if id is not None
        }
        return cls(_known(boxes), _known(chips), _known(edges), _known(bars), len(turns))


def _first(numbers: Mapping[Part, int], parts: Iterable[Part]) -> int | None:
    return min((numbers[part] for part in parts if part in numbers), default=None)


def _known(arrivals: Mapping[Part, int | None]) -> dict[Part, int]:
    return {part: moment for part, moment in arrivals.items() if moment is not None}
