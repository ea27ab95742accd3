"""`tg.compile`: what runs as a program is what eager mode gives, and what cannot be one runs eagerly and says why."""

import random
import threading
from dataclasses import dataclass

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn import nn
from tinygrad_rnn.errors import DataError, GraphError

F = tg.functional


@dataclass
class Batch:
    x: np.ndarray
    lengths: np.ndarray | None
    y: np.ndarray


def same(model, loss_of, batches, step=None, rtol=1e-10):
    """Run a function compiled and eagerly on the same batches, with weights that change in between; the compiled one."""
    step = step or tg.compile(loss_of)
    rngs = [part.rng for part in model.modules() if getattr(part, "rng", None) is not None]
    for k, batch in enumerate(batches):
        states = [rng.bit_generator.state for rng in rngs]
        model.zero_grad()
        loss = step(model, batch)
        found = {name: p.grad for name, p in model.named_parameters()}
        after = [rng.bit_generator.state for rng in rngs]
        for rng, state in zip(rngs, states, strict=True):
            rng.bit_generator.state = state
        model.zero_grad()
        expected = loss_of(model, batch)
        expected.backward()
        assert [rng.bit_generator.state for rng in rngs] == after
        np.testing.assert_allclose(loss.item(), expected.item(), rtol=rtol, err_msg=f"batch {k}")
        for name, p in model.named_parameters():
            if p.grad is None:
                assert found[name] is None
                continue
            assert type(found[name]) is np.ndarray
            scale = max(np.abs(p.grad).max(), 1e-12)
            np.testing.assert_allclose(found[name], p.grad, rtol=0, atol=rtol * scale, err_msg=f"{name}, batch {k}")
        for p in model.parameters():
            if p.requires_grad and found is not None:
                p.data = p.data * 0.99 + 0.001
    return step


def texts(rng, count, T=6, rows=3, lengths=None):
    for _ in range(count):
        ends = rng.integers(1, T + 1, rows) if lengths == "random" else lengths
        if ends is not None:
            ends = np.array(ends)
            ends[0] = T
        yield Batch(rng.integers(1, 9, (rows, T)), ends, rng.integers(0, 2, rows))


def classified(model, batch):
    return F.cross_entropy(model(batch.x, batch.lengths), batch.y)


def classifier(rng, pooling="last", layer=None, **options):
    layer = layer or nn.LSTM(3, 4, rng=rng)
    return nn.SequenceClassifier(nn.Embedding(9, 3, rng=rng, **options), layer, nn.Linear(4, 2, rng=rng), pooling, rng=rng)


@pytest.mark.parametrize("lengths", [None, [6, 3, 2]])
@pytest.mark.parametrize("pooling", ["last", "mean", "max", "attention"])
def test_classifiers(pooling, lengths):
    rng = np.random.default_rng(0)
    step = same(classifier(rng, pooling), classified, texts(rng, 6, lengths=lengths))
    assert step.runs == 4, step.report
    assert lengths or "in a loop" in step.report


def test_lengths_that_change_are_structures_of_their_own():
    rng = np.random.default_rng(0)
    step = same(classifier(rng, "mean"), classified, texts(rng, 40, T=3, rows=2, lengths="random"))
    assert step.runs >= 30
    assert not step.reason


LAYERS = {
    "RNN": lambda rng: nn.RNN(3, 4, rng=rng),
    "GRU, dropout": lambda rng: nn.GRU(3, 4, num_layers=2, dropout=0.4, rng=rng),
    "both ways": lambda rng: nn.Bidirectional(nn.GRUCell(3, 2, rng=rng), nn.GRUCell(3, 2, rng=rng)),
    "peepholes": lambda rng: nn.PeepholeLSTMCell(3, 4, rng=rng),
    "layer norm": lambda rng: nn.LayerNormGRUCell(3, 4, rng=rng),
    "residual": lambda rng: nn.Stacked([nn.GRUCell(3, 4, rng=rng), nn.Residual(nn.GRUCell(4, 4, rng=rng))]),
}  # fmt: skip


@pytest.mark.parametrize("name", LAYERS)
def test_layers(name):
    rng = np.random.default_rng(0)
    step = same(classifier(rng, layer=LAYERS[name](rng)), classified, texts(rng, 5))
    assert step.runs == 3, step.report


@pytest.mark.parametrize("size", [1, 2, 3])
def test_sizes_that_are_all_equal(size):
    rng = np.random.default_rng(0)
    cell = nn.LSTMCell(size, size, rng=rng)
    step = same(
        cell, lambda cell, x: (tg.stack(nn.unroll(cell, x)[0]) ** 2).mean(), [rng.standard_normal((size,) * 3) for _ in range(5)]
    )
    assert step.runs == 3, step.report


def test_any_length_and_any_batch():
    rng = np.random.default_rng(0)
    cell = nn.GRUCell(2, 3, rng=rng)
    shapes = [(rows, T, 2) for rows in (1, 2, 9) for T in (1, 2, 3, 7, 40)] * 3
    step = same(cell, lambda cell, x: (nn.unroll(cell, x)[0][-1] ** 2).sum(), [rng.standard_normal(shape) for shape in shapes])
    assert step.runs >= 15
    assert not step.reason


def test_float32():
    rng = np.random.default_rng(0)
    with tg.default_dtype(np.float32):
        cell = nn.LSTMCell(2, 3, rng=rng)
    xs = [rng.standard_normal((4, 8, 2)).astype(np.float32) for _ in range(5)]
    assert same(cell, lambda cell, x: (nn.unroll(cell, x)[0][-1] ** 2).sum(), xs, rtol=2e-4).runs == 3


def test_a_network_without_time():
    rng = np.random.default_rng(0)
    net = nn.Sequential(nn.Linear(3, 4, rng=rng), tg.tanh, nn.Linear(4, 2, rng=rng))
    data = [Batch(rng.standard_normal((5, 3)), None, rng.integers(0, 2, 5)) for _ in range(5)]
    assert same(net, lambda net, batch: F.cross_entropy(net(batch.x), batch.y), data).runs == 3


def test_large_logits_do_not_overflow_when_weights_have_grown():
    rng = np.random.default_rng(0)
    net = nn.Linear(3, 4, rng=rng)

    def loss_of(net, batch):
        return F.cross_entropy(net(batch.x), batch.y) + F.softplus(net(batch.x)).mean()

    step = tg.compile(loss_of)
    batches = [Batch(rng.standard_normal((5, 3)), None, rng.integers(0, 4, 5)) for _ in range(6)]
    same(net, loss_of, batches[:3], step)
    net.W.data = net.W.data * 1e5
    same(net, loss_of, batches[3:], step)
    assert step.runs == 4


def test_states_are_carried():
    rng = np.random.default_rng(0)
    model = nn.CharModel(5, nn.LSTMCell(5, 4, rng=rng), rng=rng)

    def loss_of(model, batch, state):
        logits, state = model(batch[0], state)
        return F.cross_entropy(logits, batch[1]), state

    step = tg.compile(loss_of)
    a = b = None
    for _ in range(6):
        batch = rng.integers(0, 5, (2, 4)), rng.integers(0, 5, (2, 4))
        model.zero_grad()
        loss, a = step(model, batch, a)
        found = [p.grad for p in model.parameters()]
        model.zero_grad()
        expected, b = loss_of(model, batch, b)
        expected.backward()
        b = nn.detach_state(b)
        assert loss.item() == pytest.approx(expected.item(), rel=1e-10)
        for g, p in zip(found, model.parameters(), strict=True):
            np.testing.assert_allclose(g, p.grad, rtol=0, atol=1e-12)
        for left, right in zip(a, b, strict=True):
            np.testing.assert_allclose(left.data, right.data, rtol=0, atol=1e-12)
    assert step.runs >= 3, step.report


def test_without_a_gradient():
    rng = np.random.default_rng(0)
    model = classifier(rng)
    step = tg.compile(lambda model, ids: model(ids), backward=False)
    for _ in range(5):
        ids = rng.integers(1, 9, (3, 6))
        np.testing.assert_allclose(step(model, ids).data, model(ids).data, rtol=0, atol=1e-12)
    assert step.runs == 3, step.report
    assert all(p.grad is None for p in model.parameters())


# ---- nothing is wrong in silence ------------------------------------------------------------------------------------------------


def cell_and_data(count=6, T=5):
    rng = np.random.default_rng(0)
    return nn.GRUCell(3, 3, rng=rng), [rng.standard_normal((3, T, 3)) for _ in range(count)]


def last(cell, x):
    return (nn.unroll(cell, x)[0][-1] ** 2).sum()


def test_a_mask_made_with_numpy():
    cell, data = cell_and_data()
    step = same(cell, lambda cell, x: (tg.stack(nn.unroll(cell, x)[0], 1) * (x > 0)).sum(), data)
    assert step.runs == 4, step.report


def test_one_hot_vectors_that_are_picked_from_a_table():
    cell, _ = cell_and_data()
    rng = np.random.default_rng(1)
    step = same(cell, lambda cell, ids: last(cell, np.eye(3)[ids]), [rng.integers(0, 3, (2, 5)) for _ in range(6)])
    assert step.runs in (0, 4)
    assert step.runs or "from batch to batch" in step.report


def test_a_value_that_is_read_of_a_loss():
    cell, data = cell_and_data()

    def loss_of(cell, x):
        loss = last(cell, x)
        return loss * 2 if loss.item() > 1 else loss

    step = same(cell, loss_of, data)
    assert step.runs == 0
    assert "test_compiled.py, line" in step.report
    assert "reads a value" in step.report


def test_a_choice_by_what_a_batch_holds():
    cell, data = cell_and_data(20)
    step = same(cell, lambda cell, x: last(cell, x) * 3 if x.mean() > 0 else last(cell, -x), data)
    assert step.runs >= 14, step.report


def test_targets_to_ignore_that_come_later():
    rng = np.random.default_rng(0)
    net = nn.Linear(3, 4, rng=rng)
    batches = [Batch(rng.standard_normal((6, 3)), None, rng.integers(0, 4, 6)) for _ in range(8)]
    for batch, k in zip(batches[4:], (1, 2, 1, 3), strict=True):
        batch.y[:k] = -100
    same(net, lambda net, batch: F.cross_entropy(net(batch.x), batch.y), batches)


def test_a_counter_outside():
    cell, data = cell_and_data()
    count = []

    def loss_of(cell, x):
        count.append(1)
        return last(cell, x) * len(count)

    step = tg.compile(loss_of)
    for x in data[:2]:
        step(cell, x)
    assert "different ways" in step.report


def test_teacher_forcing_by_a_coin_of_ones_own():
    cell, data = cell_and_data(12)
    coin = np.random.default_rng(4)

    def loss_of(cell, x):
        return last(cell, x) if coin.random() < 0.5 else last(cell, 2.0 * x)

    step = tg.compile(loss_of)
    for x in data:
        step(cell, x)
        if step.reason:
            break
    assert "random numbers of its own" in step.report


class Coin(nn.Module):
    """Draws of its own generator, beside the dropout that is noted."""

    def __init__(self):
        self.rng = np.random.default_rng(3)
        self.cell = nn.GRUCell(3, 3, rng=self.rng)

    def forward(self, x):
        h = F.dropout(nn.unroll(self.cell, x)[0][-1], 0.5, self.rng)
        return (h * (2.0 if self.rng.random() < 2 else 1.0)).sum()


def test_a_coin_in_a_model():
    step = same(Coin(), lambda model, x: model(x), cell_and_data()[1])
    assert "random numbers of its own" in step.report


def doubled(x):
    x *= 2.0
    return x


def with_ones(x):
    x[0] = 1.0
    return x


def ordered(x):
    x.sort(1)
    return x


WRITES = {
    "in place": (doubled, "written to"),
    "an entry": (with_ones, "written to"),
    "copyto": (lambda x: (np.copyto(x, 1.0), x)[1], "written to"),
    "a copy": (lambda x: with_ones(x.copy()), "written to"),
    "sort": (ordered, "sort()"),
    "bytes": (lambda x: x * (1.0 + x.tobytes()[0] % 2), "tobytes()"),
    "Python's random": (lambda x: x * (1.0 + (random.random() > 2)), "random numbers"),
    "NumPy's random": (lambda x: x * (1.0 + (np.random.rand() > 2)), "random numbers"),
}


@pytest.mark.parametrize("name", WRITES)
def test_what_is_done_to_a_batch_and_cannot_be_followed(name):
    change, reason = WRITES[name]
    cell, data = cell_and_data()
    step = tg.compile(lambda cell, x: last(cell, change(x)))
    for x in data:
        expected = last(cell, change(x.copy())).item()
        assert step(cell, x).item() == pytest.approx(expected, rel=1e-10)
    assert reason in step.report


def test_what_a_batch_contains_is_a_condition():
    cell, _ = cell_and_data()
    table = tg.Tensor(np.eye(3), requires_grad=True)
    batches = [np.array(ids) for ids in ([[1, 2]], [[2, 0]], [[1, 1]], [[0, 0]], [[2, 2]], [[0, 1]])]
    step = tg.compile(lambda cell, ids: last(cell, tg.take(table, ids)) * (3.0 if 2 in ids else 1.0))
    for ids in batches:
        expected = last(cell, tg.take(table, ids)).item() * (3.0 if 2 in ids else 1.0)
        assert step(cell, ids).item() == pytest.approx(expected, rel=1e-10)


def test_a_choice_by_random_numbers_of_the_package():
    cell, data = cell_and_data(12)
    rng = np.random.default_rng(5)

    def loss_of(cell, x):
        mask = F.dropout_mask((3, 3), 0.5, rng)
        return (nn.unroll(cell, x)[0][-1] * mask).sum() * (3.0 if mask.sum() > 9 else 1.0)

    step = tg.compile(loss_of)
    for x in data:
        state = rng.bit_generator.state
        found = step(cell, x).item()
        rng.bit_generator.state = state
        assert found == pytest.approx(loss_of(cell, x).item(), rel=1e-10)
    assert "random numbers" in step.report


def test_a_weight_that_is_frozen_replaced_or_tied():
    cell, data = cell_and_data(5)
    step = same(cell, last, data)
    cell.Wx.requires_grad = False
    same(cell, last, data, step)
    cell.Wx.requires_grad = True
    cell.Wh = tg.Tensor(cell.Wh.data.copy(), requires_grad=True, name="Wh")
    same(cell, last, data, step)
    cell.Wx = cell.Wh
    same(cell, last, data, step)
    assert not step.reason


def test_two_models_of_one_class_and_two_losses():
    (a, data), (b, _) = cell_and_data(), cell_and_data()
    b.Wh.data = b.Wh.data * 0.5
    step = tg.compile(last)
    for x in data:
        for cell in (a, b):
            same(cell, last, [x], step)
    assert step.runs >= 6


def test_gradients_add_up_and_no_buffer_is_handed_out():
    cell, data = cell_and_data()
    step = tg.compile(last)
    for x in data[:3]:
        cell.zero_grad()
        step(cell, x)
    first = cell.Wh.grad
    kept = first.copy()
    step(cell, data[4])
    np.testing.assert_array_equal(first, kept)
    total = cell.Wh.grad
    cell.zero_grad()
    step(cell, data[4])
    np.testing.assert_allclose(total, kept + cell.Wh.grad)


def test_nan_in_a_batch_stays_nan():
    cell, data = cell_and_data()
    step = tg.compile(last)
    with np.errstate(all="ignore"):
        for k, x in enumerate(data):
            if k == 3:
                x[0, 0, 0] = np.nan
            assert np.isnan(step(cell, x).item()) == (k == 3)
            cell.zero_grad()


def test_a_hook_and_anomaly_detection_see_eager_mode():
    cell, data = cell_and_data(4)
    step = tg.compile(last)
    for x in data:
        step(cell, x)
    seen = []
    cell.Wh.register_hook(seen.append)
    step(cell, data[0])
    assert len(seen) == 1
    with tg.detect_anomaly():
        step(cell, data[0])
    assert len(seen) == 2


def test_another_precision_is_another_program():
    cell, data = cell_and_data()
    step = same(cell, last, data)
    same(cell, last, [x.astype(np.float32) for x in data[:4]], step)
    same(cell, last, data[:2], step)


def test_a_learned_table_and_weights_as_data():
    rng = np.random.default_rng(0)
    cell = nn.GRUCell(3, 3, rng=rng)
    step = same(
        cell, lambda cell, part: last(cell, part["x"][0]), [{"x": (rng.standard_normal((2, 4, 3)),), "k": 3} for _ in range(4)]
    )
    assert step.runs == 2
    step = tg.compile(lambda cell, x: last(cell, x))
    step(cell, tg.Tensor(np.ones((2, 4, 3)), requires_grad=True))
    assert "wants a gradient" in step.report


def test_threads_share_one():
    cell, data = cell_and_data(4)
    step = tg.compile(last)
    for x in data:
        step(cell, x)
    expected = [last(cell, x).item() for x in data]
    found = [None] * 200

    def work(which):
        for k in range(which, 200, 2):
            found[k] = step(cell, data[k % 4]).item()

    workers = [threading.Thread(target=work, args=(k,)) for k in (0, 1)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    np.testing.assert_allclose(found, [expected[k % 4] for k in range(200)], rtol=1e-12)


def test_nothing_grows_with_the_calls():
    rng = np.random.default_rng(0)
    cell, _ = cell_and_data()
    step = tg.compile(last)
    for k in range(300):
        step(cell, rng.standard_normal((2, 1 + k % 150, 3)))
        cell.zero_grad()
    assert sum(map(len, step.programs.values())) <= 64
    assert len(step.functions) <= 64 + 1


def test_a_program_that_gives_something_else_is_an_error():
    cell, data = cell_and_data()
    step = tg.compile(last)
    step(cell, data[0])
    (entry,) = next(iter(step.programs.values()))
    right = entry.run
    entry.run = lambda *args: (right(*args)[0] + 1, right(*args)[1])
    with pytest.raises(GraphError, match="the loss of the compiled last is not what eager mode gives"):
        step(cell, data[1])


def test_what_is_no_function_is_refused():
    with pytest.raises(DataError, match="compile of 3"):
        tg.compile(3)


# ---- training -------------------------------------------------------------------------------------------------------------------


def trained(compile, tmp_path=None, updates=100, stateful=False, resume=False, was=True):
    rng = np.random.default_rng(0)
    if stateful:
        model = nn.CharModel(5, nn.LSTM(5, 6, num_layers=2, dropout=0.2, rng=rng), rng=rng)
        data = [(rng.integers(0, 5, (2, 6)), rng.integers(0, 5, (2, 6))) for _ in range(20)]

        def loss_of(model, batch, state):
            logits, state = model(batch[0], state)
            return F.cross_entropy(logits, batch[1]), state
    else:
        model, data, loss_of = (
            classifier(rng, layer=nn.LSTM(3, 4, num_layers=2, dropout=0.3, rng=rng)),
            [*texts(rng, 20)],
            classified,
        )
    adam = tg.optim.Adam(model.parameters(), 0.01)
    file = None if tmp_path is None else tmp_path / "training.npz"
    options = {"updates": updates, "clip": 1.0, "progress": False, "checkpoint": file, "resume": resume, "stateful": stateful}
    return tg.train.fit(model, loss_of, data, adam, compile=compile, **options).loss


@pytest.mark.parametrize("stateful", [False, True])
def test_a_training_is_the_same(stateful):
    np.testing.assert_allclose(trained(True, stateful=stateful), trained(False, stateful=stateful), rtol=1e-9)


@pytest.mark.parametrize("first", [True, False])
def test_a_checkpoint_of_one_goes_on_in_the_other(first, tmp_path):
    trained(first, tmp_path, updates=50)
    np.testing.assert_allclose(trained(not first, tmp_path, resume=True), trained(False), rtol=1e-9)


def test_machine_code_where_a_compiler_is():
    cell, data = cell_and_data()
    step = same(cell, last, data, tg.compile(last, native=True))
    assert step.runs == 4
    rng = np.random.default_rng(0)
    net = nn.Linear(3, 4, rng=rng)
    step = tg.compile(lambda net, x: (net(x) ** 2).sum(), native=True)
    for _ in range(3):
        step(net, np.ones((2, 3)))
    assert "Without machine code: " in step.report
