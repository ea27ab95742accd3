"""Numbers in a terminal: bars, lines, shades, tables and a live line. Readable without colour, in 60 columns, in ASCII."""

from __future__ import annotations

import io
import math
import re
import shutil
import sys
import textwrap
import time
from collections.abc import Iterable, Sequence
from importlib.util import find_spec
from typing import Any, TextIO

import numpy as np

from ..errors import shown
from .glyphs import HEIGHTS, PLAIN, SHADES, Ramp, blocks, cut, display_width, line_breaks, pad_text, squeeze
from .operating_system import at_a_terminal, can_write, has_colors

__all__ = ["Progress", "Terminal"]

COLORS = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "blue": "34"}
PAINT = re.compile(f"(\033\\[(?:0|{'|'.join(COLORS.values())})m)")


class Terminal:
    """Writes to a stream in its width, its character set and, where it may, in colour.

    `color=None` uses colour on a terminal unless the environment says NO_COLOR; colour is never the only carrier.

    >>> from tinygrad_rnn.shared.terminal import Terminal
    >>> out = Terminal(width=60, color=False)
    >>> out.table([["RNN", "0.4"], ["LSTM", "0.95"]], head=["cell", "norm"])
      cell    norm
      RNN      0.4
      LSTM    0.95
    >>> out.bars([("a", 1.0, "1"), ("bb", 0.5, "1/2")], 4)
      a   ████ 1
      bb  ██   1/2
    >>> out.sparks([("RNN", [1, 1e-3, 1e-6, 0]), ("LSTM", [1, 0.5, 0.1, 0.05])], log=True)
      RNN   █▅▁·  1 to 0
      LSTM  ██▇▇  1 to 0.05
    """

    def __init__(self, stream: TextIO | None = None, color: bool | None = None, width: int | None = None) -> None:
        self.stream = stream
        self.color = has_colors(self.out) if color is None else color
        self.width = max(40, min(width or shutil.get_terminal_size((80, 24)).columns, 100))
        self.unicode = can_write(self.out, "█▁░·│‖∂")

    @property
    def out(self) -> TextIO:
        """The stream; standard output is looked up at each use, so that a redirection is followed. Closed, it takes anything."""
        return self.stream or sys.stdout or io.StringIO()

    def paint(self, text: str, color: str) -> str:
        """The text in a colour of COLORS, where this terminal has colours."""
        return f"\033[{COLORS[color]}m{text}\033[0m" if self.color else text

    def write(self, text: str = "") -> None:
        """One line, with what the stream cannot encode replaced, and what would steer a terminal written out."""
        parts = PAINT.split(text) if self.color else [text]
        text = "".join(part if k % 2 else shown(part) for k, part in enumerate(parts))
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
        """Columns as wide as they need to be, the first to the left, the others to the right.

        What does not fit beside each other comes below, with the first column again.
        """
        if not head:
            return
        lines = [[self._plain(cell) for cell in line] for line in (head, *rows)]
        widths = [max(display_width(line[k]) for line in lines) for k in range(len(head))]
        room = self.width - 2 - widths[0]
        for n, part in enumerate(line_breaks([width + 2 for width in widths[1:]], room, 0) or [slice(0)]):
            if n:
                self.write()
            for line in lines:
                others = zip(line[1:][part], widths[1:][part], strict=True)
                cells = [pad_text(line[0], widths[0]), *(pad_text(cell, width, left=True) for cell, width in others)]
                text = "  " + "  ".join(cells).rstrip()
                self.write(self.paint(text, "dim") if line is lines[0] else text)

    def bars(self, rows: Sequence[tuple[str, float, str]], length: int | None = None) -> None:
        """A bar a row: (label, share of the full length in 0..1, text behind it). A share that is no number gets a "?"."""
        names, ends = self._names(label for label, _, _ in rows), [self._plain(text) for _, _, text in rows]
        room = length or max(8, self.width - _widest(names) - 5 - _widest(ends))
        block = "█" if self.unicode else "#"
        for name, (_, share, _), end in zip(names, rows, ends, strict=True):
            bar = "?" if math.isnan(share) else block * round(max(0.0, min(share, 1.0)) * room)
            self.write(f"  {name}  {self.paint(bar.ljust(room), 'blue')} {end}".rstrip())

    def sparks(self, rows: Sequence[tuple[str, Any]], log: bool = False) -> None:
        """A line of heights for each (label, numbers), all on one scale, with the first and the last number behind it.

        `log` is for what spans powers of ten. Numbers that are too many for the width share a sign, which shows their largest.
        """
        names = self._names(label for label, _ in rows)
        ends = [f"{numbers[0]:.3g} to {numbers[-1]:.3g}" if len(numbers) else "nothing" for _, numbers in rows]
        room = max(8, self.width - _widest(names) - 6 - _widest(ends))
        lines = [squeeze(numbers, room) for _, numbers in rows]
        ramp = Ramp.of([x for line in lines for x in line], HEIGHTS if self.unicode else PLAIN, log)
        longest = max(map(len, lines), default=0)
        for name, line, end in zip(names, lines, ends, strict=True):
            self.write(f"  {name}  {self.paint(''.join(map(ramp.sign, line)).ljust(longest), 'blue')}  {end}")

    def words(self, words: Sequence[str], values: Any, log: bool = False) -> None:
        """A sentence with the size of a number under each word, as a shade, and what the shades mean.

        Raises `ValueError` if there is not one number a word.
        """
        numbers = np.asarray(values, np.float64).ravel().tolist()
        ramp = self._shades(numbers, log)
        texts = [cut(self._plain(word).strip() or "_", self.width - 2) for word in words]
        pairs = [(text, ramp.sign(x) * max(1, display_width(text))) for text, x in zip(texts, numbers, strict=True)]
        for line in line_breaks([display_width(shade) for _, shade in pairs], self.width - 2, 1):
            self.write("  " + " ".join(pad_text(text, display_width(shade)) for text, shade in pairs[line]).rstrip())
            self.write("  " + self.paint(" ".join(shade for _, shade in pairs[line]), "blue"))
        self._key(ramp, "".join(shade for _, shade in pairs))

    def heatmap(self, matrix: Any, log: bool = False, down: str = "t", across: str = "s") -> None:
        """A matrix as shades, its first row on top, counted from 1, and what the shades mean.

        Rows and columns that are too many for the width share a sign, which shows their largest number.
        """
        cells = np.atleast_2d(np.asarray(matrix, np.float64))
        if not cells.size:
            return self.write("  nothing")
        label = display_width(f"{down}={len(cells)}")
        room = self.width - label - 4
        rows, wide = blocks(len(cells), room), blocks(cells.shape[1], room)
        shown = [[float(cells[np.ix_(r, c)].max()) for c in wide] for r in rows]
        ramp = self._shades(cells, log)
        stretch = 2 if 2 * len(wide) <= room else 1  # a character is twice as high as it is wide
        lines = ["".join(ramp.sign(x) * stretch for x in row) for row in shown]
        last = f" {across}={cells.shape[1]}" if cells.shape[1] > 1 else ""
        self.write(" " * (label + 4) + f"{across}=1".ljust(stretch * len(wide) - len(last)) + last)
        for r, line in zip(rows, lines, strict=True):
            self.write(f"  {pad_text(f'{down}={r[0] + 1}', label, left=True)}  {self.paint(line, 'blue')}")
        self._key(ramp, "".join(lines))

    def _shades(self, values: Any, log: bool) -> Ramp:
        return Ramp.of(values, SHADES if self.unicode else PLAIN, log)

    def _key(self, ramp: Ramp, shown: str) -> None:
        parts = ramp.key(shown)
        for line in line_breaks(map(display_width, parts), self.width - 2, 3):
            self.write("  " + "   ".join(parts[line]))

    def _plain(self, text: str) -> str:
        """One line of text as this stream can write it, without characters that steer a terminal."""
        encoding = getattr(self.out, "encoding", None) or "utf-8"
        text = text.encode(encoding, "replace").decode(encoding)
        return shown(" ".join(text.splitlines()))

    def _names(self, labels: Iterable[str]) -> list[str]:
        """Labels of one width, of which no one takes more than half a line."""
        names = [cut(self._plain(label), self.width // 2) for label in labels]
        return [pad_text(name, _widest(names)) for name in names]


class Progress:
    """What a long training does right now: a live line on a terminal, and a bar in a notebook, where tqdm is installed (in a notebook
    ipywidgets too); a plain line now and then elsewhere.

    It goes to standard error, so that standard output holds results alone. `total` may be 0 as long as it is not known. tqdm comes
    with `pip install 'tinygrad_rnn[progress]'`.
    """

    def __init__(self, total: int, stream: TextIO | None = None, every: float = 5.0) -> None:
        self.total, self.stream, self.start = total, stream or sys.stderr or io.StringIO(), time.monotonic()
        self.live = (at_a_terminal(self.stream) or (stream is None and _in_notebook())) and find_spec("tqdm") is not None
        self.pause = 0.1 if self.live else every
        self.shown = self.start
        self.bar: Any = None

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
        if not self.live:
            self.stream.write(line + "\n")
            self.stream.flush()
            return
        if self.bar is None:
            from tqdm.auto import tqdm  # that of notebooks, in a notebook

            options = {"bar_format": "{desc}  {bar}", "leave": False, "dynamic_ncols": True}
            self.bar = tqdm(total=self.total or None, file=self.stream, **options)
        if self.total and self.bar.total != self.total:
            self.bar.reset(self.total)
        self.bar.n = done
        self.bar.set_description_str(line)

    def close(self) -> None:
        """Wipe the live line."""
        if self.bar is not None:
            self.bar.total = None  # a bar of a notebook that is not full would stay, in red
            self.bar.close()


def _in_notebook() -> bool:
    """Whether this is the kernel of a notebook that can show a widget."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return "IPKernelApp" in getattr(shell, "config", {}) and find_spec("ipywidgets") is not None


def _widest(texts: Sequence[str]) -> int:
    return max(map(display_width, texts), default=0)
