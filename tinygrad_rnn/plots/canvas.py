"""Paper for a plot: a matplotlib figure in the colours of the graphs, and its file. Nothing of matplotlib's state is changed.

A figure is made inside `with canvas(...)`, where the settings hold; matplotlib has its own back when the block ends.
"""

from __future__ import annotations

import io
import math
import os
import textwrap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import DataError
from ..shared.array_type import Array
from ..shared.atomic_files import target_of, write
from ..shared.checks import check_choice
from ..shared.invocation import install
from ..viz.style import THEMES, Brush, Scale, Theme, ThemeName, superscript

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["Canvas", "canvas", "describe", "save"]

SERIES = {  # colours of curves: 4.5 to 1 on their paper, apart in lightness or hue for every kind of colour vision
    "light": ("#0067a5", "#b34700", "#1a1c22", "#9b2f7f", "#007a5a", "#6b6f00"),
    "dark": ("#56b4e9", "#ef9a3d", "#f1f3f5", "#e48ac0", "#35c79a", "#d9d25a"),
}
DASHES, MARKS = ("-", "--", "-.", (0, (1, 1)), (0, (5, 1, 1, 1, 1, 1)), (0, (8, 2))), "os^Dv*"
BROKEN = "? not a number, or infinite, or negative where only powers of ten are"


@dataclass
class Canvas:
    """A figure that is being drawn, with its theme. `notes` are the sentences of its caption."""

    figure: Figure
    theme: Theme
    series: tuple[str, ...]
    notes: list[str] = field(default_factory=list)

    def axes(self, rows: int = 1, columns: int = 1, **layout: Any) -> Array:
        """A grid of axes, (rows, columns)."""
        return np.asarray(self.figure.subplots(rows, columns, squeeze=False, **layout))

    def style(self, k: int, count: int = 0) -> dict[str, Any]:
        """Colour, dashes and mark of curve k with that many points: three ways to tell it from the others."""
        n = k % len(self.series)
        every = max(1, count // 6)
        return {"color": self.series[n], "linestyle": DASHES[n], "marker": MARKS[n], "markevery": every, "markersize": 5}

    def note(self, text: str) -> None:
        """A sentence for the caption, once."""
        if text and text not in self.notes:
            self.notes.append(text)

    def finish(self, title: str) -> None:
        """Title above, caption below, both wrapped to the width; together they are what `describe` returns."""
        wide = self.figure.get_figwidth() * 72
        self.figure.suptitle(textwrap.fill(title, int(wide / 7.6)), x=0.012, ha="left", weight="bold", size=13)
        caption = " ".join(note if note.endswith(".") else note + "." for note in self.notes)
        if caption:
            text = textwrap.fill(caption, int(wide / 5.4))
            self.figure.supxlabel(text, x=0.012, ha="left", size=9.5, color=self.theme.soft)
        self.figure.set_label(f"{title}. {caption}".strip())

    def powers(self, ax: Any, values: Any, floor: int = -300, axis: str = "y") -> None:
        """A logarithmic axis from whole power of ten to whole power of ten, around what can be drawn of the values."""
        logs = np.log10([v for v in np.ravel(values) if 0 < v < math.inf] or [1.0])
        high = max(min(math.ceil(logs.max() - 1e-9), 300), -299)
        low = min(max(math.floor(logs.min() + 1e-9), floor), high - 1)
        step = math.ceil((high - low) / 7)
        setter, ticks = (ax.set_ylim, ax.yaxis) if axis == "y" else (ax.set_xlim, ax.xaxis)
        (ax.set_yscale if axis == "y" else ax.set_xscale)("log")
        exponents = [e for e in range(low, high + 1) if (high - e) % step == 0]
        ticks.set_ticks([10.0**e for e in exponents], [f"10{superscript(str(e))}" for e in exponents])
        ticks.set_ticks([], minor=True)
        setter(10.0**low, 10.0**high * 1.3)

    def whole(self, ax: Any) -> None:
        """Ticks of the horizontal axis at whole numbers only: half a step is none."""
        ax.xaxis.get_major_locator().set_params(integer=True)

    def curve(self, ax: Any, x: Any, y: Any, log: bool = False, **style: Any) -> None:
        """A line over what the axis can hold. The rest is marked on the lower edge: zeros on a logarithmic axis, what is no number."""
        x, y = np.asarray(x), np.asarray(y)
        good = np.isfinite(y) & (y > 0 if log else True)
        ax.plot(x, np.where(good, y, np.nan), **style)
        for mark, lost, note in (("x", ~good & (y == 0), "× exactly 0"), ("$?$", ~good & (y != 0), BROKEN)):
            if lost.any():
                edge = {"transform": ax.get_xaxis_transform(), "linestyle": "none", "clip_on": False, "markersize": 5}
                ax.plot(x[lost], np.full(lost.sum(), 0.025), marker=mark, color=style["color"], **edge)
                self.note(note)

    def name_curves(self, ax: Any, names: Sequence[str], heights: Sequence[float], side: str = "right", first: int = 0) -> None:
        """Each curve's name in its colour beside its end, moved apart where two would overlap; `first` is the first one's style.

        `heights` are in data; what is no number or outside stands at the nearer edge.
        """
        to_share = ax.transData + ax.transAxes.inverted()
        low, high = ax.get_ylim()
        x = ax.get_xlim()[0]
        inside = [low if not math.isfinite(h) or h < low else min(h, high) for h in heights]
        shares = [float(to_share.transform((x, h))[1]) for h in inside]
        gap = 15.0 / (72 * self.figure.get_figheight() * ax.get_position().height)
        for k, share in enumerate(_apart(shares, gap)):
            ax.annotate(
                names[k], (0.0 if side == "left" else 1.0, share), xycoords="axes fraction", xytext=(6, 0),
                textcoords="offset points", color=self.series[(first + k) % len(self.series)], va="center", weight="bold",
            )  # fmt: skip

    def ramp(self) -> Any:
        """The colours of the graphs, from small to large, as matplotlib wants them."""
        from matplotlib.colors import ListedColormap

        return ListedColormap([self.theme.level(k / 255) for k in range(256)])

    def shade(
        self, ax: Any, values: Array, scale: Scale | tuple[float, float], extent: Any = None, origin: str = "upper"
    ) -> None:
        """A matrix as cells: powers of ten on a `Scale`, else evenly between two ends. Zeros on a `Scale` are hatched paper."""
        from matplotlib.colors import to_rgba

        if isinstance(scale, Scale):
            brush = Brush(scale, self.theme)
            colours = [[brush.fill(float(v)) for v in row] for row in values]
        else:
            low, high = scale
            spread = (high - low) or 1.0
            colours = [
                [self.theme.level((float(v) - low) / spread) if math.isfinite(v) else self.theme.broken for v in row]
                for row in values
            ]
        pixels = np.array([[to_rgba(c) for c in row] for row in colours])
        if isinstance(scale, Scale):
            pixels[values == 0, 3] = 0.0
            ax.patch.set(facecolor=self.theme.zero, edgecolor=self.theme.zero_line, hatch="////", linewidth=0)
            self.note("Hatched: exactly 0" if (values == 0).any() else "")
        if not np.isfinite(values).all():
            self.note("Green: not a number or infinite")
        ax.imshow(pixels, extent=extent, origin=origin, aspect="auto", interpolation="nearest")
        ax.grid(False)

    def colorbar(self, axes: Any, scale: Scale | tuple[float, float], label: str) -> None:
        """The ramp beside the axes, with the ticks of the graphs' legend."""
        from matplotlib.cm import ScalarMappable
        from matplotlib.colors import Normalize

        low, high = (scale.low, scale.high) if isinstance(scale, Scale) else scale
        bar = self.figure.colorbar(ScalarMappable(Normalize(low, high), self.ramp()), ax=axes, label=label, pad=0.02)
        if isinstance(scale, Scale):
            ticks = scale.ticks()
            bar.set_ticks([low + share * (high - low) for share, _ in ticks], labels=[text for _, text in ticks])
        bar.outline.set_visible(False)


@contextmanager
def canvas(theme: ThemeName, width: float = 7.6, height: float = 4.4) -> Iterator[Canvas]:
    """A canvas of that many inches, and matplotlib's settings for it until the block ends.

    Raises `DataError` for a theme that is not "light" or "dark", and where matplotlib is not installed.
    """
    check_choice("", "theme", theme, THEMES)
    matplotlib = _matplotlib()
    paper = THEMES[theme]
    with matplotlib.style.context(_settings(paper), after_reset=True):
        figure = matplotlib.figure.Figure(figsize=(width, height), layout="constrained")
        yield Canvas(figure, paper, SERIES[theme])


def save(figure: Figure, path: str | os.PathLike[str]) -> Path:
    """Write a figure as .svg, .png or .pdf: whole or not at all, the same bytes for the same figure, its description inside.

    Raises `DataError` where nothing can be written.

    >>> import tinygrad_rnn as tg
    >>> figure = tg.plots.gradient_norms({"RNN": [0.001, 0.1, 1.0]})
    >>> tg.plots.save(figure, "norms.txt")
    Traceback (most recent call last):
    tinygrad_rnn.errors.DataError: cannot save a plot as 'norms.txt'
    <BLANKLINE>
    hint: the suffix is .svg, .png or .pdf
    """
    target = target_of(path, (".svg", ".png", ".pdf"), "plot")
    kind = target.suffix.lower()[1:]
    about = describe(figure)
    metadata = {
        "svg": {"Title": about, "Date": None, "Creator": None},
        "png": {"Description": about, "Software": None},
        "pdf": {"Subject": about, "CreationDate": None},
    }[kind]
    settings = {"svg.hashsalt": "tinygrad_rnn", "path.simplify": True}
    data = io.BytesIO()
    with _matplotlib().style.context(settings, after_reset=True):
        figure.savefig(data, format=kind, dpi=150, metadata=metadata, facecolor=figure.get_facecolor())
    return write(target, data.getvalue())


def describe(figure: Figure) -> str:
    """What a figure says, in sentences: its title and caption, for alternative texts.

    >>> import tinygrad_rnn as tg
    >>> tg.plots.describe(tg.plots.gradient_norms({"RNN": [0.001, 0.1, 1.0]})).split(".")[0]
    'Left of the gradient at the first step of 3: 0'
    """
    if not hasattr(figure, "savefig"):
        raise DataError(f"a {type(figure).__name__} is no figure", hint="give what one of tg.plots returned")
    return str(figure.get_label())


def _matplotlib() -> ModuleType:
    try:
        import matplotlib.figure
        import matplotlib.style
    except ImportError:
        raise DataError("plots are drawn with matplotlib, which is not installed", hint=install("plots")) from None
    return matplotlib


def _settings(paper: Theme) -> dict[str, Any]:
    ink = {
        name: paper.ink for name in ("text.color", "axes.labelcolor", "axes.titlecolor", "xtick.labelcolor", "ytick.labelcolor")
    }
    lines = {name: paper.zero_line for name in ("axes.edgecolor", "xtick.color", "ytick.color", "hatch.color")}
    papers = {name: paper.paper for name in ("figure.facecolor", "axes.facecolor", "savefig.facecolor")}
    return {
        **ink, **lines, **papers,
        "font.family": ["DejaVu Sans"], "font.size": 10.5, "axes.titlesize": 11, "axes.titleweight": "bold",
        "axes.titlelocation": "left", "axes.spines.top": False, "axes.spines.right": False,
        "axes.grid": True, "axes.grid.axis": "y", "axes.axisbelow": True, "grid.color": paper.line, "grid.linewidth": 0.7,
        "lines.linewidth": 1.9, "hatch.linewidth": 0.6,
        "figure.constrained_layout.w_pad": 0.09, "figure.constrained_layout.h_pad": 0.07,
    }  # fmt: skip


def _apart(places: Sequence[float], gap: float) -> list[float]:
    """The places, moved no more than needed so that neighbours are a gap apart, within 0 to 1 if they fit.

    >>> from tinygrad_rnn.plots.canvas import _apart
    >>> [round(place, 2) for place in _apart([0.5, 0.52, 0.0], 0.1)]
    [0.46, 0.56, 0.0]
    """
    order = sorted(range(len(places)), key=lambda k: places[k])
    groups: list[list[float]] = []  # [centre, members] of labels that touch
    for k in order:
        groups.append([places[k], 1])
        while len(groups) > 1 and groups[-1][0] - groups[-2][0] < gap * (groups[-1][1] + groups[-2][1]) / 2:
            (b, m), (a, n) = groups.pop(), groups.pop()
            centre, half = (a * n + b * m) / (n + m), gap * (n + m - 1) / 2
            groups.append([min(max(centre, half), max(1.0 - half, half)), n + m])
    spread = [centre + gap * (j - (n - 1) / 2) for centre, n in groups for j in range(int(n))]
    return [spread[order.index(k)] for k in range(len(places))]
