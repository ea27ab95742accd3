"""A model as a row of parts that read each other, as ONNX writes it: embedding, recurrent layers, linear."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ...errors import DataError, GraphError
from ...nn.layers import Embedding, Linear, Sequential
from ...nn.models.char_model import CharModel
from ...nn.models.classifier import SequenceClassifier
from ...nn.module import Module
from ...nn.sequence.dropout import Dropout
from ...shared.checks import check_choice

__all__ = ["input_size_of", "parts_in_order"]


def parts_in_order(model: Any, pooling: Any) -> tuple[dict[str, Any], Any]:
    """The parts of a model by their path, in the order in which they read each other, and how it pools."""
    if isinstance(model, SequenceClassifier):
        if pooling is not None:
            raise DataError(f"pooling={pooling!r} for a SequenceClassifier, which has its own", hint="leave pooling out")
        pooling = model.pooling
        if not isinstance(pooling, str):
            name = type(pooling).__name__
            raise DataError(f"pooling={name!r} has no operator in ONNX", hint="it is 'last', 'mean' or 'max'")
    if isinstance(model, (SequenceClassifier, CharModel)):
        parts = {name: getattr(model, name) for name in ("embedding", "layer", "readout") if getattr(model, name) is not None}
    elif isinstance(model, Sequential):
        parts = {f"layers.{k}": part for k, part in enumerate(model.layers)}
    elif isinstance(model, Module):
        parts = {"": model}
    elif isinstance(model, Iterable):
        parts = {str(k): part for k, part in enumerate(model)}
    else:
        raise GraphError(f"a {type(model).__name__} is not a model", hint="give a module, or a list: [embedding, layer, linear]")
    parts = {path: part for path, part in parts.items() if type(part) is not Dropout}
    check_choice("export_onnx_recurrent", "pooling", pooling, ("last", "mean", "max", None))
    for k, (path, part) in enumerate(parts.items()):
        if (isinstance(part, Embedding) and k) or (
            type(part) not in (Embedding, Linear) and isinstance(part, (Embedding, Linear))
        ):
            raise GraphError(
                f"{type(part).__name__} ({path}) cannot stand there", hint="an Embedding is the first part of a model"
            )
        if not isinstance(part, Module):
            raise GraphError(
                f"a model with a part that is a {type(part).__name__}", hint="give modules: [embedding, layer, linear]"
            )
    return parts, pooling


def input_size_of(layer: Any) -> int | str:
    """The number of features that a layer reads; a word if it does not say."""
    if isinstance(layer, Linear):
        return int(layer.W.shape[0])
    for name in ("forwards", "layer"):
        if hasattr(layer, name):
            return input_size_of(getattr(layer, name))
    return input_size_of(layer.layers[0]) if hasattr(layer, "layers") else getattr(layer, "input_size", "features")
