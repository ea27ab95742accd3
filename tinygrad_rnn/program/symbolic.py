"""Values that compute with each other: what the vjps of the engine are given in the place of arrays.

`Symbols` is one more reader `F` of the table of ops, beside those that compute (`engine/vjp_on_arrays.py`) and those that record
(`engine/vjp_on_tensors.py`): it writes the operation down.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine import ops
from ..engine.vjp_on_arrays import Arrays
from .largest import largest_of
from .values import Lane, Slot, Value, filled, slots

__all__ = ["Symbol", "Symbols", "compute"]

READER = Arrays()
LOGIC = {
    name: getattr(np, name)
    for name in ("equal", "greater", "greater_equal", "less", "logical_and", "logical_not", "logical_or", "not_equal")
}


class Symbol:
    """A value under the operators that vjps use."""

    def __init__(self, F: Symbols, value: Value) -> None:
        self.F, self.value = F, value
        self.shape, self.ndim = value.shape, value.ndim

    def __getitem__(self, key: Any) -> Symbol:
        return self.F.write("getitem", [self], key)

    __hash__ = object.__hash__


def _operator(name: str, turned: bool = False) -> Any:
    def operator(self: Symbol, *other: Any) -> Symbol:
        return self.F.write(name, [*other, self] if turned else [self, *other])

    return operator


for sign, name in {
    "add": "add", "sub": "sub", "mul": "mul", "truediv": "div", "neg": "neg", "gt": "greater", "ge": "greater_equal", "lt": "less",
    "ne": "not_equal", "eq": "equal", "or": "logical_or", "and": "logical_and", "invert": "logical_not",
}.items():  # fmt: skip
    setattr(Symbol, f"__{sign}__", _operator(name))
for sign, name in {"radd": "add", "rsub": "sub", "rmul": "mul"}.items():
    setattr(Symbol, f"__{sign}__", _operator(name, turned=True))


class Symbols:
    """The reader that writes down what a vjp asks for; what is the same is written once."""

    def __init__(self, values: list[Value]) -> None:
        self.values = values
        self.known: dict[Any, Value] = {}

    def number(self, number: float, dtype: Any = None) -> Value:
        """A number that rules multiply or add; one without a dtype takes that of what it meets."""
        key = ("number", number, dtype)
        if key not in self.known:
            self.known[key] = Value("number", (), float(number), (), dtype=dtype)
            self.values.append(self.known[key])
        return self.known[key]

    def make(self, op: str, inputs: tuple[Value, ...], args: Any = None, lane: Lane | None = None) -> Value:
        """The value of an operation, its shape and dtype found on small arrays."""
        key = (op, inputs, repr(args), lane)
        if key not in self.known:
            shape, dtype = result_of(op, inputs, args)
            self.known[key] = Value(op, inputs, args, shape, lane, dtype=dtype)
            self.values.append(self.known[key])
        return self.known[key]

    def write(self, op: str, given: list[Any], args: Any = None) -> Symbol:
        """One operation; a symbol in the settings becomes an input, with a slot where it stood."""
        inputs = [g.value if isinstance(g, Symbol) else self.number(g) for g in given]
        args = _without_symbols(args, inputs)
        lane = next((v.lane for v in inputs if v.lane is not None), None)
        return Symbol(self, self.make(op, tuple(inputs), args, lane))

    def __getattr__(self, name: str) -> Any:
        """A rule that the reader on arrays has, written down."""
        getattr(READER, name)

        def written(*given: Any) -> Any:
            if name == "spread" and given[0].shape == tuple(given[1]):
                return given[0]
            return self.write(f"F.{name}", [], given)

        return written


def _without_symbols(args: Any, inputs: list[Value]) -> Any:
    if isinstance(args, Symbol):
        inputs.append(args.value)
        return Slot(len(inputs) - 1)
    return tuple(_without_symbols(part, inputs) for part in args) if isinstance(args, tuple) else args


def compute(op: str, inputs: list[Any], args: Any) -> Any:
    """What an operation within a step means, on arrays."""
    if op == "number":
        return args
    if op == "zeros":
        return np.zeros(*args)
    if op.startswith("F."):
        return getattr(READER, op[2:])(*filled(args, inputs))
    if op == "largest":
        return largest_of(inputs[0], args)
    plain = [x for k, x in enumerate(inputs) if k not in slots(args)]
    if op in LOGIC:
        return LOGIC[op](*plain)
    rule = ops.OPS[op]
    settings = () if args is None else (filled(args, inputs),)
    return rule.forward(*plain, *settings) if rule.inputs else rule.forward(plain, *settings)


def result_of(op: str, inputs: tuple[Value, ...], args: Any) -> tuple[tuple[int, ...], Any]:
    """Shape and dtype of a result."""
    if op in ("before", "after", "at", "only", "part", "padded", "total"):
        return inputs[0].shape, inputs[0].dtype
    if op == "slab":
        assert inputs[0].lane is not None
        return (inputs[0].lane.steps, *inputs[0].shape), inputs[0].dtype
    if op == "row":
        return inputs[0].shape[1:], inputs[0].dtype
    if op == "F.place":
        return args[2], inputs[0].dtype
    seen = [_seen(v) for v in inputs]
    found = np.asarray(compute(op, seen, args))
    return found.shape, found.dtype


def _seen(v: Value) -> Any:
    """An array of one entry that is seen as one of the shape of a value."""
    if v.op == "number":
        return v.args if v.dtype is None else np.asarray(v.args, v.dtype)
    return np.broadcast_to(np.ones((), v.dtype) if v.dtype.kind == "f" else np.zeros((), v.dtype), v.shape)
