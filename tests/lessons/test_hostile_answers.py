"""Wrong answers of every kind: each is told apart in a sentence, and none brings the course down."""

import threading
import time
from dataclasses import dataclass

from course import YourTurn, arrays, tensors
from course.authoring import Workshop
from course.checking import TimeUp, attempt, examine

import numpy as np
import pytest
from learner import HOME

import tinygrad_rnn as tg


@dataclass(eq=False)
class Node:
    value: float
    parents: tuple = ()


def step(x, h, Wh):
    return tg.tanh(x + h @ Wh)


STEP = tensors(x=(2, 3), h=(2, 3), Wh=(3, 3))


def failure_of(function, reference=step, case=STEP, mistakes=(), **settings):
    return examine(function, reference, mistakes, [case], **settings)


def with_body(result):
    return lambda x, h, Wh: result(x, h, Wh)


def stub(x, h, Wh):
    raise YourTurn


def loops(x, h, Wh):
    while True:
        pass


def loops_and_swallows(x, h, Wh):
    while True:
        try:
            time.sleep(0.01)
        except Exception:
            continue


def prints_forever(x, h, Wh):
    while True:
        print("spam " * 100)


def leaves(x, h, Wh):
    raise SystemExit(0)


def recurses(x, h, Wh):
    return recurses(x, h, Wh)


def raises_oddly(x, h, Wh):
    class Odd(Exception):
        def __str__(self):
            return "odd\n" * 1000

    raise Odd


def mutates(x, h, Wh):
    result = tg.tanh(x + h @ Wh)
    x.data = x.data + 1
    return result


def generates(x, h, Wh):
    yield step(x, h, Wh)


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (step, None),
        (stub, "not started"),
        (loops, "did not end within"),
        (loops_and_swallows, "did not end within"),
        (prints_forever, "did not end within"),
        (leaves, "ends the whole program"),
        (recurses, "RecursionError"),
        (raises_oddly, "it raised Odd: odd odd"),
        (mutates, "x was changed on the way"),
        (generates, "is a generator; it should be a Tensor"),
        (with_body(lambda x, h, Wh: None), "returns nothing"),
        (with_body(lambda x, h, Wh: ...), "is a ellipsis"),
        (with_body(lambda x, h, Wh: step), "is a function"),
        (with_body(lambda x, h, Wh: step(x, h, Wh).numpy()), "is an array; it should be a Tensor"),
        (with_body(lambda x, h, Wh: [step(x, h, Wh)]), "is a list; it should be a Tensor"),
        (with_body(lambda x, h, Wh: "h"), "is a str; it should be a Tensor"),
        (with_body(lambda x, h, Wh: step(x, h, Wh)[0]), "has shape (3,); it should have (2, 3)"),
        (with_body(lambda x, h, Wh: step(x, h, Wh) * np.nan), "wrong values"),
        (with_body(lambda x, h, Wh: step(x, h, Wh) * 1.001), "6 of 6 entries differ"),
        (with_body(lambda x, h, Wh: tg.Tensor(step(x, h, Wh).numpy())), "the gradients are not"),
        (with_body(lambda x, h, Wh: step(x, h.detach(), Wh)), "the gradient of h"),
        (lambda x, h: step(x, h, 1), "cannot be called with x, h, Wh"),
        (5, "it is a number; it should be a function"),
    ],
    ids=lambda value: getattr(value, "__name__", None) or str(value)[:20],
)
def test_each_is_told_apart(function, said, capfd):
    failure = failure_of(function, seconds=0.3)
    if said is None:
        assert failure is None
    else:
        text = " ".join((failure.sentence, *failure.details))
        assert said in text
        assert len(failure.printed) <= 2000
    assert capfd.readouterr() == ("", "")


def test_the_graph_is_counted():
    wasteful = with_body(lambda x, h, Wh: step(x, h, Wh) + 0.0)
    assert failure_of(wasteful) is None
    assert "1 add too many" in failure_of(wasteful, graph=True).details[-1]


def test_a_known_mistake_is_named_and_only_that():
    def forgets_h(x, h, Wh):
        return tg.tanh(x + 0.0 * (h @ Wh))

    mistakes = [(with_body(lambda x, h, Wh: tg.tanh(x)), "h takes no part"), (with_body(lambda x, h, Wh: x), "no tanh")]
    assert failure_of(with_body(lambda x, h, Wh: tg.tanh(x) * 1.0), mistakes=mistakes).diagnosis == "h takes no part"
    assert failure_of(with_body(lambda x, h, Wh: x), mistakes=mistakes).diagnosis == "no tanh"
    assert failure_of(with_body(lambda x, h, Wh: x * 2), mistakes=mistakes).diagnosis == ""


def test_what_is_printed_is_shown():
    failure = failure_of(with_body(lambda x, h, Wh: print("my x is", x.shape)))
    assert failure.printed == "my x is (2, 3)\n"


def test_the_learners_own_line_is_named():
    failure = failure_of(recurses)
    assert any("return recurses(x, h, Wh)" in line for line in failure.details)


def test_control_c_passes_through():
    def interrupted(x, h, Wh):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        failure_of(interrupted)


def test_the_time_limit_without_a_timer_signal():
    found = []

    def inside():
        found.append(attempt(loops, (1, 2, 3), 0.2))

    thread = threading.Thread(target=inside)
    thread.start()
    thread.join(10)
    assert isinstance(found[0].error, TimeUp)


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (lambda node: Node(node.value, (node,)), None),
        (lambda node: Node(node.value, (Node(node.value),)), "the result.parents[0] is not the object"),
        (lambda node: Node(node.value + 1, (node,)), "the result.value has a wrong value"),
        (lambda node: Node(node.value, ()), "the result.parents has 0 entries"),
        (lambda node: node, "is not the object that it should be"),
        (lambda node: (setattr(node, "value", 9.0), Node(node.value, (node,)))[1], "wrong value"),
        (lambda node: (setattr(node.parents[0], "value", 9.0), Node(node.value, (node,)))[1], "node was changed on the way"),
    ],
)
def test_objects_are_told_apart_by_identity(function, said):
    failure = failure_of(function, lambda node: Node(node.value, (node,)), lambda rng: {"node": Node(rng.normal(), (Node(1.0),))})
    assert (failure and failure.sentence) is None if said is None else said in failure.sentence


@pytest.mark.parametrize(
    ("expected", "got", "said"),
    [
        ({"a": 1}, {"b": 1}, "other keys"),
        ({"a": 1}, {"a": 2}, "wrong value"),
        ([1, 2], [1, 3], "wrong values"),
        ([1, 2], (1, 2), None),
        ([1, [2]], [1, 2], "the result[1] is a number; it should be a list"),
        (np.float64(2), 2, None),
        (np.ones(2), np.array(["a", "b"]), "should hold numbers"),
        (np.array([np.nan, np.inf]), np.array([np.nan, np.inf]), None),
        (np.array([np.nan, np.inf]), np.array([np.nan, -np.inf]), "wrong values"),
        ("yes", "no", "another text"),
        (None, None, None),
        (np.zeros((0, 2)), np.zeros((0, 2)), None),
        (1.0, 1.0 + 1e-6, "wrong value"),
    ],
)
def test_values_of_every_kind(expected, got, said):
    failure = failure_of(lambda n: got, lambda n: expected, arrays(n=1))
    if said is None:
        assert failure is None
    else:
        assert said in failure.sentence


BODIES = [
    "pass",
    "return 3",
    "return x @ Wx",
    "1 / 0",
    "import sys; sys.exit(0)",
    "while True: pass",
    "print('hello'); return None",
    "return undefined_name",
    "return rnn_step(x, h, Wx, Wh, b)",
    "raise KeyboardInterrupt",
    "raise YourTurn",
    "x.data = x.data * 0; return tg.tanh(x @ Wx + h @ Wh + b)",
    "lesson.check = None; return x",
]


@pytest.mark.parametrize("body", BODIES)
def test_a_lesson_survives_every_body(body, tmp_path):
    w = Workshop(next(HOME.glob("04_*.py")), tmp_path)
    source = w.path.read_text(encoding="utf-8")
    w.path.write_text(
        source.replace("raise YourTurn", body, 1).replace("graph=True)", "graph=True, seconds=0.5)"), encoding="utf-8"
    )
    code, text, _ = w.run()
    assert code in (1, -2, 130), text
    assert "Traceback" not in text
    assert ("Stopped" if "Keyboard" in body else "exercise 1 of 2 - rnn_step") in text


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("lesson.check(rnn_step", "undefined\nlesson.check(rnn_step", "error: NameError"),
        ("one_step = ", "rnn_step = 5\none_step = ", "it should be a function"),
        ("def rnn_step(x, h, Wx, Wh, b):", "def rnn_step(x, h):", "cannot be called with x, h, Wx, Wh, b"),
        ("raise YourTurn", "return (", "SyntaxError"),
        ("raise YourTurn", "raise BrokenPipeError", "exercise 1 of 2"),
    ],
)
def test_a_lesson_survives_mistakes_beside_the_exercise(old, new, said, tmp_path):
    w = Workshop(next(HOME.glob("04_*.py")), tmp_path)
    w.path.write_text(w.path.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")
    code, text, _ = w.run()
    assert code == 1
    assert said in text
    assert "course/" not in text
