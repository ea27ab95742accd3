"""Draw the gallery anew, and the page that shows it: `python -m visuals`; with names, these pictures alone."""

import re
from html import escape, unescape
from pathlib import Path

from visuals import ORDER, chosen, drawn
from visuals.plots import PLOTS

FOLDER = Path(__file__).resolve().parent
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


def page(entries):
    """The page of `(name, title, words, width)`."""
    links = "".join(f'<a href="#{name}">{escape(title)}</a>' for name, title, _, _ in entries)
    links += f'<a href="#{PLOTS[0].__name__}">Measured: {len(PLOTS)} plots</a>'
    figures = "".join(
        f'<h2 id="{name}">{escape(title)}</h2>\n<p>{escape(words)}</p>\n<div class="picture" tabindex="0" role="group" '
        f'aria-label="{escape(title)}"><a href="{name}.svg"><img src="{name}.svg" style="--wide: {wide}px" alt="{escape(title)}" '
        f'loading="lazy"></a></div>\n<p class="script"><a href="{name}.py">{name}.py</a></p>\n'
        for name, title, words, wide in entries
    )
    return f"{HEAD}<nav>{links}</nav>\n{figures}{plots()}</html>\n"


def plots():
    """The part of the page with the plots; what each says in words stands in its file, where `python -m visuals.plots` wrote it."""
    parts = []
    for plot in PLOTS:
        file = f"plots/{plot.__name__}.svg"
        head = re.search("<title>(.*?)</title>", (FOLDER / file).read_text(encoding="utf-8"), re.DOTALL)
        title, words = plot.__name__.replace("_", " "), " ".join(plot.__doc__.split())
        parts.append(
            f'<h2 id="{plot.__name__}">Measured: {escape(title)}</h2>\n<p>{escape(words)}</p>\n<div class="picture">'
            f'<a href="{file}"><img src="{file}" alt="{escape(unescape(head[1]))}" loading="lazy"></a></div>\n'
        )
    return "".join(parts) + '<p class="script"><a href="plots/__init__.py">plots/__init__.py</a></p>\n'


def main(arguments=None):
    names, entries = chosen("visuals", ORDER, ", and the page that shows them", arguments), []
    for name in names:
        drawing, svg, words = drawn(name)
        (FOLDER / f"{name}.svg").write_bytes(svg.encode())
        entries.append((name, drawing.title, words, round(drawing.sheet.width, -2)))
        print(f"visuals/{name}.svg")
    if len(names) == len(ORDER):
        (FOLDER / "index.html").write_bytes(page(entries).encode())
        print("visuals/index.html")


if __name__ == "__main__":
    main()
