"""Modules: cells, layers, first values."""

from . import init
from .cells import Cell, GRUCell, LSTMCell, RNNCell, State
from .layers import Embedding, Linear
from .module import Module
from .recurrent import Bidirectional, SequenceLayer, Stacked, unroll

__all__ = [
    "Bidirectional",
    "Cell",
    "Embedding",
    "GRUCell",
    "LSTMCell",
    "Linear",
    "Module",
    "RNNCell",
    "SequenceLayer",
    "Stacked",
    "State",
    "init",
    "unroll",
]
