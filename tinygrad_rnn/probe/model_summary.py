"""A model in a table: what each part gives, how many parameters it has, how often it ran, how long, and what it keeps."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import wraps
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np

from ..engine.graph import Node, reachable
from ..engine.scopes import tick
from ..engine.tensor import Tensor
from ..nn.module import Module, modes_kept, parts_within
from ..nn.packed import PackedSequence
from ..shared.array_type import Array
from ..shared.checks import check_kind, short
from ..shared.html_table import html_table
from ..shared.nested import leaves
from ..shared.terminal import Terminal
from .activation_bytes import bytes_kept

__all__ = ["Summary", "SummaryRow", "summary"]

METHODS = ("__call__", "forward", "step", "passed")  # what runs a module, a cell, a block of a grid
HEAD = ("layer", "output", "parameters", "share", "steps", "time", "memory")
BELOW = (
    "Time and memory are those of one step, the mean of all, with the parts inside. Time is what this one run forward took, here and "
    "now; memory is what its graph keeps for the backward pass. Dropout was off."
)


class SummaryRow(NamedTuple):
    """One part of a model in one run.

    `path` ("" for the model itself) and `kind`, its class; `output`, the shape of what it gave, as text; `parameters`, how many
    numbers it has, and their `share` of all; `steps`, how often it ran: a cell once a time step; `seconds` and `bytes` of one step.
    """

    path: str
    kind: str
    output: str
    parameters: int
    share: float
    steps: int
    seconds: float
    bytes: int


@dataclass(frozen=True, eq=False, repr=False)
class Summary:
    """What `tg.summary` found: a sequence of one `SummaryRow` a part, the model first; printed, it is a table."""

    rows: tuple[SummaryRow, ...]

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[SummaryRow]:
        return iter(self.rows)

    def __getitem__(self, index: int) -> SummaryRow:
        return self.rows[index]

    def __repr__(self) -> str:
        out = Terminal(io.StringIO(), color=False, width=100)
        out.table(self._cells(), HEAD)
        out.say(BELOW, indent="  ")
        return out.stream.getvalue().rstrip("\n")  # type: ignore[union-attr]

    def _repr_html_(self) -> str:
        return html_table(f"{self.rows[0].kind}: {self.rows[0].parameters:,} parameters", HEAD, self._cells(), BELOW)

    def _cells(self) -> list[list[str]]:
        return [
            [
                f"{short(row.path)[1:-1]}: {row.kind}" if row.path else row.kind,
                row.output or "-",
                f"{row.parameters:,}",
                f"{row.share:.1%}",
                f"{row.steps:,}",
                f"{1000 * row.seconds:.3g} ms" if row.steps else "-",
                f"{row.bytes / 1000:,.1f} kB" if row.steps else "-",
            ]
            for row in self.rows
        ]


@dataclass(eq=False)
class Watched:
    """A part while the model runs: its calls."""

    path: str
    part: Any
    kind: str
    steps: int = 0
    seconds: float = 0.0
    spans: list[tuple[int, int]] = field(default_factory=list)  # the nodes between two indices were recorded in a call
    output: tuple[int, str] = (0, "")  # of the largest: its size, and its shape in words
    running: bool = False


def summary(model: Module, *args: Any, **options: Any) -> Summary:
    """Run `model(*args, **options)` once, and tell of each of its parts what it gave, what it has and what it took.

    The model runs in evaluation mode, so that no mask is drawn, and every part is afterwards in the mode that it was in. Memory is that
    of `probe.activation_memory`: 0 inside `no_grad()`. A parameter that stands in several parts counts in each, and once in the model.
    A part that did not run by itself (a table whose rows were taken without calling it) has 0 steps.
    Raises `DataError` for what is no module, and whatever the model raises.

    >>> import numpy as np, tinygrad_rnn as tg
    >>> rng = np.random.default_rng(0)
    >>> layers = tg.nn.Embedding(50, 8, rng=rng), tg.nn.LSTMCell(8, 16, rng=rng), tg.nn.Linear(16, 4, rng=rng)
    >>> model = tg.nn.SequenceClassifier(*layers)
    >>> found = tg.summary(model, np.array([[7, 3, 9], [8, 0, 0]]), lengths=[3, 1])
    >>> [(row.kind, row.output, row.parameters, row.steps) for row in found][:3]
    [('SequenceClassifier', '(2, 4)', 2068, 1), ('Embedding', '(4, 8)', 400, 1), ('LSTMCell', '(2, 16)', 1600, 3)]
    >>> print(f"{found}".splitlines()[0].split())
    ['layer', 'output', 'parameters', 'share', 'steps', 'time', 'memory']
    """
    check_kind("summary of", model, Module, "give the module itself, then what it is called with: tg.summary(model, x)")
    parts = [
        ("", model),
        *((path, part) for path, part in parts_within("", vars(model), {id(model)}) if not isinstance(part, Tensor)),
    ]
    watched = [Watched(path, part, type(part).__name__) for path, part in parts]
    with modes_kept(model), _watching(watched):
        model.train(False)
        result = model(*args, **options)
    orders, so_far = _kept(result)
    total = max(1, _numbers(model))
    rows = []
    for one in watched:
        first, last = np.searchsorted(orders, np.array(one.spans, np.int64).reshape(-1, 2).T)
        inside = int((so_far[last] - so_far[first]).sum())
        numbers, runs = _numbers(one.part), max(1, one.steps)
        share = numbers / total
        rows.append(
            SummaryRow(one.path, one.kind, one.output[1], numbers, share, one.steps, one.seconds / runs, round(inside / runs))
        )
    return Summary(tuple(rows))


@contextmanager
def _watching(parts: list[Watched]) -> Iterator[None]:
    """Each part is meanwhile of a class of its own, below the one that it has, which notes the calls that it passes on.

    So what is copied for a sequence is watched too, and no module carries any of the cost at other times.
    """
    before = [(one.part, type(one.part)) for one in parts]
    try:
        for one in parts:
            with suppress(Exception):  # a class that nothing may stand below: its row stays empty
                object.__setattr__(one.part, "__class__", _watched_class(one, type(one.part)))
        yield
    finally:
        for part, kind in before:
            object.__setattr__(part, "__class__", kind)


def _watched_class(one: Watched, kind: type[Any]) -> type[Any]:
    metaclass: Any = type(kind)
    watched: type[Any] = metaclass(kind.__name__, (kind,), {"__slots__": (), "__module__": kind.__module__})
    for name in METHODS:
        if hasattr(kind, name):
            setattr(watched, name, _noted(one, getattr(kind, name)))
    return watched


def _noted(one: Watched, method: Any) -> Any:
    @wraps(method)
    def call(self: Any, *args: Any, **options: Any) -> Any:
        if one.running:
            return method(self, *args, **options)
        one.running, first, start = True, tick(), perf_counter()
        try:
            result = method(self, *args, **options)
        finally:
            one.running = False
        one.seconds += perf_counter() - start
        one.spans.append((first, tick()))
        one.steps += 1
        one.output = max(one.output, _shape(result), key=lambda output: output[0])
        return result

    return call


def _shape(value: Any) -> tuple[int, str]:
    """The size of an output and its shape in words: of several things that a part gives, those of the first."""
    if isinstance(value, PackedSequence):
        features = value.tensors[0].shape[1:]
        return value.steps, f"packed {(len(value.lengths), len(value.tensors), *features)}"
    if isinstance(value, Tensor):
        return value.size, f"{value.shape}"
    if isinstance(value, tuple) and value:
        return _shape(value[0])
    many = [*value.values()] if isinstance(value, dict) else value if isinstance(value, list) else []
    sizes = [_shape(item) for item in many]
    return (sum(size for size, _ in sizes), f"{len(sizes)} x {sizes[0][1]}") if sizes and sizes[0][1] else (0, "")


def _kept(result: Any) -> tuple[Array, Array]:
    """Of all that the graph of a result keeps, in its order: when it was recorded, and the bytes before each and in all."""
    tensors = [t for value in leaves(result) for t in (value.tensors if isinstance(value, PackedSequence) else [value])]
    nodes: dict[Node, None] = {}
    given: dict[Node, None] = {}
    for root in {t.node: None for t in tensors if isinstance(t, Tensor) and t.node is not None}:
        for found, into in zip(reachable(root), (nodes, given), strict=True):
            into.update(dict.fromkeys(found))
    arrays = [(n.order, size) for n, size in bytes_kept(sorted(nodes, key=lambda n: n.order), given)]
    orders, sizes = np.array(arrays, np.int64).reshape(-1, 2).T
    return orders, np.concatenate([[0], np.cumsum(sizes)])


def _numbers(part: Any) -> int:
    """How many numbers the parameters of a part hold, each once."""
    inside = parts_within("", vars(part), {id(part)})
    return sum(t.size for _, t in inside if isinstance(t, Tensor) and t.wanted_gradient)
