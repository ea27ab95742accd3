"""The lines of a text file: UTF-8 (a byte-order mark is dropped), with any newlines; nothing else is taken for text."""

from __future__ import annotations

import os
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
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
        raise _other_encoding(data, error.start, where) from None
    if "\0" in text:
        raise _other_encoding(data, data.index(b"\0"), where)
    if not text.strip():
        raise DataError("an empty file", where=where, hint="name a file with some text in it")
    return newlines(text).removesuffix("\n").split("\n")


def _other_encoding(data: bytes, start: int, where: str) -> DataError:
    """The error for bytes that are no text in UTF-8 from `start` on: what they are instead, and how to save them anew."""
    place, hint = f"{where}, line {data.count(10, 0, start) + 1}", "save it in UTF-8: iconv -f {} -t UTF-8 FILE > NEW"
    if data[:2] in (BOM_UTF16_LE, BOM_UTF16_BE) or 4 * max(data[::2].count(0), data[1::2].count(0)) > len(data):
        return DataError("this is UTF-16, not UTF-8", where=place, hint=hint.format("UTF-16"))
    byte = data[start : start + 1]
    if byte == b"\0":
        return DataError("binary data: a NUL byte", where=place, hint="save it as plain text in UTF-8")
    try:
        data.decode("cp1252")  # the older bytes of Windows; where Latin-1 has letters, it has the same
    except UnicodeDecodeError:
        return DataError(f"not UTF-8: the byte 0x{byte.hex().upper()}", where=place, hint="save it as plain text in UTF-8")
    problem = f"not UTF-8: the byte 0x{byte.hex().upper()}, which is {byte.decode('cp1252')} in cp1252, the older text of Windows"
    return DataError(problem, where=place, hint=hint.format("CP1252"))


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
