"""Save where a training is, and go on from there."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..engine.tensor import Tensor
from ..errors import DataError, LoadError
from ..shared.array_type import Array
from .checkpoint import read, write
from .history import Log
from .random_states import Draws, rewind

if TYPE_CHECKING:
    from .loop import Loop

__all__ = ["flatten", "group", "load", "save"]

FORMAT = "tinygrad_rnn checkpoint 2"


def save(loop: Loop) -> None:
    """Write the checkpoint, if there is to be one. Where that fails, it warns, and the old file is as it was."""
    if loop.checkpoint is None:
        return
    leaves: list[Array] = []
    note = {
        "format": FORMAT,
        "optimizer": type(loop.optimizer).__name__,
        "lr": float(loop.lr),
        "place": [loop.epoch, loop.position],
        "generators": loop.notes,
        "epoch_generators": loop.draws.began,
        "moved": loop.draws.moved,
        "state": flatten(loop.state, leaves),
        "log": loop.log.note(),
    }
    groups = {
        "weights": loop.model.state_dict(),
        "optimizer": loop.optimizer.state_dict(),
        "best": loop.best,
        "history": loop.log.arrays(),
        "state": {str(k): leaf for k, leaf in enumerate(leaves)},
    }
    arrays = {f"{group}/{name}": array for group, members in groups.items() for name, array in members.items()}
    try:
        write(loop.checkpoint, arrays, note)
    except DataError as error:
        old = "the old one is as it was, " if os.path.exists(loop.checkpoint) else ""
        text = f"update {loop.log.updates}: {error.message}; {old}training goes on"
        loop.log.notes.append(text)
        warnings.warn(text, RuntimeWarning, stacklevel=_outside())
    else:
        loop.log.saved_at = loop.log.updates


def _outside() -> int:
    """How many calls up the program is that called `fit`: a warning is shown with that line."""
    level, frame = 1, sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith(f"{__package__}."):
        level, frame = level + 1, frame.f_back
    return level


def load(loop: Loop) -> None:
    """Take over a checkpoint, whole or not at all."""
    assert loop.checkpoint is not None
    where = os.path.abspath(loop.checkpoint)
    arrays, note = read(where)
    before = loop.model.state_dict(), loop.optimizer.state_dict(), loop.notes
    try:
        if note.get("format") != FORMAT:
            raise LoadError(f"not a checkpoint of this version ({FORMAT})", hint="start anew without resume=True")
        if note["optimizer"] != type(loop.optimizer).__name__:
            raise LoadError(
                f"it was saved by {note['optimizer']}, and the optimizer here is {type(loop.optimizer).__name__}",
                hint=f"give fit() {note['optimizer']}(model.parameters(), ...), or start anew without resume=True",
            )
        if note["generators"].keys() != loop.generators.keys() or note["epoch_generators"].keys() != loop.generators.keys():
            raise LoadError(
                f"it holds the generators {sorted(note['generators'])}, here there are {sorted(loop.generators)}",
                hint="give fit() the same rng, and the model the same generators",
            )
        epoch, position = map(int, note["place"])
        log = Log.loaded(note["log"], group(arrays, "history"))
        state = _unflatten(note["state"], group(arrays, "state"))
        best, lr = group(arrays, "best"), float(note["lr"])
        if best:
            loop.model.load_state_dict(best)
        loop.model.load_state_dict(group(arrays, "weights"))
        loop.optimizer.load_state_dict(group(arrays, "optimizer"))
        moved = {int(number): notes for number, notes in note["moved"].items()}
        for notes in (*moved.values(), note["epoch_generators"], note["generators"]):
            rewind(loop.generators, notes)
    except (LoadError, KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        loop.model.load_state_dict(before[0])
        loop.optimizer.load_state_dict(before[1])
        rewind(loop.generators, before[2])
        why, hint = (
            (error.message, error.hint) if isinstance(error, LoadError) else (repr(error), "start anew without resume=True")
        )
        raise LoadError(f"this checkpoint does not fit: {why}", where=where, hint=hint) from None
    loop.epoch, loop.position, loop.log, loop.state, loop.best, loop.lr = epoch, position, log, state, best, lr
    loop.notes, loop.draws = note["generators"], Draws(loop.generators, note["epoch_generators"], moved, True)
    loop.good = loop.model.state_dict(), loop.optimizer.state_dict(), log.updates


def group(arrays: Mapping[str, Array], name: str) -> dict[str, Array]:
    """The arrays whose names start with `name/`, by the rest of their names."""
    return {key.removeprefix(f"{name}/"): array for key, array in arrays.items() if key.startswith(f"{name}/")}


def flatten(state: Any, leaves: list[Array]) -> Any:
    """A state as JSON data: the values of its tensors are put into `leaves`, and their places there stand for them.

    Raises `DataError` for what could not be read back as it was: tuples and lists of a class of their own (named tuples), whose
    class is known to the program alone, and keys of a dict that are neither text nor whole numbers.

    >>> import tinygrad_rnn as tg
    >>> from tinygrad_rnn.train.resume import flatten
    >>> leaves = []
    >>> flatten((tg.Tensor([1.0]), None), leaves), leaves
    ({'tuple': [{'tensor': 0}, None]}, [array([1.])])
    """
    if state is None:
        return None
    if isinstance(state, Tensor):
        leaves.append(state.numpy())
        return {"tensor": len(leaves) - 1}
    if type(state) in (tuple, list):
        return {type(state).__name__: [flatten(part, leaves) for part in state]}
    if type(state) is dict and all(type(key) in (str, int) for key in state):
        return {"dict": [[key, flatten(part, leaves)] for key, part in state.items()]}
    odd = next((key for key in state if type(key) not in (str, int)), None) if type(state) is dict else None
    raise DataError(
        f"a checkpoint cannot keep a state with a {type(state).__name__}"
        + (f" that has the key {odd!r}" if odd is not None else ""),
        hint="return the state as tensors in tuples, lists and dicts with text as keys: tuple(state) of a named tuple",
    )


def _unflatten(note: Any, leaves: Mapping[str, Array]) -> Any:
    """The state that `flatten` wrote down."""
    if note is None:
        return None
    ((kind, parts),) = note.items()
    if kind == "tensor":
        return Tensor(leaves[str(parts)])
    if kind == "dict":
        return {key: _unflatten(part, leaves) for key, part in parts}
    whole = [_unflatten(part, leaves) for part in parts]
    return tuple(whole) if kind == "tuple" else whole
