"""A lesson as a program: its flags, and how it ends by Ctrl-C, by a reader that went away, by a mistake beside the exercises."""

import argparse
import os
import sys
from pathlib import Path

from tinygrad_rnn.shared import Parser, Terminal, discard_output, near

from ..checking import own_line


def options(entry):
    """A parser for the flags of a lesson, the same for all of them."""
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


def unfinished(entry, kind, error, trace):
    """What `sys.excepthook` calls, for the lesson of this `Entry`. What is no fault of the learner's lines keeps its traceback."""
    out = Terminal()
    if issubclass(kind, BrokenPipeError):  # the reader went away, as `head` does
        discard_output()
    elif issubclass(kind, KeyboardInterrupt):
        out.write()
        out.say("Stopped. What is solved stays solved; go on with")
        out.write(f"  {entry.command}")
    elif line := own_line(error.with_traceback(trace), str(entry.path)) or own_line(error, sys.argv[0]):
        out.write(f"error: {kind.__name__}: {error}")
        out.write(f"  {near(entry.path)}:{line[0]}   {line[1]}")
    else:
        sys.__excepthook__(kind, error, trace)
