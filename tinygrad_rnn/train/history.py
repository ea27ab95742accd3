"""What a training left behind, as plain arrays that any plotting library takes."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from math import inf, isfinite, nan
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ..errors import LoadError
from ..shared.array_type import Array
from ..shared.atomic_files import target_of, write
from ..shared.checks import check_kind, check_number, check_size
from ..shared.html_table import html_table

__all__ = ["History", "Log", "Update"]


class Update(NamedTuple):
    """One update of a training, what `fit(on_update=...)` is given: its number and that of its epoch, both from 1 on, the loss of
    its batch, the norm of all gradients before clipping, and the learning rate.

    A logger takes it as a dict, `record._asdict()`. With TensorBoard, or with one that works like Weights & Biases:

        writer = torch.utils.tensorboard.SummaryWriter("runs/first")
        fit(..., on_update=lambda record: writer.add_scalar("loss", record.loss, record.update))
        run = wandb.init(project="letters")
        fit(..., on_update=lambda record: run.log(record._asdict(), step=record.update))

    >>> from tinygrad_rnn.train import Update
    >>> Update(update=3, epoch=1, loss=0.5, grad_norm=2.0, lr=0.1)._asdict()
    {'update': 3, 'epoch': 1, 'loss': 0.5, 'grad_norm': 2.0, 'lr': 0.1}
    """

    update: int
    epoch: int
    loss: float
    grad_norm: float
    lr: float


@dataclass(frozen=True, eq=False, repr=False)
class History:
    """The course of a training.

    `loss`, `grad_norm` (before clipping) and `lr` have one entry an update. `scores` holds what `evaluate` returned, by name (a
    single number is called "held_out"), and `evaluated` after how many updates that was. `epochs` is the number of updates at the
    end of each epoch. `best` is the lowest of the first score (with mode="max" the highest) and `best_update` where it was; None if
    nothing was evaluated. `stopped` says why training ended, `notes` what went wrong on the way (a checkpoint that could not be
    written).

    As a sequence it is a dict an update, what `Update` holds and the scores (NaN where nothing was evaluated), so that
    `pandas.DataFrame(history)` is a table of it; `to_csv` writes that table.

    >>> from tinygrad_rnn.train.history import Log
    >>> log = Log()
    >>> log.add(loss=0.7, grad_norm=2.0, lr=0.1); log.judge({"error": 0.5})
    True
    >>> history = log.history()
    >>> history.loss, history.evaluated, history.scores, history.best
    (array([0.7]), array([1]), {'error': array([0.5])}, 0.5)
    >>> history
    History(1 update, loss 0.7 to 0.7, best error 0.5 at update 1, not stopped)
    >>> list(history)
    [{'update': 1, 'epoch': 1, 'loss': 0.7, 'grad_norm': 2.0, 'lr': 0.1, 'error': 0.5}]
    """

    loss: Array
    grad_norm: Array
    lr: Array
    epochs: Array
    evaluated: Array
    scores: dict[str, Array]
    best: float | None
    best_update: int | None
    stopped: str
    notes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        size = len(self.loss)
        parts = [f"{size} update{'s' if size != 1 else ''}"]
        if size:
            parts.append(f"loss {self.loss[0]:.4g} to {self.loss[-1]:.4g}")
        if self.best is not None:
            parts.append(f"best {next(iter(self.scores))} {self.best:.4g} at update {self.best_update}")
        parts.append(self.stopped or "not stopped")
        if self.notes:
            parts.append(f"{len(self.notes)} note{'s' if len(self.notes) != 1 else ''}")
        return f"History({', '.join(parts)})"

    def __len__(self) -> int:
        return len(self.loss)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        epochs = (1 + np.searchsorted(self.epochs, np.arange(1, len(self) + 1))).tolist()
        rows = zip(epochs, self.loss.tolist(), self.grad_norm.tolist(), self.lr.tolist(), strict=True)
        scores = {
            self._column(name): dict(zip(self.evaluated.tolist(), a.tolist(), strict=True)) for name, a in self.scores.items()
        }
        for number, row in enumerate(rows, start=1):
            yield Update(number, *row)._asdict() | {name: values.get(number, nan) for name, values in scores.items()}

    def _column(self, name: str) -> str:
        """What a score is called beside the columns of every update."""
        return f"scores/{name}" if name in Update._fields else name

    def to_csv(self, path: str | os.PathLike[str]) -> Path:
        """Write a line an update to a .csv file, under a line of names, and return its path. Empty is what was not evaluated.

        The file is there as a whole or not at all. Raises `DataError` where it cannot be written.

        >>> import pathlib, tempfile
        >>> from tinygrad_rnn.train.history import Log
        >>> log = Log()
        >>> log.add(loss=0.7, grad_norm=2.0, lr=0.1); log.add(loss=0.6, grad_norm=1.0, lr=0.1); log.judge({"error": 0.5})
        True
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     print(log.history().to_csv(pathlib.Path(folder, "run.csv")).read_text())
        update,epoch,loss,grad_norm,lr,error
        1,1,0.7,2.0,0.1,
        2,1,0.6,1.0,0.1,0.5
        <BLANKLINE>
        """
        target = target_of(path, (".csv",), "table")
        names = [*Update._fields, *map(self._column, self.scores)]
        text = io.StringIO()
        table = csv.writer(text, lineterminator="\n")
        table.writerow(names)
        table.writerows(["" if row[name] != row[name] else row[name] for name in names] for row in self)
        return write(target, text.getvalue().encode("utf-8", "backslashreplace"))

    def _repr_html_(self) -> str:
        """In a notebook: the first, the last and the best of each number."""
        columns = {"loss": self.loss, "grad_norm": self.grad_norm, "lr": self.lr} | self.scores
        rows = [[name, *(f"{value:.4g}" for value in (a[0], a[-1], a.min(), a.max()))] for name, a in columns.items() if len(a)]
        return html_table(f"{self!r}", ["", "first", "last", "lowest", "highest"], rows, "; ".join(self.notes))


@dataclass
class Log:
    """A history while it grows."""

    rows: list[tuple[float, float, float]] = field(default_factory=list)
    epochs: list[int] = field(default_factory=list)
    evaluated: list[int] = field(default_factory=list)
    scores: dict[str, list[float]] = field(default_factory=dict)
    best: float = inf
    best_update: int = 0
    since_best: int = 0
    stopped: str = ""
    notes: list[str] = field(default_factory=list)
    mode: str = "min"  # whether a low or a high first score is better
    saved_at: int = -1

    def __post_init__(self) -> None:
        if self.mode == "max" and self.best == inf:
            self.best = -inf

    @property
    def updates(self) -> int:
        """How many there were."""
        return len(self.rows)

    def add(self, loss: float, grad_norm: float, lr: float) -> None:
        """After an update."""
        self.rows.append((loss, grad_norm, lr))

    def judge(self, scores: Mapping[str, float]) -> bool:
        """After an evaluation: whether its first score is the best so far."""
        self.evaluated.append(self.updates)
        for name, value in scores.items():
            self.scores.setdefault(name, []).append(value)
        first = next(iter(scores.values()))
        better = first < self.best if self.mode == "min" else first > self.best
        if better:
            self.best, self.best_update = first, self.updates
        self.since_best = 0 if better else self.since_best + 1
        return better

    def arrays(self) -> dict[str, Array]:
        """All of it but single numbers."""
        loss, norm, lr = np.array(self.rows, np.float64).reshape(-1, 3).T
        columns = {"loss": loss, "grad_norm": norm, "lr": lr}
        columns |= {"epochs": np.array(self.epochs, np.int64), "evaluated": np.array(self.evaluated, np.int64)}
        return columns | {f"scores/{name}": np.array(values) for name, values in self.scores.items()}

    def note(self) -> dict[str, Any]:
        """The single numbers, as JSON data."""
        best = self.best if isfinite(self.best) else None
        return {
            "mode": self.mode,
            "best": best,
            "best_update": self.best_update,
            "since_best": self.since_best,
            "notes": self.notes,
        }

    @classmethod
    def loaded(cls, note: Mapping[str, Any], arrays: Mapping[str, Array]) -> Log:
        """The log that gave `note()` and `arrays()`."""
        _check_columns(arrays)
        rows = zip(*(arrays[name].tolist() for name in ("loss", "grad_norm", "lr")), strict=True)
        scores = {name.removeprefix("scores/"): a.tolist() for name, a in arrays.items() if name.startswith("scores/")}
        mode = note.get("mode", "min")
        log = cls([*rows], arrays["epochs"].tolist(), arrays["evaluated"].tolist(), scores, mode=mode)
        if note["best"] is not None:
            log.best = check_number("best", note["best"])
        log.best_update = check_size("best_update", note["best_update"], 0)
        log.since_best = check_size("since_best", note["since_best"], 0)
        check_kind("notes:", note["notes"], list, "a list of texts")
        log.notes = [*map(str, note["notes"])]
        log.saved_at = log.updates
        return log

    def history(self) -> History:
        """As it is now."""
        arrays = self.arrays()
        scores = {name: arrays.pop(f"scores/{name}") for name in self.scores}
        found = bool(self.evaluated) and isfinite(self.best)
        best, place = (self.best, self.best_update) if found else (None, None)
        return History(**arrays, scores=scores, best=best, best_update=place, stopped=self.stopped, notes=tuple(self.notes))


def _check_columns(arrays: Mapping[str, Array]) -> None:
    """Raise `LoadError` unless all columns of a history are rows of numbers, and of updates that there were."""
    updates, times = len(arrays["loss"]), len(arrays["evaluated"])
    for name, column in arrays.items():
        counts = name in ("epochs", "evaluated")
        size = times if name.startswith("scores/") or name == "evaluated" else column.size if name == "epochs" else updates
        good = column.dtype.kind == ("i" if counts else "f") and column.shape == (size,)
        if not good or (counts and size and not (column.min() >= 0 and column.max() <= updates)):
            raise LoadError(f"history/{name} is {column.dtype} of shape {column.shape}", hint="start anew without resume=True")
