"""Sequences of different lengths: packed they give what each gives alone, values and gradients; padding's masks; what is saved."""

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn import nn
from tinygrad_rnn.errors import DataError, DtypeError, GraphError, ShapeError

LENGTHS = [3, 6, 1, 3, 5]
SIZE, HIDDEN = 3, 4


class Skip(nn.SequenceLayer):
    """A layer as a learner writes it: it knows nothing of packing."""

    def __init__(self, layer):
        self.layer = layer

    def forward(self, xs, state=None, reverse=False):
        ys, state = nn.unroll(self.layer, xs, state, reverse)
        return [x + y for x, y in zip(xs, ys, strict=True)], state


class Leaky:
    """A cell as a learner writes it: a plain class, with a start that is learned."""

    def __init__(self, size, hidden, rng):
        for name, shape in (("W", (size, hidden)), ("U", (hidden, hidden)), ("start", (1, hidden))):
            setattr(self, name, tg.Tensor(rng.uniform(-1, 1, shape), requires_grad=True, name=name))

    def initial_state(self, batch):
        return (tg.broadcast_to(self.start, (batch, self.start.shape[1])),)

    def step(self, x, state):
        return (tg.named(0.5 * state[0] + 0.5 * tg.tanh(x @ self.W + state[0] @ self.U), "h"),)

    def parameters(self):
        return [self.W, self.U, self.start]


CELLS = {
    "RNN tanh": lambda size, rng: nn.RNNCell(size, HIDDEN, rng=rng),
    "RNN relu": lambda size, rng: nn.RNNCell(size, HIDDEN, rng=rng, nonlinearity="relu"),
    "LSTM": lambda size, rng: nn.LSTMCell(size, HIDDEN, rng=rng),
    "GRU": lambda size, rng: nn.GRUCell(size, HIDDEN, rng=rng),
    "GRU paper": lambda size, rng: nn.GRUCell(size, HIDDEN, rng=rng, reset_after=False),
    "RNN normed": lambda size, rng: nn.LayerNormRNNCell(size, HIDDEN, rng=rng),
    "LSTM normed": lambda size, rng: nn.LayerNormLSTMCell(size, HIDDEN, rng=rng),
    "GRU normed": lambda size, rng: nn.LayerNormGRUCell(size, HIDDEN, rng=rng),
    "LSTM peephole": lambda size, rng: nn.PeepholeLSTMCell(size, HIDDEN, rng=rng),
    "Leaky": lambda size, rng: Leaky(size, HIDDEN, rng),
}
KINDS = pytest.mark.parametrize("kind", CELLS)


def network(kind, layers, directions):
    """Layers of one kind; the highest of several has a skip connection written by a learner."""
    rng, size, parts = np.random.default_rng(0), SIZE, []
    for number in range(layers):
        cells = [CELLS[kind](size, rng) for _ in range(directions)]
        layer = nn.Bidirectional(*cells) if directions == 2 else cells[0]
        parts.append(Skip(layer) if number == 2 else layer)
        size = directions * HIDDEN
    return nn.Stacked(parts) if layers > 1 else parts[0]


def parameters(layer):
    """All parameters, those of plain classes too."""
    if isinstance(layer, Leaky) or not isinstance(layer, nn.SequenceLayer):
        return layer.parameters()
    inner = getattr(layer, "layers", None) or [
        getattr(layer, name) for name in ("forwards", "backwards", "layer") if hasattr(layer, name)
    ]
    return [p for part in inner for p in parameters(part)]


def leaves_of(state):
    return [state] if isinstance(state, tg.Tensor) else [leaf for part in state for leaf in leaves_of(part)]


def sequences(lengths=LENGTHS, seed=1):
    rng = np.random.default_rng(seed)
    return [tg.Tensor(rng.uniform(-1, 1, (length, SIZE)), requires_grad=True, name=f"x{k}") for k, length in enumerate(lengths)]


def start_of(net, batch, kind, layers, directions, seed=2):
    """A state to start from whose tensors are leaves, made in the shape of the one that the network returns."""
    rng = np.random.default_rng(seed)
    _, state = nn.unroll(net, rng.uniform(-1, 1, (batch, 1, SIZE)))

    def leaf(part):
        if isinstance(part, tg.Tensor):
            return tg.Tensor(rng.uniform(-1, 1, part.shape), requires_grad=True)
        return type(part)(leaf(inner) for inner in part)

    return leaf(state)


def row(state, k):
    """Row k of every part of a state."""
    return state[k : k + 1] if isinstance(state, tg.Tensor) else type(state)(row(part, k) for part in state)


def loss_of(outputs, last, k, length):
    """A loss in which every output and every state of sequence k has a weight of its own: outputs (time, features)."""
    rng = np.random.default_rng([9, k])
    loss = (outputs[:length] * rng.uniform(-1, 1, (length, outputs.shape[1]))).sum()
    for part in leaves_of(last):
        loss = loss + (part * rng.uniform(-1, 1, part.shape)).sum()
    return loss


def gradients(leaves):
    found = [leaf.grad.copy() for leaf in leaves]
    for leaf in leaves:
        leaf.zero_grad()
    return found


@KINDS
@pytest.mark.parametrize("layers", [1, 2, 3])
@pytest.mark.parametrize("directions", [1, 2])
@pytest.mark.parametrize("reverse", [False, True], ids=["ahead", "reversed"])
def test_packed_is_each_sequence_alone(kind, layers, directions, reverse):
    net = network(kind, layers, directions)
    xs = sequences()
    start = start_of(net, len(xs), kind, layers, directions)
    leaves = [*parameters(net), *xs, *leaves_of(start)]
    if kind == "Leaky":
        start = None if layers == 1 else start  # both a learned start and a given one
        leaves = [*parameters(net), *xs, *([] if start is None else leaves_of(start))]
        leaves = [leaf for leaf in leaves if start is None or leaf.name != "start"]

    packed, state = nn.unroll(net, nn.pack(xs), start, reverse)
    whole, lengths = nn.unpack(packed)
    assert list(lengths) == LENGTHS
    together = [loss_of(whole[k], row(state, k), k, length) for k, length in enumerate(LENGTHS)]
    tg.stack(together).sum().backward()
    actual = gradients(leaves)

    for k, x in enumerate(xs):
        alone, last = nn.unroll(net, x.reshape(1, len(x), SIZE), None if start is None else row(start, k), reverse)
        steps = tg.concat(alone)
        np.testing.assert_allclose(whole.data[k, : len(x)], steps.data, rtol=1e-12, atol=1e-13)
        assert not whole.data[k, len(x) :].any()
        for found, wanted in zip(leaves_of(row(state, k)), leaves_of(last), strict=True):
            np.testing.assert_allclose(found.data, wanted.data, rtol=1e-12, atol=1e-13)
        loss_of(steps, last, k, len(x)).backward()
    for found, wanted in zip(actual, gradients(leaves), strict=True):  # sums of large parts: 1e-12 of the largest entry
        np.testing.assert_allclose(found, wanted, rtol=1e-12, atol=1e-12 * max(1.0, np.abs(wanted).max()))


@pytest.mark.parametrize("kind", [nn.RNN, nn.LSTM, nn.GRU])
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize(
    "settings", [{}, {"layer_norm": True}, {"project_once": True}], ids=["plain", "layer_norm", "project_once"]
)
def test_a_family_is_run_over_packed_sequences_too(kind, bidirectional, settings):
    net = kind(SIZE, HIDDEN, 3, rng=np.random.default_rng(0), bidirectional=bidirectional, **settings)
    xs = sequences()
    packed, state = net(nn.pack(xs))
    whole, _ = nn.unpack(packed)
    for k, x in enumerate(xs):
        alone, last = net(x.data[None])
        np.testing.assert_allclose(whole.data[k, : len(x)], alone.data[0], rtol=1e-12, atol=1e-13)
        for found, wanted in zip(leaves_of(state), leaves_of(last), strict=True):
            np.testing.assert_allclose(found.data[k], wanted.data[0], rtol=1e-12, atol=1e-13)


def test_the_last_state_is_that_of_each_sequences_own_last_step():
    cell = nn.GRUCell(SIZE, HIDDEN, rng=np.random.default_rng(0))
    packed, (h,) = nn.unroll(cell, nn.pack(sequences()))
    whole, lengths = nn.unpack(packed)
    assert h.data.tolist() == nn.last_valid(whole, lengths).data.tolist()
    back, (h,) = nn.unroll(cell, nn.pack(sequences()), reverse=True)
    assert h.data.tolist() == nn.unpack(back)[0].data[:, 0].tolist()


@pytest.mark.parametrize("lengths", [[1], [4], [2, 2], [1, 1, 1], [6, 1], [1, 6], [5, 4, 3, 2, 1], [1, 2, 3]])
@pytest.mark.parametrize("reverse", [False, True])
def test_lengths_of_all_kinds(lengths, reverse):
    cell = nn.LSTMCell(SIZE, HIDDEN, rng=np.random.default_rng(0))
    xs = sequences(lengths)
    packed, state = nn.unroll(cell, nn.pack(xs), reverse=reverse)
    whole, _ = nn.unpack(packed)
    for k, x in enumerate(xs):
        alone, last = nn.unroll(cell, x.data[None], reverse=reverse)
        np.testing.assert_allclose(whole.data[k, : len(x)], [h.data[0] for h in alone], rtol=1e-13)
        np.testing.assert_allclose([part.data[k] for part in state], [part.data[0] for part in last], rtol=1e-13)


def test_equal_lengths_record_what_an_array_does():
    cell, xs = nn.LSTMCell(SIZE, HIDDEN, rng=np.random.default_rng(0)), np.random.default_rng(1).uniform(-1, 1, (2, 4, SIZE))
    whole, _ = nn.unroll(cell, xs)
    packed, _ = nn.unroll(cell, nn.pack(xs))
    assert [h.data.tolist() for h in packed] == [h.data.tolist() for h in whole]
    graphs = [tg.snapshot(hs[-1].sum()) for hs in (whole, list(packed))]
    assert [(r.op, r.place) for r in graphs[0] if r.kind == "op"] == [(r.op, r.place) for r in graphs[1] if r.kind == "op"]


def test_gradients_by_central_differences():
    net = nn.Bidirectional(*(nn.RNNCell(2, 2, rng=np.random.default_rng(k)) for k in (0, 1)))
    names = [(cell, name) for cell in (net.forwards, net.backwards) for name in ("Wx", "Wh", "b")]

    def run(a, b, c, *weights):
        for (cell, name), weight in zip(names, weights, strict=True):
            setattr(cell, name, weight)
        packed, state = net(nn.pack([a, b, c]))
        return tg.concat([nn.unpack(packed)[0].reshape(-1), *(part.reshape(-1) for part in leaves_of(state))])

    rng = np.random.default_rng(2)
    xs = [tg.Tensor(rng.uniform(-1, 1, (length, 2)), requires_grad=True) for length in (2, 3, 1)]
    assert tg.gradcheck(run, [*xs, *(getattr(cell, name) for cell, name in names)], order=2)


# ---- packing and unpacking --------------------------------------------------------------------------------------------------


def test_pack_and_unpack_are_inverse():
    xs = sequences()
    packed = nn.pack(xs)
    assert (packed.lengths, packed.order) == (tuple(LENGTHS), (1, 4, 0, 3, 2))
    assert [x.shape for x in packed] == [(rows, SIZE) for rows in (5, 4, 4, 2, 2, 1)]
    assert [(x.name, x.place) for x in packed] == [("x", f"t={t}") for t in range(1, 7)]
    whole, lengths = nn.unpack(packed, padding=-7.0)
    for k, x in enumerate(xs):
        assert whole.data[k, : len(x)].tolist() == x.data.tolist()
        assert (whole.data[k, len(x) :] == -7.0).all()
    weights = np.random.default_rng(0).uniform(-1, 1, whole.shape)
    (whole * weights).sum().backward()
    assert [x.grad.tolist() for x in xs] == [weights[k, :length].tolist() for k, length in enumerate(lengths)]


def test_what_packing_saves():
    packed = nn.pack([np.ones((length, 2)) for length in (10, 2, 2, 2)])
    assert (packed.steps, packed.padded_steps) == (16, 40)
    assert repr(packed) == "PackedSequence(lengths (10, 2, 2, 2), features 2, 16 of 40 padded steps)"
    rows = []

    class Counting(Leaky):
        def step(self, x, state):
            rows.append(len(x))
            return super().step(x, state)

    nn.unroll(Counting(2, 3, np.random.default_rng(0)), packed)
    assert sum(rows) == packed.steps


def test_a_packed_sequence_is_not_changed():
    packed = nn.pack([np.ones((2, 3))])
    with pytest.raises(AttributeError):
        packed.lengths = (3,)
    assert (len(packed), packed[0].shape, packed.like(list(packed)).lengths) == (2, (1, 3), (2,))


def test_dtypes_are_kept():
    xs = [np.ones((length, 3), np.float32) for length in (2, 3)]
    net = nn.LSTM(3, 4, rng=np.random.default_rng(0), dtype=np.float32, bidirectional=True)
    outputs, state = net(nn.pack(xs))
    assert {nn.unpack(outputs)[0].dtype, *(s.dtype for s in leaves_of(state))} == {np.dtype("f4")}


def test_embedded_symbols_are_packed():
    table = nn.Embedding(10, SIZE, rng=np.random.default_rng(0))
    packed, _ = nn.unroll(
        nn.GRUCell(SIZE, HIDDEN, rng=np.random.default_rng(1)), nn.pack([table(ids) for ids in ([1, 2, 3], [4], [2, 2])])
    )
    nn.unpack(packed)[0].sum().backward()
    assert np.flatnonzero(np.abs(table.W.grad).sum(1)).tolist() == [1, 2, 3, 4]


def test_dropout_of_packed_sequences_is_that_of_padded_ones():
    def run(packed):
        net = nn.GRU(SIZE, 8, 2, rng=np.random.default_rng(0), dropout=0.5, recurrent_dropout=0.5)
        if packed:
            return nn.unpack(net(nn.pack([x.data for x in sequences()]))[0])[0].data
        padded = np.zeros((len(LENGTHS), max(LENGTHS), SIZE))
        for k, x in enumerate(sequences()):
            padded[k, : len(x)] = x.data
        return net(padded)[0].data * nn.mask(LENGTHS, max(LENGTHS))[:, :, None]

    np.testing.assert_allclose(run(True), run(False), rtol=1e-13, atol=1e-15)


def test_a_named_tuple_as_state_stays_one():
    from collections import namedtuple

    Memory = namedtuple("Memory", "h count")

    class Named(Leaky):
        def initial_state(self, batch):
            return Memory(tg.Tensor(np.zeros((batch, HIDDEN))), tg.Tensor(np.zeros((batch, 1))))

        def step(self, x, state):
            return Memory(super().step(x, state)[0], state.count + 1.0)

    for reverse in (False, True):
        _, state = nn.unroll(Named(SIZE, HIDDEN, np.random.default_rng(0)), nn.pack(sequences()), reverse=reverse)
        assert state.count.data[:, 0].tolist() == LENGTHS
    assert nn.detach_state(state).count.requires_grad is False


# ---- for those who pad ------------------------------------------------------------------------------------------------------


def test_mask():
    assert nn.mask((2, 1, 3), 3).tolist() == [[True, True, False], [True, False, False], [True, True, True]]
    assert nn.mask(np.array([1]), 2).dtype == bool
    losses = tg.Tensor(np.ones((2, 3), np.float32), requires_grad=True)
    total = (losses * nn.mask([1, 3], 3)).sum()
    total.backward()
    assert (total.item(), total.dtype, losses.grad.tolist()) == (4.0, np.float32, [[1, 0, 0], [1, 1, 1]])


def test_last_valid():
    outputs = tg.Tensor(np.arange(24.0).reshape(2, 4, 3), requires_grad=True)
    last = nn.last_valid(outputs, [2, 4])
    assert last.data.tolist() == [[3, 4, 5], [21, 22, 23]]
    last.sum().backward()
    assert outputs.grad.sum((0, 2)).tolist() == [0, 3, 0, 3]
    steps = [outputs[:, t] for t in range(4)]
    assert nn.last_valid(steps, np.array([2, 4])).data.tolist() == last.data.tolist()
    assert nn.last_valid([steps[0].data, *steps[1:]], [2, 4]).data.tolist() == last.data.tolist()


# ---- pictures ---------------------------------------------------------------------------------------------------------------


@pytest.mark.once
@pytest.mark.parametrize("kind", ["RNN tanh", "LSTM", "GRU", "LSTM peephole", "Leaky"])
@pytest.mark.parametrize("directions", [1, 2])
def test_it_is_drawn(kind, directions):
    net = network(kind, 2, directions)
    packed, state = nn.unroll(net, nn.pack([x.data for x in sequences([2, 4])]))
    loss = (nn.unpack(packed)[0] ** 2).sum() + sum((part**2).sum() for part in leaves_of(state))
    graph = tg.snapshot(loss)
    names = {(r.name, r.t) for r in graph if r.name == "h" and r.kind == "op"}
    assert names == {("h", t) for t in (1, 2, 3, 4)}
    for detail in ("cell", "gate"):
        assert tg.draw(loss, detail=detail).svg().startswith("<svg")


# ---- errors -----------------------------------------------------------------------------------------------------------------


def lstm():
    return nn.LSTMCell(SIZE, HIDDEN, rng=np.random.default_rng(0))


class Short(nn.SequenceLayer):
    """A layer that returns too little."""

    def forward(self, xs, state=None, reverse=False):
        return list(xs)[:-1], state


class Scalar(Leaky):
    """A cell with a part of its state that does not belong to a sequence."""

    def initial_state(self, batch):
        return (*super().initial_state(batch), tg.Tensor(0.0))


class Stateless(Leaky):
    """A cell whose step takes too little."""

    def step(self, x):
        return (x,)


class Batchless(Leaky):
    """A cell whose first state is made for no batch."""

    def initial_state(self):
        return super().initial_state(1)


WRONG = [
    (lambda: nn.pack([]), DataError, "pack of no sequences"),
    (lambda: nn.pack([np.ones((2, 3)), np.ones((0, 3))]), DataError, "pack: sequence 1 has no steps"),
    (
        lambda: nn.pack([np.ones((2, 3)), np.ones((2, 4))]),
        ShapeError,
        "pack: sequence 1 has shape (2, 4), sequence 0 has 3 features",
    ),
    (lambda: nn.pack([np.ones(3)]), ShapeError, "pack: sequence 0 has shape (3,)"),
    (lambda: nn.pack([np.ones((2, 3)), np.ones(3)]), ShapeError, "pack: sequence 1 has shape (3,)"),
    (lambda: nn.pack([np.ones(3), np.ones((2, 3))]), ShapeError, "pack: sequence 0 has shape (3,)"),
    (lambda: Short()(nn.pack(sequences())), ShapeError, "steps of (5, 4, 4, 2, 2) rows for sequences of lengths (3, 6, 1, 3, 5)"),
    (
        lambda: nn.unroll(lstm(), nn.pack(sequences()), 3.0),
        ShapeError,
        "the state of LSTMCell is a tuple of tensors, not a float",
    ),
    (
        lambda: nn.unroll(lstm(), nn.pack(sequences()), lstm().initial_state(4)),
        ShapeError,
        "a state with a part of shape (4, 4) for 5 packed sequences",
    ),
    (lambda: nn.unroll(lstm(), nn.pack(sequences()), (np.ones((5, 4)),)), ShapeError, "a tuple (h, c), not one of 1"),
    (
        lambda: nn.unroll(Scalar(SIZE, HIDDEN, np.random.default_rng(0)), nn.pack(sequences())),
        ShapeError,
        "a state with a part of shape () for 5 packed sequences",
    ),
    (lambda: nn.unroll(lstm(), nn.pack([np.ones((2, 7))])), ShapeError, "matmul of shapes (1, 7)"),
    (lambda: nn.mask([0, 1], 3), DataError, "a sequence of length 0 among 3 steps"),
    (lambda: nn.mask([1, 4], 3), DataError, "a sequence of length 4 among 3 steps"),
    (lambda: nn.mask([1.0], 3), DtypeError, "lengths (1.0,) are not a list of integers"),
    (lambda: nn.last_valid(np.ones((2, 3, 4)), [1]), ShapeError, "last_valid of shape (2, 3, 4) with lengths of shape (1,)"),
    (lambda: nn.last_valid(np.ones((2, 3, 4)), 1), DtypeError, "lengths 1 are not a list of integers"),
    (lambda: nn.mask([1], "a"), DtypeError, "mask over 'a' steps"),
    (lambda: nn.mask([[1], [1, 2]], 3), DtypeError, "lengths [[1], [1, 2]]: rows of different lengths"),
    (lambda: nn.unpack(nn.pack(sequences()), padding="a"), DtypeError, "unpack(padding='a')"),
    (lambda: nn.unpack(np.ones((2, 3, 4))), DataError, "unpack of a ndarray"),
    (lambda: nn.pack(5), DataError, "pack of a int"),
    (lambda: nn.PackedSequence((), (), ()), DataError, "a PackedSequence of no sequences"),
    (
        lambda: nn.unroll(Stateless(SIZE, HIDDEN, np.random.default_rng(0)), nn.pack(sequences())),
        GraphError,
        "Stateless.step(x) cannot be called as step(x, state)",
    ),
    (
        lambda: nn.Stacked([lstm(), Stateless(HIDDEN, HIDDEN, np.random.default_rng(0))])(np.ones((1, 2, SIZE))),
        GraphError,
        "Stateless.step(x) cannot be called as step(x, state)",
    ),
    (
        lambda: nn.CharModel(
            3, Stateless(2, 2, np.random.default_rng(0)), rng=np.random.default_rng(0), features=2, hidden_size=2
        ).step(np.array([0]), None),
        GraphError,
        "Stateless.step(x) cannot be called as step(x, state)",
    ),
    (
        lambda: nn.unroll(Batchless(SIZE, HIDDEN, np.random.default_rng(0)), nn.pack(sequences())),
        GraphError,
        "Batchless.initial_state() cannot be called as initial_state(batch)",
    ),
    (lambda: nn.last_valid(np.ones((1, 3, 4)), [5]), DataError, "a sequence of length 5 among 3 steps"),
]


@pytest.mark.parametrize(("call", "error", "words"), WRONG, ids=[words for *_, words in WRONG])
def test_what_does_not_fit_is_said(call, error, words):
    with pytest.raises(error) as caught:
        call()
    assert words in caught.value.message
    assert caught.value.hint


def test_a_packed_sequence_is_no_array_and_is_not_pooled_by_its_last_step():
    packed = tg.nn.pack([np.ones((2, 3)), np.ones((2, 3))])
    for use in (tg.nn.Linear(3, 2, rng=np.random.default_rng(0)), tg.Tensor, lambda p: tg.Tensor(np.ones(3)) @ p):
        with pytest.raises(DtypeError, match="packed sequence is no array"):
            use(packed)
    for pool in (tg.nn.pool_last, tg.nn.pool_mean, tg.nn.pool_max):
        with pytest.raises(DataError) as caught:
            pool(packed)
        assert "nn.unpack(packed)" in caught.value.hint
    assert isinstance(tg.nn.pool_last([np.ones((2, 3))]), tg.Tensor)


def test_padded_values_and_lengths_are_packed_as_the_sequences_are():
    x = np.arange(30.0).reshape(3, 5, 2)
    lengths = [2, 5, 1]
    whole = tg.Tensor(x, requires_grad=True)
    packed, wanted = tg.nn.pack(whole, lengths), tg.nn.pack([row[:n] for row, n in zip(x, lengths, strict=True)])
    assert (packed.lengths, packed.order) == (wanted.lengths, wanted.order)
    for a, b in zip(packed, wanted, strict=True):
        assert a.data.tolist() == b.data.tolist()
    sum((step.sum() for step in packed[1:]), packed[0].sum()).backward()
    assert whole.grad.tolist() == np.broadcast_to(tg.nn.mask(lengths, 5)[:, :, None], x.shape).astype(float).tolist()
    for wrong, error, words in (
        ([2, 5], ShapeError, "pack of shape (3, 5, 2) with lengths of shape (2,)"),
        ([2, 6, 1], DataError, "a sequence of length 6 among 5 steps"),
        ([2, 0, 1], DataError, "a sequence of length 0 among 5 steps"),
        (["a"], DtypeError, "lengths (a,) are not a list of integers"),
    ):
        with pytest.raises(error) as caught:
            tg.nn.pack(x, wrong)
        assert words in caught.value.message
        assert caught.value.hint
