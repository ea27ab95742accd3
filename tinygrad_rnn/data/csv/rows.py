"""The rows of a csv: which lines belong together, and what is left when quotes do not match.

The form is that of RFC 4180: fields between commas; one that starts with a quote ends with one, may hold commas and line breaks,
and doubles its quotes. In a field that does not start with a quote, quotes are characters like others. Another character may stand
in the place of the comma.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from typing import NamedTuple

__all__ = ["Row", "fields_of", "read_rows"]

OPENED = r' *"[^"]*(?:""[^"]*)*'  # a quoted field so far


class Forms(NamedTuple):
    """What a row looks like that ends, one that goes on in quotes, and each of its fields."""

    ends: re.Pattern[str]
    goes_on: re.Pattern[str]
    parts: re.Pattern[str]


@cache
def _forms(separator: str) -> Forms:
    cut = re.escape(separator)
    plain = rf'(?! *")[^{cut}]*'
    before = rf'(?:(?:{OPENED}"|{plain}){cut})*'
    return Forms(
        re.compile(rf'{before}(?:{OPENED}"|{plain})'),
        re.compile(before + OPENED),
        re.compile(rf'(?:^|{cut})(?: *"([^"]*(?:""[^"]*)*)"|({plain}))'),
    )


class Row(NamedTuple):
    """The fields of a row, and the first and last of its lines (from 1). No fields: quotes in these lines do not match."""

    first: int
    last: int
    fields: list[str]


def read_rows(lines: Sequence[str], separator: str = ",") -> Iterator[Row]:
    """The rows that lines make; lines without any character but spaces are none.

    Quotes break where something else than a comma follows one that closes a field. Then the row is spoiled, and with it all lines
    that its quotes took in: they may be text. (Quotes that are never closed take in nothing.) Whether the next line starts a row
    is decided by what follows: it does if, read as a row, it goes on for longer before quotes break again than read as text
    inside of quotes; else it is spoiled too. What no reader can see: after a stray quote, a field that starts with a comma or a
    line break looks like the end of what the stray quote began.

    >>> from tinygrad_rnn.data.csv.rows import read_rows
    >>> [row.fields for row in read_rows(['1,"two', '2,lines"', '3,"one "" line"'])]
    [['1', 'two\\n2,lines'], ['3', 'one " line']]
    >>> list(read_rows(['"1","open', "2,text or a row?", '"3","good"']))
    [Row(first=1, last=2, fields=[]), Row(first=3, last=3, fields=['3', 'good'])]
    """
    forms = _forms(separator)
    as_row, as_text = [_end(line, forms) for line in lines], [_end('"' + line, forms) for line in lines]
    row_until, text_until = _breaks(as_row, as_text)
    first = 0
    while first < len(lines):
        end, reading = first + 1, as_row[first]
        while reading == "goes on" and end < len(lines):
            end, reading = end + 1, as_text[end]
        if reading == "ends":
            if lines[first].strip():
                yield Row(first + 1, end, fields_of("\n".join(lines[first:end]), separator))
        else:
            end = max(first + 1, end - 1) if reading == "breaks" else first + 1  # the line that breaks quotes may be a good row
            while end < len(lines) and row_until[end] <= text_until[end]:
                end += 1
            yield Row(first + 1, end, [])
        first = end


def fields_of(text: str, separator: str = ",") -> list[str]:
    """The fields of one row, [] where its quotes do not match.

    >>> from tinygrad_rnn.data.csv.rows import fields_of
    >>> fields_of('1, "a ""quoted"" word, and more",6" long')
    ['1', 'a "quoted" word, and more', '6" long']
    """
    forms = _forms(separator)
    if not forms.ends.fullmatch(text):
        return []
    return [quoted.replace('""', '"') or plain for quoted, plain in forms.parts.findall(text)]


def _end(line: str, forms: Forms) -> str:
    """How a line ends that starts a row: the row ends too, it goes on in quotes, or its quotes break.

    With a quote put before it, a line is read as one that starts inside of quotes.
    """
    return "ends" if forms.ends.fullmatch(line) else "goes on" if forms.goes_on.fullmatch(line) else "breaks"


def _breaks(as_row: Sequence[str], as_text: Sequence[str]) -> tuple[list[int], list[int]]:
    """For each line, and for the end, the line at which quotes break, if it starts a row and if it starts inside of quotes."""
    last = len(as_row)
    row_until, text_until = [last] * last + [last + 1], [last] * (last + 1)  # what is open at the end breaks there
    for k in reversed(range(last)):
        follows = {"ends": row_until[k + 1], "goes on": text_until[k + 1], "breaks": k}
        row_until[k], text_until[k] = follows[as_row[k]], follows[as_text[k]]
    return row_until, text_until
