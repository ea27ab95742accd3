"""What the programs of this project share: how they were started, how a mistake is told, and how they end that nobody reads."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from contextlib import suppress
from typing import NoReturn

from ..errors import shown
from .early_interrupt import PROGRAM, called_by_name
from .operating_system import WINDOWS, command_line

__all__ = ["Parser", "discard_output", "install", "near", "note", "program", "typed"]


class Parser(argparse.ArgumentParser):
    """Tells a mistake in a line, with a hint, and ends with code 2."""

    def error(self, message: str) -> NoReturn:
        """What argparse calls."""
        note(f"error: {message}\n\nhint: {self.prog} --help lists what there is")
        raise SystemExit(2)


def note(text: str) -> None:
    """A line for the person at the terminal: on standard error, if that is open."""
    if sys.stderr is not None:
        with suppress(OSError):
            sys.stderr.write(shown(text) + "\n")


def discard_output() -> None:
    """Give what is left for standard output to nobody: where its reader went away, Python would complain about it at the end."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def near(path: str | os.PathLike[str]) -> str:
    """A path as short as it can be said from the current folder.

    >>> from tinygrad_rnn.shared.invocation import near
    >>> near("lstm.svg")
    'lstm.svg'
    """
    try:
        short = os.path.relpath(path)
    except (OSError, ValueError):  # another drive, or a folder that is gone
        return str(path)
    return str(path) if short.startswith(os.path.join("..", "..")) else short


def typed(*words: str, windows: bool = WINDOWS) -> str:
    """A command for the Python that runs now, as it is typed here: an environment need not be activated.

    >>> from tinygrad_rnn.shared.invocation import typed
    >>> typed("-m", "tinygrad_rnn", "draw", "-o", "two words.svg", windows=False)  # doctest: +ELLIPSIS
    "...python... -m tinygrad_rnn draw -o 'two words.svg'"
    """
    found = shutil.which("python")
    inside = sys.prefix == sys.base_prefix or os.path.dirname(found or "") == os.path.dirname(sys.executable)
    return command_line(["python" if found and inside else near(sys.executable or "python3"), *words], windows)


def program(*words: str, windows: bool = WINDOWS) -> str:
    """A command of the package as it is typed here: by the name of the program if it was called so, else as a module."""
    if not called_by_name():
        return typed("-m", "tinygrad_rnn", *words, windows=windows)
    found = shutil.which(PROGRAM)
    known = found is not None and os.path.realpath(found) == os.path.realpath(sys.argv[0])
    return command_line([PROGRAM if known else near(sys.argv[0]), *words], windows)


def install(extra: str) -> str:
    """The command that installs what an extra of this package needs: the hint where it is missing."""
    return typed("-m", "pip", "install", f"tinygrad_rnn[{extra}]")
