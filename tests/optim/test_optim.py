"""Optimizers against PyTorch and against their equations; clipping; what they refuse."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch_values

import tinygrad_rnn as tg
from tinygrad_rnn.errors import DataError, GraphError, LoadError
from tinygrad_rnn.optim import SGD, Adagrad, Adam, AdamW, RMSprop, clip_grad_norm_, clip_grad_value_

MAKERS = {
    "SGD": SGD,
    "momentum": lambda p, lr: SGD(p, lr, momentum=0.9),
    "Adam": Adam,
    "AdamW": lambda p, lr: AdamW(p, lr, weight_decay=0.0),
    "RMSprop": lambda p, lr: RMSprop(p, lr, alpha=0.0),
    "Adagrad": Adagrad,
}
OPTIMIZERS = pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)


def parameter(*values: float, grad: Any = None, dtype: Any = None) -> tg.Tensor:
    p = tg.Tensor(list(values), requires_grad=True, dtype=dtype)
    p.grad = grad
    return p


def way_down(name: str) -> dict[str, np.ndarray]:
    """The parameters after each of twenty steps down the valley of torch_values.py, by our optimizer."""
    parameters = {key: tg.Tensor(value, requires_grad=True) for key, value in torch_values.START.items()}
    optimizer = torch_values.optimizer_of(tg.optim, name, parameters)
    path: dict[str, list[Any]] = {key: [] for key in parameters}
    for _ in range(torch_values.STEPS):
        optimizer.zero_grad()
        torch_values.valley(**parameters).backward()
        optimizer.step()
        for key, p in parameters.items():
            path[key].append(p.data.copy())
    return {key: np.array(steps) for key, steps in path.items()}


# ---- values -------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", torch_values.OPTIMIZERS)
def test_twenty_steps_are_those_that_pytorch_took(name):
    expected, path = torch_values.stored()["optimizers"][name], way_down(name)
    assert path.keys() == expected.keys()
    for key in expected:
        np.testing.assert_allclose(path[key], expected[key], rtol=1e-12, atol=1e-12)


@pytest.mark.torch
@pytest.mark.parametrize("name", torch_values.OPTIMIZERS)
def test_twenty_steps_are_those_that_pytorch_takes_now(name):
    pytest.importorskip("torch")
    for key, expected in torch_values.optimizer_values(name).items():
        np.testing.assert_allclose(way_down(name)[key], expected, rtol=1e-12, atol=1e-12)


GRADIENTS = [np.array([1.0, -2.0]), np.array([0.5, 0.0]), np.array([-3.0, 1e-3]), np.array([1e5, -1e-5])]


def sgd(p: np.ndarray, lr: float, momentum: float = 0.0) -> Iterator[np.ndarray]:
    velocity = np.zeros(2)
    for g in GRADIENTS:
        velocity = momentum * velocity + g
        p = p - lr * velocity
        yield p


def adam(p: np.ndarray, lr: float, betas: tuple[float, float], eps: float) -> Iterator[np.ndarray]:
    m, v, (b1, b2) = np.zeros(2), np.zeros(2), betas
    for t, g in enumerate(GRADIENTS, start=1):
        m, v = b1 * m + (1 - b1) * g, b2 * v + (1 - b2) * g * g
        p = p - lr * (m / (1 - b1**t)) / (np.sqrt(v / (1 - b2**t)) + eps)
        yield p


@pytest.mark.parametrize(
    ("make", "equations", "settings"),
    [
        (SGD, sgd, {"lr": 0.1}),
        (SGD, sgd, {"lr": 0.1, "momentum": 0.9}),
        (Adam, adam, {"lr": 0.1, "betas": (0.9, 0.999), "eps": 1e-8}),
        (Adam, adam, {"lr": 2.0, "betas": (0.0, 0.5), "eps": 0.1}),
    ],
)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_steps_follow_the_equations(make, equations, settings, dtype):
    p = parameter(1.0, 2.0, dtype=dtype)
    optimizer = make([p], **settings)
    for g, expected in zip(GRADIENTS, equations(np.array([1.0, 2.0]), **settings), strict=True):
        p.grad = g
        optimizer.step()
        np.testing.assert_allclose(p.data, expected, rtol=1e-13 if dtype is np.float64 else 2e-6)
        assert p.dtype == dtype


def test_defaults_are_those_of_pytorch():
    optimizer = Adam([parameter(1.0)])
    assert (optimizer.lr, optimizer.betas, optimizer.eps) == (0.001, (0.9, 0.999), 1e-8)
    assert SGD([parameter(1.0)], 0.1).momentum == 0.0


@OPTIMIZERS
def test_the_learning_rate_may_change_between_steps(make):
    p = parameter(1.0)
    optimizer = make([p], lr=1.0)
    optimizer.lr, p.grad = 0.25, [1.0]
    optimizer.step()
    np.testing.assert_allclose(p.data, [0.75], rtol=1e-7)


@OPTIMIZERS
def test_a_parameter_without_a_gradient_stays(make):
    moved, stays, number = parameter(1.0, grad=[1.0]), parameter(1.0), tg.Tensor(1.0, requires_grad=True)
    number.grad = 2.0
    optimizer = make((p for p in (moved, stays, number)), lr=0.5)
    loss = stays.sum()
    optimizer.step()
    assert (moved.data.tolist() != [1.0], stays.data.tolist(), number.data.shape, number.item() != 1.0) == (True, [1.0], (), True)
    loss.backward()  # nothing that it used was changed
    assert stays.grad.tolist() == [1.0]


@OPTIMIZERS
def test_gradients_are_read_only_and_forgotten_on_demand(make):
    p = parameter(1.0, grad=[4.0])
    optimizer = make([p], lr=0.5)
    optimizer.step()
    optimizer.step()
    assert p.grad.tolist() == [4.0]
    optimizer.zero_grad()
    assert p.grad is None


# ---- weight decay, saving and loading -----------------------------------------------------------------------------------------


def test_weight_decay_stands_beside_the_gradient_and_leaves_parameters_without_one_alone():
    moved, stays = parameter(2.0, grad=[0.0]), parameter(2.0)
    AdamW([moved, stays], lr=0.1, weight_decay=0.5).step()
    np.testing.assert_allclose([moved.item(), stays.item()], [2.0 * (1 - 0.1 * 0.5), 2.0], rtol=1e-15)
    single = parameter(2.0, grad=[1.0], dtype=np.float32)
    AdamW([single], lr=0.1).step()
    assert single.dtype == np.float32


def run(p, optimizer, gradients):
    for g in gradients:
        p.grad = g
        optimizer.step()


@OPTIMIZERS
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_saved_state_goes_on_to_the_bit(make, dtype):
    p = parameter(1.0, 2.0, dtype=dtype)
    whole = make([p], lr=0.1)
    run(p, whole, GRADIENTS[:2])
    q = parameter(*p.data, dtype=dtype)
    other = make([q], lr=0.7)
    state = whole.state_dict()
    other.load_state_dict(state)
    assert {name: value.tobytes() for name, value in other.state_dict().items()} == {
        name: v.tobytes() for name, v in state.items()
    }
    kept = {name: value.copy() for name, value in state.items()}
    for optimizer, x in ((whole, p), (other, q)):
        run(x, optimizer, GRADIENTS[2:])
    assert p.data.tobytes() == q.data.tobytes()
    assert all((state[name] == value).all() for name, value in kept.items())  # a copy


@OPTIMIZERS
def test_a_state_that_does_not_fit_changes_nothing(make):
    optimizer = make([parameter(1.0, 2.0)], lr=0.1)
    state = optimizer.state_dict()
    larger = make([parameter(1.0, 2.0, 3.0), parameter(1.0)], lr=0.1).state_dict()
    for wrong in (
        {},
        state | {"more": 1},
        {**state, "lr": np.ones(2)},
        {**state, "lr": "fast"},
        {**state, "lr": np.array(-0.1)},
        {**state, "lr": np.array(np.nan)},
        {**state, "lr": [[1.0], [1.0, 2.0]]},
        None,
        *([larger] if len(state) > 2 else []),
    ):
        with pytest.raises(LoadError, match=r"this state does not fit|load_state_dict of a NoneType") as caught:
            optimizer.load_state_dict(wrong)
        assert "nothing was loaded" in caught.value.hint or wrong is None
    assert all((optimizer.state_dict()[name] == value).all() for name, value in state.items())


@pytest.mark.parametrize("make", [Adam, AdamW])
@pytest.mark.parametrize("steps", [[-1, 0], [0, -1], [1.5, 0], [1.0, 2.0], [np.nan, 0], [True, False], [[1], [2]], [1], 1])
def test_the_number_of_changes_is_whole_and_not_negative(make, steps):
    optimizer = make([parameter(1.0, 2.0), parameter(3.0)], lr=0.1)
    state = optimizer.state_dict()
    with pytest.raises(LoadError, match=r"(out of range|misfit): steps"):
        optimizer.load_state_dict({**state, "steps": steps, "lr": np.array(0.5)})
    assert (optimizer.steps, optimizer.lr) == ([0, 0], 0.1)
    optimizer.load_state_dict({**state, "steps": np.array([3, 0], np.uint8)})
    assert optimizer.steps == [3, 0]


def test_a_moment_that_the_dtype_cannot_hold_changes_nothing():
    optimizer = Adam([parameter(1.0, dtype=np.float32)], lr=0.1)
    state = optimizer.state_dict()
    with pytest.raises(LoadError, match=r"too large for float32: v\.0"):
        optimizer.load_state_dict({**state, "lr": np.array(0.5), "v.0": np.array([1e300])})
    assert (optimizer.lr, optimizer.v[0].tolist()) == (0.1, [0.0])
    optimizer.load_state_dict({**state, "v.0": np.array([np.inf])})  # infinity is what it was
    assert optimizer.v[0].tolist() == [np.inf]


def test_what_does_not_fit_is_told_in_one_order():
    optimizer = AdamW([parameter(1.0)])
    wrong = dict.fromkeys(reversed(optimizer.state_dict()), "a")
    with pytest.raises(LoadError) as caught:
        optimizer.load_state_dict(wrong)
    told = re.findall(r"misfit: (\S+)", caught.value.message)
    assert told == [*optimizer.state_dict()]


@pytest.mark.parametrize("make", [SGD, RMSprop])
def test_momentum_may_be_set_later(make):
    p, q = parameter(1.0, 2.0), parameter(1.0, 2.0)
    later, before = make([p], lr=0.1), make([q], lr=0.1, momentum=0.9)
    later.momentum = 0.9
    for x, optimizer in ((p, later), (q, before)):
        run(x, optimizer, GRADIENTS)
    assert p.data.tobytes() == q.data.tobytes()
    before.load_state_dict(later.state_dict())
    later.momentum = 0.0
    run(p, later, GRADIENTS[:1])


@pytest.mark.parametrize("make", [SGD, RMSprop])
def test_momentum_loaded_where_there_was_none_is_used(make):
    p = parameter(1.0)
    optimizer = make([p], lr=0.1)
    optimizer.load_state_dict(optimizer.state_dict() | {"momentum": np.array(0.9)})
    run(p, optimizer, [[1.0], [1.0]])
    assert len(optimizer.velocity) == 1


@pytest.mark.parametrize("name", torch_values.SCHEDULES)
def test_schedules_are_those_that_pytorch_keeps(name):
    schedule = eval(name, vars(tg.schedules))
    rates = [schedule(done) for done in range(9)]
    np.testing.assert_allclose(rates, torch_values.stored()["schedules"][name], rtol=1e-12, atol=1e-15)


@pytest.mark.torch
@pytest.mark.parametrize("name", torch_values.SCHEDULES)
@pytest.mark.filterwarnings("ignore")  # PyTorch's own
def test_schedules_are_those_that_pytorch_keeps_now(name):
    pytest.importorskip("torch")
    np.testing.assert_allclose(
        torch_values.schedule_values(name), torch_values.stored()["schedules"][name], rtol=1e-12, atol=1e-15
    )


@pytest.mark.parametrize(
    "wrong",
    [
        lambda s: s.steps(0), lambda s: s.steps(2, 0.0), lambda s: s.steps(2.0), lambda s: s.exponential(-1.0), lambda s: s.cosine(0),
        lambda s: s.cosine(5, 2.0), lambda s: s.warm_up(0), lambda s: s.warm_up(True), lambda s: s.exponential(float("nan")),
        lambda s: s.exponential("a"), lambda s: s.steps(2, None), lambda s: s.cosine(5, "a"), lambda s: s.warm_up(2, then=3),
    ],
)  # fmt: skip
def test_schedules_of_nonsense(wrong):
    with pytest.raises(DataError) as caught:
        wrong(tg.schedules)
    assert caught.value.hint


# ---- graphs -------------------------------------------------------------------------------------------------------------------


@OPTIMIZERS
def test_a_graph_from_before_a_step_refuses_a_backward_pass_after_it(make):
    w = tg.Tensor([2.0], requires_grad=True, name="w")
    optimizer = make([w], lr=0.5)
    with tg.time_step(3):
        loss = (w * w).sum()
    loss.backward()
    optimizer.step()
    for use in (loss.backward, lambda: tg.grad(loss, w), lambda: tg.snapshot(loss), lambda: list(tg.backward_steps(loss))):
        with pytest.raises(GraphError, match="changed in place") as caught:
            use()
        assert (caught.value.message, caught.value.where) == (
            "the value of w (1,) was changed in place after mul had used it",
            "t=3",
        )
    assert w.grad.tolist() == [4.0]
    (w * w).sum().backward()
    assert w.grad.tolist() == [4.0 + 2 * w.data.item()]


# ---- clipping -----------------------------------------------------------------------------------------------------------------


def test_clipping_keeps_the_direction_and_returns_the_norm():
    a, b = parameter(0.0, 0.0, grad=[3.0, 0.0]), tg.Tensor([[0.0]], requires_grad=True)
    b.grad = [[-4.0]]
    assert clip_grad_norm_([a, parameter(0.0), b], 1.0) == 5.0
    np.testing.assert_allclose([*a.grad, *b.grad[0]], [0.6, 0.0, -0.8], rtol=1e-15)


@pytest.mark.parametrize("max_norm", [5.0, 5.1, np.inf])
def test_small_gradients_are_not_touched(max_norm):
    p = parameter(0.0, 0.0, grad=[3.0, 4.0])
    before = p.grad
    assert clip_grad_norm_([p], max_norm) == 5.0
    assert p.grad is before
    assert p.grad.tolist() == [3.0, 4.0]


@pytest.mark.parametrize("scale", [1e200, 1e-200])
def test_the_norm_does_not_overflow_or_underflow(scale):
    p, q = parameter(0.0, grad=[3 * scale]), parameter(0.0, grad=[4 * scale])
    np.testing.assert_allclose(clip_grad_norm_([p, q], scale), 5 * scale, rtol=1e-15)
    np.testing.assert_allclose([*p.grad, *q.grad], [0.6 * scale, 0.8 * scale], rtol=1e-15)


def test_clipping_takes_a_generator_and_keeps_float32():
    p = parameter(0.0, 0.0, grad=np.array([6.0, 8.0]), dtype=np.float32)
    assert clip_grad_norm_((q for q in [p]), 5.0) == 10.0
    assert (p.grad.tolist(), p.grad.dtype) == ([3.0, 4.0], np.float32)


def test_clipping_writes_into_no_array_that_others_hold():
    seed = np.array([3.0, 4.0])
    p = parameter(0.0, 0.0)
    (p * 1.0).backward(seed)
    held = p.grad
    clip_grad_norm_([p], 1.0)
    assert (seed.tolist(), held.tolist()) == ([3.0, 4.0], [3.0, 4.0])


@pytest.mark.parametrize("parameters", [[], [parameter(1.0), parameter(2.0)], [parameter(1.0, grad=[0.0])]])
def test_without_gradients_the_norm_is_zero(parameters):
    assert clip_grad_norm_(parameters, 1.0) == 0.0


@pytest.mark.parametrize(
    ("grad", "norm"), [([np.inf, 1.0], np.inf), ([-np.inf, 1.0], np.inf), ([np.nan, 1.0], np.nan), ([np.inf, np.nan], np.nan)]
)
def test_gradients_that_are_not_finite_stay_as_they_are_and_show_in_the_norm(grad, norm):
    bad, good = parameter(0.0, 0.0, grad=grad), parameter(0.0, grad=[100.0])
    np.testing.assert_equal(clip_grad_norm_([good, bad], 1.0), norm)
    np.testing.assert_equal([*bad.grad, *good.grad], [*grad, 100.0])


def test_clipping_by_value_cuts_each_entry_and_writes_into_no_array_that_others_hold():
    held = np.array([3.0, -0.5, -7.0])
    p, without = parameter(0.0, 0.0, 0.0), parameter(0.0)
    (p * 1.0).backward(held)
    single = parameter(0.0, grad=np.array([-9.0]), dtype=np.float32)
    assert clip_grad_value_((q for q in [p, without, single]), 1.0) is None
    assert (p.grad.tolist(), held.tolist(), single.grad.tolist()) == ([1.0, -0.5, -1.0], [3.0, -0.5, -7.0], [-1.0])
    assert (single.grad.dtype, without.grad) == (np.float32, None)
    p.grad = [np.nan, np.inf, -np.inf]
    clip_grad_value_(p, 2.0)
    np.testing.assert_equal(p.grad, [np.nan, 2.0, -2.0])


# ---- errors -------------------------------------------------------------------------------------------------------------------


@OPTIMIZERS
@pytest.mark.parametrize(
    "parameters",
    [
        pytest.param([], id="none"),
        pytest.param([parameter(1.0) * 2.0], id="a result"),
        pytest.param([tg.Tensor([1.0])], id="a constant"),
        pytest.param([np.ones(2)], id="an array"),
        pytest.param(parameter(1.0, 2.0), id="a tensor alone"),
    ],
)
def test_what_is_not_a_parameter_is_refused(make, parameters):
    with pytest.raises(GraphError) as caught:
        make(parameters, lr=0.1)
    assert "leaves with requires_grad=True" in caught.value.message
    assert "module.parameters()" in caught.value.hint


@OPTIMIZERS
@pytest.mark.parametrize("lr", [0.0, -0.1, float("nan"), float("inf"), True, None, "fast"])
def test_learning_rates_are_positive(make, lr):
    with pytest.raises(DataError, match=f"(SGD|Adam|AdamW|RMSprop|Adagrad) with lr={lr!r}"):
        make([parameter(1.0)], lr)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda p: SGD([p], 0.1, momentum=1.0), "SGD with momentum=1.0"),
        (lambda p: SGD([p], 0.1, momentum=-0.1), "SGD with momentum=-0.1"),
        (lambda p: SGD([p], 0.1, momentum=float("nan")), "SGD with momentum=nan"),
        (lambda p: SGD([p], 0.1, momentum=None), "SGD with momentum=None"),
        (lambda p: Adam([p], betas=0.9), "Adam with betas=0.9"),
        (lambda p: Adam([p], betas=(0.9,)), "Adam with betas=(0.9,)"),
        (lambda p: Adam([p], betas=("a", "b")), "Adam with betas=('a', 'b')"),
        (lambda p: AdamW([p], weight_decay="a"), "AdamW with weight_decay='a'"),
        (lambda p: Adam([p], betas=(1.0, 0.9)), "Adam with betas=(1.0, 0.9)"),
        (lambda p: Adam([p], betas=(0.9, -0.1)), "Adam with betas=(0.9, -0.1)"),
        (lambda p: AdamW([p], weight_decay=-0.1), "AdamW with weight_decay=-0.1"),
        (lambda p: AdamW([p], betas=(0.9, 1.0)), "AdamW with betas=(0.9, 1.0)"),
        (lambda p: Adam([p], eps=0.0), "Adam with eps=0.0"),
        (lambda p: RMSprop([p], alpha=1.0), "RMSprop with alpha=1.0"),
        (lambda p: RMSprop([p], momentum=1.0), "RMSprop with momentum=1.0"),
        (lambda p: RMSprop([p], eps=0.0), "RMSprop with eps=0.0"),
        (lambda p: Adagrad([p], eps=-1.0), "Adagrad with eps=-1.0"),
        (lambda p: clip_grad_value_([p], 0.0), "clip_grad_value_ with max_value=0.0"),
        (lambda p: clip_grad_value_([p], "a"), "clip_grad_value_ with max_value='a'"),
        (lambda p: clip_grad_value_([p], True), "clip_grad_value_ with max_value=True"),
        (lambda p: clip_grad_norm_([p], True), "clip_grad_norm_ with max_norm=True"),
        (lambda p: clip_grad_norm_([p], None), "clip_grad_norm_ with max_norm=None"),
        (lambda p: clip_grad_norm_([p], 0.0), "clip_grad_norm_ with max_norm=0.0"),
        (lambda p: clip_grad_norm_([p], -1.0), "clip_grad_norm_ with max_norm=-1.0"),
        (lambda p: clip_grad_norm_([p], float("nan")), "clip_grad_norm_ with max_norm=nan"),
    ],
)
def test_settings_out_of_range(make, message):
    with pytest.raises(DataError) as caught:
        make(parameter(1.0, grad=[2.0]))
    assert (caught.value.message, bool(caught.value.hint)) == (message, True)


@pytest.mark.parametrize("clip", [clip_grad_norm_, clip_grad_value_])
@pytest.mark.parametrize(
    ("parameters", "kind"), [(5, "int"), (None, "NoneType"), ([parameter(1.0), "W"], "str"), ({"W": parameter(1.0)}, "str")]
)
def test_what_has_no_gradients_cannot_be_clipped(clip, parameters, kind):
    with pytest.raises(GraphError) as caught:
        clip(parameters, 1.0)
    assert (caught.value.message, bool(caught.value.hint)) == (f"gradients of a {kind} cannot be clipped", True)


@pytest.mark.parametrize(
    "constant", [lambda w: w.detach(), lambda w: tg.no_grad()(lambda: w[:1])()], ids=["detach", "no_grad view"]
)
def test_an_optimizer_step_leaves_recorded_constants_alone(constant):
    w, v = parameter(1.0), parameter(2.0)
    loss = (constant(w) * v).sum()
    w.grad = [1.0]
    SGD([w], lr=1.0).step()
    loss.backward()
    assert v.grad.tolist() == [1.0]


def test_an_optimizer_step_leaves_views_of_the_old_values_alone():
    w = parameter(1.0, 2.0)
    y = w.reshape(2, 1)
    w.grad = [1.0, 1.0]
    SGD([w], lr=1.0).step()
    assert y.data.tolist() == [[1.0], [2.0]]


def test_adam_counts_the_steps_of_each_parameter():
    p, late = parameter(1.0), parameter(1.0)
    optimizer = Adam([p, late], lr=0.1)
    for step in range(5):
        p.grad = [1.0]
        late.grad = [1.0] if step == 4 else None
        optimizer.step()
    np.testing.assert_allclose(late.data, [0.9], rtol=1e-6)


@pytest.mark.parametrize("clip", [clip_grad_norm_, clip_grad_value_])
def test_an_iterator_that_is_used_up_is_not_clipped(clip):
    parameters = iter([parameter(1.0, grad=[4.0])])
    clip(parameters, 1.0)
    with pytest.raises(GraphError, match="used-up iterator") as caught:
        clip(parameters, 1.0)
    assert caught.value.hint


@pytest.mark.parametrize("clip", [clip_grad_norm_, clip_grad_value_])
def test_a_limit_that_no_float_holds_cuts_nothing(clip):
    p = parameter(1.0, grad=[4.0])
    clip([p], 10**400)
    assert (p.grad.tolist(), p.grad.dtype) == ([4.0], np.float64)


def test_clipping_takes_one_tensor_or_a_module():
    w = parameter(3.0, 4.0)
    w.grad = [3.0, 4.0]
    assert clip_grad_norm_(w, 1.0) == 5.0
    np.testing.assert_allclose(w.grad, [0.6, 0.8])
    assert clip_grad_norm_(tg.nn.Linear(1, 1, rng=np.random.default_rng(0)), 1.0) == 0.0


@pytest.mark.parametrize(("make", "error"), [
    (lambda: SGD(tg.nn.RNNCell(3, 4, rng=np.random.default_rng(0)), 0.1), GraphError),
    (lambda: SGD(parameter(1.0), 0.1), GraphError),
    (lambda: SGD([w := parameter(1.0), w], 0.1), GraphError),
    (lambda: Adam([parameter(1.0)], eps=-1.0), DataError),
])  # fmt: skip
def test_what_cannot_be_optimized_is_refused(make, error):
    with pytest.raises(error) as caught:
        make()
    assert caught.value.hint
