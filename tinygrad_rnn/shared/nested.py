"""Values in tuples, lists and dicts, nested as deep as one likes: what the state of a recurrent network is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

__all__ = ["leaves", "mapped"]


def mapped(function: Callable[[Any], Any], nested: Any) -> Any:
    """The same tuples (named ones too), lists and dicts, with the function's result for every value in them.

    >>> from tinygrad_rnn.shared.nested import mapped
    >>> mapped(lambda value: 10 * value, {"h": (1, 2), "c": [3]})
    {'h': (10, 20), 'c': [30]}
    """
    if isinstance(nested, dict):
        return {key: mapped(function, part) for key, part in nested.items()}
    if not isinstance(nested, (tuple, list)):
        return function(nested)
    parts = [mapped(function, part) for part in nested]
    return nested._make(parts) if hasattr(nested, "_make") else type(nested)(parts)


def leaves(nested: Any) -> list[Any]:
    """Every value in them, in order.

    >>> from tinygrad_rnn.shared.nested import leaves
    >>> leaves({"h": (1, 2), "c": [3]})
    [1, 2, 3]
    """
    found: list[Any] = []
    mapped(found.append, nested)
    return found
