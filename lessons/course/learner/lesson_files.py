"""What the lesson files say about themselves, as text that is read and not run; and the solutions beside them."""

import ast
import hashlib
import importlib.util
import re
from dataclasses import dataclass
from pathlib import Path

from tinygrad_rnn.shared import near, typed

RECORD = ".course.json"  # which `tinygrad-rnn learn` keeps in a folder that it wrote


@dataclass(frozen=True)
class Exercise:
    """A function that the learner writes: `line` is that of its def, `digest` changes when its code does (not its layout)."""

    name: str
    line: int = 1
    digest: str = ""
    source: str = ""


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

    def position(self, name):
        """Which exercise it is: "1 of 2"."""
        place = next((k for k, exercise in enumerate(self.exercises, start=1) if exercise.name == name), "?")
        return f"{place} of {len(self.exercises)}"

    @property
    def command(self):
        """What to type to run it, from here."""
        return typed(near(self.path))


def entry(path):
    """Read one lesson file."""
    source = path.read_text(encoding="utf-8", errors="replace")
    title = re.search(r"^# # \S+ (.+)$", source, re.MULTILINE)
    question = re.search(r"^# \*\*(.+?)\*\*$", source, re.MULTILINE)
    minutes = re.search(r"^# (\d+) minutes", source, re.MULTILINE)
    exercises, broken = (), ""
    try:
        exercises = tuple(_exercises(source))
    except (SyntaxError, ValueError) as error:
        broken = f"line {getattr(error, 'lineno', '?')}: {getattr(error, 'msg', error)}"
    return Entry(
        path, path.stem.partition("_")[0], title[1] if title else path.stem, question[1] if question else "",
        int(minutes[1]) if minutes else 1, exercises, broken,
    )  # fmt: skip


def _exercises(source):
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef) and any(getattr(d, "attr", "") == "exercise" for d in node.decorator_list):
            digest = hashlib.sha256(ast.unparse(node).encode()).hexdigest()[:16]
            yield Exercise(node.name, node.lineno, digest, ast.get_source_segment(source, node))


def catalog(home):
    """All lessons in a folder, in their order."""
    return [entry(path) for path in _paths(home)]


def find(home, number):
    """The lesson of that number ("4", "04", "07b"), or None."""
    wanted = re.sub(r"^(\d)(?!\d)", r"0\1", str(number))
    return next((entry(path) for path in _paths(home) if path.stem.partition("_")[0] == wanted), None)


def restored_by(home, path=None):
    """The command that brings back a file that is missing, or all of them: of the package that wrote the folder, or of git."""
    if (home / RECORD).exists():
        return typed("-m", "tinygrad_rnn", "learn", near(home))
    return f"git checkout -- {near(path or home)}"


def _paths(home):
    """The tour, and what has solutions beside it: anything else is a copy that somebody made."""
    found = sorted(home.glob("[0-9][0-9]*_*.py"))
    return [path for path in found if path.stem.startswith("00_") or (home / "solutions" / path.name).exists()]


def solutions_of(entry):
    """The module beside a lesson with its solutions, hints, known mistakes, band and budget."""
    path = entry.path.parent / "solutions" / entry.path.name
    spec = importlib.util.spec_from_file_location(f"solutions_{entry.number}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
