"""Every picture of every model can be drawn, on a page too, or is refused with a word."""

import shutil
from xml.etree import ElementTree

import drawing_checks as checks
import numpy as np
import pytest
import unseen_cells

import tinygrad_rnn as tg
from tinygrad_rnn import nn
from tinygrad_rnn.errors import TinygradRnnError

IDS, LENGTHS = [[1, 2, 3], [1, 2, 0]], [3, 2]


def _classified(pooling):
    def loss(rng):
        options = {"rng": rng} if pooling == "attention" else {}
        model = nn.SequenceClassifier(
            nn.Embedding(5, 3, rng=rng), nn.GRU(3, 4, rng=rng), nn.Linear(4, 2, rng=rng), pooling, **options
        )
        return tg.functional.cross_entropy(model(IDS, LENGTHS), [0, 1])

    return loss


def _translated(attention):
    def loss(rng):
        table = nn.Embedding(5, 3, rng=rng)
        cells, size = [nn.GRUCell(3, 4, rng=rng) for _ in range(2)], 8 if attention else 4
        model = nn.Seq2Seq(*cells, nn.Linear(size, 5, rng=rng), source=table, target=table, attention=attention)
        logits, _ = model([[1, 2, 3]], [[0, 3, 2]])
        return tg.functional.cross_entropy(logits, [[1, 2, 3]])

    return loss


def _run(make, reads="last"):
    def loss(rng):
        hs, _ = make(rng)(rng.standard_normal((1, 3, 3)))
        return (hs[-1] ** 2).sum() if reads == "last" else sum((h**2).sum() for h in hs)

    return loss


def _written(rng):
    words = tg.data.vocab.CharVocabulary.from_text("abc")
    model = nn.CharModel(words, nn.LSTM(3, 4, rng=rng), features=3, rng=rng)
    logits, _ = model([[0, 1, 2]])
    return tg.functional.cross_entropy(logits, [[1, 2, 0]])


def _without_time(rng):
    model = nn.Sequential(nn.Linear(3, 4, rng=rng), tg.tanh, nn.LayerNorm(4), nn.Linear(4, 1, rng=rng))
    return (model(rng.standard_normal((2, 3))) ** 2).sum()


def _packed(rng):
    packed = nn.pack([rng.standard_normal((n, 3)) for n in (3, 2)])
    hs, _ = nn.LSTM(3, 4, rng=rng)(packed)
    return sum((h**2).sum() for h in hs.tensors)


CELLS = [nn.RNNCell, nn.LSTMCell, nn.GRUCell, nn.PeepholeLSTMCell, nn.LayerNormRNNCell, nn.LayerNormLSTMCell, nn.LayerNormGRUCell]
MODELS = {
    **{kind.__name__: _run(lambda rng, kind=kind: lambda xs: nn.unroll(kind(3, 4, rng=rng), xs)) for kind in CELLS},
    "two layers": _run(lambda rng: nn.Stacked([nn.LSTMCell(3, 4, rng=rng), nn.GRUCell(4, 4, rng=rng)])),
    "both directions, last": _run(lambda rng: nn.Bidirectional(nn.RNNCell(3, 4, rng=rng), nn.RNNCell(3, 4, rng=rng))),
    "both directions, all": _run(lambda rng: nn.Bidirectional(nn.RNNCell(3, 4, rng=rng), nn.RNNCell(3, 4, rng=rng)), "all"),
    "residual": _run(lambda rng: nn.Residual(nn.GRUCell(3, 3, rng=rng)), "all"),
    "GridLSTM": _run(lambda rng: nn.GridLSTM(3, 3, 2, rng=rng)),
    "packed": _packed,
    **{f"classifier, {pooling}": _classified(pooling) for pooling in ("last", "mean", "max", "attention")},
    "seq2seq": _translated(None),
    "seq2seq with attention": _translated(nn.DotAttention()),
    "character model": _written,
    "without time": _without_time,
    **{kind: lambda rng, kind=kind: unseen_cells.run(kind)[2] for kind in unseen_cells.UNSEEN},
}  # fmt: skip
TRUE = [
    checks.parses_and_ids_are_unique, checks.every_record_is_somewhere_once, checks.every_use_is_an_edge_or_a_chip,
    checks.boxes_have_no_cycle, checks.nothing_overlaps_or_leaves, checks.words_stay_on_the_paper, checks.columns_say_their_step,
    checks.edges_go_from_border_to_border, checks.no_edge_crosses_a_box, checks.hidden_steps_can_be_read,
    checks.tiles_stand_side_by_side, checks.labels_can_be_read,
]  # fmt: skip
PANEL = [checks.weights_once_and_chips_at_uses, checks.chips_sum_to_the_gradient]  # where there is time
VIEWS = [{}, {"detail": "op"}, {"detail": "gate"}, {"detail": "cell"}, {"rolled": True}, {"open": 1}, {"open": 3}, {"elide": 1}]


@pytest.mark.once
@pytest.mark.parametrize("view", VIEWS, ids=str)
@pytest.mark.parametrize("name", MODELS)
def test_it_is_drawn_or_refused_with_a_word(name, view, tmp_path):
    loss, refused = MODELS[name](np.random.default_rng(0)), None
    try:
        picture = tg.draw(loss, **view)
        ElementTree.fromstring(picture.svg())
        assert "nan" not in picture.describe().lower()
        for check in [checks.each_step_is_as_drawn] if view.get("rolled") else TRUE + PANEL * bool(picture.view.steps):
            check(checks.Picture.of(picture))
        assert picture.to_graphviz().source
        if view in ({}, {"open": 1}):
            assert picture.save(tmp_path / "x.html").stat().st_size > 50_000
    except TinygradRnnError as error:
        refused = error
    assert refused is None or (refused.hint and view.keys() & {"open", "rolled", "detail"})


@pytest.mark.once
@pytest.mark.parametrize("name", MODELS)
def test_it_moves_as_a_gif(name, tmp_path):
    pytest.importorskip("PIL", reason="needs the extra gif")
    pytest.importorskip("resvg_py", reason="needs the extra gif")
    path = tg.draw(MODELS[name](np.random.default_rng(0)), detail="cell").save(tmp_path / "x.gif")
    assert path.read_bytes()[:6] == b"GIF89a"


@pytest.mark.once
@pytest.mark.skipif(shutil.which("dot") is None, reason="Graphviz is not installed")
@pytest.mark.parametrize("name", MODELS)
def test_it_is_a_png_with_graphviz(name, tmp_path):
    path = tg.draw(MODELS[name](np.random.default_rng(0)), detail="cell").save(tmp_path / "x.png")
    assert path.read_bytes()[:4] == b"\x89PNG"


def test_a_step_that_a_cell_does_not_run_in_can_be_opened():
    for name in ("seq2seq", "seq2seq with attention", "both directions, last"):
        for step in (1, 3):
            assert tg.draw(MODELS[name](np.random.default_rng(0)), open=step).svg()


def test_the_largest_float_is_a_number_on_the_page(tmp_path):
    loss = MODELS["classifier, max"](np.random.default_rng(0))
    assert tg.draw(loss).save(tmp_path / "x.html").exists()
