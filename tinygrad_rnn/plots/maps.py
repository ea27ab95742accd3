"""Plots of matrices over time: who depends on whom, and what the gates did."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ..errors import DataError
from ..shared.array_type import Array
from ..viz.style import Scale, ThemeName
from .arguments import expect, finite, numbers, steps_to_mark, two_digits
from .canvas import Canvas, canvas

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ..probe import Gate

__all__ = ["gates", "jacobian_map"]


def jacobian_map(
    maps: Mapping[str, npt.ArrayLike],
    *,
    what: str = "‖∂hₜ/∂xₛ‖",
    down: str = "t, the state that depends",
    across: str = "s, the step it depends on",
    scale: object = None,
    theme: ThemeName = "light",
    title: str | None = None,
) -> Figure:
    """How strongly every step depends on every earlier one: matrices (T_out, T_in) side by side on one scale of powers of ten.

    `maps` maps names to what `probe.connectivity` returns, or to any matrix of sizes, `what` they are. `scale` is (low, high)
    in exponents, or a drawing whose scale is taken. Exact zeros are hatched. Raises `DataError` for no or other
    matrices and for negative numbers.

    >>> import numpy as np
    >>> import tinygrad_rnn as tg
    >>> sizes = np.tril(0.5 ** abs(np.subtract.outer(np.arange(8), np.arange(8))))
    >>> tg.plots.describe(tg.plots.jacobian_map({"RNN": sizes})).split(". ")[0]
    'From step 1 to step 8, ‖∂hₜ/∂xₛ‖ is 0.0078 (RNN)'
    """
    expect("jacobian_map", maps, "items", 'give a name for each matrix: {"RNN": probe.connectivity(hs, xs)}')
    found = {name: numbers(f"the map {name!r}", matrix, (2,)) for name, matrix in maps.items()}
    if not found:
        raise DataError("jacobian_map of no matrices", hint='give {"RNN": probe.connectivity(hs, xs), ...}')
    if any((matrix < 0).any() for matrix in found.values()):
        raise DataError("jacobian_map of negative numbers, which have no place on a scale of powers of ten", hint="give norms")
    common = Scale.given(scale) if scale is not None else Scale.of([float(v) for m in found.values() for v in m.ravel()])
    with canvas(theme, 2.2 + 3.0 * len(found), 4.3) as c:
        axes = c.axes(1, len(found))[0]
        for k, (ax, (name, matrix)) in enumerate(zip(axes, found.items(), strict=True)):
            rows, columns = matrix.shape
            c.shade(ax, matrix, common, (0.5, columns + 0.5, rows + 0.5, 0.5))
            ax.set(title=name, xlabel=across, ylabel="" if k else down, xticks=steps_to_mark(columns), yticks=steps_to_mark(rows))
        c.colorbar(list(axes), common, what)
        rows = max(len(m) for m in found.values())
        corners = ", ".join(f"{two_digits(float(m[-1, 0]))} ({name})" for name, m in found.items())
        c.finish(title or f"From step 1 to step {rows}, {what} is {corners}")
    return c.figure


def gates(found: Mapping[str, Gate], *, example: int = 0, theme: ThemeName = "light", title: str | None = None) -> Figure:
    """The gates of one sequence over time, a row a hidden unit, and how often each unit is saturated.

    `found` is what `probe.gates` returns; `example` chooses from the batch. Below, every unit is a point: how much of the time
    (over all sequences) it is right-saturated, above 0.9, against left-saturated, below 0.1; on the diagonal it always is one of
    the two (after Karpathy, Johnson and Li 2015, section 4.2). Raises `DataError` for no gates and other examples.

    >>> import numpy as np
    >>> import tinygrad_rnn as tg
    >>> open_, half = np.full((5, 1, 4), 0.99), np.full((5, 1, 4), 0.5)
    >>> found = {k: tg.probe.Gate("sigmoid", v, *np.zeros((3, 5))) for k, v in {"i": half, "f": open_}.items()}
    >>> tg.plots.describe(tg.plots.gates(found)).split(". ")[0]
    'Gate values above 0.9: i 0%, f 100%'
    """
    for part in (found, *(found.values() if hasattr(found, "items") else ())):
        expect("gates", part, "items" if part is found else "op", "give what probe.gates(loss) returns")
    values = {name: numbers(f"the gate {name!r}", gate.values, (3,)) for name, gate in found.items()}
    if not values:
        raise DataError("gates of nothing", hint="give what probe.gates(loss) returns for a cell with gates")
    batch = min(v.shape[1] for v in values.values())
    if not -batch <= example < batch:
        raise DataError(f"gates(example={example}) of a batch of {batch}", hint=f"it is 0 to {batch - 1}")
    lowest = {name: -1.0 if found[name].op == "tanh" else 0.0 for name in values}  # a candidate is a tanh
    order = sorted(values, key=lambda name: -lowest[name])  # what shares a scale stands beside its colour bar
    with canvas(theme, 1.6 + 2.5 * len(values) + 0.9 * (len({*lowest.values()}) - 1), 5.6) as c:
        axes = c.axes(2, len(values), height_ratios=[1, 1])
        for k, name in enumerate(order):
            array = values[name]
            steps, _, units = array.shape
            c.shade(axes[0, k], array[:, example].T, (lowest[name], 1), (0.5, steps + 0.5, units + 0.5, 0.5))
            axes[0, k].set(title=name, xlabel="time step t", xticks=steps_to_mark(steps), yticks=steps_to_mark(units))
            _saturation(c, axes[1, k], array, 0.1 + lowest[name], k == 0)
        axes[0, 0].set_ylabel("hidden unit")
        for low, label in ((0.0, "value of a gate"), (-1.0, "value of a tanh")):
            beside = [axes[0, k] for k, name in enumerate(order) if lowest[name] == low]
            if beside:
                c.colorbar(beside, (low, 1), label)
        c.note("Below: a point a unit, the share of the time that it is nearly shut and nearly open")
        shares = ", ".join(f"{name} {np.mean(finite(v) > 0.9) if finite(v).size else 0:.0%}" for name, v in values.items())
        c.finish(title or f"Gate values above 0.9: {shares}")
    return c.figure


def _saturation(c: Canvas, ax: Any, values: Array, shut: float, first: bool) -> None:
    low, high = (values < shut).mean(axis=(0, 1)), (values > 0.9).mean(axis=(0, 1))
    ax.plot([0, 1], [1, 0], color=c.theme.zero_line, linewidth=0.8)
    ax.plot(low, high, "o", color=c.series[0], alpha=0.6, markersize=6, clip_on=False)
    ax.set(xlim=(0, 1), ylim=(0, 1), aspect="equal", xlabel=f"time below {shut:g}", ylabel="time above 0.9" if first else "")
    ax.set(xticks=[0, 0.5, 1], yticks=[0, 0.5, 1])
