"""The random network that a command shows: its settings, what does not go together, and the loss that is computed with it."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable
from functools import reduce
from operator import add
from typing import Any

import numpy as np

from .. import nn
from ..engine.tensor import Tensor
from ..errors import DataError
from ..shared.array_type import Array

__all__ = ["add_network", "check_network", "checked", "loss_of", "number", "seed", "whole"]

MOST_CELLS = 5_000  # a picture of the network and its gradients is ready in some seconds
MOST_NUMBERS = 50_000_000  # 0.4 GB: every use of a weight has a gradient of its own
GATES = {"rnn": 1, "lstm": 4, "gru": 3, "seq2seq": 3}  # seq2seq: a GRU reads, another one writes


def add_network(parser: argparse.ArgumentParser, cell: str = "lstm", steps: int = 4) -> None:
    """The settings of the network, with the cell and the number of steps that the command takes if nobody says."""
    network = parser.add_argument_group("the network")
    what = f"its kind; seq2seq is a GRU that reads and one that writes (default: {cell})"
    network.add_argument("--cell", choices=tuple(GATES), default=cell, help=what)
    network.add_argument(
        "--steps", type=whole, default=steps, metavar="T", help=f"time steps; seq2seq reads T and writes T (default: {steps})"
    )
    network.add_argument("--layers", type=whole, default=1, metavar="N", help="cells on top of each other (default: 1)")
    network.add_argument("--attention", action="store_true", help="the decoder looks back at every step; seq2seq only")
    network.add_argument("--bidirectional", action="store_true", help="a second cell in each layer reads from the end")
    network.add_argument("--input-size", type=whole, default=3, metavar="N", help="numbers in an input (default: 3)")
    network.add_argument("--hidden-size", type=whole, default=4, metavar="N", help="numbers in a state (default: 4)")
    network.add_argument("--spectral-radius", type=_size, metavar="R", help="scale every gate's block of Wh to this radius")
    network.add_argument("--forget-bias", type=number, metavar="B", help="of the forget gate; lstm only (default: 1)")
    network.add_argument("--reset-before", action="store_true", help="reset before the product with Wh; gru only")
    network.add_argument("--nonlinearity", choices=("tanh", "relu"), help="rnn only (default: tanh)")
    network.add_argument(
        "--loss",
        choices=("last", "every"),
        help="sum of squares of the last state (of either direction), or of the outputs of every step "
        "(default: last; of seq2seq, whose loss is of what it writes, every)",
    )
    network.add_argument("--seed", type=seed, default=0, metavar="N", help="of weights and inputs (default: 0)")


def check_network(args: argparse.Namespace) -> None:
    """Refuse what does not go together and what is too much, before anything is computed. Raises `DataError`."""
    for kind, setting, given in (
        ("lstm", "--forget-bias", args.forget_bias is not None),
        ("gru", "--reset-before", args.reset_before),
        ("rnn", "--nonlinearity", args.nonlinearity is not None),
        ("seq2seq", "--attention", args.attention),
    ):
        if given and args.cell != kind:
            raise DataError(f"{setting} with --cell {args.cell}", hint=f"only --cell {kind} has it")
    if args.cell == "seq2seq" and args.bidirectional:
        raise DataError("--bidirectional with --cell seq2seq", hint="who writes cannot read from the end: leave it out")
    pair = 2 if args.bidirectional or args.cell == "seq2seq" else 1
    cells = args.steps * args.layers * pair
    if cells > MOST_CELLS:
        raise DataError(
            f"{args.steps} steps of {cells // args.steps} {'cells' if cells > args.steps else 'cell'} are too many: "
            f"{cells} boxes, and {MOST_CELLS} are possible",
            hint="--steps 30 shows the same",
        )
    wide = args.hidden_size * (2 if args.bidirectional else 1)
    first, others = args.input_size + args.hidden_size, wide + args.hidden_size
    per_step = (first + (args.layers - 1) * others) * GATES[args.cell] * pair * args.hidden_size
    per_step += args.attention * args.steps * args.hidden_size  # every step that is written looks at all that were read
    if args.steps * per_step > MOST_NUMBERS:
        raise DataError(
            f"gradients of {args.steps * per_step:.1e} numbers are too many: "
            f"input size {args.input_size}, hidden size {args.hidden_size}, {args.steps} steps",
            hint="--input-size 3 --hidden-size 4 shows the same",
        )


def loss_of(args: argparse.Namespace) -> Tensor:
    """The loss of a random network of that kind on a random sequence. The same seed gives the same numbers."""
    rng = np.random.default_rng(args.seed)
    if args.cell == "seq2seq":
        return _loss_of_answers(args, rng)
    outputs, state = nn.unroll(_layers(args, rng), _sequence(args, rng))
    if args.loss != "every":  # of the cell that reads backwards, the last state is that at step 1
        state = state[-1] if args.layers > 1 else state
        outputs = [half[0] for half in state] if args.bidirectional else [state[0]]
    return reduce(add, [(h**2).sum() for h in outputs])


def _loss_of_answers(args: argparse.Namespace, rng: np.random.Generator) -> Tensor:
    encoder, decoder = _layers(args, rng), _layers(args, rng)
    readout = nn.Linear(args.hidden_size * (2 if args.attention else 1), args.input_size, rng=rng)
    model = nn.Seq2Seq(encoder, decoder, readout, attention=nn.DotAttention() if args.attention else None)
    answers, _ = model(_sequence(args, rng), _sequence(args, rng))
    return ((answers[:, -1] if args.loss == "last" else answers) ** 2).sum()


def _sequence(args: argparse.Namespace, rng: np.random.Generator) -> Array:
    return rng.standard_normal((1, args.steps, args.input_size))


def _layers(args: argparse.Namespace, rng: np.random.Generator) -> Any:
    wide = args.hidden_size * (2 if args.bidirectional else 1)
    layers = [_layer(args, rng, wide if k else args.input_size) for k in range(args.layers)]
    return nn.Stacked(layers) if args.layers > 1 else layers[0]


def _layer(args: argparse.Namespace, rng: np.random.Generator, size: int) -> Any:
    cell = _cell(args, rng, size)
    return nn.Bidirectional(cell, _cell(args, rng, size)) if args.bidirectional else cell


def _cell(args: argparse.Namespace, rng: np.random.Generator, size: int) -> Any:
    cell: Any
    if args.cell == "rnn":
        cell = nn.RNNCell(size, args.hidden_size, rng=rng, nonlinearity=args.nonlinearity or "tanh")
    elif args.cell in ("gru", "seq2seq"):
        cell = nn.GRUCell(size, args.hidden_size, rng=rng, reset_after=not args.reset_before)
    else:
        bias = 1.0 if args.forget_bias is None else args.forget_bias
        cell = nn.LSTMCell(size, args.hidden_size, rng=rng, forget_bias=bias)
    if args.spectral_radius is not None:
        blocks = np.split(cell.Wh.data, GATES[args.cell], axis=1)
        scaled = [nn.init.scale_to_spectral_radius(block, args.spectral_radius) for block in blocks]
        cell.Wh.data = np.concatenate(scaled, axis=1)
    return cell


# ---- what the settings may be


def checked(kind: Callable[[str], Any], words: str, fits: Callable[[Any], bool]) -> Callable[[str], Any]:
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


whole = checked(int, "a whole number of at least 1", lambda value: value >= 1)
number = checked(float, "a number", math.isfinite)
seed = checked(int, "a whole number of at least 0", lambda value: value >= 0)
_size = checked(float, "a number of at least 0", lambda value: math.isfinite(value) and value >= 0)
