"""Checkpoints that are well formed and wrong: every field, with values of other kinds, is refused as a `LoadError` or taken as it is."""

import zipfile
from contextlib import suppress

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn.errors import LoadError, TinygradRnnError
from tinygrad_rnn.train import fit, weights_in
from tinygrad_rnn.train.checkpoint import read_checkpoint, write_checkpoint

VALUES = [
    None, True, -1, 1.5, 10**400, -(10**400), "text", "\x1b[31m", [], {}, [[]], {"a": 1}, [0], [0, 0, 0], ["a", "b"], {"tuple": 3},
    {"tensor": "../../etc/passwd"}, {"tensor": 0}, {"dict": [[[], None]]},
]  # fmt: skip
COLUMNS = [
    np.array("text"), np.array(["a", "b"]), np.array(["NaT"], "M8[s]"), np.zeros((2, 2)), np.array(1.0), np.array([], "f8"),
    np.array([1j, 2j]), np.array([True, False]), np.array([-1, 10**9]), np.zeros(2, [("a", "f8")]), np.full(2, np.nan),
]  # fmt: skip


def train(path, batches=((0, 1), (1, 0)), kind=np.random.PCG64, updates=4):
    rng = np.random.Generator(kind(0))
    model = tg.nn.CharModel(tg.data.vocab.CharVocabulary.from_text("ab"), tg.nn.LSTMCell(2, 2, rng=rng), rng=rng)

    def loss_of(model, batch, state):
        logits, state = model(np.array([batch]), state)
        return tg.functional.cross_entropy(logits, np.array([batch])), state

    adam = tg.optim.Adam(model.parameters(), 0.01)
    fit(
        model, loss_of, lambda rng: [batches[k] for k in rng.permutation(2)], adam, updates=updates, checkpoint=path, resume=True,
        stateful=True, evaluate=lambda model: {"a": 1.0, "b": 2.0}, patience=99, every=3, rng=rng, progress=False,
    )  # fmt: skip
    return model


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    path = tmp_path_factory.mktemp("good") / "run.npz"
    train(path, updates=3)
    return read_checkpoint(path)


def attempt(path, arrays, note):
    """Whether a changed checkpoint is taken; the only other end is a `LoadError`, with a hint and without control characters."""
    write_checkpoint(path, arrays, note)
    with suppress(TinygradRnnError):  # numbers that are good as such: weights of NaN, a state of another size
        try:
            train(path)
        except LoadError as caught:
            return not (caught.hint and "\x1b" not in str(caught))
    return True


def places(data, path=()):
    """The path of everything in a note."""
    yield path
    pairs = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, value in pairs:
        yield from places(value, (*path, key))


def changed(data, path, value):
    if not path:
        return value
    copy = data.copy()
    copy[path[0]] = changed(data[path[0]], path[1:], value)
    return copy


@pytest.mark.filterwarnings("ignore:.*was not compared")
def test_every_field_of_the_note_with_a_value_of_another_kind(good, tmp_path):
    arrays, note = good
    rng = np.random.default_rng(0)
    for place in [*places(note)][1:]:
        for k in rng.permutation(len(VALUES))[:2]:
            attempt(tmp_path / "run.npz", arrays, changed(note, place, VALUES[k]))


@pytest.mark.filterwarnings("ignore:.*was not compared")
def test_every_array_of_another_kind(good, tmp_path):
    arrays, note = good
    for name in arrays:
        taken = [attempt(tmp_path / "run.npz", {**arrays, name: column}, note) for column in COLUMNS[::2]]
        assert sum(taken) <= 3, name
        if not name.startswith(("history/scores", "optimizer/weight_decay", "optimizer/amsgrad")):  # files of before lack these
            assert not attempt(tmp_path / "run.npz", {k: v for k, v in arrays.items() if k != name}, note), name


REFUSED = {
    "a place in infinity": {"place": [1e400, 0]},
    "a place of text": {"place": ["0", "0"]},
    "a place before the start": {"place": [0, -1]},
    "a place beyond the history": {"place": [0, 10**400]},
    "a learning rate below 0": {"lr": -1.0},
    "a huge learning rate": {"lr": 10**400},
    "another mode": {"mode": "max"},
}


@pytest.mark.parametrize("name", REFUSED)
def test_numbers_out_of_range(name, good, tmp_path):
    arrays, note = good
    changes = REFUSED[name]
    changes = {"log": note["log"] | changes} if name == "another mode" else changes
    assert not attempt(tmp_path / "run.npz", arrays, note | changes)


@pytest.mark.parametrize("best", [10**400, "low", [1], True])
def test_a_best_score_that_is_no_number(best, good, tmp_path):
    arrays, note = good
    assert not attempt(tmp_path / "run.npz", arrays, note | {"log": note["log"] | {"best": best}})


@pytest.mark.parametrize("name", ["loss", "grad_norm", "lr", "epochs", "evaluated", "scores/a", "scores/b"])
def test_a_history_of_text(name, good, tmp_path):
    arrays, note = good
    text = np.array(["1"] * len(arrays[f"history/{name}"]) or ["1"])
    assert not attempt(tmp_path / "run.npz", {**arrays, f"history/{name}": text}, note)


@pytest.mark.parametrize(("kind", "name"), [(np.random.MT19937, "pos"), (np.random.Philox, "buffer_pos")])
@pytest.mark.parametrize("value", [-1, 10**6, 2**31 - 1])
def test_a_generator_that_would_read_beyond_its_numbers(kind, name, value, tmp_path):
    path = tmp_path / "run.npz"
    train(path, kind=kind, updates=3)
    arrays, note = read_checkpoint(path)
    state = note["generators"]["rng"]
    (state["state"] if name == "pos" else state)[name] = value
    write_checkpoint(path, arrays, note)
    with pytest.raises(LoadError, match=f"{name}={value}"):
        train(path, kind=kind)


def test_entries_that_come_twice_or_lie_over_each_other_and_names_that_lead_elsewhere(good, tmp_path):
    path = tmp_path / "run.npz"
    write_checkpoint(path, *good)
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("note.npy", archive.read("note.npy"))
    with pytest.raises(LoadError, match="comes twice"):
        weights_in(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a" * 10, b"x" * 1000)
        first = archive.infolist()[0]
        for k in range(99):  # a hundred names for one content
            other = zipfile.ZipInfo(f"{k:010}")
            other.header_offset, other.CRC, other.file_size, other.compress_size = 0, first.CRC, 1000, 1000
            archive.filelist.append(other)
            archive.NameToInfo[other.filename] = other
        archive._didModify = True
    with pytest.raises(LoadError, match="a damaged checkpoint"):
        weights_in(path)
    write_checkpoint(path, {**good[0], "weights/../../../escaped": np.ones(1)}, good[1])
    with pytest.raises(LoadError, match="left over"):
        train(path)
    assert [file.name for file in tmp_path.iterdir()] == ["run.npz"]


@pytest.mark.parametrize(
    "text", ['{"a": NaN}', '{"a": 1, "a": 1}', "[" * 100_000, '{"a":' * 5_000, "9" * 10_000, '"\\ud800"', "\xff"]
)
def test_notes_that_are_no_plain_json(text, good, tmp_path):
    note = np.frombuffer(text.encode("latin-1"), np.uint8)
    np.savez(tmp_path / "run.npz", **{**good[0], "note": note})
    with pytest.raises(LoadError, match="a damaged checkpoint"):
        weights_in(tmp_path / "run.npz")
