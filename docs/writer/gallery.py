"""The page of the gallery: every picture of `visuals/` with what to look at, and the script that drew it."""

import importlib
import sys
from functools import cache, partial
from importlib.util import find_spec

from docs.writer import docstrings, pictures
from docs.writer.names import ROOT
from docs.writer.reference import heading, keep

sys.path.insert(0, str(ROOT))

visuals = importlib.import_module("visuals")
WORDS = """Every picture was drawn by a short script from a graph that was recorded in a real run. Colour is the size of the gradient on a
scale of powers of ten: what fades into the paper has hardly any left. A click opens a picture at full size, where every box, chip
and bar says more when the pointer rests on it."""


@cache
def shown(name, folder):
    """(title, what to look at, what a page shows) of a script of the gallery, or of a plot."""
    plots = {plot.__name__: plot for plot in importlib.import_module("visuals.plots").PLOTS}
    if name in plots:
        make, words, title, moves = plots[name], plots[name].__doc__, f"Measured: {name.replace('_', ' ')}", False
    else:
        script = importlib.import_module(f"visuals.{name}")
        drawing = script.picture()
        make, words, title = partial(pictures.themed, drawing), script.__doc__, drawing.title
        moves = getattr(script, "ANIMATED", False)
    return title, " ".join(words.split()), pictures.write(make, f"gallery.{name}", folder, moves)


def write(folder, images):
    """Write the page into a folder, and its pictures into another."""
    folder.mkdir(parents=True, exist_ok=True)
    plots = [plot.__name__ for plot in importlib.import_module("visuals.plots").PLOTS] if find_spec("matplotlib") else []
    lines = [*heading("Gallery"), *docstrings.rest(WORDS)]
    for name in [*visuals.ORDER, *plots]:
        title, words, html = shown(name, images)
        script = "plots" if name in plots else name
        lines += [
            f".. _gallery-{name}:",
            "",
            *heading(title, "-"),
            *docstrings.rest(words),
            ".. raw:: html",
            "",
            f"    {html}",
            "",
        ]
        lines += [f"The script: :download:`visuals/{script}.py <../../visuals/{script}.py>`.", ""]
    keep(folder / "index.rst", "\n".join(lines))
