"""Every public name, its signature and its defaults, as lines of text: `python tests/reference/public_api.py` writes public_api.txt.

Public is what the faces list, from `tinygrad_rnn` on down, and what of a class does not begin with `_`. A name that stands in two
places has its lines in the first one. What a class has of a public class above it stands there.
"""

import inspect
import sys
import types
from functools import cached_property
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import tinygrad_rnn as tg

STORED = Path(__file__).with_suffix(".txt")


def named():
    """(path, value) of every public name, a room before what is in it."""
    todo, rooms = [("tg", tg)], set()
    while todo:
        path, room = todo.pop(0)
        if id(room) in rooms:
            continue
        rooms.add(id(room))
        for name in room.__all__:
            value = getattr(room, name)
            if isinstance(value, types.ModuleType):
                todo.append((f"{path}.{name}", value))
            yield f"{path}.{name}", value


def lines():
    """The lines of the file, sorted by path."""
    places, found = {}, []
    entries = list(named())
    for path, value in entries:
        if is_class(value) or isinstance(value, types.FunctionType):
            places.setdefault(value, path)
    for path, value in entries:
        if isinstance(value, types.ModuleType):
            found.append(f"{path}: room")
        elif (is_class(value) or isinstance(value, types.FunctionType)) and places[value] != path:
            found.append(f"{path} = {places[value]}")
        elif is_class(value):
            found += of_class(path, value, places)
        elif isinstance(value, types.FunctionType):
            found.append(f"{path}{arguments(value)}")
        else:
            found.append(f"{path}: type")
    return sorted(found)


def is_class(value):
    """Whether it is a class; the name of a type, such as `Callable[[int], float]`, passes for one on Python 3.10."""
    return isinstance(value, type) and not hasattr(value, "__origin__")


def of_class(path, kind, places):
    """A class with what it is made of, and what it has that does not come from a public class above it."""
    public = [base for base in kind.__mro__[1:-1] if base in places]
    above = [base.__name__ for base in kind.__mro__[1:-1] if base in public or issubclass(base, Exception)]
    yield f"{path}{made_with(kind)}" + (f": {', '.join(above)}" if above else "")
    private = [base for base in kind.__mro__[1:] if base.__module__.startswith("tinygrad_rnn") and base not in public]
    own = [kind, *(base for base in private if not any(issubclass(other, base) for other in public))]
    names = {name for base in own for name in (*vars(base), *vars(base).get("__annotations__", ())) if name[:1] != "_"}
    for name in sorted(names):
        value = inspect.getattr_static(kind, name, None)
        value = getattr(value, "__func__", value)
        if isinstance(value, types.FunctionType):
            yield f"{path}.{name}{arguments(value)}"
        else:
            yield f"{path}.{name}" + (" (read)" if isinstance(value, property | cached_property) else "")


def made_with(kind):
    if getattr(kind, "_is_protocol", False):
        return ""
    if issubclass(kind, tuple):
        defaults = kind._field_defaults
        return f"({', '.join(f'{name}={shown(defaults[name])}' if name in defaults else name for name in kind._fields)})"
    made = kind.__init__
    return arguments(made) if isinstance(made, types.FunctionType) else "()"


def arguments(function):
    """What a function takes, with the defaults and without types: `(x, *, axis=None)`."""
    texts, starred = [], False
    for p in inspect.signature(function).parameters.values():
        if p.name in ("self", "cls") and not texts:
            continue
        if p.kind is p.KEYWORD_ONLY and not starred:
            texts.append("*")
        starred |= p.kind in (p.VAR_POSITIONAL, p.KEYWORD_ONLY)
        star = {p.VAR_POSITIONAL: "*", p.VAR_KEYWORD: "**"}.get(p.kind, "")
        texts.append(f"{star}{p.name}" + ("" if p.default is p.empty else f"={shown(p.default)}"))
    return f"({', '.join(texts)})"


def shown(value):
    if value is None or isinstance(value, bool | int | float | str | tuple):
        return repr(value)
    return getattr(value, "__name__", f"<{type(value).__name__}>")


def main():
    STORED.write_text("\n".join(lines()) + "\n", encoding="utf-8", newline="\n")
    print(STORED)


if __name__ == "__main__":
    main()
