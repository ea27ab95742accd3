"""Generation: a model writes on, symbol by symbol. Its state is carried; what is written already is never read again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np

from ...errors import DataError
from ...shared.array_type import Array
from ...shared.checks import check_choice
from ..module import evaluating
from .allowed import Allowed
from .sampling import check_shaping, draw_symbol, next_probabilities
from .step_model import Prompt, StepModel, check_writer, state_rows, step

__all__ = ["generate"]


def generate(
    model: StepModel,
    prompt: str | Sequence[int] | Sequence[Sequence[int]] | Array,
    length: int,
    *,
    rng: np.random.Generator | None = None,
    method: Literal["sample", "greedy"] = "sample",
    temperature: float = 1.0,
    top_k: int | None = None,
    nucleus: float | None = None,
    stop: str | int | None = None,
    allowed: Any = None,
    vocabulary: Any = None,
) -> Any:
    """What the model writes after the prompt: at most `length` symbols, fewer if `stop` comes first (which is left out).

    A prompt of ids gives a list of ids. A text gives a text, through `vocabulary` (`model.vocabulary` if None: anything with
    `encode` and `decode`). `method` is "sample", which needs `rng`, or "greedy": always the most probable, the lowest id of equals.
    `temperature`, `top_k` and `nucleus` shape what is sampled from, see `sampling.next_probabilities`; temperature 0 is greedy.
    The same seed writes the same. Nothing is recorded, and dropout is off meanwhile.

    A prompt (batch, time) of ids, one row a sequence, gives a list of lists: each sequence ends at its own stop symbol, and is no
    longer computed from there on. `tg.nn.Seq2Seq` shows it.
    `allowed` restricts what may come next; the probability of all else is 0, and what is left is shaped and drawn from. It is a set,
    list or array of ids or of symbols, a text (each of its symbols), or a function of what a sequence has written so far, in the
    form in which `generate` returns it, that gives one of these. A sequence ends early only where `stop` is among them.

    Raises `DataError` for an empty prompt, a character that the vocabulary does not know, a choice of nothing, and settings out of
    range, `GraphError` for a model that cannot write.

    A model is anything with two methods (`tg.StepModel`):

    >>> import numpy as np, tinygrad_rnn as tg
    >>> class Countdown:  # after id comes id - 1, whatever was before
    ...     def start(self, batch):
    ...         return None  # the state before the first symbol
    ...     def step(self, ids, state):  # ids (batch) -> logits (batch, symbols), state
    ...         return tg.Tensor(10.0 * np.eye(4)[ids - 1]), state
    >>> tg.generate(Countdown(), [3], 5, method="greedy", stop=0)
    [2, 1]
    >>> tg.generate(Countdown(), [[3], [2]], 5, method="greedy", stop=0)
    [[2, 1], [1]]
    >>> tg.generate(Countdown(), [3], 3, method="greedy", allowed=lambda written: {1, 3} - set(written[-1:]))
    [1, 3, 1]

    >>> letters = tg.data.vocab.CharVocabulary.from_text("hello world")
    >>> rng = np.random.default_rng(0)
    >>> model = tg.nn.CharModel(letters, tg.nn.LSTMCell(4, 8, rng=rng), rng=rng)
    >>> len(tg.generate(model, "he", 20, rng=np.random.default_rng(1), temperature=0.8))
    20
    """
    check_choice("generate", "method", method, ("sample", "greedy"))
    check_shaping(temperature, top_k, nucleus)
    greedy = method == "greedy" or temperature == 0
    if not greedy and not isinstance(rng, np.random.Generator):
        raise DataError("generate() by sampling without a generator of random numbers", hint="rng=np.random.default_rng(seed)")
    check_writer(model, length)
    given = Prompt(model, prompt, stop, vocabulary)
    among = Allowed(allowed, given)
    written: list[list[int]] = [[] for _ in given.ids]
    running = np.arange(len(written))  # the sequences that have not ended
    with evaluating(model):
        logits, state = given.read(model)
        for size in range(1, length + 1):
            z = np.where(among.mask([written[k] for k in running], logits.shape[1]), logits, -np.inf)
            ps = [next_probabilities(row, 0.0 if greedy else temperature, top_k, nucleus) for row in z]
            ids = np.array([int(p.argmax()) if greedy else draw_symbol(p, rng) for p in ps])
            going = np.flatnonzero(ids != given.stop) if given.stop is not None else np.arange(len(ids))
            running, ids = running[going], ids[going]
            for k, id in zip(running, ids, strict=True):
                written[k].append(int(id))
            if size == length or not len(running):
                break
            if len(going) < len(z):
                state = state_rows(state, going, len(z))
            logits, state = step(model, ids, state)
    return [given.told(ids) for ids in written] if given.many else given.told(written[0])
