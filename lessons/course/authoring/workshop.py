"""A copy of the lessons in which one of them is tried: no work, no progress and no picture of anybody is touched."""

import ast
import os
import re
import shutil
import subprocess
import sys
from contextlib import contextmanager, redirect_stdout
from io import StringIO
from pathlib import Path

import tinygrad_rnn

from ..learner import Lesson, Progress, Unfinished, entry, solutions_of


class Workshop:
    """One lesson, its solutions, and ways to run them."""

    def __init__(self, path, folder):
        home = Path(folder).resolve() / "lessons"
        shutil.copytree(path.parent, home, ignore=shutil.ignore_patterns("out", Progress.NAME + "*", "__pycache__", "data"))
        self.entry = entry(home / path.name)
        self.path, self.home, self.elsewhere = self.entry.path, home, Path(folder)
        self.solutions = solutions_of(self.entry)
        self.tree = ast.parse(self.path.read_text(encoding="utf-8"))

    def run(self, *arguments, python=(), **environment):
        """As a process of its own, from another folder: (code, everything it wrote, CPU seconds)."""
        kept = {key: os.environ[key] for key in ("PATH", "HOME", "SYSTEMROOT", "TEMP", "TMPDIR") if key in os.environ}
        env = {**kept, "PYTHONPATH": str(Path(tinygrad_rnn.__file__).parents[1]), "PYTHONIOENCODING": "utf-8", **environment}
        before = os.times()
        done = subprocess.run(  # noqa: S603  (a lesson, as a learner starts it)
            [sys.executable, *python, str(self.path), *arguments], cwd=self.elsewhere, env=env, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8",
        )  # fmt: skip
        after = os.times()
        spent = after.children_user + after.children_system - before.children_user - before.children_system
        return done.returncode, done.stdout, spent

    def rehearse(self, *arguments, grafts=None, cells=False):
        """In this process, with functions in place of exercises, whole or cell by cell: (code, what it wrote)."""
        source = self.path.read_text(encoding="utf-8")
        flags = "".join(f", {flag!r}" for flag in arguments)
        parts = code_cells(re.sub(r'Lesson\(("\w+")\)', rf"Lesson(\1{flags})", source)) if cells else [source]
        namespace, code, written = {"__name__": "__main__"}, 0, StringIO()
        with _as_if(self.home, grafts, ["ipykernel" if cells else str(self.path), *arguments]), redirect_stdout(written):
            try:
                for part in parts:
                    exec(compile(part, str(self.path), "exec"), namespace)  # noqa: S102  (a lesson of this folder)
            except (SystemExit, Unfinished) as stopped:
                code = stopped.args[0]
        return code, written.getvalue()


@contextmanager
def _as_if(home, grafts, arguments):
    before = Lesson.home, Lesson.grafts, sys.argv, sys.excepthook
    Lesson.home, Lesson.grafts, sys.argv = home, grafts, arguments
    try:
        yield
    finally:
        Lesson.home, Lesson.grafts, sys.argv, sys.excepthook = before


def code_cells(source):
    """The code cells of a percent script, each on its own lines."""
    cells = re.split(r"^# %%(.*)$", source, flags=re.MULTILINE)
    return [body for kind, body in zip(cells[1::2], cells[2::2], strict=True) if "[markdown]" not in kind]
