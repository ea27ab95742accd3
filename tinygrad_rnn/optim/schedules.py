"""Learning-rate schedules: a schedule says what share of the optimizer's learning rate holds after `done` updates.

Each is a function of one number and remembers nothing, so that a resumed training needs nothing but that number. What follows the
scores of a training is a function of all its scores so far, which its history holds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from math import cos, inf, pi
from numbers import Real
from typing import TypeAlias

from ..errors import DataError
from ..shared.checks import check_choice, check_number, is_number, is_whole, short

__all__ = ["ReduceLROnPlateau", "Schedule", "cosine", "exponential", "steps", "warm_up"]


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


@dataclass(frozen=True)
class ReduceLROnPlateau:
    """Times `factor` after more than `patience` evaluations in a row without a new best score (PyTorch's ReduceLROnPlateau).

    Given to `fit(schedule=...)`, it follows the first score of `evaluate`; `mode` is that of `fit`.

    mode            "min": the lowest score is the best one; "max": the highest.
    factor          between 0 and 1.
    threshold       how much better a new best must be: a share of the best score so far with threshold_mode "rel", with "abs" the
                    difference to it.
    cooldown        evaluations after each step down in which none counts as bad.
    lowest          the share of the learning rate that is never gone below, 0..1; PyTorch's min_lr divided by the learning rate.

    PyTorch's `eps`, below which a step down is left out, is 0 here. Raises `DataError` for a setting outside of its range.

    >>> import tinygrad_rnn as tg
    >>> plateau = tg.schedules.ReduceLROnPlateau(factor=0.5, patience=1)
    >>> [plateau.share_after([3.0, 2.0, 2.0, 2.0, 2.0, 2.0][:n]) for n in range(7)]
    [1.0, 1.0, 1.0, 1.0, 0.5, 0.5, 0.25]
    """

    mode: str = "min"
    factor: float = 0.1
    patience: int = 10
    threshold: float = 1e-4
    threshold_mode: str = "rel"
    cooldown: int = 0
    lowest: float = 0.0

    def __post_init__(self) -> None:
        check_choice("ReduceLROnPlateau", "mode", self.mode, ("min", "max"))
        check_choice("ReduceLROnPlateau", "threshold_mode", self.threshold_mode, ("rel", "abs"))
        for name in ("patience", "cooldown"):
            if not is_whole(getattr(self, name), 0):
                text = f"ReduceLROnPlateau({name}={short(getattr(self, name))})"
                raise DataError(text, hint="a whole number of evaluations, at least 0")
        if check_number("factor", self.factor, 0, 1, above=True) == 1:
            raise DataError("factor=1", hint="factor is above 0 and below 1: the learning rate shall get smaller")
        check_number("threshold", self.threshold, 0)
        check_number("lowest", self.lowest, 0, 1)

    def share_after(self, scores: Iterable[float]) -> float:
        """The share of the learning rate that holds after these evaluations, the earliest score first."""
        try:
            values = [float(score) for score in scores]
        except (TypeError, ValueError, OverflowError):
            raise DataError(f"share_after({short(scores)})", hint="a list of all scores so far, each a number") from None
        share, best, bad, cooling = 1.0, inf if self.mode == "min" else -inf, 0, 0
        for score in values:
            if self._better(score, best):
                best, bad = score, 0
            else:
                bad += 1
            if cooling:
                cooling, bad = cooling - 1, 0
            if bad > self.patience:
                share, bad, cooling = max(share * self.factor, self.lowest), 0, self.cooldown
        return share

    def _better(self, score: float, best: float) -> bool:
        sign = 1 if self.mode == "max" else -1
        if self.threshold_mode == "rel":
            return sign * score > sign * best * (1 + sign * self.threshold)
        return sign * score > sign * best + self.threshold


def _whole(schedule: str, name: str, value: int) -> None:
    if not is_whole(value, 1):
        raise DataError(f"{schedule} with {name}={value!r}", hint="a whole number of updates, at least 1")


def _share(schedule: str, name: str, value: float) -> None:
    if not is_number(value, Real) or not 0 < value < inf:
        raise DataError(f"{schedule} with {name}={value!r}", hint="a positive number, usually below 1")
