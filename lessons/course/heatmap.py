"""A table of numbers as a picture: darker is larger, and what is wrong is red. As SVG, and as text for a terminal."""

from html import escape

import numpy as np

SHADES = " ░▒▓█"
CELL = 34


def heatmap(values, rows=None, columns=None, title="", wrong=None, text="{:.2g}"):
    """An SVG of a table (rows, columns). `wrong` marks cells that are painted red, whatever their value."""
    values = np.atleast_2d(np.asarray(values, float))
    rows, columns = _names(rows, values.shape[0]), _names(columns, values.shape[1])
    bad = np.zeros(values.shape, bool) if wrong is None else np.broadcast_to(np.asarray(wrong, bool), values.shape)
    left, top = 12 + 8 * max(map(len, rows)), 56
    wide = max(CELL, 7 * max(map(len, columns)) + 6)
    width, height = max(left + wide * len(columns) + 12, 9 * len(title) + 24), top + CELL * len(rows) + 12
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img" '
        f'font-family="sans-serif" font-size="11"><title>{escape(title)}</title><rect width="100%" height="100%" fill="#fff"/>',
        f'<text x="12" y="20" font-size="14">{escape(title)}</text>',
    ]
    parts += [
        f'<text x="{left + wide * (k + 0.5)}" y="{top - 6}" text-anchor="middle">{escape(n)}</text>'
        for k, n in enumerate(columns)
    ]
    parts += [
        f'<text x="{left - 6}" y="{top + CELL * (k + 0.6)}" text-anchor="end">{escape(n)}</text>' for k, n in enumerate(rows)
    ]
    for (i, j), share in np.ndenumerate(_shares(values)):
        fill = "#c62828" if bad[i, j] else f"rgb({255 - 225 * share:.0f},{255 - 160 * share:.0f},{255 - 90 * share:.0f})"
        ink = "#fff" if bad[i, j] or share > 0.55 else "#222"
        x, y = left + wide * j, top + CELL * i
        parts.append(f'<rect x="{x}" y="{y}" width="{wide - 1}" height="{CELL - 1}" fill="{fill}"/>')
        if text:
            label = escape(text.format(values[i, j]))
            parts.append(
                f'<text x="{x + wide / 2 - 0.5}" y="{y + CELL * 0.6}" font-size="9" text-anchor="middle" fill="{ink}">{label}</text>'
            )
    return "\n".join([*parts, "</svg>\n"])


def shades(values, wrong=None, unicode=True):
    """The same for a terminal, as lines: a cell is two characters wide, what is wrong is `XX`. `unicode` is `out.unicode`."""
    values = np.atleast_2d(np.asarray(values, float))
    bad = np.zeros(values.shape, bool) if wrong is None else np.broadcast_to(np.asarray(wrong, bool), values.shape)
    marks = SHADES if unicode else " .:*#"
    return [
        "".join("XX" if b else 2 * marks[round(4 * s)] for s, b in zip(*row, strict=True))
        for row in zip(_shares(values), bad, strict=True)
    ]


def _shares(values):
    """Each number between the smallest (0) and the largest (1); what is not finite is 1."""
    finite = values[np.isfinite(values)]
    low, high = (min(finite.min(), 0.0), finite.max()) if finite.size else (0.0, 0.0)
    return np.clip(np.where(np.isfinite(values), (values - low) / ((high - low) or 1.0), 1.0), 0.0, 1.0)


def _names(names, count):
    return [str(name) for name in (range(1, count + 1) if names is None else names)]
