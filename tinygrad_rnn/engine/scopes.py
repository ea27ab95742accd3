"""What recording does at this moment, in this thread: the open scopes and time steps, and whether it records and watches.

Scopes are data. Every node keeps the tuple of frames that was open when it was recorded; one mechanism serves boxes in
pictures, places in error messages and rows of gradient tables.
"""

from __future__ import annotations

import threading
from contextlib import ContextDecorator
from itertools import count
from typing import Any, NamedTuple

import numpy as np

from ..errors import DataError
from ..shared.checks import is_whole

__all__ = [
    "Change", "Frame", "detect_anomaly", "here", "lane_frames", "no_grad", "place_of", "scope", "steps_after", "tick", "time_step",
]  # fmt: skip

tick = count(1).__next__  # the creation index of the next node


class Frame(NamedTuple):
    """A scope that was open while a node was recorded: a name and integers, and of a cell inside a cell the path to it.

    >>> from tinygrad_rnn.engine.scopes import Frame
    >>> str(Frame("forget gate")), str(Frame("t", (("t", 3),))), str(Frame("block", (("row", 1), ("column", 2))))
    ('forget gate', 't=3', 'block row=1 column=2')
    """

    name: str
    numbers: tuple[tuple[str, int], ...] = ()
    part: str = ""  # `low`, `cells.0`: where the cell is that a step opened inside another one

    def get(self, key: str) -> int | None:
        """The number of that name, or None."""
        return dict(self.numbers).get(key)

    def __str__(self) -> str:
        numbers = " ".join(f"{key}={value}" for key, value in self.numbers)
        own = self.numbers[:1] and self.numbers[0][0] == self.name  # `layer=2`, not `layer layer=2`
        return numbers if own else " ".join(word for word in (self.name, self.part, numbers) if word)


def place_of(frames: tuple[Frame, ...]) -> str:
    """Frames as people read them: `t=3 / LSTMCell / forget gate`."""
    return " / ".join(map(str, frames))


def lane_frames(frames: tuple[Frame, ...]) -> tuple[int | None, tuple[Frame, ...], tuple[Frame, ...]]:
    """What a lane is: the time step, the scopes around it, and the cell in it: the first scope, and the parts of it that are cells."""
    steps = [k for k, frame in enumerate(frames) if frame.name == "t"]
    if not steps:
        return None, frames, ()
    inside = frames[steps[-1] + 1 :]
    parts = {frame.part: frame for frame in reversed(inside[1:]) if frame.part}  # a cell and its base class open one each
    cell = inside[:1] + tuple(parts.values())[::-1]
    return frames[steps[-1]].get("t"), tuple(frame for frame in frames[: steps[-1]] if frame.name != "t"), cell


class Mode:
    """The open frames, and whether recording and watching are on."""

    __slots__ = ("frames", "recording", "watching")

    def __init__(self, frames: tuple[Frame, ...] = (), recording: bool = True, watching: bool = False) -> None:
        self.frames, self.recording, self.watching = frames, recording, watching

    def inside(self, name: str, part: str = "") -> Mode:
        """This mode with one more scope open."""
        return Mode((*self.frames, Frame(name, (), part)), self.recording, self.watching)


class _Here(threading.local):
    mode = Mode()
    steps = 0  # the time steps that are over: step 1 is stamped steps + 1


here = _Here()


class Change(ContextDecorator):
    """A context that changes the mode and puts the old one back."""

    def __init__(
        self, frames: tuple[Frame, ...] = (), recording: bool | None = None, watching: bool | None = None, at_top: bool = False
    ) -> None:
        self.frames, self.recording, self.watching, self.at_top = frames, recording, watching, at_top
        self.before: list[Mode] = []

    def _recreate_cm(self) -> Change:
        """As a decorator: one of its own for every call, so that threads and recursion do not meet."""
        return type(self)(self.frames, self.recording, self.watching, self.at_top)

    def __enter__(self) -> None:
        mode = here.mode
        self.before.append(mode)
        here.mode = Mode(
            self.frames if self.at_top else mode.frames + self.frames,
            mode.recording if self.recording is None else self.recording,
            mode.watching if self.watching is None else self.watching,
        )

    def __exit__(self, *error: object) -> None:
        here.mode = self.before.pop()


def scope(name: str, **numbers: int) -> Change:
    """Stamp every node recorded inside with a name and integers: boxes in pictures, places in error messages.

    >>> import tinygrad_rnn as tg
    >>> with tg.scope("LSTMCell", layer=2), tg.scope("forget gate"):
    ...     y = tg.sigmoid(tg.Tensor([0.0], requires_grad=True))
    >>> y.place
    'LSTMCell layer=2 / forget gate'
    """
    if name == "t":
        raise DataError("scope('t'): that name belongs to time steps", hint="use time_step(t)")
    return Change((Frame(name, tuple(numbers.items())),))


def time_step(t: int) -> Change:
    """Stamp every node recorded inside with the time step t, which starts at 1.

    >>> import tinygrad_rnn as tg
    >>> with tg.time_step(3):
    ...     y = tg.tanh(tg.Tensor([0.0], requires_grad=True))
    >>> y.place
    't=3'
    """
    if not is_whole(t, 0):
        raise DataError(f"time_step({t!r})", hint="steps are whole numbers: 1, 2, ...")
    return Change((Frame("t", (("t", here.steps + int(t)),)),))


class steps_after:
    """Count the time steps inside from `steps` + 1 on: a decoder continues in time where the encoder ended.

    Raises `DataError` for anything but a whole number of at least 0.

    >>> import tinygrad_rnn as tg
    >>> with tg.steps_after(5), tg.time_step(1):
    ...     y = tg.tanh(tg.Tensor([0.0], requires_grad=True))
    >>> y.place
    't=6'
    """

    def __init__(self, steps: int) -> None:
        if not is_whole(steps, 0):
            raise DataError(f"steps_after({steps!r})", hint="how many steps are over: a whole number, 0 or more")
        self.steps, self.before = int(steps), list[int]()

    def __enter__(self) -> None:
        self.before.append(here.steps)
        here.steps += self.steps

    def __exit__(self, *error: object) -> None:
        here.steps = self.before.pop()


def no_grad() -> Change:
    """Record nothing inside: results have no graph and need no gradient.

    >>> import tinygrad_rnn as tg
    >>> w = tg.Tensor([1.0], requires_grad=True)
    >>> with tg.no_grad():
    ...     (w * 2).requires_grad
    False
    """
    return Change(recording=False)


class _Watch(Change):
    """Besides watching, silences NumPy's own warnings: the error that follows says more."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.settings: list[np.errstate] = []

    def __enter__(self) -> None:
        super().__enter__()
        settings = np.errstate(divide="ignore", over="ignore", invalid="ignore")
        settings.__enter__()
        self.settings.append(settings)

    def __exit__(self, *error: object) -> None:
        self.settings.pop().__exit__(None, None, None)
        super().__exit__(*error)


def detect_anomaly() -> Change:
    """Look for what goes wrong in silence: NaN and infinity, values changed behind the graph, mistakes of a training loop.

    The first op that makes NaN or infinity, in a value recorded inside or a gradient of `backward()` called inside, raises a
    `NumericError` with its name, scope, step and source line. A `GraphError` names

    - a value that was written to through a NumPy view after it was recorded;
    - a state that is carried from one training step to the next with its graph: `detach_state` is missing;
    - an optimizer step on gradients that the step before had used already: `zero_grad()` is missing;
    - an optimizer step without any gradient: the loss depends on other parameters, or `backward()` is missing or was wiped.

    Put it round a whole training (`with tg.detect_anomaly(): tg.train.fit(...)`) while you look for a mistake: it costs time.

    >>> import tinygrad_rnn as tg
    >>> x = tg.Tensor([-1.0], requires_grad=True, name="x")
    >>> with tg.detect_anomaly(), tg.time_step(2):
    ...     y = tg.log(x)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    tinygrad_rnn.errors.NumericError: log made NaN at entry (0,) from finite inputs
        at t=2, ...
    >>> w = tg.Tensor([1.0], requires_grad=True, name="w")
    >>> optimizer = tg.optim.SGD([w], lr=0.1)
    >>> with tg.detect_anomaly():
    ...     for _ in range(2):
    ...         (w * w).sum().backward()
    ...         optimizer.step()  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    tinygrad_rnn.errors.GraphError: this optimizer step would use old gradients again: backward() added to that of w (1,), ...
    """
    return _Watch(watching=True)
