"""Every random generator that training may draw from: they are saved with a checkpoint, so that it resumes to the bit.

A training that goes on in the middle of an epoch draws the batches before that place once more. Where something else drew in between,
as a loss that has the same generator, they would come out otherwise: `Draws` remembers where the generators were.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeAlias

import numpy as np

from ..engine.tensor import Tensor
from ..errors import DataError, LoadError
from ..nn.module import Module, items_within, parts_within
from ..shared.checks import is_whole, short

__all__ = ["Draws", "Notes", "generators_of", "notes_of", "rewind"]

Notes: TypeAlias = dict[str, Any]  # where generators are, by their names, as JSON data


def generators_of(model: Module, rng: np.random.Generator | None) -> dict[str, np.random.Generator]:
    """Every generator that training may draw from, by name, each once: `rng`, and those that modules hold (dropout)."""
    modules = [
        ("model", model),
        *((f"model.{path}", m) for path, m in parts_within("", vars(model), {id(model)}) if not isinstance(m, Tensor)),
    ]
    values = [("rng", rng), *((path, vars(m)) for path, m in modules)]
    found: dict[int, tuple[str, np.random.Generator]] = {}
    for path, value in values:
        for name, item in items_within(path, value, set(), lambda _: False):
            if isinstance(item, np.random.Generator):
                found.setdefault(id(item.bit_generator), (name, item))
    return dict(found.values())


def notes_of(generators: Mapping[str, np.random.Generator]) -> Notes:
    """Where they are.

    >>> import numpy as np
    >>> from tinygrad_rnn.train.random_generators import notes_of, rewind
    >>> generators = {"rng": np.random.default_rng(0)}
    >>> notes = notes_of(generators)
    >>> first = generators["rng"].random()
    >>> rewind(generators, notes)
    >>> generators["rng"].random() == first
    True
    """
    return {name: _plain(rng.bit_generator.state) for name, rng in generators.items()}


def rewind(generators: Mapping[str, np.random.Generator], notes: Notes) -> None:
    """Put those that the notes name back to where they were. A `LoadError` where one is of another kind."""
    for name, note in notes.items():
        kind = generators[name].bit_generator
        try:
            _check_places(note)
            kind.state = note
        except (ValueError, TypeError, KeyError, OverflowError, AttributeError) as error:
            raise LoadError(
                f"this state does not fit the generator {type(kind).__name__}: {error}",
                hint="make the generators as they were made when this was saved",
            ) from None


def _check_places(note: Any) -> None:
    """Raise `ValueError` for a place beyond the numbers that a generator holds: NumPy would read there what is not its own."""
    for where, name, most in ((note.get("state"), "pos", 624), (note, "buffer_pos", 4)):  # of MT19937, of Philox
        if isinstance(where, dict) and not (is_whole(where.get(name, 0), 0) and where.get(name, 0) <= most):
            raise ValueError(f"{name}={short(where[name])}")


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(part) for key, part in value.items()}
    return value.tolist() if isinstance(value, (np.ndarray, np.generic)) else value


class Draws:
    """What the batches of an epoch draw: where the generators were when it `began`, and what it takes to draw them once more.

    `moved` has, by the number of a batch, those that were elsewhere when it was drawn than the batches alone would leave them.
    """

    def __init__(
        self, generators: Mapping[str, np.random.Generator], began: Notes, moved: dict[int, Notes], remember: bool
    ) -> None:
        self.generators, self.began, self.moved, self.remember = generators, began, moved, remember

    def batches(self, made: Callable[[], Iterable[Any]], done: int) -> Iterator[Any]:
        """The batches behind the first `done`; those are drawn as they were, and left out. Raises `DataError` if there are fewer."""
        before = notes_of(self.generators)
        if done:
            rewind(self.generators, self.began)
        given = iter(made())
        for number in range(done):
            rewind(self.generators, self.moved.get(number, {}))
            if next(given, given) is given:
                raise DataError(
                    f"this epoch has fewer than the {done} batches that the checkpoint was saved after",
                    hint="give the batches that it was made with, or start anew without resume=True",
                )
        alone = notes_of(self.generators)  # where the batches alone leave them
        if done:
            rewind(self.generators, before)
        while self.remember:
            before = notes_of(self.generators)
            if (batch := next(given, given)) is given:
                return
            drawn = {name: note for name, note in notes_of(self.generators).items() if note != before[name]}
            if moved := {name: before[name] for name in drawn if before[name] != alone[name]}:
                self.moved[done] = moved
            alone |= drawn
            done += 1
            yield batch
        yield from given
