"""Whether a tensor is turned into a number by a word of the caller, or behind the caller's back.

`float(t)` says what is meant. `hs[t] = h`, `math.exp(w)`, `buffer.fill(w)` and `np.float64(w)` take the same way into Python, and would
cut the graph in silence. What tells them apart is the instruction that the caller runs at this moment: storing into an array, or
calling a compiled function of a module of numbers. What cannot be told for sure counts as said.
"""

from __future__ import annotations

import dis
from functools import lru_cache
from types import CodeType, FrameType
from typing import Any

import numpy as np

__all__ = ["said_by_nobody"]

NUMBERS = ("cmath", "math", "numpy", "pandas", "random", "scipy", "statistics", "torch")  # they compute, and know no graph
FILLED = ("fill", "itemset", "put")  # methods that arrays alone have
MISSING = object()


def said_by_nobody(frame: FrameType) -> str:
    """How a tensor became a number in this frame without the caller saying so, or "".

    >>> import math, sys
    >>> from tinygrad_rnn.engine.mistakes.implicit_number import said_by_nobody
    >>> class Number:
    ...     def __float__(self):
    ...         how.append(said_by_nobody(sys._getframe(1)))
    ...         return 1.0
    >>> how = []
    >>> float(Number()), math.exp(Number())
    (1.0, 2.718281828459045)
    >>> how
    ['', 'math.exp']
    """
    module = str(frame.f_globals.get("__name__", "")).partition(".")[0]
    if module in NUMBERS:
        return module
    path = _called(frame.f_code, frame.f_lasti)
    if path == ("[]",):
        return "an item assignment"
    if path and path[0] == "?":
        return f".{path[-1]}()" if path[-1] in FILLED else ""
    owner, function = _found(frame, path)
    if owner is MISSING or function is MISSING:
        return ""
    kind = type(owner).__module__ if isinstance(owner, np.ndarray) else getattr(function, "__module__", None) or ""
    return ".".join(path) if str(kind).partition(".")[0] in NUMBERS else ""


def _found(frame: FrameType, path: tuple[str, ...]) -> tuple[Any, Any]:
    """What a dotted path names in a frame: the object before the last dot, and the last one."""
    owner = value = MISSING
    for k, name in enumerate(path):
        owner = value
        if k:
            value = getattr(value, name, MISSING)
        else:
            spaces = (frame.f_locals, frame.f_globals, frame.f_builtins)
            value = next((space[name] for space in spaces if name in space), MISSING)
    return (value if len(path) == 1 else owner), value


@lru_cache(maxsize=1024)
def _called(code: CodeType, last: int) -> tuple[str, ...]:
    """What the instruction at an offset stores into ("[]",) or calls, as a dotted path of names; () for all else."""
    steps = [step for step in dis.get_instructions(code) if step.opname not in ("CACHE", "EXTENDED_ARG")]
    at = max((k for k, step in enumerate(steps) if step.offset <= last), default=0)
    step = steps[at]
    if step.opname in ("STORE_SUBSCR", "STORE_SLICE"):
        return ("[]",)
    if not step.opname.startswith("CALL") or step.arg is None:
        return ()
    depth = step.arg + (step.opname in ("CALL_KW", "CALL_FUNCTION_KW"))  # how many values lie above the function
    at -= steps[at - 1].opname == "PRECALL"  # the first half of a call, on Python 3.11
    for k in range(at - 1, -1, -1):  # back over what was laid down for the arguments
        if not depth:
            return _path(steps, k)
        depth -= dis.stack_effect(steps[k].opcode, steps[k].arg, jump=False)
    return ()


def _path(steps: list[dis.Instruction], at: int) -> tuple[str, ...]:
    """The names that the instructions up to one load, one attribute after the other; ? for an owner that was computed."""
    path: list[str] = []
    for step in reversed(steps[: at + 1]):
        if step.opname in ("PUSH_NULL", "KW_NAMES"):
            continue
        names = step.argval if isinstance(step.argval, tuple) else (step.argval,)
        if not step.opname.startswith(("LOAD_", "STORE_FAST_LOAD")) or not all(isinstance(name, str) for name in names):
            return ("?", *path)
        path.insert(0, names[-1])
        if step.opname not in ("LOAD_ATTR", "LOAD_METHOD"):
            return ("?", *path[1:]) if step.opname == "LOAD_CONST" else tuple(path)
    return ()
