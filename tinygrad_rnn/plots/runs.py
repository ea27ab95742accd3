"""Plots of a run: how training went, and what its graph keeps in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import DataError
from ..shared.array_type import Array
from ..viz.style import ThemeName
from .arguments import expect, numbers, two_digits
from .canvas import Canvas, canvas

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ..probe import ActivationMemory
    from ..train.history import History

__all__ = ["activation_memory", "training"]


def training(history: History, *, theme: ThemeName = "light", title: str | None = None) -> Figure:
    """The course of a training: loss and scores, the norm of the gradient before clipping, and the learning rate, by update.

    `history` is what `train.fit` returns. A thin vertical line ends an epoch; a ring is the best evaluation. Raises `DataError`
    if there was no update.

    >>> import tinygrad_rnn as tg
    >>> log = tg.train.history.Log()
    >>> for k in range(5): log.add(loss=1 / (k + 1), grad_norm=1.0, lr=0.1)
    >>> tg.plots.describe(tg.plots.training(log.history()))
    'In 5 updates the loss goes from 1 to 0.2.'
    """
    expect("training", history, "grad_norm", "give what train.fit returns")
    loss, norm, rate = (numbers(f"history.{k}", getattr(history, k), (1,)) for k in ("loss", "grad_norm", "lr"))
    update = np.arange(1, len(loss) + 1)
    with canvas(theme, 7.6, 6.0) as c:
        top, middle, bottom = c.axes(3, 1, sharex=True, height_ratios=[3, 1.6, 1])[:, 0]
        c.powers(middle, norm)
        dot = "o" if len(loss) == 1 else None
        for ax, line, name in ((top, loss, "loss"), (middle, norm, "gradient norm"), (bottom, rate, "learning rate")):
            color = c.series[0] if ax is top else c.series[2]
            c.curve(ax, update, line, log=ax is middle, color=color, linewidth=1.3, marker=dot)
            ax.set_ylabel(name)
            for end in history.epochs[:60]:
                ax.axvline(end, color=c.theme.line, linewidth=0.7, zorder=0)
        bottom.set(xlabel="update", xlim=(0.5, len(loss) + 0.5))
        bottom.set_ylim(bottom=min(0.0, bottom.get_ylim()[0]))
        best = _scores(c, top, history, loss)
        c.finish(title or f"In {len(loss)} updates the loss goes from {two_digits(loss[0])} to {two_digits(loss[-1])}{best}")
    return c.figure


def _scores(c: Canvas, ax: Any, history: History, loss: Array) -> str:
    """What was evaluated, on the axis of the loss; returns the best of it in words."""
    ends = {"loss": float(loss[-1])}
    for k, (name, values) in enumerate(history.scores.items(), 1):
        few = len(values) <= 40
        c.curve(ax, history.evaluated, numbers(f"the score {name!r}", values, (1,)), **c.style(k, 1 if few else len(values)))
        ends[name] = float(values[-1])
    c.name_curves(ax, list(ends), list(ends.values()))
    if history.best is None:
        return ""
    ax.plot(history.best_update, history.best, "o", color="none", markeredgecolor=c.theme.ink, markersize=11, clip_on=False)
    c.note("Ring: the best evaluation")
    return f"; best {next(iter(history.scores))} {two_digits(history.best)}, after {history.best_update}"


def activation_memory(found: ActivationMemory, *, theme: ThemeName = "light", title: str | None = None) -> Figure:
    """The bytes that a graph keeps for its backward pass: by time step, and by the operation that keeps them.

    `found` is what `probe.activation_memory` returns. Raises `DataError` if the graph keeps nothing.

    >>> import numpy as np
    >>> import tinygrad_rnn as tg
    >>> found = tg.probe.ActivationMemory(4096, np.array([1024, 2048]), 1024, {"tanh": 3072, "matmul": 1024}, 512)
    >>> tg.plots.describe(tg.plots.activation_memory(found)).split(". ")[0]
    'The graph keeps 4 KiB: 1.5 KiB a step in 2 steps, 1 KiB outside of them; most by tanh'
    """
    expect("activation_memory", found, "by_op", "give what probe.activation_memory(loss) returns")
    by_step = np.asarray(found.by_step, np.float64).ravel()
    ops = sorted(((size, name) for name, size in found.by_op.items() if size), reverse=True)
    if not ops:
        raise DataError("the graph keeps nothing for a backward pass", hint="record the loss outside no_grad()")
    unit, name = _unit(max(*by_step, ops[0][0], 0.0))
    with canvas(theme, 9.6, 4.2) as c:
        left, right = c.axes(1, 2)[0]
        steps = np.arange(1, len(by_step) + 1)
        left.bar(steps, by_step / unit, color=c.series[0], width=0.8)
        left.set(xlabel="time step t", ylabel=name, title="by step", xlim=(0.4, max(len(by_step), 1) + 0.6))
        sizes, names = zip(*reversed(ops), strict=True)
        right.barh(names, np.array(sizes) / unit, color=c.series[0], height=0.7)
        for k, size in enumerate(sizes):
            right.annotate(_bytes(size), (size / unit, k), xytext=(4, 0), textcoords="offset points", va="center")
        right.set(xlabel=name, title="by operation")
        right.margins(x=0.2)
        right.grid(True, axis="x")
        right.grid(False, axis="y")
        c.note(f"Weights and data, {_bytes(found.given)}, exist without the graph and are not counted")
        each = f"{_bytes(by_step.mean())} a step in {len(by_step)} steps" if len(by_step) else "no steps"
        c.finish(
            title
            or f"The graph keeps {_bytes(found.total)}: {each}, {_bytes(found.outside)} outside of them; most by {ops[0][1]}"
        )
    return c.figure


def _unit(size: float) -> tuple[float, str]:
    return next(((1024.0**k, unit) for k, unit in ((3, "GiB"), (2, "MiB"), (1, "KiB")) if size >= 1024**k), (1.0, "bytes"))


def _bytes(size: float) -> str:
    scale, unit = _unit(size)
    return f"{size / scale:.3g} {unit}"
