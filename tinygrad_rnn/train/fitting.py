"""One training loop: batches, clipping, a schedule, evaluation, early stop, checkpoints that resume to the bit."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from inspect import Signature, signature
from numbers import Real
from typing import Any, Literal, TypeVar

import numpy as np

from ..engine.tensor import Tensor
from ..errors import DataError, LoadError
from ..nn.meaning import StateDict, meaning_from
from ..nn.module import Module
from ..optim.base import Optimizer
from ..optim.schedules import ReduceLROnPlateau, Schedule
from ..program.running.compiled import compile as compiled
from ..shared.array_type import Array
from ..shared.atomic_files import target_of
from ..shared.checks import check_choice, check_flags, is_number, is_whole
from ..shared.terminal import Progress
from .callback_results import check_direction
from .checkpoint import read_checkpoint
from .history import History, Update
from .loop import Batches, Loop, Score
from .training_state import group

__all__ = ["fit", "weights_in"]

M = TypeVar("M", bound=Module)
B = TypeVar("B")


def fit(
    model: M,
    loss_of: Callable[[M, B], Tensor] | Callable[[M, B, Any], tuple[Tensor, Any]],
    batches: Batches[B],
    optimizer: Optimizer,
    *,
    epochs: int | None = None,
    updates: int | None = None,
    stateful: bool = False,
    clip: float | None = None,
    schedule: Schedule | ReduceLROnPlateau | None = None,
    evaluate: Callable[[M], Score] | None = None,
    patience: int | None = None,
    mode: Literal["min", "max"] | None = None,
    every: int | None = None,
    checkpoint: str | os.PathLike[str] | None = None,
    resume: bool = False,
    rng: np.random.Generator | None = None,
    on_epoch: Callable[[History], object] | None = None,
    on_update: Callable[[Update], object] | None = None,
    progress: bool | Progress = True,
    compile: bool = False,
) -> History:
    """Train a model until `epochs` or `updates` are reached, whichever comes first; returns its `History`.

    `loss_of(model, batch)` is the loss to make smaller, a tensor of one entry. `batches` is a list of batches, or a function that is
    given `rng` at the start of each epoch and gives that epoch's batches. `clip` is the largest norm of all gradients together.
    `schedule(done)` is the share of the learning rate that holds after `done` updates (`tg.schedules`); a `ReduceLROnPlateau` follows
    the scores of `evaluate` instead. A part that was put into `eval()` stays in it (a frozen encoder, with its dropout off), unless
    the model itself is in `eval()`: then all of it is trained in training mode. Afterwards every part is in the mode that it was in.

    stateful   loss_of(model, batch, state) returns (loss, state); the state goes on to the next batch, its values without their
               history (truncated backpropagation through time), and starts as None in every epoch. See `data.batches.windows`.
    evaluate   evaluate(model) is a number, or several by name, of which the first decides. It is called every
               `every` updates (None: after each epoch) and at the end, without recording and with dropout off.
    patience   stop after that many evaluations in a row without a new best, and give the model the best weights (they are given to
               it at any end of a training with patience).
    mode       "min": the lowest score is the best one, as of a loss; "max": the highest, as of an accuracy. None is "min", but with
               patience a score that is called accuracy, or the like, is refused until you say which.
    checkpoint a file .npz, written whenever `evaluate` is due and at the end. With `resume=True` training goes on from it if it exists:
               weights, optimizer, learning rate, generators (`rng`, and those inside modules), place in the epoch, best so far and
               history are as they were, so that the end is equal, to the bit, to that of a training that was never interrupted.
               The batches before that place are drawn once more; those of a generator that fit does not know come out otherwise.
               A file that cannot be written (a full disk) is warned about; the old one stays and training goes on.
    on_epoch   on_epoch(history) is called after every epoch, evaluated but not yet saved, to print, draw or write a sample; what it
               returns is not looked at.
    on_update  on_update(record) is called after every update with an `Update`: its number, epoch, loss, gradient norm and learning
               rate, for a logger. See `Update`.
    compile    run loss_of as a program from the third batch of a structure on: `tg.compile`, which says what that is
    progress   a line on standard error: live on a terminal where tqdm is installed, else one every five seconds. False: none.

    Ctrl-C stops after the update at hand and saves; `history.stopped` says "interrupted". NaN or infinity, in the loss, the gradients
    or the weights, raises `DivergenceError`; model and optimizer are then as they were when last evaluated and saved. Raises `DataError`
    for settings that do not go together and for an epoch without batches, `LoadError` for a checkpoint that is damaged or of
    another model: nothing is changed then. `with tg.detect_anomaly():` round it finds where NaN came from, and mistakes in `loss_of`.

    >>> import numpy as np, tinygrad_rnn as tg
    >>> rng = np.random.default_rng(0)
    >>> model = tg.nn.Linear(3, 1, rng=rng)
    >>> x = rng.standard_normal((64, 3)); y = x @ [[1.0], [2.0], [-1.0]]
    >>> def loss_of(model, rows):
    ...     return tg.functional.mse_loss(model(x[rows]), y[rows])
    >>> adam = tg.optim.Adam(model.parameters(), lr=0.05)
    >>> history = tg.train.fit(model, loss_of, lambda rng: rng.permutation(64).reshape(4, 16), adam, epochs=40, rng=rng)
    >>> history.loss.shape, bool(history.loss[-1] < 1e-3 < history.loss[0]), history.stopped
    ((160,), True, 'done')
    >>> again = tg.train.fit(model, loss_of, [range(3)], adam, epochs=2, on_update=lambda record: print(record.update, record.epoch))
    1 1
    2 2
    """
    _check_kinds(model, loss_of, batches, optimizer, schedule, evaluate, checkpoint, rng)
    for name, function, of in (("on_epoch", on_epoch, "the history so far"), ("on_update", on_update, "the record of an update")):
        if function is not None and (not callable(function) or isinstance(function, type)):
            raise DataError(f"fit(): {name} is a {type(function).__name__}", hint=f"{name} is a function of {of}")
    _check_arguments(loss_of, stateful)
    for name, count in (("epochs", epochs), ("updates", updates), ("every", every), ("patience", patience)):
        if count is not None and not is_whole(count, 1):
            raise DataError(f"fit() with {name}={count!r}", hint="a whole number, at least 1")
    if epochs is None and updates is None:
        raise DataError("fit() without an end", hint="epochs=10, or updates=1000, or both")
    check_choice("fit", "mode", mode, ("min", "max", None), '"min": low scores are better; "max": high ones')
    decides = patience is not None or isinstance(schedule, ReduceLROnPlateau)
    if decides and evaluate is not None:
        check_direction(getattr(evaluate, "__name__", ""), mode)
    if patience is not None and evaluate is None:
        raise DataError("patience without evaluate", hint="evaluate(model) says whether the model still gets better")
    if isinstance(schedule, ReduceLROnPlateau):
        if evaluate is None:
            raise DataError("ReduceLROnPlateau without evaluate", hint="evaluate(model) gives the scores that it follows")
        if schedule.mode != (mode or "min"):
            raise DataError(f"{schedule} in fit(mode={mode!r})", hint=f'give both the same mode: fit(mode="{schedule.mode}")')
    check_flags("fit", compile=compile)
    if not isinstance(progress, Progress):
        check_flags("fit", progress=progress)
    if clip is not None and (not is_number(clip, Real) or not clip > 0):
        raise DataError(f"clip={clip!r}", hint="the largest norm allowed is positive, often 1.0")
    if callable(batches) and rng is None:
        raise DataError("batches is a function and rng is missing", hint="rng=np.random.default_rng(0)")
    _check_parameters(model, optimizer)
    if checkpoint is not None:
        checkpoint = target_of(checkpoint, (".npz",), "checkpoint")
    loop = Loop(
        model,
        loss_of,
        batches,
        optimizer,
        stateful,
        clip,
        schedule,
        evaluate,
        patience,
        every,
        checkpoint,
        rng,
        epochs,
        updates,
        mode,
        on_epoch,
        on_update,
        compiled(loss_of) if compile else None,
    )
    if resume and checkpoint is not None and os.path.exists(checkpoint):
        loop.resume(checkpoint)
    loop.progress = progress if isinstance(progress, Progress) else Progress(0) if progress else None
    return loop.run()


def weights_in(checkpoint: str | os.PathLike[str], best: bool = False) -> dict[str, Array]:
    """The weights in a checkpoint, for `model.load_state_dict`: the last ones, or the best if training had `patience`.

    Raises `LoadError` for a damaged file, or if there are none.

    >>> import tempfile, pathlib, numpy as np, tinygrad_rnn as tg
    >>> model = tg.nn.Linear(1, 1, rng=np.random.default_rng(0))
    >>> def loss_of(model, x):
    ...     return (model(x) ** 2).sum()
    >>> sgd = tg.optim.SGD(model.parameters(), lr=0.1)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = pathlib.Path(folder) / "run.npz"
    ...     _ = tg.train.fit(model, loss_of, [np.ones((4, 1))], sgd, epochs=1, checkpoint=file, progress=False)
    ...     sorted(tg.train.weights_in(file))
    ['W', 'b']
    """
    arrays, note = read_checkpoint(checkpoint)
    found = group(arrays, "best" if best else "weights")
    try:
        meaning = meaning_from(note["meaning"]) if "meaning" in note else None
    except ValueError as error:
        raise LoadError(f"a damaged checkpoint: {error}", where=os.path.abspath(checkpoint), hint="take an older copy") from None
    if not found:
        raise LoadError("no best weights in this checkpoint", where=os.path.abspath(checkpoint), hint="train with patience")
    return StateDict(found, meaning)


def _check_kinds(
    model: Any, loss_of: Any, batches: Any, optimizer: Any, schedule: Any, evaluate: Any, checkpoint: Any, rng: Any
) -> None:
    """Raise `DataError` for the first of these that is something else than `fit` can work with."""
    many = callable(batches) or isinstance(batches, Iterable) or hasattr(batches, "__getitem__")
    many = many and not isinstance(batches, (str, bytes, Mapping))
    for name, value, good, wanted in (
        ("model", model, isinstance(model, Module), "a tg.nn.Module"),
        ("loss_of", loss_of, callable(loss_of), "a function: loss_of(model, batch) is the loss"),
        ("batches", batches, many, "a list of batches, or a function of rng that makes them"),
        ("optimizer", optimizer, isinstance(optimizer, Optimizer), "one of tg.optim, such as Adam(model.parameters())"),
        (
            "schedule",
            schedule,
            schedule is None or callable(schedule) or isinstance(schedule, ReduceLROnPlateau),
            "one of tg.schedules, or a function of the updates done",
        ),
        ("evaluate", evaluate, evaluate is None or callable(evaluate), "a function: evaluate(model) is a number"),
        ("checkpoint", checkpoint, checkpoint is None or isinstance(checkpoint, (str, os.PathLike)), "the path of a file"),
        ("rng", rng, rng is None or isinstance(rng, np.random.Generator), "np.random.default_rng(seed)"),
    ):
        if not good:
            raise DataError(f"fit(): {name} is a {type(value).__name__}", hint=f"{name} is {wanted}")


def _check_arguments(loss_of: Callable[..., Any], stateful: bool) -> None:
    """Raise `DataError` for a loss function that takes other arguments than it will be given."""
    try:
        takes = signature(loss_of.forward if isinstance(loss_of, Module) else loss_of)
    except (TypeError, ValueError):  # written in C
        return
    given = ("model", "batch", "state") if stateful else ("model", "batch")
    if _takes(takes, given):
        return
    hint = "loss_of(model, batch) is the loss; with stateful=True, loss_of(model, batch, state) is (loss, state)"
    if stateful and _takes(takes, given[:2]):
        hint = "leave out stateful=True, or take the state too and return (loss, state)"
    elif not stateful and _takes(takes, (*given, "state")):
        hint = "stateful=True gives it the state, and it returns (loss, state); else leave that argument out"
    name = getattr(loss_of, "__name__", type(loss_of).__name__)
    raise DataError(
        f"fit(stateful={stateful}) calls loss_of({', '.join(given)}), and yours is {name}({', '.join(takes.parameters)})",
        hint=hint,
    )


def _takes(takes: Signature, given: tuple[str, ...]) -> bool:
    try:
        takes.bind(*given)
    except TypeError:
        return False
    return True


def _check_parameters(model: Module, optimizer: Optimizer) -> None:
    """Raise `DataError` for an optimizer that changes what the model does not have: nothing would save it or put it back."""
    own = {id(p) for p in model.parameters()}
    strange = [p for p in optimizer.parameters if id(p) not in own]
    if strange:
        shown = ", ".join(f"{p.name or 'one'} {p.shape}" for p in strange[:3]) + (", ..." if strange[3:] else "")
        raise DataError(
            f"fit(): the optimizer has {len(strange)} of {len(optimizer.parameters)} parameters that the model does not have: {shown}",
            hint="Adam(model.parameters()) of the model that is trained; what is learned besides becomes an attribute of it",
        )
