"""A layout as SVG text: plain elements, nothing to install, the same bytes for the same graph."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence

from ..layout.placed_parts import Layout, Route, threads
from ..layout.sheet import CAPTION, Sheet
from ..layout.size import CHIP_HEIGHT, NAME, SMALL, PlacedBox, chip_spots, chips_inside, lines_of
from ..style import FONT, Brush, clean, ink_on, text_width
from ..view.boxes import Chip
from ..view.shown_graph import View
from ..view.tooltips import box_words, chip_words
from .animation import Animation
from .arrivals import Arrivals
from .hidden_steps import hidden_steps
from .legend import Legend, keys, paint_keys
from .shapes import f, rounded, text, where, x

__all__ = ["Painter", "paint", "painters_of", "surroundings"]


def paint(sheet: Sheet, brush: Brush, title: str, description: str, prefix: str, arrivals: Sequence[Arrivals] = ()) -> str:
    """The whole picture, moving if there are `arrivals` for every layout. Every id, and every class, starts with `prefix`."""
    theme = brush.theme
    around, width = surroundings(sheet, brush, title, prefix)
    height = math.ceil(sheet.height)
    painters = painters_of(sheet, brush, prefix, arrivals)
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{f(width)}" height="{f(height)}" viewBox="0 0 {f(width)} {f(height)}" '
        f'role="img" aria-labelledby="{prefix}-title {prefix}-desc" font-family="{FONT}">'
    )
    lines = [
        head,
        f'<title id="{prefix}-title">{x(title)}</title>',
        f'<desc id="{prefix}-desc">{x(description)}</desc>',
        *(p.motion.sheet() for p in painters if arrivals),
        f'<rect width="{f(width)}" height="{f(height)}" fill="{theme.paper}"/>',
        *(element for p in painters for element in p.everything()),
        *around,
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def painters_of(sheet: Sheet, brush: Brush, prefix: str, arrivals: Sequence[Arrivals] = ()) -> list[Painter]:
    """One painter for every layout, with a prefix of its own if there are several."""
    prefixes = [prefix] if len(sheet.layouts) == 1 else [f"{prefix}p{k}" for k in range(len(sheet.layouts))]
    turns = arrivals or [Arrivals() for _ in prefixes]
    return [Painter(*part) for part in zip(sheet.layouts, [brush] * len(prefixes), prefixes, turns, strict=True)]


def surroundings(sheet: Sheet, brush: Brush, title: str, prefix: str) -> tuple[list[str], int]:
    """Title, captions, legend and the meaning of the shapes; and how wide the picture is with them."""
    ink = brush.theme.ink
    legend = Legend([layout.view for layout in sheet.layouts], brush, prefix)
    shapes, right = keys(sheet.layouts)
    wide = [26 + text_width(title, 17, bold=True) + 70 + legend.width()]
    wide += [caption.x + text_width(caption.words, CAPTION, bold=True) + 26 for caption in sheet.captions]
    width = math.ceil(max(sheet.width, right, *wide))
    top = [text(26, 36, title, 17, ink, 'font-weight="bold"'), *legend.draw(width)]
    top += [text(caption.x, caption.y, caption.words, CAPTION, ink, 'font-weight="bold"') for caption in sheet.captions]
    return [*top, *paint_keys(shapes, sheet.height, brush, prefix)], width


class Painter:
    """Turns the parts of a layout into elements."""

    def __init__(self, layout: Layout, brush: Brush, prefix: str, arrivals: Arrivals) -> None:
        self.layout, self.brush, self.theme, self.prefix = layout, brush, brush.theme, prefix
        self.view: View = layout.view
        self.arrivals = arrivals
        self.motion = Animation(prefix, brush.theme, arrivals)

    def everything(self) -> Iterable[str]:
        """All elements, those behind others first."""
        parts = self.bands(), self.rows(), self.threads(), self.edges(), self.nodes(), self.panel(), self.hidden_steps()
        return (element for part in parts for element in part)

    def hidden_steps(self) -> Iterable[str]:
        """The tile of the hidden steps."""
        return hidden_steps(self.layout, self.brush, self.prefix, self.motion)

    def bands(self) -> Iterable[str]:
        """The columns, with their names below."""
        t = self.theme
        for band in self.layout.bands:
            middle = (band.left + band.right) / 2
            place = where(middle, (band.top + band.bottom) / 2, band.right - band.left, band.bottom - band.top)
            fill = t.band if band.column < self.view.after else t.paper
            yield f'<rect {place} rx="10" fill="{fill}" stroke="{t.line}"/>'
            yield text(middle, band.bottom + 18, band.words, 13, t.soft, 'font-style="italic" text-anchor="middle"')

    def rows(self) -> Iterable[str]:
        """Which layer and direction the rows belong to, with a line along them; and what the loops of a rolled view mean."""
        if self.layout.loops is not None:
            x0, y0, where_to = self.layout.loops
            yield text(x0, y0 - 7, where_to, 11, self.theme.soft, 'font-style="italic" text-anchor="middle"')
        for row in self.layout.row_labels:
            yield f'<path d="M{f(row.x)} {f(row.top)}V{f(row.bottom)}" stroke="{self.theme.line}" stroke-width="1.5"/>'
            middle = (row.top + row.bottom) / 2 + 4
            yield text(row.x - 8, middle, row.words, 12, self.theme.soft, 'font-weight="bold" text-anchor="end"')

    def threads(self) -> Iterable[str]:
        """Faint lines from every weight to its uses."""
        if self.view.weights != "edges":
            return
        yield f'<g id="{self.prefix}-threads" fill="none" stroke-opacity="0.6">'
        for curve, chip, node in threads(self.layout):
            start, *rest = (f"{f(x0)} {f(y0)}" for x0, y0 in curve)
            way = f"M{start}C{' '.join(rest)}"
            s = chip.strength
            dash = ' stroke-dasharray="2 3"' if s == 0.0 else ""
            id = f"{self.prefix}-t{node.box.id}-{chip.leaf}"
            mark = self.motion.mark("thread", self.arrivals.chips.get((node.box.id, chip.leaf)))
            yield f'<path id="{id}"{mark} d="{way}" stroke="{self.brush.stroke(s)}" stroke-width="{f(self.brush.thread(s))}"{dash}/>'
        yield "</g>"

    def edges(self) -> Iterable[str]:
        """All edges, the strongest on top."""

        def order(route: Route) -> tuple[float, int, int]:
            s = route.edge.strength
            size = -math.inf if not s else round(math.log10(s), 3) if math.isfinite(s) else math.inf
            return size, route.edge.source, route.edge.target  # rounded: the last digits differ from one CPU to the next

        yield f'<g id="{self.prefix}-edges" fill="none" stroke-linejoin="round">'
        seen: Counter[tuple[int, int]] = Counter()
        ids = {}
        for route in self.layout.routes:
            ends = (route.edge.source, route.edge.target)
            ids[route] = "-e" + "-".join("x" if end < 0 else str(end) for end in ends) + f"-{seen[ends]}"
            seen[ends] += 1
        for route in sorted(self.layout.routes, key=order):
            yield self.edge(route, self.prefix + ids[route])
        yield "</g>"

    def edge(self, route: Route, id: str) -> str:
        """One edge with its head."""
        s = route.edge.strength
        colour, width = self.brush.stroke(s), self.brush.width(s)
        head, half = 5.5 + 1.15 * width, 2.8 + 0.85 * width
        (x1, y1), (x2, y2) = route.points[-2:]
        length = math.hypot(x2 - x1, y2 - y1) or 1.0
        dx, dy = (x2 - x1) / length, (y2 - y1) / length
        neck = (x2 - dx * (head - 0.5), y2 - dy * (head - 0.5))
        back = (x2 - dx * head, y2 - dy * head)
        dash = ' stroke-dasharray="2 3"' if s == 0.0 else ' stroke-dasharray="5 4"' if route.dashed else ""
        mark = self.motion.mark("dashed" if route.dashed else "edge", self.arrivals.edges.get(route.edge))
        cut = ""
        if route.cut is not None:  # two strokes across: nothing goes back from here
            x0, y0 = route.cut
            slants = "".join(f"M{f(x0 + dx0)} {f(y0 + 6)}L{f(x0 + dx0 + 4)} {f(y0 - 6)}" for dx0 in (-5, 0))
            cut = f'<path d="{slants}" stroke="{self.theme.ink}" stroke-width="1.8"/>'
            cut += text(x0 + 3, y0 - 10, "detached", 10, self.theme.soft, 'font-style="italic" text-anchor="end" stroke="none"')
        tip = f"M{f(x2)} {f(y2)}L{f(back[0] - dy * half)} {f(back[1] + dx * half)}L{f(back[0] + dy * half)} {f(back[1] - dx * half)}Z"
        return (
            f'<g id="{id}"{mark}><path d="{rounded([*route.points[:-1], neck])}" stroke="{colour}" stroke-width="{f(width)}"{dash}/>'
            f'<path d="{tip}" fill="{colour}"/>{cut}</g>'
        )

    def nodes(self) -> Iterable[str]:
        """All boxes with their chips."""
        yield f'<g id="{self.prefix}-nodes" text-anchor="middle">'
        for node in self.layout.boxes:
            yield self.node(node, f"{self.prefix}-n{node.box.id}")
        yield "</g>"

    def node(self, node: PlacedBox, id: str) -> str:
        """One box with its texts and chips."""
        t, box = self.theme, node.box
        fill = self.brush.fill(box.strength)
        ink = ink_on(fill)
        line, thick = (t.ink, 2.2) if box.state else (t.zero_line, 1.0)
        dash = ' stroke-dasharray="3 2"' if box.strength == 0.0 else ""
        high = node.height
        radius = {"pill": high / 2, "start": high / 2, "input": 2.5, "group": 9.0}.get(box.kind, 7.0)
        parts = [
            f'<g id="{id}"{self.motion.mark("box", self.arrivals.boxes.get(box.id))}>{self.tip(box_words(self.view, box))}',
            f'<rect {where(node.x, node.y, node.width, high)} rx="{f(radius)}" '
            f'fill="{fill}" stroke="{line}" stroke-width="{f(thick)}"{dash}/>',
        ]
        centre = node.y - (CHIP_HEIGHT + 3) / 2 if chips_inside(box) else node.y
        lines = lines_of(box)
        for written, down in zip(lines, (-2.0, 12.0) if len(lines) > 1 else (4.5,), strict=True):
            style = 'font-style="italic"' * written.italic + ' font-weight="bold"' * written.bold
            parts.append(text(node.x, centre + down, written.words, written.size, ink, style, written.index))
        parts += [self.chip(node, *spot) for spot in chip_spots(node)]
        return "".join(parts) + "</g>"

    def tip(self, words: str) -> str:
        """What shows where the pointer rests."""
        return f"<title>{x(words)}</title>"

    def chip(self, node: PlacedBox, chip: Chip, cx: float, cy: float, width: float) -> str:
        """One chip around (cx, cy)."""
        t = self.theme
        fill = self.brush.fill(chip.strength)
        dash = ' stroke-dasharray="2 1.5"' if chip.strength == 0.0 else ""
        line = t.zero_line if chip.strength in (None, 0.0) else t.band
        mark = self.motion.mark("chip", self.arrivals.chips.get((node.box.id, chip.leaf)))
        return (
            f'<g id="{self.prefix}-c{node.box.id}-{chip.leaf}"{mark}>{self.tip(chip_words(self.view, chip))}'
            f'<rect {where(cx, cy, width, CHIP_HEIGHT)} rx="{f(CHIP_HEIGHT / 2)}" '
            f'fill="{fill}" stroke="{line}" stroke-width="1.2"{dash}/>'
            f"{text(cx, cy + 3.4, clean(chip.label, 7), SMALL, ink_on(fill))}</g>"
        )

    def panel(self) -> Iterable[str]:
        """The weights."""
        t, panel = self.theme, self.layout.panel
        if not panel.pills:
            return
        yield f'<g id="{self.prefix}-weights">'
        for words, y in panel.headings:
            yield text(self.layout.margin, y, words, 12, t.soft, 'font-weight="bold"')
        for pill in panel.pills:
            node = pill.node
            yield self.node(node, f"{self.prefix}-w{node.box.id}").replace("<g ", '<g text-anchor="middle" ', 1)
            first = node.y + (3 if len(pill.lines) == 1 else -2)
            for k, line in enumerate(pill.lines):
                yield text(node.x + node.width / 2 + 7, first + 12.5 * k, line, NAME, t.soft)
        yield "</g>"
