"""All sixteen lessons, one after the other, as one learner takes them: types, edits, asks, breaks off, comes back, loses the ticks."""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

from course.learner import catalog

import pytest
from learner import HOME, AtATerminal, checkout, posix, run, solve

STOPPED = (130, -signal.SIGINT)
ODD = (  # a learner's circumstances, in turn; the folder has spaces and letters of elsewhere all the time
    {"COLUMNS": "60"},
    {"NO_COLOR": "1"},
    {"PATH": ""},  # no dot, and no other program
    {"python": ("-OO",)},
    {"cwd": os.path.abspath(os.sep)},
    {"python": ("-W", "error"), "PYTHONIOENCODING": "ascii"},
)
GUESSES = ("about 20", "1e-3", "0,5", "50%", "1,000", "-3.5")
NOBODY = ("--reuid=65534", "--regid=65534", "--clear-groups")


def words(text):
    return " ".join(text.split())


def guess(lesson, k):
    """Look at it, break off, come back, mistype, guess. Returns how the first exercise is told."""
    if k % 2:
        code, text = AtATerminal(lesson.path, "--fast").until("your guess").type("\x03").end()
        assert (code in STOPPED, "Stopped" in text, "Traceback" in text) == (True, True, False)
    at = AtATerminal(lesson.path, "--fast", columns="60" if k % 3 else "80").until("your guess").type("no idea\n")
    code, text = at.until("not one number").type(GUESSES[k % len(GUESSES)] + "\n").end()
    assert (code, "Traceback" in text) == (1, False)
    return text


def answer(lesson, k):
    """The last run, at a terminal: the quiz, broken off now and then, and answered with the first option every time."""
    if k % 3 == 0:
        code, text = AtATerminal(lesson.path, "--fast").until("your answer").type("\x03").end()
        assert (code in STOPPED, "What is solved stays solved" in words(text)) == (True, True)
    at = AtATerminal(lesson.path, "--fast")
    for _ in range(3):
        at.until("your answer").type("1\n")
    code, text = at.end()
    assert (code, "Traceback" in text) == (0, False)
    assert re.search(r"[0-3] of 3 right", text)
    assert re.search(r"your guess +-?\d", text.partition("The number")[2])  # beside what was measured
    return text


def take(lesson, k):
    """A lesson from the first look to the last answer."""
    text, count = guess(lesson, k), len(lesson.exercises)
    for place, exercise in enumerate(lesson.exercises, start=1):
        assert f"lesson {lesson.number} - exercise {place} of {count} - {exercise.name}" in text
        assert "your turn" in text
        for used in range((k + place) % 3):
            hint = run(lesson.path, "--fast", "--hint", **ODD[(k + place) % len(ODD)])
            assert (hint.returncode, hint.stderr, f"hint {used + 1} of 3 - {exercise.name}" in hint.stdout) == (1, "", True)
        if place == 1:
            wrong = lesson.path.read_text(encoding="utf-8")
            lesson.path.write_text(wrong.replace("raise YourTurn", "return None", 1), encoding="utf-8")
            told = run(lesson.path, "--fast")
            assert (told.returncode, told.stderr, "not yet:" in told.stdout) == (1, "", True)
            lesson.path.write_text(wrong, encoding="utf-8")
        solve(lesson.path, exercise.name)
        done = run(lesson.path, "--fast", "--no-quiz", **ODD[(k + place) % len(ODD)])
        text = done.stdout
        assert (done.returncode, "Traceback" in done.stderr) == (int(place < count), False)  # a long training tells how far it is
        assert f"ok: exercise {place} of {count} - {exercise.name} (new)" in text
    return answer(lesson, k)


@posix
@pytest.mark.course
def test_all_sixteen_one_after_the_other(tmp_path):
    home = checkout(tmp_path / "мои уроки ü" / "lessons")
    lessons = [lesson for lesson in catalog(home) if lesson.exercises]
    for k, lesson in enumerate(lessons):
        assert lesson.path.name in words(run(home).stdout).split("Next:")[1]  # the list names the one that comes next
        text = take(lesson, k)
        if k + 1 < len(lessons):
            assert text.rstrip().endswith(lessons[k + 1].path.name + "'")  # it ends by naming it, and does not go there
        if k in (2, 5):  # the ticks are lost, the work is not
            (home / ".progress.json").write_text('{"lessons": {"01": ' * (k > 3), encoding="utf-8")
            assert "set aside" in run(home).stdout
            for before in lessons[: k + 1]:
                assert run(before.path, "--fast", "--no-quiz").returncode == 0
    listed = run(home).stdout
    assert (listed.count("✓"), "All lessons are done" in listed) == (len(lessons), True)
    assert run(home, "report").returncode == 0
    page = (home / "out" / "report.html").read_text(encoding="utf-8")
    assert (page.count("✓ done"), page.count("data:image/svg+xml")) == (len(lessons), len(lessons))
    for path, original in ((home / lesson.path.name, HOME / lesson.path.name) for lesson in lessons):
        assert path.read_text(encoding="utf-8") != original.read_text(encoding="utf-8")  # the learner's own work


@contextmanager
def read_only():
    """A checkout with everything solved that cannot be changed, except by root."""
    top = Path(tempfile.mkdtemp())
    home = checkout(top / "lessons")
    for lesson in catalog(home):
        if lesson.exercises:
            solve(lesson.path)
    paths = (top, home, *home.rglob("*"))
    for path in paths:
        path.chmod(0o555 if path.is_dir() else 0o444)
    try:
        yield home
    finally:
        for path in paths:
            path.chmod(0o755)
        shutil.rmtree(top)


@posix
@pytest.mark.course
def test_all_sixteen_where_nothing_may_be_written():
    somebody = (shutil.which("setpriv"), *NOBODY) if os.geteuid() == 0 else ()
    if somebody and (
        not somebody[0] or subprocess.run([*somebody, sys.executable, "-c", "import numpy"], capture_output=True).returncode
    ):
        pytest.skip("root may write everywhere, and another user cannot start this Python")
    with read_only() as home:
        for lesson in catalog(home):
            done = run(lesson.path, "--fast", python=("-OO",), cwd=os.sep, somebody=somebody, COLUMNS="60", PATH="")
            assert (done.returncode, "Traceback" in done.stderr) == (0, False), lesson.path.name
            assert "could not be written" in words(done.stdout)
            if lesson.exercises:
                assert words(done.stdout).count("progress is not kept") == 1
        assert run(home, somebody=somebody).returncode == 0
        for command in (["report"], ["new", "98", "A title"]):
            refused = run(home, *command, somebody=somebody)
            assert (refused.returncode, refused.stderr[:19]) == (2, "error: cannot write")
        assert not [*home.rglob(".progress*"), *home.rglob("out")]
