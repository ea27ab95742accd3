"""A checkpoint file: named arrays and a JSON note in NumPy's .npz, without pickle; whole or not at all.

It is written beside its final place and then moved there, so that a crash or a full disk leaves the old file as it was.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..errors import DataError, LoadError
from ..shared.array_archive import packed, unpacked
from ..shared.array_type import Array
from ..shared.atomic_files import write

__all__ = ["read_checkpoint", "write_checkpoint"]


def write_checkpoint(path: str | os.PathLike[str], arrays: Mapping[str, Array], note: Mapping[str, Any]) -> None:
    """Write arrays and a note (plain JSON data) to a file, in place of what was there.

    Raises `DataError` where that fails (a full disk, a folder that may not be written, a name with a NUL): the old file is then
    still there, whole.

    >>> import numpy as np
    >>> from tinygrad_rnn.train.checkpoint import read_checkpoint, write_checkpoint
    >>> import tempfile, pathlib
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = pathlib.Path(folder, "run.npz")
    ...     write_checkpoint(file, {"weights/W": np.ones(2)}, {"update": 3})
    ...     read_checkpoint(file)
    ({'weights/W': array([1., 1.])}, {'update': 3})
    """
    try:
        data = packed(arrays, note)
    except ValueError as error:  # a parameter, in a dict, under a name of any characters
        raise DataError(f"cannot write {os.fspath(path)}: {error}", hint="give the parameters plainer names") from None
    write(Path(path), data)


def read_checkpoint(path: str | os.PathLike[str]) -> tuple[dict[str, Array], dict[str, Any]]:
    """The arrays and the note of a file that `write_checkpoint` wrote.

    Nothing in it is run. Raises `LoadError` for a file that is missing, cut off, changed, or something else.
    """
    if not isinstance(path, (str, os.PathLike)):
        raise LoadError(f"cannot read a checkpoint from a {type(path).__name__}", hint="give the path that fit() was given")
    where = os.path.abspath(path)
    try:
        arrays, note = unpacked(path)
        if not isinstance(note, dict):
            raise ValueError("the note is no dict" if note is not None else "it has no note of a training")
    except OSError as error:
        raise LoadError(
            f"cannot read the checkpoint: {error.strerror or error}", where=where, hint="give the path that fit() was given"
        ) from None
    except ValueError as error:
        raise LoadError(
            f"a damaged checkpoint, or none at all: {error}",
            where=where,
            hint="nothing was loaded; take an older copy of the file, or start anew without resume=True",
        ) from None
    return arrays, note
