"""Each operation on single numbers, in C's words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...errors import TinygradRnnError
from ..values import Slot, Value, slots

__all__ = ["POINTWISE", "CannotBeC", "expression", "number", "type_of"]


class CannotBeC(TinygradRnnError):
    """Machine code cannot be had: of this program, or on this computer. The message says why in a sentence.

    >>> import tinygrad_rnn as tg
    >>> print(tg.program.CannotBeC("a program with no loop over time"))
    a program with no loop over time
    <BLANKLINE>
    hint: the program of tg.program.source runs everywhere
    """

    def __init__(self, message: str, *, where: str = "", hint: str = "the program of tg.program.source runs everywhere") -> None:
        super().__init__(message, where=where, hint=hint)


EXPRESSIONS = {
    "add": "{0} + {1}", "sub": "{0} - {1}", "mul": "{0} * {1}", "div": "{0} / {1}", "neg": "-{0}", "F.shifted": "{0} + {1}",
    "tanh": "tanh_of({0})", "sigmoid": "sigmoid({0})", "exp": "exp_of({0})", "relu": "{0} < 0 ? 0 : {0}",
    "log": "(real)log({0})", "sin": "(real)sin({0})", "cos": "(real)cos({0})", "abs": "(real)fabs({0})",
    "F.log": "(real)log({0})", "F.sin": "(real)sin({0})", "F.cos": "(real)cos({0})", "F.sign": "sign({0})",
    "maximum": "larger_of({0}, {1})", "power": "(real)pow({0}, {1})", "F.raised": "(real)pow({0}, {1})",
    "F.tanh_slope": "{0} * (1 - {1} * {1})", "F.sigmoid_slope": "{0} * ({1} * (1 - {1}))",
    "F.larger": "(real)({0} > {1}) + (real)0.5 * ({0} == {1})",
    "greater": "{0} > {1}", "greater_equal": "{0} >= {1}", "less": "{0} < {1}", "equal": "{0} == {1}", "not_equal": "{0} != {1}",
    "logical_and": "{0} && {1}", "logical_or": "{0} || {1}", "logical_not": "!{0}",
}  # fmt: skip
POINTWISE = frozenset(EXPRESSIONS) | {"pow", "F.power", "where", "F.where", "F.one_at"}
TYPES = {"float32": "float", "float64": "double", "bool": "unsigned char", "int64": "int64_t", "int32": "int32_t"}


def type_of(v: Value) -> str:
    """The type of the numbers of a value."""
    if str(v.dtype) not in TYPES:
        raise CannotBeC(f"it computes with {v.dtype}")
    return TYPES[str(v.dtype)]


def number(x: Any, real: str) -> str:
    """A number as it is written in C, or "" if it depends on more than the program: then it is an argument."""
    if x == int(x) if abs(x) < 1e6 else False:
        return str(int(x))
    return f"{x!r}{'f' if real == 'float' else ''}" if x * 16 == int(x * 16) and abs(x) < 1e3 else ""


def expression(v: Value, given: Sequence[str]) -> str:
    """One number of a value, from those of its inputs: names or literals."""
    if v.op in EXPRESSIONS:
        return EXPRESSIONS[v.op].format(*given)
    if v.op in ("pow", "F.power"):
        return _power(given[0], v.args if v.op == "pow" else v.args[1])
    settings = [_setting(part, given) for part in (v.args if isinstance(v.args, tuple) else (v.args,))]
    if v.op == "where":
        plain = [text for k, text in enumerate(given) if k not in slots(v.args)]
        return f"{settings[0]} ? {plain[0]} : {plain[1]}"
    return f"{settings[0]} ? {settings[1]} : 0" if v.op == "F.where" else f"{settings[0]} ? 1 : {settings[1]}"


def _power(x: str, exponent: float) -> str:
    if exponent == int(exponent) and 1 <= abs(exponent) <= 4:
        product = " * ".join([x] * int(abs(exponent)))
        return product if exponent > 0 else f"1 / ({product})"
    return f"(real)sqrt({x})" if exponent == 0.5 else f"(real)pow({x}, {exponent!r})"


def _setting(part: Any, given: Sequence[str]) -> str:
    return given[part] if type(part) is Slot else repr(part)
