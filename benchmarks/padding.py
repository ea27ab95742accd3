"""`python -m benchmarks.padding`: what a tail of padding does to a classifier that reads the last state, and what packing saves.

Sequences of 5 to 10 random symbols, of which the first one is the class, are padded with zeros to 50 steps. An LSTM with forget bias 0
reads them three ways: padded, with the state at the end of the padding; padded, with the state at the last symbol (`last_valid`); and
packed, which does not run the padding at all. Same weights, batches and updates, three seeds.
"""

from __future__ import annotations

import argparse
import time

import numpy as np

import tinygrad_rnn as tg

from .process import one_thread

SYMBOLS, HIDDEN, LONGEST, PADDED, BATCH = 4, 16, 10, 50, 32
WAYS = ("padded, state at the end", "padded, last valid state", "packed")


def batch_of(rng):
    """One-hot rows of each sequence, and their classes."""
    lengths = rng.integers(5, LONGEST + 1, size=BATCH)
    symbols = [rng.integers(SYMBOLS, size=n) for n in lengths]
    return [np.eye(SYMBOLS)[s] for s in symbols], np.array([s[0] for s in symbols])


def last_state(way, cell, sequences):
    """The state (batch, hidden) that the classifier reads, and how many rows went through the cell."""
    if way == "packed":
        packed = tg.nn.pack(sequences)
        _, (h, _) = tg.nn.unroll(cell, packed)
        return h, packed.steps
    padded = np.zeros((len(sequences), PADDED, SYMBOLS))
    for row, sequence in zip(padded, sequences, strict=True):
        row[: len(sequence)] = sequence
    hs, (h, _) = tg.nn.unroll(cell, padded)
    h = h if way == WAYS[0] else tg.nn.last_valid(tg.stack(hs, 1), [len(s) for s in sequences])
    return h, padded.shape[0] * padded.shape[1]


def run(way, seed, updates):
    """Accuracy on 512 new sequences after training, rows that went through the cell in one batch, CPU seconds of training."""
    rng = np.random.default_rng(seed)
    cell = tg.nn.LSTMCell(SYMBOLS, HIDDEN, rng=rng, forget_bias=0.0)
    readout = tg.nn.Linear(HIDDEN, SYMBOLS, rng=rng)
    adam = tg.optim.Adam([*cell.parameters(), *readout.parameters()], lr=0.01)
    data = np.random.default_rng(seed + 10)
    start = time.process_time()
    for _ in range(updates):
        sequences, classes = batch_of(data)
        h, rows = last_state(way, cell, sequences)
        loss = tg.functional.cross_entropy(readout(h), classes)
        adam.zero_grad()
        loss.backward(keep_graph=False)
        adam.step()
    seconds = time.process_time() - start
    right = []
    with tg.no_grad():
        for _ in range(16):
            sequences, classes = batch_of(data)
            right.append(tg.functional.accuracy(readout(last_state(way, cell, sequences)[0]), classes))
    return float(np.mean(right)), rows, seconds


def main():
    parser = argparse.ArgumentParser(prog="python -m benchmarks.padding", description=__doc__.partition("\n")[0])
    parser.add_argument("--updates", type=int, default=300)
    updates = parser.parse_args().updates
    one_thread()
    print(f"{updates} updates, seeds 0, 1, 2; chance is {1 / SYMBOLS:.2f}")
    for way in WAYS:
        runs = [run(way, seed, updates) for seed in (0, 1, 2)]
        shares = " ".join(f"{share:.3f}" for share, _, _ in runs)
        print(f"{way:26} right {shares}   rows of the last batch {runs[0][1]:5}   {sum(s for *_, s in runs):6.1f} CPU s")


if __name__ == "__main__":
    main()
