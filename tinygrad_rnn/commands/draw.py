"""Draw a random recurrent network, unrolled in time, with the gradient of its loss on every part.

Without -o the picture goes to a file named after the cell in the current folder (lstm.svg, or lstm-2.svg if that is taken).
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable
from functools import reduce
from operator import add
from typing import Any

import numpy as np

from .. import nn
from ..errors import DataError
from ..tensor import Tensor
from ..terminal import Terminal
from ..viz import draw
from .output import free_name, note, write_text

__all__ = ["HELP", "add_arguments", "loss_of", "run"]

HELP = "a picture of an RNN, LSTM or GRU, in one line"
MOST_CELLS = 5_000  # a picture of the network and its gradients is ready in some seconds
MOST_NUMBERS = 50_000_000  # 0.4 GB: every use of a weight has a gradient of its own
GATES = {"rnn": 1, "lstm": 4, "gru": 3}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What `draw` understands."""
    network = parser.add_argument_group("the network")
    network.add_argument("--cell", choices=tuple(GATES), default="lstm", help="its kind (default: lstm)")
    network.add_argument("--steps", type=_whole, default=4, metavar="T", help="time steps (default: 4)")
    network.add_argument("--layers", type=_whole, default=1, metavar="N", help="cells on top of each other (default: 1)")
    network.add_argument("--bidirectional", action="store_true", help="a second cell in each layer reads from the end")
    network.add_argument("--input-size", type=_whole, default=3, metavar="N", help="numbers in an input (default: 3)")
    network.add_argument("--hidden-size", type=_whole, default=4, metavar="N", help="numbers in a state (default: 4)")
    network.add_argument("--spectral-radius", type=_size, metavar="R", help="scale every gate's block of Wh to this radius")
    network.add_argument("--forget-bias", type=_number, metavar="B", help="of the forget gate; lstm only (default: 1)")
    network.add_argument("--reset-before", action="store_true", help="reset before the product with Wh; gru only")
    network.add_argument("--nonlinearity", choices=("tanh", "relu"), help="rnn only (default: tanh)")
    network.add_argument(
        "--loss",
        choices=("last", "every"),
        default="last",
        help="sum of squares of the last state (of either direction), or of the outputs of every step (default: last)",
    )
    network.add_argument("--seed", type=_seed, default=0, metavar="N", help="of weights and inputs (default: 0)")
    picture = parser.add_argument_group("the picture")
    picture.add_argument("--detail", choices=("auto", "op", "gate", "cell"), default="auto", help="what a box is (default: auto)")
    picture.add_argument("--color", choices=("grad", "value", "none"), default="grad", help="what colours show (default: grad)")
    picture.add_argument(
        "--elide",
        type=_elide,
        default="auto",
        metavar="{auto,yes,no,K}",
        help="hide the middle steps, all but K at either end (default: auto, beyond 12 steps)",
    )
    picture.add_argument("--theme", choices=("light", "dark"), default="light", help="of the paper (default: light)")
    picture.add_argument(
        "--weights",
        choices=("chips", "edges", "hidden"),
        default="chips",
        help="a mark at every use of a weight, lines to them besides, or nothing (default: chips)",
    )
    picture.add_argument("--rolled", action="store_true", help="all steps in one column, with a loop")
    picture.add_argument(
        "--scale", type=_number, nargs=2, metavar=("LOW", "HIGH"), help="powers of ten from the palest to the strongest colour"
    )
    picture.add_argument("--title", help="in place of one that tells cell, steps and colours")
    picture.add_argument("--animated", action="store_true", help="an SVG in which the gradient comes back step by step")
    output = parser.add_argument_group("output")
    output.add_argument(
        "-o", "--output", metavar="FILE", help="the suffix says how: .svg .dot .png .pdf .gif; - is SVG on standard output"
    )
    output.add_argument("--describe", action="store_true", help="print the picture in words; with -o, write it too")


def run(args: argparse.Namespace) -> int:
    """Draw, write, tell. Returns 0; raises `DataError` for what does not go together."""
    _check(args)
    with np.errstate(all="ignore"):  # a radius of 1e30 overflows: the picture says so
        picture = draw(
            loss_of(args),
            detail=args.detail,
            color=args.color,
            elide=args.elide,
            theme=args.theme,
            weights=args.weights,
            scale=args.scale,
            title=args.title,
            rolled=args.rolled,
        )
    if args.output == "-":
        write_text(picture.svg(animated=args.animated))
    elif args.output is not None or not args.describe:
        path = free_name(f"{args.cell}.svg") if args.output is None else args.output
        note(f"wrote {picture.save(path, animated=args.animated)}")
    if args.describe:
        out = Terminal()
        for line in picture.describe().splitlines():
            out.say(line)
    return 0


def loss_of(args: argparse.Namespace) -> Tensor:
    """The loss of a random network of that kind on a random sequence. The same seed gives the same numbers."""
    rng = np.random.default_rng(args.seed)
    wide = args.hidden_size * (2 if args.bidirectional else 1)
    layers = [_layer(args, rng, wide if k else args.input_size) for k in range(args.layers)]
    top = nn.Stacked(layers) if args.layers > 1 else layers[0]
    outputs, state = nn.unroll(top, rng.standard_normal((1, args.steps, args.input_size)))
    if args.loss == "last":  # of the cell that reads backwards, the last state is that at step 1
        state = state[-1] if args.layers > 1 else state
        outputs = [half[0] for half in state] if args.bidirectional else [state[0]]
    return reduce(add, [(h**2).sum() for h in outputs])


def _layer(args: argparse.Namespace, rng: np.random.Generator, size: int) -> Any:
    cell = _cell(args, rng, size)
    return nn.Bidirectional(cell, _cell(args, rng, size)) if args.bidirectional else cell


def _cell(args: argparse.Namespace, rng: np.random.Generator, size: int) -> Any:
    cell: Any
    if args.cell == "rnn":
        cell = nn.RNNCell(size, args.hidden_size, rng=rng, nonlinearity=args.nonlinearity or "tanh")
    elif args.cell == "gru":
        cell = nn.GRUCell(size, args.hidden_size, rng=rng, reset_after=not args.reset_before)
    else:
        bias = 1.0 if args.forget_bias is None else args.forget_bias
        cell = nn.LSTMCell(size, args.hidden_size, rng=rng, forget_bias=bias)
    if args.spectral_radius is not None:
        blocks = np.split(cell.Wh.data, GATES[args.cell], axis=1)
        scaled = [nn.init.scale_to_spectral_radius(block, args.spectral_radius) for block in blocks]
        cell.Wh.data = np.concatenate(scaled, axis=1)
    return cell


def _check(args: argparse.Namespace) -> None:
    """Refuse what does not go together and what is too much, before anything is computed."""
    for kind, setting, given in (
        ("lstm", "--forget-bias", args.forget_bias is not None),
        ("gru", "--reset-before", args.reset_before),
        ("rnn", "--nonlinearity", args.nonlinearity is not None),
    ):
        if given and args.cell != kind:
            raise DataError(f"{setting} with --cell {args.cell}", hint=f"only --cell {kind} has it")
    if args.describe and args.output == "-":
        raise DataError("--describe and -o - both write to standard output", hint="give -o a file, or leave one of the two out")
    if args.describe and args.output is None and args.animated:
        raise DataError("--describe without -o prints words, and words do not move", hint="add -o FILE, or leave out --animated")
    cells = args.steps * args.layers * (2 if args.bidirectional else 1)
    if cells > MOST_CELLS:
        raise DataError(
            f"{args.steps} steps of {cells // args.steps} {'cells' if cells > args.steps else 'cell'} are too many: "
            f"{cells} boxes, and {MOST_CELLS} are possible",
            hint="--steps 30 shows the same: the steps in the middle are hidden",
        )
    wide = args.hidden_size * (2 if args.bidirectional else 1)
    first, others = args.input_size + args.hidden_size, wide + args.hidden_size
    per_step = (first + (args.layers - 1) * others) * GATES[args.cell] * wide
    if args.steps * per_step > MOST_NUMBERS:
        raise DataError(
            f"gradients of {args.steps * per_step:.1e} numbers are too many: "
            f"input size {args.input_size}, hidden size {args.hidden_size}, {args.steps} steps",
            hint="a picture looks the same with --input-size 3 --hidden-size 4",
        )


# ---- what the settings may be


def _checked(kind: Callable[[str], Any], words: str, fits: Callable[[Any], bool]) -> Callable[[str], Any]:
    """A reader of an argument that says what it wants."""

    def read(text: str) -> Any:
        try:
            value = kind(text)
        except ValueError:
            value = None
        if value is None or not fits(value):
            raise argparse.ArgumentTypeError(f"{text!r} is not {words}")
        return value

    return read


_whole = _checked(int, "a whole number of at least 1", lambda value: value >= 1)
_seed = _checked(int, "a whole number of at least 0", lambda value: value >= 0)
_number = _checked(float, "a number", math.isfinite)
_size = _checked(float, "a number of at least 0", lambda value: math.isfinite(value) and value >= 0)
ELIDE: dict[str, str | bool] = {"auto": "auto", "yes": True, "no": False}
_elide = _checked(
    lambda text: ELIDE[text] if text in ELIDE else int(text),
    "auto, yes, no or how many steps to keep at either end (at least 1)",
    lambda value: isinstance(value, (str, bool)) or value >= 1,
)
