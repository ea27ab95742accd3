"""Losses of every model of the package, to be printed as programs; and a program run by Python alone."""

import numpy as np
import unseen_cells

import tinygrad_rnn as tg
from tinygrad_rnn import nn
from tinygrad_rnn.program.numpy_text import numpy_text


def run_alone(program):
    """(loss, gradients) of the printed program, in a namespace that holds nothing."""
    text = numpy_text(program)
    assert "tinygrad_rnn" not in text
    space = {}
    exec(compile(text, "program.py", "exec"), space)
    return space["step"](*[v.array for v in program.given])


def _cell(kind, size=3, reads="all", **options):
    def loss(rng, T):
        hs, _ = nn.unroll(kind(3, size, rng=rng, **options), rng.standard_normal((2, T, 3)))
        return _read(hs, reads)

    return loss


def _read(hs, reads):
    if reads == "all":
        return (tg.stack(hs) ** 2).mean()
    if reads == "last":
        return (hs[-1] ** 2).sum()
    if reads == "one":
        return (hs[len(hs) // 2] ** 2).sum() + (hs[-1] ** 2).sum()
    return sum((t + 1) * (h**2).sum() for t, h in enumerate(hs))


def _layers(make, reads="all"):
    def loss(rng, T):
        hs, _ = make(rng)(rng.standard_normal((2, T, 3)))
        return _read(list(hs), reads)

    return loss


def _classified(pooling, layer):
    def loss(rng, T):
        options = {"rng": rng} if pooling == "attention" else {}
        model = nn.SequenceClassifier(nn.Embedding(5, 3, rng=rng), layer(rng), nn.Linear(4, 2, rng=rng), pooling, **options)
        ids, lengths = rng.integers(1, 5, (3, T)), [T, max(1, T - 2), max(1, T // 2)]
        return tg.functional.cross_entropy(model(ids, lengths), [0, 1, 1])

    return loss


def _translated(attention):
    def loss(rng, T):
        table = nn.Embedding(5, 3, rng=rng)
        cells, size = [nn.GRUCell(3, 4, rng=rng) for _ in range(2)], 8 if attention else 4
        model = nn.Seq2Seq(*cells, nn.Linear(size, 5, rng=rng), source=table, target=table, attention=attention)
        ids = rng.integers(1, 5, (3, T))
        logits, _ = model(ids, ids[:, : max(1, T - 2)])
        return tg.functional.cross_entropy(logits, ids[:, : max(1, T - 2)])

    return loss


def _written(rng, T):
    vocabulary = tg.data.vocab.CharVocabulary.from_text("abcde")
    model = nn.CharModel(vocabulary, nn.LSTM(3, 4, num_layers=2, dropout=0.3, rng=rng), features=3, rng=rng)
    ids = rng.integers(1, 5, (3, T))
    logits, _ = model(ids)
    return tg.functional.cross_entropy(logits, ids)


def _each_step(rng, T):
    hs, _ = nn.unroll(nn.GRUCell(3, 4, rng=rng), rng.standard_normal((2, T, 3)))
    total = 0.0
    for h in hs:
        total = total + tg.functional.cross_entropy(h, [0, 1])
    return total / T


def _packed(rng, T):
    packed = nn.pack([rng.standard_normal((n, 3)) for n in (T, T, max(1, T - 3))])
    hs, _ = nn.LSTM(3, 4, rng=rng)(packed)
    return sum((h**2).sum() for h in hs.tensors)


def _without_time(rng, T):
    model = nn.Sequential(nn.Linear(3, 4, rng=rng), tg.tanh, nn.LayerNorm(4), nn.Linear(4, 1, rng=rng))
    return (model(rng.standard_normal((T, 3))) ** 2).sum()


def _float32(rng, T):
    with tg.default_dtype(np.float32):
        hs, _ = nn.unroll(nn.LSTMCell(3, 4, rng=rng), rng.standard_normal((2, T, 3)).astype(np.float32))
        return (tg.stack(hs) ** 2).mean()


CELLS = [nn.RNNCell, nn.LSTMCell, nn.GRUCell, nn.PeepholeLSTMCell, nn.LayerNormRNNCell, nn.LayerNormLSTMCell, nn.LayerNormGRUCell]
LOSSES = {
    **{kind.__name__: _cell(kind) for kind in CELLS},
    **{f"{kind.__name__}, {reads}": _cell(kind, reads=reads) for kind in CELLS[1:3] for reads in ("last", "one", "each")},
    "sizes all equal": lambda rng, T: (nn.unroll(nn.LSTMCell(T, T, rng=rng), rng.standard_normal((T, T, T)))[0][-1] ** 2).sum(),
    "relu": _cell(nn.RNNCell, nonlinearity="relu"),
    "GRU before the product": _cell(nn.GRUCell, reset_after=False),
    "two layers": _layers(lambda rng: nn.Stacked([nn.LSTMCell(3, 4, rng=rng), nn.GRUCell(4, 4, rng=rng)])),
    "both directions": _layers(lambda rng: nn.Bidirectional(nn.RNNCell(3, 4, rng=rng), nn.RNNCell(3, 4, rng=rng))),
    "both directions, last": _layers(lambda rng: nn.Bidirectional(nn.GRUCell(3, 4, rng=rng), nn.GRUCell(3, 4, rng=rng)), "last"),
    "both directions, each": _layers(lambda rng: nn.Bidirectional(nn.RNNCell(3, 4, rng=rng), nn.RNNCell(3, 4, rng=rng)), "each"),
    "two layers, both directions": _layers(lambda rng: nn.LSTM(3, 4, num_layers=2, bidirectional=True, rng=rng)),
    "residual": _layers(lambda rng: nn.Residual(nn.GRUCell(3, 3, rng=rng)), "each"),
    "GridLSTM": _layers(lambda rng: nn.GridLSTM(3, 3, 2, rng=rng)),
    "packed": _packed,
    **{f"classifier, {how}": _classified(how, lambda rng: nn.GRU(3, 4, rng=rng)) for how in ("last", "mean", "max", "attention")},
    "classifier, both directions": _classified(
        "last", lambda rng: nn.Bidirectional(nn.LSTMCell(3, 2, rng=rng), nn.LSTMCell(3, 2, rng=rng))
    ),
    "seq2seq": _translated(None),
    "seq2seq with attention": _translated(nn.DotAttention()),
    "character model with dropout": _written,
    "a loss at each step": _each_step,
    "without time": _without_time,
    "float32": _float32,
    **{kind: lambda rng, T, kind=kind: unseen_cells.run(kind)[2] for kind in unseen_cells.UNSEEN},
}  # fmt: skip
