"""The command line, `python -m tinygrad_rnn`: each command is a module with HELP, `add_arguments(parser)` and `run(args)`.

Here: arguments, files and words at the terminal. Not here: anything that another room would want to import.
"""

from .command_line import main

__all__ = ["main"]


def __dir__() -> list[str]:
    return __all__
