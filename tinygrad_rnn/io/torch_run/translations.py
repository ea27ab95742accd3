"""PyTorch's functions in the ops of this package: by the last part of their names, with PyTorch's arguments.

What is not here, or is called in a way that is not foreseen here, becomes a node of its own (`foreign`). Every result is compared with
PyTorch's, so that a translation can be missing, but not wrong.
"""

from __future__ import annotations

from collections.abc import Callable
from inspect import Signature
from itertools import pairwise
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from ... import functional
from ...engine import primitives as ops
from ...engine.graph import Node
from ...engine.tensor import Tensor, as_tensor

__all__ = ["parted", "together", "translated", "written"]


def _add(a: Any, b: Any, *, alpha: float = 1) -> Tensor:
    return ops.add(a, b if alpha == 1 else ops.mul(b, alpha))


def _sub(a: Any, b: Any, *, alpha: float = 1) -> Tensor:
    return ops.sub(a, b if alpha == 1 else ops.mul(b, alpha))


def _addmm(b: Tensor, x: Tensor, W: Tensor, *, beta: float = 1, alpha: float = 1) -> Tensor:
    return _add(ops.mul(b, beta) if beta != 1 else b, x @ W, alpha=alpha)


def _linear(x: Tensor, W: Tensor, b: Tensor | None = None) -> Tensor:
    return x @ W.T if b is None else x @ W.T + b


def _reshape(x: Tensor, *shape: Any) -> Tensor:
    return x.reshape(tuple(shape[0]) if len(shape) == 1 and not isinstance(shape[0], int) else shape)


def _flatten(x: Tensor, start_dim: int = 0, end_dim: int = -1) -> Tensor:
    start, end = start_dim % max(x.ndim, 1), end_dim % max(x.ndim, 1)
    return x.reshape((*x.shape[:start], -1, *x.shape[end + 1 :]))


def _transpose(x: Tensor, dim0: int, dim1: int) -> Tensor:
    axes = list(range(x.ndim))
    axes[dim0], axes[dim1] = axes[dim1], axes[dim0]
    return x.transpose(*axes)


def _permute(x: Tensor, *dims: Any) -> Tensor:
    axes = dims[0] if len(dims) == 1 and not isinstance(dims[0], int) else dims
    return x.transpose(*(axis % x.ndim for axis in axes))


def _turned(x: Tensor) -> Tensor:
    return x.T if x.ndim > 1 else x


def _expand(x: Tensor, *sizes: Any) -> Tensor:
    shape = sizes[0] if len(sizes) == 1 and not isinstance(sizes[0], int) else sizes
    behind = len(shape) - x.ndim
    return ops.broadcast_to(x, tuple(x.shape[k - behind] if n == -1 else n for k, n in enumerate(shape)))


def _squeeze(x: Tensor, dim: Any = None) -> Tensor:
    axes = range(x.ndim) if dim is None else [axis % x.ndim for axis in ([dim] if isinstance(dim, int) else dim)]
    return x.reshape(tuple(n for k, n in enumerate(x.shape) if k not in axes or n != 1))


def _unsqueeze(x: Tensor, dim: int) -> Tensor:
    at = dim % (x.ndim + 1)
    return x.reshape((*x.shape[:at], 1, *x.shape[at:]))


def _getitem(x: Tensor, key: Any) -> Tensor:
    whole = (
        [k for k, part in enumerate(key) if not isinstance(part, slice) or part != slice(None)] if isinstance(key, tuple) else [0]
    )
    if len(whole) == 1 and type(one := key[whole[0]] if isinstance(key, tuple) else key) is int:
        return _along(x, whole[0], one)
    return x[tuple(key) if isinstance(key, list) and any(isinstance(part, slice) for part in key) else key]


def written(x: Tensor, key: Any, value: Any) -> Tensor:
    """x with other values at a key, as `x[key] = value` leaves it."""
    places = np.arange(x.size).reshape(x.shape)
    at = places[key]
    spread = (
        ops.broadcast_to(value, at.shape) if isinstance(value, Tensor) else np.broadcast_to(np.asarray(value, x.dtype), at.shape)
    )
    hit = np.isin(places, at)
    source = np.zeros(x.size, np.intp)
    source[at.reshape(-1)] = np.arange(at.size)
    new = as_tensor(spread).reshape(-1)[source.reshape(-1)].reshape(x.shape)
    return ops.where(hit, new, x)


def _along(x: Tensor, dim: int, part: Any) -> Tensor:
    """x at a part of one axis; of what was stacked along it, the part itself."""
    parts, axis = PARTS.get(x.node, ([], -1)) if x.node is not None else ([], -1)
    if parts and axis == dim % x.ndim and isinstance(part, int):
        return parts[part]
    return x[(slice(None),) * (dim % x.ndim) + (part,)]


def _select(x: Tensor, dim: int, index: int) -> Tensor:
    return _along(x, dim, index)


def _narrow(x: Tensor, dim: int, start: Any, length: int) -> Tensor:
    return _along(x, dim, slice(int(start), int(start) + length))


def _index_select(x: Tensor, dim: int, index: Any) -> Tensor:
    return _along(x, dim, index)


def parted(x: Tensor, dim: int = 0) -> list[Tensor]:
    """All parts of a tensor along an axis."""
    return [_along(x, dim, k) for k in range(x.shape[dim])]


def _split(x: Tensor, split_size: Any, dim: int = 0) -> list[Tensor]:
    n = x.shape[dim]
    sizes = [min(split_size, n - k) for k in range(0, n, split_size)] if isinstance(split_size, int) else list(split_size)
    ends = np.cumsum([0, *sizes]).tolist()
    return [_along(x, dim, slice(a, b)) for a, b in pairwise(ends)]


def _chunk(x: Tensor, chunks: int, dim: int = 0) -> list[Tensor]:
    return _split(x, -(-x.shape[dim] // chunks), dim)


def _cat(tensors: Any, dim: int = 0) -> Tensor:
    return ops.concat([t for t in tensors if t.shape != (0,)], dim)


PARTS: WeakKeyDictionary[Node, tuple[list[Tensor], int]] = WeakKeyDictionary()  # what was stacked, and along which axis


def together(tensors: Any, dim: int = 0) -> Tensor:
    """Tensors stacked along a new axis, which remembers them."""
    made = ops.stack(tensors, dim % (as_tensor(tensors[0]).ndim + 1))
    if made.node is not None:
        PARTS[made.node] = list(map(as_tensor, tensors)), dim % made.ndim
    return made


def _sum(x: Tensor, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
    return x.sum(axis=_axes(dim), keepdims=keepdim)


def _mean(x: Tensor, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
    return functional.mean(x, _axes(dim), keepdim)


def _largest(x: Tensor, dim: Any = None, keepdim: bool = False) -> Any:
    if isinstance(dim, Tensor):
        return ops.maximum(x, dim)
    if dim is None:
        return x.max()
    return [x.max(axis=dim, keepdims=keepdim), None]  # values, and where they stand


def _amax(x: Tensor, dim: Any = (), keepdim: bool = False) -> Tensor:
    return x.max(axis=_axes(dim or None), keepdims=keepdim)


def _axes(dim: Any) -> Any:
    return tuple(dim) if isinstance(dim, (list, tuple)) else dim


def _clamp(x: Tensor, min: Any = None, max: Any = None) -> Tensor:
    return x.clip(min, max)


def _where(condition: Any, a: Any, b: Any) -> Tensor:
    return ops.where(condition, a, b)


def _masked_fill(x: Tensor, mask: Any, value: Any) -> Tensor:
    return ops.where(mask, value, x)


def _classes_last(x: Tensor) -> Tensor:
    """PyTorch has the classes on axis 1, this package on the last one."""
    return x if x.ndim < 3 else x.transpose(0, *range(2, x.ndim), 1)


def _cross_entropy(
    x: Tensor, target: Any, weight: Any = None, *, reduction: str = "mean", ignore_index: int = -100, label_smoothing: float = 0.0
) -> Tensor:
    return functional.cross_entropy(
        _classes_last(x), target, weight=_plain(weight), reduction=reduction, ignore_index=ignore_index,
        label_smoothing=label_smoothing,
    )  # fmt: skip


def _nll_loss(x: Tensor, target: Any, weight: Any = None, *, reduction: str = "mean", ignore_index: int = -100) -> Tensor:
    return functional.nll_loss(_classes_last(x), target, weight=_plain(weight), reduction=reduction, ignore_index=ignore_index)


def _bce(x: Tensor, target: Any, weight: Any = None, *, pos_weight: Any = None, reduction: str = "mean") -> Tensor:
    return functional.binary_cross_entropy_with_logits(
        x, target, weight=_plain(weight), pos_weight=_plain(pos_weight), reduction=reduction
    )


def _plain(weight: Any) -> Any:
    return weight.data if isinstance(weight, Tensor) else weight


def _embedding(W: Tensor, ids: Any, padding_idx: int = -1, scale_grad_by_freq: bool = False, sparse: bool = False) -> Tensor:
    if padding_idx >= 0 or scale_grad_by_freq:
        raise NotImplementedError
    return ops.take(W, ids)


def _layer_norm(
    x: Tensor, shape: Any, weight: Any = None, bias: Any = None, eps: float = 1e-5, cudnn_enable: bool = True
) -> Tensor:
    if tuple(shape) != x.shape[-1:]:
        raise NotImplementedError
    return functional.layer_norm(x, weight, bias, eps)


def _packed(x: Tensor, lengths: Any, batch_first: bool) -> list[Any]:
    """The rows of every step under each other, as `pack_padded_sequence` orders them; the longest sequence comes first."""
    steps = [
        x[: int((lengths > t).sum()), t] if batch_first else x[t, : int((lengths > t).sum())] for t in range(int(lengths.max()))
    ]
    return [_cat(steps), None]


def _padded(data: Tensor, sizes: Any, batch_first: bool, padding_value: float, total_length: int) -> list[Any]:
    """`pad_packed_sequence`: zeros, or what is given, behind the end of each sequence."""
    ends = np.cumsum([0, *sizes]).tolist()
    rows, wide = int(sizes[0]), data.shape[1:]
    steps = []
    for a, b in pairwise(ends):
        missing = rows - (b - a)
        behind = np.full((missing, *wide), padding_value, data.dtype)
        steps.append(ops.concat([data[a:b], behind], 0) if missing else data[a:b])
    return [together(steps, 1 if batch_first else 0), None]


def _same(x: Tensor, *args: Any, **settings: Any) -> Tensor:
    return x


def _detach(x: Tensor) -> Tensor:
    return x.detach()


def _sqrt(x: Tensor) -> Tensor:
    return x**0.5


TRANSLATIONS: dict[str, Callable[..., Any]] = {
    "add": _add, "sub": _sub, "subtract": _sub, "mul": ops.mul, "multiply": ops.mul, "div": ops.div, "true_divide": ops.div,
    "truediv": ops.div, "divide": ops.div, "neg": ops.neg, "negative": ops.neg, "rsub": lambda a, b: ops.sub(b, a), "pow": ops.pow,
    "radd": lambda a, b: ops.add(b, a), "rmul": lambda a, b: ops.mul(b, a), "rtruediv": lambda a, b: ops.div(b, a),
    "rpow": lambda a, b: ops.pow(b, a), "square": lambda x: x**2, "sqrt": _sqrt, "rsqrt": lambda x: x**-0.5,
    "reciprocal": lambda x: ops.div(1.0, x), "exp": ops.exp, "log": ops.log, "sin": ops.sin, "cos": ops.cos, "abs": ops.abs,
    "tanh": ops.tanh, "sigmoid": ops.sigmoid, "relu": ops.relu, "softplus": lambda x, beta=1, threshold=20: functional.softplus(x),
    "silu": lambda x: x * ops.sigmoid(x), "maximum": ops.maximum,
    "matmul": ops.matmul, "rmatmul": lambda a, b: ops.matmul(b, a), "mm": ops.matmul, "bmm": ops.matmul, "mv": ops.matmul,
    "dot": ops.matmul, "addmm": _addmm, "baddbmm": _addmm, "addmv": _addmm, "linear": _linear,
    "view": _reshape, "reshape": _reshape, "flatten": _flatten, "transpose": _transpose, "swapaxes": _transpose, "t": _turned,
    "T": _turned, "mT": lambda x: _transpose(x, -1, -2), "permute": _permute, "expand": _expand, "squeeze": _squeeze,
    "expand_as": lambda x, other: ops.broadcast_to(x, other.shape), "view_as": lambda x, other: x.reshape(other.shape),
    "unsqueeze": _unsqueeze, "contiguous": _same, "clone": _same, "cpu": _same, "to": _same, "float": _same, "double": _same,
    "type_as": _same, "requires_grad_": _same, "detach": _detach, "data": _detach,
    "getitem": _getitem, "select": _select, "narrow": _narrow, "index_select": _index_select, "unbind": parted, "split": _split,
    "split_with_sizes": _split, "tensor_split": _split, "chunk": _chunk, "cat": _cat, "concat": _cat, "stack": together,
    "sum": _sum, "mean": _mean, "max": _largest, "amax": _amax, "clamp": _clamp, "clip": _clamp,
    "cumsum": lambda x, dim: ops.cumsum(x, dim),
    "where": _where, "masked_fill": _masked_fill, "einsum": ops.einsum, "embedding": _embedding, "layer_norm": _layer_norm,
    "_pack_padded_sequence": _packed, "_pad_packed_sequence": _padded,
    "softmax": lambda x, dim, dtype=None: functional.softmax(x, dim),
    "log_softmax": lambda x, dim, dtype=None: functional.log_softmax(x, dim),
}  # fmt: skip

IGNORED = {"size_average": None, "reduce": None, "_stacklevel": 3, "dtype": None, "inplace": False}

# functions of torch.nn.functional, by their names there
FUNCTIONAL: dict[str, Callable[..., Any]] = {
    "relu": ops.relu, "tanh": ops.tanh, "sigmoid": ops.sigmoid, "softmax": functional.softmax, "log_softmax": functional.log_softmax,
    "silu": lambda x: x * ops.sigmoid(x), "layer_norm": _layer_norm,
    "embedding": lambda ids, W, padding_idx=None: ops.take(W, ids) if padding_idx is None else _embedding(W, ids, 0),
    "cross_entropy": _cross_entropy, "nll_loss": _nll_loss, "binary_cross_entropy_with_logits": _bce,
    "mse_loss": functional.mse_loss, "l1_loss": functional.l1_loss, "huber_loss": functional.huber_loss,
}  # fmt: skip


def translated(name: str, signature: Signature | None, args: Any, kwargs: Any) -> Any:
    """The result of a function, from what stands for its arguments. `signature` is that of one of torch.nn.functional.

    Raises whatever the translation raises, and `NotImplementedError` without one.
    """
    if signature is None:
        if name not in TRANSLATIONS:
            raise NotImplementedError(name)
        return TRANSLATIONS[name](*args, **kwargs)
    given = signature.bind(*args, **kwargs).arguments
    positional, settings = list(given.items())[:2], dict(list(given.items())[2:])
    if any(settings.get(key, usual) != usual for key, usual in IGNORED.items()):
        raise NotImplementedError(name)
    plain = {
        key: value
        for key, value in settings.items()
        if key not in IGNORED and not _usual(value, signature.parameters[key].default)
    }
    leading = [value for key, value in positional if key not in IGNORED]
    return FUNCTIONAL[name](*leading, **plain)


def _usual(value: Any, default: Any) -> bool:
    return value is default or (isinstance(value, (bool, int, float, str)) and value == default)
