"""RNN, LSTM and GRU: layers of cells in one or both directions, on whole sequences, for those who need no more than that.

Each is a `Stacked` of this package's cells (or of `Bidirectional` pairs of them) and nothing else: no step is computed here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, overload

import numpy as np

from ...engine.primitives import stack
from ...engine.scopes import scope
from ...engine.tensor import Tensor, TensorLike
from ...errors import DataError
from ...shared.array_type import Dtype
from ...shared.checks import check_dropout, check_flags, check_sizes, is_whole
from ..cells.gru import GRUCell
from ..cells.layer_norm import LayerNormGRUCell, LayerNormLSTMCell, LayerNormRNNCell
from ..cells.lstm import LSTMCell
from ..cells.rnn import RNNCell
from ..inputs import is_list_of_steps
from ..packed import PackedSequence
from ..torch_words import check_words
from .combined import Bidirectional, Stacked
from .dropout import Dropout

__all__ = ["GRU", "LSTM", "RNN"]


class _Recurrent(Stacked):
    """What the three share: every layer, in each direction, is a cell of one kind; `settings` are those of the cell alone."""

    kinds: tuple[type[Any], type[Any]]  # as it is, and with layer normalisation

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int,
        bidirectional: bool,
        dropout: float,
        recurrent_dropout: float,
        layer_norm: bool,
        project_once: bool,
        **settings: Any,
    ) -> None:
        check_flags(type(self).__name__, layer_norm=layer_norm, bidirectional=bidirectional, project_once=project_once)
        if not is_whole(num_layers, 1):
            raise DataError(f"{type(self).__name__}(num_layers={num_layers!r})", hint="it is a whole number, at least 1")
        check_dropout(dropout, "dropout")
        check_dropout(recurrent_dropout, "recurrent_dropout")

        def cell(size: int) -> Any:
            made = self.kinds[bool(layer_norm)](size, hidden_size, **settings)
            made.recurrent_dropout, made.rng, made.project_once = recurrent_dropout, settings["rng"], project_once
            return made

        check_sizes(type(self).__name__, input_size=input_size, hidden_size=hidden_size)
        sizes = [input_size] + [(2 if bidirectional else 1) * hidden_size] * (num_layers - 1)
        layers = [Bidirectional(cell(size), cell(size)) if bidirectional else cell(size) for size in sizes]
        super().__init__(layers, between=Dropout(dropout, rng=settings["rng"]) if dropout else None)

    @overload  # type: ignore[override]  # of values it makes one tensor, not a list
    def __call__(self, xs: PackedSequence, state: Any = None, reverse: bool = False) -> tuple[PackedSequence, list[Any]]: ...
    @overload
    def __call__(self, xs: Sequence[Tensor], state: Any = None, reverse: bool = False) -> tuple[list[Tensor], list[Any]]: ...
    @overload
    def __call__(self, xs: TensorLike, state: Any = None, reverse: bool = False) -> tuple[Tensor, list[Any]]: ...
    def __call__(self, xs: Any, *args: Any, **options: Any) -> tuple[Any, list[Any]]:
        """xs (batch, time, features) gives outputs (batch, time, directions hidden) in one tensor; a list of one tensor a step
        gives a list, a `PackedSequence` gives one. Then, as for `Stacked`: the state to start from, and `reverse`."""
        if options:
            check_words(type(self).__name__, self.forward, options)
        outputs, state = super().__call__(xs, *args, **options)
        if isinstance(xs, PackedSequence) or is_list_of_steps(xs):
            return outputs, state
        with scope(type(self).__name__):
            return stack(outputs, axis=1), state


class RNN(_Recurrent):
    """Layers of `RNNCell` on sequences: `outputs, state = net(x, state=None)`.

    x (batch, time, input_size) gives outputs (batch, time, directions * hidden_size) of the highest layer, as one tensor. A list
    of one tensor a step gives a list, a `PackedSequence` gives one. The state, to start from and at the end, is a list of one
    state a layer: a tuple (h,), or with `bidirectional` a pair of them, that of `backwards` at step 1.

    `dropout` between layers and `recurrent_dropout` on the h that a step reads are shares in [0, 1), active in training, one mask
    a sequence for all steps (Gal and Ghahramani 2016), drawn from `rng`, which is kept. `layer_norm` takes `LayerNormRNNCell`.
    `project_once` multiplies the inputs of all steps by Wx in one product: the same numbers to rounding, another picture, and
    hardly less time (`benchmarks` has the ratios), as the gradient of Wx is one product over all steps in any case.
    `nonlinearity` is "tanh" or "relu"; `bias=False` leaves the biases out.
    Parameters are called `layers.0.Wx`, or `layers.0.forwards.Wx`, `layers.0.backwards.Wx`.
    Raises `DataError` for settings out of range and for empty input, `ShapeError` for what does not fit.

    >>> import numpy as np, tinygrad_rnn as tg
    >>> net = tg.nn.RNN(3, 4, num_layers=2, rng=np.random.default_rng(0), bidirectional=True)
    >>> outputs, state = net(np.ones((2, 5, 3)))
    >>> outputs.shape, len(state), state[-1][0][0].shape
    ((2, 5, 8), 2, (2, 4))
    """

    kinds = RNNCell, LayerNormRNNCell

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        *,
        rng: np.random.Generator,
        bidirectional: bool = False,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        nonlinearity: Literal["tanh", "relu"] = "tanh",
        layer_norm: bool = False,
        project_once: bool = False,
        bias: bool = True,
        dtype: Dtype = None,
    ) -> None:
        super().__init__(
            input_size, hidden_size, num_layers, bidirectional, dropout, recurrent_dropout, layer_norm, project_once,
            rng=rng, nonlinearity=nonlinearity, bias=bias, dtype=dtype,
        )  # fmt: skip


class LSTM(_Recurrent):
    """Layers of `LSTMCell` on sequences: `outputs, state = net(x, state=None)`; all else as in `RNN`.

    The state of a layer is (h, c), or a pair of these. `forget_bias` is what b holds for the forget gates at the start.

    >>> import numpy as np, tinygrad_rnn as tg
    >>> from tinygrad_rnn import nn
    >>> net = tg.nn.LSTM(3, 4, rng=np.random.default_rng(0))
    >>> packed = nn.pack([np.ones((2, 3)), np.ones((5, 3))])
    >>> outputs, [(h, c)] = net(packed)
    >>> outputs, h.shape
    (PackedSequence(lengths (2, 5), features 4, 7 of 10 padded steps), (2, 4))
    """

    kinds = LSTMCell, LayerNormLSTMCell

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        *,
        rng: np.random.Generator,
        bidirectional: bool = False,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        forget_bias: float = 1.0,
        layer_norm: bool = False,
        project_once: bool = False,
        bias: bool = True,
        dtype: Dtype = None,
    ) -> None:
        super().__init__(
            input_size, hidden_size, num_layers, bidirectional, dropout, recurrent_dropout, layer_norm, project_once,
            rng=rng, forget_bias=forget_bias, bias=bias, dtype=dtype,
        )  # fmt: skip


class GRU(_Recurrent):
    """Layers of `GRUCell` on sequences: `outputs, state = net(x, state=None)`; all else as in `RNN`.

    `reset_after=True` is the form of PyTorch and cuDNN, False that of the paper (Cho et al. 2014).

    >>> import numpy as np, tinygrad_rnn as tg
    >>> net = tg.nn.GRU(3, 4, rng=np.random.default_rng(0), layer_norm=True)
    >>> outputs, [(h,)] = net(np.ones((2, 5, 3)))
    >>> bool((outputs.data[:, -1] == h.data).all())
    True
    """

    kinds = GRUCell, LayerNormGRUCell

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        *,
        rng: np.random.Generator,
        bidirectional: bool = False,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        reset_after: bool = True,
        layer_norm: bool = False,
        project_once: bool = False,
        bias: bool = True,
        dtype: Dtype = None,
    ) -> None:
        super().__init__(
            input_size, hidden_size, num_layers, bidirectional, dropout, recurrent_dropout, layer_norm, project_once,
            rng=rng, reset_after=reset_after, bias=bias, dtype=dtype,
        )  # fmt: skip
