"""Ctrl-C that waits for a good moment: the first one is noted, the second one interrupts at once."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

__all__ = ["first_interrupt"]


@contextmanager
def first_interrupt(note: Callable[[], None]) -> Iterator[None]:
    """While it is open, the first Ctrl-C calls `note` and nothing is interrupted; the second one raises `KeyboardInterrupt`.

    Outside of the main thread, and where a program listens to Ctrl-C itself, nothing is changed.

    >>> import signal
    >>> from tinygrad_rnn.shared.interrupts import first_interrupt
    >>> with first_interrupt(lambda: print("stopping soon")):
    ...     signal.raise_signal(signal.SIGINT)
    stopping soon
    """
    main = threading.current_thread() is threading.main_thread()
    if not main or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield
        return
    noted = False

    def stop(number: int, frame: Any) -> None:
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
