"""What recording does at this moment: the open scopes and time steps, and whether it records and watches.

Scopes are data. Every node keeps the tuple of frames that was open when it was recorded; one mechanism serves boxes in
pictures, places in error messages and rows of gradient tables. What is open is open in one context: threads and tasks do not meet.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Generator
from contextlib import ContextDecorator
from contextvars import ContextVar
from functools import lru_cache, partial, wraps
from inspect import isasyncgenfunction, iscoroutinefunction, isgeneratorfunction
from itertools import count
from typing import Any, NamedTuple

import numpy as np

from ..errors import DataError
from ..shared.array_type import Array
from ..shared.checks import check_kind, is_whole, short

__all__ = [
    "Change", "Frame", "current_mode", "detect_anomaly", "drawn", "here", "lane_frames", "no_grad", "noting", "place_of", "reading",
    "scope", "set_mode", "steps_after", "tick", "time_step",
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


@lru_cache(maxsize=1024)  # many nodes have the same frames
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
    """The open frames, whether recording and watching are on, and what was open before the latest change."""

    __slots__ = ("before", "by", "frames", "recording", "settings", "watching")

    def __init__(
        self,
        frames: tuple[Frame, ...] = (),
        recording: bool = True,
        watching: bool = False,
        before: Mode | None = None,
        by: Change | None = None,
    ) -> None:
        self.frames = frames
        self.recording = recording
        self.watching = watching
        self.before = before
        self.by = by
        self.settings: np.errstate | None = None

    def inside(self, name: str, part: str = "") -> Mode:
        """This mode with one more scope open."""
        return Mode((*self.frames, Frame(name, (), part)), self.recording, self.watching, self)


_mode = ContextVar("mode", default=Mode())  # noqa: B039  # a mode is never changed
_steps = ContextVar("steps", default=0)  # the time steps that are over: step 1 is stamped steps + 1
current_mode = _mode.get
set_mode = _mode.set


class _Here:
    """The mode of this context, and its time steps that are over."""

    __slots__ = ()

    @property
    def mode(self) -> Mode:
        return current_mode()

    @property
    def steps(self) -> int:
        return _steps.get()


here = _Here()


class Change(ContextDecorator):
    """A context that changes the mode, and takes its own change back at the end.

    It keeps nothing of a run, so that one object may be entered in several threads and tasks, or several times. A generator may be
    closed in the middle, when others have been opened since: their changes stay.
    """

    def __init__(
        self, frames: tuple[Frame, ...] = (), recording: bool | None = None, watching: bool | None = None, at_top: bool = False
    ) -> None:
        self.frames, self.recording, self.watching, self.at_top = frames, recording, watching, at_top

    def __call__(self, function: Any) -> Any:
        """As a decorator: open while the function runs; of a generator, while it computes an item; of `async def`, until it is done.

        Raises `DataError` for an asynchronous generator.
        """
        if isasyncgenfunction(function):
            raise DataError(
                f"an asynchronous generator, {short(function)}, with a scope as decorator",
                hint="open the scope inside it, round what computes an item: with tg.no_grad(): ...",
            )
        if iscoroutinefunction(function):
            return _until_done(self, function)
        return _each_item(self, function) if isgeneratorfunction(function) else super().__call__(function)

    def over(self, before: Mode) -> Mode:
        """The mode that this change makes of another one."""
        return Mode(
            self.frames if self.at_top else before.frames + self.frames,
            before.recording if self.recording is None else self.recording,
            before.watching if self.watching is None else self.watching,
            before,
            self,
        )

    def __enter__(self) -> None:
        set_mode(self.over(current_mode()))

    def __exit__(self, *error: object) -> None:
        mode = current_mode()
        set_mode(mode.before or mode if mode.by is self else _without(mode, self))


def _without(mode: Mode, change: Change) -> Mode:
    """A mode without the latest of its changes that is this one."""
    later: list[Mode] = []
    at: Mode = mode
    while at.by is not change:
        if at.before is None:
            return mode  # it is open no more
        later.append(at)
        at = at.before
    found = at.before or at
    for old in reversed(later):
        # those without a change are the scopes of modules
        found = old.by.over(found) if old.by is not None else found.inside(old.frames[-1].name, old.frames[-1].part)
    return found


def _each_item(change: Change, function: Callable[..., Generator[Any, Any, Any]]) -> Callable[..., Generator[Any, Any, Any]]:
    @wraps(function)
    def items(*args: Any, **options: Any) -> Generator[Any, Any, Any]:
        with change:
            inner = function(*args, **options)
        go_on = partial(inner.send, None)
        while True:
            with change:
                try:
                    item = go_on()
                except StopIteration as end:
                    return end.value
            try:
                go_on = partial(inner.send, (yield item))
            except GeneratorExit:
                with change:
                    inner.close()
                raise
            except BaseException as error:
                go_on = partial(inner.throw, error)

    return items


def _until_done(change: Change, function: Callable[..., Coroutine[Any, Any, Any]]) -> Callable[..., Coroutine[Any, Any, Any]]:
    @wraps(function)
    async def done(*args: Any, **options: Any) -> Any:
        with change:
            return await function(*args, **options)

    return done


def scope(name: str, **numbers: int) -> Change:
    """Stamp every node recorded inside with a name and integers: boxes in pictures, places in error messages.

    >>> import tinygrad_rnn as tg
    >>> with tg.scope("LSTMCell", layer=2), tg.scope("forget gate"):
    ...     y = tg.sigmoid(tg.Tensor([0.0], requires_grad=True))
    >>> y.place
    'LSTMCell layer=2 / forget gate'
    """
    check_kind("a scope called", name, str, "its name is a text: tg.scope('LSTMCell', layer=2)")
    if name == "t":
        raise DataError("scope('t'): that name belongs to time steps", hint="use time_step(t)")
    for key, value in numbers.items():
        check_kind(f"scope({name!r}) with {key} =", value, (int, np.integer), "a scope is told apart by whole numbers: layer=2")
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
        self.steps = int(steps)

    def __enter__(self) -> None:
        _steps.set(_steps.get() + self.steps)

    def __exit__(self, *error: object) -> None:
        _steps.set(_steps.get() - self.steps)


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

    def __enter__(self) -> None:
        super().__enter__()
        current_mode().settings = settings = np.errstate(divide="ignore", over="ignore", invalid="ignore")
        settings.__enter__()

    def __exit__(self, *error: object) -> None:
        mode: Mode | None = current_mode()
        while mode is not None and mode.by is not self:
            mode = mode.before
        if mode is not None and mode.settings is not None:
            mode.settings.__exit__(None, None, None)
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


# ---- what a recording of a program wants to know: random numbers that enter, and values that are read on the way


noting: ContextVar[Callable[[np.random.Generator, tuple[int, ...], Array], Array] | None] = ContextVar("noting", default=None)
reading: ContextVar[Callable[[], None] | None] = ContextVar("reading", default=None)


def drawn(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Numbers in [0, 1) of a shape.

    >>> import numpy as np
    >>> from tinygrad_rnn.engine.scopes import drawn
    >>> drawn(np.random.default_rng(0), (2,)).round(3)
    array([0.637, 0.27 ])
    """
    values: Any = rng.random(shape)
    note = noting.get()
    return values if note is None else note(rng, shape, values)
