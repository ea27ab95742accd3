"""How far it goes: `python -m benchmarks.limits` prints the CPU seconds of long chains, of a diamond and of long drawings."""

import time

import numpy as np

import tinygrad_rnn as tg


def seconds(run):
    start = time.process_time()
    run()
    return time.process_time() - start


def chain(ops):
    x = tg.Tensor(1.0, requires_grad=True)
    y = x
    for _ in range(ops):
        y = y * 1.0
    y.backward()


def diamond(doublings):
    x = tg.Tensor(1.0, requires_grad=True)
    y = x
    for _ in range(doublings):
        y = y + y
    y.backward()


def lstm_loss(steps):
    rng = np.random.default_rng(0)
    cell = tg.nn.LSTMCell(3, 8, rng=rng)
    hs, _ = tg.nn.unroll(cell, rng.standard_normal((1, steps, 3)))
    return (hs[-1] ** 2).sum()


def main():
    for ops in (50_000, 100_000):
        print(f"{ops:,} chained ops, forward and backward: {seconds(lambda ops=ops: chain(ops)):.2f} s")
    print(f"a diamond of 60 doublings, forward and backward: {seconds(lambda: diamond(60)):.4f} s")
    for steps, elide in ((100, False), (100, True), (1000, True)):
        loss = lstm_loss(steps)
        spent = seconds(lambda loss=loss, elide=elide: tg.draw(loss, detail="op", elide=elide).svg())
        print(f"LSTM at op level, T={steps}, {'elided' if elide else 'whole'}, drawn with its snapshot: {spent:.2f} s")


if __name__ == "__main__":
    main()
