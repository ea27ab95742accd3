"""Whole models: what they compute, on any cell or layer; padding without influence; an encoder and a decoder in one picture."""

import ast
import importlib
import inspect
import pkgutil

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn import nn
from tinygrad_rnn.errors import DataError, DtypeError, ShapeError
from tinygrad_rnn.functional import cross_entropy


class Leaky(nn.Module):
    """A learner's own cell, of fifteen lines and of no size that anybody could read off."""

    def __init__(self, features, hidden, *, rng):
        self.Wx = tg.Tensor(rng.standard_normal((features, hidden)), requires_grad=True)
        self.Wh = tg.Tensor(rng.standard_normal((hidden, hidden)), requires_grad=True)

    def initial_state(self, batch):
        return (tg.Tensor(np.zeros((batch, len(self.Wh.data))), name="h0"),)

    def step(self, x, state):
        (h,) = state
        return (tg.named(0.9 * h + 0.1 * tg.tanh(x @ self.Wx + h @ self.Wh), "h"),)


def two(kind, rng):
    return nn.Stacked([kind(3, 4, rng=rng), kind(4, 4, rng=rng)])


FORWARDS = {
    "RNNCell": lambda rng: nn.RNNCell(3, 4, rng=rng),
    "LSTMCell": lambda rng: nn.LSTMCell(3, 4, rng=rng),
    "Stacked GRU": lambda rng: two(nn.GRUCell, rng),
    "nn.LSTM": lambda rng: nn.LSTM(3, 4, 2, rng=rng),
    "GridLSTM": lambda rng: nn.GridLSTM(3, 4, 2, rng=rng),
    "peephole": lambda rng: nn.PeepholeLSTMCell(3, 4, rng=rng),
    "own cell": lambda rng: Leaky(3, 4, rng=rng),
}
BOTH = {
    "Bidirectional": lambda rng: nn.Bidirectional(nn.GRUCell(3, 2, rng=rng), nn.GRUCell(3, 2, rng=rng)),
    "Stacked Bidirectional": lambda rng: nn.Stacked([nn.Bidirectional(*[Leaky(3, 3, rng=rng) for _ in "ab"]),
                                                     nn.Bidirectional(*[nn.LSTMCell(6, 2, rng=rng) for _ in "ab"])]),
    "nn.GRU": lambda rng: nn.GRU(3, 2, 2, rng=rng, bidirectional=True),
}  # fmt: skip
LAYERS = FORWARDS | BOTH
POOLINGS = ["last", "mean", "max", "attention"]
IDS = np.array([[1, 2, 3, 4, 5], [5, 4, 0, 0, 0], [2, 2, 1, 0, 0]])
LENGTHS = [5, 2, 3]


def classifier(name, pooling, padding_idx=None):
    rng = np.random.default_rng(0)
    table = nn.Embedding(6, 3, rng=rng, padding_idx=padding_idx)
    return nn.SequenceClassifier(table, LAYERS[name](rng), nn.Linear(4, 3, rng=rng), pooling, rng=rng)


# ---- many to one ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize("pooling", POOLINGS)
def test_padding_has_no_influence(name, pooling):
    model = classifier(name, pooling)
    together = model(IDS, LENGTHS).data
    alone = [model(IDS[k : k + 1, :n]).data[0] for k, n in enumerate(LENGTHS)]
    np.testing.assert_allclose(together, alone, rtol=1e-12, atol=1e-14)
    other = np.where(IDS == 0, 3, IDS)
    np.testing.assert_array_equal(model(other, LENGTHS).data, together)


@pytest.mark.parametrize("name", LAYERS)
def test_gradients_are_those_of_the_sequences_one_by_one(name):
    model = classifier(name, "attention", padding_idx=0)
    targets = np.array([0, 2, 1])
    (cross_entropy(model(IDS, LENGTHS), targets) * 3).backward()
    together = {path: p.grad.copy() for path, p in model.named_parameters()}
    model.zero_grad()
    for k, n in enumerate(LENGTHS):
        cross_entropy(model(IDS[k : k + 1, :n]), targets[k : k + 1]).backward()
    for path, p in model.named_parameters():
        np.testing.assert_allclose(together[path], p.grad, rtol=1e-9, atol=1e-12, err_msg=path)
    assert not together["embedding.W"][0].any()


def test_the_last_state_of_both_directions_is_what_is_classified():
    model = classifier("Bidirectional", "last")
    _, ((ahead,), (back,)) = nn.unroll(model.layer, model.embedding(IDS))
    wanted = model.readout(tg.concat([ahead, back], axis=1))
    assert model(IDS).data.tolist() == wanted.data.tolist()


def test_vectors_instead_of_ids_and_a_pooling_of_ones_own():
    rng = np.random.default_rng(0)
    xs = rng.standard_normal((3, 5, 3))
    model = nn.SequenceClassifier(None, nn.RNNCell(3, 4, rng=rng), nn.Linear(4, 2, rng=rng), lambda hs, lengths: hs[:, 0])
    hs, _ = nn.unroll(model.layer, xs)
    assert model(xs).data.tolist() == model.readout(hs[0]).data.tolist()
    model.pooling = nn.pool_last
    np.testing.assert_allclose(model(xs, LENGTHS).data[1], model(xs[1:2, :2]).data[0], rtol=1e-12)


@pytest.mark.parametrize("pooling", POOLINGS)
def test_a_classifier_learns_which_symbol_comes_first(pooling):
    rng = np.random.default_rng(0)
    table = nn.Embedding(4, 8, rng=rng)
    model = nn.SequenceClassifier(table, nn.GRUCell(8, 12, rng=rng), nn.Linear(12, 4, rng=rng), pooling, rng=rng)
    adam = tg.optim.Adam(model.parameters(), lr=0.03)
    for _ in range(60):
        ids, lengths = rng.integers(0, 4, (16, 5)), rng.integers(1, 6, 16)
        adam.zero_grad()
        cross_entropy(model(ids, lengths), ids[:, 0]).backward()
        adam.step()
    ids = rng.integers(0, 4, (200, 5))
    assert tg.functional.accuracy(model(ids), ids[:, 0]) > 0.9


def rng0():
    return np.random.default_rng(0)


def answers(model, prompts, source=IDS, lengths=LENGTHS, **more):
    return tg.generate(model.decoding(source, lengths), prompts, 8, method="greedy", **more)


def small(pooling="last", readout=None, **more):
    parts = nn.Embedding(6, 3, rng=rng0()), nn.RNNCell(3, 4, rng=rng0()), readout or nn.Linear(4, 2, rng=rng0())
    return nn.SequenceClassifier(*parts, pooling, **more)


WRONG = [
    (lambda: small()(np.zeros((0, 5), int)), DataError, r"no sequences: shape \(0, 5\)"),
    (lambda: small()(np.zeros((5, 0), int)), DataError, r"no steps: shape \(5, 0\)"),
    (lambda: small()([1, 2]), ShapeError, r"shape \(2,\)"),
    (lambda: small()([[1, 2], [1]]), DtypeError, "different length"),
    (lambda: small()([[1.0, 2.0]]), DtypeError, "dtype float64"),
    (lambda: small()([[1, 6]]), DataError, "row 6"),
    (lambda: small()(IDS, [5, 0, 3]), DataError, "length 0"),
    (lambda: small()(IDS, [5, 6, 3]), DataError, "length 6"),
    (lambda: small()(IDS, [5, 2]), ShapeError, r"lengths of shape \(2,\) for a batch of 3"),
    (lambda: small("sum"), DataError, "pooling='sum'"),
    (lambda: small("attention"), DataError, "without rng"),
    (lambda: small("attention", rng=rng0(), readout=lambda x: x), DataError, "no Linear"),
    (lambda: small(readout=nn.Linear(5, 2, rng=rng0()))(IDS), ShapeError, "does not fit"),
    (lambda: nn.CharModel(5, BOTH["Bidirectional"](rng0()), rng=rng0()), DataError, "reads backwards"),
    (lambda: nn.CharModel(5, nn.GRU(3, 4, rng=rng0(), bidirectional=True), rng=rng0()), DataError, "reads backwards"),
    (lambda: nn.CharModel(5, Leaky(3, 4, rng=rng0()), rng=rng0()), DataError, "Leaky that does not tell its sizes"),
    (lambda: nn.CharModel(0, nn.RNNCell(3, 4, rng=rng0()), rng=rng0()), ShapeError, "at least 1"),
    (lambda: nn.CharModel(5, nn.RNNCell(3, 4, rng=rng0()), rng=rng0())(np.zeros((1, 0), int)), DataError, "no steps"),
    (lambda: seq2seq(None)(IDS, IDS[:2]), ShapeError, "3 sources"),
    (lambda: seq2seq(None)(IDS, IDS[:, :0]), DataError, "no steps"),
    (lambda: seq2seq(None)(IDS[:0], IDS[:0]), DataError, "no sequences"),
    (lambda: seq2seq(None).decoding(3), ShapeError, r"source of shape \(\)"),
    (lambda: answers(seq2seq(None), [0]), DataError, "decoding 3 sources starts with 3 sequences, not 1"),
    (lambda: answers(seq2seq(None), [[0]] * 2), DataError, "decoding 3 sources starts with 3 sequences, not 2"),
    (lambda: answers(seq2seq(None), [[0]] * 3, lengths=[1, 2]), ShapeError, r"lengths of shape \(2,\)"),
    (lambda: seq2seq(None).decoding(IDS).start("3"), DataError, "not '3'"),
    (lambda: small(["last"]), DataError, "pooling="),
    (lambda: nn.CharModel(5, nn.RNNCell(3, 4, rng=rng0()), rng=rng0(), features=0), DataError, r"CharModel\(features=0\)"),
    (
        lambda: nn.CharModel(5, nn.RNNCell(3, 4, rng=rng0()), rng=rng0(), hidden_size=2.0),
        DataError,
        r"CharModel\(hidden_size=2.0\)",
    ),
    (lambda: nn.CharModel(True, nn.RNNCell(3, 4, rng=rng0()), rng=rng0()), DataError, "the vocabulary True"),
    (lambda: nn.CharModel(None, nn.RNNCell(3, 4, rng=rng0()), rng=rng0()), DataError, "the vocabulary None"),
    (lambda: seq2seq(None, "RNNCell", "LSTMCell")(IDS, IDS), ShapeError, r"\(\(3, 4\), \(3, 4\)\), and was given \(\(3, 4\),\)"),
    (lambda: seq2seq(None, "nn.LSTM", "LSTMCell")(IDS, IDS), ShapeError, "LSTMCell starts from a state of shapes"),
    (lambda: seq2seq(None, bridge=lambda state: state[0])(IDS, IDS), ShapeError, r"and was given \(3, 4\)"),
    (lambda: seq2seq(None, bridge=lambda state: None)(IDS, IDS), ShapeError, "and was given NoneType"),
    (lambda: seq2seq(None, bridge=3), DataError, "bridge=3"),
    (lambda: seq2seq(None, "Bidirectional", "RNNCell"), DataError, "both directions, without a bridge"),
    (lambda: nn.Seq2Seq(small().layer, BOTH["Bidirectional"](rng0()), lambda s: s), DataError, "decoder that reads backwards"),
]


@pytest.mark.parametrize(("call", "error", "words"), WRONG)
def test_what_does_not_fit_is_said(call, error, words):
    with pytest.raises(error, match=words) as caught:
        call()
    assert caught.value.hint
    assert len(caught.value.message.splitlines()) == 1


# ---- many to many ---------------------------------------------------------------------------------------------------------


def char_model(name, symbols=6):
    rng = np.random.default_rng(0)
    sizes = {"features": 3, "hidden_size": 4} if name == "own cell" else {}
    return nn.CharModel(symbols, FORWARDS[name](rng), rng=rng, **sizes)


@pytest.mark.parametrize("name", FORWARDS)
def test_steps_give_what_the_whole_text_gives(name):
    model = char_model(name)
    whole, end = model(IDS)
    assert whole.shape == (3, 5, 6)
    state, rows = model.start(3), []
    for t in range(5):
        logits, state = model.step(IDS[:, t], state)
        rows.append(logits.data)
    np.testing.assert_allclose(np.stack(rows, 1), whole.data, rtol=1e-12, atol=1e-14)
    first, carried = model(IDS[:, :2])
    second, last = model(IDS[:, 2:], carried)
    np.testing.assert_allclose(np.concatenate([first.data, second.data], 1), whole.data, rtol=1e-12, atol=1e-14)
    assert type(last) is type(end)


@pytest.mark.parametrize("name", FORWARDS)
def test_every_parameter_of_a_char_model_gets_a_gradient(name):
    model = char_model(name)
    logits, _ = model(IDS[:, :-1])
    cross_entropy(logits, IDS[:, 1:]).backward()
    assert [path for path, p in model.named_parameters() if p.grad is None or not p.grad.any()] == []


def test_the_vocabulary_comes_along():
    letters = tg.data.vocab.CharVocabulary.from_text("hello")
    model = nn.CharModel(letters, nn.RNNCell(3, 4, rng=rng0()), rng=rng0())
    assert (model.symbols, model.vocabulary, nn.CharModel(7, nn.RNNCell(3, 4, rng=rng0()), rng=rng0()).vocabulary) == (
        4,
        letters,
        None,
    )
    assert set(model.state_dict()) == {"embedding.W", "layer.Wx", "layer.Wh", "layer.b", "readout.W", "readout.b"}


def test_logits_stand_in_their_steps():
    logits, _ = char_model("RNNCell")(IDS[:1, :3])
    graph = tg.snapshot(cross_entropy(logits, IDS[:1, 1:4]))
    assert sorted(graph.along("logits")) == [1, 2, 3]


# ---- sequence to sequence -------------------------------------------------------------------------------------------------

ATTENTION = {
    "none": lambda rng: None,
    "dot": lambda rng: nn.DotAttention(),
    "additive": lambda rng: nn.AdditiveAttention(4, 4, 5, rng=rng),
}
TARGETS = np.array([[0, 3, 2], [0, 1, 1], [0, 5, 4]])


def seq2seq(attention, encoder="RNNCell", decoder=None, **more):
    rng = np.random.default_rng(0)
    looks = attention(rng) if attention else None
    table = nn.Embedding(6, 3, rng=rng)
    readout = nn.Linear(8 if looks else 4, 6, rng=rng)
    parts = LAYERS[encoder](rng), LAYERS[decoder or encoder](rng)
    return nn.Seq2Seq(*parts, readout, source=table, target=table, attention=looks, **more)


@pytest.mark.parametrize("attention", ATTENTION)
@pytest.mark.parametrize("name", FORWARDS)
def test_shapes_and_weights(name, attention):
    model = seq2seq(ATTENTION[attention], name)
    logits, weights = model(IDS, TARGETS, LENGTHS)
    assert logits.shape == (3, 3, 6)
    if attention == "none":
        assert weights is None
    else:
        assert weights.shape == (3, 3, 5)
        np.testing.assert_allclose(weights.data.sum(axis=2), 1, rtol=1e-14)
        assert ((weights.data > 0) == (np.arange(5) < np.array(LENGTHS)[:, None, None])).all()
    cross_entropy(logits, TARGETS).backward()
    unread = {"encoder.blocks.1.W.1", "encoder.blocks.1.b.1"} if attention == "none" else set()  # what leaves a grid at its top
    assert {path for path, p in model.named_parameters() if p.grad is None} <= unread
    for k, n in enumerate(LENGTHS):
        alone, _ = model(IDS[k : k + 1, :n], TARGETS[k : k + 1])
        np.testing.assert_allclose(logits.data[k], alone.data[0], rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("attention", ATTENTION)
@pytest.mark.parametrize("name", FORWARDS)
def test_a_batch_runs_freely_as_each_source_alone(name, attention):
    model, starts, ends = seq2seq(ATTENTION[attention], name), [[0], [2], [4]], set()
    for seed in range(4):
        rng = np.random.default_rng(seed)
        for p in model.parameters():
            p.data = 1.5 * rng.standard_normal(p.shape)  # so that sequences differ
        free = answers(model, starts)
        for stop in (None, free[0][1], free[1][3]):
            together = answers(model, starts, stop=stop)
            ends.add(tuple(map(len, together)))
            other = np.hstack([np.where(IDS == 0, 3, IDS), np.full((3, 4), 2)])  # padding has no influence
            assert answers(model, starts, other, stop=stop) == together
            for k, n in enumerate(LENGTHS):
                alone = model.decoding(IDS[k : k + 1, :n])
                assert tg.generate(alone, starts[k], 8, method="greedy", stop=stop) == together[k]
                assert tg.beam_search(alone, starts[k], 8, beams=1, stop=stop)[0][0] == together[k]
    assert any(len({*lengths}) > 1 for lengths in ends)  # each at its own end


@pytest.mark.parametrize("attention", ATTENTION)
@pytest.mark.parametrize("name", FORWARDS)
def test_what_runs_freely_is_the_most_probable_next_symbol_under_teacher_forcing(name, attention):
    model, rng = seq2seq(ATTENTION[attention], name), np.random.default_rng(0)
    for p in model.parameters():
        p.data = 1.5 * rng.standard_normal(p.shape)
    written = np.array(answers(model, [[0], [2], [4]]))
    logits, _ = model(IDS, np.column_stack([[0, 2, 4], written[:, :-1]]), LENGTHS)
    assert logits.data.argmax(axis=2).tolist() == written.tolist()


def test_padding_of_vectors_may_be_anything():
    rng = np.random.default_rng(0)
    parts = nn.LSTMCell(3, 4, rng=rng), nn.LSTMCell(3, 4, rng=rng), nn.Linear(8, 6, rng=rng)
    model = nn.Seq2Seq(*parts, target=nn.Embedding(6, 3, rng=rng), attention=nn.DotAttention())
    xs = rng.standard_normal((3, 5, 3))
    wanted = answers(model, [[0]] * 3, xs)
    xs[np.arange(5) >= np.array(LENGTHS)[:, None]] = np.nan
    assert answers(model, [[0]] * 3, xs) == wanted


def test_each_sequence_of_a_batch_has_its_own_choice():
    model = seq2seq(ATTENTION["dot"])
    written = answers(model, [[0]] * 3, allowed=lambda so_far: [k for k in range(1, 6) if k not in so_far] or [0], stop=0)
    assert [sorted(ids) for ids in written] == [[1, 2, 3, 4, 5]] * 3


@pytest.mark.parametrize("attention", ATTENTION)
def test_gradients_of_a_seq2seq(attention):
    model = seq2seq(ATTENTION[attention], "LSTMCell")
    cell = model.encoder

    def outputs(Wx, Wh, W):
        cell.Wx, cell.Wh, model.readout.W = Wx, Wh, W
        return model(IDS[:2, :3], TARGETS[:2, :2], [3, 2])[0]

    assert tg.gradcheck(outputs, [p.data.copy() for p in (cell.Wx, cell.Wh, model.readout.W)])


def test_a_bridge_leads_from_both_directions_to_one():
    model = seq2seq(
        ATTENTION["dot"], "Bidirectional", "RNNCell", bridge=lambda state: (tg.concat([h for (h,) in state], axis=1),)
    )
    logits, weights = model(IDS, TARGETS, LENGTHS)
    assert (logits.shape, weights.shape) == ((3, 3, 6), (3, 3, 5))


@pytest.mark.parametrize("name", ["RNNCell", "Stacked GRU", "nn.LSTM"])
@pytest.mark.parametrize("detail", ["op", "gate", "cell"])
def test_the_decoder_continues_in_time(name, detail):
    model = seq2seq(ATTENTION["dot"], name)
    logits, _ = model(IDS[:1, :3], TARGETS[:1, :2])
    loss = cross_entropy(logits, TARGETS[:1, 1:])
    graph = tg.snapshot(loss)
    layer = "layer=2" if name != "RNNCell" else None
    assert sorted(graph.along("h", scope=layer)) == [1, 2, 3, 4, 5]
    assert graph.find("memory").t == 3
    assert sorted(graph.along("α")) == sorted(graph.along("logits")) == [4, 5]
    view = tg.draw(loss, detail=detail).view
    assert view.steps == (1, 2, 3, 4, 5)
    columns = {column: {r.frames[1].name for r in graph if r.kind == "op" and r.t == column} for column in (1, 2, 4, 5)}
    assert [("encoder" in columns[t], "decoder" in columns[t]) for t in (1, 2, 4, 5)] == [(True, False)] * 2 + [(False, True)] * 2
    assert tg.draw(loss, detail=detail).svg().startswith("<svg")


def test_steps_after_counts_on_and_ends():
    x = tg.Tensor(1.0, requires_grad=True)

    def place(t):
        with tg.time_step(t):
            return (x * 2.0).place

    with tg.steps_after(3):
        with tg.steps_after(2):
            assert place(1) == "t=6"
        assert place(1) == "t=4"
    assert place(1) == "t=1"
    with pytest.raises(ZeroDivisionError), tg.steps_after(3):
        1 / 0  # noqa: B018
    assert place(1) == "t=1"
    with pytest.raises(DataError, match="steps_after"):
        tg.steps_after(-1)


def test_a_seq2seq_learns_to_reverse_three_symbols():
    rng = np.random.default_rng(0)
    table = nn.Embedding(5, 8, rng=rng)
    parts = nn.GRUCell(8, 24, rng=rng), nn.GRUCell(8, 24, rng=rng), nn.Linear(48, 5, rng=rng)
    model = nn.Seq2Seq(*parts, source=table, target=table, attention=nn.DotAttention())
    adam = tg.optim.Adam(model.parameters(), lr=0.02)
    for _ in range(150):
        source = rng.integers(1, 5, (32, 3))
        wanted = source[:, ::-1]
        adam.zero_grad()
        cross_entropy(model(source, np.hstack([np.zeros((32, 1), int), wanted[:, :-1]]))[0], wanted).backward()
        adam.step()
    sources = [[1, 2, 3], [4, 1, 1], [3, 4, 2]]
    assert tg.generate(model.decoding(sources), [[0]] * 3, 3, method="greedy") == [source[::-1] for source in sources]
    for source in sources:
        assert tg.generate(model.decoding([source]), [0], 3, method="greedy") == source[::-1]
        assert tg.beam_search(model.decoding([source]), [0], 3, beams=4)[0][0] == source[::-1]


# ---- what they are made of ------------------------------------------------------------------------------------------------


MODULES = sorted(m.name[16:] for m in pkgutil.walk_packages(nn.__path__, "tinygrad_rnn.nn.") if ".decode" not in m.name)


@pytest.mark.parametrize("name", MODULES)
def test_nothing_has_a_backward_of_its_own(name):
    tree = ast.parse(inspect.getsource(importlib.import_module(f"tinygrad_rnn.nn.{name}")))
    names = {node.name for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.ClassDef))}
    names |= {alias.name for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for alias in node.names}
    assert not names & {"backward", "ops", "Op", "Node", "apply1", "apply2", "apply_list"}
    names -= {"zero_grad", "no_grad", "requires_grad_"}  # a module forgets gradients, or wants none; it computes none
    assert not any("vjp" in each.lower() or "grad" in each.lower() for each in names)


# ---- PyTorch, live --------------------------------------------------------------------------------------------------------


@pytest.mark.torch
@pytest.mark.parametrize("pooling", ["last", "mean", "max"])
def test_lstm_and_linear_are_those_of_torch(pooling):
    torch = pytest.importorskip("torch")
    model = classifier("LSTMCell", pooling, padding_idx=0)
    with torch.no_grad():
        table = torch.nn.Embedding(6, 3, padding_idx=0, dtype=torch.float64)
        table.weight.copy_(torch.tensor(model.embedding.W.data))
        lstm = torch.nn.LSTM(3, 4, batch_first=True, dtype=torch.float64)
        linear = torch.nn.Linear(4, 3, dtype=torch.float64)
        for theirs, ours in (
            (lstm.weight_ih_l0, model.layer.Wx.data.T), (lstm.weight_hh_l0, model.layer.Wh.data.T), (lstm.bias_ih_l0, model.layer.b.data),
            (lstm.bias_hh_l0, 0 * model.layer.b.data), (linear.weight, model.readout.W.data.T), (linear.bias, model.readout.b.data),
        ):  # fmt: skip
            theirs.copy_(torch.tensor(ours))
    packed = torch.nn.utils.rnn.pack_padded_sequence(table(torch.tensor(IDS)), LENGTHS, batch_first=True, enforce_sorted=False)
    outputs, (h, _) = lstm(packed)
    padded, _ = torch.nn.utils.rnn.pad_packed_sequence(outputs, batch_first=True)
    valid = (torch.arange(5) < torch.tensor(LENGTHS)[:, None])[:, :, None]
    pooled = {
        "last": lambda: h[0],
        "mean": lambda: (padded * valid).sum(1) / torch.tensor(LENGTHS)[:, None],
        "max": lambda: padded.masked_fill(~valid, -torch.inf).max(1).values,
    }[pooling]()
    wanted = linear(pooled)
    logits = model(IDS, LENGTHS)
    np.testing.assert_allclose(logits.data, wanted.detach().numpy(), rtol=1e-11)
    targets = [0, 2, 1]
    cross_entropy(logits, targets).backward()
    torch.nn.functional.cross_entropy(wanted, torch.tensor(targets)).backward()
    pairs = [
        (model.embedding.W, table.weight.grad), (model.layer.Wx, lstm.weight_ih_l0.grad.T), (model.layer.Wh, lstm.weight_hh_l0.grad.T),
        (model.layer.b, lstm.bias_ih_l0.grad), (model.readout.W, linear.weight.grad.T), (model.readout.b, linear.bias.grad),
    ]  # fmt: skip
    for ours, theirs in pairs:
        np.testing.assert_allclose(ours.grad, theirs.numpy(), rtol=1e-9, atol=1e-13)
