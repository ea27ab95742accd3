"""What weights mean beyond their names and shapes: it travels with them, and is compared where they are loaded.

The weights of a relu do not fit a tanh, a table of letters does not fit another alphabet, though every shape fits. So `state_dict()`
gives the weights together with their meaning; files and checkpoints keep it as JSON.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from ..engine.tensor import Tensor
from ..shared.array_type import Array
from ..shared.checks import is_whole, short

__all__ = ["Meaning", "StateDict", "differences", "meaning_from", "meaning_of", "other_cells", "under", "unknown"]


class Meaning(NamedTuple):
    """What the weights of a module depend on, by path, as plain JSON data."""

    settings: dict[str, Any]  # those that the classes of its parts name: "layer.nonlinearity": "tanh"
    vocabularies: dict[str, dict[str, Any]]  # {"symbols": ("a", "b"), "unknown_id": None, "padding_id": None}
    shared: dict[str, str]  # what stands in two places, and where it stands first: "layers.1": "layers.0"
    cells: dict[str, str]  # the class of every cell: "layer": "GRUCell"; files compare it, since gates may stand in another order


class StateDict(dict[str, Array]):
    """Arrays by name, with the `meaning` of the module that they are from: None where it is not known. `dict(state)` forgets it."""

    def __init__(self, arrays: Mapping[str, Array], meaning: Meaning | None) -> None:
        super().__init__(arrays)
        self.meaning = meaning


def meaning_of(module: Any) -> Meaning:
    """What the weights of a module depend on.

    Of every part, its own class or one of yours: the attributes that `settings` of the class names; whatever is a vocabulary (it has
    `symbols`, or is a dict of texts to the numbers from 0 on, or a list of as many texts as a parameter has rows or columns); which
    parameters and parts stand in several places; and the class of every cell.

    >>> import numpy as np, tinygrad_rnn as tg
    >>> from tinygrad_rnn.nn.meaning import meaning_of
    >>> letters = tg.data.vocab.CharVocabulary.from_text("ab")
    >>> rng = np.random.default_rng(0)
    >>> found = meaning_of(tg.nn.CharModel(letters, tg.nn.RNNCell(2, 3, rng=rng), rng=rng))
    >>> found.settings
    {'layer.nonlinearity': 'tanh'}
    >>> found.vocabularies["vocabulary"]["symbols"]
    ('a', 'b')
    """
    places: dict[int, str] = {id(module): ""}
    found = Meaning({}, {}, {}, {})
    sizes: set[int] = set()
    lists: list[tuple[str, Any]] = []  # looked at when all sizes are known
    todo: list[Any] = [_inside("", module, found)]
    while todo:
        met: tuple[str, Any] = next(todo[-1], ("", todo))
        path, value = met
        if value is todo:
            todo.pop()
            continue
        tensor, part, container = isinstance(value, Tensor), _is_part(value), isinstance(value, (dict, list, tuple))
        if tensor and not (value.is_leaf and (value.requires_grad or getattr(value, "wanted_gradient", False))):
            continue
        if tensor or part or container:
            if id(value) in places:
                if not container:
                    found.shared[path] = places[id(value)]
                continue
            places[id(value)] = path
        if tensor:
            sizes.update(value.shape)
        elif part:
            todo.append(_inside(path, value, found))
        elif (symbols := _symbols(value)) is not None:
            ids = {name: getattr(value, name, None) for name in ("unknown_id", "padding_id")}
            vocabulary = {"symbols": symbols} | {name: i if is_whole(i, 0) else None for name, i in ids.items()}
            if isinstance(value, (list, tuple)):
                lists.append((path, vocabulary))
            else:
                found.vocabularies[path] = vocabulary
        elif container:
            pairs = value.items() if isinstance(value, dict) else enumerate(value)
            todo.append(under(path, pairs))
    found.vocabularies.update((path, vocabulary) for path, vocabulary in lists if len(vocabulary["symbols"]) in sizes)
    return found


def meaning_from(data: Any) -> Meaning:
    """The meaning that was written as JSON. Raises `ValueError` for data of any other form."""
    data = {"cells": {}} | data if isinstance(data, dict) else {}  # files of before do not tell
    if not all(isinstance(data.get(name), dict) for name in Meaning._fields):
        raise ValueError(f"what the weights mean is no dict of {', '.join(Meaning._fields)}")
    meaning = Meaning(*(data[name] for name in Meaning._fields))
    vocabularies = {}
    for path, given in meaning.vocabularies.items():
        symbols = given.get("symbols") if isinstance(given, dict) else None
        ids = {name: given.get(name) for name in ("unknown_id", "padding_id")} if isinstance(given, dict) else {}
        if not isinstance(symbols, (list, tuple)) or not all(isinstance(symbol, str) for symbol in symbols):
            raise ValueError(f"the symbols of {short(path)} are no list of texts")
        if not all(i is None or is_whole(i, 0) for i in ids.values()):
            raise ValueError(f"the ids of {short(path)} are no whole numbers")
        vocabularies[path] = {"symbols": tuple(symbols), **ids}
    if not all(isinstance(text, str) for texts in (meaning.shared, meaning.cells) for text in texts.values()):
        raise ValueError("the places of what is shared, or the kinds of cells, are no texts")
    return meaning._replace(vocabularies=vocabularies)


def differences(saved: Meaning, own: Meaning) -> list[str]:
    """In what the meaning of saved weights differs from that of a module's own, a sentence each; [] if the weights fit."""
    wrong = []
    for path in saved.settings.keys() & own.settings.keys():
        if saved.settings[path] != own.settings[path]:
            wrong.append(
                f"another setting: {short(path)[1:-1]} was {short(saved.settings[path])}, here it is {short(own.settings[path])}"
            )
    for path in saved.vocabularies.keys() & own.vocabularies.keys():
        if saved.vocabularies[path] != own.vocabularies[path]:
            wrong.append(f"another {short(path)[1:-1]}: {_compared(saved.vocabularies[path], own.vocabularies[path])}")
    for path in saved.shared.keys() | own.shared.keys():
        before, now = saved.shared.get(path), own.shared.get(path)
        if before != now:
            said = [f"the same as {short(place)[1:-1]}" if place is not None else "by itself" for place in (before, now)]
            wrong.append(f"other sharing: {short(path)[1:-1]} was {said[0]}, here it is {said[1]}")
    return sorted(wrong)


def other_cells(saved: Meaning | None, own: Meaning) -> list[str]:
    """The cells that were of another class when their weights were saved, a sentence each; [] where nothing tells."""
    pairs = {path: (saved.cells[path], own.cells[path]) for path in saved.cells.keys() & own.cells.keys()} if saved else {}
    return sorted(
        f"another kind of cell: {short(path)[1:-1] or 'it'} was {short(before)[1:-1]}, here it is {now}"
        for path, (before, now) in pairs.items()
        if before != now
    )


def unknown(saved: Meaning | None, own: Meaning) -> list[str]:
    """The paths of settings and vocabularies that saved weights do not tell, or that the module does not have: nothing compares them."""
    there = saved or Meaning({}, {}, {}, {})
    pairs = ((there.settings, own.settings), (there.vocabularies, own.vocabularies))
    return sorted(path for before, now in pairs for path in before.keys() ^ now.keys())


def _inside(path: str, part: Any, found: Meaning) -> Iterator[tuple[str, Any]]:
    """The attributes of a part with their paths; its settings, and the kind of a cell, are put down on the way."""
    if hasattr(part, "step") and hasattr(part, "initial_state"):
        found.cells[path] = type(part).__name__
    names = getattr(type(part), "settings", ())
    for name in names if isinstance(names, tuple) else ():
        value = _plain(getattr(part, name, None)) if isinstance(name, str) else None
        if value is not None:
            found.settings[f"{path}.{name}" if path else name] = value
    yield from under(path, vars(part).items())


def under(path: str, pairs: Iterable[tuple[Any, Any]]) -> Iterator[tuple[str, Any]]:
    """What stands under a path, attributes or items, with paths of their own."""
    return ((f"{path}.{key}" if path else str(key), value) for key, value in pairs)


def _is_part(value: Any) -> bool:
    """Whether an object is a module or a cell of any class: what has weights inside."""
    names = ("named_parameters",), ("initial_state", "step")
    methods = (all(callable(getattr(value, name, None)) for name in both) for both in names)
    return hasattr(value, "__dict__") and not isinstance(value, type) and any(methods)


def _plain(value: Any) -> Any:
    """A setting as JSON data: a function is its name, none that is made of weights; None for what cannot be said."""
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, (bool, int, float, str)):
        return "None" if value is None else value
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return None if isinstance(value, Tensor) or _is_part(value) else getattr(value, "__name__", None)


def _symbols(value: Any) -> tuple[str, ...] | None:
    """What a vocabulary stands for, in the order of its ids; None for everything else."""
    if isinstance(value, dict):
        ids = (
            value
            if all(isinstance(key, str) for key in value)
            else {text: i for i, text in value.items() if isinstance(text, str)}
        )
        whole = 1 < len(ids) == len(value) and all(is_whole(i, 0) for i in ids.values())
        return tuple(sorted(ids, key=ids.__getitem__)) if whole and {*ids.values()} == {*range(len(ids))} else None
    listed = isinstance(value, (list, tuple))
    symbols = value if listed else getattr(value, "symbols", None)
    if not isinstance(symbols, (list, tuple)) or not symbols or not all(isinstance(symbol, str) for symbol in symbols):
        return None
    return None if listed and len({*symbols}) < len(symbols) else tuple(symbols)


def _compared(saved: Mapping[str, Any], own: Mapping[str, Any]) -> str:
    """How two vocabularies differ."""
    before, now = saved["symbols"], own["symbols"]
    if before == now:
        name = next(name for name in saved if saved[name] != own.get(name))
        return f"its {name} was {saved[name]}, here it is {own.get(name)}"
    first = next((i for i, pair in enumerate(zip(before, now, strict=False)) if pair[0] != pair[1]), min(len(before), len(now)))
    if sorted(before) == sorted(now):
        return f"the same {len(now)} symbols in another order, from id {first} on: {before[first]!r} was there, here it is {now[first]!r}"
    known = {*now}, {*before}
    gone, new = [s for s in before if s not in known[0]], [s for s in now if s not in known[1]]
    parts = [
        f"{len(s)} {word} ({', '.join(map(short, s[:3]))}{', ...' if s[3:] else ''})"
        for s, word in ((gone, "gone"), (new, "new"))
        if s
    ]
    return f"{len(before)} symbols, here {len(now)}: {', '.join(parts) or 'some repeat'}"
