"""What both ways to ONNX share: names that are used once, nodes, initializers, and a model that was checked before it is written."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ...errors import DataError, DtypeError, GraphError
from ...shared.array_type import Array
from ...shared.atomic_files import target_of, write
from ..optional_packages import onnx_package

__all__ = ["OPSET", "Writer"]

OPSET = 18  # of December 2022: ScatterND that adds, reductions whose axes are inputs
IR_VERSION = 8  # of the same time; older run-time systems refuse newer ones
LIMIT = 2**31 - 1  # bytes in one file of protobuf
SMALL = 64  # entries of a constant that is looked for among those that are there


class Writer:
    """A graph of ONNX while it is made."""

    def __init__(self) -> None:
        self.onnx = onnx_package()
        self.nodes: list[Any] = []
        self.initializers: list[Any] = []
        self.names: set[str] = set()
        self.copies: dict[str, int] = {}
        self.known: dict[tuple[Any, ...], str] = {}

    def fresh(self, name: str) -> str:
        """A name that nothing has yet: the one wished for, or with a number behind it."""
        unique = name = name.encode("utf-8", "replace").decode() or "value"
        while unique in self.names:
            self.copies[name] = self.copies.get(name, 1) + 1
            unique = f"{name}_{self.copies[name]}"
        self.names.add(unique)
        return unique

    def type_of(self, dtype: npt.DTypeLike) -> Any:
        """ONNX's number for a dtype. Raises `DtypeError` if it has none."""
        try:
            return self.onnx.helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
        except (KeyError, ValueError):
            raise DtypeError(f"ONNX has no numbers of dtype {np.dtype(dtype)}", hint="compute in float32 or float64") from None

    def initializer(self, name: str, value: Array) -> str:
        """A parameter or other array of the model under a name of its own."""
        self.type_of(value.dtype)
        unique = self.fresh(name)
        self.initializers.append(self.onnx.numpy_helper.from_array(np.array(value, order="C"), unique))
        return unique

    def constant(self, value: Any, name: str = "constant", dtype: npt.DTypeLike = np.int64) -> str:
        """An array without a name of its own; equal small ones are stored once."""
        array = value if isinstance(value, np.ndarray) else np.asarray(value, dtype)
        if array.size > SMALL:
            return self.initializer(name, array)
        key = (name, array.dtype.str, array.shape, array.tobytes())
        if key not in self.known:
            self.known[key] = self.initializer(name, array)
        return self.known[key]

    def add(self, kind: str, *inputs: str, name: str = "", results: Sequence[str] = (), **attributes: Any) -> str:
        """One operator of ONNX: the name of its output. `results` are names, reserved before, of outputs behind the first."""
        made = self.fresh(name or kind)
        self.nodes.append(self.onnx.helper.make_node(kind, list(inputs), [made, *results], name=made, **attributes))
        return made

    def output(self, value: str, name: str) -> None:
        """Let a value leave the model under this name, which was reserved."""
        self.nodes.append(self.onnx.helper.make_node("Identity", [value], [name], name=name))

    def port(self, name: str, dtype: npt.DTypeLike, shape: Sequence[int | str]) -> Any:
        """An input or output of the model; a size may be a word, and then any number goes."""
        return self.onnx.helper.make_tensor_value_info(name, self.type_of(dtype), list(shape))

    def save(self, path: str | os.PathLike[str], inputs: list[Any], outputs: list[Any], title: str) -> Path:
        """Check the model and write it: as a whole or not at all."""
        target, helper = target_of(path, (".onnx",), "model"), self.onnx.helper
        if sum(len(tensor.raw_data) for tensor in self.initializers) > LIMIT:
            raise DataError(f"cannot write {target}: the model takes more than 2 GB", hint="ONNX keeps no more in one file")
        graph = helper.make_graph(self.nodes, title, inputs, outputs, self.initializers)
        model = helper.make_model(
            graph, producer_name="tinygrad_rnn", opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION
        )
        try:
            self.onnx.checker.check_model(model, full_check=True)
        except Exception as error:  # the checker's kinds of errors are not all public
            raise GraphError(f"the model is not what ONNX allows: {error}", hint="please report this with the model") from error
        return write(target, model.SerializeToString(deterministic=True))
