"""What a module is: parameters, frozen ones too, and buffers. All of it is saved, loaded and resumed."""

from __future__ import annotations

import copy
import warnings
from collections import deque

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn import nn
from tinygrad_rnn.errors import DataError, GraphError, LoadError


def seeded(seed=0):
    return np.random.default_rng(seed)


def pair(seed=0):
    """Two layers, of which the first is often frozen."""
    rng = seeded(seed)
    model = nn.Module()
    model.low, model.high = nn.Linear(3, 4, rng=rng), nn.Linear(4, 2, rng=rng)
    return model


class Scaled(nn.Module):
    """A layer behind a mean and a scale that are given."""

    def __init__(self, seed=0, mean=0.0):
        self.mean = tg.Tensor(np.full(3, mean))
        self.scales = [tg.Tensor(2.0), {"count": tg.Tensor(np.array([4, 5], np.int64))}]
        self.layer = nn.Linear(3, 2, rng=seeded(seed))

    def forward(self, x):
        return self.layer((x - self.mean) * self.scales[0])


X = seeded(9).standard_normal((5, 3))


# ---- frozen parameters ----------------------------------------------------------------------------------------------------


def test_a_frozen_parameter_stays_a_parameter():
    model = pair()
    names = [name for name, _ in model.named_parameters()]
    for p in model.low.parameters():
        p.requires_grad = False
    assert [name for name, _ in model.named_parameters()] == names == list(model.state_dict())
    assert list(model.named_buffers()) == []


def test_a_model_that_was_frozen_loads_all_of_itself():
    saved, fresh = pair(1), pair(2)
    for model in (saved, fresh):
        for p in model.low.parameters():
            p.requires_grad = False
    fresh.load_state_dict(saved.state_dict())
    assert fresh.low.W.data.tolist() == saved.low.W.data.tolist()


def test_a_file_keeps_frozen_weights_and_buffers(tmp_path):
    pytest.importorskip("safetensors")
    model, fresh = Scaled(1, mean=7.0), Scaled(2)
    model.layer.freeze(), fresh.layer.freeze()
    path = tg.io.save(model, tmp_path / "model.safetensors")
    tg.io.load_into(fresh, path)
    assert fresh(X).data.tolist() == model(X).data.tolist()
    assert list(tg.io.load(path)) == ["layer.W", "layer.b", "mean", "scales.0", "scales.1.count"]


def test_freeze_and_requires_grad_reach_all_parameters_and_no_buffer():
    model = Scaled()
    assert model.freeze() is model
    assert [p.requires_grad for p in model.parameters()] == [False, False]
    assert model(X).node is None
    assert model.requires_grad_() is model
    assert [p.requires_grad for p in model.parameters()] == [True, True]
    assert not model.mean.requires_grad
    with pytest.raises(DataError, match="requires_grad_"):
        model.requires_grad_("no")


def test_an_optimizer_passes_over_what_is_frozen_and_takes_it_up_again():
    model = pair()
    model.low.freeze()
    sgd = tg.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    low, high = model.low.W.data.tolist(), model.high.W.data.tolist()

    def step():
        sgd.zero_grad()
        model.high(tg.tanh(model.low(X))).sum().backward()
        sgd.step()

    step()
    assert model.low.W.data.tolist() == low
    assert model.high.W.data.tolist() != high
    model.low.requires_grad_()
    step()
    assert model.low.W.data.tolist() != low
    with pytest.raises(GraphError, match="frozen parameters alone"):
        tg.optim.Adam(pair().freeze().parameters())
    with pytest.raises(GraphError, match="needs parameters"):
        tg.optim.Adam([tg.Tensor([1.0])])


@pytest.mark.parametrize("kind", [tg.optim.SGD, tg.optim.Adam, tg.optim.AdamW, tg.optim.RMSprop, tg.optim.Adagrad])
def test_no_optimizer_touches_frozen_weights(kind):
    model = pair()
    model.low.freeze()
    before = model.low.W.data.tolist()
    optimizer = kind(model.parameters(), lr=0.1)
    model.high(model.low(X)).sum().backward()
    tg.optim.clip_grad_norm_(model, 1.0)
    optimizer.step()
    assert model.low.W.data.tolist() == before


def test_a_training_with_frozen_parts_resumes_to_the_bit(tmp_path):
    def loss_of(model, batch):
        return ((model.high(tg.tanh(model.low(batch))) - 1.0) ** 2).mean()

    def run(seed, updates, name):
        model = pair(seed)
        for p in model.low.parameters():
            p.requires_grad = False
        adam = tg.optim.Adam(model.parameters(), lr=0.1)
        tg.train.fit(model, loss_of, [X], adam, updates=updates, every=1, checkpoint=tmp_path / name, resume=True, progress=False)
        return {name: value.tolist() for name, value in model.state_dict().items()}

    whole = run(0, 4, "whole.npz")
    run(0, 2, "part.npz")
    assert run(1, 4, "part.npz") == whole  # another seed: all weights come from the checkpoint


def test_a_deep_copy_keeps_what_is_frozen_and_what_is_a_buffer():
    model = Scaled()
    model.layer.W.requires_grad = False
    twin = copy.deepcopy(model)
    assert [name for name, _ in twin.named_parameters()] == ["layer.W", "layer.b"]
    assert [p.requires_grad for p in twin.parameters()] == [False, True]
    assert [name for name, _ in twin.named_buffers()] == ["mean", "scales.0", "scales.1.count"]


# ---- buffers --------------------------------------------------------------------------------------------------------------


def test_constants_of_a_module_are_buffers():
    model = Scaled()
    assert [name for name, _ in model.named_buffers()] == ["mean", "scales.0", "scales.1.count"]
    assert [name for name, _ in model.named_parameters()] == ["layer.W", "layer.b"]
    fresh = Scaled(3)
    fresh.load_state_dict(Scaled(1, mean=6.0).state_dict())
    assert fresh.mean.data.tolist() == [6.0] * 3
    assert fresh.scales[1]["count"].dtype == np.int64


def test_what_was_computed_is_no_part_of_a_module():
    model = pair()
    model.last = model.low(X)
    model.carried = nn.detach_state((model.last, None))
    with tg.no_grad():
        model.seen = model.low(X)
    assert list(model.state_dict()) == list(pair().state_dict())


def test_files_of_before_buffers_load_with_a_sentence():
    model, old = Scaled(1, mean=3.0), {name: p.data + 1 for name, p in Scaled(2).named_parameters()}
    with pytest.warns(UserWarning, match=r"does not hold mean, scales\.0, scales\.1\.count of Scaled"):
        model.load_state_dict(old)
    assert model.mean.data.tolist() == [3.0] * 3
    assert model.layer.W.data.tolist() == old["layer.W"].tolist()


def test_files_of_before_frozen_weights_load_with_a_sentence_into_a_frozen_model_and_no_other():
    old = {name: value for name, value in pair(1).state_dict().items() if name.startswith("high")}
    frozen = pair(2)
    frozen.low.freeze()
    with pytest.warns(UserWarning, match=r"does not hold low\.W, low\.b of Module"):
        frozen.load_state_dict(old)
    assert frozen.high.W.data.tolist() == old["high.W"].tolist()
    with pytest.raises(LoadError, match=r"missing: low\.W"):
        pair(2).load_state_dict(old)


def test_a_buffer_of_whole_numbers_takes_no_others():
    model = Scaled()
    with pytest.raises(LoadError, match=r"scales\.1\.count is float64, with values that int64 does not have"):
        model.load_state_dict(model.state_dict() | {"scales.1.count": np.array([1.5, 2.0])})
    model.load_state_dict(model.state_dict() | {"scales.1.count": np.array([1.0, 2.0])})
    assert model.scales[1]["count"].data.tolist() == [1, 2]


def test_pytorch_names_hold_frozen_weights_and_buffers():
    model = Scaled(1, mean=5.0)
    model.layer.freeze()
    state = tg.io.to_torch_state_dict(model)
    assert list(state) == ["mean", "scales.0", "scales.1.count", "layer.weight", "layer.bias"]
    fresh = Scaled(2)
    tg.io.from_torch_state_dict(fresh, state)
    assert fresh(X).data.tolist() == model(X).data.tolist()
    with pytest.warns(UserWarning, match="does not hold mean"):
        tg.io.from_torch_state_dict(fresh, {name: value for name, value in state.items() if name != "mean"})


# ---- where parameters are looked for ---------------------------------------------------------------------------------------


def test_a_container_that_holds_itself_or_is_very_deep_is_searched_to_its_end(tmp_path):
    model = pair()
    model.table = {"w": tg.Tensor([1.0], requires_grad=True)}
    model.table["again"] = model.table
    model.queue = deque([tg.Tensor([2.0], requires_grad=True)])
    deep = [tg.Tensor([3.0], requires_grad=True)]
    for _ in range(2000):
        deep = [deep]
    model.deep = deep
    assert len(model.parameters()) == 4 + 3
    assert len(list(model.modules())) == 3
    assert len(model.state_dict()) == 7
    assert model.train(False).training is False
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of parameters that the loss does not reach
        tg.train.fit(
            model, lambda m, x: m.low(x).sum(), [X], tg.optim.SGD(model.parameters(), lr=0.1), updates=1, progress=False,
            checkpoint=tmp_path / "deep.npz",
        )  # fmt: skip


@pytest.mark.parametrize("parts", [{1, tg.Tensor([1.0], requires_grad=True)}, frozenset([nn.Linear(2, 2, rng=seeded())])])
def test_parameters_in_a_set_are_refused(parts):
    model = nn.Module()
    model.parts, model.words = parts, {"a", "b"}
    with pytest.raises(DataError, match=r"in a set \(parts\): a set has no order") as caught:
        model.parameters()
    assert "list or a dict" in caught.value.hint


def test_a_result_does_not_take_the_place_of_a_parameter():
    table, readout = nn.Embedding(5, 3, rng=seeded()), nn.Linear(3, 5, rng=seeded())
    for value, kind in ((table.W.T, "a result"), (table.W.data.T, "an array"), (readout.W.detach(), "a result")):
        with pytest.raises(GraphError, match=rf"Linear\.W is a parameter, and was given {kind} of shape \(3, 5\)") as caught:
            readout.W = value
        assert "share the tensor itself" in caught.value.hint
        assert "in each forward()" in caught.value.hint
    other = nn.Linear(3, 5, rng=seeded(1))
    other.W = readout.W
    assert other.W is readout.W


def test_a_freed_graph_that_a_module_made_once_is_told():
    model = pair()
    model.turned = model.low.W.T
    (model.turned.sum() * 2.0).backward(keep_graph=False)
    with pytest.raises(GraphError) as caught:
        (model.turned.sum() * 2.0).backward(keep_graph=False)
    assert "belongs into forward()" in caught.value.hint


# ---- parameters that no loss reaches ----------------------------------------------------------------------------------------


def cut_in_the_middle(model, x):
    return model.high(tg.tanh(model.low(x)).detach()).sum()


def test_a_half_detached_model_is_named_under_detect_anomaly_once():
    model = pair()
    sgd = tg.optim.SGD(model.parameters(), lr=0.1)
    with tg.detect_anomaly(), warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        for _ in range(3):
            sgd.zero_grad()
            cut_in_the_middle(model, X).backward()
            sgd.step()
    (one,) = told
    assert str(one.message).startswith(
        "2 of 4 parameters got no gradient for this step: W (3, 4), b (4,). They stay as they are."
    )
    assert one.filename == __file__


def test_a_half_detached_model_is_named_by_fit_once():
    model = pair()
    sgd = tg.optim.SGD(model.parameters(), lr=0.1)
    with pytest.warns(RuntimeWarning, match=r"2 of 4 parameters got no gradient.*: low\.W \(3, 4\), low\.b \(4,\)") as told:
        tg.train.fit(model, cut_in_the_middle, [X, X], sgd, epochs=3, progress=False)
    assert len(told) == 1


@pytest.mark.parametrize("epochs", [1, 3])
def test_parts_that_take_turns_or_are_frozen_are_not_named_by_fit(epochs):
    model = pair()
    model.third = nn.Linear(2, 2, rng=seeded()).freeze()
    turns = {"low": lambda: model.low(X).sum(), "high": lambda: model.third(model.high(np.ones((2, 4)))).sum()}
    sgd = tg.optim.SGD(model.parameters(), lr=0.1)
    tg.train.fit(model, lambda model, name: turns[name](), ["low", "high"], sgd, epochs=epochs, progress=False)
