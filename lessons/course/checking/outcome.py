"""Call a learner's function so that nothing it does brings the course down: a raise, an endless loop, prints, sys.exit."""

import traceback
import warnings
from contextlib import redirect_stdout
from dataclasses import dataclass
from io import StringIO
from typing import Any

import numpy as np

from tinygrad_rnn.shared import time_limit

MOST = 2000  # characters of what a function prints


class YourTurn(Exception):
    """Stands in the body of an exercise until the learner replaces it."""


class TimeUp(BaseException):
    """Raised into a function that takes too long; no `except Exception` of its own holds it back."""


@dataclass
class Outcome:
    """What a call returned or raised, and what it printed. `line` is the learner's own line that raised, (number, text)."""

    value: Any = None
    error: BaseException | None = None
    printed: str = ""
    line: tuple[int, str] | None = None


class Bounded(StringIO):
    """Text as long as it is short, which nobody else closes: an endless loop that prints fills no memory."""

    def write(self, text):
        return super().write(text[: max(0, MOST - self.tell())])

    def close(self):
        """It stays readable."""


def attempt(function, arguments, seconds):
    """Call `function(*arguments)` for at most that many seconds. Only the learner's Ctrl-C passes through."""
    outcome, printed = Outcome(), Bounded()
    try:
        with redirect_stdout(printed), warnings.catch_warnings(), np.errstate(all="ignore"), time_limit(seconds, _time_is_up):
            warnings.simplefilter("ignore")
            outcome.value = _call(function, arguments)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # SystemExit and TimeUp too
        outcome.error = error
        outcome.line = own_line(error, getattr(getattr(function, "__code__", None), "co_filename", ""))
    outcome.printed = printed.getvalue()
    return outcome


def _call(function, arguments):
    """A frame by which the clock can tell whether the function still runs."""
    return function(*arguments)


def said(error):
    """What an error says, in a line that is not long."""
    try:
        return " ".join(str(getattr(error, "message", error)).split())[:300]
    except Exception:
        return "(its text cannot be shown)"


def own_line(error, filename):
    """The last line of that file which the error passed through, (number, text), or None."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == filename]
    return (frames[-1].lineno, frames[-1].line or "") if frames else None


def _time_is_up(number, frame):
    """Stop the function, but not the way into it or out of it."""
    while frame is not None and frame.f_code is not attempt.__code__:
        if frame.f_code is _call.__code__:
            raise TimeUp
        frame = frame.f_back
