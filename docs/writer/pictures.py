"""Pictures for light and dark pages, out of the examples themselves: what an example draws, or records, is shown below it."""

import doctest
import io
import sys
from collections.abc import Sequence
from contextlib import contextmanager, redirect_stdout
from functools import partial, wraps
from html import escape
from importlib.util import find_spec
from pathlib import Path

import numpy as np

import tinygrad_rnn as tg
from tinygrad_rnn.errors import TinygradRnnError
from tinygrad_rnn.viz.style import Scale

THEMES = "light", "dark"
PARSER = doctest.DocTestParser()
MOST = 60  # boxes of a recorded graph that is drawn without being asked for


def themed(drawing, theme):
    """The same picture in another theme."""
    scale = Scale(*drawing.scale)
    if hasattr(drawing, "drawings"):
        return type(drawing)([themed(one, theme) for one in drawing.drawings], scale, drawing.title, drawing.across)
    return tg.Drawing(drawing.view, theme, scale, drawing.title)


def run(examples, namespace, shown):
    """Run examples of a docstring or a page; what they show without being assigned is appended to `shown`."""
    hook, sys.displayhook = sys.displayhook, shown.append
    try:
        with redirect_stdout(io.StringIO()):
            for example in examples:
                if doctest.SKIP in example.options:
                    continue
                try:
                    exec(compile(example.source, "<example>", "single"), namespace)  # noqa: S102  (an example of this repository)
                except Exception:
                    if example.exc_msg is None:
                        raise
    finally:
        sys.displayhook = hook


@contextmanager
def plots_in(theme):
    """Plots of matplotlib are drawn in a theme."""
    kept = {name: getattr(tg.plots, name) for name in tg.plots.__all__}

    def dressed(function):
        return wraps(function)(lambda *args, **settings: function(*args, **{"theme": theme, **settings}))

    for name, function in kept.items():
        if name not in ("describe", "save"):
            setattr(tg.plots, name, dressed(function))
    try:
        yield
    finally:
        for name, function in kept.items():
            setattr(tg.plots, name, function)


def is_drawing(value):
    """A picture of a graph."""
    return isinstance(value, tg.Drawing)


def is_plot(value):
    """A figure of matplotlib."""
    return hasattr(value, "savefig")


def found_in(text, recorded=False):
    """The last picture that the examples of a text make: a function of the theme, or None.

    With `recorded`, the graph of the last tensor is drawn where nothing else is.
    """
    if "import torch" in text and not find_spec("torch"):  # its tests run where PyTorch is
        return None
    examples = PARSER.get_examples(text)
    namespace, shown = {"__name__": "__main__"}, []
    run(examples, namespace, shown)
    values = [*namespace.values(), *shown][::-1]
    if drawing := next(filter(is_drawing, values), None):
        return partial(themed, drawing)
    if any(map(is_plot, values)):
        return partial(plotted, examples, {"__name__": "__main__"})
    if recorded:
        values.sort(key=lambda value: not isinstance(value, tg.nn.Module))  # a cell says more than what came out of it
        drawing = next(filter(None, map(drawn, values)), None)
        return drawing and partial(themed, drawing)
    return None


def plotted(examples, before, theme):
    """The figure that examples make in a theme, with the names that were there before them."""
    namespace, shown = {**before}, []
    with plots_in(theme):
        run(examples, namespace, shown)
    return next(filter(is_plot, [*namespace.values(), *shown][::-1]))


def drawn(value):
    """What a cell, a tensor, or the last tensor of a sequence leaves as a graph; None where there is nothing to see."""
    try:
        if isinstance(value, tg.nn.Module) and hasattr(value, "step") and hasattr(value, "input_size"):
            hs, _ = tg.nn.unroll(value, np.random.default_rng(0).standard_normal((1, 2, value.input_size)))
            return tg.draw((hs[-1] ** 2).sum(), detail="gate", title=f"Two steps of {type(value).__name__}")
        if isinstance(value, Sequence) and value and isinstance(value[-1], tg.Tensor):
            value = value[-1]
        if isinstance(value, tg.Tensor):
            drawing = tg.draw(value if value.size == 1 else (value**2).sum())
            return drawing if len(drawing.view.boxes) <= MOST else None
    except TinygradRnnError:
        return None
    return None


def write(make, name, folder, moves=False):
    """Write both themes of a picture into a folder; what a page shows of it (see `html`). Some move."""
    Path(folder).mkdir(parents=True, exist_ok=True)
    wide, words, title = 0, "", ""
    for theme in THEMES:
        picture, file = make(theme), Path(folder) / f"{name}.{theme}.svg"
        if is_plot(picture):
            tg.plots.save(picture, file)
            wide, words, title = 72 * picture.get_size_inches()[0], " ".join(tg.plots.describe(picture).split()), "A plot"
        else:
            file.write_bytes(picture.svg(animated=moves).encode())
            wide, words, title = picture.sheet.width, " ".join(picture.describe().split()), picture.title
    return html(name, title, words, wide)


def html(name, title, words, wide):
    """A picture in both themes; it scrolls where it would become too small to read. PICTURES stands for the way to the folder."""
    words, title = escape(words, quote=True), escape(title, quote=True)
    files = {theme: f"PICTURES/{name}.{theme}.svg" for theme in THEMES}
    images = "".join(
        f'<a class="only-{theme}" href="{file}">'
        f'<img src="{file}" alt="{words}" loading="lazy" style="min-width: {min(wide, 900):.0f}px"></a>'
        for theme, file in files.items()
    )
    return f'<div class="picture" style="width: {wide:.0f}px" tabindex="0" role="group" aria-label="{title}">{images}</div>'
