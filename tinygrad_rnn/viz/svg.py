"""A layout as SVG text: plain elements, nothing to install, the same bytes for the same graph."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable

from .boxes import Chip
from .elements import f, rounded, text, where, x
from .layout import Layout, Path
from .legend import Legend, hidden_steps, keys, paint_keys
from .size import CHIP_HEIGHT, LABEL, NAME, SMALL, Node, chip_spots, label_of, name_of
from .style import FONT, Brush, clean, ink_on, text_width
from .view import HIDDEN, View
from .words import box_words, chip_words

__all__ = ["Painter", "paint"]


def paint(layout: Layout, brush: Brush, title: str, description: str, prefix: str) -> str:
    """The whole picture. Every id starts with `prefix`."""
    p, theme = Painter(layout, brush, prefix), brush.theme
    around, width = p.around(title)
    height = math.ceil(layout.height)
    body = [*p.bands(), *p.edges(), *p.nodes(), *p.panel(), *around]
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{f(width)}" height="{f(height)}" viewBox="0 0 {f(width)} {f(height)}" '
        f'role="img" aria-labelledby="{prefix}-title {prefix}-desc" font-family="{FONT}">'
    )
    lines = [
        head,
        f'<title id="{prefix}-title">{x(title)}</title>',
        f'<desc id="{prefix}-desc">{x(description)}</desc>',
        f'<rect width="{f(width)}" height="{f(height)}" fill="{theme.paper}"/>',
        *body,
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


class Painter:
    """Turns the parts of a layout into elements."""

    def __init__(self, layout: Layout, brush: Brush, prefix: str) -> None:
        self.layout, self.brush, self.theme, self.prefix = layout, brush, brush.theme, prefix
        self.view: View = layout.view

    def around(self, title: str) -> tuple[list[str], int]:
        """The title, the tile of hidden steps, the legend and the meaning of the shapes; and how wide the picture is with them."""
        layout, brush, prefix = self.layout, self.brush, self.prefix
        legend = Legend(self.view, brush, prefix)
        shapes, right = keys(layout)
        width = math.ceil(max(layout.width, right, 26 + 1.12 * text_width(title, 17) + 70 + legend.width()))
        top = [text(26, 36, title, 17, self.theme.ink, 'font-weight="bold"'), *legend.draw(width)]
        return [*top, *hidden_steps(layout, brush, prefix), *paint_keys(shapes, layout, brush, prefix)], width

    def bands(self) -> Iterable[str]:
        t, after, graph = self.theme, self.view.after, self.view.graph
        last = [graph[p].kind for box in self.view.boxes if box.column == after for m in box.members for p in graph[m].parents]
        for band in self.layout.bands:
            middle = (band.left + band.right) / 2
            place = where(middle, (band.top + band.bottom) / 2, band.right - band.left, band.bottom - band.top)
            yield f'<rect {place} rx="10" fill="{t.band if band.column < after else t.paper}" stroke="{t.line}"/>'
            end = "readout and loss" if "parameter" in last and band.right - band.left > 110 else "loss"
            words = f"t = {self.view.steps[band.column]}" if band.column < after else end
            yield text(middle, band.bottom + 18, words, 13, t.soft, 'font-style="italic" text-anchor="middle"')

    def edges(self) -> Iterable[str]:
        def order(path: Path) -> tuple[float, int, int]:
            s = path.edge.strength
            size = -math.inf if not s else round(math.log10(s), 3) if math.isfinite(s) else math.inf
            return size, path.edge.source, path.edge.target  # rounded: the last digits differ from one CPU to the next

        yield f'<g id="{self.prefix}-edges" fill="none" stroke-linejoin="round">'
        seen: Counter[tuple[int, int]] = Counter()
        ids = {}
        for path in self.layout.paths:
            ends = (path.edge.source, path.edge.target)
            ids[path] = "-e" + "-".join("x" if end == HIDDEN else str(end) for end in ends) + f"-{seen[ends]}"
            seen[ends] += 1
        for path in sorted(self.layout.paths, key=order):
            yield self.edge(path, self.prefix + ids[path])
        yield "</g>"

    def edge(self, path: Path, id: str) -> str:
        s = path.edge.strength
        colour, width = self.brush.stroke(s), self.brush.width(s)
        head, half = 5.5 + 1.15 * width, 2.8 + 0.85 * width
        (x1, y1), (x2, y2) = path.points[-2:]
        length = math.hypot(x2 - x1, y2 - y1) or 1.0
        dx, dy = (x2 - x1) / length, (y2 - y1) / length
        neck = (x2 - dx * (head - 0.5), y2 - dy * (head - 0.5))
        back = (x2 - dx * head, y2 - dy * head)
        dash = ' stroke-dasharray="2 3"' if s == 0.0 else ' stroke-dasharray="5 4"' if path.dashed else ""
        tip = f"M{f(x2)} {f(y2)}L{f(back[0] - dy * half)} {f(back[1] + dx * half)}L{f(back[0] + dy * half)} {f(back[1] - dx * half)}Z"
        return (
            f'<g id="{id}"><path d="{rounded([*path.points[:-1], neck])}" stroke="{colour}" stroke-width="{f(width)}"{dash}/>'
            f'<path d="{tip}" fill="{colour}"/></g>'
        )

    def nodes(self) -> Iterable[str]:
        yield f'<g id="{self.prefix}-nodes" text-anchor="middle">'
        for node in self.layout.nodes:
            yield self.node(node, f"{self.prefix}-n{node.box.id}")
        yield "</g>"

    def node(self, node: Node, id: str) -> str:
        t, box = self.theme, node.box
        fill = self.brush.fill(box.strength)
        ink = ink_on(fill)
        line, thick = (t.ink, 2.2) if box.state else (t.zero_line, 1.0)
        dash = ' stroke-dasharray="3 2"' if box.strength == 0.0 else ""
        high = node.height
        radius = {"pill": high / 2, "start": high / 2, "input": 2.5, "group": 9.0}.get(box.kind, 7.0)
        parts = [
            f'<g id="{id}"><title>{x(box_words(self.view, box))}</title>',
            f'<rect {where(node.x, node.y, node.width, high)} rx="{f(radius)}" '
            f'fill="{fill}" stroke="{line}" stroke-width="{f(thick)}"{dash}/>',
        ]
        inside = box.chips and (len(box.chips) > 1 or box.kind != "op")
        centre = node.y - (CHIP_HEIGHT + 3) / 2 if inside else node.y
        if box.name:
            weight = ' font-weight="bold"' if box.kind == "group" else ""
            parts.append(text(node.x, centre - 2, label_of(box), LABEL, ink, weight))
            style = 'font-style="italic"' + (' font-weight="bold"' if box.state and box.kind == "op" else "")
            parts.append(text(node.x, centre + 12, name_of(box), NAME, ink, style, box.step if box.kind == "op" else None))
        else:
            style = 'font-style="italic"' if box.kind in ("input", "start") else ""
            parts.append(text(node.x, centre + 4.5, label_of(box), LABEL, ink, style, box.step))
        parts += [self.chip(node, *spot) for spot in chip_spots(node)]
        return "".join(parts) + "</g>"

    def chip(self, node: Node, chip: Chip, cx: float, cy: float, width: float) -> str:
        t = self.theme
        fill = self.brush.fill(chip.strength)
        dash = ' stroke-dasharray="2 1.5"' if chip.strength == 0.0 else ""
        line = t.zero_line if chip.strength in (None, 0.0) else t.band
        return (
            f'<g id="{self.prefix}-c{node.box.id}-{chip.leaf}"><title>{x(chip_words(self.view, chip))}</title>'
            f'<rect {where(cx, cy, width, CHIP_HEIGHT)} rx="{f(CHIP_HEIGHT / 2)}" '
            f'fill="{fill}" stroke="{line}" stroke-width="1.2"{dash}/>'
            f"{text(cx, cy + 3.4, clean(chip.label, 7), SMALL, ink_on(fill))}</g>"
        )

    def panel(self) -> Iterable[str]:
        t, panel = self.theme, self.layout.panel
        if not panel.pills:
            return
        yield f'<g id="{self.prefix}-weights">'
        for words, y in panel.headings:
            yield text(26, y, words, 12, t.soft, 'font-weight="bold"')
        for pill in panel.pills:
            node = pill.node
            yield self.node(node, f"{self.prefix}-w{node.box.id}").replace("<g ", '<g text-anchor="middle" ', 1)
            first = node.y + (3 if len(pill.lines) == 1 else -2)
            for k, line in enumerate(pill.lines):
                yield text(node.x + node.width / 2 + 7, first + 12.5 * k, line, NAME, t.soft)
        yield "</g>"
