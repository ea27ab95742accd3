"""Cells: one step in time, in the letters of their equations.

Here: classes with `initial_state(batch)` and `step(x, state)`, their equations in the docstring. Not here: what runs over several
steps (`sequence`).
"""

from .cell import Cell, State
from .grid_lstm import GridLSTMCell
from .gru import GRUCell
from .layer_norm import LayerNormGRUCell, LayerNormLSTMCell, LayerNormRNNCell
from .lstm import LSTMCell
from .peephole import PeepholeLSTMCell
from .rnn import RNNCell

__all__ = [
    "Cell", "GRUCell", "GridLSTMCell", "LSTMCell", "LayerNormGRUCell", "LayerNormLSTMCell", "LayerNormRNNCell",
    "PeepholeLSTMCell", "RNNCell", "State",
]  # fmt: skip


def __dir__() -> list[str]:
    return __all__
