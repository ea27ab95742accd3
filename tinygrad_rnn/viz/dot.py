"""A layout for Graphviz: the same places and ways, painted by `dot` without a layout of its own (`layout=nop2`).

Points of Graphviz count upwards, so y is turned over; inches are 72 points. Small graphs without time steps are left to `dot`.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING

from .boxes import Box
from .layout import Band, Layout, Path
from .size import chip_spots, label_of, name_of
from .style import Brush, clean, ink_on
from .view import HIDDEN, Edge, View
from .words import box_words, chip_words

if TYPE_CHECKING:
    import graphviz

__all__ = ["dag", "digraph"]

FACE = "DejaVu Sans"


def digraph(layout: Layout, paint: Brush, title: str) -> graphviz.Digraph:
    """An unrolled graph with its own places. Background first: Graphviz paints nodes in the order of their creation."""
    from graphviz import Digraph

    theme, view, high = paint.theme, layout.view, layout.height
    g = Digraph(
        graph_attr={"layout": "nop2", "outputorder": "nodesfirst", "bgcolor": theme.paper, "pad": "0.1", "notranslate": "true"},
        node_attr={
            "shape": "box",
            "style": "filled,rounded",
            "fixedsize": "true",
            "fontname": FACE,
            "fontsize": "10",
            "label": "",
        },
    )

    def words(name: str, label: str, x: float, y: float, wide: float, size: str = "10", ink: str = theme.soft) -> None:
        g.node(name, text(label), shape="plaintext", style="", fontsize=size, fontcolor=ink, **place(x, y, wide, 20, high))

    words("title", title, 26 + 5 * len(title), 30, 10 * len(title), "15", theme.ink)
    for k, band in enumerate(layout.bands):
        after = band.column == view.after
        g.node(f"band{k}", fillcolor=theme.paper if after else theme.band, color=theme.line, **spread(band, high))
        label = "readout and loss" if after else f"t = {view.steps[band.column]}"
        words(f"step{k}", label, (band.left + band.right) / 2, band.bottom + 14, band.right - band.left)
    if layout.gap is not None:
        gap = layout.gap
        g.node("gap", style="rounded,dashed", color=theme.line, **spread(gap, high))
        words("steps", f"… {len(view.hidden)} steps …", (gap.left + gap.right) / 2, gap.bottom + 14, gap.right - gap.left)
        for k, lane in enumerate(layout.lanes):  # edges need two ends: these stand at the sides of the hidden steps
            g.node(f"lane{k}in", shape="point", style="invis", **place(gap.left, lane, 0.1, 0.1, high))
            g.node(f"lane{k}out", shape="point", style="invis", **place(gap.right, lane, 0.1, 0.1, high))
    for node in [*layout.nodes, *(pill.node for pill in layout.panel.pills)]:
        g.node(f"n{node.box.id}", **look(node.box, view, paint), **place(node.x, node.y, node.width, node.height, high))
        for chip, x, y, wide in chip_spots(node):
            fill = paint.fill(chip.strength)
            colours = {"fillcolor": fill, "fontcolor": ink_on(fill), "color": theme.line, "fontsize": "7"}
            tip = text(chip_words(view, chip), 300)
            g.node(f"c{node.box.id}_{chip.leaf}", text(chip.label, 7), tooltip=tip, **colours, **place(x, y, wide, 13, high))
    for pill in layout.panel.pills:
        right = pill.node.x + pill.node.width / 2
        words(f"size{pill.node.box.id}", "\n".join(pill.lines), right + 28, pill.node.y, 50, "8")
    number = {lane: k for k, lane in enumerate(layout.lanes)}
    for path in layout.paths:
        tail = f"n{path.edge.source}" if path.edge.source >= 0 else f"lane{number[path.points[0][1]]}out"
        head = f"n{path.edge.target}" if path.edge.target >= 0 else f"lane{number[path.points[-1][1]]}in"
        g.edge(tail, head, **stroke(path.edge, paint), pos=bezier(path, high))
    return g


def dag(view: View, paint: Brush, title: str) -> graphviz.Digraph:
    """A graph without time steps, laid out by `dot`."""
    from graphviz import Digraph

    theme = paint.theme
    heading = {"label": text(title), "labelloc": "t", "fontname": FACE, "fontcolor": theme.ink}
    g = Digraph(
        graph_attr={"rankdir": "LR", "bgcolor": theme.paper, **heading},
        node_attr={"shape": "box", "style": "filled,rounded", "fontname": FACE, "fontsize": "11"},
    )
    for box in view.boxes:
        g.node(f"n{box.id}", **look(box, view, paint))
    for pill in view.pills:
        g.node(f"n{pill.id}", **look(pill, view, paint))
    for box in view.boxes:
        for chip in box.chips:
            g.edge(f"n{chip.leaf}", f"n{box.id}", color=paint.stroke(chip.strength), penwidth=f"{paint.width(chip.strength):.2f}")
    for edge in view.edges:
        g.edge(f"n{edge.source}", f"n{edge.target}", **stroke(edge, paint))
    return g


def look(box: Box, view: View, paint: Brush) -> dict[str, str]:
    """The attributes of a box."""
    fill = paint.fill(box.strength)
    style = ("filled" if box.kind == "input" else "filled,rounded") + (",dashed" if box.strength == 0.0 else "")
    below = f"{name_of(box)}{'' if box.step is None else box.step}" if box.name else ""
    label = label_of(box) + ("" if below or box.step is None else str(box.step))
    return {
        "label": text(label) + ("\\n" + text(below) if below else ""),
        "style": style,
        "fillcolor": fill,
        "fontcolor": ink_on(fill),
        "color": paint.theme.ink if box.state else paint.theme.zero_line,
        "penwidth": "2.2" if box.state else "1",
        "tooltip": text(box_words(view, box), 400),
    }


def stroke(edge: Edge, paint: Brush) -> dict[str, str]:
    """The attributes of an edge."""
    strength = edge.strength
    return {
        "color": paint.stroke(strength),
        "penwidth": f"{paint.width(strength):.2f}",
        "style": "dashed" if strength == 0.0 or HIDDEN in (edge.source, edge.target) else "solid",
        "arrowsize": f"{0.45 + 0.06 * paint.width(strength):.2f}",
    }


def place(x: float, y: float, width: float, height: float, high: float) -> dict[str, str]:
    """Position and size of a node, for nop2."""
    return {"pos": f"{x:.2f},{high - y:.2f}!", "width": f"{width / 72:.4f}", "height": f"{height / 72:.4f}"}


def spread(band: Band, high: float) -> dict[str, str]:
    """Position and size of a band of a step."""
    return place((band.left + band.right) / 2, (band.top + band.bottom) / 2, band.right - band.left, band.bottom - band.top, high)


def bezier(path: Path, high: float) -> str:
    """The corners as cubic curves: 3n + 1 points after the tip of the arrow."""
    points = [(x, high - y) for x, y in path.points]
    (x1, y1), (x2, y2) = points[-2:]
    length = math.hypot(x2 - x1, y2 - y1) or 1.0
    tip = points[-1]
    points[-1] = (x2 - (x2 - x1) / length * min(6.0, length), y2 - (y2 - y1) / length * min(6.0, length))
    parts = [points[0]]
    for (ax, ay), (bx, by) in pairwise(points):
        parts += [(ax + (bx - ax) / 3, ay + (by - ay) / 3), (ax + (bx - ax) * 2 / 3, ay + (by - ay) * 2 / 3), (bx, by)]
    return f"e,{tip[0]:.2f},{tip[1]:.2f} " + " ".join(f"{x:.2f},{y:.2f}" for x, y in parts)


def text(words: str, longest: int = 80) -> str:
    """Any text as a label: Graphviz reads a backslash as an escape and a label in <> as HTML."""
    from graphviz import escape

    return str(escape("\n".join(clean(line, longest) for line in words.split("\n"))))
