"""Where the commands write: data and words to standard output, pictures to files that nobody misses."""

from __future__ import annotations

import os
import sys
from itertools import count
from pathlib import Path

from ..errors import DataError

__all__ = ["free_name", "need_output", "write_text"]


def need_output(hint: str) -> None:
    """Raise `DataError` if standard output is closed."""
    if sys.stdout is None:
        raise DataError("standard output is closed", hint=hint)


def write_text(text: str) -> None:
    """Text as data: in UTF-8, whatever the terminal speaks."""
    sys.stdout.flush()
    buffer = getattr(sys.stdout, "buffer", None)
    if buffer is None:
        sys.stdout.write(text)
    else:
        buffer.write(text.encode())
        buffer.flush()


def free_name(name: str) -> Path:
    """The name, or with -2, -3, ... before its suffix: the first under which there is no file in the current folder.

    >>> from tinygrad_rnn.commands.output import free_name
    >>> free_name("no such picture.svg").name
    'no such picture.svg'
    """
    path = Path(name)
    names = (path.with_stem(f"{path.stem}-{k}") if k > 1 else path for k in count(1))
    return next(free for free in names if not os.path.lexists(free))
