"""A lesson as its script sees it: the beats in their order, up to the first exercise that is not done."""

import sys
from dataclasses import replace
from functools import partial
from inspect import getsource
from io import StringIO
from pathlib import Path
from time import process_time
from types import FunctionType

from tinygrad_rnn.errors import DataError
from tinygrad_rnn.shared import Terminal, near, typed, write

from ..checking import Failure, examine
from .asking import ask_number, somebody
from .command_line import options, unfinished
from .lesson_files import Exercise, catalog, entry, find, restored_by, solutions_of
from .progress import Progress, checked

MISSING = "gives them back; exercises are checked against them"


class Unfinished(Exception):
    """Ends a notebook's run at an exercise; what there is to say was printed."""

    def __str__(self):
        return "it stops here: see above"

    def _render_traceback_(self):
        return []


class Lesson:
    """One lesson; `Lesson("04")` belongs to `lessons/04_*.py`. A notebook has no command line: `Lesson("04", "--fast")`.

    For the script: `predict`, `exercise`, `check`, `picture`, `result`, `wrong`, `quiz`, `end`; `out` (a Terminal), `fast`, `data`.
    """

    home = Path(__file__).resolve().parents[2]
    grafts = None  # functions in place of the exercises: what `python lessons check` tries

    def __init__(self, number, *flags):
        known, program = find(self.home, number), Path(sys.argv[0] or "-").resolve()
        if known is None:
            print(f"error: lesson {number} has no solutions in {near(self.home / 'solutions')}\n", file=sys.stderr)
            print(f"hint: {restored_by(self.home)} {MISSING}", file=sys.stderr)
            sys.exit(2)
        self.script = program.suffix == ".py" and program.parent == Path(self.home).resolve()
        self.began = 0.0 if self.script else process_time()
        self.entry = replace(entry(program), number=known.number) if self.script else known  # it may be a copy of the lesson
        self.options = options(self.entry).parse_args(sys.argv[1:] if self.script else flags)
        self.demo, self.fast, self.data = self.options.demo, self.options.fast, self.options.data
        self.asked = self.options.hint or self.options.solution  # then only that is printed
        self.out = Terminal(StringIO() if self.asked else None)
        self.loud = Terminal()
        self.progress = Progress(self.home, self.loud.say)
        self.kept = checked({}) if self.demo else self.progress.of(self.entry.number)
        self.solutions, self.namespace, self.checked, self.stuck = solutions_of(known), {}, 0, ""
        if self.script:
            sys.excepthook = partial(unfinished, self.entry)
        if self.options.reset:
            self._reset()
        self.out.write(self.out.paint(f"lesson {self.entry.number} - {self.entry.title}", "bold"))
        self.out.say(f"{self.entry.question}  ({self.entry.minutes} minutes)")

    # ---- the beats

    def predict(self, question, guess=None):
        """Ask for a number before anything runs; without anybody to answer, print the question and go on. Notebooks give `guess`."""
        self.out.heading("Guess first")
        self.out.say(question)
        if guess is not None:
            self._keep(prediction=float(guess))
        elif not self.script:
            self.out.say("(in a notebook your guess stands behind the question: lesson.predict(..., 20))")
        elif "prediction" not in self.kept and not self.kept.get("skipped") and self._asks():
            guess = ask_number(self.out)
            self._keep(**({"skipped": True} if guess is None else {"prediction": guess}))  # once is enough: --reset asks again
        if "prediction" in self.kept:
            self.out.write(f"  your guess: {self.kept['prediction']:.6g}")

    def exercise(self, function):
        """Mark a function that the learner writes. With --demo the solution takes its place, here and nowhere else."""
        self.namespace = function.__globals__
        grafts = self.grafts or (vars(self.solutions) if self.demo else {})
        return self._here(grafts[function.__name__], function.__name__) if function.__name__ in grafts else function

    def check(self, function, *cases, **settings):
        """Run the tests of an exercise (see `checking.examine`); stop here if it is not done."""
        order = [*self.solutions.HINTS]
        name = getattr(function, "__name__", None)
        name = name if name in order else order[min(self.checked, len(order) - 1)]
        exercise = self.entry.exercise(name)
        self.checked += 1
        if exercise is None:
            missing = f"there is no function {name} with @lesson.exercise above its def"
            self._stop_at(Exercise(name), Failure(missing, ("put that line back: the two belong together",)))
        reference = self._here(getattr(self.solutions, name), name)
        mistakes = [(self._here(mistake, name), sentence) for mistake, sentence in self.solutions.MISTAKES[name]]
        failure = examine(function, reference, mistakes, cases, **settings)
        if failure is not None:
            self._keep(solved={k: v for k, v in self.kept["solved"].items() if k != exercise.name})
            self._stop_at(exercise, failure)
        news = self.kept["solved"].get(exercise.name) is None
        self._keep(solved={**self.kept["solved"], exercise.name: exercise.digest})
        new = " (new)" if news and not self.demo else ""
        self.out.write()
        self.out.write(self.out.paint(f"ok: exercise {self.entry.position(name)} - {name}{new}", "green"))
        if self.asked and self.checked == len(self.entry.exercises):
            self.loud.say(
                f"Every exercise of lesson {self.entry.number} is done; there is nothing to tell. One way to write them:"
            )
            self.loud.write(f"  {near(self.solutions.__file__)}")
            self._leave(0)

    def picture(self, drawing, name):
        """Write a picture (a Drawing, or the text of an SVG) into lessons/out; what cannot be written costs the picture only."""
        path = self.home / "out" / f"{self.entry.number}_{name}.svg"
        svg = drawing if isinstance(drawing, str) else drawing.svg()
        if not self.script and "IPython.display" in sys.modules:
            sys.modules["IPython.display"].display({"image/svg+xml": svg}, raw=True)
        try:
            path.parent.mkdir(exist_ok=True)
            write(path, svg.encode())
        except (OSError, DataError) as error:
            self.out.say(f"(the picture could not be written: {error})", "  ")
        else:
            self._keep(pictures=sorted({*self.kept["pictures"], path.name}))
            self.out.write(f"  picture: {near(path)}")

    def result(self, value, what, baseline, baseline_is):
        """The number of the lesson beside the prediction and beside what one might have thought, or could do without."""
        self.out.heading("The number")
        guess = self.kept.get("prediction")
        told = "-" if guess is None else f"{guess:.6g}"
        rows = ("your guess", told), (baseline_is, f"{baseline:.6g}"), ("measured", f"{value:.6g}")
        left, right = (max(len(row[k]) for row in rows) for k in (0, 1))
        for label, number in rows:
            self.out.write(f"  {label.ljust(left)}  {number.rjust(right)}")
        self.out.say(what, "  ")
        self._keep(number=float(value), what=what, baseline=float(baseline), baseline_is=baseline_is)

    def wrong(self, belief, but):
        """What most people get wrong, and the line of output that refutes it."""
        self.out.heading("What most people get wrong")
        self.out.say(f'"{belief}"', "  ")
        self.out.say(but, "  ")

    def quiz(self, *questions):
        """Three questions, asked on a terminal, told elsewhere."""
        self.out.heading("Three questions")
        known, asked = self.kept.get("quiz"), self.options.quiz
        if asked is False or (known is not None and not asked):
            self.out.say("(--quiz asks them)" if known is None else f"{known} of {len(questions)} right; --quiz asks again")
            return
        live = self._asks()
        answers = [(question.ask if live else question.tell)(self.out, k) for k, question in enumerate(questions, start=1)]
        if live:
            self._keep(quiz=answers.count(True))
            self.out.write(f"  {answers.count(True)} of {len(questions)} right")

    def end(self):
        """Done: say so, what it cost, and name the next command."""
        self._keep(done=True)
        later = [e for e in catalog(self.home) if e.number > self.entry.number]
        self.out.heading("Done" if not self.demo else "That was the demonstration")
        how, command = ("when you like", later[0].command) if later else ("the page of it all", typed(near(self.home), "report"))
        if self.demo:
            how, command = "the same without --demo, by yourself", self.entry.command
        self.out.say(f"{process_time() - self.began:.1f} CPU seconds; {self.solutions.SECONDS:g} at most are planned.")
        self.out.say(f"Next: {how}:")
        self.out.write(f"  {command}")

    # ---- where it stops

    def hint(self):
        """One more hint for the exercise where it stopped: `--hint`, and for notebooks."""
        used, hints = self.kept["hints"].get(self.stuck, 0), self.solutions.HINTS.get(self.stuck, ())
        for k, hint in enumerate(hints[: used + 1], start=1):
            self.loud.say(f"hint {k} of {len(hints)} - {self.stuck}: {hint}")
        if used < len(hints):
            self._keep(hints={**self.kept["hints"], self.stuck: used + 1})
        else:
            self.loud.say("There are no more hints; --solution shows one way to write it.")

    def solution(self):
        """One way to write the exercise where it stopped: `--solution`, and for notebooks."""
        self.loud.say(f"One way to write {self.stuck} (type it yourself; it stays in the fingers):")
        self.loud.write("\n" + getsource(getattr(self.solutions, self.stuck)).rstrip())

    def _stop_at(self, exercise, failure):
        self.stuck = exercise.name
        used, count = self.kept["hints"].get(self.stuck, 0), len(self.solutions.HINTS[self.stuck])
        if self.options.hint:
            self.hint()
        elif self.options.solution:
            self.solution()
        else:
            head = f"lesson {self.entry.number} - exercise {self.entry.position(self.stuck)} - {self.stuck}"
            self._beside(head, f"{near(self.entry.path)}:{exercise.line}", self.out.width, "bold")
            failure.tell(self.out, self.stuck)
            more = f"{self.entry.command} --hint" if self.script else "lesson.hint()"
            self._beside(f"hint: {more}", f"({used} of {count} used)", 6)
        self._leave(1)

    def _beside(self, left, right, most, how=""):
        """Two things in a line, at most so far apart, or below each other."""
        room = min(most, self.out.width - len(left) - len(right))
        self.out.write()
        self.out.write((self.out.paint(left, how) if how else left) + (" " * room + right if room > 1 else f"\n  {right}"))

    def _leave(self, code):
        if self.script:
            sys.exit(code)
        raise Unfinished(code)

    # ---- small things

    def _here(self, function, name):
        """A function of the solutions, under that name, with the global names of the lesson, now and later."""
        copy = FunctionType(function.__code__, self.namespace, name, function.__defaults__, function.__closure__)
        copy.__kwdefaults__ = function.__kwdefaults__
        return copy

    def _keep(self, **news):
        if not self.demo and any(self.kept.get(key) != value for key, value in news.items()):
            self.kept.update(news)
            self.progress.save()

    def _asks(self):
        return self.script and not self.demo and not self.asked and somebody()

    def _reset(self):
        self.kept.clear()
        self.kept.update(checked({}))
        self.progress.save()
        self.loud.say(f"Lesson {self.entry.number} starts anew: guess, ticks and hints are forgotten. The file is as you wrote it. "
                      "Rename it, and this gives you back the one that came with the course:")  # fmt: skip
        self.loud.write(f"  {restored_by(self.home, self.entry.path)}")
        self._leave(0)
