"""`python -m benchmarks.lessons`: the number of each lesson on several seeds, whether it lies in the band that its solutions promise.

A lesson names its seeds as they are, and stays as it is: it runs in a copy in which every `default_rng(s)` of the lesson's own text
reads `default_rng(1000 k + s)`, for k = 0 (as shipped), 1, 2, ... Everything that a lesson draws at random is shifted with it: first
weights, batches, test sets, sampled text. Data that is not drawn (the text of the standard library) stays. Solutions take the place of
exercises (`--demo`). CPU seconds are those of the whole program. The exit code is 1 if a number is outside its band.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from typing import Any

from .process import one_thread

HOME = Path(__file__).resolve().parent.parent / "lessons"
SHIFT = 1000
GENERATOR = "np.random.default_rng("


def measured(lesson: Path, shift: int, *flags: str) -> tuple[float, float, float, float]:
    """(the number, the lowest and the highest that are promised, CPU seconds) of one run with shifted seeds."""
    from course.authoring import Workshop, number_of

    with tempfile.TemporaryDirectory(prefix="lesson-") as folder:
        workshop = Workshop(lesson, folder)
        source = workshop.path.read_text(encoding="utf-8")
        workshop.path.write_text(source.replace(GENERATOR, f"{GENERATOR}{shift} + " if shift else GENERATOR), encoding="utf-8")
        code, text, seconds = workshop.run("--demo", "--no-quiz", *flags)
        if code:
            raise SystemExit(f"error: {lesson.name} with seeds shifted by {shift} ended with {code}\n\n{text[-1000:]}")
        return number_of(text), *workshop.solutions.NUMBER, seconds


def row(entry: Any, seeds: int, *flags: str) -> bool:
    """Measure a lesson and print its line. Returns whether all numbers lie in the band."""
    runs = [measured(entry.path, SHIFT * k, *flags) for k in range(seeds)]
    inside = [low <= number <= high for number, low, high, _ in runs]
    numbers = " ".join(f"{f'{number:.4g}' + ('' if fine else '!'):>10}" for (number, *_), fine in zip(runs, inside, strict=True))
    band = f"{runs[0][1]:.4g} to {runs[0][2]:.4g}"
    cpu = max(seconds for *_, seconds in runs)
    print(f"{entry.number:6} {band:20} {numbers}   {sum(inside)} of {seeds}   {cpu:6.1f}", flush=True)
    return all(inside)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.lessons", description=__doc__.partition("\n")[0])
    parser.add_argument("number", nargs="*", help="of a lesson: 04, 07b (default: all)")
    parser.add_argument("--seeds", type=int, default=5, help="how many, the one that is shipped among them (default 5)")
    parser.add_argument("--fast", action="store_true", help="the small runs, to try this program: their numbers are in no band")
    args = parser.parse_args()
    if args.seeds < 1:
        parser.error("--seeds is at least 1")
    one_thread()
    sys.path.insert(0, str(HOME))
    from course.learner import catalog, find

    chosen = [find(HOME, number) for number in args.number] or [entry for entry in catalog(HOME) if entry.exercises]
    for number, entry in zip(args.number, chosen, strict=False):
        if entry is None or not entry.exercises:
            parser.error(f"there is no lesson {number} with exercises")
    heads = " ".join(f"{f'seeds +{SHIFT * k}' if k else 'as shipped':>10}" for k in range(args.seeds))
    print(f"{'lesson':6} {'band':20} {heads}   inside   CPU seconds (most)    a number outside is marked !")
    return int(not all([row(entry, args.seeds, *["--fast"] * args.fast) for entry in chosen]))


if __name__ == "__main__":
    raise SystemExit(main())
