"""What `print(optimizer)` shows: its settings, how much it changes, and the groups where they differ."""

import numpy as np
import pytest

import tinygrad_rnn as tg


def parameters():
    return tg.nn.Linear(30, 50, rng=np.random.default_rng(0)).parameters()


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (tg.optim.SGD, "SGD(lr=0.1, momentum=0.0, dampening=0.0, weight_decay=0.0, nesterov=False; 2 parameters of 1,550 numbers)"),
        (tg.optim.Adagrad, "Adagrad(lr=0.1, eps=1e-10, weight_decay=0.0; 2 parameters of 1,550 numbers)"),
    ],
)  # fmt: skip
def test_an_optimizer_is_printed_in_a_line(make, text):
    optimizer = make(parameters(), lr=0.1)
    assert repr(optimizer) == str(optimizer) == text


@pytest.mark.parametrize("make", [tg.optim.Adam, tg.optim.AdamW, tg.optim.RMSprop])
def test_all_settings_are_told(make):
    optimizer = make(parameters(), lr=0.25)
    assert repr(optimizer).startswith(f"{make.__name__}(lr=0.25, ")
    assert all(f"{name}=" in repr(optimizer) for name in optimizer.settings if name != "steps")
    assert "steps" not in repr(optimizer)


def test_groups_are_told_with_what_they_set():
    W, b = parameters()
    b.requires_grad = False
    adam = tg.optim.Adam([{"params": [W]}, {"params": [b], "lr": 0.05, "weight_decay": 0.5}], lr=0.1)
    assert str(adam).splitlines()[1:] == [
        "  group 0: 1 parameter of 1,500 numbers",
        "  group 1: 1 parameter of 50 numbers, 1 frozen, lr=0.05, weight_decay=0.5",
    ]
    assert repr(adam).endswith("; 2 parameters of 1,550 numbers, 1 frozen)")
    adam.lr = 0.2  # a schedule changes that of all groups
    assert "lr=0.1," in str(adam).splitlines()[2]


def test_one_that_is_half_made_is_printed_too():
    class Early(tg.optim.Optimizer):
        settings = ("lr", "beta")

        def __init__(self, parameters):
            super().__init__(parameters, 0.1)
            self.shown = repr(self)
            self.beta = 0.5

    assert Early(parameters()).shown == "Early(lr=0.1; 2 parameters of 1,550 numbers)"
