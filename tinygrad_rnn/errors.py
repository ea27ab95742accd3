"""Errors that teach: each says what happened, where in the unrolled graph, and what to do about it.

Every error is also the built-in exception that a NumPy user would catch (`ShapeError` is a `ValueError`, and so on).
"""

from __future__ import annotations

__all__ = [
    "DataError", "DtypeError", "GradientError", "GraphError", "LoadError", "MissingGradientError", "NumericError", "ShapeError",
    "TinygradRnnError", "shown",
]  # fmt: skip


KEPT = "\n\u200c\u200d"  # lines, and what joins or parts the letters of a word


def __dir__() -> list[str]:
    return __all__


class TinygradRnnError(Exception):
    """Base of all errors of this package.

    `message` says what was called with what; `where` is a place in the recorded graph (`t=3 / LSTMCell / forget gate`);
    `hint` is the fix. All three stay readable as attributes.

    >>> import tinygrad_rnn as tg
    >>> print(tg.errors.GraphError("backward() of a (2, 3) tensor", where="t=3 / RNNCell", hint="sum() it first"))
    backward() of a (2, 3) tensor
        at t=3 / RNNCell
    <BLANKLINE>
    hint: sum() it first
    """

    def __init__(self, message: str, *, where: str = "", hint: str = "") -> None:
        message, where, hint = shown(message), shown(where), shown(hint)
        super().__init__(message, where, hint)
        self.message, self.where, self.hint = message, where, hint

    def __str__(self) -> str:
        text = self.message
        if self.where:
            text += f"\n    at {self.where}"
        if self.hint:
            text += f"\n\nhint: {self.hint}"
        return text

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (type(self), self.message, self.where, self.hint)


def shown(text: object) -> str:
    """Text of others as a terminal may print it: what steers it, or turns its direction, is written out.

    >>> from tinygrad_rnn.errors import shown
    >>> print(shown("a \x1b[31mred\u202e word"))
    a \\x1b[31mred\\u202e word
    """
    text = str(text)
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in KEPT else c.encode("unicode_escape").decode() for c in text)


def _rebuild(kind: type[TinygradRnnError], message: str, where: str, hint: str) -> TinygradRnnError:
    return kind(message, where=where, hint=hint)


class ShapeError(TinygradRnnError, ValueError):
    """Shapes that do not fit an operation."""


class DtypeError(TinygradRnnError, TypeError):
    """A value of a kind that cannot be computed with here (integers that should carry a gradient, text, objects)."""


class GraphError(TinygradRnnError, RuntimeError):
    """A recorded graph asked for something it cannot give (freed, changed after recording, not a scalar)."""


class MissingGradientError(GraphError, AttributeError):
    """`.grad` of a result, which keeps none: `hasattr(result, "grad")` is False, as of any attribute that is missing."""


class NumericError(TinygradRnnError, FloatingPointError):
    """NaN or infinity, found under `detect_anomaly()` at the operation that produced it first."""


class GradientError(TinygradRnnError, AssertionError):
    """A gradient that differs from finite differences, found by `gradcheck`."""


class DataError(TinygradRnnError, ValueError):
    """Data that cannot be used: an empty text, an unknown character, a sequence of no steps."""


class LoadError(TinygradRnnError, KeyError):
    """Saved values that do not fit the module: missing, left over or of another shape."""

    __str__ = TinygradRnnError.__str__
