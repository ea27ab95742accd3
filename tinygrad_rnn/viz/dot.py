"""A layout for Graphviz: the same places and ways, painted by `dot` without a layout of its own (`layout=nop2`).

Points of Graphviz count upwards, so y is turned over; inches are 72 points. Small graphs without time steps are left to `dot`.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING
from xml.etree import ElementTree

from .boxes import Box
from .layout import Layout, Path
from .size import CHIP_HEIGHT, chip_spots, label_of, name_of
from .style import Brush, Theme, clean, ink_on, text_width
from .svg import Painter
from .view import HIDDEN, Edge, View
from .words import box_words, chip_words

if TYPE_CHECKING:
    import graphviz

__all__ = ["dag", "digraph"]

FACE = "DejaVu Sans"
BOX = {"shape": "box", "style": "filled,rounded"}


def digraph(layout: Layout, paint: Brush, title: str) -> graphviz.Digraph:
    """An unrolled graph with its own places. Background first: Graphviz paints nodes in the order of their creation."""
    from graphviz import Digraph

    theme, view, high = paint.theme, layout.view, layout.height
    g = Digraph(
        graph_attr={"layout": "nop2", "outputorder": "nodesfirst", "bgcolor": theme.paper, "pad": "0.1", "notranslate": "true"},
        node_attr=BOX | {"fixedsize": "shape", "fontname": FACE, "fontsize": "12", "label": ""},
    )

    painter = Painter(layout, paint, "g")
    around, wide = painter.around(title)
    g.node("paper", style="invis", **place(wide / 2, high / 2, wide, high, high))
    surroundings(g, [*painter.bands(), *painter.panel(), *around], theme, high)
    if layout.gap is not None:
        for k, lane in enumerate(layout.lanes):  # edges need two ends: these stand at the sides of the hidden steps
            g.node(f"lane{k}in", shape="point", style="invis", **place(layout.gap.left, lane, 0.1, 0.1, high))
            g.node(f"lane{k}out", shape="point", style="invis", **place(layout.gap.right, lane, 0.1, 0.1, high))
    for node in [*layout.nodes, *(pill.node for pill in layout.panel.pills)]:
        g.node(f"n{node.box.id}", **look(node.box, view, paint), **place(node.x, node.y, node.width, node.height, high))
        for chip, x, y, broad in chip_spots(node):
            fill = paint.fill(chip.strength)
            colours = {"fillcolor": fill, "fontcolor": ink_on(fill), "color": theme.line, "fontsize": "9"}
            colours |= {"style": BOX["style"] + (",dashed" if chip.strength == 0.0 else "")} | place(
                x, y, broad, CHIP_HEIGHT, high
            )
            g.node(f"c{node.box.id}_{chip.leaf}", text(chip.label, 7), tooltip=text(chip_words(view, chip), 300), **colours)
    number = {lane: k for k, lane in enumerate(layout.lanes)}
    for path in layout.paths:
        tail = f"n{path.edge.source}" if path.edge.source >= 0 else f"lane{number[path.points[0][1]]}out"
        head = f"n{path.edge.target}" if path.edge.target >= 0 else f"lane{number[path.points[-1][1]]}in"
        g.edge(tail, head, **stroke(path.edge, paint), pos=bezier(path, high))
    return g


def surroundings(g: graphviz.Digraph, elements: list[str], theme: Theme, high: float) -> None:
    """What stands around the boxes, taken over from the SVG: its rectangles, lines, dots and words become nodes."""
    tree = ElementTree.fromstring(f"<g>{''.join(elements)}</g>")  # noqa: S314 - our own text
    for k, e in enumerate(e for group in (tree, *tree.findall("g")) for e in group):
        a = {name: float(e.get(name, 0)) for name in ("x", "y", "cx", "cy", "width", "height", "r", "rx", "font-size")}
        wide, tall, fill = a["width"] + 2 * a["r"], a["height"] + 2 * a["r"], e.get("fill", "")
        x, y = a["x"] + a["cx"] + a["width"] / 2, a["y"] + a["cy"] + a["height"] / 2
        if fill.startswith("url"):  # the scale of colours
            for part in range(32):
                dress = {"style": "filled", "fillcolor": theme.level(part / 31), "color": "transparent"}
                g.node(f"scale{part}", **dress, **place(x + wide * (part / 32 - 0.485), y, wide / 32, tall, high))
        elif e.tag in ("rect", "circle"):
            style = "filled" + (",rounded" if a["rx"] > 3 else "") + (",dashed" if e.get("stroke-dasharray") else "")
            dress = {"style": style, "fillcolor": fill.replace("none", "transparent"), "color": e.get("stroke", "transparent")}
            dress |= {"shape": "box" if e.tag == "rect" else "circle", "penwidth": e.get("stroke-width", "1")}
            g.node(f"rect{k}", tooltip=text(e.findtext("title") or ""), **dress, **place(x, y, wide, tall, high))
        elif e.tag == "path":
            left, y, right = (float(part) for part in e.get("d", "")[1:].replace("H", " ").split())
            g.node(f"line{k}", color=e.get("stroke", ""), penwidth="0.5", **place((left + right) / 2, y, right - left, 0.2, high))
        elif e.tag == "text":
            words, face = "".join(e.itertext()), FACE + " Bold" * (e.get("font-weight") == "bold")
            wide = text_width(words, a["font-size"]) * (1.12 if "Bold" in face else 1.0)
            x = a["x"] + wide * {"start": 0.5, "middle": 0.0, "end": -0.5}[e.get("text-anchor", "start")]
            font = {"shape": "plaintext", "style": "", "fontname": face, "fontsize": str(a["font-size"]), "fontcolor": fill}
            g.node(f"text{k}", text(words, 200), **font, **place(x, a["y"] - 0.35 * a["font-size"], wide, 20, high))


def dag(view: View, paint: Brush, title: str) -> graphviz.Digraph:
    """A graph without time steps, laid out by `dot`."""
    from graphviz import Digraph

    theme = paint.theme
    heading = {"label": text(title), "labelloc": "t", "fontname": FACE, "fontcolor": theme.ink}
    g = Digraph(
        graph_attr={"rankdir": "LR", "bgcolor": theme.paper, **heading},
        node_attr=BOX | {"fontname": FACE, "fontsize": "11"},
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
