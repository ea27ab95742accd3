"""ReduceLROnPlateau against PyTorch, and the settings that it refuses."""

import math

import numpy as np
import pytest
import torch_plateau

import tinygrad_rnn as tg
from tinygrad_rnn.errors import DataError
from tinygrad_rnn.optim import ReduceLROnPlateau


@pytest.mark.parametrize("case", torch_plateau.CASES)
def test_learning_rates_of_thirty_epochs_are_those_of_pytorch(case):
    plateau, scores = ReduceLROnPlateau(**torch_plateau.CASES[case]), torch_plateau.scores()
    shares = [plateau.share_after(scores[:n]) for n in range(torch_plateau.EPOCHS + 1)]
    np.testing.assert_allclose(shares, torch_plateau.stored()[case], rtol=1e-14)


@pytest.mark.torch
@pytest.mark.parametrize("case", torch_plateau.CASES)
def test_the_stored_learning_rates_are_those_of_the_pytorch_here(case):
    pytest.importorskip("torch")
    np.testing.assert_allclose(torch_plateau.rates(case), torch_plateau.stored()[case], rtol=1e-14)


def test_it_remembers_nothing():
    plateau = ReduceLROnPlateau(patience=0, factor=0.5)
    assert [plateau.share_after(iter([1.0, 1.0])) for _ in range(3)] == [0.5] * 3
    assert plateau.share_after([]) == 1.0


@pytest.mark.parametrize(
    "settings",
    [
        {"mode": "low"}, {"mode": None}, {"mode": ["min"]}, {"threshold_mode": "relative"}, {"factor": 1.0}, {"factor": 0}, {"factor": 2},
        {"factor": "a"}, {"factor": math.nan}, {"patience": -1}, {"patience": 1.5}, {"patience": True}, {"cooldown": -1},
        {"cooldown": None}, {"threshold": -1e-4}, {"threshold": math.nan}, {"lowest": -0.1}, {"lowest": 1.5}, {"lowest": None},
    ],
)  # fmt: skip
def test_settings_of_nonsense(settings):
    (name,) = settings
    with pytest.raises(DataError, match=f"{name}=") as caught:
        tg.schedules.ReduceLROnPlateau(**settings)
    assert caught.value.hint


@pytest.mark.parametrize("scores", [1.0, None, ["a"], [None], [[1.0, 2.0]], [10**400]])
def test_scores_are_numbers(scores):
    with pytest.raises(DataError, match="share_after") as caught:
        ReduceLROnPlateau().share_after(scores)
    assert caught.value.hint
