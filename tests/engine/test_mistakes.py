"""Mistakes of a training loop under `detect_anomaly()`: the program a learner writes, the mended one, and good programs."""

import threading

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn import nn
from tinygrad_rnn.errors import GraphError
from tinygrad_rnn.optim import SGD, Adam

CELLS = [nn.RNNCell, nn.LSTMCell, nn.GRUCell]


def rng():
    return np.random.default_rng(0)


def pieces(count=5, batch=2, steps=(4, 4, 3, 5, 2)):
    return [rng().standard_normal((batch, steps[k % len(steps)], 3)) for k in range(count)]


def chunks(kind=nn.LSTMCell, detach=lambda state: state, keep_graph=True, optimizer=None, context=tg.detect_anomaly):
    """Truncated backpropagation through time, with one context for each step."""
    cell = kind(3, 4, rng=rng())
    optimizer = optimizer or SGD(cell.parameters(), lr=0.1)
    state = None
    for x in pieces():
        with context():
            outputs, state = nn.unroll(cell, x, detach(state))
            optimizer.zero_grad()
            (outputs[-1] ** 2).sum().backward(keep_graph=keep_graph)
            optimizer.step()
    return cell


def raised(program, *arguments, **settings):
    with pytest.raises(GraphError) as caught, tg.detect_anomaly():
        program(*arguments, **settings)
    return caught.value


# ---- a state that is carried on with its graph -----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", CELLS, ids=lambda kind: kind.__name__)
def test_a_state_that_was_not_detached_is_named(kind):
    error = raised(chunks, kind)
    assert error.message.startswith("h (2, 4)")
    assert ("c (2, 4)" in error.message) == (kind is nn.LSTMCell)
    assert error.where.startswith(f"t=4 / {kind.__name__}, ")  # the end of the first piece
    assert "detach_state(state)" in error.hint


def test_the_nodes_of_the_message_are_those_of_the_graph():
    cell = nn.RNNCell(3, 4, rng=rng())
    optimizer = SGD(cell.parameters(), lr=0.1)
    first, second = pieces(2)
    with tg.detect_anomaly():
        outputs, state = nn.unroll(cell, first)
        loss = outputs[-1].sum()
        loss.backward()
        before = ops(loss) - 1  # not its sum
        optimizer.step()
        optimizer.zero_grad()
        outputs, _ = nn.unroll(cell, second, state)
        with pytest.raises(GraphError, match=rf"now {before + 1 + ops_of(second)} nodes, of which {before} went"):
            outputs[-1].sum().backward()


def ops_of(x):
    return ops(nn.unroll(nn.RNNCell(3, 4, rng=rng()), x, (tg.Tensor(np.zeros((2, 4)), requires_grad=True),))[0][-1])


def ops(loss):
    return sum(record.kind == "op" for record in tg.snapshot(loss, np.ones(loss.shape)))


def test_the_graph_of_a_carried_state_may_be_freed():
    error = raised(chunks, keep_graph=False)
    assert "(freed)" in error.message
    assert "t=4 / LSTMCell" in error.where
    with pytest.raises(GraphError, match="freed by an earlier") as plain:  # without detect_anomaly
        chunks(keep_graph=False, context=no_context)
    assert "detach_state" in plain.value.hint


def no_context():
    return tg.scope("plain")


def test_a_graph_that_grows_and_could_still_be_swept():
    """The optimizer changes a readout alone, so nothing in the cell is ever out of date: the graph grows in silence."""

    def train(detach):
        cell, readout = nn.RNNCell(3, 4, rng=rng()), nn.Linear(4, 1, rng=rng())
        optimizer, state, sizes = SGD(readout.parameters(), lr=0.1), None, []
        for x in pieces():
            outputs, state = nn.unroll(cell, x, detach(state))
            optimizer.zero_grad()
            loss = readout(outputs[-1]).sum()
            loss.backward()
            sizes.append(ops(loss))
            optimizer.step()
        return sizes

    sizes = train(lambda state: state)
    assert sizes[-1] > 3 * sizes[0]
    error = raised(train, lambda state: state)
    assert error.message.startswith("h (2, 4) carried over")
    assert f"now {sizes[2]} nodes" in error.message  # the third piece
    with tg.detect_anomaly():
        assert train(nn.detach_state) == [sizes[0], *train(nn.detach_state)[1:]]


def test_weights_changed_by_hand_count_as_steps():
    def train(detach):
        cell, state = nn.RNNCell(3, 4, rng=rng()), None
        for x in pieces(3):
            outputs, state = nn.unroll(cell, x, detach(state))
            outputs[-1].sum().backward()
            for p in cell.parameters():
                p.data = p.data - 0.1 * p.grad
                p.grad = None

    assert "carried over" in raised(train, lambda state: state).message
    with tg.detect_anomaly():
        train(nn.detach_state)


def test_what_was_computed_once_before_the_loop():
    w = tg.Tensor([0.5], requires_grad=True, name="w")
    optimizer = SGD([w], lr=0.1)

    def train(inside):
        start = tg.tanh(w)
        for _ in range(2):
            start = tg.tanh(w) if inside else start
            optimizer.zero_grad()
            (start * start).sum().backward()
            optimizer.step()

    error = raised(train, False)
    assert error.message.startswith("tanh (1,) carried over")
    assert "belongs inside" in error.hint
    with tg.detect_anomaly():
        train(True)


def test_the_same_loss_twice_is_told_as_before():
    w = tg.Tensor([1.0], requires_grad=True, name="w")
    with tg.detect_anomaly():
        loss = (w * w).sum()
        loss.backward()
        loss.backward()
        assert w.grad.tolist() == [4.0]
        SGD([w], lr=0.1).step()
        with pytest.raises(GraphError, match="the value of w"):
            loss.backward()


# ---- zero_grad -------------------------------------------------------------------------------------------------------------------


def regression(optimizer_of=SGD, order="zero backward step", batches=3, model=None):
    """A loop of three lines in the order that is given."""
    model = model or nn.Linear(3, 1, rng=rng())
    optimizer = optimizer_of(model.parameters(), lr=0.1)
    for x in pieces(batches):
        loss = (model(x[:, 0]) ** 2).sum()
        for line in order.split():
            if line == "zero":
                optimizer.zero_grad()
            elif line == "backward":
                loss.backward()
            elif line == "clip":
                tg.optim.clip_grad_norm_(model, 0.01)
            elif line == "step":
                optimizer.step()


@pytest.mark.parametrize("order", ["backward step", "backward clip step", "backward backward step"])
def test_a_forgotten_zero_grad_is_named(order):
    model = nn.Linear(3, 1, rng=rng())
    weights = list(model.parameters())
    once = nn.Linear(3, 1, rng=rng())
    regression(order=order, batches=1, model=once)
    error = raised(regression, order=order, model=model)
    assert "use old gradients again" in error.message
    assert f"{weights[0].name} {weights[0].shape}" in error.message
    assert "zero_grad()" in error.hint
    for p, q in zip(weights, once.parameters(), strict=True):
        np.testing.assert_array_equal(p.data, q.data)  # stopped before the second step


@pytest.mark.parametrize(
    "order",
    [
        "zero backward step",
        "backward step zero",
        "zero backward backward clip step",
        "zero backward step step",
        "zero backward zero backward step",
    ],
)
def test_orders_that_are_right(order):
    with tg.detect_anomaly():
        regression(order=order)


def test_gradients_set_to_zero_by_hand_are_fresh():
    w = tg.Tensor([1.0, 2.0], requires_grad=True)
    optimizer = SGD([w], lr=0.1)
    with tg.detect_anomaly():
        for _ in range(3):
            (w * w).sum().backward()
            optimizer.step()
            w.grad[...] = 0.0


# ---- an optimizer step without a gradient ------------------------------------------------------------------------------------------


def test_a_loss_of_another_model():
    old, new = nn.Linear(3, 1, rng=rng()), nn.Linear(3, 1, rng=rng())
    optimizer = Adam(old.parameters())

    def train(optimizer):
        optimizer.zero_grad()
        (new(np.ones((2, 3))) ** 2).sum().backward()
        optimizer.step()

    error = raised(train, optimizer)
    assert "no gradient for any of its parameters" in error.message
    assert "depends on" in error.message
    assert all(f"{p.name} {p.shape}" in error.message.partition("depends on")[2] for p in new.parameters())
    assert "made anew" in error.hint
    with tg.detect_anomaly():
        train(Adam(new.parameters()))


@pytest.mark.parametrize(
    ("order", "why"), [("step", "no backward() came before it"), ("backward zero step", "what backward() brought was wiped")]
)
def test_backward_missing_or_wiped(order, why):
    results = []

    def fresh_thread():  # what the last backward pass reached is remembered for each thread
        results.append(raised(regression, order=order))

    thread = threading.Thread(target=fresh_thread)
    thread.start()
    thread.join()
    assert why in results[0].message
    assert "loss.backward(), step()" in results[0].hint


def test_a_detached_output_has_no_graph_at_all():
    model = nn.Linear(3, 1, rng=rng())
    with tg.detect_anomaly(), pytest.raises(GraphError, match="not computed from anything with requires_grad"):
        (model(np.ones((2, 3))).detach() ** 2).sum().backward()


def test_without_detect_anomaly_nothing_is_said_and_nothing_is_remembered():
    model = nn.Linear(3, 1, rng=rng())
    regression(order="step", model=model)
    regression(order="backward step", model=model)
    assert all(p.node.trace is None for p in model.parameters())


# ---- good programs -----------------------------------------------------------------------------------------------------------------


def watched(program):
    """A program runs watched, and gives the same as unwatched."""
    plain = program()
    with tg.detect_anomaly():
        np.testing.assert_array_equal(program(), plain)


def test_batches_of_different_lengths_with_a_detached_state():
    for kind in CELLS:
        watched(lambda kind=kind: chunks(kind, nn.detach_state, context=no_context).Wh.data)
        np.testing.assert_array_equal(
            chunks(kind, nn.detach_state).Wh.data, chunks(kind, nn.detach_state, context=no_context).Wh.data
        )


def test_packed_batches():
    def train():
        net = nn.LSTM(3, 4, rng=rng())
        optimizer = Adam(net.parameters())
        for lengths in ([4, 2, 3], [1, 5], [6]):
            packed = nn.pack([rng().standard_normal((n, 3)) for n in lengths])
            optimizer.zero_grad()
            (net(packed)[1][0][0] ** 2).sum().backward()
            optimizer.step()
        return np.concatenate([p.data.ravel() for p in net.parameters()])

    watched(train)


def test_gradients_of_gradients():
    def train():
        cell = nn.RNNCell(3, 4, rng=rng())
        optimizer = SGD(cell.parameters(), lr=0.1)
        for x in pieces(3):
            loss = (nn.unroll(cell, x)[0][-1] ** 2).sum()
            optimizer.zero_grad()
            loss.backward()
            (tg.grad(loss, cell.Wh, create_graph=True) ** 2).sum().backward()
            optimizer.step()
        return cell.Wh.data

    watched(train)


def test_two_losses_that_share_a_part_and_one_backward_each():
    def train():
        cell, heads = nn.RNNCell(3, 4, rng=rng()), [nn.Linear(4, 1, rng=rng()) for _ in range(3)]
        optimizer = SGD([p for module in (cell, *heads) for p in module.parameters()], lr=0.1)
        for x in pieces(3):
            last = nn.unroll(cell, x)[0][-1]
            optimizer.zero_grad()
            for head in heads:
                (head(last) ** 2).sum().backward()
            optimizer.step()
        return cell.Wh.data

    watched(train)


@pytest.mark.parametrize("detach", [True, False])
@pytest.mark.parametrize("critic_steps", [1, 3])
def test_two_optimizers_against_each_other(critic_steps, detach):
    """Without detach the critic's loss fills the generator's gradients in vain: wasteful, and right."""

    def train():
        generator, critic = nn.Linear(2, 3, rng=rng()), nn.Linear(3, 1, rng=rng())
        for_generator, for_critic = SGD(generator.parameters(), lr=0.01), SGD(critic.parameters(), lr=0.01)
        for x in pieces(4, batch=2):
            fake = tg.tanh(generator(x[:, 0, :2]))
            for _ in range(critic_steps):
                for_critic.zero_grad()
                (critic(fake.detach() if detach else fake) - critic(x[:, 0])).sum().backward()
                for_critic.step()
            for_generator.zero_grad()
            score = critic(fake)
            (-score).sum().backward()
            (0.1 * score**2).sum().backward()
            for_generator.step()
        return np.concatenate([p.data.ravel() for p in (*generator.parameters(), *critic.parameters())])

    watched(train)


def test_gradients_of_several_batches_for_one_step():
    def train():
        cell = nn.GRUCell(3, 4, rng=rng())
        optimizer = Adam(cell.parameters())
        for k, x in enumerate(pieces(9), start=1):
            (nn.unroll(cell, x)[0][-1] ** 2).sum().backward()
            if k % 3 == 0:
                optimizer.step()
                optimizer.zero_grad()
        return cell.Wh.data

    watched(train)


def test_evaluation_in_between():
    def train():
        cell = nn.RNNCell(3, 4, rng=rng())
        optimizer = SGD(cell.parameters(), lr=0.1)
        for x in pieces():
            optimizer.zero_grad()
            (nn.unroll(cell, x)[0][-1] ** 2).sum().backward()
            optimizer.step()
            with tg.no_grad():
                nn.unroll(cell, x)
            tg.snapshot((nn.unroll(cell, x)[0][-1] ** 2).sum())
            tg.grad((nn.unroll(cell, x)[0][-1] ** 2).sum(), cell.Wh)
        return cell.Wh.data

    watched(train)


# ---- train.fit -----------------------------------------------------------------------------------------------------------------------


def fitted(carry):
    """A cell trained by `fit`; `carry` makes of the last state what the next batch starts with, behind the back of `fit`."""
    cell, kept = nn.LSTMCell(3, 4, rng=rng()), [None]

    def loss_of(cell, x):
        outputs, state = nn.unroll(cell, x, kept[0])
        kept[0] = carry(state)
        return (outputs[-1] ** 2).sum()

    tg.train.fit(cell, loss_of, pieces(), SGD(cell.parameters(), lr=0.1), epochs=2, progress=False)
    return cell.Wh.data


def test_fit_can_be_watched():
    error = raised(fitted, lambda state: state)
    assert all(f"{name} (2, 4)" in error.message for name in "hc")
    watched(lambda: fitted(nn.detach_state))
