"""Where a training is; saved, and taken up again."""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..engine.tensor import Tensor
from ..errors import DataError, LoadError
from ..nn.meaning import StateDict, meaning_from, meaning_of, other_cells, unknown
from ..nn.module import Module
from ..optim.base import Optimizer
from ..shared.array_type import Array
from ..shared.call_site import call_site
from ..shared.checks import check_number, check_size, short
from .checkpoint import read_checkpoint, write_checkpoint
from .history import Log
from .random_generators import Draws, Notes, rewind

__all__ = ["TrainingState", "flatten", "group", "load_training", "save_training"]

FORMAT = "tinygrad_rnn checkpoint 2"


@dataclass(eq=False)
class TrainingState:
    """Where a training is, besides what the model and the optimizer hold."""

    lr: float  # of which a schedule takes a share
    notes: Notes  # where the generators are
    draws: Draws  # what this epoch has drawn
    epoch: int = 0  # epochs that are over
    position: int = 0  # batches of this epoch that are over
    carried: Any = None  # from batch to batch
    best: dict[str, Array] = field(default_factory=dict)  # weights
    log: Log = field(default_factory=Log)


def save_training(path: str | os.PathLike[str], model: Module, optimizer: Optimizer, at: TrainingState) -> None:
    """Write a checkpoint. Where that fails, it warns, and the old file is as it was."""
    leaves: list[Array] = []
    note = {
        "format": FORMAT,
        "meaning": meaning_of(model)._asdict(),
        "optimizer": type(optimizer).__name__,
        "lr": float(at.lr),
        "place": [at.epoch, at.position],
        "generators": at.notes,
        "epoch_generators": at.draws.began,
        "moved": at.draws.moved,
        "state": flatten(at.carried, leaves),
        "log": at.log.note(),
    }
    groups = {
        "weights": model.state_dict(),
        "optimizer": optimizer.state_dict(),
        "best": at.best,
        "history": at.log.arrays(),
        "state": {str(k): leaf for k, leaf in enumerate(leaves)},
    }
    arrays = {f"{group}/{name}": array for group, members in groups.items() for name, array in members.items()}
    try:
        write_checkpoint(path, arrays, note)
    except DataError as error:
        old = "the old one is as it was, " if os.path.exists(path) else ""
        text = f"update {at.log.updates}: {error.message}; {old}training goes on"
        at.log.notes.append(text)
        warnings.warn(text, RuntimeWarning, stacklevel=call_site().level)
    else:
        at.log.saved_at = at.log.updates


def load_training(
    path: str | os.PathLike[str],
    model: Module,
    optimizer: Optimizer,
    generators: Mapping[str, np.random.Generator],
    notes: Notes,
    mode: str = "min",
) -> TrainingState:
    """Give model, optimizer and generators what a checkpoint holds, all or nothing; `notes` are where the generators are now."""
    arrays, note = read_checkpoint(path)
    before = model.state_dict(), optimizer.state_dict()
    try:
        if note.get("format") != FORMAT:
            raise LoadError(f"not a checkpoint of this version ({FORMAT})", hint="start anew without resume=True")
        if not str(note["optimizer"]).isidentifier():
            raise LoadError(f"it was saved by {short(note['optimizer'])}", hint="start anew without resume=True")
        if note["optimizer"] != type(optimizer).__name__:
            raise LoadError(
                f"it was saved by {note['optimizer']}, and the optimizer here is {type(optimizer).__name__}",
                hint=f"give fit() {note['optimizer']}(model.parameters(), ...), or start anew without resume=True",
            )
        if not note["generators"].keys() == note["epoch_generators"].keys() == generators.keys():
            raise LoadError(
                f"it holds the generators {sorted(note['generators'])}, here there are {sorted(generators)}",
                hint="give fit() the same rng, and the model the same generators",
            )
        moved = {int(number): notes for number, notes in note["moved"].items()}
        epoch, position = (check_size("place", count, 0) for count in note["place"])
        at = TrainingState(
            lr=check_number("lr", note["lr"], least=0),
            notes=note["generators"],
            draws=Draws(generators, note["epoch_generators"], moved, True),
            epoch=epoch,
            position=position,
            carried=_unflatten(note["state"], group(arrays, "state")),
            best=group(arrays, "best"),
            log=Log.loaded(note["log"], group(arrays, "history")),
        )
        if [epoch, position] != [len(at.log.epochs), at.log.updates - max(at.log.epochs, default=0)]:
            raise LoadError(
                f"its place {short(note['place'])} is not where its history of {at.log.updates} updates ends",
                hint="start anew without resume=True",
            )
        if at.log.mode != mode:
            raise LoadError(
                f"it was saved with mode={short(at.log.mode)}, and now mode is {mode!r}", hint="give fit() the same mode"
            )
        if at.best:
            model.load_state_dict(at.best)
        weights, told = group(arrays, "weights"), note.get("meaning")
        for name, kind in ((name, p.dtype) for name, p in model.named_parameters() if name in weights):
            if weights[name].dtype != kind:
                raise LoadError(
                    f"it was trained in {weights[name].dtype}, and {name} is {kind} here",
                    hint=f"make the model with dtype={weights[name].dtype}; weights_in(checkpoint) has the weights alone",
                )
        meaning = None if told is None else meaning_from(told)
        if wrong := other_cells(meaning, meaning_of(model)):
            raise LoadError(
                "; ".join(wrong), hint="make the model of the same cells; weights_in(checkpoint) has the weights alone"
            )
        model.load_state_dict(StateDict(weights, meaning))
        optimizer.load_state_dict(group(arrays, "optimizer"))
        for place in (*moved.values(), at.draws.began, at.notes):
            rewind(generators, place)
    except Exception as error:  # what a note says may be wrong in more ways than there are names for
        model.load_state_dict(before[0])
        optimizer.load_state_dict(before[1])
        rewind(generators, notes)
        said = error.message if isinstance(error, DataError) else short(error)
        known = error if isinstance(error, LoadError) else LoadError(said, hint="start anew without resume=True")
        raise LoadError(f"this checkpoint does not fit: {known.message}", where=os.path.abspath(path), hint=known.hint) from None
    if told is None and (paths := unknown(None, meaning_of(model))):
        warnings.warn(
            f"this checkpoint does not say what its weights mean: {', '.join(paths)} was not compared",
            UserWarning,
            stacklevel=call_site().level,
        )
    return at


def group(arrays: Mapping[str, Array], name: str) -> dict[str, Array]:
    """The arrays whose names start with `name/`, by the rest of their names."""
    return {key.removeprefix(f"{name}/"): array for key, array in arrays.items() if key.startswith(f"{name}/")}


def flatten(state: Any, leaves: list[Array]) -> Any:
    """A state as JSON data: the values of its tensors are put into `leaves`, and their places there stand for them.

    Raises `DataError` for what could not be read back as it was: tuples and lists of a class of their own (named tuples), whose
    class is known to the program alone, and keys of a dict that are neither text nor whole numbers.

    >>> import tinygrad_rnn as tg
    >>> from tinygrad_rnn.train.training_state import flatten
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
