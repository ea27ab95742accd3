"""Whole models with ONNX's own RNN, LSTM and GRU: for batches and sequences of any length, and fast elsewhere."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np

from ...errors import GraphError
from ...nn.layers import Embedding, Linear
from ...nn.module import Module
from ...nn.sequence.combined import Bidirectional, Residual
from ...nn.sequence.dropout import Dropout
from ...shared.array_type import Array
from ..counterparts import cell_kind, cells_of, is_plain_stack, missing_elsewhere, path_in
from .model_parts import input_size_of, parts_in_order
from .writer import Writer

__all__ = ["export_onnx_recurrent"]

# where ONNX wants our gates: i o f g for our i f g o, z r n for our r z n
GATES = {"RNN": [0], "LSTM": [0, 3, 1, 2], "GRU": [1, 0, 2]}
POOLS = {"mean": "ReduceMean", "max": "ReduceMax"}
DTYPE = np.dtype(np.float32)  # the one that run-time systems have recurrent operators for


def export_onnx_recurrent(
    model: Module | Sequence[Module],
    path: str | os.PathLike[str],
    *,
    pooling: Literal["last", "mean", "max"] | None = None,
    with_state: bool = False,
    with_lengths: bool = False,
) -> Path:
    """Write a model as ONNX (opset 18) with ONNX's own recurrent operators, for any batch and any number of steps; returns the path.

    `model` is a recurrent layer (`nn.RNN`, `nn.LSTM`, `nn.GRU`, `Stacked`, `Bidirectional`, `Residual`, a cell), a `CharModel`, a
    `SequenceClassifier`, or a list of parts that read each other: `[embedding, layer, linear]`. `pooling` makes one vector of what the
    last recurrent layer wrote: "last" (its last state, of both directions where there are two), "mean", "max"; None keeps all steps.

    The model reads `x` (batch, time, features), or `ids` (batch, time) as int64 where it starts with an `Embedding`, and writes `y`.
    `with_state` adds, for each recurrent operator k from 1 on, the inputs `h0_k` (and `c0_k`), (directions, batch, hidden), and the outputs
    `h_k` (and `c_k`): to go on where a text was left. `with_lengths` adds the input `lengths` (batch), int32: recurrent layers stop
    (and read backwards from) there, as over packed sequences; without it all sequences of a batch have one length. Dropout is left
    out, as after `eval()`.

    Every number in the model is float32, whatever dtype the parameters have: onnxruntime computes these operators in no other.
    Feed `x` and states as float32. A float64 model is rounded on the way, so its outputs agree to about 1e-6, not to the last digit.

    Raises `GraphError` for a part that ONNX has no operator for: `export_onnx` writes whatever was recorded.

    >>> import pathlib, tempfile, numpy as np, tinygrad_rnn as tg
    >>> rng = np.random.default_rng(0)
    >>> parts = [tg.nn.Embedding(50, 8, rng=rng), tg.nn.LSTM(8, 16, 2, rng=rng, bidirectional=True), tg.nn.Linear(32, 4, rng=rng)]
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = tg.io.export_onnx_recurrent(parts, pathlib.Path(folder) / "classifier.onnx", pooling="last")
    ...     path.name
    'classifier.onnx'
    """
    parts, pooling = parts_in_order(model, pooling)
    w = Writer()
    w.names.add("y")
    recurrent = [place for place, part in parts.items() if not isinstance(part, (Embedding, Linear))]
    if not recurrent:
        raise GraphError("a model without a recurrent layer", hint="export_onnx(outputs, inputs, path) writes what was recorded")
    layers, first = _Layers(w, with_state, w.fresh("lengths") if with_lengths else ""), next(iter(parts.values()))
    ids = isinstance(first, Embedding)
    value = w.fresh("ids" if ids else "x")
    sizes: list[int | str] = ["batch", "time"]
    port = w.port(value, np.int64, sizes) if ids else w.port(value, DTYPE, [*sizes, input_size_of(first)])
    for place, part in parts.items():
        if isinstance(part, Embedding):
            value = w.add("Gather", _stored(w, path_in(place, "W"), part.W.data), value, axis=0, name="embedded")
        elif isinstance(part, Linear):
            value = w.add("MatMul", value, _stored(w, path_in(place, "W"), part.W.data), name="product")
            if part.b is not None:
                value = w.add("Add", value, _stored(w, path_in(place, "b"), part.b.data), name="linear")
        else:
            run = layers.run(place, part, w.add("Transpose", value, perm=[1, 0, 2], name="by_time"))
            if place != recurrent[-1] or pooling is None:
                value = w.add("Transpose", run.outputs, perm=[1, 0, 2], name="by_batch")
            else:
                if with_lengths and (pooling != "last" or run.last is None):
                    raise GraphError(
                        f"pooling={pooling!r} over steps of which some are padding",
                        hint="pooling='last' of a layer that ends in a cell has ends of its own; or leave with_lengths out",
                    )
                value, sizes = _pooled(w, run, pooling), ["batch"]
    w.output(value, "y")
    last = next(reversed(parts.values()))
    width = last.W.shape[1] if isinstance(last, Linear) else layers.width
    return w.save(path, [port, *layers.starts], [w.port("y", DTYPE, [*sizes, width]), *layers.ends], "recurrent")


class Run(NamedTuple):
    """What a layer wrote, by time (time, batch, features), and how to get its last h (batch, features)."""

    outputs: str
    last: Callable[[], str] | None
    width: int


class _Layers:
    """Recurrent layers as operators; `starts` and `ends` are the ports of their states."""

    def __init__(self, w: Writer, with_state: bool, lengths: str) -> None:
        self.w, self.with_state, self.lengths = w, with_state, lengths
        self.starts: list[Any] = [w.port(lengths, np.int32, ["batch"])] if lengths else []
        self.ends: list[Any] = []
        self.count = self.width = 0

    def run(self, path: str, layer: Any, x: str, reverse: bool = False) -> Run:
        """A layer on x (time, batch, features)."""
        run = self._run(path, layer, x, reverse)
        self.width = run.width
        return run

    def _run(self, path: str, layer: Any, x: str, reverse: bool) -> Run:
        cells = cells_of(layer)
        if cells and (len(cells) == 1 or (len({(cell_kind(c), c.input_size) for c in cells}) == 1 and not reverse)):
            return self._operator(path, cells, x, reverse)
        if type(layer) is Bidirectional:
            ahead = self.run(path_in(path, "forwards"), layer.forwards, x, reverse)
            back = self.run(path_in(path, "backwards"), layer.backwards, x, not reverse)
            joined = self.w.add("Concat", ahead.outputs, back.outputs, axis=2, name="both")
            ends = (ahead.last, back.last)

            def last() -> str:
                return str(self.w.add("Concat", *(end() for end in ends if end), axis=1, name="last"))

            return Run(joined, last if all(ends) else None, ahead.width + back.width)
        if type(layer) is Residual:
            run = self.run(path_in(path, "layer"), layer.layer, x, reverse)
            return Run(self.w.add("Add", x, run.outputs, name="residual"), None, run.width)
        if not is_plain_stack(layer):
            name = f"{type(layer).__name__}{f' ({path})' if path else ''}"
            why = missing_elsewhere(layer) or "it is not a layer that ONNX knows"
            raise GraphError(
                f"{name} has no operator in ONNX: {why}", hint="export_onnx(outputs, inputs, path) writes what was recorded"
            )
        for number, part in enumerate(layer.layers):
            if type(part) is not Dropout:
                run = self.run(path_in(path, f"layers.{number}"), part, x, reverse)
                x = run.outputs
        return run if type(part) is not Dropout else run._replace(last=None)

    def _operator(self, path: str, cells: tuple[Any, ...], x: str, reverse: bool) -> Run:
        """One operator for one or two cells. Its outputs are (time, directions, batch, hidden)."""
        kind = cell_kind(cells[0])
        assert kind is not None
        w, directions, hidden, letters = self.w, len(cells), kind.hidden_size, "hc"[: 1 + (kind.name == "LSTM")]
        self.count += 1
        inputs = [_stored(w, path_in(path, name), value) for name, value in _weights(cells).items()]
        options: dict[str, Any] = {"hidden_size": hidden}
        options["direction"] = "bidirectional" if directions == 2 else "reverse" if reverse else "forward"
        if kind.name == "RNN":
            options["activations"] = [kind.setting.capitalize()] * directions
        if kind.name == "GRU":
            options["linear_before_reset"] = int(kind.setting)
        starts: list[str] = []
        if self.with_state:
            starts = [w.fresh(f"{letter}0_{self.count}") for letter in letters]
            self.starts += [w.port(name, DTYPE, [directions, "batch", hidden]) for name in starts]
        optional = [self.lengths, *starts] if self.lengths or starts else []
        ends = [w.fresh(f"{letter}_{self.count}") for letter in letters]
        if self.with_state:
            self.ends += [w.port(name, DTYPE, [directions, "batch", hidden]) for name in ends]
        outputs = w.add(kind.name, x, *inputs, *optional, results=ends, name=path_in(path, "h"), **options)
        width = directions * hidden
        if directions == 1:
            outputs = w.add("Squeeze", outputs, w.constant([1], "axes"), name="outputs")
        else:
            turned = w.add("Transpose", outputs, perm=[0, 2, 1, 3], name="both")
            outputs = w.add("Reshape", turned, w.constant([0, 0, width], "shape"), name="outputs")

        def last() -> str:
            turned = w.add("Transpose", ends[0], perm=[1, 0, 2], name="last")
            return str(w.add("Reshape", turned, w.constant([0, width], "shape"), name="last"))

        return Run(outputs, last, width)


def _weights(cells: tuple[Any, ...]) -> dict[str, Any]:
    """W (directions, gates hidden, input), R (directions, gates hidden, hidden), B (directions, 2 gates hidden)."""
    kind = cell_kind(cells[0])
    assert kind is not None
    gates, hidden = GATES[kind.name], kind.hidden_size

    def sorted_gates(a: Any) -> Any:
        """The last axis, cut into gates and put together in ONNX's order."""
        return np.concatenate([a[..., gate * hidden : (gate + 1) * hidden] for gate in gates], axis=-1)

    def biases(cell: Any) -> Any:
        b = cell.b.data if kind.bias else np.zeros(len(gates) * hidden, kind.dtype)
        recurrent = np.zeros_like(b)
        if kind.name == "GRU" and kind.setting and kind.bias:
            recurrent[2 * hidden :] = cell.bh.data
        return np.concatenate([sorted_gates(b), sorted_gates(recurrent)])

    return {
        "W": np.stack([sorted_gates(cell.Wx.data).T for cell in cells]),
        "R": np.stack([sorted_gates(cell.Wh.data).T for cell in cells]),
        "B": np.stack([biases(cell) for cell in cells]),
    }


def _pooled(w: Writer, run: Run, pooling: str) -> str:
    """One vector (batch, features) of what a layer wrote."""
    if pooling != "last":
        return str(w.add(POOLS[pooling], run.outputs, w.constant([0], "axes"), keepdims=0, name=pooling))
    if run.last is not None:
        return run.last()
    return str(w.add("Gather", run.outputs, w.constant(-1, "index"), axis=0, name="last"))


def _stored(w: Writer, name: str, value: Array) -> str:
    """A parameter in the dtype of the model."""
    return w.initializer(name, value.astype(DTYPE))
