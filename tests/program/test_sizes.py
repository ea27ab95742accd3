"""One text for every length and batch: sizes that come from the data are names that are read from it."""

import re

import numpy as np
import pytest
from programs import LOSSES, run_alone

import tinygrad_rnn as tg
from tinygrad_rnn import nn

OWN_TEXTS = {  # models whose text is another one at another length, and why
    **{
        name: "a loss on the step in the middle: which one that is, the loss of the test decides"
        for name in LOSSES
        if "one" in name
    },
    "sizes all equal": "its weights grow with the length",
    **{name: "its batch shrinks as sequences end" for name in LOSSES if name == "packed" or name.startswith("classifier")},
}


@pytest.mark.parametrize("name", [name for name in LOSSES if name not in OWN_TEXTS])
def test_one_text_for_every_length(name):
    assert len({tg.program.source(LOSSES[name](np.random.default_rng(0), T)) for T in (7, 11, 20, 40)}) == 1


def cell(kind, reads):
    def loss(T, B):
        rng = np.random.default_rng(0)
        hs, _ = nn.unroll(kind(6, 5, rng=rng), rng.standard_normal((B, T, 6)))
        return reads(hs)

    return loss


def written(T, B):
    rng = np.random.default_rng(0)
    vocabulary = tg.data.vocab.CharVocabulary.from_text("abcdefghij")
    model = nn.CharModel(vocabulary, nn.GRU(6, 5, rng=rng), features=6, rng=rng)
    ids = rng.integers(1, 10, (B, T))
    return tg.functional.cross_entropy(model(ids)[0], ids)


def both_ways(T, B):
    rng = np.random.default_rng(0)
    hs, _ = nn.LSTM(6, 5, num_layers=2, bidirectional=True, rng=rng)(rng.standard_normal((B, T, 6)))
    return (hs**2).mean()


MODELS = {
    "mean of all states": cell(nn.LSTMCell, lambda hs: (tg.stack(hs) ** 2).mean()),
    "mean of the last state": cell(nn.GRUCell, lambda hs: (hs[-1] ** 2).mean()),
    "a loss at each step": cell(nn.RNNCell, lambda hs: sum((h**2).mean() for h in hs) / len(hs)),
    "layer norm": cell(nn.LayerNormGRUCell, lambda hs: (tg.stack(hs) ** 2).sum()),
    "character model": written,
    "two layers, both ways": both_ways,
}


@pytest.mark.parametrize("name", MODELS)
def test_one_text_for_every_length_and_batch(name):
    assert len({tg.program.source(MODELS[name](T, B)) for T, B in [(7, 4), (11, 3), (40, 9), (13, 8), (4, 2)]}) == 1


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize(("T", "B"), [(5, 5), (6, 6), (6, 5), (5, 6), (4, 4), (3, 30), (1, 1), (30, 1)])
def test_sizes_that_are_equal_by_chance_give_the_same_numbers(name, T, B):
    loss = MODELS[name](T, B)
    graph = tg.snapshot(loss)
    program = tg.program.program_of(graph)
    value, gradients = run_alone(program)
    assert value == pytest.approx(loss.item(), abs=1e-12)
    wanted = {id(r.value): r.grad for r in graph.parameters if r.grad is not None}
    for parameter, found in zip(program.gradients, gradients, strict=True):
        np.testing.assert_allclose(found, wanted[id(parameter.array)], rtol=0, atol=1e-12)


def test_sizes_are_read_from_the_data():
    text = tg.program.source(MODELS["mean of all states"](7, 4))
    assert "T = len(x)\n    B = x.shape[1]\n" in text
    assert "h = np.empty((T + 1, B, 5))" in text
    assert "* (1 / (T * B * 5))" in text
    assert not re.findall(r"\b(7|28|140)\b", text)


def test_a_text_that_was_printed_for_one_length_runs_at_another():
    short, long = (tg.program.program_of(MODELS["two layers, both ways"](T, B)) for T, B in [(7, 4), (12, 3)])
    space = {}
    exec(tg.program.source(short), space)
    value, gradients = space["step"](*[v.array for v in long.given])
    expected, wanted = run_alone(long)
    assert value == expected
    for found, right in zip(gradients, wanted, strict=True):
        np.testing.assert_array_equal(found, right)
