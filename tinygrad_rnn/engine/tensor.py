"""Tensor: an array and the node that recorded where it came from.

Everything is recorded by `apply1`, `apply2` and `apply_list`; the operators below and the functions in `engine/primitives.py` are
thin callers. NumPy's own functions work on Tensors where an op exists and otherwise name what to call instead
(`engine/numpy_protocol.py`); they never lose a gradient silently.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from math import prod
from typing import Any, TypeAlias, Union

import numpy as np
import numpy.typing as npt

from ..errors import DataError, DtypeError, GraphError, ShapeError
from ..shared.array_type import NOTED, Array, Index, array_given
from ..shared.checks import check_flags, check_kind, check_number, check_size, is_whole, short
from . import graph, ops
from .arrays import is_basic
from .backward import backward
from .dtypes import FLOATS, as_array, current_dtype
from .graph import Node, leaf
from .mistakes import anomaly
from .mistakes.shape_errors import misfit
from .numpy_protocol import Count, NumpyLike, no_gradient
from .ops import BOTH, INPUT, NOTHING, OUTPUT, Op
from .scopes import current_mode, here, place_of, reading, tick

__all__ = [
    "Tensor", "TensorLike", "apply1", "apply2", "apply_list", "as_pair", "as_tensor", "matmul", "named", "one_axis", "plain_key", "power",
    "tensor",
]  # fmt: skip

TensorLike: TypeAlias = Union["Tensor", npt.ArrayLike]

ndarray = np.ndarray


class Tensor(NumpyLike):
    """An array of numbers that remembers how it was computed.

    `data`: numbers, lists or an array (copied). `requires_grad=True` makes it a leaf whose gradient `backward()` puts in
    `.grad`. `dtype`: what an array has is kept; numbers and lists become the default dtype. `name` appears in pictures and
    messages. Raises `DtypeError` for anything but numbers, and for integers that should carry a gradient.

    >>> import tinygrad_rnn as tg
    >>> w = tg.Tensor([1.0, 2.0], requires_grad=True, name="w")
    >>> loss = (w * w).sum()
    >>> loss.backward()
    >>> w.grad
    array([2., 4.])
    """

    __slots__ = ("__weakref__", "_array", "_name", "changed", "node", "wanted_gradient")

    _array: Array
    _name: str | None  # of a constant; others have the name of their node
    changed: int | None  # of a constant: the index at which its value was last changed in place
    node: Node | None
    wanted_gradient: bool  # of what was given: whether it ever required a gradient; what was computed has no such mark

    def __init__(
        self, data: Any, requires_grad: bool = False, dtype: npt.DTypeLike | None = None, name: str | None = None
    ) -> None:
        if isinstance(data, Tensor) and data.node is not None:
            raise GraphError("Tensor(t) of a tensor that has a gradient would cut it from its graph", hint="use t, or t.detach()")
        array = as_array(data, dtype).copy("K")
        check_flags("Tensor", requires_grad=requires_grad)
        self._array, self._name, self.node, self.changed = array, _checked_name(name), None, None
        self.wanted_gradient = bool(requires_grad)
        if requires_grad:
            self.node = _leaf(array, name)

    def __init_subclass__(cls) -> None:
        raise GraphError(
            f"class {cls.__name__}(Tensor): a result would be a plain Tensor again",
            hint="write a function of tensors, or a tg.nn.Module that holds one",
        )

    # ---- what it is

    @property
    def data(self) -> Array:
        """The values: the array itself, or a copy where it is a part of another tensor's.

        Assign to change them; a graph that used the old ones then refuses its backward pass.
        Raises `ShapeError` for values of another shape.
        """
        self._told()
        return self._array if self._array.base is None else self._array.copy()

    @data.setter
    def data(self, value: Any) -> None:
        array = as_array(value, self._array.dtype)
        if array.shape != self._array.shape:
            raise ShapeError(f"data of shape {array.shape} for a tensor of shape {self.shape}", hint="make a new Tensor instead")
        self.replace(array if array is self._array else array.copy())

    def replace(self, array: Array) -> None:
        """Take an array of the same shape and dtype, which nobody else holds, as the values."""
        self._array = array
        self.changed = graph.change()
        if self.node is not None:
            self.node.changed = self.changed
            if self.node.op is None:
                self.node.value = array

    @property
    def grad(self) -> Array | None:
        """What `backward()` has gathered here so far, as an array; None before.

        Assign to change it: values are copied. Raises `ShapeError` for values of another shape, `MissingGradientError` (a `GraphError`
        and an `AttributeError`) on a result that was not told to `retain_grad()`: it has none, and a weight that was replaced by a
        result would learn nothing.
        """
        node = self.node
        if node is None:
            return None
        if node.grad is None and node.op is not None and (node.hooks is None or None not in node.hooks):
            raise no_gradient(self)
        return node.grad

    @grad.setter
    def grad(self, value: Any) -> None:
        if self.node is None:
            raise GraphError("a tensor without requires_grad has no gradient to set", hint="Tensor(values, requires_grad=True)")
        if value is not None:
            value = as_array(value, self._array.dtype)
            if value.shape != self.shape:
                raise ShapeError(f"a gradient of shape {value.shape} for a tensor of shape {self.shape}")
            value = value if value is self.node.grad else value.copy()  # `w.grad *= 2` gives back what is here already
        self.node.grad = value

    @property
    def name(self) -> str | None:
        """What pictures and messages call it; None if nobody said."""
        return self._name if self.node is None else self.node.name

    @name.setter
    def name(self, value: str | None) -> None:
        value = _checked_name(value)
        if self.node is None:
            self._name = value
        else:
            self.node.name = value

    @property
    def requires_grad(self) -> bool:
        """Whether it is a leaf that gathers a gradient, or was computed from one."""
        return self.node is not None

    @requires_grad.setter
    def requires_grad(self, value: bool) -> None:
        if value and self.node is None:
            self.node, self.wanted_gradient = _leaf(self._array, self._name), True
        elif not value and self.node is not None:
            if not self.is_leaf:
                raise GraphError("requires_grad = False on a result", where=self.place, hint="use result.detach()")
            self._name, self.node, self._array = self.node.name, None, self._array.copy()

    @property
    def is_leaf(self) -> bool:
        """Given, not computed."""
        return self.node is None or self.node.op is None

    @property
    def place(self) -> str:
        """Where in the unrolled graph it was recorded: `t=3 / LSTMCell`."""
        return "" if self.node is None else place_of(self.node.frames)

    @property
    def shape(self) -> tuple[int, ...]:
        """The size of each axis."""
        return self._array.shape

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return self._array.ndim

    @property
    def size(self) -> int:
        """The number of entries."""
        return Count(self._array.size)

    @property
    def dtype(self) -> np.dtype[Any]:
        """The NumPy dtype of the values."""
        return self._array.dtype

    def numpy(self) -> Array:
        """The values as an array, without the graph. It is the array itself: copy it before you write to it."""
        self._told()
        return self._array

    def _told(self) -> None:
        """Its values leave the graph: tell who records a program of it."""
        if self.node is not None and self.node.op is not None and (told := reading.get()) is not None:
            told()

    def item(self) -> float | int | bool:
        """The only value, as a Python number. Raises `ShapeError` if there are several."""
        if self._array.size != 1:
            raise ShapeError(f"item() of a tensor of shape {self.shape}", hint="it needs exactly one entry; .numpy() gives all")
        self._told()
        value: float | int | bool = self._array.item()
        return value

    def detach(self) -> Tensor:
        """The same values without their history: a constant, for truncated backpropagation through time."""
        return _constant(self._array.copy(), self.name)

    # ---- gradients

    def backward(self, gradient: Any = None, *, keep_graph: bool = True) -> None:
        """Add d(self)/d(leaf) to `.grad` of every leaf that self was computed from. See `backward.backward`."""
        backward(self, gradient, keep_graph=keep_graph)

    def zero_grad(self) -> None:
        """Forget the gathered gradient."""
        if self.node is not None:
            self.node.grad = None

    def retain_grad(self) -> None:
        """Keep the gradient of a result in its `.grad` too; leaves always keep theirs."""
        if self.node is None:
            raise GraphError(
                "retain_grad() on a tensor without a graph", hint="only what is computed from a leaf gets a gradient"
            )
        if not self.is_leaf:
            self._hooks().append(None)

    def register_hook(self, hook: Callable[[Array], Array | None]) -> Callable[[], None]:
        """Call `hook(gradient)` once this tensor's gradient is complete; what it returns (if not None) replaces it.

        The hook may keep or change the array: it is a copy. Hooks act in `backward()`, not in `tg.grad` or snapshots. Returns a
        function that removes the hook.

        >>> import tinygrad_rnn as tg
        >>> w = tg.Tensor([1.0, 2.0], requires_grad=True)
        >>> remove = w.register_hook(lambda g: 10 * g)
        >>> (w * w).sum().backward(); w.grad
        array([20., 40.])
        """
        if self.node is None:
            raise GraphError(
                "register_hook() on a tensor without a graph", hint="only what is computed from a leaf gets a gradient"
            )
        if not callable(hook):
            raise DtypeError(
                f"register_hook({short(hook)})", hint="give a function of the gradient: register_hook(lambda g: 0.5 * g)"
            )
        hooks, registered = self._hooks(), partial(hook)  # equal to nothing but itself, so that each remover removes its own
        hooks.append(registered)
        return lambda: hooks.remove(registered) if registered in hooks else None

    def _hooks(self) -> list[Callable[[Array], Array | None] | None]:
        assert self.node is not None
        if self.node.hooks is None:
            self.node.hooks = []
        return self.node.hooks

    # ---- arithmetic

    def __add__(self, other: Any) -> Tensor:
        return apply2(ops.ADD, self, other)

    def __sub__(self, other: Any) -> Tensor:
        return apply2(ops.SUB, self, other)

    def __mul__(self, other: Any) -> Tensor:
        return apply2(ops.MUL, self, other)

    def __truediv__(self, other: Any) -> Tensor:
        return apply2(ops.DIV, self, other)

    def __matmul__(self, other: Any) -> Tensor:
        if type(other) is Tensor and self._array.ndim > 1 < other._array.ndim:
            return apply2(ops.MATMUL, self, other)
        return matmul(self, other)

    def __radd__(self, other: Any) -> Tensor:
        return apply2(ops.ADD, as_tensor(other, self), self)

    def __rsub__(self, other: Any) -> Tensor:
        return apply2(ops.SUB, as_tensor(other, self), self)

    def __rmul__(self, other: Any) -> Tensor:
        return apply2(ops.MUL, as_tensor(other, self), self)

    def __rtruediv__(self, other: Any) -> Tensor:
        return apply2(ops.DIV, as_tensor(other, self), self)

    def __rmatmul__(self, other: Any) -> Tensor:
        return matmul(as_tensor(other, self), self)

    def __pow__(self, exponent: Any) -> Tensor:
        return power(self, exponent)

    def __rpow__(self, base: Any) -> Tensor:
        return power(as_tensor(base, self), self)

    def __neg__(self) -> Tensor:
        return apply1(ops.NEG, self)

    def __pos__(self) -> Tensor:
        return self

    def __abs__(self) -> Tensor:
        return apply1(ops.ABS, self)

    def __getitem__(self, key: Index) -> Tensor:
        return apply1(ops.GETITEM, self, key if is_basic(key) and key is not None else plain_key(key))

    # ---- entry by entry

    def exp(self) -> Tensor:
        """e to the power of each entry."""
        return apply1(ops.EXP, self)

    def log(self) -> Tensor:
        """The natural logarithm of each entry."""
        return apply1(ops.LOG, self)

    def tanh(self) -> Tensor:
        """tanh of each entry, between -1 and 1."""
        return apply1(ops.TANH, self)

    def sigmoid(self) -> Tensor:
        """1 / (1 + exp(-x)) of each entry, between 0 and 1."""
        return apply1(ops.SIGMOID, self)

    def relu(self) -> Tensor:
        """Each entry, or 0 where it is negative."""
        return apply1(ops.RELU, self)

    def abs(self) -> Tensor:
        """Each entry without its sign."""
        return apply1(ops.ABS, self)

    def sin(self) -> Tensor:
        """The sine of each entry, in radians."""
        return apply1(ops.SIN, self)

    def cos(self) -> Tensor:
        """The cosine of each entry, in radians."""
        return apply1(ops.COS, self)

    def sqrt(self) -> Tensor:
        """The square root of each entry; its gradient is infinite at 0."""
        return power(self, 0.5)

    def clip(self, low: float | None = None, high: float | None = None) -> Tensor:
        """Each entry, or the nearest bound where it lies outside; there no gradient passes, at a bound itself it does."""
        if low is None and high is None:
            raise DataError("clip without a bound", hint="t.clip(low, high); one of them may be None")
        values = self._array
        low, high = (None if bound is None else check_number("a bound of clip", bound) for bound in (low, high))
        inside = np.asarray((True if low is None else values >= low) & (True if high is None else values <= high))
        cut = _constant(np.asarray(np.clip(values, low, high), values.dtype))
        return apply2(ops.WHERE, self, cut, inside)

    # ---- shapes and reductions

    def min(self, axis: int | tuple[int, ...] | None = None, keepdims: bool = False) -> Tensor:
        """The smallest entry along `axis` (of all if None)."""
        return -(-self).max(axis, keepdims)

    def var(self, axis: int | tuple[int, ...] | None = None, ddof: int = 0, keepdims: bool = False) -> Tensor:
        """The mean of the squared distances from the mean; `ddof` is taken off the count: 0 as in NumPy, 1 is PyTorch's default."""
        distance = self - self.mean(axis, keepdims=True)
        total = (distance * distance).sum(axis, keepdims)
        axes = _axes(axis, self, "var")
        terms = prod([size for k, size in enumerate(self.shape) if axes is None or k in axes]) - check_size("ddof", ddof, 0)
        if terms < 1:
            raise ShapeError(f"var(ddof={ddof}) of a tensor of shape {self.shape}", hint="more than ddof entries are needed")
        return total * (1 / terms)

    def std(self, axis: int | tuple[int, ...] | None = None, ddof: int = 0, keepdims: bool = False) -> Tensor:
        """The square root of `var`. Where all entries are equal its gradient is taken as 0, as in PyTorch."""
        v = self.var(axis, ddof, keepdims)
        positive = np.asarray(v._array > 0)
        if positive.all():
            return v.sqrt()
        return apply2(ops.WHERE, apply2(ops.WHERE, v, 1.0, positive).sqrt(), v, positive)

    def argmax(self, axis: int | None = None) -> Any:
        """Where the largest entry is, along `axis` or of all entries in a row: whole numbers of NumPy's, without a gradient."""
        return self._array.argmax(None if axis is None else one_axis(axis, self.ndim, "argmax"))

    def flatten(self) -> Tensor:
        """All entries in one row."""
        return self.reshape(-1)

    def squeeze(self, axis: int | tuple[int, ...] | None = None) -> Tensor:
        """Without its axes of size 1: all, or those that are named."""
        axes = _axes(axis, self, "squeeze")
        if any(self.shape[k] != 1 for k in axes or ()):
            raise ShapeError(f"squeeze(axis={axis}) of a tensor of shape {self.shape}", hint="only axes of size 1 can go")
        gone = {k for k, size in enumerate(self.shape) if size == 1} if axes is None else set(axes)
        return self.reshape(tuple(size for k, size in enumerate(self.shape) if k not in gone))

    def unsqueeze(self, axis: int) -> Tensor:
        """With a new axis of size 1, before the one that had its number."""
        if not is_whole(axis, -self.ndim - 1) or axis > self.ndim:
            raise ShapeError(
                f"unsqueeze({short(axis)}) of a tensor of shape {self.shape}", hint=f"from {-self.ndim - 1} to {self.ndim}"
            )
        at = int(axis) % (self.ndim + 1)
        return self.reshape((*self.shape[:at], 1, *self.shape[at:]))

    def sum(self, axis: int | tuple[int, ...] | None = None, keepdims: bool = False) -> Tensor:
        """The sum over `axis` (all axes if None)."""
        return apply1(ops.SUM, self, (None if axis is None else _axes(axis, self, "sum"), keepdims))

    def mean(self, axis: int | tuple[int, ...] | None = None, keepdims: bool = False) -> Tensor:
        """The sum divided by the number of terms."""
        total = self.sum(axis, keepdims)
        axes = _axes(axis, self, "mean")
        terms = prod([size for k, size in enumerate(self.shape) if axes is None or k in axes])
        if not terms:
            raise ShapeError(
                f"the mean of no entries: shape {self.shape}, axis {axis}", where=self.place, hint="leave empty sequences out"
            )
        return total if terms == 1 else total * (1 / terms)

    def max(self, axis: int | tuple[int, ...] | None = None, keepdims: bool = False) -> Tensor:
        """The largest entry along `axis` (of all if None)."""
        return apply1(ops.MAX, self, (_axes(axis, self, "max"), keepdims))

    def reshape(self, *shape: Any) -> Tensor:
        """The same entries in another shape; one size may be -1."""
        return apply1(ops.RESHAPE, self, shape[0] if len(shape) == 1 and isinstance(shape[0], (tuple, list)) else shape)

    def transpose(self, *axes: Any) -> Tensor:
        """The axes in another order, as numbers or a tuple; without arguments, reversed. Raises `ShapeError` if one is missing."""
        ndim = self._array.ndim
        if not axes:
            return apply1(ops.TRANSPOSE, self, tuple(range(ndim - 1, -1, -1)))
        order = _axes(axes[0] if len(axes) == 1 and isinstance(axes[0], (tuple, list)) else axes, self, "transpose")
        if order is None or sorted(order) != list(range(ndim)):
            raise ShapeError(f"transpose{axes} of a tensor of shape {self.shape}", where=self.place, hint="name each axis once")
        return apply1(ops.TRANSPOSE, self, order)

    @property
    def T(self) -> Tensor:
        """The axes reversed."""
        return self.transpose()

    # ---- copies

    def __copy__(self) -> Tensor:
        return self.__deepcopy__({})

    def __deepcopy__(self, memo: dict[int, Any]) -> Tensor:
        if not self.is_leaf:
            raise GraphError("only given tensors can be copied, not results", where=self.place, hint="copy result.detach()")
        copy = Tensor(self._array, requires_grad=self.requires_grad, name=self.name)
        if hasattr(self, "wanted_gradient"):
            copy.wanted_gradient = self.wanted_gradient
        if self.grad is not None:
            copy.grad = self.grad
        memo[id(self)] = copy
        return copy

    def __reduce__(self) -> Any:
        raise GraphError("tensors are not pickled", hint="save module.state_dict(), a plain dict of arrays")


tensor = Tensor


def named(t: Tensor, name: str) -> Tensor:
    """Give a tensor a name for pictures and messages (`h`, `c`, a gate's letter), and return it.

    Raises `DtypeError` for anything but a tensor, `DataError` for a name that is no text.

    >>> import tinygrad_rnn as tg
    >>> tg.named(tg.Tensor([1.0]), "x").name
    'x'
    """
    if type(t) is not Tensor:
        raise DtypeError(f"named({short(t)}, {short(name)})", hint="give a tensor: tg.named(tg.tanh(x), 'h')")
    if type(name) is not str:
        _checked_name(name)
    if t.node is not None:
        t.node.name = name
    elif t._array.flags.writeable or t._array.base is not None:
        t._name = name
    else:  # a number that others use too
        return _constant(t._array.copy(), name)
    return t


# ---- recording ------------------------------------------------------------------------------------------------------------------

new_tensor = Tensor.__new__


def apply1(op: Op, a: Tensor, args: Any = None) -> Tensor:
    """Compute and record an op of one input."""
    x = a._array
    try:
        y = op.forward(x) if args is None else op.forward(x, args)
    except (ValueError, TypeError, IndexError) as error:
        raise misfit(op, [x], args, error) from None
    if type(y) is not ndarray and (a.node is not None or type(y) not in NOTED):
        y = np.asarray(y)
    t = new_tensor(Tensor)
    t._array = y
    parent, mode = a.node, current_mode()
    if parent is None or not mode.recording:
        t.node = t._name = t.changed = None
        return t
    n = t.node = Node()
    n.op = op
    n.parents = (parent,)
    n.args = args
    n.order = tick()
    n.shape = y.shape
    n.frames = mode.frames
    n.consts = n.name = n.grad = n.trace = n.mark = n.changed = n.hooks = None
    saves = op.saves
    n.saved = y if saves is OUTPUT else x if saves is INPUT else None
    if mode.watching:
        anomaly.inspect(n, y, [x])
    return t


def apply2(op: Op, a: Tensor, b: Any, args: Any = None) -> Tensor:
    """Compute and record an op of two inputs; the second may be a number or an array."""
    if type(b) is not Tensor:
        b = as_tensor(b, a)
    x, z = a._array, b._array
    try:
        y = op.forward(x, z) if args is None else op.forward(x, z, args)
    except (ValueError, TypeError) as error:
        raise misfit(op, [x, z], args, error) from None
    if type(y) is not ndarray and (a.node is not None or b.node is not None or type(y) not in NOTED):
        y = np.asarray(y)
    t = new_tensor(Tensor)
    t._array = y
    p, q, mode = a.node, b.node, current_mode()
    if (p is None and q is None) or not mode.recording:
        t.node = t._name = t.changed = None
        return t
    n = t.node = Node()
    n.op = op
    n.parents = (p, q)
    n.args = args
    n.order = tick()
    n.shape = y.shape
    n.frames = mode.frames
    n.consts = n.name = n.grad = n.trace = n.mark = n.changed = n.hooks = None
    saves = op.saves
    if p is None:
        n.saved, n.consts = None if saves is NOTHING else (x, z if saves is BOTH else None), (a, None)
    elif q is None:
        n.saved, n.consts = None if saves is NOTHING else (x if saves is BOTH else None, z), (None, b)
    else:
        n.saved = None if saves is NOTHING else (x, z)
    if mode.watching:
        anomaly.inspect(n, y, [x, z])
    return t


def apply_list(op: Op, tensors: Sequence[Any], args: Any) -> Tensor:
    """Compute and record an op of a list of inputs."""
    inputs = [as_tensor(t) for t in tensors]
    arrays = [t._array for t in inputs]
    try:
        y = op.forward(arrays, args)
    except (ValueError, TypeError) as error:
        raise misfit(op, arrays, args, error) from None
    parents, mode = tuple([t.node for t in inputs]), current_mode()
    t = _constant(y if type(y) in NOTED and parents.count(None) == len(parents) else np.asarray(y))
    if mode.recording and any(p is not None for p in parents):
        n = t.node = Node()
        n.op, n.parents, n.args, n.order, n.shape, n.frames = op, parents, args, tick(), y.shape, mode.frames
        n.saved = n.name = n.grad = n.trace = n.mark = n.changed = n.hooks = None
        n.consts = tuple(t if t.node is None else None for t in inputs) if None in parents else None
        if mode.watching:
            anomaly.inspect(n, y, arrays)
    return t


# ---- the way in -----------------------------------------------------------------------------------------------------------------


def _constant(array: Array, name: str | None = None) -> Tensor:
    t = new_tensor(Tensor)
    t._array, t._name, t.node, t.changed = array, name, None, None
    return t


def _checked_name(name: Any) -> str | None:
    if name is not None:
        check_kind("a tensor called", name, str, "its name is a text, or None")
    return name


def _leaf(array: Array, name: str | None) -> Node:
    if array.dtype not in FLOATS:
        raise DtypeError(
            f"{array.dtype} values cannot require a gradient" + (f" ({name})" if name else ""),
            hint="a gradient needs real numbers: Tensor(values, requires_grad=True, dtype=float)",
        )
    return leaf(array, name)


scalars: dict[tuple[float, np.dtype[Any]], Tensor] = {}  # constants of one number, by value and dtype of what they meet


def _scalar(value: float, dtype: np.dtype[Any]) -> Tensor:
    try:
        array = np.array(value, dtype if dtype in FLOATS else current_dtype())
    except OverflowError:
        raise DtypeError(
            f"a whole number of {int(value).bit_length()} bits in a computation", hint="floats end at 1.8e308"
        ) from None
    number = _constant(array)
    if dtype not in FLOATS:
        return number
    number._array.flags.writeable = False
    if value and value == value and len(scalars) < 1000:  # 0.0 and -0.0 are one key but two numbers; NaN is none
        scalars[value, dtype] = number
    return number


def as_tensor(value: Any, like: Tensor | None = None) -> Tensor:
    """A Tensor of anything numeric; what is not an array takes the dtype of `like`, so that a float32 graph stays one."""
    kind = type(value)
    if kind is Tensor:
        return value
    if kind is float or kind is int:
        dtype = current_dtype() if like is None else like._array.dtype
        known = scalars.get((value, dtype))
        return known if known is not None else _scalar(value, dtype)
    if like is not None and not isinstance(value, ndarray) and like._array.dtype in FLOATS:
        return _constant(as_array(value, like._array.dtype).copy("K"))  # a list, a truth value, a number of NumPy's
    return _constant(as_array(value).copy("K"))  # a copy: the caller may use the array again before the backward pass reads it


def as_pair(a: Any, b: Any) -> tuple[Tensor, Tensor]:
    """Two Tensors; if one is a Python number it takes the dtype of the other."""
    if type(a) is Tensor:
        return a, as_tensor(b, a)
    second = as_tensor(b)
    return as_tensor(a, second), second


def _axes(axis: Any, t: Tensor, name: str) -> tuple[int, ...] | None:
    """An axis argument as a tuple of axes that exist."""
    if axis is None:
        return None
    axes = tuple(axis) if isinstance(axis, (tuple, list)) else (axis,)
    if not all(is_whole(a, -t.ndim) and a < t.ndim for a in axes):
        raise ShapeError(
            f"{name}(axis={axis}) of a tensor of shape {t.shape}", where=place_of(here.mode.frames), hint=f"it has {t.ndim} axes"
        )
    return tuple(int(a) % t.ndim for a in axes)


def one_axis(axis: Any, ndim: int, what: str) -> int:
    """One axis among so many, counted from the first."""
    if not is_whole(axis, -ndim) or axis >= ndim:
        raise ShapeError(
            f"{what} along axis {short(axis)}",
            where=place_of(here.mode.frames),
            hint=f"one of {ndim} axes, from {-ndim} to {ndim - 1}",
        )
    return int(axis) % ndim


def plain_key(key: Index) -> Index:
    """An index with its tensors and lists as arrays of its own, so that later changes to them do no harm."""

    def plain(part: Any) -> Any:
        if isinstance(part, Tensor):
            return part._array.copy()
        if isinstance(part, (list, ndarray)) or getattr(part, "requires_grad", False):
            rows = array_given("an index", part, "whole numbers in rows of one length", ShapeError)
            return rows.copy() if isinstance(part, ndarray) or part else np.zeros(0, np.intp)  # [] names no entry
        return int(part) if isinstance(part, np.integer) else part

    return tuple(plain(part) for part in key) if isinstance(key, tuple) else (plain(key),)


def matmul(a: TensorLike, b: TensorLike) -> Tensor:
    """`a @ b`; a vector counts as one row on the left, as one column on the right.

    >>> import tinygrad_rnn as tg
    >>> tg.matmul([[1.0, 2.0]], [[3.0], [4.0]])
    Tensor([[11.]])
    """
    a, b = as_pair(a, b)
    if a.ndim > 1 < b.ndim:
        return apply2(ops.MATMUL, a, b)
    if not a.ndim or not b.ndim:
        raise ShapeError(
            f"matmul of {a.shape} and {b.shape}", where=place_of(here.mode.frames), hint="to scale by a number use *"
        )
    row, column = a.ndim == 1, b.ndim == 1
    if a.shape[-1] != b.shape[0 if column else -2]:
        raise misfit(ops.MATMUL, [a._array, b._array], None, None)
    y = apply2(ops.MATMUL, a.reshape(1, -1) if row else a, b.reshape(-1, 1) if column else b)
    return y.reshape(y.shape[: y.ndim - row - column] if column else (*y.shape[:-2], y.shape[-1]))


def power(a: TensorLike, exponent: TensorLike) -> Tensor:
    """`a ** exponent`, exact as NumPy's; for a number, for several exponents, and for exponents that have a gradient.

    Where a is 0 or negative the gradients are PyTorch's: that of an exponent is 0 at a = 0, and NaN below. So are those of second
    order, except at a = 0 where PyTorch has NaN and the mathematics a number: that of the exponent b twice is 0, and that of the
    exponent, then of a, is 0 for b > 1.

    >>> import tinygrad_rnn as tg
    >>> tg.pow([1.0, 2.0, 3.0], 2)
    Tensor([1., 4., 9.])
    """
    if not isinstance(exponent, Tensor) or exponent.node is None:
        number = as_array(exponent)
        if number.ndim == 0:
            return apply1(ops.POW, as_tensor(a), number.item() if not isinstance(exponent, (int, float)) else exponent)
    return apply2(ops.POWER, *as_pair(a, exponent))
