"""What weights mean travels with them, into files and checkpoints, and is compared where they are loaded."""

import json
import warnings

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn.errors import DataError, LoadError
from tinygrad_rnn.nn.meaning import differences, meaning_from, meaning_of
from tinygrad_rnn.train import fit, weights_in
from tinygrad_rnn.train.checkpoint import read_checkpoint, write_checkpoint


def rng():
    return np.random.default_rng(0)


def letters(text):
    return tg.data.vocab.CharVocabulary.from_text(text)


def writer(vocabulary, **options):
    return tg.nn.CharModel(vocabulary, tg.nn.RNNCell(3, 4, rng=rng(), **options), rng=rng())


def classifier(pooling, **options):
    layers = tg.nn.Embedding(6, 3, rng=rng()), tg.nn.GRU(3, 4, rng=rng(), **options), tg.nn.Linear(4, 2, rng=rng())
    return tg.nn.SequenceClassifier(*layers, pooling=pooling)


class Labelled(tg.nn.Module):
    """A readout of one's own, with what its columns stand for."""

    def __init__(self, labels):
        self.readout, self.labels = tg.nn.Linear(3, 2, rng=rng()), labels


class Attending(tg.nn.Module):
    def __init__(self, scale):
        self.attention, self.W = tg.nn.DotAttention(scale=scale), tg.Tensor([1.0], requires_grad=True)


def tied(*order):
    cells = [tg.nn.RNNCell(3, 3, rng=rng()) for _ in range(2)]
    return tg.nn.Stacked([cells[k] for k in order])


OTHERS = {
    "an alphabet": (lambda: writer(letters("abcd")), lambda: writer(letters("wxyz")), "another vocabulary: 4 symbols, here 4"),
    "an order": (
        lambda: writer(tg.data.vocab.CharVocabulary(("b", "a", "c"))),
        lambda: writer(letters("abc")),
        "the same 3 symbols in another order, from id 0 on: 'b' was there, here it is 'a'",
    ),
    "words": (
        lambda: writer(tg.data.vocab.WordVocabulary.from_texts(["a b"])),
        lambda: writer(tg.data.vocab.WordVocabulary.from_texts(["a c"])),
        "1 gone ('b'), 1 new ('c')",
    ),
    "control characters": (lambda: writer(letters("a\u202e")), lambda: writer(letters("a\x1b")), r"'\u202e'"),
    "an unknown id": (
        lambda: writer(tg.data.vocab.CharVocabulary(("a", "\ufffd"), unknown_id=1)),
        lambda: writer(letters("a\ufffd")),
        "its unknown_id was 1, here it is None",
    ),
    "a nonlinearity": (
        lambda: writer(letters("ab"), nonlinearity="relu"),
        lambda: writer(letters("ab")),
        "layer.nonlinearity was 'relu', here it is 'tanh'",
    ),
    "a pooling": (lambda: classifier("mean"), lambda: classifier("max"), "pooling was 'mean', here it is 'max'"),
    "a pooling function": (
        lambda: classifier(tg.nn.pool_mean),
        lambda: classifier(tg.nn.pool_max),
        "pooling was 'pool_mean', here it is 'pool_max'",
    ),
    "a form of the GRU": (
        lambda: classifier("mean", reset_after=False),
        lambda: classifier("mean"),
        "layer.layers.0.reset_after was False",
    ),
    "attention": (lambda: Attending(True), lambda: Attending(False), "attention.scale was True, here it is False"),
    "a priority": (
        lambda: tg.nn.GridLSTM(3, 4, 2, rng=rng()),
        lambda: tg.nn.GridLSTM(3, 4, 2, rng=rng(), priority="time"),
        "blocks.0.priority was 1, here it is 0",
    ),
    "a depth": (
        lambda: tg.nn.GridLSTM(3, 4, 2, rng=rng(), tied=True),
        lambda: tg.nn.GridLSTM(3, 4, 3, rng=rng(), tied=True),
        "blocks.2 was by itself, here it is the same as blocks.0",
    ),
    "sharing": (
        lambda: tied(0, 1, 0),
        lambda: tied(0, 1, 1),
        "layers.2 was the same as layers.0, here it is the same as layers.1",
    ),
    "labels": (
        lambda: Labelled(["no", "yes"]),
        lambda: Labelled(["yes", "no"]),
        "another labels: the same 2 symbols in another order",
    ),
    "a table of one's own": (lambda: Labelled({"a": 0, "b": 1}), lambda: Labelled({"b": 0, "a": 1}), "in another order"),
    "a table the other way round": (lambda: Labelled({0: "a", 1: "b"}), lambda: Labelled({0: "a", 1: "c"}), "1 new ('c')"),
}


def bits(module):
    return {name: value.tobytes() for name, value in module.state_dict().items()}


@pytest.mark.parametrize("name", OTHERS)
def test_weights_of_another_meaning_are_refused_by_state_dicts_and_files(name, tmp_path):
    make, other, says = OTHERS[name]
    module = other()
    for p in module.parameters():
        p.data = p.data + 1
    before = bits(module)
    with pytest.raises(LoadError) as caught:
        module.load_state_dict(make().state_dict())
    assert says in caught.value.message
    assert "the vocabulary and the settings" in caught.value.hint
    pytest.importorskip("safetensors")
    path = tg.io.save(make(), tmp_path / "w.safetensors")
    with pytest.raises(LoadError) as caught:
        tg.io.load_into(module, path)
    assert says in caught.value.message
    assert bits(module) == before


@pytest.mark.parametrize("name", [name for name in OTHERS if name != "a form of the GRU"])
def test_the_same_meaning_and_the_numbers_alone_are_taken(name, tmp_path):
    make, other, _ = OTHERS[name]
    make().load_state_dict(make().state_dict())
    assert json.loads(json.dumps(meaning_of(make())))
    if name not in ("an unknown id", "a depth"):
        other().load_state_dict(dict(make().state_dict()))
    pytest.importorskip("safetensors")
    again = make()
    tg.io.load_into(again, tg.io.save(make(), tmp_path / "w.safetensors"))
    assert bits(again) == bits(make())


def test_what_does_not_change_the_meaning_is_not_compared():
    made = [
        tg.nn.LSTM(3, 4, rng=rng(), dropout=p, project_once=once, forget_bias=b) for p, once, b in ((0, False, 1), (0.5, True, 3))
    ]
    made[1].load_state_dict(made[0].state_dict())
    tg.nn.Stacked([tg.nn.LSTMCell(3, 4, rng=rng())]).load_state_dict(made[0].state_dict())


def test_what_one_side_alone_tells_is_warned_about(tmp_path):
    numbered = writer(4)
    with pytest.warns(UserWarning, match="vocabulary of CharModel was not compared") as warned:
        numbered.load_state_dict(writer(letters("abcd")).state_dict())
    assert warned[0].filename == __file__
    pytest.importorskip("safetensors")
    with pytest.warns(UserWarning, match="vocabulary of CharModel was not compared"):
        tg.io.load_into(writer(letters("abcd")), tg.io.save(numbered, tmp_path / "n.safetensors"))


def test_the_vocabulary_can_be_read_from_the_file(tmp_path):
    pytest.importorskip("safetensors")
    path = tg.io.save(writer(letters("héllo")), tmp_path / "w.safetensors", {"epochs": "3"})
    assert tg.data.vocab.CharVocabulary(**tg.io.load(path).meaning.vocabularies["vocabulary"]) == letters("héllo")
    assert tg.io.metadata(path) == {"epochs": "3"}
    with pytest.raises(DataError, match="metadata under the name"):
        tg.io.save(writer(3), path, {"tinygrad_rnn.meaning": "{}"})


def test_numbers_that_are_rounded_are_said(tmp_path):
    pytest.importorskip("safetensors")
    path = tg.io.save(tg.nn.Linear(3, 2, rng=rng()), tmp_path / "w.safetensors")
    with pytest.warns(UserWarning, match="W as float64, the module has float32: it was rounded"):
        tg.io.load_into(tg.nn.Linear(3, 2, rng=rng(), dtype=np.float32), path)
    path = tg.io.save(tg.nn.Linear(3, 2, rng=rng(), dtype=np.float32), tmp_path / "w.safetensors")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        tg.io.load_into(tg.nn.Linear(3, 2, rng=rng()), path)  # exact


# ---- checkpoints ----------------------------------------------------------------------------------------------------------


def trained(model, path, **options):
    ids = np.array([[0, 1, 1, 0]])

    def loss_of(model, batch):
        return tg.functional.cross_entropy(model(ids[:, :-1])[0], ids[:, 1:])

    adam = tg.optim.Adam(model.parameters(), 0.01)
    return fit(model, loss_of, [0, 1], adam, checkpoint=path, progress=False, **{"epochs": 2, "resume": True} | options)


@pytest.mark.parametrize("name", ["an alphabet", "an order", "a nonlinearity", "control characters"])
def test_a_checkpoint_of_another_meaning_is_refused(name, tmp_path):
    make, other, says = OTHERS[name]
    trained(make(), tmp_path / "run.npz", epochs=1)
    trained(make(), tmp_path / "run.npz")
    model = other()
    before = bits(model)
    for load in (
        lambda: trained(model, tmp_path / "run.npz"),
        lambda: model.load_state_dict(weights_in(tmp_path / "run.npz")),
    ):
        with pytest.raises(LoadError) as caught:
            load()
        assert says in caught.value.message
    assert bits(model) == before


def test_a_checkpoint_in_another_dtype_is_refused(tmp_path):
    trained(tg.nn.CharModel(2, tg.nn.LSTMCell(3, 4, rng=rng()), rng=rng()), tmp_path / "run.npz", epochs=1)
    with tg.default_dtype(np.float32):
        model = tg.nn.CharModel(2, tg.nn.LSTMCell(3, 4, rng=rng()), rng=rng())
        with pytest.raises(LoadError, match=r"it was trained in float64, and embedding.W is float32 here"):
            trained(model, tmp_path / "run.npz")


HOSTILE = [
    3, None, [], {}, "text", {"settings": {}}, {"settings": {}, "vocabularies": {}, "shared": []},
    {"settings": {}, "vocabularies": {"v": 3}, "shared": {}},
    {"settings": {}, "vocabularies": {"v": {"symbols": "abc"}}, "shared": {}},
    {"settings": {}, "vocabularies": {"v": {"symbols": [1]}}, "shared": {}},
    {"settings": {}, "vocabularies": {"v": {"symbols": ["a"], "unknown_id": "0"}}, "shared": {}},
    {"settings": {}, "vocabularies": {}, "shared": {"a": 3}},
    {"settings": {}, "vocabularies": {}, "shared": {}, "cells": {"a": 3}},
    {"settings": {}, "vocabularies": {}, "shared": {}, "cells": None},
]  # fmt: skip


@pytest.mark.parametrize("data", HOSTILE)
def test_a_meaning_of_another_form_is_refused(data, tmp_path):
    with pytest.raises(ValueError, match=r"."):
        meaning_from(data)
    path = tmp_path / "run.npz"
    trained(writer(letters("ab")), path, epochs=1)
    arrays, note = read_checkpoint(path)
    write_checkpoint(path, arrays, note | {"meaning": data})
    if data is not None:
        with pytest.raises(LoadError):
            trained(writer(letters("ab")), path)
    pytest.importorskip("safetensors")
    from safetensors.numpy import save_file

    for text in (json.dumps(data), "{", '{"a": NaN}', '{"a": 1, "a": 1}', "[" * 100_000, "9" * 10_000):
        save_file(writer(letters("ab")).state_dict(), tmp_path / "w.safetensors", {"tinygrad_rnn.meaning": text})
        with pytest.raises(LoadError, match="damaged"):
            tg.io.load(tmp_path / "w.safetensors")


class RenamedCell(tg.nn.RNNCell):
    pass


def test_a_training_is_not_taken_up_with_another_kind_of_cell(tmp_path):
    def model(kind):
        return tg.nn.CharModel(letters("ab"), kind(2, 3, rng=rng()), rng=rng())

    path = tmp_path / "run.npz"
    trained(model(tg.nn.RNNCell), path, epochs=1)
    with pytest.raises(LoadError, match="another kind of cell: layer was RNNCell, here it is RenamedCell"):
        trained(model(RenamedCell), path)


def test_files_that_do_not_tell_the_kinds_of_cells_are_loaded(tmp_path):
    path = tmp_path / "run.npz"
    trained(writer(letters("ab")), path, epochs=1)
    arrays, note = read_checkpoint(path)
    del note["meaning"]["cells"]
    write_checkpoint(path, arrays, note)
    trained(writer(letters("ab")), path)


def test_settings_and_symbols_that_are_strange_are_shown_in_a_line():
    plain = meaning_of(writer(letters("ab")))
    strange = plain._replace(settings={"layer.nonlinearity": "\x1b[31m" * 1000})
    assert [len(line) < 200 and line.isprintable() for line in differences(strange, plain)] == [True]
