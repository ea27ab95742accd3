"""Series cut into windows: every piece once, with what follows it, and none across a gap."""

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn.data.batches import sliding_windows, text_windows, windows
from tinygrad_rnn.errors import DataError


@pytest.mark.parametrize("features", [(), (1,), (2, 3)])
@pytest.mark.parametrize(("steps", "horizon", "stride"), [(1, 1, 1), (3, 1, 1), (3, 2, 1), (4, 1, 3), (2, 3, 5), (9, 1, 1)])
def test_every_window_and_what_follows_it(features, steps, horizon, stride):
    series = np.random.default_rng(0).standard_normal((10, *features))
    x, y = sliding_windows(series, steps, horizon, stride)
    starts = [k for k in range(10) if k % stride == 0 and k + steps + horizon <= 10]
    assert x.tolist() == [series[k : k + steps].tolist() for k in starts]
    assert y.tolist() == [series[k + steps : k + steps + horizon].tolist() for k in starts]


def test_windows_are_copies_of_a_kind():
    series = np.arange(6, dtype=np.float32)
    x, y = sliding_windows(series, 2)
    assert (x.dtype, y.dtype) == (np.float32, np.float32)
    x[0, 0] = 9.0
    assert series[0] == 0.0
    assert x[1].tolist() == [1.0, 2.0]
    assert sliding_windows([1, 2, 3], 2).y.tolist() == [[3]]


def test_a_network_reads_them():
    x, y = sliding_windows(np.sin(np.arange(30.0))[:, None], 8)
    outputs, _ = tg.nn.GRU(1, 3, rng=np.random.default_rng(0))(x)
    assert (outputs[:, -1].shape, y[:, 0].shape) == ((22, 3), (22, 1))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: sliding_windows(np.arange(5.0), 5), "5 steps and a horizon of 1 over a series of 5 steps"),
        (lambda: sliding_windows(np.arange(5.0)[None], 3), "over a series of 1 steps"),
        (lambda: sliding_windows(np.arange(5.0), 0), "steps=0"),
        (lambda: sliding_windows(np.arange(5.0), 2.0), "steps=2.0"),
        (lambda: sliding_windows(np.arange(5.0), 2, horizon=0), "horizon=0"),
        (lambda: sliding_windows(np.arange(5.0), 2, stride=True), "stride=True"),
        (lambda: sliding_windows(3.0, 2), r"sliding_windows of array\(3.\)"),
        (lambda: sliding_windows("abcdef", 2), "sliding_windows of array"),
        (lambda: sliding_windows(np.array([0.0, np.nan, 2.0, 3.0]), 2), r"holds nan\n    at step 1 of 4"),
        (lambda: sliding_windows(np.array([[0.0, 1.0], [2.0, np.inf], [3.0, 4.0]]), 1), r"holds inf\n    at step 1 of 3"),
        (lambda: sliding_windows(np.ma.masked_array([0.0, 1.0, 2.0], [0, 1, 0]), 1), "an array of type MaskedArray"),
        (lambda: sliding_windows([[1.0], [1.0, 2.0]], 1), "rows of different lengths"),
        (lambda: text_windows(np.ma.masked_array([0, 1, 2], [0, 1, 0]), 1, 2), "an array of type MaskedArray"),
        (lambda: text_windows([[0], [1, 2]], 1, 2), "rows of different lengths"),
        (lambda: windows(np.ma.masked_array([[0.0, 1.0]], [[0, 1]]), [[0, 1]], 1), "an array of type MaskedArray"),
    ],
)
def test_what_cannot_be_cut_is_said(call, message):
    with pytest.raises(DataError, match=message) as caught:
        call()
    assert caught.value.hint
