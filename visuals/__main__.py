"""Build the gallery: `python -m visuals` draws every picture and plot, and the page that shows them; with names, these alone."""

import sys
from html import escape
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import tinygrad_rnn as tg
from tinygrad_rnn.errors import DataError
from tinygrad_rnn.shared import Parser, install, near, note, typed
from visuals import KEPT, ORDER, drawn
from visuals.plots import PLOTS

FOLDER = Path(__file__).resolve().parent
MEASURED = {plot.__name__: plot for plot in PLOTS}
NO_PLOTS = "The plots are left out: they need matplotlib, pip install 'tinygrad_rnn[plots]'."
HEAD = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src 'self' data:; style-src 'unsafe-inline'">
<title>tinygrad_rnn: the gallery</title>
<style>
  :root { color-scheme: light dark; --ink: #16181d; --soft: #5f6673; --paper: #ffffff; --line: #d9dce1 }
  @media (prefers-color-scheme: dark) { :root { --ink: #f1f3f5; --soft: #a2aab5; --paper: #0f1216; --line: #31373f } }
  body { margin: 0; padding: 2rem 1.5rem 4rem; background: var(--paper); color: var(--ink);
         font: 16px/1.5 "DejaVu Sans", Verdana, sans-serif }
  h1 { font-size: 1.6rem } h2 { font-size: 1.15rem; margin: 3rem 0 .3rem }
  p { margin: .3rem 0 .8rem; max-width: 70ch } a { color: inherit } .script { color: var(--soft); font-size: .85rem }
  .picture { overflow-x: auto; width: fit-content; max-width: 100%; border: 1px solid var(--line); border-radius: 8px }
  .picture img { display: block; max-width: 100%; height: auto; min-width: min(1100px, var(--wide)) }
  nav { columns: 18rem; font-size: .9rem } nav a { display: block }
</style>
<h1>tinygrad_rnn: the gallery</h1>
<p>Every picture was drawn by a short script from a graph that was recorded in a real run. Colour is the size of the gradient on a
scale of powers of ten: what fades into the paper has hardly any left. A click opens a picture at full size, where every box, chip
and bar says more when the pointer rests on it. <code>python -m visuals</code> draws them all anew.</p>
"""


class Entry(NamedTuple):
    """What the page shows: a file `{name}.svg` beside it, and the script that drew it."""

    name: str
    title: str
    words: str  # what to look at
    told: str  # the picture in words
    script: str
    wide: float = 0  # what the picture is not made narrower than, in pixels


def page(entries, note=""):
    """The page of these entries, and a sentence on what it does not show."""
    links = "".join(f'<a href="#{entry.name}">{escape(entry.title)}</a>' for entry in entries)
    return f"{HEAD}<nav>{links}</nav>\n{''.join(map(figure, entries))}{note and f'<p>{escape(note)}</p>'}\n</html>\n"


def figure(entry):
    """One picture with its title, its words and a link to its script."""
    file, title = f"{entry.name}.svg", escape(entry.title)
    return (
        f'<h2 id="{entry.name}">{title}</h2>\n<p>{escape(entry.words)}</p>\n'
        f'<div class="picture" tabindex="0" role="group" aria-label="{title}"><a href="{file}">'
        f'<img src="{file}" style="--wide: {entry.wide}px" alt="{escape(entry.told)}" loading="lazy"></a></div>\n'
        f'<p class="script"><a href="../{entry.script}">{entry.script}</a></p>\n'
    )


def draw(name, out):
    """Draw a picture of a script into the folder, and beside its script where git keeps it."""
    drawing, svg, words = drawn(name)
    for folder in [out, FOLDER] if name in KEPT else [out]:
        (folder / f"{name}.svg").write_bytes(svg.encode())
    return Entry(name, drawing.title, words, drawing.title, f"{name}.py", round(drawing.sheet.width, -2))


def measure(name, out):
    """Measure and draw a plot into the folder."""
    plot = MEASURED[name]
    chart = plot()
    tg.plots.save(chart, out / f"{name}.svg")
    title = f"Measured: {name.replace('_', ' ')}"
    return Entry(name, title, " ".join(plot.__doc__.split()), tg.plots.describe(chart), "plots.py")


def chosen(arguments):
    """The names that were typed, or all that there are."""
    known = [*ORDER, *MEASURED]
    about = f"Draw what is named into visuals/out, or all of it and the page that shows it. The names: {', '.join(known)}."
    parser = Parser(prog=typed("-m", "visuals"), description=about, allow_abbrev=False)
    parser.add_argument("names", nargs="*", metavar="NAME", help="of a picture or a plot, without its suffix")
    names = parser.parse_args(arguments).names
    for name in names:
        if name not in known:
            parser.error(f"there is no picture {name!r}")
        if name in MEASURED and not find_spec("matplotlib"):
            raise DataError(f"the plot {name} needs matplotlib, which is not installed", hint=install("plots"))
    return [name for name in known if name in names] or known


def main(arguments=None):
    names, out, entries, missing = chosen(arguments), FOLDER / "out", [], ""
    out.mkdir(exist_ok=True)
    for name in names:
        if name in MEASURED and not find_spec("matplotlib"):
            missing = NO_PLOTS
            continue
        entries.append((measure if name in MEASURED else draw)(name, out))
        print(near(out / f"{name}.svg"), flush=True)
    if len(names) == len(ORDER) + len(MEASURED):
        (out / "index.html").write_bytes(page(entries, missing).encode())
        print(near(out / "index.html"))
    if missing:
        print(missing)


if __name__ == "__main__":
    try:
        main()
    except DataError as error:
        note(f"error: {error}")
        sys.exit(2)
