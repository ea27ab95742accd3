"""A table of numbers as a picture: stronger is larger, and what is wrong is red."""

from html import escape
from textwrap import wrap

import numpy as np

from tinygrad_rnn.viz.layout import text_width
from tinygrad_rnn.viz.style import FONT, THEMES, ink_on

LOOK = THEMES["light"]
WRONG = "#c62828"
CELL = 34
MARGIN = 16


def heatmap(values, rows=None, columns=None, title="", wrong=None, text="{:.2g}", least=0.0, outline=None):
    """An SVG of a table (rows, columns), in the colours of the graphs. `wrong` marks cells that are painted red, whatever they hold.

    Cells with less than `least` of the largest value stay grey, without a number; `outline` marks cells that get a border.
    """
    values = np.atleast_2d(np.asarray(values, float))
    rows, columns = ([*map(str, range(1, n + 1) if names is None else names)] for names, n in zip((rows, columns), values.shape))
    wrong, outline = (np.broadcast_to(False if mask is None else mask, values.shape) for mask in (wrong, outline))
    left = MARGIN + 10 + max(text_width(name, 11) for name in rows)
    wide = max(CELL, max(text_width(name, 11) for name in columns) + 10)
    width = max(left + wide * len(columns) + MARGIN, 330)
    lines = wrap(title, int((width - 2 * MARGIN) / 8)) or [""]
    top = 26 + 18 * len(lines) + 22
    height = top + CELL * len(rows) + MARGIN
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height}" width="{width:g}" height="{height}" role="img" '
        f'font-family="{FONT}" font-size="11" fill="{LOOK.ink}"><title>{escape(title)}</title>'
        f'<rect width="100%" height="100%" fill="{LOOK.paper}"/>'
    ]

    def write(words, x, y, **settings):
        attributes = "".join(f' {key.replace("_", "-")}="{value}"' for key, value in settings.items())
        parts.append(f'<text x="{x:g}" y="{y:g}"{attributes}>{escape(words)}</text>')

    for k, line in enumerate(lines):
        write(line, MARGIN, 26 + 18 * k, font_size=13, font_weight="bold")
    for k, name in enumerate(columns):
        write(name, left + wide * (k + 0.5), top - 8, text_anchor="middle", fill=LOOK.soft)
    for k, name in enumerate(rows):
        write(name, left - 8, top + CELL * (k + 0.5) + 4, text_anchor="end")
    for (i, j), share in np.ndenumerate(_shares(values)):
        fill = WRONG if wrong[i, j] else LOOK.level(share) if share > least or values[i, j] < 0 else LOOK.band
        border = f' stroke="{LOOK.ink}" stroke-width="2"' if outline[i, j] else ""
        x, y = left + wide * j, top + CELL * i
        parts.append(f'<rect x="{x + 1:g}" y="{y + 1}" width="{wide - 2:g}" height="{CELL - 2}" rx="3" fill="{fill}"{border}/>')
        if text and share >= least:
            number, dark = text.format(values[i, j]), ink_on(fill)
            write(number, x + wide / 2, y + CELL / 2 + 3.5, font_size=9.5, text_anchor="middle", fill=dark)
    return "\n".join([*parts, "</svg>\n"])


def _shares(values):
    """Each number between the smallest (0) and the largest (1); what is not finite is 1."""
    finite = values[np.isfinite(values)]
    low, high = (min(finite.min(), 0.0), finite.max()) if finite.size else (0.0, 0.0)
    return np.clip(np.where(np.isfinite(values), (values - low) / ((high - low) or 1.0), 1.0), 0.0, 1.0)
