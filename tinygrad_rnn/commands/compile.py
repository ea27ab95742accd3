"""Print the program that a random recurrent network is: NumPy with one loop forwards and one backwards, which runs without this package."""

from __future__ import annotations

import argparse

import numpy as np

from ..program import program_of, source
from ..replay import snapshot
from .network import add_network, check_network, loss_of
from .output import need_output, write_text

__all__ = ["HELP", "add_arguments", "run"]

HELP = "the program of a cell: its backpropagation through time, printed"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What `compile` understands."""
    add_network(parser)
    printed = parser.add_argument_group("what is printed")
    printed.add_argument("--values", action="store_true", help="the values that the text is made of, a line each")


def run(args: argparse.Namespace) -> int:
    """Record, roll, print. Returns 0; raises `DataError` for what does not go together."""
    check_network(args)
    need_output("send the program to a file: > FILE")
    with np.errstate(all="ignore"):  # a radius of 1e30 overflows: the program is the same
        loss = snapshot(loss_of(args))
    write_text(f"{program_of(loss)}\n" if args.values else source(loss))
    return 0
