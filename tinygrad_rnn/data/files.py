"""Files of your own: a csv of labelled texts (as AG News), a list of names, one text. Nothing is guessed silently.

    kind     what it looks like                                       read with
    csv      class, title, description (one text column will do)      read_labelled
    names    one name a line                                          read_names
    text     anything else                                            read_text

All are UTF-8 (a byte-order mark is dropped) with any newlines; other bytes raise a `DataError` that names the line.
"""

from __future__ import annotations

import csv
import os
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tinygrad_rnn.data.stdlib_text import Text
from tinygrad_rnn.errors import DataError

__all__ = ["Labelled", "Names", "Skipped", "kind_of", "read", "read_labelled", "read_names", "read_text"]

LOOKED_AT = 50  # lines that say what kind of file it is
JOINED = 20  # lines that one quoted field may run over
NAME = re.compile(r"[^\W_]+(?:[ .'’-]+[^\W_]+){0,3}\.?")
LONGEST_NAME = 40


class Skipped(NamedTuple):
    """A line (counted from 1) that was left out, and why."""

    line: int
    reason: str


@dataclass(frozen=True)
class Labelled:
    """Texts and a class each: `labels` `(texts,)` are 0 to n - 1, one less than in the file, and `classes` their names.

    `skipped` lists the rows that were left out; `header` says whether the first row held the names of the columns.

    >>> films = Labelled(("good film", "bad film"), np.array([1, 0]), ("bad", "good"), "films.csv")
    >>> len(films), films.classes[films.labels[0]]
    (2, 'good')
    """

    texts: tuple[str, ...] = field(repr=False)
    labels: NDArray[np.int64] = field(repr=False)
    classes: tuple[str, ...]
    source: str
    skipped: tuple[Skipped, ...] = ()
    header: bool = False

    def __len__(self) -> int:
        return len(self.texts)


@dataclass(frozen=True)
class Names:
    """Names in the order of the file; `skipped` lists the lines that were left out.

    >>> len(Names(("emma", "ava"), "names.txt"))
    2
    """

    names: tuple[str, ...] = field(repr=False)
    source: str
    skipped: tuple[Skipped, ...] = ()

    def __len__(self) -> int:
        return len(self.names)


def read(path: str | os.PathLike[str]) -> Labelled | Names | Text:
    """The file, read as what it looks like (`kind_of`). If that is not what it is, call one of the three by name.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder, "names.txt")
    ...     _ = file.write_text("emma\\nolivia\\n", encoding="utf-8")
    ...     read(file).names
    ('emma', 'olivia')
    """
    kind = kind_of(path)
    return read_labelled(path) if kind == "csv" else read_names(path) if kind == "names" else read_text(path)


def kind_of(path: str | os.PathLike[str]) -> str:
    """What a file looks like, from its first 50 lines: "csv", "names" or "text".

    csv: most lines have the same number of columns, two or more, and start with a number (or the file ends in .csv).
    names: two lines or more, each of at most four words and 40 characters. text: anything else.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder, "a.txt")
    ...     _ = file.write_text('"1","A title","and more"\\n"2","Another","and more"\\n', encoding="utf-8")
    ...     kind_of(file)
    'csv'
    """
    lines = [line.strip() for line in _lines(path)[:LOOKED_AT] if line.strip()]
    if Path(path).suffix.lower() == ".csv":
        return "csv"
    rows = [row for row in map(_row, lines) if row and len(row) > 1 and _whole(row[0]) is not None]
    columns = Counter(map(len, rows)).most_common(1)
    if columns and columns[0][1] * 2 > len(lines):
        return "csv"
    if len(lines) > 1 and all(len(line) <= LONGEST_NAME and NAME.fullmatch(line) for line in lines):
        return "names"
    return "text"


def read_text(path: str | os.PathLike[str]) -> Text:
    """One text, newlines as `\\n`. (`stdlib_text.from_file` replaces bytes that are not UTF-8 instead of refusing them.)

    Raises `DataError` for a file that is missing, empty, or not UTF-8.
    """
    return Text("\n".join(_lines(path)), source=str(path))


def read_names(path: str | os.PathLike[str]) -> Names:
    """One name a line, spaces around it taken off. Empty lines are left out, lines above 40 characters are skipped and listed.

    Raises `DataError` for a file that is missing, empty, not UTF-8, or without a single name.
    """
    names, skipped = [], []
    for number, line in enumerate(_lines(path), start=1):
        name = line.strip()
        if len(name) > LONGEST_NAME:
            skipped.append(Skipped(number, f"{len(name)} characters, a name has at most {LONGEST_NAME}"))
        elif name:
            names.append(name)
    if not names:
        raise DataError(
            f"no names: all {len(skipped)} lines are longer than {LONGEST_NAME} characters",
            where=os.path.abspath(path),
            hint="a names file has one name a line; read_text(path) reads a text",
        )
    return Names(tuple(names), str(path), tuple(skipped))


def read_labelled(path: str | os.PathLike[str]) -> Labelled:
    """Rows of a class from 1 to n and one or more columns of text, which are joined with a space.

    The first row is a header if its class is not a number and that of the second row is. `classes.txt` beside the file, a name a
    line, names the classes; without it they are called by their numbers. A malformed row (unclosed quotes, another number of
    columns than the first one, a class that is no number, no text) is skipped and listed in `skipped` with its line.

    Raises `DataError` for a file that is missing, empty, not UTF-8, of one column, without a good row, or whose classes are
    not 1 to n.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder, "films.csv")
    ...     _ = file.write_text('class,title,text\\n1,Dull,"slow, and long"\\n2,Fine\\n2,Fine,but short\\n', encoding="utf-8")
    ...     films = read_labelled(file)
    >>> films.texts, films.labels, films.skipped
    (('Dull slow, and long', 'Fine but short'), array([0, 1]), (Skipped(line=3, reason='2 columns, expected 3'),))
    """
    where = os.path.abspath(path)
    records = list(_records(_lines(path)))
    good = [(line, row) for line, row in records if isinstance(row, list)]
    if not good:
        raise DataError(f"no row of a csv: {records[0][1]}", where=f"{where}, line {records[0][0]}", hint=FORM)
    header = len(good) > 1 and _whole(good[0][1][0]) is None and _whole(good[1][1][0]) is not None
    columns = len(good[0][1])
    if columns < 2:
        raise DataError("one column, where a class and a text are expected", where=f"{where}, line {good[0][0]}", hint=FORM)
    texts, labels, lines, skipped = [], [], [], []
    for line, row in records:
        if header and line == good[0][0]:
            continue
        reason = row if isinstance(row, str) else _misfit(row, columns)
        if reason:
            skipped.append(Skipped(line, reason))
            continue
        texts.append(" ".join(part for part in map(str.strip, row[1:]) if part))
        labels.append(int(row[0]))
        lines.append(line)
    if not texts:
        problem = skipped[0] if skipped else Skipped(good[0][0], "a header and nothing else")
        raise DataError(f"no row that can be used: {problem.reason}", where=f"{where}, line {problem.line}", hint=FORM)
    classes = _classes(Path(path), labels, lines)
    return Labelled(tuple(texts), np.array(labels, np.int64) - 1, classes, str(path), tuple(skipped), header)


FORM = 'a row is a class from 1 to n, then text: "3","A title","A description"'


def _classes(path: Path, labels: list[int], lines: list[int]) -> tuple[str, ...]:
    """The names of the classes 1..n; a DataError if there is a class outside, or one of them never occurs."""
    where, beside = os.path.abspath(path), path.parent / "classes.txt"
    names = [line.strip() for line in _lines(beside) if line.strip()] if beside.is_file() else []
    largest = len(names) or max(labels)
    for label, line in zip(labels, lines, strict=True):
        if not 1 <= label <= largest:
            raise DataError(
                f"class {label}, expected 1 to {largest}" + (" (classes.txt has so many lines)" if names else ""),
                where=f"{where}, line {line}",
                hint="number the classes from 1" if label < 1 else "give classes.txt a line for each class",
            )
    present = set(labels)
    absent = next((label for label in range(1, largest + 1) if label not in present), None)
    if absent is not None and not names:
        first = lines[labels.index(largest)]
        raise DataError(
            f"the largest class is {largest} (first in line {first}), but no row is of class {absent}",
            where=where,
            hint="number the classes from 1 to n without a gap, or put a classes.txt with n names beside the file",
        )
    return tuple(names or map(str, range(1, largest + 1)))


def _misfit(row: list[str], columns: int) -> str:
    """Why a row cannot be used, or ''."""
    if len(row) != columns:
        return f"{len(row)} columns, expected {columns}"
    if _whole(row[0]) is None:
        return f"the class is {row[0][:20]!r}, not a whole number"
    return "" if any(part.strip() for part in row[1:]) else "no text"


def _records(lines: list[str]) -> Iterator[tuple[int, list[str] | str]]:
    """The number of its first line, and the fields of every row, or what is wrong with it.

    Each line is parsed by itself, together with the next ones only as long as a quoted field needs them: one quote too many
    spoils its own row and not the rest of the file.
    """
    k = 0
    while k < len(lines):
        row, end = _row(lines[k]), k + 1
        while row is None and end < min(k + JOINED, len(lines)) and not _starts_a_row(lines[end]):
            end += 1
            row = _row("\n".join(lines[k:end]))
        if lines[k].strip():
            yield k + 1, "quotes that do not match" if row is None else row
        k = k + 1 if row is None else end


def _starts_a_row(line: str) -> bool:
    row = _row(line)
    return row is not None and len(row) > 1 and _whole(row[0]) is not None


def _row(line: str) -> list[str] | None:
    """The fields of one row, None where its quotes do not match."""
    try:
        rows = list(csv.reader([line], strict=True, skipinitialspace=True))
    except csv.Error:
        return None
    return rows[0] if len(rows) == 1 else None


def _whole(text: str) -> int | None:
    """The whole number that a field holds, or None."""
    return int(text) if re.fullmatch(r"\s*[+-]?[0-9]{1,9}\s*", text) else None


def _lines(path: str | os.PathLike[str]) -> list[str]:
    """The lines of a file in UTF-8, with at least one that is not empty; a DataError otherwise."""
    if not isinstance(path, str | os.PathLike) or not isinstance(os.fspath(path), str):
        raise DataError(f"not a path: {path!r}", hint="a str or a pathlib.Path, for example 'news.csv'")
    where = os.path.abspath(path)
    try:
        data = Path(path).read_bytes()
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
    return text.replace("\r\n", "\n").replace("\r", "\n").removesuffix("\n").split("\n")
