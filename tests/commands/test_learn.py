"""`tinygrad-rnn learn`: the course goes into a folder of the learner's, a newer version renews it, and no work is lost."""

import hashlib
import json
import os
import shutil
import sys
from pathlib import Path

import pytest

from tinygrad_rnn.commands import course_files, main

FIRST = "01_what_a_graph_remembers.py"
HOME = course_files.course_home()


@pytest.fixture(autouse=True)
def _folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setenv("PYTHONPATH", str(Path(course_files.__file__).parents[2]))  # as if it were installed


@pytest.fixture
def learn(capfd):
    """Say it in this process: exit code, standard output, standard error."""

    def call(*words):
        code = main(["learn", *map(str, words)])
        return (code, *capfd.readouterr())

    return call


def refused(result, *says):
    code, out, said = result
    assert (code, out) == (2, "")
    error, empty, hint = said.splitlines()
    assert (error[:7], empty, hint[:6]) == ("error: ", "", "hint: ")
    assert all(part in said for part in says), said


def handed():
    """What lies in the learner's folder; Python's own copies of what it ran are not the course."""
    found = {path.relative_to("lessons").as_posix() for path in Path("lessons").rglob("*") if path.is_file()}
    return {name for name in found if "__pycache__" not in name}


def newer(monkeypatch, tmp_path, **changes):
    """A course of another version: some of its files have another text, or are new."""
    home = tmp_path / "site-packages" / "lessons"
    shutil.copytree(HOME, home, ignore=shutil.ignore_patterns("out", ".progress*", "__pycache__", "*.ipynb"))
    for name, text in changes.items():
        (home / f"{name}.py").write_text(text, encoding="utf-8")
    monkeypatch.setattr(course_files, "course_home", lambda: home)


def test_the_course_goes_into_a_folder_and_says_what_to_type(learn):
    code, out, said = learn()
    assert code == 0
    assert said == f"wrote {len(handed()) - 1} files of the course to lessons\n"
    assert {"00_tour.py", FIRST, f"solutions/{FIRST}", "__main__.py", "README.md", "course/learner/lesson.py"} < handed()
    assert not [name for name in handed() if name.startswith("out/") or name.startswith(".progress")]
    assert os.path.join("lessons", "00_tour.py") in out.split("Begin with the tour")[1].split("Next:")[0]
    assert os.path.join("lessons", FIRST) in out.split("Next:")[1]
    assert max(map(len, out.split("Begin")[0].splitlines())) <= 60


def test_said_again_it_writes_nothing_and_goes_on(learn):
    learn()
    before = {name: Path("lessons", name).stat().st_mtime_ns for name in handed()}
    assert learn()[2] == ""
    assert {name: Path("lessons", name).stat().st_mtime_ns for name in before} == before


def test_what_somebody_wrote_is_kept_and_named(learn):
    learn()
    work = Path("lessons", FIRST)
    work.write_text(work.read_text(encoding="utf-8") + "# mine\n", encoding="utf-8")
    Path("lessons", "notes.txt").write_text("mine")
    before = work.read_bytes()
    assert learn()[::2] == (0, f"kept your {FIRST}\n")
    assert work.read_bytes() == before
    work.unlink()
    assert learn()[2] == "wrote 1 file of the course to lessons\n"
    assert work.read_bytes() == (HOME / FIRST).read_bytes()
    assert Path("lessons", "notes.txt").read_text() == "mine"


def test_a_newer_version_adds_and_renews_what_nobody_changed(learn, monkeypatch, tmp_path):
    learn()
    work = Path("lessons", "02_why_an_order.py")
    work.write_text("mine = 1\n")
    newer(monkeypatch, tmp_path, **{"00_tour": "print('new')\n", "17_more": "print(17)\n", "02_why_an_order": "print(2)\n"})
    told = learn()[2].splitlines()
    assert told[:3] == [
        "wrote 1 file of the course to lessons", "renewed 1 file that you had not changed", "kept your 02_why_an_order.py"
    ]  # fmt: skip
    assert told[3].startswith("of these, this version has another 02_why_an_order.py: rename yours")
    assert work.read_text() == "mine = 1\n"
    assert Path("lessons", "00_tour.py").read_text() == "print('new')\n"
    assert Path("lessons", "17_more.py").exists()
    assert learn()[2].splitlines() == told[2:]
    work.rename("lessons/02_mine.py")
    assert learn()[2] == "wrote 1 file of the course to lessons\n"
    assert work.read_text() == "print(2)\n"


def test_what_was_broken_off_is_finished_the_next_time(learn, monkeypatch, tmp_path):
    learn()
    newer(monkeypatch, tmp_path, **{"00_tour": "print('new')\n", "01_what_a_graph_remembers": "print('new too')\n"})
    written = []

    def write(path, data):
        if written:
            raise KeyboardInterrupt
        written.append(path)
        path.write_bytes(data)

    with monkeypatch.context() as patch:
        patch.setattr(course_files, "write", write)
        assert learn()[0] == 130
    assert learn()[2] == "renewed 1 file that you had not changed\n"
    assert {Path("lessons", name).read_bytes() for name in ("00_tour.py", FIRST)} == {b"print('new')\n", b"print('new too')\n"}


def test_a_record_that_is_lost_or_damaged_keeps_whatever_differs():
    course_files.hand_out(Path("lessons"))
    Path("lessons", "00_tour.py").write_text("print(0)\n")
    for text in (None, "", "[]", '{"files": 3}', '{"files": {"00_tour.py": 3}}', "[" * 5000):
        record = Path("lessons", ".course.json")
        record.unlink()
        if text is not None:
            record.write_text(text)
        handed = course_files.hand_out(Path("lessons"))
        assert (handed.written, handed.renewed, handed.kept) == ([], [], ["00_tour.py"])
    assert Path("lessons", "00_tour.py").read_text() == "print(0)\n"
    files = json.loads(record.read_text(encoding="utf-8"))["files"]
    assert files[FIRST] == hashlib.sha256((HOME / FIRST).read_bytes()).hexdigest()


@pytest.mark.parametrize("name", ["two words", "né-уроки", os.path.join("a", "b c")])
def test_any_name_of_a_folder_does(learn, name):
    code, out, said = learn(name)
    assert (code, said.rstrip().endswith(f"to {name}")) == (0, True)
    assert FIRST in out
    assert Path(name, "__main__.py").is_file()


def test_what_is_in_the_way_is_told_in_a_line(learn):
    Path("file").write_text("mine")
    refused(learn("file"), "file is in the way")
    refused(learn(Path("file", "lessons")), "file")
    refused(learn(""), "empty")
    refused(learn("x" * 300), "too long")
    refused(learn("a\0b"), "null")
    Path("others").mkdir()
    Path("others", "thesis.tex").write_text("mine")
    refused(learn("others"), "others holds other files and no course")
    assert sorted(path.name for path in Path("others").iterdir()) == ["thesis.tex"]
    Path("empty").mkdir()
    assert learn("empty")[0] == 0
    Path("taken", "course").mkdir(parents=True)
    Path("taken", FIRST).mkdir()
    refused(learn("taken"), FIRST)
    Path("blocked").mkdir()
    Path("blocked", "course").write_text("mine")
    refused(learn("blocked"), "blocked")


def test_a_folder_that_nobody_may_write_to(learn, monkeypatch):
    def mkdir(self, *arguments, **settings):
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "mkdir", mkdir)
    refused(learn(), "cannot write the course to lessons: Permission denied", "learn FOLDER")


def test_in_a_clone_the_lessons_are_the_course_already(learn, monkeypatch):
    monkeypatch.chdir(HOME.parent)
    assert learn()[2] == ""
    assert not (HOME / ".course.json").exists()


def test_without_a_course_it_says_where_to_get_one(monkeypatch, learn, tmp_path):
    monkeypatch.setattr(course_files, "__file__", str(tmp_path / "tinygrad_rnn" / "commands" / "course_files.py"))
    refused(learn(), "no course", "from its wheel")


def test_the_copy_gives_its_files_back_by_this_command(learn):
    import subprocess

    learn()
    for path in Path("lessons", "solutions").glob("*.py"):
        path.unlink()
    missing = subprocess.run([sys.executable, "lessons"], capture_output=True, encoding="utf-8")
    assert missing.returncode == 2
    assert missing.stderr.rstrip().endswith("-m tinygrad_rnn learn lessons gives them back")
