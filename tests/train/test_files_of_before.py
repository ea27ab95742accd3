"""Checkpoints and weights that an earlier version wrote are read, and the training goes on as if nothing had been between.

`tests/golden/before_the_rooms.*` were written by `python tests/train/test_files_of_before.py FOLDER` at commit b567b60,
`before_meanings_*` likewise at 5ccd3b7: the files of that time do not say what their weights mean.
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


def writer(epochs, **more):
    """A model of characters that has a vocabulary, and a cell with a setting."""
    rng = np.random.default_rng(3)
    letters = tg.data.vocab.CharVocabulary.from_text("abcd")
    model = tg.nn.CharModel(letters, tg.nn.RNNCell(3, 4, rng=rng, nonlinearity="relu"), rng=rng)
    ids = rng.integers(0, 4, size=(3, 2, 6))

    def loss_of(model, batch):
        return tg.functional.cross_entropy(model(batch[:, :-1])[0], batch[:, 1:])

    return finished(model, loss_of, ids, rng, epochs, **more)


def classifier(epochs, **more):
    """A model of classes that pools over time, with a GRU in the form of the paper."""
    rng = np.random.default_rng(4)
    layers = tg.nn.Embedding(6, 3, rng=rng), tg.nn.GRU(3, 4, rng=rng, reset_after=False), tg.nn.Linear(4, 2, rng=rng)
    model = tg.nn.SequenceClassifier(*layers, pooling="mean")
    ids, classes = rng.integers(0, 6, size=(3, 2, 5)), rng.integers(0, 2, size=(3, 2))

    def loss_of(model, k):
        return tg.functional.cross_entropy(model(ids[k]), classes[k])

    return finished(model, loss_of, np.arange(3), rng, epochs, **more)


def finished(model, loss_of, batches, rng, epochs, **more):
    adam = tg.optim.Adam(model.parameters(), lr=0.01)
    tg.train.fit(
        model, loss_of, lambda rng: batches[rng.permutation(3)], adam, epochs=epochs, rng=rng, progress=False,
        evaluate=lambda model: sum(float((p.data**2).sum()) for p in model.parameters()), patience=9, **more
    )  # fmt: skip
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


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (writer, "layer.nonlinearity, vocabulary was not compared"),
        (classifier, "layer.layers.0.reset_after, pooling was not compared"),
    ],
)
def test_files_that_do_not_say_what_their_weights_mean_are_loaded_with_a_warning(make, says, tmp_path):
    path = shutil.copy(GOLDEN / f"before_meanings_{make.__name__}.npz", tmp_path / "run.npz")
    with pytest.warns(UserWarning, match=f"this checkpoint does not say what its weights mean: {says}"):
        resumed = make(2, checkpoint=path, resume=True)
    same(resumed.state_dict(), make(2).state_dict())
    make(3, checkpoint=path, resume=True)  # written anew, it tells
    pytest.importorskip("safetensors")
    model = make(2)
    with pytest.warns(UserWarning, match=f"does not say what its weights mean: {says}"):
        tg.io.load_into(model, GOLDEN / f"before_meanings_{make.__name__}.safetensors")
    same(model.state_dict(), make(1).state_dict())


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    for make in (writer, classifier):
        name = folder / f"before_meanings_{make.__name__}"
        tg.io.save(make(1, checkpoint=name.with_suffix(".npz")), name.with_suffix(".safetensors"))
    tg.io.save(trained(1, checkpoint=folder / "before_the_rooms.npz"), folder / "before_the_rooms.safetensors")
