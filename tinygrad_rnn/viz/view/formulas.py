"""What an op computes, written as a formula in the letters of its inputs: `tanh(x Wx + h Wh + b)`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ...replay.records import GraphSnapshot, Record
from ..style import number
from .time_columns import scope_of

__all__ = ["formula"]

INFIX = {"add": (1, " + "), "sub": (1, " − "), "mul": (2, " "), "div": (2, " / "), "matmul": (2, " ")}  # how tightly they bind
CALLS = {"sigmoid": "σ"}
FUNCTIONS = {"layer_norm": "LN"}  # by their scope
DEEPEST = 6


def formula(graph: GraphSnapshot, record: Record, letters: Mapping[int, str] | None = None, longest: int | None = None) -> str:
    """The formula of a record: unnamed results of the same step are written out, up to a few levels.

    With `longest` letters, the innermost parts are left out until it fits, if it does.
    `letters` names records otherwise than they are named themselves: an initial state after the state that it stands in for.

    >>> from tinygrad_rnn.viz.view.formulas import formula
    >>> import tinygrad_rnn as tg
    >>> x, w = tg.Tensor([2.0], name="x"), tg.Tensor([3.0], requires_grad=True, name="w")
    >>> graph = tg.snapshot(tg.tanh((1.0 - x * w) * w))
    >>> formula(graph, graph.root)
    'tanh((1 − x w) w)'
    >>> formula(graph, graph.root, longest=12)
    'tanh(… w)'
    """
    for deepest in range(DEEPEST, 0, -1):
        text = FormulaWriter(graph, record, letters or {}, deepest).written(record)
        if longest is None or len(text) <= longest:
            break
    return text


@dataclass(frozen=True)
class FormulaWriter:
    """Writes the formula of `top`, down to `deepest` levels."""

    graph: GraphSnapshot
    top: Record
    letters: Mapping[int, str]
    deepest: int

    def written(self, r: Record, around: int = 0, depth: int = 0) -> str:
        """One operand, in brackets if what stands around it binds more tightly."""
        top = self.top
        if r.kind == "op" and r is not top and r.t == top.t and scope_of(r) != scope_of(top):
            return "x"  # whatever the layer below calls it
        if r.kind != "op" or (r is not top and (r.name or r.t != top.t or depth > self.deepest)):
            return (
                self.letters.get(r.id)
                or r.name
                or (number(float(r.value)) if r.value.ndim == 0 and r.kind == "constant" else "…")
            )
        if called := _function(r):
            return f"{called}({', '.join(self.written(p, 0, depth + 1) for p in self.arguments(r))})"
        binds, sign = INFIX.get(r.op, (3, ""))
        parts = [self.graph[p] for p in r.parents]
        if sign and len(parts) == 2:
            left = self.written(parts[0], binds, depth + 1)
            right = self.written(parts[1], binds + (r.op in ("sub", "div")), depth + 1)
            return f"({left}{sign}{right})" if binds < around else left + sign + right
        inside = [self.written(p, 3 if r.op in ("getitem", "neg", "pow", "power", "transpose") else 0, depth + 1) for p in parts]
        if r.op == "getitem":
            return inside[0] + r.settings
        if r.op == "neg":
            return f"−{inside[0]}"
        if r.op == "pow":
            return inside[0] + r.symbol[1:]
        if r.op == "power":
            return f"{inside[0]}^{inside[1]}"
        if r.op == "transpose":
            return inside[0] + "ᵀ"
        return f"{CALLS.get(r.op, r.op)}({', '.join(inside)})"

    def arguments(self, r: Record) -> list[Record]:
        """What a function that is written as a call reads; its weights have chips."""
        found: dict[int, None] = {}
        waiting = [r]
        while waiting:
            for p in map(self.graph.__getitem__, waiting.pop().parents):
                if p.kind == "op" and p.frames == r.frames:
                    waiting.append(p)
                elif (p.kind == "op" and not self.weighs(p)) or (p.kind == "constant" and p.value.ndim):
                    found[p.id] = None
        return [self.graph[id] for id in sorted(found)]

    def weighs(self, r: Record) -> bool:
        """Whether it is a part of a weight."""
        return r.op == "getitem" and self.graph[r.parents[0]].kind == "parameter"


def _function(r: Record) -> str:
    """The word for a function of several ops, if the record is one of these."""
    return FUNCTIONS.get(r.frames[-1].name, "") if r.frames else ""
