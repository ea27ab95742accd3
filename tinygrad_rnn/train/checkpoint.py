"""A checkpoint file: named arrays and a JSON note in NumPy's .npz, without pickle; whole or not at all.

It is written beside its final place and then moved there, so that a crash or a full disk leaves the old file as it was.
"""

from __future__ import annotations

import io
import json
import os
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import LoadError
from ..shared import atomic_files as files
from ..shared.array_type import Array

__all__ = ["generator_note", "read", "set_generator", "write"]

NOTE = "note"


def write(path: str | os.PathLike[str], arrays: Mapping[str, Array], note: Mapping[str, Any]) -> None:
    """Write arrays and a note (plain JSON data) to a file, in place of what was there.

    Raises `DataError` where that fails (a full disk, a folder that may not be written): the old file is then still there, whole.

    >>> import numpy as np
    >>> from tinygrad_rnn.train.checkpoint import read, write
    >>> import tempfile, pathlib
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = pathlib.Path(folder, "run.npz")
    ...     write(file, {"weights/W": np.ones(2)}, {"update": 3})
    ...     read(file)
    ({'weights/W': array([1., 1.])}, {'update': 3})
    """
    content: dict[str, Any] = {NOTE: np.frombuffer(json.dumps(note).encode(), np.uint8), **arrays}
    whole = io.BytesIO()
    np.savez(whole, **content)
    files.write(Path(path), whole.getvalue())


def read(path: str | os.PathLike[str]) -> tuple[dict[str, Array], dict[str, Any]]:
    """The arrays and the note of a file that `write` wrote.

    Nothing in it is run. Raises `LoadError` for a file that is missing, cut off, changed, or something else.
    """
    if not isinstance(path, (str, os.PathLike)):
        raise LoadError(f"cannot read a checkpoint from a {type(path).__name__}", hint="give the path that fit() was given")
    where = os.path.abspath(path)
    try:
        with zipfile.ZipFile(path) as archive:
            arrays = {}
            for entry in archive.infolist():  # stored as they are: nothing unpacks to more than the file holds
                if entry.compress_type != zipfile.ZIP_STORED or entry.file_size > os.path.getsize(path):
                    raise ValueError("compressed entries")
                content = io.BytesIO(archive.read(entry))  # read whole, so that its check sum is looked at
                arrays[entry.filename.removesuffix(".npy")] = np.lib.format.read_array(content, allow_pickle=False)
        note = json.loads(arrays.pop(NOTE).tobytes())
        if not isinstance(note, dict):
            raise ValueError("the note is no dict")
    except OSError as error:
        raise LoadError(
            f"cannot read the checkpoint: {error.strerror or error}", where=where, hint="give the path that fit() was given"
        ) from None
    except Exception as error:  # zipfile, NumPy and json have many names for bytes that are not what they should be
        raise LoadError(
            f"a damaged checkpoint, or none at all: {error}",
            where=where,
            hint="nothing was loaded; take an older copy of the file, or start anew without resume=True",
        ) from None
    return arrays, note


def generator_note(rng: np.random.Generator) -> dict[str, Any]:
    """The state of a generator as plain JSON data.

    >>> import numpy as np
    >>> from tinygrad_rnn.train.checkpoint import generator_note, set_generator
    >>> rng = np.random.default_rng(0)
    >>> note = generator_note(rng)
    >>> first = rng.random()
    >>> set_generator(rng, note)
    >>> rng.random() == first
    True
    """
    note: dict[str, Any] = _plain(rng.bit_generator.state)
    return note


def set_generator(rng: np.random.Generator, note: Mapping[str, Any]) -> None:
    """Put a generator into a state that `generator_note` described. A `LoadError` if it is of another kind."""
    try:
        rng.bit_generator.state = note
    except (ValueError, TypeError, KeyError, OverflowError, AttributeError) as error:
        raise LoadError(
            f"this state does not fit the generator {type(rng.bit_generator).__name__}: {error}",
            hint="make the generators as they were made when this was saved",
        ) from None


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(part) for key, part in value.items()}
    return value.tolist() if isinstance(value, (np.ndarray, np.generic)) else value
