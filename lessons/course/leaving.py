"""How a lesson ends that does not come to its end by itself: Ctrl-C, a reader that went away, a mistake beside the exercises."""

import os
import sys

from tinygrad_rnn.shared.invocation import near
from tinygrad_rnn.shared.terminal import Terminal

from .outcome import own_line


def unfinished(entry, kind, error, trace):
    """What `sys.excepthook` calls, for the lesson of this `Entry`. What is no fault of the learner's lines keeps its traceback."""
    out = Terminal()
    if issubclass(kind, BrokenPipeError):  # the reader went away, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    elif issubclass(kind, KeyboardInterrupt):
        out.write()
        out.say("Stopped. What is solved stays solved; go on with")
        out.write(f"  {entry.command}")
    elif line := own_line(error.with_traceback(trace), str(entry.path)) or own_line(error, sys.argv[0]):
        out.write(f"error: {kind.__name__}: {error}")
        out.write(f"  {near(entry.path)}:{line[0]}   {line[1]}")
    else:
        sys.__excepthook__(kind, error, trace)
