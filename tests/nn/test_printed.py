"""What `print(module)` shows: every part inside the part that holds it, shapes, numbers of parameters, and nothing twice."""

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn import nn


def rng():
    return np.random.default_rng(0)


def writer():
    letters = tg.data.vocab.CharVocabulary.from_text("hello")
    return nn.CharModel(letters, nn.LSTM(8, 16, 2, dropout=0.25, rng=rng()), rng=rng())


WRITER = """\
CharModel(  # 3,812 parameters
  (embedding): Embedding(W (4, 8))  # 32
  (layer): LSTM(  # 3,712
    (layers.0): LSTMCell(Wx (8, 64), Wh (16, 64), b (64,))  # 1,600
    (layers.1): LSTMCell(Wx (16, 64), Wh (16, 64), b (64,))  # 2,112
    (between): Dropout(p=0.25)
  )
  (readout): Linear(W (16, 4), b (4,))  # 68
)"""
CLASSIFIER = """\
SequenceClassifier(  # 239 parameters
  (embedding): Embedding(W (7, 3) frozen)  # 21
  (layer): GRU(  # 200
    (layers.0): Bidirectional(  # 200
      (forwards): GRUCell(reset_after=False, Wx (3, 12), Wh (4, 12), b (12,), bh (4,))  # 100
      (backwards): GRUCell(reset_after=False, Wx (3, 12), Wh (4, 12), b (12,), bh (4,))  # 100
    )
  )
  (readout): Linear(W (8, 2), b (2,))  # 18
  (pooling): pool_mean
)"""


def classifier():
    layers = nn.Embedding(7, 3, rng=rng()).freeze(), nn.GRU(3, 4, bidirectional=True, rng=rng()), nn.Linear(8, 2, rng=rng())
    model = nn.SequenceClassifier(*layers, pooling=nn.pool_mean)
    for cell in (layers[1].layers[0].forwards, layers[1].layers[0].backwards):
        cell.reset_after = False
    return model


@pytest.mark.parametrize(("make", "text"), [(writer, WRITER), (classifier, CLASSIFIER)])
def test_a_model_is_printed_as_a_tree(make, text):
    assert str(make()) == f"{make()}" == text
    assert str(make()).isascii()


def test_the_repr_stays_a_line():
    assert repr(nn.Linear(3, 2, rng=rng())) == "Linear(W (3, 2), b (2,))"
    assert repr(writer()) == "CharModel(9 parameters of 3,812 numbers)"
    assert repr(nn.DotAttention()) == "DotAttention()"


def test_a_notebook_shows_the_tree():
    class Printer:
        def text(self, text):
            self.said = text

    printer = Printer()
    writer()._repr_pretty_(printer, False)
    assert printer.said == WRITER


class Own:
    """A cell of no class of ours."""

    def __init__(self):
        self.W = [tg.Tensor(np.ones((2, 2)), requires_grad=True)]

    def initial_state(self, batch):
        return (tg.Tensor(np.zeros((batch, 2))),)

    def step(self, x, state):
        return (tg.tanh(x @ self.W[0]),)


class Holder(nn.Module):
    def __init__(self, **parts):
        vars(self).update(parts)


def test_parts_of_ones_own_are_printed_too():
    model = Holder(cell=Own(), scale=tg.Tensor([1.0, 2.0]), call=tg.relu, names=["a", "b"], none=None)
    assert str(model).splitlines() == [
        "Holder(scale (2,) buffer,  # 4 parameters",
        "  (cell): Own(W.0 (2, 2))  # 4",
        "  (call): relu",
        ")",
    ]


def test_settings_that_differ_from_the_default_are_told():
    class Noisy(nn.Module):
        def __init__(self, size, share, mode="plain", strict=False):
            self.size, self.share, self.mode, self.strict = size, share, mode, strict

    assert str(Noisy(3, 0.5)) == "Noisy(share=0.5)  # 0 parameters"
    assert str(Noisy(3, 0.5, mode="x", strict=True)) == "Noisy(share=0.5, mode='x', strict=True)  # 0 parameters"
    assert str(nn.RNNCell(1, 1, nonlinearity="relu", rng=rng())).startswith("RNNCell(nonlinearity='relu', Wx (1, 1)")


def test_what_is_shared_counts_once_and_says_where_it_is():
    table, loop = nn.Embedding(5, 4, rng=rng()), []
    loop.append(loop)
    model = Holder(table=table, again={"b": table}, readout=Holder(W=table.W), loop=loop)
    model.me = model
    assert str(model).splitlines() == [
        "Holder(again.b is table, me is the whole,  # 20 parameters",
        "  (table): Embedding(W (5, 4))  # 20",
        "  (readout): Holder(W is table.W)",
        ")",
    ]
    tied = str(nn.GridLSTM(3, 4, 2, tied=True, rng=rng()))
    assert tied.startswith(
        f"GridLSTM(blocks.1 is blocks.0,  # {sum(p.size for p in nn.GridLSTM(3, 4, 2, tied=True, rng=rng()).parameters())} "
    )


@pytest.mark.parametrize("name", ["\x1b[31m", "\u202e", "a\0b", "a" * 500, "a.b", "\n"])
def test_names_of_others_stay_text_of_one_line(name):
    shown = str(Holder(parts={name: nn.Linear(1, 1, rng=rng())}))
    assert len(shown.splitlines()) == 3
    assert all(line.isprintable() and len(line) < 140 for line in shown.splitlines())


def test_parts_thousands_deep_are_printed():
    model = nn.Linear(1, 1, rng=rng())
    for _ in range(3000):
        model = Holder(inner=model)
    assert len(str(model).splitlines()) == 3000 + 1 + 3000


def test_the_count_is_that_of_the_parameters():
    for model in (
        writer(),
        classifier(),
        nn.Grid(3, 4, dimensions=2, depth=2, rng=rng()),
        nn.LSTM(3, 4, layer_norm=True, rng=rng()),
    ):
        assert f"# {sum(p.size for p in model.parameters()):,} parameters" in str(model).splitlines()[0]
