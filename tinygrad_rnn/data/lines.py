"""The lines of a text file: UTF-8 (a byte-order mark is dropped), with any newlines; nothing else is taken for text."""

from __future__ import annotations

import os
from pathlib import Path

from ..errors import DataError

__all__ = ["checked_path", "newlines", "read_lines"]


def read_lines(path: str | os.PathLike[str]) -> list[str]:
    """The lines of a file in UTF-8, at least one of them with a character that is no space.

    Raises `DataError` for a file that is missing, empty, binary, or in another encoding: it names the line.

    >>> import pathlib, tempfile
    >>> from tinygrad_rnn.data.lines import read_lines
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = pathlib.Path(folder, "a.txt")
    ...     _ = file.write_bytes(b"one\\r\\ntwo\\n")
    ...     read_lines(file)
    ['one', 'two']
    """
    file = checked_path(path)
    where = os.path.abspath(path)
    try:
        data = file.read_bytes()
    except (OSError, ValueError) as error:
        problem = getattr(error, "strerror", None) or error
        raise DataError(f"cannot read the file: {problem}", where=where, hint="give the path of a text file") from None
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        utf16 = data[:2] in (b"\xff\xfe", b"\xfe\xff")
        raise DataError(
            "this is UTF-16, not UTF-8" if utf16 else f"not UTF-8: the byte 0x{data[error.start]:02X}",
            where=f"{where}, line {line}",
            hint="save it in UTF-8; if it is in Latin-1: iconv -f LATIN1 -t UTF-8 FILE",
        ) from None
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise DataError("binary data: a NUL byte", where=f"{where}, line {line}", hint="save it as plain text in UTF-8")
    if not text.strip():
        raise DataError("an empty file", where=where, hint="name a file with some text in it")
    return newlines(text).removesuffix("\n").split("\n")


def checked_path(path: str | os.PathLike[str]) -> Path:
    """The path of a file or folder; a DataError for what is neither text nor a `pathlib.Path`.

    >>> from tinygrad_rnn.data.lines import checked_path
    >>> checked_path("news.csv").suffix
    '.csv'
    """
    if not isinstance(path, str | os.PathLike) or not isinstance(os.fspath(path), str):
        raise DataError(f"not a path: {path!r}", hint="a str or a pathlib.Path, for example 'news.csv'")
    return Path(path)


def newlines(text: str) -> str:
    """The text with any newlines as `\\n`."""
    return text.replace("\r\n", "\n").replace("\r", "\n")
