"""What is too large is counted before it is computed, and an axis of time has equal steps."""

from itertools import pairwise

import numpy as np
import pytest
from page_files import chunks_of

import tinygrad_rnn as tg
from tinygrad_rnn.errors import DataError
from tinygrad_rnn.viz import from_loss


def test_a_graph_that_is_too_large_is_refused_before_anything_is_computed_again(monkeypatch):
    w = tg.Tensor([1.0], requires_grad=True)
    loss = w
    for _ in range(30):
        loss = loss * 1.0
    monkeypatch.setattr(from_loss, "MOST_OPS", 20)
    monkeypatch.setattr(from_loss, "snapshot", lambda *_: pytest.fail("it was computed again"))
    for settings in ({}, {"rolled": True}, {"detail": "cell"}):
        with pytest.raises(DataError, match="a picture of 30 ops") as caught:
            tg.draw(loss, **settings)
        assert "up to 20" in caught.value.hint


class Decay:
    """h' = 0.6 h: the gradient falls by the same factor at every step."""

    def __init__(self):
        self.Wh = tg.Tensor(0.6 * np.eye(3), requires_grad=True, name="Wh")

    def initial_state(self, batch):
        return (tg.Tensor(np.ones((batch, 3)), name="h0"),)

    def step(self, x, state):
        return (tg.named(state[0] @ self.Wh + x, "h"),)


@pytest.mark.parametrize("settings", [{}, {"elide": False}, {"open": 2, "elide": False}])
def test_a_steady_decay_is_a_straight_line_in_the_chart(settings, tmp_path):
    hs, _ = tg.nn.unroll(Decay(), np.zeros((1, 30, 3)))
    (chunk,) = chunks_of(tg.draw(hs[-1].sum(), **settings).save(tmp_path / "x.html").read_text(encoding="utf-8"))
    (line,) = chunk["views"]["cell"]["chart"]
    points = [x for x, _ in line["points"]]
    assert len(points) >= 29
    np.testing.assert_allclose(np.diff(points), np.diff(points)[0], atol=0.11)


def test_steps_that_do_not_stand_under_their_columns_are_marked(tmp_path):
    Wh = tg.Tensor(0.6 * np.eye(2), requires_grad=True)
    h = tg.Tensor(np.ones((1, 2)))
    for t in range(1, 31):
        with tg.time_step(t):
            h = tg.named(h @ Wh, "h")
    for elide, marked in (("auto", True), (False, False)):
        path = tg.draw(h.sum(), detail="cell", elide=elide).save(tmp_path / "x.html")
        (chunk,) = chunks_of(path.read_text(encoding="utf-8"))
        view = chunk["views"]["cell"]
        places = {chunk["flow"]["steps"][node]: x for x, node in view["chart"][0]["points"]}
        assert {t: x for x, t in view["times"]}.items() <= places.items()
        assert bool(view["times"]) is marked
        assert all(b - a >= 48 for (a, _), (b, _) in pairwise(view["times"]))


def test_a_snapshot_that_is_too_large_is_refused_too(monkeypatch):
    monkeypatch.setattr(from_loss, "MOST_OPS", 20)
    w = y = tg.Tensor(2.0, requires_grad=True)
    for _ in range(21):
        y = y + w
    with pytest.raises(DataError, match="21 ops"):
        tg.draw(tg.snapshot(y))
