"""A model with frozen parameters and with buffers is saved, loaded and resumed whole."""

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn.train import fit, weights_in


class Scaled(tg.nn.Module):
    """A cell under a readout, and a constant that belongs to the model."""

    def __init__(self, seed):
        rng = np.random.default_rng(seed)
        self.cell, self.readout = tg.nn.LSTMCell(2, 3, rng=rng), tg.nn.Linear(3, 1, rng=rng)
        self.mean = tg.Tensor(rng.standard_normal(2))

    def forward(self, x):
        hs, _ = tg.nn.unroll(self.cell, x - self.mean)
        return self.readout(hs[-1])


def frozen(seed=0):
    model = Scaled(seed)
    for p in model.cell.parameters():
        p.requires_grad = False
    return model


X = np.random.default_rng(5).standard_normal((4, 3, 2))


def trained(model, **options):
    sgd = tg.optim.Adam([p for p in model.parameters() if p.requires_grad], 0.1)
    fit(model, lambda model, x: (model(x) ** 2).mean(), [X], sgd, progress=False, **options)
    return model


def test_a_frozen_model_is_loaded_as_it_was(tmp_path):
    pytest.importorskip("safetensors")
    model, other = frozen(0), frozen(1)
    tg.io.load_into(other, tg.io.save(model, tmp_path / "w.safetensors"))
    assert other(X).data.tobytes() == model(X).data.tobytes()
    assert {"cell.Wh", "mean"} <= {*tg.io.load(tmp_path / "w.safetensors")}


def test_a_frozen_model_is_resumed_as_it_was(tmp_path):
    path = tmp_path / "run.npz"
    whole = trained(frozen(0), epochs=5)
    trained(frozen(0), epochs=2, checkpoint=path)
    resumed = trained(frozen(1), epochs=5, checkpoint=path, resume=True)
    assert resumed(X).data.tobytes() == whole(X).data.tobytes()
    other = frozen(2)
    other.load_state_dict(weights_in(path))
    assert other(X).data.tobytes() == whole(X).data.tobytes()
