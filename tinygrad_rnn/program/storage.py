"""Where the values of a program are kept: what a printer decides before it writes a line, in any language.

A value of a loop is kept, as an array over all steps, if something outside the loop reads it; else each step overwrites it. A state
has a row more than its lane has steps, for what comes from outside: in front of a `before`, behind an `after`. A state that is not
kept is carried in one variable, which a step writes after its last read.

How to use it: derive a printer from it, or ask one made of the program.

    storage = Storage(program)
    for block in storage.blocks:                # in the order in which they run
        block.lane, block.direction             # None for a value that is computed at once
        storage.states(block)                   # its `before` and `after`, which are read at the start of a step
        storage.filled(block)                   # what has an array over time: of T + sum(rows(v)) rows
        storage.rows(v)                         # rows (in front, behind): step t of v stands in row t + rows(v)[0]
        storage.carried(block)                  # states of which nothing but the step beside is kept
    storage.only_reader(v)                      # the operation whose line v may stand in, without a name
"""

from __future__ import annotations

from .distribute import Block, distributed
from .values import Program, Value

__all__ = ["STATES", "Storage"]

STATES = ("before", "after")
TWICE = ("F.tanh_slope", "F.sigmoid_slope", "F.larger", "total")  # whose text holds an input twice, or reads another one


class Storage:
    """The blocks of a program, who reads each value, and which values are kept for all steps."""

    def __init__(self, program: Program) -> None:
        self.program, self.blocks = program, distributed(program)
        self.users = program.used_by()
        self.loop_of = {v: block for block in self.blocks if block.lane for v in block.values}
        self.results = {program.loss, *program.gradients.values()}

    def kept(self, v: Value) -> bool:
        """Whether all steps of a value of a loop are kept: something outside the loop reads them, or the state that they leave."""
        inside = set(self.loop_of[v].values)
        return v in self.results or any(
            u not in inside or (u.op in STATES and any(w not in inside for w in self.users[u])) for u in self.users[v]
        )

    def rows(self, v: Value) -> tuple[int, int]:
        """How many rows more an array over time has in front and at the end: for what comes from outside."""
        inside = self.loop_of[v].values
        states = {u.op for u in self.users[v] if u in inside}
        return int("before" in states), int("after" in states)

    def states(self, block: Block) -> list[Value]:
        """What the steps of a loop read of the step beside them."""
        return [v for v in block.values if v.op in STATES]

    def filled(self, block: Block) -> list[Value]:
        """The values of a loop that have an array over time."""
        return [v for v in block.values if v.op not in STATES and self.kept(v)]

    def carried(self, block: Block) -> list[Value]:
        """The states of a loop that are in one variable, which every step leaves to the next."""
        return [s for s in self.states(block) if not self.kept(s.inputs[0])]

    def only_reader(self, v: Value) -> Value | None:
        """What reads a value that needs no name: one operation, once."""
        readers = self.users[v]
        return readers[0] if len(readers) == 1 and not v.name and v not in self.results and readers[0].op not in TWICE else None
