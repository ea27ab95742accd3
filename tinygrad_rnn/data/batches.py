"""From sequences to batches: shuffle and split, pad, put equal lengths together, cut a long text into windows.

Everything random takes a Generator; the same seed gives the same batches.
"""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral, Real
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError
from ..shared.array_type import array_given
from ..shared.checks import check_rng, is_number, is_whole, short

__all__ = [
    "PaddedBatch", "Window", "buckets", "pad", "padded_batches", "shuffled_split", "sliding_windows", "text_windows", "windows",
]  # fmt: skip


def __dir__() -> list[str]:
    return __all__


Ids = NDArray[np.int64]
POOL = 50  # batches that are sorted by length together


class PaddedBatch(NamedTuple):
    """`x` `(batch, time)` ids, filled up with the padding id; `y` what belongs to each row; `lengths` `(batch,)`; `rows` their
    places in what the batches were made of.

    >>> import numpy as np, tinygrad_rnn as tg
    >>> tg.data.batches.PaddedBatch(np.array([[5, 6], [7, 0]]), np.array([1, 0]), np.array([2, 1]), np.array([0, 1])).mask
    array([[ True,  True],
           [ True, False]])
    """

    x: Ids
    y: NDArray[Any]
    lengths: Ids
    rows: Ids

    @property
    def mask(self) -> NDArray[np.bool_]:
        """`(batch, time)`: True where x is data, False where it is padding."""
        return np.arange(self.x.shape[1]) < self.lengths[:, None]


class Window(NamedTuple):
    """Consecutive steps of long sequences: `x` `(batch, steps, ...)` and `y`, what is asked at each of them, or after them."""

    x: NDArray[Any]
    y: NDArray[Any]


def shuffled_split(rng: np.random.Generator, size: int, held_out: float | int) -> tuple[Ids, Ids]:
    """The numbers 0 to size - 1, shuffled: those to train with, and those held out.

    `held_out` is a share (0.1) or a number of items (1600). Raises `DataError` unless both parts hold at least one, and for what
    is no number.

    >>> import numpy as np, tinygrad_rnn as tg
    >>> train, test = tg.data.batches.shuffled_split(np.random.default_rng(0), 10, 0.2)
    >>> train, test
    (array([4, 6, 2, 7, 3, 5, 9, 0]), array([8, 1]))
    """
    check_rng(rng)
    if not is_number(size, Integral) or not is_number(held_out, Real) or not abs(held_out) < 2**63:
        said = f"{short(held_out)} held out of {short(size)} items"
        raise DataError(said, hint="a share of them (0.1), or how many of how many")
    count = int(held_out) if isinstance(held_out, Integral) else round(held_out * size)
    if not 0 < count < size:
        raise DataError(
            f"{held_out} held out of {size} items leaves {max(size - count, 0)} to train with and {max(count, 0)} to test",
            hint="each part needs at least one item",
        )
    order = rng.permutation(size)
    return order[: size - count], order[size - count :]


def pad(sequences: Sequence[Any], padding_id: int = 0) -> tuple[Ids, Ids]:
    """Sequences of ids as one array `(batch, longest)`, shorter ones filled up at the end, and their lengths `(batch,)`.

    Targets of every step are padded with `padding_id=-100`, which `functional.cross_entropy` leaves out: 0 is a class.
    Raises `DataError` for no sequences, for one of no steps (it has no last state): leave those out; for what is no row of ids, and
    for a `padding_id` that is no whole number.

    >>> import tinygrad_rnn as tg
    >>> tg.data.batches.pad([[1, 2, 3], [4]])
    (array([[1, 2, 3],
           [4, 0, 0]]), array([3, 1]))
    """
    return _filled(sequences, "padding_id", padding_id, "sequence", "ids")


def buckets(lengths: Any, size: int, rng: np.random.Generator | None = None) -> list[Ids]:
    """Groups of `size` row numbers of nearly equal length, each row once: little padding, and yet a different mix each time.

    With a generator: shuffled, sorted by length in pools of 50 groups, the groups shuffled. Without: simply sorted. The last group
    may be smaller.

    >>> import tinygrad_rnn as tg
    >>> [rows.tolist() for rows in tg.data.batches.buckets([5, 1, 4, 2, 9], 2)]
    [[1, 3], [2, 0], [4]]
    """
    lengths = array_given("lengths", lengths, "one length for each sequence", DataError)
    if lengths.dtype.kind not in "fiu":
        raise DataError(f"batches of lengths {short(lengths)}", hint="one length for each sequence: whole numbers")
    if lengths.ndim != 1 or not lengths.size:
        raise DataError(f"batches of lengths of shape {lengths.shape}", hint="one length for each of at least one sequence")
    if not is_whole(size, 1):
        raise DataError(f"batches of size {size!r}", hint="a whole number, at least 1")
    if rng is None:
        order = np.argsort(lengths, kind="stable")
    else:
        check_rng(rng)
        order = rng.permutation(len(lengths))
        pools = [order[start : start + POOL * size] for start in range(0, len(order), POOL * size)]
        order = np.concatenate([pool[np.argsort(lengths[pool], kind="stable")] for pool in pools])
    groups = [order[start : start + size] for start in range(0, len(order), size)]
    return groups if rng is None else [groups[k] for k in rng.permutation(len(groups))]


def padded_batches(
    sequences: Sequence[Any],
    y: Any,
    size: int,
    rng: np.random.Generator | None = None,
    *,
    padding_id: int = 0,
    ignore_index: int = -100,
) -> list[PaddedBatch]:
    """All sequences in batches of nearly equal length (`buckets`), padded; y holds what belongs to each.

    A row of whole numbers for each sequence is a target at every step (a tag for every word): y is then `(batch, time)`, filled up
    with `ignore_index`, which `functional.cross_entropy` leaves out. What belongs to a whole sequence is one number, or floats.

    Raises `DataError` for no sequences, one of no steps, another number of y, or a row of targets of another length than its sequence.

    >>> import tinygrad_rnn as tg
    >>> first, second = tg.data.batches.padded_batches([[1, 2, 3], [4], [5, 6]], [0, 1, 0], 2)
    >>> first.x, first.y, first.lengths, second.x
    (array([[4, 0],
           [5, 6]]), array([1, 0]), array([1, 2]), array([[1, 2, 3]]))
    >>> tg.data.batches.padded_batches([[5, 6], [7]], [[1, 0], [1]], 2)[0].y
    array([[   1, -100],
           [   1,    0]])
    """
    x, lengths = pad(sequences, padding_id)
    targets, each_step = _targets(y, lengths, ignore_index)
    batches = []
    for rows in buckets(lengths, size, rng):
        n = lengths[rows]
        batches.append(PaddedBatch(x[rows, : n.max()], targets[rows, : n.max()] if each_step else targets[rows], n, rows))
    return batches


def windows(x: Any, y: Any, steps: int) -> list[Window]:
    """Long sequences x and y `(batch, time, ...)` cut into windows of `steps`, in the order of time; the last may be shorter.

    For truncated backpropagation through time: the state that one window ends with is where the next begins, its value
    without its history (`train.fit(..., stateful=True)`). Raises `DataError` where x and y do not have the same batch and time, or
    have no steps.

    >>> import tinygrad_rnn as tg
    >>> [window.x.tolist() for window in tg.data.batches.windows([[1, 2, 3, 4, 5]], [[2, 3, 4, 5, 6]], 2)]
    [[[1, 2]], [[3, 4]], [[5]]]
    """
    x, y = (array_given("windows of", part, "pad them first, or cut each by itself", DataError) for part in (x, y))
    if x.ndim < 2 or x.shape[:2] != y.shape[:2] or not x.shape[0] or not x.shape[1]:
        raise DataError(f"windows of x {x.shape} and y {y.shape}", hint="both are (batch, time, ...), with at least one step")
    if not is_whole(steps, 1):
        raise DataError(f"windows of {steps!r} steps", hint="a whole number, at least 1")
    return [Window(x[:, t : t + steps], y[:, t : t + steps]) for t in range(0, x.shape[1], steps)]


def sliding_windows(series: Any, steps: int, horizon: int = 1, stride: int = 1) -> Window:
    """Every piece of `steps` of a series (time, ...) as x (windows, steps, ...), and the `horizon` steps after it as y: to forecast.

    Windows begin `stride` steps apart, and overlap where that is less than `steps`. Split a series in time first, and cut each part
    by itself: windows that overlap know the answers of each other. Raises `DataError` for a series too short for one window, for
    one that holds NaN (a gap), and for what is no series of numbers.

    >>> import numpy as np, tinygrad_rnn as tg
    >>> train, test = np.split(np.arange(12.0)[:, None], [8])  # one feature
    >>> x, y = tg.data.batches.sliding_windows(train, steps=3, horizon=2)
    >>> x.shape, y.shape, x[0, :, 0], y[0, :, 0]
    ((4, 3, 1), (4, 2, 1), array([0., 1., 2.]), array([3., 4.]))
    """
    series = array_given("windows of", series, "pad them first, or cut each by itself", DataError)
    for name, value in (("steps", steps), ("horizon", horizon), ("stride", stride)):
        if not is_whole(value, 1):
            raise DataError(f"sliding_windows with {name}={short(value)}", hint="a whole number, at least 1")
    if not series.ndim or series.dtype.kind not in "fiub":
        raise DataError(f"sliding_windows of {short(series)}", hint="a series is made of numbers, (time, features) or (time)")
    if len(series) < steps + horizon:
        raise DataError(
            f"sliding_windows of {steps} steps and a horizon of {horizon} over a series of {len(series)} steps",
            hint=f"a series of at least {steps + horizon} steps, the first axis is time; or shorter windows",
        )
    if not np.isfinite(series).all():
        raise DataError(
            f"sliding_windows of a series that holds {series[~np.isfinite(series)][0]}",
            where=f"step {np.argwhere(~np.isfinite(series))[0][0]} of {len(series)}",
            hint="fill gaps first (np.interp), or cut the series there and join the windows of its parts",
        )
    starts = np.arange(0, len(series) - steps - horizon + 1, stride)[:, None]
    return Window(series[starts + np.arange(steps)], series[starts + steps + np.arange(horizon)])


def text_windows(ids: Any, rows: int, steps: int) -> list[Window]:
    """A long text cut into `rows` parts that are read side by side, in windows of `steps`; y is the id that follows.

    What does not fill the last column of all rows is left over (fewer than `rows` ids). A text shorter than a window gives one
    shorter window. Raises `DataError` if a row would hold fewer than two ids: nothing would follow.

    >>> import numpy as np, tinygrad_rnn as tg
    >>> [(window.x.tolist(), window.y.tolist()) for window in tg.data.batches.text_windows(np.arange(9), 2, 2)]
    [([[0, 1], [4, 5]], [[1, 2], [5, 6]]), ([[2], [6]], [[3], [7]])]
    """
    ids = array_given("text_windows of", ids, "one row of ids, as vocabulary.encode(text) gives it", DataError)
    if ids.ndim != 1:
        raise DataError(f"text_windows of ids of shape {ids.shape}", hint="one row of ids: vocabulary.encode(text)")
    if not is_whole(rows, 1):
        raise DataError(f"text_windows of {rows!r} rows", hint="a whole number, at least 1")
    if len(ids) // rows < 2:
        raise DataError(
            f"a text of {len(ids)} ids in {rows} rows: a row needs two, one to read and one to predict",
            hint=f"rows={len(ids) // 2} at most" if len(ids) > 1 else "give a longer text",
        )
    streams = ids[: len(ids) // rows * rows].reshape(rows, -1)
    return windows(streams[:, :-1], streams[:, 1:], steps)


def _targets(y: Any, lengths: Ids, ignore_index: int) -> tuple[NDArray[Any], bool]:
    """What belongs to sequences of these lengths, as one array, and whether it is a target at every step, (batch, longest)."""
    rows = y if isinstance(y, (list, tuple)) else []
    if len({len(row) for row in rows if isinstance(row, (list, tuple)) or getattr(row, "ndim", False)}) > 1:
        read = np.empty(len(y), object)
        read[:] = [*y]
    else:
        read = array_given("y", y, "one entry for each sequence", DataError)
    if read.shape[:1] != lengths.shape:
        raise DataError(f"{len(lengths)} sequences and y of shape {read.shape}", hint="y holds one entry for each sequence")
    if read.dtype != object and (read.ndim != 2 or read.dtype.kind not in "iub"):
        return read, False
    targets, ends = _filled(read, "ignore_index", ignore_index, "y of sequence", "targets")
    if (wrong := np.flatnonzero(ends != lengths)).size:
        k = int(wrong[0])
        raise DataError(
            f"sequence {k} has {lengths[k]} ids and {ends[k]} targets",
            where=f"sequence {k} of {len(lengths)}",
            hint="a row of whole numbers is a target for every step, without padding; a vector for a whole sequence is of floats",
        )
    return targets, True


def _filled(rows: Any, name: str, filler: int, what: str, things: str) -> tuple[Ids, Ids]:
    """Rows of whole numbers as one array, filled up at the end, and their lengths."""
    lengths = _lengths(rows, what)
    if not is_whole(filler, -(2**63)) or filler >= 2**63:
        raise DataError(f"padding with {name}={short(filler)}", hint="a whole number: the id that stands for no symbol")
    x = np.full((len(rows), int(lengths.max())), filler, np.int64)
    for k, given in enumerate(rows):
        row = array_given(f"{what} {k} is", given, "whole numbers in each", DataError)
        if row.ndim != 1 or row.dtype.kind not in "iub":  # NumPy would cut 1.5 to 1
            raise DataError(
                f"{what} {k} is no row of {things} but {type(given).__name__} {row.shape} of {row.dtype}",
                hint="whole numbers, as vocabulary.encode(text) gives them; nn.pack makes a batch of vectors (time, features)",
            )
        x[k, : lengths[k]] = row
    return x, lengths


def _lengths(sequences: Sequence[Any], what: str = "sequence") -> Ids:
    try:
        lengths = np.array([len(sequences[k]) for k in range(len(sequences))])
    except (TypeError, KeyError):  # numbers, a generator, a dict
        raise DataError(f"a batch of a {type(sequences).__name__}", hint="a list of rows of ids: [[1, 2], [3]]") from None
    if not len(lengths):
        raise DataError("a batch of no sequences", hint="leave empty batches out")
    if not lengths.all():
        raise DataError(
            "a sequence of no steps",
            where=f"{what} {int(lengths.argmin())} of {len(lengths)}",
            hint="leave empty sequences out",
        )
    return lengths
