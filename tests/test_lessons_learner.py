"""The course as a new learner meets it: at a terminal, with an editor, breaking off and coming back; and in odd places."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

from course.catalog import catalog, entry, near
from course.graft import solutions_of
from course.progress import Progress

import pytest
from test_lessons import HOME

ROOT = HOME.parent
COPIED = shutil.ignore_patterns("out", ".progress*", "__pycache__", "0[3-9]*", "1*")


def environment(**more):
    kept = {key: os.environ[key] for key in ("PATH", "HOME", "SYSTEMROOT", "TEMP", "TMPDIR") if key in os.environ}
    return {**kept, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8", **more}


@pytest.fixture
def home(tmp_path):
    """A checkout of the first lessons, in a folder with spaces and letters of elsewhere."""
    folder = tmp_path / "мои уроки ü" / "lessons"
    shutil.copytree(HOME, folder, ignore=COPIED)
    return folder


def run(program, *arguments, python=(), cwd=None, timeout=60, **more):
    return subprocess.run(
        [sys.executable, *python, str(program), *arguments], cwd=cwd, env=environment(**more), stdin=subprocess.DEVNULL,
        capture_output=True, encoding="utf-8", timeout=timeout,
    )  # fmt: skip


def first(home):
    return next(home.glob("01_*.py"))


def solve(path, *names):
    """Do what an editor does: write the body of the solution in place of the stub."""
    source, solutions = path.read_text(encoding="utf-8"), (path.parent / "solutions" / path.name).read_text(encoding="utf-8")
    for name in names:
        body = re.search(rf"^def {name}\(.*?\):\n((?:    .*\n|\n)+)", solutions, re.MULTILINE)[1].rstrip()
        source = re.sub(
            rf"(def {name}\(.*?\n)    raise YourTurn", lambda stub, body=body: stub[1] + body, source, flags=re.DOTALL
        )
    path.write_text(source, encoding="utf-8")


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

    def until(self, text, seconds=30):
        """Read until the text has come (after what was waited for before)."""
        import select

        start, end = len(self.seen), time.monotonic() + seconds
        while text not in self.seen[start:]:
            ready, _, _ = select.select([self.master], [], [], max(0.0, end - time.monotonic()))
            assert ready, f"{text!r} did not come: {self.seen[start:]}"
            try:
                self.seen += os.read(self.master, 65536).decode("utf-8", "replace")
            except OSError:
                pytest.fail(f"it ended without {text!r}: {self.seen[start:]}")
        return self

    def type(self, text):
        time.sleep(0.3)  # a person is slower: Ctrl-C between the prompt and the reading of it would wait for the next key
        os.write(self.master, text.encode())
        return self

    def end(self, seconds=60):
        """Read to the end; the exit code and all that was seen."""
        import select

        end = time.monotonic() + seconds
        while True:
            ready, _, _ = select.select([self.master], [], [], max(0.0, end - time.monotonic()))
            if not ready:
                self.process.kill()
                pytest.fail(f"it did not end: {self.seen}")
            try:
                more = os.read(self.master, 65536)
            except OSError:
                break
            if not more:
                break
            self.seen += more.decode("utf-8", "replace")
        os.close(self.master)
        return self.process.wait(30), self.seen


posix = pytest.mark.skipif(sys.platform == "win32", reason="a pseudo-terminal is a POSIX thing")


@posix
def test_a_learner_from_the_first_guess_to_the_report(home):
    lesson = first(home)
    code, text = AtATerminal(lesson).until("your guess").type("about right\n").until("not a number").type("I say 20\n").end()
    assert code == 1
    assert "your guess: 20" in text
    assert "exercise 1 of 2 - record" in text
    assert "\033[1m" in text  # bold, at a terminal

    code, text = AtATerminal(lesson).end()  # the guess is not asked for again
    assert code == 1
    assert "your guess: 20" in text

    seen = [run(lesson, "--hint").stdout for _ in range(4)]
    assert [re.findall(r"^hint (\d) of 3", text, re.MULTILINE) for text in seen] == [
        ["1"],
        ["1", "2"],
        ["1", "2", "3"],
        ["1", "2", "3"],
    ]
    assert "no more hints" in seen[3]
    assert "(3 of 3 used)" in run(lesson).stdout
    shown = run(lesson, "--solution")
    assert (shown.returncode, "def record(op, parents):" in shown.stdout) == (1, True)

    solve(lesson, "record")
    done_one = run(lesson)
    assert done_one.returncode == 1
    assert "ok: exercise 1 of 2 - record (new)" in done_one.stdout
    assert "your turn: write the body of edges" in done_one.stdout

    solve(lesson, "edges")
    quiz = AtATerminal(lesson).until("your answer").type("2\n").until("your answer").type("\x03")
    code, text = quiz.end()
    assert code in (130, -signal.SIGINT)
    assert "Stopped. What is solved stays solved" in text
    assert "Traceback" not in text

    quiz = AtATerminal(lesson).until("your answer").type("x\n").until("from 1 to 3").type("2\n").until("your answer").type("1\n")
    code, text = quiz.until("your answer").type("\x04").end()  # end of file: nobody is there any more
    assert code == 0
    assert "1 of 3 right" in text
    assert "02_" in text.splitlines()[-1]

    listed = run(home)
    assert re.search(r"^✓ 01 ", listed.stdout, re.MULTILINE)
    assert "02_why_an_order.py" in listed.stdout.splitlines()[-1]

    (home / ".progress.json").write_text('{"lessons": {"01": ', encoding="utf-8")
    damaged = run(home)
    assert "set aside" in damaged.stdout
    assert (home / ".progress.json.damaged").exists()
    again = run(lesson)
    assert again.returncode == 0
    assert "set aside" not in again.stdout
    assert re.search(r"^✓ 01 ", run(home).stdout, re.MULTILINE)


@posix
def test_control_c_at_the_guess_and_in_a_loop(home):
    lesson = first(home)
    code, text = AtATerminal(lesson).until("your guess").type("\x03").end()
    assert (code in (130, -signal.SIGINT), "Stopped" in text, "Traceback" in text) == (True, True, False)
    lesson.write_text(lesson.read_text(encoding="utf-8").replace("raise YourTurn", "while True: pass", 1), encoding="utf-8")
    looping = AtATerminal(lesson).until("your guess").type("\n").until("picture")
    time.sleep(0.5)
    code, text = looping.type("\x03").end()
    assert (code in (130, -signal.SIGINT), "Stopped" in text, "Traceback" in text) == (True, True, False)


def test_a_changed_function_is_no_longer_ticked(home):
    lesson = first(home)
    solve(lesson, "record", "edges")
    assert run(lesson).returncode == 0
    source = lesson.read_text(encoding="utf-8")
    lesson.write_text(
        source.replace("    a, b = parents\n", "    a, b = parents  # a remark changes nothing\n"), encoding="utf-8"
    )
    assert re.search(r"^✓ 01 ", run(home).stdout, re.MULTILINE)
    lesson.write_text(source.replace("    a, b = parents\n", "    b, a = parents\n"), encoding="utf-8")
    assert "changed since" in run(home).stdout
    assert run(lesson).returncode == 1
    assert "✓" not in run(home).stdout


def test_demo_and_grafts_leave_no_trace(home):
    lesson = first(home)
    before = lesson.read_bytes()
    assert run(lesson, "--demo").returncode == 0
    assert lesson.read_bytes() == before
    assert not (home / ".progress.json").exists()
    assert run(lesson).returncode == 1


def test_reset_forgets_the_ticks_and_not_the_work(home):
    lesson = first(home)
    solve(lesson, "record")
    run(lesson)
    work = lesson.read_bytes()
    forgotten = run(lesson, "--reset")
    assert forgotten.returncode == 0
    assert "git checkout" in forgotten.stdout
    assert lesson.read_bytes() == work
    assert json.loads((home / ".progress.json").read_text(encoding="utf-8"))["lessons"]["01"]["solved"] == {}


def test_hints_are_over_when_all_is_done(home):
    solve(first(home), "record", "edges")
    over = run(first(home), "--hint")
    assert (over.returncode, "there is nothing to tell" in over.stdout) == (0, True)


@pytest.mark.parametrize("python", [(), ("-O",), ("-OO",), ("-W", "error")], ids=str)
def test_however_python_is_started(home, python):
    assert run(first(home), python=python).returncode == 1
    assert run(first(home), "--demo", python=python).returncode == 0
    solve(first(home), "record", "edges")
    assert run(first(home), python=python).returncode == 0
    assert run(home, python=python).returncode == 0


@pytest.mark.parametrize("columns", ["20", "60", "200"])
def test_narrow_and_wide(home, columns):
    for program in (first(home), home):
        lines = run(program, COLUMNS=columns, cwd=home).stdout.splitlines()
        assert max(len(line) for line in lines if ".py" not in line and "picture:" not in line) <= max(40, int(columns))


def test_a_terminal_without_unicode(home):
    text = run(home, PYTHONIOENCODING="ascii", cwd=home.parent)
    assert (text.returncode, text.stdout.isascii()) == (0, True)
    assert run(first(home), "--demo", PYTHONIOENCODING="ascii").returncode == 0


@posix
def test_a_reader_that_goes_away(home):
    for command in ([str(first(home)), "--demo"], [str(home)]):
        with subprocess.Popen(
            [sys.executable, *command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment(), encoding="utf-8"
        ) as process:
            process.stdout.close()
            assert "Traceback" not in process.stderr.read()


def test_a_folder_that_cannot_be_written_to(home):
    solve(first(home), "record", "edges")
    (home / "out").write_text("a file where the folder should be", encoding="utf-8")
    (home / ".progress.json").mkdir()
    text = run(first(home))
    assert text.returncode == 0, text.stderr
    assert "the picture could not be written" in text.stdout
    assert text.stdout.count("The progress file") == 1
    assert "(progress is not kept" not in text.stdout  # that it is a folder was said, once
    refused = run(home, "report")
    assert (refused.returncode, "Traceback" in refused.stderr) == (2, False)
    assert "error: cannot write" in refused.stderr


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_checkout(home):
    for path in (home, *home.rglob("*")):
        path.chmod(0o555 if path.is_dir() else 0o444)
    try:
        assert run(first(home)).returncode == 1
        assert run(first(home), "--demo").returncode == 0
    finally:
        for path in (home, *home.rglob("*")):
            path.chmod(0o755)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--hnt"], "--hnt"),
        (["--data", "nowhere.csv"], "nowhere.csv"),
        (["extra"], "extra"),
    ],
)
def test_misuse_of_a_lesson(home, arguments, said):
    wrong = run(first(home), *arguments)
    assert (wrong.returncode, said in wrong.stderr, "Traceback" in wrong.stderr) == (2, True, False)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nonsense"], "nonsense"),
        (["check", "55"], "there is no lesson 55"),
        (["check", "00"], "there is no lesson 00"),
        (["check", "../.."], "there is no lesson"),
        (["check"], "number"),
        (["new", "01", "again"], "exists"),
        (["new", "1", "short"], "two digits"),
        (["new", "98", "..//.."], "file name"),
        (["new", "98", "a\nb\x1b[31m"], "file name"),
        (["watch", "55"], "there is no lesson 55"),
    ],
)
def test_misuse_of_the_commands(home, arguments, said):
    wrong = run(home, *arguments)
    assert wrong.returncode == 2
    assert said in wrong.stderr
    assert "Traceback" not in wrong.stderr


def test_new_check_and_the_list(home):
    assert run(home, "new", "07b", "Does it: 'quote' \"and\" {brace}?").returncode == 0
    checked = run(home, "check", "07b")
    assert checked.returncode == 0, checked.stdout
    assert len(re.findall("^ok ", checked.stdout, re.MULTILINE)) == 10
    assert "07b" in run(home).stdout


def test_a_file_that_is_not_python_is_listed_as_such(home):
    lesson = first(home)
    lesson.write_text(lesson.read_text(encoding="utf-8").replace("raise YourTurn", "return (", 1), encoding="utf-8")
    listed = run(home)
    assert listed.returncode == 0
    assert "does not parse, line" in listed.stdout


def test_the_report_escapes_everything_and_needs_nothing_else(home):
    lesson = first(home)
    text = lesson.read_text(encoding="utf-8")
    lesson.write_text(text.replace("# # 01 What a graph remembers", "# # 01 <script>alert(1)</script> & more"), encoding="utf-8")
    solve(lesson, "record", "edges")
    assert run(lesson).returncode == 0
    kept = json.loads((home / ".progress.json").read_text(encoding="utf-8"))
    kept["lessons"]["01"]["prediction"] = 20
    kept["lessons"]["01"]["hints"] = {"<img src=x>": 2}
    kept["lessons"]["01"]["pictures"] += ["../../etc/passwd", "<b>.svg", 5]
    (home / ".progress.json").write_text(json.dumps(kept), encoding="utf-8")
    assert run(home, "report").returncode == 0
    page = (home / "out" / "report.html").read_text(encoding="utf-8")
    assert "<script" not in page
    assert "<img src=x>" not in page
    assert "<b>" not in page
    assert "&lt;script&gt;" in page
    assert "passwd" not in page
    assert re.search(r"<td>20</td><td>26</td>", page)
    assert 'src="data:image/svg+xml;base64,' in page
    assert not re.search(r'(src|href)="(?!data:)', page)


@posix
def test_watch_runs_again_when_a_file_is_saved_and_never_goes_on(home):
    lesson = first(home)
    watching = AtATerminal(home, "watch").until("your guess").type("\n").until("exercise 1 of 2 - record").until("watching")
    solve(lesson, "record")
    watching.until("your guess").type("\n").until("exercise 2 of 2 - edges").until("watching")
    solve(lesson, "edges")
    for _ in range(4):
        watching.until("(Enter skips)" if _ == 0 else "your answer").type("\n")
    watching.until("watching")
    time.sleep(1)
    code, text = watching.type("\x03").end()
    assert code == 130
    assert "lesson 02" not in text
    assert "Traceback" not in text


@pytest.mark.parametrize(
    "content",
    [
        "", "null", "[]", "{}", '{"lessons": []}', '{"lessons": {"01": 5}}', "[" * 5000, "\x00\x01", '{"lessons": {"01": {"solved": [1], '
        '"hints": {"record": "x"}, "prediction": "y", "number": {}, "quiz": "z", "pictures": [[]], "done": 3}}}',
    ],
    ids=lambda text: text[:12],
)  # fmt: skip
def test_any_progress_file_is_survived(content, tmp_path):
    (tmp_path / ".progress.json").write_text(content, encoding="utf-8")
    told = []
    progress = Progress(tmp_path, told.append)
    kept = progress.of("01")
    assert kept == {"solved": {}, "hints": {}, "pictures": []}
    kept["quiz"] = 2
    progress.save()
    assert Progress(tmp_path, told.append).of("01")["quiz"] == 2
    assert len(told) <= 1


def test_a_failed_write_leaves_what_was_there(tmp_path, monkeypatch):
    told = []
    progress = Progress(tmp_path, told.append)
    progress.of("01")["quiz"] = 1
    progress.save()
    before = (tmp_path / ".progress.json").read_bytes()
    monkeypatch.setattr(os, "replace", lambda *paths: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    progress.of("01")["quiz"] = 3
    progress.save()
    progress.save()
    assert (tmp_path / ".progress.json").read_bytes() == before
    assert len(told) == 1
    assert [path.name for path in tmp_path.iterdir()] == [".progress.json"]


def test_every_lesson_says_what_it_is():
    for e in catalog(HOME):
        assert e.title
        assert not e.broken
        if e.number != "00":
            assert e.question
            assert {x.name for x in e.exercises} == solutions_of(e).HINTS.keys() == solutions_of(e).MISTAKES.keys()


def test_paths_are_short_where_they_can_be(monkeypatch):
    monkeypatch.chdir(ROOT)
    assert near(HOME / "x.py") == os.path.join("lessons", "x.py")
    assert entry(next(HOME.glob("01_*.py"))).command.startswith("python lessons")
    monkeypatch.chdir(Path(ROOT.anchor))
    assert Path(near(HOME / "x.py")).name == "x.py"
