"""Generation: exact distributions, a search against all there is to find, and a state that is carried."""

from itertools import pairwise, product
from typing import NamedTuple

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn import nn
from tinygrad_rnn.data.vocab import CharVocabulary
from tinygrad_rnn.errors import DataError, DtypeError, GraphError, NumericError, ShapeError
from tinygrad_rnn.nn.decode.sampling import draw_symbol, next_probabilities
from tinygrad_rnn.nn.decode.step_model import state_rows

TEXT = "the quick brown fox jumps over the lazy dog"
LETTERS = CharVocabulary.from_text(TEXT)
OPEN = CharVocabulary.from_text(TEXT, unknown=True)


def model(kind=nn.LSTMCell, vocabulary=LETTERS, **more):
    rng = np.random.default_rng(0)
    made = nn.CharModel(vocabulary, kind(5, 6, rng=rng, **more), rng=rng)
    made.readout.W.data = 4 * made.readout.W.data
    return made


class Table:
    """Logits by the last two symbols: the state is the symbol before. Counts its steps and looks whether they are recorded."""

    def __init__(self, symbols, seed=0, scale=1.5):
        self.logits = tg.Tensor(
            scale * np.random.default_rng(seed).standard_normal((symbols, symbols, symbols)), requires_grad=True
        )
        self.steps, self.recorded = [], False

    def start(self, batch):
        return (tg.Tensor(np.zeros((batch, 1))),)

    def step(self, ids, state):
        self.steps.append(len(ids))
        logits = self.logits[state[0].data[:, 0].astype(int), ids]
        self.recorded |= logits.requires_grad
        return logits, (tg.Tensor(ids[:, None] * 1.0),)

    def log_p(self, prompt, written):
        """By the chain rule, one symbol after the other."""
        before, ids, total = 0, [*prompt, *written], 0.0
        for k in range(len(ids) - 1):
            z = self.logits.data[before, ids[k]]
            if k >= len(prompt) - 1:
                total += z[ids[k + 1]] - np.log(np.exp(z).sum())
            before = ids[k]
        return total


class Fixed:
    """The same logits at every step."""

    def __init__(self, logits):
        self.logits = np.asarray(logits, float)

    def start(self, batch):
        return None

    def step(self, ids, state):
        return tg.Tensor(np.tile(self.logits, (len(ids), 1))), state


# ---- one symbol -----------------------------------------------------------------------------------------------------------


def brute_force(logits, temperature, top_k, nucleus):
    """The same by definition: sorted pairs, added up one by one."""
    p = [np.exp(z / temperature) for z in logits]
    kept = sorted(range(len(p)), key=lambda k: (-p[k], k))[:top_k]
    p = {k: p[k] / sum(p[j] for j in kept) for k in kept}
    if nucleus is not None:
        some, total = [], 0.0
        for k in kept:
            if total >= nucleus - 1e-12:
                break
            some.append(k)
            total += p[k]
        p = {k: p[k] / sum(p[j] for j in some) for k in some}
    return np.array([p.get(k, 0.0) for k in range(len(logits))])


ROWS = {
    "random": np.random.default_rng(0).standard_normal(7),
    "ties": np.array([1.0, 2.0, 2.0, 0.0, 2.0, 1.0, 0.0]),
    "equal": np.zeros(7),
    "one": np.array([0.3]),
    "tenths": np.log([0.4, 0.3, 0.2, 0.1]),  # nucleus 0.7 is two of them, whatever 0.4 + 0.3 is rounded to
}


@pytest.mark.parametrize("row", ROWS)
@pytest.mark.parametrize("temperature", [0.1, 1.0, 3.0])
def test_the_distribution_is_that_of_brute_force(row, temperature):
    for top_k, nucleus in product([None, 1, 2, 3, 7, 100], [None, 1e-9, 0.3, 0.5, 0.7, 0.9, 1.0]):
        actual = next_probabilities(ROWS[row], temperature, top_k, nucleus)
        np.testing.assert_allclose(actual, brute_force(ROWS[row], temperature, top_k, nucleus), rtol=1e-12, atol=1e-15)
        assert abs(actual.sum() - 1) < 1e-14


def test_ties_go_to_the_lower_ids():
    assert next_probabilities([0, 5, 5, 5], top_k=2).tolist() == [0, 0.5, 0.5, 0]
    assert next_probabilities([0, 5, 5, 5], temperature=0).tolist() == [0, 1, 0, 0]
    assert next_probabilities(np.zeros(4), nucleus=0.5).tolist() == [0.5, 0.5, 0, 0]
    assert tg.generate(Fixed([1, 3, 3]), [0], 3, method="greedy") == [1, 1, 1]


def test_extreme_logits_and_temperatures_are_finite():
    assert next_probabilities([1e308, -1e308, 0]).tolist() == [1, 0, 0]
    assert next_probabilities([2.0, 1.0], temperature=1e-320).tolist() == [1, 0]
    np.testing.assert_allclose(next_probabilities([2.0, 1.0], temperature=1e300), 0.5)


def test_a_low_temperature_is_more_cautious_as_the_hint_says():
    cautious, plain, bold = (next_probabilities([2.0, 1.0, 0.0], temperature).max() for temperature in (0.5, 1.0, 2.0))
    assert cautious > plain > bold
    with pytest.raises(DataError) as caught:
        next_probabilities([2.0, 1.0], temperature=-1)
    assert "below 1 is more cautious, above 1 is bolder" in caught.value.hint
    assert next_probabilities([-np.inf, 0.0, 0.0]).tolist() == [0, 0.5, 0.5]
    assert next_probabilities(tg.Tensor([0.0, 0.0])).tolist() == [0.5, 0.5]


def test_samples_follow_the_distribution():
    logits = np.log([0.4, 0.3, 0.2, 0.1])
    drawn = tg.generate(Fixed(logits), [0], 20_000, rng=np.random.default_rng(0), top_k=3)
    shares = np.bincount(drawn, minlength=4) / len(drawn)
    p = next_probabilities(logits, top_k=3)
    assert shares[3] == 0
    assert (np.abs(shares - p) < 4 * np.sqrt(p * (1 - p) / len(drawn)) + 1e-15).all()


class Last:
    """The largest number that a generator gives."""

    def random(self):
        return np.nextafter(1.0, 0.0)


def test_no_draw_falls_behind_the_last_symbol_that_there_is():
    for last in np.linspace(0.5, 1.0, 200):
        assert draw_symbol(np.array([0.1, last - 0.1, 0.0]), Last()) == 1


# ---- a sequence -----------------------------------------------------------------------------------------------------------


def test_greedy_is_the_argmax_step_by_step():
    table = Table(5)
    written = tg.generate(table, [1, 3], 6, method="greedy")
    ids = [0, 1, 3]
    for _ in range(6):
        ids.append(int(table.logits.data[ids[-2], ids[-1]].argmax()))
    assert written == ids[3:]
    assert written == tg.generate(Table(5), np.array([1, 3]), 6, temperature=0)
    assert written == tg.generate(Table(5), [1, 3], 6, rng=np.random.default_rng(0), top_k=1)


def test_the_state_is_carried_and_nothing_recorded():
    table = Table(5)
    tg.generate(table, [1, 3, 2], 10, rng=np.random.default_rng(0))
    assert table.steps == [1] * (3 + 10 - 1)  # the prompt once, and every symbol but the last
    assert not table.recorded
    tg.beam_search(table, [1, 3, 2], 10, beams=4)
    assert table.steps[12:] == [1] * 3 + [4] * 9
    assert not table.recorded
    assert table.step(np.array([0]), table.start(1))[0].requires_grad


@pytest.mark.parametrize("kind", [nn.RNNCell, nn.LSTMCell, nn.GRUCell, nn.LSTM, nn.PeepholeLSTMCell])
def test_a_text_is_what_running_the_whole_prefix_again_gives(kind):
    made = model(kind)
    text = "the "
    for _ in range(12):
        logits, _ = made(LETTERS.encode(text)[None])
        text += LETTERS.decode([int(logits.data[0, -1].argmax())])
    assert tg.generate(made, "the ", 12, method="greedy") == text[4:]
    assert all(p.grad is None for p in made.parameters())


def test_the_same_seed_writes_the_same():
    first, second, other = (tg.generate(model(), "the ", 40, rng=np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert first == second != other
    assert len(first) == 40
    state = np.random.get_state()[1].tolist()
    tg.generate(model(), "the ", 5, rng=np.random.default_rng(0))
    assert np.random.get_state()[1].tolist() == state


def test_a_stop_symbol_ends_and_is_left_out():
    whole = tg.generate(model(), "the ", 60, rng=np.random.default_rng(1), temperature=2.0)
    stop = whole[10]
    short = tg.generate(model(), "the ", 60, rng=np.random.default_rng(1), temperature=2.0, stop=stop)
    assert short == whole[: whole.index(stop)]
    ids = tg.generate(
        model(), LETTERS.encode("the "), 60, rng=np.random.default_rng(1), temperature=2.0, stop=int(LETTERS.encode(stop)[0])
    )
    assert LETTERS.decode(ids) == short
    assert LETTERS.decode(tg.generate(model(), LETTERS.encode("t"), 3, method="greedy", stop="z")) is not None


def test_prompts():
    assert tg.generate(model(), "t", 0, method="greedy") == ""
    assert tg.generate(model(), [0], 0, method="greedy") == []
    open_ended = CharVocabulary.from_text(TEXT, unknown=True)
    assert len(tg.generate(model(vocabulary=open_ended), "tÄ", 3, method="greedy")) == 3
    no_words = model(vocabulary=len(LETTERS))
    assert tg.generate(no_words, "the", 3, method="greedy", vocabulary=LETTERS) == tg.generate(model(), "the", 3, method="greedy")


def test_one_symbol_is_a_vocabulary():
    only = model(vocabulary=CharVocabulary.from_text("aaa"))
    assert tg.generate(only, "a", 4, rng=np.random.default_rng(0), top_k=5, nucleus=0.5) == "aaaa"
    assert tg.beam_search(only, "a", 3, beams=2) == [("aaa", 0.0)]
    assert tg.beam_search(only, "a", 3, beams=2, stop="a") == [("", 0.0)]


def test_dropout_is_off_meanwhile_and_back_afterwards():
    class Noisy(nn.CharModel):
        def step(self, ids, state):
            assert not self.training
            assert not self.layer.training
            return super().step(ids, state)

    rng = np.random.default_rng(0)
    made = Noisy(LETTERS, nn.LSTM(5, 6, 2, rng=rng, dropout=0.5), rng=rng)
    made.readout.eval()
    assert tg.generate(made, "the", 5, method="greedy") == tg.generate(made, "the", 5, method="greedy")
    assert (made.training, made.layer.training, made.readout.training) == (True, True, False)
    with pytest.raises(DataError):
        tg.generate(made, "the Ä", 5, method="greedy")
    with pytest.raises(DataError):
        tg.generate(made, [99], 5, method="greedy")
    assert (made.training, made.readout.training) == (True, False)


class Short:
    """A model whose step takes too little."""

    def start(self, batch):
        return None

    def step(self, ids):
        return tg.Tensor(np.zeros((len(ids), 2)))


class Alone(Short):
    """A model that forgets to return its state."""

    def step(self, ids, state):
        return tg.Tensor(np.zeros((2, 2)))


def answering():
    rng = np.random.default_rng(0)
    return nn.Seq2Seq(nn.GRUCell(2, 3, rng=rng), nn.GRUCell(2, 3, rng=rng), nn.Linear(3, 4, rng=rng))


SEED = {"rng": np.random.default_rng(0)}
WRONG = [
    (lambda: tg.generate(model(), "", 5, **SEED), DataError, "empty prompt"),
    (lambda: tg.generate(model(), [], 5, **SEED), DataError, "empty prompt"),
    (lambda: tg.generate(model(), "thÄ", 5, **SEED), DataError, "unknown character 'Ä'"),
    (lambda: tg.generate(model(), [99], 5, **SEED), DataError, "row 99"),
    (lambda: tg.generate(model(), [0.5], 5, **SEED), DtypeError, "float64"),
    (lambda: tg.generate(model(), [[[0]]], 5, **SEED), DtypeError, r"\(1, 1, 1\)"),
    (lambda: tg.generate(model(), ["the", "fox"], 5, **SEED), DtypeError, r"shape \(2,\) and dtype <U3"),
    (lambda: tg.generate(model(), np.zeros((2, 0), int), 5, **SEED), DataError, "empty prompt"),
    (lambda: tg.beam_search(model(), [[0]], 5, 2), DataError, r"beam_search after a prompt of shape \(1, 1\)"),
    (lambda: tg.generate(model(), "the", 5, stop=27, **SEED), DataError, "stop=27 of 27 symbols"),
    (lambda: tg.beam_search(model(), "the", 5, 2, stop=27), DataError, "stop=27 of 27 symbols"),
    (lambda: tg.generate(model(vocabulary=OPEN), "the", 5, stop="Ä", **SEED), DataError, "stop='Ä' holds a symbol that the"),
    (lambda: tg.generate(model(vocabulary=27), "the", 5, **SEED), DataError, "needs a vocabulary"),
    (lambda: tg.generate(model(), "the", -1, **SEED), DataError, "-1 symbols"),
    (lambda: tg.generate(model(), "the", 2.5, **SEED), DataError, "2.5 symbols"),
    (lambda: tg.generate(model(), "the", 5), DataError, "without a generator"),
    (lambda: tg.generate(model(), "the", 5, rng=7), DataError, "without a generator"),
    (lambda: tg.generate(model(), "the", 5, method="best", **SEED), DataError, "method='best'"),
    (lambda: tg.generate(model(), "the", 5, temperature=-0.1, **SEED), DataError, "temperature=-0.1"),
    (lambda: tg.generate(model(), "the", 5, temperature=float("nan"), **SEED), DataError, "temperature=nan"),
    (lambda: tg.generate(model(), "the", 5, temperature=float("inf"), **SEED), DataError, "temperature=inf"),
    (lambda: tg.generate(model(), "the", 5, top_k=0, **SEED), DataError, "top_k=0"),
    (lambda: tg.generate(model(), "the", 5, top_k=2.0, **SEED), DataError, "top_k=2.0"),
    (lambda: tg.generate(model(), "the", 5, nucleus=0, **SEED), DataError, "nucleus=0"),
    (lambda: tg.generate(model(), "the", 5, nucleus=1.1, **SEED), DataError, "nucleus=1.1"),
    (lambda: tg.generate(model(), "the", 5, stop="th", **SEED), DataError, "is 2 symbols"),
    (lambda: tg.generate(model(), "the", 5, stop="Ä", **SEED), DataError, "unknown character"),
    (lambda: tg.generate(model(), "the", 5, stop=-1, **SEED), DataError, "stop=-1"),
    (lambda: tg.generate(Fixed([np.nan, 0]), [0], 5, **SEED), NumericError, "NaN"),
    (lambda: tg.generate(Fixed([np.inf, 0]), [0], 5, method="greedy"), NumericError, "infinite"),
    (lambda: tg.generate(Fixed([-np.inf, -np.inf]), [0], 5, **SEED), NumericError, "infinite"),
    (lambda: tg.generate(Fixed([[0.0, 1.0], [0.0, 1.0]]), [0], 5, **SEED), ShapeError, "Fixed.step returned logits"),
    (lambda: tg.generate(model(), "the", 5, temperature=None, **SEED), DataError, "temperature=None"),
    (lambda: tg.generate(model(), "the", 5, temperature="1", **SEED), DataError, "temperature='1'"),
    (lambda: tg.generate(model(), "the", 5, nucleus="a", **SEED), DataError, "nucleus='a'"),
    (lambda: tg.generate(model(), "the", 5, top_k=True, **SEED), DataError, "top_k=True"),
    (lambda: tg.generate(model(), "the", True, **SEED), DataError, "True symbols"),
    (lambda: tg.generate(model(), [[0], [0, 1]], 5, **SEED), DtypeError, "rows of different lengths"),
    (lambda: tg.generate(model(), "the", 5, vocabulary=27, **SEED), DataError, "a vocabulary that is a int"),
    (lambda: tg.generate(None, [0], 5, **SEED), GraphError, r"NoneType has no method start\(batch\)"),
    (lambda: tg.generate(model().layer, [0], 5, **SEED), GraphError, r"LSTMCell has no method start\(batch\)"),
    (lambda: tg.generate(nn.CharModel, [0], 5, **SEED), GraphError, r"type.start\(self.* cannot be called as start\(batch\)"),
    (lambda: tg.generate(answering(), [0], 5, **SEED), GraphError, "a Seq2Seq writes an answer to a source, which is missing"),
    (lambda: tg.generate(Short(), [0], 5, **SEED), GraphError, r"Short.step\(ids\) cannot be called as step\(ids, state\)"),
    (lambda: tg.beam_search(Short(), [0], 5, 2), GraphError, r"Short.step\(ids\) cannot be called as step\(ids, state\)"),
    (lambda: tg.generate(Alone(), [0], 5, **SEED), GraphError, "Alone.step returned a Tensor"),
    (lambda: tg.beam_search(model(), "the", 5, True), DataError, "True beams"),
    (lambda: tg.beam_search(model(), "the", 5, "3"), DataError, "'3' beams"),
    (lambda: tg.beam_search(model(), "the", 5, 2, length_penalty="a"), DataError, "length_penalty='a'"),
    (lambda: tg.beam_search(Fixed([np.nan, 0]), [0], 5, 2), NumericError, "NaN"),
    (lambda: tg.beam_search(model(), "the", 5, 0), DataError, "0 beams"),
    (lambda: tg.beam_search(model(), "the", 5, 1.5), DataError, "1.5 beams"),
    (lambda: tg.beam_search(model(), "the", 5, 2, length_penalty=-1), DataError, "length_penalty=-1"),
    (lambda: tg.beam_search(model(), "", 5, 2), DataError, "empty prompt"),
    (lambda: next_probabilities(np.zeros((2, 3))), ShapeError, r"shape \(2, 3\)"),
    (lambda: next_probabilities([]), NumericError, "no logits"),
]


@pytest.mark.parametrize(("call", "error", "words"), WRONG)
def test_what_cannot_be_is_said(call, error, words):
    with pytest.raises(error, match=words) as caught:
        call()
    assert caught.value.hint
    assert len(caught.value.message.splitlines()) == 1


# ---- several sequences ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [nn.RNNCell, nn.LSTMCell, nn.GRUCell, nn.LSTM, nn.PeepholeLSTMCell])
@pytest.mark.parametrize("stop", [None, " ", "e"])
def test_several_prompts_are_each_written_on_as_alone(kind, stop):
    made = model(kind)
    prompts = np.array([LETTERS.encode(text) for text in ("the ", "fox ", "over", "dog ")])
    together = tg.generate(made, prompts, 12, method="greedy", stop=stop)
    assert together == [tg.generate(made, row, 12, method="greedy", stop=stop) for row in prompts]
    assert tg.generate(made, prompts[:1], 12, method="greedy", stop=stop) == together[:1]  # one row is a batch of 1
    assert tg.generate(made, prompts.tolist(), 0, method="greedy") == [[]] * 4


def test_a_sequence_that_has_ended_is_computed_no_further():
    table = Table(4)
    prompts = [[0, 1], [1, 2], [2, 3], [3, 3]]
    written = tg.generate(table, prompts, 9, method="greedy", stop=0)
    alone = [tg.generate(Table(4), prompt, 9, method="greedy", stop=0) for prompt in prompts]
    assert written == alone
    sizes = [min(len(ids) + 1, 9) for ids in alone]  # a stop symbol is one more that was computed
    assert len({*sizes}) > 1
    assert table.steps[1:] == [sum(size > t for size in sizes) for t in range(max(sizes))]


def test_each_of_several_sequences_draws_its_own():
    drawn = tg.generate(Fixed(np.log([0.4, 0.3, 0.2, 0.1])), [[0]] * 200, 40, rng=np.random.default_rng(0))
    shares = np.bincount(np.ravel(drawn), minlength=4) / 8_000
    np.testing.assert_allclose(shares, [0.4, 0.3, 0.2, 0.1], atol=0.02)
    assert len({tuple(ids) for ids in drawn}) == 200
    assert drawn == tg.generate(Fixed(np.log([0.4, 0.3, 0.2, 0.1])), [[0]] * 200, 40, rng=np.random.default_rng(0))


# ---- a choice of symbols --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shaping", [{}, {"temperature": 0.5}, {"top_k": 2}, {"nucleus": 0.6}])
def test_what_is_not_allowed_has_no_probability_and_the_rest_its_shares(shaping):
    logits = np.log([0.4, 0.1, 0.3, 0.2])
    drawn = tg.generate(Fixed(logits), [0], 4_000, rng=np.random.default_rng(0), allowed={1, 2, 3}, **shaping)
    shares = np.bincount(drawn, minlength=4) / len(drawn)
    p = next_probabilities(np.where([False, True, True, True], logits, -np.inf), **shaping)
    assert (shares[p == 0] == 0).all()
    assert (np.abs(shares - p) < 4 * np.sqrt(p * (1 - p) / len(drawn)) + 1e-15).all()


VOWELS = LETTERS.encode("aeiou")
FORMS = {
    "text": "aeiou",
    "set": {*"aeiou"},
    "frozenset of ids": frozenset(VOWELS.tolist()),
    "list": [*"aeiou"],
    "tuple of both": ("a", "e", *VOWELS[2:]),
    "array": VOWELS,
    "array of texts": np.array([*"aeiou"]),
    "twice": [*VOWELS, *VOWELS],
    "function": lambda written: "aeiou",
    "function of a set": lambda written: {*"aeiou"},
}


@pytest.mark.parametrize("form", FORMS)
def test_a_choice_in_any_form(form):
    wanted = tg.generate(model(), "the ", 20, rng=np.random.default_rng(0), allowed=VOWELS.tolist())
    assert {*wanted} <= {*"aeiou"}
    assert len({*wanted}) > 2
    assert tg.generate(model(), "the ", 20, rng=np.random.default_rng(0), allowed=FORMS[form]) == wanted
    ids = tg.generate(model(), LETTERS.encode("the "), 20, rng=np.random.default_rng(0), allowed=FORMS[form])
    assert LETTERS.decode(ids) == wanted
    free = tg.beam_search(model(), "the ", 3, beams=125, allowed=FORMS[form])
    assert len(free) == 125
    assert all({*text} <= {*"aeiou"} for text, _ in free)


def test_all_symbols_are_no_restriction():
    free = tg.generate(model(), "the ", 20, rng=np.random.default_rng(0))
    assert tg.generate(model(), "the ", 20, rng=np.random.default_rng(0), allowed=range(27)) == free
    assert tg.beam_search(model(), "the ", 4, 3, allowed=LETTERS.symbols) == tg.beam_search(model(), "the ", 4, 3)


def test_a_function_is_asked_with_what_was_written():
    seen = []

    def other(written):
        seen.append(written)
        return {*"abc"} - {written[-1:]}

    text = tg.generate(model(), "the ", 6, method="greedy", allowed=other)
    assert seen == [text[:k] for k in range(6)]
    assert all(a != b for a, b in pairwise(text))

    def takes_them_away(written):
        ids = [k for k in range(4) if k not in written]
        written.clear()  # it is given a copy
        return ids

    assert tg.generate(Fixed([0.0, 1.0, 2.0, 3.0]), [0], 4, method="greedy", allowed=takes_them_away) == [3, 2, 1, 0]
    rows = tg.generate(Table(4), [[0], [1], [2]], 4, method="greedy", allowed=takes_them_away)
    assert [sorted(ids) for ids in rows] == [[0, 1, 2, 3]] * 3
    assert rows == [tg.generate(Table(4), [k], 4, method="greedy", allowed=takes_them_away) for k in range(3)]


def test_a_sequence_ends_where_the_stop_symbol_is_allowed():
    always = Fixed([9.0, 0.0, 0.0])
    assert tg.generate(always, [1], 5, method="greedy", stop=0) == []
    assert tg.generate(always, [1], 5, method="greedy", stop=0, allowed=[1, 2]) == [1] * 5
    late = lambda written: [0, 1] if len(written) >= 3 else [1]  # noqa: E731
    assert tg.generate(always, [1], 5, method="greedy", stop=0, allowed=late) == [1] * 3
    assert tg.beam_search(always, [1], 5, 1, stop=0, allowed=late)[0][0] == [1] * 3


@pytest.mark.parametrize("seed", range(3))
def test_enough_beams_find_all_that_is_allowed(seed):
    table = Table(3, seed)
    fits = lambda written: [k for k in range(3) if not written or k != written[-1]]  # noqa: E731
    wanted = [pair for pair in everything(table, [0, 2], 4, 0, 1.0) if all(a != b for a, b in pairwise(pair[0]))]
    found = tg.beam_search(table, [0, 2], 4, 100, 0, 1.0, allowed=fits)
    assert sorted(ids for ids, _ in found) == sorted(ids for ids, _ in wanted)
    np.testing.assert_allclose([score for _, score in found], [score for _, score in wanted], rtol=1e-12)


NO_CHOICE = [
    (set(), "leaves no symbol to choose"),
    ("", "leaves no symbol to choose"),
    (np.zeros(0, int), "leaves no symbol to choose"),
    (lambda written: [], "leaves no symbol to choose after '' was written"),
    (lambda written: "" if len(written) == 2 else "a", "leaves no symbol to choose after 'aa' was written"),
    (lambda written: None, "allowed is None"),
    ({27}, "allowed holds 27, one of 27 symbols"),
    ([0, -1], "allowed=-1"),
    ([0.0], "allowed=0.0"),
    (np.ones(27, bool), "allowed=(np.)?True"),
    (np.zeros((2, 2), int), "allowed is array"),
    (["th"], "allowed='th' is 2 symbols"),
    ("Ä", "unknown character 'Ä'"),
    (5, "allowed is 5"),
    (int, "allowed is <class 'int'>"),
    ({"a": 1}, "allowed is {'a': 1}"),
]


@pytest.mark.parametrize(("allowed", "words"), NO_CHOICE)
def test_a_choice_that_is_none_is_said(allowed, words):
    for call in (
        lambda: tg.generate(model(), "the", 4, **SEED, allowed=allowed),
        lambda: tg.beam_search(model(), "the", 4, 2, allowed=allowed),
    ):
        with pytest.raises(DataError, match=words) as caught:
            call()
        assert caught.value.hint


def test_symbols_that_nobody_knows_are_no_choice():
    with pytest.raises(DataError, match="allowed='aÄ' holds a symbol that the vocabulary does not know"):
        tg.generate(model(vocabulary=OPEN), "the", 4, **SEED, allowed="aÄ")
    with pytest.raises(DataError, match="needs a vocabulary"):
        tg.generate(model(vocabulary=27), [0], 4, **SEED, allowed="a")
    with pytest.raises(NumericError, match="infinite") as caught:
        tg.generate(Fixed([0.0, -np.inf]), [0], 4, **SEED, allowed=[1])
    assert "one that is allowed must be left" in caught.value.hint


# ---- beams ----------------------------------------------------------------------------------------------------------------


def everything(table, prompt, length, stop, penalty):
    """All continuations with their scores, best first."""
    found = []
    for size in range(1, length + 1):
        for ids in product(range(len(table.logits.data)), repeat=size):
            ended = stop is not None and ids[-1] == stop
            if stop in ids[:-1] or (size < length and not ended):
                continue
            found.append((-table.log_p(prompt, ids) / size**penalty, list(ids[:-1] if ended else ids)))
    return [(ids, -score) for score, ids in sorted(found)]


@pytest.mark.parametrize("symbols", [1, 2, 3])
@pytest.mark.parametrize("stop", [None, 0])
@pytest.mark.parametrize("penalty", [0.0, 0.6, 1.0, 2.0])
def test_enough_beams_find_all_there_is(symbols, stop, penalty):
    for seed, length in product(range(3), (1, 2, 4)):
        table = Table(symbols, seed)
        wanted = everything(table, [0, symbols - 1], length, stop, penalty)
        found = tg.beam_search(table, [0, symbols - 1], length, symbols**length + length, stop, penalty)
        assert sorted(ids for ids, _ in found) == sorted(ids for ids, _ in wanted)  # sums of the same terms differ by rounding
        scores = {tuple(ids): score for ids, score in wanted}
        np.testing.assert_allclose([score for _, score in found], [score for _, score in wanted], rtol=1e-12, atol=1e-14)
        np.testing.assert_allclose(
            [score for _, score in found], [scores[tuple(ids)] for ids, _ in found], rtol=1e-12, atol=1e-14
        )


@pytest.mark.parametrize("penalty", [0.0, 1.0])
def test_fewer_beams_give_true_scores_and_with_the_best_ones_the_best(penalty):
    hits = 0
    for seed in range(20):
        table = Table(3, seed)
        wanted = everything(table, [1], 4, 0, penalty)
        found = tg.beam_search(table, [1], 4, 3, 0, penalty)
        assert len(found) <= 3
        assert [score for _, score in found] == sorted((score for _, score in found), reverse=True)
        scores = {tuple(ids): score for ids, score in wanted}
        np.testing.assert_allclose([score for _, score in found], [scores[tuple(ids)] for ids, _ in found], rtol=1e-12)
        hits += found[0][0] == wanted[0][0]
    assert hits >= 15


@pytest.mark.parametrize("stop", [None, 0, 3])
def test_one_beam_is_greedy(stop):
    for seed in range(20):
        [(ids, score)] = tg.beam_search(Table(5, seed), [2], 6, beams=1, stop=stop)
        assert ids == tg.generate(Table(5, seed), [2], 6, method="greedy", stop=stop)
        ids = ids if len(ids) == 6 else [*ids, stop]
        np.testing.assert_allclose(score, Table(5, seed).log_p([2], ids), rtol=1e-12)


def test_beams_of_equal_score_come_in_the_order_of_their_ids():
    found = tg.beam_search(Fixed([0.0, 0.0, 0.0]), [0], 2, beams=4)
    assert [ids for ids, _ in found] == [[0, 0], [0, 1], [0, 2], [1, 0]]


def test_a_search_ends_when_nothing_better_can_come():
    table = Table(3)
    table.logits.data = np.tile([9.0, 0.0, 0.0], (3, 3, 1))
    assert tg.beam_search(table, [1], 1000, 1, stop=0)[0][0] == []
    assert len(table.steps) < 5


def test_texts_and_beams():
    made = model()
    best = tg.beam_search(made, "the ", 8, beams=5, stop=" ")
    assert all(isinstance(text, str) and " " not in text for text, _ in best)
    assert best[0][1] >= best[-1][1]
    assert tg.beam_search(made, "the ", 0, beams=5) == [("", 0.0)]


class Named(NamedTuple):
    h: tg.Tensor
    others: list


def test_rows_of_a_state():
    x = tg.Tensor(np.arange(6.0).reshape(3, 2))
    state = {"a": Named(x, [x, (x, None)]), "mask": np.array([True, False, True])}
    chosen = state_rows(state, [2, 0], 3)
    assert isinstance(chosen["a"], Named)
    assert chosen["a"].others[1][0].data.tolist() == [[4.0, 5.0], [0.0, 1.0]]
    assert chosen["a"].others[1][1] is None
    assert chosen["mask"].tolist() == [True, True]


class NoRepeat:
    """Never writes a symbol twice. What it wrote is its state, kept in another way by each subclass."""

    def step(self, ids, state):
        seen = self.after(state, ids)
        return tg.Tensor(np.where(self.mask(seen, len(ids)), -np.inf, np.log([0.4, 0.3, 0.2, 0.1]))), seen


class InAnArray(NoRepeat):
    def start(self, batch):
        return np.zeros((batch, 4), bool)

    def after(self, state, ids):
        return state | (np.eye(4)[ids] > 0)

    def mask(self, seen, batch):
        return seen


class InArraysInADict(InAnArray):
    def start(self, batch):
        return {"seen": [np.zeros((batch, 4), bool), None], "count": tg.Tensor(np.zeros(batch))}

    def after(self, state, ids):
        return {"seen": [state["seen"][0] | (np.eye(4)[ids] > 0), None], "count": state["count"] + 1.0}

    def mask(self, seen, batch):
        return seen["seen"][0]


class InTheBitsOfAnArray(NoRepeat):
    """From one whole number for all, which NumPy makes an array of the first ids."""

    def start(self, batch):
        return 0

    def after(self, state, ids):
        return state | (1 << ids)

    def mask(self, seen, batch):
        return (seen[:, None] >> np.arange(4)) & 1 > 0


class InAnInt(NoRepeat):
    def start(self, batch):
        return 0

    def after(self, state, ids):
        for id in ids:
            state |= 1 << int(id)
        return state

    def mask(self, seen, batch):
        return np.tile([bool(seen >> k & 1) for k in range(4)], (batch, 1))


class InASet(InAnInt):
    def start(self, batch):
        return frozenset()

    def after(self, state, ids):
        return state | {*map(int, ids)}

    def mask(self, seen, batch):
        return np.tile([k in seen for k in range(4)], (batch, 1))


class InSets(InAnInt):
    def start(self, batch):
        return [set() for _ in range(batch)]

    def after(self, state, ids):
        for seen, id in zip(state, ids, strict=True):
            seen.add(int(id))
        return state

    def mask(self, seen, batch):
        return np.array([[k in found for k in range(4)] for found in seen])


class InLists(InSets):
    def start(self, batch):
        return [[] for _ in range(batch)]

    def after(self, state, ids):
        return [[*seen, int(id)] for seen, id in zip(state, ids, strict=True)]


class InOneList(InASet):
    def start(self, batch):
        return []

    def after(self, state, ids):
        return [*state, *map(int, ids)]


class InAText(InASet):
    def start(self, batch):
        return ""

    def after(self, state, ids):
        return state + "".join(map(str, ids))

    def mask(self, seen, batch):
        return np.tile([str(k) in seen for k in range(4)], (batch, 1))


class InAnObject(InASet):
    def after(self, state, ids):
        return np.array([{*map(int, ids), *(state[0] if len(state) else ())}], dtype=object)

    def mask(self, seen, batch):
        return np.tile([k in seen[0] for k in range(4)], (batch, 1))


class InAFraction(InAnInt):
    def start(self, batch):
        return 0.0

    def after(self, state, ids):
        return float(super().after(int(state), ids))

    def mask(self, seen, batch):
        return super().mask(int(seen), batch)


class WithoutRows(InAnArray):
    """A mask (symbols), without an axis of sequences."""

    def start(self, batch):
        return np.zeros(4, bool)

    def after(self, state, ids):
        return state | (np.eye(4)[ids] > 0).any(axis=0)

    def mask(self, seen, batch):
        return np.tile(seen, (batch, 1))


class WithoutAxes(InAnInt):
    def start(self, batch):
        return np.zeros((), int)

    def after(self, state, ids):
        return np.asarray(super().after(state, ids))


@pytest.mark.parametrize("kind", [InAnArray, InArraysInADict, InTheBitsOfAnArray])
@pytest.mark.parametrize("beams", [1, 2, 3, 24])
def test_every_beam_carries_its_own_rows(kind, beams):
    logs = np.log([0.4, 0.3, 0.2, 0.1])
    found = tg.beam_search(kind(), [3], 3, beams)
    assert found[0][0] == [0, 1, 2]
    assert all(sorted(ids) == [0, 1, 2] for ids, _ in found)  # of the three that are left, each once
    for ids, score in found:
        kept = [[k for k in range(4) if k not in [3, *ids[:n]]] for n in range(3)]
        p = [logs[id] - np.log(np.exp(logs[among]).sum()) for id, among in zip(ids, kept, strict=True)]
        np.testing.assert_allclose(score, sum(p), rtol=1e-12)
    assert len(found) == min(beams, 6)


@pytest.mark.parametrize(
    ("kind", "error", "words"),
    [
        (InAnInt, DataError, "holds 8, of type int, which all sequences would share"),
        (InAFraction, DataError, "holds 8.0, of type float"),
        (InASet, DataError, "of type frozenset, which all sequences would share"),
        (InSets, DataError, "of type set, which all sequences would share"),
        (InLists, DataError, "holds 3, of type int"),
        (InOneList, DataError, "holds 3, of type int"),
        (InAText, DataError, "holds '3', of type str"),
        (InAnObject, DataError, "an array of objects"),
        (WithoutRows, ShapeError, r"shape \(4,\) for 1 sequences"),
        (WithoutAxes, ShapeError, r"shape \(\) for 1 sequences"),
    ],
)
def test_a_state_that_beams_would_share_is_refused(kind, error, words):
    assert tg.generate(kind(), [3], 3, method="greedy") == [0, 1, 2]  # one sequence may carry what it likes
    with pytest.raises(error, match=words) as caught:
        tg.beam_search(kind(), [3], 3, beams=2)
    assert "(batch, ...)" in caught.value.hint
