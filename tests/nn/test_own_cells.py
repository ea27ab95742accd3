"""A cell of any class is trained, saved and resumed like a module, wherever it stands in one."""

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn import nn
from tinygrad_rnn.errors import DataError, GraphError


class Plain:
    """Two methods, and no base class."""

    def __init__(self, seed=0, noise=0.0):
        self.W = tg.Tensor(np.random.default_rng(seed).standard_normal((3, 3)), requires_grad=True, name="W")
        self.noise, self.generators = noise, [np.random.default_rng(seed + 1)]

    def initial_state(self, batch):
        return (tg.Tensor(np.zeros((batch, 3)), name="h0"),)

    def step(self, x, state):
        shake = self.noise * self.generators[0].standard_normal(x.shape)
        return (tg.named(tg.tanh(x @ self.W + state[0] + shake), "h"),)


def classifier(noise=0.0):
    rng = np.random.default_rng(0)
    return nn.SequenceClassifier(None, nn.Stacked([nn.GRUCell(3, 3, rng=rng), Plain(noise=noise)]), nn.Linear(3, 2, rng=rng))


def loss_of(model, batch):
    return tg.functional.cross_entropy(model(batch), [0, 1])


BATCH = np.random.default_rng(3).standard_normal((2, 4, 3))


def test_its_weights_are_parameters():
    names = [name for name, _ in classifier().named_parameters()]
    assert "layer.layers.1.W" in names
    both = nn.Stacked([nn.Bidirectional(Plain(0), Plain(1))])
    assert [name for name, _ in both.named_parameters()] == ["layers.0.forwards.W", "layers.0.backwards.W"]


def test_it_is_trained():
    model = classifier()
    before = model.layer.layers[1].W.data.copy()
    tg.train.fit(model, loss_of, [BATCH], tg.optim.SGD(model.parameters(), lr=0.1), epochs=3, progress=False)
    assert np.abs(model.layer.layers[1].W.data - before).max() > 1e-6


def test_generators_in_lists_are_resumed(tmp_path):
    def run(updates, resume):
        model = classifier(noise=0.1)
        tg.train.fit(
            model, loss_of, [BATCH], tg.optim.SGD(model.parameters(), lr=0.1), updates=updates, every=1,
            checkpoint=tmp_path / f"{'whole' if updates == 6 and not resume else 'part'}.npz", resume=resume, progress=False,
        )  # fmt: skip
        return model.layer.layers[1].W.data.tolist()

    whole = run(6, False)
    run(3, False)
    assert run(6, True) == whole


class Arrays(Plain):
    """Looks at numbers where it should compute with tensors."""

    def step(self, x, state):
        return (np.tanh(x.data @ self.W.data + state[0].data),)


class StartsFromArrays(Plain):
    def initial_state(self, batch):
        return (np.zeros((batch, 3)),)


@pytest.mark.parametrize(("kind", "method"), [(Arrays, "step"), (StartsFromArrays, "initial_state")])
def test_a_cell_of_arrays_is_told_that_no_gradient_flows(kind, method):
    with pytest.raises(GraphError, match=rf"{kind.__name__}\.{method} returned a tuple of 1 \(ndarray\)") as caught:
        nn.unroll(kind(), BATCH)
    assert "compute with tensors" in caught.value.hint


class Sized(Plain):
    """What `CharModel` reads off a cell."""

    input_size = hidden_size = 3


def test_a_cell_that_tells_its_sizes_needs_no_more_for_a_model():
    rng = np.random.default_rng(0)
    for layer in (Sized(), nn.Stacked([Sized(), Sized()])):
        model = nn.CharModel(5, layer, rng=rng)
        assert model([[1, 2, 3]])[0].shape == (1, 3, 5)
    with pytest.raises(DataError, match="does not tell its sizes"):
        nn.CharModel(5, Plain(), rng=rng)
    assert nn.CharModel(5, Plain(), rng=rng, features=3, hidden_size=3)([[1, 2, 3]])[0].shape == (1, 3, 5)
    assert all(name in nn.Cell.__doc__ for name in ("CharModel", "SequenceClassifier", "Stacked", "input_size", "hidden_size"))


def test_a_user_cell_that_is_a_module_gets_its_scope():
    class MyCell(nn.Module):
        def __init__(self):
            self.W = tg.Tensor(np.eye(3), requires_grad=True)

        def initial_state(self, batch):
            return (tg.Tensor(np.zeros((batch, 3))),)

        def step(self, x, state):
            return (tg.tanh(x + state[0] @ self.W),)

    assert nn.unroll(MyCell(), np.ones((1, 2, 3)))[0][-1].place == "t=2 / MyCell"
