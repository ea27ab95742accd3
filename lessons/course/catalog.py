"""What the lesson files say about themselves. Their text is read; nothing in them is run."""

import ast
import hashlib
import os
import re
import shlex
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Exercise:
    """A function that the learner writes: `line` is that of its def, `digest` changes when its code does (not its layout)."""

    name: str
    line: int
    digest: str


@dataclass(frozen=True)
class Entry:
    """One lesson: `number` is "04" or "07b"; `broken` says why the file is not Python, if it is not."""

    path: Path
    number: str
    title: str
    question: str
    minutes: int
    exercises: tuple[Exercise, ...]
    broken: str = ""

    def exercise(self, name):
        """The exercise of that name, or None."""
        return next((exercise for exercise in self.exercises if exercise.name == name), None)

    @property
    def command(self):
        """What to type to run it, from here."""
        return f"python {shlex.quote(near(self.path))}"


def near(path):
    """A path as short as it can be said from the current folder."""
    try:
        short = os.path.relpath(path)
    except (OSError, ValueError):  # another drive, or a folder that is gone
        return str(path)
    return str(path) if short.startswith(os.path.join("..", "..")) else short


def entry(path):
    """Read one lesson file."""
    source = path.read_text(encoding="utf-8", errors="replace")
    title = re.search(r"^# # \S+ (.+)$", source, re.MULTILINE)
    question = re.search(r"^# \*\*(.+?)\*\*$", source, re.MULTILINE)
    minutes = re.search(r"^# (\d+) minutes", source, re.MULTILINE)
    exercises, broken = (), ""
    try:
        exercises = tuple(_exercises(ast.parse(source)))
    except (SyntaxError, ValueError) as error:
        broken = f"line {getattr(error, 'lineno', '?')}: {getattr(error, 'msg', error)}"
    return Entry(
        path, path.stem.partition("_")[0], title[1] if title else path.stem, question[1] if question else "",
        int(minutes[1]) if minutes else 1, exercises, broken,
    )  # fmt: skip


def _exercises(tree):
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and any(getattr(d, "attr", "") == "exercise" for d in node.decorator_list):
            yield Exercise(node.name, node.lineno, hashlib.sha256(ast.unparse(node).encode()).hexdigest()[:16])


def catalog(home):
    """All lessons in a folder, in their order."""
    return [entry(path) for path in sorted(home.glob("[0-9][0-9]*_*.py"))]


def find(home, number):
    """The lesson of that number ("4", "04", "07b"), or None."""
    wanted = re.sub(r"^(\d)(?!\d)", r"0\1", str(number))
    return next((entry(path) for path in sorted(home.glob("[0-9][0-9]*_*.py")) if path.stem.partition("_")[0] == wanted), None)
