"""Plots of how a gradient travels back through time: its norm by step, what one step does to it, what a cut leaves of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from ..errors import DataError
from ..shared.array_type import Array
from ..shared.checks import check_choice
from ..viz.style import ThemeName
from .arguments import expect, finite, numbers, steps_to_mark, two_digits
from .canvas import Canvas, canvas

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ..probe import Bound, Truncation

__all__ = ["gradient_norms", "singular_values", "truncation"]

EPSILON = float(np.finfo(np.float32).eps)
DEEPEST = -24  # powers of ten that the axis of relative norms reaches down to


def gradient_norms(
    curves: Mapping[str, npt.ArrayLike],
    *,
    against: Literal["back", "t"] = "back",
    what: str = "‖∂L/∂hₜ‖",
    theme: ThemeName = "light",
    title: str | None = None,
) -> Figure:
    """Norms of dL/dh_t by step, relative to the last step that was read, on a scale of powers of ten.

    `curves` maps names to what `probe.gradient_by_step` returns, (T,), or to one row a seed, (seeds, T): then the line is the
    median and the band reaches from the smallest to the largest. Steps stand in the order in which they were read, as the probe gives
    them: where a layer reads backwards, the last one is step 1. `against` is "back" (steps back from the last one) or "t"; `what`
    names the norm. What lies below the float32 epsilon is lost in the sum over the steps that is the gradient of a shared weight:
    that part is shaded.
    Raises `DataError` for no curves, other shapes and other words.

    >>> import numpy as np
    >>> import tinygrad_rnn as tg
    >>> figure = tg.plots.gradient_norms({"RNN": 0.5 ** np.arange(20)[::-1]})
    >>> tg.plots.describe(figure)
    'Left of the gradient at the first step of 20: 1.9e-06 (RNN).'
    """
    known = "it is 'back' (steps back from the last one) or 't'"
    check_choice("gradient_norms", "against", against, ("back", "t"), known)
    expect("gradient_norms", curves, "items", 'give a name for each curve: {"RNN": probe.gradient_by_step(loss)}')
    rows = {name: _relative(np.atleast_2d(numbers(f"the curve {name!r}", norms, (1, 2)))) for name, norms in curves.items()}
    if not rows:
        raise DataError("gradient_norms of no curves", hint='give {"RNN": probe.gradient_by_step(loss), ...}')
    longest = max(row.shape[1] for row in rows.values())
    with canvas(theme) as c:
        ax = c.axes()[0, 0]
        c.powers(ax, np.concatenate([row.ravel() for row in rows.values()]), floor=DEEPEST)
        for k, row in enumerate(rows.values()):
            back = np.arange(row.shape[1])[::-1]
            _curve(c, ax, k, back if against == "back" else longest - back, row)
        ax.axhline(1.0, color=c.theme.zero_line, linewidth=0.8)
        ax.set_ylabel(f"{what}, relative to the last step")
        last = max(longest - 1, 1)
        if against == "back":
            ax.set(xlim=(0, last * 1.015), xlabel="steps back from the last one that was read")
            c.whole(ax)
        else:
            room = (max(len(name) for name in rows) * 7.5 + 20) / (72 * 6.2)  # for the names, left of step 1
            ax.set(
                xlim=(1 - last * room, 1 + last * 1.015),
                xlabel="time steps, as they were read (backward: from right to left)",
            )
            ax.set_xticks(steps_to_mark(longest))
        _below_epsilon(c, ax, against == "back")
        ends = {name: float(np.median(row[:, 0])) for name, row in rows.items()}
        c.name_curves(ax, list(ends), list(ends.values()), "right" if against == "back" else "left")
        left = ", ".join(f"{two_digits(end)} ({name})" for name, end in ends.items())
        c.finish(title or f"Left of the gradient at the first step of {longest}: {left}")
    return c.figure


def _below_epsilon(c: Canvas, ax: Any, left: bool) -> None:
    """What a float32 cannot add to the last step's gradient."""
    if ax.get_ylim()[0] >= EPSILON:
        return
    ax.axhspan(0, EPSILON, color=c.theme.zero, alpha=0.6, linewidth=0, zorder=-1)
    text = "below float32 ε of the last step:\nlost when the steps are summed"
    place, side = (0.02, "left") if left else (0.98, "right")
    ax.text(place, 0.05, text, transform=ax.transAxes, ha=side, color=c.theme.soft, size=9.5)


def _relative(row: Array) -> Array:
    """Each row by its last entry, where that is a number to divide by."""
    last = row[:, -1:]
    with np.errstate(over="ignore", invalid="ignore"):
        return row / np.where(np.isfinite(last) & (last != 0), last, 1.0)


def _curve(c: Canvas, ax: Any, k: int, x: Array, row: Array) -> None:
    """The median of the rows, the band between their extremes, and marks for what has no logarithm."""
    middle = np.median(row, axis=0)
    style = c.style(k, len(x))
    c.curve(ax, x, middle, log=True, **style)
    if len(row) > 1:
        low, high = row.min(axis=0), row.max(axis=0)
        ax.fill_between(x, np.maximum(low, 10.0 ** (DEEPEST - 9)), high, color=style["color"], alpha=0.16, linewidth=0)
        c.note(f"Line: median of {len(row)} seeds; band: from the smallest to the largest")


def singular_values(
    values: npt.ArrayLike, bound: Bound | None = None, *, theme: ThemeName = "light", title: str | None = None
) -> Figure:
    """The singular values of the step Jacobians at every step: the largest, the median and the smallest, against 1.

    `values` (T - 1, n) or (T - 1, batch, n) are `probe.singular_values(probe.step_jacobians(loss))`. With `bound` a second panel
    holds ||dh_T/dh_t|| as measured beside the bound (gamma sigma_max)^(T - t) of Pascanu et al. 2013, which it cannot exceed.
    Raises `DataError` for other shapes.

    >>> import tinygrad_rnn as tg
    >>> figure = tg.plots.singular_values([[0.9, 0.1], [0.8, 0.2]])
    >>> tg.plots.describe(figure).split(". ")[0]
    'The largest singular value of a step is 0.8 to 0.9, above 1 in 0 of 2 steps'
    """
    if bound is not None:
        expect("singular_values", bound, "sigma_max", "bound= is what probe.bound(loss) returns")
    found = numbers("singular_values", values, (2, 3))
    steps = found.reshape(len(found), -1)
    t = np.arange(2, len(steps) + 2)
    with canvas(theme, 7.6 if bound is None else 10.4, 4.4) as c:
        axes = c.axes(1, 1 if bound is None else 2)[0]
        ax = axes[0]
        c.powers(ax, steps, floor=-16)
        names, lines = ["largest", "median", "smallest"], [steps.max(axis=1), np.median(steps, axis=1), steps.min(axis=1)]
        ax.fill_between(t, np.maximum(lines[2], 1e-30), lines[0], color=c.theme.band, linewidth=0)
        for k, line in enumerate(lines):
            c.curve(ax, t, line, log=True, **c.style(k, len(t)))
        ax.axhline(1.0, color=c.theme.zero_line, linewidth=0.8)
        ax.set(xlabel="time step t", ylabel="singular values of ∂sₜ/∂sₜ₋₁")
        c.name_curves(ax, names, [float(line[-1]) for line in lines])
        if bound is not None:
            _against_bound(c, axes[1], bound)
        large = int((lines[0] > 1).sum())
        c.note("Above 1 a direction of the gradient grows on the way back, below 1 it shrinks")
        c.whole(ax)
        seen = finite(lines[0])
        span = f"{two_digits(seen.min())} to {two_digits(seen.max())}" if seen.size else "no number"
        c.finish(title or f"The largest singular value of a step is {span}, above 1 in {large} of {len(t)} steps")
    return c.figure


def _against_bound(c: Canvas, ax: Any, bound: Bound) -> None:
    measured, limit = (numbers("the bound", values, (1,)) for values in (bound.measured, bound.bound))
    back = np.arange(len(measured))[::-1]
    c.powers(ax, [*measured, *limit], floor=DEEPEST)
    for k, line in enumerate((limit, measured)):
        c.curve(ax, back, line, log=True, **c.style(k + 3, len(back)))
    c.whole(ax)
    ax.set(xlabel="steps back, T - t", ylabel="‖∂(last h)/∂hₜ‖", xlim=(0, max(1, len(back) - 1) * 1.015))
    c.name_curves(ax, ["bound", "measured"], [limit[0], measured[0]], first=3)
    c.note(f"The bound is (γ σ)^(T - t) with γ = {bound.gamma:.3g}, σ = {bound.sigma_max:.3g}")


def truncation(result: Truncation, *, theme: ThemeName = "light", title: str | None = None) -> Figure:
    """What is left of a gradient that is cut after k steps: its direction (cosine with the full one) and its length.

    `result` is what `probe.truncation` returns. Raises `DataError` if it is empty.

    >>> import numpy as np
    >>> import tinygrad_rnn as tg
    >>> result = tg.probe.Truncation(np.arange(1, 4), np.array([0.8, 0.97, 1.0]), np.array([0.5, 0.9, 1.0]))
    >>> tg.plots.describe(tg.plots.truncation(result)).split(". ")[0]
    'Cut after 1 step, a gradient has cosine 0.8 with the full one; 0.95 needs 2 steps'
    """
    expect("truncation", result, "norm_ratio", "give what probe.truncation(loss) returns")
    k, cosine, ratio = (numbers("truncation", v, (1,)) for v in (result.k, result.cosine, result.norm_ratio))
    order = np.argsort(k)
    k, cosine, ratio = k[order], cosine[order], ratio[order]
    with canvas(theme) as c:
        ax = c.axes()[0, 0]
        for n, line in enumerate((cosine, ratio)):
            c.curve(ax, k, line, **c.style(n, len(k)))
        for level in (0.0, 1.0):
            ax.axhline(level, color=c.theme.zero_line, linewidth=0.8)
        last = float(finite(k).max(initial=2.0))
        ax.set_xticks(steps_to_mark(int(last)))
        shown = finite(np.concatenate([cosine, ratio, [0.0, 1.0]]))
        ax.set(
            ylim=(shown.min() - 0.04, shown.max() + 0.06),
            xlim=(1.0 - 0.015 * (last - 1), last + 0.015 * (last - 1)),
            xlabel="k, the steps that a gradient may visit",
            ylabel="relative to the full gradient",
        )
        c.name_curves(ax, ["cosine", "length"], [cosine[-1], ratio[-1]])
        c.note("Cosine: angle to the full gradient; length: norm relative to the full gradient's")
        enough = k[cosine >= 0.95]
        needed = f"0.95 needs {_steps(enough[0])}" if enough.size else "0.95 is not reached"
        c.finish(title or f"Cut after {_steps(k[0])}, a gradient has cosine {two_digits(cosine[0])} with the full one; {needed}")
    return c.figure


def _steps(k: float) -> str:
    return "1 step" if k == 1 else f"{k:g} steps"
