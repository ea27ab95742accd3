"""What must hold for every lesson, as `python lessons check NN` says it; and that each of these claims can fail."""

import importlib
import re
import shutil

from course.authoring import CLAIMS, judge, skeleton
from course.learner import catalog

import numpy as np
import pytest
from learner import HOME, LESSONS


@pytest.mark.course
@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.__name__)
@pytest.mark.parametrize("lesson", LESSONS, ids=lambda entry: entry.number)
def test_holds(lesson, claim):
    holds, words = judge(lesson.path, claim)
    assert holds, words


def test_the_numbers_are_in_order_and_each_lesson_has_solutions():
    numbers = [entry.number for entry in catalog(HOME)]
    assert numbers == sorted(set(numbers))
    solutions = {path.name for path in (HOME / "solutions").glob("*.py")}
    assert solutions == {entry.path.name for entry in LESSONS}


@pytest.fixture
def fresh(tmp_path):
    """A folder of lessons with the skeleton in it: (lesson, solutions)."""
    home = tmp_path / "lessons"
    shutil.copytree(HOME, home, ignore=shutil.ignore_patterns("out", ".progress*", "__pycache__", "[0-9]*.py"))
    (home / "solutions").mkdir(exist_ok=True)
    return skeleton(home, "99", 'A title: "with" {signs} & more')


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.__name__)
def test_a_new_lesson_holds(fresh, claim):
    holds, words = judge(fresh[0], claim)
    assert holds, words


FAULTS = {  # claim: (which file, what is replaced, by what, what is said)
    "as_shipped": (0, "    raise YourTurn", "    return 2 * x", "not 1"),
    "solved": (1, "NUMBER = (6, 6)", "NUMBER = (7, 8)", "is not in"),
    "mistakes_rejected": (1, "    return x**2", "    return x * 2", "passes as slope"),
    "hints": (1, "return <a number> times <the input>", "return 2 * x + 0 * x" , ""),
    "signatures": (1, "def the_value(x):", "def the_value(x, y=0):", "takes"),
    "anywhere": (0, "lesson.end()", "out.write('x' * 61)\nlesson.end()", "60 columns"),
    "caps": (0, "lesson.end()", "lesson.end()\n" + "#\n" * 200, "lines"),
    "names": (1, "    return 2 * x", "    return 2 * later(x)", "later"),
    "notebook": (0, "lesson.end()", "__file__\nlesson.end()", "NameError"),
    "progress": (0, "x = tg.Tensor(3.0", "1 / 0\nx = tg.Tensor(3.0", "ZeroDivisionError"),
}  # fmt: skip


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.__name__)
def test_a_claim_can_fail(fresh, claim):
    which, old, new, said = FAULTS[claim.__name__]
    if claim.__name__ == "hints":
        fresh[1].write_text(
            fresh[1].read_text(encoding="utf-8").replace("    return 2 * x", "    return np.asarray(2.0) * x"), encoding="utf-8"
        )
        new, said = "return np.asarray(2.0) * x", "holds the solution"
    text = fresh[which].read_text(encoding="utf-8")
    assert old in text
    fresh[which].write_text(text.replace(old, new), encoding="utf-8")
    holds, words = judge(fresh[0], claim)
    assert not holds
    assert said in words


def test_no_digits_of_a_measurement_stand_in_the_prose():
    for entry in LESSONS:
        for line in entry.path.read_text(encoding="utf-8").splitlines():
            if line.startswith("# "):
                assert not re.search(r"\d\.\d{4,}", line), f"{entry.path.name}: {line}"


def test_the_number_on_other_seeds(fresh, monkeypatch):
    def drawn(seed):
        return int(np.random.default_rng(seed).integers(2, 10**6))

    text = fresh[0].read_text(encoding="utf-8")
    text = text.replace("x = tg.Tensor(3.0,", "x = tg.Tensor(float(np.random.default_rng(0).integers(2, 10**6)),")
    text = text.replace("lesson.result(slope(np.array([3.0]))[0]", "lesson.result(x.item()")
    fresh[0].write_text(text, encoding="utf-8")
    monkeypatch.syspath_prepend(HOME.parent)
    measured = importlib.import_module("benchmarks.lessons").measured
    found = [measured(fresh[0], shift) for shift in (0, 0, 1000)]
    assert [number for number, *_ in found] == [drawn(0), drawn(0), drawn(1000)]
    assert [band for _, *band, seconds in found if seconds > 0] == [[6, 6]] * 3
    assert text == fresh[0].read_text(encoding="utf-8")
