"""How a csv of labelled texts is laid out: what separates its columns, which holds the class, whether the first row names them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from numbers import Integral
from typing import NamedTuple

from ...errors import DataError
from ...shared.checks import is_number
from .rows import Row, read_rows

__all__ = ["FORM", "SEPARATORS", "Columns", "columns_of", "field_at", "named_columns", "separated", "whole_number"]

SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab"}
CLASS = ("class", "label", "category", "target", "sentiment")  # what a header may call the column
LONGEST_CLASS = 40  # characters
DATE = re.compile(r"\d{4}[-/.]\d\d?(?:[-/.]\d\d?)?(?:[T ][\d:.+Z-]*)?|\d\d?[-/.]\d\d?[-/.]\d{2,4}(?: [\d:.]*)?")
NUMBER = re.compile(r"[+-]?(?:\d+[.,]?\d*|[.,]\d+)(?:[eE][+-]?\d+)?")
GAPS = ("", "nan", "na", "n/a", "null", "none", "-", "?")  # what stands for no number
COUNTED = 10  # so many classes that only count the rows are no classes
FORM = (
    'a row is a class, then text: "3","A title","A description" or pos,Very good; where it is not: read_labelled(path, label=-1)'
)


class Columns(NamedTuple):
    """The number of columns, which of them (from 0) hold the class and text, the header, and whether classes are numbers."""

    width: int
    label: int
    texts: list[int]
    header: Row | None
    numbers: bool

    def misfit(self, fields: Sequence[str]) -> str:
        """Why a row cannot be used, or ''."""
        if not fields:
            return "quotes that do not match"
        if len(fields) != self.width:
            return f"{len(fields)} columns, expected {self.width}"
        name = field_at(fields, self.label)
        if self.numbers and whole_number(name) is None:
            return f"the class is {name[:20]!r}, not a whole number"
        if not name:
            return "no class"
        if len(name) > LONGEST_CLASS:
            return f"the class has {len(name)} characters, at most {LONGEST_CLASS} are expected"
        return "" if any(field_at(fields, k) for k in self.texts) else "no text"


def separated(lines: Sequence[str], separator: str | None, where: str) -> list[Row]:
    """The rows of a file. Without a separator it is the one of which every row has the same number; if none is, the comma."""
    _refuse_json(lines, where)
    if separator is not None:
        if not isinstance(separator, str) or len(separator) != 1 or separator in '" \n':
            raise DataError(f"separator={separator!r}", where=where, hint="one character: ',' or ';' or '\\t'")
        return list(read_rows(lines, separator))
    first = next(line for line in lines if line.strip())
    found = {mark: list(read_rows(lines, mark)) for mark in SEPARATORS if mark == "," or mark in first}
    fitting = [mark for mark, table in found.items() if len({len(row.fields) for row in table}) == 1 < len(table[0].fields)]
    if len(fitting) > 1:
        names = " and every ".join(SEPARATORS[mark] for mark in fitting)
        raise DataError(
            f"cut at every {names}, all rows have the same number of columns",
            where=where,
            hint=f"say which it is: read_labelled(path, separator={fitting[0]!r}), or put the texts in quotes",
        )
    if not fitting:
        _refuse_other_separator([row.fields[0] for row in found[","] if row.fields], where)
    return found[fitting[0] if fitting else ","]


def _refuse_json(lines: Sequence[str], where: str) -> None:
    """JSON, an object a line or a list of them, is another form."""
    number, first = next((k, line.strip()) for k, line in enumerate(lines, start=1) if line.strip())
    if re.match(r'\[?\s*\{\s*("|$)', first) or first == "[":
        raise DataError(
            f"this is JSON{' lines' if first.endswith('}') else ''}, not a csv",
            where=f"{where}, line {number}",
            hint="write it as a csv of a class and a text: csv.writer(file).writerow([entry['label'], entry['text']]) for each "
            "entry of json.loads, whatever its keys are called",
        )


def _refuse_other_separator(cells: Sequence[str], where: str) -> None:
    """Most lines begin with a mark that may be the true separator, whatever commas do behind it."""
    for mark in (";", "\t"):
        if 2 * sum(mark in part for part in cells) > len(cells):
            raise DataError(
                f"most lines have a {SEPARATORS[mark]} before any comma, but not all have as many",
                where=where,
                hint=f"read_labelled(path, separator={mark!r}) if it separates the columns (lines that do not fit are skipped), else ','",
            )


def columns_of(found: Sequence[Row], label: int | None, text: int | None, header: bool | None, where: str) -> Columns:
    """The columns of rows, by the rules of `read_labelled`. Raises a `DataError` where they do not decide."""
    whole = [row for row in found if row.fields]
    if not whole:
        raise DataError("no row of a csv: quotes that do not match", where=f"{where}, line {found[0].first}", hint=FORM)
    named = named_columns([row.fields for row in whole]) if header is not False else []
    if label is None and len(named) > 1:
        names = " and ".join(repr(whole[0].fields[k].strip()) for k in named)
        raise DataError(
            f"{len(named)} columns have the name of a class: {names}",
            where=f"{where}, line {whole[0].first}",
            hint=f"say which it is, counted from 0: read_labelled(path, label={named[-1]})",
        )
    column = _index(label, "label", where) if label is not None else named[0] if named else 0
    width = _width(whole, column, where)
    column = _within(column, width, "label", where)
    known = bool(named) or [_is_number(row, column) for row in whole[:2]] == [False, True]
    first = whole.pop(0) if header or (header is None and known and len(whole[0].fields) == width) else None
    texts = [k for k in range(width) if k != column and (first is None or k >= len(first.fields) or field_at(first.fields, k))]
    if text is not None:
        texts = [_within(_index(text, "text", where), width, "text", where)]
        if texts == [column]:
            raise DataError(f"column {column} for the class and the text", where=where, hint="name two columns: label=-1, text=0")
    rest = [row for row in whole if len(row.fields) == width and field_at(row.fields, column)]
    columns = Columns(width, column, texts, first, any(_is_number(row, column) for row in rest))
    _refuse_few_numbers(columns, rest, where)
    if rest and label is None:
        _refuse_series(columns, rest, where)
        _refuse_texts(columns, rest, bool(named), where)
    if rest and rest[0] is whole[0] and header is None and first is None and not columns.numbers:
        _refuse_strange_first(columns, rest, where)
    return columns


def named_columns(table: Sequence[Sequence[str]]) -> list[int]:
    """The columns that the first row calls a class, if it is a header: none of its cells is a number, nor the name below it again.

    >>> from tinygrad_rnn.data.csv.columns import named_columns
    >>> named_columns([["Text", "Label"], ["good film", "pos"]]), named_columns([["class", "A():"], ["class", "B():"]])
    ([1], [])
    """
    head = [part.strip().lower() for part in table[0]]
    if len(head) < 2 or any(whole_number(part) is not None for part in head):
        return []
    below = {k: {field_at(fields, k).lower() for fields in table[1:]} for k, name in enumerate(head) if name in CLASS}
    return [k for k, others in below.items() if head[k] not in others]


def field_at(fields: Sequence[str], column: int) -> str:
    """What a column holds, without the spaces around it; '' for a row without that column."""
    return fields[column].strip() if -len(fields) <= column < len(fields) else ""


def whole_number(text: str) -> int | None:
    """The whole number that a field holds, or None."""
    return int(text) if re.fullmatch(r"\s*[+-]?[0-9]{1,9}\s*", text) else None


def _kind_of(part: str) -> str:
    """What a cell holds: a "date", a "whole" number, a "fraction", or "text"."""
    if whole_number(part) is not None:
        return "whole"
    return "date" if DATE.fullmatch(part) else "fraction" if NUMBER.fullmatch(part) else "text"


def _is_number(row: Row, column: int) -> bool:
    return whole_number(field_at(row.fields, column)) is not None


def _width(whole: Sequence[Row], column: int, where: str) -> int:
    """How many columns most rows have: those with a number for a class, unless they are few."""
    split = [row for row in whole if len(row.fields) > 1]
    if not split:
        raise DataError("one column, where a class and a text are expected", where=f"{where}, line {whole[0].first}", hint=FORM)
    numbered = [row for row in split if _is_number(row, column)]
    return Counter(len(row.fields) for row in (numbered if 2 * len(numbered) >= len(split) else split)).most_common(1)[0][0]


def _index(column: int, name: str, where: str) -> int:
    """A column as it was asked for, which must be a whole number."""
    if not is_number(column, Integral):
        hint = "columns are counted from 0, from the end as -1, -2"
        raise DataError(f"{name}={column!r}, expected the number of a column", where=where, hint=hint)
    return int(column)


def _within(column: int, columns: int, name: str, where: str) -> int:
    """A column counted from 0, also if it was counted from the end."""
    if not -columns <= column < columns:
        hint = f"columns are counted from 0 to {columns - 1}, from the end as -1, -2"
        raise DataError(f"{name}={column} for rows of {columns} columns", where=where, hint=hint)
    return column % columns


def _refuse_few_numbers(columns: Columns, rest: Sequence[Row], where: str) -> None:
    """Words are skipped where classes are numbers: not most of them, for the sake of a few numbers."""
    numbers = [row for row in rest if _is_number(row, columns.label)]
    if 0 < 2 * len(numbers) < len(rest):
        raise DataError(
            f"{len(numbers)} of {len(rest)} classes are whole numbers, the others are words",
            where=f"{where}, line {numbers[0].first}",
            hint="name all classes by words, or number them all; read_labelled(path, label=-1) takes them from the last column",
        )


def _refuse_series(columns: Columns, rest: Sequence[Row], where: str) -> None:
    """Dates and numbers alone, in every column, are no texts of a class: some are dates, or have a decimal point."""
    below = [[part.strip() for part in row.fields if part.strip().lower() not in GAPS] for row in rest[1:] or rest]
    kinds = {_kind_of(part) for fields in below for part in fields}
    if "text" not in kinds and kinds & {"date", "fraction"}:
        raise DataError(
            f"a table of {'dates and numbers' if 'date' in kinds else 'numbers'}, where texts with a class are expected",
            where=f"{where}, line {rest[0].first}",
            hint=f"numpy.genfromtxt(path, delimiter=..., skip_header=1, usecols={columns.width - 1}) reads a series; "
            "its gaps become nan: fill them before you train",
        )


def _refuse_texts(columns: Columns, rest: Sequence[Row], is_named: bool, where: str) -> None:
    """A column of texts, or of numbers that count the rows, is not taken for classes, unless the header says that it is."""
    names, column = [field_at(row.fields, columns.label) for row in rest], columns.label
    numbers, problem = [whole_number(name) for name in names], ""
    if columns.numbers:
        known = [number for number in numbers if number is not None]
        if len(names) >= COUNTED and numbers == [*range(known[0], known[0] + len(names))]:
            problem = f"column {column} only counts the rows, from {known[0]} on"
        elif len(names) >= COUNTED and 2 * len(set(known)) > len(known):
            problem = f"column {column} looks like a measure, not like a class: {len(set(known))} different numbers in {len(names)} rows"
    elif not is_named and all(
        2 * len(set(part)) > len(part) for part in (names, names[1:] or names)
    ):  # the first may be a header
        problem = f"column {column} looks like text, not like a class: {len(set(names))} different values in {len(names)} rows"
    elif columns.texts and all(_is_number(row, k) for row in rest for k in columns.texts):
        problem = f"column {column} holds words, and what should be text is whole numbers"
    if problem:
        other, where_it_is = (0, "first") if column == columns.width - 1 else (-1, "last")
        raise DataError(
            problem,
            where=where,
            hint=f"read_labelled(path, label={other}) takes the class from the {where_it_is} column, "
            f"label={column} from this one in any case; a first line such as text,label says it too",
        )


def _refuse_strange_first(columns: Columns, rest: Sequence[Row], where: str) -> None:
    """A first row whose class no other row has may be a header with a name that is not known."""
    names = [field_at(row.fields, columns.label) for row in rest]
    if names.count(names[0]) == 1:
        raise DataError(
            f"no other row has the class {names[0]!r}: it may be the name of the column",
            where=f"{where}, line {rest[0].first}",
            hint="read_labelled(path, header=True) if it is, header=False if it is a class; a column called label needs neither",
        )
