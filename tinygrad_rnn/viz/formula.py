"""What an op computes, written as a formula in the letters of its inputs: `tanh(x Wx + h Wh + b)`."""

from __future__ import annotations

from collections.abc import Mapping

from ..records import GraphSnapshot, Record
from .steps import scope_of
from .style import number

__all__ = ["formula"]

INFIX = {"add": (1, " + "), "sub": (1, " − "), "mul": (2, " "), "div": (2, " / "), "matmul": (2, " ")}  # how tightly they bind
CALLS = {"sigmoid": "σ"}
DEEPEST = 6


def formula(graph: GraphSnapshot, record: Record, letters: Mapping[int, str] | None = None) -> str:
    """The formula of a record: unnamed results of the same step are written out, up to a few levels.

    `letters` names records otherwise than they are named themselves: an initial state after the state that it stands in for.

    >>> import tinygrad_rnn as tg
    >>> x, w = tg.Tensor([2.0], name="x"), tg.Tensor([3.0], requires_grad=True, name="w")
    >>> graph = tg.snapshot(tg.tanh((1.0 - x * w) * w))
    >>> formula(graph, graph.root)
    'tanh((1 − x w) w)'
    """
    return _written(graph, record, 0, record, 0, letters or {})


def _written(graph: GraphSnapshot, r: Record, around: int, top: Record, depth: int, letters: Mapping[int, str]) -> str:
    """One operand, in brackets if what stands around it binds more tightly."""
    if r.kind == "op" and r is not top and r.t == top.t and scope_of(r) != scope_of(top):
        return "x"  # whatever the layer below calls it
    if r.kind != "op" or (r is not top and (r.name or r.t != top.t or depth > DEEPEST)):
        return letters.get(r.id) or r.name or (number(float(r.value)) if r.value.ndim == 0 and r.kind == "constant" else "…")
    binds, sign = INFIX.get(r.op, (3, ""))
    parts = [graph[p] for p in r.parents]
    if sign and len(parts) == 2:
        left = _written(graph, parts[0], binds, top, depth + 1, letters)
        right = _written(graph, parts[1], binds + (r.op in ("sub", "div")), top, depth + 1, letters)
        return f"({left}{sign}{right})" if binds < around else left + sign + right
    inside = [
        _written(graph, p, 3 if r.op in ("getitem", "neg", "pow", "transpose") else 0, top, depth + 1, letters) for p in parts
    ]
    if r.op == "getitem":
        return inside[0] + r.settings
    if r.op == "neg":
        return f"−{inside[0]}"
    if r.op == "pow":
        return inside[0] + r.symbol[1:]
    if r.op == "transpose":
        return inside[0] + "ᵀ"
    return f"{CALLS.get(r.op, r.op)}({', '.join(inside)})"
