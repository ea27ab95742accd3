"""`draw` and what it returns: a picture that can be shown, saved, handed to Graphviz and told in words."""

from __future__ import annotations

import os
import subprocess
import tempfile
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import DataError, GraphError
from ..records import GraphSnapshot
from .describe import describe, heading
from .dot import dag, digraph
from .layout import Layout, arrange
from .style import THEMES, Brush, Scale, clean
from .svg import paint
from .view import View, view_of

if TYPE_CHECKING:
    import graphviz

__all__ = ["Drawing", "draw", "to_graphviz"]

PREFIX = "\x01"  # stands for the prefix of ids until it is known; no text can hold it, since `clean` takes it out
WIDEST = 30_000  # pixels of a PNG
MOST = 6000  # boxes in one picture
INSTALL = (
    "for PNG and PDF install Graphviz: apt install graphviz (Debian, Ubuntu), dnf install graphviz (Fedora), "
    "brew install graphviz (macOS), winget install graphviz (Windows)"
)


def draw(
    loss: Any,
    detail: str = "auto",
    color: str = "grad",
    elide: str | bool | int = "auto",
    theme: str = "light",
    weights: str = "chips",
    scale: Any = None,
    title: str | None = None,
) -> Drawing:
    """Draw the graph of a loss, unrolled in time, coloured by the gradient that reaches every part of it.

    `loss` is a Tensor or a `GraphSnapshot`; backward() need not have run, and no `.grad` is touched. `detail` is "op", "cell" or
    "auto" (op up to 4 steps). `color` is "grad", "value" (root mean square) or "none". `elide` hides the middle steps: "auto"
    beyond 12, True, False, or how many to keep at either end. `theme` is "light" or "dark"; `weights` "chips" or "none".
    `scale` (low, high) are powers of ten, or another drawing whose colours shall be comparable.
    Raises `GraphError` if there is nothing to draw, `DataError` for a setting that does not exist.

    >>> import numpy as np, tinygrad_rnn as tg
    >>> cell = tg.nn.RNNCell(3, 4, rng=np.random.default_rng(0))
    >>> hs, _ = tg.nn.unroll(cell, np.ones((1, 3, 3)))
    >>> picture = draw((hs[-1] ** 2).sum())
    >>> picture
    <Drawing RNN, T = 3: gradient of the loss, op level>
    >>> print(picture.describe().splitlines()[0])
    RNN, 3 steps, 17 ops, 3 weights.
    """
    graph = loss if isinstance(loss, GraphSnapshot) else _snapshot(loss)
    _check("color", color, ("grad", "value", "none"))
    _check("theme", theme, tuple(THEMES))
    _check("weights", weights, ("chips", "none"))
    steps = len(graph.steps)
    level = _level(detail, steps)
    if color == "grad" and graph.root.grad is None:
        color = "none"  # said in the title and in words
    view = view_of(graph, level, color, _hidden(elide, steps), weights == "chips")
    if len(view.boxes) > MOST:
        raise GraphError(
            f"a picture of {len(view.boxes)} boxes would not be readable",
            hint="elide=True or detail='cell' for steps under time_step(); a graph without steps is drawn in parts",
        )
    return Drawing(view, theme, Scale.of(view.strengths()) if scale is None else Scale.given(scale), title)


def to_graphviz(loss: Any, **settings: Any) -> graphviz.Digraph:
    """`draw(loss, **settings).to_graphviz()`: the graph as the `graphviz` package knows it.

    >>> import tinygrad_rnn as tg
    >>> w = tg.Tensor(2.0, requires_grad=True, name="w")
    >>> print(to_graphviz(w * w).source.splitlines()[0])
    digraph {
    """
    return draw(loss, **settings).to_graphviz()


def _snapshot(loss: Any) -> GraphSnapshot:
    """The one place where pictures meet live tensors."""
    from ..snapshot import snapshot

    return snapshot(loss)


def _check(what: str, value: object, known: tuple[str, ...]) -> None:
    if value not in known:
        raise DataError(f"draw({what}={value!r})", hint=f"{what} is {', '.join(map(repr, known[:-1]))} or {known[-1]!r}")


def _level(detail: object, steps: int) -> str:
    if detail == "gate":
        raise DataError("draw(detail='gate') is not there yet", hint="use 'op' or 'cell'")
    _check("detail", detail, ("auto", "op", "cell"))
    if detail == "auto":
        return "op" if steps <= 4 else "cell"
    return str(detail)


def _hidden(elide: object, steps: int) -> tuple[int, ...]:
    """The columns to hide. Two are kept at either end, or as many as asked for."""
    if elide == "auto":
        elide = steps > 12
    if isinstance(elide, bool):
        keep = 2 if elide else steps
    elif isinstance(elide, int) and elide > 0:
        keep = elide
    else:
        raise DataError(f"draw(elide={elide!r})", hint="elide is 'auto', True, False or how many steps to keep at either end")
    return tuple(range(keep, steps - keep))


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
        """Where everything stands."""
        return arrange(self.view)

    @cached_property
    def _svg(self) -> str:
        text = paint(self.layout, self._brush, self.title, self.describe(), PREFIX)
        # two drawings in one page must not share ids: the prefix is a digest of the drawing itself
        return text.replace(PREFIX, "g" + sha256(text.encode()).hexdigest()[:8])

    def svg(self) -> str:
        """The picture as SVG text: the same bytes for the same graph."""
        return self._svg

    def describe(self) -> str:
        """The picture in words.

        >>> import tinygrad_rnn as tg
        >>> w = tg.Tensor(2.0, requires_grad=True, name="w")
        >>> print(draw(w * 3.0).describe())
        1 op, 1 weight.
        Gradient norms of the weights: w 3.
        """
        return describe(self.view)

    def to_graphviz(self) -> graphviz.Digraph:
        """The picture for Graphviz: with places of its own (`layout=nop2`), or a plain digraph where there are no time steps."""
        return digraph(self.layout, self._brush, self.title) if self.view.steps else dag(self.view, self._brush, self.title)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the picture; the suffix says how: .svg and .dot need nothing, .png and .pdf need Graphviz installed.

        Returns the path. Raises `DataError` if it cannot be written. Without Graphviz, PNG and PDF become an SVG beside it.
        """
        path = Path(path)
        kind = path.suffix.lower()
        if kind not in (".svg", ".dot", ".png", ".pdf"):
            raise DataError(f"cannot save a picture as {path.name!r}", hint="the suffix is .svg, .png, .pdf or .dot")
        if kind == ".svg":
            return _write(path, self.svg().encode())
        if kind == ".dot":
            return _write(path, self.to_graphviz().source.encode())
        return _write(path, self._rendered(path, kind))

    def _rendered(self, path: Path, kind: str) -> bytes:
        if self.view.steps and kind == ".png" and self.layout.width > WIDEST:
            raise DataError(
                f"a PNG of {self.layout.width:.0f} pixels would be too wide for most programs",
                hint="hide steps (elide=True) or save as .svg",
            )
        import graphviz

        try:
            made = self.to_graphviz().pipe(format=kind[1:])
        except graphviz.ExecutableNotFound:
            instead = _write(path.with_suffix(".svg"), self.svg().encode())
            words = f"Graphviz is not installed, so {instead} was written in place of {path.name}"
            raise DataError(words, hint=INSTALL) from None
        except (subprocess.CalledProcessError, OSError) as error:
            said = error.stderr if isinstance(error, subprocess.CalledProcessError) else error
            words = f"Graphviz could not draw {path.name}: {clean(str(said), 200)}"
            raise DataError(words, hint="save as .svg instead") from None
        assert isinstance(made, bytes)
        return made

    def _repr_svg_(self) -> str:
        return self.svg()

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {"image/svg+xml": self.svg(), "text/plain": f"{self!r}\n{self.describe()}"}


def _write(path: Path, data: bytes) -> Path:
    """Write beside the target and move: a picture is there as a whole or not at all."""
    if not path.parent.is_dir():
        raise DataError(f"cannot write {path}: the folder {path.parent} does not exist", hint="create the folder first")
    name = None
    try:
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".drawing-", delete=False) as file:
            name = file.name
            file.write(data)
        os.chmod(name, 0o666 & ~_umask())
        os.replace(name, path)
    except OSError as error:
        if name is not None and os.path.exists(name):
            os.unlink(name)
        raise DataError(f"cannot write {path}: {error.strerror or error}", hint="choose a folder that you may write to") from None
    return path


def _umask() -> int:
    """What new files of this process are not allowed; it can only be read by setting it."""
    mask = os.umask(0o022)
    os.umask(mask)
    return mask
