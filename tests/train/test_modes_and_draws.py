"""What a training puts back: the mode of every part, and the draws of the batches that a resumed epoch is over with."""

from contextlib import suppress

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn.errors import LoadError
from tinygrad_rnn.train import fit
from tinygrad_rnn.train.checkpoint import read_checkpoint, write_checkpoint
from tinygrad_rnn.train.random_generators import notes_of


class Coded(tg.nn.Module):
    """An encoder and a readout, each with parts of its own."""

    def __init__(self):
        rng = np.random.default_rng(0)
        self.encoder, self.readout = tg.nn.Stacked([tg.nn.RNNCell(2, 3, rng=rng)]), tg.nn.Linear(3, 1, rng=rng)

    def forward(self, x):
        return self.readout(self.encoder(x)[0][-1])


def modes(model):
    return [part.training for part in model.modules()]


def squares(model, x):
    return (model(x) ** 2).mean()


def trained(model, loss_of=squares, **options):
    """Two updates; the modes of all parts during each of them."""
    seen = []

    def watching(model, x):
        seen.append(modes(model))
        return loss_of(model, x)

    sgd = tg.optim.SGD(model.parameters(), 0.1)
    fit(model, watching, [np.ones((1, 2, 2))] * 2, sgd, **{"epochs": 1, "progress": False} | options)
    return seen


# ---- modes ----------------------------------------------------------------------------------------------------------------

FROZEN = [True, False, False, True]  # model, encoder, its cell, readout


def raising(error):
    def loss_of(model, x):
        raise error

    return loss_of


@pytest.mark.parametrize("evaluate", [None, lambda model: float(any(modes(model))), lambda model: model.train() and 1.0])
@pytest.mark.parametrize(
    ("prepare", "during", "after"),
    [
        (lambda model: model.encoder.eval(), FROZEN, FROZEN),  # a part that the caller froze
        (lambda model: model.eval(), [True] * 4, [False] * 4),  # a model that was used since
        (lambda model: model.eval() and model.readout.train(), [True] * 4, [False, False, False, True]),
        (lambda model: model, [True] * 4, [True] * 4),
    ],
)
def test_every_part_is_in_its_mode_during_and_after(prepare, during, after, evaluate):
    model = Coded()
    prepare(model)
    assert trained(model, evaluate=evaluate, every=1 if evaluate else None) == [during] * 2
    assert modes(model) == after


@pytest.mark.parametrize("error", [ValueError("in the loss"), KeyboardInterrupt()])
def test_every_part_is_in_its_mode_after_an_end_of_another_kind(error):
    model = Coded()
    model.encoder.eval()
    with suppress(ValueError):
        trained(model, raising(error))
    assert modes(model) == FROZEN


def test_an_evaluation_has_every_part_in_evaluation_mode():
    model, seen = Coded(), []
    trained(model, evaluate=lambda model: seen.append(modes(model)) or 1.0, every=1)
    assert seen == [[False] * 4] * 2


# ---- draws ----------------------------------------------------------------------------------------------------------------


def walk(rng):
    """Batches that carry a value from one to the next."""
    place = 0.0
    while True:
        place += rng.normal()
        yield np.array([[place, rng.random()]])


def sometimes(rng):
    """Batches of which some draw and some do not."""
    place = 0.0
    for k in range(40):
        if k % 3 != 1:
            place += rng.normal()
        yield np.array([[place, 1.0]])


def at_once(rng):
    """Batches that are all drawn at the start of the epoch."""
    return rng.normal(size=(8, 1, 2))


def noisy(rng, every=1):
    """A loss that draws from the generator of the batches, every so many updates."""
    calls = iter(range(10**9))

    def loss_of(model, x):
        noise = rng.random() if next(calls) % every == 0 else 0.0
        return ((model(x) - noise) ** 2).sum()

    return loss_of


def run(batches, parts, path=None, every=1, kind=np.random.PCG64):
    """The weights, the losses and the generator after a training that was cut into parts of so many updates."""
    losses, loss_every = [], every
    for end in np.cumsum(parts):
        rng = np.random.Generator(kind(3))  # a new process knows nothing of the one before
        model = tg.nn.Linear(2, 1, rng=np.random.default_rng(5))
        loss_of, adam = noisy(rng, loss_every), tg.optim.Adam(model.parameters(), 0.01)
        history = fit(
            model, loss_of, batches, adam, updates=int(end), checkpoint=path, resume=path is not None, rng=rng, progress=False
        )
        losses = history.loss.tolist()
    return losses, model.W.data.tolist(), notes_of({"rng": rng})


@pytest.mark.parametrize("kind", [np.random.PCG64, np.random.MT19937])
@pytest.mark.parametrize("parts", [[3, 7], [1, 1, 1, 7], [9, 1], [4, 2, 4]])
@pytest.mark.parametrize("batches", [walk, sometimes, at_once])
def test_draws_of_batches_and_loss_from_one_generator_come_again(batches, parts, kind, tmp_path):
    whole = run(batches, [10], kind=kind)
    assert run(batches, parts, tmp_path / "run.npz", kind=kind) == whole


def moved(path):
    return read_checkpoint(path)[1]["moved"]


def test_only_what_a_replay_would_not_find_by_itself_is_kept(tmp_path):
    path = tmp_path / "run.npz"
    run(at_once, [6], path)
    assert moved(path) == {}  # drawn at once
    run(walk, [6], tmp_path / "quiet.npz", every=100)
    assert [*moved(tmp_path / "quiet.npz")] == ["1"]  # the loss drew in the first update alone
    run(walk, [6], tmp_path / "noisy.npz")
    assert [*moved(tmp_path / "noisy.npz")] == ["1", "2", "3", "4", "5"]


@pytest.mark.parametrize("wrong", [3, {"x": {}}, {"1": {"other": {}}}, {"1": {"rng": {}}}, {"1": 5}])
def test_draws_that_are_not_what_was_written_are_refused(wrong, tmp_path):
    path = tmp_path / "run.npz"
    run(walk, [3], path)
    arrays, note = read_checkpoint(path)
    write_checkpoint(path, arrays, note | {"moved": wrong})
    with pytest.raises(LoadError, match="this checkpoint does not fit"):
        run(walk, [6], path)


def test_the_stream_of_the_batches_is_the_generator_that_was_given():
    drawn = []

    def batches(rng):
        for _ in range(3):
            drawn.append(rng.random())
            yield np.ones((1, 2))

    model = tg.nn.Linear(2, 1, rng=np.random.default_rng(0))
    fit(model, squares, batches, tg.optim.SGD(model.parameters(), 0.1), epochs=2, rng=np.random.default_rng(8), progress=False)
    assert drawn == np.random.default_rng(8).random(6).tolist()
