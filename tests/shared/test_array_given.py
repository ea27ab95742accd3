"""What people give as an array is one, or is refused with a word: no mask, no gradient and no ragged row gets lost on the way."""

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn.shared.array_type import array_given

RNG = np.random.default_rng(0)
SEQUENCES = [[1, 2], [3]]


class ForeignTensor:
    """A tensor of another library, which carries a gradient and will not be turned into an array."""

    requires_grad = True

    def __array__(self, dtype=None, copy=None):
        raise RuntimeError("Can't call numpy() on Tensor that requires grad.")


class Odd:
    """An object whose conversion fails in a way of its own."""

    def __array__(self, dtype=None, copy=None):
        raise KeyError("nothing here")


class Measured(np.ndarray):
    """An array with rules of its own, such as one with units."""


NO_ARRAYS = {
    "ragged": [[1, 2], [3]],
    "masked": np.ma.masked_array([1, 1], [True, False]),
    "a subclass": np.ones(2, int).view(Measured),
    "foreign": ForeignTensor(),
    "odd": Odd(),
    "tensors with gradients": [tg.Tensor(1.0, requires_grad=True)] * 2,
    "a recorded tensor": tg.Tensor([1.0, 1.0], requires_grad=True) * 2,
}


def model():
    return tg.nn.SequenceClassifier(
        tg.nn.Embedding(4, 2, rng=RNG), tg.nn.RNNCell(2, 2, rng=RNG), tg.nn.Linear(2, 2, rng=RNG), pooling="last"
    )


def loaded(value):
    model().load_state_dict(model().state_dict() | {"readout.b": value})


PLACES = {
    "ids": lambda value: model()(value[None] if isinstance(value, np.ndarray) else [value]),
    "lengths of a model": lambda value: model()(np.ones((2, 3), int), value),
    "lengths of a mask": lambda value: tg.nn.mask(value, 3),
    "a mask": lambda value: tg.nn.DotAttention()(np.ones((1, 2)), np.ones((1, 2, 2)), mask=value),
    "targets": lambda value: tg.functional.cross_entropy(np.ones((2, 3)), value),
    "rows": lambda value: tg.take(np.ones((4, 2)), value),
    "an index": lambda value: tg.Tensor([1.0, 2.0, 3.0])[value if not isinstance(value, Odd) else [value]],
    "a condition": lambda value: tg.where(value, [1.0, 2.0], 0.0),
    "data": lambda value: tg.tanh(value if not isinstance(value, tg.Tensor) else [value]),
    "a prompt": lambda value: tg.generate(tg.nn.CharModel(4, tg.nn.RNNCell(4, 2, rng=RNG), rng=RNG), value, 3, method="greedy"),
    "a saved state": loaded,
    "pad": lambda value: tg.data.batches.pad([value]),
    "buckets": lambda value: tg.data.batches.buckets(value, 2),
    "y of batches": lambda value: tg.data.batches.padded_batches(SEQUENCES, value, 2),
    "windows": lambda value: tg.data.batches.windows(np.ones((2, 2)), value, 2),
    "text_windows": lambda value: tg.data.batches.text_windows(value, 1, 1),
    "decode": lambda value: tg.data.vocab.CharVocabulary.from_text("abcd").decode(value),
    "a curve": lambda value: tg.plots.gradient_norms({"RNN": value}),
    "a landscape": lambda value: tg.probe.landscape(lambda w: (w**2).sum(), [0.0], [[1.0]], extent=value),
    "a file": lambda value: tg.io.save({"W": value if not isinstance(value, tg.Tensor) else [value]}, "never.safetensors"),
}


VALUES = ("rows", "targets", "an index", "a saved state", "a condition")  # of a tensor of our own its values are meant there
CASES = [
    (place, given)
    for place in PLACES
    for given in NO_ARRAYS
    if (given != "a recorded tensor" or place not in VALUES)
    and (given, place) != ("ragged", "y of batches")  # a target at every step
]


@pytest.mark.parametrize(("place", "given"), CASES)
def test_what_is_no_array_without_a_loss_is_refused_where_an_array_is_asked_for(place, given, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(tg.errors.TinygradRnnError) as refused:
        PLACES[place](NO_ARRAYS[given])
    assert refused.value.hint
    assert not list(tmp_path.iterdir())


def test_what_holds_its_values_alone_is_taken_in_its_own_dtype():
    assert array_given("x", [1, 2]).dtype == int
    assert array_given("x", tg.Tensor([1.0, 2.0])).tolist() == [1.0, 2.0]
    assert array_given("x", range(3)).tolist() == [0, 1, 2]
    own = np.ones(3, np.float32)
    assert array_given("x", own) is own


def test_the_message_says_what_and_the_error_is_that_of_the_caller():
    with pytest.raises(tg.errors.DataError, match=r"^y \[\[1\], \[1, 2\]\]: rows of different lengths\n\nhint: one row each$"):
        array_given("y", [[1], [1, 2]], "one row each", tg.errors.DataError)
