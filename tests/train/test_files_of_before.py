"""Checkpoints and weights that an earlier version wrote are read, and the training goes on as if nothing had been between.

`tests/golden/before_the_rooms.*` were written by `python tests/train/test_files_of_before.py FOLDER` at commit b567b60.
"""

import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

import tinygrad_rnn as tg

GOLDEN = Path(__file__).resolve().parents[1] / "golden"


def trained(epochs, **more):
    """A small character model with dropout and a carried state, after so many epochs."""
    rng = np.random.default_rng(5)
    model = tg.nn.CharModel(5, tg.nn.LSTM(5, 4, num_layers=2, dropout=0.2, rng=rng), features=5, hidden_size=4, rng=rng)
    ids = rng.integers(0, 5, size=(4, 2, 6))

    def loss_of(model, batch, state):
        logits, state = model(batch[:, :-1], state)
        return tg.functional.cross_entropy(logits, batch[:, 1:]), state

    adam = tg.optim.Adam(model.parameters(), lr=0.01)
    tg.train.fit(
        model, loss_of, lambda rng: ids[rng.permutation(4)], adam, epochs=epochs, stateful=True, clip=1.0, rng=rng, **more
    )
    return model


def same(state, other):
    assert {*state} == {*other}
    for name, value in state.items():
        np.testing.assert_allclose(value, other[name], rtol=0, atol=1e-12, err_msg=name)


def test_a_checkpoint_of_before_goes_on(tmp_path):
    path = shutil.copy(GOLDEN / "before_the_rooms.npz", tmp_path / "run.npz")
    resumed = trained(2, checkpoint=path, resume=True)
    same(resumed.state_dict(), trained(2).state_dict())


def test_weights_of_before_are_loaded():
    pytest.importorskip("safetensors")
    same(tg.io.load(GOLDEN / "before_the_rooms.safetensors"), trained(1).state_dict())


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    tg.io.save(trained(1, checkpoint=folder / "before_the_rooms.npz"), folder / "before_the_rooms.safetensors")
