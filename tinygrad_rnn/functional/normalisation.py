"""Means, and rows brought to mean 0 and variance 1."""

from __future__ import annotations

from ..engine.numpy_protocol import RECORDED
from ..engine.scopes import here, place_of, scope
from ..engine.tensor import Tensor, TensorLike, as_tensor
from ..errors import ShapeError

__all__ = ["layer_norm", "mean"]


def mean(x: TensorLike, axis: int | tuple[int, ...] | None = None, keepdims: bool = False) -> Tensor:
    """The sum divided by the number of terms.

    >>> import tinygrad_rnn as tg
    >>> tg.functional.mean([[1.0, 2.0], [3.0, 5.0]], axis=0)
    Tensor([2. , 3.5])
    """
    return as_tensor(x).mean(axis, keepdims)


def layer_norm(x: TensorLike, gain: TensorLike | None = None, bias: TensorLike | None = None, epsilon: float = 1e-5) -> Tensor:
    """gain (x - mean) / sqrt(variance + epsilon) + bias, each row by its own mean and variance (Ba, Kiros and Hinton 2016).

    x (..., features), with `gain` and `bias` (features), left out where they are None. Before the gain every row has mean 0 and
    variance 1, whatever the size of x.

    >>> import tinygrad_rnn as tg
    >>> tg.functional.layer_norm([[1.0, 3.0], [100.0, 300.0]], epsilon=0.0)
    Tensor([[-1.,  1.],
            [-1.,  1.]])
    """
    x = as_tensor(x)
    if not x.ndim or not x.shape[-1]:
        raise ShapeError(
            f"layer_norm of shape {x.shape}", where=place_of(here.mode.frames), hint="the last axis must hold at least one entry"
        )
    with scope("layer_norm"):
        centred = x - x.mean(-1, keepdims=True)
        y = centred * ((centred * centred).mean(-1, keepdims=True) + epsilon) ** -0.5
        y = y if gain is None else y * gain
        return y if bias is None else y + bias


RECORDED["mean"] = mean  # np.mean
