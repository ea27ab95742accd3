"""Learning-rate schedules: a schedule says what share of the optimizer's learning rate holds after `done` updates.

Each is a function of one number and remembers nothing, so that a resumed training needs nothing but that number.
"""

from __future__ import annotations

from collections.abc import Callable
from math import cos, inf, pi
from numbers import Real
from typing import TypeAlias

from ..errors import DataError
from ..shared.checks import is_number, is_whole

__all__ = ["Schedule", "cosine", "exponential", "steps", "warm_up"]


def __dir__() -> list[str]:
    return __all__


Schedule: TypeAlias = Callable[[int], float]


def steps(every: int, factor: float = 0.1) -> Schedule:
    """Times `factor` after every `every` updates (PyTorch's StepLR).

    >>> import tinygrad_rnn as tg
    >>> [tg.optim.steps(2, 0.5)(done) for done in range(5)]
    [1.0, 1.0, 0.5, 0.5, 0.25]
    """
    _whole("steps", "every", every)
    _share("steps", "factor", factor)
    return lambda done: float(factor ** (done // every))


def exponential(factor: float) -> Schedule:
    """Times `factor` after each update (PyTorch's ExponentialLR).

    >>> import tinygrad_rnn as tg
    >>> [tg.optim.exponential(0.5)(done) for done in range(3)]
    [1.0, 0.5, 0.25]
    """
    _share("exponential", "factor", factor)
    return lambda done: float(factor**done)


def cosine(updates: int, lowest: float = 0.0) -> Schedule:
    """Half a cosine from 1 down to `lowest` over that many updates, and `lowest` from then on (Loshchilov and Hutter 2017).

    >>> import tinygrad_rnn as tg
    >>> [round(tg.optim.cosine(4)(done), 3) for done in range(6)]
    [1.0, 0.854, 0.5, 0.146, 0.0, 0.0]
    """
    _whole("cosine", "updates", updates)
    if not is_number(lowest, Real) or not 0 <= lowest <= 1:
        raise DataError(f"cosine with lowest={lowest!r}", hint="a share of the learning rate: 0 <= lowest <= 1")
    return lambda done: lowest + (1 - lowest) * (1 + cos(pi * min(done, updates) / updates)) / 2


def warm_up(updates: int, then: Schedule | None = None) -> Schedule:
    """From 1/updates in equal steps up to 1 in that many updates; after it `then`, which starts counting at 0 there.

    >>> import tinygrad_rnn as tg
    >>> [tg.optim.warm_up(4)(done) for done in range(6)]
    [0.25, 0.5, 0.75, 1.0, 1.0, 1.0]
    >>> [tg.optim.warm_up(2, tg.optim.exponential(0.5))(done) for done in range(5)]
    [0.5, 1.0, 1.0, 0.5, 0.25]
    """
    _whole("warm_up", "updates", updates)
    if then is not None and not callable(then):
        raise DataError(f"warm_up with then={then!r}", hint="another schedule, such as cosine(1000), or None")

    def share(done: int) -> float:
        if done < updates:
            return (done + 1) / updates
        return 1.0 if then is None else then(done - updates)

    return share


def _whole(schedule: str, name: str, value: int) -> None:
    if not is_whole(value, 1):
        raise DataError(f"{schedule} with {name}={value!r}", hint="a whole number of updates, at least 1")


def _share(schedule: str, name: str, value: float) -> None:
    if not is_number(value, Real) or not 0 < value < inf:
        raise DataError(f"{schedule} with {name}={value!r}", hint="a positive number, usually below 1")
