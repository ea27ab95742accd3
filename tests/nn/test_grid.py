"""Grid LSTM against a NumPy recurrence and finite differences; the peephole cell and IRNN, which a user might have written."""

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn import nn
from tinygrad_rnn.errors import DataError, DtypeError, GraphError, ShapeError

PRIORITY = pytest.mark.parametrize("priority", ["depth", "time", None])
TIED = pytest.mark.parametrize("tied", [False, True], ids=["untied", "tied"])


def sigma(x):
    return 1 / (1 + np.exp(-x))


def block(W, b, pairs, priority):
    """One block: pairs (h, m) in, pairs out. The tanh stands outside, as in the paper."""
    hs, out = [h for h, _ in pairs], list(pairs)
    for k in sorted(range(len(pairs)), key=lambda k: k == priority):
        H = np.concatenate([hs[j] if j == k or k != priority else out[j][0] for j in range(len(pairs))], axis=1)
        u, f, g, o = np.split(H @ W[k] + b[k], 4, axis=1)
        m = sigma(f) * pairs[k][1] + sigma(u) * np.tanh(g)
        out[k] = (np.tanh(sigma(o) * m), m)
    return out


def grid_of(xs, Wx, blocks, hidden, priority):
    """All h at the top, for xs (batch, n_1, ..., features): each block reads its neighbours before it, and zeros at the border."""
    left, tops = {}, {}
    for at in np.ndindex(xs.shape[1:-1]):
        up = tuple(np.split(xs[(slice(None), *at)] @ Wx, 2, axis=1))
        for k, (W, b) in enumerate(blocks):
            before = [
                left.get((k, d, (*at[:d], at[d] - 1, *at[d + 1 :])), np.zeros((2, len(xs), hidden))) for d in range(len(at))
            ]
            *along, up = block(W, b, [*before, up], priority)
            left.update({(k, d, at): pair for d, pair in enumerate(along)})
        tops[at] = up[0]
    return tops


def weights_of(grid):
    return grid.project.Wx.data, [([W.data for W in one.W], [b.data for b in one.b]) for one in grid.blocks]


def randomised(grid, seed=3):
    """With biases that are no zeros."""
    rng = np.random.default_rng(seed)
    for p in grid.parameters():
        p.data = rng.uniform(-1, 1, p.shape)
    return grid


@PRIORITY
@TIED
def test_time_and_depth(priority, tied):
    xs = np.random.default_rng(1).standard_normal((2, 5, 3))
    grid = randomised(nn.GridLSTM(3, 4, 3, rng=np.random.default_rng(0), tied=tied, priority=priority))
    hs, _ = grid(xs)
    wanted = grid_of(xs, *weights_of(grid), 4, {"time": 0, "depth": 1, None: None}[priority])
    np.testing.assert_allclose([h.data for h in hs], [wanted[t,] for t in range(5)], rtol=1e-12)


@pytest.mark.parametrize("sizes", [(4,), (2, 3), (2, 2, 2)], ids=str)
@pytest.mark.parametrize("priority", [-1, 0, None])
@TIED
def test_any_number_of_dimensions(sizes, priority, tied):
    xs = np.random.default_rng(1).standard_normal((2, *sizes, 3))
    grid = randomised(nn.Grid(3, 4, len(sizes), 2, rng=np.random.default_rng(0), tied=tied, priority=priority))
    outputs = grid(xs)
    wanted = grid_of(xs, *weights_of(grid), 4, len(sizes) if priority == -1 else priority)
    assert outputs.keys() == wanted.keys()
    for at, h in outputs.items():
        np.testing.assert_allclose(h.data, wanted[at], rtol=1e-12)


@PRIORITY
@TIED
def test_gradients_of_a_grid(priority, tied):
    grid = randomised(nn.GridLSTM(2, 2, 2, rng=np.random.default_rng(0), tied=tied, priority=priority))
    xs = np.random.default_rng(1).standard_normal((2, 2, 2))
    shapes = [p.data.copy() for p in grid.parameters()]
    blocks = [grid.blocks[0]] if tied else grid.blocks

    def outputs(xs, Wx, *weights):
        grid.project.Wx, rest = Wx, iter(weights)
        for one in blocks:
            one.W, one.b = [next(rest), next(rest)], [next(rest), next(rest)]
        return tg.concat(grid(xs)[0], axis=0)

    assert tg.gradcheck(outputs, [xs, *shapes])


def test_gradients_in_three_dimensions():
    grid = randomised(nn.Grid(2, 2, 2, 1, rng=np.random.default_rng(0)))
    xs = np.random.default_rng(1).standard_normal((1, 2, 2, 2))
    assert tg.gradcheck(lambda xs: tg.concat(list(grid(xs).values())), [xs])
    loss = (grid(xs)[1, 1] ** 2).sum()
    loss.backward()
    assert all(np.abs(p.grad).sum() > 0 for p in grid.parameters())


def test_tied_weights_are_one_and_their_gradient_is_the_sum_over_the_layers():
    xs = np.random.default_rng(1).standard_normal((2, 3, 3))
    tied = nn.GridLSTM(3, 4, 3, rng=np.random.default_rng(0), tied=True)
    loose = nn.GridLSTM(3, 4, 3, rng=np.random.default_rng(9))
    assert len(tied.parameters()) == 5
    assert len(loose.parameters()) == 13
    loose.project.load_state_dict(tied.project.state_dict())
    for one in loose.blocks:
        one.load_state_dict(tied.blocks[0].state_dict())
    for grid in (tied, loose):
        hs, _ = grid(xs)
        (tg.concat(hs) ** 2).sum().backward()
    for k in range(2):
        np.testing.assert_allclose(tied.blocks[0].W[k].grad, sum(one.W[k].grad for one in loose.blocks), rtol=1e-10)


def test_a_grid_is_a_layer_like_others():
    rng = np.random.default_rng(0)
    xs = rng.standard_normal((2, 5, 3))
    grid = nn.GridLSTM(3, 4, 2, rng=rng)
    whole, end = grid(xs)
    first, state = nn.unroll(grid, xs[:, :2])
    second, last = nn.unroll(grid, xs[:, 2:], state)
    np.testing.assert_allclose([h.data for h in first + second], [h.data for h in whole], rtol=1e-13)
    np.testing.assert_allclose(last[-1].data, end[-1].data, rtol=1e-13)
    back, _ = nn.unroll(grid, xs, reverse=True)
    turned, _ = grid(xs[:, ::-1])
    assert [h.data.tolist() for h in back] == [h.data.tolist() for h in turned[::-1]]
    both = nn.Stacked([nn.Bidirectional(grid, nn.GridLSTM(3, 4, 2, rng=rng)), nn.LSTMCell(8, 2, rng=rng)])
    assert both(xs)[0][-1].shape == (2, 2)


def test_a_grid_reads_packed_sequences():
    rng = np.random.default_rng(0)
    grid, xs = nn.GridLSTM(3, 4, 2, rng=rng), rng.standard_normal((2, 5, 3))
    outputs, state = grid(nn.packed.pack([xs[0, :2], xs[1]]))
    alone, end = grid(xs[:1, :2])
    np.testing.assert_allclose(outputs[1].data[1], alone[1].data[0], rtol=1e-13)
    np.testing.assert_allclose([part.data[0] for part in state[1:]], [part.data[0] for part in end[1:]], rtol=1e-13)


@pytest.mark.parametrize("detail", ["op", "gate", "cell"])
def test_a_picture_has_a_box_for_every_step_and_layer(detail):
    rng = np.random.default_rng(0)
    grid = nn.GridLSTM(3, 4, 3, rng=rng)
    hs, _ = grid(rng.standard_normal((1, 4, 3)))
    loss = (hs[-1] ** 2).sum()
    view = tg.draw(loss, detail=detail).view
    assert view.steps == (1, 2, 3, 4)
    if detail == "cell":
        blocks = [box.column for box in view.boxes if "m" in box.states]
        assert sorted(blocks) == sorted([0, 1, 2, 3] * 3)
    for layer in (1, 2, 3):
        assert sorted(tg.snapshot(loss).along("h", scope=f"GridLSTMCell layer={layer}")) == [1, 2, 3, 4]


def test_a_picture_of_an_image_has_a_column_for_every_diagonal():
    xs = np.random.default_rng(0).standard_normal((1, 2, 3, 3))
    loss = (nn.Grid(3, 4, 2, 1, rng=np.random.default_rng(0))(xs)[1, 2] ** 2).sum()
    view = tg.draw(loss, detail="cell").view
    assert view.steps == (1, 2, 3, 4)
    names = {view.graph[id].name for id in view.places.starts}
    assert {"h10", "h20", "m10", "m20"} <= names  # zeros at the border are initial states
    for row, steps in ((1, [1, 2, 3]), (2, [2, 3, 4])):
        found = {r.t for r in tg.snapshot(loss) if f"GridLSTMCell layer=1 d1={row}" in r.place}
        assert sorted(found) == steps


WRONG = [
    (lambda rng: nn.GridLSTM(3, 4, 0, rng=rng), ShapeError, "depth 0"),
    (lambda rng: nn.GridLSTM(0, 4, 2, rng=rng), ShapeError, "input_size=0"),
    (lambda rng: nn.GridLSTM(3, 4, True, rng=rng), ShapeError, "a grid of depth True"),
    (lambda rng: nn.GridLSTM(3, 4, 2, rng=rng, tied="no"), DataError, r"a grid\(tied='no'\)"),
    (lambda rng: nn.GridLSTM(3, 0, 2, rng=rng), ShapeError, "hidden_size=0"),
    (lambda rng: nn.GridLSTM(3, 4, 2, rng=rng, priority="width"), DataError, "priority='width'"),
    (lambda rng: nn.GridLSTMCell(2, 4, rng=rng, priority=2), DataError, "priority=2"),
    (lambda rng: nn.GridLSTMCell(2, 4, rng=rng, priority=True), DataError, "priority=True"),
    (lambda rng: nn.GridLSTMCell(2, 4, rng=rng, priority=1.0), DataError, "priority=1.0"),
    (lambda rng: nn.GridLSTMCell(2, 4, rng=rng).initial_pairs(0), DataError, "a batch of 0"),
    (lambda rng: nn.GridLSTMCell(2, 4, rng=rng).step({0: (1.0, 2.0), 1: (3.0, 4.0)}), ShapeError, "pairs of shapes {0: "),
    (lambda rng: nn.GridLSTMCell(2, 4, rng=rng).step([("h", "m")] * 2), DtypeError, "'h'"),
    (lambda rng: nn.GridLSTMCell(2, 4, rng=rng).step([(np.ones((2, 4)), np.ones((3, 4)))] * 2), ShapeError, "(3, 4)"),
    (
        lambda rng: nn.GridLSTMCell(2, 4, rng=rng).step(nn.GridLSTMCell(3, 4, rng=rng).initial_pairs(1)),
        ShapeError,
        "2 dimensions",
    ),
    (lambda rng: nn.GridLSTM(3, 4, 2, rng=rng)(np.ones((1, 0, 3))), DataError, "no steps"),
    (lambda rng: nn.GridLSTM(3, 4, 2, rng=rng)(np.ones((0, 2, 3))), DataError, "no sequences"),
    (lambda rng: nn.GridLSTM(3, 4, 2, rng=rng)(np.ones((1, 2, 5))), ShapeError, "does not fit"),
    (lambda rng: nn.GridLSTM(3, 4, 2, rng=rng)(np.ones((1, 2, 3)), (tg.Tensor([[0.0]]),)), ShapeError, "a state of 1 tensors"),
    (lambda rng: nn.Grid(3, 4, 2, 1, rng=rng)(np.ones((1, 2, 3))), ShapeError, "n_1, n_2"),
    (lambda rng: nn.Grid(3, 4, 2, 1, rng=rng)(np.ones((1, 2, 0, 3))), DataError, r"\(1, 2, 0, 3\)"),
    (lambda rng: nn.Grid(3, 4, 0, 1, rng=rng), ShapeError, "dimensions"),
    (lambda rng: nn.GridLSTMCell(2, 4, rng=rng, forget_bias=[1.0]), DataError, "forget_bias=[1.0]"),
    (lambda rng: nn.PeepholeLSTMCell(3, 4, rng=rng, forget_bias=None), DataError, "forget_bias=None"),
]


@pytest.mark.parametrize(("call", "error", "words"), WRONG)
def test_what_does_not_fit_is_said(call, error, words):
    with pytest.raises(error) as caught:
        call(np.random.default_rng(0))
    assert words.replace("\\", "") in str(caught.value)


def test_onnx_has_no_grid_and_it_is_said(tmp_path):
    pytest.importorskip("onnx")
    for layer in (nn.GridLSTM(3, 4, 2, rng=np.random.default_rng(0)), nn.GridLSTMCell(2, 4, rng=np.random.default_rng(0))):
        with pytest.raises(GraphError, match="has no operator in ONNX") as caught:
            tg.io.export_onnx_recurrent(layer, tmp_path / "grid.onnx")
        assert "export_onnx(" in caught.value.hint


def test_a_block_reads_arrays_and_data_in_another_precision():
    block = nn.GridLSTMCell(2, 4, rng=np.random.default_rng(0), dtype=np.float32)
    pairs = np.random.default_rng(1).standard_normal((2, 2, 3, 4)).astype(np.float32)
    wanted = block.step([(tg.Tensor(h), tg.Tensor(m)) for h, m in pairs])
    for given in ([(h, m) for h, m in pairs], [[h.astype(float), m.astype(float)] for h, m in pairs]):
        for found in (block.step(given), block(given)):
            assert [[part.data.tolist() for part in pair] for pair in found] == [
                [part.data.tolist() for part in pair] for pair in wanted
            ]
            assert {part.dtype.name for pair in found for part in pair} == {"float32"}


def test_a_float32_grid_stays_float32_over_float64_data():
    rng = np.random.default_rng(0)
    hs, state = nn.GridLSTM(3, 4, 2, rng=rng, dtype=np.float32)(rng.standard_normal((2, 5, 3)))
    assert {t.dtype.name for t in (*hs, *state)} == {"float32"}
    outputs = nn.Grid(3, 4, 2, 1, rng=rng, dtype=np.float32)(rng.standard_normal((1, 2, 2, 3)))
    assert {h.dtype.name for h in outputs.values()} == {"float32"}


# ---- cells of a user's own ------------------------------------------------------------------------------------------------


def peephole(x, h, c, Wx, Wh, b, p):
    i, f, g, o = np.split(x @ Wx + h @ Wh + b, 4, axis=1)
    c = sigma(f + p[1] * c) * c + sigma(i + p[0] * c) * np.tanh(g)
    return sigma(o + p[2] * c) * np.tanh(c), c


def test_the_peephole_cell_is_its_equations():
    rng = np.random.default_rng(0)
    cell, xs = nn.PeepholeLSTMCell(3, 4, rng=rng, forget_bias=2.0), rng.standard_normal((2, 5, 3))
    hs, (_, last) = nn.unroll(cell, xs)
    h, c, wanted = np.zeros((2, 4)), np.zeros((2, 4)), []
    for t in range(5):
        h, c = peephole(xs[:, t], h, c, **cell.state_dict())
        wanted.append(h)
    np.testing.assert_allclose([h.data for h in hs], wanted, rtol=1e-13)
    np.testing.assert_allclose(last.data, c, rtol=1e-13)
    assert cell.b.data[4:8].tolist() == [2.0] * 4


def test_gradients_of_the_peephole_cell():
    rng = np.random.default_rng(0)
    cell, xs = nn.PeepholeLSTMCell(2, 2, rng=rng), rng.standard_normal((1, 3, 2))

    def outputs(xs, *weights):
        cell.Wx, cell.Wh, cell.b, cell.p = weights
        return tg.concat(nn.unroll(cell, xs)[0])

    assert tg.gradcheck(outputs, [xs, *(p.data for p in cell.parameters())])


def test_an_irnn_keeps_its_state_and_the_gradient_of_its_state():
    rng = np.random.default_rng(0)
    cell = nn.RNNCell(2, 3, rng=rng, nonlinearity="relu")
    assert nn.init.identity_(cell.Wh) is cell.Wh
    start = tg.Tensor(np.full((1, 3), 5.0), requires_grad=True)
    hs, _ = nn.unroll(cell, np.zeros((1, 50, 2)), (start,))
    assert hs[-1].data.tolist() == start.data.tolist()
    (hs[-1] * [1.0, 2.0, 3.0]).sum().backward()
    assert start.grad.tolist() == [[1.0, 2.0, 3.0]]
    assert nn.init.identity_(cell.Wh, 0.5).data.tolist() == (0.5 * np.eye(3)).tolist()
    with pytest.raises(ShapeError, match="two axes"):
        nn.init.identity_(cell.b)
