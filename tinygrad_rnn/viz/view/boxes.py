"""What is drawn: boxes and chips, what is written on them, and the number behind their colour."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from ...engine.arrays import norm
from ...engine.scopes import Frame
from ...replay.records import GraphSnapshot, Record
from ..style import clean, number, subscript
from .formulas import formula
from .time_columns import Key, Places, in_cell, scope_of

__all__ = [
    "LABEL", "NAME", "SMALL", "Box", "Chip", "Measure", "TextLine", "box_of", "heading_of", "leaf_labels", "owner_words",
    "pill_of", "strength_of",
]  # fmt: skip

INFIX = {"add", "sub", "mul", "div"}
LABEL, NAME, SMALL = 13.0, 11.0, 9.5  # font sizes
LONGEST = 22  # letters of a formula on a box
GATES = {  # the word for a letter, where it is made by that op
    "a": ("pre-activation", "add"), "i": ("input", "sigmoid"), "f": ("forget", "sigmoid"), "o": ("output", "sigmoid"),
    "g": ("candidate", "tanh"), "r": ("reset", "sigmoid"), "z": ("update", "sigmoid"), "n": ("candidate", "tanh"),
    "c": ("cell state", ""), "h": ("hidden", ""),
}  # fmt: skip


@dataclass(frozen=True)
class Chip:
    """One use of a shared weight, in the colour of what this use adds to the gradient."""

    leaf: int
    label: str
    strength: float | None
    uses: tuple[tuple[int, int], ...]  # (child, slot)


class TextLine(NamedTuple):
    """A line of text on a box, with the number that is set lower behind it."""

    words: str
    size: float
    italic: bool = False
    bold: bool = False
    subscript: int | str | None = None


@dataclass(frozen=True)
class Box:
    """Something that is drawn: an op, a group of ops, an input, an initial state or (`pill`) a weight."""

    id: int  # of its youngest member
    members: tuple[int, ...]
    column: int
    key: Key
    block: Key  # boxes of a block are laid out together
    kind: str  # "op", "gate", "group", "input", "start", "pill"
    op: str  # of a gate: its letter
    label: str
    name: str  # what stands under the label, in italics
    step: int | str | None  # the index of that name
    strength: float | None  # of the gradient (or value); None is drawn neutral
    states: tuple[str, ...]  # the roles in which it hands values to the next step
    shape: tuple[int, ...]
    chips: tuple[Chip, ...] = ()
    where: str = ""  # of a pill: the layer and direction of its user
    held: bool = False  # one of these states is more than a running sum

    @property
    def state(self) -> bool:
        """Whether it is drawn as a state: h and c are, a running sum of losses is not."""
        return self.kind == "start" or (self.held and self.block[0] != "readout")

    @cached_property
    def lines(self) -> tuple[TextLine, ...]:
        """What is written on it, from top to bottom, cut to what fits."""
        label, name = clean(self.label, LONGEST if self.kind == "gate" else 18), clean(self.name, 22) if self.name else ""
        if self.kind == "gate":  # the letter, and the word for it
            first = TextLine(label, LABEL, self.step is not None, self.state, self.step)
            second = TextLine(name, SMALL)
        elif self.name:  # the op, and the letter of its result
            own = self.kind == "op"
            first = TextLine(label, LABEL, bold=self.kind == "group")
            second = TextLine(name, NAME, True, own and self.state, self.step if own else None)
        else:
            first = TextLine(label, LABEL, self.kind in ("input", "start"), False, self.step)
            second = TextLine("", NAME)
        return (first, second) if name else (first,)


class Measure:
    """The number behind a colour: the norm of the gradient, the root mean square of the value, or none."""

    def __init__(self, graph: GraphSnapshot, color: str) -> None:
        self.graph, self.color = graph, color

    def node(self, record: Record) -> float | None:
        """Of a whole record."""
        return strength_of(record, self.color)

    def uses(self, parent: Record, uses: Iterable[tuple[int, int]]) -> float | None:
        """Of edges that leave one record: the norm of the sum of what is sent back along them."""
        if self.color != "grad":
            return self.node(parent)
        sent = [self.graph.sent[use] for use in uses if use in self.graph.sent]
        return norm(sum(sent[1:], start=sent[0])) if sent else None


def strength_of(record: Record, color: str) -> float | None:
    """The norm of its gradient ("grad"), the root mean square of its values ("value"), or None ("none")."""
    if color == "value":
        return norm(record.value) / math.sqrt(record.value.size) if record.value.size else None
    return record.grad_norm if color == "grad" else None


def box_of(
    places: Places,
    measure: Measure,
    group: tuple[int, ...],
    key: Key,
    gate: bool,
    held: bool,
    states: tuple[str, ...],
    uses: Iterable[tuple[int, str, tuple[tuple[int, int], ...]]],
) -> Box:
    """The box of a group of records (often of one), with what is written on it; `uses` are those of weights, with their labels."""
    graph, records = measure.graph, measure.graph.records
    r = records[group[-1]]
    column, after = places.column[r.id], len(places.steps)
    step = places.steps[column] if 0 <= column < after else None
    block = _block(r, places)
    if gate:
        word, maker = GATES.get(r.name or "", ("", ""))
        word = word if r.op == maker or (not maker and r.name in states) else ""
        label, name, kind, op = r.name or formula(graph, r, places.letters(), LONGEST), word, "gate", r.name or r.op
        step = step if r.name else None  # a formula has no number
    elif len(group) > 1 and not all(records[m].op == "transpose" for m in group[:-1]):
        scope = scope_of(r)
        end = "loss" if r is records[-1] else "part of loss"
        bare = "ops" if not places.steps else end if not r.shape else "step" if r.t is not None else "readout"
        label = scope[-1].name.removesuffix("Cell") if scope else bare
        index = "" if step is None else subscript(str(step))
        name, kind, op = ", ".join(s + index for s in states if s) or f"{len(group)} ops", "group", "group"
        step = None
    elif r.kind == "op":
        label, name, kind, op = _op_label(graph, places, r), r.name or "", "op", r.op
        if not name and r is records[-1] and places.steps and not r.shape:
            name = "loss"
        if name in ("", "loss"):
            step = None
    else:
        label = r.name or (number(r.value.item()) if r.value.size == 1 and r.kind == "constant" else "×".join(map(str, r.shape)))
        kind = "pill" if r.kind == "parameter" else "start" if r.id in places.starts else "input"
        name, op = "", ""
        if kind == "start" or r.name is None or places.keys[r.id] in places.varying:
            step = None
        letter = places.letters().get(r.id, "")
        if (
            kind == "start" and not r.name and letter
        ):  # a result that was not recorded has no name: it is drawn as what it stands for
            label, step = letter, None if 0 <= column < after else 0
        elif kind == "start" and label.endswith("0") and len(label) > 1:
            label, step = label[:-1], 0
    if not places.steps and r.value.size == 1:  # a number, as in an expression: its value and its derivative can be read
        letter = f"{r.name} = " if r.name and kind == "op" else ""
        derivative = "" if r.grad is None else f", ∂ {number(r.grad.item())}"
        name, step = (letter + number(r.value.item()) + derivative).replace("-", "−"), None
    chips = tuple(Chip(leaf, words, measure.uses(records[leaf], used), used) for leaf, words, used in uses)
    strength = measure.node(r)
    return Box(r.id, group, column, key, block, kind, op, label, name, step, strength, states, r.shape, chips, "", held)


def _block(r: Record, places: Places) -> Key:
    if r.t is not None and in_cell(r) and r.kind == "op":
        return ("cell", *scope_of(r))
    return ("around",) if r.kind == "op" and r.t is not None else ("input",) if r.kind != "op" else ("readout",)


def _op_label(graph: GraphSnapshot, places: Places, r: Record) -> str:
    """The symbol, with plain numbers written into it: 1 - z is `1−`, x / 3 is `÷3`."""
    numbers = [number(float(graph.records[p].value)) if p in places.folded else "" for p in r.parents]
    if not any(numbers):
        return r.symbol
    if r.op in INFIX and len(numbers) == 2:
        return numbers[0] + r.symbol + numbers[1]
    return f"{r.symbol} {' '.join(n for n in numbers if n)}"


def leaf_labels(graph: GraphSnapshot, places: Places) -> dict[int, str]:
    """What the pills and chips of the shared weights say: two W of one owner by their paths, or the second one as W′."""
    labels, known = {}, Counter[tuple[str | None, str]]()
    owners = {leaf: owner_words(graph, places, leaf) for leaf in places.shared}
    alike = Counter((graph.records[leaf].name, owner) for leaf, owner in owners.items())
    for leaf, owner in owners.items():
        r = graph.records[leaf]
        if r.path and r.name and alike[r.name, owner] > 1:
            labels[leaf] = r.path
            continue
        labels[leaf] = (r.name or "×".join(map(str, r.shape)) or "w") + "′" * (known[r.name, owner] if r.name else 0)
        known[r.name, owner] += 1
    return labels


def heading_of(places: Places, scope: tuple[Frame, ...]) -> str:
    """The name of a cell, with its layer and direction or its part of the model: `LSTM layer 2 ←`, `GRU decoder`."""
    return f"{scope[-1].name.removesuffix('Cell')} {places.where.get(scope, '')}".rstrip()


def owner_words(graph: GraphSnapshot, places: Places, leaf: int) -> str:
    """Whose weight this is, after the first op that uses it; if it is shared by layers or parts, without these."""
    users = [graph.records[child] for child, _ in graph.reads(graph.records[leaf])]
    scope = places.owners[users[0].id] if users else ()
    if not scope:
        return "readout" if users and users[0].t is None and graph.steps else "weights"
    alone = {places.where.get(places.owners[user.id]) for user in users if places.owners[user.id]} == {places.where.get(scope)}
    return heading_of(places, scope if alone else (Frame(scope[-1].name),))


def pill_of(places: Places, measure: Measure, leaf: int, label: str) -> Box:
    """The pill that stands for a shared weight (or constant) in the panel."""
    graph = measure.graph
    r, strength = graph.records[leaf], measure.node(graph.records[leaf])
    user = next((child.id for child in graph.records[leaf:] if leaf in child.parents), leaf)
    kind = "pill" if r.kind == "parameter" else "input"
    block, where = (owner_words(graph, places, leaf),), places.where.get(places.owners.get(user, ()), "")
    return Box(leaf, (leaf,), -1, ("pill", leaf), block, kind, "", label, "", None, strength, (), r.shape, (), where)
