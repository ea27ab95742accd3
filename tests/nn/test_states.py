"""States in tuples, lists, dicts and named tuples, nested: everything that carries a state carries these."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn import nn
from tinygrad_rnn.errors import DataError, GraphError, ShapeError


class Memory(NamedTuple):
    h: Any
    c: Any


FORMS = {  # how a cell packs h and c into a state, and takes them out
    "tuple": (lambda h, c: (h, c), lambda s: s),
    "list": (lambda h, c: [h, c], lambda s: s),
    "named tuple": (Memory, lambda s: (s.h, s.c)),
    "dict": (lambda h, c: {"h": h, "c": c}, lambda s: (s["h"], s["c"])),
    "dict, c first": (lambda h, c: {"c": c, "h": h}, lambda s: (s["h"], s["c"])),
    "nested": (lambda h, c: ((h, [c]),), lambda s: (s[0][0], s[0][1][0])),
    "dict of dicts": (lambda h, c: {"low": {"c": c, "h": h}}, lambda s: (s["low"]["h"], s["low"]["c"])),
}
EACH = pytest.mark.parametrize("form", FORMS)


class Wrapped:
    """An LSTM whose state is in another form."""

    def __init__(self, form, inputs=3, seed=0):
        self.inside = nn.LSTMCell(inputs, 3, rng=np.random.default_rng(seed))
        self.input_size, self.hidden_size = inputs, 3
        self.pack, self.unpack = FORMS[form]

    def initial_state(self, batch):
        return self.pack(*self.inside.initial_state(batch))

    def step(self, x, state):
        return self.pack(*self.inside.step(x, self.unpack(state)))


X = np.random.default_rng(5).standard_normal((2, 4, 3))


@EACH
@pytest.mark.parametrize("reverse", [False, True])
def test_unrolled_it_computes_the_same_and_keeps_its_form(form, reverse):
    cell = Wrapped(form)
    hs, state = nn.unroll(cell, X, reverse=reverse)
    wanted, (h, c) = nn.unroll(cell.inside, X, reverse=reverse)
    assert [y.data.tolist() for y in hs] == [y.data.tolist() for y in wanted]
    assert type(state) is type(cell.initial_state(2))
    assert [part.data.tolist() for part in cell.unpack(state)] == [h.data.tolist(), c.data.tolist()]
    again, _ = nn.unroll(cell, X, nn.detach_state(state))
    assert [y.data.tolist() for y in again] == [y.data.tolist() for y in nn.unroll(cell.inside, X, (h, c))[0]]


@EACH
@pytest.mark.parametrize("reverse", [False, True])
def test_packed_sequences(form, reverse):
    cell = Wrapped(form)
    parts = [X[0, :2], X[1], X[0, :1]]
    start = nn.unroll(cell, np.ones((3, 1, 3)))[1]
    hs, state = nn.unroll(cell, nn.pack(parts), start, reverse)
    wanted, (h, c) = nn.unroll(cell.inside, nn.pack(parts), cell.unpack(start), reverse)
    assert nn.unpack(hs)[0].data.tolist() == nn.unpack(wanted)[0].data.tolist()
    assert [part.data.tolist() for part in cell.unpack(state)] == [h.data.tolist(), c.data.tolist()]


@EACH
def test_stacked_in_both_directions_and_classified(form):
    rng = np.random.default_rng(0)
    net = nn.Stacked([nn.Bidirectional(Wrapped(form), Wrapped(form, seed=1)), Wrapped(form, 6, seed=2)])
    ys, state = net(X)
    assert type(state[-1]) is type(Wrapped(form).initial_state(1))
    nn.detach_state(state)
    model = nn.SequenceClassifier(None, net, nn.Linear(3, 2, rng=rng), pooling="last")
    loss = tg.functional.cross_entropy(model(X), [0, 1])
    loss.backward()
    assert all(p.grad is not None for p in model.parameters())
    np.testing.assert_allclose(model(X).data, model.readout(ys[-1]).data, rtol=1e-14)


@EACH
def test_a_model_of_characters_writes_with_beams(form):
    rng = np.random.default_rng(0)
    model = nn.CharModel(5, Wrapped(form), rng=rng)
    model.layer = Wrapped(form, model.embedding.W.shape[1]) if model.embedding is not None else Wrapped(form, 5)
    plain = nn.CharModel(5, Wrapped("tuple"), rng=np.random.default_rng(0))
    plain.layer, plain.embedding, plain.readout = model.layer.inside, model.embedding, model.readout
    assert tg.generate(model, [1], 5, method="greedy") == tg.generate(plain, [1], 5, method="greedy")
    assert tg.beam_search(model, [1], 4, beams=3) == tg.beam_search(plain, [1], 4, beams=3)


@pytest.mark.parametrize("form", [form for form in FORMS if form != "named tuple"])
def test_it_is_resumed_from_a_checkpoint(form, tmp_path):
    def loss_of(cell, x, state):
        hs, state = nn.unroll(cell.cell, x, state)
        return tg.stack(hs).sum(), state

    def run(updates, path):
        model = nn.Module()
        model.cell = Wrapped(form)
        sgd = tg.optim.SGD(model.parameters(), lr=0.1)
        tg.train.fit(
            model, loss_of, [X] * 6, sgd, updates=updates, stateful=True, every=1, checkpoint=tmp_path / path, resume=True,
            progress=False,
        )  # fmt: skip
        return {name: value.tolist() for name, value in model.state_dict().items()}

    whole = run(6, "whole.npz")
    run(3, "part.npz")
    assert run(6, "part.npz") == whole


@EACH
def test_probes_and_pictures(form):
    cell = Wrapped(form)
    states = [cell.initial_state(2)]
    x = tg.Tensor(X, requires_grad=True)
    for t in range(2):
        with tg.time_step(t + 1):
            states.append(cell.step(x[:, t], states[-1]))
    J = tg.probe.jacobian(states[2], states[1])
    plain = tg.probe.jacobian(cell.unpack(states[2]), cell.unpack(states[1]))
    order = [1, 0] if form in ("dict, c first", "dict of dicts") else [0, 1]
    blocks = np.split(np.asarray(plain), 2, axis=1)
    blocks = [np.split(block, 2, axis=2) for block in blocks]
    wanted = np.concatenate([np.concatenate([blocks[i][j] for j in order], axis=2) for i in order], axis=1)
    np.testing.assert_allclose(J, wanted, atol=1e-14)
    hs, _ = nn.unroll(cell, X)
    assert tg.draw(hs[-1].sum()).svg().startswith("<svg")


def test_what_is_no_state_is_said():
    class Odd(Wrapped):
        made: Any = None

        def step(self, x, state):
            return self.made

    h = tg.Tensor(np.zeros((2, 3)))
    for made, error, words in (
        (h, ShapeError, "a Tensor, not a state"),
        ({}, ShapeError, "a dict, not a state"),
        ({"h": h.data}, GraphError, r"a dict of 1 \(ndarray\)"),
        ({"h": h, "t": 3}, ShapeError, r"a dict of 2 \(Tensor, int\)"),
        (((h[:1],),), ShapeError, r"a tuple of 1 \(Tensor\) with h of shape \(1, 3\)"),
        (None, ShapeError, "a NoneType, not a state"),
    ):
        cell = Odd("tuple")
        cell.made = made
        with pytest.raises(error, match=words) as caught:
            nn.unroll(cell, X)
        assert caught.value.hint
    with pytest.raises(DataError, match="detach_state of a int"):
        nn.detach_state({"h": [h, 3]})


# ---- states as PyTorch has them ---------------------------------------------------------------------------------------------


def test_a_state_of_pytorch_is_never_taken_for_one_of_ours():
    rng = np.random.default_rng(0)
    net = nn.LSTM(3, 4, 2, rng=rng)
    _, state = net(X)
    (h1, c1), (h2, c2) = state
    net(X, state)
    whole_h, whole_c = tg.stack([h1, h2]), tg.stack([c1, c2])
    for wrong in (([h1, h2], [c1, c2]), [[h1, h2], [c1, c2]], [(h1, h2), (c1, c2)], (whole_h, whole_c), h1, [(c1, h1), (c2, h2)]):
        with pytest.raises(ShapeError) as caught:
            net(X, wrong)
        assert "[(h[k], c[k]) for k in range(num_layers)]" in caught.value.hint
    right = [(whole_h[k], whole_c[k]) for k in range(2)]  # as the hint says
    assert net(X, right)[0].data.tolist() == net(X, state)[0].data.tolist()


@pytest.mark.parametrize("kind", [nn.RNN, nn.LSTM, nn.GRU])
def test_one_layer_takes_a_list_of_one_state(kind):
    net = kind(3, 4, rng=np.random.default_rng(0))
    _, state = net(X)
    for wrong in (state[0], tuple(state), state[0][0], [tg.Tensor(part.data[None]) for part in state[0]]):
        with pytest.raises(ShapeError) as caught:
            net(X, wrong)
        assert caught.value.hint
    with pytest.raises(ShapeError, match=r"h of shape \(1, 2, 4\) in "):
        net(X, [tuple(part[None] for part in state[0])])
    assert net(X, state)[0].shape == (2, 4, 4)


@pytest.mark.parametrize("word", ["batch_first", "proj_size", "device", "layers", "seed"])
@pytest.mark.parametrize("kind", [nn.RNN, nn.LSTM, nn.GRU])
def test_pytorchs_words_for_settings_are_answered(kind, word):
    with pytest.raises(DataError, match=rf"{kind.__name__}\({word}=\.\.\.\)") as caught:
        kind(3, 4, rng=np.random.default_rng(0), **{word: True})
    assert caught.value.hint
    with pytest.raises(TypeError, match="unexpected keyword argument 'colour'"):
        kind(3, 4, rng=np.random.default_rng(0), colour=True)


def test_lengths_lead_to_pack_and_the_hint_runs():
    net, lengths = nn.LSTM(3, 4, rng=np.random.default_rng(0)), [4, 2]
    with pytest.raises(DataError, match=r"LSTM\(lengths=\.\.\.\)") as caught:
        net(X, lengths=lengths)
    assert "tg.nn.pack(xs, lengths)" in caught.value.hint
    outputs, _ = net(tg.nn.pack(X, lengths))
    assert outputs.lengths == (4, 2)


def test_three_arguments_as_in_keras_do_not_read_backwards():
    net = nn.LSTM(3, 4, rng=np.random.default_rng(0))
    _, [(h, c)] = net(X)
    with pytest.raises(DataError, match="reverse="):
        net(X, [(h, c)], c)


def test_a_class_of_ones_own_may_take_pytorchs_words():
    class Mine(nn.Module):
        def __init__(self, layers, batch_first=False):
            self.layers = layers

    class Open(nn.Module):
        def __init__(self, **options):
            self.options = options

    assert (Mine(layers=3, batch_first=True).layers, Open(device=1).options) == (3, {"device": 1})
