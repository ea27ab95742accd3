"""A model in a table: shapes, parameters, steps, time and memory of every part, and a model that is left as it was."""

import io
from contextlib import redirect_stdout

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn import nn, probe
from tinygrad_rnn.errors import DataError, ShapeError


def rng():
    return np.random.default_rng(0)


def classifier(**options):
    layers = nn.Embedding(7, 3, rng=rng()), nn.GRU(3, 4, rng=rng(), **options), nn.Linear(4, 2, rng=rng())
    return nn.SequenceClassifier(*layers)


IDS = np.arange(20).reshape(4, 5) % 7


def test_every_part_has_its_row():
    found = tg.summary(classifier(), IDS)
    assert [(row.path, row.kind, row.output, row.parameters, row.steps) for row in found] == [
        ("", "SequenceClassifier", "(4, 2)", 131, 1),
        ("embedding", "Embedding", "(4, 5, 3)", 21, 1),
        ("layer", "GRU", "5 x (4, 4)", 100, 1),
        ("layer.layers.0", "GRUCell", "(4, 4)", 100, 5),
        ("readout", "Linear", "(4, 2)", 10, 1),
    ]


def test_a_layer_gives_what_its_caller_gets():
    x = np.ones((4, 5, 3))
    assert tg.summary(nn.LSTM(3, 4, rng=rng()), x)[0].output == "(4, 5, 4)"
    net = nn.Sequential(nn.LSTM(3, 4, rng=rng()), nn.GRU(4, 2, rng=rng()))
    assert [row.output for row in tg.summary(net, x) if row.kind in ("LSTM", "GRU")] == ["(4, 5, 4)", "(4, 5, 2)"]


def test_a_module_that_is_called_without_a_forward_counts_too():
    class Called(nn.Module):
        def __call__(self, x):
            return tg.tanh(x)

    assert [(row.steps, row.output) for row in tg.summary(Called(), np.ones((1, 3)))] == [(1, "(1, 3)")]


def test_parameters_are_those_of_the_parts_and_shares_are_of_the_model():
    found = tg.summary(classifier(num_layers=2), IDS)
    model = classifier(num_layers=2)
    assert found[0].parameters == sum(p.size for p in model.parameters())
    assert found[0].share == 1.0
    assert sum(row.share for row in found if row.path in ("embedding", "layer", "readout")) == pytest.approx(1.0)


def test_what_is_shared_counts_once_in_the_model():
    class Tied(nn.Module):
        def __init__(self):
            self.table, self.readout = nn.Embedding(5, 4, rng=rng()), nn.Linear(4, 5, rng=rng(), bias=False)
            self.readout.W = self.square = tg.Tensor(np.ones((4, 5)), requires_grad=True)

        def forward(self, ids):
            return self.readout(self.table(ids))

    found = tg.summary(Tied(), [[1, 2]])
    assert [row.parameters for row in found] == [40, 20, 20]


def test_memory_is_what_the_graph_keeps():
    model = classifier()
    found = {row.path: row for row in tg.summary(model, IDS)}
    loss = model.eval()(IDS)
    whole = probe.activation_memory(loss)
    assert found[""].bytes == whole.total
    cell = found["layer.layers.0"]
    assert cell.steps * cell.bytes == pytest.approx(whole.by_step.sum(), abs=cell.steps)
    with tg.no_grad():
        assert {row.bytes for row in tg.summary(model, IDS)} == {0}


def test_time_is_that_of_one_step_and_is_called_measured():
    found = tg.summary(classifier(), IDS)
    assert all(0 < row.seconds < 10 for row in found)
    assert found[3].seconds * found[3].steps < found[2].seconds < found[0].seconds
    assert "what this one run forward took, here and now" in " ".join(str(found).split())


def test_other_arguments_are_passed_on():
    found = tg.summary(classifier(), IDS, lengths=[5, 1, 3, 2])
    assert found[2].output == "5 x (4, 4)" or found[2].output.startswith("packed (4, 5, 4)")
    assert found[3].output == "(4, 4)"  # of the step with the most rows
    translator = nn.Seq2Seq(
        nn.GRU(3, 4, rng=rng()), nn.GRU(3, 4, rng=rng()), nn.Linear(4, 7, rng=rng()),
        source=nn.Embedding(7, 3, rng=rng()), target=nn.Embedding(7, 3, rng=rng()),
    )  # fmt: skip
    assert tg.summary(translator, IDS, IDS, lengths=[5, 5, 5, 5])[0].output.startswith("(4, ")


class Own:
    """A cell of no class of ours, of another shape at every other step."""

    def __init__(self):
        self.W = tg.Tensor(np.eye(3), requires_grad=True)

    def initial_state(self, batch):
        return {"h": tg.Tensor(np.zeros((batch, 3)))}

    def step(self, x, state):
        return {"h": tg.tanh(x @ self.W + state["h"])}


def test_cells_of_ones_own_and_parts_that_never_run():
    class Model(nn.Module):
        def __init__(self):
            self.cell, self.spare, self.table = Own(), nn.Linear(1, 1, rng=rng()), nn.Embedding(3, 3, rng=rng())

        def forward(self, x):
            return nn.unroll(self.cell, x)[0][-1] + self.table.W[0]

    found = tg.summary(Model(), np.ones((2, 6, 3)))
    assert [(row.kind, row.steps, row.output) for row in found] == [
        ("Model", 1, "(2, 3)"), ("Own", 6, "1 x (2, 3)"), ("Linear", 0, ""), ("Embedding", 0, ""),
    ]  # fmt: skip
    assert str(found).splitlines()[3].split()[2:] == ["-", "2", "10.0%", "0", "-", "-"]


@pytest.mark.parametrize("options", [{}, {"project_once": True}, {"bidirectional": True}, {"layer_norm": True, "num_layers": 3}])
def test_the_model_is_left_as_it_was(options):
    model = nn.LSTM(3, 4, rng=rng(), dropout=0.5, recurrent_dropout=0.5, **options)
    model.layers[0].eval()
    kinds, modes = [type(part) for part in model.modules()], [part.training for part in model.modules()]
    place = model.between.rng.bit_generator.state
    weights = {name: value.tobytes() for name, value in model.state_dict().items()}
    x = np.ones((2, 5, 3))
    expected = [row.steps for row in tg.summary(model, x)]
    assert model.between.rng.bit_generator.state == place  # no mask was drawn
    assert [type(part) for part in model.modules()] == kinds
    assert [part.training for part in model.modules()] == modes
    assert {name: value.tobytes() for name, value in model.state_dict().items()} == weights
    assert all(p.grad is None for p in model.parameters())
    assert [row.steps for row in tg.summary(model, x)] == expected
    assert all(row.steps == 5 for row in tg.summary(model, x) if row.kind.endswith("Cell"))


def test_the_model_is_left_as_it_was_by_an_error():
    model = classifier()
    kinds = [type(part) for part in model.modules()]
    for wrong in (np.ones((2, 3, 4, 5), int), None):
        with pytest.raises(tg.errors.TinygradRnnError):
            tg.summary(model, wrong)
        assert [type(part) for part in model.modules()] == kinds
    with pytest.raises(ShapeError):
        tg.summary(nn.LSTM(3, 4, rng=rng()), np.ones((2, 3, 5)))
    for none in (IDS, nn.Linear, nn.pool_mean, None):
        with pytest.raises(DataError, match="summary of") as caught:
            tg.summary(none, IDS)
        assert caught.value.hint


def test_the_graph_of_a_watched_run_is_the_same():
    x, model = np.ones((2, 5, 3)), nn.LSTM(3, 4, num_layers=2, rng=rng())

    class Keeps(nn.Module):
        def __init__(self):
            self.inner = model

        def forward(self, x):
            self.out, _ = self.inner(x)
            return self.out

    keeps = Keeps()
    keeps(x)
    expected = [(record.op, record.place) for record in tg.snapshot(keeps.out.sum())]
    tg.summary(keeps, x)
    assert [(record.op, record.place) for record in tg.snapshot(keeps.out.sum())] == expected


class Closed(type):
    """Lets no class stand below one of its own."""

    def __new__(mcs, name, bases, space):
        if bases and any(type(base) is Closed for base in bases):
            raise TypeError("final")
        return super().__new__(mcs, name, bases, space)


def test_a_class_that_cannot_be_watched_leaves_its_row_empty():
    class Final(nn.Module, metaclass=Closed):
        def forward(self, x):
            return tg.tanh(x)

    found = tg.summary(nn.Sequential(nn.Linear(3, 2, rng=rng()), Final()), np.ones((1, 3)))
    assert [(row.kind, row.steps) for row in found] == [("Sequential", 1), ("Linear", 1), ("Final", 0)]


def test_it_is_a_table_in_print_and_in_a_notebook():
    found = tg.summary(classifier(), IDS)
    with redirect_stdout(io.StringIO()) as out:
        print(found)
    lines = out.getvalue().splitlines()
    assert lines[0].split() == ["layer", "output", "parameters", "share", "steps", "time", "memory"]
    assert all(len(line) <= 100 for line in lines)
    assert str(found) == repr(found)
    shown = found._repr_html_()
    assert shown.count("<tr>") == 1 + len(found)
    assert "layer.layers.0: GRUCell" in shown


def test_hostile_names_stay_text():
    class Hostile(nn.Module):
        def __init__(self):
            self.parts = {"<script>\x1b[31m\u202e": nn.Linear(1, 1, rng=rng())}

        def forward(self, x):
            return self.parts["<script>\x1b[31m\u202e"](x)

    Hostile.__name__ = "<b>Hostile</b>"
    found = tg.summary(Hostile(), [[1.0]])
    for shown in (found._repr_html_(), str(found)):
        assert not {"\x1b", "\u202e"} & {*shown}
    assert "<script" not in found._repr_html_()
    assert "<b>" not in found._repr_html_()
