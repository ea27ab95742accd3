"""Is an exercise right? Tests in order, the first difference wins: still a stub, returns, kind, shape, values, gradients, graph."""

import inspect
from collections import Counter
from dataclasses import dataclass

import numpy as np

import tinygrad_rnn as tg

from .cases import called
from .compare import changed, difference, kind, labels
from .outcome import TimeUp, YourTurn, attempt


@dataclass(frozen=True)
class Failure:
    """Why an exercise is not done: a sentence, lines of detail, the diagnosis. A stub is no mistake: it is the exercise."""

    sentence: str
    details: tuple[str, ...] = ()
    diagnosis: str = ""
    printed: str = ""
    stub: bool = False


def examine(function, reference, mistakes, cases, *, judge=None, gradients=True, graph=False, seconds=5.0):
    """None, or the `Failure` of the first case that is not right.

    `judge(result, arguments)` returns a sentence or None, where more than one answer is right; otherwise the reference says what
    is expected. `gradients` checks what Tensors came from Tensors by finite differences; `graph` also counts their operations.
    """
    if not callable(function):
        return Failure(f"it is {kind(function)}; it should be a function")
    for seed, case in enumerate(cases, start=1):
        failure = _one(function, reference, mistakes, case, seed, judge, gradients, graph, seconds)
        if failure:
            return failure
    return None


def _one(function, reference, mistakes, case, seed, judge, gradients, graph, seconds):
    def build():
        return case(np.random.default_rng(seed))

    arguments, untouched = build(), build()
    details = (f"called     {called(reference.__name__, arguments)}      seed {seed}",)
    try:
        inspect.signature(function).bind(*arguments.values())
    except TypeError as error:
        return Failure(f"it cannot be called with {', '.join(arguments)}: {error}")
    outcome = attempt(function, arguments.values(), seconds)
    expected_arguments = build()
    expected = reference(*expected_arguments.values())
    known = labels(expected_arguments), labels(arguments)

    def failed(sentence, *more, right=True):
        return Failure(sentence, (*details, *more), diagnosed(right), outcome.printed)

    def diagnosed(right=False):
        return _diagnosis(outcome, arguments, mistakes, build, seconds, right)

    if outcome.error is not None:
        return _raised(outcome, details, seconds, diagnosed)
    if outcome.value is None and expected is not None:
        return failed("it returns nothing: is there a `return`?", right=False)
    found = difference(expected, outcome.value, known=known) if judge is None else None
    sentence = found.sentence if found else _judged(judge, outcome.value, arguments, seconds) if judge else None
    if sentence:
        sides = (("expected", found.expected), ("yours   ", f"{found.yours}     {found.more}".rstrip())) if found else ()
        return failed(sentence, *(f"{side}   {text}" for side, text in sides if text), right=False)
    names = changed(untouched, arguments)
    if names:
        return failed(
            f"the result is right, but {' and '.join(names)} was changed on the way", "work on a copy, or build new values"
        )
    if gradients and (trouble := _gradients(function, build(), seconds)):
        return failed("the values are right, the gradients are not", trouble)
    if graph and (trouble := _graph(outcome.value, expected)):
        return failed("the values are right, the recorded graph is not", trouble)
    return None


def _judged(judge, result, arguments, seconds):
    """What a judge says; a result that it cannot even look at is wrong too."""
    verdict = attempt(judge, (result, arguments), seconds)
    return verdict.value if verdict.error is None else f"the result is {kind(result)}, of a form that cannot be looked at"


def _raised(outcome, details, seconds, diagnosis):
    error = outcome.error
    if isinstance(error, YourTurn):
        return Failure("not started", stub=True)
    where = (f"line {outcome.line[0]}   {outcome.line[1]}",) if outcome.line else ()
    if isinstance(error, TimeUp):
        return Failure(f"it did not end within {seconds:g} seconds", (*details, *where), printed=outcome.printed)
    if isinstance(error, SystemExit):
        return Failure("it ends the whole program (sys.exit)", (*details, *where), printed=outcome.printed)
    text = " ".join(str(getattr(error, "message", error)).split())[:300]
    return Failure(f"it raised {type(error).__name__}: {text}", (*details, *where), diagnosis(), outcome.printed)


def _diagnosis(outcome, arguments, mistakes, build, seconds, right):
    """The sentence of the known mistake that comes to the same result; if the values are `right`, to the same graph too."""
    for mistake, sentence in mistakes:
        given = build()
        theirs = attempt(mistake, given.values(), min(seconds, 1.0))
        if outcome.error is not None or theirs.error is not None:
            same = type(outcome.error) is type(theirs.error)
            same = same and (isinstance(outcome.error, RecursionError) or str(outcome.error) == str(theirs.error))
        else:
            same = difference(theirs.value, outcome.value, known=(labels(given), labels(arguments))) is None
            same = same and not changed(given, arguments)
            same = same and (not right or _cut(theirs.value) == _cut(outcome.value))
        if same:
            return sentence
    return ""


def _tensors(value):
    """The Tensors in a result, however deep in lists."""
    if isinstance(value, tg.Tensor):
        return [value]
    return [t for part in value for t in _tensors(part)] if isinstance(value, (list, tuple)) else []


def _cut(value):
    """For each Tensor of a result the leaves that it was recorded from."""
    return [[] if t.node is None else [leaf.name for leaf in tg.graph.reachable(t.node)[1]] for t in _tensors(value)]


def _gradients(function, arguments, seconds):
    """A sentence if a gradient differs from finite differences."""
    names = [name for name, value in arguments.items() if isinstance(value, tg.Tensor) and value.requires_grad]

    def total(*inputs):
        results = _tensors(function(*{**arguments, **dict(zip(names, inputs, strict=True))}.values()))
        return sum((t * (k + 1.0)).sum() for k, t in enumerate(results)) if results else tg.Tensor(0.0)

    outcome = attempt(tg.gradcheck, (total, [arguments[name].data for name in names]), seconds * 4)
    if outcome.error is None or isinstance(outcome.error, TimeUp):
        return ""
    text = str(getattr(outcome.error, "message", outcome.error))
    for k, name in enumerate(names, start=1):
        text = text.replace(f"input {k} ", f"{name} ")
    return text + "; is the way from there to the result recorded (no .data, no .numpy(), no detach())?"


def _graph(value, expected):
    """A sentence if the recorded operations are not those of the reference."""
    yours, ours = (_operations(_tensors(x)) for x in (value, expected))
    if yours == ours:
        return ""
    parts = [f"{(yours - ours)[name]} {name} too many" for name in yours - ours] + [
        f"{(ours - yours)[name]} {name} missing" for name in ours - yours
    ]
    return f"{yours.total()} operations where {ours.total()} are expected: {', '.join(parts)}"


def _operations(results):
    nodes = {id(n): n for t in results if t.node is not None for n in tg.graph.reachable(t.node)[0]}
    return Counter(n.op.name for n in nodes.values())
