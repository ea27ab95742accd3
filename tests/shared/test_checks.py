"""A setting that is one of some words is compared with them only if it is a word: everything else is refused with them."""

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn.shared.checks import check_choice

RNG = np.random.default_rng(0)
NO_WORDS = [
    np.ones(2),
    np.array([]),
    np.array("sample"),
    np.array(["tanh", "relu"]),
    [],
    {},
    {"light"},
    0,
    True,
    tg.Tensor([1.0, 2.0]),
]


def loss():
    return tg.Tensor(2.0, requires_grad=True, name="w") * 3.0


def with_steps():
    hs, _ = tg.nn.unroll(tg.nn.RNNCell(2, 2, rng=RNG), np.ones((1, 3, 2)))
    return (hs[-1] ** 2).sum()


def fit(mode):
    model = tg.nn.Linear(1, 1, rng=RNG)
    tg.train.fit(
        model,
        lambda model, batch: model(batch).sum(),
        [np.ones((1, 1))],
        tg.optim.SGD(model.parameters(), lr=0.1),
        epochs=1,
        mode=mode,
    )


CHOICES = {
    "RNNCell": lambda word: tg.nn.RNNCell(2, 2, rng=RNG, nonlinearity=word),
    "GridLSTM": lambda word: tg.nn.GridLSTM(2, 2, 2, rng=RNG, priority=word),
    "GridLSTMCell": lambda word: tg.nn.GridLSTMCell(2, 2, rng=RNG, priority=word),
    "SequenceClassifier": lambda word: tg.nn.SequenceClassifier(None, tg.nn.RNNCell(2, 2, rng=RNG), tg.nn.Linear(2, 2, rng=RNG), word),
    "generate": lambda word: tg.generate(None, [0], 1, method=word),
    "export_onnx_recurrent": lambda word: tg.io.export_onnx_recurrent(tg.nn.LSTM(2, 2, rng=RNG), "model.onnx", pooling=word),
    "mse_loss": lambda word: tg.functional.mse_loss([1.0], [1.0], reduction=word),
    "kl_div": lambda word: tg.functional.kl_div([[-1.0]], [[1.0]], reduction=word),
    "cross_entropy": lambda word: tg.functional.cross_entropy([[1.0, 2.0]], [0], reduction=word),
    "nll_loss": lambda word: tg.functional.nll_loss([[1.0, 2.0]], [0], reduction=word),
    "mode": lambda word: tg.schedules.ReduceLROnPlateau(mode=word),
    "threshold_mode": lambda word: tg.schedules.ReduceLROnPlateau(threshold_mode=word),
    "fit": fit,
    "marks": lambda word: tg.data.grammars.adding(RNG, 2, 10, marks=word),
    "task": lambda word: tg.data.grammars.known(word),
    "color": lambda word: tg.draw(loss(), color=word),
    "theme": lambda word: tg.draw(loss(), theme=word),
    "weights": lambda word: tg.draw(loss(), weights=word),
    "detail": lambda word: tg.draw(loss(), detail=word),
    "elide": lambda word: tg.draw(with_steps(), elide=word),
    "open": lambda word: tg.draw(with_steps(), open=word),
    "scale": lambda word: tg.draw(loss(), scale=(word,)),
    "against": lambda word: tg.plots.gradient_norms({"RNN": [1.0, 0.5]}, against=word),
    "theme of a plot": lambda word: tg.plots.gradient_norms({"RNN": [1.0, 0.5]}, theme=word),
    "weight": lambda word: tg.probe.contributions(with_steps(), word),
    "block": lambda word: tg.probe.spectral_radius(np.eye(2), block=word),
}  # fmt: skip
NUMBERS = ("block", "GridLSTMCell", "elide", "open")


CASES = [(choice, value) for choice in CHOICES for value in NO_WORDS if not (isinstance(value, int) and choice in NUMBERS)]


@pytest.mark.parametrize(("choice", "value"), CASES, ids=lambda given: f"{type(given).__name__} {given!r}"[:30])
def test_what_is_no_word_is_refused_by_every_setting_that_is_a_word(choice, value):
    with pytest.raises(tg.errors.TinygradRnnError) as refused:
        CHOICES[choice](value)
    assert refused.value.hint


@pytest.mark.parametrize("word", ["last", None, np.str_("mean")])
def test_a_word_that_is_known_passes_and_none_where_it_is_a_choice(word):
    check_choice("export", "pooling", word, ("last", "mean", None))


def test_none_is_refused_where_it_is_no_choice():
    with pytest.raises(tg.errors.DataError, match=r"^generate\(method=None\)\n\nhint: it is 'sample' or 'greedy'$"):
        check_choice("generate", "method", None, ("sample", "greedy"))


@pytest.mark.parametrize("animated", [np.ones(2), "no", 1, None])
def test_a_picture_is_animated_or_not(animated, tmp_path):
    picture = tg.draw(loss())
    for call in (picture.svg, lambda animated: picture.save(tmp_path / "picture.svg", animated)):
        with pytest.raises(tg.errors.DataError, match="it is True or False"):
            call(animated)
