"""A csv of labelled texts, as AG News: rows of a class and text. What cannot be read is skipped and said, never guessed."""

from __future__ import annotations

import os
import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tinygrad_rnn.data.lines import lines_of
from tinygrad_rnn.data.rows import Row, rows
from tinygrad_rnn.errors import DataError

__all__ = ["Labelled", "Skipped", "read_labelled", "whole_number"]

FORM = 'a row is a class from 1 to n, then text: "3","A title","A description"'


class Skipped(NamedTuple):
    """A line (counted from 1) that was left out, and why."""

    line: int
    reason: str


@dataclass(frozen=True)
class Labelled:
    """Texts and a class each: `labels` `(texts,)` are 0 to n - 1, one less than in the file, and `classes` their names.

    `skipped` lists the rows that were left out; `header` says whether the first row held the names of the columns.

    >>> import numpy as np, tinygrad_rnn as tg
    >>> films = tg.data.files.Labelled(("good film", "bad film"), np.array([1, 0]), ("bad", "good"), "films.csv")
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


def read_labelled(path: str | os.PathLike[str]) -> Labelled:
    """Rows of a class from 1 to n and one or more columns of text, which are joined with a space.

    The first row is a header if its class is not a number and that of the second row is. `classes.txt` beside the file, a name a
    line, names the classes; without it they are called by their numbers. A malformed row (quotes that do not match, another number
    of columns than most rows have, a class that is no number, no text) is skipped and listed in `skipped` with its line. Fields may
    be of any length and hold line breaks; see `rows.rows` for what quotes that do not match take with them.

    Raises `DataError` for a file that is missing, empty, not UTF-8, of one column, without a good row, or whose classes are
    not 1 to n.

    >>> import tinygrad_rnn as tg
    >>> from pathlib import Path
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder, "films.csv")
    ...     _ = file.write_text('class,title,text\\n1,Dull,"slow, and long"\\n2,Fine\\n2,Fine,but short\\n', encoding="utf-8")
    ...     films = tg.data.files.read_labelled(file)
    >>> films.texts, films.labels, films.skipped
    (('Dull slow, and long', 'Fine but short'), array([0, 1]), (Skipped(line=3, reason='2 columns, expected 3'),))
    """
    where = os.path.abspath(path)
    found = list(rows(lines_of(path)))
    whole = [row for row in found if row.fields]
    if not whole:
        raise DataError("no row of a csv: quotes that do not match", where=f"{where}, line {found[0].first}", hint=FORM)
    numbered = [row for row in whole if whole_number(row.fields[0]) is not None]
    columns = Counter(len(row.fields) for row in numbered or whole).most_common(1)[0][0]
    if columns < 2:
        raise DataError("one column, where a class and a text are expected", where=f"{where}, line {whole[0].first}", hint=FORM)
    header = whole[0] if _is_header(whole, columns) else None
    good, skipped = [], []
    for row in found:
        reason = _misfit(row.fields, columns)
        if not reason:
            good.append(row)
        elif row is not header:
            skipped.append(Skipped(row.first, reason + (f" (up to line {row.last})" if row.last > row.first else "")))
    if not good:
        raise DataError(f"no row that can be used: {skipped[0].reason}", where=f"{where}, line {skipped[0].line}", hint=FORM)
    labels, lines = [int(row.fields[0]) for row in good], [row.first for row in good]
    texts = tuple(" ".join(part for part in map(str.strip, row.fields[1:]) if part) for row in good)
    classes = _classes(Path(path), labels, lines, skipped)
    return Labelled(texts, np.array(labels, np.int64) - 1, classes, str(path), tuple(skipped), header is not None)


def _classes(path: Path, labels: list[int], lines: list[int], skipped: list[Skipped]) -> tuple[str, ...]:
    """The names of the classes 1..n; a DataError if there is a class outside, or one of them never occurs."""
    where, beside = os.path.abspath(path), path.parent / "classes.txt"
    names = [line.strip() for line in lines_of(beside) if line.strip()] if beside.is_file() else []
    largest = len(names) or max(labels)
    for label, line in zip(labels, lines, strict=True):
        if label < 1:
            raise DataError(f"class {label}, expected 1 or more", where=f"{where}, line {line}", hint="number the classes from 1")
        if label > largest:
            raise DataError(
                f"class {label}, expected 1 to {largest} (classes.txt has so many lines)",
                where=f"{where}, line {line}",
                hint="give classes.txt a line for each class",
            )
    present = set(labels)
    absent = next((label for label in range(1, largest + 1) if label not in present), None)
    if absent is not None and not names:
        first = lines[labels.index(largest)]
        without = f"; skipped rows: {len(skipped)}, the first in line {skipped[0].line}: {skipped[0].reason}" if skipped else ""
        raise DataError(
            f"the largest class is {largest} (first in line {first}), but no row is of class {absent}{without}",
            where=where,
            hint="number the classes from 1 to n without a gap, or put a classes.txt with n names beside the file",
        )
    return tuple(names or map(str, range(1, largest + 1)))


def _is_header(whole: list[Row], columns: int) -> bool:
    """Whether the first row holds names: its class is no number, and that of the next row is."""
    numbers = [whole_number(row.fields[0]) is not None for row in whole[:2]]
    return numbers == [False, True] and len(whole[0].fields) == columns


def _misfit(fields: list[str], columns: int) -> str:
    """Why a row cannot be used, or ''."""
    if not fields:
        return "quotes that do not match"
    if len(fields) != columns:
        return f"{len(fields)} columns, expected {columns}"
    if whole_number(fields[0]) is None:
        return f"the class is {fields[0][:20]!r}, not a whole number"
    return "" if any(map(str.strip, fields[1:])) else "no text"


def whole_number(text: str) -> int | None:
    """The whole number that a field holds, or None."""
    return int(text) if re.fullmatch(r"\s*[+-]?[0-9]{1,9}\s*", text) else None
