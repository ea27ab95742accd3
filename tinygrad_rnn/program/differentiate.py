"""The backward pass of a program, as a program: the rules of the engine's own ops, and those of time.

The gradient of a timed value is a timed value. What went forth with `before` comes back with `after`; what was one whole at every
step gets the sum over the steps. A gradient that comes from outside a run (of a loss on the last state) becomes the `outside` of an
`after`, so that no step is a special one.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from ..engine.ops import BOTH, NOTHING, OPS, OTHER, OUTPUT
from .symbolic import Symbol, Symbols
from .values import Program, Value, filled, needed, slots

__all__ = ["differentiated"]


class Differentiation:
    """One pass over a program. `received` holds what the gradient of each value is the sum of, `gradient` what stands for that sum."""

    def __init__(self, program: Program) -> None:
        self.forward, self.values = program, list(program.values)
        self.F = Symbols(self.values)
        self.received: dict[Value, list[Value]] = {}
        self.gradient: dict[Value, Value] = {}
        self.wanted = {v for v in program.values if v.op == "param"}
        while more := {
            v for v in program.values if v not in self.wanted and v.op != "largest" and self.wanted.intersection(v.inputs)
        }:
            self.wanted |= more  # states are made of themselves: again, until nothing is new

    def run(self) -> Program:
        """The program with the gradients of its parameters as further results."""
        loss = self.forward.loss
        self._send(loss, self.F.number(1.0, loss.dtype))
        todo = [loss]
        while todo:
            v = todo.pop()
            known = set(self.gradient)
            self._visit(v)
            todo.extend(u for u in self.gradient if u not in known)
        same = {g: self._sum(v, g) for v, g in self.gradient.items()}
        for v in self.values:
            v.inputs = tuple(_resolved(i, same) for i in v.inputs)
        gradients = {v: _resolved(self.gradient[v], same) for v in self.forward.given if v in self.gradient}
        gradients |= self.forward.gradients  # results besides the loss
        return Program(needed([loss, *gradients.values()], self.values), loss, gradients)

    def _send(self, to: Value, gradient: Value) -> None:
        """Add to what a value receives; the sum of it stands before its terms are known, since states lead back to themselves."""
        self.received.setdefault(to, []).append(gradient)
        if to not in self.gradient:
            self.gradient[to] = Value("sum", (), None, to.shape, to.lane, f"d_{to.name}" if to.name else "", to.dtype)
            self.values.append(self.gradient[to])

    def _sum(self, v: Value, g: Value) -> Value:
        """What a gradient is: its only term, or terms added up."""
        first, *others = self.received[v]
        for k, other in enumerate(others):
            if k == len(others) - 1:
                g.op, g.inputs = "add", (first, other)
                return g
            first = self.F.make("add", (first, other), None, v.lane)
        if not first.name and first.op != "number":
            first.name = g.name
        return first

    def _visit(self, v: Value) -> None:
        g = Symbol(self.F, self.gradient[v])
        if v.op in RULES:
            for slot, term in enumerate(RULES[v.op](self.F, v, self.gradient[v])):
                u = v.inputs[slot]
                if u in self.wanted:
                    if term.op in ("before", "after") and u.name:
                        term.name = f"d_{u.name}_{'next' if term.op == 'after' else 'before'}"
                    self._send(u, term)
            return
        if v.op in ("param", "given"):
            return
        op = OPS[v.op]
        inputs = [Symbol(self.F, i) for i in v.inputs]
        n = SimpleNamespace(args=filled(v.args, inputs), parents=v.inputs)
        for slot, i in enumerate(v.inputs):
            if i not in self.wanted or slot in slots(v.args):
                continue
            if op.inputs == 0:
                c = op.vjps[0](self.F, n, g, slot)
            elif op.saves is NOTHING:
                c = op.vjps[slot](self.F, n, g)
            elif op.saves is OTHER:
                c = op.vjps[slot](self.F, n, g, inputs[1 - slot])
            elif op.saves is BOTH:
                c = op.vjps[slot](self.F, n, g, *inputs[:2])
            else:
                c = op.vjps[slot](self.F, n, g, Symbol(self.F, v) if op.saves is OUTPUT else inputs[0])
            c = c if c.shape == i.shape else self.F.unbroadcast(c, i.shape)
            term = c.value
            if i.lane is None and term.lane is not None:
                term = self.F.make("total", (term,))
            self._send(i, term)


def _zeros(F: Symbols, v: Value) -> Value:
    return F.make("zeros", (), (v.shape, v.dtype))


# the gradients that an operation over time sends to its inputs
RULES: dict[str, Any] = {
    "before": lambda F, v, g: (F.make("after", (g, _zeros(F, g)), None, v.lane), F.make("at", (g,), 0)),
    "after": lambda F, v, g: (F.make("before", (g, _zeros(F, g)), None, v.lane), F.make("at", (g,), -1)),
    "row": lambda F, v, g: (F.make("slab", (g,)),),
    "slab": lambda F, v, g: (F.make("row", (g,), None, v.inputs[0].lane),),
    "at": lambda F, v, g: (F.make("only", (g,), v.args, v.inputs[0].lane),),
    "part": lambda F, v, g: (F.make("padded", (g,), v.args, v.inputs[0].lane),),
}


def _resolved(v: Value, same: dict[Value, Value]) -> Value:
    while v in same and same[v] is not v:
        v = same[v]
    return v


def differentiated(program: Program) -> Program:
    """The program with d loss / d parameter for every parameter that the loss was computed from."""
    return Differentiation(program).run()
