"""The painter: boxes, chips, the arrows of gradients, and what stands around them, as shapes in the colours of `style`."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Iterator, Sequence
from typing import NamedTuple

from ..layout.placed_parts import Layout, Route, threads
from ..layout.sheet import CAPTION, Sheet
from ..layout.size import CHIP_HEIGHT, PlacedBox, chip_spots, chips_inside, text_width
from ..style import FONT, Brush, clean
from ..view.boxes import NAME, SMALL
from ..view.tooltips import tooltips
from .animation import style_sheet
from .arrivals import Arrivals
from .hidden_tile import hidden_steps
from .legend import Legend, keys
from .shapes import Group, Line, Rect, Shape, Words, written, x

__all__ = ["Painter", "Picture", "paint", "painters_of", "picture", "surroundings"]

CORNER = 6.0  # the radius where an arrow bends
Stroke = tuple[str | float, ...]


class Picture(NamedTuple):
    """All shapes of a picture, those behind others first, on paper of a size and colour."""

    shapes: list[Shape]
    width: int
    height: int
    paper: str


def paint(sheet: Sheet, brush: Brush, title: str, description: str, prefix: str, arrivals: Sequence[Arrivals] = ()) -> str:
    """The whole picture as SVG, moving if there are `arrivals` for every layout. Every id, and every class, starts with `prefix`."""
    painters = painters_of(sheet, brush, prefix, arrivals)
    shapes, width, height, paper = picture(sheet, brush, title, prefix, painters)
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
        f'role="img" aria-labelledby="{prefix}-title {prefix}-desc" font-family="{FONT}">'
    )
    lines = [
        head,
        f'<title id="{prefix}-title">{x(title)}</title>',
        f'<desc id="{prefix}-desc">{x(description)}</desc>',
        *(style_sheet(p.prefix, brush.theme, p.arrivals.last) for p in painters if arrivals),
        f'<rect width="{width}" height="{height}" fill="{paper}"/>',
        *written(shapes),
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def picture(sheet: Sheet, brush: Brush, title: str, prefix: str, painters: Sequence[Painter]) -> Picture:
    """The whole picture, with what stands around the layouts of the painters."""
    around, width = surroundings(sheet, brush, title, prefix)
    shapes = [shape for p in painters for shape in p.everything()]
    return Picture([*shapes, *around], width, math.ceil(sheet.height), brush.theme.paper)


def painters_of(
    sheet: Sheet, brush: Brush, prefix: str, arrivals: Sequence[Arrivals] = (), until: float = math.inf
) -> list[Painter]:
    """One painter for every layout, with a prefix of its own if there are several."""
    prefixes = [prefix] if len(sheet.layouts) == 1 else [f"{prefix}p{k}" for k in range(len(sheet.layouts))]
    turns = arrivals or [Arrivals() for _ in prefixes]
    return [Painter(layout, brush, own, turn, until) for layout, own, turn in zip(sheet.layouts, prefixes, turns, strict=True)]


def surroundings(sheet: Sheet, brush: Brush, title: str, prefix: str) -> tuple[list[Shape], int]:
    """Title, captions, legend and the meaning of the shapes; and how wide the picture is with them."""
    ink = brush.theme.ink
    legend = Legend([layout.view for layout in sheet.layouts], brush, prefix)
    meanings, right = keys(sheet.layouts, sheet.height, brush, prefix)
    wide = [26 + text_width(title, 17, bold=True) + 70 + legend.width]
    wide += [caption.x + text_width(caption.words, CAPTION, bold=True) + 26 for caption in sheet.captions]
    width = math.ceil(max(sheet.width, right, *wide))
    captions = [Words(caption.x, caption.y, caption.words, CAPTION, ink, bold=True) for caption in sheet.captions]
    top: list[Shape] = [Words(26, 36, title, 17, ink, bold=True), legend.shapes(width), *captions]
    return [*top, meanings], width


class Painter:
    """Turns the parts of a layout into shapes. What gets its gradient after the event `until` is painted plain."""

    def __init__(self, layout: Layout, brush: Brush, prefix: str, arrivals: Arrivals, until: float = math.inf) -> None:
        self.layout, self.view, self.theme, self.prefix = layout, layout.view, brush.theme, prefix
        self.brush, self.arrivals, self.until = brush, arrivals, until
        self.tips = self.tooltips()
        self.moments = arrivals.moments
        arrived = {part: s if self.moments.get(part, 0) <= until else None for part, s in self.view.strengths().items()}
        self.looks = brush.looks(arrived)

    def tooltips(self) -> dict[Hashable, str]:
        """What shows where the pointer rests: nothing over pixels."""
        return tooltips(self.view) if self.until == math.inf else {}

    def mark(self, kind: str, part: Hashable) -> str:
        """The attributes of a part that gets its gradient in some event, with a space before them."""
        moment = self.moments.get(part)
        return "" if moment is None or self.until < math.inf else f' class="{self.prefix}-{kind}" style="--event:{moment}"'

    def everything(self) -> list[Shape]:
        """All shapes, those behind others first."""
        back = [*self.bands(), *self.row_labels(), *self.threads()]
        return [*back, self.arrows(), self.boxes(), *self.panel(), *self.hidden_steps()]

    def hidden_steps(self) -> list[Shape]:
        """The tile of the hidden steps."""
        return hidden_steps(self.layout, self.brush, self.prefix, self.looks, self.mark)

    def bands(self) -> Iterator[Shape]:
        """The columns, with their names below."""
        t = self.theme
        for band in self.layout.bands:
            middle, fill = (band.left + band.right) / 2, t.band if band.column < self.view.after else t.paper
            yield Rect(
                middle, (band.top + band.bottom) / 2, band.right - band.left, band.bottom - band.top, fill, t.line, radius=10
            )
            yield Words(middle, band.bottom + 18, band.words, 13, t.soft, "middle", italic=True)

    def row_labels(self) -> Iterator[Shape]:
        """Which layer and direction the rows belong to, with a line along them; and what the loops of a rolled view mean."""
        t = self.theme
        if self.layout.loops is not None:
            x0, y0, where_to = self.layout.loops
            yield Words(x0, y0 - 7, where_to, 11, t.soft, "middle", italic=True)
        for row in self.layout.row_labels:
            yield Line([("M", row.x, row.top), ("V", row.bottom)], t.line, 1.5)
            yield Words(row.x - 8, (row.top + row.bottom) / 2 + 4, row.words, 12, t.soft, "end", bold=True)

    def threads(self) -> list[Shape]:
        """Faint lines from every weight to its uses."""
        if self.view.weights != "edges":
            return []
        found = []
        for (start, *rest), chip, placed in threads(self.layout):
            part = placed.box.id, chip.leaf
            look, mark = self.looks[part], self.mark("thread", part)
            way: list[Stroke] = [("M", *start), ("C", *(number for point in rest for number in point))]
            id = f' id="{self.prefix}-t{placed.box.id}-{chip.leaf}"'
            found.append(Line(way, look.stroke, look.thread, "2 3" if look.strength == 0.0 else "", mark=id + mark))
        return [Group(f' id="{self.prefix}-threads" fill="none" stroke-opacity="0.6"', found, tall=True)]

    def arrows(self) -> Group:
        """All edges, the strongest on top."""

        def order(route: Route) -> tuple[float, int, int]:
            s = route.edge.strength
            size = -math.inf if not s else round(math.log10(s), 3) if math.isfinite(s) else math.inf
            return size, route.edge.source, route.edge.target  # rounded: the last digits differ from one CPU to the next

        seen: Counter[tuple[int, int]] = Counter()
        ids = {}
        for route in self.layout.routes:
            ends = (route.edge.source, route.edge.target)
            ids[route] = "-e" + "-".join("x" if end < 0 else str(end) for end in ends) + f"-{seen[ends]}"
            seen[ends] += 1
        arrows = [self.arrow(route, self.prefix + ids[route]) for route in sorted(self.layout.routes, key=order)]
        return Group(f' id="{self.prefix}-edges" fill="none" stroke-linejoin="round"', arrows, tall=True)

    def arrow(self, route: Route, id: str) -> Group:
        """One edge with its head: the stronger its gradient, the wider and the deeper in colour."""
        look = self.looks[route.edge]
        head, half = 5.5 + 1.15 * look.width, 2.8 + 0.85 * look.width
        (x1, y1), (x2, y2) = route.points[-2:]
        length = math.hypot(x2 - x1, y2 - y1) or 1.0
        dx, dy = (x2 - x1) / length, (y2 - y1) / length
        neck = (x2 - dx * (head - 0.5), y2 - dy * (head - 0.5))
        bx, by = x2 - dx * head, y2 - dy * head
        dash = "2 3" if look.strength == 0.0 else "5 4" if route.dashed else ""
        tip = [("M", x2, y2), ("L", bx - dy * half, by + dx * half), ("L", bx + dy * half, by - dx * half), ("Z",)]
        line = rounded([*route.points[:-1], neck])
        shapes: list[Shape] = [Line(line, look.stroke, look.width, dash), Line(tip, fill=look.stroke)]
        if route.cut is not None:  # two strokes across: nothing goes back from here
            x0, y0 = route.cut
            slants = [part for dx0 in (-5, 0) for part in (("M", x0 + dx0, y0 + 6), ("L", x0 + dx0 + 4, y0 - 6))]
            shapes.append(Line(slants, self.theme.ink, 1.8))
            shapes.append(Words(x0 + 3, y0 - 10, "detached", 10, self.theme.soft, "end", italic=True, stroke="none"))
        return Group(f' id="{id}"{self.mark("dashed" if route.dashed else "edge", route.edge)}', shapes)

    def boxes(self) -> Group:
        """All boxes with their chips."""
        boxes = [self.box(placed, f' id="{self.prefix}-n{placed.box.id}"') for placed in self.layout.boxes]
        return Group(f' id="{self.prefix}-nodes" text-anchor="middle"', boxes, tall=True)

    def box(self, placed: PlacedBox, attributes: str) -> Group:
        """One box with its texts and chips."""
        t, box, look = self.theme, placed.box, self.looks[placed.box.id]
        line, thick = (t.ink, 2.2) if box.state else (t.zero_line, 1.0)
        dash = "3 2" if look.strength == 0.0 else ""
        radius = {"pill": placed.height / 2, "start": placed.height / 2, "input": 2.5, "group": 9.0}.get(box.kind, 7.0)
        middle = placed.x, placed.y
        shapes: list[Shape] = [Rect(*middle, placed.width, placed.height, look.fill, line, thick, dash, radius)]
        centre = placed.y - (CHIP_HEIGHT + 3) / 2 if chips_inside(box) else placed.y
        lines = box.lines
        for text, down in zip(lines, (-2.0, 12.0) if len(lines) > 1 else (4.5,), strict=True):
            place = placed.x, centre + down
            shapes.append(Words(*place, text.words, text.size, look.ink, "", text.italic, text.bold, text.subscript))
        for chip, cx, cy, width in chip_spots(placed):
            part = box.id, chip.leaf
            own = self.looks[part]
            border = t.zero_line if own.strength in (None, 0.0) else t.band
            dash = "2 1.5" if own.strength == 0.0 else ""
            mark = Rect(cx, cy, width, CHIP_HEIGHT, own.fill, border, 1.2, dash, CHIP_HEIGHT / 2)
            words = Words(cx, cy + 3.4, clean(chip.label, 7), SMALL, own.ink)
            id = f' id="{self.prefix}-c{box.id}-{chip.leaf}"{self.mark("chip", part)}'
            shapes.append(Group(id, [mark, words], self.tips.get(part, "")))
        return Group(attributes + self.mark("box", box.id), shapes, self.tips.get(box.id, ""))

    def panel(self) -> list[Shape]:
        """The weights."""
        t, panel = self.theme, self.layout.panel
        if not panel.pills:
            return []
        shapes: list[Shape] = [Words(self.layout.margin, y, words, 12, t.soft, bold=True) for words, y in panel.headings]
        for pill in panel.pills:
            placed = pill.placed
            shapes.append(self.box(placed, f' text-anchor="middle" id="{self.prefix}-w{placed.box.id}"'))
            first, beside = placed.y + (3 if len(pill.lines) == 1 else -2), placed.x + placed.width / 2 + 7
            shapes += [Words(beside, first + 12.5 * k, line, NAME, t.soft) for k, line in enumerate(pill.lines)]
        return [Group(f' id="{self.prefix}-weights"', shapes, tall=True)]


def rounded(points: Sequence[tuple[float, float]]) -> list[Stroke]:
    """A way through corners that are rounded as far as there is room."""
    way: list[Stroke] = [("M", *points[0])]
    for (ax, ay), (bx, by), (cx, cy) in zip(points, points[1:], points[2:], strict=False):
        first, second = math.hypot(bx - ax, by - ay), math.hypot(cx - bx, cy - by)
        r = min(CORNER, first / 2, second / 2)
        if r < 0.5:
            way.append(("L", bx, by))
            continue
        way.append(("L", bx - (bx - ax) / first * r, by - (by - ay) / first * r))
        way.append(("Q", bx, by, bx + (cx - bx) / second * r, by + (cy - by) / second * r))
    return [*way, ("L", *points[-1])]
