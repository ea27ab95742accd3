"""Generated tasks: each answer checked by other means, each known number against a large sample."""

from __future__ import annotations

import itertools
import re
from collections import Counter

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn.data import grammars
from tinygrad_rnn.data.grammars import agreement, copy, describe, dyck, embedded_reber, known, latch, parity, reber, reverse
from tinygrad_rnn.errors import DataError

cases = pytest.mark.parametrize
SIZES = {
    "agreement": (9,),
    "copy": (7,),
    "reverse": (6,),
    "latch": (20,),
    "parity": (9,),
    "reber": (),
    "embedded_reber": (),
    "dyck": (5,),
}
REBER = re.compile("B(TS*X|PT*V)")  # the way in; the rest is checked by walking


def rng(seed=0):
    return np.random.default_rng(seed)


@cases("task", SIZES)
def test_a_seed_gives_the_same_bytes(task):
    make, generator = getattr(grammars, task), rng(1)
    first, again, later = (make(source, 20, *SIZES[task]) for source in (rng(1), generator, generator))
    assert first.x.tobytes() == again.x.tobytes() != later.x.tobytes()
    assert first.y.tobytes() == again.y.tobytes()


@cases("task", SIZES)
def test_sizes_and_generators_that_do_not_work(task):
    make, sizes = getattr(grammars, task), SIZES[task]
    for arguments in [
        (3, 4, *sizes),
        (rng(), 0, *sizes),
        (rng(), 2.0, *sizes),
        (rng(), True, *sizes),
        *([(rng(), 3, 0)] if sizes else []),
    ]:
        with pytest.raises(DataError) as caught:
            make(*arguments)
        assert caught.value.hint
    assert len(make(rng(), 1, *sizes).x) == 1


@cases(
    "call",
    [
        lambda: copy(rng(), 2, 3, kinds=1), lambda: copy(rng(), 2, 3, symbols=0), lambda: reverse(rng(), 2, 3, kinds=1),
        lambda: latch(rng(), 2, 2), lambda: latch(rng(), 2, 9, variance=-1.0), lambda: latch(rng(), 2, 9, variance=float("nan")),
        lambda: latch(rng(), 2, 9, variance="a"), lambda: known("copy", length=-20), lambda: known("copy", length="a"),
        lambda: dyck(rng(), 2, 1), lambda: dyck(rng(), 2, 3, kinds=1), lambda: dyck(rng(), 2, 3, kinds=5),
        lambda: known("copying"), lambda: known("adding", length=3), lambda: known("copy"), lambda: known("latch", variance=-1),
    ],
)  # fmt: skip
def test_other_settings_that_do_not_work(call):
    with pytest.raises(DataError) as caught:
        call()
    assert caught.value.hint


def test_agreement_is_decided_by_and():
    x, y, _, symbols, classes = agreement(rng(), 2_000, 5)
    assert x.shape == (2_000, 8)
    for row, label in zip(x, y, strict=True):
        sentence = [symbols[token] for token in row]
        subjects = [word for word in sentence if word[0].isupper()]
        assert len(set(subjects)) == 1 + sentence.count("and") == 1 + (classes[label] == "sing")
    assert 0.45 < y.mean() < 0.55


@cases("length", [1, 10, 30])
def test_copy_and_what_a_memoryless_answer_costs(length):
    x, y, tokens, asked, symbols, classes = copy(rng(), 500, length)
    assert x.shape == (500, length + 20, 10)
    assert (asked.sum(), len(classes), asked.nonzero()[0][0]) == (10, 9, length + 10)
    assert (tokens[:, :10] == y[:, asked]).all()
    assert (y[:, ~asked] == 8).all()
    assert (tokens[:, length + 9] == symbols.index(">")).all()
    assert ((tokens == 8).sum(1) == length + 9).all()
    guess = np.full((length + 20, 9), 0.0)
    guess[~asked, 8] = 1.0
    guess[asked, :8] = 1 / 8
    cost = -np.log(np.take_along_axis(np.broadcast_to(guess, (500, *guess.shape)), y[:, :, None], 2)).mean()
    assert cost == pytest.approx(known("copy", length=length).guess, rel=1e-12)
    assert {10: 0.693, 30: 0.416}.get(length, 0.990) == round(known("copy", length=length).guess, 3)


def test_reverse():
    x, y, tokens, asked, _, classes = reverse(rng(), 300, 6, kinds=30)
    assert (x.shape, len(classes), asked.tolist()) == ((300, 12, 32), 31, [False] * 6 + [True] * 6)
    assert (tokens[:, :6][:, ::-1] == y[:, 6:]).all()
    assert known("reverse", kinds=30) == ("nats", np.log(30), 0.0, 1 / 30)


def test_latch_and_parity():
    x, y, classes = latch(rng(), 4_000, 30)
    assert (np.sign(x[:, :3, 0].mean(1)) == 2 * y - 1).all()
    assert abs(x[:, 3:].mean()) < 0.01
    assert x[:, 3:].var() == pytest.approx(0.2, rel=0.02)
    assert classes == ("negative", "positive")
    bits = parity(rng(), 4_000, 7)
    assert (bits.tokens.sum(1) % 2 == bits.y).all()
    for task in (y, bits.y):
        assert 0.47 < task.mean() < 0.53
    for hidden in range(7):  # all bits but one say nothing
        seen = np.delete(bits.tokens, hidden, 1).sum(1) % 2
        assert 0.45 < (seen == bits.y).mean() < 0.55


def strings(data):
    return [
        "".join(data.symbols[k] for k in (*row[:n], y[n - 1]))
        for row, y, n in zip(data.tokens, data.y, data.lengths, strict=True)
    ]


def is_reber(text):
    """By the arrows of the figure in Hochreiter & Schmidhuber 1997, as sets of places."""
    arrows = {"B0": 1, "T1": 2, "P1": 3, "S2": 2, "X2": 4, "T3": 3, "V3": 5, "X4": 3, "S4": 6, "P5": 4, "V5": 6, "E6": 7}
    place = 0
    for symbol in text:
        place = arrows.get(f"{symbol}{place}")
    return place == 7


def test_reber_strings_their_legal_symbols_and_the_exact_optimum():
    data = reber(rng(), 4_000)
    texts = strings(data)
    assert all(map(is_reber, texts))
    assert all(REBER.match(text) for text in texts)
    choices = data.legal.sum(2)
    inside = np.arange(data.x.shape[1]) < data.lengths[:, None]
    assert (data.x.sum(2) == inside).all()
    assert ((choices > 0) == inside).all()
    assert (data.y[~inside] == -100).all()
    rows, steps = inside.nonzero()
    assert data.legal[rows, steps, data.y[inside]].all()
    exact = known("reber")
    assert np.log(choices[inside]).mean() == pytest.approx(exact.optimum, rel=0.01)
    counts = np.array([*Counter(itertools.chain.from_iterable(text[1:] for text in texts)).values()])
    share = counts / counts.sum()
    assert -(share * np.log(share)).sum() == pytest.approx(exact.guess, rel=0.01)
    assert share.max() == pytest.approx(exact.right, rel=0.03)
    assert f"{exact.guess:.3f} nats" in describe("reber")
    assert f"optimum {exact.optimum:.3f}" in describe("reber")


def test_embedded_reber_is_framed_by_one_symbol():
    data = embedded_reber(rng(), 1_000)
    texts = strings(data)
    for text, legal, n in zip(texts, data.legal, data.lengths, strict=True):
        assert (text[0], text[1], text[-1]) == ("B", text[-2], "E")
        assert is_reber(text[2:-2])
        assert legal[n - 2].nonzero()[0].tolist() == [data.symbols.index(text[1])]
    assert 0.45 < np.mean([text[1] == "T" for text in texts]) < 0.55


def test_legal_strings_are_known_to_be():
    for text in [*strings(reber(rng(), 300)), "", "B", "BPVVEE", "XBPVVE", "BPVV", "BXVVE", "bpvve", "BPVVE "]:
        assert grammars.is_reber(text) == is_reber(text)
    framed = strings(embedded_reber(rng(), 300))
    assert all(map(grammars.is_embedded_reber, framed))
    for wrong in (framed[0][:-2] + {"T": "P", "P": "T"}[framed[0][1]] + "E", framed[0][:-1], framed[0][2:-2], "", "BTE", "BTTE"):
        assert not grammars.is_embedded_reber(wrong)


def test_a_model_of_the_grammar_writes_legal_strings():
    data, seed = rng(1), rng()
    with tg.default_dtype(np.float32):
        model = tg.nn.CharModel(reber(data, 1).vocabulary, tg.nn.GRUCell(8, 16, rng=seed), rng=seed)
        texts = ["B" + tg.generate(model, "B", 60, rng=seed, stop="E") + "E" for _ in range(50)]
        assert sum(map(is_reber, texts)) < 5
        optimizer = tg.optim.Adam(model.parameters(), lr=0.02)
        for _ in range(150):
            batch = reber(data, 16)
            optimizer.zero_grad()
            loss = tg.functional.cross_entropy(model(batch.tokens)[0], batch.y)
            loss.backward(keep_graph=False)
            optimizer.step()
    assert loss.item() == pytest.approx(known("reber").optimum, abs=0.05)
    texts = ["B" + tg.generate(model, "B", 60, rng=seed, stop="E") + "E" for _ in range(100)]
    assert sum(map(is_reber, texts)) > 90
    assert len({*texts}) > 20


@cases(
    "batch",
    [
        lambda: reber(rng(), 3), lambda: embedded_reber(rng(), 3), lambda: dyck(rng(), 3, 4, kinds=4), lambda: parity(rng(), 3, 5),
        lambda: copy(rng(), 3, 4), lambda: reverse(rng(), 3, 4, kinds=26), lambda: reverse(rng(), 3, 4, kinds=700),
        lambda: grammars.temporal_order(rng(), 3, 12),
    ],
)  # fmt: skip
def test_the_vocabulary_of_a_batch_numbers_as_the_batch_does(batch):
    made = batch()
    letters = made.vocabulary
    assert (letters.symbols, len(letters)) == (made.symbols, made.x.shape[2])
    for row in made.tokens:
        text = letters.decode(row)
        assert text == "".join(made.symbols[token] for token in row)
        assert letters.encode(text).tolist() == row.tolist()


def balances(text):
    before = None
    while before != text:
        before, text = text, re.sub(r"\(\)|\[\]|\{\}|<>", "", text)
    return not text


@cases(("pairs", "kinds"), [(2, 2), (5, 2), (8, 4)])
def test_dyck_words_and_that_no_bag_solves_them(pairs, kinds):
    data = dyck(rng(), 2_000, pairs, kinds=kinds)
    assert data.x.shape == (2_000, 2 * pairs, 2 * kinds)
    labels_of_bag = {}
    for row, label in zip(data.tokens, data.y, strict=True):
        text = "".join(data.symbols[k] for k in row)
        assert balances(text) == (data.classes[label] == "balanced")
        labels_of_bag.setdefault(tuple(sorted(text)), []).append(label)
        assert balances("".join("()"[k % 2] for k in row))  # ignoring kinds, both balance
    assert 0.45 < data.y.mean() < 0.55
    assert all(0.25 < np.mean(labels) < 0.75 for labels in labels_of_bag.values() if len(labels) > 60)


def test_every_shape_of_brackets_is_equally_likely():
    shapes = Counter("".join("()"[k % 2] for k in row) for row in dyck(rng(), 7_000, 4).tokens)
    assert len(shapes) == 14  # the fourth Catalan number
    assert min(shapes.values()) > 0.8 * max(shapes.values())


@cases("task", [*SIZES, "adding", "negation", "temporal_order"])
def test_what_is_known_is_described(task):
    line, number = describe(task), known(task, **({"length": 10} if task == "copy" else {}))
    assert "optimum" in line
    assert "tests" in line
    assert number.measure in ("nats", "mse")
    assert number.optimum < number.guess
    if number.right is not None and task != "reber":
        assert f"{100 * number.right:g} %" in line
    if task not in ("copy",):
        assert f"{number.guess:.{4 if number.measure == 'mse' else 3}f}" in line
