"""What it costs to watch PyTorch: `python -m benchmarks.watch` prints it in training steps of a loop over an LSTMCell, one thread."""

import statistics
import time

import torch

import tinygrad_rnn as tg

PAIRS = 9


def seconds(run):
    start = time.process_time()
    run()
    return time.process_time() - start


def main():
    torch.set_num_threads(1)
    torch.manual_seed(0)
    cell, x = torch.nn.LSTMCell(32, 64), torch.randn(16, 50, 32)

    def loss_of():
        h, c = torch.zeros(16, 64), torch.zeros(16, 64)
        for t in range(x.shape[1]):
            h, c = cell(x[:, t], (h, c))
        return (h**2).sum()

    def trained():
        loss_of().backward()
        cell.zero_grad()

    def watched():
        with tg.watch(cell) as run:
            return run, loss_of()

    def drawn():
        run, loss = watched()
        run.snapshot(loss)

    for name, run in (("watched", watched), ("watched, with a snapshot", drawn)):
        run(), trained()
        ratios = [seconds(run) / statistics.median(seconds(trained) for _ in range(5)) for _ in range(PAIRS)]
        print(f"a forward pass of 50 steps, {name}: {statistics.median(ratios):.1f} training steps")


if __name__ == "__main__":
    main()
