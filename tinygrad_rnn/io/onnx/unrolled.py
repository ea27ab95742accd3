"""A recorded graph as an ONNX model: what was drawn, unrolled, one operator (or a fixed few) for each primitive."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ...engine.graph import Node
from ...engine.scopes import place_of
from ...engine.tensor import Tensor
from ...errors import DataError, GraphError
from ...nn.module import Module
from ...replay.from_loss import replay
from ...shared.array_type import Array
from ...shared.checks import check_kind
from .writer import Writer

__all__ = ["TRANSLATIONS", "Call", "export_onnx"]


@dataclass(frozen=True)
class Call:
    """A primitive that is to be translated. Inputs are names of ONNX values, all of the dtype of the result."""

    w: Writer
    name: str  # what the result should be called
    inputs: list[str]
    shapes: list[tuple[int, ...]]  # of the inputs
    shape: tuple[int, ...]  # of the result
    dtype: np.dtype[Any]
    args: Any  # the settings of the op, as in ops.py

    def add(self, kind: str, *more: str, inputs: Sequence[str] | None = None, **attributes: Any) -> str:
        """An operator on all inputs (or on these) and more."""
        return str(self.w.add(kind, *(self.inputs if inputs is None else inputs), *more, name=self.name, **attributes))

    def reshape(self, value: str, shape: Sequence[int]) -> str:
        """A value in another shape, in which 0 is a size and -1 whatever is left."""
        return str(self.w.add("Reshape", value, self.w.constant(list(shape), "shape"), name=self.name, allowzero=int(0 in shape)))


def _plain(kind: str) -> Callable[[Call], str]:
    return lambda c: c.add(kind)


def _reduced(kind: str) -> Callable[[Call], str]:
    def translate(c: Call) -> str:
        axes, keepdims = c.args
        axes = list(range(len(c.shapes[0]))) if axes is None else [int(axis) for axis in axes]
        if not axes:
            return c.add("Identity")
        return c.add(kind, c.w.constant(axes, "axes"), keepdims=int(keepdims))

    return translate


def _getitem(c: Call) -> str:
    """A slice of each axis, and a reshape for axes that went away or came; for other indices, the entries by their number."""
    before = c.shapes[0]
    parts = c.args if isinstance(c.args, tuple) else (c.args,)
    if not all(part is None or part is ... or (isinstance(part, (int, slice)) and not isinstance(part, bool)) for part in parts):
        numbers = np.arange(int(np.prod(before))).reshape(before)[c.args]
        return c.add("Gather", c.w.constant(np.asarray(numbers), "entries"), inputs=[c.reshape(c.inputs[0], [-1])])
    real = [part for part in parts if part is not None]
    gap = real.index(...) if ... in real else len(real)
    whole = [slice(None)] * (len(before) - len(real) + (... in real))
    ranges = [
        range(size)[part] if isinstance(part, slice) else range(size)[part :: size or 1][:1]
        for part, size in zip([*real[:gap], *whole, *real[gap + 1 :]], before, strict=True)
    ]
    cut = [(axis, r, size) for axis, (r, size) in enumerate(zip(ranges, before, strict=True)) if r != range(size)]
    value, after = c.inputs[0], tuple(len(r) for r in ranges)
    if cut:
        # an end before the first entry is written as -size - 1: -1 would be the last entry
        stops = [r[-1] + r.step if len(r) else 0 for _, r, _ in cut]
        stops = [stop if stop >= 0 else -size - 1 for stop, (_, _, size) in zip(stops, cut, strict=True)]
        starts = [r[0] if len(r) else 0 for _, r, _ in cut]
        lists = (starts, stops, [axis for axis, _, _ in cut], [r.step if len(r) else 1 for _, r, _ in cut])
        names = (c.w.constant(part, name) for part, name in zip(lists, ("starts", "ends", "axes", "steps"), strict=True))
        value = c.add("Slice", *names)
    return value if after == c.shape and cut else c.reshape(value, c.shape)


def _place(c: Call) -> str:
    """Zeros, to which the entries are added by their number."""
    key, shape = c.args
    size = int(np.prod(shape))
    numbers = np.arange(size).reshape(shape)[key].reshape(-1, 1)
    zero = c.w.onnx.numpy_helper.from_array(np.zeros(1, c.dtype))
    zeros = c.w.add("ConstantOfShape", c.w.constant([size], "shape"), name=c.name, value=zero)
    flat = c.reshape(c.inputs[0], [-1])
    return c.reshape(c.add("ScatterND", inputs=[zeros, c.w.constant(numbers, "entries"), flat], reduction="add"), shape)


def _stack(c: Call) -> str:
    axis = c.w.constant([c.args], "axes")
    return c.add("Concat", inputs=[c.add("Unsqueeze", axis, inputs=[part]) for part in c.inputs], axis=c.args)


# one row a primitive: what it is in ONNX
TRANSLATIONS: dict[str, Callable[[Call], str]] = {
    "add": _plain("Add"),
    "sub": _plain("Sub"),
    "mul": _plain("Mul"),
    "div": _plain("Div"),
    "neg": _plain("Neg"),
    "pow": lambda c: c.add("Pow", c.w.constant(np.array(c.args, c.dtype), "exponent")),
    "power": _plain("Pow"),
    "sin": _plain("Sin"),
    "cos": _plain("Cos"),
    "cumsum": lambda c: c.add("CumSum", c.w.constant(np.array(c.args), "axis")),
    "exp": _plain("Exp"),
    "log": _plain("Log"),
    "tanh": _plain("Tanh"),
    "sigmoid": _plain("Sigmoid"),
    "relu": _plain("Relu"),
    "abs": _plain("Abs"),
    "maximum": _plain("Max"),
    "where": lambda c: c.add("Where", inputs=[c.w.constant(np.asarray(c.args, bool), "condition"), *c.inputs]),
    "matmul": _plain("MatMul"),
    "sum": _reduced("ReduceSum"),
    "max": _reduced("ReduceMax"),
    "reshape": lambda c: c.reshape(c.inputs[0], c.shape),
    "transpose": lambda c: c.add("Transpose", perm=list(c.args)) if c.args else c.add("Identity"),
    "broadcast_to": lambda c: c.add("Expand", c.w.constant(list(c.shape), "shape")),
    "getitem": _getitem,
    "place": _place,
    "take": lambda c: c.add("Gather", c.w.constant(np.asarray(c.args, np.int64), "rows"), axis=0),
    "concat": lambda c: c.add("Concat", axis=c.args[0]),
    "stack": _stack,
}


def export_onnx(
    outputs: Tensor | Sequence[Tensor] | Mapping[str, Tensor],
    inputs: Sequence[Tensor] | Mapping[str, Tensor],
    path: str | os.PathLike[str],
    *,
    module: Module | None = None,
) -> Path:
    """Write the recorded graph of `outputs` as an ONNX model (opset 18) that computes them from `inputs`; returns the path.

    It holds what was drawn: every step, one operator (or a fixed few) for each primitive, with sizes and the number of steps as they
    were recorded. For any batch and length see `export_onnx_recurrent`. `inputs` are tensors that the graph was computed from, by
    name, or a list of tensors that have one; whatever else it was computed from is stored in the model: parameters under their
    names (their paths in `module`, if given), other data as it was.

    What the program decided while it ran stays decided: ids, conditions and masks, and the largest entry that a softmax takes off.
    (onnxruntime up to 1.25 stumbles over products of transposed float64 matrices unless its `graph_optimization_level` is
    `ORT_ENABLE_BASIC`; float32 runs everywhere.)

    A constant that is cut into steps leaves no trace in the graph: give an input `requires_grad=True`, or one tensor a step.
    Raises `GraphError` for an input that the graph does not know, a tensor without a graph, a graph that was freed or changed.

    >>> import pathlib, tempfile, numpy as np, tinygrad_rnn as tg
    >>> cell = tg.nn.GRUCell(3, 4, rng=np.random.default_rng(0))
    >>> x = tg.Tensor(np.ones((1, 5, 3)), requires_grad=True, name="x")
    >>> hs, _ = tg.nn.unroll(cell, x)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = tg.io.export_onnx({"h": hs[-1]}, {"x": x}, pathlib.Path(folder) / "gru.onnx", module=cell)
    ...     path.name
    'gru.onnx'
    """
    given, wanted = _by_name(inputs, "input"), _by_name(outputs, "output")
    if both := sorted(given.keys() & wanted.keys()):
        raise DataError(f"{both[0]!r} is the name of an input and of an output", hint="give them by name: {'y': y}")
    w = Writer()
    values: dict[Node, Array] = {}
    with np.errstate(all="ignore"):
        for t in wanted.values():
            values |= replay(t)
    names: dict[int, str] = {}  # by the id of a node, or of the tensor that a constant is
    ports = []
    for name, t in given.items():
        if not t.is_leaf or _key(t) in names:
            raise GraphError(
                f"the input {name!r} {'is there twice' if t.is_leaf else 'was computed from others'}",
                hint="inputs are tensors that were given, each once",
            )
        names[_key(t)] = w.fresh(name)
        ports.append(w.port(name, t.dtype, t.shape))
    w.names |= wanted.keys()
    _refuse_unknown(given, values)
    if module is not None:
        check_kind("export_onnx with module =", module, Module, "the module whose weights keep their names, or None")
    parts = [] if module is None else [*module.named_parameters(), *module.named_buffers()]
    paths = {_key(t): path for path, t in parts}
    for n in sorted(values, key=lambda node: node.order):
        if n.op is None:
            if id(n) not in names:
                names[id(n)] = w.initializer(paths.get(id(n)) or n.name or "parameter", values[n])
            continue
        arrays, inputs_of = [], []
        for slot, p in enumerate(n.parents):
            source: Any = p if p is not None else n.consts[slot]  # type: ignore[index]
            arrays.append(values[p] if p is not None else source.data)
            if id(source) not in names:
                names[id(source)] = w.constant(arrays[-1], paths.get(id(source)) or source.name or "constant")
            inputs_of.append(names[id(source)])
        names[id(n)] = _translated(w, n, inputs_of, arrays, values[n])
    results = []
    for name, t in wanted.items():
        w.output(names[_key(t)], name)
        results.append(w.port(name, values[t.node].dtype, t.shape))  # type: ignore[index]
    return w.save(path, ports, results, "unrolled")


def _translated(w: Writer, n: Node, inputs: list[str], arrays: list[Array], value: Array) -> str:
    """A node and its inputs in ONNX, which never mixes dtypes: what NumPy would convert is converted by an operator."""
    assert n.op is not None
    if n.op.name not in TRANSLATIONS:
        raise GraphError(f"{n.op.name} has no translation to ONNX", hint="add a row to TRANSLATIONS in io/onnx/unrolled.py")
    place = place_of(n.frames).replace(" / ", "/")
    name = f"{place}/{n.name or n.op.name}" if place else n.name or n.op.name
    same = [
        part if array.dtype == value.dtype else w.add("Cast", part, to=w.type_of(value.dtype))
        for part, array in zip(inputs, arrays, strict=True)
    ]
    return TRANSLATIONS[n.op.name](Call(w, name, same, [a.shape for a in arrays], value.shape, value.dtype, n.args))


def _key(t: Tensor) -> int:
    return id(t if t.node is None else t.node)


def _by_name(tensors: Any, what: str) -> dict[str, Tensor]:
    """Tensors by name, given as a dict, a list or one."""
    if isinstance(tensors, Tensor):
        tensors = [tensors]
    if not isinstance(tensors, Mapping):
        check_kind(f"{what}s of export_onnx:", tensors, (list, tuple), "a tensor, a list of them, or a dict of them by name")
        found = list(tensors)
        tensors = {getattr(t, "name", None) or (f"{what}{k + 1}" if len(found) > 1 else what): t for k, t in enumerate(found)}
        if len(tensors) < len(found):
            raise DataError(f"two {what}s have one name", hint=f"give the {what}s by name, as a dict")
    if not tensors or not all(isinstance(t, Tensor) and isinstance(name, str) and name for name, t in tensors.items()):
        raise DataError(f"export_onnx needs tensors as {what}s, at least one", hint="by name: {'x': x}")
    return dict(tensors)


def _refuse_unknown(inputs: Mapping[str, Tensor], values: Mapping[Node, Array]) -> None:
    used = {id(c) for n in values for c in n.consts or () if c is not None}
    for name, t in inputs.items():
        if id(t) not in used and t.node not in values:
            raise GraphError(
                f"the outputs were not computed from the input {name!r}, as far as the graph knows",
                hint="give that input requires_grad=True before computing: what is cut out of a constant leaves no trace",
            )
