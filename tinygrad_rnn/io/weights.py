"""Weights as files: names, shapes, numbers and what they mean, nothing that could be executed."""

from __future__ import annotations

import json
import os
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import DataError, LoadError
from ..nn.meaning import StateDict, meaning_from, meaning_of, other_cells, unknown
from ..nn.module import Module
from ..shared.array_type import Array, array_given
from ..shared.atomic_files import target_of, write
from ..shared.call_site import call_site
from ..shared.checks import check_kind, short
from ..shared.strict_json import parse_json
from .weight_files import KINDS, RESERVED, SUFFIXES, decoded, encoded, unloadable

__all__ = ["load", "load_into", "metadata", "save"]

MEANING = "tinygrad_rnn.meaning"  # the name under which the metadata holds what the weights mean


def save(source: Module | Mapping[str, Any], path: str | os.PathLike[str], metadata: Mapping[str, str] | None = None) -> Path:
    """Write the parameters of a module, or a dict of arrays by name, to a file, and return its path.

    A `.npz` file is NumPy's and needs nothing more; the same weights give the same bytes. A `.safetensors` file is what most libraries
    for neural networks read, and needs the package of that name (`pip install 'tinygrad_rnn[interop]'`). What the weights of a module
    mean (vocabularies, settings, kinds of cells) goes with them, and so does `metadata`, a dict of text to text.
    The file is written beside its target and moved: if the disk is full or the folder cannot be written to, what was there before
    is still there. Raises `DataError` for that, for another suffix, for values that are not numbers, and for names that a file of
    that kind cannot hold.

    >>> import tempfile, pathlib, numpy as np, tinygrad_rnn as tg
    >>> cell = tg.nn.LSTMCell(3, 4, rng=np.random.default_rng(0))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = tg.io.save(cell, pathlib.Path(folder) / "lstm.npz", {"steps": "100"})
    ...     tg.io.load_into(cell, path)
    ...     sorted(tg.io.load(path)), tg.io.metadata(path)
    (['Wh', 'Wx', 'b'], {'steps': '100'})
    """
    state = source.state_dict() if isinstance(source, Module) else source
    if not isinstance(state, Mapping):
        raise DataError(
            f"save of a {type(source).__name__}", hint="give a module, or a dict of arrays by name: module.state_dict()"
        )
    words = {} if metadata is None else metadata
    if not isinstance(words, Mapping) or not all(isinstance(part, str) for pair in words.items() for part in pair):
        raise DataError(f"metadata of {short(words)}", hint='it is a dict of text to text: {"epochs": "3"}')
    arrays = {name: _storable(name, value) for name, value in state.items()}
    if MEANING in words:
        raise DataError(f"metadata under the name {MEANING!r}", hint="there stands what the weights mean: choose another name")
    if (meaning := getattr(state, "meaning", None)) is not None:
        words = {**words, MEANING: json.dumps(meaning._asdict())}
    target = target_of(path, SUFFIXES, "file of weights")
    return write(target, encoded(target.suffix.lower(), arrays, words))


def load(path: str | os.PathLike[str]) -> StateDict:
    """The arrays in a `.npz` or `.safetensors` file, by name: copies, so the file may change later.

    Their `meaning`, an attribute of the dict, is what `save` kept of the module: `load(path).meaning.vocabularies` has the symbols
    of every vocabulary, by path. It is None in files of other programs and of earlier versions.

    Raises `LoadError` if there is no such file, or it is not whole, in another format, or holds numbers that NumPy does not have.

    >>> import tinygrad_rnn as tg
    >>> try:
    ...     tg.io.load("nowhere.npz")
    ... except tg.errors.LoadError as error:
    ...     print(error.message)
    cannot load nowhere.npz: there is no such file
    """
    return _read(path)[0]


def metadata(path: str | os.PathLike[str]) -> dict[str, str]:
    """The text that was saved with the weights, {} if there was none. Raises `LoadError` as `load` does.

    >>> import tempfile, pathlib, numpy as np, tinygrad_rnn as tg
    >>> layer = tg.nn.Linear(3, 2, rng=np.random.default_rng(0))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     tg.io.metadata(tg.io.save(layer, pathlib.Path(folder) / "layer.npz", {"steps": "100"}))
    {'steps': '100'}
    """
    return _read(path, arrays=False)[1]


def load_into(module: Module, path: str | os.PathLike[str]) -> None:
    """Give a module the values in a file: all of them, or none and a `LoadError` that says what does not fit.

    What they mean must fit too: the vocabulary, settings such as the nonlinearity, the kinds of cells. A warning says where a file
    does not tell, and where numbers become less exact, as those of float64 in a module of float32.

    >>> import tempfile, pathlib, numpy as np, tinygrad_rnn as tg
    >>> ours, theirs = (tg.nn.LSTMCell(3, 4, rng=np.random.default_rng(seed)) for seed in (0, 1))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     tg.io.load_into(ours, tg.io.save(theirs, pathlib.Path(folder) / "lstm.npz"))
    >>> np.array_equal(ours.Wh.data, theirs.Wh.data)
    True
    """
    state = load(path)
    check_kind("load_into of", module, Module, "give the module that shall hold the values: tg.io.load_into(model, path)")
    own, before = meaning_of(module), {name: p.dtype for name, p in module.named_parameters()}
    if wrong := other_cells(state.meaning, own):
        raise unloadable(
            path,
            "; ".join(wrong),
            "make the model of the same cells; model.load_state_dict(tg.io.load(path)) does not compare them",
        )
    try:
        module.load_state_dict(state)
    except LoadError as error:
        raise LoadError(f"cannot load {os.fspath(path)!s}: {error.message}", hint=error.hint) from None
    if state.meaning is None and (paths := unknown(None, own)):
        _warn(
            f"{path} does not say what its weights mean: {', '.join(paths)} was not compared. tg.io.save(module, path) writes it"
        )
    with np.errstate(over="ignore"):
        rounded = [
            name
            for name, kind in before.items()
            if name in state and not np.array_equal(state[name].astype(kind), state[name], equal_nan=True)
        ]
    if rounded:
        _warn(f"{path} holds {rounded[0]} as {state[rounded[0]].dtype}, the module has {before[rounded[0]]}: it was rounded")


def _warn(text: str) -> None:
    warnings.warn(text, UserWarning, stacklevel=call_site().level)


def _storable(name: Any, value: Any) -> Array:
    """An array in one piece and in the order of bytes of the format; a single number keeps its shape ()."""
    if not isinstance(name, str) or name == RESERVED:
        raise DataError(
            f"weights under the name {name!r}", hint=f"names are text, and {RESERVED} is where the format keeps its own"
        )
    value = value.data if hasattr(value, "node") else value
    array = array_given(f"{name} cannot be saved:", value, "give arrays of numbers", DataError)
    if array.dtype.newbyteorder("=") not in KINDS:
        raise DataError(f"{name} cannot be saved: it is {array.dtype}", hint="save it as float64, float32, integers or booleans")
    return np.array(array, array.dtype.newbyteorder("<"), order="C")


def _read(path: str | os.PathLike[str], arrays: bool = True) -> tuple[StateDict, dict[str, str]]:
    """What a file holds, after all of it was checked."""
    values, words = decoded(path, arrays)
    try:
        text = words.pop(MEANING, None)
        return StateDict(values, None if text is None else meaning_from(parse_json(text))), words
    except ValueError as error:
        raise unloadable(path, f"what it says of its weights is damaged ({short(str(error))})", "fetch the file again") from None
