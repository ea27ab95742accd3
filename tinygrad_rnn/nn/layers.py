"""Layers around the cells: an affine map, an embedding, a normalisation, and several in a row."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..engine.primitives import take, where
from ..engine.scopes import here, place_of
from ..engine.tensor import Tensor, TensorLike, as_tensor
from ..errors import DataError, ShapeError
from ..functional import layer_norm
from ..shared.array_type import Dtype, array_given
from ..shared.checks import check_flags, check_number, check_sizes, is_whole, short
from . import init
from .module import Module

__all__ = ["Embedding", "LayerNorm", "Linear", "Sequential"]


class Linear(Module):
    """y = x W + b, with x (..., input_size) and y (..., output_size).

    `W` (input_size, output_size) and `b` (output_size) start uniform in ±1/sqrt(input_size); `bias=False` leaves b out.

    >>> import numpy as np, tinygrad_rnn as tg
    >>> layer = tg.nn.Linear(3, 2, rng=np.random.default_rng(0))
    >>> layer(np.ones((4, 3))).shape
    (4, 2)
    """

    def __init__(
        self, input_size: int, output_size: int, *, rng: np.random.Generator, bias: bool = True, dtype: Dtype = None
    ) -> None:
        check_sizes("Linear", input_size=input_size, output_size=output_size)
        check_flags("Linear", bias=bias)
        bound = 1 / input_size**0.5
        self.W = Tensor(init.uniform(rng, (input_size, output_size), bound, dtype), requires_grad=True)
        self.b = Tensor(init.uniform(rng, (output_size,), bound, dtype), requires_grad=True) if bias else None

    def forward(self, x: TensorLike) -> Tensor:
        """x (..., input_size) to y (..., output_size)."""
        y = as_tensor(x) @ self.W
        return y if self.b is None else y + self.b


class Embedding(Module):
    """A table `W` (symbols, features) with one row a symbol, drawn from N(0, 1); ids (...) become rows (..., features).

    The row `padding_idx` starts at zero and stays as it is: where an id is `padding_idx` its row is read as a constant (a `where`
    in pictures), so that no gradient reaches it, as in PyTorch.
    Raises `DtypeError` for ids that are not integers, `DataError` for an id without a row.

    >>> import numpy as np, tinygrad_rnn as tg
    >>> table = tg.nn.Embedding(10, 4, rng=np.random.default_rng(0), padding_idx=0)
    >>> rows = table([[1, 2, 0]])
    >>> rows.shape, rows.data[0, 2]
    ((1, 3, 4), array([0., 0., 0., 0.]))
    """

    def __init__(
        self, symbols: int, features: int, *, rng: np.random.Generator, padding_idx: int | None = None, dtype: Dtype = None
    ) -> None:
        check_sizes("Embedding", symbols=symbols, features=features)
        self.W = Tensor(init.normal(rng, (symbols, features), dtype), requires_grad=True)
        self.padding_idx = padding_idx
        if padding_idx is None:
            return
        if not is_whole(padding_idx, 0) or padding_idx >= symbols:
            raise DataError(f"Embedding of {symbols} symbols with padding_idx={padding_idx!r}", hint="it is the id of one symbol")
        self.W.data[padding_idx] = 0.0

    def forward(self, ids: Any) -> Tensor:
        """Ids (...) to rows (..., features)."""
        rows = take(self.W, ids)
        if self.padding_idx is None:
            return rows
        padding = (ids.data if isinstance(ids, Tensor) else array_given("ids", ids)) == self.padding_idx
        return where(padding[..., None], Tensor(self.W.data[self.padding_idx], name="padding"), rows)


class LayerNorm(Module):
    """y = gain (x - mean of x) / sqrt(variance of x + epsilon) + b over the last axis (Ba, Kiros and Hinton 2016, equation 4).

    x (..., features) gives y of the same shape. `gain` (features) starts at 1 and `b` (features) at 0; `bias=False` leaves b out.
    Cells with a normalisation inside are `LayerNormRNNCell` and its like; `functional.layer_norm` is what all of them compute.
    Raises `ShapeError` for x with another number of features, or features below 1.

    >>> import tinygrad_rnn as tg
    >>> norm = tg.nn.LayerNorm(2, epsilon=0.0)
    >>> norm([[1.0, 3.0], [100.0, 300.0]]).data.tolist()
    [[-1.0, 1.0], [-1.0, 1.0]]
    """

    def __init__(self, features: int, *, epsilon: float = 1e-5, bias: bool = True, dtype: Dtype = None) -> None:
        check_flags("LayerNorm", bias=bias)
        check_sizes("LayerNorm", features=features)
        self.features, self.epsilon = features, check_number("epsilon", epsilon, least=0)
        self.gain = Tensor(init.ones((features,), dtype), requires_grad=True)
        self.b = Tensor(init.zeros((features,), dtype), requires_grad=True) if bias else None

    def forward(self, x: TensorLike) -> Tensor:
        """x (..., features), normalised."""
        x = as_tensor(x, self.gain)
        if x.shape[-1:] != (self.features,):
            raise ShapeError(
                f"LayerNorm of {self.features} features over x of shape {x.shape}",
                where=place_of(here.mode.frames),
                hint="the last axis holds the features",
            )
        return layer_norm(x, self.gain, self.b, self.epsilon)


class Sequential(Module):
    """Modules in a row, each reads what the one before it gave. What is no module (`tg.tanh`) is called as a function.

    Of a layer that gives its outputs and a state, such as `LSTM`, the next one reads the outputs. `layers` is the list of them.
    Raises `DataError` without layers, or for one that cannot be called.

    >>> import numpy as np, tinygrad_rnn as tg
    >>> rng = np.random.default_rng(0)
    >>> net = tg.nn.Sequential(tg.nn.Linear(3, 4, rng=rng), tg.tanh, tg.nn.Linear(4, 2, rng=rng))
    >>> net(np.ones((5, 3))).shape, [name for name, _ in net.named_parameters()]
    ((5, 2), ['layers.0.W', 'layers.0.b', 'layers.2.W', 'layers.2.b'])
    """

    def __init__(self, *layers: Callable[..., Any]) -> None:
        if not layers:
            raise DataError("Sequential of no layers", hint="give modules, the first one first: Sequential(linear, tg.tanh)")
        for layer in layers:
            if not callable(layer) or isinstance(layer, type):
                raise DataError(
                    f"Sequential of {short(layer)}, which cannot be called",
                    hint="give modules one by one, not in a list: Sequential(*layers); of a class, an object",
                )
        self.layers = list(layers)

    def forward(self, x: Any) -> Any:
        """What the last layer gives."""
        for layer in self.layers:
            x = layer(x)
            if isinstance(x, tuple) and len(x) == 2:
                x = x[0]
        return x

    def __getitem__(self, index: int) -> Any:
        return self.layers[index]

    def __len__(self) -> int:
        return len(self.layers)
