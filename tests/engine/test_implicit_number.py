"""A recorded tensor becomes a number where the caller says so, and nowhere else, however the call is written."""

import array
import concurrent.futures
import ctypes
import functools
import math
import operator
import struct
import threading

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn.errors import DtypeError, GraphError


def through_a_name(t):
    f = np.zeros(3).fill
    f(t)


def in_a_sum(t):
    return 1 + math.exp(t if t > 0 else -t) + 2


def in_a_handler(t):
    try:
        raise KeyError
    except KeyError:
        return math.exp(t)


def in_blocks(t):
    try:
        with tg.scope("a"):
            for k in range(2):
                if k:
                    math.exp(t)
    finally:
        pass


def to_an_attribute(t):
    class Point(ctypes.Structure):
        _fields_ = (("x", ctypes.c_double),)

    Point().x = t


def in_a_walrus(t):
    return math.exp(u := t), u


def after_a_chain(t):
    return math.pow(2 if 0 < t < 1 < 2 else 3, t)


SILENT = [
    through_a_name,
    in_a_sum,
    in_a_handler,
    in_blocks,
    to_an_attribute,
    in_a_walrus,
    after_a_chain,
    lambda t: math.exp(*[t]),
    lambda t: math.exp(*[t], **{}),
    lambda t: math.hypot(*[1, 2], t),
    lambda t: math.exp(t if t > 0 else -t),
    lambda t: math.exp(None or t),
    lambda t: math.exp(t) if t > 0 else 0,
    lambda t: math.exp(float(1) * t),
    lambda t: math.exp(f"{t:.2f}" and t),
    lambda t: [math.exp(x) for x in [t]],
    lambda t: sum(math.exp(x) for x in [t]),
    lambda t: (lambda f=math.exp: f(t))(),
    lambda t: list(map(math.exp, [t])),
    lambda t: functools.partial(math.exp)(t),
    lambda t: [math.exp][0](t),
    lambda t: operator.setitem(np.zeros(3), 0, t),
    lambda t: np.fromiter([t], float),
    lambda t: np.zeros(3).put(0, values=t),
    lambda t: array.array("d", [t]),
    lambda t: array.array("d").append(t),
    lambda t: struct.pack("d", t),
    lambda t: ctypes.c_double(t),
]


@pytest.mark.parametrize("convert", SILENT)
def test_nobody_said_so(convert):
    w = tg.Tensor(0.5, requires_grad=True, name="w")
    for t in (w, w * 1.0):
        with pytest.raises((GraphError, TypeError, ValueError, struct.error)) as caught:
            convert(t)
        told = caught.value.__cause__ or caught.value  # NumPy and struct say it in their own words, because of ours
        assert isinstance(told, (GraphError, DtypeError, struct.error)), told


class Metres(float):
    pass


def unpacked(t):
    a, b = map(float, [t, t])
    return a + b


def walked(t):
    return [x for x in map(int, [t])]


def kept(t):
    numbers = map(float, [t])
    return math.fsum(numbers)


def under_another_name(t, kind=float):
    return kind(t)


def in_an_executor(t):
    with concurrent.futures.ThreadPoolExecutor() as executor:
        return list(executor.map(float, [t, t]))


def in_a_thread(t):
    thread = threading.Thread(target=float, args=(t,))
    thread.start()
    thread.join()


SAID = [
    float,
    complex,
    Metres,
    unpacked,
    walked,
    kept,
    under_another_name,
    in_an_executor,
    in_a_thread,
    lambda t: float(*[t]),
    lambda t: float(t if t > 0 else -t),
    lambda t: int(t) + float(t),
    lambda t: f"{t:.2f}" + "%.2f" % t,  # noqa: UP031
    lambda t: math.fsum(map(float, [t])),
    lambda t: math.exp(float(t if t > 0 else -t)),
    lambda t: sorted([t, t], key=float),
    lambda t: max([t, t], key=float, default=3),
    lambda t: print(*map(float, [t])),
    lambda t: [*map(float, [t])],
    lambda t: np.fromiter(map(float, [t]), float),
    lambda t: np.fromiter((float(x) for x in [t]), float),
    lambda t: np.array(list(map(float, [t]))),
    lambda t: np.zeros(3).fill(float(t)),
    lambda t: operator.setitem(np.zeros(3), 0, float(t)),
    lambda t: dict(a=float(t), **{"b": int(t)}),
]


@pytest.mark.parametrize("convert", SAID)
def test_somebody_said_so(convert):
    w = tg.Tensor(0.5, requires_grad=True, name="w")
    for t in (w, w * 1.0):
        convert(t)
