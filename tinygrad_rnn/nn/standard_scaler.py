"""Features brought to mean 0 and standard deviation 1, by numbers that are saved with the model."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ..engine.dtypes import FLOATS, checked_dtype
from ..engine.scopes import here, place_of
from ..engine.tensor import Tensor, TensorLike, as_tensor
from ..errors import DataError, DtypeError, NumericError, ShapeError
from ..shared.array_type import Dtype, array_given
from ..shared.checks import check_sizes, short
from . import init
from .module import Module, scoped
from .packed import mask

__all__ = ["StandardScaler"]


class StandardScaler(Module):
    """y = (x - mean) / std, each feature by a mean and a standard deviation of its own: what a network should read of a series.

    `fit(x)` takes both from data, x (..., features): from those for training alone, or the test would be known before. They are
    buffers, `mean` and `std` (features): no optimizer changes them, and `state_dict`, `tg.io.save` and checkpoints carry them, so
    a forecast is the same after loading. `inverse_transform` leads back. The words are scikit-learn's.
    Raises `ShapeError` for another number of features, `DataError` before the first `fit` or `load_state_dict`.

    >>> import numpy as np, tinygrad_rnn as tg
    >>> series = np.array([[1.0, 100.0], [3.0, 300.0], [5.0, 500.0], [9.0, 100.0]])  # (time, features)
    >>> scaler = tg.nn.StandardScaler(2).fit(series[:3])  # the last step is for testing
    >>> y = scaler(series)
    >>> y.data.round(2).tolist()
    [[-1.22, -1.22], [0.0, 0.0], [1.22, 1.22], [3.67, -1.22]]
    >>> scaler.inverse_transform(y).data.round(2).tolist() == series.tolist()
    True
    >>> sorted(scaler.state_dict())
    ['mean', 'std']
    """

    def __init__(self, features: int, *, dtype: Dtype = None) -> None:
        check_sizes("StandardScaler", features=features)
        if checked_dtype(dtype) not in FLOATS:
            raise DtypeError(
                f"StandardScaler(dtype={short(dtype)})", hint="give a floating-point dtype, np.float32 or np.float64"
            )
        unknown = init.zeros((features,), dtype) + np.nan  # until fit(), or until it is loaded
        self.mean, self.std = Tensor(unknown, name="mean"), Tensor(unknown, name="std")

    def fit(self, x: TensorLike, lengths: npt.ArrayLike | None = None) -> StandardScaler:
        """Take mean and std from data x (..., features); returns the scaler. A feature that is always the same has std 1.

        With `lengths`, x is (batch, time, features), and what stands behind the end of a sequence is left out. The std is that of
        the data itself, divided by their number. Raises `ShapeError` for another shape, `DataError` for no data, `NumericError` for
        NaN and infinities: fill gaps first, or leave them out.
        """
        values = self._checked(as_tensor(x)).data.astype(np.float64)
        if lengths is not None:
            ends = array_given("lengths", lengths, "one length for every sequence")
            if values.ndim != 3 or ends.shape != values.shape[:1]:
                raise ShapeError(
                    f"fit of x of shape {values.shape} with lengths of shape {ends.shape}",
                    hint="x is (batch, time, features), with one length for every sequence",
                )
            values = values[mask(ends, values.shape[1])]
        rows = values.reshape(-1, values.shape[-1])
        if not len(rows):
            raise DataError(f"StandardScaler.fit of no data, of shape {values.shape}", hint="give at least one row of features")
        if not np.isfinite(rows).all():
            row, feature = np.argwhere(~np.isfinite(rows))[0].tolist()
            raise NumericError(
                f"StandardScaler.fit of data that hold {rows[row, feature]}, in feature {feature} at row {row} of {len(rows)}",
                hint="fill gaps first (np.interp), or leave these rows out: x[np.isfinite(x).all(axis=-1)]",
            )
        with np.errstate(over="ignore", invalid="ignore"):
            mean, std = rows.mean(0).astype(self.mean.dtype), rows.std(0).astype(self.std.dtype)
        if not (np.isfinite(mean) & np.isfinite(std)).all():
            raise NumericError(
                f"StandardScaler.fit of numbers too large for {self.mean.dtype}", hint="divide them by a power of ten first"
            )
        same = (rows == rows[0]).all(0)  # rounding would give a mean beside it, and a std of 1e-17
        self.mean.data, self.std.data = np.where(same, rows[0], mean), np.where(same | (std == 0), 1.0, std)
        return self

    def forward(self, x: TensorLike) -> Tensor:
        """x (..., features), scaled."""
        return (self._ready(x) - self.mean) / self.std

    @scoped
    def inverse_transform(self, y: TensorLike) -> Tensor:
        """What `forward` made y (..., features) of: y std + mean. A forecast in the units of the data."""
        return self._ready(y) * self.std + self.mean

    def _ready(self, x: Any) -> Tensor:
        if np.isnan(self.mean._array).any():
            raise DataError(
                "StandardScaler has no mean and std yet", hint="scaler.fit(x) with the data for training, or load what was saved"
            )
        return self._checked(as_tensor(x, self.mean))

    def _checked(self, x: Tensor) -> Tensor:
        features = self.mean.shape
        if x.shape[-1:] != features:
            raise ShapeError(
                f"StandardScaler of {features[0]} features over x of shape {x.shape}",
                where=place_of(here.mode.frames),
                hint="the last axis holds the features: x[:, None] of a series (time) of one; targets have a scaler of their own",
            )
        return x
