"""The command line of a lesson, the same for all of them."""

import argparse
import os
from pathlib import Path

from tinygrad_rnn.shared.invocation import Parser


def options(entry):
    """A parser for the flags of a lesson."""
    parser = Parser(prog=entry.command, description=entry.question.replace("%", "%%"), allow_abbrev=False)
    parser.add_argument("--hint", action="store_true", help="one more hint for the exercise where you are")
    parser.add_argument("--solution", action="store_true", help="one way to write it")
    parser.add_argument("--demo", action="store_true", help="run to the end with the solutions; your file is not touched")
    parser.add_argument("--quiz", action=argparse.BooleanOptionalAction, help="ask the questions again, or never")
    parser.add_argument("--fast", action="store_true", help="smaller numbers, for a quick look")
    parser.add_argument("--data", type=_existing, metavar="PATH", help="your own file or folder, where the lesson reads one")
    parser.add_argument("--reset", action="store_true", help="forget guess, ticks and hints of this lesson")
    return parser


def _existing(text):
    if not os.path.exists(text):
        raise argparse.ArgumentTypeError(f"there is nothing at {text!r}")
    return Path(text)
