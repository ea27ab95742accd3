"""The pages of the reference: one a topic, with each public name, its example and the picture of it."""

import ast
import inspect
import re
from contextlib import suppress
from functools import cache
from types import GenericAlias

from docs.writer import docstrings
from docs.writer.names import PAGES, doors, pages, public, shortened

# pages on which the graph that an example records is drawn
RECORDED = "cells", "sequences", "lengths", "attention", "models", "modules", "primitives", "functions", "losses"


def write(folder, pictured):
    """Write the pages into a folder, and the pictures into another; what is there and the same is left alone."""
    folder.mkdir(parents=True, exist_ok=True)
    wanted = {"index.rst": index()}
    for file, (title, _, names) in pages().items():
        wanted[f"{file}.rst"] = page(title, names, file, pictured)
    for old in folder.glob("*.rst"):
        if old.name not in {*wanted, "command_line.rst"}:
            old.unlink()
    for file, text in wanted.items():
        keep(folder / file, text)


def keep(path, text):
    """Write a file unless it holds that already: Sphinx reads again what is new."""
    if not path.is_file() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")


def index():
    """The page that lists the others, group by group, with the names on each."""
    lines = [*heading("Reference"), "Every public name, by topic. ``import tinygrad_rnn as tg`` comes first everywhere.", ""]
    lines += ["What can be typed in a terminal: :doc:`the command line <command_line>`.", ""]
    groups = {}
    for file, (title, group, names) in pages().items():
        groups.setdefault(group, []).append((file, title, names))
    for group, found in groups.items():
        lines += [".. toctree::", "    :hidden:", f"    :caption: {group}", "", *(f"    {file}" for file, _, _ in found), ""]
        lines += [*heading(group, "-")]
        for file, title, names in found:
            links = " · ".join(f":py:obj:`{n.path.rpartition('.')[2]} <{n.path}>`" for n in names)
            lines += [f":doc:`{title} <{file}>`", f"    {links}", ""]
    return "\n".join([*lines, ".. toctree::", "    :hidden:", "", "    command_line", ""])


def heading(title, line="="):
    """A title as reStructuredText."""
    return [title, line * len(title), ""]


def page(title, names, file, pictured):
    """A page: what the topic is, a list of its names, and an entry for each."""
    lines = [*heading(title), *docstrings.rest(intro(file), link_from(None)), ".. list-table::", "    :class: names", ""]
    for name in names:
        first = docstrings.inline(first_sentence(doc_of(name)), link_from(name))
        lines += [f"    * - :py:obj:`{name.short} <{name.path}>`", f"      - {first}"]
    for name in names:
        lines += ["", *entry(name, file, pictured)]
    return "\n".join(lines) + "\n"


def intro(file):
    """The first paragraph of the module that a page is about."""
    module = next((name for name, (page, _, _) in PAGES.items() if page == file), file)
    return (ast.get_docstring(ast.parse(doors.sources()[module])) or "").split("\n\n")[0]


def first_sentence(text):
    """What a name is for, in its first sentence."""
    words = " ".join(text.split("\n\n")[0].split())
    return re.split(r"(?<!et al)(?<=[^.])\. |[.:]$", words, maxsplit=1)[0]


def doc_of(name):
    """The docstring of a public name; of a name for a type, what it stands for."""
    if isinstance(name.value, GenericAlias) or not getattr(name.value, "__doc__", None):
        return f"The type {written_type(name)}"
    return inspect.getdoc(name.value) or ""


def given_by(name):
    """The public functions and methods that return a class, and classes that hold some, by their full names."""
    word = re.compile(rf"\b{name.path.rpartition('.')[2]}\b")
    found = []
    for other in public():
        inside = vars(other.value).items() if isinstance(other.value, type) else ()
        functions = [(f"{other.path}.{key}", value) for key, value in inside if not key.startswith("_")]
        for path, function in [(other.path, getattr(other.value, "__wrapped__", other.value)), *functions]:
            function = getattr(function, "__func__", getattr(function, "fget", function))
            if inspect.isfunction(function) and word.search(str(inspect.signature(function).return_annotation)):
                found.append(path)
        if any(word.search(str(kind)) for kind in getattr(other.value, "__annotations__", {}).values()):
            found.append(other.path)  # it holds some
    return [path for path in found if path != name.path]


def below(name):
    """What stands below the text of a name: other ways to write it, and where it comes from if no example shows it."""
    lines = [f"Also {', '.join(f'``{shortened(path)}``' for path in name.also)}.", ""] if name.also else []
    if isinstance(name.value, type) and ">>>" not in doc_of(name):
        if issubclass(name.value, Exception):
            lines += [f"Cause and cure: :ref:`messages <{name.value.__name__}>`.", ""]
        elif givers := given_by(name):
            lines += [f"Given by {', '.join(f':py:obj:`{shortened(path)} <{path}>`' for path in givers[:4])}.", ""]
    return lines


def is_type(name):
    """Whether it is a name for a type: neither a class nor anything that is called."""
    return not isinstance(name.value, type) and not inspect.isroutine(name.value) and not hasattr(name.value, "__wrapped__")


def written_type(name):
    """The right side of a name for a type, as it is written in the source."""
    found = re.search(rf"^{name.path.rpartition('.')[2]}: TypeAlias = (.+)$", doors.sources()[name.home], re.MULTILINE)
    return f"`{found[1]}`" if found else ""


def entry(name, file, pictured):
    """The entry of a name, its picture, and the functions that it carries, such as `draw.compare`."""
    carried = {}
    if is_type(name):
        lines = [f".. py:data:: {name.path}", "", f"    {docstrings.inline(doc_of(name), link_from(name))}."]
        lines += ["", *(f"    {line}" for line in below(name))]
    elif isinstance(name.value, type):
        lines = [f".. autoclass:: {name.path}", "    :members:", *(["    :show-inheritance:"] if named_bases(name.value) else [])]
    elif inspect.isfunction(name.value):
        lines = [f".. autofunction:: {name.path}"]
    else:
        carried = {key: v.__func__ for key, v in vars(type(name.value)).items() if isinstance(v, staticmethod)}
        lines = function_entry(name, name.path, name.value.__wrapped__)
    lines += shown(pictured(name, doc_of(name), file in RECORDED))
    for key, function in carried.items():
        lines += function_entry(name, f"{name.path}.{key}", function)
        lines += shown(pictured(name, inspect.getdoc(function), False, f".{key}"))
    return lines


def shown(html):
    """A picture as reStructuredText."""
    return ["", ".. raw:: html", "", f"    {html}", ""] if html else [""]


def function_entry(name, path, function):
    """A function that is not found by its path alone, with its text."""
    text = docstrings.rest(inspect.getdoc(function) or "", link_from(name))
    return [f".. py:function:: {path}{signature(function)}", "", *(f"    {line}" for line in text)]


def named_bases(kind):
    """The nearest ancestors of a class that a user can name: of the package, or an exception of Python."""
    known = {n.value for n in public() if isinstance(n.value, type)}
    found = []
    for base in kind.__bases__:
        named = base in known or issubclass(base, Exception)
        found += [base] if named else named_bases(base)
    return found


def signature(function):
    """How a function is called, with its types as they are written in the source."""
    found = inspect.signature(function)
    plain = [p.replace(annotation=as_written(p.annotation)) for p in found.parameters.values() if p.name != "self"]
    return str(found.replace(parameters=plain, return_annotation=as_written(found.return_annotation)))


class Written:
    """A type that shows itself as it is written."""

    def __init__(self, words):
        self.words = words

    def __repr__(self):
        return self.words


def as_written(annotation):
    """An annotation as `inspect` shall show it."""
    return Written(annotation) if isinstance(annotation, str) else annotation


def link_from(name):
    """How the text of a name leads on: a function from a word to the full name that it means, or ""."""
    if name is None:
        return lambda word: ways().get(word.removesuffix("()"), "")
    face, _, own = name.path.rpartition(".")
    beside = {n.path.rpartition(".")[2]: n.path for n in public() if n.path.rpartition(".")[0] == face}
    here = {own, *parameters(name.value)}  # what these words mean is said right here

    def link(word):
        word = word.removesuffix("()")
        return "" if word in here else beside.get(word, "") or ways().get(word, "")

    return link


@cache
def ways():
    """{how a text may write a public name: its full name}: with its module, and classes alone."""
    found = {n.path.rpartition(".")[2]: n.path for n in public() if isinstance(n.value, type)}
    for name in public():
        found |= {
            way: name.path
            for path in (name.path, *name.also)
            for way in (path, shortened(path), shortened(path)[3:])
            if "." in way
        }
    return found


def parameters(value):
    """The names of what a function takes, or the methods of a class."""
    functions = [value, *vars(value).values()] if isinstance(value, type) else [value]
    for function in filter(callable, functions):
        with suppress(TypeError, ValueError):
            yield from inspect.signature(function).parameters
