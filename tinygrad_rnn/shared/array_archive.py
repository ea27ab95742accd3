"""Named arrays and a note in one file: NumPy's .npz, without pickle, as every NumPy reads it. The same content gives the same bytes.

Nothing is compressed, so that no small file becomes a large array, and nothing in a file is run.
"""

from __future__ import annotations

import io
import json
import os
import zipfile
from collections.abc import Mapping
from typing import Any

import numpy as np

from .array_type import Array
from .strict_json import parse_json

__all__ = ["packed", "unpacked"]

EXTRA = 32  # bytes that an entry of more than 4 GB has beside its name; what lists an entry takes more
LONGEST = 65_000  # bytes in the name of an entry, of which a zip file counts 16 bits


def packed(arrays: Mapping[str, Array], note: Mapping[str, Any], under: str = "note") -> bytes:
    """The bytes of such a file; the note, plain JSON data, is the array of bytes of that name.

    Raises `ValueError` for a name that cannot stand in a zip file, such as one with a NUL, and for arrays of objects.

    >>> import numpy as np
    >>> from tinygrad_rnn.shared.array_archive import packed
    >>> packed({"W": np.ones(2)}, {"update": 3}) == packed({"W": np.ones(2)}, {"update": 3})
    True
    """
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w") as archive:
        for name, array in {under: np.frombuffer(json.dumps(note).encode(), np.uint8), **arrays}.items():
            entry = zipfile.ZipInfo(f"{name}.npy")  # its date is 1980-01-01
            entry.create_system = 3  # the same on every system
            if entry.filename != f"{name}.npy" or len(name.encode()) > LONGEST:
                raise ValueError(f"{name[:40]!r} cannot be a name in a zip file")
            with archive.open(entry, "w", force_zip64=True) as file:
                np.lib.format.write_array(file, np.asanyarray(array), allow_pickle=False)
    return whole.getvalue()


def unpacked(path: str | os.PathLike[str], under: str = "note") -> tuple[dict[str, Array], Any]:
    """The arrays in a file and its note, None where it has none; read as a whole, so that a changed byte is seen.

    Raises `OSError` where the file cannot be read, `ValueError` for what is cut off, changed, compressed or something else.

    >>> import numpy as np, pathlib, tempfile
    >>> from tinygrad_rnn.shared.array_archive import packed, unpacked
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "run.npz")
    ...     _ = path.write_bytes(packed({"W": np.ones(2)}, {"update": 3}))
    ...     unpacked(path)
    ({'W': array([1., 1.])}, {'update': 3})
    """
    try:
        with zipfile.ZipFile(path) as archive:
            arrays = {}
            entries, size = archive.infolist(), os.path.getsize(path)
            if len({entry.filename for entry in entries}) < len(entries) or sum(entry.file_size for entry in entries) > size:
                raise ValueError("compressed entries, or one that comes twice")  # entries may also lie over each other
            for entry in entries:  # stored as they are: nothing unpacks to more than the file holds
                if entry.compress_type != zipfile.ZIP_STORED:
                    raise ValueError("compressed entries")
                if entry.comment or len(entry.extra) > EXTRA:  # so long that the next entries disappear in it
                    raise ValueError(f"more than a name at {entry.filename[:40]!r}")
                content = io.BytesIO(archive.read(entry))  # read whole, so that its check sum is looked at
                arrays[entry.filename.removesuffix(".npy")] = np.lib.format.read_array(content, allow_pickle=False)
                if content.read(1):
                    raise ValueError(f"more than an array in {entry.filename[:40]!r}")
        return arrays, parse_json(arrays.pop(under).tobytes()) if under in arrays else None
    except (OSError, ValueError):
        raise
    except Exception as error:  # zipfile and NumPy have many names for bytes that are not what they should be
        raise ValueError(f"{error}" or type(error).__name__) from None
