"""Is an exercise right? Tests in order, the first difference wins: still a stub, returns, kind, shape, values, gradients, graph."""

import inspect
from collections import Counter
from dataclasses import dataclass

import numpy as np

import tinygrad_rnn as tg

from .cases import called
from .compare import changed, difference, kind, labels
from .outcome import TimeUp, YourTurn, attempt, said

PRINTED = 10  # lines of what the function printed


@dataclass(frozen=True)
class Failure:
    """Why an exercise is not done: a sentence, lines of detail, the diagnosis. A stub is no mistake: it is the exercise."""

    sentence: str
    details: tuple[str, ...] = ()
    diagnosis: str = ""
    printed: str = ""
    stub: bool = False

    def tell(self, out, name):
        """Say it on a Terminal; `name` is that of the function."""
        if self.stub:
            return out.say(f"your turn: write the body of {name} in place of `raise YourTurn`, save, run again. "
                           "(That it stops here is the exercise, not a fault of the installation.)")  # fmt: skip
        out.say(f"{out.paint('not yet:', 'yellow')} {self.sentence}")
        for line in self.details:
            out.write(f"    {line}") if len(line) <= out.width - 4 else out.say(line, "    ")
        if self.diagnosis:
            out.say(self.diagnosis, "    ")
        if self.printed.strip():
            out.say("it printed:", "    ")
            for line in self.printed.splitlines()[:PRINTED]:
                out.write("    | " + "".join(c for c in line if c.isprintable())[: out.width - 6])


def examine(function, reference, mistakes, cases, *, judge=None, gradients=True, graph=False, seconds=5.0):
    """None, or the `Failure` of the first case that is not right.

    `judge(result, arguments)` returns a sentence or None, where more than one answer is right; otherwise the reference says what
    is expected. `gradients` checks what Tensors came from Tensors by finite differences; `graph` also counts their operations.
    """
    if not callable(function):
        return Failure(f"it is {kind(function)}; it should be a function")
    for seed, case in enumerate(cases, start=1):
        trial = Trial(function, reference, mistakes, lambda case=case, seed=seed: case(np.random.default_rng(seed)), seconds)
        failure = trial.failure(f"seed {seed}", judge, gradients, graph)
        if failure:
            return failure
    return None


class Trial:
    """One call of an exercise, beside the same call of the reference; `build()` makes the arguments anew each time."""

    def __init__(self, function, reference, mistakes, build, seconds):
        self.function, self.mistakes, self.build, self.seconds = function, mistakes, build, seconds
        self.arguments, given = build(), build()
        self.called = called(reference.__name__, self.arguments)
        self.expected = reference(*given.values())
        self.known = labels(given), labels(self.arguments)

    def failure(self, seed, judge, gradients, graph):
        """None, or the `Failure`; a result that cannot even be looked at is one."""
        try:
            inspect.signature(self.function).bind(*self.arguments.values())
        except (TypeError, ValueError) as error:
            return Failure(f"it cannot be called with {', '.join(self.arguments)}: {error}")
        self.outcome = attempt(self.function, self.arguments.values(), self.seconds)
        details = (f"called     {self.called}      {seed}",)
        if isinstance(self.outcome.error, YourTurn):
            return Failure("not started", stub=True)
        look = self._compared if self.outcome.error is None else self._raised
        seen = attempt(look, (judge, gradients, graph), 10 * self.seconds)
        if seen.error is not None:
            seen.value = f"the result is a {type(self.outcome.value).__name__}, of a form that cannot be looked at", (), ""
        if seen.value is None:
            return None
        sentence, more, diagnosis = seen.value
        return Failure(sentence, details + more, diagnosis, self.outcome.printed)

    def _raised(self, *_):
        """(sentence, details, diagnosis) of a call that did not return."""
        error, line = self.outcome.error, self.outcome.line
        where = (f"line {line[0]}   {line[1]}",) if line else ()
        if isinstance(error, TimeUp):
            return f"it did not end within {self.seconds:g} seconds", where, ""
        if isinstance(error, SystemExit):
            return "it ends the whole program (sys.exit)", where, ""
        return f"it raised {type(error).__name__}: {said(error)}", where, self._diagnosis()

    def _compared(self, judge, gradients, graph):
        """(sentence, details, diagnosis) of a result that is not right, or None."""
        value = self.outcome.value
        if value is None and self.expected is not None:
            return "it returns nothing: is there a `return`?", (), self._diagnosis()
        if judge is not None:
            if sentence := judge(value, self.arguments):
                return sentence, (), self._diagnosis()
        elif found := difference(self.expected, value, known=self.known):
            sides = ("expected", found.expected), ("yours   ", f"{found.yours}     {found.more}".rstrip())
            return found.sentence, tuple(f"{side}   {text}" for side, text in sides if text), self._diagnosis()
        if names := changed(self.build(), self.arguments):
            sentence = f"the result is right, but {' and '.join(names)} was changed on the way"
            return sentence, ("work on a copy, or build new values",), self._diagnosis(right=True)
        if gradients and (trouble := _gradients(self.function, self.build(), self.seconds)):
            return "the values are right, the gradients are not", (trouble,), self._diagnosis(right=True)
        if graph and (trouble := _graph(value, self.expected)):
            return "the values are right, the recorded graph is not", (trouble,), self._diagnosis(right=True)
        return None

    def _diagnosis(self, right=False):
        """The sentence of the known mistake that comes to the same result; if the values are `right`, to the same graph too."""
        return next((sentence for mistake, sentence in self.mistakes if self._same(mistake, right)), "")

    def _same(self, mistake, right):
        given, ours = self.build(), self.outcome
        theirs = attempt(mistake, given.values(), min(self.seconds, 1.0))
        if ours.error is not None or theirs.error is not None:
            alike = type(ours.error) is type(theirs.error)
            return alike and (isinstance(ours.error, RecursionError) or said(ours.error) == said(theirs.error))
        if difference(theirs.value, ours.value, known=(labels(given), self.known[1])) or changed(given, self.arguments):
            return False
        return not right or _cut(theirs.value) == _cut(ours.value)


def _tensors(value):
    """The Tensors in a result, however deep in lists."""
    if isinstance(value, tg.Tensor):
        return [value]
    return [t for part in value for t in _tensors(part)] if isinstance(value, (list, tuple)) else []


def _cut(value):
    """For each Tensor of a result the leaves that it was recorded from."""
    return [[] if t.node is None else [leaf.name for leaf in tg.engine.graph.reachable(t.node)[1]] for t in _tensors(value)]


def _gradients(function, arguments, seconds):
    """A sentence if a gradient differs from finite differences."""
    names = [name for name, value in arguments.items() if isinstance(value, tg.Tensor) and value.requires_grad]

    if not names:
        return ""

    def total(*inputs):
        results = _tensors(function(*{**arguments, **dict(zip(names, inputs, strict=True))}.values()))
        mixed = [(t * np.random.default_rng(k).standard_normal(t.shape)).sum() for k, t in enumerate(results)]
        return sum(mixed[1:], mixed[0]) if mixed else tg.Tensor(0.0)  # a plain sum of shares is 1: it has no gradient to lose

    outcome = attempt(tg.gradcheck, (total, [arguments[name].data for name in names]), seconds * 4)
    if outcome.error is None or isinstance(outcome.error, TimeUp):
        return ""
    text = said(outcome.error)
    for k, name in enumerate(names, start=1):
        text = text.replace(f"input {k} ", f"{name} ")
    return text + "; is the way from there to the result recorded (no .data, no .numpy(), no detach())?"


def _graph(value, expected):
    """A sentence if the recorded operations are not those of the reference."""
    yours, ours = (_operations(_tensors(x)) for x in (value, expected))
    if yours == ours:
        return ""
    parts = [f"{count} {name} too many" for name, count in (yours - ours).items()]
    parts += [f"{count} {name} missing" for name, count in (ours - yours).items()]
    return f"{yours.total()} operations where {ours.total()} are expected: {', '.join(parts)}"


def _operations(results):
    nodes = {id(n): n for t in results if t.node is not None for n in tg.engine.graph.reachable(t.node)[0]}
    return Counter(n.op.name for n in nodes.values())
