"""Call a learner's function so that nothing it does brings the course down: a raise, an endless loop, prints, sys.exit."""

import signal
import sys
import threading
import time
import traceback
import warnings
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from typing import Any

import numpy as np

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
        with redirect_stdout(printed), warnings.catch_warnings(), np.errstate(all="ignore"), time_limit(seconds):
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


@contextmanager
def time_limit(seconds):
    """Raise `TimeUp` inside `attempt` when the time is up. One within another leaves the outer one what it has left.

    A timer signal where there is one (POSIX, main thread). Elsewhere every line of Python looks at the clock: slower, and a
    single call into NumPy runs to its end.
    """
    if hasattr(signal, "setitimer") and threading.current_thread() is threading.main_thread():
        before, start = signal.signal(signal.SIGALRM, _time_is_up), time.monotonic()
        left, _ = signal.setitimer(signal.ITIMER_REAL, seconds, 0.1)  # again and again: a bare `except:` may swallow one
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, left and max(0.01, left - (time.monotonic() - start)), 0.1)
            signal.signal(signal.SIGALRM, before)
    else:
        end, before = time.monotonic() + seconds, sys.gettrace()

        def look(frame, event, argument):
            if time.monotonic() > end:
                _time_is_up(None, frame)
            return look

        sys.settrace(look)
        try:
            yield
        finally:
            sys.settrace(before)


def _time_is_up(number, frame):
    """Stop the function, but not the way into it or out of it."""
    while frame is not None and frame.f_code is not attempt.__code__:
        if frame.f_code is _call.__code__:
            raise TimeUp
        frame = frame.f_back
