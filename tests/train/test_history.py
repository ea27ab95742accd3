"""The course of a training: short where it is printed, whole where it is plotted."""

import numpy as np
import pytest

from tinygrad_rnn.train.history import Log


def logged(updates, scores=(), stopped="done", notes=()):
    log = Log(stopped=stopped, notes=[*notes])
    for k in range(updates):
        log.add(loss=1.0 / (k + 1), grad_norm=2.0, lr=0.1)
        if k < len(scores):
            log.judge(scores[k])
    return log.history()


@pytest.mark.parametrize(
    ("history", "text"),
    [
        (logged(10_000), "History(10000 updates, loss 1 to 0.0001, done)"),
        (logged(1, stopped="interrupted"), "History(1 update, loss 1 to 1, interrupted)"),
        (logged(0, stopped=""), "History(0 updates, not stopped)"),
        (
            logged(3, [{"nats": 2.0, "error": 0.5}, {"nats": 1.23456, "error": 0.9}], notes=["full disk"]),
            "History(3 updates, loss 1 to 0.3333, best nats 1.235 at update 2, done, 1 note)",
        ),
    ],
)
def test_it_is_printed_in_a_line(history, text):
    assert repr(history) == str(history) == text


def test_the_numbers_are_all_there():
    history = logged(10_000, [{"nats": 2.0}])
    np.testing.assert_array_equal(history.loss, 1 / np.arange(1, 10_001))
    assert history.grad_norm.shape == history.lr.shape == (10_000,)
    assert (history.scores["nats"].tolist(), history.evaluated.tolist()) == ([2.0], [1])
