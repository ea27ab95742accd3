"""A learning rate that follows the scores of a training, also where it was interrupted."""

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn.errors import DataError
from tinygrad_rnn.optim import ReduceLROnPlateau

ROWS = np.arange(12).reshape(3, 4)
SCORES = [3.0, 2.0, 2.5, 2.0, 1.0, 1.5, 1.0, 1.0, 0.5, 0.75]
PLATEAU = ReduceLROnPlateau(factor=0.5, patience=0)


def trained(**options):
    """The history and weights of a training whose scores are SCORES: that of an epoch depends on the number of steps alone."""
    rng = np.random.default_rng(0)
    x, target = rng.standard_normal((12, 3)), rng.standard_normal((12, 1))
    model = tg.nn.Linear(3, 1, rng=rng)
    optimizer = tg.optim.Adam(model.parameters(), 0.1)

    def evaluate(_):
        return SCORES[int(np.max(optimizer.state_dict()["steps"])) // 3 - 1]

    def loss_of(model, rows):
        return tg.functional.mse_loss(model(x[rows]), target[rows])

    options = {"evaluate": evaluate, "schedule": PLATEAU} | options
    history = tg.train.fit(model, loss_of, ROWS, optimizer, progress=False, **options)
    assert optimizer.lr == 0.1
    return history, model.state_dict()


def test_each_epoch_has_the_share_of_the_scores_before():
    history, _ = trained(epochs=8)
    assert next(iter(history.scores.values())).tolist() == SCORES[:8]
    expected = [0.1 * PLATEAU.share_after(SCORES[:epoch]) for epoch in range(8)]
    np.testing.assert_array_equal(history.lr, np.repeat(expected, 3))
    assert expected[-1] == 0.1 / 16


def test_a_training_that_is_resumed_follows_all_its_scores(tmp_path):
    whole, weights = trained(epochs=8)
    for epochs in (4, 6, 8):
        resumed, found = trained(epochs=epochs, checkpoint=tmp_path / "plateau.npz", resume=True)
    assert resumed.lr.tobytes() == whole.lr.tobytes()
    assert all(found[name].tobytes() == weights[name].tobytes() for name in weights)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"evaluate": None}, "without evaluate"),
        ({"mode": "max"}, "mode='max'"),
        ({"schedule": ReduceLROnPlateau("max")}, "mode=None"),
        ({"evaluate": lambda model: {"accuracy": 0.5}}, "would take the lowest accuracy for the best"),
    ],
)
def test_what_does_not_go_together(options, says):
    with pytest.raises(DataError, match=says) as caught:
        trained(epochs=1, **options)
    assert caught.value.hint


def test_it_cannot_come_after_a_schedule_of_updates():
    with pytest.raises(DataError, match="then="):
        tg.schedules.warm_up(3, then=PLATEAU)
