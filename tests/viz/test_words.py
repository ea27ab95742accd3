"""What pictures say in words is true: descriptions, tooltips, names of boxes; and settings are kept or refused, never ignored."""

import re

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn.errors import DataError
from tinygrad_rnn.viz import draw


def lstm_loss(T=4, seed=0, bias=1.0, state=None):
    rng = np.random.default_rng(seed)
    cell = tg.nn.LSTMCell(3, 4, rng=rng, forget_bias=bias)
    hs, _ = tg.nn.unroll(cell, rng.standard_normal((1, T, 3)), state)
    return (hs[-1] ** 2).sum()


def rnn_losses(T, detach=()):
    """A loss a step, by hand; the state is detached before some steps."""
    rng = np.random.default_rng(0)
    cell = tg.nn.RNNCell(3, 4, rng=rng)
    state, losses = cell.initial_state(1), []
    for t in range(1, T + 1):
        with tg.time_step(t):
            state = tuple(part.detach() for part in state) if t in detach else state
            state = cell.step(tg.Tensor(rng.standard_normal((1, 3)), name="x"), state)
            losses.append((state[0] ** 2).sum())
    return losses


def tooltips(picture, start):
    return [text for text in re.findall(r"<title>([^<]*)</title>", picture.svg()) if text.startswith(start)]


# ---- initial states ------------------------------------------------------------------------------------------------------------


def test_initial_states_without_names_stand_apart():
    zeros = tg.Tensor(np.zeros((1, 4))), tg.Tensor(np.zeros((1, 4)))
    for detail in ("op", "gate", "cell"):
        nodes = [n for n in draw(lstm_loss(3, state=zeros), detail=detail).layout.boxes if n.box.kind == "start"]
        assert len({n.y for n in nodes}) == len(nodes) == 2


def test_a_state_whose_name_begins_with_that_of_another_has_its_own_row():
    class Two:
        def __init__(self):
            self.W = tg.Tensor(np.full((4, 4), 0.3), requires_grad=True, name="W")

        def initial_state(self, batch):
            return tg.Tensor(np.zeros((batch, 4)), name="h0"), tg.Tensor(np.zeros((batch, 4)), name="hx0")

        def step(self, x, state):
            h, hx = state
            hx = tg.named(hx + 0.5 * x, "hx")
            return tg.named(tg.tanh(h @ self.W + hx), "h"), hx

    w = tg.Tensor(np.ones((1, 4)), requires_grad=True, name="w")
    hs, _ = tg.nn.unroll(Two(), [w * 1.0, w * 2.0, w * 3.0])
    layout = draw(hs[-1].sum(), detail="cell").layout
    starts = {n.box.label: n.y for n in layout.boxes if n.box.kind == "start"}
    lanes = {p.edge.role: p.points[0][1] for p in layout.routes if p.hands_on and p.edge.source_column == 0}
    assert starts == {"h": lanes["h"], "hx": lanes["hx"]}


# ---- descriptions ----------------------------------------------------------------------------------------------------------------


def test_a_description_does_not_reach_over_a_cut():
    losses = rnn_losses(6, detach=(4,))
    words = draw(losses[2] + losses[5]).describe()
    assert "At t=4 h comes in detached" in words
    assert re.findall(r"\|dL/dh\| \w+ from \S+ at t=(\d) to \S+ at t=(\d)", words) == [("3", "1"), ("6", "4")]


def test_a_description_keeps_cells_layers_and_directions_apart():
    rng = np.random.default_rng(0)
    encoder, decoder = tg.nn.RNNCell(3, 4, rng=rng), tg.nn.GRUCell(3, 4, rng=rng)
    _, state = tg.nn.unroll(encoder, rng.standard_normal((1, 4, 3)))
    hs, _ = tg.nn.unroll(decoder, rng.standard_normal((1, 4, 3)), state)
    words = draw(hs[-1].sum(), detail="gate").describe()
    assert "|dL/dh| of RNN" in words
    assert "|dL/dh| of GRU" in words
    net = tg.nn.Stacked([tg.nn.RNNCell(3, 4, rng=rng), tg.nn.RNNCell(4, 4, rng=rng)])
    words = draw(net(rng.standard_normal((1, 4, 3)))[0][-1].sum()).describe()
    assert "of layer 1 " in words
    assert "Wx of RNN layer 2 " in words


def test_a_picture_of_values_speaks_of_values():
    picture = draw(lstm_loss(), color="value")
    assert "The root mean square of c" in picture.describe()
    assert "gradient" not in picture.describe()
    assert all("root mean square" in text for text in tooltips(picture, "c at t=") + tooltips(picture, "Wx, used by"))


def test_zeros_are_told_once_and_truly():
    words = draw(lstm_loss(30) * 0.0, elide=False, detail="op").describe()
    assert len(words.splitlines()) < 45
    assert "|dL/dh| is exactly 0 from t=30 to t=1" in words
    assert "grows" not in words
    w = tg.Tensor([1.0, 2.0], requires_grad=True, name="w")
    assert "what its uses send cancels" in draw((w - w).sum()).describe()
    assert "its slope is 0 where the value is 0" in draw((tg.named(w * 0.0, "a") ** 2).sum()).describe()


def test_exact_zeros_say_of_which_layer_and_direction_they_are():
    rng = np.random.default_rng(0)

    def words(*cells):
        hs, _ = tg.nn.unroll(tg.nn.Stacked(list(cells)), rng.standard_normal((1, 6, 3)))
        return draw((hs[-1] ** 2).sum() + (hs[0] ** 2).sum(), detail="gate").describe()

    def lstm(size):
        return tg.nn.LSTMCell(size, 4, rng=rng)

    zeros = "adds exactly 0 to its gradient: it is multiplied by h0, which is all zeros."
    three = words(lstm(3), lstm(4), lstm(4))
    assert f"At t=1 Wh of LSTM layer 1, LSTM layer 2 and LSTM layer 3 {zeros}" in three
    assert "At t=1 f of LSTM layer 1, LSTM layer 2 and LSTM layer 3 has gradient exactly 0: it is multiplied by c0" in three
    both = words(tg.nn.Bidirectional(lstm(3), lstm(3)))
    assert f"At t=1 Wh of LSTM layer 1 → {zeros}\n" in both
    assert f"At t=6 Wh of LSTM layer 1 ← {zeros}\n" in both
    assert "At t=6 f of LSTM layer 1 ← has gradient exactly 0" in both
    assert f"At t=1 Wh {zeros}" in words(lstm(3))


def test_the_first_value_that_is_not_finite_is_named():
    rng = np.random.default_rng(0)
    xs = rng.standard_normal((1, 4, 3))
    xs[0, 1, 0] = np.nan
    with np.errstate(invalid="ignore"):
        hs, _ = tg.nn.unroll(tg.nn.RNNCell(3, 4, rng=rng), xs)
        words = draw(hs[-1].sum()).describe()
    assert "The first value that is not finite (NaN or infinity) is x at t=2." in words
    with np.errstate(divide="ignore"):
        one = draw(tg.log(tg.Tensor(0.0, requires_grad=True, name="w"))).describe()
    assert "1 gradient is NaN or infinite." in one


# ---- rolled pictures -------------------------------------------------------------------------------------------------------------


def test_a_rolled_box_speaks_of_all_steps():
    loss = lstm_loss(5)
    picture, graph = draw(loss, rolled=True, detail="op"), tg.snapshot(loss)
    together = np.sqrt(sum(r.grad_norm**2 for r in graph.along("h").values()))
    (h,) = [box for box in picture.view.boxes if box.states == ("h",)]
    assert h.strength == pytest.approx(together, rel=1e-12)
    (words,) = tooltips(picture, "h in all 5 steps")
    assert "in all steps together" in words
    (chip,) = tooltips(picture, "Wh, used by")
    assert "in all 5 steps" in chip
    (wh,) = [c for box in picture.view.boxes for c in box.chips if c.label == "Wh"]
    assert wh.strength == pytest.approx(graph.find("Wh").grad_norm, rel=1e-12)


@pytest.mark.parametrize("T", [1, 2, 5])
def test_a_rolled_picture_has_one_column_and_a_loop_for_every_state(T):
    view = draw(lstm_loss(T), rolled=True, detail="gate").view
    loops = {e.source_key for e in view.edges if e.loop}
    assert len(view.kept) == 1
    assert len(loops) == (2 if T > 1 else 0)
    assert len({box.key for box in view.boxes}) == len(view.boxes)


def test_a_rolled_picture_says_which_way_the_loops_go():
    rng = np.random.default_rng(0)
    net = tg.nn.Bidirectional(tg.nn.RNNCell(3, 4, rng=rng), tg.nn.RNNCell(3, 4, rng=rng))
    _, (ahead, back) = net(rng.standard_normal((1, 4, 3)))
    both = draw((ahead[0] * back[0]).sum(), rolled=True)
    assert "→ to the next step, ← to the step before" in both.svg()
    assert "one step later, or earlier where it reads backwards" in both.describe()
    assert ">to the next step<" in draw(lstm_loss(), rolled=True).svg()
    only = draw(tg.nn.unroll(net.backwards, rng.standard_normal((1, 4, 3)), reverse=True)[0][0].sum(), rolled=True)
    assert ">to the step before<" in only.svg()


def test_what_happens_once_does_not_go_round():
    losses = rnn_losses(5)
    total = losses[0]
    for loss in losses[1:]:
        total = total + loss
    loops = {e.source_key for e in draw(total, rolled=True, detail="op").view.edges if e.loop}
    assert len(loops) == 2  # h, and the running sum; not the first summand


# ---- names of boxes --------------------------------------------------------------------------------------------------------------


def test_letters_get_their_words_only_where_they_mean_them():
    words = {(box.label, box.name) for box in draw(lstm_loss(), detail="gate").view.boxes if box.kind == "gate"}
    assert {("f", "forget"), ("c", "cell state"), ("h", "hidden"), ("g", "candidate")} <= words

    class Other:
        W = tg.Tensor(np.full((3, 3), 0.2), requires_grad=True, name="W")

        def initial_state(self, batch):
            return (tg.Tensor(np.zeros((batch, 3)), name="h0"),)

        def step(self, x, state):
            n = tg.named(state[0] @ self.W - 1.0, "n")  # no candidate: nothing is squashed
            return (tg.named(n + x, "h"),)

    hs, _ = tg.nn.unroll(Other(), np.ones((1, 3, 3)))
    words = {(box.label, box.name) for box in draw(hs[-1].sum(), detail="gate").view.boxes if box.kind == "gate"}
    assert words == {("n", ""), ("h", "hidden")}


def test_one_box_is_called_loss():
    losses = rnn_losses(4)
    total = losses[0] + losses[1] + losses[2] + losses[3]
    for detail in ("op", "gate", "cell"):
        names = [f"{box.label} {box.name}" for box in draw(total, detail=detail).view.boxes]
        assert sum(bool(re.search(r"\bloss$|^loss ", name)) and "part" not in name for name in names) == 1


def test_a_running_sum_is_no_state():
    view = draw(sum(rnn_losses(4)[1:], rnn_losses(1)[0]), detail="cell").view
    states = {box.label for box in view.boxes if box.state}
    assert states == {"RNN", "h"}


# ---- settings --------------------------------------------------------------------------------------------------------------------


def test_comparisons_hold_every_picture_once():
    a, b, c = (draw(lstm_loss(3, bias=bias), title=str(bias)) for bias in (0.0, 1.0, 3.0))
    nested = draw.compare([draw.compare([a, b]), c], title="")
    assert [caption.words for caption in nested.sheet.captions] == ["0.0", "1.0", "3.0"]
    assert nested.title == ""
    assert draw.compare([lstm_loss(3)], scale=(-3, 3)).scale == (-3, 3)
    assert draw.compare([lstm_loss(3), lstm_loss(2)], theme="dark").theme == "dark"


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda d: draw.compare([]), "no pictures"),
        (lambda d: draw.compare(d), "of a Drawing"),
        (lambda d: draw.compare(3), "of a int"),
        (lambda d: draw.compare([d], theme="dark"), "drawn already"),
        (lambda d: draw.compare([d, lstm_loss(2)], detail="cell"), "drawn already"),
        (lambda d: draw.compare([d, draw(lstm_loss(2), theme="dark")]), "theme dark and light"),
        (lambda d: draw.compare([d, draw(lstm_loss(2), color="value")]), "color grad and value"),
        (lambda d: draw(lstm_loss(2), rolled=True, elide=2), "rolled"),
        (lambda d: draw(lstm_loss(2), rolled=True, elide="x"), "elide"),
        (lambda d: draw(lstm_loss(2), scale=(-1e308, 1e308)), "exponents"),
    ],
)
def test_settings_that_cannot_be_kept_are_refused(call, words):
    with pytest.raises(DataError, match=words):
        call(draw(lstm_loss(2)))


def test_whole_numbers_of_numpy_are_whole_numbers():
    assert draw(lstm_loss(8), elide=np.int64(1)).view.kept == draw(lstm_loss(8), elide=1).view.kept


def test_a_comparison_has_its_columns_in_line():
    sheet = draw.compare([lstm_loss(3, bias=b) for b in (0.0, 1.0, 5.0)], detail="cell").sheet
    assert len({layout.bands[0].left for layout in sheet.layouts}) == 1
    bottoms = [max(band.bottom for band in layout.bands) for layout in sheet.layouts]
    tops = [min(band.top for band in layout.bands) for layout in sheet.layouts]
    assert all(top > bottom + 26 for top, bottom in zip(tops[1:], bottoms, strict=False))
