"""From a loss to its program, and through the passes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from ..errors import DataError
from ..replay.from_loss import snapshot
from ..replay.records import GraphSnapshot
from .buffered import buffered_text
from .differentiate import differentiated
from .numpy_text import numpy_text
from .passes import ahead, beside, simplified, slopes
from .roll import rolled
from .values import Program

__all__ = ["PASSES", "passed", "program_of", "source"]

PASSES: dict[str, Callable[[Any], Program]] = {
    "roll": rolled,
    "differentiate": differentiated,
    "simplify": simplified,
    "beside": beside,
    "ahead": ahead,
    "slopes": slopes,
}  # each from the program that the one before it gives


def program_of(loss: Any, after: str | None = None) -> Program:
    """The program that a recorded loss is: equal time steps rolled into one, and its backward pass behind it.

    `loss` is a tensor that was computed from weights, or its snapshot. Nothing is differentiated by hand: the rules of the engine's
    own ops are written down. `print` shows a line for each value: its number, its steps, the operation, of what, its shape and name.
    With the name of a pass, the program is shown as it is `after` it: "roll", "differentiate", "simplify", "beside", "ahead", "slopes".
    Raises `GraphError` if nothing was recorded, `DataError` if there is no such pass.

    >>> import numpy as np, tinygrad_rnn as tg
    >>> cell = tg.nn.RNNCell(2, 3, rng=np.random.default_rng(0))
    >>> hs, _ = tg.nn.unroll(cell, np.ones((4, 30, 2)))
    >>> program = tg.program.program_of((hs[-1] ** 2).sum())
    >>> [str(p.name) for p in program.gradients]
    ['Wx', 'Wh', 'b']
    >>> len(program.values)  # and as many for 300 steps
    30
    """
    if after is not None and after not in PASSES:
        raise DataError(f"no pass {after!r}", hint=f"after= takes {', '.join(PASSES)}")
    program: Any = loss if isinstance(loss, GraphSnapshot) else snapshot(loss)
    for name, change in PASSES.items():
        program = change(program)
        if name == after:
            break
    return cast(Program, program)


def passed(program: Program, backward: bool = True) -> Program:
    """A rolled program after all other passes; without `backward` it is not differentiated.

    >>> import tinygrad_rnn as tg
    >>> from tinygrad_rnn.program.from_loss import passed
    >>> from tinygrad_rnn.program.roll import rolled
    >>> w = tg.Tensor([1.0, 2.0], requires_grad=True, name="w")
    >>> [len(passed(rolled(tg.snapshot((w * w).sum())), backward).gradients) for backward in (False, True)]
    [0, 1]
    """
    for change in [*PASSES.values()][1 if backward else 2 :]:
        program = change(program)
    return program


def source(loss: Any, buffers: bool = False) -> str:
    """The program of a recorded loss as text: NumPy, with one loop forwards and one backwards, that runs without this package.

    `loss` is a tensor, its snapshot, or its `Program` already. With `buffers` it is the form that is faster and not for reading: the same
    numbers to the bit, from loops that ask for no memory.

    `step(...)` takes the data and the weights of the run, and returns the loss and the gradients of the weights, equal to those of
    `backward()` up to the order of sums. What needs no state of another step runs for all steps at once, before, between or behind
    the loops.
    Raises `GraphError` if nothing was recorded.

    >>> import numpy as np, tinygrad_rnn as tg
    >>> cell = tg.nn.RNNCell(2, 3, rng=np.random.default_rng(0))
    >>> hs, _ = tg.nn.unroll(cell, np.ones((4, 30, 2)))
    >>> text = tg.program.source((hs[-1] ** 2).sum())
    >>> print("\\n".join(line for line in text.splitlines() if "[t" in line or "_next" in line))
            a = v[t] + h[t] @ Wh
            h[t + 1] = np.tanh(a)
        d_h_next = v3
            d_a[t] = d_h_next * slope_h[t]
            d_h_next = d_a[t] @ Wh.T
    """
    program = loss if isinstance(loss, Program) else program_of(loss)
    return buffered_text(program) if buffers else numpy_text(program)
