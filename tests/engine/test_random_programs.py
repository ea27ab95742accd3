"""Random programs give PyTorch's values, dtypes, gradients and gradients of gradients."""

import json
from importlib.util import find_spec

import numpy as np
import pytest
import random_programs
import random_programs_values as reference

pytestmark = pytest.mark.filterwarnings(
    "ignore::RuntimeWarning", "ignore::UserWarning"
)  # of infinite slopes, of variances of nothing
KEPT = json.loads(reference.FILE.read_text(encoding="utf-8"))


def test_the_stored_sample_is_of_as_many_programs_as_it_should_and_of_all_ops():
    names = {name for seed in range(len(KEPT)) for name, _, _ in random_programs.grown(seed).steps}
    assert len(KEPT) == 300
    assert names == set(random_programs.NUMPY)


@pytest.mark.parametrize("tens", range(30))
def test_stored_programs(tens):
    for seed in range(10 * tens, 10 * tens + 10):
        program, expected = random_programs.grown(seed), KEPT[seed]
        found = reference.digest(random_programs.with_tinygrad_rnn(program))
        finite = all(np.isfinite(float(entry[4])) for entry in expected[1])
        loose = any(x.dtype == np.float32 for x in program.inputs)
        for order, (ours, theirs) in enumerate(zip(found[: 3 if finite else 2], expected, strict=False)):
            assert [entry[:2] for entry in ours] == [entry[:2] for entry in theirs], seed
            for a, b in zip(ours, theirs, strict=True):
                a, b = (np.array(x[2:], float) for x in (a, b))
                a, b = (np.where(np.isinf(x), np.inf, x) for x in (a, b))
                scale = max(1.0, b[2]) if np.isfinite(b[2]) else 1.0
                np.testing.assert_allclose(
                    a, b, rtol=0, atol=scale * (2e-3 if loose else (1e-9, 1e-9, 1e-6)[order]), err_msg=str(seed)
                )


@pytest.mark.torch
@pytest.mark.once
@pytest.mark.skipif(not find_spec("torch"), reason="needs torch")
@pytest.mark.parametrize("thousand", range(10))
def test_ten_thousand_programs_live(thousand):
    wrong = []
    for seed in range(1000 * thousand, 1000 * thousand + 1000):
        program = random_programs.grown(seed)
        found, expected = random_programs.with_tinygrad_rnn(program), random_programs.with_torch(program)
        wrong += [f"{seed}: {told}" for told in random_programs.disagreements(found, expected, program)]
    assert not wrong, "\n".join(wrong[:10])


def test_relu_and_maximum_send_nothing_where_they_are_off_even_of_an_infinite_gradient():
    import tinygrad_rnn as tg

    for off in (tg.relu, lambda x: tg.maximum(x, 0.0), lambda x: -np.minimum(-x, 0.0)):
        x = tg.Tensor([-1.0, 4.0], requires_grad=True)
        y = off(x)
        (tg.where([False, True], y, y * 1.0) ** 0.5).sum().backward()
        assert x.grad.tolist() == [0.0, 0.25]
