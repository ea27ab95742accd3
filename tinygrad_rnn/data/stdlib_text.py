"""Text that is on every machine: sources and docstrings of the standard library, Unicode names, or a file of your own.

Nothing is downloaded and nothing is imported or run: sources are read as text. They differ from one Python version to
the next, so each `Text` says where it came from and carries a fingerprint. Where a Python has no source files (zipped
and embedded ones), the names of the Unicode characters stand in, and `note` says so.
"""

from __future__ import annotations

import ast
import hashlib
import os
import platform
import sys
import sysconfig
import unicodedata
import warnings
from dataclasses import dataclass, field
from importlib.machinery import PathFinder
from pathlib import Path

from ..errors import DataError
from .lines import checked_path, newlines

__all__ = ["Text", "docstrings", "from_file", "module_source", "unicode_names"]


def __dir__() -> list[str]:
    return __all__


@dataclass(frozen=True)
class Text:
    """A text and where it came from.

    `text` has newlines as `\\n`; `source` names the origin, for example `argparse (CPython 3.11.7)`; `note` is empty,
    or one sentence about something the reader should know (another text stands in, bytes were replaced, files were
    skipped).

    >>> import tinygrad_rnn as tg
    >>> poem = tg.data.stdlib_text.Text("so much depends", source="a poem")
    >>> poem.fingerprint, poem.note
    ('9ac094e5403b', '')
    """

    text: str = field(repr=False)
    source: str
    note: str = ""

    @property
    def fingerprint(self) -> str:
        """The first 12 hexadecimal digits of the SHA-256 of the text in UTF-8: equal texts, equal fingerprints."""
        return hashlib.sha256(self.text.encode("utf-8", "surrogatepass")).hexdigest()[:12]


def module_source(name: str = "argparse") -> Text:
    """The source of a standard-library module, read as text; of a package, its `__init__`.

    `name` is a plain name out of `sys.stdlib_module_names`; anything else raises `DataError`. A module without readable
    source here (written in C, zipped, another platform's) gives the Unicode names instead, with a `note`. Only the
    places of the standard library are searched: a file of the same name in the working directory is never taken for it.

    >>> import tinygrad_rnn as tg
    >>> argparse = tg.data.stdlib_text.module_source("argparse")
    >>> "class ArgumentParser" in argparse.text or argparse.note != ""
    True
    """
    if not isinstance(name, str) or name not in sys.stdlib_module_names:
        raise DataError(
            f"not the name of a standard-library module: {name!r}",
            hint="a plain name such as 'argparse'; from_file(path) reads a file of your own",
        )
    source = _source_of(name)
    if not source.strip():
        return _names_instead(f"No Python source of {name} on this machine")
    return Text(source, source=f"{name} ({_python()})")


def docstrings(folder: str | os.PathLike[str] | None = None) -> Text:
    """The docstrings of the modules, classes and functions in a folder's `.py` files, a blank line between them.

    Without a folder: of the top-level modules of the standard library, some 900,000 characters, read in about a second.
    Files are taken by name and docstrings by line, from the syntax tree, so that `python -OO` (which drops `__doc__`)
    changes nothing. Files that cannot be parsed are skipped and named in the `note`. A standard library without `.py`
    files gives the Unicode names and a `note`; a folder of your own that is missing or holds no docstring raises
    `DataError`.

    >>> import tinygrad_rnn as tg
    >>> from pathlib import Path
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = Path(folder, "a.py").write_text("'''First.'''\\ndef f():\\n    '''Second.'''\\n", encoding="utf-8")
    ...     tg.data.stdlib_text.docstrings(folder).text
    'First.\\n\\nSecond.'
    """
    place = checked_path(sysconfig.get_path("stdlib") if folder is None else folder)
    if folder is not None and not place.is_dir():
        raise DataError("no such folder", where=os.path.abspath(place), hint="name a folder that holds .py files")
    files = sorted(place.glob("*.py"), key=lambda file: file.name)
    if folder is None:  # without what an installation put beside them, such as _sysconfigdata
        files = [file for file in files if file.stem in sys.stdlib_module_names]
    found: list[str] = []
    skipped: list[str] = []
    for file in files:
        try:
            found += _docstrings_in(file.read_bytes())
        except (OSError, SyntaxError, ValueError):
            skipped.append(file.name)
    text = newlines("\n\n".join(found)).encode("utf-8", "replace").decode("utf-8")
    if text:
        origin = f"{len(files) - len(skipped)} files of {'the standard library' if folder is None else place}"
        note = f"Not read: {', '.join(skipped)}." if skipped else ""
        return Text(text, f"docstrings in {origin} ({_python()})", note)
    if folder is None:
        return _names_instead("No Python files of the standard library on this machine")
    raise DataError(
        f"no docstrings: {len(files)} .py files, {len(skipped)} of them unreadable",
        where=os.path.abspath(place),
        hint="leave the folder out to read the standard library",
    )


def unicode_names() -> list[str]:
    """The names of the Unicode characters in the order of their code points: some 32,000 distinct ones on every Python.

    Left out are names that only count: Hangul syllables, and those that end in their own code point, such as
    `CJK UNIFIED IDEOGRAPH-4E00`. Source: `unicodedata`, which is compiled into Python.

    >>> import tinygrad_rnn as tg
    >>> names = tg.data.stdlib_text.unicode_names()
    >>> names[0], names[33], 30_000 < len(names) < 40_000
    ('SPACE', 'LATIN CAPITAL LETTER A', True)
    """
    names = []
    for code in range(sys.maxunicode + 1):
        name = unicodedata.name(chr(code), "")
        if name and not name.startswith("HANGUL SYLLABLE ") and not name.endswith(f"-{code:X}"):
            names.append(name)
    return names


def from_file(path: str | os.PathLike[str]) -> Text:
    """A text file of your own: UTF-8 (a byte-order mark is dropped), newlines as `\\n`.

    Bytes that are not UTF-8 become U+FFFD and the `note` counts them. `DataError` when the file is missing, a folder,
    unreadable, empty, or no UTF-8 text: NUL bytes, or more than one character in ten replaced.

    >>> import tinygrad_rnn as tg
    >>> from pathlib import Path
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder, "poem.txt")
    ...     _ = file.write_bytes(b"one\\r\\ntwo")
    ...     tg.data.stdlib_text.from_file(file).text
    'one\\ntwo'
    """
    data = _bytes_of(checked_path(path))
    where = os.path.abspath(path)
    if b"\0" in data:
        raise DataError("binary data or UTF-16: NUL bytes in it", where=where, hint="save it as plain text in UTF-8")
    text = newlines(data.decode("utf-8-sig", "replace"))
    if not text.strip():
        raise DataError("an empty text", where=where, hint="name a file with some text in it")
    replaced = text.count("\ufffd") - data.count("\ufffd".encode())
    if replaced * 10 > len(text):
        raise DataError(
            f"not a text in UTF-8: {replaced:,} of {len(text):,} characters could not be read",
            where=where,
            hint="save it as plain text in UTF-8",
        )
    note = f"Not UTF-8 throughout: {replaced:,} of {len(text):,} characters became U+FFFD." if replaced else ""
    return Text(text, source=str(path), note=note)


def _source_of(name: str) -> str:
    """Source of a module found in the standard library's own places, or '' where there is none.

    `importlib.util.find_spec` would answer with whatever stands first on `sys.path` or in `sys.modules`, and with
    frozen modules (`os`), which have no source although `os.py` lies on the disk.
    """
    zipped = f"python{sys.version_info.major}{sys.version_info.minor}.zip"
    places = [sysconfig.get_path("stdlib"), *(entry for entry in sys.path if os.path.basename(entry) == zipped)]
    spec = PathFinder.find_spec(name, places)
    get_source = getattr(spec and spec.loader, "get_source", None)
    if get_source is None:
        return ""
    try:
        return newlines(get_source(name) or "")
    except (ImportError, OSError, SyntaxError, ValueError):
        return ""


def _docstrings_in(source: bytes) -> list[str]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # an odd escape in somebody's string is no concern of this reader
        tree = ast.parse(source)
    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    nodes = [node for node in ast.walk(tree) if isinstance(node, kinds)]
    texts = (ast.get_docstring(node) for node in sorted(nodes, key=lambda node: getattr(node, "lineno", 0)))
    return [text for text in texts if text]


def _bytes_of(path: Path) -> bytes:
    try:
        if path.is_file():
            return path.read_bytes()
        problem = "this is a folder" if path.is_dir() else "not a regular file" if path.exists() else "no such file"
    except (OSError, ValueError) as error:
        problem = f"cannot read the file: {getattr(error, 'strerror', None) or error}"
    raise DataError(problem, where=os.path.abspath(path), hint="give the path of a text file, such as poems.txt")


def _names_instead(reason: str) -> Text:
    names = unicode_names()
    note = f"{reason}; the {len(names):,} names of the Unicode characters stand in."
    return Text("\n".join(names), f"unicodedata (Unicode {unicodedata.unidata_version}, {_python()})", note)


def _python() -> str:
    return f"{platform.python_implementation()} {platform.python_version()}"
