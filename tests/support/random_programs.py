"""Random programs over the ops of the engine, for two engines to run: the same seed is the same program everywhere.

A program is plain data: inputs as arrays, and steps (name, operands by number, settings). It is grown on NumPy arrays, so that nothing
here depends on what is tested; a step whose values are not finite, or large, is left out. Inputs hold special points (0, 1, -1, ties),
empty axes, axes of size 1 and both precisions.
"""

from dataclasses import dataclass, field

import numpy as np

SHAPES = [(), (1,), (3,), (2, 3), (1, 3), (2, 1), (0, 3), (2, 2, 3), (3, 3), (2, 0)]
LARGEST = 1e3


@dataclass
class Program:
    """What is computed: `inputs` are its leaves; value k is an input, or what step k - len(inputs) made."""

    inputs: list
    steps: list = field(default_factory=list)

    def run(self, engine, leaves):
        """The values that no other step used, in the order in which they were made."""
        values = list(leaves)
        for name, operands, settings in self.steps:
            values.append(engine[name](*[values[k] for k in operands], **settings))
        used = {k for _, operands, _ in self.steps for k in operands}
        return [value for k, value in enumerate(values) if k not in used and k >= len(leaves)]


def _softmax(x, axis):
    e = np.exp(x - x.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


NUMPY = {
    "add": np.add, "sub": np.subtract, "mul": np.multiply, "div": np.true_divide, "maximum": np.maximum, "minimum": np.minimum,
    "matmul": np.matmul, "power": np.power, "neg": np.negative, "exp": np.exp, "log": np.log, "tanh": np.tanh, "abs": np.abs,
    "sin": np.sin, "cos": np.cos, "sqrt": np.sqrt,
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "relu": lambda x: np.maximum(x, 0),
    "softplus": lambda x: np.logaddexp(x, 0),
    "softmax": _softmax,
    "log_softmax": lambda x, axis: np.log(_softmax(x, axis)),
    "pow": lambda x, exponent: x**exponent,
    "clip": lambda x, low, high: np.clip(x, low, high),
    "sum": lambda x, axis, keepdims: np.sum(x, axis=axis, keepdims=keepdims),
    "mean": lambda x, axis, keepdims: np.mean(x, axis=axis, keepdims=keepdims),
    "max": lambda x, axis, keepdims: np.max(x, axis=axis, keepdims=keepdims),
    "min": lambda x, axis, keepdims: np.min(x, axis=axis, keepdims=keepdims),
    "var": lambda x, axis, keepdims: np.var(x, axis=axis, keepdims=keepdims),
    "prod": lambda x, axis, keepdims: np.prod(x, axis=axis, keepdims=keepdims),
    "cumsum": lambda x, axis: np.cumsum(x, axis=axis),
    "reshape": lambda x, shape: np.reshape(x, shape),
    "transpose": lambda x, axes: np.transpose(x, axes),
    "broadcast_to": lambda x, shape: np.broadcast_to(x, shape),
    "getitem": lambda x, key: x[key],
    "take": lambda x, index: x[index],
    "where": lambda a, b, condition: np.where(condition, a, b),
    "concat": lambda a, b, axis: np.concatenate([a, b], axis=axis),
    "stack": lambda a, b, axis: np.stack([a, b], axis=axis),
    "scale": lambda x, by: x * by,
    "shift": lambda x, by: by - x,
}  # fmt: skip


def tinygrad_rnn():
    """The same names in this package."""
    import tinygrad_rnn as tg

    return {
        **{name: getattr(tg, name) for name in (
            "add", "sub", "mul", "div", "maximum", "matmul", "neg", "exp", "log", "tanh", "abs", "sin", "cos", "sigmoid", "relu", "sum",
            "max", "prod", "cumsum", "reshape", "transpose", "broadcast_to", "getitem", "take",
        )},
        "minimum": np.minimum,
        "power": lambda a, b: a**b,
        "sqrt": lambda x: x.sqrt(),
        **{name: getattr(tg.functional, name) for name in ("softplus", "softmax", "log_softmax")},
        "pow": lambda x, exponent: x**exponent,
        "clip": lambda x, low, high: x.clip(low, high),
        "mean": lambda x, axis, keepdims: x.mean(axis, keepdims),
        "min": lambda x, axis, keepdims: x.min(axis, keepdims),
        "var": lambda x, axis, keepdims: x.var(axis, 0, keepdims),
        "where": lambda a, b, condition: tg.where(condition, a, b),
        "concat": lambda a, b, axis: tg.concat([a, b], axis),
        "stack": lambda a, b, axis: tg.stack([a, b], axis),
        "scale": lambda x, by: x * by,
        "shift": lambda x, by: by - x,
    }  # fmt: skip


def torch():
    """The same names in PyTorch."""
    import torch

    def axes(x, axis):
        return tuple(range(x.ndim)) if axis is None else axis

    def whole(key):
        return tuple(torch.as_tensor(part) if isinstance(part, np.ndarray) else part for part in key)

    return {
        **{name: getattr(torch, name) for name in (
            "add", "sub", "mul", "div", "maximum", "minimum", "matmul", "neg", "exp", "log", "tanh", "abs", "sin", "cos", "sigmoid", "relu",
            "sqrt", "reshape",
        )},
        "power": torch.pow,
        "softplus": lambda x: torch.logaddexp(x, torch.zeros_like(x)),  # its own softplus is a straight line from 20 on
        "softmax": lambda x, axis: torch.softmax(x, axis),
        "log_softmax": lambda x, axis: torch.log_softmax(x, axis),
        "pow": lambda x, exponent: x**exponent,
        "clip": lambda x, low, high: torch.clamp(x, low, high),
        "sum": lambda x, axis, keepdims: torch.sum(x, axes(x, axis), keepdim=keepdims),
        "mean": lambda x, axis, keepdims: torch.mean(x, axes(x, axis), keepdim=keepdims),
        "max": lambda x, axis, keepdims: torch.amax(x, axes(x, axis), keepdim=keepdims),
        "min": lambda x, axis, keepdims: torch.amin(x, axes(x, axis), keepdim=keepdims),
        "var": lambda x, axis, keepdims: torch.var(x, axes(x, axis), correction=0, keepdim=keepdims),
        "prod": lambda x, axis, keepdims: torch.prod(x, axis, keepdim=keepdims),
        "cumsum": lambda x, axis: torch.cumsum(x, axis),
        "transpose": lambda x, axes: x.permute(axes),
        "broadcast_to": lambda x, shape: x.broadcast_to(shape),
        "getitem": lambda x, key: x[whole(key)],
        "take": lambda x, index: x[torch.as_tensor(index)],
        "where": lambda a, b, condition: torch.where(torch.as_tensor(condition), a, b),
        "concat": lambda a, b, axis: torch.cat([a, b], axis),
        "stack": lambda a, b, axis: torch.stack([a, b], axis),
        "scale": lambda x, by: x * by,
        "shift": lambda x, by: by - x,
    }  # fmt: skip


ONE = ["neg", "exp", "log", "tanh", "abs", "sin", "cos", "sqrt", "sigmoid", "relu", "softplus"]
TWO = ["add", "sub", "mul", "div", "maximum", "minimum", "matmul", "power", "where", "concat", "stack"]


def _settings(name, shape, rng):
    """Settings of an op for an operand of that shape, or None where it has none that fit."""
    ndim = len(shape)
    axis = int(rng.integers(-ndim, ndim)) if ndim else None
    if name in ("sum", "mean", "max", "min", "var"):
        return {"axis": axis if rng.random() < 0.7 else None, "keepdims": bool(rng.random() < 0.5)}
    if name in ("softmax", "log_softmax", "cumsum"):
        return {"axis": axis} if ndim else None
    if name == "prod":
        return {"axis": axis, "keepdims": bool(rng.random() < 0.5)} if ndim else None
    if name == "pow":
        return {"exponent": [2, 3, 0, 1, -1, 0.5, 2.0, -0.5][rng.integers(8)]}
    if name == "clip":
        return {"low": float(rng.integers(-2, 1)), "high": float(rng.integers(1, 3))}
    if name in ("scale", "shift"):
        return {"by": [0, 1, -2, 0.5, 3.0][rng.integers(5)]}
    if name == "reshape":
        size = int(np.prod(shape))
        return {"shape": [(size,), (1, size), (*shape, 1)][rng.integers(3)]}
    if name == "transpose":
        return {"axes": tuple(map(int, rng.permutation(ndim)))}
    if name == "broadcast_to":
        return {"shape": (2, *(3 if n == 1 else n for n in shape))}
    if not ndim or not shape[0]:
        return None
    if name == "getitem":
        first = [int(rng.integers(-shape[0], shape[0])), slice(0, shape[0], 2), rng.integers(0, shape[0], 3)][rng.integers(3)]
        return {"key": (first, slice(1, None)) if ndim > 1 and rng.random() < 0.5 else (first,)}
    return {"index": rng.integers(0, shape[0], (2, 2))}  # take


SET = ["sum", "mean", "max", "min", "var", "softmax", "log_softmax", "cumsum", "prod", "pow", "clip", "scale", "shift", "reshape",
       "transpose", "broadcast_to", "getitem", "take"]  # fmt: skip


def grown(seed, steps=8):
    """A program of about so many steps."""
    rng = np.random.default_rng(seed)
    inputs = []
    for _ in range(int(rng.integers(1, 4))):
        shape = SHAPES[rng.integers(len(SHAPES))]
        special = rng.choice([0.0, 1.0, -1.0, 2.0], shape)
        x = np.where(rng.random(shape) < 0.3, special, rng.normal(size=shape))
        inputs.append(np.asarray(x, np.float32 if rng.random() < 0.3 else np.float64))
    program, values = Program(inputs), list(inputs)
    for _ in range(3 * steps):
        if len(program.steps) == steps:
            break
        name = [ONE, TWO, SET][rng.integers(3)]
        name = name[rng.integers(len(name))]
        operands = [int(k) for k in rng.integers(0, len(values), 2 if name in TWO else 1)]
        x = values[operands[0]]
        settings = _settings(name, x.shape, rng) if name in SET else {}
        if name in ("concat", "stack"):
            settings = {"axis": int(rng.integers(0, x.ndim + (name == "stack")))} if x.ndim or name == "stack" else None
        if name == "where":
            settings = {"condition": rng.random(x.shape) < 0.5}
        if settings is None or (name == "power" and not (x > 0.1).all()) or (name == "matmul" and x.ndim != 2):
            continue
        dtypes = {values[k].dtype for k in operands}
        if len(dtypes) > 1 and (name == "matmul" or any(not values[k].ndim for k in operands)):
            continue  # PyTorch lets a tensor without axes count less than others, and multiplies only matrices of one dtype
        try:
            with np.errstate(all="ignore"):
                y = np.asarray(NUMPY[name](*[values[k] for k in operands], **settings), np.result_type(*dtypes))
        except ValueError:
            continue  # shapes that do not fit
        if y.size > 200 or not np.isfinite(y).all() or (np.abs(y) > LARGEST).any():
            continue
        program.steps.append((name, operands, settings))
        values.append(y)
    return program


def weights_of(shape, k):
    """Weights that turn a value into a number, for the gradient."""
    return np.random.default_rng(1000 + k).uniform(0.5, 1.5, shape)


def with_tinygrad_rnn(program):
    """(values, first gradients, second gradients), as arrays."""
    import tinygrad_rnn as tg

    leaves = [tg.Tensor(x, requires_grad=True) for x in program.inputs]
    values = program.run(tinygrad_rnn(), leaves)
    total = tg.Tensor(0.0)
    for k, y in enumerate(values):
        total = total + (y * weights_of(y.shape, k)).sum()
    if not total.requires_grad:  # products of no entries
        zeros = [np.zeros(x.shape, x.dtype) for x in program.inputs]
        return [y.numpy() for y in values], zeros, zeros
    first = tg.grad(total, leaves, create_graph=True)
    slope = tg.Tensor(0.0)
    for k, g in enumerate(first):
        slope = slope + (g * weights_of(g.shape, 50 + k)).sum()
    second = tg.grad(slope, leaves) if slope.requires_grad else [np.zeros(x.shape, x.dtype) for x in program.inputs]
    return [y.numpy() for y in values], [g.numpy() for g in first], second


def with_torch(program):
    """The same, from PyTorch."""
    import torch as library

    leaves = [library.tensor(x, requires_grad=True) for x in program.inputs]
    values = program.run(torch(), leaves)
    total = library.zeros((), dtype=library.float64)
    for k, y in enumerate(values):
        total = total + (y * library.tensor(weights_of(tuple(y.shape), k))).sum()
    first = [None] * len(leaves)
    if total.requires_grad:
        first = library.autograd.grad(total, leaves, create_graph=True, allow_unused=True)
    first = [library.zeros_like(x) if g is None else g for g, x in zip(first, leaves, strict=True)]
    slope = library.zeros((), dtype=library.float64)
    for k, g in enumerate(first):
        slope = slope + (g * library.tensor(weights_of(tuple(g.shape), 50 + k))).sum()
    second = [None] * len(leaves)
    if slope.requires_grad:
        second = library.autograd.grad(slope, leaves, allow_unused=True)
    second = [library.zeros_like(x) if g is None else g for g, x in zip(second, leaves, strict=True)]
    return tuple([y.numpy(force=True) for y in results] for results in (values, first, second))


def disagreements(found, expected, program):
    """What differs between the results of two engines: texts."""
    if not all(np.isfinite(g).all() for g in expected[1]):  # where the slope is infinite, its own slope is a convention
        found, expected = found[:2], expected[:2]
    precise = all(x.dtype == np.float64 for x in program.inputs)
    told = []
    for what, ours, theirs in zip(("value", "gradient", "second gradient"), found, expected, strict=False):
        if len(ours) != len(theirs):
            told.append(f"{len(ours)} {what}s, not {len(theirs)}")
        for k, (a, b) in enumerate(zip(ours, theirs, strict=False)):
            if a.dtype != b.dtype or a.shape != b.shape:
                told.append(f"{what} {k}: {a.dtype} {a.shape}, not {b.dtype} {b.shape}")
                continue
            a, b = (np.where(np.isinf(x), np.inf, x) for x in (a, b))  # the sign of a slope at -0.0
            scale = np.abs(b[np.isfinite(b)]).max(initial=1.0)
            if not np.allclose(
                a, b, rtol=0, atol=scale * ((1e-6 if what == "second gradient" else 1e-9) if precise else 2e-3), equal_nan=True
            ):
                told.append(f"{what} {k}: {a.tolist()}, not {b.tolist()}")
    return told
