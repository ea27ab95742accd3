"""Whatever is given to a public callable in the place of one argument, the answer is a word: 15,000 calls, seeded."""

from functools import cache

import pytest
from fuzzing import fuzz

pytestmark = pytest.mark.once

BASES = {  # to build others on, or called by the package alone: their arguments come from it
    "tg.nn.AdditiveAttention.scores", "tg.nn.DotAttention.scores", "tg.nn.GRUCell.add_weights", "tg.nn.GridLSTMCell.passed",
    "tg.nn.LayerNormGRUCell.add_weights", "tg.nn.LayerNormGRUCell.projection", "tg.nn.LayerNormLSTMCell.add_weights",
    "tg.nn.LayerNormLSTMCell.projection", "tg.nn.LayerNormRNNCell.add_weights", "tg.nn.LayerNormRNNCell.preactivation",
    "tg.nn.LayerNormRNNCell.projection", "tg.nn.Decoding", "tg.nn.Seq2Seq.answer", "tg.nn.SequenceLayer.forward",
    "tg.nn.Cell.initial_state", "tg.nn.Cell.step", "tg.StepModel.start", "tg.StepModel.step", "tg.optim.Optimizer",
    "tg.schedules.Schedule", "tg.Drawing", "tg.train.weights_in", "tg.nn.Module", "tg.nn.SequenceLayer",
    *(f"tg.optim.{name}.change" for name in ("Adagrad", "Adam", "AdamW", "Optimizer", "RMSprop", "SGD")),
}  # fmt: skip


@cache
def report():
    return fuzz()


def shown(*outcomes):
    return "\n".join(f"{outcome} at {where}: {said}" for outcome, where, said in report().wrong if outcome in outcomes)


def test_every_public_callable_is_reached():
    assert set(report().missed) <= BASES


def test_it_is_fifteen_thousand_calls_and_most_are_refused_with_a_word():
    assert report().calls >= 15_000
    assert report().outcomes["own error"] > report().outcomes["taken"] > 0  # what is wrong is mostly seen to be wrong


def test_at_most_one_call_in_a_thousand_ends_in_a_bare_error():
    assert report().outcomes["bare error"] <= report().calls / 1000, shown("bare error")


def test_every_own_error_has_a_hint():
    assert not shown("own error without a hint")


def test_nothing_hangs():
    assert not shown("hang")
