"""Records that hold arrays are equal to themselves alone: NumPy has no one answer to `==`, and arrays have no hash."""

import dataclasses
import importlib
import pkgutil
import re

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn.train.history import Log

ARRAYS = re.compile(r"\b(Array|NDArray|ndarray|Tensor)\b")


def holds_arrays(kind):
    return any(ARRAYS.search(str(field.type)) for field in dataclasses.fields(kind))


def has_identity(kind):
    return kind.__eq__ is object.__eq__ and kind.__hash__ is object.__hash__


def exported():
    """Every dataclass that a module of the package exports, each once."""
    found = {}
    for info in pkgutil.walk_packages(tg.__path__, "tinygrad_rnn."):
        if not info.name.endswith("__main__"):
            module = importlib.import_module(info.name)
            for name in getattr(module, "__all__", ()):
                value = getattr(module, name)
                if isinstance(value, type) and dataclasses.is_dataclass(value):
                    found[f"{value.__module__}.{value.__qualname__}"] = value
    return found


HOLDERS = {name: kind for name, kind in exported().items() if holds_arrays(kind)}


def test_those_that_hold_arrays_are_found():
    names = {name.rpartition(".")[2] for name in HOLDERS}
    assert names >= {"History", "Labelled", "Event", "Message", "Record", "PackedSequence", "Gate"}


@pytest.mark.parametrize("name", HOLDERS)
def test_a_record_with_arrays_is_equal_to_itself_alone(name):
    assert has_identity(HOLDERS[name])


def shows_arrays(kind):
    """Whether its repr is the one that dataclasses make, of all fields, and arrays are among them."""
    made = hasattr(kind.__repr__, "__wrapped__")  # what dataclasses make is wrapped, since a record may hold itself
    return made and any(field.repr and ARRAYS.search(str(field.type)) for field in dataclasses.fields(kind))


INSIDE = {"tinygrad_rnn.train.loop.Loop", "tinygrad_rnn.train.training_state.TrainingState"}  # nobody is given one


@pytest.mark.parametrize("name", sorted({*HOLDERS} - INSIDE))
def test_a_record_with_arrays_is_short_where_it_is_printed(name):
    assert not shows_arrays(HOLDERS[name])


def test_what_probes_find_is_short_where_it_is_printed():
    cell = tg.nn.LSTMCell(4, 8, rng=np.random.default_rng(0))
    hs, _ = tg.nn.unroll(cell, np.ones((2, 100, 4)))
    loss = (hs[-1] ** 2).sum()
    found = [tg.probe.activation_memory(loss), tg.probe.truncation(loss), *tg.probe.gates(loss).values()]
    found.append(tg.probe.landscape(lambda x: (x**2).sum(), np.zeros(3), [np.ones(3), np.eye(3)[0]]))
    assert [len(repr(record)) < 250 for record in found] == [True] * len(found)
    assert repr(found[1]) == "Truncation(k (100,), cosine (100,), norm_ratio (100,))"
    assert repr(found[-1]) == "Landscape(axes (51,) and (51,), values (51, 51))"


def test_a_dataclass_as_it_comes_is_noticed():
    @dataclasses.dataclass(frozen=True)
    class Faulty:
        values: "np.ndarray"

    assert holds_arrays(Faulty)
    assert shows_arrays(Faulty)
    assert not has_identity(Faulty)


def labelled():
    return tg.data.files.Labelled(("good", "bad"), np.array([1, 0]), ("bad", "good"), "films.csv")


def history():
    log = Log()
    log.add(1.0, 2.0, 0.1)
    log.add(0.5, 1.0, 0.1)
    return log.history()


def event():
    w = tg.Tensor([1.0, 2.0], requires_grad=True)
    return next(iter(tg.backward_steps((w * w).sum())))


def message():
    return event().sent[0]


@pytest.mark.parametrize("make", [labelled, history, event, message])
def test_they_can_be_compared_and_put_into_sets(make):
    one, other = make(), make()
    assert one == one
    assert one != other
    assert len({one, other, one}) == 2
