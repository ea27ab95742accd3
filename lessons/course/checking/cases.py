"""Inputs on which an exercise is checked: irregular on purpose, since regular ones let wrong answers pass.

A case is a function of a generator that returns the arguments by name. It is called once for the learner's function, once for
the reference and once to see whether anything was changed, so it must build new objects each time.
"""

import numpy as np

import tinygrad_rnn as tg


def arrays(**given):
    """A case of arrays drawn from N(0, 1): `arrays(g=(2, 3), axis=0)`. A tuple is a shape, anything else is the value itself."""
    return lambda rng: {name: rng.standard_normal(value) if type(value) is tuple else value for name, value in given.items()}


def tensors(**given):
    """The same with Tensors that want a gradient."""

    def case(rng):
        drawn = arrays(**given)(rng)
        return {name: tg.Tensor(v, True, name=name) if type(v) is np.ndarray else v for name, v in drawn.items()}

    return case


def called(function, arguments):
    """A call as people read it: `lstm_step(x[2,3], h[2,4], bias=1.0)`."""
    return f"{function}({', '.join(_brief(name, value) for name, value in arguments.items())})"


def _brief(name, value):
    if isinstance(value, (np.ndarray, tg.Tensor)):
        return f"{name}[{','.join(map(str, value.shape))}]"
    text = repr(value) if isinstance(value, (int, float, str)) else ""
    return f"{name}={text}" if 0 < len(text) < 24 else name
