"""How many files a reader passes through with the program: `python -m benchmarks.walks [--pairs N]`.

For each job on an RNN of five steps: the files of the package that are entered, how often the program goes from one file to another, and
the pairs of files that hand over to each other most. Many changes between two files are a hint that they are one, or that a value
should be handed on. A walk is counted from file to file: a call into another file is one change, coming back is none.
"""

import argparse
import sys
import tempfile
from collections import Counter
from contextlib import contextmanager
from pathlib import Path

import numpy as np

import tinygrad_rnn as tg

PACKAGE = Path(tg.__file__).parent


def name_of(file):
    """A file of the package, short; None for any other."""
    path = Path(file)
    return path.relative_to(PACKAGE).with_suffix("").as_posix() if path.is_relative_to(PACKAGE) else None


@contextmanager
def walk():
    """While it is open, count the calls from one file of the package into another: (from, to) -> how often."""
    names, changes = {}, Counter()

    def step(frame, event, _):
        if event != "call":
            return
        ends = []
        for code in (frame.f_back and frame.f_back.f_code, frame.f_code):
            file = code and code.co_filename
            if file not in names:
                names[file] = name_of(file) if file else None
            ends.append(names[file])
        if ends[1]:
            changes[tuple(ends)] += 1

    before = sys.getprofile()
    sys.setprofile(step)
    try:
        yield changes
    finally:
        sys.setprofile(before)


def jobs(folder):
    """{name: what is done} in the order in which a learner does it; each is prepared by the one before."""
    rng = np.random.default_rng(0)
    cell, xs, made = tg.nn.RNNCell(3, 8, rng=rng), rng.standard_normal((1, 5, 3)), {}

    def unroll():
        hs, _ = tg.nn.unroll(cell, xs)
        made["loss"] = (hs[-1] ** 2).sum()

    def draw():
        made["picture"] = tg.draw(made["loss"], detail="op")

    return {
        "unroll": unroll,
        "backward": lambda: made["loss"].backward(),
        "snapshot": lambda: tg.snapshot(made["loss"]),
        "draw": draw,
        "svg": lambda: made["picture"].svg(),
        "page": lambda: made["picture"].save(Path(folder, "rnn.html")),
    }


def measured():
    """{job: (files, changes of file, {pair of files: changes between the two, both ways})}."""
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        walks = {}
        for name, job in jobs(folder).items():
            with walk() as walks[name]:
                job()
    for name, calls in walks.items():
        files = {end for ends in calls for end in ends if end}
        between = Counter()
        for (source, target), count in calls.items():
            if source and source != target:
                between[tuple(sorted((source, target)))] += count
        found[name] = len(files), sum(between.values()), between
    return found


def main(arguments=None):
    parser = argparse.ArgumentParser(prog="python -m benchmarks.walks", description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=3, help="how many pairs of files to name for each job")
    count = parser.parse_args(arguments).pairs
    print(f"{'job':10} files  changes  the pairs with most")
    for name, (files, changes, between) in measured().items():
        pairs = "; ".join(f"{a} - {b} {n}" for (a, b), n in between.most_common(count))
        print(f"{name:10} {files:5}  {changes:7,}  {pairs}")


if __name__ == "__main__":
    main()
