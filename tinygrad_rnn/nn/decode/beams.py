"""Beam search: several beginnings are written on side by side, and the most probable ones are kept."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Real
from typing import Any

import numpy as np

from ...errors import DataError
from ...functional import log_softmax
from ...shared.array_type import Array
from ...shared.checks import is_number, is_whole
from ..module import evaluating
from .allowed import Allowed
from .sampling import checked_logits
from .step_model import Prompt, StepModel, check_writer, state_rows, step

__all__ = ["beam_search"]


def beam_search(
    model: StepModel,
    prompt: str | Sequence[int] | Array,
    length: int,
    beams: int,
    stop: str | int | None = None,
    length_penalty: float = 0.0,
    vocabulary: Any = None,
    allowed: Any = None,
) -> list[tuple[Any, float]]:
    """The most probable continuations that a search finds which keeps the `beams` best beginnings: (continuation, score), best first.

        score = log p(continuation, stop included) / symbols ** length_penalty

    The penalty is 0 for the probability itself, which favours short ones, and 1 for the mean of a symbol. At most `beams` are
    returned, each with at most `length` symbols; `stop` ends one, if that is among the `beams` best ways to go on, and is left out.
    Of equals the lower ids come first. With as many beams as there are continuations the search is complete; with one and no
    penalty it is greedy.
    Prompt (of one sequence), vocabulary, `allowed` and errors are those of `generate`; what is not allowed is never written, and
    scores stay those of the model. Besides, `DataError` for a state that the beams would share (see `tg.StepModel`), `ShapeError`
    for one without a row for each of them.

    >>> import numpy as np, tinygrad_rnn as tg
    >>> class Coin:  # heads twice as likely as tails
    ...     def start(self, batch):
    ...         return None
    ...     def step(self, ids, state):
    ...         return tg.Tensor(np.log([[2 / 3, 1 / 3]] * len(ids))), state
    >>> [(ids, round(float(np.exp(score)), 3)) for ids, score in tg.beam_search(Coin(), [0], 2, beams=2)]
    [([0, 0], 0.444), ([0, 1], 0.222)]
    """
    if not is_whole(beams, 1):
        raise DataError(f"beam_search with {beams!r} beams", hint="a whole number, at least 1")
    if not is_number(length_penalty, Real) or not 0 <= length_penalty <= 10:
        raise DataError(f"beam_search(length_penalty={length_penalty!r})", hint="0 for none, 1 for the mean; at most 10")
    check_writer(model, length)
    given = Prompt(model, prompt, stop, vocabulary)
    if given.many:
        raise DataError(
            f"beam_search after a prompt of shape {given.ids.shape}",
            hint="one sequence at a time; of a Seq2Seq: [tg.beam_search(model.decoding(x[None]), ...) for x in sources]",
        )
    among = Allowed(allowed, given)
    live: list[tuple[list[int], float]] = [([], 0.0)]
    ended: list[tuple[float, list[int]]] = []  # (-score, continuation), best first
    with evaluating(model):
        logits, state = given.read(model)
        for size in range(1, length + 1):
            totals = np.array([[total] for _, total in live]) + log_softmax(checked_logits(logits)).data
            symbols = totals.shape[1]
            totals[~among.mask([ids for ids, _ in live], symbols)] = -np.inf
            best = np.argsort(-totals, axis=None, kind="stable")
            rows, ids = np.divmod(best[totals.flat[best] > -np.inf], symbols)
            if given.stop is not None:
                stops = ids == given.stop
                ending = rows[:beams][stops[:beams]]
                ended += [(float(-totals[row, given.stop] / size**length_penalty), live[row][0]) for row in ending]
                ended = sorted(ended)[:beams]
                rows, ids = rows[~stops], ids[~stops]
            rows, ids = rows[:beams], ids[:beams]
            live = [([*live[row][0], int(id)], float(totals[row, id])) for row, id in zip(rows, ids, strict=True)]
            # log p only falls; divided by the most symbols there may be, it bounds all that can still come
            if not live or (len(ended) == beams and -ended[-1][0] >= live[0][1] / length**length_penalty):
                live = []
                break
            if size < length:
                logits, state = step(model, ids, state_rows(state, rows, len(totals)))
    ended += [(-total / max(length, 1) ** length_penalty, ids) for ids, total in live]
    return [(given.told(ids), -score) for score, ids in sorted(ended)[:beams]]
