"""The primitives as functions: each records one node (see `engine/ops.py` for how it is computed and differentiated).

All take Tensors, arrays or numbers and return a Tensor. Shapes broadcast as in NumPy; what does not fit raises a `ShapeError`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import accumulate
from math import prod as prod_of
from typing import Any

import numpy as np

from ..errors import DataError, DtypeError, ShapeError
from ..shared.array_type import Index, array_given
from ..shared.checks import check_kind, is_whole, short
from . import ops
from .arrays import is_basic
from .dtypes import as_array
from .numpy_protocol import RECORDED
from .scopes import here, place_of
from .tensor import Tensor, TensorLike, apply1, apply2, apply_list, as_pair, as_tensor, matmul, one_axis, plain_key
from .tensor import power as pow

__all__ = [
    "abs", "add", "broadcast_to", "concat", "cos", "cumsum", "div", "einsum", "exp", "getitem", "log", "matmul", "max", "maximum",
    "mul", "neg", "place", "pow", "prod", "relu", "reshape", "sigmoid", "sin", "split", "stack", "sub", "sum", "take", "tanh",
    "transpose", "where",
]  # fmt: skip


def add(a: TensorLike, b: TensorLike) -> Tensor:
    """a + b.

    >>> import tinygrad_rnn as tg
    >>> tg.add([1.0, 2.0], 10.0)
    Tensor([11., 12.])
    """
    return apply2(ops.ADD, *as_pair(a, b))


def sub(a: TensorLike, b: TensorLike) -> Tensor:
    """a - b.

    >>> import tinygrad_rnn as tg
    >>> tg.sub([1.0, 2.0], 10.0)
    Tensor([-9., -8.])
    """
    return apply2(ops.SUB, *as_pair(a, b))


def mul(a: TensorLike, b: TensorLike) -> Tensor:
    """a * b, entry by entry.

    >>> import tinygrad_rnn as tg
    >>> tg.mul([[1.0], [2.0]], [3.0, 4.0])
    Tensor([[3., 4.],
            [6., 8.]])
    """
    return apply2(ops.MUL, *as_pair(a, b))


def div(a: TensorLike, b: TensorLike) -> Tensor:
    """a / b, entry by entry.

    >>> import tinygrad_rnn as tg
    >>> tg.div([1.0, 2.0], 4.0)
    Tensor([0.25, 0.5 ])
    """
    return apply2(ops.DIV, *as_pair(a, b))


def neg(x: TensorLike) -> Tensor:
    """-x.

    >>> import tinygrad_rnn as tg
    >>> tg.neg([1.0, -2.0])
    Tensor([-1.,  2.])
    """
    return -as_tensor(x)


def exp(x: TensorLike) -> Tensor:
    """e to the power of each entry.

    >>> import tinygrad_rnn as tg
    >>> tg.exp([0.0, 1.0]).data.round(3)
    array([1.   , 2.718])
    """
    return apply1(ops.EXP, as_tensor(x))


def log(x: TensorLike) -> Tensor:
    """The natural logarithm of each entry; entries must be positive.

    >>> import tinygrad_rnn as tg
    >>> tg.log([1.0, 10.0]).data.round(3)
    array([0.   , 2.303])
    """
    return apply1(ops.LOG, as_tensor(x))


def sin(x: TensorLike) -> Tensor:
    """The sine of each entry, in radians.

    >>> import tinygrad_rnn as tg
    >>> tg.sin([0.0, 1.0]).data.round(3)
    array([0.   , 0.841])
    """
    return apply1(ops.SIN, as_tensor(x))


def cos(x: TensorLike) -> Tensor:
    """The cosine of each entry, in radians.

    >>> import tinygrad_rnn as tg
    >>> tg.cos([0.0, 1.0]).data.round(3)
    array([1.  , 0.54])
    """
    return apply1(ops.COS, as_tensor(x))


def tanh(x: TensorLike) -> Tensor:
    """The hyperbolic tangent of each entry, in (-1, 1).

    >>> import tinygrad_rnn as tg
    >>> tg.tanh([0.0, 100.0])
    Tensor([0., 1.])
    """
    return apply1(ops.TANH, as_tensor(x))


def sigmoid(x: TensorLike) -> Tensor:
    """The logistic function 1 / (1 + exp(-x)) of each entry, in (0, 1); no overflow at any x.

    >>> import tinygrad_rnn as tg
    >>> tg.sigmoid([-1000.0, 0.0, 1000.0])
    Tensor([0. , 0.5, 1. ])
    """
    return apply1(ops.SIGMOID, as_tensor(x))


def relu(x: TensorLike) -> Tensor:
    """max(x, 0) of each entry; the gradient at 0 is taken as 0.

    >>> import tinygrad_rnn as tg
    >>> x = tg.Tensor([-1.0, 0.0, 2.0], requires_grad=True)
    >>> tg.relu(x).data, tg.grad(tg.relu(x).sum(), x)
    (array([0., 0., 2.]), array([0., 0., 1.]))
    """
    return apply1(ops.RELU, as_tensor(x))


def abs(x: TensorLike) -> Tensor:
    """The absolute value of each entry; the gradient at 0 is taken as 0.

    >>> import tinygrad_rnn as tg
    >>> x = tg.Tensor([-1.0, 0.0, 2.0], requires_grad=True)
    >>> tg.abs(x).data, tg.grad(tg.abs(x).sum(), x)
    (array([1., 0., 2.]), array([-1.,  0.,  1.]))
    """
    return apply1(ops.ABS, as_tensor(x))


def maximum(a: TensorLike, b: TensorLike) -> Tensor:
    """The larger of a and b, entry by entry; at a tie each gets half of the gradient.

    >>> import tinygrad_rnn as tg
    >>> x = tg.Tensor([1.0, 2.0, 3.0], requires_grad=True)
    >>> tg.maximum(x, 2.0).data, tg.grad(tg.maximum(x, 2.0).sum(), x)
    (array([2., 2., 3.]), array([0. , 0.5, 1. ]))
    """
    return apply2(ops.MAXIMUM, *as_pair(a, b))


def where(condition: Any, a: TensorLike, b: TensorLike) -> Tensor:
    """a where the condition holds, else b. The condition is data: no gradient flows into it.

    >>> import tinygrad_rnn as tg
    >>> tg.where([True, False], 1.0, [5.0, 6.0])
    Tensor([1., 6.])
    """
    values = as_array(condition).astype(bool)
    return apply2(ops.WHERE, *as_pair(a, b), values)


def sum(x: TensorLike, axis: int | tuple[int, ...] | None = None, keepdims: bool = False) -> Tensor:
    """The sum over `axis`, over everything if None.

    >>> import tinygrad_rnn as tg
    >>> tg.sum([[1.0, 2.0], [3.0, 4.0]], axis=0)
    Tensor([4., 6.])
    """
    return as_tensor(x).sum(axis, keepdims)


def cumsum(x: TensorLike, axis: int | None = None) -> Tensor:
    """The sums of all entries up to each one, along an axis; of all entries in one row if None.

    >>> import tinygrad_rnn as tg
    >>> tg.cumsum([1.0, 2.0, 3.0], axis=0)
    Tensor([1., 3., 6.])
    """
    x = as_tensor(x)
    if axis is None:
        x, axis = x.reshape(-1), 0
    return apply1(ops.CUMSUM, x, one_axis(axis, x.ndim, "cumsum"))


def prod(x: TensorLike, axis: int | tuple[int, ...] | None = None, keepdims: bool = False) -> Tensor:
    """The product of the entries along `axis` (of all if None). Gradients of any order are right where entries are 0, too.

    Pairs are multiplied, then pairs of pairs: twice as many entries take one round more.

    >>> import tinygrad_rnn as tg
    >>> tg.prod([[1.0, 2.0], [3.0, 4.0]], axis=1)
    Tensor([ 2., 12.])
    """
    x = as_tensor(x)
    named = range(x.ndim) if axis is None else axis if isinstance(axis, (tuple, list)) else [axis]
    axes = [one_axis(k, x.ndim, "prod") for k in named]
    if len(set(axes)) < len(axes):
        raise ShapeError(f"prod(axis={short(axis)}) of a tensor of shape {x.shape}", hint="each axis is named once")
    others = [k for k in range(x.ndim) if k not in axes]
    shape = tuple(1 if k in axes else size for k, size in enumerate(x.shape) if k in others or keepdims)
    if axis is None:
        x, at = x.reshape(-1), 0
    elif len(axes) == 1:
        at = axes[0]
    else:
        x, at = x.transpose(*axes, *others).reshape(prod_of(x.shape[k] for k in axes), *(x.shape[k] for k in others)), 0
    before = (slice(None),) * at
    if not x.shape[at]:
        return as_tensor(np.ones(shape, x.dtype))
    while (n := x.shape[at]) > 1:
        even = n - n % 2
        first, second, last = (
            x[key] for key in [(*before, slice(0, even, 2)), (*before, slice(1, n, 2)), (*before, slice(even, n))]
        )
        x = concat([first * second, last], at) if n % 2 else first * second
    return x if x.shape == shape else x.reshape(shape)


def einsum(subscripts: str, *operands: TensorLike) -> Tensor:
    """The products of tensors by Einstein's rule: a letter an axis; letters that the result does not name are summed over.

    `subscripts` such as "bik,bkj->bij"; without an arrow, the result has the letters that appear once, in alphabetical order. Three
    operands and more are multiplied from left to right. Raises `DataError` for anything but letters, `ShapeError` for sizes that
    differ. A letter appears once in each operand.

    >>> import tinygrad_rnn as tg
    >>> tg.einsum("ij,kj->ik", [[1.0, 2.0]], [[3.0, 4.0], [5.0, 6.0]])
    Tensor([[11., 17.]])
    """
    check_kind("einsum of", subscripts, str, 'say the axes as letters: "ij,jk->ik"')
    inputs, arrow, result = subscripts.replace(" ", "").partition("->")
    texts = inputs.split(",")
    if not arrow:
        result = "".join(sorted(letter for letter in inputs if letter != "," and inputs.count(letter) == 1))
    if any((text and not (text.isascii() and text.isalpha())) or len(set(text)) < len(text) for text in (*texts, result)):
        raise DataError(f"einsum({short(subscripts)})", hint="letters, each once in an operand, and commas: 'ij,jk->ik'")
    if len(texts) != len(operands):
        raise DataError(
            f"einsum({short(subscripts)}) of {len(operands)} operands",
            hint="the letters of each operand, then a comma: einsum('ij,jk->ik', a, b)",
        )
    like = next((x for x in operands if isinstance(x, Tensor)), None)
    tensors = [as_tensor(x, like) for x in operands]
    sizes = {k: size for text, x in zip(texts, tensors, strict=True) for k, size in zip(text, x.shape, strict=False)}
    if not set(result) <= set(sizes) or any(tuple(map(sizes.get, k)) != x.shape for k, x in zip(texts, tensors, strict=True)):
        shapes = " and ".join(str(x.shape) for x in tensors)
        raise ShapeError(
            f"einsum({subscripts!r}) of shapes {shapes} does not fit",
            where=place_of(here.mode.frames),
            hint="a letter for each axis, the same size wherever it stands, and in the result none that is new",
        )
    x, left = tensors[0], texts[0]
    for k in range(1, len(tensors)):
        later = result if k == len(tensors) - 1 else "".join({*result, *"".join(texts[k + 1 :])})
        x, left = _contracted(x, left, tensors[k], texts[k], later, sizes)
    if gone := tuple(at for at, k in enumerate(left) if k not in result):  # of a single operand
        x, left = x.sum(gone), "".join(k for k in left if k in result)
    return x if left == result else x.transpose(tuple(left.index(k) for k in result))


def _contracted(a: Tensor, left: str, b: Tensor, right: str, wanted: str, sizes: dict[str, int]) -> tuple[Tensor, str]:
    """The product of two operands, summed over the letters that nobody wants any more, and the letters of its axes."""
    both = [k for k in left if k in right and k in wanted]  # of every product, one after the other
    summed = [k for k in left if k in right and k not in wanted]
    rows, columns = ([k for k in text if k in wanted and k not in both] for text in (left, right))
    x = _as_product(a, left, (both, rows, summed), sizes)
    y = _as_product(b, right, (both, summed, columns), sizes)
    found = [*both, *rows, *columns]
    return (x @ y).reshape(tuple(sizes[k] for k in found)), "".join(found)


def _as_product(x: Tensor, letters: str, groups: tuple[list[str], ...], sizes: dict[str, int]) -> Tensor:
    """An operand with three axes, one a group of letters; what stands in no group is summed over."""
    kept = [k for group in groups for k in group]
    if gone := tuple(at for at, k in enumerate(letters) if k not in kept):
        x = x.sum(gone)
    order = [k for k in letters if k in kept]
    x = x.transpose(tuple(order.index(k) for k in kept)) if order != kept else x
    return x.reshape(tuple(prod_of(sizes[k] for k in group) for group in groups))


def max(x: TensorLike, axis: int | tuple[int, ...] | None = None, keepdims: bool = False) -> Tensor:
    """The largest entry along `axis`, of all if None; ties share the gradient evenly.

    >>> import tinygrad_rnn as tg
    >>> x = tg.Tensor([[1.0, 5.0], [5.0, 2.0]], requires_grad=True)
    >>> tg.max(x, axis=1).data, tg.grad(tg.max(x), x).tolist()
    (array([5., 5.]), [[0.0, 0.5], [0.5, 0.0]])
    """
    return as_tensor(x).max(axis, keepdims)


def reshape(x: TensorLike, shape: int | tuple[int, ...]) -> Tensor:
    """The same entries in another shape; one size may be -1.

    >>> import tinygrad_rnn as tg
    >>> tg.reshape([1.0, 2.0, 3.0, 4.0], (2, -1)).shape
    (2, 2)
    """
    return as_tensor(x).reshape(shape)


def transpose(x: TensorLike, axes: Sequence[int] | None = None) -> Tensor:
    """The axes in another order, reversed if None.

    >>> import tinygrad_rnn as tg
    >>> tg.transpose([[1.0, 2.0, 3.0]]).shape
    (3, 1)
    """
    if axes is not None and not isinstance(axes, (tuple, list)):
        raise ShapeError(f"transpose to {short(axes)}", hint="the numbers of all axes in a tuple, or None to reverse them")
    return as_tensor(x).transpose(*(axes or ()))


def broadcast_to(x: TensorLike, shape: int | tuple[int, ...]) -> Tensor:
    """Repeated along new axes and axes of size 1, to `shape`.

    >>> import tinygrad_rnn as tg
    >>> tg.broadcast_to([1.0, 2.0], (3, 2)).shape
    (3, 2)
    """
    return apply1(ops.BROADCAST_TO, as_tensor(x), shape)


def getitem(x: TensorLike, key: Index) -> Tensor:
    """x[key], with NumPy's indexing.

    >>> import tinygrad_rnn as tg
    >>> tg.getitem([[1.0, 2.0], [3.0, 4.0]], (slice(None), 0))
    Tensor([1., 3.])
    """
    return as_tensor(x)[key]


def place(x: TensorLike, key: Index, shape: tuple[int, ...]) -> Tensor:
    """Zeros of `shape` with x added at `key`: what `getitem` does, backwards.

    >>> import tinygrad_rnn as tg
    >>> tg.place([1.0, 2.0], ([0, 0],), (3,))
    Tensor([3., 0., 0.])
    """
    x, key = as_tensor(x), key if is_basic(key) and key is not None else plain_key(key)
    try:
        part = np.broadcast_to(np.zeros(()), shape)[key].shape
    except (IndexError, TypeError, ValueError) as error:
        raise ShapeError(
            f"place at {short(key)} in shape {short(shape)}: {error}", hint="the index must lie inside the shape"
        ) from None
    if part != x.shape:
        raise ShapeError(f"place of shape {x.shape} at {key} in shape {shape}", hint=f"that part has shape {part}")
    return apply1(ops.PLACE, x, (key, shape))


def take(table: TensorLike, index: Any) -> Tensor:
    """The rows of `table` (rows, ...) named by an integer array `index`, as in an embedding: index.shape + (...).

    Raises `DtypeError` if the index is not made of integers, `DataError` if a number is not a row.

    >>> import tinygrad_rnn as tg
    >>> tg.take([[0.0, 0.5], [1.0, 1.5]], [1, 1, 0])
    Tensor([[1. , 1.5],
            [1. , 1.5],
            [0. , 0.5]])
    """
    table = as_tensor(table)
    hint = "whole numbers, in rows of one length"
    rows = index._array if isinstance(index, Tensor) else array_given("take with an index", index, hint)
    if rows.dtype.kind not in "iu" and rows.size:
        raise DtypeError(f"take with an index of dtype {rows.dtype}", hint="row numbers are integers: index.astype(int)")
    if not table.ndim:
        raise ShapeError("take from a single number", where=place_of(here.mode.frames), hint="the table needs an axis of rows")
    if rows.size and not 0 <= rows.min() <= rows.max() < len(table):
        wrong = rows[(rows < 0) | (rows >= len(table))].flat[0]
        raise DataError(
            f"row {wrong} of a table with {len(table)} rows",
            where=place_of(here.mode.frames),
            hint=f"rows run from 0 to {len(table) - 1}",
        )
    return apply1(ops.TAKE, table, rows.astype(np.intp))


def concat(parts: Sequence[TensorLike], axis: int = 0) -> Tensor:
    """The parts joined along an axis that exists.

    >>> import tinygrad_rnn as tg
    >>> tg.concat([[1.0], [2.0, 3.0]])
    Tensor([1., 2., 3.])
    """
    tensors = _parts(parts, "concat")
    ndim = tensors[0].ndim
    axis = one_axis(axis, ndim, "concat")
    if any(t.ndim != ndim for t in tensors):
        shapes = " and ".join(str(t.shape) for t in tensors[:6])
        raise ShapeError(
            f"concat of shapes {shapes} along axis {axis} does not fit",
            where=place_of(here.mode.frames),
            hint="the axis must exist in all",
        )
    return apply_list(ops.CONCAT, tensors, (axis, (0, *accumulate(t.shape[axis] for t in tensors))))


def stack(parts: Sequence[TensorLike], axis: int = 0) -> Tensor:
    """Parts of equal shape laid on top of each other along a new axis.

    >>> import tinygrad_rnn as tg
    >>> tg.stack([[1.0, 2.0], [3.0, 4.0]], axis=1)
    Tensor([[1., 3.],
            [2., 4.]])
    """
    tensors = _parts(parts, "stack")
    ndim = tensors[0].ndim + 1
    return apply_list(ops.STACK, tensors, one_axis(axis, ndim, f"stack of shape {tensors[0].shape}"))


def _parts(parts: Sequence[TensorLike], name: str) -> list[Tensor]:
    if isinstance(parts, (str, bytes, dict, set)) or not isinstance(parts, Iterable):
        raise DataError(f"{name} of {short(parts)}", hint=f"give a list of tensors: tg.{name}([a, b])")
    tensors = [as_tensor(part) for part in parts]
    if not tensors:
        raise ShapeError(f"{name} of an empty list", where=place_of(here.mode.frames), hint="it needs at least one tensor")
    return tensors


def split(x: TensorLike, parts: int | Sequence[int], axis: int = -1) -> list[Tensor]:
    """Slices along an axis: the four gates of an LSTM out of one product. Each slice is one `getitem`.

    `parts` is how many equal parts, or a list of the sizes of all parts, as in PyTorch. Raises `ShapeError` where they do not fill the
    axis.

    >>> import tinygrad_rnn as tg
    >>> tg.split([1.0, 2.0, 3.0, 4.0], 2)
    [Tensor([1., 2.]), Tensor([3., 4.])]
    >>> tg.split([1.0, 2.0, 3.0, 4.0], [1, 3])
    [Tensor([1.]), Tensor([2., 3., 4.])]
    """
    x = as_tensor(x)
    sizes = list(parts) if isinstance(parts, (tuple, list)) else []
    if not (all(is_whole(size, 0) for size in sizes) if sizes else is_whole(parts, 1)):
        raise DataError(f"split into {short(parts)} parts", hint="how many equal parts, or a list of their sizes: [1, 3]")
    axis = one_axis(axis, x.ndim, f"split of shape {x.shape}")
    if not sizes and not x.shape[axis] % parts:  # type: ignore[operator]
        sizes = [x.shape[axis] // parts] * parts  # type: ignore[operator]
    ends, before = list(accumulate(sizes)), (slice(None),) * axis
    if ends[-1:] != [x.shape[axis]]:
        raise ShapeError(
            f"split of shape {x.shape} into {short(parts)} along axis {axis} does not fit",
            where=place_of(here.mode.frames),
            hint="the size of the axis must be a multiple of the number of parts, or the sum of their sizes; "
            "to cut before entries 1 and 3 of 4, as NumPy's [1, 3] does, take the sizes [1, 2, 1]",
        )
    keys = [(*before, slice(end - size, end)) for size, end in zip(sizes, ends, strict=True)]
    return [x[key] for key in keys]


# so that NumPy's functions of these names find them
RECORDED.update({name: globals()[name] for name in __all__})
RECORDED.update(minimum=lambda a, b: -maximum(-as_tensor(a), -as_tensor(b)))
RECORDED.update({name: getattr(Tensor, name) for name in ("clip", "min", "sqrt", "squeeze", "std", "var")})
