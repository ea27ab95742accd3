"""A loop of a program as a C function: for each step, what has one value for each entry in one loop over the entries.

The steps of a value that others read lie in the arrays of the printed NumPy program, which are arguments. What only this step reads
is a number in a loop or, behind a product or a sum, an array for one step. Products with a weight pack it once, before the loop.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from ..distribute import Block
from ..values import Program, Value
from .c_indices import JOINS, VIEWS, Index, aligned, behind_key, pieces, plain_key, seen_through
from .c_operations import POINTWISE, CannotBeC, expression, number, type_of

__all__ = ["STATES", "CLoop", "Storage", "is_bias"]

PRODUCTS = ("matmul", "F.matmul", "F.product")
SUMS = ("sum", "max", "largest", "F.unbroadcast")
BARRIERS = (*PRODUCTS, *SUMS, *JOINS)  # whole before something reads them
STATES = ("before", "after")


@dataclass
class Storage:
    """What the printer of the program knows: names, which values of a loop are kept, and how many rows their arrays have more."""

    program: Program
    name: Any
    taken: set[str]
    kept: Any
    rows: Any
    absorbed: list[Value]  # values outside loops that only this loop reads, entry by entry


@dataclass
class CLoop:
    """The text of one function, and what it is called with: sizes, numbers and arrays, in this order."""

    name: str
    block: Block
    storage: Storage
    sizes: dict[int, str] = field(default_factory=dict)
    numbers: dict[Value, str] = field(default_factory=dict)
    read: dict[Value, str] = field(default_factory=dict)  # from outside
    written: dict[Value, str] = field(default_factory=dict)  # for all steps, or two of them: see `parity`
    packed: dict[tuple[Value, bool], str] = field(default_factory=dict)
    temporary: dict[Value, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.inside = set(self.block.values)
        self.widths = {n for p in self.storage.program.given if p.op == "param" for n in p.shape}
        self.carried = {s.inputs[0]: s for s in self.block.values if s.op in STATES}
        totals = [v for v in self.block.values if v.op == "total"]
        self.totals: dict[Value, list[Value]] = {}  # {what is added up: its sums over steps and sequences}
        for v in totals:
            self.totals.setdefault(v.inputs[0].inputs[0], []).append(v)
        apart = {*totals, *(v.inputs[0] for v in totals)}
        self.block = Block([v for v in self.block.values if v not in apart], self.block.lane, self.block.direction)
        real = {type_of(v) for v in self.block.values if v.dtype.kind == "f"}
        if len(real) != 1:
            raise CannotBeC("a loop computes in two precisions")
        (self.real,) = real
        self.check()
        self.order()
        self.lines: list[str] = []
        for v in (*self.block.values, *self.storage.absorbed):  # all names, before others are made of them
            for u in (v, *v.inputs):
                self.storage.name(u)
        for level in range(max(self.level.values()) + 1):
            self.entries(level)
            for v in self.block.values:
                if self.level[v] == level and v.op in (*PRODUCTS, *SUMS):
                    (self.product if v.op in PRODUCTS else self.sum)(v)

    # ---- order ------------------------------------------------------------------------------------------------------------------

    def check(self) -> None:
        for s in self.block.values:
            if s.op in STATES and (s.inputs[0].op in STATES or s.inputs[0] not in self.inside):
                raise CannotBeC("a step reads what was two steps before")
            if s.op not in (*POINTWISE, *VIEWS, *BARRIERS, *STATES):
                raise CannotBeC(f"a loop holds {s.op!r}, which the C printer does not know")
            if not plain_key(s):
                raise CannotBeC("a loop reads by an array of indices")

    def order(self) -> None:
        """Give each value the level at which it is computed, and find those that stand in memory."""
        self.level: dict[Value, int] = {}
        self.stored: set[Value] = set()
        for v in self.block.values:
            sources = [] if v.op in STATES else self.sources(v)
            self.level[v] = max((self.level[i] + (i.op in BARRIERS) for i in sources), default=0)
            self.stored |= {i for i in sources if self.level[i] < self.level[v]}
            if v.op in BARRIERS or (v.op not in STATES and (v in self.carried or self.storage.kept(v))):
                self.stored.add(v)
            if v.op in PRODUCTS:
                self.stored |= {i for i in v.inputs if i in self.inside and i.op not in STATES}

    def sources(self, v: Value) -> list[Value]:
        """The values of this step that a value is computed from, behind views."""
        found = []
        for i in v.inputs:
            if i in self.inside and i.op not in STATES:
                found += [i] if i.op not in VIEWS or v.op in PRODUCTS else self.sources(i)
            elif i in self.storage.absorbed:
                found += self.sources(i)
        return found

    # ---- memory -----------------------------------------------------------------------------------------------------------------

    def size(self, n: int) -> str:
        """A size: in figures if a weight has it, else an argument, so that one text holds for every batch."""
        if n <= 1 or n in self.widths:
            return str(n)
        return self.sizes.setdefault(n, f"B{len(self.sizes) + 1}" if self.sizes else "B")

    def memory(self, v: Value) -> tuple[str, str]:
        """The array of a value, and in which of its rows this step stands ("" if it has but one)."""
        if v in self.inside and v.op in STATES:
            return self.over_time(v.inputs[0]), self.row(v.inputs[0], v.op == "after")
        if v.op == "total" and v in self.inside:
            return self.written.setdefault(v, self.storage.name(v)), ""
        if v in self.inside:
            if v in self.carried or self.storage.kept(v):
                return self.over_time(v), self.row(v, self.storage.rows(v)[0] > 0)
            return self.temporary.setdefault(v, self.storage.name(v)), ""
        self.read[v] = self.storage.name(v)
        return self.read[v], "t" if v.lane else ""

    def shapes(self) -> list[tuple[int, ...]]:
        """Those of the arrays that the function is given, in their order."""
        assert self.block.lane is not None
        T = self.block.lane.steps
        read = [(T, *v.shape) if v.lane else v.shape for v in self.read]
        rows = [() if v.op == "total" else (T + sum(self.storage.rows(v)) if self.storage.kept(v) else 2,) for v in self.written]
        return read + [(*row, *v.shape) for v, row in zip(self.written, rows, strict=True)]

    def over_time(self, u: Value) -> str:
        """The array that holds a value at several steps: under the name of the state, if nothing but the next step is kept."""
        named = u if self.storage.kept(u) else self.carried[u]
        return self.written.setdefault(u, self.storage.name(named))

    def row(self, u: Value, later: bool) -> str:
        """Of an array over time, or of the two rows that a state has of which nothing else is kept."""
        if self.storage.kept(u):
            return "(t + 1)" if later else "t"
        return "(t + 1) % 2" if later else "t % 2"

    def place(self, v: Value, index: Index) -> str:
        """Where one entry of a value stands."""
        array, row = self.memory(v)
        return f"{array}[{self.offset(v.shape, index, row) or 0}]"

    def offset(self, shape: Sequence[int], index: Index, row: str = "") -> str:
        text = row
        for n, k in zip(shape, index, strict=True):
            text = f"{_bracketed(text)} * {self.size(n)}" if text and n != 1 else text
            if k != "0" and n != 1:
                text = f"{text} + {k}" if text else k
        return text

    # ---- one entry --------------------------------------------------------------------------------------------------------------

    def at(self, v: Value, index: Index, level: int) -> str:
        """The name of one entry of a value in the loop over entries, whose lines are in `self.body`."""
        if v.op == "number":
            return number(v.args, self.real) or self.numbers.setdefault(v, f"number{len(self.numbers) + 1}")
        if v.op == "zeros":
            return "0"
        if (v, index) not in self.known:
            fresh = v in self.inside and v.op not in STATES and v.op not in BARRIERS and self.level[v] == level
            absorbed = v in self.storage.absorbed
            view = v in self.inside and v.op in VIEWS and v not in self.stored
            if absorbed and v.op == "row":
                text = self.at(v.inputs[0], ("t", *index), level)
            elif (absorbed or fresh or view) and v.op in VIEWS:
                text = self.at(v.inputs[0], seen_through(v, index), level)
            elif absorbed or fresh:
                text = expression(v, [self.at(i, aligned(i, v, index), level) for i in v.inputs])
                text = self.local(v, text)
            else:
                text = self.local(v, self.place(v, index))
            self.known[v, index] = text
        return self.known[v, index]

    def local(self, v: Value, text: str) -> str:
        name = base = f"{self.storage.name(v)}_"
        others = {line.split(" = ")[0].split()[-1] for line in self.body}
        while name in self.storage.taken or name in others:
            name = f"{base}{int(name.removeprefix(base) or 1) + 1}"
        self.body.append(f"const {type_of(v)} {name} = {text};")
        return name

    # ---- loops over entries -----------------------------------------------------------------------------------------------------

    def entries(self, level: int) -> None:
        """All values of a level that stand in memory, those of one shape in one loop."""
        targets: dict[
            tuple[int, ...], list[tuple[Value, Value, list[Any] | None]]
        ] = {}  # shape: (what, into which, at which key)
        for v in self.block.values:
            if self.level[v] != level or not (v in self.stored or v in self.totals) or v.op in (*PRODUCTS, *SUMS):
                continue
            if v.op in ("place", "F.place"):
                array, row = self.memory(v)
                count = " * ".join(map(self.size, v.shape)) or "1"
                self.lines.append(
                    f"memset({array}{f' + {_bracketed(row)} * {count}' if row else ''}, 0, {count} * sizeof(*{array}));"
                )
            for piece, key in pieces(v):
                targets.setdefault(piece.shape, []).append((piece, v, key))
        for shape, stores in targets.items():
            index = self.start(shape)
            for what, into, key in stores:
                text = self.at(what, index, level)
                place = index if key is None else behind_key(key, into.shape, index)
                if into in self.stored:
                    self.body.append(f"{self.place(into, place)} = {text};")
                for total in self.totals.get(into, ()):
                    self.body.append(f"{self.place(total, aligned(total, into, place))} += {text};")
            self.end(shape, index)

    def start(self, shape: Sequence[int]) -> Index:
        self.body: list[str] = []
        self.known: dict[tuple[Value, Index], str] = {}
        names = ("row", "col") if len(shape) == 2 else ("col",) if len(shape) == 1 else tuple(f"k{k}" for k in range(len(shape)))
        return tuple("0" if n == 1 else name for n, name in zip(shape, names, strict=True))

    def end(self, shape: Sequence[int], index: Index) -> None:
        loops = [f"for (size {k} = 0; {k} < {self.size(n)}; {k}++)" for n, k in zip(shape, index, strict=True) if n != 1]
        if loops:
            loops.insert(-1, "EACH")
        for depth, line in enumerate(loops):
            self.lines.append("  " * min(depth, len(loops) - 2) + line + (" {" if depth == len(loops) - 1 else ""))
        self.lines[-1:] = self.lines[-1:] if loops else [*self.lines[-1:], "{"]
        deep = "  " * max(len(loops) - 1, 1)
        self.lines += [*(deep + line for line in self.with_reads_in_place()), deep[2:] + "}"]

    def with_reads_in_place(self) -> list[str]:
        """The lines, and what is read from an array and used once stands where it is used."""
        lines = list(self.body)
        for line in self.body:
            if read := re.fullmatch(rf"\s*const {self.real} (\w+) = (\w+\[[^;]*\]);", line):
                name = re.compile(rf"\b{read[1]}\b")
                if sum(len(name.findall(other)) for other in lines) == 2:
                    lines.remove(line)
                    lines = [name.sub(read[2], other) for other in lines]
        return lines

    # ---- products and sums ------------------------------------------------------------------------------------------------------

    def product(self, v: Value) -> None:
        """With a packed weight where the second factor is one; else entry by entry."""
        a, w = v.inputs[:2]
        turned = w.op == "F.swap" and w.lane is None and w not in self.inside
        u = w.inputs[0] if turned else w
        if v.op == "F.product" or a.ndim != 2 or w.ndim != 2 or w.lane or w in self.inside or not a.lane:
            self.product_by_entry(v)
            return
        self.read[u] = self.storage.name(u)
        K, N = w.shape
        panel = self.packed.setdefault((u, turned), f"{self.storage.name(u)}{'_turned' if turned else ''}_packed")
        (left, row), (out, into) = self.memory(a), self.memory(v)
        M, K_, N_ = self.size(a.shape[0]), self.size(K), self.size(N)
        where = [
            f"{name} + {_bracketed(at)} * {M} * {width}" if at else name for name, at, width in ((left, row, K_), (out, into, N_))
        ]
        self.lines.append(
            f"times({M}, {N_}, {K_}, {where[0]}, {K_}, {panel}, {where[1]}, {N_});  // {_said(v, self.storage.name)}"
        )

    def product_by_entry(self, v: Value) -> None:
        a, b = v.inputs[:2]
        if a.ndim < 2 or b.ndim < 2 or (v.op == "F.product" and v.args[2] == 2 < a.ndim):
            raise CannotBeC("a product of unusual shapes stands in a loop")
        transposed = v.op == "F.product"
        *batch, row, col = index = self.start(v.shape)

        def read(u: Value, one: str, two: str) -> str:
            lead = ["0" if n == 1 else k for n, k in zip(u.shape[:-2], batch[len(batch) - (u.ndim - 2) :], strict=True)]
            return self.at(u, (*lead, one, two), self.level[v])

        n = a.shape[-2 if transposed else -1]
        inner = "0" if n == 1 else "inner"
        left, right = read(a, *((inner, row) if transposed else (row, inner))), read(b, inner, col)
        self.accumulate(v, index, {inner: n}, "0", "sum += {0};", f"{left} * {right}")

    def sum(self, v: Value) -> None:
        """A sum or a maximum along axes."""
        u = v.inputs[0]
        index = self.start(v.shape)
        if v.op == "F.unbroadcast":
            lead = u.ndim - v.ndim
            axes, keep = {*range(lead), *(lead + k for k, n in enumerate(v.shape) if n == 1)}, False
            own = [*index]
            places = [None if k in axes and k < lead else own.pop(0) for k in range(u.ndim)]
        else:
            which, keep = v.args
            axes = {*range(u.ndim)} if which is None else {a % u.ndim for a in which}
            own = [*index]
            places = [None if k in axes and not keep else own.pop(0) for k in range(u.ndim)]
        inner = {f"inner{k}": n for k, n in enumerate(u.shape) if k in axes and n != 1}
        full = tuple(f"inner{k}" if f"inner{k}" in inner else "0" if k in axes else str(p) for k, p in enumerate(places))
        text = self.at(u, full, self.level[v])
        first, step = ("-INFINITY", "sum = larger_of({0}, sum);") if v.op in ("max", "largest") else ("0", "sum += {0};")
        self.accumulate(v, index, inner, first, step, text)

    def accumulate(self, v: Value, index: Index, inner: dict[str, int], first: str, step: str, text: str) -> None:
        loops = [f"for (size {k} = 0; {k} < {self.size(n)}; {k}++)" for k, n in inner.items() if n != 1]
        body = [*self.body, step.format(text)]
        self.body = [f"{self.real} sum = {first};", *loops, "{", *(f"  {line}" for line in body), "}"]
        self.body.append(f"{self.place(v, index)} = sum;")
        self.end(v.shape, index)

    # ---- the function -----------------------------------------------------------------------------------------------------------

    def text(self) -> str:
        assert self.block.lane is not None
        name = self.storage.name
        arguments = [
            *(f"size {n}" for n in ("T", *self.sizes.values())),
            *(f"{self.real} {n}" for n in self.numbers.values()),
            *(f"const {type_of(v)} *{n}" for v, n in self.read.items()),
            *(f"{type_of(v)} *{n}" for v, n in self.written.items()),
        ]
        counts = {p: self.panel_size(*key) for key, p in self.packed.items()}
        counts |= {n: " * ".join(map(self.size, v.shape)) or "1" for v, n in self.temporary.items()}
        working = " + ".join(f"{count} + 16" for count in counts.values())
        lines = []
        if counts:
            lines += [f"real *memory = malloc(({working} + 16) * sizeof(real));", "if (!memory) return 1;"]
            lines.append("real *work = (real *)(((uintptr_t)memory + 63) / 64 * 64);")
            lines += [f"real *{n} = taken(&work, {count});" for n, count in counts.items()]
        for (w, turned), panel in self.packed.items():
            K, N = (self.size(n) for n in (w.shape[::-1] if turned else w.shape))
            lines.append(f"pack({K}, {N}, {name(w)}, {f'1, {K}' if turned else f'{N}, 1'}, {panel});")
        forward = self.block.direction == 1
        lines.append("for (size t = 0; t < T; t++) {" if forward else "for (size t = T - 1; t >= 0; t--) {")
        lines += [f"  {line}" for line in self.lines]
        lines += ["}", *(["free(memory);"] if counts else []), "return 0;"]
        title = f"/* {_plain(self.block.lane.scope)}: {'forwards' if forward else 'backwards'} */\n"
        signature = f"EXPORTED int {self.name}({', '.join(arguments)}) {{\n"
        return title + signature + "".join(f"  {line}\n" for line in lines) + "}\n"

    def panel_size(self, w: Value, turned: bool) -> str:
        K, N = (self.size(n) for n in (w.shape[::-1] if turned else w.shape))
        return f"{K} * whole_panels({N})"


def is_bias(v: Value, users: dict[Value, list[Value]]) -> bool:
    """Whether a value is a gradient summed over sequences for a sum over the steps, such as that of a bias."""
    u = v.inputs[0]
    return (
        v.op == "F.unbroadcast" and len(users[v]) == 1 and users[v][0].op == "total" and bool(v.shape)
        and v.shape[-1] == u.shape[-1] > 1 and u.op not in (*PRODUCTS, *SUMS, *STATES)
    )  # fmt: skip


def _said(v: Value, name: Any) -> str:
    a, w = v.inputs[:2]
    right = f"{name(w.inputs[0])}.T" if w.op == "F.swap" else name(w)
    left = name(a.inputs[0]) + (" of the step before" if a.op == "before" else "") if a.op in STATES else name(a)
    return f"{left} @ {right}"


def _bracketed(text: str) -> str:
    return text if text.isalnum() or (text.startswith("(") and text.endswith(")")) else f"({text})"


def _plain(text: str) -> str:
    return "".join(c if c.isalnum() or c in " .,=#_-()" else "," for c in text)
