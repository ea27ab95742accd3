"""Files of your own: a csv of labelled texts, names with or without classes, one text. Nothing is guessed silently.

    kind     what it looks like                                       read with
    csv      columns: a class and text, as 3,"A title" or text,label  read_labelled
    names    one name a line                                          read_names
    classes  a folder of such files, one a class                      read_name_classes
    text     anything else                                            read_text

All are UTF-8 (a byte-order mark is dropped) with any newlines; other bytes raise a `DataError` that names the line.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ..errors import DataError
from .csv.columns import SEPARATORS, field_at, named_columns, whole_number
from .csv.labelled import Labelled, Skipped, read_labelled
from .csv.rows import fields_of
from .lines import checked_path, read_lines
from .stdlib_text import Text
from .vocab import spelled

__all__ = [
    "Labelled", "Names", "Skipped", "kind_of", "read", "read_labelled", "read_name_classes", "read_names", "read_text",
]  # fmt: skip


def __dir__() -> list[str]:
    return __all__


LOOKED_AT = 50  # lines that say what kind of file it is
NAME = re.compile(r"a[am]*(?:[ .'-]+a[am]*){0,3}\.?")  # of what `vocab.spelled` makes of a line
LONGEST_NAME = 40


@dataclass(frozen=True)
class Names:
    """Names in the order of the file; `skipped` lists the lines that were left out.

    >>> import tinygrad_rnn as tg
    >>> len(tg.data.files.Names(("emma", "ava"), "names.txt"))
    2
    """

    names: tuple[str, ...] = field(repr=False)
    source: str
    skipped: tuple[Skipped, ...] = ()

    def __len__(self) -> int:
        return len(self.names)


def read(path: str | os.PathLike[str]) -> Labelled | Names | Text:
    """The file or folder, read as what it looks like (`kind_of`). If that is not what it is, call one of the four by name.

    >>> import tinygrad_rnn as tg
    >>> from pathlib import Path
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder, "names.txt")
    ...     _ = file.write_text("emma\\nolivia\\n", encoding="utf-8")
    ...     tg.data.files.read(file).names
    ('emma', 'olivia')
    """
    readers: dict[str, Callable[[str | os.PathLike[str]], Labelled | Names | Text]] = {
        "csv": read_labelled, "names": read_names, "classes": read_name_classes, "text": read_text,
    }  # fmt: skip
    return readers[kind_of(path)](path)


def kind_of(path: str | os.PathLike[str]) -> str:
    """What a file looks like, from its first 50 lines: "csv", "names" or "text"; a folder is "classes".

    csv: the file ends in .csv or .tsv; or most lines have the same number of columns, two or more, cut at commas, semicolons or tabs,
    and start with a number, or the first line is a header that names the class (see `read_labelled`).
    names: two lines or more, each of at most four words and 40 characters. text: anything else.

    >>> import tinygrad_rnn as tg
    >>> from pathlib import Path
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder, "a.txt")
    ...     _ = file.write_text('"1","A title","and more"\\n"2","Another","and more"\\n', encoding="utf-8")
    ...     tg.data.files.kind_of(file)
    'csv'
    """
    if isinstance(path, str | os.PathLike) and os.path.isdir(path):
        return "classes"
    lines = [line.strip() for line in read_lines(path)[:LOOKED_AT] if line.strip()]
    if Path(path).suffix.lower() in (".csv", ".tsv") or any(
        _is_table([fields_of(line, mark) for line in lines]) for mark in SEPARATORS
    ):
        return "csv"
    if len(lines) > 1 and all(len(line) <= LONGEST_NAME and NAME.fullmatch(spelled(line, " .-")) for line in lines):
        return "names"
    return "text"


def _is_table(lines: list[list[str]]) -> bool:
    """Whether most lines have the same columns, with a number in the first or a class named by the first line."""
    named = named_columns(lines)
    widths = Counter(
        len(fields) for fields in lines if len(fields) > 1 and (named or whole_number(field_at(fields, 0)) is not None)
    )
    return 2 * max(widths.values(), default=0) > len(lines)


def read_text(path: str | os.PathLike[str]) -> Text:
    """One text, newlines as `\\n`. (`stdlib_text.from_file` replaces bytes that are not UTF-8 instead of refusing them.)

    Raises `DataError` for a file that is missing, empty, or not UTF-8.

    >>> import tempfile, pathlib, tinygrad_rnn as tg
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = pathlib.Path(folder) / "poem.txt"
    ...     _ = file.write_bytes(b"one\\r\\ntwo")
    ...     tg.data.files.read_text(file).text
    'one\\ntwo'
    """
    return Text("\n".join(read_lines(path)), source=str(path))


def read_names(path: str | os.PathLike[str]) -> Names:
    """One name a line, spaces around it taken off. Empty lines are left out, lines above 40 characters are skipped and listed.

    Raises `DataError` for a file that is missing, empty, not UTF-8, or without a single name.

    >>> import tempfile, pathlib, tinygrad_rnn as tg
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = pathlib.Path(folder) / "names.txt"
    ...     _ = file.write_text("Ada\\n\\n  Grace ", encoding="utf-8")
    ...     tg.data.files.read_names(file).names
    ('Ada', 'Grace')
    """
    names, skipped = [], []
    for number, line in enumerate(read_lines(path), start=1):
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


def read_name_classes(path: str | os.PathLike[str]) -> Labelled:
    """The names of a folder: every file ending in .txt is a class, called after the file, in the order of the alphabet.

    Skipped lines name their file. Raises `DataError` for a folder that is missing or without two such files, and what
    `read_names` raises.

    >>> import tinygrad_rnn as tg
    >>> from pathlib import Path
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for language, names in (("Irish", "Aodh\\nNiamh\\n"), ("Basque", "Ane\\n")):
    ...         _ = Path(folder, f"{language}.txt").write_text(names, encoding="utf-8")
    ...     found = tg.data.files.read_name_classes(folder)
    >>> found.texts, found.labels, found.classes
    (('Ane', 'Aodh', 'Niamh'), array([0, 1, 1]), ('Basque', 'Irish'))
    """
    files = sorted(checked_path(path).glob("*.txt"), key=lambda file: file.stem)
    if len(files) < 2:
        raise DataError(
            f"{len(files)} files that end in .txt, two or more are expected",
            where=os.path.abspath(path),
            hint="a folder of names has a file a class, called after the class: Irish.txt, Basque.txt",
        )
    found = [read_names(file) for file in files]
    return Labelled(
        tuple(name for names in found for name in names.names),
        np.repeat(np.arange(len(files)), [len(names) for names in found]),
        tuple(file.stem for file in files),
        str(path),
        tuple(
            Skipped(s.line, f"{file.name}: {s.reason}") for file, names in zip(files, found, strict=True) for s in names.skipped
        ),
    )
