"""The command line, `tinygrad-rnn` or `python -m tinygrad_rnn`.

Here: arguments, files and words at the terminal; each command is a module with HELP, `add_arguments(parser)` and `run(args)`. Not
here: anything that a room needs. What is handed out is the program, and the page that it writes without being told anything.
"""

from .command_line import main
from .page import combinations, demonstration

__all__ = ["combinations", "demonstration", "main"]


def __dir__() -> list[str]:
    return __all__
