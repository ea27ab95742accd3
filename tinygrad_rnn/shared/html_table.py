"""A table for notebooks: plain HTML in which every text is escaped."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

__all__ = ["html_table"]


def html_table(caption: str, head: Sequence[str], rows: Sequence[Sequence[str]], below: str = "") -> str:
    """Rows of texts under a head, with a caption above and a line of words below. The first column stands to the left.

    >>> from tinygrad_rnn.shared.html_table import html_table
    >>> html_table("a < b", ["x"], [["1"]])
    '<table><caption>a &lt; b</caption><tr><th style="text-align:left">x</th></tr><tr><td style="text-align:left">1</td></tr></table>'
    """

    def row(cells: Sequence[str], tag: str) -> str:
        sides = ["left", *["right"] * (len(cells) - 1)]
        inside = (f'<{tag} style="text-align:{side}">{_shown(cell)}</{tag}>' for cell, side in zip(cells, sides, strict=True))
        return f"<tr>{''.join(inside)}</tr>"

    lines = [row(head, "th"), *(row(cells, "td") for cells in rows)]
    return f"<table><caption>{_shown(caption)}</caption>{''.join(lines)}</table>{f'<p>{_shown(below)}</p>' if below else ''}"


def _shown(text: str) -> str:
    """Text of others: escaped, with what turns its direction or steers a terminal written out."""
    plain = text if text.isprintable() else "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
    return escape(plain)
