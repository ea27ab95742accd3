"""Write a page that plays backpropagation through time: an RNN, LSTM or GRU, its gradient node by node, and what changes it.

Every run behind the controls of the page is computed here, by the engine; the page itself needs no server and no connection.
Without -o it goes to bptt.html in the current folder (or to bptt-2.html if that is taken).
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import partial
from itertools import product

import numpy as np

from .. import nn
from ..engine.tensor import Tensor, TensorLike, named
from ..nn.module import scoped
from ..replay.from_loss import snapshot
from ..replay.records import GraphSnapshot
from ..shared.atomic_files import target_of, write
from ..shared.invocation import note
from ..shared.operating_system import at_a_terminal
from ..viz import draw
from ..viz.page.html import Control, Shown, applies, page, views_of
from ..viz.style import Scale
from ..viz.view.shown_graph import View
from .network import seed
from .output import free_name, need_output, write_text

__all__ = ["CONTROLS", "HELP", "START", "add_arguments", "combinations", "demonstration", "graph_of", "run"]

HELP = "a page that plays backpropagation through time"
SIZE, HIDDEN = 3, 4
CONTROLS = (
    Control("cell", "Cell", (("rnn", "RNN"), ("lstm", "LSTM"), ("gru", "GRU"))),
    Control("activation", "Activation", (("tanh", "tanh"), ("linear", "linear")), only={"cell": ["rnn"]}),
    Control("steps", "Steps T", tuple((str(T), str(T)) for T in (4, 8, 16))),
    Control(
        "radius", "Spectral radius ρ(Wh)", tuple((f"{r:g}", f"{r:g}") for r in (0.5, 0.7, 0.9, 1.0, 1.1, 1.3, 1.5)), slider=True
    ),
    Control("bias", "Forget bias", tuple((f"{b}", f"{b}") for b in (0, 1, 2, 4)), slider=True, only={"cell": ["lstm"]}),
)
START = {"cell": "lstm", "activation": "tanh", "steps": "8", "radius": "0.9", "bias": "1", "detail": "cell"}
TITLE = "Backpropagation through time in an RNN, an LSTM and a GRU"
ABOUT = (
    "A random network reads T random inputs; its loss is h V after the last step, with a V of norm 1, so the gradient that starts "
    "back through time has norm 1 in every run. Each gate's block of Wh is a random rotation times the spectral radius."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What `page` understands."""
    parser.add_argument("--seed", type=seed, default=0, metavar="N", help="of weights and inputs (default: 0)")
    parser.add_argument("-o", "--output", metavar="FILE", help="an .html file; - is standard output")


def run(args: argparse.Namespace) -> int:
    """Compute all runs, write the page, tell. Returns 0; raises `DataError` where the file cannot be written."""
    path = None if args.output == "-" else target_of(args.output or free_name("bptt.html"), (".html",), "page")
    if path is None:
        need_output("write to a file with -o")
    if at_a_terminal(sys.stderr):
        note(f"computing the {len(list(combinations()))} runs of the page, which takes some seconds")
    text = demonstration(args.seed)
    if path is None:
        write_text(text)
    else:
        note(f"wrote {write(path, text.encode())}")
    return 0


def demonstration(seed: int) -> str:
    """The text of the page: every combination of the controls; runs over as many steps have one scale of colours."""
    runs = [(settings, graph_of(settings, seed)) for settings in combinations()]
    norms: dict[str, list[float | None]] = defaultdict(list)
    for settings, graph in runs:
        norms[settings["steps"]] += [r.grad_norm for r in graph.along("h").values()]
    scales = {steps: Scale.of(found) for steps, found in norms.items()}
    shown = [Shown(tuple(s.values()), graph, scales[s["steps"]], partial(_views, graph)) for s, graph in runs]
    first = draw(next(graph for settings, graph in runs if settings.items() <= START.items()), detail="cell")
    return page(TITLE, ABOUT, shown, CONTROLS, START, (first.svg(), f"{ABOUT}\n{first.describe()}"))


def _views(graph: GraphSnapshot) -> dict[str, View]:
    return views_of(draw(graph, detail="cell", elide=False).view)


def combinations() -> Iterator[dict[str, str]]:
    """The values of the controls in every run, without those that do not matter in it."""
    seen = set()
    for values in product(*(control.choices for control in CONTROLS)):
        chosen = {control.key: value for control, (value, _) in zip(CONTROLS, values, strict=True)}
        settings = {c.key: chosen[c.key] for c in CONTROLS if applies(c, chosen)}
        if tuple(settings.items()) not in seen:
            seen.add(tuple(settings.items()))
            yield settings


def graph_of(settings: Mapping[str, str], seed: int) -> GraphSnapshot:
    """The graph of one run. The same seed gives the same inputs, readout and (up to the radius) weights."""
    rng = np.random.default_rng(seed)
    v = rng.standard_normal((HIDDEN, 1))
    xs = rng.standard_normal((1, 16, SIZE))[:, : int(settings["steps"])]
    cell = _cell(settings, rng)
    cell.Wh.data = nn.init.orthogonal(rng, cell.Wh.shape, gain=float(settings["radius"]))
    hs, _ = nn.unroll(cell, xs)
    return snapshot((hs[-1] @ Tensor(v / np.linalg.norm(v), requires_grad=True, name="V")).sum())


def _cell(settings: Mapping[str, str], rng: np.random.Generator) -> nn.RNNCell | nn.LSTMCell | nn.GRUCell:
    if settings["cell"] == "lstm":
        return nn.LSTMCell(SIZE, HIDDEN, rng=rng, forget_bias=float(settings["bias"]))
    if settings["cell"] == "gru":
        return nn.GRUCell(SIZE, HIDDEN, rng=rng)
    return (nn.RNNCell if settings["activation"] == "tanh" else LinearRNNCell)(SIZE, HIDDEN, rng=rng)


class LinearRNNCell(nn.RNNCell):
    """`h' = x Wx + h Wh + b`: nothing saturates, so the gradient meets Wh alone on its way back."""

    @scoped
    def step(self, x: TensorLike, state: tuple[Tensor]) -> tuple[Tensor]:
        """The state after x (batch, input_size)."""
        x, (h,) = self.checked(x, state)
        return (named(self.preactivation(x, h), "h"),)
