"""A program whose loops are machine code: the printed NumPy program, in which each loop is a call of a C function.

What stands in no loop stays NumPy: products over all steps are BLAS there already. What only one loop reads, entry by entry, moves
into that loop.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...errors import GraphError, ShapeError
from ..distribute import Block
from ..numpy_operations import dtype_of
from ..numpy_text import Printer
from ..run_text import function_of
from ..values import Program, Value
from .build import built
from .c_indices import VIEWS, plain_key
from .c_operations import POINTWISE, CannotBeC
from .c_text import STATES, CLoop, Storage, is_bias

__all__ = ["CannotBeC", "Native", "native", "native_text"]

RESERVED = """
auto break case char const continue default do double else enum extern float for goto if inline int long register restrict return
short signed sizeof static struct switch typedef union unsigned void volatile while linux unix NULL NAN INFINITY
row col inner sum t T memory work real size EACH EXPORTED pack times taken whole_panels tanh_of exp_of sigmoid larger_of sign
exp log sin cos pow sqrt fabs malloc free memset int64_t int32_t uintptr_t
"""  # names that mean something else in C, or in the functions that are printed


@dataclass
class Native:
    """A program in two texts, and what runs them. Called with what the program is given, it returns (loss, gradients)."""

    python: str
    c: str
    step: Callable[..., Any]

    def __call__(self, *given: Any) -> Any:
        return self.step(*given)


def native(program: Program) -> Native:
    """The program with its loops as machine code, if a C compiler is there: called as the `step` of its text is.

    Raises `CannotBeC` with the reason in a sentence if that cannot be had here: no compiler, one that fails, no loop over time, an
    operation that has no words in C. The program of `source` runs everywhere. Raises `GraphError` if this is no program.

    >>> import numpy as np, tinygrad_rnn as tg
    >>> cell = tg.nn.RNNCell(2, 3, rng=np.random.default_rng(0))
    >>> hs, _ = tg.nn.unroll(cell, np.ones((4, 30, 2)))
    >>> loss = (hs[-1] ** 2).sum()
    >>> program = tg.program.program_of(loss)
    >>> try:
    ...     found, gradients = tg.program.native(program)(*[v.array for v in program.given])
    ... except tg.program.CannotBeC:
    ...     found = loss.item()
    >>> bool(abs(found - loss.item()) < 1e-9)
    True
    """
    if not isinstance(program, Program):
        raise GraphError("native() takes a program", hint="tg.program.native(tg.program.program_of(loss))")
    python, c, loops = native_text(program)
    library = built(c)
    calls = {loop.name: _bound(getattr(library, loop.name), loop) for loop in loops}
    return Native(python, c, function_of(python, calls))


def native_text(program: Program) -> tuple[str, str, list[CLoop]]:
    """The NumPy text that calls the loops, their C text, and how each is called. Raises `CannotBeC` if one cannot be C."""
    printer = _WithCLoops(program)
    return printer.text(), printer.c_text(), printer.c_loops


def _bound(function: Any, loop: CLoop) -> Callable[..., None]:
    """A C function as one that takes sizes, numbers and arrays."""
    sizes, values = 1 + len(loop.sizes), [*loop.read, *loop.written]
    numbers = ctypes.c_float if loop.real == "float" else ctypes.c_double
    function.restype = ctypes.c_int
    function.argtypes = [ctypes.c_ssize_t] * sizes + [numbers] * len(loop.numbers) + [ctypes.c_void_p] * len(values)
    first, dtypes, shapes = sizes + len(loop.numbers), [v.dtype for v in values], loop.shapes()

    def call(*given: Any) -> None:
        arrays = [np.asarray(a, d, "C") for a, d in zip(given[first:], dtypes, strict=True)]
        if [a.shape for a in arrays] != shapes:  # C would read behind their ends
            raise ShapeError(f"a program for arrays of {shapes} was given others", hint="record the loss with these arrays first")
        if function(*given[:first], *[a.__array_interface__["data"][0] for a in arrays]):
            raise MemoryError("no memory for the packed weights of a loop")

    return call


class _WithCLoops(Printer):
    """The NumPy printer with other words for a loop."""

    def __init__(self, program: Program) -> None:
        super().__init__(program)
        self.taken |= set(RESERVED.split())
        self.c_loops: list[CLoop] = []
        if not self.loop_of:
            raise CannotBeC("it has no loop over time: NumPy computes it at once")
        self.absorbed = self.readable_in_a_loop()
        self.move_into_loops()

    def c_text(self) -> str:
        (real,) = {loop.real for loop in self.c_loops}
        return f'#define real {real}\n#include "c_kernels.h"\n\n' + "\n".join(loop.text() for loop in self.c_loops)

    def readable_in_a_loop(self) -> dict[Value, Block]:
        """{value: the loop} of what stands in no loop and is read entry by entry by one loop alone."""
        found: dict[Value, Block] = {}
        for v in reversed([block.values[0] for block in self.blocks if not block.lane]):
            readers = [found.get(u) or self.loop_of.get(u) for u in self.users[v]]
            entry_by_entry = v.op in (*POINTWISE, "row") or (v.op in VIEWS and plain_key(v))
            factor = any(u.op in ("matmul", "F.matmul", "F.product") for u in self.users[v])
            initial = any(u.op in STATES for u in self.users[v])
            loop = readers[0] if readers and all(reader is readers[0] for reader in readers) else None
            if loop and entry_by_entry and not initial and v not in self.results and (not factor or v.op == "F.swap"):
                found[v] = loop
        return found

    def move_into_loops(self) -> None:
        """What is made of the values of one loop alone, and products with what comes in at each step, belong to that loop."""
        place = {v: k for k, block in enumerate(self.blocks) for v in block.values}
        for block in self.blocks:
            v = block.values[0]
            if block.lane or v in self.absorbed or (v in self.results and v.op != "total"):
                continue
            sources = [self.loop_of[i] for i in v.inputs if i in self.loop_of]
            if sources and all(loop is sources[0] for loop in sources):
                loop, start = sources[0], place[sources[0].values[0]]
                ready = all(i in self.loop_of or i.op in ("number", "param", "given") or place[i] < start for i in v.inputs)
                same = v.lane == loop.lane and (v.op in (*POINTWISE, "concat") or is_bias(v, self.users))
                if ready and (same or (v.op == "total" and is_bias(v.inputs[0], self.users))):
                    self.move(v, loop, len(loop.values))
            readers = [self.absorbed.get(u) or self.loop_of.get(u) for u in self.users[v]]
            if v.op == "matmul" and v.lane and readers and readers[0] and all(loop is readers[0] for loop in readers):
                a, w = v.inputs
                if readers[0].lane == v.lane and a.ndim == w.ndim == 2 and w.lane is None and w not in self.absorbed:
                    self.move(v, readers[0], 0)

    def kept(self, v: Value) -> bool:
        loop = self.loop_of[v]

        def outside(u: Value) -> bool:
            return self.loop_of.get(u, self.absorbed.get(u)) is not loop

        reached = any(outside(u) or (u.op in STATES and any(map(outside, self.users[u]))) for u in self.users[v])
        return reached or v in self.results

    def move(self, v: Value, loop: Block, where: int) -> None:
        loop.values.insert(where, v)
        self.loop_of[v] = loop

    def at_once(self, v: Value) -> None:
        if v not in self.absorbed and v not in self.loop_of:
            super().at_once(v)

    def loop(self, block: Block) -> None:
        """Arrays for what a loop leaves behind, their rows from outside, and the call."""
        assert block.lane is not None
        T = block.lane.steps
        absorbed = [v for v, loop in self.absorbed.items() if loop is block]
        storage = Storage(self.program, self.name, self.taken, self.kept, self.rows, absorbed)
        loop = CLoop(f"loop_{len(self.c_loops) + 1}", block, storage)
        self.c_loops.append(loop)
        self.lines.append("")
        for (v, name), shape in zip(loop.written.items(), loop.shapes()[len(loop.read) :], strict=True):
            self.lines.append(f"{name} = np.{'zeros' if v.op == 'total' else 'empty'}({shape}{dtype_of(v.dtype)})")
        for s in block.values:
            if s.op in STATES:
                u, outside = s.inputs
                last = -1 if self.kept(u) else T % 2
                self.lines.append(f"{loop.written[u]}[{0 if s.op == 'before' else last}] = {self.whole(outside)}")
        given = [
            *(str(n) for n in (T, *loop.sizes)),
            *(repr(v.args) for v in loop.numbers),
            *(self.whole(v) for v in loop.read),
            *loop.written.values(),
        ]
        self.lines += [f"{loop.name}({', '.join(given)})", ""]
