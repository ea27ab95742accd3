"""From a cell to a sequence: unrolled, stacked, both ways, on a grid.

Here: what hands a state from step to step, for any cell. Not here: the equations of a cell (`cells`), and models with a task (`models`).
"""

from .combined import Bidirectional, Residual, Stacked
from .dropout import Dropout
from .grid import Grid, GridLSTM
from .rnn_lstm_gru import GRU, LSTM, RNN
from .unrolling import SequenceLayer, unroll

__all__ = ["GRU", "LSTM", "RNN", "Bidirectional", "Dropout", "Grid", "GridLSTM", "Residual", "SequenceLayer", "Stacked", "unroll"]


def __dir__() -> list[str]:
    return __all__
