"""First values of weights. Each takes the generator it draws from; the same seed gives the same bytes."""

from __future__ import annotations

import sys
from math import prod
from typing import Any, TypeVar

import numpy as np

from ..engine.dtypes import as_array, checked_dtype
from ..engine.tensor import Tensor
from ..errors import DataError, ShapeError
from ..shared.array_type import Array, Dtype
from ..shared.checks import check_kind, check_number, check_rng, is_whole, short

__all__ = [
    "forget_gate_", "identity", "identity_", "normal", "ones", "orthogonal", "scale_to_spectral_radius", "spectral_radius", "uniform",
    "zeros",
]  # fmt: skip

MOST = sys.maxsize // 16  # beyond that NumPy refuses in other words for each way to make an array
B = TypeVar("B", bound=Tensor | None)


def __dir__() -> list[str]:
    return __all__


def uniform(rng: np.random.Generator, shape: tuple[int, ...], bound: float, dtype: Dtype = None) -> Array:
    """Evenly distributed in (-bound, bound). With bound 1/sqrt(hidden) it is PyTorch's default for recurrent cells.

    Raises `ShapeError` for a size that is not a whole number of at least 1, `DataError` for anything but a Generator, or a bound
    that is not a finite number of at least 0.

    >>> import numpy as np, tinygrad_rnn as tg
    >>> W = tg.nn.init.uniform(np.random.default_rng(0), (3, 4), bound=0.5)
    >>> W.shape, bool(np.abs(W).max() < 0.5)
    ((3, 4), True)
    """
    _check(rng, shape)
    bound = check_number("bound", bound, least=0, most=1e300)
    return rng.uniform(-bound, bound, shape).astype(checked_dtype(dtype))


def orthogonal(rng: np.random.Generator, shape: tuple[int, ...], gain: float = 1.0, dtype: Dtype = None) -> Array:
    """A random matrix whose rows (or columns, if there are more rows) are orthonormal, times `gain`.

    All singular values equal `gain`: a linear recurrence with it keeps the norm of a gradient (Saxe et al. 2014, section 3).
    Several square blocks side by side, (hidden, k hidden), are made orthogonal one by one, as the gates of a cell need.

    >>> import numpy as np, tinygrad_rnn as tg
    >>> W = tg.nn.init.orthogonal(np.random.default_rng(0), (3, 3))
    >>> bool(np.allclose(W @ W.T, np.eye(3)))
    True
    """
    rows, columns = _two(shape, "orthogonal")
    check_rng(rng)
    gain = check_number("gain", gain)
    if columns > rows and rows and columns % rows == 0:
        blocks = [_orthogonal_block(rng, rows, rows) for _ in range(columns // rows)]
        return (np.concatenate(blocks, axis=1) * gain).astype(checked_dtype(dtype))
    return (_orthogonal_block(rng, rows, columns) * gain).astype(checked_dtype(dtype))


def normal(rng: np.random.Generator, shape: tuple[int, ...], dtype: Dtype = None) -> Array:
    """Drawn from N(0, 1). Raises as `uniform` does.

    >>> import numpy as np, tinygrad_rnn as tg
    >>> tg.nn.init.normal(np.random.default_rng(0), (3, 4)).shape
    (3, 4)
    """
    _check(rng, shape)
    return rng.standard_normal(shape).astype(checked_dtype(dtype))


def _orthogonal_block(rng: np.random.Generator, rows: int, columns: int) -> Array:
    tall = rng.standard_normal((max(rows, columns), min(rows, columns)))
    q, r = np.linalg.qr(tall)
    q = q * np.sign(np.diag(r))  # without it the draw would not be uniform (Mezzadri 2007)
    return q if rows >= columns else q.T


def identity(shape: tuple[int, ...], gain: float = 1.0, dtype: Dtype = None) -> Array:
    """Ones on the diagonal, times `gain`: with relu, the IRNN of Le, Jaitly and Hinton 2015.

    >>> import tinygrad_rnn as tg
    >>> tg.nn.init.identity((2, 3), gain=0.5)
    array([[0.5, 0. , 0. ],
           [0. , 0.5, 0. ]])
    """
    rows, columns = _two(shape, "identity")
    return (np.eye(rows, columns) * check_number("gain", gain)).astype(checked_dtype(dtype))


def identity_(weight: Tensor, gain: float = 1.0) -> Tensor:
    """Put ones on the diagonal of a weight, times `gain`, and zeros elsewhere; returns the weight.

    The IRNN of Le, Jaitly and Hinton 2015: a relu cell whose Wh is the identity and whose b is 0 keeps its state, and the
    gradient of its state, until it learns not to; its Wx starts small (they draw it from N(0, 0.001²)).
    Raises `ShapeError` unless the weight has two axes.

    >>> import numpy as np, tinygrad_rnn as tg
    >>> cell = tg.nn.RNNCell(2, 3, rng=np.random.default_rng(0), nonlinearity="relu")
    >>> tg.nn.init.identity_(cell.Wh).data.tolist()
    [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]
    >>> h = tg.Tensor([[1.0, 2.0, 3.0]])
    >>> cell.step(np.zeros((1, 2)), (h,))[0].data.tolist()
    [[1.0, 2.0, 3.0]]
    """
    check_kind("identity_ of", weight, Tensor, "give a weight, such as cell.Wh; tg.nn.init.identity(shape) makes an array")
    weight.data = identity(weight.shape, gain, weight.dtype)
    return weight


def forget_gate_(b: B, bias: float) -> B:
    """Put a number into the forget gate's part of an LSTM's b (4 hidden), gates in the order i, f, g, o; returns b.

    Above 0 the gate starts open, and c keeps what it holds (Jozefowicz, Zaremba and Sutskever 2015). A cell made with bias=False
    has None for b: then only 1, which is what cells start with, and 0 are taken, and nothing is done.
    Raises `DataError` unless it is one finite number, `ShapeError` unless b is one axis of four parts.

    >>> import tinygrad_rnn as tg
    >>> tg.nn.init.forget_gate_(tg.Tensor([0.0, 0.0, 0.0, 0.0], requires_grad=True), 3.0).data
    array([0., 3., 0., 0.])
    """
    bias = check_number("forget_bias", bias, hint="what the forget gate's bias starts at: a number, often 1.0")
    if b is None:
        if bias not in (0.0, 1.0):
            raise DataError(f"forget_bias={bias!r} and bias=False", hint="the forget gate's bias is a part of b: leave one out")
        return b
    check_kind("forget_gate_ of", b, Tensor, "give the b of an LSTM: cell.b")
    if b.ndim != 1 or len(b) % 4:
        raise ShapeError(f"forget_gate_ of a b of shape {b.shape}", hint="b (4 hidden) holds the gates i, f, g, o")
    hidden = len(b) // 4
    values = b.numpy().copy()
    values[hidden : 2 * hidden] = bias
    b.data = values
    return b


def zeros(shape: tuple[int, ...], dtype: Dtype = None) -> Array:
    """All zero. Raises `ShapeError` as `uniform` does.

    >>> import tinygrad_rnn as tg
    >>> tg.nn.init.zeros((3,))
    array([0., 0., 0.])
    """
    return np.zeros(_sizes(shape), checked_dtype(dtype))


def ones(shape: tuple[int, ...], dtype: Dtype = None) -> Array:
    """All one. Raises `ShapeError` as `uniform` does.

    >>> import tinygrad_rnn as tg
    >>> tg.nn.init.ones((3,))
    array([1., 1., 1.])
    """
    return np.ones(_sizes(shape), checked_dtype(dtype))


def spectral_radius(W: Any) -> float:
    """The largest absolute eigenvalue of a square matrix: what decides whether a linear recurrence dies out or explodes.

    >>> import tinygrad_rnn as tg
    >>> tg.nn.init.spectral_radius([[2.0, 7.0], [0.0, -3.0]])
    3.0
    """
    W = _matrix(W).astype(np.float64)
    rows, columns = _two(W.shape, "spectral_radius")
    if rows != columns:
        raise ShapeError(
            f"the spectral radius of a matrix of shape {W.shape}", hint="it is defined for square matrices: take one gate's block"
        )
    return float(np.abs(np.linalg.eigvals(W)).max()) if rows else 0.0


def scale_to_spectral_radius(W: Any, radius: float) -> Array:
    """The matrix W times a number, so that its spectral radius becomes `radius`.

    >>> import tinygrad_rnn as tg
    >>> tg.nn.init.scale_to_spectral_radius([[4.0, 0.0], [0.0, 1.0]], 0.5)
    array([[0.5  , 0.   ],
           [0.   , 0.125]])
    """
    W, radius = _matrix(W), check_number("radius", radius, least=0)
    now = spectral_radius(W)
    if now == 0.0:
        raise ShapeError("a matrix with spectral radius 0 cannot be scaled to another", hint="draw other values")
    return np.asarray(W * np.asarray(radius / now, W.dtype if W.dtype.kind == "f" else np.float64))


def _check(rng: np.random.Generator, shape: tuple[int, ...]) -> None:
    check_rng(rng)
    _sizes(shape)


def _sizes(shape: tuple[int, ...], least: int = 1) -> tuple[int, ...]:
    if not isinstance(shape, (tuple, list)) or not all(is_whole(size, least) for size in shape):
        raise ShapeError(
            f"weights of shape {short(shape)}", hint=f"a tuple of sizes, each a whole number of at least {least}: (3, 4)"
        )
    if prod(max(int(size), 1) for size in shape) > MOST:
        raise ShapeError(f"weights of shape {short(tuple(shape))}", hint=f"no array has more than {MOST:,} entries")
    return tuple(shape)


def _two(shape: tuple[int, ...], name: str) -> tuple[int, int]:
    sizes = _sizes(shape, least=0)
    if len(sizes) != 2:
        raise ShapeError(f"{name} of shape {shape}", hint="it needs two axes, (rows, columns)")
    return sizes[0], sizes[1]


def _matrix(W: Any) -> Array:
    """Finite real numbers, out of a tensor or an array."""
    array = as_array(W)
    if array.dtype.kind not in "fiub" or not np.isfinite(array).all():
        raise DataError(f"a matrix of {array.dtype} that holds something else than finite numbers", hint="look at the weights")
    return array
