"""A gradient is never lost in silence on the way to Python, NumPy and other libraries, nor a value changed behind the graph."""

import asyncio
import copy
import inspect
import math
import os
import sys
import threading
import warnings

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn.errors import DataError, DtypeError, GraphError


def recorded():
    w = tg.Tensor(0.5, requires_grad=True, name="w")
    return w, w * 1.0


def item_assignment(t):
    hs = np.zeros(3)
    for k in range(3):
        hs[k] = t


def slice_assignment(t):
    np.zeros(3)[:2] = t


def added_in_place(t):
    buffer = np.zeros(3)
    buffer[0] += t


def several_numbers(t):
    buffer = np.zeros(2)
    buffer[:] = [t, t]


SILENT = [
    item_assignment,
    slice_assignment,
    added_in_place,
    several_numbers,
    lambda t: math.exp(t),
    lambda t: math.pow(2.0, t * 1.0),
    lambda t: math.fsum([t]),
    lambda t: np.float64(t),
    lambda t: np.float32(t),
    lambda t: np.zeros(3).fill(t),
    lambda t: np.full(3, t),
    lambda t: np.full(3, fill_value=t),
    lambda t: np.zeros(3).put(0, t),
    lambda t: np.array([t, 1.0]),
    lambda t: np.array(t),
    lambda t: np.asarray(t, np.float32),
    lambda t: np.array([[t]], dtype=float),
    lambda t: np.copyto(np.zeros(2), t),
    lambda t: np.random.default_rng(0).normal(t),
    lambda t: memoryview(t),
    lambda t: np.from_dlpack(t),
]


@pytest.mark.parametrize("convert", SILENT)
def test_no_recorded_tensor_becomes_a_number_unless_somebody_says_so(convert):
    for t in recorded():
        with pytest.raises((GraphError, TypeError, ValueError)) as caught:
            convert(t)
        told = caught.value.__cause__ or caught.value  # NumPy says "setting an array element with a sequence", because of ours
        assert isinstance(told, (GraphError, TypeError)), told


@pytest.mark.parametrize(
    "convert",
    [
        float,
        int,
        lambda t: t.item(),
        lambda t: math.exp(float(t)),
        lambda t: round(float(t), 2),
        lambda t: f"{t:.3f} {t}",
        lambda t: "%.2f" % float(t),  # noqa: UP031
        lambda t: list(map(float, [t, t])),
        lambda t: [].extend(map(float, [t])),
        lambda t: np.mean([float(t)]),
        lambda t: float(t if t > 0 else -t),
        lambda t: t > 0 and bool(t),
        lambda t: np.array([x.item() for x in [t]]),
    ],
)
def test_who_says_so_gets_the_number(convert):
    for t in recorded():
        convert(t)


def test_item_assignment_of_a_float_says_so():
    hs, (_, t) = np.zeros(2), recorded()
    hs[0] = float(t)
    hs[1] = t.item()
    assert hs.tolist() == [0.5, 0.5]


def test_the_word_is_there_in_exec_and_without_assertions():
    space = {"math": math, "t": recorded()[1]}
    with pytest.raises(GraphError, match=r"math\.exp would turn a tensor that has a gradient into a number"):
        exec(compile("math.exp(t)", "nowhere", "exec", optimize=2), space)
    exec(compile("x = float(t)", "nowhere", "exec", optimize=2), space)


def matrix():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PendingDeprecationWarning)
        return np.matrix([[1.0, 2.0]])


MASKED = np.ma.masked_array([1.0, 2.0], [False, True])


@pytest.mark.parametrize("array", [MASKED, matrix(), np.ones(2).view(type("Own", (np.ndarray,), {}))])
@pytest.mark.parametrize(
    "compute",
    [
        lambda a, t: a * t,
        lambda a, t: t * a,
        lambda a, t: a - t,
        lambda a, t: t - a,
        lambda a, t: tg.Tensor(a),
        lambda a, t: tg.functional.mse_loss(t, a),
        lambda a, t: tg.where(a > 0, t, a),
        lambda a, t: t @ a.T,
        lambda a, t: tg.stack([t, a]),
    ],
)
def test_an_array_with_rules_of_its_own_is_refused(array, compute):
    with pytest.raises((DtypeError, GraphError, TypeError), match=r"lose|lost|operand"):
        compute(array, tg.Tensor([1.0, 2.0], requires_grad=True))


@pytest.mark.parametrize(
    "compute", [lambda t: np.ma.exp(t), lambda t: np.ma.where([True, False], t, 0.0), lambda t: np.ma.add(MASKED, t), np.ma.array]
)
def test_functions_of_masked_arrays_lose_no_gradient(compute):
    with pytest.raises((GraphError, TypeError)):
        compute(tg.Tensor([1.0, 2.0], requires_grad=True))


def test_a_memory_map_is_an_array(tmp_path):
    np.save(tmp_path / "x.npy", np.array([1.0, 2.0]))
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
    assert (tg.Tensor([3.0, 4.0]) * mapped).numpy().tolist() == [3.0, 8.0]
    del mapped


class ForeignTensor:
    requires_grad = True

    def __array__(self, dtype=None, copy=None):
        return np.ones(2)


def test_a_tensor_of_another_library_that_carries_a_gradient_is_refused():
    for compute in (tg.Tensor, lambda x: tg.Tensor([1.0, 2.0], requires_grad=True) * x):
        with pytest.raises(DtypeError, match="carries a gradient"):
            compute(ForeignTensor())


def test_tensors_are_not_subclassed():
    with pytest.raises(GraphError, match="plain Tensor"):
        type("Own", (tg.Tensor,), {"__slots__": ()})


@pytest.mark.parametrize(
    ("compute", "right"),
    [
        (lambda w, a: w * a, 3.0),
        (lambda w, a: a * w, 3.0),
        (lambda w, a: w / a, 1 / 3),
        (lambda w, a: w.reshape(1, 1) @ a.reshape(1, 1), 3.0),
        (lambda w, a: tg.maximum(w, a), 0.0),
        (lambda w, a: tg.where(a > 1, w, 0.0), 1.0),
        (lambda w, a: tg.concat([w * 2, a]) * tg.concat([a, a]), 6.0),
    ],
)
def test_a_buffer_that_is_used_again_changes_neither_the_gradient_nor_the_picture(compute, right):
    w, a = tg.Tensor([1.0], requires_grad=True), np.array([3.0])
    loss = compute(w, a).sum()
    a[0] = 0.0
    assert tg.snapshot(loss).root.value == loss.item()
    loss.backward()
    np.testing.assert_allclose(w.grad, [right], rtol=1e-15)


def test_an_index_that_is_used_again_moves_nothing():
    index = np.array([0, 1])
    for compute in (lambda w: w[index], lambda w: tg.take(w, index), lambda w: tg.place(w[:2], (index,), (3,))):
        index[:] = [0, 1]
        w = tg.Tensor([1.0, 2.0, 3.0], requires_grad=True)
        loss = (compute(w) * compute(w)).sum()
        index[:] = 0
        loss.backward()
        assert w.grad.tolist() == [2.0, 4.0, 0.0]


@pytest.mark.parametrize("dtype", [object, complex, "U3", "M8[s]", "V4"])
def test_a_dtype_that_is_no_number_is_refused(dtype):
    with pytest.raises(DtypeError):
        tg.Tensor([1.0], dtype=dtype)


def test_nan_is_no_integer():
    for value in (np.nan, np.inf):
        with pytest.raises(DtypeError, match="NaN or infinity"):
            tg.Tensor([value], dtype=int)


@pytest.mark.parametrize("value", [1.5, [1.0, -0.25], np.float32([0.1])])
def test_no_fraction_is_cut_off_in_silence(value):
    for dtype in (int, np.uint8, "int32"):
        with pytest.raises(DtypeError, match=" as ") as caught:
            tg.Tensor(value, dtype=dtype)
        assert "np.rint" in caught.value.hint
    assert tg.Tensor([2.0, -3.0], dtype=int).numpy().tolist() == [2, -3]
    counts = tg.Tensor([1], dtype=int)
    with pytest.raises(DtypeError):
        counts.data = [0.5]


def test_a_result_without_a_gradient_answers_those_who_ask_for_attributes():
    w = tg.Tensor([1.0], requires_grad=True)
    y = w * 2
    assert hasattr(w, "grad")
    assert not hasattr(y, "grad")
    assert getattr(y, "grad", None) is None
    assert "data" in dict(inspect.getmembers(y))
    for kind in (GraphError, AttributeError, tg.errors.MissingGradientError):
        with pytest.raises(kind, match="only leaves keep their gradient") as caught:
            y.grad  # noqa: B018
        assert "retain_grad" in caught.value.hint
    y.retain_grad()
    y.backward()
    assert y.grad.tolist() == [1.0]
    with pytest.raises(AttributeError, match="no grads"):
        w.grads  # noqa: B018


def test_the_gradient_of_a_result_is_asked_for_before():
    w = tg.Tensor([1.0], requires_grad=True)
    loss = (w * w).sum()
    loss.backward()
    w = w - 0.1 * w.grad  # a result from here on
    (w * w).sum().backward()
    with pytest.raises(GraphError, match="only leaves keep their gradient"):
        w - 0.1 * w.grad
    assert tg.Tensor([1.0]).grad is None


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: tg.scope(5), "a scope called 5"),
        (lambda: tg.scope("a", layer=[1]), "layer = "),
        (lambda: setattr(tg.Tensor([1.0]), "name", 5), "a tensor called 5"),
        (lambda: tg.Tensor([1.0], name=5), "a tensor called 5"),
        (lambda: tg.named(tg.Tensor([1.0]), 5), "a tensor called 5"),
    ],
)
def test_names_are_texts(call, says):
    with pytest.raises(DataError, match=says):
        call()


def test_a_whole_number_that_is_no_float_is_refused():
    for compute in (lambda x: x * 10**400, lambda x: x + 10**400, lambda x: 10**400 - x):
        with pytest.raises(DtypeError, match="bits"):
            compute(tg.Tensor([1.0], requires_grad=True))


def test_copies():
    w = tg.Tensor([1.0], requires_grad=True, name="w")
    again = copy.copy(w)
    again.data = [2.0]
    assert w.item() == 1.0
    assert again.requires_grad
    assert again.name == "w"
    with pytest.raises(GraphError, match="detach"):
        copy.copy(w * 2)


def test_another_library_gets_the_values_of_what_has_no_gradient():
    np.testing.assert_array_equal(np.from_dlpack(tg.Tensor([1.0, 2.0])), [1.0, 2.0])


@pytest.mark.torch
def test_pytorch_takes_the_values_of_what_has_no_gradient():
    torch = pytest.importorskip("torch")
    assert torch.as_tensor(tg.Tensor([1.0, 2.0])).tolist() == [1.0, 2.0]
    with pytest.raises((TypeError, RuntimeError, BufferError)):
        torch.as_tensor(tg.Tensor([1.0, 2.0], requires_grad=True))


# ---- contexts that do not meet ----------------------------------------------------------------------------------------------------


def recording():
    return (tg.Tensor([1.0], requires_grad=True) * 2).requires_grad


def place():
    return (tg.Tensor([1.0], requires_grad=True) * 2).place


def test_one_object_may_be_entered_in_two_threads():
    shared, inside, left = tg.no_grad(), threading.Barrier(2), threading.Barrier(2)
    found = {}

    def run(name):
        with tg.scope(name):
            with shared:
                inside.wait()
                first = recording()
            left.wait()
            found[name] = first, recording(), place()

    threads = [threading.Thread(target=run, args=(name,)) for name in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {"a": (False, True, "a"), "b": (False, True, "b")}
    assert recording()


def test_tasks_do_not_meet():
    async def task(name, other):
        with tg.scope(name), tg.no_grad():
            await other()
            assert not recording()
        await other()
        with tg.scope(name):
            await other()
            return recording(), place()

    async def run():
        return await asyncio.gather(*[task(name, lambda: asyncio.sleep(0)) for name in "abc"])

    assert asyncio.run(run()) == [(True, name) for name in "abc"]
    assert recording()
    assert not place()


def test_a_coroutine_with_a_scope_as_decorator_is_in_it_until_it_is_done():
    @tg.no_grad()
    @tg.scope("inside")
    async def work(result):
        first = recording(), place()
        await asyncio.sleep(0)
        return first, recording(), place(), result

    async def run():
        both = await asyncio.gather(work(1), other(), work(2))
        assert recording()
        return both

    async def other():
        await asyncio.sleep(0)
        return recording()

    assert asyncio.run(run()) == [((False, ""), False, "", 1), True, ((False, ""), False, "", 2)]
    assert inspect.iscoroutinefunction(work)


def test_an_asynchronous_generator_with_a_scope_as_decorator_is_refused():
    with pytest.raises(DataError, match="asynchronous generator") as caught:

        @tg.no_grad()
        async def items():
            yield 1

    assert "inside" in caught.value.hint


def test_a_generator_that_is_closed_in_the_middle_takes_only_its_own_scope_away():
    def items():
        with tg.scope("inner"), tg.no_grad():
            yield 1

    running = items()
    next(running)
    with tg.scope("outer"):
        running.close()
        assert recording()
        assert place() == "outer"
    assert not place()


def test_a_generator_with_a_scope_as_decorator_is_in_it_only_while_it_runs():
    @tg.no_grad()
    def items():
        while True:
            sent = yield recording()
            assert sent is None or sent == "more"

    running = items()
    assert not next(running)
    assert recording()
    assert not running.send("more")
    running.close()


def test_steps_and_dtypes_of_a_thread_are_its_own():
    found = []

    def run():
        with tg.time_step(1):
            found.append((place(), tg.Tensor(1).dtype))

    with tg.steps_after(5), tg.default_dtype(np.float32):
        thread = threading.Thread(target=run)
        thread.start()
        thread.join()
    assert found == [("t=1", np.float64)]


def test_a_dtype_for_good_holds_in_threads_that_start_later():
    found = []
    before = tg.default_dtype(np.float32)
    try:
        thread = threading.Thread(target=lambda: found.append(tg.Tensor(1).dtype))
        thread.start()
        thread.join()
    finally:
        before.__exit__()
    assert found == [np.float32]
    assert tg.Tensor(1).dtype == np.float64


@pytest.mark.skipif(not hasattr(os, "fork") or sys.platform == "darwin", reason="no safe fork here")
def test_a_child_of_a_process_that_is_in_a_backward_pass_can_make_its_own():
    w, stop = tg.Tensor(np.ones((50, 50)), requires_grad=True), threading.Event()

    def train():
        while not stop.is_set():
            (w @ w).sum().backward()

    thread = threading.Thread(target=train)
    thread.start()
    try:
        for _ in range(15):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)  # of fork in a process with threads
                child = os.fork()
            if not child:
                v = tg.Tensor([1.0], requires_grad=True)
                (v * v).sum().backward()
                os._exit(0 if v.grad is not None else 1)
            assert os.waitpid(child, 0)[1] == 0
    finally:
        stop.set()
        thread.join()


def test_an_error_reaches_a_generator_with_a_scope_as_decorator():
    @tg.no_grad()
    def items():
        try:
            yield 1
        except KeyError:
            yield recording()

    running = items()
    next(running)
    assert running.throw(KeyError("x")) is False
    assert recording()


def test_a_scope_that_is_left_under_thousands_of_others():
    first = tg.scope("first")
    first.__enter__()
    others = [tg.scope("other") for _ in range(3000)]
    for other in others:
        other.__enter__()
    first.__exit__()
    assert place().startswith("other / other")
    for other in reversed(others):
        other.__exit__()
    assert not place()


def test_masked_values_in_a_list_do_not_count():
    for data in ([np.ma.array([1.0, 2.0], mask=[0, 1])], [1.0, np.ma.masked]):
        with pytest.raises(DtypeError, match="masked"):
            tg.Tensor(data)


@pytest.mark.parametrize(("value", "dtype"), [(1e30, int), (2**63, np.int64), (300, np.uint8), (-1.0, np.uint8)])
def test_a_number_that_an_integer_cannot_hold_is_refused(value, dtype):
    with pytest.raises(DtypeError, match="it holds"):
        tg.Tensor([value], dtype=dtype)


def test_an_empty_list_names_no_entry():
    x = tg.Tensor([[1.0, 2.0]], requires_grad=True)
    assert x[[]].shape == (0, 2)
    assert x[:, []].shape == (1, 0)
    assert tg.grad(x[[]].sum(), x).tolist() == [[0.0, 0.0]]


@pytest.mark.parametrize("key", [1.0, "a", object()])
def test_an_index_that_is_none(key):
    with pytest.raises((DtypeError, tg.errors.ShapeError)) as caught:
        tg.Tensor([1.0, 2.0])[key]
    assert "an index is whole numbers" in caught.value.hint


def test_truth_values_are_no_numbers():
    truth = tg.Tensor(np.array([True]))
    with pytest.raises(DtypeError) as caught:
        truth - truth
    assert "dtype=float" in caught.value.hint


def test_what_steers_a_terminal_is_written_out_in_errors():
    with tg.scope("a\x1b[31m\u202e"), pytest.raises(tg.errors.ShapeError) as caught:
        tg.matmul(tg.Tensor(1.0, requires_grad=True), tg.Tensor(2.0))
    assert str(caught.value).replace("\n", "").isprintable()
    assert r"a\x1b[31m\u202e" in str(caught.value)


def test_nan_behind_a_where_is_told():
    x = tg.Tensor([0.0, 4.0], requires_grad=True)
    with tg.detect_anomaly(), pytest.raises(tg.errors.NumericError) as caught:
        tg.where(np.array([False, True]), x**0.5, 0.0).sum().backward()
    assert "tg.where(ok, x, 1.0)" in caught.value.hint
