"""The program while it is still importing: Ctrl-C ends it with code 130 and without a traceback, as it does later."""

from __future__ import annotations

import os
import signal
import sys

__all__ = ["PROGRAM", "called_by_name", "started"]

PROGRAM = "tinygrad-rnn"


def called_by_name() -> bool:
    """Whether the program that runs is `tinygrad-rnn`, and not a module or a script that Python was given."""
    return os.path.basename(sys.argv[0] if sys.argv else "") in (PROGRAM, f"{PROGRAM}.exe")


def _leave(number: int, frame: object) -> None:
    os._exit(130)


def started() -> None:
    """From now on Ctrl-C is a KeyboardInterrupt again."""
    if signal.getsignal(signal.SIGINT) is _leave:
        signal.signal(signal.SIGINT, signal.default_int_handler)


# while Python looks for the module that it shall run, sys.argv[0] is "-m"
if (sys.argv[:1] == ["-m"] or called_by_name()) and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, _leave)
