"""The command line, `tinygrad-rnn` or `python -m tinygrad_rnn`. Each command is a module: HELP, `add_arguments(parser)`, `run(args)`.

Results go to standard output, everything else to standard error. A mistake is told in a line with a hint, and ends with code 2.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from types import ModuleType
from typing import Any

from ..errors import TinygradRnnError
from ..shared.invocation import Parser, discard_output, note, program
from ..shared.versions import __version__
from . import compile, draw, learn, page, step

__all__ = ["COMMANDS", "main"]

COMMANDS: dict[str, ModuleType] = {"learn": learn, "draw": draw, "step": step, "page": page, "compile": compile}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command (the words after `tinygrad-rnn`) and return the exit code: 0, 2 for a mistake, 130 after Ctrl-C.

    >>> from tinygrad_rnn.commands import main
    >>> main(["draw", "--cell", "rnn", "--steps", "2", "--describe"])  # doctest: +ELLIPSIS
    RNN, 2 steps, 12 ops, 3 weights.
    ...
    0
    """
    try:
        code = _code(arguments)
        if sys.stdout is not None:
            sys.stdout.flush()
        return code
    except TinygradRnnError as error:
        note(f"error: {error}")
        return 2
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # the reader went away, as `head` does
        discard_output()
        return 0
    except OSError as error:
        why = error.strerror or error
        note(f"error: standard output takes nothing more: {why}\n\nhint: make room where it goes, or send it elsewhere")
        discard_output()
        return 2


def _code(arguments: Sequence[str] | None) -> int:
    parser = _parser()
    try:
        args, unknown = parser.parse_known_args(arguments)
        if unknown:  # told by the command that was meant, whose help lists what there is
            args.parser.error(f"unrecognized arguments: {' '.join(unknown)}")
        if args.command is None:
            parser.print_help()
            return 0
        return int(COMMANDS[args.command].run(args))
    except SystemExit as end:  # --help, --version, and what the parser refuses
        return int(end.code or 0)


class _Parser(Parser):
    """Notices when its help could not be written, which argparse lets pass."""

    def _print_message(self, message: str, file: Any = None) -> None:
        stream = file or sys.stderr  # standard output may be closed
        if stream is not None:
            stream.write(message)


def _parser() -> Parser:
    called = program()
    parser = _Parser(
        prog=called, description="Recurrent networks, drawn unrolled in time with their gradients.", allow_abbrev=False
    )
    parser.set_defaults(parser=parser)
    parser.add_argument("--version", action="version", version=f"tinygrad_rnn {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", title="commands")
    for name, module in COMMANDS.items():
        usage = f"{called} {name} [settings]"  # what fits a line; the settings stand below, in groups
        command = commands.add_parser(name, usage=usage, help=module.HELP, description=module.__doc__, allow_abbrev=False)
        command.set_defaults(parser=command)
        module.add_arguments(command)
    return parser
