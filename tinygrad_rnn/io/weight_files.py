"""Files of arrays and of words, text to text: safetensors, and NumPy's .npz, which needs no other package.

The format safetensors (https://github.com/huggingface/safetensors) is what most libraries for neural networks read and write. Either
file is checked as a whole before the first number is taken from it, and nothing in it could be executed.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import numpy as np

from ..errors import DataError, LoadError
from ..shared.array_archive import packed, unpacked
from ..shared.array_type import Array
from ..shared.checks import short
from .optional_packages import safetensors_package

__all__ = ["KINDS", "RESERVED", "SUFFIXES", "decoded", "encoded", "unloadable"]

SUFFIXES = (".safetensors", ".npz")
RESERVED = "__metadata__"  # the name that the format safetensors keeps for its words; in a .npz they stand under it too
# the formats of numbers that NumPy has too; a file may hold others, such as bfloat16
DTYPES = {
    "F64": "f8", "F32": "f4", "F16": "f2", "I64": "i8", "I32": "i4", "I16": "i2", "I8": "i1",
    "U64": "u8", "U32": "u4", "U16": "u2", "U8": "u1", "BOOL": "?",
}  # fmt: skip
KINDS = frozenset(map(np.dtype, DTYPES.values()))
WORDS = {"BF16": "bfloat16", "F8_E4M3": "float8", "F8_E5M2": "float8"}


def encoded(suffix: str, arrays: Mapping[str, Array], words: Mapping[str, str]) -> bytes:
    """The bytes of a file with that suffix, the same for the same content. Raises `DataError` for names that it cannot hold."""
    if suffix == ".npz":
        try:
            return packed(arrays, words, RESERVED)
        except ValueError as error:
            raise _unwritable(error) from None
    package = safetensors_package()
    try:
        return package.numpy.save(dict(arrays), dict(words) or None)
    except (package.SafetensorError, ValueError) as error:  # a name that is not text in Unicode
        raise _unwritable(error) from None


def decoded(path: str | os.PathLike[str], arrays: bool = True) -> tuple[dict[str, Array], dict[str, str]]:
    """The arrays (unless only the words are asked for) and the words in a file. Raises `LoadError` for one that is not whole."""
    suffix = _suffix_of(path)  # before the package is asked for: what is missing first is said first
    try:
        return _from_npz(path) if suffix == ".npz" else _from_safetensors(path, arrays)
    except DataError:  # the package is missing
        raise
    except (OSError, ValueError, TypeError, OverflowError, MemoryError) as error:
        why = str(getattr(error, "strerror", None) or error) or type(error).__name__
        raise unloadable(path, why, f"give the path of a {suffix} file that you may read") from None


def unloadable(path: Any, why: str, hint: str) -> LoadError:
    """The error for a file that cannot be loaded."""
    return LoadError(f"cannot load {path}: {why}", hint=hint)


def _from_safetensors(path: Any, arrays: bool) -> tuple[dict[str, Array], dict[str, str]]:
    package = safetensors_package()
    try:
        with package.safe_open(os.fspath(path), framework="numpy") as file:
            found = {name: file.get_slice(name).get_dtype() for name in sorted(file.keys())}
            strange = {name: kind for name, kind in found.items() if kind not in DTYPES}
            if strange:
                name, kind = next(iter(strange.items()))
                raise unloadable(
                    path,
                    f"{name} is {WORDS.get(kind, kind)}, which NumPy does not have",
                    "convert it to float32 where it was made",
                )
            values = {name: np.array(file.get_tensor(name)) for name in found} if arrays else {}
            return values, dict(file.metadata() or {})
    except package.SafetensorError as error:
        raise _damaged(path, error) from None


def _from_npz(path: Any) -> tuple[dict[str, Array], dict[str, str]]:
    try:
        arrays, words = unpacked(path, RESERVED)
        words = {} if words is None else words
        if not isinstance(words, dict) or not all(isinstance(word, str) for word in words.values()):
            raise ValueError("its words are no dict of text to text")
    except ValueError as error:
        hint = "np.savez writes what can be read here" if "compressed" in f"{error}" else ""
        raise _damaged(path, error, hint) from None
    if "note" in arrays and any(name.startswith("weights/") for name in arrays):
        raise unloadable(
            path, "it is a checkpoint of a training", f"model.load_state_dict(tg.train.weights_in({os.fspath(path)!r}))"
        )
    for name, array in arrays.items():
        if array.dtype.newbyteorder("=") not in KINDS:
            raise unloadable(path, f"{short(name)} is {array.dtype}", "weights are float64, float32, integers or booleans")
    return {name: np.array(array, array.dtype.newbyteorder("="), order="C") for name, array in sorted(arrays.items())}, words


def _suffix_of(path: Any) -> str:
    """The suffix that tells the format. Raises `LoadError` for what is not a file that one may read."""
    known = " or ".join(SUFFIXES)
    try:
        name = os.fsdecode(path)  # a number would be an open file
        there, whole = os.path.exists(name), os.path.isfile(name)  # a pipe or a device may never end
    except (TypeError, ValueError) as error:
        raise unloadable(short(path), str(error), f"give the path of a {known} file") from None
    if not there:
        raise unloadable(path, "there is no such file", "look at the folder and the spelling")
    if not whole:
        raise unloadable(path, "it is not a file", f"name a file that ends in {known}")
    if not os.access(path, os.R_OK):
        raise unloadable(path, "you may not read it", "ask its owner, or change its permissions")
    suffix = os.path.splitext(name)[1].lower()
    if suffix not in SUFFIXES:
        raise unloadable(path, "its name does not tell the format", f"weights are in files that end in {known}")
    return suffix


def _unwritable(error: Exception) -> DataError:
    return DataError(f"these weights cannot be saved: {error}", hint="choose other names")


def _damaged(path: Any, error: Exception, hint: str = "") -> LoadError:
    why = short(f"{error}")[1:-1]
    return unloadable(
        path, f"it is not a whole file of weights ({why})", hint or "it was cut, changed, or is of another format; fetch it again"
    )
