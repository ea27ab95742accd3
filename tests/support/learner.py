"""Somebody who takes the course, for tests: an editor, a shell, and a terminal to type at."""

import ast
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from course.learner import catalog

import pytest

ROOT = Path(__file__).resolve().parents[2]
HOME = ROOT / "lessons"
LESSONS = [entry for entry in catalog(HOME) if entry.exercises]
posix = pytest.mark.skipif(sys.platform == "win32", reason="a pseudo-terminal is a POSIX thing")


def environment(**more):
    kept = {key: os.environ[key] for key in ("PATH", "HOME", "SYSTEMROOT", "TEMP", "TMPDIR") if key in os.environ}
    return {**kept, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8", **more}


def checkout(folder, *left_out):
    """A copy of the lessons, without anybody's progress."""
    shutil.copytree(HOME, folder, ignore=shutil.ignore_patterns("out", ".progress*", "__pycache__", "*.ipynb", *left_out))
    return folder


def run(program, *arguments, python=(), cwd=None, timeout=60, somebody=(), **more):
    """As a program through a pipe, with nobody at the keyboard; `somebody` is a command that makes it another user's."""
    return subprocess.run(
        [*somebody, sys.executable, *python, str(program), *arguments], cwd=cwd, env=environment(**more), stdin=subprocess.DEVNULL,
        capture_output=True, encoding="utf-8", timeout=timeout,
    )  # fmt: skip


def solve(path, *names):
    """Do what an editor does: write the body of the solution in place of the stub, of all exercises if none is named."""
    source, solutions = ([*p.read_text(encoding="utf-8").splitlines(True)] for p in (path, path.parent / "solutions" / path.name))
    stubs, written = (
        {n.name: n.body for n in ast.parse("".join(s)).body if isinstance(n, ast.FunctionDef)} for s in (source, solutions)
    )
    for name, body in reversed(stubs.items()):
        if name in (names or written) and ast.unparse(body[-1]) == "raise YourTurn":
            source[body[-1].lineno - 1] = "".join(solutions[written[name][0].lineno - 1 : written[name][-1].end_lineno])
    path.write_text("".join(source), encoding="utf-8")


class AtATerminal:
    """Somebody who types: starts a program on a terminal of its own, waits for text, answers."""

    def __init__(self, *command, columns="80"):
        import pty

        self.master, inner = pty.openpty()
        self.seen = ""
        self.process = subprocess.Popen(
            [sys.executable, *map(str, command)], stdin=inner, stdout=inner, stderr=inner, start_new_session=True,
            preexec_fn=lambda: __import__("fcntl").ioctl(0, __import__("termios").TIOCSCTTY, 0),
            env=environment(TERM="xterm", COLUMNS=columns),
        )  # fmt: skip
        os.close(inner)

    def until(self, text, seconds=60):
        """Read until the text has come (after what was waited for before)."""
        start, end = len(self.seen), time.monotonic() + seconds
        while text not in self.seen[start:]:
            if not self._read(end):
                self._fail(f"{text!r} did not come: {self.seen[start:]}")
        return self

    def type(self, text):
        time.sleep(0.3)  # a person is slower: Ctrl-C between the prompt and the reading of it would wait for the next key
        os.write(self.master, text.encode())
        return self

    def end(self, seconds=60):
        """Read to the end; the exit code and all that was seen."""
        end = time.monotonic() + seconds
        while self._read(end):
            if time.monotonic() > end:
                self._fail(f"it did not end: {self.seen}")
        os.close(self.master)
        return self.process.wait(30), self.seen

    def _read(self, end):
        """Whether something more came; at the end of the program and of the time, nothing does."""
        import select

        if not select.select([self.master], [], [], max(0.0, end - time.monotonic()))[0]:
            return False
        try:
            more = os.read(self.master, 65536)
        except OSError:
            return False
        self.seen += more.decode("utf-8", "replace")
        return bool(more)

    def _fail(self, words):
        self.process.kill()
        self.process.wait(30)
        os.close(self.master)
        pytest.fail(words)
