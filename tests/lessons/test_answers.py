"""Wrong answers of every kind to every exercise of the course: each is refused in a few words, and the lesson goes on."""

import sys
from dataclasses import dataclass, field

from course.authoring import Workshop
from course.checking import examine
from course.learner import lesson as lesson_module

import numpy as np
import pytest
from learner import LESSONS

import tinygrad_rnn as tg


class Odd:
    """An object on which everything fails that one could ask it."""

    def refuse(self, *arguments):
        raise RuntimeError("no")

    __repr__ = __str__ = __eq__ = __len__ = __iter__ = __getattr__ = __array__ = __bool__ = __float__ = refuse
    __hash__ = None


class Liar(Odd):
    """And it does not say what it is."""

    __class__ = property(Odd.refuse)


class Endless(list):
    """A list whose entries never end."""

    def __len__(self):
        return 3

    def __iter__(self):
        while True:
            yield 1.0


class Unspeakable(Exception):
    """An error that cannot be told."""

    def __str__(self):
        raise ValueError


@dataclass(eq=False)
class Circle:
    """A node that is its own parent."""

    parents: list = field(default_factory=list)

    def __post_init__(self):
        self.parents.append(self)


def itself(*given):
    found = []
    found.extend([found] * 3)
    return found


def itself_in_a_dict(*given):
    found = {}
    found["again"] = found
    return found


def itself_in_the_inputs(*given):
    for value in given:
        if isinstance(value, list):
            value.append(value)
        elif isinstance(value, dict):
            value["again"] = value
    return itself()


def emptied_inputs(*given):
    for value in given:
        if isinstance(value, np.ndarray):
            value[...] = np.nan
        elif isinstance(value, tg.Tensor):
            value.data = np.zeros((7,))
        elif isinstance(value, (list, dict)):
            value.clear()
        elif hasattr(value, "__dict__"):
            value.__dict__.clear()


def loops(*given):
    while True:
        pass


def loops_on_bare_excepts(*given):
    while True:
        try:
            while True:
                pass
        except:  # noqa: E722
            continue


def swallows_once(*given):
    try:
        while True:
            pass
    except BaseException:
        return None


def recurses(*given):
    return recurses(*given)


def generates(*given):
    while True:
        yield given


def floods(*given):
    while True:
        print("spam " * 1000)


def closes_stdout(*given):
    print("before")
    sys.stdout.close()


def raises(error):
    def answer(*given):
        raise error

    return answer


def returns(value):
    return lambda *given: value


ANSWERS = {
    **{f.__name__: f for f in (itself, itself_in_a_dict, itself_in_the_inputs, emptied_inputs, loops, recurses, generates)},
    **{f.__name__: f for f in (floods, closes_stdout, swallows_once)},
    **{f"returns {name}": returns(value) for name, value in {
        "None": None, "a number": 3, "nan": np.nan, "a huge number": 10**400, "True": True, "text": "h", "long text": "x" * 10**7,
        "bytes": b"h", "an empty list": [], "an empty dict": {}, "a long list": [0.5] * 10**5, "a deep list": [[[[[[1.0]]]]]],
        "ragged": [[1.0], [1.0, 2.0]], "an empty array": np.zeros(0), "a large array": np.zeros((1000, 1000)),
        "an array of objects": np.array([None, Odd]), "an array of text": np.array(["a", "b"]), "many axes": np.ones((1,) * 20),
        "a masked array": np.ma.masked_all(3), "a date": np.datetime64("2020-01-01"), "a Tensor": tg.Tensor(np.ones((2, 3))),
        "a Tensor nobody asked for": tg.Tensor(1.0, True) * 2, "a class": Odd, "a function": loops, "a module": sys, "...": ...,
        "odd": Odd(), "a liar": Liar(), "a list of odd": [Odd(), Liar()], "endless": Endless([1.0, 2.0, 3.0]), "a circle": Circle(),
        "pairs": ((1, 2), (3, 4)), "four of it": (Odd(), None, 1.0, np.ones(2)),
    }.items()},
    **{f"raises {type(error).__name__}": raises(error) for error in (
        ValueError("a\nb" * 1000), SystemExit(0), GeneratorExit(), MemoryError(), StopIteration(), BrokenPipeError(), EOFError(),
        Unspeakable(), BaseException("rude"), SyntaxError("odd"), tg.errors.ShapeError("x", hint="y"),
    )},
    "takes nothing": lambda: None,
    "takes one more": lambda *given, more: None,
    "is not a function": 5,
    "is a class": dict,
    "is from C": np.add,
    "has no signature": dict.pop,
}  # fmt: skip
SLOW = {"loops", "floods", "swallows_once", "recurses"}  # on the first case alone


@pytest.mark.course
@pytest.mark.parametrize("lesson", LESSONS, ids=lambda entry: entry.number)
def test_every_exercise_refuses_every_wrong_answer(lesson, tmp_path, monkeypatch, capfd):
    workshop, told, tried = Workshop(lesson.path, tmp_path), [], []

    def hostile(function, reference, mistakes, cases, **settings):
        for name, answer in ANSWERS.items():
            failure = examine(answer, reference, mistakes[:1], cases, **{**settings, "seconds": 0.2 if name in SLOW else 2.0})
            words = "nothing" if failure is None else " ".join((failure.sentence, *failure.details, failure.printed))
            if failure is None or failure.stub or not failure.sentence or len(words) > 3000:
                told.append(f"{reference.__name__}, {name}: {words[:300]}")
        with pytest.raises(KeyboardInterrupt):
            examine(raises(KeyboardInterrupt()), reference, mistakes, cases, **settings)
        tried.append(reference.__name__)
        return examine(function, reference, mistakes, cases, **settings)

    monkeypatch.setattr(lesson_module, "examine", hostile)
    code, text = workshop.rehearse("--fast", "--no-quiz", grafts=vars(workshop.solutions))
    assert (code, told) == (0, []), text[-500:]
    assert tried == [exercise.name for exercise in lesson.exercises]
    assert capfd.readouterr().out == ""
