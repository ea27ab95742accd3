"""Plots of a plane: the surface that training walks on, and the way of the hidden state through its main directions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ..errors import DataError
from ..shared.array_type import Array
from ..viz.style import ThemeName
from .arguments import expect, finite, numbers, two_digits
from .canvas import Canvas, canvas

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ..probe import Landscape

__all__ = ["landscape", "trajectory"]


def landscape(
    found: Landscape,
    paths: Mapping[str, npt.ArrayLike] | None = None,
    *,
    names: Sequence[str] = ("along direction 1", "along direction 2"),
    what: str = "loss",
    theme: ThemeName = "light",
    title: str | None = None,
) -> Figure:
    """A loss along one direction as a curve, or over two as a map, with the steps that optimizers took.

    `found` is what `probe.landscape` returns. `paths` maps names to points (steps, directions) in the units of its axes; where a
    path leaves the map, its line ends at the edge. `names` are the labels of the axes. Raises `DataError` for other shapes.

    >>> import numpy as np
    >>> import tinygrad_rnn as tg
    >>> bowl = tg.probe.landscape(lambda w: (w**2).sum(), np.zeros(2), [[1.0, 0.0], [0.0, 1.0]], points=11)
    >>> figure = tg.plots.landscape(bowl, {"descent": [[1.0, 1.0], [0.5, 0.5], [0.25, 0.25]]})
    >>> tg.plots.describe(figure)
    'The loss reaches from 0 to 2; longest step: 0.71 (descent).'
    """
    expect("landscape", found, "axes", "give what probe.landscape(f, origin, directions) returns")
    expect("landscape", {} if paths is None else paths, "items", 'give a name for each path: {"descent": points}')
    ndim = len(found.axes)
    values = numbers("the landscape", found.values, (ndim,))
    ways = {name: numbers(f"the path {name!r}", path, (2,)) for name, path in (paths or {}).items()}
    for name, way in ways.items():
        if way.shape[1] != ndim:
            raise DataError(f"the path {name!r} has shape {way.shape}", hint=f"it needs a row a step, of {ndim} numbers")
    with canvas(theme, 7.6, 5.0 if ndim == 2 else 4.4) as c:
        ax = c.axes()[0, 0]
        (_surface if ndim == 2 else _profile)(c, ax, found, values, ways, what)
        ax.set(xlabel=names[0], ylabel=names[1] if ndim == 2 else what)
        seen = finite(values)
        span = f"{two_digits(seen.min())} to {two_digits(seen.max())}" if seen.size else "nowhere to nowhere"
        longest = ", ".join(f"{two_digits(_longest(way))} ({name})" for name, way in ways.items())
        c.finish(title or f"The {what} reaches from {span}" + (f"; longest step: {longest}" if longest else ""))
    return c.figure


def _longest(way: Array) -> float:
    lengths = np.linalg.norm(np.diff(way, axis=0), axis=1)
    return float(max(lengths, default=0.0))


def _surface(c: Canvas, ax: Any, found: Landscape, values: Array, ways: Mapping[str, Array], what: str) -> None:
    """Values over two directions; a path is a line on a wider one of paper, so that it is seen on every colour."""
    first, second = found.axes
    seen = finite(values)
    ends = (float(seen.min()), float(seen.max())) if seen.size else (0.0, 1.0)
    dx, dy = ((a[-1] - a[0]) / max(len(a) - 1, 1) / 2 or 0.5 for a in (first, second))
    edges = (first[0] - dx, first[-1] + dx, second[0] - dy, second[-1] + dy)
    c.shade(ax, values.T, ends, edges, origin="lower")
    c.colorbar([ax], ends if ends[1] > ends[0] else (ends[0], ends[0] + 1.0), what)
    for k, (name, way) in enumerate(ways.items()):
        ax.plot(*way.T, color=c.theme.paper, linewidth=3.4)
        style = {"linestyle": "-", "markersize": 4.5, "linewidth": 1.2, "markeredgecolor": c.theme.paper}
        ax.plot(*way.T, **c.style(k) | style, label=f"{name} ({len(way) - 1} steps)")
    ax.set(xlim=edges[:2], ylim=edges[2:])
    _legend(ax, ways)


def _profile(c: Canvas, ax: Any, found: Landscape, values: Array, ways: Mapping[str, Array], what: str) -> None:
    """Values along one direction; a path stands on the curve."""
    (x,) = found.axes
    c.curve(ax, x, values, color=c.theme.ink)
    for k, (name, way) in enumerate(ways.items()):
        style = c.style(k) | {"markevery": 1, "linewidth": 1.0}
        ax.plot(way[:, 0], np.interp(way[:, 0], x, values), **style, label=name)
    ax.set(xlim=(x[0], x[-1] if x[-1] > x[0] else x[0] + 1))
    _legend(ax, ways)


def _legend(ax: Any, ways: Mapping[str, Array]) -> None:
    """The names of the paths, above the plot, where nothing is hidden."""
    if ways:
        ax.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2, frameon=False, borderpad=0)


def trajectory(
    states: npt.ArrayLike, names: Sequence[str] = (), *, what: str = "h", theme: ThemeName = "light", title: str | None = None
) -> Figure:
    """The way of a hidden state, seen in the two directions in which it varies most (principal components), coloured by step.

    `states` (T, hidden), or (T, batch, hidden) for a line a sequence, which `names` may name. Only the step has a colour: paler is
    earlier. Raises `DataError` for other shapes.

    >>> import numpy as np
    >>> import tinygrad_rnn as tg
    >>> turn = np.linspace(0, 6, 30)
    >>> states = np.stack([np.cos(turn), np.sin(turn), 0 * turn], axis=1)
    >>> tg.plots.describe(tg.plots.trajectory(states)).split(". ")[0]
    'Two directions hold 100% of the variance of h in 30 steps'
    """
    array = numbers("the states", states, (2, 3))
    array = array[:, None] if array.ndim == 2 else array
    with np.errstate(invalid="ignore"):
        points, held = _principal(array)
    steps = len(array)
    with canvas(theme, 7.6, 5.2) as c:
        ax = c.axes()[0, 0]
        colours = [c.theme.level(0.12 + 0.88 * t / max(steps - 1, 1)) for t in range(steps)]
        for b in range(points.shape[1]):
            way = points[:, b]
            for t in range(steps - 1):
                ax.plot(*way[t : t + 2].T, color=colours[t + 1], linewidth=1.6)
            ax.scatter(*way.T, c=colours, s=14, zorder=3)
            ax.plot(*way[:1].T, "o", color=c.theme.paper, markeredgecolor=c.theme.ink, markersize=7, zorder=4)
            ax.plot(*way[-1:].T, "s", color=colours[-1], markeredgecolor=c.theme.ink, markersize=7, zorder=4)
            end = f"{names[b]} " if b < len(names) else ""
            ax.annotate(f"{end}t={steps}", way[-1], xytext=(7, 4), textcoords="offset points", annotation_clip=False)
        ax.grid(True, axis="both")
        ax.margins(0.08)
        ax.set(xlabel=f"first component ({held[0]:.0%} of the variance)", ylabel=f"second component ({held[1]:.0%})")
        c.colorbar([ax], (1.0, float(max(steps, 2))), "time step t")
        c.note("Open circle: t = 1; square: the last step")
        if not np.isfinite(array).all():
            c.note("States that are not numbers are left out")
        c.finish(title or f"Two directions hold {sum(held):.0%} of the variance of {what} in {steps} steps")
    return c.figure


def _principal(states: Array) -> tuple[Array, tuple[float, float]]:
    """(T, batch, 2) coordinates along the two main directions, and the shares of the variance that these hold.

    The sign of a direction is free; it is chosen so that its largest entry is positive.
    """
    rows = states.reshape(-1, states.shape[-1])
    good = np.isfinite(rows).all(axis=1)
    points = np.full((len(rows), 2), np.nan)
    if not good.any():
        return points.reshape(*states.shape[:2], 2), (0.0, 0.0)
    centred = rows[good] - rows[good].mean(axis=0)
    _, sizes, directions = np.linalg.svd(centred, full_matrices=False)
    directions = directions * np.sign(directions[np.arange(len(directions)), abs(directions).argmax(axis=1)])[:, None]
    two = np.zeros((2, rows.shape[1]))
    two[: len(directions[:2])] = directions[:2]
    points[good] = centred @ two.T
    shares = [*(sizes**2 / max((sizes**2).sum(), np.finfo(float).tiny)), 0.0, 0.0]
    return points.reshape(*states.shape[:2], 2), (float(shares[0]), float(shares[1]))
