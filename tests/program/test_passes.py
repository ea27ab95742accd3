"""Each pass, by the program before and after it; and how a program reads."""

import re

import numpy as np
import pytest
from programs import LOSSES

import tinygrad_rnn as tg
from tinygrad_rnn import nn
from tinygrad_rnn.program.differentiate import differentiated
from tinygrad_rnn.program.distribute import distributed
from tinygrad_rnn.program.from_loss import PASSES, program_of
from tinygrad_rnn.program.passes import ahead, beside, simplified, slopes
from tinygrad_rnn.program.roll import rolled
from tinygrad_rnn.program.runs import Runs


def snapshot(kind=nn.RNNCell, T=6, reads=lambda hs: (hs[-1] ** 2).sum(), **options):
    cell = kind(2, 3, rng=np.random.default_rng(0), **options)
    hs, _ = nn.unroll(cell, np.random.default_rng(1).standard_normal((4, T, 2)))
    return tg.snapshot(reads(hs))


ROLLED = """\
%0[1..6] = matmul(%9, %10)  (4, 3)
%1[1..6] = matmul(%12, %13)  (4, 3)
%2[1..6] = add(%0, %1)  (4, 3)
%3[1..6] = add(%2, %14)  (4, 3) a
%4[1..6] = tanh(%3)  (4, 3) h
%5 = at(%4) -1  (4, 3) h
%6 = pow(%5) 2  (4, 3)
%7 = sum(%6) (None, False)  ()
%8 = given()  (6, 4, 2) x
%9[1..6] = row(%8)  (4, 2) x
%10 = param()  (2, 3) Wx
%11 = given()  (4, 3) h0
%12[1..6] = before(%4, %11)  (4, 3)
%13 = param()  (3, 3) Wh
%14 = param()  (3,) b
loss %7"""


def test_a_recorded_rnn_rolls_into_five_lines():
    assert str(rolled(snapshot())) == ROLLED


def test_a_program_is_as_long_for_every_length():
    assert len({len(rolled(snapshot(T=T)).values) for T in (3, 4, 30, 200)}) == 1


def test_two_steps_are_no_loop():
    assert not any(v.lane for v in rolled(snapshot(T=2)).values)


def test_a_step_that_differs_ends_the_run():
    def other_in_the_middle(hs):
        return (hs[-1] ** 2).sum()

    cell, x = nn.RNNCell(2, 3, rng=np.random.default_rng(0)), np.random.default_rng(1).standard_normal((9, 4, 2))
    h = cell.initial_state(4)
    for t in range(9):
        with tg.time_step(t + 1):
            h = cell.step(tg.Tensor(x[t]), h)
            h = (h[0] * 2.0,) if t == 4 else h
    runs = Runs(tg.snapshot((h[0] ** 2).sum()))
    assert {(run.first, run.last) for run in runs.body if run.scope == "RNNCell"} == {(1, 5), (6, 9)}


def test_the_gradient_of_a_state_comes_from_the_step_after_it():
    program = differentiated(rolled(snapshot()))
    (after,) = [v for v in program.values if v.op == "after"]
    assert (after.name, after.inputs[0].op) == ("d_h_next", "F.matmul")
    assert [p.name for p in program.gradients] == ["Wx", "Wh", "b"]
    assert all(g.op == "total" for g in program.gradients.values())


def test_simplified_leaves_no_number_times_one():
    before = differentiated(rolled(snapshot(reads=lambda hs: tg.stack(hs).mean())))
    ones = sum(v.op == "mul" and any(i.op == "number" and i.args == 1.0 for i in v.inputs) for v in before.values)
    after = simplified(before)
    assert ones
    assert not any(v.op == "mul" and any(i.op == "number" and i.args == 1.0 for i in v.inputs) for v in after.values)


def test_the_gradients_of_the_gates_are_joined_without_zeros():
    before = differentiated(rolled(snapshot(nn.LSTMCell)))
    assert sum(v.op == "F.place" for v in before.values) == 4
    after = beside(before)
    (joined,) = [v for v in after.values if v.op == "concat"]
    assert joined.args == (1, (0, 3, 6, 9, 12))
    assert not any(v.op == "F.place" for v in after.values)


def test_slices_with_a_gap_are_not_joined():
    def gap(hs):
        return sum((h[:, 0:1].sum() + (h[:, 2:3] ** 2).sum()) * (t + 1.0) for t, h in enumerate(hs))

    assert not any(v.op == "concat" for v in beside(differentiated(rolled(snapshot(reads=gap)))).values)


def test_what_needs_no_state_is_added_first():
    program = ahead(differentiated(rolled(snapshot())))
    (loop,) = [b for b in distributed(program) if b.direction == 1]
    assert [v.op for v in loop.values] == ["before", "matmul", "add", "tanh"]


def test_the_slopes_of_tanh_leave_the_loop():
    before = ahead(beside(simplified(differentiated(rolled(snapshot())))))
    (loop,) = [b for b in distributed(before) if b.direction == -1]
    assert [v.op for v in loop.values] == ["after", "F.tanh_slope", "F.matmul"]
    after = slopes(before)
    (loop,) = [b for b in distributed(after) if b.direction == -1]
    assert [v.op for v in loop.values] == ["after", "mul", "F.matmul"]
    (slope,) = [v for v in after.values if v.name == "slope_h"]
    assert (slope.op, [i.op for i in slope.inputs], slope.lane) == ("sub", ["number", "mul"], loop.lane)


def test_a_slope_of_the_same_loop_stays_there():
    program = program_of(LOSSES["without time"](np.random.default_rng(0), 5))
    assert any(v.op == "F.tanh_slope" for v in program.values)


def test_a_program_is_shown_after_each_pass():
    graph = snapshot()
    shown = [str(program_of(graph, after=name)) for name in PASSES]
    assert shown[0] == ROLLED
    assert shown[-1] == str(program_of(graph))
    assert ["F.tanh_slope" in text for text in shown] == [False, True, True, True, True, False]
    with pytest.raises(tg.errors.DataError, match="no pass 'unroll'"):
        program_of(graph, after="unroll")


@pytest.mark.parametrize("name", ["two layers, both directions", "classifier, last", "GridLSTM", "packed"])
def test_what_runs_at_once_reads_what_stands_before_it(name):
    program = tg.program.program_of(LOSSES[name](np.random.default_rng(0), 8))
    done = set()
    for block in distributed(program):
        inside = set(block.values)
        for v in block.values:
            assert all(i in done or i in inside for i in v.inputs)
        assert bool(block.direction) == (len(block.values) > 1)
        done |= inside


def loops(text):
    return [loop.splitlines() for loop in re.findall(r"    for t in .*\n(?:        .*\n)+", text)]


def test_an_lstm_is_one_loop_forwards_and_one_backwards():
    forwards, backwards = loops(tg.program.source(snapshot(nn.LSTMCell)))
    assert [line.strip() for line in forwards] == [
        "for t in range(T):",
        "a = v[t] + h[t] @ Wh",
        "i[t] = sigmoid(a[:, 0:3])",
        "f[t] = sigmoid(a[:, 3:6])",
        "g[t] = np.tanh(a[:, 6:9])",
        "o[t] = sigmoid(a[:, 9:12])",
        "c[t + 1] = f[t] * c[t] + i[t] * g[t]",
        "tanh_c[t] = np.tanh(c[t + 1])",
        "h[t + 1] = o[t] * tanh_c[t]",
    ]
    assert backwards[0].strip() == "for t in reversed(range(T)):"
    assert [line.strip() for line in backwards[-2:]] == ["d_h_next = d_a[t] @ Wh.T", "d_c_next = d_c * f[t]"]


def test_both_directions_are_two_loops_each_way():
    text = tg.program.source(LOSSES["both directions"](np.random.default_rng(0), 8))
    assert [loop[0].strip() for loop in loops(text)].count("for t in range(T):") == 2
    assert [loop[0].strip() for loop in loops(text)].count("for t in reversed(range(T)):") == 2


def test_weights_of_the_same_name_are_told_apart_by_their_path():
    text = tg.program.source(LOSSES["two layers"](np.random.default_rng(0), 5))
    assert "d loss / d layers.0.Wh" in text or "layers_0_Wh" in text or text.count("def step(") == 1
    assert len(set(re.findall(r"^def step\((.*)\):", text, re.MULTILINE)[0].split(", "))) == len(
        re.findall(r"^def step\((.*)\):", text, re.MULTILINE)[0].split(", ")
    )


def test_the_same_run_gives_the_same_text():
    assert tg.program.source(snapshot()) == tg.program.source(snapshot()) == tg.program.source(tg.program.program_of(snapshot()))


def test_what_was_not_recorded_is_said():
    with pytest.raises(tg.errors.GraphError):
        tg.program.source(tg.Tensor(1.0))
    with pytest.raises(tg.errors.GraphError):
        tg.program.program_of(3)


HOSTILE = ["import os", "a b", "x;y", "class", "np", "step", "\n", "é", "1st", "", "__", "t", "T", "rows"]


@pytest.mark.parametrize("name", HOSTILE)
def test_any_name_becomes_a_name_of_python(name):
    w = tg.Tensor([1.0, 2.0], requires_grad=True, name=name)
    text = tg.program.source((w * tg.named(w * 3.0, name)).sum())
    space = {}
    exec(text, space)
    _, (gradient,) = space["step"](np.array([1.0, 2.0]))
    assert gradient.tolist() == [6.0, 12.0]
