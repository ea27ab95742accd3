"""The first difference between what was expected and what came, in words: kind, shape, identity, values."""

import re
import reprlib
from dataclasses import dataclass, fields, is_dataclass
from itertools import islice

import numpy as np

import tinygrad_rnn as tg

NEW = ("a new object", None)
SAME = 1e-8  # relative to the largest expected entry


@dataclass(frozen=True)
class Difference:
    """What is different, in one sentence, and the two sides of it."""

    sentence: str
    expected: str = ""
    yours: str = ""
    more: str = ""


def kind(value):
    """What it is, as people say it."""
    if value is None:
        return "nothing (None)"
    if isinstance(value, tg.Tensor):
        return "a Tensor"
    if isinstance(value, np.ndarray) and value.ndim:
        return "an array"
    if isinstance(value, (bool, int, float, complex, np.generic, np.ndarray)):
        return "a number"
    if isinstance(value, (list, tuple)):
        return "a list"
    if callable(value):
        return "a function"
    return f"a {type(value).__name__}"


def labels(arguments):
    """Every object among the arguments that has an identity (a node of a graph), by `id`: (how to say it, the object)."""
    found, lists, todo = {}, set(), [*reversed(arguments.items())]
    while todo:
        name, value = todo.pop()
        if isinstance(value, (list, tuple)):
            if id(value) in lists:  # a list may hold itself
                continue
            lists.add(id(value))
            todo += [(f"{name}[{k}]", part) for k, part in reversed([*enumerate(value)])]
        elif _has_identity(value) and id(value) not in found:
            name = name if len(name) < 30 else f"node {len(found)} of {name.partition('.')[0]}"
            found[id(value)] = name, value
            todo += [(f"{name}.{field.name}", getattr(value, field.name)) for field in reversed(fields(value))]
    return found


def changed(before, after):
    """The names of the arguments that are not what they were: they, or the objects in them."""
    known = labels(before), labels(after)
    if len(known[0]) != len(known[1]):
        return [name for name in before if labels({name: before[name]}).keys()]
    names = [name for name in before if difference(before[name], after[name], known=known)]
    for (label, old), (_, new) in zip(*(side.values() for side in known), strict=True):
        if any(difference(getattr(old, f.name), getattr(new, f.name), known=known) for f in fields(old)):
            names.append(re.split(r"[.\[]", label.rpartition(" of ")[2])[0])
    return [*dict.fromkeys(names)]


def difference(expected, got, name="the result", known=None):
    """None, or the first `Difference`. `known` is (labels of the expected side, labels of the other)."""
    known, here = known or ({}, {}), {"expected": "", "yours": ""}
    if id(expected) in known[0] or id(got) in known[1]:
        here = {"expected": known[0].get(id(expected), NEW)[0], "yours": known[1].get(id(got), NEW)[0]}
        if here["expected"] != here["yours"]:
            return Difference(f"{name} is not the object that it should be", **here)
        return None
    if kind(expected) != kind(got):
        return Difference(f"{name} is {kind(got)}; it should be {kind(expected)}")
    if isinstance(expected, (list, tuple)):
        if len(expected) != len(got):
            return Difference(f"{name} has {len(got)} {'entry' if len(got) == 1 else 'entries'}; it should have {len(expected)}",
                              _short(expected, known[0]), _short(got, known[1]))  # fmt: skip
        got = [*islice(got, len(expected))]  # a kind of list may say one length and have another
        if {kind(part) for part in (*expected, *got)} == {"a number"}:
            return _values(np.array(expected), np.array(got), name)
        pairs = [(f"{name}[{k}]", *pair) for k, pair in enumerate(zip(expected, got, strict=True))]
    elif isinstance(expected, dict):
        if expected.keys() != got.keys():
            return Difference(f"{name} has other keys than it should", _short([*expected]), _short([*got]))
        pairs = [(f"{name}[{key!r}]", expected[key], got[key]) for key in expected]
    elif is_dataclass(expected):
        pairs = [(f"{name}.{f.name}", getattr(expected, f.name), getattr(got, f.name, None)) for f in fields(expected)]
    elif isinstance(expected, tg.Tensor):
        return _values(expected.data, got.data, name)
    elif kind(expected) in ("an array", "a number"):
        return _values(np.asarray(expected), np.asarray(got), name)
    elif isinstance(expected, str):
        return None if expected == got else Difference(f"{name} is another text", reprlib.repr(expected), reprlib.repr(got))
    else:
        return None  # generators of random numbers, functions: what they are was compared
    return next((found for pair in pairs if (found := difference(pair[1], pair[2], pair[0], known))), None)


def _values(expected, got, name):
    if expected.shape != got.shape:
        return Difference(f"{name} has shape {got.shape}; it should have {expected.shape}")
    if got.dtype.kind not in "biufc":
        return Difference(f"{name} holds {got.dtype} values; it should hold numbers")
    a, b = np.asarray(expected, complex), np.asarray(got, complex)
    finite = np.abs(a[np.isfinite(a)])
    with np.errstate(all="ignore"):
        gap = np.where((a == b) | (np.isnan(a) & np.isnan(b)), 0.0, np.abs(a - b))
    wrong = ~(gap <= SAME * max(finite.max(initial=0.0), 1e-3))
    if not wrong.any():
        return None
    if not a.ndim:
        return Difference(f"{name} has a wrong value", *_pair(expected[()], got[()]))
    first = tuple(map(int, np.argwhere(wrong)[0]))
    place = f"[{','.join(map(str, first))}] = "
    right = "" if expected.ndim < 2 and expected.size < 2 else f" has the right shape {expected.shape} but"
    left, right_side = _pair(expected[first], got[first])
    more = f"{int(wrong.sum())} of {wrong.size} entries differ, largest gap {gap.max():.2g}"
    return Difference(f"{name}{right or ' has'} wrong values", place + left, place + right_side, more)


def _pair(a, b):
    """Two numbers with as many digits as it takes to see a difference."""
    pairs = (f"{a:+.4g}", f"{b:+.4g}"), (f"{a:+.12g}", f"{b:+.12g}"), (str(a), str(b))
    return next((pair for pair in pairs if pair[0] != pair[1]), pairs[-1])


def _short(value, names=None):
    """A list in a line; objects by the name that they have among the arguments."""
    names, few = names or {}, value[:20]
    shown = (names[id(x)][0] if id(x) in names else kind(x) if _has_identity(x) else reprlib.repr(x) for x in few)
    text = "[" + ", ".join(shown) + "]"
    return text if len(text) <= 60 and len(few) == len(value) else text[:57] + "..."


def _has_identity(value):
    return is_dataclass(value) and not isinstance(value, type)
