"""A printed program, run alone, gives the loss and the gradients of the engine: every op, every model, random programs."""

import numpy as np
import op_cases
import pytest
import random_programs
from programs import LOSSES, run_alone

import tinygrad_rnn as tg

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")  # infinite slopes of random programs


def check(loss, atol=1e-10):
    graph = tg.snapshot(loss)
    program = tg.program.program_of(graph)
    value, gradients = run_alone(program)
    np.testing.assert_allclose(value, loss.numpy(), rtol=0, atol=atol, equal_nan=True)
    wanted = {id(r.value): r.grad for r in graph.parameters if r.grad is not None}
    assert {id(p.array) for p in program.gradients} == set(wanted)
    for parameter, found in zip(program.gradients, gradients, strict=True):
        expected = wanted[id(parameter.array)]
        assert found.shape == expected.shape
        assert found.dtype == parameter.array.dtype
        scale = max(1.0, float(np.abs(expected[np.isfinite(expected)]).max(initial=0.0)))
        np.testing.assert_allclose(found, expected, rtol=0, atol=atol * scale, equal_nan=True)
    return program


@pytest.mark.parametrize(("op", "case"), op_cases.ALL, ids=op_cases.NAMES)
def test_every_op_once(op, case):
    xs = [tg.Tensor(x, requires_grad=True, name=f"x{k}") for k, x in enumerate(op_cases.inputs(case))]
    y = op_cases.function(op, case)(*xs)
    check((y * np.linspace(0.5, 1.5, y.size).reshape(y.shape)).sum())


@pytest.mark.parametrize(("op", "case"), op_cases.ALL, ids=op_cases.NAMES)
@pytest.mark.parametrize("shared", [False, True], ids=["of rows", "of a row and a whole"])
def test_every_op_at_every_step(op, case, shared):
    """With another row of the inputs at each step: all steps at once, where NumPy can."""
    T = 4
    wholes = [
        tg.Tensor(np.stack([op_cases.inputs(case, seed)[k] for seed in range(T)]), requires_grad=True, name=f"x{k}")
        for k in range(len(case.shapes))
    ]
    alone = tg.Tensor(op_cases.inputs(case, 9)[-1], requires_grad=True, name="alone")
    ys = []
    for t in range(T):
        with tg.time_step(t + 1):
            rows = [whole[t] for whole in wholes]
            if shared:
                rows[-1] = alone if len(rows) > 1 else rows[-1] * alone
            y = op_cases.function(op, case)(*rows)
            ys.append(y * np.linspace(0.5, 1.5, y.size).reshape(y.shape) * (t + 1.0))
    program = check(sum(y.sum() for y in ys))
    assert any(v.lane for v in program.values) or not any(v.size for v in (y.numpy() for y in ys))


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("T", [1, 2, 3, 4, 9])
def test_every_model_at_every_length(name, T):
    check(LOSSES[name](np.random.default_rng(T), T), 1e-5 if name == "float32" else 1e-10)


@pytest.mark.parametrize("hundred", range(3))
def test_random_programs(hundred):
    for seed in range(100 * hundred, 100 * hundred + 100):
        plan = random_programs.grown(seed)
        leaves = [tg.Tensor(x, requires_grad=True) for x in plan.inputs]
        ends = plan.run(random_programs.tinygrad_rnn(), leaves)
        loss = sum((end * random_programs.weights_of(end.shape, k)).sum() for k, end in enumerate(ends))
        check(loss, 1e-3 if any(x.dtype == np.float32 for x in plan.inputs) else 1e-9)
