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


# ---- a network as one writes it first: a loop that puts every h away ------------------------------------------------------


def into_rows(hs, t, h):
    hs[t] = h


def into_columns(hs, t, h):
    hs.swapaxes(0, 1)[:, t] = h


def into_rows_of_a_slice(hs, t, h):
    hs[t : t + 1] = h


def one_row_each(hs, t, h):
    for k in range(len(h)):
        hs[t, k] = h[k]


def numbers(hs, t, h):
    for k in range(3):
        hs[t, 0, k] = h[0, k]


def added(hs, t, h):
    hs[t] += h


def copied(hs, t, h):
    np.copyto(hs[t], h)


def filled(hs, t, h):
    hs[t].fill(h[0, 0])


class Loop(nn.Module):
    """An RNN in one loop; `keep` puts an h away. `mask` (batch, time) is False where a sequence has ended: its h stays."""

    def __init__(self, keep=None, masking="where"):
        rng = np.random.default_rng(0)
        self.Wx = tg.Tensor(rng.standard_normal((3, 3)), requires_grad=True)
        self.Wh = tg.Tensor(rng.standard_normal((3, 3)), requires_grad=True)
        self.keep, self.masking = keep, masking

    def forward(self, xs, mask=None):
        batch, steps, _ = xs.shape
        h, hs = tg.Tensor(np.zeros((batch, 3))), np.zeros((steps, batch, 3)) if self.keep else []
        for t in range(steps):
            new = tg.tanh(xs[:, t] @ self.Wx + h @ self.Wh)
            if mask is None:
                h = new
            elif self.masking == "where":
                h = tg.where(mask[:, t, None], new, h)
            else:
                h = mask[:, t, None] * new + (1 - mask[:, t, None]) * h
            if self.keep:
                self.keep(hs, t, h)
            else:
                hs.append(h)
        return tg.stack(hs, axis=1)


@pytest.mark.parametrize("mask", [None, np.arange(4) < [[4], [2]]])
@pytest.mark.parametrize("keep", [into_rows, into_columns, into_rows_of_a_slice, one_row_each, numbers, added, copied, filled])
def test_an_h_that_is_written_into_an_array_is_told(keep, mask):
    loop = Loop(keep)
    with pytest.raises((GraphError, ValueError)) as caught:
        loop(BATCH, mask)
    told = caught.value.__cause__ or caught.value  # of a number NumPy says "setting an array element with a sequence", after ours
    assert isinstance(told, GraphError)
    assert "gradient" in told.message
    assert any(word in told.hint for word in ("tg.stack", "tg functions"))


def test_an_h_that_is_written_into_a_tensor_is_told():
    class IntoATensor(Loop):
        def forward(self, xs, mask=None):
            hs = tg.Tensor(np.zeros((4, 2, 3)))
            hs[0] = tg.tanh(xs[:, 0] @ self.Wx)

    with pytest.raises(GraphError, match="would change a recorded value") as caught:
        IntoATensor()(BATCH)
    assert "tg.where" in caught.value.hint


def test_values_alone_have_no_backward_pass_and_say_so():
    loop = Loop(lambda hs, t, h: hs.__setitem__(t, h.data))
    with pytest.raises(GraphError, match="not computed from anything with requires_grad") as caught:
        loop(BATCH).sum().backward()
    assert ".data" in caught.value.hint


def as_a_cell(loop):
    cell = nn.RNNCell(3, 3, rng=np.random.default_rng(9), bias=False)
    cell.load_state_dict({"Wx": loop.Wx.data, "Wh": loop.Wh.data})
    return cell


def test_the_same_loop_with_a_list_is_an_rnn():
    loop = Loop()
    cell = as_a_cell(loop)
    hs, _ = nn.unroll(cell, BATCH)
    outputs = loop(BATCH)
    np.testing.assert_allclose(outputs.data, tg.stack(hs, axis=1).data, rtol=1e-14)
    (outputs**2).sum().backward()
    (tg.stack(hs, axis=1) ** 2).sum().backward()
    np.testing.assert_allclose(loop.Wx.grad, cell.Wx.grad, rtol=1e-12)
    np.testing.assert_allclose(loop.Wh.grad, cell.Wh.grad, rtol=1e-12)


@pytest.mark.parametrize(("masking", "kind"), [("where", bool), ("a product", int), ("a product", float)])
def test_masks_of_a_loop_are_packed_sequences(masking, kind):
    loop, lengths = Loop(masking=masking), [4, 2]
    cell, mask = as_a_cell(loop), nn.mask(lengths, 4).astype(kind)
    last = loop(BATCH, mask)[:, -1]
    _, (wanted,) = nn.unroll(cell, nn.pack([row[:n] for row, n in zip(BATCH, lengths, strict=True)]))
    np.testing.assert_allclose(last.data, wanted.data, rtol=1e-14)
    (last**2).sum().backward()
    (wanted**2).sum().backward()
    np.testing.assert_allclose(loop.Wx.grad, cell.Wx.grad, rtol=1e-12)
    np.testing.assert_allclose(loop.Wh.grad, cell.Wh.grad, rtol=1e-12)


def test_a_loop_is_trained_and_saved(tmp_path):
    pytest.importorskip("safetensors")
    loop, other = Loop(), Loop()
    tg.train.fit(
        loop,
        lambda loop, x: ((loop(x) - 0.5) ** 2).mean(),
        [BATCH],
        tg.optim.SGD(loop.parameters(), lr=0.5),
        epochs=20,
        progress=False,
    )
    assert ((loop(BATCH).data - 0.5) ** 2).mean() < ((other(BATCH).data - 0.5) ** 2).mean()
    tg.io.load_into(other, tg.io.save(loop, tmp_path / "loop.safetensors"))
    assert other(BATCH).data.tolist() == loop(BATCH).data.tolist()


class Remembers(Plain):
    """A cell that also puts every h into an array of its own."""

    def initial_state(self, batch):
        self.hs = np.zeros((4, batch, 3))
        self.t = 0
        return super().initial_state(batch)

    def step(self, x, state):
        (h,) = super().step(x, state)
        self.hs[self.t] = h
        self.t += 1
        return (h,)


def test_a_cell_that_writes_into_an_array_is_told_in_which_step():
    with pytest.raises(GraphError, match="would lose the gradient") as caught:
        nn.unroll(Remembers(), BATCH)
    assert caught.value.where == "t=1 / Remembers"
