"""One HTML file that plays backpropagation through time: no server, no request, no library.

The file holds the pictures without colours and the events of every run (`playback.py`), deflated, and a script (`web/`) that folds
these events. A Content-Security-Policy names the script and the style sheet by their digests and allows nothing else.
"""

from __future__ import annotations

import json
import zlib
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import Any

from ...errors import GraphError
from ...replay.records import GraphSnapshot
from ..style import THEMES, Brush, Scale
from ..svg.shapes import f, x
from ..view.shown_graph import View, view_of
from .playback import Playback, alike

__all__ = ["LEVELS", "Control", "Shown", "applies", "page", "shades", "views_of"]

SCRIPTS = ("state.js", "graph.js", "chart.js", "words.js", "predict.js", "time.js", "settings.js", "reader.js")
LEVELS = 48  # shades of the scale of colours: neighbours look alike
MANY = 1500  # boxes in one picture of a page
OPEN = 16  # steps that are drawn, up to which every column can be opened


@dataclass(frozen=True)
class Control:
    """A setting of the runs: its values with their names, and for which values of other settings it matters."""

    key: str
    label: str
    choices: tuple[tuple[str, str], ...]
    slider: bool = False
    only: Mapping[str, Sequence[str]] | None = None


def applies(control: Control, values: Mapping[str, str]) -> bool:
    """Whether a control matters where the others have these values."""
    return all(values[key] in wanted for key, wanted in (control.only or {}).items())


@dataclass(frozen=True)
class Shown:
    """A run under all settings of the controls that matter for it, in their order."""

    settings: tuple[str, ...]
    graph: GraphSnapshot
    scale: Scale  # of the colours; like `views`, asked for once of all runs whose pictures are alike
    views: Callable[[], dict[str, View]]


def page(
    title: str, about: str, runs: Sequence[Shown], controls: Sequence[Control], start: Mapping[str, str], still: tuple[str, str]
) -> str:
    """The text of the file.

    `start` holds the values of the controls that the page begins with, and "detail", its level. `still` is what readers without
    scripts get: an SVG, and what it shows in words.
    """
    chunks, index = _chunks(runs)
    head = {
        "title": title,
        "about": about,
        "controls": [asdict(control) for control in controls],
        "start": dict(start),
        "runs": index,
        "levels": LEVELS,
    }
    style, script = _part("page.css").replace("/* shades */", shades()), "".join(map(_part, SCRIPTS))
    policy = (
        f"default-src 'none'; script-src '{_digest(script)}'; style-src '{_digest(style)}'; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )
    data = "\n".join(f'<script type="text/plain" id="chunk-{k}">{chunk}</script>' for k, chunk in enumerate(chunks))
    parts = {
        "policy": policy, "title": x(title), "style": style, "script": script, "still": still[0], "words": x(still[1]),
        "head": _json(head), "data": data,
    }  # fmt: skip
    before, *rest = _part("page.html").split("<!-- put ")
    return before + "".join(parts[name] + after for name, after in (part.split(" -->", 1) for part in rest))


def _chunks(runs: Sequence[Shown]) -> tuple[list[str], dict[str, tuple[int, int]]]:
    """Runs whose pictures are alike share a chunk; and in which chunk, at which place, a run stands."""
    families: dict[tuple[object, ...], list[Shown]] = {}
    for run in runs:
        families.setdefault(alike(run.graph), []).append(run)
    chunks, index = [], {}
    for k, family in enumerate(families.values()):
        plays = [Playback(run.graph) for run in family]
        found, scale = family[0].views(), family[0].scale
        views = {}
        for name, view in found.items():
            with suppress(GraphError):  # too much for a picture: the page goes without this level
                views[name] = plays[0].view(view, scale)
        for other in plays[1:]:
            other.bundles = plays[0].bundles
        chunk = {
            "flow": plays[0].flow() | {"bundles": [len(uses) for uses in plays[0].bundles]},
            "weights": plays[0].weights(next(iter(found.values()))),
            "views": views,
            "scale": [scale.low, scale.high],
            "ticks": scale.ticks(),
            "runs": [play.numbers() for play in plays],
        }
        chunks.append(b64encode(zlib.compress(_json(chunk).encode(), 9)).decode())
        index.update({" ".join(run.settings): (k, n) for n, run in enumerate(family)})
    return chunks, index


def views_of(view: View) -> dict[str, View]:
    """The view at every level, the view's own among them, and (as "cell/3") with one step opened among cells."""
    wanted = [(level, level, frozenset[int]()) for level in ("op", "gate", "cell")]
    if len(view.kept) <= OPEN:
        wanted += [(f"cell/{view.steps[column]}", "cell", frozenset([column])) for column in view.kept]
    found = {view.level: view}
    for name, level, opened in wanted if view.steps else ():
        other = view_of(view.graph, level, view.color, view.hidden, view.weights, opened)
        if name != view.level and len(other.boxes) <= MANY:
            found[name] = other
    return found


def _json(data: Any) -> str:
    """JSON that cannot end the element it stands in: ASCII, and no character that HTML knows."""
    text = json.dumps(data, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


@cache
def _part(name: str) -> str:
    return (files(__package__) / "web" / name).read_text(encoding="utf-8")


def _digest(text: str) -> str:
    return "sha256-" + b64encode(sha256(text.encode()).digest()).decode()


# ---- colours


@cache
def shades() -> str:
    """The rules that give every part of the graph its colours, by the level that the script writes on it."""
    lines = []
    for name, theme in THEMES.items():
        root = ":root" if name == "light" else ":root[data-theme=dark]"
        brush = Brush(Scale(0.0, 1.0), theme)
        variables = {
            "paper": theme.paper, "band": theme.band, "line": theme.line, "strong": theme.ink, "soft": theme.soft,
            "plain": theme.plain, "zero": theme.zero, "edge": theme.zero_line, "broken": theme.broken,
            "ramp": f"linear-gradient(to right,{','.join(theme.level(k / 16) for k in range(17))})",
        }  # fmt: skip
        lines.append(f"{root}{{" + ";".join(f"--{key}:{value}" for key, value in variables.items()) + "}")
        parts = {str(k): 10.0 ** (k / LEVELS) for k in range(LEVELS + 1)} | {"zero": 0.0, "broken": float("inf")}
        lines += [f'{root} [data-level="{key}"]{{{_shade(brush, strength)}}}' for key, strength in parts.items()]
    return "\n".join(lines)


def _shade(brush: Brush, strength: float) -> str:
    look = brush.look(strength)
    return f"--fill:{look.fill};--ink:{look.ink};--stroke:{look.stroke};--width:{f(look.width)}"
