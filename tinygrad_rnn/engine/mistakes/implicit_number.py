"""Whether a tensor is turned into a number by a word of the caller, or behind the caller's back.

`float(t)` says what is meant. `hs[t] = h`, `math.exp(w)`, `buffer.fill(w)` and `np.float64(w)` take the same way into Python, and would
cut the graph in silence. What tells them apart is the instruction that the caller runs at this moment: storing into an array, or
calling a compiled function. Of these calls only those of `float`, `int` and `complex` say it, and those that are handed one of them:
`list(map(float, ts))`. What is neither, as `"%.2f" % t`, only shows the number, or walks through `map(float, ts)`.
"""

from __future__ import annotations

import dis
from functools import lru_cache
from types import CodeType, FrameType
from typing import Any, NamedTuple, TypeAlias

import numpy as np

__all__ = ["said_by_nobody"]

NUMBERS = ("cmath", "math", "numpy", "pandas", "random", "scipy", "statistics", "torch")  # they compute, and know no graph
WORDS = (float, int, complex)
CALLS = ("CALL", "CALL_KW", "CALL_FUNCTION", "CALL_FUNCTION_KW", "CALL_METHOD", "CALL_FUNCTION_EX")
STORES = {
    "STORE_SUBSCR": "an item assignment",
    "STORE_SLICE": "an item assignment",
    "STORE_ATTR": "an assignment to an attribute",
}
SILENT = (
    "CACHE",
    "COPY_FREE_VARS",
    "EXTENDED_ARG",
    "KW_NAMES",
    "MAKE_CELL",
    "NOP",
    "PRECALL",
    "RESUME",
    "TO_BOOL",
)  # move no value
POPS = ("DELETE_", "JUMP_", "POP_", "RAISE_", "RERAISE", "RETURN_", "STORE_")  # leave no value of their own
LEAVES = ("JUMP_ABSOLUTE", "JUMP_BACKWARD", "JUMP_FORWARD", "RAISE_VARARGS", "RERAISE", "RETURN_CONST", "RETURN_VALUE")
MISSING = object()
Path: TypeAlias = tuple[str, ...]  # dotted names, as ("math", "exp"); ? for what was computed


class Value(NamedTuple):
    """What lies on the stack of the interpreter: where it comes from, and what was handed to the calls that made it."""

    path: Path
    given: tuple[Path, ...] = ()


UNKNOWN = Value(("?",))


class Call(NamedTuple):
    """What is called, what it is handed, and what is handed to calls among its arguments."""

    path: Path
    direct: tuple[Path, ...]
    nested: tuple[Path, ...]


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
    at = _instruction(frame.f_code, frame.f_lasti)
    if not isinstance(at, Call):
        return at
    called, name = _found(frame, at.path), ".".join(at.path).removeprefix("?") or "a call of what was computed"
    if _is_word(called):
        return ""
    numeric = str(getattr(called, "__module__", None) or "").partition(".")[0] in NUMBERS  # there `float` is a dtype
    handed = [_found(frame, path) for path in (at.nested if numeric else at.nested + at.direct)]
    walked = [_found(frame, path) for path in at.direct]
    return "" if any(map(_is_word, handed)) or any(isinstance(x, map) for x in walked) else name


def _is_word(value: Any) -> bool:
    """Whether it is `float`, or what it means elsewhere: a class of one's own that is a float; NumPy's are no words."""
    return isinstance(value, type) and issubclass(value, WORDS) and not issubclass(value, np.generic)


def _found(frame: FrameType, path: Path) -> Any:
    """What a dotted path names in a frame."""
    spaces = (frame.f_locals, frame.f_globals, frame.f_builtins)
    value = next((space[path[0]] for space in spaces if path[0] in space), MISSING)
    for name in path[1:]:
        value = getattr(value, name, MISSING)
    return value


@lru_cache(maxsize=1024)
def _instruction(code: CodeType, last: int) -> Call | str:
    """The call at an offset, or in words what it stores into; "" for all else.

    The stack of the interpreter is followed from the start of the code, and along jumps: they carry it to where they lead. What
    lies below what was followed does not matter.
    """
    stack: list[Value] = []
    brought: dict[int, list[Value]] = {}
    left = False  # whether the instruction before this one leads elsewhere
    found: Call | str = ""
    for step in dis.get_instructions(code):
        if step.offset > last:
            break
        if step.offset in brought or left:
            stack = brought.pop(step.offset, [])
        if step.opname in SILENT:
            left = False
            continue
        found, left = STORES.get(step.opname, ""), step.opname in LEAVES
        if step.opcode in dis.hasjrel or step.opcode in dis.hasjabs:
            brought[step.argval] = _after(step, stack, jump=True)
        if step.opname in CALLS:
            stack, found = _after_call(step, stack)
        else:
            stack = _after(step, stack, jump=False)
    return found


def _after_call(step: dis.Instruction, stack: list[Value]) -> tuple[list[Value], Call]:
    """The stack after a call, and the call. With some versions of Python, one more value lies beside the function."""
    n = step.arg or 0
    if step.opname == "CALL_FUNCTION_EX":
        above = 1 + (n & 1)
        size = 1 - dis.stack_effect(step.opcode, n)
    else:
        above = n + (step.opname in ("CALL_KW", "CALL_FUNCTION_KW"))
        size = above + (1 if step.opname.startswith("CALL_FUNCTION") else 2)
    arguments = stack[len(stack) - above :]
    function = stack[-above - 1] if above < len(stack) else UNKNOWN
    direct = tuple(value.path for value in arguments)
    nested = tuple(path for value in arguments for path in value.given)
    return [*stack[:-size], Value(("?",), direct + nested)], Call(function.path, direct, nested)


def _after(step: dis.Instruction, stack: list[Value], jump: bool) -> list[Value]:
    """The stack after any other instruction."""
    effect = dis.stack_effect(step.opcode, step.arg, jump=jump)
    names = step.argval if isinstance(step.argval, tuple) else (step.argval,)
    if step.opname in ("LOAD_ATTR", "LOAD_METHOD"):
        owner = stack[-1] if stack else UNKNOWN
        return stack[:-1] + [Value((*owner.path, step.argval))] * (1 + effect)
    if step.opname == "PUSH_NULL":
        return stack + (stack[-1:] or [UNKNOWN])
    if step.opname.startswith(("LOAD_", "STORE_FAST_LOAD")) and step.opname != "LOAD_CONST" and isinstance(names[-1], str):
        if effect == len(names):
            return stack + [Value((name,)) for name in names]
        return stack[: len(stack) + min(effect - 1, 0)] + [Value((names[-1],))] * max(effect, 1)
    if effect > 0:
        return stack + [UNKNOWN] * effect
    kept = stack[: max(len(stack) + effect, 0)]
    return kept if step.opname.startswith(POPS) else [*kept[:-1], UNKNOWN]
