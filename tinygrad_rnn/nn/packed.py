"""Sequences of different lengths in one batch without padding: sorted, the longest first, so that the batch shrinks as they end.

For those who pad instead: `mask` says which steps count, `last_valid` takes each sequence's own last row.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any

import numpy as np
import numpy.typing as npt

from ..engine.dtypes import as_array
from ..engine.primitives import concat, take
from ..engine.scopes import here, place_of, time_step
from ..engine.tensor import Tensor, TensorLike, as_tensor, named
from ..errors import DataError, DtypeError, ShapeError
from ..shared.array_type import Array, array_given
from ..shared.checks import check_kind, is_number
from .inputs import whole_steps

__all__ = ["PackedSequence", "last_valid", "mask", "pack", "steps_in", "unpack", "valid_steps"]


@dataclass(frozen=True, eq=False)
class PackedSequence:
    """A batch of sequences of different lengths, step by step; made by `pack`, read by `unroll` and by every layer.

    `tensors[t - 1]` (rows of step t, features) holds the sequences that are still running at step t, the longest first;
    `lengths` are in the caller's order, and `order[k]` is the caller's number of row k. Iterating gives the tensors, so a layer
    that treats its input as a list of steps works on it unchanged. Raises `ShapeError` for tensors that lengths do not allow.
    """

    tensors: tuple[Tensor, ...]
    lengths: tuple[int, ...]
    order: tuple[int, ...]

    def __post_init__(self) -> None:
        if not self.lengths:
            raise DataError("a PackedSequence of no sequences", hint="nn.pack makes one of a list of sequences")
        rows = [len(t._array) if t._array.ndim else 0 for t in self.tensors]
        wanted = (np.asarray(self.lengths)[:, None] > np.arange(max(self.lengths))).sum(0).tolist()
        if rows != wanted:
            raise ShapeError(
                f"steps of {_shortly(rows)} rows for sequences of lengths {_shortly(self.lengths)}",
                where=place_of(here.mode.frames),
                hint="a layer of packed sequences returns one tensor a step, with a row for each sequence that is still running",
            )

    def __len__(self) -> int:
        return len(self.tensors)

    def __iter__(self) -> Iterator[Tensor]:
        return iter(self.tensors)

    def __getitem__(self, k: int) -> Tensor:
        return self.tensors[k]

    def like(self, tensors: Iterable[Tensor]) -> PackedSequence:
        """The same lengths and order with other tensors, one a step: the outputs of a layer.

        >>> import numpy as np, tinygrad_rnn as tg
        >>> packed = tg.nn.pack([np.ones((2, 3)), np.ones((5, 3))])
        >>> doubled = packed.like(2.0 * x for x in packed)
        >>> doubled[-1].data
        array([[2., 2., 2.]])
        """
        check_kind("a packed sequence like this one, of", tensors, Iterable, "tensors, one a step")
        made = tuple(tensors)
        for t in made:
            check_kind("a step of a packed sequence:", t, Tensor, "tensors, one a step")
        return PackedSequence(made, self.lengths, self.order)

    def __array__(self, dtype: object = None, copy: object = None) -> Array:
        raise DtypeError(
            "a packed sequence is no array: its steps have different numbers of rows",
            hint="layers read it as it is; nn.unpack(packed) gives (batch, time, features) and the lengths",
        )

    @property
    def steps(self) -> int:
        """How many rows a cell computes in all: the sum of the lengths."""
        return int(sum(self.lengths))

    @property
    def padded_steps(self) -> int:
        """How many it would compute if all were padded to the longest. What is saved is `1 - steps / padded_steps`."""
        return len(self.lengths) * len(self.tensors)

    def __repr__(self) -> str:
        shape = self.tensors[0].shape[1:]
        return (
            f"PackedSequence(lengths {_shortly(self.lengths)}, features {shape[0] if len(shape) == 1 else shape}, "
            f"{self.steps} of {self.padded_steps} padded steps)"
        )


def pack(sequences: Iterable[TensorLike], lengths: npt.ArrayLike | None = None) -> PackedSequence:
    """Sequences (time, features) of any lengths, in any order, as one batch. Gradients reach those that require them.

    With `lengths`, sequences that are padded already, (batch, time, features): what stands behind the end of one is left out.
    Symbols are embedded first: `pack([table(ids) for ids in texts])`. Raises `DataError` for no sequences and for one without
    steps, `ShapeError` where the features differ, and for lengths what `last_valid` raises.

    >>> import numpy as np, tinygrad_rnn as tg
    >>> packed = tg.nn.pack([np.ones((2, 3)), np.ones((5, 3)), np.ones((1, 3))])
    >>> packed
    PackedSequence(lengths (2, 5, 1), features 3, 8 of 15 padded steps)
    >>> [x.shape[0] for x in packed], packed.order
    ([3, 2, 1, 1, 1], (1, 0, 2))
    >>> tg.nn.pack(np.ones((3, 5, 3)), [2, 5, 1])
    PackedSequence(lengths (2, 5, 1), features 3, 8 of 15 padded steps)
    """
    if lengths is not None:
        whole, ends = valid_steps("pack", sequences, lengths)
        sequences = [whole[k, :n] for k, n in enumerate(ends.tolist())]
    if not isinstance(sequences, Iterable):
        raise DataError(f"pack of a {type(sequences).__name__}", hint="give a list of arrays (time, features)")
    parts = [as_tensor(sequence) for sequence in sequences]
    if not parts:
        raise DataError("pack of no sequences", hint="give a list with at least one array (time, features)")
    for k, part in enumerate(parts):
        if part.ndim != 2 or part.shape[1] != parts[0].shape[-1]:
            raise ShapeError(
                f"pack: sequence {k} has shape {part.shape}"
                + (f", sequence 0 has {parts[0].shape[1]} features" if k and part.ndim == 2 else ""),
                hint="each sequence is (time, features), with the same number of features",
            )
        if not len(part):
            raise DataError(f"pack: sequence {k} has no steps", hint="leave empty sequences out before you pack")
    lengths = [len(part) for part in parts]
    order = sorted(range(len(parts)), key=lambda k: -lengths[k])
    running, rows = _running([lengths[k] for k in order])
    flat = parts[0]
    if len(parts) > 1:  # from one sequence after another to one step after another
        firsts = np.cumsum([0] + [lengths[k] for k in order[:-1]])
        flat = take(concat([parts[k] for k in order]), (firsts + np.arange(len(rows))[:, None])[running])
    return PackedSequence(tuple(steps_in(flat, rows, "x")), tuple(lengths), tuple(order))


def unpack(packed: PackedSequence, padding: float = 0.0) -> tuple[Tensor, tuple[int, ...]]:
    """One tensor (batch, time, features) in the caller's order, filled up with `padding`; and the lengths.

    Raises `DataError` for what is not packed, `DtypeError` for a padding that is no number.

    >>> import tinygrad_rnn as tg
    >>> whole, lengths = tg.nn.unpack(tg.nn.pack([[[1.0]], [[2.0], [3.0]]]), padding=-1.0)
    >>> whole.data[:, :, 0].tolist(), lengths
    ([[1.0, -1.0], [2.0, 3.0]], (1, 2))
    """
    if not isinstance(packed, PackedSequence):
        raise DataError(f"unpack of a {type(packed).__name__}", hint="give what nn.pack made, or what a layer made of that")
    if not is_number(padding, Real):
        raise DtypeError(f"unpack(padding={padding!r})", hint="the number that stands behind the end of shorter sequences")
    running, _ = _running([packed.lengths[k] for k in packed.order])
    index = np.full(running.shape, packed.steps)  # the last row is the padding
    index[running] = np.arange(packed.steps)
    filler = Tensor(np.full((1, *packed[0].shape[1:]), as_array(padding, packed[0].dtype)), name="padding")
    return take(concat([*packed, filler]), index.T[np.argsort(packed.order)]), packed.lengths


def mask(lengths: npt.ArrayLike, time: int) -> npt.NDArray[np.bool_]:
    """Which steps of padded sequences count: True before each sequence's end, (batch, time).

    A loss that ignores padding: `(losses * mask(lengths, time)).sum() / sum(lengths)`. Raises `DataError` for a length outside
    1..time, `DtypeError` for one that is no integer.

    >>> import tinygrad_rnn as tg
    >>> tg.nn.mask([1, 3], 3)
    array([[ True, False, False],
           [ True,  True,  True]])
    """
    ends = _checked_lengths(lengths)
    if not is_number(time, Integral):
        raise DtypeError(f"mask over {time!r} steps", hint="a whole number: the length that all are padded to")
    if ends.size and not 1 <= ends.min() <= ends.max() <= time:
        wrong = ends.min() if ends.min() < 1 else ends.max()
        raise DataError(f"a sequence of length {wrong} among {time} steps", hint=f"lengths run from 1 to {time}")
    return ends[:, None] > np.arange(time)


def last_valid(outputs: TensorLike | Sequence[Tensor], lengths: npt.ArrayLike) -> Tensor:
    """Each sequence's row at its own last step, (batch, features), out of padded outputs (batch, time, features).

    `outputs` may also be a list of one tensor a step. Raises as `mask` does, and `ShapeError` unless there is one length a row.

    >>> import tinygrad_rnn as tg
    >>> tg.nn.last_valid([[[1.0], [0.0]], [[2.0], [3.0]]], [1, 2])
    Tensor([[1.],
            [3.]])
    """
    whole, ends = valid_steps("last_valid", outputs, lengths)
    return whole[np.arange(len(whole)), ends - 1]


def valid_steps(caller: str, outputs: Any, lengths: npt.ArrayLike) -> tuple[Tensor, npt.NDArray[np.int64]]:
    """Steps, as one tensor or as a list of one a step, as one tensor (batch, time, features), and the length of every sequence.

    >>> from tinygrad_rnn.nn.packed import valid_steps
    >>> whole, ends = valid_steps("last_valid", [[[1.0], [0.0]], [[2.0], [3.0]]], [1, 2])
    >>> whole.shape, ends
    ((2, 2, 1), array([1, 2]))
    """
    whole, ends = whole_steps(caller, outputs), _checked_lengths(lengths)
    if len(whole) != len(ends):
        raise ShapeError(
            f"{caller} of shape {whole.shape} with lengths of shape {ends.shape}",
            where=place_of(here.mode.frames),
            hint="what is padded is (batch, time, features), with one length for every sequence of the batch",
        )
    mask(ends, whole.shape[1])
    return whole, ends


def steps_in(flat: Tensor, rows: Sequence[int], name: str) -> Iterator[Tensor]:
    """The rows of each step out of one tensor that holds them one step after another, each recorded in its step."""
    end = 0
    for t, count in enumerate(rows, start=1):
        end += count
        with time_step(t):
            yield named(flat[end - count : end], name)


def _checked_lengths(lengths: npt.ArrayLike) -> npt.NDArray[np.int64]:
    """Lengths as an array of integers, or a DtypeError."""
    ends = array_given("lengths", lengths, "one integer for each sequence")
    if ends.ndim != 1 or ends.dtype.kind not in "iu":
        shown = _shortly(ends.tolist()) if ends.ndim == 1 else repr(lengths)
        raise DtypeError(f"lengths {shown} are not a list of integers", hint="one integer for each sequence")
    return ends


def _running(lengths: Sequence[int]) -> tuple[npt.NDArray[np.bool_], list[int]]:
    """For lengths, the longest first: whether each sequence runs at each step (time, batch), and how many do."""
    running = np.arange(lengths[0])[:, None] < np.asarray(lengths)
    return running, running.sum(1).tolist()


def _shortly(numbers: Sequence[int]) -> str:
    """Numbers for a message, the first six of many."""
    shown = ", ".join(map(str, numbers[:6]))
    return f"({shown}{', ...' if len(numbers) > 6 else ',' * (len(numbers) == 1)})"
