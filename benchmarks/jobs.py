"""`python -m benchmarks.jobs`: whole trainings of a character model, each a process of its own, beside the same in PyTorch.

A process starts Python, imports what it needs, reads its text, and trains an LSTM with Adam and gradients clipped: from the same first
weights, with the same batches in the same order, float32, one thread. All text comes from the standard library:

    argparse  the source of argparse, windows of 40 in 16 rows, the state carried on; 128 hidden
    names     the words in the names of Unicode characters, such as "ideographic", padded batches of 64; 128 hidden
    source    the first 1,000,000 characters of the library's modules by name, windows of 64 in 32 rows, once; 256 hidden

The processes of a job take turns, in a new random order every round; ratios are paired, their median is printed. Seconds are those of
the process, `training` is the CPU time after the imports and the reading. The first five losses must agree, then rounding takes its
way. The exit code is 1 if they do not, or if a compiled training takes longer than PyTorch's, as a process or by itself.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from inspect import signature
from pathlib import Path
from typing import Any

from .process import machine, one_thread

HOME = Path(__file__).resolve().parent.parent
AGREE = 1e-3  # how far apart the first five losses may be
SIDES = ("torch", "eager", "compiled")


@dataclass(frozen=True)
class Job:
    """A text and how it is read, the sizes of the model, how long it is trained; `carried`: the state goes on to the next batch."""

    batches: Callable[[], tuple[list[Any], int]]  # of one epoch, and the number of symbols
    features: int
    hidden: int
    updates: int
    rate: float
    carried: bool


def argparse_windows() -> tuple[list[Any], int]:
    from tinygrad_rnn.data import stdlib_text

    return text_in_rows(stdlib_text.module_source("argparse").text, 16, 40)


def source_windows() -> tuple[list[Any], int]:
    from tinygrad_rnn.data import stdlib_text

    text = ""
    for name in sorted(name for name in sys.stdlib_module_names if not name.startswith("_")):
        found = stdlib_text.module_source(name)
        text += "" if found.note else found.text  # a note: another text stands in
        if len(text) >= 1_000_000:
            break
    return text_in_rows(text[:1_000_000], 32, 64)


def text_in_rows(text: str, rows: int, steps: int) -> tuple[list[Any], int]:
    """Windows of equal length: a shorter last one would be a shape of its own."""
    from tinygrad_rnn.data import batches, vocab

    known = vocab.CharVocabulary.from_text(text)
    cut = batches.text_windows(known.encode(text), rows, steps)
    return [(window.x, window.y) for window in cut if window.x.shape[1] == steps], len(known)


def padded_names() -> tuple[list[Any], int]:
    import numpy as np

    from tinygrad_rnn.data import batches, stdlib_text, vocab

    words = {word.lower() for name in stdlib_text.unicode_names() for word in name.split() if word.isalpha()}
    known = vocab.CharVocabulary.from_text("\n" + "".join(sorted(words)))
    ids = [known.encode(f"\n{word}\n") for word in sorted(words) if 3 <= len(word) <= 12]
    made = batches.padded_batches([i[:-1] for i in ids], [i[1:] for i in ids], 64, np.random.default_rng(0))
    return [(batch.x, batch.y) for batch in made], len(known)


JOBS = {
    "argparse": Job(argparse_windows, features=32, hidden=128, updates=1000, rate=0.005, carried=True),
    "names": Job(padded_names, features=16, hidden=128, updates=1000, rate=0.003, carried=False),
    "source": Job(source_windows, features=64, hidden=256, updates=488, rate=0.003, carried=True),
}

# ---- one training, in the process that was started for it ---------------------------------------------------------------------


def trained(name: str, side: str, updates: int) -> tuple[list[float], float]:
    """The loss of every update, and the CPU seconds of the training alone."""
    import tinygrad_rnn as tg

    from .real_text import character_model

    job = JOBS[name]
    with tg.default_dtype("float32"):
        batches, symbols = job.batches()
        model = character_model(symbols, job.features, job.hidden)
        train = in_torch(job, model) if side == "torch" else in_tinygrad_rnn(job, model, compiled=side == "compiled")
        ready = time.process_time()
        return train(batches, updates), time.process_time() - ready


def in_tinygrad_rnn(job: Job, model: Any, compiled: bool) -> Callable[[list[Any], int], list[float]]:
    import tinygrad_rnn as tg

    def loss_with_state(model: Any, batch: Any, state: Any) -> Any:
        logits, state = model(batch[0], state)
        return tg.functional.cross_entropy(logits, batch[1]), state

    def loss_of(model: Any, batch: Any) -> Any:
        return loss_with_state(model, batch, None)[0]

    adam = tg.optim.Adam(model.parameters(), lr=job.rate)
    loss, options = (loss_with_state, {"stateful": True}) if job.carried else (loss_of, {})
    options |= {"clip": 1.0, "progress": False} | ({"compile": True} if compiled else {})
    return lambda batches, updates: tg.train.fit(model, loss, batches, adam, updates=updates, **options).loss.tolist()


def in_torch(job: Job, model: Any) -> Callable[[list[Any], int], list[float]]:
    import torch

    from .real_text import torch_character_model, torch_update

    torch.set_num_threads(1)
    run, parameters = torch_character_model(model)
    optimizer = torch.optim.Adam(parameters, lr=job.rate)

    def train(batches: list[Any], updates: int) -> list[float]:
        losses, state = [], None
        for done in range(updates):
            x, y = batches[done % len(batches)]
            logits, new = run(x, state if job.carried and done % len(batches) else None)
            loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), torch.tensor(y.reshape(-1)))
            losses.append(torch_update(optimizer, parameters, loss))
            state = tuple(part.detach() for part in new)
        return losses

    return train


# ---- the processes ------------------------------------------------------------------------------------------------------------


@dataclass
class Run:
    """One process: seconds from its start to its end, of its processor, of the training alone; and the losses."""

    wall: float
    cpu: float
    training: float
    losses: list[float]


def started(job: str, side: str, updates: int) -> Run:
    """A training in a fresh process; what it prints is its last line."""
    command = [sys.executable, "-m", "benchmarks.jobs", "--run", job, side, "--updates", str(updates)]
    begin = time.perf_counter()
    text = subprocess.run(command, cwd=HOME, check=True, capture_output=True, encoding="utf-8").stdout
    wall = time.perf_counter() - begin
    return Run(wall=wall, **json.loads(text.splitlines()[-1]))


def rows_of(job: str, runs: dict[str, list[Run]]) -> list[tuple[str, ...]]:
    """A line for each side: medians of its seconds and of its ratios to PyTorch, and what it learned."""
    import numpy as np

    rows = []
    for side, found in runs.items():
        seconds = [f"{np.median([getattr(run, what) for run in found]):.2f}" for what in ("wall", "cpu", "training")]
        base, losses = runs.get("torch"), found[0].losses
        ratios = [f"{ratio(found, base, what):.2f}" if base else "-" for what in ("wall", "cpu", "training")]
        apart = f"{first_apart(found, base):.0e}" if base else "-"
        rows.append((job, side, *seconds, *ratios, f"{losses[0]:.4f}", f"{np.mean(losses[-50:]):.4f}", apart))
    return rows


def ratio(found: Sequence[Run], base: Sequence[Run], what: str) -> float:
    import numpy as np

    return float(np.median([getattr(a, what) / getattr(b, what) for a, b in zip(found, base, strict=True)]))


def first_apart(found: Sequence[Run], base: Sequence[Run]) -> float:
    """The largest difference of the first five losses."""
    import numpy as np

    return float(np.abs(np.subtract(found[0].losses[:5], base[0].losses[:5])).max())


def missed(job: str, runs: dict[str, list[Run]]) -> list[str]:
    """What does not hold of a job, in words."""
    lines, base = [], runs.get("torch")
    for side, found in runs.items() if base else ():
        if not first_apart(found, base) <= AGREE:
            lines.append(f"{job}, {side}: the first losses differ from PyTorch's by {first_apart(found, base):.0e}")
        for what, words in (("cpu", "of the process"), ("training", "of the training")):
            if side == "compiled" and (share := ratio(found, base, what)) > 1:
                lines.append(f"{job}, {side}: {share:.2f} of PyTorch's CPU seconds {words}, at most 1 is allowed")
    return lines


def left_out(side: str) -> str:
    """Why a side cannot take part; empty if it can."""
    if side == "torch":
        return "" if find_spec("torch") else "torch is not installed"
    from tinygrad_rnn.train import fit

    return "fit compiles nothing in this version" if side == "compiled" and "compile" not in signature(fit).parameters else ""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.jobs", description=__doc__.partition("\n")[0])
    parser.add_argument("job", nargs="*", help=f"{', '.join(JOBS)} (default: all)")
    parser.add_argument("--rounds", type=int, default=3, help="how often each process is started (default: 3)")
    parser.add_argument("--updates", type=int, help="of the weights (default: as many as each job says)")
    parser.add_argument("--markdown", action="store_true", help="print a table for benchmarks/README.md")
    parser.add_argument("--run", nargs=2, metavar=("JOB", "SIDE"), help="train in this process, and print its losses as JSON")
    args = parser.parse_args()
    for job in args.job:
        if job not in JOBS:
            parser.error(f"no job is called {job!r}; there are {', '.join(JOBS)}")
    if args.rounds < 1 or (args.updates is not None and args.updates < 5):
        parser.error("--rounds is at least 1, --updates at least 5")
    one_thread()
    if args.run:
        losses, training = trained(*args.run, args.updates)
        print(json.dumps({"cpu": time.process_time(), "training": training, "losses": losses}))
        return 0
    import numpy as np

    from .report import table

    say = sys.stderr if args.markdown else sys.stdout
    sides = []
    for side in SIDES:
        why = left_out(side)
        sides += [] if why else [side]
        if why:
            print(f"{side}: left out, {why}", file=say)
    known = machine()
    print(", ".join(f"{key} {known[key]}" for key in ("Python", "NumPy", "torch", "CPU", "date")), file=say, flush=True)
    heads = (
        "job",
        "side",
        "wall s",
        "CPU s",
        "training",
        "wall / torch",
        "CPU / torch",
        "training / torch",
        "first loss",
        "last 50",
        "apart",
    )
    rng, rows, wrong = np.random.default_rng(0), [heads], []
    for job in args.job or JOBS:
        runs: dict[str, list[Run]] = {side: [] for side in sides}
        for _ in range(args.rounds):
            for side in rng.permutation(sides):
                runs[side].append(started(job, side, args.updates or JOBS[job].updates))
        rows += rows_of(job, runs)
        wrong += missed(job, runs)
        print(table([heads, *rows[-len(sides) :]], False), file=say, flush=True)
    if args.markdown:
        print(table(rows, True))
    for line in wrong:
        print(f"missed: {line}", file=say)
    return int(bool(wrong))


if __name__ == "__main__":
    raise SystemExit(main())
