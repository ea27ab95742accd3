"""A csv of labelled texts: rows of a class, as a number or a word, and text. What cannot be read is skipped and said, never guessed."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...errors import DataError
from ..lines import read_lines
from .columns import FORM, columns_of, field_at, separated

__all__ = ["Labelled", "Skipped", "read_labelled"]


class Skipped(NamedTuple):
    """A line (counted from 1) that was left out, and why."""

    line: int
    reason: str


@dataclass(frozen=True, eq=False)
class Labelled:
    """Texts and a class each: `labels` `(texts,)` are 0 to n - 1, and `classes` their names (or numbers, as they were in the file).

    `skipped` lists the rows that were left out; `header` says whether the first row was taken for the names of the columns.

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


def read_labelled(
    path: str | os.PathLike[str],
    *,
    label: int | None = None,
    text: int | None = None,
    header: bool | None = None,
    separator: str | None = None,
) -> Labelled:
    """Rows of a class and one or more columns of text, which are joined with a space.

    **Classes** are whole numbers, such as 0 and 4 or -1 and 1, or words (at most 40 characters) if no row has a number there; they
    are sorted, by value or by the alphabet. A `classes.txt` beside the file, a name a line, orders words and names numbers, which
    then begin at 0 or 1: two files with it have the same labels, also where a class is missing in one. The class is in the column `label`
    (counted from 0, -1 is the last); without it in the one that the header calls class, label, category, target or sentiment, else
    in the first. Text is the column `text`; without it, all others that the header does not leave without a name.

    **A header** is a first row with one of these names, which the column does not hold again, and without a number; or one whose
    class is no number where that of the second row is. `header=True` or `False` says so. **The separator** is the comma, semicolon or
    tab of which every row has the same number, if that is one of them; if it is none, the comma.

    A malformed row (quotes that do not match, another number of columns than most rows have, a class that is no number among
    numbers, no text) is skipped and listed in `skipped` with its line. Fields may be of any length and hold line breaks; see
    `rows.read_rows` for what quotes that do not match take with them.

    Raises `DataError` for a file that is missing, empty, not UTF-8, of one column or without a good row; for JSON; and where these
    rules would guess. Without `label`: a table of dates and numbers alone, more than half as many words as rows (unless the header
    names the class), ten numbers or more that only count the rows or mostly differ, a text of whole numbers. Without `header`: the
    first row has a word that no other has. Without `separator`: two fit, or most lines begin with one that does not fit all. And
    always: most classes are words and some are numbers.

    >>> import tinygrad_rnn as tg
    >>> from pathlib import Path
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder, "films.csv")
    ...     _ = file.write_text('class,title,text\\n1,Dull,"slow, and long"\\n2,Fine\\n2,Fine,but short\\n', encoding="utf-8")
    ...     films = tg.data.files.read_labelled(file)
    ...     _ = file.write_text("text;label\\nslow;neg\\nlong, dull;neg\\nfine;pos\\ngood;pos\\n", encoding="utf-8")
    ...     words = tg.data.files.read_labelled(file)
    >>> films.texts, films.labels, films.skipped
    (('Dull slow, and long', 'Fine but short'), array([0, 1]), (Skipped(line=3, reason='2 columns, expected 3'),))
    >>> words.texts, words.labels, words.classes, words.header
    (('slow', 'long, dull', 'fine', 'good'), array([0, 0, 1, 1]), ('neg', 'pos'), True)
    """
    where = os.path.abspath(path) if isinstance(path, str | os.PathLike) else ""
    found = separated(read_lines(path), separator, where)
    columns = columns_of(found, label, text, header, where)
    good, skipped = [], []
    for row in found:
        reason = columns.misfit(row.fields)
        if row is columns.header:
            continue
        if not reason:
            good.append(row)
        else:
            skipped.append(Skipped(row.first, reason + (f" (up to line {row.last})" if row.last > row.first else "")))
    if not good:
        reason, line = (skipped[0].reason, skipped[0].line) if skipped else ("there is a header alone", found[0].first)
        raise DataError(f"no row that can be used: {reason}", where=f"{where}, line {line}", hint=FORM)
    names, lines = [field_at(row.fields, columns.label) for row in good], [row.first for row in good]
    texts = tuple(" ".join(part for part in (field_at(row.fields, k) for k in columns.texts) if part) for row in good)
    listed = _listed(Path(path).parent / "classes.txt")
    labels, classes = _numbered(names, lines, listed, where) if columns.numbers else _named(names, lines, listed, where)
    return Labelled(texts, np.array(labels, np.int64), classes, str(path), tuple(skipped), columns.header is not None)


def _listed(beside: Path) -> list[str]:
    """The names that a classes.txt lists, [] if there is none."""
    return [line.strip() for line in read_lines(beside) if line.strip()] if beside.is_file() else []


def _named(names: list[str], lines: list[int], listed: list[str], where: str) -> tuple[list[int], tuple[str, ...]]:
    """Labels of words, and the words in their order."""
    classes = listed or sorted(set(names))
    number = {name: k for k, name in enumerate(classes)}
    for name, line in zip(names, lines, strict=True):
        if name not in number:
            hint = "give classes.txt a line for each class, or move it to another folder"
            raise DataError(f"class {name!r} is not in classes.txt", where=f"{where}, line {line}", hint=hint)
    return [number[name] for name in names], tuple(classes)


def _numbered(names: list[str], lines: list[int], listed: list[str], where: str) -> tuple[list[int], tuple[str, ...]]:
    """Labels of numbers, in the order of their values, and names; where a classes.txt names them, they begin at 0 or 1."""
    numbers = [*map(int, names)]
    if not listed:
        classes = sorted(set(numbers))
        label = {number: k for k, number in enumerate(classes)}
        return [label[number] for number in numbers], tuple(map(str, classes))
    least = 0 if 0 in numbers else 1
    largest = len(listed) - 1 + least
    for number, line in zip(numbers, lines, strict=True):
        if not least <= number <= largest:
            raise DataError(
                f"class {number}, expected {least} to {largest} (classes.txt has so many lines)",
                where=f"{where}, line {line}",
                hint="give classes.txt a line for each class, or move it to another folder",
            )
    return [number - least for number in numbers], tuple(listed)
