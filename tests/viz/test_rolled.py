"""A rolled picture says what each step does: it is drawn where all steps do that, and refused with a sentence where they do not."""

import drawing_checks as checks
import numpy as np
import pytest
import unseen_cells

import tinygrad_rnn as tg
from tinygrad_rnn import nn
from tinygrad_rnn.errors import DataError

LEVELS = ["op", "gate", "cell"]
T = 8


def numbers(seed, rows=4):
    return np.random.default_rng(seed).standard_normal((rows, 4))


def weight(seed, name, rows=4):
    return tg.Tensor(0.4 * numbers(seed, rows), requires_grad=True, name=name)


W, V, H0 = weight(0, "w"), weight(1, "v"), weight(2, "h0", rows=1)
MANY = [weight(3 + t, f"w{t}") for t in range(T + 1)]
XS = [tg.Tensor(numbers(20 + t, rows=1), name="x") for t in range(T + 1)]
FAST, SLOW, READOUT = (
    nn.RNNCell(4, 4, rng=np.random.default_rng(0)),
    nn.GRUCell(4, 4, rng=np.random.default_rng(1)),
    nn.Linear(4, 2, rng=np.random.default_rng(2)),
)


def steps(step, h=None, length=T):
    """All h of a loop that a learner writes: h = step(t, h)."""
    hs = [tg.Tensor(np.ones((1, 4)), name="h0") if h is None else h]
    for t in range(1, length + 1):
        with tg.time_step(t):
            hs.append(tg.named(step(t, hs[-1]), "h"))
    return hs


def last(step, h=None, length=T):
    return (steps(step, h, length)[-1] ** 2).sum()


def simple(t, h):
    return tg.tanh(h @ W + XS[t] @ V)


def read_out():
    h = FAST.initial_state(1)
    for t in range(1, T + 1):
        with tg.time_step(t):
            h = FAST(XS[t], h)
            y = READOUT(h[0])
    return (y**2).sum()


def both_ways_by_hand():
    ahead, back = [tg.Tensor(np.zeros((1, 4)))] * 2
    for t in range(1, T + 1):
        with tg.time_step(t):
            ahead = tg.tanh(ahead @ W + XS[t])
    for t in range(T, 0, -1):
        with tg.time_step(t):
            back = tg.tanh(back @ V + XS[t])
            if t == T:
                first = back
    return (ahead * first).sum()


def reset():
    return sum((h**2).sum() for h in steps(lambda t, h: simple(t, tg.Tensor(np.zeros((1, 4))) if t == 4 else h))[1:])


def two_steps_back():
    hs = [tg.Tensor(np.ones((1, 4)), name="h0")] * 2
    for t in range(1, T + 1):
        with tg.time_step(t):
            hs.append(tg.named(tg.tanh(hs[-1] @ W + hs[-2] @ V), "h"))
    return (hs[-1] ** 2).sum()


def all_before():
    hs = [tg.Tensor(np.ones((1, 4)), name="h0")]
    for t in range(1, T + 1):
        with tg.time_step(t):
            hs.append(tg.named(tg.tanh(sum(hs) @ W), "h"))
    return (hs[-1] ** 2).sum()


def every_second(t, h):
    return FAST(h if t % 2 else SLOW(h, (h,))[0], (h,))[0]


def some_losses():
    return sum((h**2).sum() for h in steps(simple)[2::2])


def translated():
    rng = np.random.default_rng(0)
    table, cells = nn.Embedding(5, 3, rng=rng), [nn.GRUCell(3, 4, rng=rng) for _ in range(2)]
    logits, _ = nn.Seq2Seq(*cells, nn.Linear(4, 5, rng=rng), source=table, target=table)([[1, 2, 3]], [[0, 3, 2]])
    return tg.functional.cross_entropy(logits, [[1, 2, 3]])


def both_ways(read):
    rng = np.random.default_rng(0)
    hs, _ = nn.Bidirectional(nn.RNNCell(3, 4, rng=rng), nn.RNNCell(3, 4, rng=rng))(rng.standard_normal((1, 3, 3)))
    return sum((h**2).sum() for h in read(hs))


def packed():
    rng = np.random.default_rng(0)
    hs, _ = nn.LSTM(3, 4, rng=rng)(nn.pack([rng.standard_normal((n, 3)) for n in (4, 2)]))
    return sum((h**2).sum() for h in hs.tensors)


CELL, OP, SAME = (
    "a cell that does not run in every step: ",
    "an op that is not there in every step: ",
    "steps that do not do the same: ",
)
REFUSED = {
    "a cell in every second step": (lambda: last(every_second), CELL + "GRU runs in 2, 4, 6, 8"),
    "a readout in the steps of which the last is read": (read_out, CELL + "Linear runs in 8 of 1 to 8"),
    "an encoder and a decoder": (translated, CELL + "GRU encoder runs in 1 to 3 of 1 to 6"),
    "both directions under a loss on the last output": (
        lambda: both_ways(lambda hs: hs[-1:]), CELL + "RNN backward ← runs in 3 of 1 to 3",
    ),
    "both directions by hand": (both_ways_by_hand, OP),
    "weights that take turns": (
        lambda: last(lambda t, h: tg.tanh(h @ (W if t <= 4 else V))),
        SAME + "matmul reads w in 1 to 4, matmul reads v in 5 to 8",
    ),
    "weights that alternate": (lambda: last(lambda t, h: tg.tanh(h @ (W if t % 2 else V))), SAME + "matmul reads w in 1, 3, 5, 7"),
    "a weight for each step": (lambda: last(lambda t, h: tg.tanh(h @ MANY[t])), SAME + "matmul reads w1 in 1, matmul reads w2 in 2, ..."),
    "another weight in the first step": (lambda: last(lambda t, h: tg.tanh(h @ (V if t == 1 else W))), SAME),
    "two weights in two steps": (lambda: last(lambda t, h: tg.tanh(h @ (V if t == 1 else W)), None, 2), SAME),
    "functions that take turns": (lambda: last(lambda t, h: (tg.tanh if t <= 4 else tg.sigmoid)(h @ W)), OP + "h is there in 1 to 4"),
    "an op of one step": (lambda: last(lambda t, h: simple(t, h) + (tg.sin(h) if t == 4 else 0.0)), OP),
    "an op of one of two steps": (lambda: last(lambda t, h: tg.tanh(h @ W if t == 1 else h @ W + XS[t] @ V), None, 2), OP),
    "losses of some steps": (some_losses, OP + "pow is there in 2, 4, 6, 8"),
    "a number that changes": (lambda: last(lambda t, h: tg.tanh(h @ W) * (1 / t)), SAME + "h reads 1.0 in 1, h reads 0.5 in 2, ..."),
    "powers that alternate": (lambda: last(lambda t, h: tg.tanh(h @ W) ** (2 + t % 2)), SAME + "pow 3 reads tanh in 1, 3, 5, 7"),
    "halves that alternate": (lambda: unseen_cells.run("Clockwork")[2], SAME + r"getitem \[:, 2:\] reads tanh in 2, 4"),
    "a state that begins anew": (reset, SAME + "matmul reads what is given in 1, 4"),
    "a state of two steps before": (two_steps_back, "a state that skips steps: .* h of 2 steps before in 3 to 8"),
    "all states before": (all_before, OP),
    "sequences that end": (packed, OP),
}  # fmt: skip


@pytest.mark.parametrize("detail", LEVELS)
@pytest.mark.parametrize("case", REFUSED)
def test_what_is_not_done_in_each_step_is_not_rolled_up(case, detail):
    make, words = REFUSED[case]
    with pytest.raises(DataError, match=f"of {words}") as error:
        tg.draw(make(), rolled=True, detail=detail)
    assert "unrolled" in error.value.hint
    assert len(error.value.message) < 200


def carried(k, cell, length=7):
    """A loss of every step, with the state detached after every k steps."""
    state, total = cell.initial_state(1), 0.0
    for t in range(1, length + 1):
        if t % k == 1 % k and t > 1:
            state = tuple(s.detach() for s in state)
        with tg.time_step(t):
            state = cell(XS[t], state)
        total = total + (state[0] ** 2).sum()
    return total


def running_loss():
    h, total = tg.Tensor(np.ones((1, 4)), name="h0"), None
    for t in range(1, T + 1):
        with tg.time_step(t):
            h = tg.named(simple(t, h), "h")
            total = (h**2).mean() if total is None else total + (h**2).mean()
    return total


def without_start():
    h = None
    for t in range(1, T + 1):
        with tg.time_step(t):
            h = tg.named(tg.tanh(XS[t] @ V if h is None else XS[t] @ V + h @ W), "h")
    return (h**2).sum()


DRAWN = {
    "a loop": lambda: last(simple),
    "two steps": lambda: last(simple, None, 2),
    "one step": lambda: last(simple, None, 1),
    "a learned start": lambda: last(simple, H0),
    "a loss of every step": lambda: sum((h**2).sum() for h in steps(simple)[1:]),
    "a running loss": running_loss,
    "no state at the start": without_start,
    "detached after three steps": lambda: carried(3, SLOW),
    "detached after every step": lambda: carried(1, nn.LSTMCell(4, 4, rng=np.random.default_rng(0))),
    "both directions": lambda: both_ways(lambda hs: hs),
    "a cell that joins x and h twice": lambda: unseen_cells.run("MinimalGatedUnit")[2],
    "the same, backwards": lambda: unseen_cells.run("MinimalGatedUnit", reverse=True)[2],
}


@pytest.mark.parametrize("detail", LEVELS)
@pytest.mark.parametrize("case", DRAWN)
def test_a_loop_is_rolled_up_and_each_step_is_as_drawn(case, detail):
    checks.each_step_is_as_drawn(checks.Picture.of(tg.draw(DRAWN[case](), rolled=True, detail=detail)))


def chips(picture):
    return [(chip.label, len(chip.uses)) for box in picture.view.boxes for chip in box.chips]


@pytest.mark.parametrize("detail", LEVELS)
def test_a_learned_start_is_in_the_panel_and_at_no_step(detail):
    picture = tg.draw(DRAWN["a learned start"](), rolled=True, detail=detail)
    assert sorted(chips(picture)) == [("v", T), ("w", T)]
    assert {pill.label for pill in picture.view.pills} == {"h0", "v", "w"}


def test_a_loop_is_cut_where_the_state_is_detached_in_every_step():
    for k, cut in ((1, True), (3, False)):
        view = tg.draw(carried(k, SLOW), rolled=True, detail="op").view
        assert {e.cut for e in view.edges if e.loop and any(box.state and box.id == e.source for box in view.boxes)} == {cut}
    assert tg.draw(carried(3, SLOW), rolled=True).describe().count("comes in detached") == 2


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("detail", LEVELS)
def test_boxes_that_do_the_same_are_one_though_some_are_missing_at_the_start(reverse, detail):
    picture = tg.draw(unseen_cells.run("MinimalGatedUnit", reverse)[2], rolled=True, detail=detail)
    assert sorted(chips(picture)) == [("Wf", 4), ("Wn", 4)]
    if detail == "op":
        into = [e for e in picture.view.edges if {box.op for box in picture.view.boxes if box.id == e.source} == {"concat"}]
        assert len(into) == 2  # each joined pair goes to one product
