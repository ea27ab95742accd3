"""What must hold for every lesson, one function each: `python lessons check 04` prints them, the tests run the same."""

import ast
import builtins
import inspect
import re
import tempfile
import time
from collections import Counter
from xml.etree import ElementTree

from ..learner import Progress
from .workshop import Workshop, code_cells

LINES, EXERCISES, BODY = 220, 3, 12
QUICK = 3.0  # seconds to the first exercise
OFFLINE = (
    "import os, runpy, socket, sys; socket.socket = socket.create_connection = None; sys.argv = sys.argv[1:]; "
    "sys.path.insert(0, os.path.dirname(sys.argv[0])); runpy.run_path(sys.argv[0], run_name='__main__')"
)


class Broken(Exception):
    """A claim that does not hold, in a sentence."""


def need(condition, sentence):
    """Raise `Broken` unless the condition holds."""
    if not condition:
        raise Broken(sentence)


def as_shipped(w):
    """As shipped it stops at the first exercise with exit 1, says where, and how to get a hint; no traceback; under 3 s."""
    code, text, seconds = w.run()
    first = w.entry.exercises[0]
    need(code == 1, f"exit {code}, not 1: {text[-300:]}")
    need(f"exercise 1 of {len(w.entry.exercises)} - {first.name}" in text, "it does not name the first exercise")
    need(f"{w.path.name}:{first.line}" in text, "it does not say file:line")
    need("--hint" in text and "your turn" in text, "it does not say how to get a hint")
    need("Traceback" not in text, "a traceback")
    need(seconds < QUICK, f"{seconds:.1f} CPU seconds to the first exercise")


def solved(w):
    """With the solutions: exit 0, inside the CPU budget, the number inside its band, pictures written."""
    code, text, seconds = w.run("--demo")
    need(code == 0, f"exit {code}: {text[-600:]}")
    need(seconds < w.solutions.SECONDS, f"{seconds:.1f} CPU seconds; the budget is {w.solutions.SECONDS}")
    number, (low, high) = number_of(text), w.solutions.NUMBER
    need(low <= number <= high, f"the number {number:.6g} is not in [{low}, {high}]")
    need(re.search(r"^[\d.]+ CPU seconds", text, re.MULTILINE), "it does not say what it cost")
    pictures = [*(w.home / "out").glob(f"{w.entry.number}_*.svg")]
    need(pictures, "no picture was written")
    for picture in pictures:
        ElementTree.parse(picture)
    return f"number {number:.6g} in [{low}, {high}], {seconds:.1f} of {w.solutions.SECONDS} CPU-s"


def number_of(text):
    """The number that a lesson has measured, out of what it printed."""
    found = re.search(r"^  measured +(\S+)", text.partition("The number")[2], re.MULTILINE)
    need(found, "no number was printed")
    return float(found[1])


def mistakes_rejected(w):
    """Every known mistake is rejected with its own sentence; there are at least two an exercise."""
    count = 0
    for exercise in w.entry.exercises:
        known = w.solutions.MISTAKES[exercise.name]
        need(len(known) >= 2, f"{exercise.name} has {len(known)} known mistakes, two are needed")
        for mistake, sentence in known:
            code, text = w.rehearse("--fast", "--no-quiz", grafts={**vars(w.solutions), exercise.name: mistake})
            need(code == 1, f"{mistake.__name__} passes as {exercise.name}")
            told = " ".join(sentence.split()) in " ".join(text.split())
            need(told, f"{mistake.__name__}: its sentence is not said: {text[-500:]}")
            count += 1
    return f"{count} mistakes"


def hints(w):
    """Three hints an exercise, none of which holds a line of the solution."""
    for exercise in w.entry.exercises:
        three = w.solutions.HINTS[exercise.name]
        need(len(three) == 3 and len(set(three)) == 3, f"{exercise.name} has {len(three)} hints")
        for statement in _tree(getattr(w.solutions, exercise.name)).body:
            line = re.sub(r"\s", "", ast.unparse(statement))
            told = len(line) >= 15 and any(line in re.sub(r"\s", "", hint) for hint in three)
            need(not told, f"a hint of {exercise.name} holds the solution")


def signatures(w):
    """Solutions and known mistakes take what the exercises take."""
    stubs = {node.name: ast.unparse(node.args) for node in w.tree.body if isinstance(node, ast.FunctionDef)}
    for exercise, function in _written(w):
        theirs, ours = ast.unparse(_tree(function).args), stubs[exercise.name]
        need(theirs == ours, f"{function.__name__} takes ({theirs}), {exercise.name} ({ours})")


def anywhere(w):
    """From another folder, stdin closed, NO_COLOR, 60 columns, without dot, without network, warnings as errors."""
    code, text, _ = w.run("--demo", "--fast", python=("-W", "error", "-c", OFFLINE), NO_COLOR="1", COLUMNS="60", PATH="")
    need(code == 0, f"exit {code}: {text[-600:]}")
    need("\033" not in text, "colour in spite of NO_COLOR")
    wide = [line for line in text.splitlines() if len(line) > 60 and w.path.name not in line and "picture:" not in line]
    need(not wide, f"a line of more than 60 columns: {wide[:1]}")


def caps(w):
    """At most 220 lines, 3 exercises of at most 12 lines; one import, one prediction, one picture, one number, three questions."""
    lines = len(w.path.read_text(encoding="utf-8").splitlines())
    need(lines <= LINES, f"{lines} lines; {LINES} are allowed")
    need(1 <= len(w.entry.exercises) <= EXERCISES, f"{len(w.entry.exercises)} exercises")
    for exercise in w.entry.exercises:
        body = len(inspect.getsource(getattr(w.solutions, exercise.name)).splitlines())
        need(body <= BODY, f"the solution of {exercise.name} has {body} lines; {BODY} are allowed")
    imports = [n for n in ast.walk(w.tree) if isinstance(n, ast.ImportFrom) and (n.module or "").split(".")[0] == "course"]
    need(len(imports) == 1, f"{len(imports)} imports from the harness")
    calls = Counter(ast.unparse(n.func) for n in ast.walk(w.tree) if isinstance(n, ast.Call))
    beats = {f"lesson.{beat}": 1 for beat in ("predict", "result", "picture", "wrong", "quiz", "end")}
    for name, count in {**beats, "lesson.check": len(w.entry.exercises), "Question": 3}.items():
        need(calls[name] == count, f"{calls[name]} calls of {name}; there should be {count}")
    need(w.entry.question.endswith("?") and w.entry.minutes > 1, "its first cell lacks the **question?** or '# NN minutes.'")
    return f"{lines} lines, {len(w.entry.exercises)} exercise{'s' * (len(w.entry.exercises) > 1)}"


def names(w):
    """Solutions and mistakes use only names that the lesson has introduced above the exercise."""
    for exercise, function in _written(w):
        inside = [*ast.walk(_tree(function))]
        known = {*dir(builtins), exercise.name, *_bound_above(w.tree, exercise.line)}
        known |= {n.arg for n in inside if isinstance(n, ast.arg)} | {n.name for n in inside if isinstance(n, ast.FunctionDef)}
        known |= {n.id for n in inside if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
        strange = {n.id for n in inside if isinstance(n, ast.Name)} - known
        need(not strange, f"{function.__name__} uses {', '.join(sorted(strange))}, not introduced above {exercise.name}")


def notebook(w):
    """Every cell compiles and the lesson runs as a notebook would, to the first exercise and, solved, to its end."""
    for k, cell in enumerate(code_cells(w.path.read_text(encoding="utf-8")), start=1):
        try:
            compile(cell, f"cell {k}", "exec")
        except SyntaxError as error:
            raise Broken(f"cell {k} does not compile: {error}") from None
    code, text = w.rehearse(cells=True)
    need(code == 1 and "your turn" in text, f"as shipped it ends with {code}")
    code, text = w.rehearse("--fast", cells=True, grafts=vars(w.solutions))
    need(code == 0 and "Done" in text, f"solved it ends with {code}")


def progress(w):
    """Progress absent, damaged, or not to be written: it still runs, and says so."""
    kept = w.home / Progress.NAME
    for content, says in ((None, ""), ("{", "set aside"), ("[1]", "set aside"), ("folder", "cannot be read")):
        for leftover in w.home.glob(Progress.NAME + "*"):
            leftover.rmdir() if leftover.is_dir() else leftover.unlink()
        if content == "folder":
            kept.mkdir()
        elif content:
            kept.write_text(content, encoding="utf-8")
        code, text = w.rehearse()
        need(code == 1 and "your turn" in text, f"with a progress file {content!r} it ends with {code}")
        need(says in text, f"with a progress file {content!r} it does not say {says!r}")


def _written(w):
    """Each exercise with each function that stands in the solutions for it: the right one, and the mistakes."""
    for exercise in w.entry.exercises:
        yield exercise, getattr(w.solutions, exercise.name)
        yield from ((exercise, mistake) for mistake, _ in w.solutions.MISTAKES[exercise.name])


def _tree(function):
    return ast.parse(inspect.getsource(function)).body[0]


def _bound_above(tree, line):
    for node in tree.body:
        if node.lineno < line:
            if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
                yield node.name
            elif isinstance(node, (ast.Import, ast.ImportFrom)):
                yield from (alias.asname or alias.name.partition(".")[0] for alias in node.names)
            else:
                yield from (n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store))


CLAIMS = (as_shipped, solved, mistakes_rejected, hints, signatures, anywhere, caps, names, notebook, progress)


def judge(path, claim):
    """Try one claim on a fresh copy: (whether it holds, what there is to say)."""
    with tempfile.TemporaryDirectory(prefix="lesson-") as folder:
        try:
            return True, claim(Workshop(path, folder)) or ""
        except Exception as error:  # the claim does not hold, or the lesson itself raises
            return False, str(error) if isinstance(error, Broken) else f"{type(error).__name__}: {error}"[:300]


def check(path, out):
    """All claims, a line each. Returns 0 if they hold, else 1."""
    held = []
    for number, claim in enumerate(CLAIMS, start=1):
        start = time.monotonic()
        fine, words = judge(path, claim)
        held.append(fine)
        mark = out.paint("ok    ", "green") if fine else out.paint("broken", "red")
        out.write(f"{mark} {number:2}  {claim.__name__.replace('_', ' ')}  {words}  ({time.monotonic() - start:.1f} s)")
    return 0 if all(held) else 1
