"""The training loop: what it computes, what it keeps, and what survives when something goes wrong."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import zipfile
from collections import OrderedDict
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn.data.batches import text_windows
from tinygrad_rnn.errors import DataError, GraphError, LoadError, NumericError
from tinygrad_rnn.optim.schedules import cosine, warm_up
from tinygrad_rnn.shared.terminal import Progress
from tinygrad_rnn.train import DivergenceError, fit, weights_in
from tinygrad_rnn.train.checkpoint import read_checkpoint
from tinygrad_rnn.train.random_generators import notes_of, rewind

cases = pytest.mark.parametrize
TEXT = np.frombuffer(b"the cat sat on the mat and the dog sat on the cat; " * 4, np.uint8) % 32


class Words(tg.nn.Module):
    """A small character model with dropout, whose generator must be saved too."""

    def __init__(self, rng, symbols=32):
        self.embedding, self.cell = tg.nn.Embedding(symbols, 4, rng=rng), tg.nn.LSTMCell(4, 5, rng=rng)
        self.readout, self.rng = tg.nn.Linear(5, symbols, rng=rng), np.random.default_rng(7)

    def forward(self, ids, state=None):
        hs, state = tg.nn.unroll(self.cell, self.embedding(ids), state)
        return self.readout(tg.functional.dropout(tg.stack(hs, 1), 0.1, self.rng, self.training)), state


def loss_of(model, window, state):
    logits, state = model(window.x, state)
    return tg.functional.cross_entropy(logits, window.y), state


def held_out(model):
    return tg.functional.cross_entropy(model(TEXT[None, :40])[0], TEXT[None, 1:41]).item()


def shuffled(rng):
    """Batches that depend on the generator: another place to start in every epoch, and lazily drawn noise besides."""
    for window in text_windows(TEXT[rng.integers(0, 9) :], 2, 8):
        yield window._replace(x=np.where(rng.random(window.x.shape) < 0.05, 0, window.x))


def train(make=tg.optim.Adam, **options):
    """A training with everything on; returns the model, the optimizer, the history and the generator."""
    rng = np.random.default_rng(1)
    model = Words(rng)
    optimizer = make(model.parameters(), lr=0.02)
    options = {
        "epochs": 4,
        "clip": 0.5,
        "schedule": warm_up(3, cosine(40)),
        "evaluate": held_out,
        "patience": 9,
        "every": 5,
    } | options
    options = {"batches": shuffled, "loss_of": loss_of, "stateful": True} | options
    stop, options["loss_of"] = options.pop("stop", None), options["loss_of"]
    plain = options["loss_of"]
    count = iter(range(1, 10**9))

    def counted(*given):
        if stop and next(count) == stop[0]:
            stop[1](model)
        return plain(*given)

    options["loss_of"] = counted
    history = fit(model, options.pop("loss_of"), options.pop("batches"), optimizer, rng=rng, progress=False, **options)
    return model, optimizer, history, rng


def everything(run):
    """All that must be equal, as bytes."""
    model, optimizer, history, rng = run
    arrays = {**model.state_dict(), **optimizer.state_dict(), **history.scores}
    arrays |= {name: getattr(history, name) for name in ("loss", "grad_norm", "lr", "epochs", "evaluated")}
    states = [generator.bit_generator.state for generator in (rng, model.rng)]
    return {k: (v.dtype, v.tobytes()) for k, v in arrays.items()}, states, history.best, history.best_update


def interrupt(model):
    os.kill(os.getpid(), signal.SIGINT)


# ---- what it computes -----------------------------------------------------------------------------------------------------


def test_it_is_the_loop_one_would_write():
    rng = np.random.default_rng(0)
    x, target = rng.standard_normal((12, 3)), rng.standard_normal((12, 1))

    def loss_of(model, rows):
        return tg.functional.mse_loss(model(x[rows]), target[rows])

    one, two = (tg.nn.Linear(3, 1, rng=np.random.default_rng(5)) for _ in range(2))
    rows = np.arange(12).reshape(3, 4)
    history = fit(one, loss_of, rows, tg.optim.SGD(one.parameters(), 0.1), epochs=2, clip=0.7, schedule=cosine(6), progress=False)
    optimizer, losses = tg.optim.SGD(two.parameters(), 0.1), []
    for done, batch in enumerate([*rows, *rows]):
        optimizer.zero_grad()
        loss = loss_of(two, batch)
        loss.backward()
        tg.optim.clip_grad_norm_(two, 0.7)
        optimizer.lr = 0.1 * cosine(6)(done)
        optimizer.step()
        losses.append(loss.item())
    assert history.loss.tolist() == losses
    assert one.W.data.tobytes() == two.W.data.tobytes()
    assert (history.epochs.tolist(), history.stopped, history.best, history.scores) == ([3, 6], "done", None, {})
    assert history.lr.tolist() == [0.1 * cosine(6)(done) for done in range(6)]


def test_the_state_is_carried_detached_and_forgotten_between_epochs():
    seen = []

    def watching(model, window, state):
        seen.append(None if state is None else (state[0].requires_grad, state[0].numpy().copy()))
        logits, state = model(window.x, state)
        seen.append(state[0].numpy().copy())
        return tg.functional.cross_entropy(logits, window.y), state

    train(loss_of=watching, batches=text_windows(TEXT[:34], 2, 8), epochs=2, evaluate=None, patience=None)
    assert len(seen) == 8
    for start in (0, 4):
        assert seen[start] is None
        needs, value = seen[start + 2]
        assert not needs
        assert value.tobytes() == seen[start + 1].tobytes()


def test_a_long_text_in_windows_learns_and_its_graph_does_not_grow():
    _, _, history, _ = train(epochs=20, schedule=None, batches=text_windows(TEXT, 2, 8), every=None, patience=None)
    assert history.loss[-1] < history.loss[0] - 0.5
    assert history.epochs.tolist() == history.evaluated.tolist()
    assert history.scores["held_out"][-1] < history.scores["held_out"][0]


def test_shorter_than_one_window_and_one_character_alone():
    windows = text_windows(np.array([1, 0, 1]), 1, 50)
    assert [window.x.shape for window in windows] == [(1, 2)]
    assert train(batches=windows, epochs=2, evaluate=None, patience=None)[2].loss.shape == (2,)
    model = Words(np.random.default_rng(0), symbols=1)
    ids = tg.data.vocab.CharVocabulary.from_text("aaaa").encode("aaaaaaa")
    history = fit(
        model, loss_of, text_windows(ids, 2, 2), tg.optim.Adam(model.parameters()), epochs=1, stateful=True, progress=False
    )
    assert history.loss.tolist() == [0.0]


def test_scores_by_name_dropout_off_and_nothing_recorded():
    def evaluate(model):
        assert not model.training
        assert not (model.readout.W * 2).requires_grad
        return {"nats": held_out(model), "second": 2}

    model, _, history, _ = train(evaluate=evaluate)
    assert model.training
    assert list(history.scores) == ["nats", "second"]
    assert history.best == history.scores["nats"].min()
    assert history.evaluated[history.scores["nats"].argmin()] == history.best_update


def test_early_stop_gives_the_best_weights_back():
    scores, weights = iter([3.0, 1.0, 2.0, 1.0, 5.0, 0.0]), []

    def evaluate(model):
        weights.append(model.state_dict())
        return next(scores)

    model, _, history, _ = train(evaluate=evaluate, every=2, patience=2, epochs=50)
    assert history.evaluated.tolist() == [2, 4, 6, 8]  # 1.0 again is not better
    assert (history.stopped, history.best, history.best_update) == ("no better for 2 evaluations", 1.0, 4)
    assert all((model.state_dict()[name] == value).all() for name, value in weights[1].items())
    assert not (model.readout.W.data == weights[-1]["readout.W"]).all()


def test_updates_may_end_in_the_middle_of_an_epoch_and_the_last_weights_are_evaluated():
    _, optimizer, history, _ = train(epochs=None, updates=7)
    assert (history.loss.shape, history.evaluated.tolist(), history.stopped, optimizer.lr) == ((7,), [5, 7], "done", 0.02)


def test_progress_goes_to_its_stream_in_plain_lines():
    stream = io.StringIO()
    model = Words(np.random.default_rng(1))
    optimizer = tg.optim.SGD(model.parameters(), 0.1)
    progress = Progress(0, stream, every=0.0)
    fit(
        model,
        loss_of,
        lambda rng: shuffled(rng),
        optimizer,
        updates=4,
        stateful=True,
        rng=np.random.default_rng(0),
        progress=progress,
    )
    lines = stream.getvalue().splitlines()
    assert len(lines) == 4
    assert " 50%  epoch 1  update 2  loss " in lines[1]
    Progress(0, stream, every=0.0).update(3, "no end known")
    assert stream.getvalue().endswith("  no end known\n")


# ---- resume ---------------------------------------------------------------------------------------------------------------


@cases(
    "make", [tg.optim.Adam, tg.optim.AdamW, tg.optim.RMSprop, tg.optim.Adagrad, lambda p, lr: tg.optim.SGD(p, lr, momentum=0.9)]
)
@cases("cut", [5, 8, 13, 19])
def test_a_resumed_training_is_equal_to_the_bit(make, cut, tmp_path):
    whole = train(make)
    path = tmp_path / "run.npz"
    _, _, first, _ = train(make, checkpoint=path, updates=cut)
    assert (first.loss.size, first.stopped) == (cut, "done")
    second = train(make, checkpoint=path, resume=True)
    assert second[2].loss.size == whole[2].loss.size > 20
    assert everything(second) == everything(whole)
    again = train(make, checkpoint=path, resume=True)  # nothing is left to do
    assert everything(again) == everything(whole)
    assert [file.name for file in tmp_path.iterdir()] == ["run.npz"]


def test_a_learning_rate_that_fell_to_zero_comes_back(tmp_path):
    options = {"schedule": cosine(6), "updates": 14}
    train(checkpoint=tmp_path / "run.npz", **options | {"updates": 9})
    assert everything(train(checkpoint=tmp_path / "run.npz", resume=True, **options)) == everything(train(**options))


@cases("at", [1, 6, 14])
def test_ctrl_c_saves_stops_and_goes_on_later(at, tmp_path):
    path = tmp_path / "run.npz"
    handler = signal.getsignal(signal.SIGINT)
    _, _, history, _ = train(checkpoint=path, stop=(at, interrupt))
    assert (history.stopped, history.loss.size, signal.getsignal(signal.SIGINT)) == ("interrupted", at, handler)
    assert everything(train(checkpoint=path, resume=True)) == everything(train())


def test_an_interrupt_that_comes_as_an_exception_saves_what_is_whole(tmp_path):
    def stop(model):
        model.rng.random(5)  # in the middle of a batch: these draws are taken back
        raise KeyboardInterrupt

    history = train(checkpoint=tmp_path / "run.npz", stop=(9, stop))[2]
    assert (history.stopped, history.loss.size) == ("interrupted", 8)
    assert everything(train(checkpoint=tmp_path / "run.npz", resume=True)) == everything(train())


def test_a_second_ctrl_c_stops_at_once(tmp_path):
    def twice(model):
        interrupt(model)
        interrupt(model)

    with pytest.raises(KeyboardInterrupt):
        train(checkpoint=tmp_path / "run.npz", stop=(7, twice))
    assert read_checkpoint(tmp_path / "run.npz")[1]["place"] == [0, 5]
    assert everything(train(checkpoint=tmp_path / "run.npz", resume=True)) == everything(train())


def test_a_training_that_stopped_early_stays_stopped(tmp_path):
    options = {"evaluate": lambda model: 1.0, "patience": 2, "checkpoint": tmp_path / "run.npz"}
    first = train(**options)
    second = train(**options, resume=True)
    assert (first[2].stopped, second[2].loss.size) == (second[2].stopped, first[2].loss.size)
    best = weights_in(tmp_path / "run.npz", best=True)
    assert all(best[name].tobytes() == value.tobytes() for name, value in second[0].state_dict().items())


def test_without_resume_it_starts_anew_and_with_it_a_file_need_not_exist(tmp_path):
    path = tmp_path / "run.npz"
    train(checkpoint=path, updates=3)
    assert everything(train(checkpoint=path)) == everything(train(checkpoint=tmp_path / "new.npz", resume=True))


class Memory(NamedTuple):
    h: tg.Tensor


def carrying(make):
    """A loss whose state is what `make` makes of a tensor; what came in is kept in `seen`."""
    seen = []

    def loss_of(model, batch, state):
        seen.append(state)
        return model(batch).sum(), make(model.W * 1.0)

    return loss_of, seen


def linear(loss_of, path, **options):
    model = tg.nn.Linear(2, 2, rng=np.random.default_rng(0), dtype=np.float32)
    batches, sgd = [np.ones((1, 2), np.float32)] * 4, tg.optim.SGD(model.parameters(), 0.1)
    fit(model, loss_of, batches, sgd, stateful=True, checkpoint=path, progress=False, **options)
    return model


@cases(
    "make",
    [
        lambda x: [(x, None), {"h": [x], 3: x}, ()],
        lambda x: {"a": {}, 0: (x,), "0": [x]},
        lambda x: OrderedDict(h=x),
        lambda x: None,
    ],
)
def test_states_of_every_shape_come_back(make, tmp_path):
    whole, first, second = carrying(make), carrying(make), carrying(make)
    linear(whole[0], tmp_path / "whole.npz", updates=4)
    linear(first[0], tmp_path / "run.npz", updates=2)
    linear(second[0], tmp_path / "run.npz", updates=4, resume=True)
    assert (len(first[1]), len(second[1])) == (2, 2)
    assert [repr(state) for state in first[1] + second[1]] == [repr(state) for state in whole[1]]


@cases(
    ("make", "message"),
    [
        (Memory, "a checkpoint cannot keep a state with a Memory"),
        (lambda x: [(Memory(x),)], "a checkpoint cannot keep a state with a Memory"),
        (lambda x: {(1, 2): x}, "a checkpoint cannot keep a state with a dict that has the key (1, 2)"),
        (lambda x: {True: x}, "a checkpoint cannot keep a state with a dict that has the key True"),
    ],
)
def test_a_state_that_could_not_come_back_is_refused_before_the_first_update(make, message, tmp_path):
    loss_of, seen = carrying(make)
    with pytest.raises(DataError) as caught:
        linear(loss_of, tmp_path / "run.npz", updates=4)
    assert (caught.value.message, bool(caught.value.hint), seen, list(tmp_path.iterdir())) == (message, True, [None], [])
    linear(loss_of, None, updates=4)  # without a checkpoint it is carried as it is
    assert type(seen[-1]) is type(make(tg.Tensor([1.0])))


@cases("kind", ["PCG64", "MT19937", "Philox", "SFC64"])
def test_generators_of_every_kind_come_back(kind):
    rng = np.random.Generator(getattr(np.random, kind)(3))
    rng.random(3), rng.integers(0, 9, dtype=np.int32)
    note = json.loads(json.dumps(notes_of({"rng": rng})["rng"]))
    expected = rng.random(4).tolist()
    rewind({"rng": rng}, {"rng": note})
    assert rng.random(4).tolist() == expected
    for wrong in ({"bit_generator": "other"}, {}, [], {**note, "state": 3}):
        with pytest.raises(LoadError):
            rewind({"rng": rng}, {"rng": wrong})


# ---- damage ---------------------------------------------------------------------------------------------------------------


def refused(path, **options):
    """The error of a resume, which must change nothing."""
    rng = np.random.default_rng(1)
    model = options.pop("model", None) or Words(rng)
    optimizer = options.pop("optimizer", tg.optim.Adam)(model.parameters(), lr=0.02)
    before = {**model.state_dict(), **optimizer.state_dict()}, rng.bit_generator.state
    with pytest.raises(LoadError) as caught:
        options |= {"epochs": 1, "stateful": True, "checkpoint": path, "resume": True, "rng": rng, "progress": False}
        fit(model, loss_of, shuffled, optimizer, **options)
    after = {**model.state_dict(), **optimizer.state_dict()}, rng.bit_generator.state
    assert all((before[0][name] == value).all() for name, value in after[0].items())
    assert (before[1], bool(caught.value.hint), str(path) in caught.value.where) == (after[1], True, True)
    return str(caught.value)


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    path = tmp_path_factory.mktemp("good") / "run.npz"
    train(checkpoint=path, updates=9)
    return path.read_bytes()


def test_a_file_cut_off_anywhere_is_refused(good, tmp_path):
    path = tmp_path / "run.npz"
    for length in [0, 1, 30, 100, *range(200, len(good), len(good) // 20), len(good) - 1]:
        path.write_bytes(good[:length])
        assert "a damaged checkpoint, or none at all" in refused(path)


def test_a_flipped_bit_is_found(good, tmp_path):
    path, rng = tmp_path / "run.npz", np.random.default_rng(0)
    found = 0
    for place in rng.integers(0, len(good), 60):
        damaged = bytearray(good)
        damaged[place] ^= 0x10
        path.write_bytes(damaged)
        try:
            arrays, note = read_checkpoint(path)
        except LoadError:
            found += 1
        else:  # in a field that says nothing, such as a date
            path.write_bytes(good)
            expected, text = read_checkpoint(path)
            assert note == text
            assert all(arrays[name].tobytes() == value.tobytes() for name, value in expected.items())
    assert found > 40


def rewritten(good, path, change, compression=zipfile.ZIP_STORED):
    with zipfile.ZipFile(io.BytesIO(good)) as old, zipfile.ZipFile(path, "w", compression) as new:
        entries = {entry.filename: old.read(entry) for entry in old.infolist()}
        change(entries)
        for name, content in entries.items():
            new.writestr(name, content)
    return path


def array(value, **options):
    file = io.BytesIO()
    np.lib.format.write_array(file, np.asarray(value), **options)
    return file.getvalue()


def set_note(**changes):
    def change(entries):
        note = json.loads(np.lib.format.read_array(io.BytesIO(entries["note.npy"])).tobytes())
        entries["note.npy"] = array(np.frombuffer(json.dumps(note | changes).encode(), np.uint8))

    return change


HOSTILE = {
    "an object": lambda e: e.update({"weights/cell.b.npy": array(np.array([{}], object), allow_pickle=True)}),
    "no note": lambda e: e.pop("note.npy"),
    "a note that is no JSON": lambda e: e.update({"note.npy": array(np.frombuffer(b"{]", np.uint8))}),
    "a note that is a list": lambda e: e.update({"note.npy": array(np.frombuffer(b"[]", np.uint8))}),
    "a missing weight": lambda e: e.pop("weights/cell.b.npy"),
    "a weight too many": lambda e: e.update({"weights/more.npy": array(1.0)}),
    "a weight of another shape": lambda e: e.update({"weights/cell.b.npy": array(np.zeros(3))}),
    "a moment of another shape": lambda e: e.update({"optimizer/m.0.npy": array(np.zeros(3))}),
    "no history": lambda e: e.pop("history/loss.npy"),
    "a shorter history": lambda e: e.update({"history/loss.npy": array(np.zeros(2))}),
    "no state": lambda e: e.pop("state/0.npy"),
    "another format": set_note(format="other"),
    "generators of another kind": set_note(generators={"rng": {"bit_generator": "MT19937"}, "model.rng": {}}),
    "no place": set_note(place=None),
    "a learning rate of text": set_note(lr="fast"),
    "a state of another kind": set_note(state={"odd": 1}),
    "no log": set_note(log={}),
}


@cases("name", HOSTILE)
def test_what_does_not_fit_is_refused_and_nothing_is_loaded(name, good, tmp_path):
    assert "checkpoint" in refused(rewritten(good, tmp_path / "run.npz", HOSTILE[name]))


def test_compressed_huge_and_foreign_files_are_refused(good, tmp_path):
    path = tmp_path / "run.npz"
    assert "compressed entries" in refused(rewritten(good, path, lambda e: None, zipfile.ZIP_DEFLATED))
    head = b"\x93NUMPY\x01\x00v\x00{'descr': '<f8', 'fortran_order': False, 'shape': (100000000000000,), }".ljust(127) + b"\n"
    assert "damaged" in refused(rewritten(good, path, lambda e: e.update({"weights/cell.b.npy": head})))
    path.write_bytes(b"not a zip")
    assert "damaged" in refused(path)
    with path.open("wb") as file:
        np.save(file, np.ones(3))
    assert "damaged" in refused(path)


def test_a_checkpoint_of_another_model_or_optimizer_is_refused(good, tmp_path):
    path = tmp_path / "run.npz"
    path.write_bytes(good)
    assert "misshapen: embedding.W" in refused(path, model=Words(np.random.default_rng(1), symbols=33))
    assert "it was saved by Adam, and the optimizer here is RMSprop\n" in refused(path, optimizer=tg.optim.RMSprop)
    momentum = partial(tg.optim.SGD, lr=0.1, momentum=0.9)
    assert "it was saved by Adam, and the optimizer here is SGD\n" in refused(path, optimizer=momentum)
    model = tg.nn.Linear(1, 1, rng=np.random.default_rng(0))
    assert "it holds the generators ['model.rng', 'rng'], here there are ['rng']" in refused(path, model=model)
    with pytest.raises(DataError, match="fewer than the 9 batches"):
        train(checkpoint=path, resume=True, batches=text_windows(TEXT[:18], 1, 8))
    assert weights_in(path)["cell.b"].shape == (20,)
    with pytest.raises(LoadError, match="cannot read the checkpoint: No such file"):
        weights_in(tmp_path / "missing.npz")
    train(checkpoint=path, evaluate=None, patience=None, updates=1)
    with pytest.raises(LoadError, match="no best weights"):
        weights_in(path, best=True)


def test_a_full_disk_leaves_the_old_checkpoint_and_training_goes_on(tmp_path):
    resource = pytest.importorskip("resource")
    path = tmp_path / "run.npz"
    train(checkpoint=path, updates=5)
    before, limits = path.read_bytes(), resource.getrlimit(resource.RLIMIT_FSIZE)

    def fill(model):
        resource.setrlimit(resource.RLIMIT_FSIZE, (2_000, limits[1]))

    try:
        with pytest.warns(RuntimeWarning, match="the old one is as it was, training goes on"):
            _, _, history, _ = train(checkpoint=path, resume=True, stop=(2, fill), updates=12)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert (history.stopped, history.loss.size) == ("done", 12)
    assert [note.partition(": cannot write")[0] for note in history.notes] == ["update 10", "update 12"]
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["run.npz"]
    assert everything(train(checkpoint=path, resume=True)) == everything(train())


def test_a_folder_that_may_no_longer_be_written(tmp_path, monkeypatch):
    path = tmp_path / "run.npz"
    train(checkpoint=path, updates=5)
    before = path.read_bytes()

    def locked(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "replace", locked)
    with pytest.warns(RuntimeWarning, match="Permission denied; the old one is as it was, training goes on") as warned:
        train(checkpoint=path, updates=7)
    assert {Path(warning.filename) for warning in warned} == {Path(__file__)}  # the line that called fit, not one of ours
    assert path.read_bytes() == before
    with pytest.warns(RuntimeWarning, match="Permission denied; training goes on"):
        train(checkpoint=tmp_path / "new.npz", updates=5)
    assert [file.name for file in tmp_path.iterdir()] == ["run.npz"]


# a process that is gone at the n-th call of a function, with half of what it wrote; it leaves no time to tidy up
KILLED = """
import os, sys
sys.path.insert(0, sys.argv[1])
from test_fit import train
name, left = sys.argv[3], int(sys.argv[4])
plain = getattr(os, name)

def gone(*given):
    global left
    left -= 1
    if not left:
        if name == "fsync":
            os.ftruncate(given[0], 1_000)
        os._exit(9)
    return plain(*given)

setattr(os, name, gone)
train(checkpoint=sys.argv[2], resume=True)
"""


def test_a_process_that_is_killed_while_it_saves_goes_on_later(tmp_path):
    path = tmp_path / "run.npz"
    places = []
    for name, call in (("fsync", 1), ("replace", 2), ("fsync", 2), ("replace", 1)):
        command = [sys.executable, "-c", KILLED, str(Path(__file__).parent), str(path), name, str(call)]
        assert subprocess.run(command, timeout=120).returncode == 9
        places.append(len(read_checkpoint(path)[0]["history/loss"]) if path.exists() else None)
    assert places == [None, 5, 10, 10]
    assert everything(train(checkpoint=path, resume=True)) == everything(train())


# ---- what goes wrong while training ---------------------------------------------------------------------------------------


def spoil(model):
    model.readout.b.data = np.full(model.readout.b.shape, np.nan)


def test_a_loss_of_nan_stops_names_the_update_and_keeps_the_last_good(tmp_path):
    path = tmp_path / "run.npz"
    model_after_5 = train(updates=5, patience=None)[0].state_dict()
    rng = np.random.default_rng(1)
    model = Words(rng)
    count = iter(range(1, 100))

    def loss_then_nan(model, window, state):
        if next(count) == 8:
            spoil(model)
        return loss_of(model, window, state)

    with pytest.raises(DivergenceError) as caught:
        fit(
            model, loss_then_nan, shuffled, tg.optim.Adam(model.parameters(), 0.02), epochs=4, clip=0.5, every=5, rng=rng,
            schedule=warm_up(3, cosine(40)), evaluate=held_out, checkpoint=path, stateful=True, progress=False,
        )  # fmt: skip
    error = caught.value
    assert (error.message, isinstance(error, NumericError)) == ("a loss of nan at update 8 (epoch 1)", True)
    assert error.hint.startswith("the model is as it was after update 5 and the checkpoint holds that. Try a smaller")
    assert error.history.loss.shape == (7,)
    for state in (model.state_dict(), weights_in(path)):
        assert all((state[name] == value).all() for name, value in model_after_5.items())


@cases(
    ("loss_of", "message"),
    [
        (lambda model, x: (model(x) * 1e308).sum() * 1e10, "a loss of -?inf at update 1"),
        (lambda model, x: (model(x) * 0).sum() + (model.W * 1e308).sum() * 0 + (model.W**0.5).sum(), "a loss of nan at update 1"),
        (lambda model, x: tg.relu(model.W - 1e9).sum() + ((model.W * 0) ** 0.5).sum(), "gradients of norm (nan|inf) at update 1"),
    ],
)
def test_infinity_anywhere_stops(loss_of, message):
    model = tg.nn.Linear(2, 1, rng=np.random.default_rng(0))
    before = model.state_dict()
    with pytest.raises(DivergenceError, match=message):
        fit(model, loss_of, [np.ones((1, 2))], tg.optim.SGD(model.parameters(), 0.1), epochs=1, progress=False)
    assert all((model.state_dict()[name] == value).all() for name, value in before.items())


def test_weights_that_overflow_are_not_saved(tmp_path):
    model = tg.nn.Linear(2, 1, rng=np.random.default_rng(0), dtype=np.float32)
    optimizer = tg.optim.SGD(model.parameters(), 1e38)
    with pytest.raises(DivergenceError, match=r"a weight that is not finite at update 1 \(epoch 1\)"):
        fit(
            model,
            lambda model, x: model(x).sum(),
            [np.full((1, 2), 1e3)],
            optimizer,
            epochs=9,
            checkpoint=tmp_path / "a.npz",
            progress=False,
        )
    assert not (tmp_path / "a.npz").exists()
    with pytest.raises(DivergenceError, match=r"an evaluation that gave \{'held_out': nan\} at update 5"):
        train(evaluate=lambda model: np.nan)


def renaming():
    """An evaluation that calls its score otherwise the second time."""
    names = iter("ab")
    return lambda model: {next(names): 1.0}


@cases(
    ("options", "message"),
    [
        ({"epochs": None}, "fit() without an end"),
        ({"epochs": 0}, "fit() with epochs=0"),
        ({"updates": 2.5}, "fit() with updates=2.5"),
        ({"every": -1}, "fit() with every=-1"),
        ({"patience": True}, "fit() with patience=True"),
        ({"evaluate": None}, "patience without evaluate"),
        ({"clip": 0}, "clip=0"),
        ({"clip": "1"}, "clip='1'"),
        ({"batches": []}, "epoch 1 has no batches"),
        ({"batches": iter(text_windows(TEXT, 2, 8))}, "epoch 2 has no batches (a generator can be read only once)"),
        ({"checkpoint": os.path.join("no", "run.npz")}, "cannot write {checkpoint}: the folder no does not exist"),
        ({"checkpoint": Path(__file__).parent}, "cannot write {checkpoint}: it is a folder"),
        ({"checkpoint": "thesis.txt"}, "cannot save a checkpoint as 'thesis.txt'"),
        ({"schedule": lambda done: None}, "schedule(0) returned None"),
        ({"schedule": lambda done: 1.0 if done < 7 else np.nan}, "schedule(7) returned nan"),
        ({"schedule": lambda done: -0.5}, "schedule(0) returned -0.5"),
        ({"schedule": lambda done: np.ones(2)}, "schedule(0) returned array([1., 1.])"),
        ({"evaluate": renaming()}, "evaluate(model) returned b; before it was a"),
        ({"evaluate": lambda model: {}}, "evaluate(model) returned nothing"),
        ({"evaluate": lambda model: None}, "evaluate(model) returned nothing"),
        ({"evaluate": lambda model: "low"}, "evaluate(model) returned a str"),
        ({"evaluate": lambda model: {"a": [1]}}, "evaluate(model) returned a dict"),
        ({"evaluate": 3}, "fit(): evaluate is a int"),
        ({"schedule": 3}, "fit(): schedule is a int"),
        ({"batches": 3}, "fit(): batches is a int"),
        ({"checkpoint": 3}, "fit(): checkpoint is a int"),
    ],
)
def test_settings_that_do_not_go_together(options, message):
    with pytest.raises(DataError) as caught:
        train(**options)
    assert caught.value.message == message.format(**options)
    assert caught.value.hint


@cases(
    ("loss_of", "stateful", "message", "hint"),
    [
        (
            lambda model, batch, state: 0,
            False,
            "calls loss_of(model, batch), and yours is <lambda>(model, batch, state)",
            "stateful=True",
        ),
        (
            lambda model, batch: 0,
            True,
            "calls loss_of(model, batch, state), and yours is <lambda>(model, batch)",
            "leave out stateful",
        ),
        (
            lambda model: 0,
            False,
            "calls loss_of(model, batch), and yours is <lambda>(model)",
            "loss_of(model, batch) is the loss",
        ),
        (lambda model, *, batch: 0, False, "calls loss_of(model, batch), and yours is", "loss_of(model, batch) is the loss"),
        (partial(loss_of, None), True, "calls loss_of(model, batch, state), and yours is partial(", "leave out stateful"),
    ],
)
def test_a_loss_function_that_takes_other_arguments(loss_of, stateful, message, hint):
    model = tg.nn.Linear(2, 1, rng=np.random.default_rng(0))
    with pytest.raises(DataError) as caught:
        fit(model, loss_of, [1], tg.optim.SGD(model.parameters(), 0.1), epochs=1, stateful=stateful, progress=False)
    assert f"fit(stateful={stateful}) {message}" in caught.value.message
    assert hint in caught.value.hint


def test_a_loss_function_may_take_more_than_it_is_given():
    model = tg.nn.Linear(2, 1, rng=np.random.default_rng(0))
    for loss_of in (
        lambda m, x, scale=1.0: m(x).sum() * scale,
        lambda *given: given[0](given[1]).sum(),
        lambda m, x, **more: m(x).sum(),
    ):
        assert (
            fit(model, loss_of, [np.ones((1, 2))], tg.optim.SGD(model.parameters(), 0.1), epochs=1, progress=False).stopped
            == "done"
        )


def test_an_optimizer_of_another_model_would_train_nothing_and_be_saved_nowhere():
    model, other = (tg.nn.Linear(2, 1, rng=np.random.default_rng(0)) for _ in range(2))
    for parameters, message in [
        (other.parameters(), r"2 of 2 parameters that the model does not have: W \(2, 1\), b \(1,\)"),
        ([*model.parameters(), tg.Tensor(1.0, requires_grad=True)], r"1 of 3 parameters that the model does not have: one \(\)"),
    ]:
        with pytest.raises(DataError, match=message):
            fit(model, lambda m, x: m(x).sum(), [np.ones((1, 2))], tg.optim.SGD(parameters, 0.1), epochs=1, progress=False)


def test_what_is_no_model_or_optimizer_or_generator():
    model = tg.nn.Linear(2, 1, rng=np.random.default_rng(0))
    good = {"model": model, "loss_of": loss_of, "batches": [1], "optimizer": tg.optim.SGD(model.parameters(), 0.1), "rng": None}
    for name in good:
        with pytest.raises(DataError, match=rf"fit\(\): {name} is a float") as caught:
            fit(**good | {name: 0.5}, epochs=1)
        assert caught.value.hint.startswith(f"{name} is ")
    with pytest.raises(LoadError, match="cannot read a checkpoint from a int"):
        weights_in(3)


@pytest.mark.parametrize("batches", ["a text", b"bytes", {"x": [1.0], "y": [2.0]}])
def test_a_text_or_a_dict_is_no_list_of_batches(batches):
    model = tg.nn.Linear(1, 1, rng=np.random.default_rng(0))
    with pytest.raises(DataError, match=rf"fit\(\): batches is a {type(batches).__name__}"):
        fit(model, loss_of, batches, tg.optim.SGD(model.parameters(), 0.1), epochs=1, progress=False)


def test_a_module_that_takes_no_model_is_no_loss():
    model = tg.nn.Linear(1, 1, rng=np.random.default_rng(0))
    with pytest.raises(DataError, match=r"calls loss_of\(model, batch\), and yours is Linear\(x\)"):
        fit(model, model, [np.ones((1, 1))], tg.optim.SGD(model.parameters(), 0.1), epochs=1, progress=False)


def test_batches_from_a_function_need_a_generator_and_a_loss_is_one_number():
    model = tg.nn.Linear(2, 1, rng=np.random.default_rng(0))
    optimizer = tg.optim.SGD(model.parameters(), 0.1)
    with pytest.raises(DataError, match="batches is a function and rng is missing"):
        fit(model, lambda model, x: model(x).sum(), lambda rng: [], optimizer, epochs=1)
    for wrong, hint in [
        (lambda m, x: m(x), "take the mean"),
        (lambda m, x: 3.0, "one number"),
        (lambda m, x: (m(x).sum(), None), "stateful"),
    ]:
        with pytest.raises(GraphError, match="loss_of returned a") as caught:
            fit(model, wrong, [np.ones((2, 2))], optimizer, epochs=1, progress=False)
        assert hint in caught.value.hint
    with pytest.raises(GraphError, match="loss_of returned a Tensor"):
        fit(model, lambda m, x, s: m(x).sum(), [np.ones((2, 2))], optimizer, epochs=1, progress=False, stateful=True)
    with pytest.raises(DataError, match="of no examples"):
        fit(model, lambda m, x: tg.functional.cross_entropy(m(x), []), [np.ones((0, 2))], optimizer, epochs=1, progress=False)


# ---- which scores are better, and what is said before the training -----------------------------------------------------------


def accuracy(model):
    """0.5, 0.9, 0.7, ... of a model that gets better and then worse."""
    return next(accuracy.values)


@cases(("mode", "best", "place"), [("max", 0.9, 10), ("min", 0.5, 5)])
def test_the_best_score_is_the_highest_where_mode_says_so(mode, best, place, tmp_path):
    accuracy.values = iter([0.5, 0.9, 0.7, 0.6, 0.8])
    model, _, history, _ = train(evaluate=accuracy, mode=mode, patience=2, checkpoint=tmp_path / "run.npz", updates=40)
    assert (history.best, history.best_update) == (best, place)
    assert history.stopped == "no better for 2 evaluations"
    kept = weights_in(tmp_path / "run.npz", best=True)
    assert all((kept[name] == value).all() for name, value in model.state_dict().items())
    with pytest.raises(LoadError, match=f"it was saved with mode='{mode}'"):
        train(evaluate=accuracy, mode={"max": "min", "min": "max"}[mode], checkpoint=tmp_path / "run.npz", resume=True)


def test_a_resumed_training_knows_which_scores_are_better(tmp_path):
    def run(updates, **more):
        return train(evaluate=lambda model: -held_out(model), mode="max", updates=updates, **more)

    run(9, checkpoint=tmp_path / "run.npz")
    assert everything(run(20, checkpoint=tmp_path / "run.npz", resume=True)) == everything(run(20))


@cases(
    "evaluate",
    [accuracy, lambda model: {"accuracy": 0.5}, lambda model: {"F1": 0.5, "loss": 1.0}, lambda model: {"testAcc": 0.5}],
)
def test_patience_with_an_accuracy_asks_for_the_mode(evaluate):
    with pytest.raises(DataError, match=r"would take the lowest .* for the best") as caught:
        train(evaluate=evaluate)
    assert 'mode="max"' in caught.value.hint


def test_other_scores_are_low_at_best_and_an_accuracy_may_be_watched():
    assert train(evaluate=lambda model: {"loss": 1.0, "accuracy": 0.5}, updates=5)[2].best == 1.0
    assert train(evaluate=lambda model: {"accuracy_error": 0.2}, updates=5)[2].best == 0.2
    assert train(evaluate=lambda model: {"accuracy": 0.5}, patience=None, updates=5)[2].best == 0.5
    with pytest.raises(DataError, match="mode='best'"):
        train(mode="best")


@cases("made", [None, 3, 2.5])
def test_batches_that_are_none(made):
    with pytest.raises(DataError, match=rf"batches\(rng\) returned {made}") as caught:
        train(batches=lambda rng: made)
    assert "the batches of one epoch" in caught.value.hint


def test_an_iterator_that_was_read_before():
    used = iter(text_windows(TEXT, 2, 8))
    list(used)
    with pytest.raises(DataError, match=r"epoch 1 has no batches \(a generator can be read only once\)"):
        train(batches=used)


@cases("name", ["x" * 300 + ".npz", "a\0b.npz"])
def test_a_name_that_no_file_can_have_is_refused_before_the_training(name, tmp_path):
    trained = []
    with pytest.raises(DataError, match=r"cannot write .*(x{300}|null)") as caught:
        train(checkpoint=tmp_path / name, stop=(1, trained.append))
    assert (bool(caught.value.hint), trained, "\0" in str(caught.value)) == (True, [], False)


# ---- a callback -------------------------------------------------------------------------------------------------------------


def test_on_epoch_is_called_after_each_epoch_with_the_history_so_far(tmp_path):
    seen = []
    whole = train(on_epoch=lambda history: seen.append((len(history.epochs), len(history.loss), history.best)), every=None)
    assert [epochs for epochs, _, _ in seen] == [1, 2, 3, 4]
    assert [updates for _, updates, _ in seen] == whole[2].epochs.tolist()
    assert seen[0][2] == whole[2].scores["held_out"][0]
    with pytest.raises(DataError, match="on_epoch is a int"):
        train(on_epoch=3)


def test_on_epoch_may_draw_and_switch_modes_and_a_resumed_training_is_the_same(tmp_path):
    def on_epoch(model, rng):
        model.eval()
        rng.random(3)

    def run(**more):
        rng, model = np.random.default_rng(1), Words(np.random.default_rng(1))
        adam = tg.optim.Adam(model.parameters(), 0.02)
        fit(
            model, loss_of, shuffled, adam, stateful=True, rng=rng, progress=False, on_epoch=lambda _: on_epoch(model, rng),
            **{"epochs": 3} | more,
        )  # fmt: skip
        assert model.training
        return {name: value.tobytes() for name, value in model.state_dict().items()}

    path = tmp_path / "run.npz"
    run(checkpoint=path, epochs=1)
    assert run(checkpoint=path, resume=True) == run()


def test_on_update_is_given_one_record_an_update(tmp_path):
    seen = []
    whole = train(on_update=seen.append, every=None)[2]
    assert [record.update for record in seen] == list(range(1, len(whole.loss) + 1))
    assert [record._asdict() for record in seen] == [
        {name: row[name] for name in ("update", "epoch", "loss", "grad_norm", "lr")} for row in whole
    ]
    assert {type(value) for value in seen[0]} == {int, float}
    for wrong, kind in ((3, "int"), (list, "type")):  # a class of loggers is meant to be one of them
        with pytest.raises(DataError, match=f"on_update is a {kind}") as caught:
            train(on_update=wrong)
        assert caught.value.hint


def test_on_update_may_switch_modes_and_a_resumed_training_counts_on(tmp_path):
    seen = []

    def on_update(model, record):
        model.eval()
        seen.append(record)

    def run(**more):
        rng, model = np.random.default_rng(1), Words(np.random.default_rng(1))
        adam = tg.optim.Adam(model.parameters(), 0.02)
        fit(
            model, loss_of, shuffled, adam, stateful=True, rng=rng, progress=False,
            on_update=lambda record: on_update(model, record), **{"epochs": 3} | more,
        )  # fmt: skip
        assert model.training
        return {name: value.tobytes() for name, value in model.state_dict().items()}

    whole, expected = run(), seen.copy()
    seen.clear()
    run(checkpoint=tmp_path / "run.npz", epochs=1)
    assert run(checkpoint=tmp_path / "run.npz", resume=True) == whole
    assert seen == expected


def test_what_on_update_raises_ends_the_training():
    def stop(record):
        if record.update == 3:
            raise StopIteration("enough")

    with pytest.raises(StopIteration, match="enough"):
        train(on_update=stop)
