"""The rule of one node with its numbers: one entry of a gradient that it sends, worked out as on paper."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from ..engine.ops import NOTHING, OPS, OTHER, Op
from ..shared.array_type import Array
from .records import GraphSnapshot, Record

__all__ = ["Worked", "worked"]

MOST = 3  # terms that are written out


@dataclass(frozen=True)
class Worked:
    """One entry of the gradient that is sent along an edge: which one, the terms that sum to it, and the sum."""

    entry: tuple[int, ...]
    terms: tuple[str, ...]
    result: float

    @property
    def text(self) -> str:
        """The calculation in a line, as Python would read it."""
        shown = " + ".join(self.terms[:MOST]) or "0"
        more = f" + ... ({len(self.terms)} terms)" if len(self.terms) > MOST else ""
        return re.sub(r"^\((-[^()]*)\)", r"\1", shown) + more


def worked(graph: GraphSnapshot, node: Record, slot: int, digits: int = 3) -> Worked | None:
    """The largest entry of what `node` sends to its input `slot`, with numbers of that many digits.

    An op that is linear in the input has the slopes that its forward gives for a 1 in the place of that entry; the others have a
    formula in `ops`. None where there is neither (the larger of several), where nothing is sent, and for NaN and infinity.

    >>> import tinygrad_rnn as tg
    >>> from tinygrad_rnn.replay.worked_rule import worked
    >>> x = tg.Tensor([0.5, -2.0], requires_grad=True)
    >>> graph = tg.snapshot((tg.tanh(x) * [3.0, 1.0]).sum())
    >>> for node in graph:
    ...     if node.kind == "op":
    ...         print(node.op, worked(graph, node, 0).text, "=", round(worked(graph, node, 0).result, 3))
    tanh 3 * (1 - 0.462**2) = 2.359
    mul 1 * 3 = 3.0
    sum 1 = 1.0
    """
    sent = graph.sent.get((node.id, slot))
    if sent is None or not sent.size:
        return None
    op, inputs = OPS[node.op], [graph[parent].value for parent in node.parents]
    entry = tuple(map(int, np.unravel_index(np.abs(sent).argmax(), sent.shape)))  # of NaN the first
    if not np.isfinite(sent[entry]):
        return None
    chosen = np.zeros(sent.shape)
    chosen[entry] = 1.0
    if op.formulas:
        terms = _by_formula(op.formulas[slot], node, inputs, np.broadcast_to(chosen, node.shape), digits)
    elif op.saves in (NOTHING, OTHER):
        terms = _by_slope(_slopes(op, node, inputs, slot, chosen), node, digits)
    else:
        return None
    return Worked(entry, tuple(terms), float(sent[entry]))


def _by_formula(formula: str, node: Record, inputs: list[Array], chosen: Array, digits: int) -> list[str]:
    """The formula at each entry of the output that read the chosen entry of the input."""
    known = {"g": np.asarray(node.grad), "y": node.value, **dict(zip("ab", inputs, strict=False))}
    known = {letter: np.broadcast_to(value, node.shape) for letter, value in known.items()}
    terms = []
    for place in map(tuple, np.argwhere(chosen)):
        numbers = {letter: _number(value[place], digits) for letter, value in known.items()}
        terms.append(formula.format(n=node.args, **numbers))
    return terms


def _slopes(op: Op, node: Record, inputs: list[Array], slot: int, chosen: Array) -> Array:
    """d(output) / d(chosen entry) of an op that is linear in that input: what it makes of the chosen entry alone."""
    alone = [np.zeros(x.shape) for x in inputs] if op.saves is NOTHING else list(inputs)
    alone[slot] = chosen
    return op.compute(alone, node.args)


def _by_slope(slopes: Array, node: Record, digits: int) -> list[str]:
    gradient = np.asarray(node.grad)
    terms = []
    for place in map(tuple, np.argwhere(slopes)):
        g, slope = _number(gradient[place], digits), _number(slopes[place], digits)
        terms.append(g if slope == "1" else f"-{g}" if slope == "(-1)" else f"{g} * {slope}")
    return terms


def _number(x: float, digits: int) -> str:
    """A negative one in parentheses, so that a power or a minus before it says what is meant."""
    text = f"{x + 0.0:.{digits}g}"  # -0.0 is 0
    return f"({text})" if text.startswith("-") else text
