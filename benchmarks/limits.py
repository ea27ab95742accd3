"""How far it goes: `python -m benchmarks.limits` prints the CPU seconds of long chains, a diamond, long drawings and their words."""

import time
import tracemalloc

import numpy as np

import tinygrad_rnn as tg

MANY = 10_000  # ops of a graph that is told in words


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


def told(loss, detail):
    """The words of a picture that would not be readable."""
    assert f"{MANY} ops" in tg.draw(loss, detail=detail).describe()


def tanh_chain():
    y = tg.Tensor(1.0, requires_grad=True, name="w")
    for _ in range(MANY):
        y = tg.tanh(y)
    return y


def one_weight():
    """A weight with very many uses."""
    w, y = tg.Tensor(0.5, requires_grad=True, name="w"), tg.Tensor(1.0, name="x")
    for _ in range(MANY):
        y = y * w
    return y


def in_steps():
    w, h = tg.Tensor(1.0, requires_grad=True, name="w"), tg.Tensor(1.0, name="h0")
    for t in range(1, MANY // 2 + 1):
        with tg.time_step(t), tg.scope("Cell"):
            h = tg.named(tg.tanh(h * w), "h")
    return h


def lstm_loss(steps):
    rng = np.random.default_rng(0)
    cell = tg.nn.LSTMCell(3, 8, rng=rng)
    hs, _ = tg.nn.unroll(cell, rng.standard_normal((1, steps, 3)))
    return (hs[-1] ** 2).sum()


def snapshot_bytes():
    """What the snapshot of 100 steps of two LSTM layers of 256 units holds."""
    rng = np.random.default_rng(0)
    hs, _ = tg.nn.LSTM(256, 256, num_layers=2, rng=rng)(rng.standard_normal((1, 100, 256)))
    loss = (hs[-1] ** 2).sum()
    tracemalloc.start()
    kept = tg.snapshot(loss)
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert kept.steps
    return held


def main():
    print(f"a snapshot of 100 steps of two LSTM layers of 256 units: {snapshot_bytes() / 1e6:.0f} MB")
    for ops in (50_000, 100_000):
        print(f"{ops:,} chained ops, forward and backward: {seconds(lambda ops=ops: chain(ops)):.2f} s")
    print(f"a diamond of 60 doublings, forward and backward: {seconds(lambda: diamond(60)):.4f} s")
    for steps, elide in ((100, False), (100, True), (1000, True)):
        loss = lstm_loss(steps)
        spent = seconds(lambda loss=loss, elide=elide: tg.draw(loss, detail="op", elide=elide).svg())
        print(f"LSTM at op level, T={steps}, {'elided' if elide else 'whole'}, drawn with its snapshot: {spent:.2f} s")
    for name, make in (("a chain of", tanh_chain), ("one weight in", one_weight), ("steps of altogether", in_steps)):
        loss = make()
        for detail in ("op", "cell"):
            spent = seconds(lambda loss=loss, detail=detail: told(loss, detail))
            print(f"{name} {MANY:,} ops, {detail} level, told in words with its snapshot: {spent:.2f} s")


if __name__ == "__main__":
    main()
