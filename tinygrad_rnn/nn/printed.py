"""What `print(module)` shows: its parts in each other, as PyTorch shows them, with shapes and numbers of parameters."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from inspect import isroutine, signature
from typing import Any

from ..engine.tensor import Tensor
from ..shared.checks import short

__all__ = ["in_a_line", "printed"]

MANY = 4  # parameters that a line names


@dataclass
class Part:
    """A module, a cell or a function: where it is, what it is called there, its class, and what it holds by itself."""

    path: str
    name: str
    kind: str
    held: list[str]
    parts: list[Part] = field(default_factory=list)
    parameters: int = 0  # all inside
    plain: bool = False  # a function


def printed(module: Any, inside: Iterable[tuple[str, Any]], is_part: Callable[[Any], bool], shared: Mapping[str, str]) -> str:
    """A module and everything inside it, part within part: (path, value) in their order, and what stands in a second place.

    A parameter counts once, where it is first. Without recursion, since parts may be thousands deep.
    """
    around = [root := Part("", "", type(module).__name__, _settings(module))]
    everything = [root]
    for path, value in inside:
        while not _holds(around[-1], path):
            around.pop()
        name = _below(around[-1], path)
        if isinstance(value, Tensor) and value.is_leaf and hasattr(value, "wanted_gradient"):
            kind = "" if value.requires_grad else " frozen" if value.wanted_gradient else " buffer"
            around[-1].held.append(f"{name} {value.shape}{kind}")
            for part in around if value.wanted_gradient else ():
                part.parameters += value.size
        elif is_part(value):
            around[-1].parts.append(part := Part(path, name, type(value).__name__, _settings(value)))
            around.append(part)
            everything.append(part)
        elif isroutine(value) and not is_part(getattr(value, "__self__", None)):
            around[-1].parts.append(Part(path, name, value.__name__, [], plain=True))
    for path, first in shared.items():
        holder = max((part for part in everything if _holds(part, path)), key=lambda part: len(part.path))
        holder.held.append(f"{_below(holder, path)} is {_text(first) or 'the whole'}")
    return "\n".join(_lines(root))


def in_a_line(module: Any, parameters: Iterable[tuple[str, Tensor]]) -> str:
    """A module by its class and the shapes of its parameters, or their number where there are many."""
    found = [*parameters]
    shapes = [f"{_text(name)} {p.shape}" for name, p in found]
    if len(found) > MANY:
        shapes = [f"{len(found)} parameters of {sum(p.size for _, p in found):,} numbers"]
    return f"{type(module).__name__}({', '.join(shapes)})"


def _lines(root: Part) -> Iterator[str]:
    todo: list[tuple[int, Part | None]] = [(0, root)]
    while todo:
        depth, part = todo.pop()
        if part is None:
            yield f"{'  ' * depth})"
            continue
        text = f"{'  ' * depth}{f'({part.name}): ' if depth else ''}{part.kind}"
        count = f"  # {part.parameters:,}{'' if depth else ' parameters'}" if part.parameters or not depth else ""
        if part.parts:
            yield f"{text}({', '.join(part.held)}{',' if part.held else ''}{count}"
            todo += [(depth, None), *((depth + 1, inner) for inner in reversed(part.parts))]
        else:
            yield f"{text}{'' if part.plain else f'''({', '.join(part.held)})'''}{count}"


def _settings(part: Any) -> list[str]:
    """What the class calls its `settings`, and the texts, flags and shares that were given otherwise than by default.

    Whole numbers are sizes, which the shapes tell.
    """
    named = getattr(type(part), "settings", ())
    found = {name: getattr(part, name, None) for name in named if isinstance(name, str)} if isinstance(named, tuple) else {}
    for name, parameter in signature(type(part).__init__).parameters.items():
        value = vars(part).get(name)
        if isinstance(value, (bool, float, str)) and (parameter.default is parameter.empty or value != parameter.default):
            found[name] = value
    return [f"{name}={short(value)}" for name, value in found.items() if isinstance(value, (bool, int, float, str))]


def _holds(part: Part, path: str) -> bool:
    return not part.path or path.startswith(f"{part.path}.")


def _below(part: Part, path: str) -> str:
    """A path as it is called in a part of the way there."""
    return _text(path.removeprefix(f"{part.path}.") if part.path else path)


def _text(path: str) -> str:
    return short(path)[1:-1]
