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
from ..shared.array_type import Array
from ..shared.atomic_files import write
from ..shared.strict_json import parse_json

__all__ = ["read_checkpoint", "write_checkpoint"]

NOTE = "note"


def write_checkpoint(path: str | os.PathLike[str], arrays: Mapping[str, Array], note: Mapping[str, Any]) -> None:
    """Write arrays and a note (plain JSON data) to a file, in place of what was there.

    Raises `DataError` where that fails (a full disk, a folder that may not be written): the old file is then still there, whole.

    >>> import numpy as np
    >>> from tinygrad_rnn.train.checkpoint import read_checkpoint, write_checkpoint
    >>> import tempfile, pathlib
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = pathlib.Path(folder, "run.npz")
    ...     write_checkpoint(file, {"weights/W": np.ones(2)}, {"update": 3})
    ...     read_checkpoint(file)
    ({'weights/W': array([1., 1.])}, {'update': 3})
    """
    content: dict[str, Any] = {NOTE: np.frombuffer(json.dumps(note).encode(), np.uint8), **arrays}
    whole = io.BytesIO()
    np.savez(whole, **content)
    write(Path(path), whole.getvalue())


def read_checkpoint(path: str | os.PathLike[str]) -> tuple[dict[str, Array], dict[str, Any]]:
    """The arrays and the note of a file that `write_checkpoint` wrote.

    Nothing in it is run. Raises `LoadError` for a file that is missing, cut off, changed, or something else.
    """
    if not isinstance(path, (str, os.PathLike)):
        raise LoadError(f"cannot read a checkpoint from a {type(path).__name__}", hint="give the path that fit() was given")
    where = os.path.abspath(path)
    try:
        with zipfile.ZipFile(path) as archive:
            arrays = {}
            entries, size = archive.infolist(), os.path.getsize(path)
            if len({entry.filename for entry in entries}) < len(entries) or sum(entry.file_size for entry in entries) > size:
                raise ValueError("compressed entries, or one that comes twice")  # entries may also lie over each other
            for entry in entries:  # stored as they are: nothing unpacks to more than the file holds
                if entry.compress_type != zipfile.ZIP_STORED:
                    raise ValueError("compressed entries")
                content = io.BytesIO(archive.read(entry))  # read whole, so that its check sum is looked at
                arrays[entry.filename.removesuffix(".npy")] = np.lib.format.read_array(content, allow_pickle=False)
        note = parse_json(arrays.pop(NOTE).tobytes())
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
