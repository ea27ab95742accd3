"""Signals, terminals, quotes and groups of processes: what differs between operating systems, and what is done where it is missing."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import Any, TextIO

__all__ = [
    "LIBRARY",
    "WINDOWS",
    "at_a_terminal",
    "cache_folder",
    "can_write",
    "command_line",
    "end_group",
    "first_interrupt",
    "has_colors",
    "own_group",
    "time_limit",
]

WINDOWS = os.name == "nt"
LIBRARY = {"win32": ".dll", "darwin": ".dylib"}.get(sys.platform, ".so")  # how a shared library is called
IN_COLOR = ("WT_SESSION", "TERM", "TERM_PROGRAM", "ANSICON", "ConEmuANSI")  # what terminals on Windows say that know colours


def command_line(words: Sequence[str], windows: bool = WINDOWS) -> str:
    """Words as a person types them, in the quotes of the shell of this system.

    >>> from tinygrad_rnn.shared.operating_system import command_line
    >>> print(command_line(["draw", "two words.svg"], windows=False), command_line(["draw", "two words.svg"], windows=True))
    draw 'two words.svg' draw "two words.svg"
    """
    return subprocess.list2cmdline(words) if windows else shlex.join(words)


# ---- terminals


def at_a_terminal(*streams: TextIO | None) -> bool:
    """Whether a person sits at all of these streams; one that is closed or missing has nobody."""
    return all(stream is not None and not stream.closed and stream.isatty() for stream in streams)


def has_colors(stream: TextIO, windows: bool = WINDOWS) -> bool:
    """Whether colours may be written: to a terminal that knows them, unless the environment says NO_COLOR."""
    if not at_a_terminal(stream) or "NO_COLOR" in os.environ or os.environ.get("TERM") == "dumb":
        return False
    return not windows or any(name in os.environ for name in IN_COLOR)  # an old console would print the codes


def can_write(stream: TextIO, characters: str) -> bool:
    """Whether the encoding of a stream has these characters."""
    try:
        characters.encode(getattr(stream, "encoding", None) or "utf-8")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


# ---- signals


@contextmanager
def first_interrupt(note: Callable[[], None]) -> Iterator[None]:
    """While it is open, the first Ctrl-C calls `note` and nothing is interrupted; the second one raises `KeyboardInterrupt`.

    Outside of the main thread, and where a program listens to Ctrl-C itself, nothing is changed.

    >>> import signal
    >>> from tinygrad_rnn.shared.operating_system import first_interrupt
    >>> with first_interrupt(lambda: print("stopping soon")):
    ...     signal.raise_signal(signal.SIGINT)
    stopping soon
    """
    main = threading.current_thread() is threading.main_thread()
    if not main or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield
        return
    noted = False

    def stop(number: int, frame: FrameType | None) -> None:
        nonlocal noted
        if noted:
            raise KeyboardInterrupt
        noted = True
        note()

    signal.signal(signal.SIGINT, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@contextmanager
def time_limit(seconds: float, up: Callable[[int | None, FrameType | None], None]) -> Iterator[None]:
    """Call `up`, which is to raise, when the time is up. One within another leaves the outer one what it has left.

    A timer signal where there is one (POSIX, main thread). Elsewhere every line of Python looks at the clock: slower, and a
    single call into NumPy runs to its end.
    """
    with (_timer if _has_timer() else _clock)(seconds, up):
        yield


def _has_timer() -> bool:
    return hasattr(signal, "setitimer") and threading.current_thread() is threading.main_thread()


@contextmanager
def _timer(seconds: float, up: Callable[[int | None, FrameType | None], None]) -> Iterator[None]:
    before, start = signal.signal(signal.SIGALRM, up), time.monotonic()
    left, _ = signal.setitimer(signal.ITIMER_REAL, seconds, 0.1)  # again and again: a bare `except:` may swallow one
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, left and max(0.01, left - (time.monotonic() - start)), 0.1)
        signal.signal(signal.SIGALRM, before)


@contextmanager
def _clock(seconds: float, up: Callable[[int | None, FrameType | None], None]) -> Iterator[None]:
    end, before = time.monotonic() + seconds, sys.gettrace()

    def look(frame: FrameType, event: str, argument: Any) -> Any:
        if time.monotonic() > end:
            up(None, frame)
        return look

    sys.settrace(look)
    try:
        yield
    finally:
        sys.settrace(before)


# ---- processes


def own_group(windows: bool = WINDOWS) -> dict[str, Any]:
    """Settings of `subprocess.Popen` with which a process can be ended together with all that it starts."""
    return {} if windows else {"start_new_session": True}


def end_group(process: subprocess.Popen[bytes], windows: bool = WINDOWS) -> None:
    """End a process of its `own_group` and what it has started; where there are no groups, the process alone."""
    if windows:
        process.kill()
        return
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def cache_folder(platform: str = sys.platform) -> Path | None:
    """Where things are kept that can be made again: the cache folder of the user's system, if there is one."""
    try:
        home = Path.home()
    except RuntimeError:
        return None
    own, usual = {
        "win32": ("LOCALAPPDATA", home / "AppData" / "Local"),
        "darwin": ("", home / "Library" / "Caches"),
    }.get(platform, ("XDG_CACHE_HOME", home / ".cache"))
    asked = Path(os.environ.get(own, ""))
    return (asked if asked.is_absolute() else usual) / "tinygrad_rnn"
