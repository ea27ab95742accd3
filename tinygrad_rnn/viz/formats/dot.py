"""A layout for Graphviz: the same places and ways, painted by `dot` without a layout of its own (`layout=nop2`).

Points of Graphviz count upwards, so y is turned over; inches are 72 points. Small graphs without time steps are left to `dot`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from ..layout.placed_parts import Route, threads
from ..layout.sheet import Sheet
from ..layout.size import CHIP_HEIGHT, chip_spots, chips_inside, text_width
from ..style import Brush, Look, Theme, clean, subscript
from ..svg.painter import Painter, painters_of, surroundings
from ..svg.shapes import Dot, Group, Line, Rect, Shape, Words, f, x
from ..view.boxes import Box
from ..view.shown_graph import HIDDEN, Edge, View
from ..view.tooltips import tooltips

if TYPE_CHECKING:
    import graphviz

__all__ = ["dag", "digraph"]

FACE = "DejaVu Sans"
BOX = {"shape": "box", "style": "filled,rounded"}


def digraph(sheet: Sheet, paint: Brush, title: str) -> graphviz.Digraph:
    """Unrolled graphs with their own places. Background first: Graphviz paints nodes in the order of their creation."""
    from graphviz import Digraph

    theme, high = paint.theme, sheet.height
    g = Digraph(
        graph_attr={"layout": "nop2", "outputorder": "nodesfirst", "bgcolor": theme.paper, "pad": "0.1", "notranslate": "true"},
        node_attr=BOX | {"fixedsize": "shape", "fontname": FACE, "fontsize": "13", "label": ""},
    )
    painters = painters_of(sheet, paint, "g")
    around, wide = surroundings(sheet, paint, title, "g")
    g.node("paper", style="invis", **place(wide / 2, high / 2, wide, high, high))
    for p in painters:
        around += [*p.bands(), *p.row_labels(), *p.panel(), *p.hidden_steps()]
    _background(g, around, theme, high)
    for k, p in enumerate(painters):
        _foreground(g, p, high, f"p{k}" if len(painters) > 1 else "")
    return g


def _foreground(g: graphviz.Digraph, painter: Painter, high: float, own: str) -> None:
    """The boxes, chips and edges of one layout; all names start with `own`."""
    layout, theme, looks, tips = painter.layout, painter.theme, painter.looks, painter.tips
    if layout.gap is not None:
        for k, corridor in enumerate(layout.corridors):  # edges need two ends: these stand at the sides of the hidden steps
            g.node(f"{own}lane{k}in", shape="point", style="invis", **place(layout.gap.left, corridor, 0.1, 0.1, high))
            g.node(f"{own}lane{k}out", shape="point", style="invis", **place(layout.gap.right, corridor, 0.1, 0.1, high))
    for placed in [*layout.boxes, *(pill.placed for pill in layout.panel.pills)]:
        box, spot = placed.box, place(placed.x, placed.y, placed.width, placed.height, high)
        g.node(f"{own}n{box.id}", **attributes(box, tips[box.id], looks[box.id], theme), **spot)
        for chip, cx, cy, broad in chip_spots(placed):
            look = looks[box.id, chip.leaf]
            colours = {"fillcolor": look.fill, "fontcolor": look.ink, "color": theme.line, "fontsize": "9"}
            colours |= {"style": BOX["style"] + (",dashed" if chip.strength == 0.0 else "")}
            colours |= place(cx, cy, broad, CHIP_HEIGHT, high)
            words = quoted(tips[box.id, chip.leaf], 300)
            g.node(f"{own}c{box.id}_{chip.leaf}", quoted(chip.label, 7), tooltip=words, **colours)
    for way, chip, placed in threads(layout) if layout.view.weights == "edges" else ():
        curve = " ".join(f"{x0:.2f},{high - y0:.2f}" for x0, y0 in way)
        look = looks[placed.box.id, chip.leaf]
        dress = {"color": look.stroke + "99", "penwidth": f"{look.thread:.2f}"}
        g.edge(f"{own}n{chip.leaf}", f"{own}c{placed.box.id}_{chip.leaf}", arrowhead="none", pos=curve, **dress)
    number = {corridor: k for k, corridor in enumerate(layout.corridors)}
    for k, route in enumerate(layout.routes):
        source, target = route.edge.source, route.edge.target
        tail = f"{own}n{source}" if source >= 0 else f"{own}lane{number.get(route.points[0][1])}out"
        if route.cut is not None:
            left, level = route.cut
            g.node(f"{own}cut{k}", "//", shape="plaintext", style="", fontcolor=theme.ink, **place(left, level, 10, 14, high))
            small = {"shape": "plaintext", "style": "", "fontcolor": theme.soft, "fontsize": "10"}
            g.node(f"{own}cut{k}words", "detached", **small, **place(left - 22, level - 14, 50, 12, high))
            tail = tail if source >= 0 else f"{own}cut{k}"
        head = f"{own}n{target}" if target >= 0 else f"{own}lane{number[route.points[-1][1]]}in"
        g.edge(tail, head, **stroke(route.edge, looks[route.edge]), pos=bezier(route, high))


def _background(g: graphviz.Digraph, around: Sequence[Shape], theme: Theme, high: float) -> None:
    """What stands around the boxes, taken over from the painter: its rectangles, lines, dots and words become nodes."""
    inside = [shape for group in around if isinstance(group, Group) for shape in group.shapes]
    for k, s in enumerate([*around, *inside]):
        if isinstance(s, Rect):
            left, top, wide, tall = _as_written(s.cx - s.width / 2, s.cy - s.height / 2, s.width, s.height)
            cx, cy, ramp = left + wide / 2, top + tall / 2, range(32) if s.fill.startswith("url") else ()
            for part in ramp:  # the scale of colours
                dress = {"style": "filled", "fillcolor": theme.level(part / 31), "color": "transparent"}
                g.node(f"scale{part}", **dress, **place(cx + wide * (part / 32 - 0.485), cy, wide / 32, tall, high))
            if ramp:
                continue
            style = "filled" + (",rounded" if float(s.radius or 0) > 3 else "") + (",dashed" if s.dash else "")
            dress = {"style": style, "fillcolor": s.fill.replace("none", "transparent"), "color": s.stroke or "transparent"}
            dress |= {"shape": "box", "penwidth": (s.thick if isinstance(s.thick, str) else f(s.thick)) or "1"}
            g.node(f"rect{k}", tooltip=quoted(s.title), **dress, **place(cx, cy, wide, tall, high))
        elif isinstance(s, Dot):
            cx, cy, wide = _as_written(s.cx, s.cy, 2 * s.radius)
            dress = {"style": "filled", "fillcolor": s.fill, "color": "transparent", "shape": "circle", "penwidth": "1"}
            g.node(f"rect{k}", tooltip="", **dress, **place(cx, cy, wide, wide, high))
        elif isinstance(s, Line):
            (_, *start), (way, end) = s.strokes
            left, top, last = _as_written(*start, end)
            right, low = (last, top) if way == "H" else (left, last)
            spot = place((left + right) / 2, (top + low) / 2, max(right - left, 0.2), max(low - top, 0.2), high)
            g.node(f"line{k}", color=s.stroke, penwidth="0.5", **spot)
        elif isinstance(s, Words):
            face, size = FACE + " Bold" * s.bold, float(s.size)
            left, base = _as_written(s.x, s.y)
            wide = text_width(s.words, size, s.bold)
            middle = left + wide * {"": 0.5, "middle": 0.0, "end": -0.5}[s.anchor.replace("start", "")]
            font = {"shape": "plaintext", "style": "", "fontname": face, "fontsize": str(size), "fontcolor": s.fill}
            g.node(f"text{k}", quoted(s.words, 200), **font, **place(middle, base - 0.35 * size, wide, 20, high))


def _as_written(*numbers: str | float) -> list[float]:
    """Coordinates with the two decimals that they have in an SVG, so that both pictures agree."""
    return [round(float(number), 2) for number in numbers]


def dag(view: View, paint: Brush, title: str) -> graphviz.Digraph:
    """A graph without time steps, laid out by `dot`."""
    from graphviz import Digraph

    theme = paint.theme
    heading = {"label": quoted(title), "labelloc": "t", "fontname": FACE, "fontcolor": theme.ink}
    g = Digraph(
        graph_attr={"rankdir": "LR", "bgcolor": theme.paper, **heading},
        node_attr=BOX | {"fontname": FACE, "fontsize": "11"},
    )
    tips, looks = tooltips(view), paint.looks(view.strengths())
    for box in (*view.boxes, *view.pills):
        g.node(f"n{box.id}", **attributes(box, tips[box.id], looks[box.id], theme))
    for box in view.boxes:
        for chip in box.chips:
            look = looks[box.id, chip.leaf]
            g.edge(f"n{chip.leaf}", f"n{box.id}", color=look.stroke, penwidth=f"{look.width:.2f}")
    for edge in view.edges:
        g.edge(f"n{edge.source}", f"n{edge.target}", **stroke(edge, looks[edge]))
    return g


def attributes(box: Box, tip: str, look: Look, theme: Theme) -> dict[str, str]:
    """The attributes of a box."""
    style = ("filled" if box.kind == "input" else "filled,rounded") + (",dashed" if box.strength == 0.0 else "")
    return {
        "label": caption(box),
        "style": style,
        "fillcolor": look.fill,
        "fontcolor": look.ink,
        "color": theme.ink if box.state else theme.zero_line,
        "penwidth": "2.2" if box.state else "1",
        "tooltip": quoted(tip, 400),
    }


def caption(box: Box) -> str:
    """What is written on a box, in the markup of Graphviz: the same slants, weights and indices as in the SVG."""
    parts = []
    for line in box.lines:
        index = "" if line.subscript is None else "ₜ" if line.subscript == "t" else subscript(str(line.subscript))
        words = x(line.words) + index
        words = f"<I>{words}</I>" if line.italic and words else words
        words = f"<B>{words}</B>" if line.bold and words else words
        parts.append(f'<FONT POINT-SIZE="{line.size}">{words or " "}</FONT>')
    if chips_inside(box):
        parts.append(f'<FONT POINT-SIZE="{CHIP_HEIGHT}"> </FONT>')
    return f"<{'<BR/>'.join(parts)}>"


def stroke(edge: Edge, look: Look) -> dict[str, str]:
    """The attributes of an edge."""
    return {
        "color": look.stroke,
        "penwidth": f"{look.width:.2f}",
        "style": "dashed" if look.strength == 0.0 or HIDDEN in (edge.source, edge.target) else "solid",
        "arrowsize": f"{0.45 + 0.06 * look.width:.2f}",
    }


def place(x: float, y: float, width: float, height: float, high: float) -> dict[str, str]:
    """Position and size of a node, for nop2."""
    return {"pos": f"{x:.2f},{high - y:.2f}!", "width": f"{width / 72:.4f}", "height": f"{height / 72:.4f}"}


def bezier(route: Route, high: float) -> str:
    """The corners as cubic curves: 3n + 1 points after the tip of the arrow."""
    points = [(x, high - y) for x, y in route.points]
    (x1, y1), (x2, y2) = points[-2:]
    length = math.hypot(x2 - x1, y2 - y1) or 1.0
    tip = points[-1]
    points[-1] = (x2 - (x2 - x1) / length * min(6.0, length), y2 - (y2 - y1) / length * min(6.0, length))
    parts = [points[0]]
    for (ax, ay), (bx, by) in pairwise(points):
        parts += [(ax + (bx - ax) / 3, ay + (by - ay) / 3), (ax + (bx - ax) * 2 / 3, ay + (by - ay) * 2 / 3), (bx, by)]
    return f"e,{tip[0]:.2f},{tip[1]:.2f} " + " ".join(f"{x:.2f},{y:.2f}" for x, y in parts)


def quoted(words: str, longest: int = 80) -> str:
    """Any text as a label: Graphviz reads a backslash as an escape and a label in <> as HTML."""
    from graphviz import escape

    # of the type of `escape`: as a bare str, a text in <> would be HTML again
    quoted: str = escape("\n".join(clean(line, longest) for line in words.split("\n")))
    return quoted
