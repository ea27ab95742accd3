"""Weights as files in the safetensors format: names, shapes and numbers, nothing that could be executed.

The format (https://github.com/huggingface/safetensors) is what most libraries for neural networks read and write. The file is
checked as a whole (by the package `safetensors`) before the first number is taken from it.
"""

from __future__ import annotations

import json
import os
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import DataError, LoadError
from ..nn.meaning import Meaning, StateDict, meaning_from, meaning_of, unknown
from ..nn.module import Module
from ..shared.array_type import Array, array_given
from ..shared.atomic_files import target_of, write
from ..shared.call_site import call_site
from ..shared.checks import check_kind, short
from ..shared.strict_json import parse_json
from .optional_packages import safetensors_package

__all__ = ["load", "load_into", "metadata", "save"]

SUFFIX, RESERVED = ".safetensors", "__metadata__"
MEANING = "tinygrad_rnn.meaning"  # the name under which the metadata holds what the weights mean
# the formats of numbers that NumPy has too; a file may hold others, such as bfloat16
DTYPES = {
    "F64": "f8", "F32": "f4", "F16": "f2", "I64": "i8", "I32": "i4", "I16": "i2", "I8": "i1",
    "U64": "u8", "U32": "u4", "U16": "u2", "U8": "u1", "BOOL": "?",
}  # fmt: skip
KINDS = frozenset(map(np.dtype, DTYPES.values()))
WORDS = {"BF16": "bfloat16", "F8_E4M3": "float8", "F8_E5M2": "float8"}


def save(source: Module | Mapping[str, Any], path: str | os.PathLike[str], metadata: Mapping[str, str] | None = None) -> Path:
    """Write the parameters of a module, or a dict of arrays by name, to a `.safetensors` file, and return its path.

    What the weights of a module mean (vocabularies, settings) goes with them, and so does `metadata`, a dict of text to text.
    The file is written beside its target and moved: if the disk is full or the folder cannot be written to, what was there before
    is still there. Raises `DataError` for that, for another suffix, and for values that are not numbers.

    >>> import tempfile, pathlib, numpy as np, tinygrad_rnn as tg
    >>> cell = tg.nn.LSTMCell(3, 4, rng=np.random.default_rng(0))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = tg.io.save(cell, pathlib.Path(folder) / "lstm.safetensors", {"steps": "100"})
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
    target = target_of(path, (SUFFIX,), "file of weights")
    package = safetensors_package()
    try:
        data = package.numpy.save(arrays, dict(words) or None)
    except (package.SafetensorError, ValueError) as error:  # a name that is not text in Unicode
        raise DataError(f"these weights cannot be saved: {error}", hint="choose other names") from None
    return write(target, data)


def load(path: str | os.PathLike[str]) -> StateDict:
    """The arrays in a `.safetensors` file, by name: copies, so the file may change later.

    Their `meaning`, an attribute of the dict, is what `save` kept of the module: `load(path).meaning.vocabularies` has the symbols
    of every vocabulary, by path. It is None in files of other programs and of earlier versions.

    Raises `LoadError` if there is no such file, or it is not whole, not in this format, or holds numbers that NumPy does not have.

    >>> import tinygrad_rnn as tg
    >>> try:
    ...     tg.io.load("nowhere.safetensors")
    ... except tg.errors.LoadError as error:
    ...     print(error.message)
    cannot load nowhere.safetensors: there is no such file
    """
    return _read(path)[0]


def metadata(path: str | os.PathLike[str]) -> dict[str, str]:
    """The text that was saved with the weights, {} if there was none. Raises `LoadError` as `load` does."""
    return _read(path, arrays=False)[1]


def load_into(module: Module, path: str | os.PathLike[str]) -> None:
    """Give a module the values in a file: all of them, or none and a `LoadError` that says what does not fit.

    What they mean must fit too: the vocabulary, settings such as the nonlinearity. A warning says where a file does not tell, and
    where numbers become less exact, as those of float64 in a module of float32.
    """
    state = load(path)
    check_kind("load_into of", module, Module, "give the module that shall hold the values: tg.io.load_into(model, path)")
    own, before = meaning_of(module), {name: p.dtype for name, p in module.named_parameters()}
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
    _check_readable(path)  # before the package is asked for: what is missing first is said first
    package = safetensors_package()
    try:
        with package.safe_open(os.fspath(path), framework="numpy") as file:
            found = {name: file.get_slice(name).get_dtype() for name in sorted(file.keys())}
            strange = {name: kind for name, kind in found.items() if kind not in DTYPES}
            if strange:
                name, kind = next(iter(strange.items()))
                raise _unloadable(
                    path,
                    f"{name} is {WORDS.get(kind, kind)}, which NumPy does not have",
                    "convert it to float32 where it was made",
                )
            values = {name: np.array(file.get_tensor(name)) for name in found} if arrays else {}
            words = dict(file.metadata() or {})
            return StateDict(values, _meaning(path, words.pop(MEANING, None))), words
    except package.SafetensorError as error:
        raise _unloadable(
            path, f"it is not a whole file of weights ({error})", "it was cut, changed, or is of another format; fetch it again"
        ) from None
    except (OSError, ValueError, TypeError, OverflowError, MemoryError) as error:
        why = str(getattr(error, "strerror", None) or error) or type(error).__name__
        raise _unloadable(path, why, f"give the path of a {SUFFIX} file that you may read") from None


def _meaning(path: Any, text: str | None) -> Meaning | None:
    try:
        return None if text is None else meaning_from(parse_json(text))
    except ValueError as error:
        raise _unloadable(path, f"what it says of its weights is damaged ({short(str(error))})", "fetch the file again") from None


def _check_readable(path: str | os.PathLike[str]) -> None:
    """Raise `LoadError` for what is not a file that one may read."""
    try:
        there, whole = os.path.exists(path), os.path.isfile(path)  # a pipe or a device may never end
    except (TypeError, ValueError) as error:
        raise _unloadable(path, str(error), f"give the path of a {SUFFIX} file") from None
    if not there:
        raise _unloadable(path, "there is no such file", "look at the folder and the spelling")
    if not whole:
        raise _unloadable(path, "it is not a file", f"name a file that ends in {SUFFIX}")
    if not os.access(path, os.R_OK):
        raise _unloadable(path, "you may not read it", "ask its owner, or change its permissions")


def _unloadable(path: Any, why: str, hint: str) -> LoadError:
    return LoadError(f"cannot load {path}: {why}", hint=hint)
