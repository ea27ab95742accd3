"""`draw`: from a loss to a picture."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import update_wrapper
from numbers import Integral
from typing import TYPE_CHECKING, Any, Generic, Literal, ParamSpec

from ..errors import DataError
from ..replay.from_loss import recorded_ops, snapshot
from ..replay.records import GraphSnapshot
from ..shared.checks import check_choice, check_flags, is_number, short
from .drawing import Comparison, Drawing
from .style import THEMES, Scale, ThemeName
from .view.hidden_steps import hidden_columns
from .view.rolling import rolled as roll
from .view.shown_graph import view_of

if TYPE_CHECKING:
    import graphviz

MOST_OPS = 100_000  # beyond that even a picture of few steps takes minutes; they are counted before anything is computed
WIDE = 2700.0  # pixels: beyond that "auto" takes the next level
MANY = 1500  # boxes, likewise
KNOT = 2  # boxes after the last step that earlier steps lead to, likewise
Given = ParamSpec("Given")

__all__ = ["compare", "draw", "to_graphviz"]


def compare(
    pictures: Iterable[Any], title: str | None = None, across: bool = False, scale: Any = None, **settings: Any
) -> Drawing:
    """Several pictures under one legend and one scale of colours, one below the other or side by side (`across`).

    `pictures` are drawings, or losses, which are drawn with the `settings` of `draw`. `scale` (low, high) are powers of ten, by
    default those that hold all pictures. Raises `DataError` if there is no picture, or if themes or meanings of colours differ.

    >>> import numpy as np, tinygrad_rnn as tg
    >>> def run(bias):
    ...     cell = tg.nn.LSTMCell(3, 4, rng=np.random.default_rng(0), forget_bias=bias)
    ...     return tg.draw((tg.nn.unroll(cell, np.ones((1, 20, 3)))[0][-1] ** 2).sum(), title=f"forget bias {bias:g}")
    >>> tg.draw.compare([run(0.0), run(3.0)], title="Two LSTMs")
    <Drawing Two LSTMs>
    """
    check_flags("compare", across=across)
    if isinstance(pictures, Drawing) or not isinstance(pictures, Iterable):
        raise DataError(f"compare() of a {type(pictures).__name__}", hint="give a list of drawings or of losses")
    drawings: list[Drawing] = []
    for picture in pictures:
        if settings and isinstance(picture, Drawing):
            raise DataError(
                f"compare({', '.join(settings)}=) of what is drawn already", hint="give losses, or draw with the settings"
            )
        drawing = picture if isinstance(picture, Drawing) else draw(picture, **settings)
        drawings += drawing.drawings if isinstance(drawing, Comparison) else [drawing]
    if not drawings:
        raise DataError("compare() of no pictures", hint="give a list of drawings or of losses")
    for what, found in (("theme", {d.theme for d in drawings}), ("color", {d.view.color for d in drawings})):
        if len(found) > 1:
            raise DataError(f"compare() of pictures with {what} {' and '.join(sorted(found))}", hint=f"draw all with one {what}")
    common = Scale.of([strength for drawing in drawings for strength in drawing.view.strengths().values()])
    common = common if scale is None else Scale.given(scale)
    return Comparison(drawings, common, title, across)


class Draw(Generic[Given]):
    """A function with `compare` beside it, so that `draw.compare` is known to type checkers too."""

    compare = staticmethod(compare)

    def __init__(self, function: Callable[Given, Drawing]) -> None:
        update_wrapper(self, function)
        self._function = function

    def __call__(self, *args: Given.args, **settings: Given.kwargs) -> Drawing:
        return self._function(*args, **settings)


@Draw
def draw(
    loss: Any,
    detail: Literal["auto", "op", "gate", "cell"] = "auto",
    color: Literal["grad", "value", "none"] = "grad",
    elide: Literal["auto"] | bool | int = "auto",
    theme: ThemeName = "light",
    weights: Literal["chips", "edges", "hidden"] = "chips",
    scale: Any = None,
    title: str | None = None,
    rolled: bool = False,
    open: int | None = None,
) -> Drawing:
    """Draw the graph of a loss, unrolled in time, coloured by the gradient that reaches every part of it.

    `loss` is a Tensor or a `GraphSnapshot`; backward() need not have run, and no `.grad` is touched.
    `detail` is "op", "gate", "cell" or "auto" (op up to 4 steps, gate up to 8, unless that is too wide or too tangled to read).
    `color` is "grad", "value" (root mean square) or "none".
    `elide` hides the middle steps: "auto" beyond 12, True, False, or how many to keep at either end.
    `theme` is "light" or "dark".
    `weights` is "chips" (a mark at every use), "edges" (besides, a faint line from the weight to every use) or "hidden".
    `scale` (low, high) are powers of ten, or another drawing whose colours shall be comparable.
    `open` is a time step that is drawn at op level while the others stay boxes (a cell each, if `detail` is "auto").
    `rolled` folds all steps into one column, with a feedback loop for every state.
    `draw.compare` puts several pictures on one sheet.
    Raises `GraphError` if there is nothing to draw, `DataError` for a setting that does not exist.

    >>> import numpy as np, tinygrad_rnn as tg
    >>> cell = tg.nn.RNNCell(3, 4, rng=np.random.default_rng(0))
    >>> hs, _ = tg.nn.unroll(cell, np.ones((1, 3, 3)))
    >>> picture = tg.draw((hs[-1] ** 2).sum())
    >>> picture
    <Drawing RNN, T = 3: gradient of the loss, op level>
    >>> print(picture.describe().splitlines()[0])
    RNN, 3 steps, 17 ops, 3 weights.
    """
    check_choice("draw", "color", color, ("grad", "value", "none"))
    check_choice("draw", "theme", theme, THEMES)
    check_choice("draw", "weights", weights, ("chips", "edges", "hidden"))
    check_flags("draw", rolled=rolled)
    ops = sum(r.kind == "op" for r in loss) if isinstance(loss, GraphSnapshot) else recorded_ops(loss)
    if ops > MOST_OPS:
        raise DataError(
            f"a picture of {ops:,} ops", hint=f"up to {MOST_OPS:,}: draw a shorter run, and look at the whole one with tg.probe"
        )
    graph = loss if isinstance(loss, GraphSnapshot) else snapshot(loss)
    steps = len(graph.steps)
    hidden = hidden_columns(elide, steps)
    if rolled and not isinstance(elide, str) and elide is not False:
        raise DataError(
            f"draw(rolled=True, elide={short(elide)})", hint="a rolled picture has one column: nothing can be left out"
        )
    if color == "grad" and graph.root.grad is None:
        color = "none"  # said in the title and in words
    levels = _levels(detail if open is None or detail != "auto" else "cell", steps)
    opened = frozenset() if open is None else frozenset([_column(open, graph.steps, hidden, rolled)])
    for level in levels:
        view = view_of(graph, level, color, () if rolled else hidden, weights, opened)
        view = roll(view) if rolled else view
        drawing = Drawing(view, theme, Scale.of(view.strengths().values()) if scale is None else Scale.given(scale), title)
        if level == levels[-1] or (len(view.boxes) < MANY and view.meetings <= KNOT and drawing.layout.width <= WIDE):
            break
    return drawing


def to_graphviz(loss: Any, **settings: Any) -> graphviz.Digraph:
    """`draw(loss, **settings).to_graphviz()`: the graph as the `graphviz` package knows it.

    >>> import tinygrad_rnn as tg
    >>> w = tg.Tensor(2.0, requires_grad=True, name="w")
    >>> print(tg.to_graphviz(w * w).source.splitlines()[0])
    digraph {
    """
    return draw(loss, **settings).to_graphviz()


def _levels(detail: object, steps: int) -> tuple[str, ...]:
    """The levels to try, the finest first: the first one is taken that is not too wide for a screen."""
    check_choice("draw", "detail", detail, ("auto", "op", "gate", "cell"))
    if detail != "auto":
        return (str(detail),)
    return ("op",) if not steps else ("op", "gate", "cell")[0 if steps <= 4 else 1 if steps <= 8 else 2 :]


def _column(step: object, steps: tuple[int, ...], hidden: tuple[int, ...], rolled: bool) -> int:
    """The column of the step that shall be opened."""
    if rolled:
        raise DataError(f"draw(rolled=True, open={short(step)})", hint="a rolled picture has no column of its own for a step")
    if not is_number(step, Integral) or step not in steps:
        known = f"the steps are {steps[0]} to {steps[-1]}" if steps else "this graph has no steps"
        raise DataError(f"draw(open={short(step)})", hint=known)
    column = steps.index(int(step))
    if column in hidden:
        raise DataError(
            f"draw(open={short(step)}): this step is hidden", hint="show all steps (elide=False), or open one at either end"
        )
    return column
