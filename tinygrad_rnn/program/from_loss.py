"""From a loss to its program, and through the passes."""

from __future__ import annotations

from typing import Any

from ..replay.from_loss import snapshot
from ..replay.records import GraphSnapshot
from .ahead import ahead
from .beside import beside
from .differentiate import differentiated
from .numpy_text import numpy_text
from .roll import rolled
from .simplify import simplified
from .values import Program

__all__ = ["PASSES", "passed", "program_of", "source"]

PASSES = (differentiated, simplified, beside, ahead)


def program_of(loss: Any) -> Program:
    """The program that a recorded loss is: equal time steps rolled into one, and its backward pass behind it.

    `loss` is a tensor that was computed from weights, or its snapshot. Nothing is differentiated by hand: the rules of the engine's
    own ops are written down. `print` shows a line for each value: its number, its steps, the operation, of what, its shape and name.
    Raises `GraphError` if nothing was recorded.

    >>> import numpy as np, tinygrad_rnn as tg
    >>> cell = tg.nn.RNNCell(2, 3, rng=np.random.default_rng(0))
    >>> hs, _ = tg.nn.unroll(cell, np.ones((4, 30, 2)))
    >>> program = tg.program.program_of((hs[-1] ** 2).sum())
    >>> [str(p.name) for p in program.gradients]
    ['Wx', 'Wh', 'b']
    >>> len(program.values)  # and as many for 300 steps
    27
    """
    return passed(rolled(loss if isinstance(loss, GraphSnapshot) else snapshot(loss)))


def passed(program: Program, backward: bool = True) -> Program:
    """A rolled program after all other passes; without `backward` it is not differentiated.

    >>> import tinygrad_rnn as tg
    >>> from tinygrad_rnn.program.from_loss import passed
    >>> from tinygrad_rnn.program.roll import rolled
    >>> w = tg.Tensor([1.0, 2.0], requires_grad=True, name="w")
    >>> program = rolled(tg.snapshot((w * w).sum()))
    >>> [len(passed(program, backward=backward).gradients) for backward in (False, True)]
    [0, 1]
    """
    for change in PASSES if backward else PASSES[1:]:
        program = change(program)
    return program


def source(loss: Any) -> str:
    """The program of a recorded loss as text: NumPy, with one loop forwards and one backwards, that runs without this package.

    `loss` is a tensor, its snapshot, or its `Program` already.

    `step(...)` takes the data and the weights of the run, and returns the loss and the gradients of the weights, equal to those of
    `backward()` up to the order of sums. What needs no state of another step runs for all steps at once, before, between or behind
    the loops; what a loss reads of the values beside the data, such as the largest entry in a softmax, is an argument too.
    Raises `GraphError` if nothing was recorded.

    >>> import numpy as np, tinygrad_rnn as tg
    >>> cell = tg.nn.RNNCell(2, 3, rng=np.random.default_rng(0))
    >>> hs, _ = tg.nn.unroll(cell, np.ones((4, 30, 2)))
    >>> text = tg.program.source((hs[-1] ** 2).sum())
    >>> print("\\n".join(line for line in text.splitlines() if "[t" in line or "_next" in line))
            a = v[t] + h[t] @ Wh
            h[t + 1] = np.tanh(a)
        d_h_next = v3
            d_a[t] = d_h_next * (1 - h[t + 1] * h[t + 1])
            d_h_next = d_a[t] @ Wh.T
    """
    return numpy_text(loss if isinstance(loss, Program) else program_of(loss))
