"""What the tests of pages share: how a page is taken apart, and the losses behind the pages."""

import base64
import json
import re
import zlib
from functools import cache

import drawing_networks as networks
import numpy as np

import tinygrad_rnn as tg

HOSTILE = (
    "</script><script>window.pwned = 1</script>",
    "<!--",
    "\"'><img src=x onerror=window.pwned=2>",
    "\u2028\u2029'); window.pwned = 3",
    "\u202e\u05d0 right to left \u202c",
    "</style></noscript><svg onload=window.pwned=4>",
)


@cache
def loss_of(cell="LSTM", T=3, loss="last"):
    return networks.loss_of(cell, "plain", T, loss)


def expression():
    a, b, c = (tg.Tensor(value, requires_grad=True, name=name) for value, name in ((2.0, "a"), (-3.0, "b"), (0.5, "c")))
    return tg.tanh((a * b + c) * -0.1 - 0.5)


def hostile():
    """A loss of two steps whose names try to break out of the page."""
    w = tg.Tensor(np.full((2, 2), 0.5), requires_grad=True, name=HOSTILE[0])
    h = tg.Tensor(np.zeros((1, 2)), name=HOSTILE[1])
    for t in (1, 2):
        with tg.time_step(t), tg.scope(HOSTILE[5]):
            h = tg.named(tg.tanh(h @ w + tg.Tensor(np.ones((1, 2)), name=HOSTILE[1 + t])), HOSTILE[4])
    return (h**2).sum()


def between(text, start, end):
    found = re.findall(re.escape(start) + "(.*?)" + re.escape(end), text, re.DOTALL)
    assert len(found) == 1, (start, len(found))
    return found[0]


def head_of(text):
    return json.loads(between(text, '<script type="application/json" id="head">', "</script>"))


def chunks_of(text):
    found = re.findall(r'<script type="text/plain" id="chunk-(\d+)">([^<]*)</script>', text)
    assert [int(k) for k, _ in found] == list(range(len(found)))
    return [json.loads(zlib.decompress(base64.b64decode(data))) for _, data in found]
