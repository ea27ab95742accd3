"""The course as a new learner meets it: at a terminal, with an editor, breaking off and coming back; and in odd places."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

from course.learner import Progress, catalog, number_in, solutions_of

import pytest
from learner import HOME, ROOT, AtATerminal, checkout, environment, posix, run, solve

from tinygrad_rnn.shared import near, typed


@pytest.fixture
def home(tmp_path):
    """A checkout of the first lessons, in a folder with spaces and letters of elsewhere."""
    return checkout(tmp_path / "мои уроки ü" / "lessons", "0[3-9]*", "1*")


def first(home):
    return next(home.glob("01_*.py"))


@posix
def test_a_learner_from_the_first_guess_to_the_report(home):
    lesson = first(home)
    code, text = AtATerminal(lesson).until("your guess").type("about right\n").until("not one number").type("I say 20\n").end()
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
    loop = '__import__("os").write(1, b"it loops")  # past what the lesson catches\n    while True: pass'
    lesson.write_text(lesson.read_text(encoding="utf-8").replace("raise YourTurn", loop, 1), encoding="utf-8")
    looping = AtATerminal(lesson).until("your guess").type("\n").until("it loops")
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


@posix
@pytest.mark.parametrize("closed", ["<&-", "<&- >&-", "<&- >&- 2>&-"])
def test_closed_streams(home, closed):
    command = ["sh", "-c", f'"$0" "$@" {closed}', sys.executable, str(first(home))]
    done = subprocess.run(command, env=environment(), capture_output=True, encoding="utf-8", timeout=60)
    assert (done.returncode, done.stderr) == (1, "")
    assert ("your turn" in done.stdout) == (">" not in closed)


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


def assert_told(wrong, said):
    """A mistake is told in a line, a blank line and a hint, and ends with 2."""
    assert (wrong.returncode, wrong.stdout) == (2, "")
    error, blank, hint = wrong.stderr.splitlines()
    assert (error[:7], blank, hint[:6]) == ("error: ", "", "hint: ")
    assert said in error


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--hnt"], "--hnt"),
        (["--data", "nowhere.csv"], "nowhere.csv"),
        (["--data"], "--data"),
        (["extra"], "extra"),
        (["--quiz=x"], "'x'"),
    ],
)
def test_misuse_of_a_lesson(home, arguments, said):
    assert_told(run(first(home), *arguments), said)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nonsense"], "nonsense"),
        (["report", "extra"], "extra"),
        (["list", "--all"], "--all"),
        (["check", "55"], "there is no lesson 55"),
        (["check", "00"], "there is no lesson 00"),
        (["check", "../.."], "there is no lesson"),
        (["check"], "number"),
        (["new", "01", "again"], "exists"),
        (["new"], "new without a number and a title"),
        (["new", "98"], "title"),
        (["new", "98", "without", "quotes"], "quotes"),
        (["new", "1", "short"], "not the number"),
        (["new", "٩٨", "digits of elsewhere"], "not the number"),
        (["new", "98", "..//.."], "file name"),
        (["new", "98", "a\nb\x1b[31m"], "file name"),
        (["watch"], "watch"),
    ],
)
def test_misuse_of_the_commands(home, arguments, said):
    assert_told(run(home, *arguments), said)


def test_new_check_and_the_list(home):
    assert run(home, "new", "07b", "Does it: 'quote' \"and\" {brace}?").returncode == 0
    checked = run(home, "check", "07b")
    assert checked.returncode == 0, checked.stdout
    assert len(re.findall("^ok ", checked.stdout, re.MULTILINE)) == 10
    assert "07b" in run(home).stdout


def test_without_solutions_nothing_can_be_checked(home):
    shutil.rmtree(home / "solutions")
    for program in (first(home), home):
        assert_told(run(program), "solutions")


def test_a_title_becomes_a_file_name(home):
    assert "07b_cafe_que" in run(home, "new", "07b", "Café: ¿qué?").stdout


def test_new_in_a_folder_that_takes_nothing(home):
    shutil.rmtree(home / "solutions")
    (home / "solutions").write_text("a file where the folder should be", encoding="utf-8")
    assert_told(run(home, "new", "98", "title"), "cannot write")
    assert not [*home.glob("98*")]


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
    assert re.search(r"<td>20</td>\s*<td>26</td>", page)
    assert "def record(op, parents):" in page
    assert 'src="data:image/svg+xml;base64,' in page
    assert not re.search(r'(src|href)="(?!data:|#)', page)


@pytest.mark.parametrize(
    "content",
    [
        "", "null", '{"lessons": {"01": {"prediction": NaN, "number": 1e999, "quiz": ' + "9" * 400 + "}}}",
        "[]", "{}", '{"lessons": []}', '{"lessons": {"01": 5}}', "[" * 5000, "\x00\x01", '{"lessons": {"01": {"solved": [1], '
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
    monkeypatch.chdir(Path(ROOT.anchor))
    assert Path(near(HOME / "x.py")).name == "x.py"


def test_commands_start_the_python_that_runs(monkeypatch, tmp_path):
    own, other = tmp_path / "own" / "python", tmp_path / "other" / "python"
    for path in (own, other):
        path.parent.mkdir()
        path.touch(mode=0o755)
    monkeypatch.setattr(sys, "executable", str(own))
    monkeypatch.setattr(sys, "base_prefix", "elsewhere")  # an environment
    monkeypatch.setenv("PATH", str(own.parent))
    assert typed("lessons/01_x.py", windows=False) == "python lessons/01_x.py"
    assert typed("my lessons", "report", windows=False) == "python 'my lessons' report"
    assert typed("my lessons", r"C:\\x", windows=True) == r'python "my lessons" C:\\x'
    monkeypatch.setenv("PATH", str(other.parent))  # that is not activated
    assert typed("lessons", windows=False) == f"{near(own)} lessons"
    monkeypatch.setattr(sys, "base_prefix", sys.prefix)
    assert typed("lessons", windows=False) == "python lessons"
    monkeypatch.setenv("PATH", "")
    assert typed("lessons", windows=False) == f"{near(own)} lessons"


@pytest.mark.parametrize(
    ("line", "number"),
    [
        ("20", 20), ("I say 20", 20), ("about -1e-3.", -1e-3), ("1,000", 1000), ("1,234,567.5", 1234567.5), ("0,5", 0.5), ("1,5", 1.5),
        (".5", 0.5), ("50%", 0.5), ("75 %", 0.75), ("1E3", 1000), ("", None), ("none", None), ("2 to 3", None), ("1/2", None),
        ("10^6", None), ("1,2,3", None), ("nan", None), ("inf", None), ("1e999", None), ("\x1b[A", None), ("-", None),
    ],
)  # fmt: skip
def test_a_guess_as_people_type_it(line, number):
    assert number_in(line) == number


def test_a_copy_of_a_lesson_works_as_the_lesson_does(home):
    copies = [first(home).with_name(name) for name in ("01_what_a_graph_remembers - Copy.py", "mine.py")]
    for copy in copies:
        shutil.copy(first(home), copy)
    for program in (first(home), *copies):
        stopped = run(program)
        assert (stopped.returncode, stopped.stderr) == (1, "")
        assert "lesson 01 - exercise 1 of 2" in stopped.stdout
        assert f"{program.name}:" in stopped.stdout
    assert run(home).stdout.count(" 01 ") == 1


@pytest.mark.parametrize(
    ("old", "new"),
    [("@lesson.exercise\n", ""), ("@lesson.exercise\ndef", "@lesson.exercise\nasync def"), ("@lesson.exercise\n", "if True:\n  pass\n")],
)  # fmt: skip
def test_an_exercise_that_is_not_found_is_said_to_be_missing(home, old, new):
    source = first(home).read_text(encoding="utf-8")
    first(home).write_text(source.replace(old, new), encoding="utf-8")
    stopped = run(first(home))
    assert (stopped.returncode, stopped.stderr) == (1, "")
    assert "there is no function record with @lesson.exercise above its def" in " ".join(stopped.stdout.split())
    assert run(home).returncode == 0


@pytest.mark.parametrize(
    ("words", "message", "hint"),
    [
        (["01"], "01 is a lesson, not a command", "01_what_a_graph_remembers.py begins it"),
        (["99"], "there is no command '99'", "list, report, new, check"),
        (["begin"], "there is no command 'begin'", "list, report, new, check"),
        (["check"], "check without a number", "check 01"),
        (["new", "17"], "new without a title", "new 17 'Its title'"),
        (["new"], "new without a number and a title", "new 17 'Its title'"),
    ],
)
def test_a_command_that_is_none_or_lacks_a_number_is_told_what_was_meant(words, message, hint):
    done = run(HOME, *words)
    said, _, told = done.stderr.partition("hint: ")
    assert (done.returncode, done.stdout) == (2, "")
    assert message in said
    assert hint in told
