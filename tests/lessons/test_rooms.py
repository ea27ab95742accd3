"""The rooms of the lesson harness: files import one way, a room from the faces of rooms below it alone."""

import ast
import importlib
import shutil
from graphlib import CycleError, TopologicalSorter

import course

import pytest
from learner import HOME

ROOMS = ("checking", "learner", "authoring")  # the lowest first
COURSE = HOME / "course"


def module(path, home):
    """What a file is called, as learner.lesson; a face is called as its room, and the outer face nothing."""
    return ".".join(path.relative_to(home).with_suffix("").parts).removesuffix("__init__").rstrip(".")


def imports(home):
    """For every file of the harness the files that it imports, wherever in the file it does so."""
    files = {module(path, home): path for path in home.rglob("*.py")}
    found = {name: set() for name in files}
    for name, path in files.items():
        here = ["course", *path.relative_to(home).parts[:-1]]
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                targets = [alias.name.split(".") for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                base = here[: len(here) - node.level + 1] if node.level else []
                base += node.module.split(".") if node.module else []
                targets = [[*base, alias.name] for alias in node.names]
            else:
                continue
            for _, *inside in (target for target in targets if target[0] == "course"):
                whole = ".".join(inside)
                found[name].add(whole if whole in files else ".".join(inside[:-1]))  # a module, or a name in one
    return found


def faults(home):
    """What is wrong with who imports whom, a sentence each."""
    arrows, told = imports(home), []
    try:
        TopologicalSorter(arrows).prepare()
    except CycleError as error:
        told.append(f"a circle: {' <- '.join(error.args[1])}")
    for name, others in arrows.items():
        room = name.partition(".")[0]
        if name and room not in ROOMS:
            told.append(f"{name} stands in no room")
            continue
        for other in others:
            theirs = other.partition(".")[0]
            if room == theirs:
                continue
            if other != theirs:
                told.append(f"{name} imports {other} past the face of its room")
            if name and (not theirs or ROOMS.index(theirs) >= ROOMS.index(room)):
                told.append(f"{name} imports {other or 'the outer face'}, which is not below it")
    return told


def test_lessons_import_the_outer_face_alone():
    for path in HOME.glob("[0-9]*.py"):
        lines = path.read_text(encoding="utf-8").splitlines()
        assert not [line for line in lines if "import" in line and "course." in line], path.name


def test_every_file_imports_one_way():
    assert faults(COURSE) == []
    assert {"checking", "learner"} <= imports(COURSE)[""]  # the test sees what there is
    assert {"checking", "learner.asking"} <= imports(COURSE)["learner.lesson"]


@pytest.mark.parametrize(
    ("where", "line", "said"),
    [
        ("checking/compare.py", "from .answers import examine", "a circle"),
        ("learner/progress.py", "def late():\n    from .lesson import Lesson", "a circle"),
        ("learner/lesson_files.py", "from . import lesson", "a circle"),
        ("checking/outcome.py", "from ..learner import Progress", "outcome imports learner, which is not below"),
        ("learner/progress.py", "import course.authoring", "progress imports authoring, which is not below"),
        ("learner/progress.py", "from course import Lesson", "progress imports the outer face, which is not below"),
        ("authoring/report.py", "from ..learner.progress import state", "past the face"),
        ("leftover.py", "import re", "stands in no room"),
    ],
)
def test_a_planted_fault_is_seen(where, line, said, tmp_path):
    home = shutil.copytree(COURSE, tmp_path / "course", ignore=shutil.ignore_patterns("__pycache__"))
    with open(home / where, "a", encoding="utf-8") as file:
        file.write(f"\n\n{line}\n")
    assert any(said in fault for fault in faults(home)), faults(home)


@pytest.mark.parametrize(
    "face", [course, *(importlib.import_module(f"course.{room}") for room in ROOMS)], ids=lambda face: face.__name__
)
def test_a_face_is_sorted_complete_and_says_what_the_room_is(face):
    assert face.__all__ == sorted(face.__all__)
    assert all(hasattr(face, name) for name in face.__all__)
    first = face.__doc__.partition("\n\n")[0]
    assert len(first) > 100
    files = {path.stem for path in (COURSE / face.__name__.partition(".")[2]).glob("*.py")}
    assert not files & {*face.__all__}  # a function does not hide the module of its name
