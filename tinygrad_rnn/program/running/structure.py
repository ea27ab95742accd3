"""What a batch is made of: its arrays in a row, and the rest as something that can be compared."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np

from ...engine.tensor import Tensor
from ...shared.array_type import Array

__all__ = ["Opaque", "key_of", "settings_of", "taken_apart", "together"]

PLAIN = (int, float, bool, str, bytes, complex, type(None), np.generic)


class Opaque(Exception):
    """A batch holds something that cannot be taken apart; the text says what."""


class Leaf:
    """Stands for the array of that place; `tensor` if it was in a Tensor."""

    def __init__(self, place: int, array: Array, tensor: bool) -> None:
        self.place, self.tensor = place, tensor
        self.key = ("tensor" if tensor else "array", array.shape, array.dtype.str)


def taken_apart(part: Any, arrays: list[Any], recorded: bool = False) -> Any:
    """A batch with a `Leaf` for each array, which goes to `arrays`; of results (`recorded`) the tensors. Raises `Opaque`."""
    if isinstance(part, Tensor) and recorded:
        arrays.append(part)
        return Leaf(len(arrays) - 1, part._array, True)
    if isinstance(part, Tensor):
        if part.node is not None:
            raise Opaque("a tensor that wants a gradient is given as data")
        arrays.append(part._array)
        return Leaf(len(arrays) - 1, part._array, True)
    if type(part) is np.ndarray:
        arrays.append(part)
        return Leaf(len(arrays) - 1, part, False)
    if isinstance(part, PLAIN):
        return part
    if type(part) in (tuple, list):
        return type(part)([taken_apart(inner, arrays, recorded) for inner in part])
    if isinstance(part, tuple) and hasattr(part, "_fields"):
        return type(part)(*(taken_apart(inner, arrays, recorded) for inner in part))
    if type(part) is dict:
        return {key: taken_apart(value, arrays, recorded) for key, value in part.items()}
    if is_dataclass(part) and not isinstance(part, type):
        made = object.__new__(type(part))
        for field in fields(part):
            object.__setattr__(made, field.name, taken_apart(getattr(part, field.name), arrays, recorded))
        return made
    what = "a result" if recorded else "the batch"
    raise Opaque(f"{what} holds a {type(part).__name__}, which is no array, number, tuple, list, dict or dataclass")


def together(part: Any, arrays: Any) -> Any:
    """The batch again, of other arrays."""
    if type(part) is Leaf:
        return Tensor(arrays[part.place]) if part.tensor else arrays[part.place]
    if type(part) in (tuple, list):
        return type(part)([together(inner, arrays) for inner in part])
    if isinstance(part, tuple) and hasattr(part, "_fields"):
        return type(part)(*(together(inner, arrays) for inner in part))
    if type(part) is dict:
        return {key: together(value, arrays) for key, value in part.items()}
    if is_dataclass(part) and not isinstance(part, type):
        made = object.__new__(type(part))
        for field in fields(part):
            object.__setattr__(made, field.name, together(getattr(part, field.name), arrays))
        return made
    return part


def key_of(part: Any) -> Any:
    """What two batches of one structure have in common: shapes and dtypes, and every number that is in no array."""
    if type(part) is Leaf:
        return part.key
    if isinstance(part, (tuple, list)):
        return (type(part), *map(key_of, part))
    if type(part) is dict:
        return (dict, *((key, key_of(value)) for key, value in part.items()))
    if is_dataclass(part):
        return (type(part), *(key_of(getattr(part, field.name)) for field in fields(part)))
    return (type(part), part)


def settings_of(part: Any, met: set[int]) -> Any:
    """What of a model a recording depends on: its tensors, whether they are trained, numbers and texts in its attributes."""
    kind = type(part)
    if kind is Tensor:
        return (id(part), part.node is None)
    if kind in (int, float, bool, str, type(None)):
        return part
    if id(part) in met:
        return None
    met.add(id(part))
    if kind in (list, tuple):
        return [settings_of(inner, met) for inner in part]
    if kind is dict:
        return [(key, settings_of(value, met)) for key, value in part.items()]
    if hasattr(part, "parameters") and hasattr(part, "__dict__"):
        return [(key, settings_of(value, met)) for key, value in vars(part).items()]
    return id(part)
