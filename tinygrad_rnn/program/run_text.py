"""The one place where a printed program is run: a text of this package's own making, never one that somebody gave."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

__all__ = ["function_of"]


def function_of(text: str, names: dict[str, Any]) -> Callable[..., Any]:
    """The function `step` of a printed program, which may call what is in `names`."""
    space = dict(names)
    exec(compile(text, "<the program>", "exec"), space)  # noqa: S102
    return space["step"]
