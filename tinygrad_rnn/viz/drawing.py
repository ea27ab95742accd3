"""A picture that can be shown, saved, handed to Graphviz and told in words."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property, partial
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import DataError, GraphError, TinygradRnnError
from ..shared.atomic_files import target_of, write
from ..shared.checks import check_flags, check_size
from .formats.animated_gif import gif
from .formats.dot import dag, digraph
from .formats.graphviz_program import NotPainted, painted
from .formats.installed import installed_formats, written
from .layout.coordinates import arrange
from .layout.placed_parts import Layout
from .layout.sheet import Sheet, compared, single
from .page.framed import FramedPage
from .page.html import Control, Shown, page, views_of
from .style import THEMES, Brush, Scale, clean
from .svg.arrivals import Arrivals
from .svg.painter import Picture, paint, painters_of, picture
from .view.description import describe, heading
from .view.shown_graph import View

if TYPE_CHECKING:
    import graphviz

__all__ = ["Comparison", "Drawing"]

PREFIX = "\x01"  # stands for the prefix of ids until it is known; no text can hold it, since `clean` takes it out
KINDS = (".svg", ".png", ".pdf", ".dot", ".gif", ".html")
MOVING = (".svg", ".gif")
WIDEST = 30_000  # pixels of a PNG
MOST = 6000  # boxes in one picture


class Drawing:
    """A picture of a recorded graph. Notebooks show it by itself."""

    def __init__(self, view: View, theme: str, scale: Scale, title: str | None = None) -> None:
        self.view, self.theme, self._brush = view, theme, Brush(scale, THEMES[theme])
        self.title = heading(view) if title is None else clean(str(title), 160)

    def __repr__(self) -> str:
        return f"<Drawing {self.title}>"

    @property
    def scale(self) -> tuple[float, float]:
        """The powers of ten from the palest to the strongest colour."""
        return self._brush.scale.low, self._brush.scale.high

    @cached_property
    def layout(self) -> Layout:
        """Where everything stands. Raises `GraphError` if there is too much for a picture."""
        self._refuse_too_many()
        return arrange(self.view)

    @cached_property
    def sheet(self) -> Sheet:
        """The layout on its paper."""
        return single(self.layout)

    def _refuse_too_many(self) -> None:
        if len(self.view.boxes) > MOST:
            raise GraphError(
                f"a picture of {len(self.view.boxes)} boxes would not be readable",
                hint="elide=True or detail='cell' for steps under time_step(); a graph without steps is drawn in parts",
            )

    @cached_property
    def _svg(self) -> str:
        return self._painted()

    @cached_property
    def _moving(self) -> str:
        return self._painted(self._arrivals)

    def _painted(self, arrivals: Sequence[Arrivals] = ()) -> str:
        text = paint(self.sheet, self._brush, self.title, self.describe(), PREFIX, arrivals)
        # two drawings in one page must not share ids: the prefix is a digest of the drawing itself
        return text.replace(PREFIX, "g" + sha256(text.encode()).hexdigest()[:8])

    @cached_property
    def _arrivals(self) -> list[Arrivals]:
        if self.view.graph.root.grad is None:
            raise DataError("nothing moves in a picture without gradients", hint="draw a single number, such as a loss")
        if self.view.color != "grad":
            words = f"what moves is the gradient, and draw(color={self.view.color!r}) does not show it"
            raise DataError(words, hint="choose color='grad'")
        if self.view.turns:
            words = "what moves is the gradient from step to step, and a rolled picture shows all steps at once"
            raise DataError(words, hint="draw it unrolled: rolled=False")
        return [Arrivals.of(self.view)]

    def svg(self, animated: bool = False) -> str:
        """The picture as SVG text: the same bytes for the same graph.

        If `animated`, the colours arrive in the order of the backward pass, again and again. No script is needed, and readers who
        asked their system for less motion see the finished picture. Raises `DataError` if there are no gradients to show.

        >>> import tinygrad_rnn as tg
        >>> w = tg.Tensor(2.0, requires_grad=True, name="w")
        >>> picture = tg.draw(w * 3.0)
        >>> "@keyframes" in picture.svg(), "@keyframes" in picture.svg(animated=True)
        (False, True)
        """
        check_flags("svg", animated=animated)
        return self._moving if animated else self._svg

    def describe(self) -> str:
        """The picture in words.

        >>> import tinygrad_rnn as tg
        >>> w = tg.Tensor(2.0, requires_grad=True, name="w")
        >>> print(tg.draw(w * 3.0).describe())
        1 op, 1 weight.
        Gradient norms of the weights: w 3.
        """
        return describe(self.view)

    def to_graphviz(self) -> graphviz.Digraph:
        """The picture for Graphviz: with places of its own (`layout=nop2`), or a plain digraph where there are no time steps."""
        return digraph(self.sheet, self._brush, self.title) if self.view.steps else dag(self.view, self._brush, self.title)

    def save(self, path: str | os.PathLike[str], animated: bool = False) -> Path:
        """Write the picture; the suffix says how: .svg, .dot and .html need nothing, .png and .pdf Graphviz, .gif the extra `gif`.

        An .html is a page that plays the backward pass, event by event. A .gif is always `animated`, an .svg if asked for (see
        `svg`). Returns the path. Raises `DataError` if it cannot be written. Without Graphviz, PNG and PDF
        become an SVG beside it, unless there is one already. An installed package may bring more suffixes (entry points of the
        group `tinygrad_rnn.formats`).
        """
        check_flags("save", animated=animated)
        others = installed_formats(beside=KINDS)
        path = target_of(path, (*KINDS, *others), "picture")
        kind = path.suffix.lower()
        if animated and kind == ".html":
            raise DataError(f"{path.name!r} is a page that plays by itself", hint="leave out animated=True")
        if animated and kind not in MOVING:
            raise DataError(f"a picture in {path.name!r} cannot move", hint=f"the suffix is {' or '.join(MOVING)}")
        if kind in others:
            return write(path, written(others[kind], self))
        if kind == ".svg":
            return write(path, self.svg(animated).encode())
        if kind == ".gif":
            return write(path, gif(self._after, [moment for one in self._arrivals for moment in one.moments.values()]))
        if kind == ".dot":
            return write(path, self.to_graphviz().source.encode())
        if kind == ".html":
            return write(path, self._page().encode())
        return write(path, self._rendered(path, kind))

    def page(self, height: int = 720) -> FramedPage:
        """The page that plays the backward pass, as the last line of a notebook's cell: shown there, `height` pixels high.

        It is the page that `save("x.html")` writes. Raises `DataError` if there are no gradients to show.

        >>> import tinygrad_rnn as tg
        >>> w = tg.Tensor(2.0, requires_grad=True, name="w")
        >>> tg.draw(w * 3.0).page(height=600).title
        '1 op: gradient of the result'
        """
        return FramedPage(self._page(), self.title, check_size("height", height, 1))

    def _after(self, event: float) -> Picture:
        """The picture as it looks after that event of the backward pass."""
        painters = painters_of(self.sheet, self._brush, "g", self._arrivals, event)
        return picture(self.sheet, self._brush, self.title, "g", painters)

    def _page(self) -> str:
        _ = self._arrivals  # refuses what does not move
        self._refuse_too_many()
        view = self.view
        shown = Shown((), view.graph, self._brush.scale, partial(views_of, view))
        return page(self.title, "", [shown], (), {"detail": view.level}, (self.svg(), self.describe()))

    def _rendered(self, path: Path, kind: str) -> bytes:
        self._refuse_too_many()
        if self.view.steps and kind == ".png" and max(self.sheet.width, self.sheet.height) > WIDEST:
            raise DataError(
                f"a PNG of {self.sheet.width:.0f} × {self.sheet.height:.0f} pixels would be too large for most programs",
                hint="hide steps (elide=True) or save as .svg",
            )
        try:
            return painted(self.to_graphviz().source, kind[1:])
        except NotPainted as error:
            instead = path.with_suffix(".svg")
            if os.path.isfile(instead):
                raise DataError(f"{error.why}; {instead} is there already, so nothing was written", hint=error.hint) from None
            try:
                write(target_of(instead, KINDS, "picture"), self.svg().encode())
            except TinygradRnnError as other:
                raise DataError(f"{error.why}, and {other.message}", hint=error.hint) from None
            raise DataError(f"{error.why}, so {instead} was written in place of {path.name}", hint=error.hint) from None

    def _repr_svg_(self) -> str | None:
        return self._repr_mimebundle_().get("image/svg+xml")

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        words = f"{self!r}\n{self.describe()}"
        try:
            return {"image/svg+xml": self.svg(), "text/plain": words}
        except GraphError as error:  # a notebook shows the words alone, and why
            return {"text/plain": f"{words}\nNo picture: {error}"}


class Comparison(Drawing):
    """Several pictures on one sheet, with one title, one legend and one scale of colours."""

    def __init__(self, drawings: Sequence[Drawing], scale: Scale, title: str | None, across: bool) -> None:
        super().__init__(drawings[0].view, drawings[0].theme, scale, "A comparison" if title is None else title)
        self.drawings, self.across = tuple(drawings), across

    @cached_property
    def sheet(self) -> Sheet:
        """All layouts, under each other or side by side."""
        return compared([d.layout for d in self.drawings], [d.title for d in self.drawings], self.across)

    def _refuse_too_many(self) -> None:
        for drawing in self.drawings:
            drawing._refuse_too_many()

    @cached_property
    def _arrivals(self) -> list[Arrivals]:
        found = [arrivals for drawing in self.drawings for arrivals in drawing._arrivals]
        last = max(arrivals.last for arrivals in found)
        return [replace(arrivals, last=last) for arrivals in found]

    def _page(self) -> str:
        """A page with a control that chooses the picture."""
        _ = self._arrivals
        self._refuse_too_many()
        choices = tuple((str(k), drawing.title) for k, drawing in enumerate(self.drawings))
        views = [drawing.view for drawing in self.drawings]
        scale = self._brush.scale
        shown = [Shown((str(k),), view.graph, scale, partial(views_of, view)) for k, view in enumerate(views)]
        start = {"picture": "0", "detail": views[0].level}
        control = Control("picture", "Picture", choices)
        return page(self.title, "", shown, (control,), start, (self.svg(), self.describe()))

    def describe(self) -> str:
        """Every picture in words, under its title."""
        return "\n".join(f"{drawing.title}. {drawing.describe()}" for drawing in self.drawings)

    def to_graphviz(self) -> graphviz.Digraph:
        """All pictures in one digraph, with places of their own."""
        return digraph(self.sheet, self._brush, self.title)
