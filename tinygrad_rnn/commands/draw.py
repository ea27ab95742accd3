"""Draw a random recurrent network, unrolled in time, with the gradient of its loss on every part.

Without -o the picture goes to a file named after the cell in the current folder (lstm.svg, or lstm-2.svg if that is taken).
"""

from __future__ import annotations

import argparse
import os
import re

import numpy as np

from ..errors import DataError, TinygradRnnError
from ..shared.invocation import note
from ..shared.terminal import Terminal
from ..viz import draw
from .network import add_network, check_network, checked, loss_of, number, whole
from .output import free_name, need_output, write_text

__all__ = ["HELP", "add_arguments", "run"]

HELP = "a picture of an RNN, LSTM, GRU or seq2seq, in one line"
# what `tg.draw` says to who writes Python, as options
IN_OPTIONS = (
    (r"draw\(rolled=True, elide=\w+\)", "--rolled and --elide together"),
    (r"draw\(rolled=True, open=\d+\)", "--rolled and --open together"),
    (r"draw\(open=(\d+)\)", r"--open \1"),
    (r"draw\(rolled=True\)", "--rolled"),
    (r"animated=True", "--animated"),
    (r"elide=False", "--elide no"),
    (r"draw\(color='(\w+)'\)", r"--color \1"),
    (r"draw it unrolled: rolled=False", "leave out --rolled"),
    (r"color='(\w+)'", r"--color \1"),
    (r"detail='gate' or 'cell'", "--detail gate or cell"),
    (r"detail='(\w+)'", r"--detail \1"),
    (r"elide=True", "--elide yes"),
    (r" for steps under time_step\(\).*", ""),
    (r"; or let Graphviz place it: .*", ""),
    (r"scale=\[(\S+), (\S+)\] is", r"--scale \1 \2 is"),
    (r"scale=\(-6, 1\) colours 1e-6 to 10; .*", "--scale -6 1 colours 1e-6 to 10"),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What `draw` understands."""
    add_network(parser)
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
    picture.add_argument("--open", type=whole, metavar="T", help="draw this step op by op, the others as boxes")
    picture.add_argument("--rolled", action="store_true", help="all steps in one column, with a loop")
    picture.add_argument(
        "--scale", type=number, nargs=2, metavar=("LOW", "HIGH"), help="powers of ten from the palest to the strongest colour"
    )
    picture.add_argument("--title", type=_typed, help="in place of one that tells cell, steps and colours")
    picture.add_argument("--animated", action="store_true", help="an SVG in which the gradient comes back step by step")
    output = parser.add_argument_group("output")
    output.add_argument(
        "-o", "--output", metavar="FILE", help="the suffix says how: .svg .dot .png .pdf .gif .html; - is SVG on standard output"
    )
    output.add_argument("--describe", action="store_true", help="print the picture in words; with -o, write it too")


def run(args: argparse.Namespace) -> int:
    """Draw, write, tell. Returns 0; raises `DataError` for what does not go together."""
    _check(args)
    try:
        _draw(args)
    except TinygradRnnError as error:
        raise type(error)(_in_options(error.message), where=error.where, hint=_in_options(error.hint)) from None
    return 0


def _draw(args: argparse.Namespace) -> None:
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
            open=args.open,
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


def _in_options(text: str) -> str:
    for python, option in IN_OPTIONS:
        text = re.sub(python, option, text)
    return text


def _check(args: argparse.Namespace) -> None:
    """Refuse what does not go together and what is too much, before anything is computed."""
    check_network(args)
    if args.describe and args.output == "-":
        raise DataError("--describe and -o - both write to standard output", hint="give -o a file, or leave one of the two out")
    if args.describe and args.output is None and args.animated:
        raise DataError("--describe without -o prints words, and words do not move", hint="add -o FILE, or leave out --animated")
    if args.output == "-":
        need_output("write to a file with -o")
    if args.describe:
        need_output("leave out --describe, or send the words to a file: > FILE")


def _typed(text: str) -> str:
    """The text as it was typed: where the locale is ASCII, Python keeps the bytes of other letters in a form of its own."""
    return os.fsencode(text).decode("utf-8", "replace")


ELIDE: dict[str, str | bool] = {"auto": "auto", "yes": True, "no": False}
_elide = checked(
    lambda text: ELIDE[text] if text in ELIDE else int(text),
    "auto, yes, no or how many steps to keep at either end (at least 1)",
    lambda value: isinstance(value, (str, bool)) or value >= 1,
)
