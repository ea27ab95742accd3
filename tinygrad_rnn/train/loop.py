"""The loop of `train.fit`: where a training is, and what one step of it does."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sized
from dataclasses import dataclass
from math import isfinite
from typing import Any, TypeAlias, TypeVar

import numpy as np

from ..engine.mistakes.training_loop import warn_untouched
from ..engine.tensor import Tensor
from ..errors import DataError, NumericError
from ..nn.module import Module, evaluating, modes_kept
from ..nn.states import detach_state
from ..optim.base import Optimizer
from ..optim.clipping import clip_grad_norm_
from ..optim.schedules import ReduceLROnPlateau, Schedule
from ..shared.checks import short
from ..shared.operating_system import first_interrupt
from ..shared.terminal import Progress
from .callback_results import check_direction, loss_and_state, scores_of, share_of
from .history import History, Log, Update
from .random_generators import Draws, generators_of, notes_of
from .training_state import TrainingState, flatten, load_training, save_training

__all__ = ["Batches", "DivergenceError", "Loop", "Score"]

B = TypeVar("B")
Batches: TypeAlias = Iterable[B] | Callable[[np.random.Generator], Iterable[B]]
Score: TypeAlias = float | Mapping[str, float]


class DivergenceError(NumericError):
    """Training met NaN or infinity. `history` is what was gathered until then; the model is as it last was good."""

    history: History


@dataclass(eq=False)
class Loop:
    """What `fit` was given, and where it is."""

    model: Module
    loss_of: Callable[..., Any]
    batches: Batches[Any]
    optimizer: Optimizer
    stateful: bool
    clip: float | None
    schedule: Schedule | ReduceLROnPlateau | None
    evaluate: Callable[[Any], Score] | None
    patience: int | None
    every: int | None
    checkpoint: str | os.PathLike[str] | None
    rng: np.random.Generator | None
    epochs: int | None = None
    updates: int | None = None
    mode: str | None = None
    on_epoch: Callable[[History], object] | None = None
    on_update: Callable[[Update], object] | None = None
    progress: Progress | None = None

    size: int = 0  # batches in an epoch, where that is known
    share: float = 1.0  # of the learning rate, after the scores so far
    interrupted: bool = False
    whole: bool = True  # False while something is half done
    untouched: list[Tensor] | None = None  # parameters that no loss has reached; None before the first update

    def __post_init__(self) -> None:
        self.generators = generators_of(self.model, self.rng)
        self.at = TrainingState(self.optimizer.lr, {}, Draws(self.generators, {}, {}, False), log=Log(mode=self.mode or "min"))
        self.mark()
        self.good = self.model.state_dict(), self.optimizer.state_dict(), 0

    @property
    def log(self) -> Log:
        """What happened so far."""
        return self.at.log

    def mark(self) -> None:
        """Remember the generators at a place where everything is whole."""
        self.at.notes = notes_of(self.generators)
        if not self.at.position:
            self.at.draws = Draws(self.generators, self.at.notes, {}, self.checkpoint is not None)

    def save(self) -> None:
        """Write the checkpoint, if there is to be one."""
        if self.checkpoint is not None:
            save_training(self.checkpoint, self.model, self.optimizer, self.at)

    def resume(self, checkpoint: str | os.PathLike[str]) -> None:
        """Go on from a checkpoint."""
        self.at = load_training(checkpoint, self.model, self.optimizer, self.generators, self.at.notes, self.mode or "min")
        self.good = self.model.state_dict(), self.optimizer.state_dict(), self.log.updates
        self.follow_scores()

    # ---- the loop

    def run(self) -> History:
        """Train until it is over; every part is left in the mode that it was in, with the best weights if there was patience."""
        try:
            with modes_kept(self.model):
                if not self.model.training:
                    self.model.train()
                with first_interrupt(self.interrupt):
                    while not self.log.stopped:
                        self.run_epoch()
                self.finish()
        except KeyboardInterrupt:
            if self.interrupted or not self.whole:
                raise  # the second one, or in the middle of a change: what was saved last is whole
            self.log.stopped = "interrupted"
            self.save()
        finally:
            self.optimizer.lr = self.at.lr
            if self.progress:
                self.progress.close()
        if self.patience is not None and self.at.best:
            self.model.load_state_dict(self.at.best)
        return self.log.history()

    def run_epoch(self) -> None:
        """The rest of an epoch, then what is due at its end."""
        if self.ended():
            return
        for batch in self.at.draws.batches(self.batches_of_epoch, self.at.position):
            self.update(batch)
            self.at.position += 1
            if self.every is not None and self.log.updates % self.every == 0:
                self.evaluate_and_save()
            self.mark()
            self.whole = True
            if self.ended():
                return
        if not self.at.position:
            once = self.at.epoch or isinstance(self.batches, Iterator)
            again = " (a generator can be read only once)" if once else ""
            raise DataError(
                f"epoch {self.at.epoch + 1} has no batches{again}",
                hint="give a list of batches, or a function of rng that makes them",
            )
        self.tell_untouched()
        self.whole = False
        self.at.epoch, self.at.position, self.at.carried = self.at.epoch + 1, 0, None
        self.log.epochs.append(self.log.updates)
        if self.every is None:
            self.check_weights()
            self.score()
        if self.on_epoch is not None:
            with modes_kept(self.model):
                self.on_epoch(self.log.history())
        if self.every is None:
            self.good_so_far()
        self.mark()
        self.whole = True

    def batches_of_epoch(self) -> Iterable[Any]:
        """The batches, as they are or made anew; their number is remembered where they have one."""
        made = self.batches(self.rng) if callable(self.batches) else self.batches  # type: ignore[arg-type]
        if not isinstance(made, Iterable) and not hasattr(made, "__getitem__"):
            raise DataError(
                f"batches(rng) returned {short(made)}", hint="it returns the batches of one epoch, a list or a generator of them"
            )
        if isinstance(made, Sized):
            self.size = len(made)
        return made

    def update(self, batch: Any) -> None:
        """One step of the optimizer."""
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):  # what follows says more
            given = self.loss_of(self.model, batch, self.at.carried) if self.stateful else self.loss_of(self.model, batch)
            loss, state = loss_and_state(given, self.stateful)
            carried = detach_state(state)
            if self.checkpoint is not None and not self.log.updates:
                flatten(carried, [])  # what no checkpoint can keep is refused before anything is changed
            value = float(loss.item())
            if not isfinite(value):
                raise self.diverged(f"a loss of {value}", self.log.updates + 1)
            self.optimizer.zero_grad()
            loss.backward(keep_graph=False)
            if self.untouched is None or self.untouched:
                trained = [p for p in self.optimizer.parameters if p.requires_grad]
                self.untouched = [p for p in self.untouched or trained if p.grad is None]
            norm = clip_grad_norm_(self.optimizer.parameters, self.clip or np.inf)
            if not isfinite(norm):
                raise self.diverged(f"gradients of norm {norm}", self.log.updates + 1)
            if callable(self.schedule):
                self.share = share_of(self.schedule(self.log.updates), self.log.updates)
            self.whole = False
            self.optimizer.lr = self.at.lr * self.share
            self.optimizer.step()
        self.at.carried = carried
        self.log.add(value, norm, float(self.optimizer.lr))
        self.show(value)
        if self.on_update is not None:
            with modes_kept(self.model):
                self.on_update(Update(self.log.updates, self.at.epoch + 1, value, norm, float(self.optimizer.lr)))

    def follow_scores(self) -> None:
        """What a schedule that follows the scores makes of those so far."""
        if isinstance(self.schedule, ReduceLROnPlateau):
            self.share = self.schedule.share_after(next(iter(self.log.scores.values()), []))

    def evaluate_and_save(self) -> None:
        """What is due every `every` updates, or after an epoch; the weights then count as the last good ones."""
        self.check_weights()
        self.score()
        self.good_so_far()

    def good_so_far(self) -> None:
        """Remember weights and moments as the last good ones, and save them."""
        self.good = self.model.state_dict(), self.optimizer.state_dict(), self.log.updates
        self.mark()
        self.save()

    def check_weights(self) -> None:
        """Raise `DivergenceError` for a weight that is not finite."""
        if not all(np.isfinite(p._array).all() for p in self.optimizer.parameters):
            raise self.diverged("a weight that is not finite", self.log.updates)

    def score(self) -> None:
        """Evaluate, and keep the best weights if they are asked for later."""
        if self.evaluate is None:
            return
        with evaluating(self.model):
            given = self.evaluate(self.model)
        scores = scores_of(given, [*self.log.scores])
        if any(np.isnan(value) for value in scores.values()):
            raise self.diverged(f"an evaluation that gave {scores}", self.log.updates)
        decides = self.patience is not None or isinstance(self.schedule, ReduceLROnPlateau)
        if decides and not self.log.scores:
            check_direction(next(iter(scores)), self.mode)
        if self.log.judge(scores) and self.patience is not None:
            self.at.best = self.model.state_dict()
        self.follow_scores()

    def ended(self) -> bool:
        """Whether it is over; `log.stopped` then says why."""
        if self.interrupted:
            self.log.stopped = "interrupted"
        elif not self.log.stopped:
            counted = (self.log.updates, self.updates), (self.at.epoch, self.epochs)
            if any(most is not None and now >= most for now, most in counted):
                self.log.stopped = "done"
            elif self.patience is not None and self.log.since_best >= self.patience:
                self.log.stopped = f"no better for {self.patience} evaluations"
        return bool(self.log.stopped)

    def finish(self) -> None:
        """Save, then evaluate the last weights, unless that is done: a training that goes on later evaluates at its own times."""
        if self.log.stopped == "interrupted":
            self.save()
            return
        self.tell_untouched()
        if self.log.saved_at != self.log.updates:
            self.check_weights()
            self.save()
        if not self.log.evaluated or self.log.evaluated[-1] != self.log.updates:
            self.score()

    def tell_untouched(self) -> None:
        """Warn of parameters that no loss has reached, once: after the first epoch, or at the end."""
        if self.untouched:
            paths = {id(p): path for path, p in self.model.named_parameters()}
            names = [f"{paths[id(p)]} {p.shape}" for p in self.untouched]
            self.untouched.clear()
            warn_untouched(names, len(self.optimizer.parameters), "in all of this epoch")

    def diverged(self, what: str, at: int) -> DivergenceError:
        """The error to raise; model and optimizer are put back to where they last were good."""
        weights, moments, update = self.good
        self.model.load_state_dict(weights)
        self.optimizer.load_state_dict(moments)
        kept = " and the checkpoint holds that" if self.checkpoint is not None and self.log.saved_at == update else ""
        error = DivergenceError(
            f"{what} at update {at} (epoch {self.at.epoch + bool(self.at.position or at > self.log.updates)})",
            hint=f"the model is as it was after update {update}{kept}. Try a smaller learning rate or clip=1.0; "
            "with tg.detect_anomaly(): names the operation that gave it first",
        )
        self.log.stopped = what
        error.history = self.log.history()
        return error

    def show(self, loss: float) -> None:
        """The line of progress after an update."""
        if self.progress is None:
            return
        ends = [n for n in (self.updates, (self.epochs or 0) * self.size or None) if n is not None]
        self.progress.total = min(ends, default=0)
        scores = "".join(f"  {name} {values[-1]:.4f}" for name, values in self.log.scores.items())
        self.progress.update(self.log.updates, f"epoch {self.at.epoch + 1}  update {self.log.updates}  loss {loss:.4f}{scores}")

    def interrupt(self) -> None:
        """What the first Ctrl-C does: training is over after this update."""
        self.interrupted = True
        if self.progress and sys.stderr:
            sys.stderr.write("\nstopping after this update; Ctrl-C once more stops at once\n")
