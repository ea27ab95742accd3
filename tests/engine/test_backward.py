"""The backward pass: true order, accumulation, depth, memory, freed and changed graphs, hooks, gradients of gradients."""

import gc
import tracemalloc
import weakref

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn.engine.graph import Node
from tinygrad_rnn.errors import GraphError, ShapeError


def leaf(values, **options):
    return tg.Tensor(values, requires_grad=True, **options)


def rnn_loss(cell, steps=6, batch=3, seed=1):
    xs = np.random.default_rng(seed).standard_normal((batch, steps, cell.input_size))
    hs, _ = tg.nn.unroll(cell, xs)
    return (hs[-1] ** 2).mean()


# ---- order and accumulation -----------------------------------------------------------------------------------------------------


def test_a_value_used_twice_receives_both():
    a = leaf(3.0)
    b = a + a
    c = b + b * a
    c.backward()
    assert a.grad == 2 + 4 * 3.0


def test_gradients_accumulate_until_zero_grad():
    w = leaf([1.0, 2.0])
    loss = (w * w).sum()
    loss.backward()
    first = w.grad
    loss.backward()
    np.testing.assert_array_equal(w.grad, [4.0, 8.0])
    np.testing.assert_array_equal(first, [2.0, 4.0])
    w.zero_grad()
    assert w.grad is None


def test_two_leaves_never_share_a_gradient():
    a, b = leaf([1.0, 2.0]), leaf([3.0, 4.0])
    (a + b).sum().backward()
    a.grad += 100.0
    np.testing.assert_array_equal(b.grad, [1.0, 1.0])


def test_gradients_are_writable_and_not_views_of_the_graph():
    w = leaf(np.ones((2, 2)))
    w.sum().backward()
    w.grad *= 2
    np.testing.assert_array_equal(w.grad, np.full((2, 2), 2.0))


def test_a_diamond_chain_is_linear_in_time():
    """60 doublings have 2^60 paths: walking paths would never end."""
    x = leaf(1.0)
    y = x
    for _ in range(60):
        y = y + y
    y.backward()
    assert x.grad == 2.0**60


def test_100_000_ops_without_recursion():
    x = leaf(1.0)
    y = x
    for _ in range(100_000):
        y = y * 1.0
    y.backward()
    assert x.grad == 1.0
    assert len(tg.snapshot(y)) == 100_002  # with the leaf and the constant 1.0
    del y


def test_integer_slot_and_repeated_parent():
    a = leaf([1.0, 2.0, 3.0])
    (a[0] * a[2] + a[0]).backward()
    np.testing.assert_array_equal(a.grad, [4.0, 0.0, 1.0])


def test_the_seed_of_a_result_that_is_not_a_number():
    a = leaf([1.0, 2.0])
    (a * a).backward(np.array([1.0, 10.0]))
    np.testing.assert_array_equal(a.grad, [2.0, 40.0])
    with pytest.raises(ShapeError, match=r"\(3,\)"):
        (a * a).backward(np.ones(3))


def test_a_leaf_is_its_own_loss():
    a = leaf(2.0)
    a.backward()
    assert a.grad == 1.0


# ---- errors -----------------------------------------------------------------------------------------------------------------------


def test_backward_of_a_non_scalar_says_what_to_do():
    with tg.time_step(2), tg.scope("RNNCell"):
        y = leaf([1.0, 2.0]) * 2
    with pytest.raises(GraphError, match=r"shape \(2,\)") as caught:
        y.backward()
    assert caught.value.where == "t=2 / RNNCell"
    assert "sum()" in caught.value.hint


def test_second_backward_through_a_freed_graph():
    w = leaf([1.0])
    with tg.time_step(4):
        loss = (w * w).sum()
    loss.backward(keep_graph=False)
    for again in (loss.backward, lambda: tg.grad(loss, w), lambda: tg.snapshot(loss), lambda: list(tg.backward_steps(loss))):
        with pytest.raises(GraphError, match="freed by an earlier backward") as caught:
            again()
        assert caught.value.where == "t=4"
        assert caught.value.hint
    np.testing.assert_array_equal(w.grad, [2.0])


def test_a_shared_part_that_was_freed_leaves_no_half_gradient():
    w = leaf([1.0])
    h = w * 2
    one, two = h.sum(), (h * w).sum()
    one.backward(keep_graph=False)
    v = w.grad.copy()
    with pytest.raises(GraphError, match="freed"):
        two.backward()
    np.testing.assert_array_equal(w.grad, v)


def test_a_leaf_changed_in_place_after_it_was_recorded():
    w = leaf([1.0, 2.0], name="w")
    with tg.time_step(1):
        loss = (w * w).sum()
    w.data -= 1.0
    for use in (loss.backward, lambda: tg.snapshot(loss), lambda: tg.grad(loss, w)):
        with pytest.raises(GraphError, match=r"value of w \(2,\) was changed in place after mul") as caught:
            use()
        assert caught.value.where == "t=1"
    (w * w).sum().backward()
    np.testing.assert_array_equal(w.grad, [0.0, 2.0])


def test_a_result_changed_in_place():
    w = leaf([1.0, 2.0])
    h = tg.tanh(w)
    loss = (h * h).sum()
    h.data *= 2
    with pytest.raises(GraphError, match=r"value of tanh \(2,\) was changed in place"):
        loss.backward()


def test_a_constant_changed_in_place():
    w, x = leaf([1.0, 2.0]), tg.Tensor([3.0, 4.0], name="x")
    x.data -= 1.0
    before = (w * x).sum()
    before.backward()
    np.testing.assert_array_equal(w.grad, [2.0, 3.0])
    x.data -= 1.0
    with pytest.raises(GraphError, match=r"value of x \(2,\) was changed in place after mul"):
        before.backward()


def test_an_optimizer_step_counts_as_a_change():
    w = leaf([1.0])
    loss = (w * w).sum()
    loss.backward()
    tg.optim.SGD([w], lr=0.1).step()
    with pytest.raises(GraphError, match="changed in place"):
        loss.backward()


@pytest.mark.parametrize(
    "call", [lambda t: t.backward(), lambda t: tg.grad(t, t), lambda t: tg.snapshot(t), lambda t: t.register_hook(print)]
)
def test_a_tensor_without_a_graph(call):
    with pytest.raises(GraphError) as caught:
        call(tg.Tensor(1.0))
    assert "requires_grad" in str(caught.value) or "leaf" in str(caught.value)


def test_a_failure_in_the_middle_leaves_gradients_as_they_were(monkeypatch):
    from tinygrad_rnn.engine.ops import TANH

    w, v = leaf([1.0]), leaf([2.0])
    right = TANH.vjps

    def broken(F, n, g, y):
        raise KeyboardInterrupt

    loss = (tg.tanh(w * 2) * v).sum()
    monkeypatch.setattr(TANH, "vjps", (broken,))
    with pytest.raises(KeyboardInterrupt):
        loss.backward()
    assert w.grad is None
    assert v.grad is None
    monkeypatch.setattr(TANH, "vjps", right)
    loss.backward()
    np.testing.assert_allclose(w.grad, tg.grad(loss, w))
    np.testing.assert_allclose(v.grad, tg.grad(loss, v))


# ---- modes ------------------------------------------------------------------------------------------------------------------------


def test_no_grad_records_nothing_and_comes_back_after_an_error():
    w = leaf([1.0])
    with pytest.raises(ZeroDivisionError), tg.no_grad():
        assert not (w * 2).requires_grad
        raise ZeroDivisionError
    assert (w * 2).requires_grad

    @tg.no_grad()
    def evaluate():
        return w * 2

    assert not evaluate().requires_grad
    assert not evaluate().requires_grad


def test_no_grad_in_one_thread_leaves_the_others_alone():
    import threading

    w, inside, leave, seen = leaf([1.0]), threading.Event(), threading.Event(), []

    def evaluate():
        with tg.no_grad():
            inside.set()
            leave.wait(5)
            seen.append((w * 2).requires_grad)

    thread = threading.Thread(target=evaluate)
    thread.start()
    inside.wait(5)
    seen.append((w * 2).requires_grad)
    leave.set()
    thread.join()
    assert seen == [True, False]


def test_detach_cuts():
    w = leaf([3.0])
    (w * (w * w).detach()).sum().backward()
    assert w.grad == 9.0


def test_scopes_stamp_and_nest():
    w = leaf([1.0])
    with tg.time_step(3), tg.scope("LSTMCell", layer=1, direction=-1):
        with tg.scope("forget gate"):
            y = w * 2
        z = w * 3
    assert y.place == "t=3 / LSTMCell layer=1 direction=-1 / forget gate"
    assert z.place == "t=3 / LSTMCell layer=1 direction=-1"
    assert y.node.frames[1].get("direction") == -1
    assert (w * 4).place == ""


def test_hooks_and_retained_gradients():
    w = leaf([1.0, 2.0])
    h = w * 3
    h.retain_grad()
    seen = []
    remove = h.register_hook(lambda g: seen.append(g.copy()) or g * 10)
    loss = (h * h).sum()
    loss.backward()
    np.testing.assert_array_equal(h.grad, [60.0, 120.0])
    np.testing.assert_array_equal(seen[0], [6.0, 12.0])
    np.testing.assert_array_equal(w.grad, [180.0, 360.0])
    remove()
    w.zero_grad()
    loss.backward()
    np.testing.assert_array_equal(w.grad, [18.0, 36.0])
    np.testing.assert_array_equal(h.grad, [66.0, 132.0])  # gathered, as on leaves
    remove()
    with pytest.raises(GraphError, match=r"\.grad of a result"):
        (w * 3).grad  # noqa: B018


def test_each_remover_removes_its_own_registration():
    w, order = leaf([1.0]), []

    def first(g):
        order.append("first")

    def second(g):
        order.append("second")

    w.register_hook(first)
    w.register_hook(second)
    remove = w.register_hook(first)
    for _ in range(2):  # the second call has nothing left to remove
        remove()
        (w * w).sum().backward()
    assert order == ["first", "second"] * 2


def test_a_hook_cannot_change_the_gradient_of_another_tensor():
    w, v = leaf([1.0, 2.0]), leaf([1.0, 2.0])
    s, u = w + 0.0, v + 0.0

    def scale(g):
        g *= 10

    s.register_hook(scale)
    ((s + u) * np.array([1.0, 3.0])).sum().backward()
    np.testing.assert_array_equal(w.grad, [1.0, 3.0])
    np.testing.assert_array_equal(v.grad, [1.0, 3.0])


def test_a_hook_that_raises_leaves_gradients_as_they_were():
    a, b = leaf([1.0]), leaf([2.0])
    b.register_hook(lambda g: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        (a * b).sum().backward()
    assert a.grad is None
    assert b.grad is None


def test_a_hook_that_mentions_its_tensor_does_not_keep_it_alive():
    w = leaf([1.0])
    h = w * 2
    h.register_hook(lambda g, h=h: g + 0 * h.data)
    node = weakref.ref(h.node)
    h.sum().backward()
    del h
    gc.collect()
    assert node() is None


def test_threads_that_share_weights_get_the_same_gradients():
    import threading

    w = leaf(np.ones((20, 20)))
    xs = [np.full((3, 20), k + 1.0) for k in range(4)]

    def work(x):
        for _ in range(20):
            h = x
            for _ in range(10):
                h = tg.tanh(h @ w * 0.1)
            h.sum().backward()

    threads = [threading.Thread(target=work, args=(x,)) for x in xs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    together = w.grad.copy()
    w.zero_grad()
    for x in xs:
        work(x)
    np.testing.assert_allclose(together, w.grad, rtol=1e-12)


# ---- gradients of gradients -------------------------------------------------------------------------------------------------------


def test_third_order():
    x = leaf(2.0)
    first = tg.grad(x**4, x, create_graph=True)
    second = tg.grad(first, x, create_graph=True)
    assert (first.item(), second.item(), tg.grad(second, x).item()) == (32.0, 48.0, 48.0)


@pytest.mark.parametrize("cell", [tg.nn.RNNCell, tg.nn.LSTMCell, tg.nn.GRUCell])
def test_second_order_through_an_unrolled_cell(cell):
    cell = cell(2, 3, rng=np.random.default_rng(0))
    xs = np.random.default_rng(1).standard_normal((2, 3, 2))

    def loss(Wx, Wh, b):
        cell.Wx, cell.Wh, cell.b = Wx, Wh, b
        return (tg.nn.unroll(cell, xs)[0][-1] ** 2).sum()

    assert tg.gradcheck(loss, [cell.Wx.data, cell.Wh.data, cell.b.data], order=2)


def test_recorded_gradients_stay_in_their_time_step():
    cell = tg.nn.RNNCell(2, 3, rng=np.random.default_rng(0))
    g = tg.grad(rnn_loss(cell, steps=3), cell.Wh, create_graph=True)
    steps = tg.snapshot((g * g).sum()).steps
    assert steps == (1, 2, 3)


def test_grad_takes_results_lists_and_unused_inputs():
    w, unused = leaf([1.0, 2.0]), leaf([[5.0]])
    h = w * 3
    loss = (h * h).sum()
    dh, dw, du = tg.grad(loss, [h, w, unused])
    np.testing.assert_array_equal(dh, [6.0, 12.0])
    np.testing.assert_array_equal(dw, [18.0, 36.0])
    np.testing.assert_array_equal(du, [[0.0]])
    assert w.grad is None
    with pytest.raises(GraphError, match="input 1"):
        tg.grad(loss, [np.ones(2)])


# ---- memory -----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("keep_graph", [True, False])
def test_memory_stays_flat_over_1000_training_steps_without_the_cycle_collector(keep_graph):
    cell = tg.nn.LSTMCell(3, 4, rng=np.random.default_rng(0))
    optimizer = tg.optim.Adam(cell.parameters(), lr=0.01)
    xs = np.random.default_rng(1).standard_normal((1, 2, 3))

    gc.collect()
    nodes = sum(type(o) is Node for o in gc.get_objects())
    gc.disable()
    tracemalloc.start()
    try:
        for step in range(1300):
            optimizer.zero_grad()
            hs, _ = tg.nn.unroll(cell, xs)
            (hs[-1] ** 2).mean().backward(keep_graph=keep_graph)
            optimizer.step()
            if step == 299:  # by now the interpreter's own caches are full
                before = tracemalloc.get_traced_memory()[0]
        grown = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
        gc.enable()
    assert grown < 20_000  # bytes in 1000 steps; one node that stays alive in each holds 500,000
    del hs, _
    assert sum(type(o) is Node for o in gc.get_objects()) <= nodes


def test_a_graph_is_freed_with_its_loss():
    gc.disable()
    try:
        w = leaf([1.0])
        h = tg.tanh(w)
        loss = (h * h).sum()
        node = weakref.ref(h.node)
        loss.backward()
        del h, loss
        assert node() is None
    finally:
        gc.enable()


def test_an_op_keeps_only_what_its_vjp_reads():
    w = leaf(np.ones((50, 50)))
    a = w + 1.0
    value = weakref.ref(a.data)
    b = tg.tanh(a)
    del a
    assert value() is None
    assert b.node.parents[0].op.name == "add"


def test_backward_inside_a_hook_is_refused_and_grad_is_not():
    w = leaf([1.0, 2.0])
    h = w * 3
    inner = (w * w).sum()
    remove = h.register_hook(lambda g: inner.backward())
    with pytest.raises(GraphError, match="inside a hook"):
        (h * h).sum().backward()
    remove()
    seen = []
    h.register_hook(lambda g: seen.append(tg.grad(inner, w)))
    (h * h).sum().backward()
    np.testing.assert_array_equal(seen[0], [2.0, 4.0])
    np.testing.assert_array_equal(w.grad, [18.0, 36.0])
