"""Numbers in a terminal: bars, tables, wrapped text and a live line. Readable without colour, in 60 columns, in ASCII."""

from __future__ import annotations

import io
import os
import shutil
import sys
import textwrap
import time
from collections.abc import Sequence
from typing import TextIO

__all__ = ["Progress", "Terminal"]

COLORS = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "blue": "34"}


class Terminal:
    """Writes to a stream in its width, its character set and, where it may, in colour.

    `color=None` uses colour on a terminal unless the environment says NO_COLOR; colour is never the only carrier.

    >>> out = Terminal(width=60, color=False)
    >>> out.table([["RNN", "0.4"], ["LSTM", "0.95"]], head=["cell", "norm"])
      cell    norm
      RNN      0.4
      LSTM    0.95
    >>> out.bars([("a", 1.0, "1"), ("bb", 0.5, "1/2")], 4)
      a   ████ 1
      bb  ██   1/2
    """

    def __init__(self, stream: TextIO | None = None, color: bool | None = None, width: int | None = None) -> None:
        self.stream = stream
        live = self.out.isatty()
        self.color = (live and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb") if color is None else color
        self.width = max(40, min(width or shutil.get_terminal_size((80, 24)).columns, 100))
        self.unicode = _can_write(self.out, "█│·‖∂")

    @property
    def out(self) -> TextIO:
        """The stream; standard output is looked up at each use, so that a redirection is followed. Closed, it takes anything."""
        return self.stream or sys.stdout or io.StringIO()

    def paint(self, text: str, color: str) -> str:
        """The text in a colour of COLORS, where this terminal has colours."""
        return f"\033[{COLORS[color]}m{text}\033[0m" if self.color else text

    def write(self, text: str = "") -> None:
        """One line, with what the stream cannot encode replaced."""
        encoding = getattr(self.out, "encoding", None) or "utf-8"
        self.out.write(text.encode(encoding, "replace").decode(encoding) + "\n")
        self.out.flush()

    def say(self, text: str, indent: str = "") -> None:
        """A paragraph, wrapped to the width; line breaks and indentation in the source do not matter."""
        words = " ".join(text.split())
        self.write(textwrap.fill(words, self.width, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False))

    def heading(self, text: str) -> None:
        """A heading with space above it."""
        self.write()
        self.write(self.paint(text, "bold"))
        self.write(("─" if self.unicode else "-") * min(len(text), self.width))

    def table(self, rows: Sequence[Sequence[str]], head: Sequence[str]) -> None:
        """Columns as wide as they need to be, the first to the left, the others to the right."""
        lines = [list(head), *map(list, rows)]
        widths = [max(len(line[k]) for line in lines) for k in range(len(head))]
        for n, line in enumerate(lines):
            cells = [line[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(line[1:], widths[1:], strict=True))]
            text = "  " + "  ".join(cells).rstrip()
            self.write(self.paint(text, "dim") if n == 0 else text)

    def bars(self, rows: Sequence[tuple[str, float, str]], length: int | None = None) -> None:
        """A bar a row: (label, share of the full length in 0..1, text behind it)."""
        labels = max(len(label) for label, _, _ in rows)
        room = length or max(8, self.width - labels - 5 - max(len(text) for _, _, text in rows))
        block = "█" if self.unicode else "#"
        for label, share, text in rows:
            bar = block * round(max(0.0, min(share, 1.0)) * room)
            self.write(f"  {label.ljust(labels)}  {self.paint(bar.ljust(room), 'blue')} {text}")


class Progress:
    """What a long training does right now: a line that is rewritten on a terminal, now and then a line elsewhere.

    It goes to standard error, so that standard output holds results alone. `total` may be 0 as long as it is not known.
    """

    def __init__(self, total: int, stream: TextIO | None = None, every: float = 5.0) -> None:
        self.total, self.stream, self.start = total, stream or sys.stderr or io.StringIO(), time.monotonic()
        self.live = self.stream.isatty()
        self.pause = 0.1 if self.live else every
        self.shown, self.length = self.start, 0

    @property
    def seconds(self) -> float:
        """Since the start."""
        return time.monotonic() - self.start

    def update(self, done: int, text: str) -> None:
        """Show `done` of `total`, the text, and the time left (as far as they are known); at most ten times a second."""
        now = time.monotonic()
        if now - self.shown < self.pause:
            return
        self.shown = now
        left = (now - self.start) / max(done, 1) * (self.total - done)
        line = f"  {done / self.total:4.0%}  {text}  {left:3.0f} s left" if self.total else f"  {text}"
        width = shutil.get_terminal_size((80, 24)).columns - 1
        self.stream.write(f"\r{line[:width].ljust(min(self.length, width))}" if self.live else line + "\n")
        self.stream.flush()
        self.length = len(line)

    def close(self) -> None:
        """Wipe the live line."""
        if self.live and self.length:
            self.stream.write("\r" + " " * self.length + "\r")
            self.stream.flush()


def _can_write(stream: TextIO, characters: str) -> bool:
    try:
        characters.encode(getattr(stream, "encoding", None) or "utf-8")
    except (UnicodeEncodeError, LookupError):
        return False
    return True
