"""The executed form of a program gives the numbers of the readable one to the bit, and keeps nothing between calls."""

import re
import threading

import numpy as np
import pytest
import random_programs
from programs import LOSSES

import tinygrad_rnn as tg
from tinygrad_rnn.program.buffered import buffered_text
from tinygrad_rnn.program.numpy_text import numpy_text

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")  # infinite slopes of random programs


def function_of(text):
    space = {}
    exec(text, space)
    return space["step"]


def same(found, expected):
    np.testing.assert_array_equal(found[0], expected[0])
    for a, b in zip(found[1], expected[1], strict=True):
        np.testing.assert_array_equal(a, b)
        assert a.dtype == b.dtype


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("T", [1, 3, 4, 9])
def test_both_forms_give_the_same_to_the_bit(name, T):
    program = tg.program.program_of(LOSSES[name](np.random.default_rng(T), T))
    given = [v.array for v in program.given]
    untouched = [a.copy() for a in given]
    step = function_of(buffered_text(program))
    first = step(*given)
    kept = first[0].copy(), [g.copy() for g in first[1]]
    same(first, function_of(numpy_text(program))(*given))
    step(*[a + 1 if a.dtype.kind == "f" else a for a in given])
    same(first, kept)  # what was returned is no buffer
    same(step(*given), kept)
    for a, b in zip(given, untouched, strict=True):
        np.testing.assert_array_equal(a, b)


def test_random_programs():
    for seed in range(60):
        plan = random_programs.grown(seed)
        leaves = [tg.Tensor(x, requires_grad=True) for x in plan.inputs]
        ends = plan.run(random_programs.tinygrad_rnn(), leaves)
        program = tg.program.program_of(sum(end.sum() for end in ends))
        given = [v.array for v in program.given]
        same(function_of(buffered_text(program))(*given), function_of(numpy_text(program))(*given))


@pytest.mark.parametrize("name", ["RNNCell", "LSTMCell", "two layers"])
def test_loops_ask_for_no_memory(name):
    text = buffered_text(tg.program.program_of(LOSSES[name](np.random.default_rng(0), 9)))
    lines = [line.strip() for loop in re.findall(r"    for t in .*\n((?:        .*\n)+)", text) for line in loop.splitlines()]
    into, view, copy, change = (
        r"out=",
        r"^\w+ = \w+(\[1:\]|\[:-1\])?\[t( \+ 1)?\]$",
        r"^\w+\[[:,\d ]+\] = \w+$",
        r"^(\w+), (\w+) = \2, \1$",
    )
    made = [line for line in lines if not any(re.search(pattern, line) for pattern in (into, view, copy, change))]
    assert lines
    assert made == []


def test_two_threads_give_what_one_gives():
    program = tg.program.program_of(LOSSES["LSTMCell"](np.random.default_rng(0), 30))
    step, given = function_of(buffered_text(program)), [v.array for v in program.given]
    scaled = [[a * s for a in given] for s in (1.0, 0.5)]
    expected = [step(*arrays) for arrays in scaled]
    found = [[], []]

    def run(k):
        for _ in range(40):
            found[k].append(step(*scaled[k]))

    threads = [threading.Thread(target=run, args=(k,)) for k in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for k in (0, 1):
        assert len(found[k]) == 40
        for one in found[k]:
            same(one, expected[k])
