"""The picture that the script of a page colours: the SVG of a view, without colours, whose parts say which part they are."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import replace

from ..layout.placed_parts import Layout
from ..style import FONT, Brush, Scale, Theme
from ..svg.arrivals import Arrivals
from ..svg.painter import Painter
from ..svg.shapes import f, written
from ..view.shown_graph import View

__all__ = ["bare", "skeleton"]

# what does not change with a gradient has the colours of the page's style sheet; the rest is painted plain, and coloured by it
VARIABLES = Theme(
    paper="var(--paper)", band="var(--band)", line="var(--line)", ink="var(--strong)", soft="var(--soft)", plain="#ffffff",
    zero="var(--zero)", zero_line="var(--edge)", broken="var(--broken)", faint=0.0, strong=1.0,
)  # fmt: skip
AIR = 8.0


def bare(view: View) -> View:
    """A view without strengths; those of hidden steps stay, which are drawn as the heights of bars."""
    boxes = [replace(b, strength=None, chips=tuple(replace(c, strength=None) for c in b.chips)) for b in view.boxes]
    edges = [replace(e, strength=None) for e in view.edges]
    return replace(view, boxes=tuple(boxes), edges=tuple(edges), pills=())


def skeleton(layout: Layout, scale: Scale) -> tuple[str, tuple[float, float, float, float]]:
    """The SVG, and the stretch of the layout that it shows: x, y, width, height. Panel and names of columns stand elsewhere."""
    bands = tuple(replace(band, words="") for band in layout.bands)
    numbers = tuple(replace(n, box=replace(n.box, name=n.box.name.partition(", ∂")[0])) for n in layout.boxes)
    blank = replace(layout, bands=bands, boxes=layout.boxes if layout.view.steps else numbers)  # derivatives come in their turn
    painter = Bare(blank, Brush(scale, VARIABLES), "part")
    bends = [y for route in layout.routes for _, y in route.points]
    left = min(
        [n.x - n.width / 2 for n in layout.boxes] + [b.left for b in layout.bands] + [row.x - 8 for row in layout.row_labels]
    )
    top = min([n.y - n.height / 2 for n in layout.boxes] + [b.top for b in layout.bands] + bends)
    bottom = max([n.y + n.height / 2 for n in layout.boxes] + [b.bottom for b in layout.bands] + bends)
    below = 2 * AIR if layout.gap else AIR  # the tile of hidden steps has its name there
    frame = left - AIR, top - AIR, layout.width - left + AIR - 18, bottom - top + AIR + below
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{" ".join(map(f, frame))}" font-family="{FONT}">'
    return "\n".join([head, *painter.parts(), "</svg>"]), frame


class Bare(Painter):
    """Paints without the strengths, titles and tooltips that the page shows in its own places."""

    def __init__(self, layout: Layout, brush: Brush, prefix: str) -> None:
        view = layout.view
        chips = [(box.id, chip.leaf) for box in view.boxes for chip in box.chips]
        marks = Arrivals(
            boxes={box.id: box.id for box in view.boxes},
            chips={chip: k for k, chip in enumerate(chips)},
            edges={edge: k for k, edge in enumerate(view.edges)},
            bars={
                (line.name, line.where, step): id
                for line in view.series
                for (step, _), id in zip(line.bars, line.records, strict=True)
                if id is not None
            },
        )
        super().__init__(layout, brush, prefix, marks)

    def parts(self) -> list[str]:
        """Everything but the panel of weights."""
        return written([*self.bands(), *self.row_labels(), self.arrows(), self.boxes(), *self.hidden_steps()])

    def mark(self, kind: str, part: Hashable) -> str:
        """The attribute by which the script finds a part: a box by its youngest node, others by their place in the data."""
        number = self.moments.get(part)
        return "" if number is None else f' data-{"edge" if kind == "dashed" else kind}="{number}"'

    def tooltips(self) -> dict[Hashable, str]:
        """None: the page has a reader."""
        return {}
