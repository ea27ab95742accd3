"""Which room of the package may open which door: the imports of a set of sources, and what is wrong with them.

Everything works on `{module: source}`, so that a test can plant a fault in the sources and see that it is found.
"""

import ast
import re
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import NamedTuple

PACKAGE = Path(__file__).resolve().parents[2] / "tinygrad_rnn"
ROOT_FILES = {"__init__", "__main__", "errors"}

# what a room may import besides itself, lowest room first; the most specific row holds, so viz.view is not bound by the row of viz
ROOMS = {
    "errors": "",
    "shared": "errors",
    "engine": "errors shared",
    "functional": "errors shared engine",
    "replay": "errors shared engine",
    "program": "errors shared engine replay",
    "nn": "errors shared engine functional",
    "nn.cells": "errors shared engine functional nn.module nn.init nn.inputs nn.packed",
    "nn.sequence": "errors shared engine functional nn.module nn.init nn.inputs nn.packed nn.states nn.torch_words nn.cells",
    "nn.models": "errors shared engine nn.module nn.inputs nn.layers nn.packed nn.pooling nn.states nn.cells nn.sequence",
    "nn.decode": "errors shared engine functional nn.module nn.states",
    "optim": "errors shared engine nn",
    "train": "errors shared engine program nn optim",
    "probe": "errors shared engine replay nn",
    "data": "errors shared data.csv data.tasks",
    "data.csv": "errors shared data.lines",
    "data.tasks": "errors shared data.vocab",
    "io": "errors shared engine replay nn",
    "io.torch_run": "errors shared engine functional replay io.optional_packages",
    "viz.style": "errors shared",
    "viz.view": "errors shared replay engine.scopes engine.arrays viz.style",
    "viz.layout": "errors shared viz.style viz.view",
    "viz.svg": "errors shared replay viz.style viz.view viz.layout",
    "viz.formats": "errors shared viz.style viz.view viz.layout viz.svg",
    "viz.page": "errors shared replay engine.arrays viz.style viz.view viz.layout viz.svg",
    "viz": "errors shared replay viz.style viz.view viz.layout viz.svg viz.formats viz.page",
    "plots": "errors shared viz.style probe train",
    "commands": "errors shared engine replay program nn viz",
    "__main__": "shared commands",
}
ROOMY = 14  # files that stand beside each other


class Import(NamedTuple):
    """One name that a module takes from another one of the package."""

    target: str  # the module
    name: str  # "" for the module itself
    late: bool  # inside a function
    types: bool  # for annotations alone
    alias: str = ""  # what it is called where it is taken


def sources(folder=PACKAGE):
    """{dotted name without the package: source}; a face has the name of its room, that of the package is ""."""
    found = {}
    for path in sorted(folder.rglob("*.py")):
        parts = path.relative_to(folder).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path.read_text(encoding="utf-8")
    return found


parsed = cache(ast.parse)


def faces(modules):
    """The rooms among the modules: those that have others inside, and the package."""
    return {"", *(name.rpartition(".")[0] for name in modules)}


@cache
def statements(source):
    """Every import statement of a source: (node, inside a function, for annotations alone)."""

    def visit(node, late, types):
        for child in ast.iter_child_nodes(node):
            if isinstance(child, (ast.Import, ast.ImportFrom)):
                yield child, late, types
            function = isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))
            annotations = isinstance(child, ast.If) and getattr(child.test, "id", "") == "TYPE_CHECKING"
            if not isinstance(child, ast.expr):
                yield from visit(child, late or function, types or annotations)

    return list(visit(parsed(source), False, False))


def imports(name, modules):
    """What a module takes from others of the package.

    One called "outside" stands beside the package: its own neighbours are not looked at.
    """
    package = name.split(".") if name in faces(modules) else name.split(".")[:-1]
    package = [part for part in package if part]
    found = []
    for node, late, types in statements(modules[name]):
        if isinstance(node, ast.Import):
            ours = [alias.name for alias in node.names if alias.name.split(".")[0] == "tinygrad_rnn"]
            found += [Import(whole.removeprefix("tinygrad_rnn").lstrip("."), "", late, types) for whole in ours]
            continue
        target = node.module.split(".") if node.module else []
        if node.level and name != "outside":
            target = [*package[: len(package) - node.level + 1], *target]
        elif not node.level and target[0] == "tinygrad_rnn":
            target = target[1:]
        else:
            continue
        base = ".".join(target)
        for alias in node.names:
            inside = f"{base}.{alias.name}" if base else alias.name
            there, taken = (inside, "") if inside in modules else (base, alias.name)
            found.append(Import(there, taken, late, types, alias.asname or alias.name))
    return found


@cache
def exported(source):
    """The `__all__` of a module as a list, None if it has none."""
    for node in parsed(source).body:
        target = node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None)
        if getattr(target, "id", "") == "__all__":
            return list(ast.literal_eval(node.value))
    return None


def row_of(name):
    """The row of ROOMS that holds for a module: the longest one that begins its name."""
    parts = name.split(".")
    rows = (".".join(parts[:k]) for k in range(len(parts), 0, -1))
    return next((row for row in rows if row in ROOMS), None)


def opens(name, target):
    """Whether a module may import that target."""
    row = row_of(name)
    return row_of(target) == row or any(target == door or target.startswith(f"{door}.") for door in ROOMS[row].split())


def complaints(modules):
    """All that is wrong with the doors, one sentence each."""
    found, rooms = [], faces(modules)
    arrows = {}
    for name, source in modules.items():
        taken = imports(name, modules)
        arrows[name] = {i.target for i in taken if not i.types} - {name}
        if name and row_of(name) is None:
            found.append(f"{name} has no row in ROOMS")
            continue
        for i in taken:
            if name and name not in rooms and not opens(name, i.target):
                found.append(f"{name} imports {i.target}: that door does not open this way")
            if name in rooms and name and not (i.target == name or i.target.startswith(f"{name}.")):
                found.append(f"{name} is a face and imports {i.target} from outside of its room")
            if i.late and not i.types:
                found.append(f"{name} imports {i.target} late, inside a function")
            if i.name and i.target in modules and i.name not in (exported(modules[i.target]) or []):
                found.append(f"{name} takes {i.name} of {i.target}, which is private there")
        found += [f"{name} reaches for {private}" for private in reached(source, taken)]
    found += [f"in a circle: {' -> '.join(circle)}" for circle in [circle_in(arrows)] if circle]
    return [*found, *crowded(modules)]


def unused(modules):
    """Doors that a row opens and nobody goes through; `errors` and `shared` are open to all."""
    found = []
    for row, allowed in ROOMS.items():
        taken = {i.target for name in modules if name and row_of(name) == row for i in imports(name, modules)}
        for door in allowed.split():
            if door not in ("errors", "shared") and not any(f"{target}.".startswith(f"{door}.") for target in taken):
                found.append(f"{row} may use {door} and does not")
    return found


def reached(source, taken):
    """Private attributes of what a source imports, and modules that it looks up by their names."""
    names = {i.alias for i in taken}
    for node in ast.walk(parsed(source)):
        if isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) in (
            "import_module",
            "__import__",
        ):
            yield "a module by its name"
        named = isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
        if named and node.value.id in names and re.match("_[^_]", node.attr):
            yield f"{node.value.id}.{node.attr}"


def circle_in(arrows):
    """Modules that import each other in a circle, [] if there is none."""
    try:
        TopologicalSorter(arrows).prepare()
    except CycleError as error:
        return error.args[1]
    return []


def crowded(modules):
    """Rooms without a face that says what they are, functions that hide a module, and rooms with too many files."""
    for room in sorted(faces(modules)):
        inside = [name for name in modules if name and name.rpartition(".")[0] == room]
        if room not in modules:
            yield f"{room} has no face"
            continue
        tree, names = parsed(modules[room]), exported(modules[room])
        if not ast.get_docstring(tree):
            yield f"the face of {room} does not say what the room is for"
        if names is None or names != sorted(names, key=lambda n: (not n.isupper(), n.islower(), n)):
            yield f"the __all__ of {room} is missing or not sorted: constants, classes, functions"
        kinds = (ast.Import, ast.ImportFrom, ast.Assign, ast.AnnAssign, ast.Expr)
        if any(not isinstance(node, kinds) and getattr(node, "name", "") != "__dir__" for node in tree.body):
            yield f"the face of {room} does more than show what is inside"
        taken = {i.name for i in imports(room, modules) if i.name}
        for module in inside:
            if module.rpartition(".")[2] in taken:
                yield f"{room} has a name that hides its module {module}"
        files = [name for name in inside if name not in faces(modules)]
        if len(files) > ROOMY:
            yield f"{len(files)} files stand side by side in {room}"
    strays = {name for name in modules if "." not in name and name and name not in faces(modules)} - ROOT_FILES
    yield from (f"{name} stands at the root" for name in sorted(strays))
