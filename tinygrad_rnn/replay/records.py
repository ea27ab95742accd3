"""A recorded graph as plain data: all that renderers, probes and exporters see of it. No live Tensor in here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from ..engine.arrays import norm
from ..engine.scopes import Frame, place_of
from ..errors import GraphError
from ..shared.array_type import Array
from ..shared.checks import check_kind
from .sent import Sent

__all__ = ["GraphSnapshot", "Record", "Use"]


@dataclass(frozen=True, eq=False)
class Record:
    """One node: an op, a parameter (a leaf that wants a gradient) or a constant (data, an initial state, a number).

    `id` counts from 0 in the order of creation, so parents have smaller ids. `parents` holds their ids by input position; the
    same id twice means used twice. `grad` is None where no gradient arrives or none is wanted.
    """

    id: int
    kind: str  # "op", "parameter", "constant"
    op: str  # name of the primitive, "" for parameters and constants
    symbol: str  # what a picture writes into the node
    parents: tuple[int, ...]
    name: str | None
    frames: tuple[Frame, ...]
    words: str  # the local rule, in a sentence
    settings: str  # of the op, as short text
    value: Array = field(repr=False)
    grad: Array | None = field(repr=False)
    args: Any = field(default=None, repr=False)  # the settings themselves
    path: str | None = None  # of a parameter: where a model holds it, `low.Wx`

    @property
    def shape(self) -> tuple[int, ...]:
        """The size of each axis of the value."""
        return self.value.shape

    @cached_property
    def t(self) -> int | None:
        """The time step in which it was recorded, or None."""
        for frame in reversed(self.frames):
            if frame.name == "t":
                return frame.get("t")
        return None

    @property
    def place(self) -> str:
        """The open scopes as people read them."""
        return place_of(self.frames)

    @property
    def low(self) -> float:
        """The smallest value."""
        return float(self.value.min()) if self.value.size else float("nan")

    @property
    def high(self) -> float:
        """The largest value."""
        return float(self.value.max()) if self.value.size else float("nan")

    @cached_property
    def grad_norm(self) -> float | None:
        """The Euclidean norm of the gradient of the loss for this node, None without one."""
        return None if self.grad is None else norm(self.grad)


@dataclass(frozen=True, eq=False)
class Use:
    """One edge into a node: who uses it (`child`), as which input (`slot`), in which time step, and the gradient it sends back."""

    child: int
    slot: int
    t: int | None
    _sent: Sent = field(repr=False)

    @property
    def gradient(self) -> Array | None:
        """What is sent along it, None without gradients."""
        return self._sent.get((self.child, self.slot))


@dataclass(frozen=True, eq=False)
class GraphSnapshot:
    """A whole graph: its records by id (the last one is the loss), and the gradient sent along every edge.

    `sent[child, slot]` is what the node `child` sends to its input `slot`, in the shape of that input; for a weight it is computed
    when asked for. The gradients that a node is sent sum to its `grad`: for a shared weight, one summand for each use.
    """

    records: tuple[Record, ...]
    sent: Sent = field(repr=False)

    def __repr__(self) -> str:
        r, steps = self.root, f", {len(self.steps)} steps" if self.steps else ""
        return f"<GraphSnapshot of {r.name or r.op or r.symbol} {r.shape}: {len(self)} records, {len(self.parameters)} parameters{steps}>"

    def __len__(self) -> int:
        return len(self.records)

    def __iter__(self) -> Iterator[Record]:
        return iter(self.records)

    def __getitem__(self, id: int) -> Record:
        return self.records[id]

    @property
    def root(self) -> Record:
        """The loss."""
        return self.records[-1]

    @property
    def parameters(self) -> tuple[Record, ...]:
        """The leaves that want a gradient."""
        return tuple(r for r in self.records if r.kind == "parameter")

    @cached_property
    def steps(self) -> tuple[int, ...]:
        """The time steps that occur, ascending."""
        return tuple(sorted({r.t for r in self.records if r.t is not None}))

    def find(self, name: str, t: int | None = None, scope: str | None = None) -> Record:
        """The record of that name, in step `t` if given, and used or recorded inside `scope` ("LSTMCell", "Linear") if given.

        A parameter may be called by its path, `low.Wx`; of results it is the youngest.
        Raises `GraphError` if there is none, or if several parameters have that name.

        >>> import tinygrad_rnn as tg
        >>> w = tg.Tensor(2.0, requires_grad=True, name="w")
        >>> tg.snapshot(w * w).find("w").kind
        'parameter'
        """
        check_kind("find of", name, str, "give the name of a node, such as 'h'")
        check_kind("find with t =", t, (int, np.integer, type(None)), "t is the number of a time step, or None")
        check_kind("find with scope =", scope, (str, type(None)), "scope is the name of a scope, such as 'LSTMCell', or None")
        exact, named = ([r for r in self.records if getattr(r, key) == name] for key in ("path", "name"))
        if not named or (len(exact) == 1 and all(r.path for r in named)):
            named = exact
        found = [r for r in named if (t is None or r.t == t) and self._inside(r, scope)]
        parameters = [r for r in found if r.kind == "parameter"]
        if len(parameters) > 1:
            users = [self.records[self.uses(r)[0].child].place or "no scope" for r in parameters if self.uses(r)]
            raise GraphError(f"{len(parameters)} parameters are called {name!r}: used in {'; '.join(users)}", hint="say scope=")
        if not found:
            names = sorted({r.name for r in self.records if r.name})
            places = "".join(f" in {kind} {value}" for kind, value in (("step", t), ("scope", scope)) if value is not None)
            raise GraphError(f"no node is called {name!r}{places}", hint=f"names in this graph: {', '.join(names) or 'none'}")
        return found[-1]

    def along(self, name: str, scope: str | None = None) -> dict[int, Record]:
        """The record of that name in each time step, `{t: record}`: the h lane, or the c lane.

        Raises `GraphError` if there is none, or more than one in a step.

        >>> import numpy as np, tinygrad_rnn as tg
        >>> cell = tg.nn.RNNCell(2, 3, rng=np.random.default_rng(0))
        >>> hs, _ = tg.nn.unroll(cell, np.ones((1, 4, 2)))
        >>> list(tg.snapshot(hs[-1].sum()).along("h"))
        [1, 2, 3, 4]
        """
        self.find(name, scope=scope)
        lane: dict[int, Record] = {}
        for r in self.records:
            if r.name == name and r.t is not None and self._inside(r, scope):
                if r.t in lane:
                    raise GraphError(
                        f"step {r.t} holds more than one {name!r}: at {lane[r.t].place} and {r.place}", hint="say scope="
                    )
                lane[r.t] = r
        return lane

    def _inside(self, record: Record, scope: str | None) -> bool:
        """Whether a record, or (of a parameter) one of its users, was recorded inside a scope of that name."""
        if scope is None:
            return True
        places = [record] if record.kind != "parameter" else [self.records[use.child] for use in self.uses(record)]
        return any(str(frame) == scope or scope in (frame.name, frame.part) for r in places for frame in r.frames)

    @cached_property
    def _readers(self) -> dict[int, list[tuple[int, int]]]:
        readers: dict[int, list[tuple[int, int]]] = {}
        for child in self.records:
            for slot, parent in enumerate(child.parents):
                readers.setdefault(parent, []).append((child.id, slot))
        return readers

    def reads(self, record: Record) -> list[tuple[int, int]]:
        """Every edge into a record as (child, slot), in the order of creation: the keys of `sent`."""
        return self._readers.get(record.id, [])

    def uses(self, record: Record | str) -> list[Use]:
        """Every edge into a record, in the order of creation: one weight, many steps."""
        wanted = self.find(record) if isinstance(record, str) else record
        check_kind("uses of", wanted, Record, "give the name of a node, or a record: snapshot.find(name)")
        return [Use(child, slot, self.records[child].t, self.sent) for child, slot in self.reads(wanted)]

    def contributions(self, record: Record | str, scope: str | None = None) -> dict[int | None, Array]:
        """The gradient of a weight split over the time steps: {t: array}, summing to its `grad`. Empty without gradients.

        `record` may be a name, and `scope` one of its users, as in `find`.
        """
        parts: dict[int | None, Array] = {}
        record = self.find(record, scope=scope) if isinstance(record, str) else record
        for use in self.uses(record):
            gradient = use.gradient
            if gradient is not None:
                parts[use.t] = parts[use.t] + gradient if use.t in parts else gradient
        return parts
